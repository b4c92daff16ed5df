"""The bytes behind a message: as it came in, or as it went out."""

from __future__ import annotations

from sqlalchemy import Connection, select

from contactd.core.errors import NotFoundError
from contactd.core.interaction import Direction
from contactd.crm_store import schema as s

RECEIPT = "receipt"
"""Fact of a message that came in, or was brought in: the receipt it came by."""


def source(conn: Connection, message: str) -> tuple[bytes | None, str | None]:
    """Return the bytes themselves, or the name of the blob they are.

    Raises:
        NotFoundError: there is no such message, or its bytes were not kept.
    """
    row = conn.execute(
        select(s.message.c.direction, s.message.c.headers).where(s.message.c.id == message),
    ).first()
    found = None
    if row is not None and RECEIPT in row.headers:
        found = conn.execute(
            select(s.raw.c.inline, s.raw.c.blob).where(s.raw.c.receipt_id == row.headers[RECEIPT])
        ).first()
    elif row is not None and row.direction == Direction.OUTBOUND:
        found = conn.execute(
            select(s.outbox.c.payload, s.outbox.c.payload_blob).where(s.outbox.c.message_id == message)
        ).first()
    if found is None or (found[0] is None and found[1] is None):
        text = "there is no original of this message"
        raise NotFoundError(text)
    return found[0], found[1]


def arrived(conn: Connection, interaction: str) -> tuple[bytes | None, str | None]:
    """Return the bytes an interaction first came as, or the name of the blob they are.

    Raises:
        NotFoundError: there is no such interaction, or its bytes were not kept.
    """
    query = select(s.raw.c.inline, s.raw.c.blob).where(s.raw.c.interaction_id == interaction)
    found = conn.execute(query.order_by(s.raw.c.receipt_id).limit(1)).first()
    if found is None or (found.inline is None and found.blob is None):
        text = "there is no original of this"
        raise NotFoundError(text)
    return found.inline, found.blob
