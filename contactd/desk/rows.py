"""Rows of the store, made of what stands in memory: one dict a row, keyed by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import from_ms, to_ms
from contactd.core.effects import AgentState, CallBack, Overseen, Standing
from contactd.core.events import STRAIGHT, Course
from contactd.core.segment import Segment
from contactd.crm_store import audit
from contactd.crm_store.callback_rows import NewCallback
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.book import Entry


@dataclass(slots=True)
class Rows:
    """The rows of one batch.  Interactions and segments are keyed, so that the last state of each is written once."""

    interactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    segments: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    offers: list[dict[str, Any]] = field(default_factory=list)
    offers_ended: list[dict[str, Any]] = field(default_factory=list)
    agent_intervals: list[dict[str, Any]] = field(default_factory=list)
    agent_routing: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    consumed: list[dict[str, Any]] = field(default_factory=list)
    standing: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    audits: list[tuple[audit.Entry, datetime]] = field(default_factory=list)
    callbacks: list[NewCallback] = field(default_factory=list)
    beside: list[Callable[[WriteConn], None]] = field(default_factory=list)
    """What else is written in this unit, after the rows."""


def interaction_row(entry: Entry) -> dict[str, Any]:
    """Return what the router may change of an interaction."""
    return {f"b_{name}": value for name, value in _interaction(entry).items()}


def _interaction(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "line": entry.line,
        "state": str(entry.state),
        "state_since": entry.state_since,
        "agent": entry.agent,
        "outcome": entry.outcome,
        "ended_by": entry.ended_by,
        "priority": entry.priority,
        "skills": [list(pair) for pair in entry.skills],
        "ended_at": entry.ended_at,
        "wait_ms": _ms(entry.total("wait")),
        "talk_ms": _ms(entry.total("talk")),
        "hold_ms": _ms(entry.total("hold")),
        "wrap_ms": _ms(entry.total("wrap")),
        "disposition": entry.disposition,
        "wrapup_until": entry.wrapup_until,
        "parked_until": entry.parked_until,
        "updated_at": entry.state_since,
    }


def segment_row(interaction: str, segment: Segment) -> dict[str, Any]:
    """Return a segment as it is stored."""
    return {
        "interaction_id": interaction,
        "n": segment.n,
        "line": segment.line,
        "reason": str(segment.reason),
        "entered_at": segment.entered_at,
        "offered_at": segment.offered_at,
        "answered_at": segment.answered_at,
        "ended_at": segment.ended_at,
        "agent": segment.agent,
        "wait_ms": _ms(segment.wait),
        "ring_ms": _ms(segment.ring),
        "talk_ms": _ms(segment.talk),
        "hold_ms": _ms(segment.hold),
        "wrap_ms": _ms(segment.wrap),
        "outcome": segment.outcome,
        "disposition": segment.disposition,
    }


def agent_routing_row(wish: AgentState, since: datetime | None, now: datetime) -> dict[str, Any]:
    """Return what of an agent's routing state must survive a restart."""
    return {
        "agent": wish.agent,
        "intent": wish.intent,
        "reason": wish.reason,
        "next_intent": wish.next_intent,
        "next_reason": wish.next_reason,
        "idle_since": wish.idle_since,
        "misses": [list(pair) for pair in wish.misses],
        "standing": list(wish.standing),
        "intent_since": since,
        "draining": wish.draining,
        "updated_at": now,
    }


def standing_row(wish: Standing) -> dict[str, Any]:
    """Return how an item stands in line, for after a restart."""
    return {
        "interaction_id": wish.interaction,
        "step": wish.step,
        "step_since": wish.step_since,
        "skips": [[agent, None if until is None else to_ms(until)] for agent, until in wish.skip_agents],
        "preferred_agent": wish.prefer_agent,
        "preferred_until": wish.prefer_until,
        "hops": wish.hops,
        "course": course_document(wish.course),
    }


def course_document(course: Course) -> dict[str, Any]:
    """Return what an item has met with as JSON, what it has not left out; moments in milliseconds."""
    told = ((name, getattr(course, name)) for name in Course.__dataclass_fields__)
    return {
        name: to_ms(value) if isinstance(value, datetime) else value
        for name, value in told
        if value != getattr(STRAIGHT, name)
    }


def read_course(document: Mapping[str, Any]) -> Course:
    """Return what `course_document` made JSON of; names of a later version are passed over."""
    known: dict[str, Any] = {name: document[name] for name in Course.__dataclass_fields__ if name in document}
    known |= {name: from_ms(known[name]) for name in ("asked_at", "alone_since") if name in known}
    return Course(**known | {"path": tuple(known.get("path", ()))})


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def new_callback(wish: CallBack, ident: str, fact: str, node: str, now: datetime) -> NewCallback:
    """Return the callback that a wish asks for, under a new id, with the id of the fact about it."""
    return NewCallback(
        id=ident,
        fact_id=fact,
        node=node,
        at=now,
        channel=wish.channel,
        line=wish.line,
        reason=wish.reason,
        parent=wish.interaction,
        waited=wish.waited,
        priority=wish.priority,
        skills=wish.skills,
        language=wish.language,
        vip=wish.vip,
        abroad=wish.abroad,
    )


def audit_record(wish: Overseen) -> audit.Entry:
    """Return a supervisor's act as the audit log keeps it."""
    kind, ident = "line", wish.line
    if wish.interaction is not None:
        kind, ident = "interaction", wish.interaction
    elif wish.agent is not None:
        kind, ident = "agent", wish.agent
    detail = {"agent": wish.agent, "line": wish.line, "value": wish.value}
    return audit.Entry(
        actor=wish.actor,
        action=f"{kind}.{wish.action}",
        object_kind=kind,
        object_id=ident,
        detail={name: value for name, value in detail.items() if value is not None},
    )
