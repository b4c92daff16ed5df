"""Callbacks at the desk: promised, taken, missed, one for a number and line, tried by the channel, met and settled."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from contactd.clock import to_ms
from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Content, Progress
from contactd.core.errors import BadRequestError, ForbiddenError
from contactd.core.events import AttemptFailed, InteractionGone
from contactd.crm_store import interactions
from contactd.crm_store import schema as s
from contactd.desk.book import Entry
from contactd.desk.rights import Actor
from tests.crm_store.town import Town
from tests.desk.bench import Bench, open_bench

POLICY: dict[str, Any] = {"lines": {"support": {"callback": {"missed": True}}, "sales": {"callback": {"abroad": True}}}}


@pytest.fixture
async def house(store: Any, clock: Any, tmp_path: Any) -> Any:
    made = await open_bench(store, clock, tmp_path, POLICY)
    made.office.desk.publisher.channels["callback"] = made.voice
    yield made
    await made.office.close()


async def ring(bench: Bench, number: str = "13800138000", key: str = "ch1", line: str = "support") -> str:
    """Let a call come in; return its id when it stands in line."""
    arrival = Arrival(
        channel="voice", adapter="ari", external_key=key, raw=b"{}", at=bench.clock.now(), sender=number, line=line
    )
    receipt = await bench.voice.tools.accept(arrival, Content(sender=phone_point(number)))
    await bench.until(lambda: bench.state_of(receipt.interaction) in ("queued", "offered"), "the call")
    return receipt.interaction


def callbacks(bench: Bench) -> list[Entry]:
    return [entry for entry in bench.office.desk.book if entry.channel == "callback"]


async def owed(bench: Bench) -> Entry:
    """Return the one callback, once the router knows it."""
    await bench.office.inbox.poll()
    await bench.until(lambda: callbacks(bench), "the callback")
    [entry] = callbacks(bench)
    await bench.until(lambda: entry.id in bench.router._floor.items, "the router to know it")
    return entry


async def talking(bench: Bench, actor: Actor, name: str) -> None:
    offer = (await bench.until(lambda: bench.offers_of(actor), "the offer"))[0]
    assert offer["interaction"]["id"] == name
    await bench.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])


async def test_who_waits_takes_a_callback_and_their_place_is_kept(house: Bench) -> None:
    name = await ring(house)
    house.clock.advance(75)
    await house.voice.tools.call_back(name)
    assert house.state_of(name) is None
    entry = await owed(house)
    assert (entry.line, entry.direction, entry.recipient, entry.parent_id) == (
        "support",
        "outbound",
        "+8613800138000",
        name,
    )
    item = house.router._floor.items[entry.id]
    assert house.router._floor.now - item.age_from >= 75_000
    row = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction.c.outcome, s.interaction.c.ended_by).where(s.interaction.c.id == name)
        ).one()
    )
    assert tuple(row) == ("callback", "customer")
    stay = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction_segment.c.reason).where(s.interaction_segment.c.interaction_id == entry.id)
        ).all()
    )
    assert [one.reason for one in stay] == ["callback"]


async def test_a_customer_may_name_another_number(house: Bench) -> None:
    name = await ring(house)
    await house.voice.tools.call_back(name, "010-60135900")
    assert (await owed(house)).recipient == "+861060135900"


@pytest.mark.parametrize("number", ["95588", "+12025550123", "60135900", "+1900"])
async def test_no_number_is_called_that_could_do_harm_and_the_place_is_kept(house: Bench, number: str) -> None:
    name = await ring(house)
    with pytest.raises(BadRequestError) as refused:
        await house.voice.tools.call_back(name, number)
    assert refused.value.code == "not_callable"
    assert house.state_of(name) == "queued"
    await house.office.inbox.poll()
    assert callbacks(house) == []


async def test_a_number_on_the_block_list_is_not_called(house: Bench) -> None:
    name = await ring(house)
    ident = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction.c.contact_point_id).where(s.interaction.c.id == name)
        ).scalar_one()
    )
    blocked = update(s.contact_point).where(s.contact_point.c.id == ident).values(status="blocked")
    await house.store.write(lambda conn: conn.execute(blocked))
    with pytest.raises(BadRequestError, match="no number"):
        await house.voice.tools.call_back(name)


async def test_numbers_abroad_are_called_where_the_line_allows_it(house: Bench) -> None:
    name = await ring(house, "+442079460123", line="sales")
    await house.voice.tools.call_back(name)
    assert (await owed(house)).recipient == "+442079460123"


async def test_one_callback_is_open_for_a_number_in_a_line(house: Bench) -> None:
    first = await ring(house, key="ch1")
    await house.voice.tools.call_back(first)
    entry = await owed(house)
    second = await ring(house, key="ch2")
    await house.voice.tools.call_back(second)
    await house.office.inbox.poll()
    assert [one.id for one in callbacks(house)] == [entry.id]
    other = await ring(house, key="ch3", line="sales")
    await house.voice.tools.call_back(other)
    await house.office.inbox.poll()
    await house.until(lambda: len(callbacks(house)) == 2, "the other line's")


async def test_who_hangs_up_after_a_wait_is_called_back_and_who_hangs_up_at_once_is_not(house: Bench) -> None:
    soon = await ring(house, key="ch1")
    await house.voice.tools.report(InteractionGone(interaction=soon))
    late = await ring(house, key="ch2")
    house.clock.advance(60)
    await house.voice.tools.report(InteractionGone(interaction=late))
    entry = await owed(house)
    assert entry.parent_id == late
    custom = await house.store.read(
        lambda conn: conn.execute(select(s.interaction.c.custom).where(s.interaction.c.id == entry.id)).scalar_one()
    )
    assert custom["reason"] == "missed"


async def test_who_leaves_without_a_number_is_not_called_back(house: Bench) -> None:
    chat = await house.chat_in("Hello", "v1")
    house.clock.advance(60)
    await house.chat.tools.report(InteractionGone(interaction=chat.interaction))
    await house.office.inbox.poll()
    assert callbacks(house) == []


async def test_an_agent_promises_a_call(house: Bench) -> None:
    ann = await house.agent("ann")
    shown = await house.run(ann, "callback.request", to="138 0013 8000", line="sales")
    assert (shown["interaction"]["channel"], shown["interaction"]["state"]) == ("callback", "queued")
    again = await house.run(ann, "callback.request", to="+86 13800138000", line="sales")
    assert again["interaction"]["id"] == shown["interaction"]["id"]
    chat = await house.chat_in("Call me", "v1")
    with pytest.raises(BadRequestError):
        await house.run(ann, "callback.request", interaction=chat.interaction)


async def test_the_channel_is_told_whom_to_call_and_says_when_nobody_answers(house: Bench) -> None:
    ann = await house.agent("ann", device="PJSIP/1")
    await house.ready(ann)
    await house.run(ann, "callback.request", to="13800138000", line="sales")
    entry = await owed(house)
    await talking(house, ann, entry.id)
    [told] = await house.until(lambda: house.voice.connects, "the word to the channel")
    assert (told.interaction, told.to, told.device) == (entry.id, "+8613800138000", "PJSIP/1")
    await house.voice.tools.report(AttemptFailed(interaction=entry.id, agent=ann.id, reason="no_answer"))
    assert house.state_of(entry.id) == "parked"
    house.clock.advance(600)
    house.office.desk.dispatcher.nudge()
    house.office.commands.console_seen(ann.id)
    await house.until(lambda: house.state_of(entry.id) in ("queued", "offered"), "the second attempt")


async def test_whoever_talks_to_the_customer_sees_the_callback_and_settles_it(house: Bench, tmp_path: Any) -> None:
    ann = await house.agent("ann", device="PJSIP/1")
    bob = await house.agent("bob")
    await house.run(ann, "callback.request", to="13800138000", line="sales")
    entry = await owed(house)
    await house.ready(ann)
    offer = (await house.until(lambda: house.offers_of(ann), "the offer"))[0]
    assert offer["interaction"]["id"] == entry.id
    house.clock.advance(20)
    house.office.desk.dispatcher.nudge()
    await house.until(lambda: house.state_of(entry.id) == "queued", "the end of the ringing")
    house.office.commands.console_seen(ann.id)
    await house.ready(ann)
    name = await ring(house, line="support")
    await talking(house, ann, name)
    contact = house.office.desk.book.get(name)
    assert contact is not None
    assert contact.view()["callback"] == entry.id
    with pytest.raises(ForbiddenError):
        await house.run(bob, "callback.settle", interaction=entry.id)
    await house.office.close()
    other = await open_bench(house.store, house.clock, tmp_path, POLICY)
    house.office = other.office
    again = other.office.desk.book.get(name)
    assert again is not None
    assert again.callback == entry.id
    await other.run(ann, "callback.settle", interaction=entry.id)
    assert again.callback is None
    assert other.state_of(entry.id) is None


async def test_a_mail_is_no_callback_to_settle(house: Bench) -> None:
    sue = await house.agent("sue", role="supervisor")
    chat = await house.chat_in("Hello", "v1")
    with pytest.raises(Exception, match="no callback"):
        await house.run(sue, "callback.settle", interaction=chat.interaction)


async def mirrored(bench: Bench, key: str, outcome: str, *, waits_s: float = 30, answered: bool = False) -> None:
    """A call that a PBX routed by itself, or that fell to its dialplan's fallback: from its first to its last moment."""
    arrival = Arrival(
        channel="voice", adapter="ami", external_key=key, raw=b"{}", at=bench.clock.now(), sender="13800138000",
        routed_by="pbx", line="support",
    )  # fmt: skip
    await bench.voice.tools.accept(arrival, Content(sender=phone_point("13800138000")))
    told: list[tuple[str, dict[str, Any]]] = [("waiting", {"line": "sales"})]
    told += [("answered", {"agent": "PJSIP/1"})] if answered else []
    told += [("ended", {"outcome": outcome})]
    for kind, data in told:
        bench.clock.advance(waits_s)
        await bench.voice.tools.progress(
            Progress(adapter="ami", external_key=key, at=bench.clock.now(), kind=kind, **data)
        )


@pytest.mark.parametrize("outcome", ["abandoned", "overflow", "voicemail", "failed"])
async def test_whom_the_pbx_itself_did_not_serve_is_called_back_once(house: Bench, outcome: str) -> None:
    await mirrored(house, "m1", outcome)
    first = await owed(house)
    await mirrored(house, "m2", outcome)
    assert (await owed(house)).id == first.id, "one for a number"
    stored = await house.store.read(lambda conn: interactions.get(conn, first.id))
    assert (stored["line"], stored["direction"]) == ("support", "outbound")


@pytest.mark.parametrize(
    ("outcome", "more"), [("answered", {"answered": True}), ("rejected", {}), ("abandoned", {"waits_s": 1})]
)
async def test_who_was_served_or_hung_up_at_once_is_owed_nothing(
    house: Bench, outcome: str, more: dict[str, Any]
) -> None:
    await mirrored(house, "m1", outcome, **more)
    await house.office.inbox.poll()
    assert callbacks(house) == []


async def test_a_message_that_says_nothing_is_owed_a_call(house: Bench) -> None:
    name = await ring(house)
    await house.voice.tools.report(InteractionGone(interaction=name))
    assert await house.voice.tools.owe(name)
    assert (await owed(house)).id
    other = await ring(house, number="13800138001", key="ch2", line="sales")
    assert not await house.voice.tools.owe(other), "its line does not say so"


@pytest.mark.parametrize(
    ("waits_s", "counted"), [(1, "short_abandoned"), (2.5, "short_abandoned"), (2.6, "abandoned"), (30, "abandoned")]
)
async def test_who_hangs_up_at_once_on_a_pbx_is_counted_as_in_the_own_lines(
    house: Bench, waits_s: float, counted: str
) -> None:
    """They hang up after twice as long: the line lets five seconds go by."""
    await mirrored(house, "m1", "abandoned", waits_s=waits_s)
    stored = await house.store.read(
        lambda conn: conn.execute(
            select(s.interaction.c.outcome, s.interaction.c.state).where(s.interaction.c.external_key == "m1")
        ).one()
    )
    assert tuple(stored) == (counted, "abandoned")


async def refuses(bench: Bench, number: str) -> None:
    """Let there be a customer with this number who wants no calls."""
    point = phone_point(number)
    assert point is not None
    party = await Town(bench.store).party("王", point, level="verified")
    change = update(s.party).where(s.party.c.id == party).values(preferences={"do_not_call": True})
    await bench.store.write(lambda conn: conn.execute(change))


async def test_whoever_wants_no_calls_is_owed_none_unless_they_ask_for_one(house: Bench) -> None:
    await refuses(house, "13800138000")
    call = await ring(house, key="gave-up")
    house.clock.advance(60)
    await house.voice.tools.report(InteractionGone(interaction=call))
    await house.office.inbox.poll()
    assert callbacks(house) == []
    ann = await house.agent("ann", device="PJSIP/1")
    await house.ready(ann)
    await house.run(ann, "callback.request", to="13800138000", line="sales")
    entry = await owed(house)
    await talking(house, ann, entry.id)
    await house.until(lambda: house.voice.connects, "the call they asked for")


async def test_a_callback_to_who_was_put_on_the_red_list_meanwhile_rings_nobody(house: Bench) -> None:
    ann, chen = await house.agent("ann", device="PJSIP/1"), await house.agent("chen", role="supervisor")
    await house.ready(ann)
    await house.run(ann, "callback.request", to="13800138000", line="sales")
    entry = await owed(house)
    await house.run(chen, "sender.protect", to="13800138000", reason="law", first=False, uncalled=True)
    await talking(house, ann, entry.id)
    await house.until(lambda: house.state_of(entry.id) == "wrapup", "its end")
    view = entry.view()
    assert (view["outcome"], view["panel"]) == ("failed", {"phase": "failed", "why": "red_listed"})
    assert house.voice.connects == []


async def test_by_night_a_callback_waits_for_the_morning_and_that_is_no_attempt(
    store: Any, clock: Any, tmp_path: Any
) -> None:
    day = {"callback": {"pauses": [60]}, "outbound": {"begin": "09:00", "end": "20:00"}}
    bench = await open_bench(store, clock, tmp_path, {"lines": {"support": day}})
    bench.office.desk.publisher.channels["callback"] = bench.voice
    now = bench.clock.now()
    bench.clock.advance((23 - 8 - now.hour) % 24 * 3600 - now.minute * 60 - now.second)
    ann = await bench.agent("ann", device="PJSIP/1")
    await bench.ready(ann)
    await bench.run(ann, "callback.request", to="13800138000", line="support")
    entry = await owed(bench)
    await talking(bench, ann, entry.id)
    await bench.until(lambda: bench.state_of(entry.id) == "parked", "it to be put off")
    assert bench.voice.connects == []
    item = bench.router._floor.items[entry.id]
    assert (item.attempts, item.until) == (0, to_ms(bench.clock.now()) + 10 * 3_600_000)
    await bench.office.close()
