"""The store's door: grouped writes, reads in threads, and the blobs.

store = Store.open("sqlite:///data/contactd.db", Path("data/blobs"))
receipt = await store.write(lambda conn: take_in(conn, arrival))
row = await store.read(lambda conn: interactions.get(conn, receipt.interaction))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from contactd.clock import Clock, SystemClock
from contactd.crm_store import search_index
from contactd.crm_store.blobs import Blobs
from contactd.crm_store.database import Database
from contactd.crm_store.jobs import Hold
from contactd.crm_store.migrations import prepare
from contactd.crm_store.readers import LIMIT, Readers
from contactd.crm_store.schema import node as node_table
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn
from contactd.crm_store.writer import Writer

__all__ = ["Hold", "Store", "WriteConn"]

T = TypeVar("T")
Item = TypeVar("Item")

_SEEN = insert(node_table)
_SEEN_NOW = hot(_SEEN.on_conflict_do_update(index_elements=["name"], set_={"seen_at": _SEEN.excluded.seen_at}))


class Store:
    """One node's store.

    Attributes:
        blobs: the content-addressed files beside the database.
        node: this node's name, as facts and the router lease carry it.
        sqlite: True on the embedded database, False on PostgreSQL.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        *,
        node: str,
        clock: Clock,
        observe_commit: Callable[[float], None] | None = None,
    ) -> None:
        """Use `Store.open`."""
        self.blobs = blobs
        self.node = node
        self.sqlite = database.sqlite
        self._database = database
        self._clock = clock
        self._writer = Writer(database, observe_commit)
        self._readers = Readers(database)

    @classmethod
    def open(
        cls,
        url: str,
        blob_dir: Path,
        *,
        node: str = "main",
        clock: Clock | None = None,
        observe_commit: Callable[[float], None] | None = None,
    ) -> Store:
        """Open the store; an empty database is migrated first.  Blocks: call it before the loop is busy.

        Args:
            url: `sqlite:///FILE` or `postgresql+psycopg://…`.
            blob_dir: folder of the blobs, made if missing.
            node: this node's name.
            clock: for the sign of life; default the machine's.
            observe_commit: is told the seconds each COMMIT took (from the writer's thread).

        Raises:
            ConfigError: the URL is wrong, the schema is not this version's, or the database would not keep a commit.
            StoreDownError: the database cannot be reached.
        """
        database = Database(url)
        database.check()
        prepare(database)
        return cls(database, Blobs(blob_dir), node=node, clock=clock or SystemClock(), observe_commit=observe_commit)

    async def write(self, unit: Callable[[WriteConn], T], *, bulk: bool = False, urgent: bool = False) -> T:
        """Run `unit` in the writer's next transaction and return its result after the commit.

        The unit may be run more than once (another writer, a lost connection) and must touch nothing but the store; it must
        be right under READ COMMITTED with other writers: uniqueness by constraint with ON CONFLICT, changes by `row_version`.
        What it raises takes back its own changes only and is raised here.

        Args:
            unit: a function of the transaction.
            bulk: imports and re-indexing: at most `BULK_ROWS` rows and 20 ms, run behind live units.
            urgent: never refused (router, voice).

        Raises:
            BusyError: too many units wait; nothing was written.
            StoreDownError: the store cannot commit; nothing was written (code `unknown`: closed before it could be known).
            ConflictError: the unit ran into a constraint it did not handle (code `integrity`).
        """
        return await self._writer.submit(unit, bulk=bulk, urgent=urgent)

    async def write_alike(
        self, unit: Callable[[WriteConn, Sequence[Item]], Sequence[T]], item: Item, *, urgent: bool = False
    ) -> T:
        """Let `unit` write `item` together with all others that wait for it, and return this one's result after the commit.

        For what comes often: many rows of one kind cost a fraction of as many units.  When `unit` raises, each item is
        run by itself.

        Args:
            unit: a function of the transaction and of the items, the same object each time; it returns a result for each.
            item: what to write.
            urgent: never refused.

        Raises:
            BusyError, StoreDownError, ConflictError: as `write`.
        """
        return await self._writer.submit_alike(unit, item, urgent=urgent)

    async def read(self, fn: Callable[[Connection], T], *, limit: timedelta = LIMIT) -> T:
        """Run `fn` on a reader's connection, in a fresh snapshot, and return its result.

        Raises:
            BusyError: too many reads wait, or this one took longer than `limit` (code `too_slow`).
            StoreDownError: the database cannot be reached.
        """
        return await self._readers.read(fn, limit)

    async def ping(self) -> None:
        """Make a small durable write: the writer's round trip.

        Raises:
            StoreDownError: the store cannot commit.
        """
        now = self._clock.now()
        await self.write(lambda conn: conn.run(_SEEN_NOW, name=self.node, seen_at=now), urgent=True)

    async def shred(self) -> None:
        """Let nothing of what was deleted stay in the pages of the index of words and of the database.

        On SQLite deleted content is overwritten and the write-ahead log emptied; on PostgreSQL dead rows are vacuumed away.

        Raises:
            StoreDownError: the database cannot do it now; it is to be tried again.
        """
        first = True
        while await self.write(partial(search_index.shred, first=first), bulk=True):
            first = False
        await asyncio.to_thread(self._database.clean)

    @property
    def waiting(self) -> int:
        """How many live units wait for the writer."""
        return self._writer.waiting

    @contextmanager
    def hold_commits(self) -> Iterator[Hold]:
        """Keep the writer in front of its COMMIT while the context lasts.

        For tests that nothing is acknowledged before it is committed: inside, `await hold.reached()` tells that a group
        stands there with its units done; nothing may have come out.  Leaving the context lets it commit.
        """
        try:
            yield self._writer.hold()
        finally:
            self._writer.unhold()

    async def close(self) -> None:
        """Write what waits, then stop writer and readers."""
        await asyncio.to_thread(self._writer.stop)
        await asyncio.to_thread(self._readers.close)
