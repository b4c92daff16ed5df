"""What customers said of us: each answer, and what they come to by agent, line and channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from contactd.clock import rfc3339
from contactd.core.survey import Invitation
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text

GROUPS = {
    "agent": s.survey_invite.c.agent,
    "line": s.survey_invite.c.line,
    "channel": s.survey_invite.c.channel,
    "survey": s.survey_invite.c.survey_id,
}
"""What figures are shown by."""
MOST_GROUPS = 500


def listed(
    conn: Connection,
    *,
    survey: str | None = None,
    agent: str | None = None,
    state: str | None = None,
    low: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of invitations, newest first, with what was answered, and the next cursor.

    Args:
        conn: a reader's connection.
        survey: only this one's.
        agent: only those about this agent.
        state: only those that stand so.
        low: only those that opened a follow-up.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    table = s.survey_invite
    query = select(table, s.agent.c.display_name, s.party.c.display_name.label("party_name"))
    query = query.outerjoin(s.agent, s.agent.c.id == table.c.agent).outerjoin(s.party, s.party.c.id == table.c.party_id)
    for column, wanted in ((table.c.survey_id, survey), (table.c.agent, agent), (table.c.state, state)):
        query = query if wanted is None else query.where(column == wanted)
    if low:
        query = query.where(table.c.case_id.is_not(None))
    query = cursors.after(query, cursor, table.c.asked_at, table.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "asked_at")
    answers = _answers(conn, [row.id for row in rows])
    return [_view(row, answers.get(row.id, [])) for row in rows], following


def figures(conn: Connection, by: str, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return, for each agent (line, channel, survey), how many were asked and answered, and what they said.

    `satisfaction` is the mean of `percent` (each invitation's score questions brought to 0-100) over those that gave a score;
    `rate` is answered ÷ asked, of invitations of that time.
    """
    table = s.survey_invite
    column = GROUPS[by]
    scored = table.c.percent.is_not(None)
    query = (
        select(
            column.label("key"),
            func.count().label("asked"),
            func.sum(case((table.c.state == Invitation.ANSWERED, 1), else_=0)).label("answered"),
            func.sum(case((table.c.state == Invitation.REFUSED, 1), else_=0)).label("refused"),
            func.sum(case((table.c.state == Invitation.HUNG_UP, 1), else_=0)).label("hung_up"),
            func.sum(case((scored, 1), else_=0)).label("scored"),
            func.sum(func.coalesce(table.c.percent, 0)).label("percent"),
            func.sum(case((table.c.case_id.is_not(None), 1), else_=0)).label("low"),
        )
        .where(table.c.asked_at >= since, table.c.asked_at < until)
        .group_by(column)
        .order_by(column)
        .limit(MOST_GROUPS)
    )
    return [
        {
            "key": row.key,
            "asked": row.asked,
            "answered": row.answered,
            "refused": row.refused,
            "hung_up": row.hung_up,
            "scored": row.scored,
            "low": row.low,
            "rate": round(row.answered / row.asked, 4),
            "satisfaction": round(row.percent / row.scored, 1) if row.scored else None,
        }
        for row in conn.execute(query)
    ]


def of_interaction(conn: Connection, interaction: str) -> list[dict[str, Any]]:
    """Return what the customer of a contact was asked and said."""
    table = s.survey_invite
    query = select(table, s.agent.c.display_name, s.party.c.display_name.label("party_name"))
    query = query.outerjoin(s.agent, s.agent.c.id == table.c.agent).outerjoin(s.party, s.party.c.id == table.c.party_id)
    rows = conn.execute(query.where(table.c.interaction_id == interaction).order_by(table.c.asked_at)).all()
    answers = _answers(conn, [row.id for row in rows])
    return [_view(row, answers.get(row.id, [])) for row in rows]


def _view(row: Any, answers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "survey": row.survey_id,
        "interaction": row.interaction_id,
        "segment": row.segment,
        "agent": row.agent,
        "agent_name": row.display_name or "",
        "party_id": row.party_id,
        "party_name": row.party_name or "",
        "line": row.line,
        "channel": row.channel,
        "language": row.language,
        "state": row.state,
        "asked_at": rfc3339(row.asked_at),
        "expires_at": rfc3339(row.expires_at),
        "ended_at": text(row.ended_at),
        "score": row.score,
        "percent": row.percent,
        "comment": row.comment,
        "case_id": row.case_id,
        "questions": row.questions,
        "answers": answers,
    }


def _answers(conn: Connection, idents: list[str]) -> dict[str, list[dict[str, Any]]]:
    table = s.survey_answer
    found: dict[str, list[dict[str, Any]]] = {}
    query = select(table).where(table.c.invite_id.in_(idents)).order_by(table.c.at, table.c.question)
    for row in conn.execute(query):
        found.setdefault(row.invite_id, []).append({"question": row.question, "score": row.score, "text": row.text})
    return found
