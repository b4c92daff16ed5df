"""What is known of a customer who comes again: whom they are tried with first, and how often they came lately."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, null, select

from contactd.core.past import ADAPTER
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

REMEMBERED = timedelta(hours=72)
"""How long the agent who served a customer last is asked first."""

_CASE = hot(
    select(s.case_.c.assignee)
    .where(
        s.case_.c.party_id == bindparam("party"),
        s.case_.c.assignee.is_not(null()),
        s.case_.c.closed_at.is_(null()),
        s.case_.c.deleted_at.is_(null()),
    )
    .order_by(s.case_.c.updated_at.desc(), s.case_.c.id)
    .limit(1),
)
_OWNER = hot(select(s.party.c.owner_id).where(s.party.c.id == bindparam("party"), s.party.c.owner_id.is_not(null())))
_LAST = hot(
    select(s.interaction.c.agent)
    .where(
        s.interaction.c.party_id == bindparam("party"),
        s.interaction.c.started_at >= bindparam("since"),
        s.interaction.c.agent.is_not(null()),
        s.interaction.c.routed_by != ADAPTER,
    )
    .order_by(s.interaction.c.started_at.desc(), s.interaction.c.id.desc())
    .limit(1),
)

MOST = 3
"""More contacts than these count no more."""
_CAME = (
    select(s.interaction.c.id)
    .where(
        s.interaction.c.party_id == bindparam("party"),
        s.interaction.c.started_at >= bindparam("since"),
        s.interaction.c.direction == "inbound",
        s.interaction.c.routed_by != ADAPTER,
        s.interaction.c.id != bindparam("interaction"),
        func.coalesce(s.interaction.c.outcome, "") != "junk",
        func.coalesce(s.interaction.c.outcome, "") != "duplicate",
    )
    .limit(MOST)
    .subquery()
)
_OPEN = (
    select(s.case_.c.id)
    .where(s.case_.c.party_id == bindparam("party"), s.case_.c.closed_at.is_(null()), s.case_.c.deleted_at.is_(null()))
    .limit(1)
    .subquery()
)
_AGAIN = hot(
    select(
        select(func.count()).select_from(_CAME).scalar_subquery().label("came"),
        select(func.count()).select_from(_OPEN).scalar_subquery().label("open"),
    ),
)


def repeated(conn: WriteConn, party: str | None, interaction: str, at: datetime) -> int:
    """Return how often a customer came within three days before this contact, an open case counting one more; 3 at most."""
    found = conn.one(_AGAIN, party=party, interaction=interaction, since=at - REMEMBERED) if party is not None else None
    return 0 if found is None else min(found.came + found.open, MOST)


def preferred(conn: WriteConn, party: str | None, talked: str | None, at: datetime) -> str | None:
    """Return the agent to try first, None when nobody stands out.

    In order: who has the customer's open case, who looks after the customer, who had the turn before (`talked`), who served them
    last, within three days.  Whoever has the customer in hand at this moment goes before all of them; the router sees to that.
    """
    if party is None:
        return talked
    case = conn.one(_CASE, party=party)
    if case is not None:
        return str(case.assignee)
    owner = conn.one(_OWNER, party=party)
    if owner is not None:
        return str(owner.owner_id)
    if talked is not None:
        return talked
    last = conn.one(_LAST, party=party, since=at - REMEMBERED)
    return None if last is None else str(last.agent)
