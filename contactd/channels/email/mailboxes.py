"""All mailboxes elsewhere and Maildirs here that are followed: started and stopped together, their standing told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from contactd.channels.email import intake, maildir
from contactd.channels.email.folders import Folder
from contactd.channels.email.mailbox import MailboxWatch
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.maildir import Maildir
from contactd.channels.email.options import Options
from contactd.channels.email.pop_watch import PopWatch
from contactd.channels.email.spool import Spooled
from contactd.channels.email.standing import DOWN_S
from contactd.channels.email.token import ThreadKey
from contactd.core.channel import Receipt, Tools

log = structlog.get_logger(__name__)

_LARGE = 1024 * 1024
_KINDS: dict[str, type[MailboxWatch]] = {"imap": MailboxWatch, "pop3": PopWatch}


class Mailboxes:
    """Follows every configured mailbox and Maildir."""

    def __init__(
        self,
        channel: str,
        options: Options,
        tools: Tools,
        key: ThreadKey,
        ours: intake.Ours,
    ) -> None:
        self._channel = channel
        self._tools = tools
        self._key = key
        self._ours = ours
        self.canary: Callable[[bytes], bool] = lambda _raw: False
        """Tells whether a mail only measures the way."""
        self.maildirs = [self._maildir(name, one) for name, one in sorted(options.maildirs.items())]
        self.watches = [
            _KINDS[one.protocol](name, one, tools, self._take, most_bytes=options.limits.message_bytes)
            for name, one in sorted(options.mailboxes.items())
            if one.enabled
        ]

    def start(self) -> None:
        """Begin to follow; a mailbox that cannot be reached is tried again for ever."""
        for watch in self.watches:
            self._tools.spawn(watch.run(), f"{self._channel}.mailbox.{watch.name}")
            self._offer_figures(watch)
        for folder in self.maildirs:
            self._tools.spawn(folder.run(), f"{self._channel}.{folder.name}")

    async def stop(self, patience: float) -> None:
        """Stop all."""
        stopping = [one.stop(patience) for one in self.watches] + [one.stop(patience) for one in self.maildirs]
        await asyncio.gather(*stopping)

    def faults(self) -> list[str]:
        """Name the mailboxes that have been out of reach for long, and the folders that cannot be emptied."""
        down = [f"mailbox {one.name}: {one.standing.fault}" for one in self.watches if one.standing.down_s > DOWN_S]
        return [*down, *(one.fault for one in self.maildirs if one.fault)]

    def _offer_figures(self, watch: MailboxWatch) -> None:
        figure, name = self._tools.figure, watch.name
        figure("mailbox_up", "1 = the mailbox is followed", lambda: float(watch.standing.up), mailbox=name)
        figure("mailbox_stuck", "Mails that could not be fetched yet", lambda: len(watch.cursor.stuck), mailbox=name)
        figure("mailbox_quiet_seconds", "Time since the last mail", lambda: self._quiet(watch), mailbox=name)

    def _quiet(self, watch: MailboxWatch) -> float:
        last = watch.cursor.habit.last
        return (self._tools.clock.now() - last).total_seconds() if last is not None else 0.0

    def _maildir(self, name: str, options: Maildir) -> Folder:
        """Make what empties a Maildir."""

        async def accept(found: Spooled) -> None:
            await self._store(f"maildir.{name}", found.raw, {"mailbox": name}, options)

        return Folder(
            f"maildir {name}",
            waiting=partial(maildir.waiting, options.path),
            take=maildir.take,
            accept=accept,
            done=partial(maildir.done, after=options.after),
        )

    async def _take(self, raw: bytes, envelope: dict[str, Any], options: Mailbox) -> Receipt:
        """Store a mail of a mailbox; return its receipt after the commit."""
        return await self._store(f"{options.protocol}.{envelope['mailbox']}", raw, envelope, options)

    async def _store(self, adapter: str, raw: bytes, envelope: dict[str, Any], options: Mailbox | Maildir) -> Receipt:
        """Store a mail; return its receipt after the commit."""
        if self.canary(raw):
            return Receipt(id="canary", interaction="", duplicate=True)
        now = self._tools.clock.now()
        if options.line and options.line not in self._tools.policy_lines():
            log.warning("mailbox.unknown_line", mailbox=envelope["mailbox"], line=options.line)
            options = options.model_copy(update={"line": ""})
        make = partial(intake.fetched, self._channel, adapter, raw, envelope, options, now, self._key, self._ours)
        return await self._tools.accept(await asyncio.to_thread(make) if len(raw) > _LARGE else make())
