"""Callbacks in the store: one is open for a number in a line; a further wish for it finds the one there is.

Each function runs inside a write unit and may run twice: every id is made before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, null, select, update

from contactd.core.contacting import REFUSALS, SERVICE
from contactd.core.dialling import safe_to_call
from contactd.core.events import CallbackTaken, InteractionArrived, Skills
from contactd.core.interaction import Direction, SegmentReason, State
from contactd.core.party import Point, resolve
from contactd.crm_store import claims, contacting_rows
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.inbox_rows import tell
from contactd.crm_store.sender_rows import claims_on
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

ADAPTER = "callback"
BLOCKED = "blocked"
MISSED = "missed"
"""Why a call is owed that nobody asked for."""
"""Standing of a contact point nobody calls."""

_PARENT = hot(
    select(
        s.interaction.c.contact_point_id,
        s.interaction.c.party_id,
        s.interaction.c.resolve_state,
        s.interaction.c.from_name,
        s.interaction.c.case_id,
        s.interaction.c.custom,
    ).where(s.interaction.c.id == bindparam("id")),
)
_POINT = hot(
    select(
        s.contact_point.c.id,
        s.contact_point.c.kind,
        s.contact_point.c.value_norm,
        s.contact_point.c.ext,
        s.contact_point.c.status,
    )
    .where(s.contact_point.c.id == bindparam("id"))
    .with_for_update(),  # two nodes that open a callback to one number at once: the second finds the first one's
)
_THERE_IS = hot(
    select(s.interaction.c.id).where(
        s.interaction.c.channel == bindparam("channel"),
        s.interaction.c.line == bindparam("line"),
        s.interaction.c.contact_point_id == bindparam("point"),
        s.interaction.c.ended_at.is_(null()),
    ),
)
_CUSTOM = hot(
    update(s.interaction).where(s.interaction.c.id == bindparam("b_id")).values(custom=bindparam("b_custom")),
)
_NEW = hot(insert(s.interaction))
_NEW_SEGMENT = hot(insert(s.interaction_segment))
_WAITED = hot(insert(s.interaction_routing))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCallback:
    """A callback to be, with every id it may need."""

    id: str
    fact_id: str
    node: str
    at: datetime
    channel: str
    line: str
    reason: str
    """callback | missed | agent (somebody here promised it)"""
    parent: str | None = None
    """The contact it comes of: it says who is to be called, unless `point` does."""
    point: str | None = None
    """The contact point to call."""
    party: str | None = None
    actor: str | None = None
    waited: timedelta = timedelta()
    priority: int = 0
    skills: Skills = ()
    language: str | None = None
    vip: int = 0
    abroad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of it."""

    id: str
    fact: InteractionArrived | None
    """What the router is to be told; None when it was there before."""


def open_callback(conn: WriteConn, new: NewCallback) -> Opened | None:
    """Store a callback and the fact about it; None when there is no number that may be called."""
    parent = conn.one(_PARENT, id=new.parent) if new.parent else None
    point = conn.one(_POINT, id=_whom(new, parent))
    if point is None or not _may_be_called(point, abroad=new.abroad):
        return None
    party = new.party or (parent.party_id if parent else None)
    if new.reason == MISSED and _unwanted(conn, point, party, new.at):
        return None
    there = conn.one(_THERE_IS, channel=new.channel, line=new.line, point=point.id)
    if there is not None:
        add_event(conn, there.id, new.at, "asked_again", new.actor, {"by": new.parent, "reason": new.reason})
        return Opened(id=there.id, fact=None)
    _write(conn, new, point, parent, party)
    fact = InteractionArrived(
        interaction=new.id,
        channel=new.channel,
        line=new.line,
        priority=new.priority,
        skills=new.skills,
        queued_at=new.at,
        waited=new.waited,
        party=party,
        contact=point.id,
        vip=new.vip,
        language=new.language,
        direction=Direction.OUTBOUND,
        reason=SegmentReason.CALLBACK,
    )
    tell(conn, fact, ident=new.fact_id, node=new.node, now=new.at)
    return Opened(id=new.id, fact=fact)


def _whom(new: NewCallback, parent: Any) -> str | None:
    """Return the contact point to call: the one named, the one the customer left, or the one they came from."""
    if new.point is not None or parent is None:
        return new.point
    left: str | None = (parent.custom or {}).get("callback_point")
    return left or parent.contact_point_id


def _may_be_called(point: Any, *, abroad: bool) -> bool:
    return (
        point.kind == "phone" and point.status != BLOCKED and safe_to_call(point.value_norm, abroad=abroad) is not None
    )


def _unwanted(conn: WriteConn, point: Any, party: str | None, now: datetime) -> bool:
    """Tell whether somebody who did not ask for a call wants none, or the red list says so."""
    there = Point(kind=point.kind, value=point.value_norm, raw="")
    standing = contacting_rows.standing(conn.connection, there, party, now)
    refused = any(
        one["purpose"] == SERVICE and one["channel"] == "" and one["state"] in REFUSALS for one in standing.consents
    )
    return refused or standing.do_not_call or standing.red_listed


def _write(conn: WriteConn, new: NewCallback, point: Any, parent: Any, party: str | None) -> None:
    conn.run(
        _NEW,
        id=new.id,
        channel=new.channel,
        direction=Direction.OUTBOUND,
        adapter=ADAPTER,
        external_key=new.id,
        line=new.line,
        state=State.QUEUED,
        state_since=new.at,
        contact_point_id=point.id,
        raw_to=point.value_norm,
        from_name=parent.from_name if parent else "",
        party_id=party,
        resolve_state=parent.resolve_state if parent and not new.party else "known" if party else "unknown",
        case_id=parent.case_id if parent else None,
        parent_id=new.parent,
        priority=new.priority,
        skills=[list(pair) for pair in new.skills],
        lang=new.language,
        vip=new.vip,
        custom={"purpose": "service", "reason": new.reason},
        started_at=new.at,
        queued_at=new.at,
        created_at=new.at,
        updated_at=new.at,
    )
    conn.run(_NEW_SEGMENT, interaction_id=new.id, n=1, line=new.line, reason=SegmentReason.CALLBACK, entered_at=new.at)
    conn.run(_WAITED, interaction_id=new.id, step_since=new.at, waited_ms=new.waited // timedelta(milliseconds=1))
    add_event(conn, new.id, new.at, "placed", new.actor, {"line": new.line, "reason": new.reason, "of": new.parent})


def leave_number(conn: WriteConn, interaction: str, point: Point | None, ids: Mapping[str, str], now: datetime) -> None:
    """Keep the number a customer wants to be called at, where it is not the one they came from."""
    if point is None:
        return
    found = claims.point_id(conn, ids["point"], point, now=now)
    row = conn.one(_PARENT, id=interaction)
    if row is not None:
        conn.run(_CUSTOM, b_id=interaction, b_custom={**(row.custom or {}), "callback_point": found})


def may_call(conn: WriteConn, interaction: str, *, abroad: bool) -> bool:
    """Say whether there is a number at which the customer of a contact may be called back."""
    row = conn.one(_PARENT, id=interaction)
    if row is None:
        return False
    point = conn.one(_POINT, id=(row.custom or {}).get("callback_point") or row.contact_point_id)
    return point is not None and _may_be_called(point, abroad=abroad)


def why(conn: Connection, interaction: str) -> str:
    """Return why a call is owed: callback | missed | agent."""
    custom = conn.execute(select(s.interaction.c.custom).where(s.interaction.c.id == interaction)).scalar()
    return str((custom or {}).get("reason", ""))


def take(conn: WriteConn, interaction: str, *, fact_id: str, node: str, now: datetime) -> CallbackTaken:
    """Note that a waiting customer wants to be called back, with the fact about it."""
    fact = CallbackTaken(interaction=interaction)
    tell(conn, fact, ident=fact_id, node=node, now=now)
    return fact


def whose(conn: WriteConn, point: Point) -> str | None:
    """Return whose number it is, when that is known."""
    return resolve(point, claims_on(conn, point)).party
