"""One answer to many who wait: counted, undone, given; what moved meanwhile is left alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from contactd.core.errors import ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import interactions, messages
from contactd.crm_store.bulk_rows import Item
from contactd.crm_store.sight import Sight
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

STEPS_OF_ONE = 3
"""taken, answered, done"""
TEXT = "{subject}: the outage is over, says {agent_name}. {{7*7}}"


async def waiting(bench: Bench, number: int, subject: str = "Outage") -> list[str]:
    """Let so many mails stand in line; return their interactions."""
    found = []
    for n in range(number):
        bench.clock.advance(0.01)
        receipt = await bench.mail_in(
            f"c{n}@example.cn|{subject} {n}|Is it down?", f"{subject}-{n}", id=f"<{subject}{n}@x>"
        )
        await bench.until(lambda here=receipt.interaction: bench.state_of(here) == "queued", "the line")
        found.append(receipt.interaction)
    return found


async def boss(bench: Bench) -> Actor:
    sue = await bench.agent("sue", role="supervisor")
    await bench.run(sue, "agent.set_intent", intent="not_ready")
    return sue


async def begin(bench: Bench, actor: Actor, **data: Any) -> dict[str, Any]:
    count = (await bench.run(actor, "bulk.count", **data))["count"]
    return await bench.run(actor, "bulk.answer", text=TEXT, expect=count, undo_s=30, **data)


async def test_many_are_counted_first_and_answered_after_the_time_to_undo(bench: Bench) -> None:
    sue = await boss(bench)
    mails = await waiting(bench, 3)
    (other,) = await waiting(bench, 1, "Invoice")
    found = await bench.run(sue, "bulk.count", contains="OUTAGE")
    assert (found["count"], [one["id"] for one in found["sample"]]) == (3, mails)
    batch = await begin(bench, sue, contains="outage")
    assert (batch["state"], bench.mail.delivered) == ("waiting", [])
    bench.clock.advance(31)
    bench.office.commands.bulk.wake()
    done = await _done(bench, sue, batch["batch"])
    assert (done["answered"], done["skipped"]) == (3, {})
    await bench.until(lambda: len(bench.mail.delivered) == 3, "the deliveries")
    assert {one.meta["destination"] for one in bench.mail.delivered} == {f"c{n}@example.cn" for n in range(3)}
    assert bench.state_of(other) == "queued"
    for ident in mails:
        view = await bench.store.read(lambda conn, here=ident: interactions.get(conn, here))
        assert (view["state"], view["outcome"], view["agent"]) == ("closed", "handled", sue.id)
    said = await bench.store.read(lambda conn: messages.of_interaction(conn, mails[0]))
    # Nothing else in braces is ever worked out.
    assert said[-1]["text"] == "Outage 0: the outage is over, says Sue. {{7*7}}"


async def test_a_narrow_scope_reaches_only_its_own_customers(bench: Bench) -> None:
    sue = await boss(bench)
    mails = await waiting(bench, 3)
    far, near = (replace(sue, sight=Sight(agent=sue.id, interaction=reach)) for reach in ("own", "all"))
    assert (await bench.run(near, "bulk.count"))["count"] == len(mails)
    assert await bench.run(far, "bulk.count") == {"count": 0, "sample": []}
    with pytest.raises(ConflictError):
        await bench.run(far, "bulk.answer", text=TEXT, expect=len(mails), undo_s=30)


async def test_nobody_is_greeted_by_a_place_that_is_open(bench: Bench) -> None:
    sue = await boss(bench)
    (mail,) = await waiting(bench, 1)
    batch = await bench.run(sue, "bulk.answer", text="Dear {customer_name}", expect=1, undo_s=0)
    bench.office.commands.bulk.wake()
    done = await _done(bench, sue, batch["batch"])
    assert (done["answered"], done["skipped"], bench.state_of(mail)) == (0, {"open_place": 1}, "queued")
    assert bench.mail.delivered == []


async def test_a_batch_that_is_undone_never_happened(bench: Bench) -> None:
    sue = await boss(bench)
    mails = await waiting(bench, 2)
    batch = await begin(bench, sue)
    assert (await bench.run(sue, "bulk.undo", batch=batch["batch"]))["state"] == "undone"
    bench.clock.advance(60)
    later = await begin(bench, sue, contains="outage 1")
    bench.clock.advance(60)
    bench.office.commands.bulk.wake()
    await _done(bench, sue, later["batch"])
    await bench.until(lambda: bench.state_of(mails[1]) is None, "the end of what was answered")
    assert bench.state_of(mails[0]) == "queued"
    with pytest.raises(ConflictError) as refused:
        await bench.run(sue, "bulk.undo", batch=later["batch"])
    assert refused.value.code == "too_late"


async def test_what_moved_meanwhile_is_left_alone(bench: Bench) -> None:
    sue = await boss(bench)
    taken, wrote, rest = await waiting(bench, 3)
    batch = await begin(bench, sue)
    await bench.run(sue, "interaction.pull", interaction=taken)
    bench.clock.advance(5)
    await bench.mail_in("c1@example.cn|Outage 1|Forget it", "more", id="<more@x>", references=["<Outage1@x>"])
    await bench.until(lambda: bench.office.desk.entry(wrote).unread, "the second mail")
    bench.clock.advance(26)
    bench.office.commands.bulk.wake()
    done = await _done(bench, sue, batch["batch"])
    assert (done["answered"], done["skipped"]) == (1, {"moved": 1, "unseen": 1})
    assert (bench.state_of(taken), bench.state_of(wrote), bench.state_of(rest)) == ("active", "queued", None)


async def test_what_goes_while_it_is_put_back_stops_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sue = await boss(bench)
    (first, _) = await waiting(bench, 2)
    batch = await begin(bench, sue)
    bulk, dispatcher = bench.office.commands.bulk, bench.office.desk.dispatcher
    send, submit = bulk._sending.send, dispatcher.submit

    async def refuses(actor: str, data: Any, **how: Any) -> Any:
        if data["interaction"] == first:
            text = "not this one"
            raise ConflictError(text, code="unseen")
        return await send(actor, data, **how)

    async def gone(fact: Any, *given: Any, **how: Any) -> Any:
        if getattr(fact, "action", "") == "requeue":
            text = "it is not there any more"
            raise NotFoundError(text)
        return await submit(fact, *given, **how)

    monkeypatch.setattr(bulk._sending, "send", refuses)
    monkeypatch.setattr(dispatcher, "submit", gone)
    bench.clock.advance(31)
    bulk.wake()
    done = await _done(bench, sue, batch["batch"])
    assert (done["answered"], done["skipped"]) == (1, {"unseen": 1})


async def test_only_who_may_and_only_what_was_counted(bench: Bench) -> None:
    sue, ann = await boss(bench), await bench.agent("ann")
    bob = await bench.agent("bob", role="supervisor")
    await waiting(bench, 1)
    for command in ("bulk.count", "bulk.status", "bulk.undo", "bulk.answer"):
        with pytest.raises(ForbiddenError):
            await bench.run(ann, command, batch="b", text="x", expect=1, undo_s=0)
    with pytest.raises(ConflictError) as refused:
        await bench.run(sue, "bulk.answer", text="x", expect=2, undo_s=30)
    assert refused.value.code == "changed"
    with pytest.raises(ConflictError) as refused:
        await bench.run(bob, "bulk.answer", text="x", expect=1, undo_s=30)
    assert refused.value.code == "signed_out"
    batch = await begin(bench, sue)
    with pytest.raises(NotFoundError):
        await bench.run(bob, "bulk.undo", batch=batch["batch"])


async def test_a_restart_goes_on_where_it_was_and_answers_nobody_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sue = await boss(bench)
    mails = await waiting(bench, 4)
    batch = await begin(bench, sue)
    bulk = bench.office.commands.bulk
    steps = 0
    step = bulk._step

    async def some(item: Item) -> None:
        """Die in the middle: one is answered and not ended, the next is only taken."""
        nonlocal steps
        steps += 1
        if steps > STEPS_OF_ONE + 1:
            await asyncio.Event().wait()
        await step(item)

    monkeypatch.setattr(bulk, "_step", some)
    bench.clock.advance(31)
    bulk.wake()
    await bench.until(lambda: steps > STEPS_OF_ONE + 1, "the middle")
    await bench.office.close()
    after = await open_bench(bench.store, bench.clock, bench.folder)
    try:
        done = await _done(after, sue, batch["batch"])
        assert (done["answered"], done["skipped"]) == (4, {})
        for ident in mails:
            said = await after.store.read(lambda conn, here=ident: messages.of_interaction(conn, here))
            assert [one["direction"] for one in said] == ["inbound", "outbound"]
            view = await after.store.read(lambda conn, here=ident: interactions.get(conn, here))
            assert (view["state"], view["outcome"]) == ("closed", "handled")
    finally:
        await after.office.close()


async def test_a_batch_that_has_begun_is_stopped_where_it_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sue = await boss(bench)
    mails = await waiting(bench, 3)
    batch = await begin(bench, sue)
    bulk, undone = bench.office.commands.bulk, False
    step = bulk._step

    async def one_then_stop(item: Item) -> None:
        nonlocal undone
        if item.interaction == mails[1] and not undone:
            await bench.run(sue, "bulk.undo", batch=batch["batch"])
            await step(item)
            undone = True
            return
        await step(item)

    monkeypatch.setattr(bulk, "_step", one_then_stop)
    bench.clock.advance(31)
    bulk.wake()
    await bench.until(lambda: undone, "the undo")
    view = await bench.run(sue, "bulk.status", batch=batch["batch"])
    assert (view["state"], view["answered"], view["left"], view["count"]) == ("undone", 1, 2, 3)
    assert [bench.state_of(one) for one in mails] == [None, "queued", "queued"]
    listed = await bench.run(sue, "bulk.list")
    assert [one["batch"] for one in listed["items"]] == [batch["batch"]]


async def _done(bench: Bench, actor: Actor, batch: str) -> dict[str, Any]:
    """Wait until a batch is done; return its view."""
    for _ in range(1000):
        view = await bench.run(actor, "bulk.status", batch=batch)
        if view["state"] == "done":
            return view
        await asyncio.sleep(0.01)
    pytest.fail("the batch is not done")
