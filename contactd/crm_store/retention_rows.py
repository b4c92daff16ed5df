"""What has been kept for as long as its class allows: counted for a preview, found page by page, erased a little at a time.

It is looked for where one reads, so that the writer's units only see to rows they are given.

Nothing goes that is open, that belongs to an open case, or that a legal hold or a held recording keeps.  What stays of a contact is
its skeleton: figures of past months do not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, or_, select, update

from contactd.core.case import CaseState
from contactd.core.erasing import ERASED_RAW, SCRUBBED
from contactd.core.interaction import TERMINAL_STATES
from contactd.crm_store import erasing
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn

CONTACTS = "contacts"
"""Class of the words, files and voices of contacts; with `contacts.<channel>` those of one channel."""
PAGE = 500
"""Rows looked at in one read, whether they are due or not."""


@dataclass(frozen=True, slots=True)
class Due:
    """One class: what of it is too old, and how some of it goes."""

    column: Any
    """Key of its rows."""
    since: Any
    """When a row's time began."""
    old: Callable[[datetime], list[ColumnElement[bool]]]
    """Conditions of what is due, but for holds."""
    contact: Any | None
    """The contact it belongs to; None = to none."""
    erase: Callable[[WriteConn, Sequence[Any]], object]
    batch: int
    """Rows erased in one unit."""
    walked: bool = False
    """An index stands over `since` and the key: only what is old enough is looked at; else all, by key."""


def count(conn: Connection, name: str, before: datetime, *, but: Sequence[str] = ()) -> dict[str, Any]:
    """Return how much of a class is due, how much of it is held, and since when the oldest is there."""
    due = _due(name, but)
    conditions = due.old(before)
    total, oldest = conn.execute(select(func.count(), func.min(due.since)).where(*conditions)).one()
    free = conn.execute(select(func.count()).select_from(due.column.table).where(*conditions, *_free(due))).scalar_one()
    return {"class": name, "due": free, "held": total - free, "oldest": oldest}


def find_some(
    conn: Connection, name: str, before: datetime, after: Sequence[Any] = (), *, but: Sequence[str] = ()
) -> tuple[list[list[Any]], Sequence[Any] | None]:
    """Look at a page of a class behind `after`; return what is due, cut for units, and how far that was (None = to the end)."""
    due = _due(name, but)
    order = [due.since, due.column] if due.walked else [due.column]
    goes = and_(*due.old(before), *_free(due)).label("goes")
    query: Select[Any] = select(*order, goes).order_by(*order).limit(PAGE)
    if due.walked:
        query = query.where(due.since < before)
    if after:
        query = query.where(_behind(order, after))
    rows = conn.execute(query).all()
    keys = [row[-2] for row in rows if row.goes]
    cut = [keys[begin : begin + due.batch] for begin in range(0, len(keys), due.batch)]
    return cut, tuple(rows[-1][:-1]) if len(rows) == PAGE else None


def erase(conn: WriteConn, name: str, keys: Sequence[Any], before: datetime, *, but: Sequence[str] = ()) -> int:
    """Erase those of these rows of a class that still may go; return how many."""
    due = _due(name, but)
    still = select(due.column).where(due.column.in_(keys), *due.old(before), *_free(due))
    keys = list(conn.execute(still).scalars())
    if keys:
        due.erase(conn, keys)
    return len(keys)


def _behind(order: Sequence[Any], after: Sequence[Any]) -> ColumnElement[bool]:
    """Say that a row comes behind one, in a way an index can be walked by."""
    if len(order) == 1:
        found: ColumnElement[bool] = order[0] > after[0]
        return found
    return and_(order[0] >= after[0], or_(order[0] > after[0], order[1] > after[1]))


def _due(name: str, but: Sequence[str]) -> Due:
    kind, _, channel = name.partition(".")
    contact, raw, draft, recording = s.interaction, s.raw, s.draft, s.recording
    if kind == CONTACTS:
        which = [contact.c.channel == channel] if channel else [contact.c.channel.not_in(list(but))]
        return Due(
            contact.c.id,
            contact.c.ended_at,
            lambda before: [
                *which,
                contact.c.ended_at < before,
                contact.c.state.in_(TERMINAL_STATES),
                contact.c.custom != SCRUBBED,
            ],
            contact.c.id,
            erasing.scrub,
            erasing.BATCH,
            walked=True,
        )
    classes = {
        "originals": Due(
            raw.c.receipt_id,
            _began(raw.c.interaction_id),
            lambda before: [
                _over(raw.c.interaction_id, before),
                or_(raw.c.inline.is_not(None), raw.c.blob.is_not(None)),
            ],
            raw.c.interaction_id,
            _erase_raws,
            100,
        ),
        "recordings": Due(
            recording.c.id,
            recording.c.started_at,
            lambda before: [recording.c.started_at < before, recording.c.state == "kept", recording.c.hold.is_(None)],
            recording.c.interaction_id,
            _expire,
            50,
        ),
        "drafts": Due(
            draft.c.interaction_id,
            draft.c.updated_at,
            lambda before: [draft.c.updated_at < before, _over(draft.c.interaction_id, before)],
            draft.c.interaction_id,
            _erase_drafts,
            50,
        ),
        "logins": Due(
            s.session.c.id_hash,
            s.session.c.created_at,
            lambda before: [s.session.c.expires_at < before],
            None,
            lambda conn, keys: conn.execute(delete(s.session).where(s.session.c.id_hash.in_(keys))),
            100,
        ),
    }
    return classes[kind]


CLASSES = ("originals", "recordings", "drafts", "logins")
"""Classes beside the contacts'."""


def _began(contact: Any) -> Any:
    return select(s.interaction.c.ended_at).where(s.interaction.c.id == contact).scalar_subquery()


def _over(contact: Any, before: datetime) -> ColumnElement[bool]:
    """Say that a row's contact ended before a moment."""
    table = s.interaction.alias("over")
    ended = (table.c.id == contact, table.c.ended_at < before, table.c.state.in_(TERMINAL_STATES))
    return exists(select(table.c.id).where(*ended))


def _free(due: Due) -> list[ColumnElement[bool]]:
    """Say that nothing holds a row: no legal hold of its customer, no held recording, no open case."""
    if due.contact is None:
        return []
    table, recording = s.interaction.alias("kept"), s.recording.alias("kept_sound")
    kept = select(table.c.id).where(table.c.id == due.contact, or_(*_held(table), *_in_open_case(table)))
    sound = select(recording.c.id).where(recording.c.interaction_id == due.contact, recording.c.hold.is_not(None))
    return [~exists(kept), ~exists(sound)]


def _held(table: Any) -> list[ColumnElement[bool]]:
    """Say that a contact is of a held customer: a person's or an organisation's, or nobody's and from an address of theirs.

    An address others use too counts here: what may be theirs is kept.
    """
    own, kin, hold, claim = s.party.alias("held"), s.party.alias("kin"), s.legal_hold, s.contact_claim
    held = (
        select(own.c.id)
        .join(kin, kin.c.canonical_id == own.c.canonical_id)
        .join(hold, hold.c.party_id == kin.c.id)
        .where(hold.c.lifted_at.is_(None))
    )
    theirs = select(claim.c.contact_point_id).where(claim.c.party_id.in_(held))
    return [
        table.c.party_id.in_(held),
        table.c.org_party_id.in_(held),
        table.c.party_id.is_(None) & table.c.contact_point_id.in_(theirs),
    ]


def _in_open_case(table: Any) -> list[ColumnElement[bool]]:
    """Say that a contact belongs to an open case: as a whole, with one of its topics, or as what the case began with."""
    case, topic = s.case_.alias("open_case"), s.interaction_topic.alias("kept_topic")
    # By an index over states: open ones are few among all there ever were, and the writer waits for this.
    going = case.c.state.in_(_OPEN)
    topics = select(topic.c.interaction_id).join(case, case.c.id == topic.c.case_id)
    begun = select(case.c.source_interaction_id).where(going, case.c.source_interaction_id.is_not(None))
    return [
        exists(select(case.c.id).where(case.c.id == table.c.case_id, going)),
        exists(topics.where(topic.c.interaction_id == table.c.id, going)),
        table.c.id.in_(begun),
    ]


_OPEN = [str(state) for state in CaseState if state not in (CaseState.RESOLVED, CaseState.CLOSED)]


def _erase_raws(conn: WriteConn, keys: Sequence[str]) -> None:
    gone: dict[str, Any] = {"inline": None, "blob": None, "envelope": {}, "key_id": ERASED_RAW}
    conn.execute(update(s.raw).where(s.raw.c.receipt_id.in_(keys)).values(**gone))


def _expire(conn: WriteConn, keys: Sequence[str]) -> None:
    """With its key no copy of a recording can be heard."""
    gone: dict[str, Any] = {"state": "expired", "blob": None, "key_id": None, "sealed_key": None, "peaks": []}
    gone["row_version"] = s.recording.c.row_version + 1
    conn.execute(update(s.recording).where(s.recording.c.id.in_(keys)).values(**gone))


def _erase_drafts(conn: WriteConn, keys: Sequence[str]) -> None:
    for table in (s.draft_version, s.draft):
        conn.execute(delete(table).where(table.c.interaction_id.in_(keys)))
