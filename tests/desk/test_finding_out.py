"""What is looked up about an arrival before it is read: nobody waits for another's, and nothing is lost when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import pytest

from contactd.core.channel import Arrival, Content
from contactd.core.message import NewMessage
from contactd.crm_store import messages
from tests.desk.bench import Bench


def read(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Tell what was found out."""
    text = f"{raw.decode()} {envelope.get('found', '-')} {envelope.get('house', '-')}"
    return Content(messages=(NewMessage(direction="inbound", sender="a@b.example", text=text),))


class Lookups:
    """A channel's look-ups, which a test answers."""

    def __init__(self, bench: Bench) -> None:
        self.asked: dict[bytes, asyncio.Future[str]] = {}
        self.bench = bench
        reading = bench.office.reading
        reading.readers["email"] = read
        reading.settings["email"] = {"house": "ours"}
        reading.finding_out.examiners["email"] = self.examine

    def examine(self, arrival: Arrival) -> Coroutine[Any, Any, Mapping[str, Any]] | None:
        return self.find(arrival.raw) if arrival.raw.startswith(b"slow") else None

    async def find(self, raw: bytes) -> Mapping[str, Any]:
        self.asked[raw] = asyncio.get_running_loop().create_future()
        return {"found": await self.asked[raw]}

    async def mail(self, text: str) -> str:
        receipt = await self.bench.mail_in(text, text)
        return receipt.interaction

    async def text(self, interaction: str) -> str:
        await self.bench.until(lambda: self.bench.state_of(interaction) == "queued", "reading")
        found = await self.bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
        return str(found[0]["text"])


@pytest.fixture
def lookups(bench: Bench) -> Lookups:
    return Lookups(bench)


async def test_nobody_waits_for_what_is_looked_up_about_another(lookups: Lookups) -> None:
    slow = await lookups.mail("slow 1")
    await lookups.bench.until(lambda: lookups.asked, "asking")
    plain = await lookups.mail("plain")
    assert await lookups.text(plain) == "plain - ours"
    assert lookups.bench.state_of(slow) != "queued"
    lookups.asked[b"slow 1"].set_result("known")
    assert await lookups.text(slow) == "slow 1 known ours"
    assert lookups.bench.office.reading.finding_out.waiting == 0


async def test_what_cannot_be_looked_up_is_read_all_the_same(lookups: Lookups) -> None:
    slow = await lookups.mail("slow 2")
    await lookups.bench.until(lambda: lookups.asked, "asking")
    lookups.asked[b"slow 2"].set_exception(OSError("no network"))
    assert await lookups.text(slow) == "slow 2 - ours"


async def test_beyond_what_can_be_looked_up_at_a_time_mail_is_read_without(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contactd.desk.finding_out.MOST", 1)
    await lookups.mail("slow 3")
    await lookups.bench.until(lambda: lookups.asked, "asking")
    assert await lookups.text(await lookups.mail("slow 4")) == "slow 4 - ours"
