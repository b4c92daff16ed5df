"""Whose an interaction is, said by a person or found anew: confirming, moving, denying, and resolving again.

What an agent confirmed is never changed by itself.  Everything else follows the claims: when one is made or ended, what came
from that contact point is resolved again, behind the live work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, update

from contactd.core.errors import NotFoundError
from contactd.core.events import Identified
from contactd.core.interaction import ResolveState
from contactd.core.party import Resolution, resolve
from contactd.core.segmenting import NO_CUSTOMERS, CustomerPlan
from contactd.crm_store import audit, claims, contact_rows, due_rows, letting_in, protected_rows
from contactd.crm_store import schema as s
from contactd.crm_store.answering import read_point
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.inbox_rows import tell
from contactd.crm_store.sender_rows import DOUBTED, claims_on
from contactd.crm_store.write_conn import WriteConn

ClaimWay = Literal["add", "move", "none"]
"""What becomes of the contact point: it is (also) the new customer's, it is the new one's instead, or nothing changes."""
BATCH = 100
"""Interactions changed in one unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whose an interaction is now."""

    interaction: str
    resolve_state: str
    party: str | None
    name: str
    vip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What it takes to let the router hear of customers who became known."""

    node: str
    new_id: Callable[[], str]
    customers: CustomerPlan = NO_CUSTOMERS
    """Rules for customers, which hold from then on."""


_HEARD = frozenset({"queued", "offered"})
"""States of contacts the router hears of."""


def move(
    conn: WriteConn,
    interaction: str,
    party: str,
    *,
    claim: ClaimWay,
    ids: tuple[str, str],
    node: str,
    actor: str,
    now: datetime,
    routed: bool = True,
    customers: CustomerPlan = NO_CUSTOMERS,
) -> contact_rows.Confirmed | None:
    """Write that an interaction is a customer's; None when there is no such customer.

    Args:
        conn: the unit's transaction.
        interaction: its id.
        party: any record of the customer.
        claim: what becomes of the address it came from.
        ids: for the claim and the fact.
        node: this node.
        actor: who says so.
        now: the moment.
        routed: the router still has it and is told.
        customers: rules for customers, which hold from now on.
    """
    row = _interaction(conn, interaction)
    if claim == "move" and row.contact_point_id is not None and row.party_id not in (None, party):
        claims.unclaim(conn, row.contact_point_id, row.party_id, now=now, denied_by=actor)
    done = contact_rows.confirm(
        *(conn, interaction, party, ids, node, actor, now),
        with_claim=claim != "none",
        routed=routed,
        customers=customers,
    )
    if done is not None:
        told = {"party": party, "claim": claim}
        audit.note(conn, actor, "interaction.identify", ("interaction", interaction), now, **told)
    return done


def deny(conn: WriteConn, interaction: str, party: str, *, actor: str, now: datetime) -> Standing:
    """Write that an interaction, and the address it came from, are not this customer's; say whose it is then.

    Raises:
        NotFoundError: there is no such interaction.
    """
    row = _interaction(conn, interaction)
    if row.contact_point_id is not None:
        claims.unclaim(conn, row.contact_point_id, party, now=now, denied_by=actor)
    found = _resolve(conn, row.contact_point_id)
    if conn.execute(select(doubtful()).where(s.interaction.c.id == interaction)).scalar_one():
        found = Resolution(state=_doubted(found.state), candidates=found.candidates)
    conn.execute(
        update(s.interaction)
        .where(s.interaction.c.id == interaction)
        .values(
            party_id=found.party,
            resolve_state=found.state,
            updated_at=now,
            row_version=s.interaction.c.row_version + 1,
        ),
    )
    add_event(conn, interaction, now, "denied", actor, {"party": party})
    audit.note(conn, actor, "interaction.deny", ("interaction", interaction), now, party=party)
    return _standing(conn, interaction, found, row.contact_point_id, now)


def resolve_again(conn: WriteConn, now: datetime, hearing: Hearing) -> tuple[list[Standing], bool]:
    """Resolve again what came from the contact point whose claims changed longest ago; the router hears of what waits.

    Returns:
        What has changed hands, and whether there is more to do.
    """
    due = due_rows.take(conn, due_rows.RESOLVE, 1)
    if not due:
        return [], False
    found = _resolve(conn, due[0])
    table = s.interaction
    doubted = doubtful()
    unsure = _doubted(found.state)
    differs = or_(
        and_(~doubted, or_(table.c.resolve_state != found.state, table.c.party_id.is_distinct_from(found.party))),
        and_(doubted, or_(table.c.resolve_state != unsure, table.c.party_id.is_not(None))),
    )
    query = select(table.c.id, table.c.state, doubted.label("doubted")).where(
        table.c.contact_point_id == due[0],
        table.c.resolve_state != ResolveState.CONFIRMED,
        table.c.state != "quarantined",
        differs if found.state != ResolveState.ANONYMOUS else false(),
    )
    rows = [(row.id, row.doubted, row.state) for row in conn.execute(query.order_by(table.c.id).limit(BATCH))]
    levels: dict[str, int] = {}
    known = _standing(conn, "", found, due[0], now)
    for ident, is_doubted, stands in rows:
        state, party = (unsure, None) if is_doubted else (found.state, found.party)
        changed = {"party_id": party, "resolve_state": state, "updated_at": now}
        conn.execute(update(table).where(table.c.id == ident).values(changed))
        if party is not None and stands in _HEARD:
            levels[ident] = _hear(conn, Identified(interaction=ident, party=party, vip=known.vip), hearing, now)
    if len(rows) < BATCH:
        due_rows.done(conn, due_rows.RESOLVE, due)
    changed_hands = [
        Standing(
            interaction=ident,
            resolve_state=str(unsure if is_doubted else found.state),
            party=None if is_doubted else known.party,
            name="" if is_doubted else known.name,
            vip=0 if is_doubted else levels.get(ident, known.vip),
        )
        for ident, is_doubted, _ in rows
    ]
    return changed_hands, True


def _hear(conn: WriteConn, fact: Identified, hearing: Hearing, now: datetime) -> int:
    """Let the router hear who the customer of an open contact is; return their level."""
    fact = letting_in.known_later(conn, hearing.customers, fact, now)
    conn.execute(update(s.interaction).where(s.interaction.c.id == fact.interaction).values(vip=fact.vip))
    told = {"party": fact.party, **letting_in.let_in_by(fact)}
    add_event(conn, fact.interaction, now, "identified", None, told)
    tell(conn, fact, ident=hearing.new_id(), node=hearing.node, now=now)
    return fact.vip


def _interaction(conn: WriteConn, interaction: str) -> Any:
    """Return what identifying needs of an interaction.

    Raises:
        NotFoundError: there is none.
    """
    table = s.interaction
    query = select(table.c.contact_point_id, table.c.party_id)
    row = conn.execute(query.where(table.c.id == interaction)).first()
    if row is None:
        message = "there is no such contact"
        raise NotFoundError(message, code="unknown_interaction", field="interaction")
    return row


def doubtful() -> ColumnElement[bool]:
    """Mean the contacts whose sender only claims to be who it is: nobody is known by them without a person's word."""
    event = s.interaction_event
    marked = exists().where(event.c.interaction_id == s.interaction.c.id, event.c.type == DOUBTED)
    return or_(s.interaction.c.unverified, marked)


def _doubted(state: ResolveState) -> ResolveState:
    """Return the state of what only claims to come from an address."""
    return ResolveState.MAYBE if state == ResolveState.KNOWN else state


def _resolve(conn: WriteConn, contact_point: str | None) -> Resolution:
    if contact_point is None:
        return Resolution(state=ResolveState.ANONYMOUS)
    point = read_point(conn.execute(select(s.contact_point).where(s.contact_point.c.id == contact_point)).one())
    return resolve(point, claims_on(conn, point))


def _standing(
    conn: WriteConn, interaction: str, found: Resolution, contact_point: str | None, now: datetime
) -> Standing:
    name, vip = contact_rows.party_name(conn.connection, found.party) if found.party else ("", 0)
    vip = protected_rows.place_of(conn, vip, contact_point, now)
    return Standing(interaction=interaction, resolve_state=str(found.state), party=found.party, name=name, vip=vip)
