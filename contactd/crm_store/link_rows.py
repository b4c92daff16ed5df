"""Who belongs to whom: links between customers, made, ended, and the small picture around one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

ROLES = ("works_for", "reports_to", "agent_of", "dealer_of", "family", "guardian", "subsidiary_of")
HOPS = 2
NODES = 40
"""Customers in one picture."""


def add(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Link two customers (`from_party, to_party, role, title, department, is_primary`).

    Raises:
        BadRequestError: no such role, or a customer with themselves.
        NotFoundError: there is no such customer.
        ConflictError: they are linked so already (code `taken`).
    """
    if values["role"] not in ROLES:
        message = f"a link is {', '.join(ROLES)}"
        raise BadRequestError(message, field="role")
    one, other = (_kept(conn, values[name], name) for name in ("from_party", "to_party"))
    if one == other:
        message = "a customer is linked with another one"
        raise BadRequestError(message, field="to")
    table = s.party_link
    same = (table.c.from_party == one, table.c.to_party == other, table.c.role == values["role"], table.c.active)
    if conn.execute(select(table.c.id).where(*same)).first() is not None:
        message = "they are linked so already"
        raise ConflictError(message, code="taken")
    row = {**values, "from_party": one, "to_party": other}
    conn.execute(insert(table).values(id=ident, valid_from=now, created_at=now, created_by=actor, **row))
    due_rows.mark_party(conn, one, now)


def end(conn: WriteConn, ident: str, *, now: datetime) -> str:
    """End a link; that it was stays on record.  Return whose it was.

    Raises:
        NotFoundError: there is no such link, or it is over.
    """
    table = s.party_link
    row = conn.execute(select(table.c.from_party).where(table.c.id == ident, table.c.active)).first()
    if row is None:
        message = "there is no such link"
        raise NotFoundError(message)
    conn.execute(update(table).where(table.c.id == ident).values(active=False, valid_to=now))
    due_rows.mark_party(conn, row.from_party, now)
    return str(row.from_party)


def around(conn: Connection, ident: str) -> dict[str, Any]:
    """Return the picture around a customer: `nodes` (`id, name, kind, hop`) and `links` (`id, from, to, role, title, department`).

    Raises:
        NotFoundError: there is no such customer.
    """
    own = s.party.alias("own")
    row = conn.execute(select(own.c.canonical_id).where(own.c.id == ident)).first()
    if row is None:
        message = "there is no such party"
        raise NotFoundError(message)
    hops, links, front = {row.canonical_id: 0}, dict[str, dict[str, Any]](), {row.canonical_id}
    for hop in range(1, HOPS + 1):
        found = _of(conn, front)
        front = set()
        for link in found:
            ends = (link["from"], link["to"])
            new = [one for one in ends if one not in hops]
            if len(hops) + len(new) > NODES:
                continue
            hops |= dict.fromkeys(new, hop)
            front |= set(new)
            links[link["id"]] = link
    named = select(s.party.c.id, s.party.c.display_name, s.party.c.kind).where(s.party.c.id.in_(hops))
    nodes = [
        {"id": one.id, "name": one.display_name, "kind": one.kind, "hop": hops[one.id]} for one in conn.execute(named)
    ]
    nodes.sort(key=lambda node: (node["hop"], node["id"]))
    return {"nodes": nodes, "links": sorted(links.values(), key=lambda link: link["id"])}


def _of(conn: Connection, parties: set[str]) -> list[dict[str, Any]]:
    """Return the links of customers, between the records they are kept under."""
    table, one, other = s.party_link, s.party.alias("one"), s.party.alias("other")
    query = (
        select(
            table.c.id,
            one.c.canonical_id.label("from"),
            other.c.canonical_id.label("to"),
            table.c.role,
            table.c.title,
            table.c.department,
        )
        .join(one, one.c.id == table.c.from_party)
        .join(other, other.c.id == table.c.to_party)
        .where(table.c.active, one.c.canonical_id.in_(parties) | other.c.canonical_id.in_(parties))
        .where(one.c.canonical_id != other.c.canonical_id)
    )
    return [dict(row._mapping) for row in conn.execute(query.order_by(table.c.id).limit(200))]  # noqa: SLF001 - the public name of a row's mapping


def _kept(conn: WriteConn, ident: str, name: str) -> str:
    row = conn.execute(
        select(s.party.c.canonical_id).where(s.party.c.id == ident, s.party.c.deleted_at.is_(None))
    ).first()
    if row is None:
        message = "there is no such customer"
        raise NotFoundError(message, field=name.partition("_")[0])
    return str(row.canonical_id)
