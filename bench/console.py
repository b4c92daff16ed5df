"""From a committed fact to the event on an agent's socket: p50 and p99 with many consoles, and memory per console.

    python bench/console.py [--consoles 200] [--seconds 4] [--rate 200] [--rounds 5]

The server is the product's own: views, hub, socket server and listener on uvloop, one SQLite commit before each event.
The consoles live in a second process (real TCP, real WebSocket frames); both read the machine's monotonic clock.  The
peer, in the same run and interleaved with it, is a bare application on the same listener that sends the same bytes to
the same sockets with nothing between.  A second figure has every console hear of the floor ten times a second meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
import websockets
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect

from contactd.agent_ui.hub import Hub
from contactd.agent_ui.server import ConsoleServer
from contactd.clock import SystemClock
from contactd.crm_store import schema
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store
from contactd.desk.access import Access
from contactd.desk.changes import Changed, InteractionUpsert, LineSettings, MessageAdded, PolicyChanged
from contactd.desk.views import Views
from contactd.listener import Listener

STAMP = '"sent":'
VIEW = {
    "channel": "email",
    "direction": "inbound",
    "line": "support",
    "queued_at": None,
    "answered_at": None,
    "wait_s": 0,
}


class Nothing:
    """Stands where commands are carried out."""

    async def run(self, *_: Any) -> None:
        """Do nothing."""

    def console_seen(self, agent: str) -> None:
        """Do nothing."""

    def console_lost(self, agent: str) -> None:
        """Do nothing."""


@dataclass
class Bare:
    """The peer: sockets and nothing else."""

    sockets: dict[str, WebSocket] = field(default_factory=dict)

    async def endpoint(self, socket: WebSocket) -> None:
        """Hold one socket."""
        await socket.accept()
        self.sockets[socket.query_params["agent"]] = socket
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, KeyError, RuntimeError):
            return


def clients(pipe: Connection) -> None:
    """Be the consoles: open the sockets asked for, report how late each stamped event came; a process of its own."""
    uvloop.run(_clients(pipe))


async def _clients(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    while True:
        order = await loop.run_in_executor(None, pipe.recv)
        if order is None:
            return
        urls, headers = order
        late: list[float] = []
        tasks = [asyncio.create_task(_listen(url, header, late)) for url, header in zip(urls, headers, strict=True)]
        await asyncio.sleep(0)
        await loop.run_in_executor(None, pipe.recv)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        pipe.send(late)


async def _listen(url: str, headers: dict[str, str], late: list[float]) -> None:
    async with connect(url, additional_headers=headers, compression=None, close_timeout=0.1) as socket:
        await socket.send('{"type":"hello","protocol":1,"resume":null}')
        async for frame in socket:
            now = time.monotonic()
            _, found, rest = str(frame).partition(STAMP)
            if found:
                late.append(now - float(rest.partition("}")[0]))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something the sockets bring about."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on sockets
            await asyncio.sleep(0.02)


def resident() -> int:
    """Return this process's resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


async def tokens(store: Store, access: Access, count: int) -> list[str]:
    """Make agents, each with a token; return the tokens."""
    now = SystemClock().now()
    rows = [
        {"id": f"a{n}", "name": f"a{n}", "role": "agent", "languages": [], "created_at": now, "updated_at": now}
        for n in range(count)
    ]
    await store.write(lambda conn: conn.execute(insert(schema.agent).values(rows)))
    return [await access.add_token(f"t{n}", ["console"], agent=f"a{n}") for n in range(count)]


async def pump(store: Store, tell: Callable[[int, float], Awaitable[None]], rate: int, seconds: float) -> None:
    """Commit something and tell one agent of it, `rate` times a second."""
    begun = time.monotonic()
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
        await store.ping()
        await tell(n, time.monotonic())


@dataclass
class Bench:
    """One run."""

    store: Store
    consoles: int
    pipe: Connection
    given: argparse.Namespace

    async def measure(
        self, urls: list[str], headers: list[dict[str, str]], joined: Callable[[], int], tell: Any
    ) -> list[float]:
        """Connect, pump, disconnect; return how late each event was, in seconds."""
        loop = asyncio.get_running_loop()
        self.pipe.send((urls, headers))
        await until(lambda: joined() == self.consoles)
        await asyncio.sleep(0.3)
        await pump(self.store, tell, self.given.rate, self.given.seconds)
        await asyncio.sleep(0.3)
        self.pipe.send("enough")
        late: list[float] = await loop.run_in_executor(None, self.pipe.recv)
        await until(lambda: joined() == 0)
        return late


async def bench(given: argparse.Namespace, pipe: Connection) -> None:
    """Run everything and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        store = Store.open(f"sqlite:///{folder}/b.db", Path(folder) / "blobs")
        access = Access(store, clock)
        views = Views()
        views.apply(
            [PolicyChanged(version=1, lines=tuple(LineSettings(line=f"line{n}") for n in range(10)))], clock.now()
        )
        hub = Hub(views, Nothing(), clock, iter(f"key{n}" for n in range(10**9)).__next__)
        server, bare = ConsoleServer(hub, access, clock), Bare()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            endpoint = server.endpoint if scope["path"] == "/ws/console" else bare.endpoint
            await endpoint(WebSocket(scope, receive, send))

        listener = Listener(app, "127.0.0.1", 0)
        address = await listener.start()
        secrets = await tokens(store, access, given.consoles)
        run = Bench(store, given.consoles, pipe, given)
        headers = [{"authorization": f"Bearer {secret}"} for secret in secrets]
        ours = [f"ws://{address}/ws/console"] * given.consoles
        theirs = [f"ws://{address}/bare?agent=a{n}" for n in range(given.consoles)]

        async def tell_console(n: int, at: float) -> None:
            message = {"id": str(n), "text": "x" * 300, "sent": at}
            change: list[Changed] = [MessageAdded(interaction="i", message=message, agent=f"a{n % given.consoles}")]
            views.apply(change, clock.now())

        async def tell_floor(n: int, at: float) -> None:
            view = {**VIEW, "id": f"i{n % 500}", "line": f"line{n % 10}", "state": "queued" if n % 3 else "closed"}
            views.apply([InteractionUpsert(view={**view, "agent": None, "outcome": None, "n": n})], clock.now())
            await tell_console(n, at)

        async def tell_bare(n: int, at: float) -> None:
            body = {"type": "event", "seq": n, "data": {"id": str(n), "text": "x" * 300, "sent": at}}
            await bare.sockets[f"a{n % given.consoles}"].send({"type": "websocket.send", "text": json.dumps(body)})

        def leave() -> int:
            bare.sockets = {who: one for who, one in bare.sockets.items() if one.client_state.name == "CONNECTED"}
            return len(bare.sockets)

        cost = await memory(run, ours, headers, hub)
        figures: dict[str, list[list[float]]] = {"console": [], "console, floor busy": [], "bare": []}
        for _ in range(given.rounds):
            figures["console"].append(await run.measure(ours, headers, lambda: len(hub), tell_console))
            figures["bare"].append(await run.measure(theirs, headers, leave, tell_bare))
            figures["console, floor busy"].append(await run.measure(ours, headers, lambda: len(hub), tell_floor))
        report(figures, given)
        print(f"memory per console     {cost:5.1f} KB  (growth of the process when all connect for the first time)")
        await listener.stop()
        await store.close()


async def memory(run: Bench, urls: list[str], headers: list[dict[str, str]], hub: Hub) -> float:
    """Return what one more connected console costs, in KB; it warms everything up, too."""
    before = resident()
    run.pipe.send((urls, headers))
    await until(lambda: len(hub) == run.consoles)
    await asyncio.sleep(0.5)
    cost = (resident() - before) / run.consoles / 1024
    run.pipe.send("enough")
    await asyncio.get_running_loop().run_in_executor(None, run.pipe.recv)
    await until(lambda: len(hub) == 0)
    return cost


def report(figures: dict[str, list[list[float]]], given: argparse.Namespace) -> None:
    """Print medians over the rounds, their spread, and the ratio to the peer."""
    print(
        f"{' '.join(sys.argv)}   ({given.consoles} consoles, {given.rate} events/s, {given.rounds} rounds of {given.seconds} s)"
    )
    print(
        f"Python {platform.python_version()}, uvicorn {uvicorn.__version__}, websockets {websockets.__version__}, uvloop"
    )
    base: dict[str, float] = {}
    for name in ("bare", "console", "console, floor busy"):
        for label, place in (("p50", 0.5), ("p99", 0.99)):
            each = [sorted(late)[int(len(late) * place)] * 1000 for late in figures[name]]
            middle = statistics.median(each)
            base.setdefault(label, middle)
            spread = f"{min(each):.2f}-{max(each):.2f}"
            print(f"{name:22} {label} {middle:7.2f} ms   ({spread})   {middle / base[label]:5.2f}x bare")
        print(f"{'':22} events {sum(map(len, figures[name]))} of {int(given.rate * given.seconds) * given.rounds}")


def main() -> None:
    """Start the consoles' process and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=clients, args=(there,), daemon=True)
    process.start()
    uvloop.run(bench(given, here))
    here.send(None)
    process.join(5)


if __name__ == "__main__":
    main()
