"""Approvals: asked by one person with a reason, decided by another until a moment; what is granted happens, or opens, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from contactd.clock import rfc3339
from contactd.core.case_plan import CasePlan
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.identity import HIGHEST
from contactd.crm_store import audit, case_rows, cursors, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.interactions import cluster, text
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

IDENTITY, CLOSING = "identity", "case_close"
"""Look beyond the level a customer proved; close a case somebody else resolved."""
KINDS = (IDENTITY, CLOSING)
ASKED, GRANTED, REFUSED = "asked", "granted", "refused"
LONGEST = timedelta(hours=24)
MOST = 20
"""What one person may have asked for and is not decided."""
MOST_FOLLOWED = 500
"""Requests whose changes are told to consoles as they happen."""
_A = s.approval


def ask(conn: WriteConn, ident: str, given: Mapping[str, Any], *, plan: CasePlan, now: datetime, actor: str) -> None:
    """Ask somebody else to allow something; it comes into the queue where the policy names a line for requests.

    Args:
        conn: the unit's transaction.
        ident: a new id.
        given: `kind, reason, until`, and `party, level` (identity) or `case` (case_close).
        plan: how the house works on cases.
        now: the moment.
        actor: who asks.

    Raises:
        NotFoundError: there is no such customer, or case.
        BadRequestError: `until` is over or too far, or the level none.
        ConflictError: it is asked already (`asked`), too much is (`too_many`), or the case is not resolved (`bad_state`).
    """
    if not now < given["until"] <= now + LONGEST:
        message = f"until lies within the next {LONGEST.total_seconds() // 3600:.0f} hours"
        raise BadRequestError(message, field="until")
    about, subject = _about(conn, given)
    open_ = (_A.c.asked_by == actor, _A.c.state == ASKED, _A.c.until > now)
    waiting = conn.execute(select(_A).where(*open_).limit(MOST)).all()
    if any(
        (one.kind, one.party_id, one.case_id) == (given["kind"], about["party_id"], about["case_id"]) for one in waiting
    ):
        message = "this is asked already"
        raise ConflictError(message, code="asked")
    if len(waiting) >= MOST:
        message = f"at most {MOST} requests may be open"
        raise ConflictError(message, code="too_many")
    row = {"kind": given["kind"], "reason": given["reason"], "until": given["until"], **about}
    conn.execute(insert(_A).values(id=ident, asked_by=actor, asked_at=now, **row))
    _note(conn, ident, "approval.ask", actor, now, {"kind": given["kind"]})
    line = plan.line_of("request")
    if line is not None:
        task = {"kind": "approval", "subject": subject, "body": given["reason"], "party_id": about["party_id"]}
        task_rows.put(
            conn, f"{ident}:approval", task | {"about_id": ident, "due_at": now, "line": line}, now=now, actor=actor
        )


def decide(
    conn: WriteConn, ident: str, *, by: str, in_person: bool, grant: bool, decision: str, plan: CasePlan, now: datetime
) -> None:
    """Grant or refuse what somebody else asked for; a case that may be closed is closed in the name of who grants it.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: who asked does not decide, nor does a token (code `four_eyes`).
        ConflictError: it is decided (`decided`), over (`expired`), or the case cannot be closed (as `case_rows.move`).
        BadRequestError: a refusal says why (field `decision`).
    """
    row = conn.execute(select(_A).where(_A.c.id == ident).with_for_update()).first()
    if row is None:
        raise _nothing()
    if row.asked_by == by or not in_person:
        message = "somebody else decides, logged in themselves"
        raise ForbiddenError(message, code="four_eyes")
    if row.state != ASKED:
        message = "this was decided already"
        raise ConflictError(message, code="decided")
    if row.until <= now:
        message = "it is too late to decide this"
        raise ConflictError(message, code="expired")
    if not grant and not decision.strip():
        message = "a refusal says why"
        raise BadRequestError(message, field="decision")
    values = {"state": GRANTED if grant else REFUSED, "decided_by": by, "decided_at": now, "decision": decision}
    conn.execute(update(_A).where(_A.c.id == ident, _A.c.state == ASKED).values(values))
    _note(conn, ident, "approval.grant" if grant else "approval.refuse", by, now, {"kind": row.kind})
    task_rows.end(conn, [f"{ident}:approval"], "done", now=now, actor=by)
    if grant and row.kind == CLOSING:
        case_rows.move(conn, row.case_id, "closed", text=decision, plan=plan, now=now, actor=by)


def opened(conn: Connection, agent: str, now: datetime) -> dict[str, int]:
    """Return record of a customer → level that was granted to somebody and still holds."""
    mine = (_A.c.asked_by == agent, _A.c.state == GRANTED, _A.c.kind == IDENTITY, _A.c.until > now)
    found: dict[str, int] = {}
    for row in conn.execute(select(_A.c.party_id, _A.c.level).where(*mine)):
        for ident in cluster(conn, row.party_id):
            found[ident] = max(row.level, found.get(ident, 0))
    return found


def standing(conn: Connection, now: datetime) -> tuple[str, ...]:
    """Return how the latest requests stand, newest first: another answer than before is news."""
    query = select(_A.c.id, _A.c.state, _A.c.until).where(_A.c.asked_at > now - 2 * LONGEST)
    rows = conn.execute(query.order_by(_A.c.asked_at.desc(), _A.c.id.desc()).limit(MOST_FOLLOWED))
    return tuple(f"{row.id} {'expired' if row.state == ASKED and row.until <= now else row.state}" for row in rows)


def listed(
    conn: Connection,
    *,
    state: str | None,
    own: str | None,
    seen: Seen = (),
    now: datetime,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of approvals, newest first, and the next cursor.

    Args:
        conn: a reader's connection.
        state: asked | granted | refused | expired; None = all.
        own: only what this person asked for.
        seen: as `sight.of_parties`.
        now: the moment.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = _whole().where(*seen)
    if state == "expired":
        query = query.where(_A.c.state == ASKED, _A.c.until <= now)
    elif state is not None:
        query = query.where(_A.c.state == state, *([_A.c.until > now] if state == ASKED else []))
    if own is not None:
        query = query.where(_A.c.asked_by == own)
    rows, following = cursors.page(
        list(conn.execute(cursors.after(query, cursor, _A.c.asked_at, _A.c.id, limit))), limit, "asked_at"
    )
    return [_view(row, now) for row in rows], following


def get(conn: Connection, ident: str, now: datetime) -> dict[str, Any]:
    """Return one approval.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(_whole().where(_A.c.id == ident)).first()
    if row is None:
        raise _nothing()
    return _view(row, now)


def _about(conn: WriteConn, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what a request is about, and a name for it."""
    if given["kind"] == IDENTITY:
        if not given.get("party") or not 1 <= (given.get("level") or 0) <= HIGHEST:
            message = f"name a customer, and a level between 1 and {HIGHEST}"
            raise BadRequestError(message, field="level")
        row = conn.execute(select(s.party.c.display_name).where(s.party.c.id == given["party"])).first()
        if row is None:
            message = "there is no such customer"
            raise NotFoundError(message)
        return {"party_id": given["party"], "case_id": None, "level": given["level"]}, row.display_name
    case = s.case_
    row = conn.execute(select(case).where(case.c.id == (given.get("case") or ""), case.c.deleted_at.is_(None))).first()
    if row is None:
        message = "there is no such case"
        raise NotFoundError(message)
    if row.state != "resolved":
        message = "only a resolved case can be closed"
        raise ConflictError(message, code="bad_state")
    return {"party_id": row.party_id, "case_id": row.id, "level": None}, f"{row.no} {row.subject}"


def _whole() -> Any:
    asker, decider = s.agent.alias("asker"), s.agent.alias("decider")
    columns = (
        _A,
        asker.c.display_name.label("asker_name"),
        decider.c.display_name.label("decider_name"),
        s.party.c.display_name.label("party_name"),
        s.case_.c.no.label("case_no"),
        s.case_.c.subject.label("case_subject"),
    )
    return (
        select(*columns)
        .outerjoin(asker, asker.c.id == _A.c.asked_by)
        .outerjoin(decider, decider.c.id == _A.c.decided_by)
        .outerjoin(s.party, s.party.c.id == _A.c.party_id)
        .outerjoin(s.case_, s.case_.c.id == _A.c.case_id)
    )


def _view(row: Any, now: datetime) -> dict[str, Any]:
    names = ("id", "kind", "party_id", "case_id", "level", "reason", "asked_by", "decided_by", "decision")
    over = row.state == ASKED and row.until <= now
    return {name: getattr(row, name) for name in names} | {
        "state": "expired" if over else row.state,
        "asked_by_name": row.asker_name or "",
        "decided_by_name": row.decider_name or "",
        "party_name": row.party_name or "",
        "case_no": row.case_no,
        "subject": row.case_subject or "",
        "asked_at": rfc3339(row.asked_at),
        "until": rfc3339(row.until),
        "decided_at": text(row.decided_at),
    }


def _note(conn: WriteConn, ident: str, action: str, actor: str, now: datetime, detail: Mapping[str, Any]) -> None:
    audit.append(conn, Entry(actor=actor, action=action, object_kind="approval", object_id=ident, detail=detail), now)


def _nothing() -> NotFoundError:
    message = "there is no such request"
    return NotFoundError(message)
