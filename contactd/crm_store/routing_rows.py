"""The router's unit: journal, consumed facts, and every row a batch of decisions changes, in one transaction.

Every batch checks the epoch of the router's lease first: a node that lost the lease writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, func, null, select, update

from contactd.crm_store import audit, callback_rows
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import NEW_EVENT
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

LEASE = "router"


class LeaseLostError(Exception):
    """Another node holds the router: this one must stop deciding."""


class Batch(Protocol):
    """The rows of one batch, each a dict by column."""

    journal: list[dict[str, Any]]
    consumed: list[dict[str, Any]]
    interactions: dict[str, dict[str, Any]]
    segments: dict[tuple[str, int], dict[str, Any]]
    events: list[dict[str, Any]]
    offers: list[dict[str, Any]]
    offers_ended: list[dict[str, Any]]
    agent_intervals: list[dict[str, Any]]
    agent_routing: dict[str, dict[str, Any]]
    standing: dict[str, dict[str, Any]]
    lines: dict[str, dict[str, Any]]
    audits: list[tuple[audit.Entry, datetime]]
    callbacks: list[callback_rows.NewCallback]


_EPOCH = hot(select(s.router_lease.c.epoch).where(s.router_lease.c.name == LEASE))
_NEW_LEASE = hot(insert(s.router_lease))
_TAKE_LEASE = hot(
    update(s.router_lease)
    .where(s.router_lease.c.name == LEASE)
    .values(epoch=bindparam("b_epoch"), node=bindparam("b_node"), at=bindparam("b_at")),
)
_JOURNAL = hot(insert(s.journal))
_CONSUME = hot(
    update(s.fact_inbox).where(s.fact_inbox.c.id == bindparam("b_id")).values(consumed_seq=bindparam("b_consumed_seq")),
)
_SPOIL = hot(
    update(s.fact_inbox)
    .where(s.fact_inbox.c.id == bindparam("b_id"))
    .values(consumed_seq=bindparam("b_seq"), error=bindparam("b_error"), failures=s.fact_inbox.c.failures + 1),
)
_CHANGED = (
    "line",
    "state",
    "state_since",
    "agent",
    "outcome",
    "ended_by",
    "priority",
    "skills",
    "ended_at",
    "wait_ms",
    "talk_ms",
    "hold_ms",
    "wrap_ms",
    "disposition",
    "wrapup_until",
    "parked_until",
    "updated_at",
)
_INTERACTION = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _CHANGED} | {"row_version": s.interaction.c.row_version + 1}),
)
_new_segment = insert(s.interaction_segment)
_SEGMENT = hot(
    _new_segment.on_conflict_do_update(
        index_elements=["interaction_id", "n"],
        set_={
            name: _new_segment.excluded[name]
            for name in (
                "line",
                "reason",
                "entered_at",
                "offered_at",
                "ended_at",
                "agent",
                "ring_ms",
                "wait_ms",
                "talk_ms",
                "hold_ms",
                "wrap_ms",
                "outcome",
                "disposition",
            )
        }
        | {"answered_at": func.coalesce(s.interaction_segment.c.answered_at, _new_segment.excluded.answered_at)},
    ),
)
_OFFER = hot(insert(s.offer))
_OFFER_ENDED = hot(
    update(s.offer)
    .where(s.offer.c.id == bindparam("b_id"))
    .values(
        outcome=bindparam("b_outcome"),
        reason=bindparam("b_reason"),
        ended_at=bindparam("b_ended_at"),
        ring_ms=bindparam("b_ended_at") - s.offer.c.offered_at,
    ),
)
_CLOSE_INTERVAL = hot(
    update(s.agent_state_log)
    .where(s.agent_state_log.c.agent == bindparam("b_agent"), s.agent_state_log.c.to_at.is_(null()))
    .values(to_at=bindparam("b_at")),
)
_LAST_INTERVAL = hot(
    select(func.coalesce(func.max(s.agent_state_log.c.seq), 0).label("seq")).where(
        s.agent_state_log.c.agent == bindparam("agent"),
    ),
)
_NEW_INTERVAL = hot(insert(s.agent_state_log))
_new_agent = insert(s.agent_routing)
_AGENT = hot(
    _new_agent.on_conflict_do_update(
        index_elements=["agent"],
        set_={
            name: _new_agent.excluded[name]
            for name in (
                "intent",
                "reason",
                "next_intent",
                "next_reason",
                "idle_since",
                "misses",
                "standing",
                "intent_since",
                "draining",
                "updated_at",
            )
        },
    ),
)
_new_standing = insert(s.interaction_routing)
_STANDING = hot(
    _new_standing.on_conflict_do_update(
        index_elements=["interaction_id"],
        set_={
            name: _new_standing.excluded[name]
            for name in ("step", "step_since", "skips", "preferred_agent", "preferred_until", "hops", "course")
        },
    ),
)
_new_line = insert(s.line_routing)
_LINE = hot(
    _new_line.on_conflict_do_update(
        index_elements=["line"],
        set_={
            name: _new_line.excluded[name]
            for name in ("open", "since", "mode", "until", "next_change", "actor", "reason")
        },
    ),
)
_ANSWERED = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.answered_at.is_(null()))
    .values(answered_at=bindparam("b_at")),
)
_SEGMENT_ANSWERED = hot(
    update(s.interaction_segment)
    .where(
        s.interaction_segment.c.interaction_id == bindparam("b_id"),
        s.interaction_segment.c.n == bindparam("b_n"),
        s.interaction_segment.c.answered_at.is_(null()),
    )
    .values(answered_at=bindparam("b_at")),
)


_UNANSWERED = tuple(
    hot(
        update(table)
        .where(key == bindparam("b_id"), table.c.answered_at == bindparam("b_at"))
        .values(answered_at=null()),
    )
    for table, key in (
        (s.interaction, s.interaction.c.id),
        (s.interaction_segment, s.interaction_segment.c.interaction_id),
    )
)


def take_lease(conn: WriteConn, node: str, now: datetime) -> int:
    """Take the router for `node`; return the new epoch, which every write of the router checks."""
    row = conn.one(_EPOCH)
    if row is None:
        conn.run(_NEW_LEASE, name=LEASE, epoch=1, node=node, at=now)
        return 1
    conn.run(_TAKE_LEASE, b_epoch=row.epoch + 1, b_node=node, b_at=now)
    return int(row.epoch) + 1


def write_batch(conn: WriteConn, batch: Batch, epoch: int) -> None:
    """Write one batch of decisions.

    Raises:
        LeaseLostError: another node took the router since.
    """
    row = conn.one(_EPOCH)
    if row is None or row.epoch != epoch:
        raise LeaseLostError
    conn.many(_JOURNAL, batch.journal)
    conn.many(_CONSUME, batch.consumed)
    conn.many(_INTERACTION, list(batch.interactions.values()))
    conn.many(_SEGMENT, list(batch.segments.values()))
    conn.many(NEW_EVENT, [{**event, "b_interaction": event["interaction_id"]} for event in batch.events])
    conn.many(_STANDING, list(batch.standing.values()))
    conn.many(_LINE, list(batch.lines.values()))
    conn.many(_OFFER, batch.offers)
    conn.many(_OFFER_ENDED, batch.offers_ended)
    _agent_rows(conn, batch.agent_intervals, list(batch.agent_routing.values()))
    for entry, at in batch.audits:
        audit.append(conn, entry, at)
    for new in batch.callbacks:
        callback_rows.open_callback(conn, new)


def _agent_rows(conn: WriteConn, intervals: Sequence[Mapping[str, Any]], routing: list[dict[str, Any]]) -> None:
    for interval in intervals:
        agent, at = interval["agent"], interval["from_at"]
        conn.run(_CLOSE_INTERVAL, b_agent=agent, b_at=at)
        last = conn.one(_LAST_INTERVAL, agent=agent)
        conn.run(_NEW_INTERVAL, seq=(last.seq if last else 0) + 1, **interval)
    conn.many(_AGENT, routing)


def mark_answered(conn: WriteConn, interaction: str, segment: int, at: datetime) -> None:
    """Write when customer and agent were first together, in the interaction and in its present segment."""
    conn.run(_ANSWERED, b_id=interaction, b_at=at)
    conn.run(_SEGMENT_ANSWERED, b_id=interaction, b_n=segment, b_at=at)


def unmark_answered(conn: WriteConn, interaction: str, at: datetime) -> None:
    """Strike out that an interaction was answered at that moment: what answered it was taken back."""
    for statement in _UNANSWERED:
        conn.run(statement, b_id=interaction, b_at=at)


def spoil(conn: WriteConn, inbox_id: str, error: str) -> None:
    """Put a fact aside that cannot be processed: it is not fed again, and its row says why."""
    conn.run(_SPOIL, b_id=inbox_id, b_seq=-1, b_error=error)
