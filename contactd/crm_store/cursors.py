"""Keyset cursors: where a page ended, as an opaque text."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from contactd.clock import from_ms, to_ms
from contactd.core.errors import BadRequestError

S = TypeVar("S", bound=Select[Any])
MAX_PAGE = 200
_MAX_MS = 1 << 47


def after(query: S, cursor: str | None, at: ColumnElement[datetime], ident: ColumnElement[str], limit: int) -> S:
    """Order `query` newest first by (`at`, `ident`), begin behind `cursor`, and take one row more than `limit`.

    Raises:
        BadRequestError: the cursor is none of ours, or the limit is not between 1 and 200.
    """
    if not 1 <= limit <= MAX_PAGE:
        message = f"limit must be between 1 and {MAX_PAGE}"
        raise BadRequestError(message, field="limit")
    if cursor is not None:
        moment, last = read(cursor)
        query = query.where(or_(at < moment, and_(at == moment, ident < last)))
    return query.order_by(at.desc(), ident.desc()).limit(limit + 1)


def page(rows: list[Any], limit: int, at: str, ident: str = "id") -> tuple[list[Any], str | None]:
    """Split what `after` brought into the page and the next cursor (None at the end)."""
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], write(getattr(last, at), getattr(last, ident))


def write(at: datetime, ident: str) -> str:
    """Make a cursor."""
    return base64.urlsafe_b64encode(f"{to_ms(at)} {ident}".encode()).rstrip(b"=").decode()


def read(cursor: str) -> tuple[datetime, str]:
    """Read a cursor.

    Raises:
        BadRequestError: it is none of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        moment, _, ident = base64.urlsafe_b64decode(padded).decode().partition(" ")
        milliseconds = int(moment)
    except (ValueError, binascii.Error) as error:
        message = "not a cursor of this list"
        raise BadRequestError(message, field="cursor") from error
    if not ident or not 0 <= milliseconds < _MAX_MS:
        message = "not a cursor of this list"
        raise BadRequestError(message, field="cursor")
    return from_ms(milliseconds), ident
