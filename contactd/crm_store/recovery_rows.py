"""What the router's memory is read back from: agents, open work, live offers, facts not consumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from contactd.crm_store import said_rows
from contactd.crm_store import schema as s
from contactd.crm_store.said_rows import Said

People = tuple[list[Any], dict[str, list[tuple[str, int]]], dict[str, list[str]]]
"""Agents, their skills, their lines."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything a new router is told, as it stood at one moment."""

    seq: int
    """Number of the journal's last row."""
    people: People
    work: list[Any]
    segments: dict[str, list[Any]]
    said: dict[str, Said]
    standing: dict[str, Any]
    offers: list[Any]
    interrupted: set[str]
    extended: dict[str, int]
    """Interaction in wrap-up → how often that was extended."""
    lines: list[Any]
    """How lines stand."""


OPEN = ("queued", "offered", "active", "held", "parked", "wrapup")


def people(conn: Connection) -> People:
    """Read who may work, and what they can."""
    return agents(conn), agent_skills(conn), agent_lines(conn)


def memory(conn: Connection) -> Memory:
    """Read everything of one snapshot."""
    return Memory(
        seq=last_seq(conn),
        people=people(conn),
        work=open_work(conn),
        segments=segments(conn),
        said=said_rows.of_open(conn),
        standing=standing(conn),
        offers=live_offers(conn),
        interrupted=interrupted(conn),
        extended=extended(conn),
        lines=list(conn.execute(select(s.line_routing).order_by(s.line_routing.c.line))),
    )


def live_offers(conn: Connection) -> list[Any]:
    """Return the offers of ours that still stand, oldest first."""
    return list(
        conn.execute(
            select(s.offer)
            .join(s.interaction, s.interaction.c.id == s.offer.c.interaction_id)
            .where(
                s.offer.c.outcome.is_(None),
                s.interaction.c.routed_by == "contactd",
                s.interaction.c.state == "offered",
            )
            .order_by(s.offer.c.offered_at, s.offer.c.id),
        ),
    )


def standing(conn: Connection) -> dict[str, Any]:
    """Return how each waiting interaction stands in line."""
    rows = conn.execute(
        select(s.interaction_routing)
        .join(s.interaction, s.interaction.c.id == s.interaction_routing.c.interaction_id)
        .where(s.interaction.c.state.in_(OPEN)),
    )
    return {row.interaction_id: row for row in rows}


def last_seq(conn: Connection) -> int:
    """Return the number of the journal's last row, 0 when it is empty."""
    return int(conn.execute(select(func.coalesce(func.max(s.journal.c.seq), 0))).scalar_one())


def agents(conn: Connection) -> list[Any]:
    """Return every agent that may work, with routing state."""
    return list(
        conn.execute(
            select(
                s.agent.c.id,
                s.agent.c.name,
                s.agent.c.display_name,
                s.agent.c.role,
                s.agent.c.languages,
                s.agent.c.device,
                s.agent.c.team,
                s.agent.c.capacity,
                s.agent_routing.c.intent,
                s.agent_routing.c.reason,
                s.agent_routing.c.next_intent,
                s.agent_routing.c.next_reason,
                s.agent_routing.c.idle_since,
                s.agent_routing.c.misses,
                s.agent_routing.c.standing,
                s.agent_routing.c.intent_since,
                s.agent_routing.c.draining,
            )
            .outerjoin(s.agent_routing, s.agent_routing.c.agent == s.agent.c.id)
            .where(s.agent.c.disabled.is_(False))
            .order_by(s.agent.c.id),
        ),
    )


def agent_skills(conn: Connection) -> dict[str, list[tuple[str, int]]]:
    """Return agent → (skill, level), sorted by skill."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in conn.execute(select(s.agent_skill).order_by(s.agent_skill.c.agent_id, s.agent_skill.c.skill)):
        found.setdefault(row.agent_id, []).append((row.skill, row.level))
    return found


def agent_lines(conn: Connection) -> dict[str, list[str]]:
    """Return agent → lines, sorted."""
    found: dict[str, list[str]] = {}
    for row in conn.execute(select(s.agent_line).order_by(s.agent_line.c.agent_id, s.agent_line.c.line)):
        found.setdefault(row.agent_id, []).append(row.line)
    return found


def open_work(conn: Connection) -> list[Any]:
    """Return every open interaction, oldest first, with its customer's name."""
    return list(
        conn.execute(
            select(s.interaction, s.party.c.display_name.label("customer_name"))
            .outerjoin(s.party, s.party.c.id == s.interaction.c.party_id)
            .where(s.interaction.c.state.in_(OPEN))
            .order_by(s.interaction.c.queued_at, s.interaction.c.id),
        ),
    )


def one_open(conn: Connection, interaction: str) -> Any:
    """Return one open interaction as `open_work` does, or None."""
    return conn.execute(
        select(s.interaction, s.party.c.display_name.label("customer_name"))
        .outerjoin(s.party, s.party.c.id == s.interaction.c.party_id)
        .where(s.interaction.c.id == interaction, s.interaction.c.state.in_(OPEN)),
    ).first()


def segments(conn: Connection, interaction: str | None = None) -> dict[str, list[Any]]:
    """Return the segments of open interactions in order: interaction → rows."""
    found: dict[str, list[Any]] = {}
    query = (
        select(s.interaction_segment)
        .join(s.interaction, s.interaction.c.id == s.interaction_segment.c.interaction_id)
        .where(s.interaction.c.state.in_(OPEN))
        .order_by(s.interaction_segment.c.interaction_id, s.interaction_segment.c.n)
    )
    if interaction is not None:
        query = query.where(s.interaction.c.id == interaction)
    for row in conn.execute(query):
        found.setdefault(row.interaction_id, []).append(row)
    return found


def interrupted(conn: Connection) -> set[str]:
    """Return the held interactions that were interrupted by more urgent work: they come back by themselves."""
    event = s.interaction_event
    last = (
        select(event.c.interaction_id, func.max(event.c.seq).label("seq"))
        .join(s.interaction, s.interaction.c.id == event.c.interaction_id)
        .where(s.interaction.c.state == "held", event.c.type.in_(("hold", "interrupted")))
        .group_by(event.c.interaction_id)
        .subquery()
    )
    query = (
        select(event.c.interaction_id)
        .join(last, (last.c.interaction_id == event.c.interaction_id) & (last.c.seq == event.c.seq))
        .where(event.c.type == "interrupted")
    )
    return {row.interaction_id for row in conn.execute(query)}


def extended(conn: Connection) -> dict[str, int]:
    """Return how often each wrap-up that goes on was extended."""
    event, wrapup = s.interaction_event, s.interaction.c.state == "wrapup"
    began = (
        select(event.c.interaction_id, func.max(event.c.seq).label("seq"))
        .join(s.interaction, s.interaction.c.id == event.c.interaction_id)
        .where(wrapup, event.c.type == "ended")
        .group_by(event.c.interaction_id)
        .subquery()
    )
    query = (
        select(event.c.interaction_id, func.count().label("times"))
        .join(began, (began.c.interaction_id == event.c.interaction_id) & (began.c.seq < event.c.seq))
        .where(event.c.type == "extended")
        .group_by(event.c.interaction_id)
    )
    return {row.interaction_id: row.times for row in conn.execute(query)}


def unconsumed(conn: Connection) -> list[Any]:
    """Return the facts nobody has consumed: (id, kind, payload); their order means nothing."""
    return list(
        conn.execute(
            select(s.fact_inbox.c.id, s.fact_inbox.c.kind, s.fact_inbox.c.payload)
            .where(s.fact_inbox.c.consumed_seq.is_(None))
            .order_by(s.fact_inbox.c.at, s.fact_inbox.c.id)
            .limit(1000),
        ),
    )


def day_figures(conn: Connection, since: datetime) -> list[Any]:
    """Return for each line what happened since `since`: answered with their waits, and abandoned."""
    return list(
        conn.execute(
            select(
                s.interaction.c.line,
                s.interaction.c.wait_ms,
                s.interaction.c.answered_at,
                s.interaction.c.outcome,
                s.interaction.c.channel,
            ).where(s.interaction.c.queued_at >= since, s.interaction.c.direction == "inbound"),
        ),
    )
