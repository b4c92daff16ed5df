"""Parties: reading one through its canonical record, searching, making and changing them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from contactd.clock import from_ms, rfc3339
from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import cursors, due_rows, facet_rows
from contactd.crm_store import schema as s
from contactd.crm_store.lookup import claimed_points, open_cases
from contactd.crm_store.party_fields import EDITABLE, checked
from contactd.crm_store.party_search import matching, search_key
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_NEW = hot(insert(s.party))
_NEW_NAME = hot(insert(s.party_name))
_NEW_LINK = hot(insert(s.party_link))
_own, _other = s.party.alias("own_party"), s.party.alias("other")
# Made once: to build such a statement takes longer than the database needs to answer it.
_ONE = (
    select(s.party)
    .join(_own, _own.c.canonical_id == s.party.c.id)
    .where(_own.c.id == bindparam("ident"), s.party.c.deleted_at.is_(None))
)
_NAMES = select(s.party_name.c.kind, s.party_name.c.value).where(s.party_name.c.party_id == bindparam("party"))
_RECORDS = select(func.count()).where(s.party.c.canonical_id == bindparam("party"))
_LINKS = (
    select(_other.c.id, _other.c.display_name, s.party_link.c.role, s.party_link.c.title)
    .join(s.party_link, s.party_link.c.to_party == _other.c.id)
    .where(s.party_link.c.from_party == bindparam("party"), s.party_link.c.active)
)
_SHOWN = (*sorted(EDITABLE), "no", "pii_state")


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a party with its contact points and names; a merged one answers with the survivor and `merged_into`.

    Raises:
        NotFoundError: there is none, or it is deleted.
    """
    row = conn.execute(_ONE, {"ident": ident}).first()
    if row is None:
        message = "there is no such party"
        raise NotFoundError(message)
    kept = {"party": row.id}
    return {
        **_view(row),
        "merged_into": row.id if row.id != ident else None,
        "names": [{"kind": name.kind, "value": name.value} for name in conn.execute(_NAMES, kept)],
        "points": _points(conn, [row.id]).get(row.id, []),
        "open_cases": open_cases(conn, row.id),
        "records": conn.execute(_RECORDS, kept).scalar_one(),
        "organisations": _links(conn, row.id),
    }


def records(conn: Connection, ident: str) -> list[dict[str, Any]]:
    """Return every record of a customer as it is by itself, the one it is kept under first.

    Raises:
        NotFoundError: there is no such record.
    """
    asked = s.party.alias("asked")
    query = select(s.party).join(asked, asked.c.canonical_id == s.party.c.canonical_id).where(asked.c.id == ident)
    rows = sorted(conn.execute(query), key=lambda row: (row.id != row.canonical_id, row.id))
    if not rows:
        message = "there is no such party"
        raise NotFoundError(message)
    own: dict[str, list[str]] = {row.id: [] for row in rows}
    claim = s.contact_claim
    held = select(claim.c.party_id, claim.c.contact_point_id).where(
        claim.c.party_id.in_(own), claim.c.valid_to.is_(None)
    )
    for one in conn.execute(held):
        own[one.party_id].append(one.contact_point_id)
    return [_view(row) | {"canonical": row.id == row.canonical_id, "own_points": own[row.id]} for row in rows]


def listed(
    conn: Connection,
    *,
    q: str | None = None,
    guarded: bool = False,
    addresses_guarded: bool = False,
    nameless: bool = False,
    filters: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    seen: Seen = (),
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of canonical parties, latest changed first, and the next cursor.

    Args:
        conn: a reader's connection.
        q: the beginning of a name, of an e-mail address, or digits of a number (its beginning, or the whole of it).
        guarded: the asker sees numbers masked, and cannot try them out here.
        addresses_guarded: and so addresses.
        nameless: the asker is not shown names, and finds nobody by one.
        filters: as `facet_rows.narrowed`.
        now: the moment, for filters that ask how long ago.
        seen: as `sight.parties`.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: cursor or limit is wrong.
    """
    query = select(s.party).where(s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None), *seen)
    if q is not None and q.strip():
        found = matching(q, whole_numbers=guarded, whole_addresses=addresses_guarded, nameless=nameless)
        query = query.where(s.party.c.id.in_(found))
    if filters and now is not None:
        query = facet_rows.narrowed(query, filters, now)
    query = cursors.after(query, cursor, s.party.c.updated_at, s.party.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "updated_at")
    idents = [row.id for row in rows]
    points, derived = _points(conn, idents), facet_rows.indicators(conn, idents)
    return [_view(row) | {"points": points.get(row.id, []), **derived[row.id]} for row in rows], following


def create(
    conn: WriteConn,
    ident: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    actor: str | None,
) -> str:
    """Make a party of `values` (fields of `EDITABLE`); return its id.

    Raises:
        BadRequestError: a field is not one of `EDITABLE`, or of a wrong type.
    """
    conn.run(_NEW, **fresh(ident, values, now=now, actor=actor))
    due_rows.mark_party(conn, ident, now)
    return ident


def fresh(ident: str, values: Mapping[str, Any], *, now: datetime, actor: str | None) -> dict[str, Any]:
    """Return the row of a new party of `values` (fields of `EDITABLE`).

    Raises:
        BadRequestError: a field is not one of `EDITABLE`, or of a wrong type.
    """
    fields = checked(values)
    return {
        **fields,
        "id": ident,
        "canonical_id": ident,
        "search_name": search_key(str(fields.get("display_name", ""))),
        "created_at": now,
        "created_by": actor,
        "updated_at": now,
        "updated_by": actor,
    }


def patch(
    conn: WriteConn,
    ident: str,
    values: Mapping[str, Any],
    *,
    row_version: int,
    now: datetime,
    actor: str | None,
) -> int:
    """Change fields of a party; return its new row version.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` was read (code `changed`).
        BadRequestError: a field is not one of `EDITABLE`, or of a wrong type.
    """
    fields = checked(values)
    if "display_name" in fields:
        fields["search_name"] = search_key(fields["display_name"])
    done = conn.execute(
        update(s.party)
        .where(s.party.c.id == ident, s.party.c.row_version == row_version, s.party.c.deleted_at.is_(None))
        .values(**fields, updated_at=now, updated_by=actor, row_version=row_version + 1),
    )
    if done.rowcount == 1:
        due_rows.mark_party(conn, ident, now)
        return row_version + 1
    if conn.execute(select(s.party.c.id).where(s.party.c.id == ident, s.party.c.deleted_at.is_(None))).first():
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    message = "there is no such party"
    raise NotFoundError(message)


def add_name(conn: WriteConn, ident: str, party: str, kind: str, value: str, *, now: datetime) -> None:
    """Give a party a further name (alias, former, pinyin, en, short), by which it is found too."""
    conn.run(_NEW_NAME, id=ident, party_id=party, kind=kind, value=value, search_name=search_key(value), created_at=now)
    due_rows.mark_party(conn, party, now)


def link(
    conn: WriteConn, ident: str, person: str, organisation: str, *, role: str, title: str = "", now: datetime
) -> None:
    """Link two parties (`role` works_for, agent_of, subsidiary_of …)."""
    conn.run(_NEW_LINK, id=ident, from_party=person, to_party=organisation, role=role, title=title, created_at=now)
    due_rows.mark_party(conn, person, now)


def scores(score: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was last counted of a customer (`score_rows`), the amount in the smallest unit; None = nothing."""
    if not score:
        return None
    names = ("value", "value_class", "contacts", "contact_class", "complaints")
    moments = {
        name: None if score.get(name) is None else rfc3339(from_ms(score[name]))
        for name in ("last_contact_at", "contract_ends_at", "as_of")
    }
    return {name: score.get(name) for name in names} | {"segments": list(score.get("segments") or ())} | moments


def _points(conn: Connection, parties: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return canonical party → its contact points."""
    found: dict[str, list[dict[str, Any]]] = {}
    if not parties:
        return found
    seen: set[tuple[str, str]] = set()
    for row in conn.execute(claimed_points(parties)):
        if (row.canonical_id, row.contact_point_id) in seen:
            continue
        seen.add((row.canonical_id, row.contact_point_id))
        found.setdefault(row.canonical_id, []).append(
            {
                "contact_point": row.contact_point_id,
                "kind": row.kind,
                "value": row.value_norm,
                "ext": row.ext,
                "display": row.display or row.value_norm,
                "level": row.level,
                "label": row.label,
                "primary": row.is_primary,
                "shared": row.shared,
                "line_type": row.line_type,
                "status": row.status,
            },
        )
    return found


def _links(conn: Connection, party: str) -> list[dict[str, Any]]:
    """Return the organisations a party belongs to."""
    return [
        {"party_id": row.id, "name": row.display_name, "role": row.role, "title": row.title}
        for row in conn.execute(_LINKS, {"party": party})
    ]


def _view(row: Any) -> dict[str, Any]:
    """Shape a party for the wire."""
    shown = {name: getattr(row, name) for name in _SHOWN}
    return {
        "id": row.id,
        **shown,
        "name": row.display_name,
        "scores": scores(row.score),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "row_version": row.row_version,
    }
