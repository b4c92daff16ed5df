"""Reading interactions: one with all that belongs to it, lists by filter, messages and events; shaped as docs/wire.md says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from contactd.clock import rfc3339
from contactd.core.address import undivided
from contactd.core.errors import NotFoundError
from contactd.core.interaction import OPEN_STATES
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen

SNIPPET = 200
MOST_EVENTS = 1000
"""Events returned at once: each mail that joins a conversation is one."""

_own = s.party.alias("own_party")
_customer = s.party.alias("customer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list of interactions is narrowed to; None = everything."""

    channel: str | None = None
    line: str | None = None
    state: str | None = None
    """A state, or `open`."""
    agent: str | None = None
    party: str | None = None
    """Any record of a merged customer stands for all of them."""
    thread: str | None = None
    case: str | None = None
    since: datetime | None = None


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one interaction with `segments`, `offers`, `topics` and `participants`.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(_rows().where(s.interaction.c.id == ident)).first()
    if row is None:
        message = "there is no such interaction"
        raise NotFoundError(message)
    found = _views(conn, [row])[0]
    return found | {
        "segments": segments(conn, ident),
        "offers": offers(conn, ident),
        "topics": topics(conn, ident),
        "participants": participants(conn, ident),
    }


def listed(
    conn: Connection,
    wanted: Filter,
    *,
    seen: Seen = (),
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of interactions, newest first by the time they began, and the next cursor; `seen`: as `sight.interactions`.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = cursors.after(
        _narrowed(conn, wanted).where(*seen), cursor, s.interaction.c.started_at, s.interaction.c.id, limit
    )
    rows, following = cursors.page(list(conn.execute(query)), limit, "started_at")
    return _views(conn, rows), following


def by_ids(conn: Connection, idents: Iterable[str]) -> list[dict[str, Any]]:
    """Return the interactions of these ids, oldest in line first; unknown ids are left out."""
    query = _rows().where(s.interaction.c.id.in_(list(idents)))
    return _views(conn, list(conn.execute(query.order_by(s.interaction.c.queued_at, s.interaction.c.id))))


def segments(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return an interaction's stays in lines, in order."""
    segment = s.interaction_segment
    rows = conn.execute(select(segment).where(segment.c.interaction_id == ident).order_by(segment.c.n))
    return [
        {
            "n": row.n,
            "line": row.line,
            "reason": row.reason,
            "entered_at": text(row.entered_at),
            "offered_at": text(row.offered_at),
            "answered_at": text(row.answered_at),
            "ended_at": text(row.ended_at),
            "agent": row.agent,
            "outcome": row.outcome,
            "disposition": row.disposition,
            **{f"{clock}_s": getattr(row, f"{clock}_ms") / 1000 for clock in _CLOCKS},
        }
        for row in rows
    ]


_CLOCKS = ("ring", "wait", "talk", "hold", "consult", "wrap")


def offers(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return an interaction's offers with the decision behind each, oldest first."""
    query = select(s.offer).where(s.offer.c.interaction_id == ident).order_by(s.offer.c.offered_at, s.offer.c.id)
    return [
        {
            "id": row.id,
            "agent": row.agent,
            "line": row.line,
            "outcome": row.outcome,
            "reason": row.reason,
            "offered_at": text(row.offered_at),
            "expires_at": text(row.expires_at),
            "ended_at": text(row.ended_at),
            "ring_s": row.ring_ms / 1000,
            "decision": row.decision,
            "policy_version": row.policy_version,
        }
        for row in conn.execute(query)
    ]


def topics(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return what an interaction was about, in order."""
    topic = s.interaction_topic
    rows = conn.execute(select(topic).where(topic.c.interaction_id == ident).order_by(topic.c.n))
    return [
        {
            "n": row.n,
            "disposition": row.disposition,
            "case": row.case_id,
            "note": row.note,
            "primary": row.is_primary,
            "at": text(row.at),
            "actor": row.actor,
        }
        for row in rows
    ]


def participants(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return who else took part."""
    other = s.interaction_participant
    rows = conn.execute(select(other).where(other.c.interaction_id == ident).order_by(other.c.n))
    return [
        {"role": row.role, "name": row.name, "address": row.address, "party_id": row.party_id, "agent": row.agent_id}
        for row in rows
    ]


def events(conn: Connection, ident: str, *, after_seq: int = 0, limit: int = MOST_EVENTS) -> list[dict[str, Any]]:
    """Return what happened to an interaction behind `after_seq`, in order, at most `limit`."""
    event = s.interaction_event
    mine = (event.c.interaction_id == ident, event.c.seq > after_seq)
    rows = conn.execute(select(event).where(*mine).order_by(event.c.seq).limit(min(limit, MOST_EVENTS)))
    return [
        {"seq": row.seq, "at": text(row.at), "type": row.type, "actor": row.actor, "data": row.data} for row in rows
    ]


def _rows() -> Select[Any]:
    """Select interactions with the canonical customer's name."""
    return (
        select(
            s.interaction,
            _customer.c.id.label("customer_id"),
            _customer.c.display_name.label("customer_name"),
        )
        .outerjoin(_own, _own.c.id == s.interaction.c.party_id)
        .outerjoin(_customer, _customer.c.id == _own.c.canonical_id)
    )


def _narrowed(conn: Connection, wanted: Filter) -> Select[Any]:
    """Apply the filter."""
    query = _rows()
    columns = {
        s.interaction.c.channel: wanted.channel,
        s.interaction.c.line: wanted.line,
        s.interaction.c.agent: wanted.agent,
        s.interaction.c.thread_id: wanted.thread,
        s.interaction.c.case_id: wanted.case,
    }
    for column, value in columns.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.state == "open":
        query = query.where(s.interaction.c.state.in_(OPEN_STATES))
    elif wanted.state is not None:
        query = query.where(s.interaction.c.state == wanted.state)
    if wanted.party is not None:
        query = query.where(s.interaction.c.party_id.in_(cluster(conn, wanted.party)))
    if wanted.since is not None:
        query = query.where(s.interaction.c.started_at >= wanted.since)
    return query


_own, _asked = s.party.alias("own"), s.party.alias("asked")
# Made once: to build such a statement takes longer than the database needs to answer it.
_CLUSTER = (
    select(_own.c.id, _own.c.canonical_id)
    .join(_asked, _asked.c.canonical_id == _own.c.canonical_id)
    .where(_asked.c.id == bindparam("party"))
)
_newest = (
    select(s.message.c.interaction_id, func.max(s.message.c.seq).label("seq"))
    .where(s.message.c.interaction_id.in_(bindparam("idents", expanding=True)))
    .group_by(s.message.c.interaction_id)
    .subquery()
)
_LAST = select(s.message.c.interaction_id, func.substr(s.message.c.body_text, 1, SNIPPET).label("text")).join(
    _newest,
    (_newest.c.interaction_id == s.message.c.interaction_id) & (_newest.c.seq == s.message.c.seq),
)


def cluster(conn: Connection, party: str) -> list[str]:
    """Return every record merged with `party`, itself included, the canonical one first; empty when there is none."""
    found = list(conn.execute(_CLUSTER, {"party": party}))
    return sorted((row.id for row in found), key=lambda ident: (ident != found[0].canonical_id, ident))


def _views(conn: Connection, rows: list[Any]) -> list[dict[str, Any]]:
    """Shape interactions as docs/wire.md says."""
    last = last_messages(conn, [row.id for row in rows])
    return [view(row, last.get(row.id)) for row in rows]


def last_messages(conn: Connection, idents: list[str]) -> dict[str, str]:
    """Return the beginning of each interaction's last message."""
    if not idents:
        return {}
    return {row.interaction_id: row.text for row in conn.execute(_LAST, {"idents": idents})}


def view(row: Any, last_message: str | None) -> dict[str, Any]:
    """Return the InteractionView of a stored interaction."""
    mirrored = row.routed_by == "pbx"
    return {
        "id": row.id,
        "channel": row.channel,
        "direction": row.direction,
        "line": (row.line_text or row.line) if mirrored else (row.line or row.line_text or None),
        "state": row.state,
        "state_since": text(row.state_since),
        "priority": row.priority,
        "skills": [{"skill": skill, "level": level} for skill, level in row.skills],
        "subject": row.subject,
        "from": undivided(row.raw_from),
        "from_display": row.raw_from,
        "to": undivided(row.raw_to),
        "to_display": row.raw_to,
        "started_at": text(row.started_at),
        "queued_at": text(row.queued_at),
        "answered_at": text(row.answered_at),
        "ended_at": text(row.ended_at),
        "party_id": row.customer_id,
        "org_party_id": row.org_party_id,
        "resolve_state": row.resolve_state,
        "unverified": row.unverified,
        "customer_name": row.customer_name or row.from_name,
        "vip": row.vip,
        "agent": row.agent or row.agent_text or None,
        "outcome": row.outcome,
        "ended_by": row.ended_by,
        "wait_s": row.wait_ms / 1000,
        "talk_s": row.talk_ms / 1000,
        "hold_s": row.hold_ms / 1000,
        "wrap_s": row.wrap_ms / 1000,
        "wrapup_until": text(row.wrapup_until),
        "parked_until": text(row.parked_until),
        "thread": row.thread_id,
        "case_id": row.case_id,
        "parent_id": row.parent_id,
        "routed_by": row.routed_by,
        "live": row.live and row.state in OPEN_STATES,
        "disposition": row.disposition,
        "offered_to": None,
        "unread": 0,
        "unanswered_since": None,
        "last_message": last_message,
        "external_key": row.external_key,
        "adapter": row.adapter,
        "quarantine_reason": row.quarantine_reason,
        "auto": row.auto,
        "custom": row.custom,
        "row_version": row.row_version,
    }


def text(moment: datetime | None) -> str | None:
    """Write a moment as the wire does, None as None."""
    return None if moment is None else rfc3339(moment)
