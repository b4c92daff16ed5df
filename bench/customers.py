"""The customer store under load: look-up, card, search, merge and undo, at one size after the other.

    python bench/customers.py [--parties 1000 10000] [--messages 2] [--rounds 200] [--postgres URL]

`--messages` is messages for each party.  Each size is built anew (parties with two contact points each, one contact with its
messages for each party and more for the first), indexed by the same code as in the server, and measured by the same functions the
REST interface calls.  Printed: milliseconds at the 50th and 99th of a hundred and of the
processor (which says something on a busy machine, too), rows a second while building, bytes on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from contactd.core.address import email, phone_point
from contactd.core.ids import RANDOM_BYTES, uuid7
from contactd.crm_store import (
    claims,
    customer,
    match_rows,
    merging,
    parties,
    search_docs,
    search_hits,
    timeline,
    unmerging,
)
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store, WriteConn

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高", "伟芳娜敏静强磊军洋勇艳杰娟涛明超霞平刚桂英华"
TEXTS = (
    "您好，收到的盖碗碎了，请尽快补发一个。",
    "发票抬头需要修改，麻烦重新开具。",
    "我要投诉送货太慢，订单 INV-2024-{n:06}。",
    "想了解一下团购价格，谢谢。",
)
BATCH = 40


class Town:
    """Makes rows by the store's own functions."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.dice = Random(seed)
        self.made = 0
        self.parties: list[str] = []

    def ident(self) -> str:
        """Make an id, later ones sorting later."""
        self.made += 1
        return uuid7(1_700_000_000_000 + self.made, self.dice.randbytes(RANDOM_BYTES))

    def one(self, conn: WriteConn, messages: int) -> None:
        """Make a party with two addresses and one contact."""
        name = self.dice.choice(SURNAMES) + "".join(self.dice.choices(GIVEN, k=2))
        party, n = self.ident(), len(self.parties)
        parties.create(conn, party, {"kind": "person", "display_name": name}, now=NOW, actor=None)
        for point in (phone_point(f"13{n:09}"), email(f"c{n}@example.com")):
            assert point is not None
            known = claims.point_id(conn, self.ident(), point, now=NOW)
            claims.claim(conn, self.ident(), known, party, level="asserted", source="import", now=NOW)
        self.contact(conn, party, n, messages)
        self.parties.append(party)

    def contact(self, conn: WriteConn, party: str, n: int, messages: int) -> None:
        """Make a contact with its messages."""
        ident, at = self.ident(), NOW - timedelta(minutes=self.dice.randrange(500_000))
        row = {"id": ident, "channel": "email", "direction": "inbound", "adapter": "import", "external_key": ident}
        row |= {"line": "support", "state": "closed", "party_id": party, "resolve_state": "known", "subject": "咨询"}
        row |= dict.fromkeys(("state_since", "started_at", "queued_at", "ended_at", "created_at", "updated_at"), at)
        conn.execute(insert(s.interaction).values(**row))
        for seq in range(1, messages + 1):
            text = TEXTS[self.dice.randrange(len(TEXTS))].format(n=n)
            said = {"id": self.ident(), "interaction_id": ident, "seq": seq, "direction": "inbound", "body_text": text}
            conn.execute(insert(s.message).values(**said, at=at))


async def timed(rounds: int, act: Callable[[int], Awaitable[Any]]) -> tuple[float, float, float]:
    """Return the median, the 99th of a hundred, and the processor's time of one, in milliseconds."""
    taken, spent = [], time.process_time()
    for n in range(rounds):
        began = time.perf_counter()
        await act(n)
        taken.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - spent) * 1000 / rounds
    return statistics.median(taken), sorted(taken)[int(len(taken) * 0.99)], cpu


async def build(town: Town, size: int, messages: int) -> float:
    """Fill the store; return parties a second."""
    began = time.perf_counter()
    for at in range(0, size, BATCH):
        count = min(BATCH, size - at)
        await town.store.write(lambda conn, count=count: [town.one(conn, messages) for _ in range(count)] and None)
    first = town.parties[0]
    await town.store.write(lambda conn: [town.contact(conn, first, n, 1) for n in range(100)] and None)
    return size / (time.perf_counter() - began)


async def index(town: Town) -> float:
    """Index and compare everything; return documents a second."""
    store, began, docs = town.store, time.perf_counter(), 0
    while await store.write(lambda conn: search_docs.index_parties(conn, NOW), bulk=True):
        docs += search_docs.BATCH
    after: str | None = ""
    while after is not None:
        at = after
        missing, after = await store.read(lambda conn, at=at: search_docs.unindexed(conn, at))
        for begin in range(0, len(missing), search_docs.BATCH):
            some = missing[begin : begin + search_docs.BATCH]
            await store.write(lambda conn, some=some: search_docs.index_messages(conn, some, NOW), bulk=True)
            docs += len(some)
    while await store.write(lambda conn: match_rows.match_some(conn, NOW, town.ident), bulk=True):
        pass
    return docs / (time.perf_counter() - began)


async def measure(town: Town, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Measure what a screen asks."""
    store, dice, found = town.store, Random(7), town.parties

    async def lookup(_n: int) -> None:
        point = phone_point(f"13{dice.randrange(len(found)):09}")
        assert point is not None
        await store.read(lambda conn: customer.of_point(conn, point))

    async def card(n: int) -> None:
        party = found[0] if n % 2 else dice.choice(found)
        await store.read(lambda conn: (parties.get(conn, party), timeline.page(conn, party, limit=50)))

    async def search(query: str, kind: str) -> None:
        await store.read(lambda conn: search_hits.search(conn, query, kinds=[kind]))

    async def merge(n: int) -> None:
        a, b = found[2 * n + 1], found[2 * n + 2]
        op = town.ident()
        await store.write(lambda conn: merging.merge(conn, op, a, [b], choices={}, reason="", actor="x", now=NOW))
        await store.write(lambda conn: unmerging.undo(conn, op, actor="x", now=NOW))

    return {
        "lookup by phone": await timed(rounds, lookup),
        "card with 50 items": await timed(rounds, card),
        "search 投诉 in messages": await timed(rounds, lambda _n: search("投诉", "message")),
        "search 盖碗 发票 (none)": await timed(rounds, lambda _n: search("盖碗 发票", "message")),
        "search a name": await timed(rounds, lambda _n: search(dice.choice(SURNAMES) + dice.choice(GIVEN), "party")),
        "search initials": await timed(rounds, lambda _n: search("zwl", "party")),
        "merge and undo": await timed(min(rounds, (len(found) - 3) // 2), merge),
    }


def size_of(folder: Path) -> int:
    """Return the bytes of the database's files."""
    return sum(file.stat().st_size for file in folder.glob("bench.db*"))


async def run(arguments: argparse.Namespace) -> None:
    """Measure each size in a store of its own."""
    for size in arguments.parties:
        with tempfile.TemporaryDirectory() as folder:
            url = arguments.postgres or f"sqlite:///{folder}/bench.db"
            store = Store.open(url, Path(folder) / "blobs")
            town = Town(store, size)
            built = await build(town, size, arguments.messages)
            indexed = await index(town)
            figures = await measure(town, arguments.rounds)
            await store.close()
            disk = await asyncio.to_thread(size_of, Path(folder))
            contacts = size + 100
            print(
                f"\n{size} parties, {size * arguments.messages + 100} messages ({'PostgreSQL' if arguments.postgres else 'SQLite'})"
            )
            print(
                f"  built {built:.0f} parties/s, indexed {indexed:.0f} documents/s, {disk / contacts:.0f} bytes a contact"
            )
            for name, (middle, late, cpu) in figures.items():
                print(f"  {name:28} p50 {middle:8.2f} ms   p99 {late:8.2f} ms   processor {cpu:8.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parties", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--messages", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--postgres", default="", help="URL of an empty database (one size only)")
    asyncio.run(run(parser.parse_args()))
