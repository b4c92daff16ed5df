"""The duty of connectors: each is asked when it is due, what was cut off is gone on with, silence is told, drift counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from contactd.clock import rfc3339
from contactd.core.errors import BusyError, ConflictError, ContactdError, StoreDownError
from contactd.crm_store import connector_dead_rows, connector_rows
from contactd.desk.connect import sources
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.trying import Trying
from contactd.settings import Connector

EVERY_S = 5.0
KEPT = timedelta(days=30)
"""How long runs, and rows that were dealt with, are remembered."""
NIGHTLY = timedelta(hours=24)
PRUNED_EVERY = timedelta(hours=1)
SILENT = "connector_silent"
"""Kind of the alert."""

log = structlog.get_logger(__name__)


class Tending:
    """Looks after the connectors."""

    def __init__(self, connecting: Connecting, alert: Callable[[str, str], None]) -> None:
        """Ask with `connecting`; `alert(kind, detail)` tells supervisors."""
        self.connecting = connecting
        self.trying = Trying(connecting)
        self.ages: dict[str, float] = {}
        """Connector → seconds since its last success, as of the last look; one that never worked: since the start."""
        self.left_out: dict[str, int] = {}
        """Connector → rows that wait for somebody."""
        self._alert = alert
        self._began: datetime | None = None
        self._pruned: datetime | None = None
        self._told: set[str] = set()
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look every few seconds, for ever; connectors are asked side by side, so that a slow one keeps none waiting."""
        if not self.connecting.connectors:
            await asyncio.Event().wait()
        try:
            while True:
                try:
                    for name in await self.some():
                        self._at_work[name] = asyncio.create_task(self._guarded(name, self._one(name)))
                except (BusyError, StoreDownError):
                    log.warning("connectors.store_down")
                await asyncio.sleep(EVERY_S)
        finally:
            for task in self._at_work.values():
                task.cancel()

    async def some(self) -> list[str]:
        """Do the small things; return the connectors that are due and that nobody here is at."""
        own = self.connecting
        now = own.clock.now()
        self._began = self._began or now
        await own.go_on()
        if self._pruned is None or self._pruned + PRUNED_EVERY <= now:
            self._pruned = now
            await own.store.write(partial(connector_rows.prune, now=now, keep=KEPT), bulk=True)
            await own.store.write(partial(connector_dead_rows.prune, now=now, keep=KEPT), bulk=True)
        states = await own.store.read(connector_rows.states)
        self._look(states, await own.store.read(connector_dead_rows.waiting), now)
        self._at_work = {name: task for name, task in self._at_work.items() if not task.done()}
        return [name for name in self._due(states, now) if name not in self._at_work]

    async def ask(self, name: str) -> None:
        """Have a connector run soon.

        Raises:
            NotFoundError: there is none of that name.
            ConflictError: it is one that is sent to us (code `push`).
        """
        if self.connecting.options(name).kind not in sources.PULLED:
            message = "nothing is fetched from this system: it sends its rows to us"
            raise ConflictError(message, code="push")
        now = self.connecting.clock.now()
        await self.connecting.store.write(partial(connector_rows.change, name=name, asked_at=now))

    def ask_drift(self, name: str) -> None:
        """Have what differs counted beside everything else; the report stands in `listed` when it is done.

        Raises:
            NotFoundError: there is none of that name.
            ConflictError: it is one that is sent to us (code `push`), or somebody is at it (`at_work`).
        """
        if self.connecting.options(name).kind not in sources.PULLED:
            message = "a system that sends its rows cannot be asked what it has"
            raise ConflictError(message, code="push")
        if name in self._at_work and not self._at_work[name].done():
            message = "somebody is at this connector now"
            raise ConflictError(message, code="at_work")
        self._at_work[name] = asyncio.create_task(self._guarded(name, self.trying.drift(name)))

    async def listed(self) -> list[dict[str, Any]]:
        """Return every connector: what it is, how it stands, how many rows wait, its latest runs, its last report of drift."""
        store = self.connecting.store
        states = await store.read(connector_rows.states)
        waiting = await store.read(connector_dead_rows.waiting)
        return [
            _view(name, options, states.get(name))
            | {"left_out": waiting.get(name, 0), "runs": await store.read(partial(connector_rows.runs, name=name))}
            for name, options in self.connecting.connectors.items()
        ]

    def age(self, name: str) -> float:
        """Return how many seconds ago a connector worked last."""
        return self.ages.get(name, 0.0)

    def waiting(self, name: str) -> float:
        """Return how many rows of a connector wait for somebody."""
        return self.left_out.get(name, 0)

    async def _one(self, name: str) -> None:
        """Run one connector, and count what differs when that is due."""
        await self.connecting.pull(name, f"connector:{name}")
        state = (await self.connecting.store.read(connector_rows.states))[name]
        now = self.connecting.clock.now()
        if self.connecting.options(name).whole and (state.drift_at is None or state.drift_at + NIGHTLY <= now):
            await self.trying.drift(name)

    async def _guarded(self, name: str, work: Awaitable[Any]) -> None:
        """Do something with one connector; whatever becomes of it, the others go on."""
        try:
            await work
        except ConflictError:
            log.info("connector.at_work", connector=name)
        except (BusyError, StoreDownError):
            log.warning("connector.store_down", connector=name)
        except ContactdError as error:
            log.warning("connector.not_done", connector=name, code=error.code)
        except Exception as error:
            log.exception("connector.broken", connector=name)
            await self.connecting.failed(name, "unexpected", type(error).__name__)

    def _due(self, states: dict[str, Any], now: datetime) -> Iterator[str]:
        for name, options in self.connecting.connectors.items():
            state = states.get(name)
            asked = state is not None and state.asked_at is not None
            on_time = options.every_minutes and (state is None or state.next_at is None or state.next_at <= now)
            if options.kind in sources.PULLED and (asked or on_time):
                yield name

    def _look(self, states: dict[str, Any], waiting: dict[str, int], now: datetime) -> None:
        """Measure how long each has been silent, and tell of those that are so for too long, once."""
        for name, options in self.connecting.connectors.items():
            state = states.get(name)
            last = (state.ok_at if state is not None else None) or self._began or now
            self.ages[name] = max(0.0, (now - last).total_seconds())
            self.left_out[name] = waiting.get(name, 0)
            if not options.silent_hours or self.ages[name] < options.silent_hours * 3600:
                self._told.discard(name)
            elif name not in self._told:
                self._told.add(name)
                self._alert(SILENT, name)


def _view(name: str, options: Connector, state: Any) -> dict[str, Any]:
    """Return a connector as it is shown: no address, no secret."""

    def at(which: str) -> str | None:
        found = getattr(state, which, None)
        return rfc3339(found) if found is not None else None

    every = options.every_minutes if options.kind in sources.PULLED else 0
    return {
        "name": name,
        "kind": options.kind,
        "object": options.object,
        "system": options.system or name,
        "every_minutes": every,
        "silent_hours": options.silent_hours,
        "whole": options.whole,
        "tried_at": at("tried_at"),
        "ok_at": at("ok_at"),
        "next_at": at("next_at") if every else None,
        "asked": getattr(state, "asked_at", None) is not None,
        "failures": state.failures if state is not None else 0,
        "error": state.error if state is not None else "",
        "drift": state.drift if state is not None else {},
        "drift_at": at("drift_at"),
    }
