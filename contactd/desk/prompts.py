"""The house's announcements: brought by supervisors, heard by callers from that moment, switched per line, missed by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.announcing import Unplayable, announcement
from contactd.core.errors import BadRequestError, ContactdError
from contactd.core.prompt import Book, Missing, Switch, Use
from contactd.core.sound import Sound
from contactd.crm_store import audit, prompt_rows
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.idents import Idents

EVERY_S = 10.0
"""Pause between two looks at what other nodes have changed."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What somebody brings."""

    name: str
    language: str
    words: str = ""
    valid_from: datetime | None = None
    """None: from now on."""
    valid_until: datetime | None = None


class Prompts:
    """What the house does with announcements; also `core.prompt.Library`."""

    def __init__(self, store: Store, clock: Clock, work: Callable[..., Awaitable[Any]]) -> None:
        """Keep rows and sound in `store`; `work` runs a function in a worker."""
        self._store = store
        self._clock = clock
        self._work = work
        self._idents = Idents(clock)
        self._book = Book()
        self.uses: list[Callable[[], Collection[Use]]] = []
        """What channels say of where they name announcements."""

    def book(self) -> Book:
        """Return what there is, as it was read last."""
        return self._book

    async def sound(self, ident: str) -> bytes:
        """Return a take's sound.

        Raises:
            NotFoundError: there is none.
        """
        return await self._store.blobs.load(await self._store.read(lambda conn: prompt_rows.blob(conn, ident)))

    def missing(self) -> list[Missing]:
        """Return every place that names an announcement which is not there in a language."""
        uses = [use for said in self.uses for use in said()]
        return self._book.missing(uses, self._clock.now())

    def named(self) -> list[str]:
        """Return the names that settings and lines use."""
        return sorted({use.name for said in self.uses for use in said()})

    # What supervisors do.

    async def add(self, actor: str, take: Take, data: bytes, keep: Callable[[WriteConn, Any], None]) -> dict[str, Any]:
        """Make a file playable, keep it, and let it be heard from its time on; on record.

        Args:
            actor: who brings it.
            take: what it is.
            data: the file, believed in nothing.
            keep: called in the same unit with the answer.

        Raises:
            BadRequestError: it cannot be played (code says why), or name, language or times are wrong.
            BusyError: there are too many.
        """
        now = self._clock.now()
        begin = _checked(take, now)
        sound: Sound | Unplayable = await self._work(announcement, data)
        if not isinstance(sound, Sound):
            message = "this file cannot be played to callers"
            raise BadRequestError(message, code=str(sound), field="file")
        ident = self._idents.new()
        values = {
            "id": ident,
            "name": take.name,
            "language": take.language,
            "words": take.words,
            "blob": await self._store.blobs.store(sound.data),
            "size": len(sound.data),
            "length_ms": round(sound.seconds * 1000),
            "valid_from": begin,
            "valid_until": take.valid_until,
            "created_at": now,
            "created_by": actor,
        }

        def unit(conn: WriteConn) -> dict[str, Any]:
            prompt_rows.add(conn, values)
            detail = {"name": take.name, "language": take.language, "seconds": sound.seconds}
            audit.append(conn, _entry(actor, "prompt.add", ident, detail), now)
            made = prompt_rows.get(conn.connection, ident)
            keep(conn, made)
            return made

        made: dict[str, Any] = await self._store.write(unit)
        await self.load()
        return made

    async def retire(self, actor: str, ident: str) -> None:
        """Let a take be heard no more; on record.

        Raises:
            NotFoundError: there is no such take.
        """
        now = self._clock.now()

        def unit(conn: WriteConn) -> None:
            prompt_rows.retire(conn, ident, now)
            audit.append(conn, _entry(actor, "prompt.retire", ident, {}), now)

        await self._store.write(unit)
        await self.load()

    async def switch(self, actor: str, switch: Switch, reason: str) -> None:
        """Let a line hear another announcement (or nothing) in the place of one; on record.

        Raises:
            BadRequestError: there is nothing of the other name, or the time is over.
        """
        now = self._clock.now()
        if switch.plays and switch.plays not in self._book.prompts:
            message = "there is no announcement of this name"
            raise BadRequestError(message, code="unknown_prompt", field="plays")
        if switch.until is not None and switch.until <= now:
            message = "this time is over"
            raise BadRequestError(message, code="past", field="until")

        def unit(conn: WriteConn) -> None:
            prompt_rows.switch(conn, switch, reason=reason, by=actor, now=now)
            detail = {"name": switch.name, "plays": switch.plays, "reason": reason}
            audit.append(conn, _entry(actor, "prompt.switch", switch.line, detail), now)

        await self._store.write(unit, urgent=True)
        await self.load()

    async def switch_back(self, actor: str, line: str, name: str) -> None:
        """Let a line hear an announcement itself again; on record when anything was switched."""
        now = self._clock.now()

        def unit(conn: WriteConn) -> None:
            if prompt_rows.switch_back(conn, line, name):
                audit.append(conn, _entry(actor, "prompt.switch_back", line, {"name": name}), now)

        await self._store.write(unit, urgent=True)
        await self.load()

    # What is known.

    async def load(self) -> None:
        """Read what there is."""
        self._book = await self._store.read(partial(prompt_rows.book, now=self._clock.now()))

    async def run(self) -> None:
        """Look now and then what has changed elsewhere; for ever."""
        while True:
            try:
                await self.load()
            except ContactdError as error:
                log.warning("prompts.not_read", code=error.code)
            await asyncio.sleep(EVERY_S)


def _checked(take: Take, now: datetime) -> datetime:
    """Return when a take begins to be heard.

    Raises:
        BadRequestError: it is not named as it must be, or its time is none.
    """
    for field, value, pattern in (("name", take.name, NAME), ("language", take.language, LANGUAGE)):
        if not pattern.fullmatch(value):
            message = f"this is no {field}"
            raise BadRequestError(message, code="bad_name", field=field)
    begin = take.valid_from or now
    if take.valid_until is not None and take.valid_until <= max(begin, now):
        message = "it would never be heard"
        raise BadRequestError(message, code="past", field="valid_until")
    return begin


def _entry(actor: str, action: str, ident: str, detail: dict[str, Any]) -> Entry:
    return Entry(actor=actor, action=action, object_kind="prompt", object_id=ident, detail=detail)
