"""What service quality is counted from: contacts settled at the first go, what customers said, what was assessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)

from contactd.clock import from_ms, to_ms
from contactd.core.interaction import Direction, Outcome
from contactd.core.quality import Review
from contactd.crm_store import schema as s
from contactd.crm_store.report_reads import QUARTER_MS, Chosen

_QUARTER: ColumnElement[int] = literal_column(str(QUARTER_MS))
_CONTACT = s.interaction
_UNWANTED = (Outcome.JUNK, Outcome.DUPLICATE)


class Part(NamedTuple):
    """Numbers of one quarter of an hour, agent, line and channel, by their names."""

    at: datetime
    agent: str | None
    line: str | None
    channel: str
    numbers: dict[str, int]


def first_time(conn: Connection, chosen: Chosen, days: int, now: datetime) -> Iterator[Part]:
    """Yield how many contacts are `settled` and how many of these were `resolved` at the first go.

    A contact is settled when its customer came again within `days`, or the days are over; resolved when nobody came again: not the
    customer (by whatever record or channel), not the conversation, and its case was not reopened.
    """
    again, window = _again(days), timedelta(days=days)
    over = _CONTACT.c.ended_at <= now - window
    settled = or_(over, again)
    numbers = {"settled": _count(settled), "resolved": _count(and_(over, not_(again)))}
    fits = (
        _CONTACT.c.direction == Direction.INBOUND,
        _CONTACT.c.answered_at.is_not(None),
        _CONTACT.c.auto.is_(None),
        or_(_CONTACT.c.outcome.is_(None), _CONTACT.c.outcome.not_in(_UNWANTED)),
    )
    return _parts(conn, chosen, _CONTACT, _CONTACT.c.ended_at, numbers, fits)


def satisfaction(conn: Connection, chosen: Chosen) -> Iterator[Part]:
    """Yield how many customers gave a score (`scored`) and what these come to together (`percent`)."""
    table = s.survey_invite
    numbers = {"scored": func.count(), "percent": func.sum(table.c.percent)}
    return _parts(conn, chosen, table, table.c.asked_at, numbers, (table.c.percent.is_not(None),))


def assessed(conn: Connection, chosen: Chosen) -> Iterator[Part]:
    """Yield how many contacts were drawn and `assessed`, what their scores come to (`points`), and how many failed (`fatal`)."""
    table = s.qa_review
    failed = and_(table.c.score == 0, table.c.failed != [])
    numbers = {"assessed": func.count(), "points": func.sum(table.c.score), "fatal": _count(failed)}
    fits = (table.c.state != Review.DRAWN, table.c.calibrates.is_(None), table.c.rule_id.is_not(None))
    return _parts(conn, chosen, table, table.c.contact_at, numbers, fits)


def _parts(
    conn: Connection, chosen: Chosen, table: Any, at: ColumnElement[Any], numbers: dict[str, Any], fits: tuple[Any, ...]
) -> Iterator[Part]:
    moment = type_coerce(at, BigInteger)
    bucket = (moment - moment % _QUARTER).label("at")
    keys = (table.c.agent, table.c.line, table.c.channel)
    query = select(bucket, *keys, *numbers.values()).where(at >= chosen.since, at < chosen.until, *fits)
    for column, wanted in zip(keys, (chosen.agent, chosen.line, chosen.channel), strict=True):
        query = query if wanted is None else query.where(column == wanted)
    for when, agent, line, channel, *found in conn.execute(query.group_by(moment - moment % _QUARTER, *keys)):
        counted = {name: int(value or 0) for name, value in zip(numbers, found, strict=True)}
        if any(counted.values()):
            yield Part(from_ms(when), agent, line, channel, counted)


def _again(days: int) -> ColumnElement[bool]:
    """Return whether a contact's customer came again, its conversation went on, or its case was reopened, within so many days."""
    later, own, kept = _CONTACT.alias("later"), s.party.alias("own"), s.party.alias("kept")
    span = to_ms(from_ms(0) + timedelta(days=days))
    ended = type_coerce(_CONTACT.c.ended_at, BigInteger)

    def soon(moment: ColumnElement[Any]) -> ColumnElement[bool]:
        at = type_coerce(moment, BigInteger)
        return and_(at > ended, at <= ended + span)

    came = (
        later.c.id != _CONTACT.c.id,
        later.c.direction == Direction.INBOUND,
        later.c.auto.is_(None),
        or_(later.c.outcome.is_(None), later.c.outcome.not_in(_UNWANTED)),
        soon(later.c.started_at),
    )
    records = (
        select(kept.c.id).join(own, own.c.canonical_id == kept.c.canonical_id).where(own.c.id == _CONTACT.c.party_id)
    )
    event = s.case_event
    same_point = exists().where(later.c.contact_point_id == _CONTACT.c.contact_point_id, *came)
    return or_(
        exists().where(later.c.party_id.in_(records.correlate(_CONTACT)), *came),
        exists().where(later.c.thread_id == _CONTACT.c.thread_id, *came),
        and_(_CONTACT.c.party_id.is_(None), same_point),
        exists().where(event.c.case_id == _CONTACT.c.case_id, event.c.type == "reopened", soon(event.c.at)),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
