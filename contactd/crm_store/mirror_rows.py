"""The units of a mirrored contact: who was rung by the outside system, and how each ring ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, null, update

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

_RING = hot(insert(s.offer).on_conflict_do_nothing(index_elements=["id"]))
_RING_ENDED = hot(
    update(s.offer)
    .where(
        s.offer.c.interaction_id == bindparam("b_interaction"),
        s.offer.c.agent == bindparam("b_agent"),
        s.offer.c.outcome.is_(null()),
    )
    .values(
        outcome=bindparam("b_outcome"),
        reason=bindparam("b_reason"),
        ended_at=bindparam("b_at"),
        ring_ms=bindparam("b_at") - s.offer.c.offered_at,
    ),
)
_RINGS_ENDED = hot(
    update(s.offer)
    .where(s.offer.c.interaction_id == bindparam("b_interaction"), s.offer.c.outcome.is_(null()))
    .values(
        outcome=bindparam("b_outcome"),
        reason=bindparam("b_reason"),
        ended_at=bindparam("b_at"),
        ring_ms=bindparam("b_at") - s.offer.c.offered_at,
    ),
)


def ring(conn: WriteConn, ring_id: str, interaction: str, agent: str, line: str, channel: str, at: datetime) -> None:
    """Write that a device rings."""
    conn.run(
        _RING,
        id=ring_id,
        lease=ring_id,
        interaction_id=interaction,
        agent=agent,
        line=line,
        channel=channel,
        offered_at=at,
        expires_at=at,
    )


def ring_ended(
    conn: WriteConn, interaction: str, agent: str | None, outcome: str, reason: str | None, at: datetime
) -> None:
    """Write how a ring ended; without `agent`, how all that still ring did."""
    if agent is None:
        conn.run(_RINGS_ENDED, b_interaction=interaction, b_outcome=outcome, b_reason=reason, b_at=at)
    else:
        conn.run(_RING_ENDED, b_interaction=interaction, b_agent=agent, b_outcome=outcome, b_reason=reason, b_at=at)
