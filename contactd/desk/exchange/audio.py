"""Sound that lies beside a table of recordings: looked at, and sealed like a live recording before its row is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.newcomer import Problem
from contactd.core.past import Past
from contactd.core.sound import media
from contactd.crm_store import past_recordings, recording_rows
from contactd.crm_store.recording_rows import Sealed
from contactd.crm_store.store import Store
from contactd.desk.exchange.bundle import Bundle
from contactd.desk.recordings import Recordings

MOST = 128 * 1024 * 1024
"""Bytes of one recording."""
_HEAD = 16


class Audio:
    """Completes rows of recordings with their sound."""

    def __init__(self, store: Store, recordings: Recordings, files: Bundle, system: str) -> None:
        """Take sound from `files`, and seal it as `recordings` does; `system` is whose the rows are."""
        self._store = store
        self._recordings = recordings
        self._files = files
        self._system = system
        self._used: set[str] = set()

    async def complete(self, rows: Sequence[Past], *, keep: bool) -> None:
        """Look at each file, and with `keep` seal it unless it is kept already; what is wrong with it is its row's mistake."""
        names = {row.number: past_recordings.name_of(row, self._system) for row in rows if not row.problems}
        there = await self._store.read(partial(recording_rows.known, names=list(names.values())))
        for row in rows:
            if row.problems:
                continue
            row.values["keep_days"] = self._recordings.keep_days(row.values.get("own_line") or "")
            if names[row.number] in there:
                continue
            try:
                await self._look(row)
                if keep:
                    row.values["sealed"] = await self._sealed(row)
            except BadRequestError as error:
                row.problems.append(Problem("file", error.code, error.text[-60:]))

    async def _look(self, row: Past) -> None:
        """Refuse what is no sound, and a file that another row has named.

        Raises:
            BadRequestError: as `Bundle.read`, or so.
        """
        name = row.said("file")
        head = await asyncio.to_thread(self._files.read, name, MOST, _HEAD)
        if media(head) is None:
            raise BadRequestError(name, code="no_sound", field="file")
        if name in self._used:
            raise BadRequestError(name, code="twice", field="file")
        self._used.add(name)

    async def _sealed(self, row: Past) -> Sealed:
        data = await asyncio.to_thread(self._files.read, row.said("file"), MOST)
        sound = await self._recordings.picture(data)
        told: Any = row.values.get("talk")
        if not sound.seconds and isinstance(told, timedelta):
            sound = replace(sound, seconds=told.total_seconds())
        return await self._recordings.seal(sound)
