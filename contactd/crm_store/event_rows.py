"""An interaction's events, appended in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_NEXT_EVENT = (
    select(func.coalesce(func.max(s.interaction_event.c.seq), 0) + 1)
    .where(s.interaction_event.c.interaction_id == bindparam("b_interaction"))
    .scalar_subquery()
)
NEW_EVENT = hot(insert(s.interaction_event).values(seq=_NEXT_EVENT).inline(), *s.interaction_event.c.keys())


def event_row(interaction: str, at: datetime, kind: str, actor: str | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make the row of `NEW_EVENT`, the next of an interaction's events."""
    return {
        "interaction_id": interaction,
        "b_interaction": interaction,
        "at": at,
        "type": kind,
        "actor": actor,
        "data": data,
    }


def add_event(
    conn: WriteConn,
    interaction: str,
    at: datetime,
    kind: str,
    actor: str | None,
    data: Mapping[str, Any],
) -> None:
    """Append to an interaction's events."""
    conn.run(NEW_EVENT, **event_row(interaction, at, kind, actor, data))
