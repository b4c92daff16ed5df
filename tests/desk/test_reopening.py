"""When an answer takes up a conversation that ended, and when it is too late for that: the line says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contactd.crm_store import interactions
from contactd.crm_store.store import Store
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench

LI = "li@example.cn"


async def ended(bench: Bench, ann: Actor) -> str:
    """Return a turn that was worked on and ended."""
    receipt = await bench.mail_in(f"{LI}|x|one", "one", id="<one@x>")
    (offer,) = await bench.until(lambda: bench.offers_of(ann), "offer")
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.complete", interaction=receipt.interaction)
    return receipt.interaction


async def view(bench: Bench, interaction: str) -> dict[str, Any]:
    await bench.until(lambda: bench.state_of(interaction) in {"queued", "offered"}, "placing")
    return await bench.store.read(lambda conn: interactions.get(conn, interaction))


@pytest.mark.parametrize(("days", "after", "same"), [(30.0, 29, True), (30.0, 31, False), (0.0, 3000, True)])
async def test_an_answer_takes_up_its_conversation_as_long_as_the_line_says(
    store: Store, clock: ManualClock, tmp_path: Path, days: float, after: int, same: bool
) -> None:
    bench = await open_bench(store, clock, tmp_path, {"lines": {"support": {"reopen_days": days}}})
    try:
        ann = await bench.agent("ann")
        await bench.ready(ann)
        first = await ended(bench, ann)
        clock.advance(timedelta(days=after))
        answer = await bench.mail_in(f"{LI}|Re: x|two", "two", id="<two@x>", references=["<one@x>"])
        old, new = (
            await bench.store.read(lambda conn: interactions.get(conn, first)),
            await view(bench, answer.interaction),
        )
        assert (new["thread"] == old["thread"]) is same
        assert new["parent_id"] == first
        assert not new["unverified"]
        # What answers the new one belongs to the new one.
        await bench.mail_in(f"{LI}|Re: x|three", "three", id="<three@x>", references=["<one@x>", "<two@x>"])
        entry = bench.office.desk.book.get(answer.interaction)
        assert entry is not None
        await bench.until(lambda: entry.last_message == "three", "joining")
    finally:
        await bench.office.close()
