"""What waits to leave: its order, its pauses, what is taken back, and who is told when it fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from contactd.clock import rfc3339
from contactd.core.channel import Delivery, Outgoing
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError
from contactd.core.interaction import State
from contactd.crm_store import messages, outbox_reads, outbox_rows
from contactd.crm_store import schema as s
from contactd.desk import outbox
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

NOW_TEXT = "451 later"


async def taken(bench: Bench, actor: Actor, sender: str, key: str, to: str = "support@example.com") -> str:
    """Let a mail come in and be accepted; return its interaction."""
    receipt = await bench.mail_in(f"{sender}|S|T", key, to)
    offers = await bench.until(
        lambda: [one for one in bench.offers_of(actor) if one["interaction"]["id"] == receipt.interaction], "the offer"
    )
    await bench.run(actor, "offer.accept", offer=offers[0]["offer"], lease=offers[0]["lease"])
    return receipt.interaction


async def write(bench: Bench, actor: Actor, interaction: str, text: str, **more: Any) -> str:
    """Send an answer, a moment after whatever was sent before; return its message."""
    bench.clock.advance(0.01)
    sent = await bench.run(actor, "interaction.send", interaction=interaction, text=text, **more)
    return str(sent["message"]["id"])


async def view(bench: Bench, message: str) -> dict[str, Any]:
    return await bench.store.read(lambda conn: messages.get(conn, message))


async def state_is(bench: Bench, message: str, state: str) -> dict[str, Any]:
    for _ in range(2000):
        found = await view(bench, message)
        if found["delivery_state"] == state:
            return found
        await asyncio.sleep(0.005)
    pytest.fail(f"never {state}, but {found['delivery_state']}")


async def box(bench: Bench, agent: str | None = None) -> list[dict[str, Any]]:
    since = bench.clock.now() - timedelta(days=30)
    return await bench.store.read(lambda conn: outbox_reads.listed(conn, agent, since))


async def idle(bench: Bench) -> None:
    """Wait until the outbox has nothing under way."""
    await bench.until(lambda: not bench.office.desk.outbox._running, "the end of all attempts")


@given(st.integers(1, 200), st.floats(0, 1))
def test_pauses_double_from_one_minute_to_an_hour_and_jitter_only_shortens(attempts: int, spread: float) -> None:
    whole = min(timedelta(minutes=1) * 2 ** min(attempts - 1, 20), timedelta(hours=1))
    assert whole * 0.75 <= outbox.pause(attempts, spread) <= whole


def row(state: str, age: timedelta, bench_now: Any) -> Any:
    return SimpleNamespace(state=state, attempts=3, due_at=bench_now - age)


@pytest.mark.parametrize(
    ("status", "state", "age", "becomes", "over"),
    [
        ("sent", "queued", timedelta(0), "sent", True),
        ("failed", "queued", timedelta(0), "failed", True),
        ("retry", "queued", timedelta(days=4, hours=23), "queued", False),
        ("retry", "queued", timedelta(days=5), "failed", True),
        ("maybe", "queued", timedelta(0), "maybe", False),
        ("maybe", "maybe", timedelta(0), "maybe", True),
        ("retry", "maybe", timedelta(0), "queued", False),
        ("wait", "queued", timedelta(days=9), "queued", False),
    ],
)
def test_what_an_attempt_leads_to(
    bench: Bench, status: str, state: str, age: timedelta, becomes: str, over: bool
) -> None:
    now = bench.clock.now()
    settled = outbox.settle(row(state, age, now), Delivery(status=status), now, 0.0)
    assert (settled.state, settled.ended_at is not None) == (becomes, over)
    assert over or settled.next_at > now
    assert settled.counted is (status != "wait")


async def test_what_goes_to_one_address_leaves_in_order_and_holds_up_nobody_else(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    li, wang = await taken(bench, ann, "li@example.cn", "k1"), await taken(bench, ann, "wang@example.cn", "k2")
    bench.mail.answer = Delivery(status="retry", detail=NOW_TEXT)
    first = await write(bench, ann, li, "first")
    await state_is(bench, first, "retrying")
    bench.mail.answer = Delivery(status="sent")
    second = await write(bench, ann, li, "second")
    await state_is(bench, await write(bench, ann, wang, "other"), "sent")
    assert (await view(bench, second))["delivery_state"] == "queued"
    bench.clock.advance(120)
    bench.office.desk.outbox.wake()
    await state_is(bench, second, "sent")
    assert [one.payload for one in bench.mail.delivered] == [b"first", b"other", b"first", b"second"]


async def test_attempts_to_one_address_never_overlap(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most, open_now = 0, 0, asyncio.Event()

    async def slowly(outgoing: Outgoing) -> Delivery:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        bench.mail.delivered.append(outgoing)
        await open_now.wait()
        under_way -= 1
        return Delivery(status="sent")

    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    monkeypatch.setattr(bench.mail, "deliver", slowly)
    sent = [await write(bench, ann, interaction, str(n)) for n in range(5)]
    await bench.until(lambda: bench.mail.delivered, "the first attempt")
    open_now.set()
    for one in sent:
        await state_is(bench, one, "sent")
    assert most == 1
    assert [one.payload for one in bench.mail.delivered] == [b"0", b"1", b"2", b"3", b"4"]


async def test_what_a_limit_put_off_counts_as_no_attempt(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    bench.mail.answer = Delivery(status="wait", detail="200 a day", after=bench.clock.now() + timedelta(hours=3))
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x")
    await bench.until(lambda: bench.mail.delivered, "the attempt")
    await idle(bench)
    (item,) = await box(bench, ann.id)
    assert (item["attempts"], item["detail"], item["box"]) == (0, "200 a day", "waiting")
    bench.mail.answer = Delivery(status="sent")
    bench.clock.advance(3 * 3600)
    bench.office.desk.outbox.wake()
    await state_is(bench, sent["message"]["id"], "sent")
    assert bench.mail.delivered[1].attempt == 1


async def test_a_failure_is_told_to_its_author_who_can_try_again_and_put_it_away(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    eve = await bench.agent("eve", role="supervisor")
    await bench.ready(ann)
    stream = bench.office.views.audience.add("console-of-ann", ann.id, ann.role)
    others = bench.office.views.audience.add("console-of-bob", bob.id, bob.role)
    bench.mail.answer = Delivery(status="failed", detail="550 5.1.1 unknown")
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x")
    await bench.run(ann, "interaction.complete", interaction=interaction)
    message = sent["message"]["id"]
    shown = await state_is(bench, message, "failed")
    assert shown["delivery_detail"] == "550 5.1.1 unknown"
    await bench.until(
        lambda: any("outbox.changed" in frame for frame in stream.after(stream.seq - len(stream._bodies)))
    )
    assert not any("outbox.changed" in body for body in others._bodies)
    (item,) = await box(bench, ann.id)
    assert (item["box"], item["state"], item["to"]) == ("failed", "failed", ["li@example.cn"])
    assert await box(bench, bob.id) == []
    for command in ("outbox.again", "outbox.cancel", "outbox.dismiss"):
        with pytest.raises(ForbiddenError):
            await bench.run(bob, command, message=message)
    bench.mail.answer = Delivery(status="sent")
    await bench.run(eve, "outbox.again", message=message)
    await state_is(bench, message, "sent")
    assert await box(bench, ann.id) == []
    with pytest.raises(ConflictError):
        await bench.run(ann, "outbox.again", message=message)
    assert [one.payload for one in bench.mail.delivered] == [b"x", b"x"]
    assert len({one.id for one in bench.mail.delivered}) == 1


async def test_a_failure_that_was_put_away_is_not_shown_again(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    bench.mail.answer = Delivery(status="failed", detail="550")
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x")
    await state_is(bench, sent["message"]["id"], "failed")
    await bench.run(ann, "outbox.dismiss", message=sent["message"]["id"])
    assert await box(bench, ann.id) == []


async def test_a_message_is_taken_back_before_it_leaves_and_its_words_come_back(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="Too early", undo_s=5)
    message = sent["message"]
    assert (message["delivery_state"], message["send_at"]) == (
        "scheduled",
        rfc3339(bench.clock.now() + timedelta(seconds=5)),
    )
    entry = bench.office.desk.entry(interaction)
    assert entry.answered_at is not None
    back = await bench.run(ann, "outbox.cancel", message=message["id"])
    assert (back["content"]["text"], back["content"]["to"]) == ("Too early", ["li@example.cn"])
    assert back["message"]["delivery_state"] == "cancelled"
    assert (entry.answered_at, entry.segment.answered_at) == (None, None)
    bench.clock.advance(60)
    bench.office.desk.outbox.wake()
    again = await bench.run(ann, "interaction.send", interaction=interaction, text="Right")
    await state_is(bench, again["message"]["id"], "sent")
    assert [one.payload for one in bench.mail.delivered] == [b"Right"]
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "outbox.cancel", message=again["message"]["id"])
    assert refused.value.code == "too_late"
    assert entry.answered_at is not None


async def test_what_is_not_undone_leaves_by_itself(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x", undo_s=5)
    assert bench.mail.delivered == []
    bench.clock.advance(6)
    bench.office.desk.outbox.wake()
    shown = await state_is(bench, sent["message"]["id"], "sent")
    assert shown["send_at"] is None


async def test_files_of_what_was_taken_back_can_be_sent_again(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    blob, now = await bench.store.blobs.store(b"123456"), bench.clock.now()
    values = {"id": "u1", "owner": ann.id, "blob": blob, "name": "a.txt", "media_type": "text/plain", "size": 6}
    times = {"created_at": now, "expires_at": now + timedelta(hours=1)}
    await bench.store.write(lambda conn: conn.execute(s.upload.insert().values(**values, **times)))
    sent = await bench.run(ann, "interaction.send", interaction=interaction, text="x", undo_s=5, attachments=["u1"])
    back = await bench.run(ann, "outbox.cancel", message=sent["message"]["id"])
    (file,) = back["content"]["files"]
    again = await bench.run(ann, "interaction.send", interaction=interaction, text="x", attachments=[file["id"]])
    assert [one["name"] for one in again["message"]["attachments"]] == ["a.txt"]


async def test_a_scheduled_answer_holds_up_nothing_and_leaves_at_its_time(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    nine = bench.clock.now() + timedelta(days=9)
    later = await bench.run(ann, "interaction.send", interaction=interaction, text="later", send_at=rfc3339(nine))
    now = await bench.run(ann, "interaction.send", interaction=interaction, text="now")
    await state_is(bench, now["message"]["id"], "sent")
    await bench.run(ann, "interaction.complete", interaction=interaction)
    (item,) = await box(bench, ann.id)
    assert (item["box"], item["next_at"]) == ("scheduled", rfc3339(nine))
    bench.mail.answer = Delivery(status="retry", detail=NOW_TEXT)
    bench.clock.advance(9 * 24 * 3600)
    bench.office.desk.outbox.wake()
    # Its five days begin when it was to leave, not when it was written.
    await state_is(bench, later["message"]["id"], "retrying")


@pytest.mark.parametrize("days", [-1, 0, 400])
async def test_a_moment_that_is_past_or_far_away_is_refused(bench: Bench, days: int) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    moment = rfc3339(bench.clock.now() + timedelta(days=days))
    with pytest.raises(BadRequestError) as refused:
        await bench.run(ann, "interaction.send", interaction=interaction, text="x", send_at=moment)
    assert refused.value.field == "send_at"
    assert bench.state_of(interaction) == State.ACTIVE


async def test_after_a_stop_everything_due_leaves_in_order(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    bench.mail.answer = Delivery(status="retry", detail=NOW_TEXT)
    sent = [await write(bench, ann, interaction, str(n)) for n in range(3)]
    await state_is(bench, sent[0], "retrying")
    # As a crash in the middle of an attempt leaves it: under a lease that nobody holds any more.
    await bench.office.close()
    lease = bench.clock.now() + timedelta(minutes=10)
    await bench.store.write(
        lambda conn: conn.execute(
            s.outbox.update().where(s.outbox.c.message_id == sent[0]).values(state="sending", lease_until=lease)
        )
    )
    bench.clock.advance(3600)
    second = await open_bench(bench.store, bench.clock, bench.folder)
    for one in sent:
        await state_is(second, one, "sent")
    assert [one.payload for one in second.mail.delivered] == [b"0", b"1", b"2"]
    assert await second.store.read(outbox_rows.waiting) == 0
    await second.office.close()


async def scheduled(bench: Bench) -> tuple[Actor, str, str]:
    """Return an agent, a contact in hand, and a letter in it that leaves in ten seconds."""
    ann = await bench.agent("ann")
    await bench.ready(ann)
    interaction = await taken(bench, ann, "li@example.cn", "k1")
    moment = rfc3339(bench.clock.now() + timedelta(seconds=10))
    message = await write(bench, ann, interaction, "later", send_at=moment)
    bench.clock.advance(1)
    return ann, interaction, message


async def held_item(bench: Bench, actor: Actor) -> dict[str, Any]:
    """Let the moment come; return how the letter stands in its author's outbox."""
    bench.clock.advance(10)
    bench.office.desk.outbox.wake()
    for _ in range(1000):
        items = await bench.store.read(
            lambda conn: outbox_reads.listed(conn, actor.id, datetime(2020, 1, 1, tzinfo=UTC))
        )
        if items and items[0]["box"] == "held":
            return items[0]
        await asyncio.sleep(0.01)
    pytest.fail("it is not held")


async def test_a_letter_that_the_customer_overtook_is_held_until_its_author_decides(bench: Bench) -> None:
    ann, interaction, message = await scheduled(bench)
    await bench.run(ann, "interaction.park", interaction=interaction)
    await bench.store.write(lambda conn: conn.execute(update(s.message).values(provider_id="<m@x>")))
    await bench.mail_in("li@example.cn|Re: S|never mind", "k2", references=["<m@x>"])
    await bench.until(lambda: bench.state_of(interaction) != "parked", "the customer's word")
    item = await held_item(bench, ann)
    assert (item["detail"], item["next_at"], item["state"]) == ("customer_wrote", None, "held")
    view = await bench.store.read(lambda conn: messages.get(conn, message))
    assert view["delivery_state"] == "held"
    assert bench.mail.delivered == []
    # It leaves when its author says so, and is not held again.
    await bench.run(ann, "outbox.again", message=message)
    await bench.until(lambda: len(bench.mail.delivered) == 1, "the delivery")


async def test_a_letter_about_what_somebody_else_ended_is_held_and_can_be_taken_back(bench: Bench) -> None:
    ann, interaction, message = await scheduled(bench)
    bob = await bench.agent("bob")
    await bench.ready(bob)
    await bench.run(ann, "interaction.transfer", interaction=interaction, to_agent=bob.id)
    (offer,) = await bench.until(lambda: bench.offers_of(bob), "the offer")
    await bench.run(bob, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(bob, "interaction.close_as", interaction=interaction, reason="no_reply_needed")
    assert (await held_item(bench, ann))["detail"] == "closed_by_other"
    back = await bench.run(ann, "outbox.cancel", message=message)
    assert back["content"]["text"] == "later"
    assert bench.mail.delivered == []


async def test_a_letter_whose_author_ended_the_contact_leaves(bench: Bench) -> None:
    ann, interaction, _message = await scheduled(bench)
    await bench.run(ann, "interaction.complete", interaction=interaction)
    bench.clock.advance(10)
    bench.office.desk.outbox.wake()
    await bench.until(lambda: len(bench.mail.delivered) == 1, "the delivery")
