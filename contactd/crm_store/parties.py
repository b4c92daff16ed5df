"""Parties: reading one through its canonical record, searching, making, changing, and claiming addresses for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.party import LEVELS, Point
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.lookup import claimed_points
from contactd.crm_store.party_fields import EDITABLE, checked
from contactd.crm_store.party_search import matching, search_key
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_SHOWN = (*sorted(EDITABLE), "team_id", "no", "pii_state")

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
    select(s.contact_claim.c.id, s.contact_claim.c.level, s.contact_claim.c.valid_to).where(
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
    ),
)


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return a party with its contact points and names; a merged one answers with the survivor and `merged_into`.

    Raises:
        NotFoundError: there is none, or it is deleted.
    """
    own = s.party.alias("own_party")
    query = select(s.party).join(own, own.c.canonical_id == s.party.c.id).where(own.c.id == ident)
    row = conn.execute(query.where(s.party.c.deleted_at.is_(None))).first()
    if row is None:
        message = "there is no such party"
        raise NotFoundError(message)
    names = select(s.party_name.c.kind, s.party_name.c.value).where(s.party_name.c.party_id == row.id)
    return {
        **_view(row),
        "merged_into": row.id if row.id != ident else None,
        "names": [{"kind": name.kind, "value": name.value} for name in conn.execute(names)],
        "points": _points(conn, [row.id]).get(row.id, []),
        "organisations": _links(conn, row.id),
    }


def listed(
    conn: Connection,
    *,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of canonical parties, latest changed first, and the next cursor.

    Args:
        conn: a reader's connection.
        q: the beginning of a name, of an e-mail address, or digits of a number (its beginning, or the whole of it).
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: cursor or limit is wrong.
    """
    query = select(s.party).where(s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None))
    if q is not None and q.strip():
        query = query.where(s.party.c.id.in_(matching(q)))
    query = cursors.after(query, cursor, s.party.c.updated_at, s.party.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "updated_at")
    points = _points(conn, [row.id for row in rows])
    return [_view(row) | {"points": points.get(row.id, [])} for row in rows], following


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
    fields = checked(values)
    conn.execute(
        insert(s.party).values(
            **fields,
            id=ident,
            canonical_id=ident,
            search_name=search_key(str(fields.get("display_name", ""))),
            created_at=now,
            created_by=actor,
            updated_at=now,
            updated_by=actor,
        ),
    )
    return ident


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
        return row_version + 1
    if conn.execute(select(s.party.c.id).where(s.party.c.id == ident, s.party.c.deleted_at.is_(None))).first():
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    message = "there is no such party"
    raise NotFoundError(message)


def add_name(conn: WriteConn, ident: str, party: str, kind: str, value: str, *, now: datetime) -> None:
    """Give a party a further name (alias, former, pinyin, en, short), by which it is found too."""
    conn.execute(
        insert(s.party_name).values(
            id=ident, party_id=party, kind=kind, value=value, search_name=search_key(value), created_at=now
        ),
    )


def link(
    conn: WriteConn, ident: str, person: str, organisation: str, *, role: str, title: str = "", now: datetime
) -> None:
    """Link two parties (`role` works_for, agent_of, subsidiary_of …)."""
    conn.execute(
        insert(s.party_link).values(
            id=ident, from_party=person, to_party=organisation, role=role, title=title, created_at=now
        ),
    )


def point_id(conn: WriteConn, ident: str, point: Point, *, now: datetime) -> str:
    """Return the id of the row of a contact point, made under `ident` if it is new."""
    row = conn.one(
        _POINT,
        id=ident,
        kind=point.kind,
        namespace=point.namespace,
        value_norm=point.value,
        ext=point.ext,
        value_raw=point.raw,
        display=point.display or point.raw,
        e164=point.value.startswith("+"),
        shared=point.shared,
        first_seen=now,
        last_seen=now,
    )
    return str(row.id)


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
    elif old.valid_to is not None or LEVELS[level] > LEVELS[old.level]:
        conn.run(_RAISE, b_id=old.id, b_level=level, b_source=source, b_evidence=evidence, b_at=now)


def unclaim(conn: WriteConn, contact_point: str, party: str, *, now: datetime) -> bool:
    """End a claim; False when there is none alive."""
    done = conn.execute(
        update(s.contact_claim)
        .where(
            s.contact_claim.c.contact_point_id == contact_point,
            s.contact_claim.c.party_id == party,
            s.contact_claim.c.valid_to.is_(None),
        )
        .values(valid_to=now),
    )
    return done.rowcount > 0


def _points(conn: Connection, parties: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return canonical party → its contact points."""
    found: dict[str, list[dict[str, Any]]] = {}
    if not parties:
        return found
    for row in conn.execute(claimed_points(parties)):
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
                "status": row.status,
            },
        )
    return found


def _links(conn: Connection, party: str) -> list[dict[str, Any]]:
    """Return the organisations a party belongs to."""
    other = s.party.alias("other")
    query = (
        select(other.c.id, other.c.display_name, s.party_link.c.role, s.party_link.c.title)
        .join(s.party_link, s.party_link.c.to_party == other.c.id)
        .where(s.party_link.c.from_party == party, s.party_link.c.active)
    )
    return [
        {"party_id": row.id, "name": row.display_name, "role": row.role, "title": row.title}
        for row in conn.execute(query)
    ]


def _view(row: Any) -> dict[str, Any]:
    """Shape a party for the wire."""
    shown = {name: getattr(row, name) for name in _SHOWN}
    return {
        "id": row.id,
        **shown,
        "name": row.display_name,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "row_version": row.row_version,
    }
