"""Taking over a table of customers: what a row costs the processor, apart for reading it and for all of it.

    python -m bench.imports [--rows 3000] [--postgres URL] [--profile]

Wall time says little on a machine that others work on, so what is printed is the processor time of this process, its writer's
thread with it (a PostgreSQL server's own is not in it); what the wall's clock makes of it stands behind. Three runs over the
same customers: all new, all known with nothing to change, and all known with a city that changed.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

from contactd.app import settle_memory
from contactd.clock import SystemClock
from contactd.core.newcomer import TakeOver
from contactd.crm_store import import_rows
from contactd.crm_store.store import Store
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.record import Rules, understand
from contactd.desk.exchange.sheet import open_sheet
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents

COLUMNS = {
    "姓名": "name",
    "手机": "mobile",
    "公司": "organisation",
    "邮箱": "email",
    "客户编号": "external_id",
    "城市": "city",
}
CITIES = ("郑州", "洛阳")


def table(folder: Path, name: str, rows: int, *, work: bool, city: str) -> Path:
    """Write a table as an office keeps it: a mobile and a mail address each; with `work`, ten people to a company."""
    path = folder / name
    with path.open("w", encoding="utf-8") as file:
        print(",".join(COLUMNS), file=file)
        for n in range(rows):
            firm = f"郑州{n // 10}厂" if work else ""
            print(f"张三{n},138{n:08d},{firm},a{n}@x{n % 97}.example,K{n},{city}", file=file)
    return path


def reading(path: Path) -> float:
    """Read and understand a table; return the seconds of the processor."""
    began = time.process_time()
    sheet = open_sheet(path)
    for line in sheet.lines:
        understand(line, sheet.headers, COLUMNS, Rules())
    return time.process_time() - began


async def taking(store: Store, path: Path, policy: str) -> tuple[float, float, dict[str, int]]:
    """Take a table over; return the seconds of the processor, those on the wall, and what became of the rows."""
    clock = SystemClock()
    importing = Importing(store, clock, Idents(clock), "bench")
    began, wall = time.process_time(), time.perf_counter()
    _, counts = await importing.run(Wish(path=path, options=TakeOver(policy=policy)), lambda _one: None)
    return time.process_time() - began, time.perf_counter() - wall, counts


async def measure(folder: Path, given: argparse.Namespace) -> None:
    """Take tables over and print what a row took."""
    for work in (False, True):
        url = given.postgres or f"sqlite:///{folder}/bench{work:d}.db"
        store = Store.open(url, folder / "blobs")
        first = table(folder, f"first{work:d}.csv", given.rows, work=work, city=CITIES[0])
        again = table(folder, f"again{work:d}.csv", given.rows, work=work, city=CITIES[1])
        print(f"{'with' if work else 'without'} companies: reading {tell(reading(first), given.rows)}")
        for word, path, policy in (("new", first, "fill"), ("known", first, "points"), ("changed", again, "fill")):
            spent, wall, counts = await taking(store, path, policy)
            print(f"  {word:8} {tell(spent, given.rows)}  wall {given.rows / wall:5.0f} rows/s  {counts}", flush=True)
        await store.close()


def tell(seconds: float, rows: int) -> str:
    """Say what a row takes."""
    return f"{seconds / rows * 1e6:6.0f} µs a row, {rows / seconds:7.0f} rows/s"


def profiled() -> cProfile.Profile:
    """Profile the writer's units, which run on a thread of their own."""
    profile, plain = cProfile.Profile(), import_rows.take_over

    def take_over(*args: Any, **named: Any) -> Any:
        return profile.runcall(plain, *args, **named)

    import_rows.take_over = take_over
    return profile


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    # As in a server: what the start has made is out of the way of the garbage collector.
    settle_memory()
    profile = profiled() if given.profile else None
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
