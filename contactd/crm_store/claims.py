"""Contact points and the graded claims that say whose they are: made, raised, ended, denied."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, or_, select, update

from contactd.core.errors import BadRequestError
from contactd.core.party import LEVELS, Point
from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_new_point = insert(s.contact_point)
_POINT = hot(
    _new_point.on_conflict_do_update(
        index_elements=["kind", "namespace", "value_norm", "ext"],
        set_={"last_seen": _new_point.excluded.last_seen},
    ).returning(s.contact_point.c.id),
)
_REACHABLE = case(
    (or_(s.contact_point.c.status == "soft", s.contact_point.c.status == "hard"), "ok"),
    else_=s.contact_point.c.status,
)
SEEN = hot(
    update(s.contact_point)
    .where(s.contact_point.c.id == bindparam("b_id"))
    .values(last_seen=bindparam("b_at"), status=_REACHABLE),
)
"""An address wrote or called again: then it is there."""
_CLAIM_OF = hot(
    select(
        s.contact_claim.c.id, s.contact_claim.c.level, s.contact_claim.c.valid_to, s.contact_claim.c.denied_at
    ).where(
        s.contact_claim.c.contact_point_id == bindparam("point"),
        s.contact_claim.c.party_id == bindparam("party"),
    ),
)
_NEW_CLAIM = hot(insert(s.contact_claim).on_conflict_do_nothing(index_elements=["contact_point_id", "party_id"]))
_RAISE = hot(
    update(s.contact_claim)
    .where(s.contact_claim.c.id == bindparam("b_id"))
    .values(
        level=bindparam("b_level"),
        source=bindparam("b_source"),
        evidence_interaction_id=bindparam("b_evidence"),
        valid_from=bindparam("b_at"),
        valid_to=None,
        denied_at=None,
        denied_by=None,
    ),
)
_LINE_TYPE = hot(select(s.contact_point.c.line_type).where(s.contact_point.c.id == bindparam("point")))
PRIVACY = "privacy"
"""A number that a platform lends to a caller for some days: it is nobody's, so nobody is ever claimed for it."""


def point_id(conn: WriteConn, ident: str, point: Point, *, now: datetime) -> str:
    """Return the id of the row of a contact point, made under `ident` if it is new."""
    row = conn.one(_POINT, **fresh_point(ident, point, now=now))
    return str(row.id)


def fresh_point(ident: str, point: Point, *, now: datetime) -> dict[str, Any]:
    """Return the row of a new contact point."""
    return {
        "id": ident,
        "kind": point.kind,
        "namespace": point.namespace,
        "value_norm": point.value,
        "ext": point.ext,
        "value_raw": point.raw,
        "display": point.display or point.raw,
        "e164": point.value.startswith("+"),
        "shared": point.shared,
        "first_seen": now,
        "last_seen": now,
    }


def claim(
    conn: WriteConn,
    ident: str,
    contact_point: str,
    party: str,
    *,
    level: str,
    source: str,
    now: datetime,
    actor: str | None = None,
    label: str | None = None,
    primary: bool = False,
    evidence: str | None = None,
) -> None:
    """Say that a contact point is a party's; an older claim is raised to a higher level, never lowered.

    Args:
        conn: the unit's transaction.
        ident: id of the claim if it is new.
        contact_point: the point's id.
        party: the party's id.
        level: verified | asserted | inferred
        source: import | agent | channel | text_mining | customer
        now: the moment.
        actor: who says so.
        label: mobile | office | home | switchboard
        primary: the one to use first.
        evidence: the interaction it was learnt from.

    Raises:
        BadRequestError: there is no such level.
    """
    if level not in LEVELS:
        message = "a claim is verified, asserted or inferred"
        raise BadRequestError(message, field="level")
    if conn.one(_LINE_TYPE, point=contact_point).line_type == PRIVACY:
        return
    old = conn.one(_CLAIM_OF, point=contact_point, party=party)
    if old is None:
        conn.run(
            _NEW_CLAIM,
            id=ident,
            contact_point_id=contact_point,
            party_id=party,
            level=level,
            label=label,
            is_primary=primary,
            source=source,
            evidence_interaction_id=evidence,
            valid_from=now,
            created_by=actor,
        )
    elif old.denied_at is not None and level == "inferred":
        return
    elif old.valid_to is not None or LEVELS[level] > LEVELS[old.level]:
        conn.run(_RAISE, b_id=old.id, b_level=level, b_source=source, b_evidence=evidence, b_at=now)
    else:
        return
    _changed(conn, contact_point, [party], now)


def unclaim(conn: WriteConn, contact_point: str, party: str, *, now: datetime, denied_by: str | None = None) -> bool:
    """End a customer's claims on a contact point, by whichever of its records; False when there is none alive.

    With `denied_by` a person says that it is not theirs: then what is only mined later does not bring it back.
    """
    table, own, asked = s.contact_claim, s.party.alias("own"), s.party.alias("asked")
    cluster = select(own.c.id).join(asked, asked.c.canonical_id == own.c.canonical_id).where(asked.c.id == party)
    ended: dict[str, Any] = {"valid_to": now}
    if denied_by is not None:
        ended |= {"denied_at": now, "denied_by": denied_by}
    mine = (table.c.contact_point_id == contact_point, table.c.valid_to.is_(None), table.c.party_id.in_(cluster))
    holders = [row.party_id for row in conn.execute(select(table.c.party_id).where(*mine))]
    if not holders:
        return False
    conn.execute(
        update(table)
        .where(table.c.contact_point_id == contact_point, table.c.valid_to.is_(None), table.c.party_id.in_(holders))
        .values(ended),
    )
    _changed(conn, contact_point, holders, now)
    return True


def describe(conn: WriteConn, contact_point: str, *, shared: bool | None, line_type: str | None, now: datetime) -> bool:
    """Say what kind of address a contact point is; False when there is none such.

    A number of a switchboard is shared: it gives candidates.  A privacy number is nobody's: its claims end.
    """
    table = s.contact_point
    values: dict[str, Any] = {}
    if shared is not None:
        values["shared"] = shared
    if line_type is not None:
        values["line_type"] = line_type
    if values and conn.execute(update(table).where(table.c.id == contact_point).values(values)).rowcount == 0:
        return False
    claim_table = s.contact_claim
    alive = (claim_table.c.contact_point_id == contact_point, claim_table.c.valid_to.is_(None))
    holders = [row.party_id for row in conn.execute(select(claim_table.c.party_id).where(*alive))]
    if line_type == PRIVACY and holders:
        conn.execute(update(claim_table).where(*alive).values(valid_to=now))
    _changed(conn, contact_point, holders, now)
    return True


def _changed(conn: WriteConn, contact_point: str, parties: Iterable[str], now: datetime) -> None:
    """Let those be resolved, compared and indexed anew whom a claim concerns."""
    due_rows.mark(conn, due_rows.RESOLVE, contact_point, now)
    for party in parties:
        due_rows.mark_party(conn, party, now)
