"""Erasing a person: content goes, the skeleton of each contact stays for the figures.

Everything runs in small bulk units, each of which leaves a state that the next can go on from:

1. contacts of theirs, a few at a time (`contacts`), then their cases (`cases`);
2. the person (`person`): names, addresses, claims, what imports, merges and the index of words keep of them; the request is done.

What is gone is not only unnamed: texts are overwritten, files are named in the request until they are removed from the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, update

from contactd.core.erasing import ERASED_RAW, SCRUBBED, bare
from contactd.core.errors import ConflictError
from contactd.core.interaction import TERMINAL_STATES
from contactd.crm_store import schema as s
from contactd.crm_store import search_docs, task_rows
from contactd.crm_store.import_files import UPLOADING
from contactd.crm_store.source_rows import RECEIPT
from contactd.crm_store.write_conn import WriteConn

BATCH = 4
"""Contacts of one unit."""
_OVER = ("resolved", "closed")
"""States of a case that stand in nobody's way."""


def cluster(conn: Connection, party: str) -> list[str]:
    """Return every record that is the same customer as `party`, whatever was merged."""
    own = select(s.party.c.canonical_id).where(s.party.c.id == party).scalar_subquery()
    return list(conn.execute(select(s.party.c.id).where(s.party.c.canonical_id == own)).scalars())


def points(conn: Connection, parties: Sequence[str]) -> list[str]:
    """Return the contact points that only these records claim, or ever claimed."""
    other = s.contact_claim.alias("other")
    elses = exists().where(
        other.c.contact_point_id == s.contact_claim.c.contact_point_id,
        other.c.party_id.not_in(parties),
        other.c.valid_to.is_(None),
    )
    mine = select(s.contact_claim.c.contact_point_id).where(s.contact_claim.c.party_id.in_(parties), ~elses)
    return list(conn.execute(mine.distinct()).scalars())


def theirs(conn: Connection, parties: Sequence[str]) -> Any:
    """Return the condition on contacts that are theirs: known as theirs, or of nobody and from an address of theirs alone."""
    table = s.interaction.c
    nobodys = table.party_id.is_(None) & table.contact_point_id.in_(points(conn, parties))
    return or_(table.party_id.in_(parties), nobodys)


def hindrance(conn: Connection, party: str) -> str | None:
    """Say why a customer cannot be erased now: `legal_hold` or `open_work`; None when nothing stands against it."""
    parties = cluster(conn, party)
    hold = s.legal_hold.c
    if conn.execute(select(hold.id).where(hold.party_id.in_(parties), hold.lifted_at.is_(None))).first():
        return "legal_hold"
    held = select(s.recording.c.id).join(s.interaction, s.interaction.c.id == s.recording.c.interaction_id)
    if conn.execute(held.where(theirs(conn, parties), s.recording.c.hold.is_not(None)).limit(1)).first():
        return "legal_hold"
    open_case = (s.case_.c.party_id.in_(parties), s.case_.c.state.not_in(_OVER))
    if conn.execute(select(s.case_.c.id).where(*open_case, s.case_.c.deleted_at.is_(None)).limit(1)).first():
        return "open_work"
    open_contact = (theirs(conn, parties), s.interaction.c.state.not_in(TERMINAL_STATES))
    return "open_work" if conn.execute(select(s.interaction.c.id).where(*open_contact).limit(1)).first() else None


def refuse_meanwhile(conn: WriteConn, parties: Collection[str]) -> None:
    """Let nothing be merged, parted or held of customers who are being erased: it would go along, or be left half.

    Raises:
        ConflictError: one of them is (code `erasing`).
    """
    asked, own = s.party.alias("asked"), s.party.alias("own")
    kept = select(own.c.canonical_id).where(own.c.id.in_(parties))
    query = select(asked.c.id).join(s.privacy_request, s.privacy_request.c.party_id == asked.c.id)
    query = query.where(s.privacy_request.c.state == "running", asked.c.canonical_id.in_(kept))
    if conn.execute(query.limit(1)).first() is not None:
        message = "this customer is being erased"
        raise ConflictError(message, code="erasing")


def contacts(conn: WriteConn, party: str) -> tuple[int, list[str]]:
    """Erase the content of a few contacts of theirs that are over; return how many there were, and the files they named."""
    mine = (theirs(conn.connection, cluster(conn.connection, party)), s.interaction.c.state.in_(TERMINAL_STATES))
    query = select(s.interaction.c.id).where(*mine, s.interaction.c.custom != SCRUBBED).limit(BATCH)
    idents = list(conn.execute(query).scalars())
    return len(idents), scrub(conn, idents)


def scrub(conn: WriteConn, idents: Sequence[str]) -> list[str]:
    """Erase the content of contacts, every table that keeps some; return the files they named."""
    if not idents:
        return []
    idents = [*idents, *_looked_at(conn, idents)]
    # Which original a message came as stands in the message: it is asked for first.
    blobs = _raws(conn, idents) + _messages(conn, idents)
    for table in (s.draft, s.draft_version):
        conn.execute(delete(table).where(table.c.interaction_id.in_(idents)))
    participant, topic = s.interaction_participant, s.interaction_topic
    conn.execute(update(participant).where(participant.c.interaction_id.in_(idents)).values(name="", address=""))
    conn.execute(update(topic).where(topic.c.interaction_id.in_(idents)).values(note=""))
    conn.execute(update(s.promise).where(s.promise.c.interaction_id.in_(idents)).values(text="", broken_reason=None))
    invites = select(s.survey_invite.c.id).where(s.survey_invite.c.interaction_id.in_(idents))
    conn.execute(update(s.survey_answer).where(s.survey_answer.c.invite_id.in_(invites)).values(text=""))
    conn.execute(update(s.survey_invite).where(s.survey_invite.c.interaction_id.in_(idents)).values(comment=""))
    said: dict[str, Any] = {"remarks": {}, "comment": "", "objection": "", "reply": ""}
    conn.execute(update(s.qa_review).where(s.qa_review.c.interaction_id.in_(idents)).values(said))
    event = s.interaction_event
    for row in conn.execute(select(event).where(event.c.interaction_id.in_(idents))).all():
        mine = (event.c.interaction_id == row.interaction_id, event.c.seq == row.seq)
        conn.execute(update(event).where(*mine).values(data=bare(row.data)))
    values: dict[str, Any] = dict.fromkeys(("raw_from", "raw_to", "from_name", "subject", "summary"), "")
    values |= {"custom": SCRUBBED, "quarantine_reason": None, "row_version": s.interaction.c.row_version + 1}
    conn.execute(update(s.interaction).where(s.interaction.c.id.in_(idents)).values(**values))
    threads = select(s.interaction.c.thread_id).where(s.interaction.c.id.in_(idents))
    conn.execute(update(s.thread).where(s.thread.c.id.in_(threads)).values(subject=""))
    return blobs


def _looked_at(conn: WriteConn, idents: Sequence[str]) -> list[str]:
    """Erase the tasks of looking at these contacts, which are named after them; return the turns they had in the queue."""
    about = s.task.c.about_id.in_(idents)
    task_rows.forget(conn, about)
    turns = select(s.task.c.interaction_id).where(about, s.task.c.interaction_id.is_not(None))
    return list(conn.execute(turns).scalars())


def _messages(conn: WriteConn, idents: Sequence[str]) -> list[str]:
    """Erase what was said and sent; return the files."""
    message, attachment, outbox = s.message, s.attachment, s.outbox
    rows = conn.execute(
        select(message.c.id, message.c.body_html_blob).where(message.c.interaction_id.in_(idents)),
    ).all()
    said = [row.id for row in rows]
    blobs = [row.body_html_blob for row in rows if row.body_html_blob]
    blobs += conn.execute(select(attachment.c.blob).where(attachment.c.interaction_id.in_(idents))).scalars()
    # A letter that was moved here with a split is still filed where it was written.
    posted = or_(outbox.c.interaction_id.in_(idents), outbox.c.message_id.in_(said))
    sent = select(outbox.c.payload_blob).where(posted, outbox.c.payload_blob.is_not(None))
    blobs += conn.execute(sent).scalars()
    search_docs.forget_messages(conn, said)
    conn.execute(delete(attachment).where(attachment.c.interaction_id.in_(idents)))
    conn.execute(delete(s.message_fate).where(s.message_fate.c.message_id.in_(said)))
    texts: dict[str, Any] = dict.fromkeys(("sender", "sender_name", "subject", "body_text"), "")
    texts |= {"body_html": None, "body_html_blob": None, "quoted_offset": None}
    texts |= {"provider_id": None, "client_id": None, "recipients": [], "headers": {}}
    conn.execute(update(message).where(message.c.interaction_id.in_(idents)).values(**texts))
    gone: dict[str, Any] = {"payload": None, "payload_blob": None, "meta": {}, "destination": "", "last_error": ""}
    conn.execute(update(outbox).where(posted).values(**gone, provider_id=None))
    return blobs + _recordings(conn, idents)


def _recordings(conn: WriteConn, idents: Sequence[str]) -> list[str]:
    """Erase voices: with its key no copy of a recording can be heard; that there was one, and how long, stays."""
    mine = s.recording.c.interaction_id.in_(idents)
    blobs = list(conn.execute(select(s.recording.c.blob).where(mine, s.recording.c.blob.is_not(None))).scalars())
    gone: dict[str, Any] = {"state": "expired", "blob": None, "key_id": None, "sealed_key": None}
    gone |= {"peaks": [], "redactions": [], "hold": None, "row_version": s.recording.c.row_version + 1}
    conn.execute(update(s.recording).where(mine).values(**gone))
    return blobs


def _raws(conn: WriteConn, idents: Sequence[str]) -> list[str]:
    """Erase the bytes as they came; their receipts stay, and say by their digest what it was.

    What was moved here with a split or a join came under another contact: its messages say by which receipt.
    """
    headers = conn.execute(select(s.message.c.headers).where(s.message.c.interaction_id.in_(idents))).scalars()
    receipts = [said[RECEIPT] for said in headers if RECEIPT in said]
    mine = or_(s.raw.c.interaction_id.in_(idents), s.raw.c.receipt_id.in_(receipts))
    blobs = list(conn.execute(select(s.raw.c.blob).where(mine, s.raw.c.blob.is_not(None))).scalars())
    gone: dict[str, Any] = {"inline": None, "blob": None, "envelope": {}, "key_id": ERASED_RAW}
    conn.execute(update(s.raw).where(mine).values(**gone))
    return blobs


def cases(conn: WriteConn, party: str) -> int:
    """Erase the texts of a few cases of theirs that are over; return how many there were."""
    case = s.case_
    mine = (case.c.party_id.in_(cluster(conn.connection, party)), case.c.custom != SCRUBBED)
    over = or_(case.c.state.in_(_OVER), case.c.deleted_at.is_not(None))
    idents = list(conn.execute(select(case.c.id).where(*mine, over).limit(BATCH)).scalars())
    if not idents:
        return 0
    values: dict[str, Any] = dict.fromkeys(("subject", "remedy", "body", "outside_ref"), "")
    values |= {"checklist": [], "custom": SCRUBBED, "row_version": case.c.row_version + 1}
    conn.execute(update(case).where(case.c.id.in_(idents)).values(**values))
    event = s.case_event
    for row in conn.execute(select(event).where(event.c.case_id.in_(idents))).all():
        of_row = (event.c.case_id == row.case_id, event.c.seq == row.seq)
        conn.execute(update(event).where(*of_row).values(text="", data=bare(row.data)))
    conn.execute(update(s.promise).where(s.promise.c.case_id.in_(idents)).values(text="", broken_reason=None))
    task_rows.forget(conn, s.task.c.case_id.in_(idents))
    search_docs.forget_cases(conn, idents)
    return len(idents)


def unnamed(conn: Connection, blobs: Collection[str]) -> set[str]:
    """Return those files that no row names any more."""
    left = set(blobs)
    named = (
        s.attachment.c.blob,
        s.message.c.body_html_blob,
        s.outbox.c.payload_blob,
        s.raw.c.blob,
        s.upload.c.blob,
        s.import_file.c.blob,
        s.recording.c.blob,
        s.prompt.c.blob,
    )
    for column in named:
        left -= set(conn.execute(select(column).where(column.in_(list(left)))).scalars())
    coming = select(s.import_file.c.pieces).where(s.import_file.c.state == UPLOADING)
    return left.difference(*conn.execute(coming).scalars())


def open_requests(conn: Connection) -> list[Any]:
    """Return erasures that were approved and are not done, or whose files are still there, the oldest first."""
    table = s.privacy_request
    unfinished = or_(table.c.state == "running", (table.c.state == "done") & (table.c.blobs != []))
    return list(conn.execute(select(table).where(unfinished).order_by(table.c.asked_at)))
