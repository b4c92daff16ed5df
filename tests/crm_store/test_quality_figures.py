"""What is drawn, who may judge whom, and what service quality comes to; on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from town import Town, mail

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.quality import Candidate
from contactd.crm_store import erasing, qa_form_rows, qa_rows, qa_rule_rows, schema
from contactd.crm_store.report_reads import Chosen
from contactd.desk import service_quality

CARD: list[dict[str, Any]] = [
    {
        "title": {"zh": "服务"},
        "questions": [
            {"key": "greet", "text": {"zh": "问候"}},
            {"key": "solve", "kind": "scale", "text": {"zh": "解决"}, "weight": 4},
        ],
    },
]
GOOD = {"answers": {"greet": 1, "solve": 5}, "remarks": {"solve": "well done"}, "comment": "fine"}
POOR = {"answers": {"greet": 0, "solve": 1}}


async def card(town: Town, ident: str = "f1", **values: Any) -> None:
    fields = {"name": "Calls", "sections": CARD} | values
    await town.unit(lambda conn: qa_form_rows.create(conn, ident, fields, now=town.at, actor="sue"))


async def rule(town: Town, ident: str = "r1", **values: Any) -> dict[str, Any]:
    fields = {"name": "Two each", "form_id": "f1"} | values
    await town.unit(lambda conn: qa_rule_rows.create(conn, ident, fields, now=town.at, actor="sue"))
    return await town.store.read(lambda conn: qa_rule_rows.get(conn, ident))


async def there(town: Town, made: dict[str, Any]) -> set[str]:
    span = (town.at - timedelta(days=7), town.at + timedelta(days=1))
    found = await town.store.read(lambda conn: qa_rule_rows.candidates(conn, made, *span))
    return {one.interaction for one in found}


async def review(town: Town, contact: str, agent: str, ident: str = "v1") -> str:
    """Draw one contact by the rule r1."""
    made = await town.store.read(lambda conn: qa_rule_rows.get(conn, "r1"))
    draw = {"rule_id": "r1", "week": ident, "seed": "s", "candidates": 1, "agents": 1}
    found = [(ident, Candidate(contact, agent))]
    assert await town.store.write(lambda conn: qa_rule_rows.keep(conn, draw, made, found, town.at)) == 1
    return ident


async def act(town: Town, what: Any, *args: Any, actor: str = "quinn") -> None:
    await town.unit(lambda conn: what(conn, *args, now=town.at, actor=actor))


async def shown(town: Town, ident: str, **who: Any) -> dict[str, Any]:
    return await town.store.read(lambda conn: qa_rows.get(conn, ident, **who))


async def test_only_contacts_that_fit_are_drawn(town: Town) -> None:
    await card(town)
    ann, li = await town.agent("ann"), await town.party("Li")
    case = town.new_id("case")
    row = {"id": case, "no": "C-1", "type": "complaint", "created_at": town.at, "updated_at": town.at}
    await town.unit(lambda conn: conn.execute(schema.case_.insert().values(row)))
    plain = await town.interaction(li, agent=ann)
    long = await town.interaction(li, agent=ann, channel="voice", talk_ms=80_000, hold_ms=20_000)
    angry = await town.interaction(li, agent=ann, case_id=case)
    await town.interaction(li)
    await town.interaction(li, agent=ann, auto="bounce")
    await town.interaction(li, agent=ann, outcome="junk")
    await town.interaction(li, agent=ann, state="active", ended_at=None)
    restricted = await town.party("Wu")
    await town.unit(
        lambda conn: conn.execute(
            schema.party.update().where(schema.party.c.id == restricted).values(pii_state="restricted")
        )
    )
    await town.interaction(restricted, agent=ann)
    assert await there(town, await rule(town)) == {plain, long, angry}
    assert await there(town, await rule(town, "r2", channel="voice", least_s=100)) == {long}
    assert await there(town, await rule(town, "r3", channel="voice", least_s=101)) == set()
    assert await there(town, await rule(town, "r4", complaint=True)) == {angry}
    assert await there(town, await rule(town, "r5", line="sales")) == set()
    assert await there(town, await rule(town, "r6", most_percent=40)) == set()
    await review(town, plain, ann)
    assert await there(town, await rule(town, "r7")) == {long, angry}, "what is assessed is not drawn again"


async def test_a_week_is_drawn_once(town: Town) -> None:
    await card(town)
    made = await rule(town)
    contact = await town.interaction(agent=await town.agent("ann"))
    assert await town.store.read(lambda conn: qa_rule_rows.undrawn(conn, lambda _zone: "v1")) == [(made, "v1")]
    await review(town, contact, "agent-1")
    assert await town.store.read(lambda conn: qa_rule_rows.undrawn(conn, lambda _zone: "v1")) == []
    draw = {"rule_id": "r1", "week": "v1", "seed": "other", "candidates": 1, "agents": 1}
    again = [("v2", Candidate(contact, "agent-1"))]
    assert await town.store.write(lambda conn: qa_rule_rows.keep(conn, draw, made, again, town.at)) == 0
    (told,) = await town.store.read(qa_rule_rows.draws)
    assert (told["seed"], told["drawn"], told["name"]) == ("s", 1, "Two each")


async def test_an_assessment_keeps_the_questions_it_was_made_by(town: Town) -> None:
    await card(town)
    await rule(town)
    ann = await town.agent("ann")
    ident = await review(town, await town.interaction(agent=ann), ann)
    other = [{"title": {"zh": "新"}, "questions": [{"key": "new", "text": {"zh": "新"}}]}]
    change: dict[str, Any] = {"now": town.at, "actor": "sue"}
    await town.unit(lambda conn: qa_form_rows.patch(conn, "f1", {"sections": other}, row_version=1, **change))
    with pytest.raises(ConflictError):
        await town.unit(lambda conn: qa_form_rows.patch(conn, "f1", {"name": "x"}, row_version=1, **change))
    with pytest.raises(BadRequestError):
        await act(town, qa_rows.assess, ident, {"answers": {"new": 1}})
    await act(town, qa_rows.assess, ident, GOOD)
    found = await shown(town, ident)
    assert (found["score"], found["form_version"], found["remarks"]) == (100, 1, {"solve": "well done"})
    assert [one["version"] for one in await town.store.read(lambda conn: qa_form_rows.versions(conn, "f1"))] == [2, 1]
    await town.unit(lambda conn: qa_form_rows.drop(conn, "f1", **change))
    assert (await shown(town, ident))["scorecard_name"] == "Calls"
    assert await town.store.read(qa_rule_rows.listed) == []


async def test_nobody_judges_their_own_and_an_objection_is_answered_once(town: Town) -> None:
    await card(town)
    await rule(town)
    ann = await town.agent("ann")
    ident = await review(town, await town.interaction(agent=ann), ann)
    with pytest.raises(ForbiddenError):
        await act(town, qa_rows.assess, ident, GOOD, actor=ann)
    with pytest.raises(NotFoundError):
        await shown(town, ident, own=ann)
    with pytest.raises(ConflictError):
        await act(town, qa_rows.object_to, ident, "too early", actor=ann)
    await act(town, qa_rows.assess, ident, POOR)
    assert (await shown(town, ident, own=ann))["score"] == 16
    with pytest.raises(NotFoundError):
        await shown(town, ident, own="bob")
    with pytest.raises(NotFoundError):
        await act(town, qa_rows.object_to, ident, "not mine", actor="bob")
    await act(town, qa_rows.object_to, ident, "she did greet", actor=ann)
    with pytest.raises(ConflictError):
        await act(town, qa_rows.object_to, ident, "again", actor=ann)
    with pytest.raises(ForbiddenError):
        await act(town, qa_rows.settle, ident, "so it is", None, actor=ann)
    with pytest.raises(ForbiddenError):
        await act(town, qa_rows.settle, ident, "I was right", None)
    await act(town, qa_rows.settle, ident, "you are right", {"greet": 1, "solve": 1}, actor="rita")
    found = await shown(town, ident)
    assert (found["state"], found["score"], found["first_score"], found["reply"]) == (
        "settled",
        36,
        16,
        "you are right",
    )
    with pytest.raises(ConflictError):
        await act(town, qa_rows.settle, ident, "once more", None, actor="rita")


async def test_who_calibrates_sees_nothing_of_the_first_until_they_have_judged(town: Town) -> None:
    await card(town)
    await rule(town)
    ann = await town.agent("ann")
    ident = await review(town, await town.interaction(agent=ann), ann)
    with pytest.raises(ConflictError):
        await act(town, qa_rows.calibrate, "v2", ident, actor="rita")
    await act(town, qa_rows.assess, ident, GOOD)
    with pytest.raises(ForbiddenError):
        await act(town, qa_rows.calibrate, "v2", ident, actor="quinn")
    await act(town, qa_rows.calibrate, "v2", ident, actor="rita")
    hidden = await shown(town, ident, blind="rita")
    assert (hidden["score"], hidden["answers"], hidden["comment"]) == (None, {}, "")
    everything: dict[str, Any] = {"filters": {}, "own": None, "limit": 10, "cursor": None}
    items, _ = await town.store.read(partial(qa_rows.listed, blind="rita", **everything))
    assert [one["score"] for one in items] == [None, None]
    with pytest.raises(ForbiddenError):
        await town.store.read(partial(qa_rows.calibrations, ident=ident, blind="rita"))
    with pytest.raises(ForbiddenError):
        await act(town, qa_rows.assess, "v2", POOR, actor="quinn")
    await act(town, qa_rows.assess, "v2", POOR, actor="rita")
    both = await town.store.read(partial(qa_rows.calibrations, ident=ident, blind="rita"))
    assert [(one["assessor"], one["score"]) for one in both] == [("quinn", 100), ("rita", 16)]
    mine, _ = await town.store.read(partial(qa_rows.listed, **(everything | {"own": ann})))
    assert [one["id"] for one in mine] == [ident], "a calibration is not shown to who is judged"


async def quality_of(town: Town, by: str, **more: Any) -> dict[str, dict[str, Any]]:
    chosen = Chosen(town.at - timedelta(days=40), town.at + timedelta(days=1))
    zone = ZoneInfo("Asia/Shanghai")
    found = await service_quality.quality(town.store, chosen, by, zone, days=7, now=town.at, **more)
    return {one["key"]: one for one in found["items"]}


async def test_a_customer_who_comes_again_was_not_settled_at_first(town: Town) -> None:
    ann, bob = await town.agent("ann"), await town.agent("bob")
    li, old = await town.party("Li", mail("li@x.example")), await town.party("Li (old)")
    wu, he = await town.party("Wu"), await town.party("He")
    await town.merge(old, li)
    answered = {"answered_at": town.at}
    await town.interaction(li, agent=ann, **answered)  # comes again, by another record
    await town.interaction(wu, agent=ann, **answered)  # never again
    await town.interaction(None, agent=ann, thread_id="t1", **answered)  # the conversation goes on
    town.at += timedelta(days=3)
    await town.interaction(old, agent=bob, channel="chat", **answered)
    await town.interaction(he, agent=bob, thread_id="t1", direction="inbound", **answered)
    town.at += timedelta(days=10)
    await town.interaction(wu, agent=bob, **answered)  # later than a week, and not settled yet itself
    found = await quality_of(town, "agent")
    assert (found[ann]["settled"], found[ann]["resolved"], found[ann]["resolution"]) == (3, 1, 0.3333)
    assert (found[bob]["settled"], found[bob]["resolved"]) == (2, 2)
    weeks = await quality_of(town, "week")
    assert [one["settled"] for _, one in sorted(weeks.items())] == [5]


async def test_a_case_that_was_reopened_was_not_settled(town: Town) -> None:
    ann, li = await town.agent("ann"), await town.party("Li")
    row = {"id": "c1", "no": "C-1", "created_at": town.at, "updated_at": town.at}
    await town.unit(lambda conn: conn.execute(schema.case_.insert().values(row)))
    await town.interaction(li, agent=ann, case_id="c1", answered_at=town.at)
    happened = {"case_id": "c1", "seq": 1, "at": town.at + timedelta(days=2), "type": "reopened"}
    await town.unit(lambda conn: conn.execute(schema.case_event.insert().values(happened)))
    town.at += timedelta(days=8)
    found = await quality_of(town, "line")
    assert (found["support"]["settled"], found["support"]["resolved"]) == (1, 0)


async def test_only_what_was_drawn_counts_in_figures(town: Town) -> None:
    await card(town)
    await rule(town)
    ann = await town.agent("ann")
    for ident, given in (("v1", GOOD), ("v2", POOR)):
        await review(town, await town.interaction(agent=ann), ann, ident)
        await act(town, qa_rows.assess, ident, given)
    await review(town, await town.interaction(agent=ann), ann, "v3")
    await act(town, qa_rows.ask, "v4", await town.interaction(agent=ann), "f1")
    await act(town, qa_rows.assess, "v4", POOR)
    await act(town, qa_rows.calibrate, "v5", "v1", actor="rita")
    await act(town, qa_rows.assess, "v5", POOR, actor="rita")
    mine = (await quality_of(town, "agent"))[ann]
    assert (mine["assessed"], mine["assessment"], mine["fatal"]) == (2, 58.0, 0)
    with pytest.raises(BadRequestError):
        await quality_of(town, "weather")


async def test_an_erased_contact_keeps_its_score_and_no_words(town: Town) -> None:
    await card(town)
    await rule(town)
    ann = await town.agent("ann")
    contact = await town.interaction(await town.party("Li"), agent=ann)
    ident = await review(town, contact, ann)
    await act(town, qa_rows.assess, ident, GOOD | {"comment": "Li is called 138"})
    await act(town, qa_rows.object_to, ident, "Li said so", actor=ann)
    await town.unit(lambda conn: erasing.scrub(conn, [contact]))
    found = await shown(town, ident)
    assert (found["score"], found["comment"], found["remarks"], found["objection"]) == (100, "", {}, "")


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"how": "all"}, {"how": "percent", "amount": 101}, {"zone": "Mars/Phobos"}, {"name": " "}],
)
async def test_a_rule_with_a_mistake_is_refused(town: Town, wrong: dict[str, Any]) -> None:
    await card(town)
    with pytest.raises(BadRequestError):
        await rule(town, **wrong)
