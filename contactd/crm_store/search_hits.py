"""One box over everything: customers, what was said, cases; ranked, with the places that matched.

Who may see what is part of the question to the index (`acl`), never a filter on its answer, so that nobody learns from a count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from contactd.clock import rfc3339
from contactd.core import tokens
from contactd.core.errors import BadRequestError
from contactd.crm_store import lookup, search_blind, search_index
from contactd.crm_store import schema as s
from contactd.crm_store.party_search import search_key
from contactd.crm_store.search_blind import SEES_ALL, Blind, Unseen
from contactd.crm_store.search_docs import CASE, MESSAGE, PARTY
from contactd.crm_store.sight import EVERYTHING, NAMED, Seen

KINDS = (PARTY, CASE, MESSAGE)
MOST = 50
"""Hits of one kind."""
LOOKED_AT = 200
"""Documents ranked for one question."""
_IN_NUMBER = re.compile(r"(?<=\d)[-()\s]+(?=\d)|[()](?=\d)")
Shaping = Callable[..., list[dict[str, Any]]]
AROUND = 40
"""Characters shown on each side of the first place that matched."""


def search(
    conn: Connection,
    query: str,
    *,
    kinds: Sequence[str] = KINDS,
    acl: Sequence[str] = ("all",),
    limit: int = 10,
    guarded: bool = False,
    addresses_guarded: bool = False,
    seen: Mapping[str, Seen] = EVERYTHING,
    unseen: Unseen | None = None,
) -> list[dict[str, Any]]:
    """Return hits, customers first, then cases, then what was said; within each the likeliest first.

    Args:
        conn: a reader's connection.
        query: what somebody typed: words, one Chinese character or more, a sound, initials, last digits.
        kinds: of `KINDS`.
        acl: what the asker may see.
        limit: hits of each kind.
        guarded: the asker sees numbers masked, and cannot try them out here.
        addresses_guarded: and so addresses, letter by letter.
        seen: as `sight.documents`.
        unseen: tells which fields the asker is not shown, and finds nothing by.

    Raises:
        BadRequestError: no such kind, or a wrong limit.
    """
    if not set(kinds) <= set(KINDS):
        message = f"kinds are {', '.join(KINDS)}"
        raise BadRequestError(message, field="kind")
    if not 1 <= limit <= MOST:
        message = f"limit must be between 1 and {MOST}"
        raise BadRequestError(message, field="limit")
    terms = tokens.terms(query, whole_numbers=guarded, whole_words=addresses_guarded)
    # A customer's number is one word, however it is written.
    of_party = tokens.terms(_IN_NUMBER.sub("", query), whole_numbers=guarded, whole_words=addresses_guarded)
    blind = Blind.of(query, unseen, addresses=addresses_guarded)
    hits: list[dict[str, Any]] = []
    shapes: dict[str, Callable[..., list[dict[str, Any]]]] = {
        PARTY: partial(_parties, seen=seen.get(NAMED, ())),
        CASE: _cases,
        MESSAGE: _messages,
    }
    for kind, shape in shapes.items():
        asked = of_party if kind == PARTY else terms
        if kind in kinds and asked:
            most = LOOKED_AT if kind != CASE else MOST
            found = search_index.find(conn, asked, kind=kind, acl=acl, limit=most, seen=seen.get(kind, ()))
            if blind is not None:
                found = search_blind.shown(conn, kind, found, asked, blind)
            hits += shape(conn, query, found, blind or SEES_ALL)[:limit]
    return hits


def _parties(conn: Connection, query: str, found: list[Any], blind: Blind, *, seen: Seen) -> list[dict[str, Any]]:
    """Shape customers: those of exactly this name first, then names that begin so, then the latest changed."""
    exact = search_key(query)
    party, nameless = s.party, blind.hides("name")
    same = select(party.c.id).where(
        party.c.search_name == exact,
        party.c.id == party.c.canonical_id,
        party.c.deleted_at.is_(None),
        party.c.pii_state == "normal",
        *seen,
    )
    named = [] if nameless else [row.id for row in conn.execute(same.order_by(party.c.id).limit(MOST))]
    idents = list(dict.fromkeys([*named, *(row.ref for row in found)]))
    faces = lookup.faces(conn, idents)
    ranked = [faces[ident] for ident in idents if ident in faces]
    if not nameless:
        ranked.sort(key=lambda face: (search_key(face.name) != exact, not search_key(face.name).startswith(exact)))
    hits = []
    for face in ranked:
        points = " · ".join(display for _, display in face.points)
        hits.append(
            _hit(PARTY, face.party, "" if nameless else face.name, points, query)
            | {
                "party_id": face.party,
                "party_name": face.name,
                "party_kind": face.kind,
                "vip": face.vip,
                "points": [{"kind": kind, "display": display} for kind, display in face.points],
            },
        )
    return hits


def _cases(conn: Connection, query: str, found: list[Any], blind: Blind) -> list[dict[str, Any]]:
    rows = {row.id: row for row in conn.execute(select(s.case_).where(s.case_.c.id.in_([one.ref for one in found])))}
    names = _names(conn, {row.party_id for row in rows.values() if row.party_id})
    return [
        _hit(CASE, row.id, "" if blind.hides("subject") else row.subject, row.no, query)
        | {
            "at": rfc3339(row.updated_at),
            "party_id": row.party_id,
            "party_name": names.get(row.party_id or "", ""),
            "state": row.state,
            "no": row.no,
        }
        for one in found
        if (row := rows.get(one.ref)) is not None
    ]


def _messages(conn: Connection, query: str, found: list[Any], blind: Blind) -> list[dict[str, Any]]:
    """Shape messages, one for each contact: the latest that matched."""
    message, contact = s.message, s.interaction
    columns = (contact.c.channel, contact.c.party_id, contact.c.subject.label("contact_subject"), contact.c.line)
    joined = select(message, *columns).join(contact, contact.c.id == message.c.interaction_id)
    rows = conn.execute(joined.where(message.c.id.in_([one.ref for one in found]))).all()
    latest: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.id)):
        latest[row.interaction_id] = row
    newest = sorted(latest.values(), key=lambda row: (row.at, row.id), reverse=True)[:MOST]
    names = _names(conn, {row.party_id for row in newest if row.party_id})
    titled, quoted = not blind.hides("subject"), not blind.hides("body_text")
    return [
        _hit(
            *(MESSAGE, row.id),
            (row.contact_subject or row.subject) if titled else "",
            row.body_text if quoted else "",
            query,
        )
        | {
            "at": rfc3339(row.at),
            "interaction": row.interaction_id,
            "channel": row.channel,
            "direction": row.direction,
            "party_id": row.party_id,
            "party_name": names.get(row.party_id or "", ""),
        }
        for row in newest
    ]


def _names(conn: Connection, parties: set[str]) -> dict[str, str]:
    """Return record → the name of its customer."""
    kept = s.party.alias("kept")
    query = select(s.party.c.id, kept.c.display_name).join(kept, kept.c.id == s.party.c.canonical_id)
    return {row.id: row.display_name for row in conn.execute(query.where(s.party.c.id.in_(parties)))}


def _hit(kind: str, ident: str, title: str, body: str, query: str) -> dict[str, Any]:
    """Shape what every hit has: a title and a piece of its text, with the places that matched."""
    snippet = excerpt(body, query)
    return {
        "kind": kind,
        "id": ident,
        "title": title,
        "title_marks": tokens.highlights(title, query),
        "snippet": snippet,
        "snippet_marks": tokens.highlights(snippet, query),
        "at": None,
        "party_id": None,
        "party_name": "",
    }


def excerpt(text: str, query: str) -> str:
    """Return the piece of a text around the first place that matched, on one line."""
    flat = " ".join(text[: tokens.MAX_CHARS].split())
    places = tokens.highlights(flat, query)
    begin = max(places[0][0] - AROUND, 0) if places else 0
    piece = flat[begin : begin + 4 * AROUND]
    return f"{'…' if begin else ''}{piece}{'…' if begin + 4 * AROUND < len(flat) else ''}"
