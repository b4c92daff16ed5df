"""Recordings at the desk: written down as they are made, sealed when they are over, listened to by those who may, gone in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from contactd.clock import Clock, rfc3339
from contactd.core.errors import BadRequestError, ContactdError, NotFoundError, WorkerDiedError
from contactd.core.recorded import Recorded
from contactd.core.sound import Sound, silenced, together
from contactd.crm_store import audit, recording_rows, sealing
from contactd.crm_store.audit import Entry
from contactd.crm_store.recording_rows import Sealed
from contactd.crm_store.sealing import Keys, Wrapped
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.idents import Idents
from contactd.desk.rules import Rules

EVERY_S = 3600.0
"""Pause between two looks for recordings whose time is over."""
LONGEST_SPAN_S = 4 * 3600.0

log = structlog.get_logger(__name__)


class Recordings:
    """What the house does with recordings."""

    def __init__(
        self, store: Store, clock: Clock, rules: Rules, keys: Path, work: Callable[..., Awaitable[Any]]
    ) -> None:
        """Keep rows and blobs in `store`, seal with the keys of the folder `keys`; `work` runs a function in a worker."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._keys = Keys(keys)
        self._work = work
        self._idents = Idents(clock)

    # What channels tell.

    async def follow(self, channel: str, told: Recorded, *, line: str = "", segment: int = 1) -> None:
        """Write down how a recording stands; return after the commit."""
        if told.state != "begun":
            await self._store.write(lambda conn: recording_rows.follow(conn, told), urgent=True)
            return
        values = {"id": self._idents.new(), "channel": channel, "line": line, "segment": segment}
        await self._store.write(lambda conn: recording_rows.begin(conn, told, values), urgent=True)

    async def keep(self, name: str, sound: Sound) -> None:
        """Seal a recording and name it; a second time changes nothing.

        Raises:
            NotFoundError: nobody knows of it.
            StoreDownError: nothing was kept.
        """
        row = await self._store.read(lambda conn: recording_rows.by_name(conn, name))
        if row.state in (recording_rows.KEPT, recording_rows.EXPIRED):
            return
        sealed = await self.seal(sound)
        unit = partial(
            recording_rows.keep, name=name, sealed=sealed, now=self._clock.now(), days=self.keep_days(row.line)
        )
        await self._store.write(unit, urgent=True)

    async def unfinished(self, channel: str) -> list[dict[str, Any]]:
        """Return a channel's recordings whose sound is not kept yet."""
        return await self._store.read(lambda conn: recording_rows.unfinished(conn, channel))

    def keep_days(self, line: str) -> float | None:
        """Return how long what is recorded in a line is kept, in days; None = for ever."""
        policy = self._rules.policy
        return policy.lines.get(line, policy.lines[policy.default_line]).recording.keep_days or None

    async def picture(self, data: bytes) -> Sound:
        """Make a recording of a file's bytes, with the picture of its loudness where there can be one."""
        try:
            made: Sound = await self._work(together, [data])
        except WorkerDiedError:  # it is kept all the same
            return Sound(data=data, seconds=0.0, peaks=())
        return made

    async def seal(self, sound: Sound) -> Sealed:
        """Seal sound under a key of its own and keep the file; a row that names it must follow.

        Raises:
            StoreDownError: nothing was kept.
        """
        key, wrapped = await asyncio.to_thread(self._keys.fresh)
        sealed = await asyncio.to_thread(sealing.seal, sound.data, key)
        return Sealed(
            blob=await self._store.blobs.store(sealed),
            size=len(sound.data),
            length_ms=round(sound.seconds * 1000),
            peaks=sound.peaks,
            wrapped=wrapped,
        )

    # What people ask.

    async def of(self, interaction: str) -> list[dict[str, Any]]:
        """Return what was recorded of an interaction, as the wire shows it."""
        return await self._store.read(lambda conn: recording_rows.of_interaction(conn, interaction))

    async def row(self, ident: str) -> Any:
        """Return a recording's row.

        Raises:
            NotFoundError: there is none.
        """
        return await self._store.read(lambda conn: recording_rows.get(conn, ident))

    async def listen(self, row: Any, first: int, last: int) -> bytes:
        """Return the bytes `first` to `last` of a recording's sound.

        Raises:
            NotFoundError: its time is over, it never came, or the house's key is not here.
            ConflictError: the file was changed.
        """
        if row.blob is None:
            message = "there is no sound of this call"
            raise NotFoundError(message, code="no_sound")
        key = await asyncio.to_thread(self._keys.unwrap, Wrapped(key_id=row.key_id, key=row.sealed_key))
        return await sealing.read(self._store.blobs.path(row.blob), key, row.size, first, last)

    async def hold(self, ident: str, actor: str, reason: str, *, on: bool) -> None:
        """Let a recording stay whatever its time (a legal hold), or no longer; on record.

        Raises:
            NotFoundError: there is no such recording, or no sound of it.
        """
        now = self._clock.now()
        why = {"by": actor, "at": rfc3339(now), "reason": reason} if on else None

        def unit(conn: WriteConn) -> None:
            recording_rows.hold(conn, ident, why)
            action = "recording.hold" if on else "recording.release"
            audit.append(conn, _entry(actor, action, ident, {"reason": reason} if reason else {}), now)

        await self._store.write(unit)

    async def redact(self, ident: str, actor: str, span: tuple[float, float], reason: str) -> None:
        """Make a span of a recording silent for good: a new file takes the place of the old one, whose key is gone.

        Raises:
            BadRequestError: the span does not lie in it, or it is no sound we can change.
            ConflictError: it is held, or has changed meanwhile.
            NotFoundError: there is no sound.
        """
        row = await self.row(ident)
        recording_rows.refuse_held(row)
        begin, end = span
        if not 0 <= begin < end <= min(LONGEST_SPAN_S, row.length_ms / 1000 + 1):
            message = "the span does not lie in the recording"
            raise BadRequestError(message, field="to_s")
        data = await self.listen(row, 0, row.size - 1)
        try:
            sound = await self._work(silenced, data, [span])
        except ValueError as error:
            message = "this sound cannot be changed"
            raise BadRequestError(message, code="no_wav") from error
        sealed, now = await self.seal(sound), self._clock.now()
        redaction = {"from_s": begin, "to_s": end, "reason": reason, "by": actor, "at": rfc3339(now)}

        def unit(conn: WriteConn) -> None:
            recording_rows.silence(conn, row, sealed, redaction)
            detail = {"from_s": begin, "to_s": end, "reason": reason}
            audit.append(conn, _entry(actor, "recording.redact", ident, detail), now)

        await self._store.write(unit)

    # What time does.

    async def run(self) -> None:
        """Let go, now and then, what nobody may keep any longer; for ever."""
        while True:
            try:
                await self.expire()
            except ContactdError as error:
                log.warning("recordings.not_expired", code=error.code)
            await asyncio.sleep(EVERY_S)

    async def expire(self) -> int:
        """Let go of recordings whose time is over and that nobody holds; return how many.

        The key goes with the row, so that no copy of the file can be heard; the file itself goes with the next sweep.
        """
        count = 0
        while True:
            now = self._clock.now()
            gone = await self._store.write(partial(_expire, now=now), bulk=True)
            count += len(gone)
            if len(gone) < recording_rows.PAGE:
                return count


def _expire(conn: WriteConn, now: datetime) -> list[str]:
    gone = recording_rows.expire(conn, now)
    if gone:
        audit.append_all(conn, [(_entry("system", "recording.expire", ident, {}), now) for ident in gone])
    return gone


def _entry(actor: str, action: str, ident: str, detail: Mapping[str, Any]) -> Entry:
    return Entry(actor=actor, action=action, object_kind="recording", object_id=ident, detail=dict(detail))
