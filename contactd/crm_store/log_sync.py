"""SQLite's write-ahead log on its way to the disk, while the writer goes on with the next transaction.

SQLite can sync its log within COMMIT; then the writer stands still for as long as the disk takes, which on most machines is longer
than the units of a group.  So the writer's own connection commits without (`synchronous=NORMAL`), and a thread syncs the log's file
behind it.  Nobody is answered before that: what an earlier answer promised is on the disk, as ever.  SQLite itself syncs the log
before it copies pages from it, and the head of the log when it begins anew (https://sqlite.org/wal.html, "Checkpointing").
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from contactd.core.errors import StoreDownError
from contactd.crm_store.database import Database

Sync = Callable[[int], None]
to_disk: Sync = getattr(os, "fdatasync", os.fsync)
_PAUSE_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

log = structlog.get_logger(__name__)


class LogSync:
    """Syncs the log once for each group that was committed, in order; one at a time is under way."""

    def __init__(self, database: Database, ended: Callable[[float], None], stopping: threading.Event) -> None:
        """Start the thread; `ended` is told, on it, that a sync is over, and how many seconds it took.

        Once `stopping` is set, a disk that fails is not waited for any more.
        """
        self._database = database
        self._ended = ended
        # SQLite keeps the log beside the file itself, not beside a link to it.
        self._file = Path(f"{Path(str(database.url.database)).resolve()}-wal")
        self._open: int | None = None
        self._waiting: queue.SimpleQueue[Callable[[StoreDownError | None], None] | None] = queue.SimpleQueue()
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="store-log", daemon=True)
        self._thread.start()

    def begin(self, answer: Callable[[StoreDownError | None], None]) -> None:
        """Sync what was committed, then call `answer`, with an error when it may be lost if the machine fails."""
        self._waiting.put(answer)

    def forget(self) -> None:
        """Let go of the file, as its connection is closed; only while nothing is under way."""
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def stop(self) -> None:
        """End the thread after what is under way; blocks."""
        self._waiting.put(None)
        self._thread.join()
        self.forget()

    def _run(self) -> None:
        while (answer := self._waiting.get()) is not None:
            began = time.perf_counter()
            error = self._durable()
            # First the writer, whose next group is ready to be committed.
            self._ended(time.perf_counter() - began)
            answer(error)

    def _durable(self) -> StoreDownError | None:
        """Sync the log; where that fails, have SQLite copy it into the database and sync that."""
        try:
            if self._open is None:
                self._open = os.open(self._file, os.O_RDWR)
            to_disk(self._open)
        except OSError as error:
            # Trying again proves nothing: the system forgets what it could not write.
            log.error("store.sync_failed", error=error.strerror)  # noqa: TRY400 - where in our code says nothing
            return self._copied()
        return None

    def _copied(self) -> StoreDownError | None:
        """Try to copy the log until that is done or the store closes."""
        step = 0
        while True:
            try:
                if self._database.copy_log():
                    return None
            except StoreDownError:
                log.warning("store.log_not_copied")
            if self._stopping.wait(_PAUSE_S[min(step, len(_PAUSE_S) - 1)]):
                message = "what was committed could not be brought to the disk"
                return StoreDownError(message, code="unknown")
            step += 1
