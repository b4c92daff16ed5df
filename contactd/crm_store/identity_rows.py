"""Identity check: answers held against what is kept, and the level a contact has reached while it is in somebody's hands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.identity import DAILY, FIELDS, HIGHEST, Plan, asked_of, bare
from contactd.core.interaction import Direction, State
from contactd.crm_store import audit, identify_rows
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.interactions import cluster
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

IN_HAND = tuple(str(one) for one in (State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP))
_CONTACT, _SAID = s.interaction, s.verification
_DAY = timedelta(days=1)
_NAMES = (*FIELDS, "custom")
_KEPT = select(*(s.party.c[name] for name in _NAMES))
"""What answers are held against."""


def view(conn: Connection, interaction: str, plan: Plan, *, agent: str, now: datetime) -> dict[str, Any]:
    """Return how far the customer of a contact is known: `party, level, right [needed for each level], questions, wrong_left`.

    Raises:
        NotFoundError: there is no such contact.
        ForbiddenError: it is not in this agent's hands (code `not_yours`).
    """
    row = _mine(conn, interaction, agent)
    return _view(conn, row, plan, now)


def answer(
    conn: WriteConn, interaction: str, question: str, given: str, plan: Plan, *, agent: str, now: datetime
) -> dict[str, Any]:
    """Hold an answer against what is kept; return the view with `right`.  Only that it was right or wrong is stored.

    Raises:
        NotFoundError: there is no such contact.
        ForbiddenError: it is not in this agent's hands (code `not_yours`).
        BadRequestError: this is not asked, or of this customer cannot be (field `question`).
        ConflictError: nobody is known to be asked (`unknown_party`), it was asked already (`asked`), or too much was answered
            wrongly (`locked_out`).
    """
    row = _mine(conn.connection, interaction, agent)
    if row.party_id is None:
        message = "first say who the customer is"
        raise ConflictError(message, code="unknown_party")
    # One after another: two answers at once must not both be the last that is allowed.
    canonical = cluster(conn.connection, row.party_id)[0]
    kept = dict(zip(_NAMES, conn.execute(_KEPT.where(s.party.c.id == canonical).with_for_update()).one(), strict=True))
    wanted = asked_of(question, kept) if question in plan.questions else None
    if wanted is None:
        message = "this cannot be asked"
        raise BadRequestError(message, field="question")
    before = _view(conn.connection, row, plan, now)
    if before["wrong_left"] <= 0:
        message = "too many wrong answers: nothing more is asked"
        raise ConflictError(message, code="locked_out")
    right = bare(given) == wanted
    about = {"interaction_id": interaction, "party_id": canonical, "question": question}
    noted = insert(_SAID).values(**about, right=right, by=agent, at=now).on_conflict_do_nothing()
    if conn.execute(noted).rowcount == 0:
        message = "this was asked already"
        raise ConflictError(message, code="asked")
    told = {"party": canonical, "question": question, "right": right}
    entry = Entry(actor=agent, action="identity.answer", object_kind="interaction", object_id=interaction, detail=told)
    audit.append(conn, entry, now)
    return _view(conn.connection, row, plan, now) | {"right": right}


def opened(conn: Connection, agent: str, plan: Plan) -> dict[str, int]:
    """Return record of a customer → level reached, of the contacts that are in somebody's hands now."""
    query = select(_CONTACT).where(
        _CONTACT.c.agent == agent, _CONTACT.c.state.in_(IN_HAND), _CONTACT.c.party_id.is_not(None)
    )
    found: dict[str, int] = {}
    for row in conn.execute(query):
        own = cluster(conn, row.party_id)
        level = _level(conn, row, own, plan)
        for ident in own if level else ():
            found[ident] = max(level, found.get(ident, 0))
    return found


def parties_of(conn: Connection, kind: str, ident: str) -> list[str]:
    """Return the records of customers something belongs to, as far as a level may be needed for it."""
    tables = {"record": s.record, "case": s.case_, "task": s.task, "promise": s.promise, "interaction": s.interaction}
    if kind == "party":
        return [ident]
    if kind == "link":
        ends = conn.execute(
            select(s.party_link.c.from_party, s.party_link.c.to_party).where(s.party_link.c.id == ident)
        )
        return [party for row in ends for party in row]
    if kind == "point":
        claim = s.contact_claim
        query = select(claim.c.party_id).where(claim.c.contact_point_id == ident, claim.c.valid_to.is_(None))
    elif kind in tables:
        query = select(tables[kind].c.party_id).where(tables[kind].c.id == ident)
    else:
        return []
    return [one for one in conn.execute(query).scalars() if one is not None]


def _mine(conn: Connection, interaction: str, agent: str) -> Any:
    row = conn.execute(select(_CONTACT).where(_CONTACT.c.id == interaction)).first()
    if row is None:
        message = "there is no such interaction"
        raise NotFoundError(message)
    if row.agent != agent or row.state not in IN_HAND:
        message = "only who has the contact in hand asks"
        raise ForbiddenError(message, code="not_yours")
    return row


def _view(conn: Connection, row: Any, plan: Plan, now: datetime) -> dict[str, Any]:
    own = cluster(conn, row.party_id) if row.party_id is not None else []
    said = _said(conn, row.id, own)
    kept = dict(zip(_NAMES, conn.execute(_KEPT.where(s.party.c.id == own[0])).one(), strict=True)) if own else {}
    questions = [
        {"question": one, "right": said.get(one)}
        for one in plan.questions
        if one in said or asked_of(one, kept) is not None
    ]
    return {
        "party": own[0] if own else None,
        "level": _level(conn, row, own, plan),
        "needed": list(plan.right),
        "questions": questions,
        "wrong_left": _wrong_left(conn, own, said, plan, now),
    }


def _wrong_left(conn: Connection, own: list[str], said: dict[str, bool], plan: Plan, now: datetime) -> int:
    """Return how many wrong answers are left: of this contact, and of this customer's last day over all contacts."""
    here = plan.wrong - sum(not right for right in said.values())
    lately = (_SAID.c.party_id.in_(own), _SAID.c.at > now - _DAY, _SAID.c.right.is_(False))
    day = conn.execute(select(func.count()).select_from(_SAID).where(*lately)).scalar_one() if own else 0
    return max(0, min(here, DAILY * plan.wrong - day))


def _said(conn: Connection, interaction: str, own: list[str]) -> dict[str, bool]:
    query = select(_SAID.c.question, _SAID.c.right).where(
        _SAID.c.interaction_id == interaction, _SAID.c.party_id.in_(own)
    )
    return {one.question: one.right for one in conn.execute(query)}


def _level(conn: Connection, row: Any, own: list[str], plan: Plan) -> int:
    if not own:
        return 0
    right = sum(_said(conn, row.id, own).values())
    return min(HIGHEST, plan.reached(right, _start(conn, row, own, plan)))


def _start(conn: Connection, row: Any, own: list[str], plan: Plan) -> int:
    """Return the level of who came by what is verified as theirs; a sender who is doubted begins at none."""
    # A contact that was begun here proves nothing: nobody came.
    if not plan.start or row.contact_point_id is None or row.direction != Direction.INBOUND:
        return 0
    if conn.execute(select(_CONTACT.c.id).where(_CONTACT.c.id == row.id, identify_rows.doubtful())).first() is not None:
        return 0
    claim, point = s.contact_claim, s.contact_point
    query = (
        select(point.c.kind)
        .join(claim, claim.c.contact_point_id == point.c.id)
        .where(
            point.c.id == row.contact_point_id,
            claim.c.party_id.in_(own),
            claim.c.level == "verified",
            claim.c.valid_to.is_(None),
        )
    )
    kind = conn.execute(query.limit(1)).scalar()
    return plan.start.get(kind, 0) if kind is not None else 0
