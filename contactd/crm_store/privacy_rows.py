"""Requests of customers, legal holds and consents: asked, decided by somebody else, and never rewritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import audit, erased_person, erasing
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

ERASE = "erase"
ASKED, REFUSED, RUNNING, DONE = "asked", "refused", "running", "done"
_HINDERED = {
    "legal_hold": "A legal hold stands against it.",
    "open_work": "Contacts or cases of this customer are still open.",
}
PURPOSES = ("service", "marketing", "recording", "profiling")
GRANTED, DENIED, WITHDRAWN = "granted", "denied", "withdrawn"


def ask(conn: WriteConn, row: Mapping[str, Any], now: datetime) -> None:
    """Note that a customer is to be erased (columns of `privacy_request`); somebody else decides.

    Raises:
        NotFoundError: there is no such customer.
        ConflictError: that was asked already, or they are erased (code `asked`).
    """
    parties = erasing.cluster(conn.connection, row["party_id"])
    if not parties:
        message = "There is no such customer."
        raise NotFoundError(message)
    table = s.privacy_request
    twice = select(table.c.id).where(table.c.party_id.in_(parties), table.c.state != REFUSED)
    if conn.execute(twice.limit(1)).first():
        message = "This was asked already."
        raise ConflictError(message, code="asked")
    conn.execute(insert(table).values(**row, kind=ERASE, state=ASKED, asked_at=now))
    entry = Entry(actor=row["asked_by"], action="privacy.ask", object_kind="party", object_id=row["party_id"])
    audit.append(conn, entry, now)


def asker(conn: Connection, by: str, login: str | None) -> str:
    """Return who is behind a request: whoever made the token it came with, where that is a person here, else `by`."""
    kind, _, token = (login or "").partition(":")
    if kind != "token":
        return by
    table = s.api_token
    made = select(table.c.created_by).join(s.agent, s.agent.c.id == table.c.created_by).where(table.c.id == token)
    return conn.execute(made).scalar() or by


def decide(
    conn: WriteConn, ident: str, by: str, *, in_person: bool, approve: bool, decision: str, now: datetime
) -> None:
    """Approve or refuse what somebody else asked for.

    Args:
        conn: the unit's transaction.
        ident: the request.
        by: who decides.
        in_person: by a log-in of their own; a token is in the hands of whoever made it.
        approve: whether it is to happen.
        decision: why.
        now: the moment.

    Raises:
        NotFoundError: there is no such request.
        ForbiddenError: who asked does not decide, nor does a token (code `four_eyes`).
        ConflictError: it was decided, or something stands against it (codes `decided`, `legal_hold`, `open_work`).
    """
    found = get(conn.connection, ident)
    if found.asked_by == by or not in_person:
        message = "Somebody else has to decide, logged in themselves."
        raise ForbiddenError(message, code="four_eyes")
    if found.state != ASKED:
        message = "This was decided already."
        raise ConflictError(message, code="decided")
    hindered = erasing.hindrance(conn.connection, found.party_id) if approve else None
    if hindered is not None:
        raise ConflictError(_HINDERED[hindered], code=hindered)
    table, state = s.privacy_request, RUNNING if approve else REFUSED
    values = {"state": state, "decided_by": by, "decided_at": now, "decision": decision}
    mine = (table.c.id == ident, table.c.state == ASKED)
    if not conn.execute(update(table).where(*mine).values(**values)).rowcount:
        message = "This was decided already."
        raise ConflictError(message, code="decided")
    action = "privacy.approve" if approve else "privacy.refuse"
    audit.append(conn, Entry(actor=by, action=action, object_kind="party", object_id=found.party_id), now)


def get(conn: Connection, ident: str) -> Any:
    """Return one request.

    Raises:
        NotFoundError: there is none.
    """
    found = conn.execute(select(s.privacy_request).where(s.privacy_request.c.id == ident)).first()
    if found is None:
        message = "There is no such request."
        raise NotFoundError(message)
    return found


def listed(conn: Connection, state: str = "", seen: Seen = ()) -> list[dict[str, Any]]:
    """Return the newest 200 requests, all or those in a state; `seen`: as `sight.of_parties` of the customer."""
    table = s.privacy_request
    query = select(table, s.party.c.display_name).join(s.party, s.party.c.id == table.c.party_id).where(*seen)
    query = query.where(table.c.state == state) if state else query
    return [
        view(row) | {"name": row.display_name}
        for row in conn.execute(query.order_by(table.c.asked_at.desc()).limit(200))
    ]


def view(row: Any) -> dict[str, Any]:
    """Return a request as it is shown."""
    moments = {name: rfc3339(at) if (at := getattr(row, name)) else None for name in ("decided_at", "done_at")}
    return {
        "id": row.id,
        "kind": row.kind,
        "party_id": row.party_id,
        "state": row.state,
        "reason": row.reason,
        "verified_how": row.verified_how,
        "asked_by": row.asked_by,
        "asked_at": rfc3339(row.asked_at),
        "decided_by": row.decided_by,
        "decision": row.decision,
        "certificate": row.certificate or None,
        **moments,
    }


def hold(conn: WriteConn, ident: str, party: str, reason: str, by: str, now: datetime) -> None:
    """Keep a customer's records from being erased.

    Raises:
        NotFoundError: there is no such customer.
        ConflictError: they are being erased: nobody is to believe that they were kept (code `erasing`).
    """
    if not erasing.cluster(conn.connection, party):
        message = "There is no such customer."
        raise NotFoundError(message)
    erasing.refuse_meanwhile(conn, [party])
    conn.execute(insert(s.legal_hold).values(id=ident, party_id=party, reason=reason, at=now, by=by))
    audit.append(conn, Entry(actor=by, action="privacy.hold", object_kind="party", object_id=party), now)


def lift(conn: WriteConn, ident: str, by: str, now: datetime) -> None:
    """Lift a legal hold.

    Raises:
        NotFoundError: there is none such.
    """
    table = s.legal_hold
    mine = (table.c.id == ident, table.c.lifted_at.is_(None))
    if not conn.execute(update(table).where(*mine).values(lifted_at=now, lifted_by=by)).rowcount:
        message = "There is no such hold."
        raise NotFoundError(message)
    audit.append(conn, Entry(actor=by, action="privacy.lift", object_kind="hold", object_id=ident), now)


def holds(conn: Connection, seen: Seen = ()) -> list[dict[str, Any]]:
    """Return the legal holds that stand; `seen` as in `listed`."""
    table = s.legal_hold
    query = select(table, s.party.c.display_name).join(s.party, s.party.c.id == table.c.party_id).where(*seen)
    rows = conn.execute(query.where(table.c.lifted_at.is_(None)).order_by(table.c.at.desc()).limit(200))
    shown = ("id", "party_id", "reason", "by")
    return [
        {name: getattr(row, name) for name in shown} | {"at": rfc3339(row.at), "name": row.display_name} for row in rows
    ]


def say(conn: WriteConn, row: Mapping[str, Any], now: datetime) -> None:
    """Note what a customer said about a purpose (columns of `consent`); what was said before stays.

    Raises:
        NotFoundError: there is no such customer.
        BadRequestError: consent is said to be given, and nothing says how that is known (code `evidence`).
    """
    if not erasing.cluster(conn.connection, row["party_id"]):
        message = "There is no such customer."
        raise NotFoundError(message)
    if row["state"] == GRANTED and not (row.get("evidence") or row.get("interaction_id")):
        message = "Say how it is known: a contact, or what was signed."
        raise BadRequestError(message, code="evidence", field="evidence")
    conn.execute(insert(s.consent).values(**row, at=now))
    detail = {"purpose": row["purpose"], "state": row["state"]}
    entry = Entry(actor=row["by"], action="consent.say", object_kind="party", object_id=row["party_id"], detail=detail)
    audit.append(conn, entry, now)


def said(conn: Connection, party: str) -> list[dict[str, Any]]:
    """Return all that a customer said about purposes, under whatever record, newest first."""
    table = s.consent
    rows = conn.execute(
        select(table).where(table.c.party_id.in_(erasing.cluster(conn, party))).order_by(table.c.at.desc())
    )
    return [
        {name: getattr(row, name) for name in ("id", "purpose", "channel", "state", "text_version", "evidence", "by")}
        | {"interaction": row.interaction_id, "at": rfc3339(row.at)}
        | {"expires_at": rfc3339(row.expires_at) if row.expires_at else None}
        for row in rows
    ]


def standing(conn: Connection, party: str, now: datetime) -> list[dict[str, Any]]:
    """Return what holds at this moment for each purpose and channel; of merged records the most restrictive word wins."""
    table, latest = s.consent, {}
    parties = erasing.cluster(conn, party)
    for row in conn.execute(select(table).where(table.c.party_id.in_(parties)).order_by(table.c.at)):
        latest[row.party_id, row.purpose, row.channel] = row
    found: dict[tuple[str, str], str] = {}
    for (_, purpose, channel), row in latest.items():
        over = row.expires_at is not None and row.expires_at <= now
        state = "expired" if over and row.state == GRANTED else row.state
        before = found.get((purpose, channel), GRANTED)
        found[purpose, channel] = state if before == GRANTED else before
    return [
        {"purpose": purpose, "channel": channel, "state": state} for (purpose, channel), state in sorted(found.items())
    ]


def erase_contacts(conn: WriteConn, ident: str, party: str) -> int:
    """Erase a few contacts and note the files they named; return how many contacts there were."""
    count, blobs = erasing.contacts(conn, party)
    _note_files(conn, ident, blobs)
    return count


def finish(conn: WriteConn, ident: str, now: datetime) -> bool:
    """Erase the person and write the certificate, whose digest goes into the audit log; False while it has to wait.

    Who is erased may write or call at this very moment: that is dealt with first, like anybody's.
    """
    row = get(conn.connection, ident)
    if row.state != RUNNING:
        return True
    if erasing.hindrance(conn.connection, row.party_id) is not None:
        return False
    counts, blobs = erased_person.erase(conn, row.party_id, row.decided_by, now)
    _note_files(conn, ident, blobs)
    files = len(get(conn.connection, ident).blobs)
    certificate = {"request": ident, "party": row.party_id, "erased": {**counts, "files": files}, "at": rfc3339(now)}
    certificate |= {"asked_by": row.asked_by, "approved_by": row.decided_by}
    text = json.dumps(certificate, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    values = {"state": DONE, "done_at": now, "certificate": {**certificate, "sha256": digest}}
    conn.execute(update(s.privacy_request).where(s.privacy_request.c.id == ident).values(**values))
    entry = Entry(
        actor=row.decided_by,
        action="party.erase",
        object_kind="party",
        object_id=row.party_id,
        detail={"request": ident, "certificate": digest},
    )
    audit.append(conn, entry, now)
    return True


def files_gone(conn: WriteConn, ident: str) -> None:
    """Note that an erasure's files are removed."""
    conn.execute(update(s.privacy_request).where(s.privacy_request.c.id == ident).values(blobs=[]))


def _note_files(conn: WriteConn, ident: str, blobs: Sequence[str]) -> None:
    if blobs:
        every = sorted({*get(conn.connection, ident).blobs, *blobs})
        conn.execute(update(s.privacy_request).where(s.privacy_request.c.id == ident).values(blobs=every))
