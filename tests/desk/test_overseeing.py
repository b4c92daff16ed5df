"""Supervisors at work: what waits, agents and lines; who may, what is stored, and what is put on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from contactd.clock import rfc3339
from contactd.core.channel import Arrival, Content
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import audit
from contactd.crm_store import schema as s
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

# The bench's clock begins on Monday, 23 November 2026, 9:05 UTC.
POLICY: dict[str, Any] = {
    "calendars": {"office": {"zone": "UTC", "week": {"mon-fri": ["08:00-17:00"]}}},
    "lines": {
        "support": {
            "calendar": "office",
            "overflow": [
                {"when": "closed", "to": "night", "channels": ["chat"]},
                {"when": "age", "seconds": 30, "action": "voicemail", "channels": ["voice"]},
            ],
        },
        "night": {},
    },
    "reasons": {"break": {}, "course": {"approval": True}},
}


@pytest.fixture
async def house(store: Any, clock: Any, tmp_path: Any) -> Any:
    made = await open_bench(store, clock, tmp_path, POLICY)
    yield made
    await made.office.close()


async def boss(bench: Bench) -> Actor:
    return await bench.agent("sue", role="supervisor")


async def records(bench: Bench) -> list[tuple[str, str, str | None, Mapping[str, Any]]]:
    """Return the audit log's entries of supervisors' acts, oldest first."""
    found = await bench.store.read(lambda conn: audit.listed(conn, limit=200))
    kept = [row for row in reversed(found) if row["actor"] == "agent-1"]
    return [(row["action"], row["object_kind"], row["object_id"], row["detail"]) for row in kept]


async def settle(bench: Bench) -> None:
    reading = bench.office.reading
    await bench.until(lambda: not reading.waiting, "the reading")
    await reading.settle()


def line(bench: Bench, name: str) -> Mapping[str, Any]:
    return next(one for one in bench.office.views.floor.views() if one["line"] == name)


async def test_priority_and_skills_are_stored_shown_and_put_on_record(house: Bench) -> None:
    sue = await boss(house)
    receipt = await house.mail_in("c@example.cn|S|T", "k1")
    await settle(house)
    name = receipt.interaction
    await house.run(sue, "interaction.set_priority", interaction=name, priority=7)
    shown = await house.run(sue, "interaction.set_skills", interaction=name, skills=[{"skill": "german", "level": 4}])
    assert shown["interaction"]["priority"] == 7
    assert shown["interaction"]["skills"] == [{"skill": "german", "level": 4}]
    query = select(s.interaction.c.priority, s.interaction.c.skills).where(s.interaction.c.id == name)
    row = await house.store.read(lambda conn: conn.execute(query).one())
    assert (row.priority, row.skills) == (7, [["german", 4]])
    assert await records(house) == [
        ("interaction.priority", "interaction", name, {"value": "7"}),
        ("interaction.skills", "interaction", name, {"value": "german 4"}),
    ]
    events = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction_event.c.actor, s.interaction_event.c.data).where(
                s.interaction_event.c.interaction_id == name, s.interaction_event.c.type == "supervised"
            )
        ).all()
    )
    assert [(actor, data["action"]) for actor, data in events] == [("agent-1", "priority"), ("agent-1", "skills")]


async def test_what_waits_is_given_taken_back_and_ended(house: Bench) -> None:
    sue = await boss(house)
    ann = await house.agent("ann")
    for one in (sue, ann):
        await house.run(one, "agent.set_intent", intent="not_ready")
    receipt = await house.mail_in("c@example.cn|S|T", "k1")
    await settle(house)
    name = receipt.interaction
    await house.run(sue, "interaction.pull", interaction=name, agent=ann.id)
    assert house.state_of(name) == "active"
    await house.run(sue, "interaction.requeue", interaction=name)
    assert house.state_of(name) == "queued"
    await house.ready(ann)
    await house.run(sue, "interaction.push", interaction=name, agent=ann.id)
    assert house.state_of(name) == "offered"
    await house.run(sue, "interaction.requeue", interaction=name)
    await house.run(sue, "interaction.pull", interaction=name)
    assert house.office.desk.book.get(name).agent == sue.id  # type: ignore[union-attr]
    await house.run(sue, "interaction.release", interaction=name)
    assert house.state_of(name) is None
    assert [action for action, *_ in await records(house)] == [
        "interaction.pull",
        "interaction.requeue",
        "interaction.push",
        "interaction.requeue",
        "interaction.pull",
        "interaction.force_release",
    ]


async def test_an_agent_is_drained_and_that_is_seen(house: Bench) -> None:
    sue = await boss(house)
    ann = await house.agent("ann")
    await house.ready(ann)
    shown = await house.run(sue, "agent.drain", agent=ann.id, on=True)
    assert shown["agent"]["draining"] is True
    await house.chat_in("Hello", "v1")
    assert house.offers_of(ann) == []
    await house.run(sue, "agent.drain", agent=ann.id, on=False)
    await house.until(lambda: house.offers_of(ann), "the offer")
    assert [record[:3] for record in await records(house)] == [("agent.drain", "agent", ann.id)] * 2


async def test_a_line_is_closed_until_its_hours_next_change_unless_another_end_is_named(house: Bench) -> None:
    sue = await boss(house)
    told = await house.run(sue, "line.set", line="support", mode="closed", reason="outage")
    assert told["open"] is False
    assert told["hours"]["until"] == "2026-11-23T17:00:00.000Z"
    assert (told["hours"]["mode"], told["hours"]["actor"], told["hours"]["reason"]) == ("closed", sue.id, "outage")
    until = rfc3339(house.clock.now().replace(minute=30))
    told = await house.run(sue, "line.set", line="night", mode="drain", until=until)
    assert told["hours"]["until"] == until
    assert (line(house, "support")["open"], line(house, "night")["open"]) == (False, False)
    told = await house.run(sue, "line.set", line="support", mode="calendar")
    assert (told["open"], told["hours"]["mode"]) == (True, None)
    assert [record[2:] for record in await records(house)] == [
        ("support", {"line": "support", "value": "closed"}),
        ("night", {"line": "night", "value": "drain"}),
        ("support", {"line": "support", "value": "calendar"}),
    ]


async def test_channels_know_which_lines_are_open(house: Bench) -> None:
    sue = await boss(house)
    assert house.chat.tools.policy_lines()["support"]["open"] is True
    await house.run(sue, "line.set", line="support", mode="closed")
    assert house.chat.tools.policy_lines()["support"]["open"] is False


async def test_what_a_supervisor_set_outlives_a_restart(house: Bench, tmp_path: Any) -> None:
    sue = await boss(house)
    ann = await house.agent("ann")
    await house.run(sue, "line.set", line="support", mode="closed", reason="meeting")
    await house.run(sue, "agent.drain", agent=ann.id, on=True)
    before = house.router.digest(lasting=True)
    await house.office.close()
    other = await open_bench(house.store, house.clock, tmp_path, POLICY)
    assert other.router.digest(lasting=True) == before
    assert line(other, "support")["hours"]["reason"] == "meeting"
    assert other.office.desk.roster.get(ann.id).draining is True  # type: ignore[union-attr]
    await other.office.close()
    house.office = other.office


async def test_whoever_overflows_goes_on_in_a_new_segment_and_the_channel_is_told_what_to_say(house: Bench) -> None:
    sue = await boss(house)
    await house.run(sue, "line.set", line="support", mode="closed")
    chat = await house.chat_in("Hello", "v1")
    shown = house.office.views.interactions
    await house.until(lambda: shown.get(chat.interaction, {}).get("line") == "night", "the overflow")
    segments = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction_segment.c.line, s.interaction_segment.c.reason, s.interaction_segment.c.outcome)
            .where(s.interaction_segment.c.interaction_id == chat.interaction)
            .order_by(s.interaction_segment.c.n)
        ).all()
    )
    assert [tuple(row) for row in segments] == [("support", "arrival", "overflow"), ("night", "overflow", None)]


async def test_a_call_that_waited_too_long_is_sent_to_the_voice_mail(house: Bench) -> None:
    arrival = Arrival(channel="voice", adapter="ari", external_key="c1", raw=b"{}", at=house.clock.now())
    receipt = await house.voice.tools.accept(arrival, Content())
    await house.until(lambda: house.state_of(receipt.interaction) == "queued", "the call")
    house.clock.advance(30)
    house.office.desk.dispatcher.nudge()
    await house.until(lambda: house.state_of(receipt.interaction) is None, "the end of the wait")
    last = await house.until(
        lambda: next((one for one in house.voice.changes if one.state == "closed"), None), "the word to the channel"
    )
    assert (last.action, last.cause) == ("voicemail", "overflow_out")
    row = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction.c.outcome, s.interaction.c.ended_by).where(s.interaction.c.id == receipt.interaction)
        ).one()
    )
    assert tuple(row) == ("voicemail", "system")


async def test_a_transfer_that_is_refused_says_who_could_take_it(house: Bench) -> None:
    ann = await house.agent("ann", device="PJSIP/1")
    await house.ready(ann)
    arrival = Arrival(channel="voice", adapter="ari", external_key="c1", raw=b"{}", at=house.clock.now())
    await house.voice.tools.accept(arrival, Content())
    offer = (await house.until(lambda: house.offers_of(ann), "the offer"))[0]
    name = offer["interaction"]["id"]
    await house.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    bob, cat = await house.agent("bob", device="PJSIP/2"), await house.agent("cat", device="PJSIP/3")
    await house.ready(cat)
    with pytest.raises(ConflictError) as refused:
        await house.run(ann, "interaction.transfer", interaction=name, to_agent=bob.id)
    assert refused.value.code == "agent_unavailable"
    assert refused.value.details == {"why": "signed_out", "alternatives": [cat.id]}


@pytest.mark.parametrize(
    ("command", "data", "error"),
    [
        ("interaction.requeue", {"interaction": "nothing"}, NotFoundError),
        ("interaction.push", {"interaction": "nothing", "agent": "nobody"}, NotFoundError),
        ("agent.drain", {"agent": "nobody", "on": True}, NotFoundError),
        ("line.set", {"line": "nowhere", "mode": "open"}, NotFoundError),
        ("line.set", {"line": "support", "mode": "open", "until": "2026-11-23T09:00:00.000Z"}, BadRequestError),
        ("line.set", {"line": "support", "mode": "open", "until": "2027-11-23T09:00:00.000Z"}, BadRequestError),
        ("line.set", {"line": "support", "mode": "closed", "reason": "because"}, BadRequestError),
    ],
)
async def test_mistakes_are_told_and_leave_no_record(
    house: Bench, command: str, data: dict[str, Any], error: type[Exception]
) -> None:
    sue = await boss(house)
    with pytest.raises(error):
        await house.run(sue, command, **data)
    assert await records(house) == []


@pytest.mark.parametrize(
    "command",
    [
        "interaction.pull",
        "interaction.push",
        "interaction.requeue",
        "interaction.release",
        "interaction.set_priority",
        "interaction.set_skills",
        "agent.drain",
        "line.set",
    ],
)
async def test_an_agent_may_do_none_of_it(house: Bench, command: str) -> None:
    ann = await house.agent("ann")
    data = {
        "interaction": "x",
        "agent": ann.id,
        "line": "support",
        "mode": "open",
        "priority": 1,
        "skills": [],
        "on": True,
    }
    with pytest.raises(ForbiddenError):
        await house.run(ann, command, **data)


async def test_a_break_that_needs_approval_is_asked_for_and_granted_by_a_supervisor(house: Bench) -> None:
    sue = await boss(house)
    ann = await house.agent("ann")
    await house.ready(ann)
    house.offers_of(sue)
    with pytest.raises(ConflictError) as refused:
        await house.run(ann, "agent.set_intent", intent="not_ready", reason="course")
    assert refused.value.code == "approval_needed"
    alerts = house.office.views.snapshot(house._streams[sue.id])["floor"]["alerts"]
    assert [(one["kind"], one["agent"], one["detail"]) for one in alerts] == [("break_asked", ann.id, "course")]
    await house.run(sue, "agent.set_intent", agent=ann.id, intent="not_ready", reason="course")
    member = house.office.desk.roster.get(ann.id)
    assert member is not None
    assert member.view()["reason"] == "course"
