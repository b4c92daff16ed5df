"""What only the REST interface asks of the store: parts of many interactions at once, repeated requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


def with_parts(conn: Connection, views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add `offers`, `segments` and `topics` to a page of interactions, in three reads."""
    idents = [view["id"] for view in views]
    parts: dict[str, dict[str, list[dict[str, Any]]]] = {
        ident: {"offers": [], "segments": [], "topics": []} for ident in idents
    }
    if not idents:
        return []
    offer, segment, topic = s.offer, s.interaction_segment, s.interaction_topic
    for row in conn.execute(select(offer).where(offer.c.interaction_id.in_(idents)).order_by(offer.c.offered_at)):
        parts[row.interaction_id]["offers"].append(
            {
                "agent": row.agent,
                "outcome": row.outcome,
                "offered_at": text(row.offered_at),
                "ring_s": row.ring_ms / 1000,
            },
        )
    for row in conn.execute(select(segment).where(segment.c.interaction_id.in_(idents)).order_by(segment.c.n)):
        parts[row.interaction_id]["segments"].append(
            {
                "line": row.line,
                "reason": row.reason,
                "entered_at": text(row.entered_at),
                "answered_at": text(row.answered_at),
                "ended_at": text(row.ended_at),
                "agent": row.agent,
                "outcome": row.outcome,
                **{f"{clock}_s": getattr(row, f"{clock}_ms") / 1000 for clock in ("wait", "talk", "hold", "wrap")},
            },
        )
    for row in conn.execute(select(topic).where(topic.c.interaction_id.in_(idents)).order_by(topic.c.n)):
        parts[row.interaction_id]["topics"].append(
            {"disposition": row.disposition, "case": row.case_id, "note": row.note, "primary": row.is_primary},
        )
    return [view | parts[view["id"]] for view in views]


def message_files(conn: Connection, message: str) -> list[Any]:
    """Return `id, blob, media_type, size, content_id` of a message's files that have a Content-ID."""
    file = s.attachment
    query = select(file.c.id, file.c.blob, file.c.media_type, file.c.size, file.c.content_id, file.c.scan_state)
    return list(
        conn.execute(query.where(file.c.message_id == message, file.c.content_id.is_not(None)).order_by(file.c.n))
    )


def begin_once(conn: WriteConn, row: Mapping[str, Any], abandoned: datetime) -> Any:
    """Note a request that may be repeated.

    Args:
        conn: the unit's transaction.
        row: columns of `idempotency_key` without an answer.
        abandoned: a request without an answer from before this moment was cut off by a crash and may be tried again.

    Returns:
        None: it is new, carry it out.  A row: it came before, with its `status` and `response` once it was answered.
    """
    table = s.idempotency_key
    mine = (table.c.actor == row["actor"], table.c.key == row["key"])
    conn.execute(delete(table).where(table.c.expires_at < row["at"]))
    conn.execute(delete(table).where(*mine, table.c.status.is_(None), table.c.at < abandoned))
    made = conn.execute(insert(table).values(**row).on_conflict_do_nothing())
    return None if made.rowcount == 1 else conn.execute(select(table).where(*mine)).first()


def end_once(conn: WriteConn, row: Mapping[str, Any], status: int, response: Any) -> bool:
    """Keep the answer of a request that may be repeated; False = it has one, or another try has taken its place.

    Args:
        conn: the unit's transaction: the one that carries the request out, wherever it can be.
        row: what `begin_once` was given.
        status: HTTP status of the answer.
        response: its JSON.
    """
    table = s.idempotency_key
    return conn.execute(update(table).where(*_try(row)).values(status=status, response=response)).rowcount == 1


def drop_once(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Forget a request that was not carried out: it may be tried again."""
    conn.execute(delete(s.idempotency_key).where(*_try(row)))


def _try(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Mean one try of a request that has no answer yet."""
    table = s.idempotency_key
    mine = (table.c.actor == row["actor"], table.c.key == row["key"], table.c.at == row["at"])
    return (*mine, table.c.status.is_(None))
