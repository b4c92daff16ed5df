"""Where each kind of connector has its tables from, and how they are taken over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from contactd.core.newcomer import TakeOver
from contactd.desk.connect import folder, rest, sql
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.table import Brought
from contactd.desk.exchange.dressing import Dress
from contactd.desk.exchange.past_columns import CUSTOMERS, zone_of
from contactd.desk.exchange.record import Rules
from contactd.desk.exchange.wish import Wish
from contactd.settings import Connector

FOLDER, REST, SQL, PUSH = "folder", "rest", "sql", "push"
PULLED = (FOLDER, REST, SQL)
"""Kinds that are asked; the other one is sent to us."""
SENT = "sent"
"""Source of a table of rows that were sent to us."""


async def tables(
    options: Connector, asker: Asker, cursor: Mapping[str, Any], now: datetime, fresh: Callable[[], Path]
) -> AsyncIterator[Brought]:
    """Yield the tables that are new behind a cursor; each is dealt with before the next is asked for.

    Raises:
        BadRequestError: the source cannot be used as it is configured.
    """
    if options.kind == FOLDER:
        waiting = folder.waiting(options, cursor, now)
        while (brought := await asyncio.to_thread(next, waiting, None)) is not None:
            yield brought
        return
    if options.kind == PUSH:
        return
    found = (
        rest.tables(options, asker, cursor, now, fresh)
        if options.kind == REST
        else sql.tables(options, cursor, now, fresh)
    )
    async for brought in found:
        yield brought


async def everything(
    options: Connector, asker: Asker, now: datetime, fresh: Callable[[], Path]
) -> AsyncIterator[Brought]:
    """Yield all that a source has, from the start; of a folder its newest file.

    Raises:
        BadRequestError: the source cannot be used as it is configured.
    """
    if options.kind == FOLDER:
        newest = await asyncio.to_thread(folder.newest, options)
        if newest is not None:
            yield newest
        return
    async for brought in tables(options, asker, {}, now, fresh):
        yield brought


def wish_of(name: str, options: Connector, brought: Brought, run: str, policy: str = "") -> Wish:
    """Say how a table is taken over.

    Raises:
        BadRequestError: the settings name a time zone that is none.
    """
    whole = TakeOver()
    assert brought.path is not None  # noqa: S101 - who has no table asks for no wish
    return Wish(
        path=brought.path,
        file_name=f"{name}: {brought.source}"[:300],
        form=brought.form,
        mapping=options.mapping,
        options=TakeOver(
            match=options.match or whole.match,
            policy=policy or options.policy,
            overwrite=() if policy else options.overwrite,
            system=options.system or name,
        ),
        rules=Rules(area_code=options.area_code or None, zone=zone_of(options.zone)),
        object="" if options.object == CUSTOMERS else options.object,
        dress=Dress(options.fixed, options.values),
        run=run,
    )
