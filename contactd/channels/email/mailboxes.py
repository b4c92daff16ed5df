"""All mailboxes elsewhere that are followed: started and stopped together, their standing told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from contactd.channels.email import intake
from contactd.channels.email.mailbox import DOWN_S, MailboxWatch
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.token import ThreadKey
from contactd.core.channel import Receipt, Tools

log = structlog.get_logger(__name__)

_LARGE = 1024 * 1024


class Mailboxes:
    """Follows every configured mailbox."""

    def __init__(
        self,
        channel: str,
        options: Mapping[str, Mailbox],
        tools: Tools,
        key: ThreadKey,
        ours: intake.Ours,
        *,
        most_bytes: int,
    ) -> None:
        self._channel = channel
        self._tools = tools
        self._key = key
        self._ours = ours
        self.watches = [
            MailboxWatch(name, one, tools, self._take, most_bytes=most_bytes)
            for name, one in sorted(options.items())
            if one.enabled
        ]

    def start(self) -> None:
        """Begin to follow; a mailbox that cannot be reached is tried again for ever."""
        for watch in self.watches:
            self._tools.spawn(watch.run(), f"{self._channel}.mailbox.{watch.name}")
            self._offer_figures(watch)

    async def stop(self, patience: float) -> None:
        """Stop all."""
        await asyncio.gather(*(watch.stop(patience) for watch in self.watches))

    def faults(self) -> list[str]:
        """Name the mailboxes that have been out of reach for long."""
        return [f"mailbox {one.name}: {one.standing.fault}" for one in self.watches if one.down_s > DOWN_S]

    def _offer_figures(self, watch: MailboxWatch) -> None:
        figure, name = self._tools.figure, watch.name
        figure("mailbox_up", "1 = the mailbox is followed", lambda: float(watch.standing.up), mailbox=name)
        figure("mailbox_stuck", "Mails that could not be fetched yet", lambda: len(watch.cursor.stuck), mailbox=name)
        figure("mailbox_quiet_seconds", "Time since the last mail", lambda: self._quiet(watch), mailbox=name)

    def _quiet(self, watch: MailboxWatch) -> float:
        last = watch.cursor.last
        return (self._tools.clock.now() - last).total_seconds() if last is not None else 0.0

    async def _take(self, raw: bytes, envelope: dict[str, Any], options: Mailbox) -> Receipt:
        """Store a mail; return its receipt after the commit."""
        now = self._tools.clock.now()
        known = options
        if options.line and options.line not in self._tools.policy_lines():
            log.warning("mailbox.unknown_line", mailbox=envelope["mailbox"], line=options.line)
            known = options.model_copy(update={"line": ""})
        if len(raw) > _LARGE:
            arrival = await asyncio.to_thread(
                intake.fetched, self._channel, raw, envelope, known, now, self._key, self._ours
            )
        else:
            arrival = intake.fetched(self._channel, raw, envelope, known, now, self._key, self._ours)
        return await self._tools.accept(arrival)
