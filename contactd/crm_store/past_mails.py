"""Mails of the past: each a closed contact with its original, in the conversation its references name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import bindparam, select

from contactd.core.channel import Content
from contactd.core.errors import ConflictError
from contactd.core.interaction import Direction, State
from contactd.core.interaction import Outcome as Ending
from contactd.core.newcomer import Problem
from contactd.core.party import Point
from contactd.core.past import ADAPTER, CONTACT
from contactd.crm_store import past_contacts, past_rows
from contactd.crm_store import schema as s
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import CREATED, ERROR, UNCHANGED, Errand, Outcome, TriedOutError
from contactd.crm_store.later import Later
from contactd.crm_store.message_rows import Saying
from contactd.crm_store.sender_rows import who
from contactd.crm_store.source_rows import RECEIPT
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMail:
    """A mail that was read; its original is `raw` as a row, or nothing where it is only tried out."""

    number: int
    channel: str
    at: datetime | None
    direction: str = Direction.INBOUND
    customer: Point | None = None
    """Whom it came from, or went to."""
    identity: str = ""
    """Its own Message-ID."""
    content: Content | None = None
    sayings: tuple[Saying, ...] = ()
    digest: str = ""
    raw: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        """By what it is known again."""
        return f"mail/{self.identity or self.digest}"


_BY_KEY = hot(
    select(s.interaction.c.id).where(
        s.interaction.c.adapter == bindparam("adapter"), s.interaction.c.external_key == bindparam("key")
    )
)
_BY_IDENTITY = hot(select(s.message.c.interaction_id).where(s.message.c.provider_id == bindparam("identity")).limit(1))
_THREAD_OF = hot(
    select(s.message.c.thread_id, s.thread.c.joined_into)
    .join(s.thread, s.thread.c.id == s.message.c.thread_id)
    .where(s.message.c.provider_id == bindparam("identity"))
    .limit(1)
)
_NEW_THREAD = hot(insert(s.thread))
_NEW_RECEIPT = hot(insert(s.receipt).on_conflict_do_nothing(index_elements=["adapter", "external_key"]))
_NEW_RAW = hot(insert(s.raw))


def take_over(conn: WriteConn, mails: Sequence[OldMail], errand: Errand) -> list[Outcome]:
    """Take over some mails in their order, and note what became of each; a second run finds the first.

    Raises:
        ConflictError: another node takes over the same at this moment (code `crossed`); the same unit may be run again.
    """
    there = past_rows.dealt_with(conn, errand.job, [mail.number for mail in mails])
    outcomes = []
    for mail in mails:
        outcome = there.get(mail.number)
        if outcome is None:
            outcome = _decide(conn, mail, errand)
            past_rows.note(conn, CONTACT, outcome, errand)
        outcomes.append(outcome)
    return outcomes


def try_out(conn: WriteConn, mails: Sequence[OldMail], errand: Errand) -> NoReturn:
    """Take over some mails, and take that back.

    Raises:
        TriedOutError: always; it says what would have become of each.
    """
    raise TriedOutError([_decide(conn, mail, errand) for mail in mails])


def _decide(conn: WriteConn, mail: OldMail, errand: Errand) -> Outcome:
    outcome = Outcome(mail.number, ERROR, reasons=[str(problem) for problem in mail.problems])
    if mail.problems or mail.content is None:
        return outcome
    there = conn.one(_BY_KEY, adapter=ADAPTER, key=mail.key)
    if there is None and mail.identity:
        same = conn.one(_BY_IDENTITY, identity=mail.identity)
        outcome.object = same.interaction_id if same is not None else None
    elif there is not None:
        outcome.object = there.id
    if outcome.object is not None:
        outcome.status = UNCHANGED
        return outcome
    outcome.object = _write(conn, mail, mail.content, errand)
    outcome.status, outcome.version = CREATED, 1
    return outcome


def _write(conn: WriteConn, mail: OldMail, content: Content, errand: Errand) -> str:
    """Write a mail as a closed contact; return its id."""
    ident, receipt = errand.new_id(), errand.new_id()
    assert mail.at is not None  # noqa: S101 - a mail without it has a problem
    point, resolution = who(conn, Later(conn), mail.customer, errand.new_id(), mail.at)
    thread = _thread(conn, mail, content, point, resolution.party, errand)
    outward = mail.direction == Direction.OUTBOUND
    address = mail.customer.raw if mail.customer else ""
    values = {
        "channel": mail.channel,
        "direction": mail.direction,
        "state": State.CLOSED,
        "state_since": mail.at,
        "outcome": Ending.HANDLED,
        "lang": content.language,
        "auto": content.auto,
        "contact_point_id": point,
        "party_id": resolution.party,
        "resolve_state": resolution.state,
        "raw_from": "" if outward else address,
        "raw_to": address if outward else "",
        "from_name": "" if outward else content.sender_name,
        "thread_id": thread,
        "subject": content.subject,
        "started_at": mail.at,
        "ended_at": mail.at,
    }
    past_contacts.add(conn, ident, mail.key, values, errand)
    for saying in mail.sayings:
        marked = replace(saying, direction=mail.direction, headers={**saying.headers, RECEIPT: receipt})
        past_contacts.say(conn, ident, replace(marked, delivery_state="sent" if outward else None), mail.at, thread)
    if mail.raw is not None:
        _keep(conn, mail, ident, receipt)
    return ident


def _keep(conn: WriteConn, mail: OldMail, ident: str, receipt: str) -> None:
    """Keep the original, with a receipt that says what came in.

    Raises:
        ConflictError: another node takes over the same at this moment (code `crossed`).
    """
    about = {
        "channel": mail.channel,
        "adapter": ADAPTER,
        "external_key": mail.key,
        "digest": mail.digest,
        "at": mail.at,
    }
    if not conn.run(_NEW_RECEIPT, id=receipt, interaction_id=ident, **about):
        message = "another node has taken over the same at this moment"
        raise ConflictError(message, code=CROSSED)
    conn.run(_NEW_RAW, receipt_id=receipt, interaction_id=ident, digest=mail.digest, **(mail.raw or {}))


def _thread(
    conn: WriteConn, mail: OldMail, content: Content, point: str | None, party: str | None, errand: Errand
) -> str:
    """Return the conversation it belongs to: the newest one its references name, else one of its own."""
    for reference in reversed(content.references):
        row = conn.one(_THREAD_OF, identity=reference)
        if row is not None:
            return str(row.joined_into or row.thread_id)
    ident = errand.new_id()
    about = {"channel": mail.channel, "subject": content.subject, "party_id": party, "contact_point_id": point}
    conn.run(_NEW_THREAD, id=ident, created_at=mail.at, last_at=mail.at, **about)
    return ident
