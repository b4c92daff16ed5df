"""Assessments: given by somebody else than who had the contact, seen by who had it, objected to once, answered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from contactd.clock import rfc3339
from contactd.core import quality
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.quality import LONGEST_REMARK, Review
from contactd.crm_store import audit, cursors, qa_form_rows, qa_rule_rows
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.interactions import text
from contactd.crm_store.sight import Seen
from contactd.crm_store.write_conn import WriteConn

_R = s.qa_review
_SHOWN = (
    "id", "agent", "line", "channel", "form_version", "rule_id", "calibrates", "state", "assessor", "answers", "remarks",
    "comment", "score", "failed", "objection", "reply", "settled_by", "first_score", "row_version",
)  # fmt: skip
_MOMENTS = ("done_at", "seen_at", "objected_at", "settled_at")
GIVEN = (Review.DONE, Review.OBJECTED, Review.SETTLED)


def ask(conn: WriteConn, ident: str, interaction: str, form: str, *, now: datetime, actor: str) -> None:
    """Let a contact that was not drawn be assessed; it does not count in figures.

    Raises:
        NotFoundError: there is no such contact, or scorecard.
        ConflictError: it is not over, or is assessed already (code `assessed`).
        ForbiddenError: it is one's own (code `own`).
    """
    there = select(_R.c.id).where(_R.c.interaction_id == interaction, _R.c.calibrates.is_(None))
    if conn.execute(there.limit(1)).first() is not None:
        message = "this contact is assessed already"
        raise ConflictError(message, code="assessed")
    found = qa_form_rows.get(conn.connection, form)
    qa_rule_rows.make(conn, ident, interaction, form=found, now=now)
    _others(_row(conn, ident), actor)
    _note(conn, ident, "quality.ask", actor, now, {"interaction": interaction})


def calibrate(conn: WriteConn, ident: str, of: str, *, now: datetime, actor: str) -> None:
    """Let the contact of an assessment be assessed again, by who asks, without seeing the first.

    Raises:
        NotFoundError: there is none.
        ConflictError: the first is not given yet (`state`), or this person calibrates it already (`assessed`).
        ForbiddenError: it is one's own contact, or the first was by oneself (code `own`).
    """
    first = _row(conn, of)
    if first.state not in GIVEN or first.calibrates is not None:
        message = "only an assessment that is given can be calibrated"
        raise ConflictError(message, code="state")
    _others(first, actor)
    if first.assessor == actor:
        message = "somebody else calibrates what one assessed oneself"
        raise ForbiddenError(message, code="own")
    again = select(_R.c.id).where(_R.c.calibrates == of, _R.c.assessor == actor)
    if conn.execute(again.limit(1)).first() is not None:
        message = "you calibrate this already"
        raise ConflictError(message, code="assessed")
    form = {"id": first.form_id, "version": first.form_version}
    about = {"agent": first.agent, "line": first.line, "calibrates": of, "assessor": actor}
    qa_rule_rows.make(conn, ident, first.interaction_id, form=form, now=now, **about)
    _note(conn, ident, "quality.calibrate", actor, now, {"review": of})


def assess(conn: WriteConn, ident: str, given: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Give an assessment.

    Args:
        conn: the unit's transaction.
        ident: which.
        given: `answers` (question → value, None = does not apply), `remarks` (question → text), `comment`, `row_version`.
        now: the moment.
        actor: who assesses.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: it is about one's own contact, or somebody else calibrates it (code `own`).
        ConflictError: it is given already (`state`), or changed at this moment (`changed`).
        BadRequestError: an answer or remark is wrong.
    """
    row = _row(conn, ident)
    _others(row, actor)
    if row.calibrates is not None and row.assessor != actor:
        message = "somebody else calibrates this"
        raise ForbiddenError(message, code="own")
    found = quality.result(_sections(conn.connection, row), given["answers"])
    _set(
        conn, row, Review.DONE, given.get("row_version"),
        answers=dict(given["answers"]), remarks=_remarks(conn.connection, row, given.get("remarks", {})),
        comment=given.get("comment", ""), score=found.score, failed=list(found.failed), assessor=actor, done_at=now,
    )  # fmt: skip
    _note(conn, ident, "quality.assess", actor, now, {"agent": row.agent, "score": found.score})


def seen(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Note when who had the contact first saw what was said of it."""
    mine = (_R.c.id == ident, _R.c.agent == actor, _R.c.seen_at.is_(None), _R.c.state.in_(GIVEN))
    conn.execute(update(_R).where(*mine).values(seen_at=now))


def object_to(conn: WriteConn, ident: str, reason: str, *, now: datetime, actor: str) -> None:
    """Object to what was said of one's own contact, once.

    Raises:
        NotFoundError: there is none that is one's own.
        ConflictError: it is not given yet, or objected to already (code `state`).
    """
    row = _row(conn, ident)
    if row.agent != actor or row.calibrates is not None:
        raise _nothing()
    _set(conn, row, Review.OBJECTED, None, objection=reason, objected_at=now)
    _note(conn, ident, "quality.object", actor, now, {})


def settle(
    conn: WriteConn, ident: str, reply: str, answers: Mapping[str, int | None] | None, *, now: datetime, actor: str
) -> None:
    """Answer an objection, with other answers or as it was.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: it is about one's own contact, or one's own assessment (code `own`).
        ConflictError: nobody objects (code `state`).
        BadRequestError: an answer is wrong.
    """
    row = _row(conn, ident)
    _others(row, actor, row.assessor)
    values: dict[str, Any] = {"reply": reply, "settled_by": actor, "settled_at": now, "first_score": row.score}
    if answers is not None:
        found = quality.result(_sections(conn.connection, row), answers)
        values |= {"answers": dict(answers), "score": found.score, "failed": list(found.failed)}
    _set(conn, row, Review.SETTLED, None, **values)
    _note(conn, ident, "quality.settle", actor, now, {"before": row.score, "after": values.get("score", row.score)})


def listed(
    conn: Connection,
    *,
    filters: Mapping[str, str | None],
    own: str | None,
    seen_by: Seen = (),
    blind: str | None = None,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of assessments, newest first, and the next cursor.

    Args:
        conn: a reader's connection.
        filters: of `state, agent, interaction, assessor`; `state=given` are those that are given.
        own: only what this agent may see of themselves: given, and no calibration.
        seen_by: as `sight.interactions`.
        blind: as in `get`.
        limit: how many.
        cursor: where the last page ended.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    query = _whole().where(*seen_by)
    columns = {"agent": _R.c.agent, "interaction": _R.c.interaction_id, "assessor": _R.c.assessor}
    for name, column in columns.items():
        query = query if filters.get(name) is None else query.where(column == filters[name])
    state = filters.get("state")
    if state is not None:
        query = query.where(_R.c.state.in_(GIVEN) if state == "given" else _R.c.state == state)
    if own is not None:
        query = query.where(_R.c.agent == own, _R.c.state.in_(GIVEN), _R.c.calibrates.is_(None))
    rows = list(conn.execute(cursors.after(query, cursor, _R.c.made_at, _R.c.id, limit)))
    shown, following = cursors.page(rows, limit, "made_at")
    hidden = _unjudged(conn, blind, [row.id for row in shown])
    return [view(row) | (_BLIND if row.id in hidden else {}) for row in shown], following


def get(conn: Connection, ident: str, *, own: str | None = None, blind: str | None = None) -> dict[str, Any]:
    """Return one assessment with the sections it answers.

    Args:
        conn: a connection.
        ident: which.
        own: only if this agent may see it of themselves.
        blind: who looks; while they calibrate it themselves, the first assessment's answers are left out.

    Raises:
        NotFoundError: there is none, or it is not to be seen.
    """
    row = conn.execute(_whole().where(_R.c.id == ident)).first()
    if row is None or (own is not None and (row.agent != own or row.state not in GIVEN or row.calibrates is not None)):
        raise _nothing()
    shown = view(row) | {"sections": _document(conn, row)}
    return shown | (_BLIND if _unjudged(conn, blind, [ident]) else {})


_BLIND: dict[str, Any] = {"answers": {}, "remarks": {}, "comment": "", "score": None, "failed": []}
"""What is left of an assessment for who calibrates it."""


def _unjudged(conn: Connection, who: str | None, idents: Sequence[str]) -> set[str]:
    """Return which of some assessments somebody calibrates and has not judged yet."""
    if who is None or not idents:
        return set()
    query = select(_R.c.calibrates).where(_R.c.calibrates.in_(idents), _R.c.assessor == who, _R.c.state == Review.DRAWN)
    return set(conn.execute(query).scalars())


def calibrations(conn: Connection, ident: str, *, blind: str | None = None) -> list[dict[str, Any]]:
    """Return the first assessment and all that calibrate it and are given: each `assessor, name, score, answers`.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: who looks (`blind`) has not judged yet (code `own`).
    """
    if _unjudged(conn, blind, [ident]):
        message = "give your own assessment first"
        raise ForbiddenError(message, code="own")
    query = _whole().where(or_(_R.c.id == ident, and_(_R.c.calibrates == ident, _R.c.state.in_(GIVEN))))
    rows = conn.execute(query.order_by(_R.c.calibrates.is_not(None), _R.c.done_at, _R.c.id)).all()
    if not rows:
        raise _nothing()
    return [
        {"id": row.id, "assessor": row.assessor, "name": row.assessor_name or "", "score": row.score}
        | {"answers": row.answers, "remarks": row.remarks, "comment": row.comment}
        for row in rows
    ]


def view(row: Any) -> dict[str, Any]:
    """Return an assessment as the wire shows it."""
    return (
        {name: getattr(row, name) for name in _SHOWN}
        | {name: text(getattr(row, name)) for name in _MOMENTS}
        | {
            "interaction": row.interaction_id,
            "scorecard": row.form_id,
            "scorecard_name": row.form_name,
            "agent_name": row.agent_name or "",
            "assessor_name": row.assessor_name or "",
            "subject": row.subject,
            "party_id": row.party_id,
            "contact_at": rfc3339(row.contact_at),
            "made_at": rfc3339(row.made_at),
            "picked": row.rule_id is None and row.calibrates is None,
        }
    )


def _whole() -> Any:
    agent, assessor = s.agent.alias("judged"), s.agent.alias("judge")
    columns = (
        _R,
        s.qa_form.c.name.label("form_name"),
        agent.c.display_name.label("agent_name"),
        assessor.c.display_name.label("assessor_name"),
        s.interaction.c.subject,
        s.interaction.c.party_id,
    )
    return (
        select(*columns)
        .join(s.interaction, s.interaction.c.id == _R.c.interaction_id)
        .join(s.qa_form, s.qa_form.c.id == _R.c.form_id)
        .outerjoin(agent, agent.c.id == _R.c.agent)
        .outerjoin(assessor, assessor.c.id == _R.c.assessor)
    )


def _row(conn: WriteConn, ident: str) -> Any:
    row = conn.execute(select(_R).where(_R.c.id == ident).with_for_update()).first()
    if row is None:
        raise _nothing()
    return row


def _others(row: Any, actor: str, assessor: str | None = None) -> None:
    """Let nobody judge their own contact, nor answer for what they assessed.

    Raises:
        ForbiddenError: code `own`.
    """
    if actor in (row.agent, assessor):
        message = "somebody else assesses this, or answers for it"
        raise ForbiddenError(message, code="own")


def _set(conn: WriteConn, row: Any, state: Review, row_version: int | None, **values: Any) -> None:
    values |= {"state": quality.move(row.state, state), "row_version": row.row_version + 1}
    mine = (_R.c.id == row.id, _R.c.row_version == (row.row_version if row_version is None else row_version))
    if conn.execute(update(_R).where(*mine).values(values)).rowcount == 0:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")


def _document(conn: Connection, row: Any) -> list[dict[str, Any]]:
    form = s.qa_form_version
    query = select(form.c.sections).where(form.c.form_id == row.form_id, form.c.version == row.form_version)
    found: list[dict[str, Any]] = conn.execute(query).scalar_one()
    return found


def _sections(conn: Connection, row: Any) -> tuple[quality.Section, ...]:
    return quality.sections(_document(conn, row))


def _remarks(conn: Connection, row: Any, given: Mapping[str, str]) -> dict[str, str]:
    asked = {one.key for section in _sections(conn, row) for one in section.questions}
    for key, words in given.items():
        if key not in asked or len(words) > LONGEST_REMARK:
            message = "a remark is about something that is asked, in at most 1000 characters"
            raise BadRequestError(message, field=f"remarks.{key}")
    return {key: words for key, words in given.items() if words.strip()}


def _note(conn: WriteConn, ident: str, action: str, actor: str, now: datetime, detail: Mapping[str, Any]) -> None:
    audit.append(conn, Entry(actor=actor, action=action, object_kind="review", object_id=ident, detail=detail), now)


def _nothing() -> NotFoundError:
    message = "there is no such assessment"
    return NotFoundError(message)
