"""The tree articles hang in: branches made, renamed, moved and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

DEEPEST = 6


def put(conn: WriteConn, ident: str, values: Mapping[str, Any], *, fresh: bool, now: datetime, actor: str) -> None:
    """Make or change a branch of the tree (`name` by language, `parent_id`, `position`).

    Raises:
        BadRequestError: it has no name, hangs too deep, or below itself.
        NotFoundError: there is none, or no such parent.
    """
    name = values.get("name")
    if (fresh or "name" in values) and (not isinstance(name, dict) or not any(name.values())):
        message = "a category has a name"
        raise BadRequestError(message, field="name")
    _refuse_circle(conn, ident, values.get("parent_id"))
    if fresh:
        conn.execute(insert(s.kb_category).values(id=ident, **values, created_at=now, created_by=actor))
        return
    own = (s.kb_category.c.id == ident, s.kb_category.c.deleted_at.is_(None))
    if conn.execute(update(s.kb_category).where(*own).values(dict(values))).rowcount == 0:
        message = "there is no such category"
        raise NotFoundError(message)


def drop(conn: WriteConn, ident: str, now: datetime) -> None:
    """Take an empty branch away.

    Raises:
        NotFoundError: there is none.
        ConflictError: something hangs in it (code `in_use`).
    """
    article, category = s.kb_article, s.kb_category
    used = select(article.c.id).where(article.c.category_id == ident, article.c.deleted_at.is_(None)).limit(1)
    below = select(category.c.id).where(category.c.parent_id == ident, category.c.deleted_at.is_(None)).limit(1)
    if conn.execute(used).first() is not None or conn.execute(below).first() is not None:
        message = "something hangs in this category"
        raise ConflictError(message, code="in_use")
    own = (category.c.id == ident, category.c.deleted_at.is_(None))
    if conn.execute(update(category).where(*own).values(deleted_at=now)).rowcount == 0:
        message = "there is no such category"
        raise NotFoundError(message)


def _refuse_circle(conn: WriteConn, ident: str, parent: str | None) -> None:
    for _ in range(DEEPEST):
        if parent is None:
            return
        row = conn.execute(
            select(s.kb_category.c.parent_id).where(s.kb_category.c.id == parent, s.kb_category.c.deleted_at.is_(None))
        ).first()
        if row is None:
            message = "there is no such category"
            raise NotFoundError(message, field="parent_id")
        if parent == ident:
            break
        parent = row.parent_id
    message = f"a category hangs at most {DEEPEST} deep, and not below itself"
    raise BadRequestError(message, field="parent_id")
