"""Whose something of the past is: a customer by id, by the other system's number, or by the address it names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from contactd.core.errors import ConflictError
from contactd.core.interaction import ResolveState
from contactd.core.newcomer import Problem
from contactd.core.party import Resolution, resolve
from contactd.core.past import Past
from contactd.crm_store import schema as s
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import Errand
from contactd.crm_store.later import Later
from contactd.crm_store.sender_rows import who
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_own, _survivor = s.party.alias("own"), s.party
_LIVE = (_survivor.c.deleted_at.is_(None), _survivor.c.pii_state != "erased")
_BY_ID = hot(
    select(_survivor.c.id)
    .select_from(_own.join(_survivor, _survivor.c.id == _own.c.canonical_id))
    .where(_own.c.id == bindparam("id"), *_LIVE)
)
_number = s.external_id.c
_BY_NUMBER = hot(
    select(_survivor.c.id)
    .select_from(
        s.external_id.join(_own, _own.c.id == _number.ref_id).join(_survivor, _survivor.c.id == _own.c.canonical_id)
    )
    .where(
        _number.ref_kind == "party", _number.system == bindparam("system"), _number.value == bindparam("value"), *_LIVE
    )
    .limit(2)
)
_KNOWN = hot(
    select(_number.ref_id).where(
        _number.system == bindparam("system"), _number.type == bindparam("type"), _number.value == bindparam("value")
    )
)
_NUMBER = hot(insert(s.external_id).on_conflict_do_nothing(index_elements=["system", "type", "value"]))


def customer(conn: WriteConn, row: Past, errand: Errand) -> tuple[str | None, Resolution] | Problem:
    """Return the contact point a row names and whose it is, or why that cannot be said.

    The address is made when it is new, but neither is it seen just now nor proved to be reachable: this was long ago.
    """
    point, found = None, resolve(None, ())
    for one in row.points:
        ident, resolution = who(conn, Later(conn), one, errand.new_id(), row.at or errand.at)
        if point is None or (found.party is None and resolution.party is not None):
            point, found = ident, resolution
    if row.party is not None:
        named: Any = conn.one(_BY_ID, id=row.party)
        if named is None:
            return Problem("party", "unknown_customer", row.party[:40])
        return point, Resolution(state=ResolveState.KNOWN, party=named.id)
    if row.customer is not None:
        rows = conn.all(_BY_NUMBER, system=errand.options.system, value=row.customer)
        if len(rows) == 1:
            return point, Resolution(state=ResolveState.KNOWN, party=rows[0].id)
        if found.party is None:
            return Problem("customer", "unknown_customer", row.customer[:40])
    return point, found


def known(conn: WriteConn, kind: str, system: str, key: str) -> str | None:
    """Return what is known under another system's key, None: nothing."""
    row = conn.one(_KNOWN, system=system, type=kind, value=key)
    return None if row is None else str(row.ref_id)


def remember(conn: WriteConn, kind: str, ident: str, key: str, errand: Errand) -> None:
    """Note under which key another system knows something.

    Raises:
        ConflictError: another node wrote the same at this moment (code `crossed`).
    """
    about = {"id": errand.new_id(), "ref_kind": kind, "ref_id": ident, "last_sync": errand.at}
    if not conn.run(_NUMBER, system=errand.options.system, type=kind, value=key, **about):
        message = "another node has taken over the same at this moment"
        raise ConflictError(message, code=CROSSED)
