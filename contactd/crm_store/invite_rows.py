"""Invitations to a survey: who was asked after which contact, what they said, and what follows a low score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from contactd.core import survey as rules
from contactd.core.case import CaseType
from contactd.core.case_plan import CasePlan
from contactd.core.errors import NotFoundError
from contactd.core.interaction import Direction
from contactd.core.survey import Asked, Invitation, Question, Reply
from contactd.crm_store import case_fields, case_rows, survey_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import cluster
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 200
FOLLOW_UP_PRIORITY = 2


def invite(conn: WriteConn, ident: str, interaction: str, *, language: str | None, now: datetime) -> Asked | None:
    """Ask the customer of a contact, if they are to be asked; the same contact gets the same invitation again.

    Nobody is asked who spoke to nobody, who was asked within the survey's pause, or whose data are restricted.

    Args:
        conn: the unit's transaction.
        ident: for the invitation.
        interaction: the contact.
        language: the customer's, where the channel knows it better than the store.
        now: the moment.
    """
    row = conn.execute(select(s.interaction).where(s.interaction.c.id == interaction)).first()
    if row is None:
        return None
    old = conn.execute(select(s.survey_invite).where(s.survey_invite.c.interaction_id == interaction)).first()
    if old is not None:
        return _asked(conn.connection, old) if old.state == Invitation.INVITED and old.expires_at > now else None
    survey = survey_rows.fitting(conn.connection, row.line, row.channel)
    if survey is None or not rules.asked(survey.id, interaction, survey.share):
        return None
    if not row.agent or row.auto or row.direction == Direction.INTERNAL or _spared(conn, row, survey.every_days, now):
        return None
    segment = _last_segment(conn, interaction)
    values = {
        "id": ident,
        "survey_id": survey.id,
        "interaction_id": interaction,
        "segment": segment.n if segment else 1,
        "agent": (segment.agent if segment else None) or row.agent,
        "party_id": row.party_id,
        "contact_point_id": row.contact_point_id,
        "line": row.line,
        "channel": row.channel,
        "language": rules.spoken(language or row.lang, survey.language),
        "questions": survey.questions,
        "low": survey.low,
        "state": Invitation.INVITED,
        "asked_at": now,
        "expires_at": now + timedelta(hours=survey.valid_hours),
    }
    new = insert(s.survey_invite).values(**values).on_conflict_do_nothing()
    if conn.execute(new).rowcount == 0:
        return None
    return _asked(conn.connection, conn.execute(select(s.survey_invite).where(s.survey_invite.c.id == ident)).one())


def pending(conn: Connection, ident: str, now: datetime) -> Asked:
    """Return an invitation that can still be answered.

    Raises:
        NotFoundError: there is none, or it is over (the same answer for both: its number may be guessed).
    """
    row = conn.execute(select(s.survey_invite).where(s.survey_invite.c.id == ident)).first()
    if row is None or row.state != Invitation.INVITED or row.expires_at <= now:
        message = "there is no such invitation"
        raise NotFoundError(message)
    return _asked(conn, row)


def say(conn: WriteConn, ident: str, replies: Sequence[Reply], now: datetime) -> None:
    """Keep answers of an invitation that goes on (a caller presses one key after another).

    Raises:
        NotFoundError: there is none.
        ConflictError: it is over (code `over`).
        BadRequestError: an answer fits no question.
    """
    row = _locked(conn, ident)
    rules.move(row.state, Invitation.ANSWERED)
    _keep(conn, ident, _spared_words(conn, row, rules.replies(replies, rules.questions(row.questions))), now)


def end(
    conn: WriteConn,
    ident: str,
    became: str,
    replies: Sequence[Reply],
    *,
    case: str,
    plan: CasePlan,
    now: datetime,
) -> str | None:
    """End an invitation with what was answered; return the number of the follow-up a low score opened.

    Args:
        conn: the unit's transaction.
        ident: the invitation.
        became: answered | refused | hung_up | expired; answered without an answer is refused.
        replies: answers beyond those that are kept already.
        case: id for a follow-up.
        plan: how cases are worked on.
        now: the moment.

    Raises:
        NotFoundError, ConflictError, BadRequestError: as `say`.
    """
    row = _locked(conn, ident)
    state = rules.move(row.state, became)
    asked_for = rules.questions(row.questions)
    _keep(conn, ident, _spared_words(conn, row, rules.replies(replies, asked_for)), now)
    said = _said(conn.connection, ident)
    if state == Invitation.ANSWERED and not said:
        state = Invitation.REFUSED
    summed = rules.result(said, asked_for)
    values: dict[str, Any] = {"state": state, "ended_at": now, "score": summed.score, "percent": summed.percent}
    values["comment"] = summed.comment
    number = None
    if row.low is not None and summed.score is not None and summed.score <= row.low and not _silent(conn, row):
        number = _follow_up(conn, row, summed, case, plan, now)
        values["case_id"] = case
    conn.execute(update(s.survey_invite).where(s.survey_invite.c.id == ident).values(values))
    return number


def expired(conn: Connection, now: datetime) -> list[str]:
    """Return invitations nobody answered in time, some of them; each is to be ended."""
    table = s.survey_invite
    late = select(table.c.id).where(table.c.state == Invitation.INVITED, table.c.expires_at <= now)
    return [row.id for row in conn.execute(late.order_by(table.c.expires_at).limit(BATCH))]


def _follow_up(conn: WriteConn, row: Any, summed: rules.Result, case: str, plan: CasePlan, now: datetime) -> str:
    """Open a follow-up call for somebody who was not content."""
    survey = conn.execute(select(s.survey.c.name).where(s.survey.c.id == row.survey_id)).scalar_one()
    best = next((one.best for one in rules.questions(row.questions) if one.kind == "score"), 0)
    values = {
        "type": CaseType.CALLBACK,
        "priority": FOLLOW_UP_PRIORITY,
        "subject": f"{survey}: {summed.score}/{best}"[: case_fields.LONGEST],
        "body": summed.comment,
        "party_id": row.party_id,
        "source_interaction_id": row.interaction_id,
    }
    number = case_rows.create(conn, case, values, plan=plan, now=now, actor=None)
    case_rows.add_event(conn, case, now, "survey", None, data={"invite": row.id, "score": summed.score})
    return number


def _spared(conn: WriteConn, row: Any, days: int, now: datetime) -> bool:
    """Tell whether the customer is left alone: asked lately, or restricted."""
    table = s.survey_invite
    records = cluster(conn.connection, row.party_id) if row.party_id else []
    if records:
        state = conn.execute(select(s.party.c.pii_state).where(s.party.c.id == records[0])).scalar()
        if state != "normal":
            return True
    same = [table.c.party_id.in_(records)] if records else []
    same += [table.c.contact_point_id == row.contact_point_id] if row.contact_point_id else []
    if not same or not days:
        return False
    lately = select(table.c.id).where(or_(*same), table.c.asked_at > now - timedelta(days=days)).limit(1)
    return conn.execute(lately).first() is not None


def _spared_words(conn: WriteConn, row: Any, given: Sequence[Reply]) -> Sequence[Reply]:
    """Keep no word of somebody who was erased, or may only be stored; the scores count."""
    return [replace(one, text="") for one in given] if _silent(conn, row) else given


def _silent(conn: WriteConn, row: Any) -> bool:
    """Tell whether an invitation's customer, as the contact names them now, was erased or may only be stored."""
    contact = select(s.interaction.c.party_id).where(s.interaction.c.id == row.interaction_id)
    party = conn.execute(contact).scalar() or row.party_id
    records = cluster(conn.connection, party) if party else []
    states = conn.execute(select(s.party.c.pii_state).where(s.party.c.id.in_([*records, row.party_id or ""]))).scalars()
    return any(state != "normal" for state in states)


def _last_segment(conn: WriteConn, interaction: str) -> Any:
    """Return the last stay in which somebody answered."""
    segment = s.interaction_segment
    query = select(segment).where(segment.c.interaction_id == interaction, segment.c.agent.is_not(None))
    return conn.execute(query.order_by(segment.c.n.desc()).limit(1)).first()


def _asked(conn: Connection, row: Any) -> Asked:
    survey = conn.execute(select(s.survey.c.intro, s.survey.c.closing).where(s.survey.c.id == row.survey_id)).one()
    return Asked(
        invite=row.id,
        survey=row.survey_id,
        language=row.language,
        questions=rules.questions(row.questions),
        intro=_in(survey.intro, row.language),
        closing=_in(survey.closing, row.language),
        answered={one.question: one.score for one in _said(conn, row.id)},
    )


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or next(iter(words.values()), "")


def _said(conn: Connection, ident: str) -> list[Reply]:
    table = s.survey_answer
    rows = conn.execute(select(table).where(table.c.invite_id == ident).order_by(table.c.at, table.c.question))
    return [Reply(question=row.question, score=row.score, text=row.text) for row in rows]


def _keep(conn: WriteConn, ident: str, replies: Sequence[Reply], now: datetime) -> None:
    table = s.survey_answer
    for one in replies:
        conn.execute(delete(table).where(table.c.invite_id == ident, table.c.question == one.question))
        values: Mapping[str, Any] = {"question": one.question, "score": one.score, "text": one.text, "at": now}
        conn.execute(insert(table).values(invite_id=ident, **values))


def _locked(conn: WriteConn, ident: str) -> Any:
    row = conn.execute(select(s.survey_invite).where(s.survey_invite.c.id == ident).with_for_update()).first()
    if row is None:
        message = "there is no such invitation"
        raise NotFoundError(message)
    return row


def questions_of(asked_for: Asked) -> list[dict[str, Any]]:
    """Return an invitation's questions as JSON, in its language."""
    return [_shown(one, asked_for.language) for one in asked_for.questions]


def _shown(one: Question, language: str) -> dict[str, Any]:
    return {"key": one.key, "kind": one.kind, "text": one.words(language), "lowest": one.lowest, "best": one.best}
