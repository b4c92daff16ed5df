"""What was said in a conversation, as a customer may see it: no notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from contactd.clock import rfc3339
from contactd.crm_store import schema as s

MOST = 500


def after(conn: Connection, interaction: str, seq: int) -> list[Mapping[str, Any]]:
    """Return the messages of an interaction after `seq`, oldest first, at most 500."""
    rows = conn.execute(
        select(s.message)
        .where(
            s.message.c.interaction_id == interaction,
            s.message.c.seq > seq,
            s.message.c.direction != "internal",
        )
        .order_by(s.message.c.seq)
        .limit(MOST),
    )
    return [
        {
            "id": row.id,
            "interaction": interaction,
            "seq": row.seq,
            "at": rfc3339(row.at),
            "direction": row.direction,
            "sender": row.sender,
            "sender_name": row.sender_name,
            "text": row.body_text,
            "client_id": row.client_id,
            "delivery_state": row.delivery_state,
        }
        for row in rows
    ]
