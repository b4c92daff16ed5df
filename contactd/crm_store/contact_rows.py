"""The units of an agent's work on a contact: begin one, say who it is, sum it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, null, select, update

from contactd.core.events import Identified, WorkStarted
from contactd.core.interaction import Direction
from contactd.core.party import Point, Resolution, resolve
from contactd.core.segmenting import NO_CUSTOMERS, CustomerPlan
from contactd.crm_store import claims, letting_in, protected_rows
from contactd.crm_store import schema as s
from contactd.crm_store.answering import read_point
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.inbox_rows import tell
from contactd.crm_store.sender_rows import claims_on
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

OPEN = ("received", "queued", "offered", "active", "held", "parked", "wrapup")

_TOPICS_GONE = hot(delete(s.interaction_topic).where(s.interaction_topic.c.interaction_id == bindparam("b_id")))
_TOPIC = hot(insert(s.interaction_topic))
_DISPOSITION = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"))
    .values(
        disposition=func.coalesce(bindparam("b_disposition"), s.interaction.c.disposition), updated_at=bindparam("b_at")
    ),
)
_PARTY = hot(
    select(s.party.c.canonical_id, s.party.c.display_name, s.party.c.vip).where(
        s.party.c.id == bindparam("party"),
        s.party.c.deleted_at.is_(null()),
    ),
)
_OF_INTERACTION = hot(
    select(s.interaction.c.contact_point_id, s.interaction.c.thread_id).where(s.interaction.c.id == bindparam("id")),
)
_CONFIRM = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"))
    .values(
        party_id=bindparam("b_party"),
        resolve_state="confirmed",
        vip=bindparam("b_vip"),
        updated_at=bindparam("b_at"),
        row_version=s.interaction.c.row_version + 1,
    ),
)
_THREAD_PARTY = hot(
    update(s.thread).where(s.thread.c.id == bindparam("b_id")).values(party_id=bindparam("b_party")),
)
_NEW_INTERACTION = hot(insert(s.interaction))
_NEW_SEGMENT = hot(insert(s.interaction_segment))
_NEW_THREAD = hot(insert(s.thread))
_TEXTS = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"))
    .values(line_text=bindparam("b_line_text"), agent_text=bindparam("b_agent_text"), updated_at=bindparam("b_at")),
)

_USED = hot(update(s.upload).where(s.upload.c.id == bindparam("b_id")).values(used_at=bindparam("b_at")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """Who an interaction's customer is, now that a person said so."""

    party: str
    name: str
    vip: int
    fact: Identified


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A contact an agent begins, with every id it may need."""

    interaction: Mapping[str, Any]
    thread: Mapping[str, Any]
    point: Point
    point_id: str
    party: str | None
    fact_id: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A contact that was begun: whom it goes to, and what the router is to be told."""

    whom: Resolution
    name: str
    vip: int
    fact: WorkStarted


def sum_up(
    conn: WriteConn,
    interaction: str,
    disposition: str | None,
    topics: Sequence[Mapping[str, Any]] | None,
    actor: str,
    now: datetime,
) -> None:
    """Store the summary of a contact: its disposition, and its topics when any are given (they replace the old ones)."""
    conn.run(_DISPOSITION, b_id=interaction, b_disposition=disposition, b_at=now)
    if topics is None:
        return
    conn.run(_TOPICS_GONE, b_id=interaction)
    for n, topic in enumerate(topics, start=1):
        conn.run(
            _TOPIC,
            interaction_id=interaction,
            n=n,
            case_id=topic.get("case"),
            disposition=topic["disposition"],
            note=topic.get("note") or "",
            is_primary=n == 1,
            at=now,
            actor=actor,
        )


def confirm(
    conn: WriteConn,
    interaction: str,
    party: str,
    ids: tuple[str, str],
    node: str,
    actor: str,
    now: datetime,
    *,
    with_claim: bool = True,
    routed: bool = True,
    customers: CustomerPlan = NO_CUSTOMERS,
) -> Confirmed | None:
    """Write that `party` is the customer, the claim that follows from it, and the fact; None when there is no such party.

    `ids` are for the claim and the fact.  Without `with_claim` this one contact is the customer's and its address is not;
    without `routed` the router is not told, as it has no part in it any more.  Rules for `customers` hold from now on.

    A claim that was proved before stays `verified`; any other becomes `asserted` with this interaction as evidence.
    """
    found = conn.one(_PARTY, party=party)
    if found is None:
        return None
    canonical = conn.one(_PARTY, party=found.canonical_id) or found
    own = conn.one(_OF_INTERACTION, id=interaction)
    if with_claim and own is not None and own.contact_point_id is not None:
        claims.claim(
            conn,
            ids[0],
            own.contact_point_id,
            found.canonical_id,
            level="asserted",
            source="agent",
            now=now,
            actor=actor,
            evidence=interaction,
        )
    vip = protected_rows.place_of(conn, canonical.vip, own.contact_point_id if own else None, now)
    fact = Identified(interaction=interaction, party=found.canonical_id, vip=vip)
    fact = letting_in.known_later(conn, customers, fact, now) if routed else fact
    conn.run(_CONFIRM, b_id=interaction, b_party=found.canonical_id, b_vip=fact.vip, b_at=now)
    if with_claim and own is not None and own.thread_id is not None:
        conn.run(_THREAD_PARTY, b_id=own.thread_id, b_party=found.canonical_id)
    told = {"party": found.canonical_id, **letting_in.let_in_by(fact)}
    add_event(conn, interaction, now, "confirmed", actor, told)
    if routed:
        tell(conn, fact, ident=ids[1], node=node, now=now)
    return Confirmed(party=found.canonical_id, name=canonical.display_name, vip=fact.vip, fact=fact)


def start(conn: WriteConn, new: Starting) -> Started:
    """Store a contact that an agent begins, with the fact about it."""
    now = new.interaction["created_at"]
    point_id = claims.point_id(conn, new.point_id, new.point, now=now)
    found = resolve(new.point, claims_on(conn, new.point))
    party = new.party or found.party
    conn.run(_NEW_THREAD, **{**new.thread, "contact_point_id": point_id, "party_id": party})
    name, vip = _canonical(conn, party)
    own = {**new.interaction, "contact_point_id": point_id, "party_id": party, "vip": vip}
    own["resolve_state"] = found.state
    conn.run(_NEW_INTERACTION, **own)
    conn.run(
        _NEW_SEGMENT,
        interaction_id=new.interaction["id"],
        n=1,
        line=new.interaction["line"],
        reason="arrival",
        entered_at=now,
        agent=new.interaction["agent"],
    )
    add_event(conn, new.interaction["id"], now, "started", new.interaction["agent"], {"line": new.interaction["line"]})
    fact = WorkStarted(
        interaction=own["id"],
        channel=own["channel"],
        line=own["line"],
        agent=own["agent"],
        party=party,
        contact=point_id,
        vip=vip,
        at=now,
    )
    tell(conn, fact, ident=new.fact_id, node=new.node, now=now)
    whom = Resolution(state=found.state, party=party, candidates=found.candidates)
    return Started(whom=whom, name=name, vip=vip, fact=fact)


def undo_start(conn: WriteConn, new: Starting) -> None:
    """Strike out a contact that an agent wanted to begin and could not."""
    ident = new.interaction["id"]
    conn.execute(delete(s.interaction_event).where(s.interaction_event.c.interaction_id == ident))
    conn.execute(delete(s.interaction_segment).where(s.interaction_segment.c.interaction_id == ident))
    conn.execute(delete(s.interaction).where(s.interaction.c.id == ident))
    conn.execute(delete(s.thread).where(s.thread.c.id == new.thread["id"]))


def _canonical(conn: WriteConn, party: str | None) -> tuple[str, int]:
    """Return the name and VIP level of the record a party is kept under."""
    found = conn.one(_PARTY, party=party) if party is not None else None
    canonical = conn.one(_PARTY, party=found.canonical_id) if found is not None else None
    return ("", 0) if canonical is None else (canonical.display_name, canonical.vip)


def name_outside(conn: WriteConn, interaction: str, line_text: str, agent_text: str, now: datetime) -> None:
    """Write an outside system's own names for an interaction's line and agent."""
    conn.run(_TEXTS, b_id=interaction, b_line_text=line_text, b_agent_text=agent_text, b_at=now)


def party_name(conn: Connection, party: str) -> tuple[str, int]:
    """Return a party's canonical name and VIP level."""
    canonical = s.party.alias("canonical")
    row = conn.execute(
        select(canonical.c.display_name, canonical.c.vip)
        .join(s.party, s.party.c.canonical_id == canonical.c.id)
        .where(s.party.c.id == party),
    ).first()
    return ("", 0) if row is None else (row.display_name, row.vip)


def point_by_id(conn: Connection, point_id: str) -> Point | None:
    """Return a contact point by its id."""
    row = conn.execute(select(s.contact_point).where(s.contact_point.c.id == point_id)).first()
    return None if row is None else read_point(row)


def is_blocked(conn: Connection, point: Point) -> bool:
    """Tell whether an address is one that nobody here may call."""
    c = s.contact_point.c
    query = select(c.status).where(c.kind == point.kind, c.value_norm == point.value, c.namespace == point.namespace)
    return conn.execute(query).scalar() == "blocked"


def uploads(conn: Connection, owner: str, ids: Sequence[str], now: datetime) -> list[Any]:
    """Return the uploads of `owner` among `ids` that may still be used."""
    usable = (s.upload.c.owner == owner, s.upload.c.used_at.is_(None), s.upload.c.expires_at > now)
    return list(conn.execute(select(s.upload).where(*usable, s.upload.c.id.in_(ids))))


def use_uploads(conn: WriteConn, ids: Sequence[str], now: datetime) -> None:
    """Mark uploads as sent: they cannot be used again."""
    for one in ids:
        conn.run(_USED, b_id=one, b_at=now)


def by_key(conn: Connection, adapter: str, external_key: str) -> Mapping[str, Any] | None:
    """Return what is known of an interaction by its outside key."""
    row = conn.execute(
        select(*_KNOWN).where(s.interaction.c.adapter == adapter, s.interaction.c.external_key == external_key),
    ).first()
    return None if row is None else row._asdict()


def open_by_adapter(conn: Connection, adapter: str) -> list[Mapping[str, Any]]:
    """Return every open interaction of an adapter, oldest first."""
    rows = conn.execute(
        select(*_KNOWN)
        .where(s.interaction.c.adapter == adapter, s.interaction.c.state.in_(OPEN))
        .order_by(s.interaction.c.started_at),
    )
    return [row._asdict() for row in rows]


def of_time(conn: Connection, adapter: str, start: datetime, end: datetime, most: int) -> list[Mapping[str, Any]]:
    """Return the incoming contacts of an adapter that began in a time, oldest first, at most so many."""
    row = s.interaction.c
    wanted = (row.id, row.external_key, row.line_text, row.agent_text, row.started_at, row.answered_at, row.ended_at)
    query = (
        select(*wanted, row.outcome, row.ended_by)
        .where(
            row.adapter == adapter, row.started_at >= start, row.started_at < end, row.direction == Direction.INBOUND
        )
        .order_by(row.started_at)
        .limit(most)
    )
    return [found._asdict() for found in conn.execute(query)]


_KNOWN = (
    s.interaction.c.id,
    s.interaction.c.external_key,
    s.interaction.c.state,
    s.interaction.c.line,
    s.interaction.c.line_text,
    s.interaction.c.agent,
    s.interaction.c.agent_text,
    s.interaction.c.raw_from,
    s.interaction.c.raw_to,
    s.interaction.c.started_at,
    s.interaction.c.answered_at,
    s.interaction.c.thread_id,
)
