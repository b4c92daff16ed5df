"""Surveys defined: what customers of a line and channel are asked, and who of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from contactd.core import survey as rules
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

LONGEST = 200
LONGEST_INTRO = 500
MOST_DAYS = 3650
MOST = 200
"""Definitions there may be."""
_SHOWN = (
    "id", "name", "line", "channel", "language", "questions", "intro", "closing", "share", "every_days", "valid_hours",
    "low", "active", "row_version",
)  # fmt: skip


def create(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Make a survey.

    Raises:
        BadRequestError: a field is wrong, or there are too many.
    """
    fields = checked({"questions": None, "name": "", **values})
    if len(listed(conn.connection)) >= MOST:
        message = f"there are {MOST} surveys already"
        raise BadRequestError(message)
    about = {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    conn.execute(insert(s.survey).values(id=ident, **fields, **about))


def patch(
    conn: WriteConn, ident: str, values: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change a survey; invitations that are out keep what they asked.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` (code `changed`).
        BadRequestError: a field is wrong.
    """
    fields = checked(values)
    own = (s.survey.c.id == ident, s.survey.c.deleted_at.is_(None))
    row = conn.execute(select(s.survey.c.row_version).where(*own).with_for_update()).first()
    if row is None:
        message = "there is no such survey"
        raise NotFoundError(message)
    if row_version is not None and row_version != row.row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    about = {"updated_at": now, "updated_by": actor, "row_version": row.row_version + 1}
    conn.execute(update(s.survey).where(*own).values(fields | about))


def drop(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Take a survey away; what was answered stays.

    Raises:
        NotFoundError: there is none.
    """
    own = (s.survey.c.id == ident, s.survey.c.deleted_at.is_(None))
    gone = {"deleted_at": now, "active": False, "updated_at": now, "updated_by": actor}
    if conn.execute(update(s.survey).where(*own).values(gone)).rowcount == 0:
        message = "there is no such survey"
        raise NotFoundError(message)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return every survey, by name."""
    rows = conn.execute(
        select(s.survey).where(s.survey.c.deleted_at.is_(None)).order_by(s.survey.c.name, s.survey.c.id)
    )
    return [_view(row) for row in rows]


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one survey.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.survey).where(s.survey.c.id == ident, s.survey.c.deleted_at.is_(None))).first()
    if row is None:
        message = "there is no such survey"
        raise NotFoundError(message)
    return _view(row)


def fitting(conn: Connection, line: str | None, channel: str) -> Any:
    """Return the row of the survey for a line and a channel: one that names both before one for all; None without."""
    table = s.survey
    query = select(table).where(
        table.c.deleted_at.is_(None),
        table.c.active,
        or_(table.c.line.is_(None), table.c.line == (line or "")),
        or_(table.c.channel.is_(None), table.c.channel == channel),
    )
    return conn.execute(query.order_by(table.c.line.is_(None), table.c.channel.is_(None), table.c.id).limit(1)).first()


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """See that the fields fit; return them, with every question whole.

    Raises:
        BadRequestError: one does not; `field` names it.
    """
    fields = dict(values)
    for name, value in values.items():
        if name == "questions":
            fields[name] = [asdict(one) for one in rules.questions(value)]
        elif name not in _FITS or not _FITS[name](value):
            message = f"{name} has a wrong value" if name in _FITS else f"{name} cannot be set"
            raise BadRequestError(message, field=name)
    return fields


def _view(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN} | {"updated_at": text(row.updated_at)}


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _words(value: Any) -> bool:
    """Tell whether it is a text by language."""
    return isinstance(value, dict) and all(
        name in rules.LANGUAGES and isinstance(words, str) and len(words) <= LONGEST_INTRO
        for name, words in value.items()
    )


def _word(value: Any) -> bool:
    return value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST)


_FITS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str) and 0 < len(value.strip()) <= LONGEST,
    "line": _word,
    "channel": _word,
    "language": lambda value: value in rules.LANGUAGES,
    "intro": _words,
    "closing": _words,
    "share": _within(0, 100),
    "every_days": _within(0, MOST_DAYS),
    "valid_hours": _within(1, 24 * 90),
    "low": lambda value: value is None or _within(0, rules.BEST)(value),
    "active": lambda value: isinstance(value, bool),
}
