"""Service contracts as they cover cases: found for a customer and their organisations, counted down, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from contactd.core.case_plan import CasePlan
from contactd.core.coverage import Asked, Contract, Terms, choose
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn

KIND = "service_contract"
PRODUCT = "product"
"""Own field of a case that says which product it is about."""
MOST = 50
"""Contracts of one customer that are looked at."""


def cover(conn: WriteConn, values: Mapping[str, Any], kind: str, plan: CasePlan, now: datetime) -> dict[str, Any]:
    """Return what covers a new case: `id, no, level`, and the `others` with why they do not; empty when there is no contract.

    The contract's row is locked, so that two cases do not take its last place.

    Args:
        conn: the unit's transaction.
        values: of the case: `party_id, org_party_id, custom, source_interaction_id`.
        kind: its type.
        plan: what contracts promise.
        now: the moment.
    """
    parties = [one for one in (values.get("party_id"), values.get("org_party_id")) if one]
    if not parties:
        return {}
    idents = [one.id for one in held(conn.connection, parties)]
    if not idents:
        return {}
    conn.execute(select(s.record.c.id).where(s.record.c.id.in_(idents)).order_by(s.record.c.id).with_for_update())
    source = values.get("source_interaction_id")
    line = conn.execute(select(s.interaction.c.line).where(s.interaction.c.id == source)).scalar() if source else None
    product = (values.get("custom") or {}).get(PRODUCT)
    asked = Asked(type=kind, line=line, product=product if isinstance(product, str) else None)
    best, others = choose(held(conn.connection, parties), plan.terms, asked, now)
    chosen = {} if best is None else {"id": best.id, "no": best.no, "level": best.level}
    return chosen | {"others": others}


def held(conn: Connection, parties: Sequence[str]) -> list[Contract]:
    """Return the service contracts of these customers, of all their records, and of the firms they work for."""
    asked, member, firm = s.party.alias("asked"), s.party.alias("member"), s.party.alias("firm")
    own = (
        select(member.c.id, member.c.canonical_id)
        .join(asked, asked.c.canonical_id == member.c.canonical_id)
        .where(asked.c.id.in_(parties))
    )
    mine = [row.id for row in conn.execute(own)]
    kept = s.party.alias("kept")
    works = (
        select(firm.c.id)
        .join(kept, kept.c.canonical_id == firm.c.canonical_id)
        .join(s.party_link, s.party_link.c.to_party == kept.c.id)
        .where(s.party_link.c.from_party.in_(mine), s.party_link.c.role == "works_for", s.party_link.c.active)
    )
    idents = {*mine, *conn.execute(works).scalars()}
    record = s.record
    query = select(record).where(record.c.party_id.in_(idents), record.c.kind == KIND, record.c.deleted_at.is_(None))
    rows = conn.execute(query.order_by(record.c.updated_at.desc()).limit(MOST)).all()
    used = count_used(conn, [row.id for row in rows])
    return [of(row, used.get(row.id, 0)) for row in rows]


def count_used(conn: Connection, contracts: Sequence[str]) -> dict[str, int]:
    """Return contract → cases it covered."""
    case = s.case_.c
    query = select(case.contract_id, func.count().label("n")).where(case.contract_id.in_(contracts))
    return {
        row.contract_id: row.n
        for row in conn.execute(query.where(case.deleted_at.is_(None)).group_by(case.contract_id))
    }


def of(row: Any, used: int) -> Contract:
    """Read a contract from its record."""
    included, products = row.fields.get("included"), row.fields.get("products")
    return Contract(
        id=row.id,
        no=row.fields.get("number") or row.no,
        level=row.fields.get("level"),
        stage=row.stage,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        products=tuple(products or ()),
        included=included if isinstance(included, int) else None,
        used=used,
    )


def level_of(conn: Connection, case: str) -> str | None:
    """Return the level of the contract that covers a case."""
    query = select(s.record.c.fields).join(s.case_, s.case_.c.contract_id == s.record.c.id).where(s.case_.c.id == case)
    fields = conn.execute(query).scalar()
    return None if fields is None else fields.get("level")


def told(conn: Connection, case: str, terms: Mapping[str, Terms]) -> dict[str, Any]:
    """Say which contract the clocks of a case go by, and why others do not cover it."""
    query = (
        select(s.record.c.id, s.record.c.no, s.record.c.title, s.record.c.fields)
        .join(s.case_, s.case_.c.contract_id == s.record.c.id)
        .where(s.case_.c.id == case)
    )
    row = conn.execute(query).first()
    event = s.case_event
    looked = (
        select(event.c.data)
        .where(event.c.case_id == case, event.c.type.in_(("covered", "not_covered")))
        .order_by(event.c.seq.desc())
    )
    data = conn.execute(looked.limit(1)).scalar() or {}
    contract = None
    if row is not None:
        level = row.fields.get("level")
        label = dict(terms[level].label) if level in terms else {}
        no = row.fields.get("number") or row.no
        contract = {"id": row.id, "no": no, "title": row.title, "level": level, "label": label}
    return {"contract": contract, "not_covered_by": list(data.get("others", ()))}
