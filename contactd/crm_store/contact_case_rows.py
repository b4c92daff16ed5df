"""A case made from a contact: its customer, if need be a provisional one, its number, and the link between the two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contactd.core.case_plan import CasePlan
from contactd.core.errors import NotFoundError
from contactd.crm_store import audit, case_rows, claims, parties
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn


def open_from(
    conn: WriteConn,
    interaction: str,
    values: Mapping[str, Any],
    *,
    ids: tuple[str, str, str],
    plan: CasePlan,
    now: datetime,
    actor: str | None,
    first: bool = True,
) -> dict[str, Any]:
    """Make a case from a contact and attach it; return `id, no, party_id`.

    Args:
        conn: the unit's transaction.
        interaction: the contact.
        values: fields of the case.
        ids: for the case, a provisional customer, and the claim on its address.
        plan: how cases are worked on.
        now: the moment.
        actor: who asks.
        first: it is what the contact is about before all else.

    Raises:
        NotFoundError: there is no such contact.
        BadRequestError: a field is wrong.
    """
    table = s.interaction
    query = select(
        table.c.party_id, table.c.org_party_id, table.c.contact_point_id, table.c.from_name, table.c.raw_from
    )
    row = conn.execute(query.where(table.c.id == interaction)).first()
    if row is None:
        message = "there is no such contact"
        raise NotFoundError(message, code="unknown_interaction", field="interaction")
    party = row.party_id or _provisional(conn, row, ids, now, actor)
    fields = {"party_id": party, "org_party_id": row.org_party_id, **values, "source_interaction_id": interaction}
    number = case_rows.create(conn, ids[0], fields, plan=plan, now=now, actor=actor)
    case_rows.attach(conn, ids[0], interaction, now=now, actor=actor, first=first)
    if actor is not None:
        audit.note(conn, actor, "case.create", ("case", ids[0]), now, interaction=interaction, party=party)
    return {"id": ids[0], "no": number, "party_id": party}


def _provisional(conn: WriteConn, row: Any, ids: tuple[str, str, str], now: datetime, actor: str | None) -> str | None:
    """Make a record for a customer nobody knows yet, who may be the one behind this address; None for who hides it."""
    if row.contact_point_id is None:
        return None
    name = row.from_name or row.raw_from
    parties.create(conn, ids[1], {"kind": "unknown", "display_name": name}, now=now, actor=actor)
    claims.claim(conn, ids[2], row.contact_point_id, ids[1], level="inferred", source="channel", now=now, actor=actor)
    return ids[1]
