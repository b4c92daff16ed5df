"""All that is kept of one customer, as data: for themselves to read, or to take elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from contactd.clock import rfc3339
from contactd.core.errors import NotFoundError
from contactd.crm_store import erasing, privacy_rows
from contactd.crm_store import schema as s
from contactd.crm_store.lookup import claimed_points

PAGE = 50
"""Contacts of one read."""
_PARTY = (
    *("id", "kind", "display_name", "family_name", "given_name", "salutation", "legal_name", "uscc", "lang", "tz"),
    *("lifecycle", "roles", "vip", "tags", "custom", "credit_level", "credit_flag", "preferences", "no", "score"),
)
_CONTACT = ("id", "channel", "direction", "state", "outcome", "raw_from", "raw_to", "from_name", "subject", "summary")
_BUSINESS = ("kind", "no", "title", "stage", "amount", "currency", "fields", "url", "source")
_CASE = ("id", "no", "type", "state", "subject", "body", "remedy", "outside_ref", "custom")


def person(conn: Connection, party: str) -> dict[str, Any]:
    """Return a customer's own data, of every record.

    Raises:
        NotFoundError: there is no such customer, or they are erased.
    """
    parties = erasing.cluster(conn, party)
    rows = conn.execute(select(s.party).where(s.party.c.id.in_(parties), s.party.c.pii_state != "erased")).all()
    if not rows:
        message = "There is no such customer."
        raise NotFoundError(message)
    canonical = rows[0].canonical_id
    points = [
        {"kind": row.kind, "value": row.value_norm, "extension": row.ext, "label": row.label}
        for row in conn.execute(claimed_points([canonical]))
    ]
    return {
        "records": [{name: getattr(row, name) for name in _PARTY} | {"since": rfc3339(row.created_at)} for row in rows],
        "names": _rows(conn, s.party_name, "party_id", parties, ("kind", "value")),
        "addresses": _rows(
            conn, s.address, "party_id", parties, ("country", "province", "city", "district", "street", "postal_code")
        ),
        "contact_points": points,
        "consents": privacy_rows.said(conn, canonical),
        "cases": [
            {name: getattr(row, name) for name in _CASE} | {"at": rfc3339(row.created_at)}
            for row in conn.execute(
                select(s.case_).where(s.case_.c.party_id.in_(parties)).order_by(s.case_.c.created_at)
            )
        ],
        "promises": _rows(conn, s.promise, "party_id", parties, ("text",)),
        "campaigns": _rows(
            conn, s.campaign_member, "party_id", parties, ("campaign_id", "state", "reason", "attempts", "outcome")
        ),
        "tasks": _rows(conn, s.task, "party_id", parties, ("kind", "subject", "body", "state", "result")),
        "business": _rows(conn, s.record, "party_id", parties, _BUSINESS),
        "links": [
            one
            for side in ("from_party", "to_party")
            for one in _rows(conn, s.party_link, side, parties, ("role", "title", "department", "active"))
        ],
    }


def contacts(conn: Connection, party: str, after: str = "", *, heard: bool) -> list[dict[str, Any]]:
    """Return a page of a customer's contacts by id, each with what was said, recorded and answered, and the originals.

    `files`: name and blob, or `inline`; where it is to be `heard`, sealed sound with what opens it (`sealed`).
    """
    table = s.interaction
    return _told(conn, [table.c.party_id.in_(erasing.cluster(conn, party)), table.c.id > after], heard=heard)


def of_case(conn: Connection, case: str, after: str = "", *, heard: bool = False) -> list[dict[str, Any]]:
    """Return a page of a case's contacts as `contacts` does, with what happened to each (`events`)."""
    table, topic, event = s.interaction, s.interaction_topic, s.interaction_event
    topics = select(topic.c.interaction_id).where(topic.c.case_id == case)
    begun = select(s.case_.c.source_interaction_id).where(s.case_.c.id == case)
    mine = or_(table.c.case_id == case, table.c.id.in_(topics), table.c.id.in_(begun))
    found = _told(conn, [mine, table.c.id > after], heard=heard)
    by_id: dict[str, list[dict[str, Any]]] = {one["id"]: one.setdefault("events", []) for one in found}
    rows = conn.execute(select(event).where(event.c.interaction_id.in_(list(by_id))).order_by(event.c.seq))
    for row in rows:
        told = {"seq": row.seq, "at": rfc3339(row.at), "type": row.type, "actor": row.actor, "data": row.data}
        by_id[row.interaction_id].append(told)
    return found


def _told(conn: Connection, which: list[ColumnElement[bool]], *, heard: bool) -> list[dict[str, Any]]:
    query = select(s.interaction).where(*which).order_by(s.interaction.c.id).limit(PAGE)
    found = [
        {name: getattr(row, name) for name in _CONTACT}
        | {"at": rfc3339(row.started_at), "talk_s": row.talk_ms / 1000}
        | {"messages": [], "recordings": [], "surveys": [], "files": []}
        for row in conn.execute(query)
    ]
    by_id = {one["id"]: one for one in found}
    _said(conn, by_id)
    _recorded(conn, by_id, heard=heard)
    _rated(conn, by_id)
    for row in conn.execute(select(s.raw).where(s.raw.c.interaction_id.in_(list(by_id)))):
        if row.inline is not None or row.blob is not None:
            file = {"name": f"original-{row.receipt_id}.eml", "blob": row.blob, "inline": row.inline}
            by_id[row.interaction_id]["files"].append(file)
    return found


def _said(conn: Connection, by_id: dict[str, dict[str, Any]]) -> None:
    message, attachment = s.message, s.attachment
    query = (
        select(message)
        .where(message.c.interaction_id.in_(list(by_id)))
        .order_by(message.c.interaction_id, message.c.seq)
    )
    for row in conn.execute(query):
        told = {"at": rfc3339(row.at), "direction": row.direction, "from": row.sender_name or row.sender}
        by_id[row.interaction_id]["messages"].append(told | {"subject": row.subject, "text": row.body_text})
    for row in conn.execute(select(attachment).where(attachment.c.interaction_id.in_(list(by_id)))):
        file = {"name": f"{row.id}-{row.name}", "blob": row.blob, "inline": None}
        by_id[row.interaction_id]["files"].append(file)


def _recorded(conn: Connection, by_id: dict[str, dict[str, Any]], *, heard: bool) -> None:
    table = s.recording
    for row in conn.execute(select(table).where(table.c.interaction_id.in_(list(by_id))).order_by(table.c.id)):
        told = {"at": rfc3339(row.started_at), "seconds": row.length_ms / 1000, "state": row.state}
        by_id[row.interaction_id]["recordings"].append(told | {"consent": row.consent})
        if heard and row.blob is not None:
            sealed = {"key_id": row.key_id, "key": row.sealed_key, "size": row.size}
            file = {"name": f"recording-{row.id}.wav", "blob": row.blob, "inline": None, "sealed": sealed}
            by_id[row.interaction_id]["files"].append(file)


def _rated(conn: Connection, by_id: dict[str, dict[str, Any]]) -> None:
    invite, answer = s.survey_invite, s.survey_answer
    asked = {}
    for row in conn.execute(select(invite).where(invite.c.interaction_id.in_(list(by_id))).order_by(invite.c.id)):
        asked[row.id] = {"at": rfc3339(row.asked_at), "state": row.state, "score": row.score, "answers": []}
        by_id[row.interaction_id]["surveys"].append(asked[row.id])
    given = select(answer).where(answer.c.invite_id.in_(list(asked))).order_by(answer.c.invite_id, answer.c.question)
    for row in conn.execute(given):
        said = {"question": row.question, "score": row.score, "text": row.text}
        asked[row.invite_id]["answers"].append(said)


def _rows(conn: Connection, table: Any, key: str, idents: list[str], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = conn.execute(select(table).where(table.c[key].in_(idents)).order_by(table.c.id))
    return [{name: getattr(row, name) for name in columns} for row in rows]


def files(contacts_read: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (contact, file) of contacts that were read."""
    for one in contacts_read:
        for file in one["files"]:
            yield one["id"], file
