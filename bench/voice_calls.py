"""Calls on a whole server: from the PBX's event to the agent's pop, a thousand calls kept at once, a recorded burst at speed.

    python bench/voice_calls.py [--pops 200] [--calls 1000] [--speed 50]

`contactd serve` with its defaults in a process of its own; the PBX is the scripted one of the tests, over real sockets.

`pop` is the time from the moment the PBX tells of a caller to the frame `offer.created` at the agent's console: subscription,
answer and music on the PBX, the commit and the customer's look-up lie in between; painting does not.  `kept`: callers who wait,
with nobody ready; memory is the resident set of the server; all hang up again, and every one must be known as gone.  `burst`:
the recorded manager stream of twenty queue calls, played to the server so many times as fast as it was; every call must be there
as its truth file says.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
houses: Any = importlib.import_module("tests.integration.house")
soak: Any = importlib.import_module("bench.soak")
pbxs: Any = importlib.import_module("contactd.testing.pbx")
recordings: Any = importlib.import_module("tests.channels.voice.recordings")
LONG_S = 300.0
BURST = "burst20"


async def until(condition: Callable[[], object]) -> None:
    """Wait for something the sockets bring about."""
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110 - the condition is any, no event tells of it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def server(**settings: Any) -> AsyncIterator[Any]:
    """Start a house with one agent."""
    with tempfile.TemporaryDirectory() as folder:
        house = houses.House(Path(folder), **settings, **{"limits.workers": 1})
        await asyncio.to_thread(house.add_user, "ann", "agent", "--device", "PJSIP/1001")
        await asyncio.to_thread(house.add_user, "chen", "supervisor")
        await asyncio.to_thread(house.start)
        try:
            yield house
        finally:
            house.close()


def of_pbx(pbx: Any) -> dict[str, Any]:
    """Return what a house is told about the PBX."""
    return {
        "channels.voice.ari.url": pbx.ari_url,
        "channels.voice.ari.username": pbx.username,
        "channels.voice.ari.password": pbx.secret,
    }


async def pops(pbx: Any, house: Any, count: int) -> list[float]:
    """Let callers come one after another to an agent who is ready; return how long each took to be on the console, in ms."""
    ann = await houses.Console.log_in(house, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    found = []
    for n in range(count):
        seen = len(ann.events)
        began = time.perf_counter()
        caller = await pbx.call(f"138{n:08d}", "400800006")
        await until(lambda seen=seen: any(each["event"] == "offer.created" for each in ann.events[seen:]))
        found.append((time.perf_counter() - began) * 1000)
        caller.hangup()
        await until(lambda seen=seen: any(each["event"] == "offer.ended" for each in ann.events[seen:]))
    await ann.run("agent.set_intent", intent="not_ready", reason=None)
    await ann.close()
    return found


async def kept(pbx: Any, house: Any, count: int) -> None:
    """Let so many callers wait at once, and then leave."""
    chen = await houses.Console.log_in(house, "chen")
    before = soak.memory(house.process.pid)
    began = time.perf_counter()
    callers = [await pbx.call(f"139{n:08d}", "400800006") for n in range(count)]

    async def waiting() -> int:
        lines = (await chen.get("/queue?limit=1"))["lines"]
        return sum(int(each["waiting"]) for each in lines)

    async with asyncio.timeout(LONG_S):
        while await waiting() < count:  # noqa: ASYNC110 - it is asked of a server
            await asyncio.sleep(0.2)
    took, grown = time.perf_counter() - began, soak.memory(house.process.pid) - before
    print(
        f"kept: {count:,} callers wait after {took:.1f} s; memory +{grown / 2**20:.0f} MB, {grown / count / 1024:.0f} KB a call"
    )
    began = time.perf_counter()
    for caller in callers:
        caller.hangup()
    async with asyncio.timeout(LONG_S):
        while await waiting():  # noqa: ASYNC110 - it is asked of a server
            await asyncio.sleep(0.2)
    print(f"      all of them are known as gone {time.perf_counter() - began:.1f} s after they hung up together")
    await chen.close()


async def burst(speed: float) -> None:
    """Play a recorded stream to a server's manager connection, and hold what it made of it against the truth."""
    heard = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        last = None
        with suppress(ConnectionError, asyncio.CancelledError):
            for data, at in recordings.chunks(BURST):
                await asyncio.sleep(0 if last is None else (at - last).total_seconds() / speed)
                last = at
                writer.write(data)
                await writer.drain()
            heard.set()
            await reader.read()

    port = (listener := await asyncio.start_server(play, "127.0.0.1", 0)).sockets[0].getsockname()[1]
    account = {"host": "127.0.0.1", "port": port, "username": "x", "secret": "y"}
    async with server(**{f"channels.voice.ami.{key}": value for key, value in account.items()}) as house:
        chen = await houses.Console.log_in(house, "chen")
        began = time.perf_counter()
        await asyncio.wait_for(heard.wait(), LONG_S)
        calls: list[dict[str, Any]] = []
        async with asyncio.timeout(LONG_S):
            while len(calls) < 20 or any(call["state"] not in ("closed", "abandoned", "wrapup") for call in calls):
                await asyncio.sleep(0.2)
                calls = (await chen.get("/interactions?channel=voice&limit=100"))["items"]
        outcomes = Counter(str(call["outcome"]) for call in calls)
        took = time.perf_counter() - began
        print(f"burst: {len(calls)} calls at {speed:g} times their speed in {took:.1f} s: {dict(outcomes)}")
        if len(calls) != 20 or outcomes["answered"] != 17:
            sys.exit("wrong facts: the truth file says 20 calls, 17 answered")
        await chen.close()
    listener.close()


async def run(args: argparse.Namespace) -> None:
    """Measure and print."""
    pbx = pbxs.ScriptedPbx()
    await pbx.start()
    async with server(**of_pbx(pbx)) as house:
        await until(lambda: pbx.ari.connected)
        await pops(pbx, house, 10)
        found = sorted(await pops(pbx, house, args.pops))
        p50, p99 = statistics.median(found), found[min(len(found) - 1, round(len(found) * 0.99))]
        print(f"pop: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {found[-1]:.0f} ms, of {len(found)}")
        await kept(pbx, house, args.calls)
    await pbx.stop()
    await burst(args.speed)


def main() -> None:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pops", type=int, default=200)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=50.0)
    args = parser.parse_args()
    print(f"$ {' '.join(sys.argv)}   Python {platform.python_version()} on {platform.machine()}")
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
