"""Who is invited, what is kept of the answers, and what a low score opens; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from town import Town, mail

from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.survey import Asked, Reply
from contactd.crm_store import case_reads, invite_rows, schema, survey_reads, survey_rows

QUESTIONS = [
    {"key": "stars", "kind": "score", "text": {"zh": "满意吗？", "en": "Content?"}},
    {"key": "why", "kind": "text", "text": {"en": "Why?"}},
]
WHOLE: dict[str, Any] = {
    "name": "After mail",
    "questions": QUESTIONS,
    "low": 2,
    "intro": {"zh": "您好"},
    "every_days": 7,
}


async def define(town: Town, ident: str = "s1", **values: Any) -> None:
    await town.unit(lambda conn: survey_rows.create(conn, ident, WHOLE | values, now=town.at, actor="sue"))


async def invite(town: Town, interaction: str, days: float = 0, language: str | None = None) -> Asked | None:
    town.at += timedelta(days=days)
    ident = town.new_id("invite")
    return await town.store.write(
        lambda conn: invite_rows.invite(conn, ident, interaction, language=language, now=town.at)
    )


async def end(town: Town, invitation: str, became: str, *replies: Reply) -> str | None:
    case = town.new_id("case")
    return await town.store.write(
        lambda conn: invite_rows.end(conn, invitation, became, replies, case=case, plan=NO_PLAN, now=town.at)
    )


async def test_a_contact_is_asked_once_and_a_customer_not_too_often(town: Town) -> None:
    await define(town)
    ann, li = await town.agent("ann"), await town.party("Li", mail("li@x.example"))
    other = await town.party("Li (old)")
    await town.merge(other, li)
    first = await invite(town, contact := await town.interaction(li, agent=ann, lang="zh-CN"))
    assert first is not None
    assert (first.language, first.intro, first.questions[0].words("zh")) == ("zh", "您好", "满意吗？")
    again = await invite(town, contact)
    assert again is not None
    assert again.invite == first.invite
    assert await invite(town, await town.interaction(other, agent=ann)) is None, "the same customer, by another record"
    assert await invite(town, await town.interaction(li, agent=ann), days=8) is not None


async def test_who_spoke_to_nobody_is_not_asked(town: Town) -> None:
    await define(town)
    ann, li = await town.agent("ann"), await town.party("Li")
    assert await invite(town, await town.interaction(li)) is None
    assert await invite(town, await town.interaction(li, agent=ann, auto="bounce")) is None
    assert await invite(town, await town.interaction(li, agent=ann, direction="internal")) is None
    restricted = await town.party("Wu")
    await town.unit(
        lambda conn: conn.execute(
            schema.party.update().where(schema.party.c.id == restricted).values(pii_state="restricted")
        )
    )
    assert await invite(town, await town.interaction(restricted, agent=ann)) is None
    assert await invite(town, "no-such-contact") is None


async def test_the_survey_of_the_line_comes_before_the_one_for_all(town: Town) -> None:
    ann = await town.agent("ann")
    await define(town, "all", every_days=0)
    await define(town, "mail", channel="email", every_days=0)
    await define(town, "support", line="support", every_days=0)
    await define(town, "asleep", line="support", channel="email", active=False)
    chosen = []
    for values in ({}, {"line": "sales"}, {"line": "sales", "channel": "chat"}):
        found = await invite(town, await town.interaction(await town.party("X"), agent=ann, **values))
        chosen.append(found.survey if found else None)
    assert chosen == ["support", "mail", "all"]
    await define(town, "nobody", line="quiet", channel="email", share=0)
    assert await invite(town, await town.interaction(await town.party("Y"), agent=ann, line="quiet")) is None


async def test_a_low_score_opens_a_follow_up_for_the_same_customer(town: Town) -> None:
    await define(town)
    ann, li = await town.agent("ann", display_name="Ann"), await town.party("Li")
    contact = await town.interaction(li, agent=ann)
    found = await invite(town, contact)
    assert found is not None
    await town.unit(
        lambda conn: invite_rows.say(conn, found.invite, [Reply(question="stars", score=1)], town.at),
    )
    number = await end(town, found.invite, "answered", Reply(question="why", text="waited an hour"))
    assert number is not None
    case = await town.store.read(lambda conn: case_reads.get(conn, number))
    assert (case["type"], case["subject"], case["body"], case["party_id"], case["source_interaction_id"]) == (
        "callback",
        "After mail: 1/5",
        "waited an hour",
        li,
        contact,
    )
    (shown,) = await town.store.read(lambda conn: survey_reads.of_interaction(conn, contact))
    assert (shown["state"], shown["score"], shown["percent"], shown["agent_name"]) == ("answered", 1, 0, "Ann")
    assert {one["question"]: one["score"] for one in shown["answers"]} == {"stars": 1, "why": None}
    with pytest.raises(ConflictError):
        await end(town, found.invite, "answered", Reply(question="stars", score=5))
    with pytest.raises(NotFoundError):
        await town.store.read(lambda conn: invite_rows.pending(conn, found.invite, town.at))


async def test_of_somebody_erased_meanwhile_the_score_counts_and_nothing_else(town: Town) -> None:
    await define(town)
    ann, li, wu = await town.agent("ann"), await town.party("Li"), await town.party("Wu")
    for party in (li, wu):
        found = await invite(town, await town.interaction(party, agent=ann))
        assert found is not None
        gone = schema.party.update().where(schema.party.c.id == party).values(pii_state="erased")
        await town.unit(lambda conn, gone=gone: conn.execute(gone))
        said = [Reply(question="stars", score=1), Reply(question="why", text="call me on 13800138000")]
        assert await end(town, found.invite, "answered", *said) is None
    assert await town.store.read(lambda conn: conn.execute(schema.case_.select()).all()) == []
    kept = await town.store.read(lambda conn: conn.execute(schema.survey_answer.select()).all())
    assert {(row.score, row.text) for row in kept} == {(1, ""), (None, "")}
    rows = await town.store.read(lambda conn: conn.execute(schema.survey_invite.select()).all())
    assert {(row.score, row.comment) for row in rows} == {(1, "")}


async def test_who_hangs_up_is_counted_with_what_they_said(town: Town) -> None:
    await define(town, low=None, every_days=0)
    ann, bob = await town.agent("ann"), await town.agent("bob")
    ends = (("answered", 5), ("answered", 4), ("hung_up", 3), ("refused", None), ("answered", None))
    for became, score in ends:
        found = await invite(town, await town.interaction(await town.party("X"), agent=ann))
        assert found is not None
        replies = [Reply(question="stars", score=score)] if score else []
        assert await end(town, found.invite, became, *replies) is None
    assert await invite(town, await town.interaction(await town.party("X"), agent=bob)) is not None
    since, until = town.at - timedelta(days=1), town.at + timedelta(days=1)
    mine, his = await town.store.read(lambda conn: survey_reads.figures(conn, "agent", since=since, until=until))
    assert (mine["asked"], mine["answered"], mine["refused"], mine["hung_up"], mine["scored"]) == (5, 2, 2, 1, 3)
    assert (mine["satisfaction"], mine["rate"]) == (75.0, 0.4)
    assert (his["key"], his["asked"], his["satisfaction"]) == (bob, 1, None)


async def test_what_nobody_answers_in_time_is_late(town: Town) -> None:
    await define(town, valid_hours=1)
    found = await invite(town, await town.interaction(await town.party("X"), agent=await town.agent("ann")))
    assert found is not None
    assert await town.store.read(lambda conn: invite_rows.expired(conn, town.at)) == []
    town.at += timedelta(hours=2)
    assert await town.store.read(lambda conn: invite_rows.expired(conn, town.at)) == [found.invite]


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 101},
        {"low": 11},
        {"name": " "},
        {"intro": {"fr": "x"}},
        {"language": "fr"},
        {"color": 1},
        {"questions": []},
    ],
)
async def test_a_survey_with_a_mistake_is_refused(town: Town, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        await define(town, **wrong)


async def test_two_who_change_one_survey_do_not_undo_each_other(town: Town) -> None:
    await define(town)
    about: dict[str, Any] = {"now": town.at, "actor": "sue"}
    await town.unit(lambda conn: survey_rows.patch(conn, "s1", {"share": 10}, row_version=1, **about))
    with pytest.raises(ConflictError):
        await town.unit(lambda conn: survey_rows.patch(conn, "s1", {"share": 90}, row_version=1, **about))
    assert (await town.store.read(lambda conn: survey_rows.get(conn, "s1")))["share"] == 10
