"""Contacts that were ended without an answer: what is needed to bring one back, and the rows that change when it comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, null, select, update

from contactd.core.erasing import SCRUBBED
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.interaction import Direction, Outcome, State
from contactd.core.party import Point
from contactd.crm_store import schema as s
from contactd.crm_store.message_facts import forged
from contactd.crm_store.participants import MARK
from contactd.crm_store.statements import hot
from contactd.crm_store.store import WriteConn

DISMISSED = "dismissed"
"""Event of a contact that was ended so; its data: reason, of?, blocked?"""
REASONS = frozenset({Outcome.JUNK, Outcome.NO_REPLY_NEEDED, Outcome.DUPLICATE})
UNDO_FOR = timedelta(days=7)
"""How long after its end such a contact can be brought back."""

_REPEATED = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.state == State.CLOSED)
    .values(outcome=str(Outcome.DUPLICATE), row_version=s.interaction.c.row_version + 1),
)
_UNANSWERED = tuple(
    hot(
        update(table)
        .where(key == bindparam("b_id"), table.c.answered_at == bindparam("b_at"))
        .values(answered_at=null()),
    )
    for table, key in (
        (s.interaction, s.interaction.c.id),
        (s.interaction_segment, s.interaction_segment.c.interaction_id),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed:
    """A contact that was ended without an answer."""

    id: str
    agent: str | None
    """Who ended it."""
    at: datetime
    reason: str
    row: Any
    """Its row of `interaction`."""
    point: Point | None
    doubted: bool
    unverified: bool


def dismissed(conn: Connection, interaction: str, now: datetime) -> Dismissed:
    """Return a contact that can be brought back.

    Raises:
        NotFoundError: there is none of that id.
        ConflictError: it did not end so, or is erased (`bad_state`), or too long ago (`too_late`).
    """
    row = conn.execute(select(s.interaction).where(s.interaction.c.id == interaction)).first()
    if row is None:
        text = "there is no such contact"
        raise NotFoundError(text, code="unknown_interaction", field="interaction")
    said = s.interaction_event.c
    query = select(said.at, said.actor, said.data).where(said.interaction_id == interaction, said.type == DISMISSED)
    event = conn.execute(query.order_by(said.seq.desc())).first()
    erased = row.custom == SCRUBBED
    if event is None or "reason" not in event.data or row.state != State.CLOSED or erased:
        text = "this contact was not ended without an answer"
        raise ConflictError(text, code="bad_state", field="interaction")
    if now - event.at > UNDO_FOR:
        text = f"it ended more than {UNDO_FOR.days} days ago"
        raise ConflictError(text, code="too_late", field="interaction")
    headers = _first_headers(conn, interaction)
    return Dismissed(
        id=row.id,
        agent=event.actor,
        at=event.at,
        reason=event.data["reason"],
        row=row,
        point=_point(conn, row.contact_point_id),
        doubted=forged(headers),
        unverified=MARK in headers,
    )


def repeated(conn: WriteConn, one: Dismissed) -> None:
    """Count a contact that was brought back once: as the duplicate of what it came back as, and as not answered."""
    conn.run(_REPEATED, b_id=one.id)
    for statement in _UNANSWERED:
        conn.run(statement, b_id=one.id, b_at=one.at)


def _first_headers(conn: Connection, interaction: str) -> Mapping[str, str]:
    m = s.message.c
    query = select(m.headers).where(m.interaction_id == interaction, m.direction == Direction.INBOUND)
    row = conn.execute(query.order_by(m.seq).limit(1)).first()
    return row.headers if row is not None else {}


def _point(conn: Connection, ident: str | None) -> Point | None:
    c = s.contact_point.c
    row = conn.execute(select(s.contact_point).where(c.id == ident)).first() if ident else None
    if row is None:
        return None
    return Point(
        kind=row.kind,
        value=row.value_norm,
        raw=row.value_raw,
        ext=row.ext,
        namespace=row.namespace,
        display=row.display,
        shared=row.shared,
    )
