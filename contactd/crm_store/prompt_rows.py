"""Announcements in the store: takes that are added and retired, and what a line hears in the place of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BusyError, NotFoundError
from contactd.core.prompt import Book, Prompt, Switch
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

MOST = 2000
"""Takes a house may keep; far above any library, far below what would not fit in memory."""
_P, _S = s.prompt.c, s.prompt_switch.c
_ADD = hot(insert(s.prompt))
_RETIRE = hot(
    update(s.prompt)
    .where(_P.id == bindparam("b_id"), _P.retired_at.is_(None))
    .values(retired_at=bindparam("b_at"), blob=None, size=0),
)
_new = insert(s.prompt_switch)
_SWITCH = hot(
    _new.on_conflict_do_update(
        index_elements=["line", "name"],
        set_={name: _new.excluded[name] for name in ("plays", "until", "reason", "at", "by")},
    ),
)
_BACK = hot(delete(s.prompt_switch).where(_S.line == bindparam("b_line"), _S.name == bindparam("b_name")))


def add(conn: WriteConn, values: Mapping[str, Any]) -> None:
    """Add a take (columns of `prompt`).

    Raises:
        BusyError: there are too many (code `quota`).
    """
    if (conn.connection.execute(select(func.count()).where(_P.retired_at.is_(None))).scalar() or 0) >= MOST:
        message = "there are too many announcements; retire some first"
        raise BusyError(message, code="quota")
    conn.run(_ADD, **{"valid_until": None, "retired_at": None, **values})


def retire(conn: WriteConn, ident: str, now: datetime) -> None:
    """Let a take be heard no more; its row stays, its sound goes.

    Raises:
        NotFoundError: there is no such take, or it is retired.
    """
    if not conn.run(_RETIRE, b_id=ident, b_at=now):
        message = "there is no such announcement"
        raise NotFoundError(message, code="unknown_prompt")


def switch(conn: WriteConn, switched: Switch, *, reason: str, by: str, now: datetime) -> None:
    """Let a line hear another announcement in the place of one; what was said before is replaced."""
    conn.run(
        _SWITCH,
        line=switched.line,
        name=switched.name,
        plays=switched.plays,
        until=switched.until,
        reason=reason,
        at=now,
        by=by,
    )


def switch_back(conn: WriteConn, line: str, name: str) -> bool:
    """Let a line hear an announcement itself again; return whether anything was switched."""
    return bool(conn.run(_BACK, b_line=line, b_name=name))


def book(conn: Connection, now: datetime) -> Book:
    """Return all that may still be heard."""
    takes: dict[str, list[Prompt]] = defaultdict(list)
    still = select(s.prompt).where(_P.retired_at.is_(None), or_(_P.valid_until.is_(None), _P.valid_until > now))
    for row in conn.execute(still.order_by(_P.id).limit(MOST)):
        take = Prompt(
            id=row.id, name=row.name, language=row.language, valid_from=row.valid_from, valid_until=row.valid_until
        )
        takes[row.name].append(take)
    switches = {
        (row.line, row.name): Switch(line=row.line, name=row.name, plays=row.plays, until=row.until)
        for row in conn.execute(select(s.prompt_switch).limit(MOST))
    }
    return Book(prompts={name: tuple(found) for name, found in takes.items()}, switches=switches)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return the takes that are not retired, by name and language, the newest first."""
    query = select(s.prompt).where(_P.retired_at.is_(None))
    return [_view(row) for row in conn.execute(query.order_by(_P.name, _P.language, _P.id.desc()).limit(MOST))]


def switched(conn: Connection) -> list[dict[str, Any]]:
    """Return what is switched."""
    return [
        {
            "line": row.line,
            "name": row.name,
            "plays": row.plays,
            "until": rfc3339(row.until) if row.until else None,
            "reason": row.reason,
            "at": rfc3339(row.at),
            "by": row.by,
        }
        for row in conn.execute(select(s.prompt_switch).order_by(_S.line, _S.name).limit(MOST))
    ]


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one take.

    Raises:
        NotFoundError: there is none.
    """
    return _view(_row(conn, ident))


def blob(conn: Connection, ident: str) -> str:
    """Return the name of a take's sound in the blob store.

    Raises:
        NotFoundError: there is no such take, or it is retired.
    """
    return str(_row(conn, ident).blob)


def _row(conn: Connection, ident: str) -> Any:
    row = conn.execute(select(s.prompt).where(_P.id == ident, _P.blob.is_not(None))).one_or_none()
    if row is None:
        message = "there is no such announcement"
        raise NotFoundError(message, code="unknown_prompt")
    return row


def _view(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "language": row.language,
        "words": row.words,
        "seconds": row.length_ms / 1000,
        "valid_from": rfc3339(row.valid_from),
        "valid_until": rfc3339(row.valid_until) if row.valid_until else None,
        "created_at": rfc3339(row.created_at),
        "created_by": row.created_by,
    }
