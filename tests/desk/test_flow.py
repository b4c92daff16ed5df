"""From the door to the agent and out again, on a real store: what customers and agents get."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from contactd.core.address import email
from contactd.core.channel import Arrival, Content, Delivery, Progress
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import DeliveryFailed, InteractionGone, WorkEnded
from contactd.core.message import NewMessage
from contactd.crm_store import claims, interactions, messages, parties, records
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk import intake, putting_off, reading, sending
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench


async def shown(bench: Bench, interaction: str) -> dict[str, object]:
    return await bench.store.read(lambda conn: interactions.get(conn, interaction))


async def test_a_mail_is_offered_answered_and_closed(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|Invoice|Where is it?", "k1", id="<a@x>")
    (offer,) = await bench.until(lambda: bench.offers_of(ann), "the offer")
    assert offer["interaction"]["id"] == receipt.interaction
    assert offer["interaction"]["subject"] == "Invoice"
    assert offer["reasons"]
    floor = bench.office.views.interactions
    assert (floor[receipt.interaction]["state"], floor[receipt.interaction]["offered_to"]) == ("offered", ann.id)
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    assert bench.state_of(receipt.interaction) == "active"
    assert floor[receipt.interaction]["offered_to"] is None
    sent = await bench.run(ann, "interaction.send", interaction=receipt.interaction, text="Tomorrow.")
    assert sent["message"]["delivery_state"] == "queued"
    await bench.until(lambda: bench.mail.delivered, "the delivery")
    assert bench.mail.delivered[0].payload == b"Tomorrow."
    bench.clock.advance(60)
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction, disposition="billing")
    assert bench.state_of(receipt.interaction) is None
    view = await shown(bench, receipt.interaction)
    assert (view["state"], view["outcome"], view["agent"]) == ("closed", "handled", ann.id)
    assert view["answered_at"] is not None
    assert view["talk_s"] == 60
    (said, answer) = await bench.store.read(lambda conn: messages.of_interaction(conn, receipt.interaction))
    assert (said["text"], answer["text"]) == ("Where is it?", "Tomorrow.")
    await _delivered(bench, answer["id"], "sent")
    assert (await _audit(bench)) == []


async def test_files_too_large_together_are_refused_before_they_are_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FILES_BYTES", 10)
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    blob, now = await bench.store.blobs.store(b"123456"), bench.clock.now()
    rows = [
        {"id": one, "owner": ann.id, "blob": blob, "name": "a.txt", "media_type": "text/plain", "size": 6}
        | {"created_at": now, "expires_at": now + timedelta(hours=1)}
        for one in ("u1", "u2")
    ]
    await bench.store.write(lambda conn: conn.execute(s.upload.insert().values(rows)))
    answer = {"interaction": receipt.interaction, "text": "Here."}
    with pytest.raises(BadRequestError) as refused:
        await bench.run(ann, "interaction.send", **answer, attachments=["u1", "u2"])
    assert (refused.value.code, refused.value.field) == ("too_large", "attachments")
    sent = await bench.run(ann, "interaction.send", **answer, attachments=["u2"])
    assert [file["name"] for file in sent["message"]["attachments"]] == ["a.txt"]


async def _delivered(bench: Bench, message: str, state: str) -> None:
    for _ in range(1000):
        if (await bench.store.read(lambda conn: messages.get(conn, message)))["delivery_state"] == state:
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"never {state}")


async def _audit(bench: Bench) -> list[object]:
    report = await bench.store.read(lambda conn: records.check(conn, bench.store.blobs), limit=timedelta(seconds=20))
    return list(report.faults)


async def test_nothing_is_receipted_before_the_commit(bench: Bench) -> None:
    with bench.store.hold_commits() as hold:
        coming = asyncio.create_task(bench.mail_in("li@example.cn|S|T", "k1"))
        await hold.reached()
        assert not coming.done()
    assert (await coming).interaction


async def test_the_same_delivery_gets_the_old_receipt(bench: Bench) -> None:
    first = await bench.mail_in("li@example.cn|S|T", "k1")
    again = await bench.mail_in("li@example.cn|S|T", "k1")
    assert (again.id, again.duplicate) == (first.id, True)


async def test_one_mail_sent_twice_at_once_beside_another_is_taken_in_once(bench: Bench) -> None:
    with bench.store.hold_commits() as hold:
        first = asyncio.create_task(bench.store.ping())
        assert await hold.reached()
        tasks = [
            asyncio.create_task(bench.mail_in(text, key))
            for text, key in (("li@example.cn|S|T", "k1"), ("wu@example.cn|S|T", "k2"), ("li@example.cn|S|T", "k1"))
        ]
        await asyncio.sleep(0)
    await first
    one, other, again = await asyncio.gather(*tasks)
    assert {one.duplicate, again.duplicate} == {False, True}
    assert one.id == again.id != other.id
    assert not other.duplicate


async def test_what_cannot_be_read_is_quarantined_and_replayed(bench: Bench) -> None:
    receipt = await bench.mail_in("BROKEN", "k1")
    await _state(bench, receipt.interaction, "quarantined")
    bench.office.reading.readers["email"] = lambda _raw, _envelope: Content(
        subject="fixed",
        messages=(NewMessage(direction="inbound", sender="a@b.cn", text="read"),),
    )
    await bench.office.reading.replay(receipt.interaction)
    await _state(bench, receipt.interaction, "queued")
    assert (await _audit(bench)) == []


@pytest.mark.parametrize("raw", ["RAISE", "DIE"])
async def test_a_reader_that_fails_or_dies_spoils_only_its_own_item(bench: Bench, raw: str) -> None:
    bad = await bench.mail_in(raw, "bad")
    good = await bench.mail_in("li@example.cn|S|T", "good")
    await _state(bench, bad.interaction, "quarantined")
    await _state(bench, good.interaction, "queued")


async def test_raw_bytes_that_are_gone_spoil_only_their_own_item(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob that is missing is put aside; a disk that fails once is asked again, without a restart."""
    monkeypatch.setattr(reading, "HELD_BYTES", 0)
    monkeypatch.setattr(intake, "INLINE", 100)
    monkeypatch.setattr(putting_off, "FIRST_S", 0.01)
    load, failed = bench.store.blobs.load, False

    async def broken(name: str) -> bytes:
        nonlocal failed
        raw = await load(name)
        if b"gone" in raw:
            raise NotFoundError
        if b"late" in raw and not failed:
            failed = True
            raise OSError(5, "input/output error")
        return raw

    monkeypatch.setattr(bench.store.blobs, "load", broken)
    receipts = [await bench.mail_in(f"li@example.cn|S|{word * 50}", word) for word in ("gone", "late", "good")]
    for receipt, state in zip(receipts, ("quarantined", "queued", "queued"), strict=True):
        await _state(bench, receipt.interaction, state)


async def test_a_replay_that_joins_leaves_nothing_in_quarantine_and_says_nothing_twice(bench: Bench) -> None:
    first = await bench.mail_in("li@example.cn|Invoice|One", "k1", id="<1@x>")
    await _state(bench, first.interaction, "queued")
    aside = await bench.mail_in("BROKEN", "k2")
    await _state(bench, aside.interaction, "quarantined")
    bench.office.reading.readers["email"] = lambda _raw, _envelope: Content(
        sender=email("li@example.cn"),
        messages=(NewMessage(direction="inbound", sender="li@example.cn", text="Two"),),
        references=("<1@x>",),
    )
    replays = [bench.office.reading.replay(aside.interaction) for _ in range(3)]
    done = await asyncio.gather(*replays, return_exceptions=True)
    assert sum(one is None for one in done) == 1
    assert {type(one) for one in done if one is not None} <= {ConflictError, NotFoundError}
    await _messages(bench, first.interaction, 2)
    with pytest.raises(NotFoundError):
        await shown(bench, aside.interaction)
    assert (await _audit(bench)) == []


async def _state(bench: Bench, interaction: str, state: str) -> None:
    for _ in range(2000):
        if (await shown(bench, interaction))["state"] == state:
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"never {state}: {await shown(bench, interaction)}")


async def test_a_further_mail_joins_the_open_turn_and_a_late_one_opens_a_new_one(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    first = await bench.mail_in("li@example.cn|Invoice|One", "k1", id="<1@x>")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    second = await bench.mail_in("li@example.cn|Invoice|Two", "k2", id="<2@x>", references=["<1@x>"])
    await _messages(bench, first.interaction, 2)
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.complete", interaction=first.interaction)
    third = await bench.mail_in("li@example.cn|Invoice|Three", "k3", id="<3@x>", references=["<2@x>"])
    await _state(bench, third.interaction, "offered")
    view = await shown(bench, third.interaction)
    assert view["parent_id"] == first.interaction
    assert second.interaction != first.interaction
    joined = await bench.store.read(lambda conn: conn.execute(select(s.receipt).where(s.receipt.c.joined)).all())
    assert [row.interaction_id for row in joined] == [first.interaction]
    assert (await _audit(bench)) == []


async def _messages(bench: Bench, interaction: str, count: int) -> None:
    for _ in range(2000):
        found = await bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
        if len(found) == count:
            return
        await asyncio.sleep(0.005)
    pytest.fail("the message did not join")


async def test_a_stranger_with_the_right_reference_begins_a_conversation_of_their_own(bench: Bench) -> None:
    first = await bench.mail_in("li@example.cn|Invoice|One", "k1", id="<1@x>")
    await _state(bench, first.interaction, "queued")
    stranger = await bench.mail_in("eve@evil.example|Invoice|Hi", "k2", id="<2@x>", references=["<1@x>"])
    await _state(bench, stranger.interaction, "queued")
    assert (await shown(bench, stranger.interaction))["thread"] != (await shown(bench, first.interaction))["thread"]


async def test_a_chat_line_reaches_the_agent_and_the_answer_the_visitor(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.chat_in("Hello", "visitor-1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    said = await bench.chat.tools.joined(
        receipt.interaction,
        NewMessage(direction="inbound", sender="v", text="Are you there?", provider_id="v-2"),
    )
    again = await bench.chat.tools.joined(
        receipt.interaction,
        NewMessage(direction="inbound", sender="v", text="Are you there?", provider_id="v-2"),
    )
    assert (again.id, again.duplicate, said.duplicate) == (said.id, True, False)
    first = await bench.chat.tools.joined(
        receipt.interaction,
        NewMessage(direction="inbound", sender="v", text="Hello", provider_id="visitor-1-1"),
    )
    assert first.duplicate, "the line it began with, told again by who did not hear that it was taken"
    await bench.run(ann, "interaction.send", interaction=receipt.interaction, text="Yes!")
    (line,) = await bench.until(lambda: bench.chat.lines)
    assert (line["text"], line["delivery_state"]) == ("Yes!", "sent")
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction, end=False, note="a note")
    assert bench.state_of(receipt.interaction) == "active"
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction, disposition="product")
    with pytest.raises(ConflictError):
        await bench.chat.tools.joined(receipt.interaction, NewMessage(direction="inbound", sender="v", text="?"))


async def test_a_call_is_connected_talked_and_wrapped_up(bench: Bench) -> None:
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    receipt = await _call(bench, "ch-1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    bench.clock.advance(3)
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    (change,) = await bench.until(lambda: bench.voice.connects)
    assert (change.device, change.agent) == ("PJSIP/1001", ann.id)
    await bench.voice.tools.answered(receipt.interaction, bench.clock.now())
    bench.clock.advance(40)
    await bench.voice.tools.report(WorkEnded(interaction=receipt.interaction, ended_by="customer"))
    assert bench.state_of(receipt.interaction) == "wrapup"
    bench.clock.advance(5)
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction, disposition="solved")
    view = await shown(bench, receipt.interaction)
    assert (view["state"], view["outcome"], view["ended_by"]) == ("closed", "answered", "customer")
    assert (view["wait_s"], view["talk_s"], view["wrap_s"]) == (3, 40, 5)
    assert view["offers"][0]["outcome"] == "accepted"  # type: ignore[index]


async def _call(bench: Bench, key: str, routed_by: str = "contactd"):  # noqa: ANN202 - a receipt
    arrival = Arrival(
        channel="voice",
        adapter="ari" if routed_by == "contactd" else "ami",
        external_key=key,
        raw=b"{}",
        at=bench.clock.now(),
        sender="13800138000",
        recipient="400800001",
        line_text="" if routed_by == "contactd" else "sales",
        routed_by=routed_by,
    )
    return await bench.voice.tools.accept(arrival, Content())


async def test_a_call_that_cannot_be_connected_goes_back_in_line(bench: Bench) -> None:
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    receipt = await _call(bench, "ch-1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.voice.tools.report(
        DeliveryFailed(interaction=receipt.interaction, agent=ann.id, reason="device_unreachable"),
    )
    assert bench.state_of(receipt.interaction) == "queued"


async def test_a_caller_who_gives_up_is_counted_as_abandoned(bench: Bench) -> None:
    receipt = await _call(bench, "ch-1")
    bench.clock.advance(30)
    await bench.voice.tools.report(InteractionGone(interaction=receipt.interaction))
    view = await shown(bench, receipt.interaction)
    assert (view["state"], view["outcome"], view["wait_s"]) == ("abandoned", "abandoned", 30)
    assert (await _audit(bench)) == []


async def test_a_mirrored_call_is_shown_with_the_names_of_its_pbx(bench: Bench) -> None:
    receipt = await _call(bench, "pbx-1", routed_by="pbx")

    async def tell(kind: str, **data: object) -> None:
        bench.clock.advance(2)
        await bench.voice.tools.progress(
            Progress(adapter="ami", external_key="pbx-1", at=bench.clock.now(), kind=kind, **data),  # type: ignore[arg-type]
        )

    await tell("waiting", line="sales")
    await tell("ringing", agent="PJSIP/1001")
    await tell("ring_ended", agent="PJSIP/1001", outcome="timed_out")
    await tell("ringing", agent="PJSIP/1002")
    await tell("answered", agent="PJSIP/1002")
    await tell("held")
    await tell("resumed")
    await tell("ended", outcome="answered", ended_by="customer")
    view = await shown(bench, receipt.interaction)
    assert (view["line"], view["agent"], view["state"]) == ("sales", "PJSIP/1002", "closed")
    assert (view["outcome"], view["ended_by"], view["routed_by"]) == ("answered", "customer", "pbx")
    assert (view["hold_s"], view["talk_s"]) == (2, 4)
    assert [one["outcome"] for one in view["offers"]] == ["timed_out", "accepted"]  # type: ignore[union-attr]
    assert (await _audit(bench)) == []


async def test_somebody_elses_contact_cannot_be_touched(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    with pytest.raises((ForbiddenError, ConflictError)):
        await bench.run(bob, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    for command in ("interaction.hold", "interaction.send", "interaction.complete"):
        with pytest.raises(ForbiddenError):
            await bench.run(bob, command, interaction=receipt.interaction, text="x")


async def test_a_restart_keeps_everything(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    first = await open_bench(store, clock, tmp_path)
    ann = await first.agent("ann")
    await first.ready(ann)
    held = await first.mail_in("li@example.cn|Held|T", "k1")
    (offer,) = await first.until(lambda: first.offers_of(ann))
    await first.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    ringing = await first.mail_in("wang@example.cn|Ringing|T", "k2")
    await first.until(lambda: first.offers_of(ann))
    waiting = await first.mail_in("zhao@example.cn|Waiting|T", "k3")
    router = first.office.desk.dispatcher.router
    assert router is not None
    await first.until(lambda: waiting.interaction in router.waiting().get("support", []))
    before = router.digest()
    await first.office.close()

    second = await open_bench(store, clock, tmp_path)
    assert second.state_of(held.interaction) == "active"
    assert second.state_of(ringing.interaction) == "offered"
    assert second.state_of(waiting.interaction) == "queued"
    after = second.office.desk.dispatcher.router.digest()  # type: ignore[union-attr]
    assert after == before
    (again,) = await second.until(lambda: second.offers_of(ann))
    await second.run(ann, "offer.accept", offer=again["offer"], lease=again["lease"])
    assert second.state_of(ringing.interaction) == "active"
    await second.office.close()


async def test_an_answer_that_cannot_be_delivered_is_tried_again_and_then_shown_as_failed(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    bench.mail.answer = Delivery(status="retry", detail="451 later")
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    sent = await bench.run(ann, "interaction.send", interaction=receipt.interaction, text="x")
    await _delivered(bench, sent["message"]["id"], "retrying")
    bench.mail.answer = Delivery(status="failed", detail="550 no")
    bench.clock.advance(120)
    bench.office.desk.outbox.wake()
    await _delivered(bench, sent["message"]["id"], "failed")
    assert len(bench.mail.delivered) == 2


async def test_a_visitor_who_only_types_an_address_is_not_taken_for_its_owner(bench: Bench) -> None:
    wang = await _customer(bench, "Wang", "wang@example.cn")
    proved = await _chat_as(bench, "v1", claimed=False)
    typed = await _chat_as(bench, "v2", claimed=True)
    assert ((await shown(bench, proved))["party_id"], (await shown(bench, proved))["resolve_state"]) == (wang, "known")
    assert ((await shown(bench, typed))["party_id"], (await shown(bench, typed))["resolve_state"]) == (None, "maybe")


async def _customer(bench: Bench, name: str, address: str) -> str:
    idents, now = bench.office.desk.idents, bench.clock.now()
    point = email(address)
    assert point is not None
    ids = [idents.new() for _ in range(3)]

    def unit(conn: WriteConn) -> str:
        party = parties.create(conn, ids[0], {"kind": "person", "display_name": name}, now=now, actor=None)
        found = claims.point_id(conn, ids[1], point, now=now)
        claims.claim(conn, ids[2], found, party, level="asserted", source="import", now=now)
        return party

    return await bench.store.write(unit)


async def _chat_as(bench: Bench, key: str, *, claimed: bool) -> str:
    content = Content(
        messages=(NewMessage(direction="inbound", sender=key, text="Hi", provider_id=f"{key}-1"),),
        sender=email("wang@example.cn"),
        claimed_sender=claimed,
    )
    arrival = Arrival(channel="chat", adapter="widget", external_key=key, raw=key.encode(), at=bench.clock.now())
    return (await bench.chat.tools.accept(arrival, content)).interaction


async def test_a_click_says_who_it_is_and_the_next_contact_is_known(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    party = await _customer(bench, "Li", "li.work@example.cn")
    first = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    assert (await shown(bench, first.interaction))["resolve_state"] == "unknown"
    await bench.run(ann, "party.confirm", interaction=first.interaction, party=party)
    await bench.run(ann, "interaction.complete", interaction=first.interaction, disposition="product")
    second = await bench.mail_in("li@example.cn|Again|T", "k2")
    await _state(bench, second.interaction, "offered")
    view = await shown(bench, second.interaction)
    assert (view["party_id"], view["resolve_state"]) == (party, "known")


async def test_a_mail_that_a_call_interrupted_comes_back_by_itself_after_a_restart(
    store: Store,
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    first = await open_bench(store, clock, tmp_path)
    ann = await first.agent("ann", device="PJSIP/1001")
    await first.ready(ann)
    clock.advance(10)
    mail = await first.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await first.until(lambda: first.offers_of(ann))
    clock.advance(7)
    await first.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    call = await _call(first, "ch-1")
    (ring,) = await first.until(lambda: first.offers_of(ann))
    await first.run(ann, "offer.accept", offer=ring["offer"], lease=ring["lease"])
    assert first.state_of(mail.interaction) == "held"
    before = first.router.digest(lasting=True)
    await first.office.close()

    second = await open_bench(store, clock, tmp_path)
    assert second.router.digest(lasting=True) == before
    await second.run(ann, "interaction.complete", interaction=call.interaction, disposition="product")
    assert second.state_of(mail.interaction) == "active"
    await second.office.close()


async def test_a_parked_contact_is_completed_where_it_lies(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.park", interaction=receipt.interaction)
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction, disposition="billing")
    view = await shown(bench, receipt.interaction)
    assert (view["state"], view["outcome"], view["disposition"]) == ("closed", "handled", "billing")


async def test_a_mirrored_call_that_a_second_device_takes_leaves_the_first_agent_free(bench: Bench) -> None:
    """The agent who was left out is offered calls again."""
    ann, bob = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("bob", device="PJSIP/1002")
    await _call(bench, "pbx-1", routed_by="pbx")
    for agent in ("PJSIP/1001", "PJSIP/1002"):
        bench.clock.advance(2)
        told = Progress(adapter="ami", external_key="pbx-1", at=bench.clock.now(), kind="answered", agent=agent)
        await bench.voice.tools.progress(told)
    roster = bench.office.desk.roster
    assert [roster.get(one.id).used for one in (ann, bob)] == [0, 100]  # type: ignore[union-attr]


async def test_an_agent_who_was_lost_is_lost_after_a_restart_until_their_console_comes(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    first = await open_bench(store, clock, tmp_path)
    ann = await first.agent("ann")
    await first.ready(ann)
    first.office.commands.console_lost(ann.id)
    clock.advance(46)
    first.office.desk.dispatcher.nudge()
    await first.until(lambda: first.office.desk.roster.get(ann.id).state == "lost")  # type: ignore[union-attr]
    await first.office.close()

    second = await open_bench(store, clock, tmp_path)
    member = second.office.desk.roster.get(ann.id)
    assert member is not None
    assert (member.health, member.state) == ("lost", "lost")
    with pytest.raises(ConflictError):
        await second.run(ann, "agent.set_intent", intent="ready")
    second.office.commands.console_seen(ann.id)
    await second.ready(ann)
    assert member.state == "ready"
    await second.office.close()


async def _wrapping(bench: Bench, agent: Actor) -> str:
    """Let an agent come into the wrap-up of a call; return the interaction."""
    receipt = await _call(bench, "ch-w")
    (offer,) = await bench.until(lambda: bench.offers_of(agent))
    await bench.run(agent, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.voice.tools.report(WorkEnded(interaction=receipt.interaction, ended_by="customer"))
    return receipt.interaction


def _left(bench: Bench, interaction: str) -> tuple[float, int]:
    """Return the seconds a wrap-up still lasts, and how often it may be extended."""
    entry = bench.office.desk.book.get(interaction)
    assert entry is not None
    assert entry.wrapup_until is not None
    return (entry.wrapup_until - bench.clock.now()).total_seconds(), entry.view()["wrapup_extensions"]


async def test_a_wrap_up_is_extended_as_often_as_the_line_allows_also_after_a_restart(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    first = await open_bench(store, clock, tmp_path)
    ann = await first.agent("ann", device="PJSIP/1001")
    await first.ready(ann)
    interaction = await _wrapping(first, ann)
    assert _left(first, interaction) == (30, 2)
    clock.advance(10)
    shown_now = await first.run(ann, "interaction.extend", interaction=interaction)
    assert shown_now["interaction"]["wrapup_extensions"] == 1
    assert _left(first, interaction) == (50, 1)
    await first.office.close()

    second = await open_bench(store, clock, tmp_path)
    assert _left(second, interaction) == (50, 1)
    await second.run(ann, "interaction.extend", interaction=interaction)
    assert _left(second, interaction) == (80, 0)
    with pytest.raises(ConflictError) as refused:
        await second.run(ann, "interaction.extend", interaction=interaction)
    assert refused.value.code == "no_extension"
    clock.advance(81)
    second.office.desk.dispatcher.nudge()
    await _state(second, interaction, "closed")
    view = await shown(second, interaction)
    assert (view["state"], view["wrap_s"]) == ("closed", 91)
    assert len(second.voice.changes) == 1  # the caller hears nothing of it but the end
    await second.office.close()


async def test_what_an_agent_noted_in_a_fixed_wrap_up_outlives_a_restart(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    fixed = {"channels": {"voice": {"wrapup": {"mode": "timed_fixed", "seconds": 30}}}}
    first = await open_bench(store, clock, tmp_path, fixed)
    ann = await first.agent("ann", device="PJSIP/1001")
    await first.ready(ann)
    interaction = await _wrapping(first, ann)
    await first.run(ann, "interaction.complete", interaction=interaction, disposition="solved")
    assert first.state_of(interaction) == "wrapup"
    before = first.router.digest(lasting=True)
    await first.office.close()

    second = await open_bench(store, clock, tmp_path, fixed)
    assert second.router.digest(lasting=True) == before
    clock.advance(31)
    second.office.desk.dispatcher.nudge()
    await _state(second, interaction, "closed")
    view = await shown(second, interaction)
    assert (view["state"], view["disposition"], view["segments"][-1]["outcome"]) == ("closed", "solved", "answered")  # type: ignore[index]
    await second.office.close()


async def _talking(bench: Bench, agent: Actor) -> str:
    receipt = await _call(bench, "ch-t")
    (offer,) = await bench.until(lambda: bench.offers_of(agent))
    await bench.run(agent, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return receipt.interaction


async def test_a_phone_gives_its_call_to_a_colleague_who_is_free(bench: Bench) -> None:
    ann, bob = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("bob", device="PJSIP/1002")
    await bench.ready(ann)
    interaction = await _talking(bench, ann)
    assert await bench.voice.tools.give(interaction, "PJSIP/1002", "1002") == "refused"  # not ready
    assert bench.state_of(interaction) == "active"
    await bench.ready(bob)
    assert await bench.voice.tools.give(interaction, "PJSIP/1002", "1002") == "given"
    (ring,) = await bench.until(lambda: bench.offers_of(bob))
    assert ring["interaction"]["id"] == interaction


async def test_a_phone_gives_its_call_to_a_line_by_its_number_and_to_nobody_else(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    rules = [{"to": "8001", "line": "billing"}, {"to": "*", "line": "support"}]
    bench = await open_bench(store, clock, tmp_path, {"lines": {"support": {}, "billing": {}}, "intake": rules})
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    interaction = await _talking(bench, ann)
    assert await bench.voice.tools.give(interaction, "PJSIP/13900001234", "13900001234") == "unknown"
    assert await bench.voice.tools.give("nothing", "PJSIP/1001", "8001") == "unknown"
    assert await bench.voice.tools.give(interaction, "PJSIP/8001", "8001") == "given"
    assert (await shown(bench, interaction))["line"] == "billing"
    await bench.office.close()


async def _sent(bench: Bench) -> tuple[str, str]:
    """Let a mail be answered; return the ids of the answer's message and of its delivery."""
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    said = await bench.run(ann, "interaction.send", interaction=receipt.interaction, text="Yes.")
    await _delivered(bench, said["message"]["id"], "sent")
    return said["message"]["id"], bench.mail.delivered[0].id


async def test_what_becomes_of_a_message_after_it_was_handed_over_is_followed_to_its_end(bench: Bench) -> None:
    message, outgoing = await _sent(bench)
    follow = bench.mail.tools.followed
    assert await bench.mail.tools.handed_over() == [outgoing]
    assert await follow(outgoing, "retrying", "busy") == "followed"
    await _delivered(bench, message, "retrying")
    assert await follow(outgoing, "retrying", "busy") == "old"
    assert await follow(outgoing, "delivered", "3 of 3 pages") == "followed"
    await _delivered(bench, message, "delivered")
    assert await follow(outgoing, "retrying", "late news") == "old"
    assert await bench.mail.tools.handed_over() == []
    assert await follow("nothing", "failed", "") == "unknown"
    assert await bench.chat.tools.followed(outgoing, "failed", "another channel's") == "unknown"


async def test_a_message_that_failed_after_it_was_handed_over_is_told_to_supervisors(bench: Bench) -> None:
    message, outgoing = await _sent(bench)
    eve = await bench.agent("eve", role="supervisor")
    bench.offers_of(eve)
    assert await bench.mail.tools.followed(outgoing, "failed", "no answer") == "followed"
    await _delivered(bench, message, "failed")
    alerts = bench.office.views.snapshot(bench._streams[eve.id])["floor"]["alerts"]
    assert [(one["kind"], one["detail"]) for one in alerts] == [("delivery_failed", "no answer")]


async def test_what_is_told_before_the_handing_over_is_written_is_to_be_told_again(bench: Bench) -> None:
    bench.mail.answer = Delivery(status="maybe", detail="no answer in time")
    ann = await bench.agent("ann")
    await bench.ready(ann)
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    said = await bench.run(ann, "interaction.send", interaction=receipt.interaction, text="Yes.")
    await _delivered(bench, said["message"]["id"], "maybe")
    assert await bench.mail.tools.followed(bench.mail.delivered[0].id, "delivered", "") == "early"
