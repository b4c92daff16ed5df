"""Folders in which mail is laid down for us: the spool and Maildirs, looked through now and every second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import structlog

from contactd.channels.email.spool import Spooled
from contactd.core.errors import BusyError, StoreDownError

log = structlog.get_logger(__name__)

ROUND_S = 1.0


class Folder:
    """One folder: what lies in it is taken in file by file, and leaves it after the commit."""

    def __init__(
        self,
        name: str,
        *,
        waiting: Callable[[], Iterable[Path]],
        take: Callable[[Path], Spooled | None],
        accept: Callable[[Spooled], Awaitable[object]],
        done: Callable[[Path], None],
    ) -> None:
        """Look for files with `waiting`, read one with `take`, store it with `accept`, and let it go with `done`."""
        self.name = name
        self.fault = ""
        """Why something in it was not taken; empty = all is well."""
        self._waiting = waiting
        self._take = take
        self._accept = accept
        self._done = done
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def nudge(self) -> None:
        """Say that something was laid down."""
        self._wake.set()

    async def stop(self, patience: float) -> None:
        """Take nothing more; the file in hand is finished, if that does not take long."""
        self._stopping.set()
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)

    async def run(self) -> None:
        """Take in what lies there, now and every second, until told to stop."""
        while not self._stopping.is_set():
            self._wake.clear()
            self._idle.clear()
            try:
                await self._empty()
            except (BusyError, StoreDownError) as error:
                self.fault = f"{self.name} waits: {error.code}"
            except OSError as error:
                self.fault = f"{self.name} cannot be read: {type(error).__name__}"
                log.warning("mail_folder_unreadable", folder=self.name, error=type(error).__name__)
            finally:
                self._idle.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._wake.wait()

    async def _empty(self) -> None:
        """Take in each file; one that fails is left for the next round and holds up no other."""
        fault = ""
        for path in await asyncio.to_thread(lambda: list(self._waiting())):
            if self._stopping.is_set():
                return
            found = await asyncio.to_thread(self._take, path)
            if found is None:
                continue
            try:
                await self._accept(found)
            except (BusyError, StoreDownError):
                raise
            except Exception as error:  # noqa: BLE001 - one mail must not hold up the others, and stays where it is
                fault = f"{self.name}: {path.name} was not taken"
                log.error("mail_folder_failed", folder=self.name, file=path.name, error=type(error).__name__)  # noqa: TRY400 - no trace of the mail
                continue
            await asyncio.to_thread(self._done, path)
        self.fault = fault
