"""The units of reading: what waits to be understood, and what cannot be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from contactd.core.interaction import Cause, State
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.statements import hot
from contactd.crm_store.store import WriteConn

_QUARANTINE = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.state == "received")
    .values(
        state="quarantined",
        state_since=bindparam("b_at"),
        quarantine_reason=bindparam("b_reason"),
        updated_at=bindparam("b_at"),
        row_version=s.interaction.c.row_version + 1,
    ),
)
_DISMISS = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.state == "quarantined")
    .values(
        state="closed",
        outcome="junk",
        ended_by="system",
        state_since=bindparam("b_at"),
        ended_at=bindparam("b_at"),
        updated_at=bindparam("b_at"),
        row_version=s.interaction.c.row_version + 1,
    ),
)
_DEATH = hot(
    update(s.raw).where(s.raw.c.receipt_id == bindparam("b_id")).values(deaths=s.raw.c.deaths + 1),
)
_COLUMNS = (
    s.receipt.c.id.label("receipt"),
    s.interaction.c.id.label("interaction"),
    s.interaction.c.state,
    s.interaction.c.channel,
    s.interaction.c.adapter,
    s.interaction.c.external_key,
    s.interaction.c.direction,
    s.interaction.c.line,
    s.interaction.c.line_text,
    s.interaction.c.raw_from,
    s.interaction.c.raw_to,
    s.interaction.c.subject,
    s.interaction.c.started_at,
    s.interaction.c.routed_by,
    s.raw.c.inline,
    s.raw.c.blob,
    s.raw.c.envelope,
    s.raw.c.deaths,
)


def quarantine(conn: WriteConn, interaction: str, reason: str, now: datetime) -> bool:
    """Put a received interaction aside; False when it is not `received` (any more)."""
    if not conn.run(_QUARANTINE, b_id=interaction, b_at=now, b_reason=reason):
        return False
    add_event(conn, interaction, now, Cause.UNREADABLE, None, {"state": State.QUARANTINED, "reason": reason})
    return True


def dismiss(conn: WriteConn, interaction: str, actor: str, reason: str, now: datetime) -> bool:
    """Close a quarantined interaction for good; False when it is not in quarantine."""
    if not conn.run(_DISMISS, b_id=interaction, b_at=now):
        return False
    add_event(conn, interaction, now, Cause.DISMISSED, actor, {"state": State.CLOSED, "reason": reason})
    return True


def count_death(conn: WriteConn, receipt: str) -> None:
    """Count a worker that died on these raw bytes."""
    conn.run(_DEATH, b_id=receipt)


def unread_receipts(conn: Connection) -> list[tuple[str, str]]:
    """Return the receipts, with their interactions, that still wait to be read, oldest first."""
    rows = conn.execute(
        select(s.receipt.c.id, s.receipt.c.interaction_id)
        .join(s.interaction, s.interaction.c.id == s.receipt.c.interaction_id)
        .where(s.interaction.c.state == "received")
        .order_by(s.receipt.c.at),
    )
    return [(row.id, row.interaction_id) for row in rows]


def arrivals(conn: Connection, receipts: list[str]) -> list[Any]:
    """Return what was stored of arrivals, by receipt."""
    return list(
        conn.execute(
            select(*_COLUMNS)
            .join(s.interaction, s.interaction.c.id == s.receipt.c.interaction_id)
            .join(s.raw, s.raw.c.receipt_id == s.receipt.c.id)
            .where(s.receipt.c.id.in_(receipts), s.receipt.c.joined.is_(False)),
        ),
    )


def receipt_of(conn: Connection, interaction: str) -> str | None:
    """Return the receipt an interaction began with."""
    row = conn.execute(
        select(s.receipt.c.id)
        .where(
            s.receipt.c.interaction_id == interaction,
            s.receipt.c.joined.is_(False),
            or_(s.receipt.c.duplicate_of.is_(None)),
        )
        .order_by(s.receipt.c.at),
    ).first()
    return None if row is None else str(row.id)
