"""Since when a customer waits for an answer: from their first unanswered message on, over a restart, until somebody answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contactd.core.message import NewMessage
from contactd.desk.book import Entry
from tests.desk.bench import Bench


async def read_back(bench: Bench, ident: str) -> Entry:
    """Return an open contact as another start would read it."""
    made = await bench.office.inbox._recovery.entry(ident)
    assert made is not None
    return made


async def test_a_chat_waits_from_its_first_unanswered_line_until_it_is_answered(bench: Bench) -> None:
    ann = await bench.agent("ann")
    receipt = await bench.chat_in("Hello?", "v1")
    ident = receipt.interaction

    def waits() -> tuple[int, Any]:
        entry = bench.office.desk.entry(ident)
        return entry.unread, entry.unanswered_since

    began = bench.clock.now()
    assert waits() == (1, began)
    bench.clock.advance(timedelta(seconds=4))
    await bench.chat.tools.joined(ident, NewMessage(direction="inbound", sender="v", text="Anybody?"))
    assert waits() == (2, began)
    assert bench.office.desk.entry(ident).view()["unanswered_since"] is not None
    made = await read_back(bench, ident)
    assert (made.unread, made.unanswered_since, made.last_message) == (2, began, "Anybody?")

    await bench.ready(ann)
    (offer,) = await bench.until(lambda: bench.offers_of(ann), "the offer")
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.send", interaction=ident, text="Here I am.")
    assert waits() == (0, None)
    assert (await read_back(bench, ident)).unanswered_since is None
    bench.clock.advance(timedelta(seconds=3))
    await bench.chat.tools.joined(ident, NewMessage(direction="inbound", sender="v", text="Good."))
    assert waits() == (1, bench.clock.now())
