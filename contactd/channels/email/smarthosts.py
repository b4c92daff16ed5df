"""Which smarthost takes a mail: the one its sender's address or domain belongs to, else the common one; and at what pace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from contactd.channels.email.options import Options, Outbound
from contactd.channels.email.pace import Pace
from contactd.channels.email.presets import of_host
from contactd.channels.email.smarthost import Smarthost
from contactd.core.channel import Delivery, Outgoing, Tools
from contactd.core.errors import BusyError, StoreDownError

COMMON = "outbound"
CROWDED = timedelta(seconds=60)
"""How long a mail waits for a connection before it is put off."""


class _Way:
    """One smarthost with its pace and the connections it allows."""

    def __init__(self, name: str, options: Outbound, hostname: str) -> None:
        known = of_host(options.host)
        per_minute = options.per_minute if options.per_minute is not None else known.per_minute if known else 0
        per_day = options.per_day if options.per_day is not None else known.per_day if known else 0
        self.name = name
        self.host = options.host
        self.smarthost = Smarthost(options, hostname)
        self.pace = Pace(per_minute, per_day)
        self.lines = asyncio.Semaphore(options.connections)


class Smarthosts:
    """All ways out of the house."""

    def __init__(self, options: Options, hostname: str, tools: Tools) -> None:
        self._tools = tools
        self._common = _Way(COMMON, options.outbound, hostname)
        self._named = {name: _Way(name, one, hostname) for name, one in options.smarthosts.items()}
        self._for = {sender: self._named[name] for name, one in options.smarthosts.items() for sender in one.senders}

    async def start(self) -> None:
        """Remember what an earlier run has sent, and offer the figures."""
        for way in self._ways():
            kept = await self._tools.kept(f"pace.{way.name}") if way.pace.bounded else None
            way.pace.restore(kept or {})
            for window in [one.window for one in way.pace.used(self._tools.clock.now())]:
                self._offer_figure(way, window)

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Make one attempt, by the smarthost of the mail's sender; none where its limit is reached."""
        meta = outgoing.meta
        recipients = [str(one) for one in meta["rcpt"]]
        way = self._way(str(meta.get("from") or meta["mail_from"]))
        now = self._tools.clock.now()
        try:
            async with asyncio.timeout(CROWDED.total_seconds()):
                await way.lines.acquire()
        except TimeoutError:
            return Delivery(status="wait", detail="every connection is in use", after=now + CROWDED)
        try:
            return await self._deliver(way, outgoing, recipients)
        finally:
            way.lines.release()

    async def _deliver(self, way: _Way, outgoing: Outgoing, recipients: list[str]) -> Delivery:
        """Make one attempt over a connection of our own."""
        meta, now = outgoing.meta, self._tools.clock.now()
        wait = way.pace.until(len(recipients), now)
        if wait is not None:
            return Delivery(status="wait", detail=f"{way.host} takes {wait[1]}", after=wait[0])
        # Counted before it is sent: a mail whose fate is unknown counts at the provider, too.
        way.pace.note(len(recipients), now)
        delivery = await way.smarthost.send(
            outgoing.payload, str(meta["mail_from"]), recipients, outgoing.attempt, outgoing.id
        )
        if way.pace.per_day:
            # What cannot be kept now is kept with the next mail.
            with suppress(BusyError, StoreDownError):
                await self._tools.keep(f"pace.{way.name}", way.pace.kept())
        return delivery

    def limits(self) -> Sequence[Mapping[str, Any]]:
        """Return every limit of a smarthost with how much of it is used: name, host, window, limit, used."""
        now = self._tools.clock.now()
        return [
            {"name": way.name, "host": way.host, "window": one.window, "limit": one.limit, "used": one.used}
            for way in self._ways()
            for one in way.pace.used(now)
        ]

    def _ways(self) -> list[_Way]:
        return [self._common, *self._named.values()]

    def _way(self, sender: str) -> _Way:
        address = sender.lower()
        return self._for.get(address) or self._for.get(f"@{address.rpartition('@')[2]}") or self._common

    def _offer_figure(self, way: _Way, window: str) -> None:
        def used() -> float:
            return float(sum(one.used for one in way.pace.used(self._tools.clock.now()) if one.window == window))

        self._tools.figure(
            "sent_of_limit",
            "Recipients served in the window of a smarthost's limit",
            used,
            smarthost=way.name,
            window=window,
        )
