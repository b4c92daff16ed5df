"""Recordings: begun, paused, ended, kept under seal, listened to, made silent in part, and gone when their time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from contactd.clock import parse_rfc3339, rfc3339
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.recorded import Recorded
from contactd.crm_store import schema as s
from contactd.crm_store.sealing import Wrapped
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

BEGUN, RUNNING, ENDED, KEPT, LOST, EXPIRED = "begun", "running", "ended", "kept", "lost", "expired"
OPEN = (BEGUN, RUNNING, ENDED)
"""Recordings whose sound is still on the PBX."""
PAGE = 200
_R = s.recording.c
_BEGIN = hot(insert(s.recording).on_conflict_do_nothing(index_elements=["name"]))
_BY_NAME = hot(select(s.recording).where(_R.name == bindparam("name")))
_BY_ID = hot(select(s.recording).where(_R.id == bindparam("id")))
_SET = {
    name: hot(
        update(s.recording)
        .where(_R.id == bindparam("b_id"), _R.row_version == bindparam("b_version"))
        .values(row_version=_R.row_version + 1, **{column: bindparam(f"b_{column}") for column in columns}),
    )
    for name, columns in {
        "running": ("state", "started_at"),
        "ended": ("state", "ended_at", "gaps"),
        "lost": ("state",),
        "gaps": ("gaps",),
        "hold": ("hold",),
        "kept": ("state", "blob", "size", "length_ms", "peaks", "key_id", "sealed_key", "kept_at", "expires_at"),
        "silenced": ("blob", "size", "peaks", "key_id", "sealed_key", "redactions"),
        "expired": ("state", "blob", "key_id", "sealed_key", "peaks"),
    }.items()
}
"""Every change there is, each only while the row is as it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Sound that lies in the blob store, and what opens it."""

    blob: str
    size: int
    """Bytes of the sound itself."""
    length_ms: int
    peaks: Sequence[Sequence[int]]
    wrapped: Wrapped


def begin(conn: WriteConn, told: Recorded, values: Mapping[str, Any]) -> None:
    """Write down that a recording is being begun, before it is asked for; the same name again changes nothing."""
    conn.run(
        _BEGIN,
        name=told.name,
        interaction_id=told.interaction,
        state=BEGUN,
        started_at=told.at,
        notice_at=told.notice_at,
        consent=told.consent,
        agent=told.agent or None,
        ended_at=None,
        gaps=[],
        redactions=[],
        peaks=[],
        blob=None,
        size=0,
        length_ms=0,
        key_id=None,
        sealed_key=None,
        kept_at=None,
        expires_at=None,
        hold=None,
        row_version=0,
        **values,
    )


def follow(conn: WriteConn, told: Recorded) -> bool:
    """Follow what is told of a recording; return whether it was news.  Told twice, or too late, it changes nothing."""
    row = conn.one(_BY_NAME, name=told.name)
    move = _MOVES.get(told.state)
    return row is not None and move is not None and move(conn, row, told)


def _runs(conn: WriteConn, row: Any, told: Recorded) -> bool:
    """It runs: for the first time, or again after a pause."""
    if row.state == BEGUN:
        return _set(conn, row, "running", state=RUNNING, started_at=told.at)
    gaps = _closed(row.gaps, told.at)
    return row.state == RUNNING and gaps != row.gaps and _set(conn, row, "gaps", gaps=gaps)


def _pauses(conn: WriteConn, row: Any, told: Recorded) -> bool:
    if row.state not in (BEGUN, RUNNING) or any(gap["until"] is None for gap in row.gaps):
        return False
    gap = {"from": rfc3339(told.at), "until": None, "reason": told.reason, "agent": told.agent or None}
    return _set(conn, row, "gaps", gaps=[*row.gaps, gap])


def _ends(conn: WriteConn, row: Any, told: Recorded) -> bool:
    if row.state not in (BEGUN, RUNNING):
        return False
    return _set(conn, row, "ended", state=ENDED, ended_at=told.at, gaps=_closed(row.gaps, told.at))


def _loses(conn: WriteConn, row: Any, _told: Recorded) -> bool:
    return row.state in OPEN and _set(conn, row, "lost", state=LOST)


_MOVES: Mapping[str, Callable[[WriteConn, Any, Recorded], bool]] = {
    "running": _runs,
    "paused": _pauses,
    "ended": _ends,
    "lost": _loses,
}
"""What is told → what it changes."""


def _closed(gaps: Sequence[Mapping[str, Any]], at: datetime) -> list[dict[str, Any]]:
    return [{**gap, "until": gap["until"] or rfc3339(at)} for gap in gaps]


def keep(conn: WriteConn, name: str, sealed: Sealed, now: datetime, days: float | None) -> bool:
    """Name the sealed sound of a recording, once; return whether this was it.

    Args:
        conn: the unit's connection.
        name: the recording.
        sealed: its sound.
        now: this moment.
        days: how long it is kept; None = for ever.

    Raises:
        NotFoundError: nobody knows of this recording.
        ConflictError: it changed at this moment (code `changed`): what the sound came from is not to be removed yet.
    """
    row = conn.one(_BY_NAME, name=name)
    if row is None:
        message = "nobody knows of this recording"
        raise NotFoundError(message, code="unknown_recording")
    if row.state not in (*OPEN, LOST):
        return False
    _must_set(
        conn,
        row,
        "kept",
        state=KEPT,
        blob=sealed.blob,
        size=sealed.size,
        length_ms=sealed.length_ms,
        peaks=[list(side) for side in sealed.peaks],
        key_id=sealed.wrapped.key_id,
        sealed_key=sealed.wrapped.key,
        kept_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    return True


def silence(conn: WriteConn, row: Any, sealed: Sealed, redaction: Mapping[str, Any]) -> None:
    """Put the sound with a silent span in the place of what `row` had, if nobody was quicker.

    Raises:
        ConflictError: it is held, or has changed meanwhile.
    """
    now = conn.one(_BY_ID, id=row.id)
    refuse_held(now)
    if now is None or now.row_version != row.row_version:
        raise _changed()
    _must_set(
        conn,
        now,
        "silenced",
        blob=sealed.blob,
        size=sealed.size,
        peaks=[list(side) for side in sealed.peaks],
        key_id=sealed.wrapped.key_id,
        sealed_key=sealed.wrapped.key,
        redactions=[*now.redactions, dict(redaction)],
    )


def refuse_held(row: Any) -> None:
    """Refuse to change what must stay as it is.

    Raises:
        ConflictError: code `held`.
    """
    if row is not None and row.hold:
        message = "this recording is held and stays as it is"
        raise ConflictError(message, code="held")


def hold(conn: WriteConn, ident: str, why: Mapping[str, Any] | None) -> None:
    """Let a recording stay whatever its time, or no longer.

    Raises:
        NotFoundError: there is no such recording.
        ConflictError: it changed at this moment (code `changed`).
    """
    row = conn.one(_BY_ID, id=ident)
    if row is None or row.state == EXPIRED:
        raise _nothing()
    _must_set(conn, row, "hold", hold=None if why is None else dict(why))


def expire(conn: WriteConn, now: datetime) -> list[str]:
    """Take sound and key from recordings whose time is over and that nobody holds; return their ids.

    The row stays: that there was a recording, of what and how long, is no secret of the customer's voice.
    """
    query = select(s.recording).where(_R.state == KEPT, _R.expires_at <= now, _R.hold.is_(None)).limit(PAGE)
    nothing: dict[str, Any] = {"state": EXPIRED, "blob": None, "key_id": None, "sealed_key": None, "peaks": []}
    return [row.id for row in conn.execute(query).all() if _set(conn, row, "expired", **nothing)]


def unfinished(conn: Connection, channel: str) -> list[dict[str, Any]]:
    """Return a channel's recordings whose sound is not kept yet: name, interaction, state, paused, started_at."""
    query = select(s.recording).where(_R.state.in_(OPEN), _R.channel == channel).order_by(_R.id).limit(PAGE)
    return [
        {
            "name": row.name,
            "interaction": row.interaction_id,
            "state": row.state,
            "paused": next((gap["reason"] for gap in row.gaps if gap["until"] is None), None),
            "started_at": row.started_at,
            "consent": row.consent,
        }
        for row in conn.execute(query)
    ]


def of_interaction(conn: Connection, interaction: str) -> list[dict[str, Any]]:
    """Return what was recorded of an interaction, oldest first, as the wire shows it."""
    query = select(s.recording).where(_R.interaction_id == interaction).order_by(_R.started_at, _R.id).limit(PAGE)
    return [view(row) for row in conn.execute(query)]


def by_name(conn: Connection, name: str) -> Row[Any]:
    """Return one recording's row by what the outside system calls it.

    Raises:
        NotFoundError: there is no such recording.
    """
    row = conn.execute(select(s.recording).where(_R.name == name)).one_or_none()
    if row is None:
        raise _nothing()
    return row


def known(conn: Connection, names: Sequence[str]) -> set[str]:
    """Return those of some names under which something was recorded."""
    return set(conn.execute(select(_R.name).where(_R.name.in_(names))).scalars())


def get(conn: Connection, ident: str) -> Row[Any]:
    """Return one recording's row.

    Raises:
        NotFoundError: there is no such recording.
    """
    row = conn.execute(select(s.recording).where(_R.id == ident)).one_or_none()
    if row is None:
        raise _nothing()
    return row


def _nothing() -> NotFoundError:
    message = "there is no such recording"
    return NotFoundError(message, code="unknown_recording")


def view(row: Any) -> dict[str, Any]:
    """Return a recording as the wire shows it; where a gap lies is said in seconds of the sound."""
    return {
        "id": row.id,
        "interaction": row.interaction_id,
        "segment": row.segment,
        "line": row.line,
        "agent": row.agent,
        "state": row.state,
        "started_at": rfc3339(row.started_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
        "seconds": row.length_ms / 1000,
        "notice_at": rfc3339(row.notice_at) if row.notice_at else None,
        "consent": row.consent,
        "gaps": _placed(row.started_at, row.gaps),
        "redactions": row.redactions,
        "peaks": row.peaks,
        "held": row.hold,
        "expires_at": rfc3339(row.expires_at) if row.expires_at else None,
    }


def _placed(started: datetime, gaps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say where in the sound each gap lies: what was paused is not in it."""
    left_out, placed = 0.0, []
    for gap in gaps:
        begin = parse_rfc3339(gap["from"])
        lasted = (parse_rfc3339(gap["until"]) - begin).total_seconds() if gap["until"] else 0.0
        at = max(0.0, (begin - started).total_seconds() - left_out)
        left_out += lasted
        placed.append({**gap, "at_s": round(at, 3), "lasted_s": round(lasted, 3)})
    return placed


def _set(conn: WriteConn, row: Any, change: str, **values: Any) -> bool:
    given = {f"b_{name}": value for name, value in values.items()}
    return bool(conn.run(_SET[change], b_id=row.id, b_version=row.row_version, **given))


def _must_set(conn: WriteConn, row: Any, change: str, **values: Any) -> None:
    if not _set(conn, row, change, **values):
        raise _changed()


def _changed() -> ConflictError:
    message = "this recording has changed meanwhile"
    return ConflictError(message, code="changed")
