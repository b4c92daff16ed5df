"""How long it takes to prove a recorded day: the journal read from the store, every fact decided again, every wish compared.

    .venv/bin/python bench/replay.py [--items 100000] [--agents 900] [--rounds 1]

A virtual day of calls, chats and mails with steps, languages, patience and wrap-up is written into the journal of an SQLite store
as the dispatcher writes it, and replayed by what `contactd replay` calls.  The issue asks for 100,000 items in 60 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from contactd.clock import SystemClock, from_ms
from contactd.core import effects, events
from contactd.core.journal import VERSION, encode, encode_wishes
from contactd.crm_store import policies
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.journal import Span, prove
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from contactd.routing.traffic import Stream, Team, Traffic, generate
from contactd.routing.virtual import VirtualDay

START = 1_793_500_200_000
HOUR = 3_600_000
HOURS = 10
POLICY: dict[str, Any] = {
    "lines": {
        "support": {"steps": [{"prefer": {"german": 5}, "seconds": 20}], "language": "prefer", "language_s": 20},
        "sales": {"base": 1, "strategy": "best_skill"},
        "billing": {"required": {"money": 3}},
    },
}
LANGUAGES = (("zh", 4.0), ("en", 1.0))


def traffic(items: int, agents: int) -> Traffic:
    """Draw a day of about so many items."""
    each = items / HOURS / 2
    calls = {"handle_s": 180, "wrap_s": 15, "patience_s": 180, "languages": LANGUAGES}
    streams = (
        Stream(line="support", channel="voice", counts=(each * 0.35,) * (2 * HOURS), **calls),
        Stream(line="sales", channel="voice", counts=(each * 0.15,) * (2 * HOURS), skills=(("german", 3),), **calls),
        Stream(line="support", channel="chat", counts=(each * 0.25,) * (2 * HOURS), handle_s=300, patience_s=240),
        Stream(line="billing", channel="email", counts=(each * 0.25,) * (2 * HOURS), handle_s=240),
    )
    hours = ((START, START + HOURS * HOUR),)
    parts = (
        Team(name="plain", count=agents // 2, hours=hours, languages=("zh",)),
        Team(name="german", count=agents // 4, hours=hours, skills=(("german", 6),), languages=("zh", "en")),
        Team(name="money", count=agents // 4, hours=hours, skills=(("german", 4), ("money", 5)), languages=("zh",)),
    )
    people = tuple(person for part in parts for person in part.people())
    return Traffic(contacts=generate(streams, START, 1), people=people, start=START, end=START + HOURS * HOUR)


def journal(day: Traffic) -> list[dict[str, Any]]:
    """Live the day and return the rows the dispatcher would have written."""
    policy = Policy.from_mapping(POLICY)
    rows = [_row(1, from_ms(START), "restart", {"v": VERSION, "epoch": 1, "policy": 1}, [])]

    def hear(fact: events.Fact | None, now: int, wishes: list[effects.Wish]) -> None:
        kind, payload = ("tick", {"v": VERSION}) if fact is None else (type(fact).__name__, encode(fact))
        rows.append(_row(virtual.router.seq, from_ms(now), kind, payload, encode_wishes(wishes)))

    virtual = VirtualDay(policy, day, hear)
    virtual.router = Router(policy, version=1, epoch=1, seq=1)
    virtual.run()
    return rows


def _row(seq: int, at: datetime, kind: str, payload: dict[str, Any], wishes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"seq": seq, "epoch": 1, "at": at, "kind": kind, "version": VERSION, "payload": payload, "wishes": wishes}


async def measure(folder: Path, items: int, agents: int, rounds: int) -> None:
    """Write the day down and prove it, so many times."""
    store = Store.open(f"sqlite:///{folder / 'contactd.sqlite'}", folder / "blobs", clock=SystemClock())
    day = traffic(items, agents)
    begin = time.perf_counter()
    rows = journal(day)
    lived = time.perf_counter() - begin
    await store.write(lambda conn: policies.publish(conn, POLICY, now=from_ms(START), actor=None))
    for place in range(0, len(rows), 2000):
        await store.write(lambda conn, some=rows[place : place + 2000]: conn.execute(insert(s.journal), some))
    taken, worked = [], []
    for _ in range(rounds):
        begin, busy = time.perf_counter(), time.process_time()
        report = await prove(store, Span(1, 1, rows[-1]["seq"]))
        taken.append(time.perf_counter() - begin)
        worked.append(time.process_time() - busy)
        assert report.difference is None, report.difference
        assert report.rows == len(rows)
    await store.close()
    size = sum(len(json.dumps(row["wishes"])) for row in rows[:5000]) / min(len(rows), 5000)
    print(
        f"{len(day.contacts)} items, {len(day.people)} agents, {len(rows)} journal rows of about {size:.0f} bytes of wishes"
    )
    print(f"lived and written in memory: {lived:.1f} s")
    print(f"proved: median {statistics.median(taken):.1f} s of {rounds} ({min(taken):.1f} to {max(taken):.1f})")
    print(f"        processor time: {statistics.median(worked):.1f} s")
    print(f"        {len(rows) / statistics.median(taken):,.0f} rows/s, {report.offers} offers, {report.wishes} wishes")


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--agents", type=int, default=900)
    options.add_argument("--rounds", type=int, default=1)
    said = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), said.items, said.agents, said.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
