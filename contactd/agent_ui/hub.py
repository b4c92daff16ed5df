"""Who is connected: consoles, what each has still to be sent, and the commands they gave.

The hub is fed by the views' listeners and knows no socket: `server` takes frames from a console and sends them.  A
console's send buffer is its stream (bounded) and a bounded queue of answers; one that cannot keep up is cut off and
resumes.  Commands go on when the socket that gave them is gone; their results wait for whoever asks again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import structlog

from contactd.agent_ui.console import TRY_AGAIN, Console
from contactd.agent_ui.session import Answer, Beat, Command, Greeting, Results, failure, read, success
from contactd.clock import Clock
from contactd.core.errors import BusyError, ContactdError, ForbiddenError
from contactd.desk.rights import Actor, authorize
from contactd.desk.stream import Stream
from contactd.desk.views import Views

TICK = 0.1
"""Seconds for which changes of the floor are gathered."""
BEHIND = 1000
"""Events a console may be behind while a send of it is stuck."""
STUCK = timedelta(seconds=10)
"""How long one send may take."""
BEAT = 8.0
"""Seconds within which a further sign of life of the same agent says nothing new."""
PER_AGENT = 10
"""Consoles one agent may have open."""
WORKING_PER_AGENT = 2 * PER_AGENT
"""Consoles of one agent whose commands may be under way, with those that are gone and whose commands go on."""

SESSION_OVER = 1008
"""Close code (RFC 6455 section 7.4.1, policy violation): the log-in is no longer valid."""
AGAIN = frozenset({"busy", "store_down", "too_slow", "internal"})
"""Errors after which the same command id may be tried again."""

log = structlog.get_logger(__name__)


class Desk(Protocol):
    """What carries commands out (`desk.commands`)."""

    async def run(self, actor: Actor, command: str, data: dict[str, Any]) -> Mapping[str, Any] | None:
        """Carry out one command; return its result's data after the commit.

        Raises:
            ContactdError: it was not done.
        """
        ...

    def console_seen(self, agent: str) -> None:
        """Note that an agent's console is alive."""
        ...

    def console_lost(self, agent: str) -> None:
        """Note that an agent's last console is gone."""
        ...


class Hub:
    """All consoles of this node."""

    def __init__(self, views: Views, desk: Desk, clock: Clock, new_key: Callable[[], str]) -> None:
        """Follow `views`; `new_key` makes keys nobody can guess and that hold no dot."""
        self._views = views
        self._desk = desk
        self._clock = clock
        self._new_key = new_key
        self._consoles: dict[str, set[Console]] = {}
        self._beaten: dict[str, float] = {}
        self._by_stream: dict[str, Console] = {}
        self._results: dict[str, Results] = {}
        self._pending: dict[tuple[str, str, bytes], set[Console]] = {}
        """Connected consoles that wait for the result of a command somebody else is carrying out."""
        self._working: Counter[str] = Counter()
        """Agent → consoles whose commands are being carried out, also those that are gone."""
        self._flush_due = False
        self._tasks: set[asyncio.Task[None]] = set()
        views.audience.listeners.append(self._heard)

    def __len__(self) -> int:
        """Return how many consoles are connected."""
        return sum(map(len, self._consoles.values()))

    def actors(self) -> list[Actor]:
        """Return whose consoles are connected, one entry per console."""
        return [console.actor for consoles in self._consoles.values() for console in consoles]

    def asking(self) -> dict[str, list[Console]]:
        """Return the consoles to which something is closed until it is known who the customer is, by agent."""
        asking = {agent: [one for one in mine if one.actor.levels.asks] for agent, mine in self._consoles.items()}
        return {agent: mine for agent, mine in asking.items() if mine}

    def join(self, actor: Actor) -> Console:
        """Take in a console that has proved who it is.

        Raises:
            BusyError: this agent has too many open.
        """
        mine = self._consoles.setdefault(actor.id, set())
        if len(mine) >= PER_AGENT:
            message = "Too many consoles are open."
            raise BusyError(message)
        console = Console(actor, self._views)
        mine.add(console)
        return console

    def leave(self, console: Console) -> None:
        """Note that a console's socket is gone; its stream waits for it."""
        mine = self._consoles.get(console.actor.id, set())
        mine.discard(console)
        for waiting in self._pending.values():
            waiting.discard(console)
        if not mine:
            self._consoles.pop(console.actor.id, None)
        stream = console.stream
        if stream is None:
            return
        if self._by_stream.get(stream.key) is console:
            del self._by_stream[stream.key]
            self._views.audience.cut(stream, self._clock.now())
        if not any(one.stream is not None for one in mine):
            self._desk.console_lost(console.actor.id)

    async def receive(self, console: Console, text: str | None) -> None:
        """Take one frame; waits while too many commands of this console are being carried out."""
        act = read(text)
        if isinstance(act, Answer):
            console.answer(act.frame)
        elif isinstance(act, Greeting):
            self._greet(console, act)
        elif isinstance(act, Beat):
            self._beat(console)
        elif console.stream is None:
            console.answer(failure(act.id, ForbiddenError("Say hello first.", code="hello_first")))
        else:
            if console.working is None and self._working[console.actor.id] >= WORKING_PER_AGENT:
                console.answer(failure(act.id, BusyError("Too much is being done already.")))
                return
            await console.orders.put(act)
            if console.working is None:
                self._working[console.actor.id] += 1
                console.working = asyncio.create_task(self._work(console))
                self._tasks.add(console.working)
                console.working.add_done_callback(self._tasks.discard)

    def end(self, over: Callable[[Actor], bool], code: int = SESSION_OVER) -> int:
        """Close the consoles whose actor `over` picks; return how many."""
        gone = [one for consoles in self._consoles.values() for one in consoles if over(one.actor)]
        for console in gone:
            if console.stream is not None:
                self._views.audience.drop(console.stream)
            console.close(code)
        return len(gone)

    def sweep(self) -> None:
        """Cut off consoles whose send is stuck; call it about once a second."""
        latest = self._clock.monotonic() - STUCK.total_seconds()
        for consoles in self._consoles.values():
            for console in consoles:
                if console.sending is not None and console.sending < latest:
                    self._cut(console)

    async def settle(self) -> None:
        """Wait until every command that was taken has its result."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _greet(self, console: Console, greeting: Greeting) -> None:
        actor, audience, resume = console.actor, self._views.audience, greeting.resume
        first = console.stream is None
        stream = audience.find(resume.epoch, actor.id) if resume is not None else console.stream
        if stream is None or stream.supervisor != actor.oversees:
            stream = console.stream or audience.add(self._new_key(), actor.id, actor.role)
        other = self._by_stream.get(stream.key)
        if other is not None and other is not console:
            # A console that resumes has lost its old socket, even if nobody has noticed yet.
            other.close(TRY_AGAIN)
        if console.stream is not None and console.stream is not stream:
            self._by_stream.pop(console.stream.key, None)
            audience.drop(console.stream)
        audience.back(stream)
        self._by_stream[stream.key] = console
        console.greet(stream, resume.epoch if resume is not None else "", resume.seq if resume is not None else 0)
        if first:
            self._desk.console_seen(actor.id)

    def _beat(self, console: Console) -> None:
        """Pass a sign of life on: the router judges by it who is there.  Several consoles of one agent count once."""
        if console.stream is None:
            return
        agent, now = console.actor.id, self._clock.monotonic()
        fresh = now - self._beaten.get(agent, now - BEAT) < BEAT
        if fresh and self._views.me(agent)["health"] == "ok":
            return
        self._beaten[agent] = now
        self._desk.console_seen(agent)

    async def _work(self, console: Console) -> None:
        """Carry out a console's commands, one after another."""
        try:
            while not console.orders.empty():
                await self._carry_out(console, console.orders.get_nowait())
        finally:
            console.working = None
            self._working[console.actor.id] -= 1
            if not self._working[console.actor.id]:
                del self._working[console.actor.id]

    async def _carry_out(self, console: Console, command: Command) -> None:
        agent = console.actor.id
        scope = console.stream.key if console.stream is not None else ""
        results = self._results.setdefault(agent, Results())
        try:
            known = results.begin(scope, command, self._clock.now())
        except ContactdError as error:
            console.answer(failure(command.id, error))
            return
        if known is None:
            frame, kept = await self._run(console, command)
            results.finish(scope, command, frame if kept else None, self._clock.now())
            console.answer(frame)
            for other in self._pending.pop((agent, command.id, command.digest), ()):
                other.answer(frame)
        elif known:
            console.answer(known)
        else:
            self._pending.setdefault((agent, command.id, command.digest), set()).add(console)

    async def _run(self, console: Console, command: Command) -> tuple[str, bool]:
        """Carry out one command; return its result frame and whether the result stands."""
        try:
            data = await self._do(console, command)
            return success(command.id, data or {}), True
        except ContactdError as error:
            return failure(command.id, error), error.code not in AGAIN
        except Exception:
            log.exception("console.command_failed", command=command.name, agent=console.actor.id)
            return failure(command.id, ContactdError("Something went wrong.", code="internal")), False

    async def _do(self, console: Console, command: Command) -> Mapping[str, Any] | None:
        if command.name != "interaction.watch":
            return await self._desk.run(console.actor, command.name, command.data)
        authorize(console.actor, command.name)
        await self._desk.run(console.actor, command.name, command.data)  # whether they see it at all
        stream, interaction, on = console.stream, command.data["interaction"], command.data["on"]
        if stream is not None and not self._views.audience.watch(stream, interaction, on=on):
            message = "This console watches too many interactions."
            raise BusyError(message, code="too_many")
        return {"on": on}

    def _heard(self, streams: list[Stream]) -> None:
        """Wake the consoles that have something new; the floor's news waits for the tick."""
        for stream in streams:
            console = self._by_stream.get(stream.key)
            if console is None:
                continue
            console.wake.set()
            if console.sending is not None and console.behind > BEHIND:
                self._cut(console)
        if self._views.stale and not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_later(TICK, self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        self._views.flush()

    def _cut(self, console: Console) -> None:
        if console.closing is not None:
            return
        log.info("console.cut", agent=console.actor.id, behind=console.behind)
        console.close(TRY_AGAIN)
