"""Rows of another system's database, a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from contactd.crm_store import foreign_table
from contactd.crm_store.foreign_table import Foreign
from contactd.desk.connect.credentials import url_of
from contactd.desk.connect.table import CHUNK, Brought, write_rows
from contactd.settings import Connector


async def tables(
    options: Connector, cursor: Mapping[str, Any], now: datetime, fresh: Callable[[], Path]
) -> AsyncIterator[Brought]:
    """Yield what a table has behind a cursor; without a time of change all of it, each time.

    A cursor is `since` and `key` of the last row; `midway` while a look goes on.

    Raises:
        BadRequestError: the database cannot be asked as it is configured.
    """
    url = await asyncio.to_thread(url_of, options)
    foreign = Foreign(url=url, table=options.table, key=options.key_field, since=options.since_field)
    at = {name: cursor[name] for name in ("since", "key") if name in cursor}
    if not cursor.get("midway"):
        at = foreign_table.back(at, options.overlap_seconds, now)
    while True:
        rows, at = await asyncio.to_thread(foreign_table.page, foreign, at, CHUNK)
        last = len(rows) < CHUNK
        # At the end of a look a table without a time of change is begun anew.
        reached = at | {"midway": True} if not last else (at if options.since_field else {})
        if not rows:
            yield Brought(path=None, source=options.table, cursor=reached)
            return
        path = fresh()
        await asyncio.to_thread(write_rows, path, rows)
        yield Brought(path=path, source=options.table, cursor=reached)
        if last:
            return
