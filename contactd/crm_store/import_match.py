"""Which customer a row is about: by the surest thing it says that anybody is known by.  Never guessed: several are nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, bindparam, select

from contactd.core.newcomer import Record
from contactd.crm_store import schema as s
from contactd.crm_store.party_search import search_key
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

_own = s.party.alias("own")
_MOST = 3
"""Customers read of those with one number: two are too many already."""


def _customers() -> Select[Any]:
    """Select the customers that records stand for now."""
    survivor = s.party
    return (
        select(survivor.c.id)
        .distinct()
        .select_from(_own.join(survivor, survivor.c.id == _own.c.canonical_id))
        .where(survivor.c.deleted_at.is_(None), survivor.c.pii_state != "erased")
        .limit(_MOST)
    )


_BY_ID = hot(_customers().where(_own.c.id == bindparam("id")))
_BY_USCC = hot(_customers().where(_own.c.uscc == bindparam("uscc")))
_BY_NUMBER = hot(
    _customers()
    .join(s.external_id, (s.external_id.c.ref_id == _own.c.id) & (s.external_id.c.ref_kind == "party"))
    .where(s.external_id.c.system == bindparam("system"), s.external_id.c.value == bindparam("value"))
)
_BY_POINT = hot(
    _customers()
    .join(s.contact_claim, s.contact_claim.c.party_id == _own.c.id)
    .join(s.contact_point, s.contact_point.c.id == s.contact_claim.c.contact_point_id)
    .where(
        s.contact_point.c.kind == bindparam("kind"),
        s.contact_point.c.namespace == "",
        s.contact_point.c.value_norm == bindparam("value"),
        s.contact_point.c.ext == bindparam("ext"),
        s.contact_point.c.shared.is_(False),
        s.contact_claim.c.valid_to.is_(None),
        s.contact_claim.c.level != "inferred",
    )
)
_BY_NAME = hot(_customers().where(_own.c.search_name == bindparam("name"), _own.c.kind == bindparam("kind")))
_other = s.party.alias("other")
_BY_NAME_AND_ORG = hot(
    _customers()
    .join(s.party_link, (s.party_link.c.from_party == _own.c.id) & s.party_link.c.active)
    .join(_other, _other.c.id == s.party_link.c.to_party)
    .where(_own.c.search_name == bindparam("name"), _other.c.search_name == bindparam("organisation"))
)


def known(conn: WriteConn, record: Record, match: tuple[str, ...], system: str) -> tuple[str, list[str]]:
    """Return by what a customer is known again, and who it is; nobody: ("", []); several: more than one id."""
    for key in match:
        found = _FINDERS[key](conn, record, system)
        if found:
            return key, sorted(found)
    return "", []


def organisations(conn: WriteConn, name: str) -> list[str]:
    """Return the organisations of exactly this name; more than one is nobody."""
    return [row.id for row in conn.all(_BY_NAME, name=search_key(name), kind="org")]


def _by_id(conn: WriteConn, record: Record, _system: str) -> set[str]:
    return {row.id for row in conn.all(_BY_ID, id=record.id)} if record.id else set()


def _by_number(conn: WriteConn, record: Record, system: str) -> set[str]:
    return {row.id for value in record.external for row in conn.all(_BY_NUMBER, system=system, value=value)}


def _by_uscc(conn: WriteConn, record: Record, _system: str) -> set[str]:
    code = record.fields.get("uscc")
    return {row.id for row in conn.all(_BY_USCC, uscc=code)} if code else set()


def _by_point(*kinds: str) -> Callable[[WriteConn, Record, str], set[str]]:
    def find(conn: WriteConn, record: Record, _system: str) -> set[str]:
        points = [point for point, _ in record.points if point.kind in kinds and not point.shared]
        rows = [conn.all(_BY_POINT, kind=point.kind, value=point.value, ext=point.ext) for point in points]
        return {row.id for some in rows for row in some}

    return find


def _by_name(conn: WriteConn, record: Record, _system: str) -> set[str]:
    name = search_key(record.fields.get("display_name", ""))
    if not name:
        return set()
    if record.fields.get("kind") == "org":
        return {row.id for row in conn.all(_BY_NAME, name=name, kind="org")}
    organisation = search_key(record.work.get("organisation", ""))
    return (
        {row.id for row in conn.all(_BY_NAME_AND_ORG, name=name, organisation=organisation)} if organisation else set()
    )


_FINDERS: dict[str, Callable[[WriteConn, Record, str], set[str]]] = {
    "id": _by_id,
    "external_id": _by_number,
    "uscc": _by_uscc,
    "phone": _by_point("phone", "fax"),
    "email": _by_point("email"),
    "name": _by_name,
}
