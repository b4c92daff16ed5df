"""A running server: every part started, and stopped in the order that loses nothing.

Stop order: readyz says no → listeners closed → facts drained → writer flushed → sockets closed → workers → reactor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from contactd.agent_ui.hub import Hub
from contactd.agent_ui.server import ConsoleServer
from contactd.core.channel import Channel
from contactd.core.errors import WorkerDiedError
from contactd.crm_store.store import Store
from contactd.desk.access import Access
from contactd.desk.backroom import Backroom
from contactd.desk.office import Office
from contactd.desk.readiness import Readiness
from contactd.desk.reading import read_group
from contactd.desk.sweeping import Sweeping
from contactd.http import Listener
from contactd.metrics import Metrics
from contactd.settings import Settings
from contactd.workers import Workers

WARM_AFTER_S = 1.0
SESSION_GONE = 1012
"""Close code of console sockets at a stop: the service restarts (RFC 6455 registry)."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Server:
    """Everything of one running contactd."""

    settings: Settings
    store: Store
    workers: Workers
    office: Office
    access: Access
    hub: Hub
    console: ConsoleServer
    metrics: Metrics
    readiness: Readiness
    sweeping: Sweeping
    backroom: Backroom
    listener: Listener
    channels: dict[str, Channel]
    addresses: dict[str, str] = field(default_factory=dict)

    async def start(self) -> dict[str, str]:
        """Take work; return where, by name: `{"http": "127.0.0.1:8080", "smtp": …}`."""
        await self.office.open()
        duties = self.office.duties
        duties.begin("consoles", self.console.keep)
        duties.begin("loop_lag", self.metrics.watch_loop)
        duties.begin("round_trips", self.readiness.watch)
        duties.begin("sweeping", self.sweeping.run)
        for name, run in self.backroom.duties():
            duties.begin(name, run)
        self.addresses = {"http": await self.listener.start()}
        for channel in self.channels.values():
            await channel.start()
            self.addresses |= channel.addresses()
        self.readiness.open()
        duties.begin("warming", self._warm)
        return self.addresses

    async def _warm(self) -> None:
        """Start the workers once the start itself is over: the first mail need not wait for an interpreter."""
        await asyncio.sleep(WARM_AFTER_S)
        readers = {channel.reader.__module__ for channel in self.channels.values() if channel.reader is not None}
        with suppress(WorkerDiedError):
            await self.workers.start([read_group.__module__, *sorted(readers)])

    async def stop(self) -> None:
        """Stop in the order that loses nothing that was acknowledged."""
        self.readiness.close()
        for channel in self.channels.values():
            await _calmly(channel.stop_intake(), channel.name)
        self.listener.close()
        await self.hub.settle()
        await self.office.close()
        await self.store.ping()
        self.hub.end(lambda _actor: True, SESSION_GONE)
        for name, channel in self.channels.items():
            await _calmly(channel.stop(), name)
            await self.office.tools[name].cancel()
        await self.listener.stop()
        await asyncio.gather(self.workers.close(), self.backroom.close())
        await self.store.close()


async def _calmly(doing: Awaitable[None], name: str) -> None:
    """Let one channel stop; whatever it does, the others stop too."""
    try:
        await asyncio.wait_for(doing, 3)
    except Exception:  # a stop goes on
        log.exception("channel.stop_failed", channel=name)
