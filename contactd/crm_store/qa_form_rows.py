"""Scorecards: what contacts are judged by; a changed one is a new version, and what was judged keeps its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from contactd.core import quality
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

LONGEST = 200
MOST = 200
"""Scorecards there may be."""
_FORM, _VERSION = s.qa_form, s.qa_form_version
_SHOWN = ("id", "name", "channel", "version", "active", "row_version")


def create(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Make a scorecard.

    Raises:
        BadRequestError: a field is wrong, or there are too many.
    """
    fields = _checked({"name": "", "sections": None, **values})
    if len(listed(conn.connection)) >= MOST:
        message = f"there are {MOST} scorecards already"
        raise BadRequestError(message)
    sections = fields.pop("sections")
    about = {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    conn.execute(insert(_FORM).values(id=ident, version=1, **fields, **about))
    conn.execute(insert(_VERSION).values(form_id=ident, version=1, sections=sections, at=now, by=actor))


def patch(
    conn: WriteConn, ident: str, values: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change a scorecard; other sections are a new version.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` (code `changed`).
        BadRequestError: a field is wrong.
    """
    fields = _checked(values)
    own = (_FORM.c.id == ident, _FORM.c.deleted_at.is_(None))
    row = conn.execute(select(_FORM.c.row_version, _FORM.c.version).where(*own).with_for_update()).first()
    if row is None:
        raise _nothing()
    if row_version is not None and row_version != row.row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    sections = fields.pop("sections", None)
    if sections is not None and sections != get(conn.connection, ident)["sections"]:
        fields["version"] = row.version + 1
        conn.execute(
            insert(_VERSION).values(form_id=ident, version=row.version + 1, sections=sections, at=now, by=actor)
        )
    about = {"updated_at": now, "updated_by": actor, "row_version": row.row_version + 1}
    conn.execute(update(_FORM).where(*own).values(fields | about))


def drop(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Take a scorecard away, and the rules that draw for it; what was judged by it stays.

    Raises:
        NotFoundError: there is none.
    """
    gone = {"deleted_at": now, "active": False, "updated_at": now, "updated_by": actor}
    own = (_FORM.c.id == ident, _FORM.c.deleted_at.is_(None))
    if conn.execute(update(_FORM).where(*own).values(gone)).rowcount == 0:
        raise _nothing()
    rule = s.qa_rule
    conn.execute(update(rule).where(rule.c.form_id == ident, rule.c.deleted_at.is_(None)).values(gone))


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return every scorecard with what it asks, by name."""
    query = _whole().where(_FORM.c.deleted_at.is_(None)).order_by(_FORM.c.name, _FORM.c.id)
    return [_view(row) for row in conn.execute(query)]


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one scorecard.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(_whole().where(_FORM.c.id == ident, _FORM.c.deleted_at.is_(None))).first()
    if row is None:
        raise _nothing()
    return _view(row)


def versions(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return what a scorecard asked over time, newest first; also of one that is gone."""
    query = select(_VERSION).where(_VERSION.c.form_id == ident).order_by(_VERSION.c.version.desc()).limit(MOST)
    return [
        {"version": row.version, "sections": row.sections, "at": text(row.at), "by": row.by}
        for row in conn.execute(query)
    ]


def _whole() -> Any:
    newest = and_(_VERSION.c.form_id == _FORM.c.id, _VERSION.c.version == _FORM.c.version)
    return select(_FORM, _VERSION.c.sections).join(_VERSION, newest)


def _view(row: Any) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN}
    return shown | {"sections": row.sections, "updated_at": text(row.updated_at)}


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """See that the fields fit; return them, with every question whole.

    Raises:
        BadRequestError: one does not; `field` names it.
    """
    fields = dict(values)
    for name, value in values.items():
        if name == "sections":
            fields[name] = quality.document(quality.sections(value))
        elif not _fits(name, value):
            message = f"{name} has a wrong value"
            raise BadRequestError(message, field=name)
    return fields


def _fits(name: str, value: Any) -> bool:
    if name == "name":
        return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST
    if name == "channel":
        return value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST)
    return name == "active" and isinstance(value, bool)


def _nothing() -> NotFoundError:
    message = "there is no such scorecard"
    return NotFoundError(message)
