"""Drafts for other systems: written, looked over, let go under a lease, settled; every step in one unit with its audit entry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from contactd.clock import rfc3339
from contactd.core import writeback as rules
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.writeback import State
from contactd.crm_store import audit, cursors, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.interactions import cluster
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

TASK = "writeback"
"""Kind of the task by which a refusal comes back to its author."""
MOST_AT_ONCE = 10
_KIND, _EDIT = "writeback", "edit"
"""What the audit log calls a draft, and a change of its words."""
_W = s.writeback


def create(conn: WriteConn, ident: str, row: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Write a draft.

    Args:
        conn: the unit's transaction.
        ident: a new id, the key it will be sent under.
        row: `connector, kind, party_id, payload` (as `core.writeback.payload` gives it), `case_id, interaction_id`.
        now: the moment.
        actor: the author.

    Raises:
        NotFoundError: there is no such customer or case, or they are erased.
    """
    party = conn.execute(select(s.party).where(s.party.c.id == row["party_id"], s.party.c.deleted_at.is_(None))).first()
    if party is None or party.pii_state != "normal":
        message = "there is no such customer"
        raise NotFoundError(message, field="party")
    if row.get("case_id") is not None:
        case = (s.case_.c.id == row["case_id"], s.case_.c.deleted_at.is_(None))
        if conn.execute(select(s.case_.c.id).where(*case)).first() is None:
            message = "there is no such case"
            raise NotFoundError(message, field="case")
    conn.execute(insert(_W).values(id=ident, author=actor, created_at=now, updated_at=now, **row))
    _note(conn, ident, "create", actor, now, {"kind": row["kind"], "connector": row["connector"]})


def write(
    conn: WriteConn, ident: str, payload: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change what a draft says, while it is one.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is none any more (`bad_state`), or somebody changed it (`changed`).
    """
    row = locked(conn, ident)
    if row_version is not None and row_version != row.row_version:
        raise _changed()
    if row.state != State.DRAFT:
        message = "it is no draft any more"
        raise ConflictError(message, code="bad_state")
    _set(conn, row, {"payload": dict(payload)}, now)
    _note(conn, ident, _EDIT, actor, now, {})


def act(
    conn: WriteConn, ident: str, what: str, *, four_eyes: bool, system: str, note: str, now: datetime, actor: str
) -> None:
    """Move a draft by the table `core.writeback.MOVES`; what is let go is fixed as it will be sent.

    Args:
        conn: the unit's transaction.
        ident: the draft.
        what: one of `core.writeback.ACTS`.
        four_eyes: somebody else looks it over first.
        system: by which name the other system's numbers are known.
        note: what the reviewer says.
        now: the moment.
        actor: who does it.

    Raises:
        NotFoundError: there is none.
        BadRequestError, ConflictError, ForbiddenError: as `core.writeback.move`.
    """
    row = locked(conn, ident)
    writers = _changed_by(conn, ident) if four_eyes else ()
    after = rules.move(row.state, what, author=row.author, actor=actor, four_eyes=four_eyes, changed_by=writers)
    values: dict[str, Any] = {"state": after, "note": note or row.note}
    if what in {"approve", "return"}:
        values["reviewer"] = actor
    if after == State.QUEUED:
        values |= {"next_at": now, "attempts": 0, "ended_at": None, "last_error": ""}
        values["body"] = row.body or _body(conn, row, system)
    if after == State.DROPPED:
        values["ended_at"] = now
    _set(conn, row, values, now)
    if what != "submit" or after != State.REVIEW:
        task_rows.end(conn, [_task(ident)], "done", now=now, actor=actor)
    _note(conn, ident, what, actor, now, {"state": str(after)})


def claim(conn: WriteConn, now: datetime, lease: timedelta, connectors: list[str]) -> list[Any]:
    """Take what is due under a lease; what a crash left under one that ran out is asked again under the same key."""
    stuck = (_W.c.state == State.SENDING, _W.c.lease_until <= now)
    conn.execute(update(_W).where(*stuck).values(state=State.QUEUED, lease_until=None, next_at=now))
    due = (_W.c.state == State.QUEUED, _W.c.next_at <= now, _W.c.connector.in_(connectors))
    rows = conn.execute(select(_W).where(*due).order_by(_W.c.next_at, _W.c.id).limit(MOST_AT_ONCE)).all()
    taken = []
    for row in rows:
        mine = (_W.c.id == row.id, _W.c.state == State.QUEUED, _W.c.attempts == row.attempts)
        values = {"state": State.SENDING, "lease_until": now + lease, "attempts": row.attempts + 1}
        values["sent_at"] = row.sent_at or now
        if conn.execute(update(_W).where(*mine).values(values)).rowcount:
            taken.append(row)
    return taken


def settle(conn: WriteConn, row: Any, what: str, values: Mapping[str, Any], *, line: str | None, now: datetime) -> bool:
    """Write what became of an attempt (again | done | refused | failed); False when somebody else did before.

    A refusal, and what could not be sent for hours, comes back to its author as a task in the one queue.
    """
    mine = (_W.c.id == row.id, _W.c.state == State.SENDING, _W.c.attempts == row.attempts + 1)
    after = rules.MOVES[State.SENDING, what]
    fixed = {"state": after, "lease_until": None, "updated_at": now, "row_version": _W.c.row_version + 1}
    if after != State.QUEUED:
        fixed["ended_at"] = now
    if not conn.execute(update(_W).where(*mine).values(dict(values) | fixed)).rowcount:
        return False
    if after == State.QUEUED:
        return True
    _note(conn, row.id, what, "system", now, {"number": values.get("number", "")})
    if after in {State.REFUSED, State.FAILED}:
        _come_back(conn, row, values["last_error"], line, now)
    return True


def hold(conn: WriteConn, reason: str, now: datetime) -> int:
    """Put what waits to be sent back to its authors, as it may have been sent already; return how many drafts those are."""
    waiting = (_W.c.state.in_((State.QUEUED, State.SENDING)), _W.c.body.is_not(None))
    rows = conn.execute(select(_W).where(*waiting)).all()
    for row in rows:
        values = {"state": State.FAILED, "last_error": reason, "lease_until": None, "ended_at": now}
        _set(conn, row, values | {"sent_at": row.sent_at or now}, now)
        _note(conn, row.id, "failed", "system", now, {"reason": reason})
        _come_back(conn, row, reason, None, now)
    return len(rows)


def _come_back(conn: WriteConn, row: Any, why: str, line: str | None, now: datetime) -> None:
    """Put a task before a draft's author."""
    task = {"kind": TASK, "subject": _subject(row), "body": why, "about_id": row.id, "line": line, "due_at": now}
    task |= {"party_id": row.party_id, "case_id": row.case_id, "owner": row.author}
    task_rows.put(conn, _task(row.id), task, now=now, actor=None)


def listed(
    conn: Connection, *, filters: Mapping[str, str | None], seen: Seen, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of drafts, newest first, and the next cursor.

    Args:
        conn: a reader's connection.
        filters: of `party, case, state, author, connector`; `state=open` are those not over.
        seen: as `sight.of_parties`.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = _whole().where(*seen)
    if filters.get("party"):
        query = query.where(_W.c.party_id.in_(cluster(conn, str(filters["party"]))))
    for name, column in (("case", _W.c.case_id), ("author", _W.c.author), ("connector", _W.c.connector)):
        if filters.get(name):
            query = query.where(column == filters[name])
    if filters.get("state") == "open":
        query = query.where(_W.c.state.in_(rules.OPEN))
    elif filters.get("state"):
        query = query.where(_W.c.state == filters["state"])
    rows, following = cursors.page(
        list(conn.execute(cursors.after(query, cursor, _W.c.created_at, _W.c.id, limit))), limit, "created_at"
    )
    return [_view(row) for row in rows], following


def get(conn: Connection, ident: str, seen: Seen = ()) -> dict[str, Any]:
    """Return one draft.

    Raises:
        NotFoundError: there is none that is seen.
    """
    row = conn.execute(_whole().where(_W.c.id == ident, *seen)).first()
    if row is None:
        raise _nothing()
    return _view(row)


def locked(conn: WriteConn, ident: str) -> Any:
    """Return a draft's row and keep others from changing it meanwhile.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(_W).where(_W.c.id == ident).with_for_update()).first()
    if row is None:
        raise _nothing()
    return row


def forget(conn: WriteConn, parties: Sequence[str]) -> None:
    """Empty the drafts about somebody who is erased; what has not left does not leave, what is under way is not asked again."""
    mine = _W.c.party_id.in_(parties)
    going = _W.c.state.in_(rules.OPEN)
    conn.execute(update(_W).where(mine, going).values(state=State.DROPPED))
    conn.execute(update(_W).where(mine).values(payload={}, body=None, note="", last_error="", number="", url=""))


def _changed_by(conn: WriteConn, ident: str) -> set[str]:
    """Return who has changed what a draft says."""
    log = s.audit_log.c
    mine = (log.object_kind == _KIND, log.object_id == ident, log.action == f"{_KIND}.{_EDIT}")
    return set(conn.execute(select(log.actor).where(*mine)).scalars())


def _body(conn: WriteConn, row: Any, system: str) -> bytes:
    """Return what is sent: ids, the other system's number of the customer, and what the draft says."""
    party = select(s.party.c.canonical_id).where(s.party.c.id == row.party_id).scalar_subquery()
    kin = select(s.party.c.id).where(or_(s.party.c.canonical_id == party, s.party.c.id == row.party_id))
    number = s.external_id.c
    own = (number.ref_kind == "party", number.system == system, number.ref_id.in_(kin))
    known = conn.execute(select(number.value).where(*own).order_by(number.value).limit(1)).scalar()
    case = conn.execute(select(s.case_.c.no).where(s.case_.c.id == row.case_id)).scalar() if row.case_id else None
    whole = {"id": row.id, "kind": row.kind, "customer": {"id": row.party_id, "number": known}, "case": case}
    return json.dumps(whole | dict(row.payload), ensure_ascii=False, separators=(",", ":")).encode()


def _subject(row: Any) -> str:
    """Return what a draft is about, as its author called it."""
    said = row.payload
    named = [
        said.get("reference"),
        *(one["item"] for one in said.get("lines", ())),
        said.get("address", {}).get("street"),
    ]
    return f"{row.connector} {next((one for one in named if one), '')}".strip()


def _set(conn: WriteConn, row: Any, values: Mapping[str, Any], now: datetime) -> None:
    fixed = {"updated_at": now, "row_version": row.row_version + 1}
    conn.execute(update(_W).where(_W.c.id == row.id).values(dict(values) | fixed))


def _task(ident: str) -> str:
    return f"{ident}:{TASK}"


def _whole() -> Any:
    author, reviewer = s.agent.alias("author"), s.agent.alias("reviewer")
    columns = (
        _W,
        author.c.display_name.label("author_name"),
        reviewer.c.display_name.label("reviewer_name"),
        s.party.c.display_name.label("party_name"),
        s.case_.c.no.label("case_no"),
    )
    return (
        select(*columns)
        .outerjoin(author, author.c.id == _W.c.author)
        .outerjoin(reviewer, reviewer.c.id == _W.c.reviewer)
        .outerjoin(s.party, s.party.c.id == _W.c.party_id)
        .outerjoin(s.case_, s.case_.c.id == _W.c.case_id)
    )


_SHOWN = (
    "id", "connector", "kind", "party_id", "case_id", "interaction_id", "payload", "state", "author", "reviewer", "note",
    "attempts", "last_error", "number", "url", "row_version",
)  # fmt: skip


def _view(row: Any) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(row, name) for name in _SHOWN}
    # An attempt whose answer did not come may have arrived: it is asked again under the same key.
    told["maybe"] = row.state in {State.QUEUED, State.SENDING, State.FAILED} and row.sent_at is not None
    for name in ("author_name", "reviewer_name", "party_name", "case_no"):
        told[name] = getattr(row, name) or ""
    moments = ("created_at", "updated_at", "next_at", "sent_at", "ended_at")
    return told | {name: rfc3339(at) if (at := getattr(row, name)) else None for name in moments}


def _note(conn: WriteConn, ident: str, what: str, actor: str, now: datetime, detail: Mapping[str, Any]) -> None:
    entry = Entry(actor=actor, action=f"{_KIND}.{what}", object_kind=_KIND, object_id=ident, detail=dict(detail))
    audit.append(conn, entry, now)


def _nothing() -> NotFoundError:
    message = "there is no such draft"
    return NotFoundError(message)


def _changed() -> ConflictError:
    message = "somebody else has changed this meanwhile"
    return ConflictError(message, code="changed")
