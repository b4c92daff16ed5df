"""A mailbox that is followed: opened, read from where it was left, listened to, and opened again whatever happens.

Mails are stored one by one; the cursor follows in the store.  What falls between the two is fetched again and known again by
its content.  A mail that cannot be fetched lets its neighbours pass and is tried again later.  Nothing is marked, moved or deleted
before the commit that keeps it.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from contactd.channels.email.cursor import Cursor
from contactd.channels.email.imap_box import Box, BoxError, ImapBox, Opened, told
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.standing import Standing
from contactd.core.channel import Receipt, Tools
from contactd.core.errors import BusyError, StoreDownError

T = TypeVar("T")

BATCH = 20
BATCH_BYTES = 4 * 1024 * 1024
"""What is fetched by one command."""
PAUSES = (5.0, 600.0)
"""Seconds before the next try after a failure, doubling; from the first to the last."""
REFUSED_PAUSES = (60.0, 3600.0)
"""The same after a refused log-in: accounts are locked that are tried too often."""
LOOK_S = 60.0
TELL_AFTER = 3
"""Tries after which a mail that cannot be fetched is told of."""
STUCK_TRIES_S = 600.0
OVERLAP = timedelta(days=2)
"""After a change of UIDVALIDITY so much is fetched again: dates of servers are whole days of some zone."""

Take = Callable[[bytes, dict[str, Any], Mailbox], Awaitable[Receipt]]
"""Stores a mail with its envelope; returns its receipt after the commit."""

log = structlog.get_logger(__name__)


class MailboxWatch:
    """Follows one mailbox until it is stopped."""

    clean_batch = BATCH
    """Mails that are marked, moved or deleted together."""

    def __init__(
        self, name: str, options: Mailbox, tools: Tools, take: Take, *, most_bytes: int, box: Box | None = None
    ) -> None:
        """Hand mails to `take`; of those larger than `most_bytes` only the head is taken."""
        self.name = name
        self.standing = Standing(name, tools, silence=options.silence_hours)
        self.cursor = Cursor()
        self._options = options
        self._tools = tools
        self._take = take
        self._most_bytes = most_bytes
        self._box: Box = box or ImapBox(options)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"mailbox-{name}")
        self._stopping = asyncio.Event()
        self._awake = threading.Event()
        self._ended = asyncio.Event()
        self._careful = False
        self._tried_stuck = 0.0

    @property
    def key(self) -> str:
        """What its cursor is kept under: another account or folder is another mailbox, another name in the settings is not."""
        options = self._options
        return f"mailbox {options.username} {options.server} {options.folder}"

    async def run(self) -> None:
        """Follow the mailbox; failures are waited out with growing pauses."""
        tries = 0
        while not self._stopping.is_set():
            limits = PAUSES
            try:
                opened = await self._enter()
                tries = 0
                await self._follow(opened)
            except BoxError as error:
                self._fell(error.text)
                limits = REFUSED_PAUSES if error.refused else PAUSES
            except (IMAPClientError, OSError) as error:
                self._fell(told(error))
            except (BusyError, StoreDownError) as error:
                self._fell(f"mail cannot be stored now: {error.code}")
            except Exception as error:  # one mailbox must not end, whatever its server sends
                log.exception("mailbox.failed", mailbox=self.name)
                self._fell(type(error).__name__)
            await asyncio.to_thread(self._box.close)
            tries += 1
            await self._rest(min(limits[0] * 2 ** min(tries - 1, 12), limits[1]))
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._ended.set()

    async def stop(self, patience: float) -> None:
        """End: what is being stored is finished, nothing more is fetched; after `patience` seconds the connection is cut."""
        self._stopping.set()
        self._awake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._ended.wait()
        if not self._ended.is_set():
            await asyncio.to_thread(self._box.close)

    def _fell(self, fault: str) -> None:
        """Note why it cannot be read, unless it is stopped on purpose."""
        if not self._stopping.is_set():
            self.standing.fall(fault)

    async def _rest(self, seconds: float) -> None:
        """Wait, a little less than asked so that mailboxes do not come together; a stop ends it."""
        end = self._tools.clock.monotonic() + seconds * (1 - 0.25 * random.random())  # noqa: S311 - spreads tries
        while not self._stopping.is_set() and (left := end - self._tools.clock.monotonic()) > 0:
            self.standing.look(self.cursor)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_S)):
                    await self._stopping.wait()

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Do something that waits, in the mailbox's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def _enter(self) -> Opened:
        """Connect and see what is there."""
        return await self._in_thread(self._box.open)

    async def _follow(self, opened: Opened) -> None:
        """Read what came and what comes, until the connection fails."""
        await self._place(opened)
        self.standing.rise()
        uidnext = opened.uidnext
        while not self._stopping.is_set():
            for uids in _batches(await self._in_thread(self._box.after, self.cursor.uid, uidnext)):
                await self._read(uids)
                if self._stopping.is_set():
                    return
            uidnext = 0
            await self._retry_stuck()
            await self._clean()
            self.standing.look(self.cursor)
            self._awake.clear()
            if not self._stopping.is_set():
                await self._in_thread(self._box.wait, self._options.poll_seconds, self._awake)

    async def _place(self, opened: Opened) -> None:
        """Find the place to go on from: where it was left, or, in a mailbox with new numbers, by date."""
        kept = Cursor.read(await self._tools.kept(self.key))
        if kept is not None:
            self.cursor = kept
        if kept is not None and kept.uidvalidity == opened.uidvalidity:
            return
        now = self._tools.clock.now()
        since: datetime | None = None
        if kept is not None:
            log.warning("mailbox.renumbered", mailbox=self.name)
            since = (kept.habit.last or now) - OVERLAP
        elif self._options.backfill_days:
            since = now - timedelta(days=self._options.backfill_days)
        found = await self._in_thread(self._box.since, since.date()) if since is not None else []
        if found:
            first = found[0]
        elif opened.uidnext:
            first = opened.uidnext
        else:
            first = max(await self._in_thread(self._box.after, 0, 0), default=0) + 1
        self.cursor.begin(opened.uidvalidity, first - 1)
        await self._keep()

    async def _read(self, uids: Sequence[int]) -> None:
        """Fetch and store mails, small ones together; how far it came is kept, also when the connection ends."""
        sizes = await self._in_thread(self._box.sizes, uids)
        there = [uid for uid in uids if uid in sizes]
        try:
            for group in _groups(there, sizes, alone=self._careful):
                if self._stopping.is_set():
                    return
                await self._fetch(group, sizes)
            # What is not there was taken out of the mailbox meanwhile.
            self.cursor.uid = max(self.cursor.uid, *uids)
            self.cursor.gone(uid for uid in uids if uid not in sizes)
            self._careful = False
        finally:
            await self._keep()

    async def _fetch(self, uids: list[int], sizes: dict[int, int]) -> None:
        """Fetch and store one group."""
        if len(uids) > 1:
            try:
                mails = await self._in_thread(self._box.fetch, [uid for uid in uids if sizes[uid] <= self._most_bytes])
            except IMAPClientAbortError:
                self._careful = True
                raise
            except IMAPClientError:
                mails = {}
            for uid in uids:
                await self._store(uid, mails.get(uid), sizes[uid])
            return
        await self._store(uids[0], None, sizes[uids[0]])

    async def _store(self, uid: int, raw: bytes | None, size: int) -> None:
        """Store one mail, fetching it by itself where it is not at hand; a mail that fails is put behind."""
        try:
            if raw is None:
                raw = await self._alone(uid, size)
            envelope = {"mailbox": self.name, "uid": uid, "uidvalidity": self.cursor.uidvalidity}
            receipt = await self._take(raw, envelope, self._options)
        except (BusyError, StoreDownError):
            raise
        except (IMAPClientAbortError, OSError):
            # A mail that kills the connection each time must not hold up all others for ever.
            await self._failed(uid, "the connection ended while it was fetched")
            raise
        except Exception as error:  # noqa: BLE001 - one mail must not hold up the others, and stays in the mailbox
            await self._failed(uid, told(error) if isinstance(error, IMAPClientError) else type(error).__name__)
            return
        self.cursor.stored(uid, self._tools.clock.now(), fresh=not receipt.duplicate)
        self.standing.quiet = False

    async def _alone(self, uid: int, size: int) -> bytes:
        """Fetch one mail; of one that is too large its head, with a note where the rest is."""
        if size > self._most_bytes:
            head = await self._in_thread(self._box.head, uid)
            note = (
                f"[{size // 1024 // 1024} MB: too large to be taken in.  It is still in the mailbox {self.name}.]\r\n"
            )
            return head + note.encode()
        mails = await self._in_thread(self._box.fetch, [uid])
        if uid not in mails:
            text = "the server gives nothing for it"
            raise IMAPClientError(text)
        return mails[uid]

    async def _failed(self, uid: int, why: str) -> None:
        """Put a mail behind; people are told when it fails again and again."""
        tries = self.cursor.failed(uid)
        await self._keep()
        log.warning("mailbox.mail_failed", mailbox=self.name, uid=uid, tries=tries, why=why)
        if tries == TELL_AFTER:
            self._tools.alarm("mail_stuck", f"mailbox {self.name}: a mail (UID {uid}) cannot be fetched: {why}")

    async def _retry_stuck(self) -> None:
        """Try mails again that could not be fetched, every ten minutes."""
        now = self._tools.clock.monotonic()
        if not self.cursor.stuck or now - self._tried_stuck < STUCK_TRIES_S:
            return
        self._tried_stuck = now
        uids = sorted(self.cursor.stuck)[:BATCH]
        sizes = await self._in_thread(self._box.sizes, uids)
        self.cursor.gone(uid for uid in uids if uid not in sizes)
        for uid in uids:
            if uid in sizes and not self._stopping.is_set():
                await self._store(uid, None, sizes[uid])
        await self._keep()

    async def _clean(self) -> None:
        """Mark, move or delete what is safe: the cursor that says so was committed before."""
        cursor = self.cursor
        if self._options.after == "keep":
            cursor.clean = []
            return
        while cursor.clean and not self._stopping.is_set():
            part = cursor.clean[: self.clean_batch]
            try:
                await self._in_thread(self._box.clean, part)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                log.warning("mailbox.not_cleaned", mailbox=self.name, why=told(error))
                return
            cursor.clean = cursor.clean[len(part) :]
            await self._keep()

    async def _keep(self) -> None:
        """Write the cursor down; return after the commit."""
        await self._tools.keep(self.key, self._kept())

    def _kept(self) -> dict[str, Any]:
        """Return what is kept of how far it was read."""
        return self.cursor.kept()


def _batches(uids: Sequence[int]) -> list[Sequence[int]]:
    """Part UIDs into what is asked for together."""
    return [uids[at : at + BATCH] for at in range(0, len(uids), BATCH)]


def _groups(uids: Sequence[int], sizes: Mapping[int, int], *, alone: bool) -> Iterator[list[int]]:
    """Part UIDs into what is fetched by one command."""
    group: list[int] = []
    held = 0
    for uid in uids:
        if group and (alone or held + sizes[uid] > BATCH_BYTES):
            yield group
            group, held = [], 0
        group.append(uid)
        held += sizes[uid]
    if group:
        yield group
