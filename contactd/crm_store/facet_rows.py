"""What customers are filtered by: tags, roles, fields that are filterable, and what is derived from their contacts and cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, select, update

from contactd.core.case import OVER
from contactd.core.errors import BadRequestError
from contactd.core.fields import facets
from contactd.core.segmenting import CustomerPlan, facts_of
from contactd.crm_store import field_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.sight import NAMED, Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

FIELD = "field."
_COLUMNS = ("kind", "lifecycle", "owner", "team")
_NAMES = {"owner": "owner_id", "team": "team_id"}
LONGEST_QUIET = 36_500
SEGMENT = "segment"
SCORES = (SEGMENT, "value_class", "contact_class")
"""What follows from a customer's score (`score_rows`)."""


def follow(conn: WriteConn, canonical: Sequence[str], gone: Sequence[str] = ()) -> None:
    """Write anew by what these customers are filtered; `gone` are records that are kept under another now."""
    if not canonical and not gone:
        return
    table = s.party_facet
    conn.execute(delete(table).where(table.c.party_id.in_([*canonical, *gone])))
    known = [key for key, one in field_rows.fields(conn.connection, "party").items() if one.filterable]
    rows = [
        {"party_id": party.id, "kind": kind, "value": value}
        for party in conn.execute(select(s.party).where(s.party.c.id.in_(canonical), s.party.c.deleted_at.is_(None)))
        for kind, values in (
            ("tag", party.tags),
            ("role", party.roles),
            *_scored(party.score or {}),
            *((f"{FIELD}{key}", facets(party.custom.get(key))) for key in known),
        )
        for value in dict.fromkeys(values)
    ]
    if rows:
        conn.execute(insert(table).values(rows))


def _scored(score: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    classes = [(kind, [score[kind]] if score.get(kind) else []) for kind in SCORES[1:]]
    return [(SEGMENT, list(score.get("segments") or ())), *classes]


def sort(conn: WriteConn, canonical: Sequence[str], plan: CustomerPlan, now: datetime) -> None:
    """Put customers that changed into the segments they belong to now, by what was last counted of them."""
    if not plan.segments:
        return
    for row in conn.execute(select(s.party).where(s.party.c.id.in_(canonical))).mappings():
        score = row["score"] or {}
        segments = plan.segments_of(facts_of(dict(row), now))
        if segments != list(score.get("segments") or ()):
            conn.execute(update(s.party).where(s.party.c.id == row["id"]).values(score={**score, "segments": segments}))


def narrowed(query: Select[Any], filters: Mapping[str, Any], now: datetime) -> Select[Any]:
    """Narrow a list of customers.

    Args:
        query: customers, of which each stands for itself.
        filters: of `kind, lifecycle, owner, team` (equal), `vip` (at least), `tag, role, segment, value_class,
            contact_class`, `fields` (`key:value` each), `complaints`
            (open ones), `quiet_days` (nothing heard for so long), `contract_days` (their service contract ends within so long).
        now: the moment.

    Raises:
        BadRequestError: a filter is wrong.
    """
    for name in _COLUMNS:
        if filters.get(name) is not None:
            query = query.where(s.party.c[_NAMES.get(name, name)] == filters[name])
    if filters.get("vip") is not None:
        query = query.where(s.party.c.vip >= filters["vip"])
    for kind in ("tag", "role", *SCORES):
        if filters.get(kind) is not None:
            query = having(query, kind, filters[kind])
    for pair in filters.get("fields") or ():
        key, colon, value = pair.partition(":")
        if not colon:
            message = "a field is asked for as key:value"
            raise BadRequestError(message, field="field")
        query = having(query, f"{FIELD}{key}", value)
    if filters.get("complaints"):
        query = query.where(exists(_complaints().where(_member.c.canonical_id == s.party.c.id)))
    return _in_time(query, filters, now)


def _in_time(query: Select[Any], filters: Mapping[str, Any], now: datetime) -> Select[Any]:
    """Narrow a list of customers by how long ago something was, or how soon it will be."""
    if filters.get("quiet_days") is not None:
        since = now - timedelta(days=min(filters["quiet_days"], LONGEST_QUIET))
        heard = _contacts().where(_member.c.canonical_id == s.party.c.id, s.interaction.c.started_at >= since)
        query = query.where(~exists(heard))
    if filters.get("contract_days") is not None:
        until = now + timedelta(days=min(filters["contract_days"], LONGEST_QUIET))
        ends = s.record.c.ends_at
        query = query.where(
            exists(_contracts(now).where(ends <= until)),
            ~exists(_contracts(now).where((ends > until) | ends.is_(None))),
        )
    return query


def indicators(conn: Connection, parties: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return customer → `last_contact_at, open_complaints`."""
    found: dict[str, dict[str, Any]] = {one: {"last_contact_at": None, "open_complaints": 0} for one in parties}
    mine = _member.c.canonical_id.in_(parties)
    latest = func.max(s.interaction.c.started_at, type_=s.interaction.c.started_at.type).label("at")
    last = select(_member.c.canonical_id, latest).join_from(
        _member, s.interaction, s.interaction.c.party_id == _member.c.id
    )
    for row in conn.execute(last.where(mine).group_by(_member.c.canonical_id)):
        found[row.canonical_id]["last_contact_at"] = text(row.at)
    counted = select(_member.c.canonical_id, func.count().label("n")).join_from(
        _member, s.case_, s.case_.c.party_id == _member.c.id
    )
    for row in conn.execute(counted.where(mine, *_open_complaint()).group_by(_member.c.canonical_id)):
        found[row.canonical_id]["open_complaints"] = row.n
    return found


_member = s.party.alias("member")


def having(query: Select[Any], kind: str, value: str) -> Select[Any]:
    """Narrow a list of customers to those filtered by one value of a kind."""
    table = s.party_facet
    return query.where(s.party.c.id.in_(select(table.c.party_id).where(table.c.kind == kind, table.c.value == value)))


def within(kind: str, value: str) -> dict[str, Seen]:
    """Return by kind of document (as `sight.documents`) what holds of those about customers filtered by one value."""
    doc, facet, own = s.search_doc, s.party_facet, s.party.alias("own")
    mine = select(facet.c.party_id).where(facet.c.kind == kind, facet.c.value == value)
    about = select(own.c.id).join(facet, facet.c.party_id == own.c.canonical_id)
    about = about.where(own.c.id == doc.c.party_id, facet.c.kind == kind, facet.c.value == value)
    told: Seen = [exists(about.correlate(doc))]
    return {"party": [doc.c.ref.in_(mine)], NAMED: [s.party.c.id.in_(mine)], "case": told, "message": told}


def _complaints() -> Select[Any]:
    query = select(_member.c.id).join_from(_member, s.case_, s.case_.c.party_id == _member.c.id)
    return query.where(*_open_complaint())


def _open_complaint() -> tuple[Any, ...]:
    over = [str(state) for state in OVER]
    return (s.case_.c.type == "complaint", s.case_.c.state.not_in(over), s.case_.c.deleted_at.is_(None))


def _contracts(now: datetime) -> Select[Any]:
    """Select the service contracts of a customer that hold now."""
    record = s.record.c
    begun = (record.begins_at <= now) | record.begins_at.is_(None)
    holds = (record.ends_at > now) | record.ends_at.is_(None)
    query = select(_member.c.id).join_from(_member, s.record, record.party_id == _member.c.id)
    mine = (_member.c.canonical_id == s.party.c.id, record.kind == "service_contract", record.stage == "active")
    return query.where(*mine, record.deleted_at.is_(None), begun, holds)


def _contacts() -> Select[Any]:
    return select(_member.c.id).join_from(_member, s.interaction, s.interaction.c.party_id == _member.c.id)
