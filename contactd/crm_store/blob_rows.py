"""Which rows name blobs: what a row names stays, whatever its age."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, case, select

from contactd.crm_store import schema as s
from contactd.crm_store.import_files import UPLOADING

PAGE = 2000
"""Rows looked at in one read, so that it stays short."""

NAMING: tuple[tuple[Any, Any], ...] = (
    (s.attachment.c.id, s.attachment.c.blob),
    (s.message.c.id, s.message.c.body_html_blob),
    (s.outbox.c.id, case((s.outbox.c.payload.is_(None), s.outbox.c.payload_blob))),
    # Where the bytes lie in the row itself they need not be passed by to see that no blob is named.
    (s.raw.c.receipt_id, case((s.raw.c.inline.is_(None), s.raw.c.blob))),
    (s.upload.c.id, s.upload.c.blob),
    (s.import_file.c.id, s.import_file.c.blob),
    (s.recording.c.id, s.recording.c.blob),
    (s.prompt.c.id, s.prompt.c.blob),
    (s.import_file.c.id, case((s.import_file.c.state == UPLOADING, s.import_file.c.pieces))),
)
"""(key, name) of every table whose rows name blobs; a file that comes in pieces names several."""


def named(conn: Connection, place: int, after: str) -> tuple[set[str], str | None]:
    """Return the blobs named by a page of a table, and where the next page begins (None: it was the last).

    Args:
        conn: a reader's connection.
        place: which of `NAMING`.
        after: key of the last row of the page before, empty at first.
    """
    key, name = NAMING[place]
    rows = conn.execute(select(key, name).where(key > after).order_by(key).limit(PAGE)).all()
    names = (row[1] if isinstance(row[1], list) else [row[1]] for row in rows if row[1] is not None)
    return set().union(*names), rows[-1][0] if len(rows) == PAGE else None
