"""Customers page by page, each as one flat row: what an import of the same columns would read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, exists, select

from contactd.crm_store import facet_rows
from contactd.crm_store import schema as s
from contactd.crm_store.lookup import claimed_points
from contactd.crm_store.party_search import matching
from contactd.crm_store.sight import Seen

PAGE = 500
CALLS = ("", "voice")
"""What a word about calls may be said of: everything, or calls alone."""
SCORED = ("no", "value_class", "value", "contact_class", "contacts", "segments")
"""Columns of what was counted and numbered here, for who asks for them."""
_PLAIN = ("id", "kind", "family_name", "given_name", "salutation", "legal_name", "uscc", "lang", "tz", "lifecycle")
_LABELS = {"mobile": "mobile", "office": "office_phone", "home": "home_phone"}
_NAMES = {"short": "short_name", "en": "english_name", "former": "former_name", "alias": "alias"}
_PLACES = ("country", "province", "city", "district", "street", "postal_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which customers are taken out; what is empty asks for nothing."""

    q: str = ""
    """Only those whose name, address or number begins so."""
    lifecycle: str = ""
    kind: str = ""
    owner: str = ""
    """An agent's id."""
    vip: int = 0
    """This level and above."""
    facets: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of `segment, value_class, contact_class`: only who is filtered by these."""
    to_call: bool = False
    """Only those who may be called: left out is who asked not to be (谢绝来电), or refused marketing by whatever or this way."""
    guarded: bool = False
    """The asker sees numbers masked, and cannot try them out by `q`."""
    addresses_guarded: bool = False
    """And so addresses."""
    nameless: bool = False
    """And so names."""

    @property
    def everybody(self) -> bool:
        """Tell whether nothing is left out."""
        return self == Chosen(guarded=self.guarded, addresses_guarded=self.addresses_guarded, nameless=self.nameless)


EVERYBODY = Chosen()


def page(
    conn: Connection, *, chosen: Chosen = EVERYBODY, after: str = "", limit: int = PAGE, seen: Seen = ()
) -> list[dict[str, Any]]:
    """Return customers by id: field → text, or a list of texts where there may be several.

    Args:
        conn: a reader's connection.
        chosen: which.
        after: the id the last page ended with.
        limit: how many.
        seen: as `sight.parties`.
    """
    alive = (s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None), s.party.c.pii_state != "erased")
    query = select(s.party).where(*alive, *seen, s.party.c.id > after).order_by(s.party.c.id).limit(limit)
    if chosen.q.strip():
        guards = {"whole_numbers": chosen.guarded, "whole_addresses": chosen.addresses_guarded}
        found = matching(chosen.q, **guards, nameless=chosen.nameless)
        query = query.where(s.party.c.id.in_(found))
    wanted = {"lifecycle": chosen.lifecycle, "kind": chosen.kind, "owner_id": chosen.owner}
    query = query.where(*(s.party.c[name] == value for name, value in wanted.items() if value))
    if chosen.vip:
        query = query.where(s.party.c.vip >= chosen.vip)
    for kind, value in chosen.facets.items():
        query = facet_rows.having(query, kind, value)
    if chosen.to_call:
        query = query.where(~exists(_refusing()), ~exists(_refused()))
    rows = [_plain(row) for row in conn.execute(query)]
    by_id = {row["id"]: row for row in rows}
    if by_id:
        _points(conn, by_id)
        _beside(conn, by_id)
    return rows


_member = s.party.alias("member")
_MINE = _member.c.canonical_id == s.party.c.id


def _refusing() -> Select[Any]:
    """Select a customer's records of which one asks not to be called."""
    # Documents are kept as compact text, the same on both databases.
    asked = cast(_member.c.preferences, Text).like('%"do_not_call":true%')
    return select(_member.c.id).where(_MINE, asked)


def _refused() -> Select[Any]:
    """Select what a customer said against calls of marketing, where that is the last word of that record."""
    said, later = s.consent, s.consent.alias("later")
    same = (later.c.party_id == said.c.party_id, later.c.purpose == said.c.purpose, later.c.channel == said.c.channel)
    behind = (later.c.at > said.c.at) | ((later.c.at == said.c.at) & (later.c.id > said.c.id))
    query = select(said.c.id).join_from(said, _member, _member.c.id == said.c.party_id)
    against = (
        said.c.purpose == "marketing",
        said.c.state.in_(("denied", "withdrawn")),
        said.c.channel.in_(CALLS),
    )
    return query.where(_MINE, *against, ~exists(select(later.c.id).where(*same, behind)))


def custom_keys(conn: Connection) -> list[str]:
    """Return the keys of all own fields that any customer has."""
    found: set[str] = set()
    query = select(s.party.c.custom).where(s.party.c.custom != {}, s.party.c.deleted_at.is_(None))
    for row in conn.execution_options(yield_per=1000).execute(query):
        found |= set(row.custom)
    return sorted(found)


def _plain(row: Any) -> dict[str, Any]:
    shown = {name: getattr(row, name) or "" for name in _PLAIN}
    own = {f"custom.{key}": _told(value) for key, value in (row.custom or {}).items()}
    many = {"roles": list(row.roles), "tags": list(row.tags)}
    return {
        **shown,
        "name": row.display_name,
        "vip": str(row.vip),
        "owner_id": row.owner_id,
        **many,
        **own,
        **_scored(row.score or {}, row.no),
    }


def _scored(score: Mapping[str, Any], no: str | None) -> dict[str, Any]:
    """Return what was last counted; an import takes none of it over."""
    amount = score.get("value")
    return {
        "no": no or "",
        "value_class": score.get("value_class") or "",
        "value": "" if amount is None else f"{amount / 100:.2f}",
        "contact_class": score.get("contact_class") or "",
        "contacts": str(score["contacts"]) if score.get("contacts") else "",
        "segments": list(score.get("segments") or ()),
    }


def _told(value: Any) -> Any:
    """Return a field of the house's own as an import would read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def _points(conn: Connection, by_id: Mapping[str, dict[str, Any]]) -> None:
    for row in conn.execute(claimed_points(list(by_id))):
        label = row.label or ""
        field = row.kind if row.kind in {"fax", "email"} else _LABELS.get(label, "phone")
        if row.kind in {"phone", "fax", "email"}:
            value = f"{row.value_norm.removeprefix('short:').removeprefix('raw:')}{f'-{row.ext}' if row.ext else ''}"
            _put(by_id[row.canonical_id], field, value)


def _beside(conn: Connection, by_id: Mapping[str, dict[str, Any]]) -> None:
    """Add names, numbers elsewhere, the first organisation and the first address; those of merged records, too."""
    ids = list(by_id)
    own = s.party.alias("own")
    of = select(own.c.id, own.c.canonical_id).where(own.c.canonical_id.in_(ids))
    canonical = {row.id: row.canonical_id for row in conn.execute(of)}
    every = list(canonical)
    for row in _of(conn, s.party_name, "party_id", every):
        if row.kind in _NAMES:
            _put(by_id[canonical[row.party_id]], _NAMES[row.kind], row.value)
    for row in _of(conn, s.external_id, "ref_id", every):
        if row.ref_kind == "party":
            _put(by_id[canonical[row.ref_id]], "external_id", row.value)
    for row in _of(conn, s.address, "party_id", every):
        shown = by_id[canonical[row.party_id]]
        if not any(name in shown for name in _PLACES):
            shown |= {name: getattr(row, name) or "" for name in _PLACES}
    other = s.party.alias("other")
    query = (
        select(s.party_link.c.from_party, s.party_link.c.title, other.c.display_name)
        .join(other, other.c.id == s.party_link.c.to_party)
        .where(s.party_link.c.from_party.in_(every), s.party_link.c.active, s.party_link.c.role == "works_for")
        .order_by(s.party_link.c.id)
    )
    for row in conn.execute(query):
        shown = by_id[canonical[row.from_party]]
        shown.setdefault("organisation", row.display_name)
        shown.setdefault("title", row.title)


def _of(conn: Connection, table: Any, column: str, ids: Sequence[str]) -> list[Any]:
    return list(conn.execute(select(table).where(table.c[column].in_(ids)).order_by(table.c.id)))


def _put(shown: dict[str, Any], field: str, value: str) -> None:
    """Add one of several values, each once."""
    values = shown.setdefault(field, [])
    if value not in values:
        values.append(value)
