"""Contacts of the past: closed interactions with what was said, under the other system's key, and no word to the router."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select

from contactd.core.errors import ConflictError
from contactd.core.interaction import Direction, State
from contactd.core.interaction import Outcome as Ending
from contactd.core.newcomer import Problem
from contactd.core.past import ADAPTER, WRITTEN, Past
from contactd.crm_store import past_customers, search_docs
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import CREATED, UNCHANGED, Errand, Outcome
from contactd.crm_store.message_rows import Saying, add_message
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

IMPORTED = "imported"
"""Event of a contact that was brought in: from which system, by which import."""
_THERE = hot(
    select(s.interaction.c.id).where(
        s.interaction.c.adapter == bindparam("adapter"), s.interaction.c.external_key == bindparam("key")
    )
)
NEW = hot(insert(s.interaction).on_conflict_do_nothing(index_elements=["adapter", "external_key"]))
_CASE = hot(select(s.case_.c.id).where(s.case_.c.no == bindparam("no"), s.case_.c.deleted_at.is_(None)))
_LOST = (Ending.ABANDONED, Ending.SHORT_ABANDONED)


def take(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Problem | None:
    """Take one contact over; one that is there already stays as it is."""
    key = key_of(row, errand.options.system)
    there = conn.one(_THERE, adapter=ADAPTER, key=key)
    if there is not None:
        outcome.status, outcome.object = UNCHANGED, there.id
        return None
    case = conn.one(_CASE, no=row.case) if row.case else None
    if row.case and case is None:
        case_id = past_customers.known(conn, "case", errand.options.system, row.case)
        if case_id is None:
            return Problem("case", "unknown_case", row.case[:40])
    else:
        case_id = case.id if case is not None else None
    found = past_customers.customer(conn, row, errand)
    if isinstance(found, Problem):
        return found
    point, resolution = found
    ident = errand.new_id()
    values = _values(row) | {"contact_point_id": point, "party_id": resolution.party, "case_id": case_id}
    values["resolve_state"] = resolution.state
    add(conn, ident, key, values, errand)
    if row.said("text"):
        say(conn, ident, _saying(row, values, errand), values["started_at"])
    outcome.status, outcome.object, outcome.version = CREATED, ident, 1
    return None


def add(conn: WriteConn, ident: str, key: str, values: dict[str, Any], errand: Errand) -> None:
    """Write an interaction of the past, with the event that says so.

    Raises:
        ConflictError: another node wrote the same at this moment (code `crossed`).
    """
    about = {"adapter": ADAPTER, "external_key": key, "routed_by": ADAPTER, "created_at": errand.at}
    if not conn.run(NEW, id=ident, **about, updated_at=errand.at, **values):
        message = "another node has taken over the same at this moment"
        raise ConflictError(message, code=CROSSED)
    add_event(conn, ident, errand.at, IMPORTED, errand.by, {"import": errand.job, "system": errand.options.system})


def say(conn: WriteConn, ident: str, saying: Saying, at: datetime, thread: str | None = None) -> None:
    """Write what was said in an interaction of the past, at its time; its conversation does not become younger by it."""
    add_message(conn, ident, thread, saying, at, begun=True)


def key_of(row: Past, system: str) -> str:
    """Return by what a contact is known again: its number there, else by all that makes it this one."""
    if row.key:
        return f"{system}/{row.key}"
    said = (row.at, row.said("channel"), row.said("direction"), row.said("subject"), row.said("text"), row.agent)
    which = "\x1f".join(map(str, (*said, row.party, row.customer, *(point.value for point in row.points))))
    return f"{system}/#{hashlib.sha256(which.encode()).hexdigest()[:32]}"


def _values(row: Past) -> dict[str, Any]:
    """Make an interaction's columns of a row."""
    assert row.at is not None  # noqa: S101 - a row without it has a problem
    wait, talk = (row.values.get(name) or timedelta() for name in ("wait", "talk"))
    ended = row.values.get("ended") or row.at + wait + talk
    ending = row.values.get("outcome") or Ending.HANDLED
    lost = ending in _LOST
    direction = row.values.get("direction") or Direction.INBOUND
    address = row.points[0].raw if row.points else ""
    outward = direction == Direction.OUTBOUND
    return {
        "channel": row.values["channel"],
        "direction": direction,
        "line": row.values.get("own_line"),
        "line_text": row.said("line"),
        "agent": row.values.get("own_agent"),
        "agent_text": row.agent or "",
        "state": State.ABANDONED if lost else State.CLOSED,
        "state_since": ended,
        "outcome": ending,
        "raw_from": "" if outward else address,
        "raw_to": address if outward else "",
        "from_name": row.said("name"),
        "subject": row.said("subject"),
        "started_at": row.at,
        "answered_at": None if lost else row.at + wait,
        "ended_at": ended,
        "wait_ms": round(wait.total_seconds() * 1000),
        "talk_ms": round(talk.total_seconds() * 1000),
    }


def _saying(row: Past, values: dict[str, Any], errand: Errand) -> Saying:
    """Make a message of what was said; of a talk it is what somebody noted about it."""
    direction = values["direction"] if values["channel"] in WRITTEN else Direction.INTERNAL
    from_customer = direction == Direction.INBOUND
    return Saying(
        id=errand.new_id(),
        direction=direction,
        sender=values["raw_from"] if from_customer else values["agent"] or values["agent_text"],
        sender_name=row.said("name") if from_customer else row.agent or "",
        subject=row.said("subject"),
        text=row.said("text"),
        html=None,
        html_blob=None,
        provider_id=None,
        client_id=None,
        delivery_state="sent" if direction == Direction.OUTBOUND else None,
        sent_at=values["started_at"],
        recipients=(),
        headers={},
        attachments=(),
    )


def in_use(conn: WriteConn, row: Any) -> list[str]:
    """Tell why a contact of the past has to stay: it is not as the import left it."""
    kept = []
    contact = conn.execute(select(s.interaction).where(s.interaction.c.id == row.object_id)).one()
    if contact.row_version != row.row_version:
        kept.append("changed")
    events = select(func.count()).where(s.interaction_event.c.interaction_id == row.object_id)
    if conn.execute(events.where(s.interaction_event.c.type != IMPORTED)).scalar():
        kept.append("changed")
    if conn.execute(select(exists().where(s.recording.c.interaction_id == row.object_id))).scalar():
        kept.append("recordings")
    if _worked_with(conn, row.object_id):
        kept.append("changed")
    later = s.interaction.c.parent_id == row.object_id
    if conn.execute(select(exists().where(later))).scalar():
        kept.append("contacts")
    return list(dict.fromkeys(kept))


def _worked_with(conn: WriteConn, ident: str) -> bool:
    """Tell whether something of ours hangs on a contact of the past: an assessment, or what became of a mail."""
    fate = select(s.message_fate.c.address).join(s.message, s.message.c.id == s.message_fate.c.message_id)
    ours = (s.qa_review, s.survey_invite, s.verification, s.bulk_item, s.outbox, s.offer, s.draft)
    found = [fate.where(s.message.c.interaction_id == ident)]
    found += [select(table.c.interaction_id).where(table.c.interaction_id == ident) for table in ours]
    return any(conn.execute(query.limit(1)).first() is not None for query in found)


def strike(conn: WriteConn, ident: str) -> None:
    """Take a contact of the past out again, with all that was said in it."""
    said = list(conn.execute(select(s.message.c.id).where(s.message.c.interaction_id == ident)).scalars())
    search_docs.forget_messages(conn, said)
    thread = conn.execute(select(s.interaction.c.thread_id).where(s.interaction.c.id == ident)).scalar()
    conn.execute(delete(s.raw).where(s.raw.c.interaction_id == ident))
    conn.execute(delete(s.receipt).where(s.receipt.c.interaction_id == ident))
    for table in (s.attachment, s.message, s.interaction_event, s.interaction_participant, s.interaction_topic):
        conn.execute(delete(table).where(table.c.interaction_id == ident))
    conn.execute(delete(s.interaction).where(s.interaction.c.id == ident))
    if thread is not None and not conn.execute(select(exists().where(s.interaction.c.thread_id == thread))).scalar():
        conn.execute(delete(s.thread).where(s.thread.c.id == thread))
