"""What the reports are made of: stays by quarter of an hour, agents' time by state, their offers; and the stays behind a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    type_coerce,
)

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core.interaction import Direction, Outcome
from contactd.core.report import Sums
from contactd.crm_store import cursors
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.sight import Seen

QUARTER_MS = 15 * 60 * 1000
_STAY, _CONTACT, _TEAM = s.interaction_segment, s.interaction, s.agent_team
Who = Literal["agent", "team"]
_WHO: dict[Who, ColumnElement[Any]] = {"agent": _STAY.c.agent, "team": _TEAM.c.team}
"""Whose a stay is: its agent's, or that of the team the agent was in when they answered."""
# In the words of the statement, not as a parameter: what is selected and what is grouped by must be the same text.
_QUARTER: ColumnElement[int] = literal_column(str(QUARTER_MS))
_ENTERED = type_coerce(_STAY.c.entered_at, BigInteger)
_WAITED = type_coerce(_STAY.c.answered_at, BigInteger) - _ENTERED
_ANSWERED = _STAY.c.answered_at.is_not(None)
_LOST = and_(_STAY.c.answered_at.is_(None), _STAY.c.outcome == Outcome.ABANDONED)
_SHORT = and_(_STAY.c.answered_at.is_(None), _STAY.c.outcome == Outcome.SHORT_ABANDONED)
_OPEN = and_(_STAY.c.answered_at.is_(None), _STAY.c.ended_at.is_(None))
_OVERFLOWED = and_(
    _STAY.c.answered_at.is_(None), _STAY.c.outcome.in_((Outcome.OVERFLOW, Outcome.VOICEMAIL, Outcome.CALLBACK))
)
AT_ONCE_MS = 5000
"""How soon after they came the hours let somebody go (or offered them a callback) who came into a closed line; later: it closed
while they were in line."""
_EVENT = s.interaction_event
_TURNED_AWAY = and_(
    _STAY.c.answered_at.is_(None),
    exists().where(
        _EVENT.c.interaction_id == _STAY.c.interaction_id,
        _EVENT.c.type == "overflow",
        type_coerce(_EVENT.c.at, BigInteger) >= _ENTERED,
        type_coerce(_EVENT.c.at, BigInteger) <= _ENTERED + AT_ONCE_MS,
        # What a rule does may give the stay any outcome (voicemail, callback); its name says that it is one of the hours.
        cast(_EVENT.c.data, Text).like('%].closed"%'),
    ),
)
BEHIND: dict[str, ColumnElement[bool] | None] = {
    "offered": None,
    "answered": _ANSWERED,
    "abandoned": _LOST,
    "short": _SHORT,
    "overflowed": _OVERFLOWED,
    "open": _OPEN,
}
"""Numbers whose stays can be asked for → which they are."""


class Chosen(NamedTuple):
    """Which stays are counted; None = all."""

    since: datetime
    until: datetime
    line: str | None = None
    channel: str | None = None
    agent: str | None = None


class Group(NamedTuple):
    """Stays of one quarter of an hour, line and channel (and agent, where that was asked)."""

    at: datetime
    line: str | None
    channel: str
    agent: str | None
    """Or the team."""
    sums: Sums
    """`within` is 0: see `in_time`."""
    in_time: dict[int, int]
    """Waiting time in milliseconds → how many were answered within it."""


def stays(
    conn: Connection, chosen: Chosen, targets: Sequence[int], *, who: Who | None, by_time: bool
) -> Iterator[Group]:
    """Yield what the stays add up to, with how many were answered within each of `targets` (milliseconds).

    Without `by_time` every group's moment is `chosen.since`.
    """
    bucket = _ENTERED - _ENTERED % _QUARTER if by_time else literal(to_ms(chosen.since))
    person = null() if who is None else _WHO[who]
    keys = [bucket.label("at"), _STAY.c.line, _CONTACT.c.channel, person.label("who")]
    query = _chosen(
        select(*keys, *_sums(), *(_count(and_(_ANSWERED, target >= _WAITED)) for target in targets)), chosen, who
    )
    own = [_STAY.c.line, _CONTACT.c.channel, *([bucket] if by_time else []), *([person] if who else [])]
    for at, line, channel, by_whom, *numbers in conn.execute(query.group_by(*own)):
        counts = [int(number or 0) for number in numbers]
        own_sums, in_time = counts[: len(_NAMES)], counts[len(_NAMES) :]
        sums = Sums(**dict(zip(_NAMES, own_sums, strict=True)))
        yield Group(from_ms(at), line, channel, by_whom, sums, dict(zip(targets, in_time, strict=True)))


def late_stays(
    conn: Connection, chosen: Chosen, lines: Sequence[str], least_ms: int, who: Who = "agent"
) -> Iterator[tuple[datetime, datetime, str, str, str | None]]:
    """Yield (entered, answered, line, channel, agent or team) of the stays in `lines` that waited for longer than `least_ms`.

    By the clock on the wall they are late; in the hours in which their target runs they may have been in time.
    """
    columns = (_STAY.c.entered_at, _STAY.c.answered_at, _STAY.c.line, _CONTACT.c.channel, _WHO[who].label("who"))
    query = _chosen(select(*columns), chosen, who).where(_ANSWERED, _STAY.c.line.in_(lines), least_ms < _WAITED)
    for row in conn.execution_options(yield_per=5000).execute(query):
        yield row.entered_at, row.answered_at, row.line, row.channel, row.who


def agent_time(
    conn: Connection, since: datetime, until: datetime, now: datetime
) -> list[tuple[str, str, str | None, int]]:
    """Return (agent, state, reason, milliseconds) of all that agents did in that time; what goes on, goes on until `now`."""
    table = s.agent_state_log
    begin, end = to_ms(since), min(to_ms(until), to_ms(now))
    began = type_coerce(table.c.from_at, BigInteger)
    ended = func.coalesce(type_coerce(table.c.to_at, BigInteger), end)
    spent = case((ended > end, end), else_=ended) - case((began < begin, begin), else_=began)
    running = or_(table.c.to_at.is_(None), table.c.to_at > since)
    query = (
        select(table.c.agent, table.c.state, table.c.reason, func.sum(spent))
        .where(running, table.c.from_at < from_ms(end))
        .group_by(table.c.agent, table.c.state, table.c.reason)
    )
    return [(agent, state, reason, int(total)) for agent, state, reason, total in conn.execute(query)]


def offers(conn: Connection, since: datetime, until: datetime) -> list[tuple[str, str | None, int, int]]:
    """Return (agent, outcome, how many, milliseconds they rang) of the offers of that time."""
    table = s.offer
    query = (
        select(table.c.agent, table.c.outcome, func.count(), func.sum(table.c.ring_ms))
        .where(table.c.offered_at >= since, table.c.offered_at < until)
        .group_by(table.c.agent, table.c.outcome)
    )
    return [(agent, outcome, count, int(rang or 0)) for agent, outcome, count, rang in conn.execute(query)]


def behind(
    conn: Connection, chosen: Chosen, number: str, *, seen: Seen = (), limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the stays behind one of `BEHIND`, newest first, and the next cursor; `seen`: as `sight.interactions`.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    ident = (
        _STAY.c.interaction_id + "/" + func.substr("000" + func.cast(_STAY.c.n, s.interaction.c.id.type), -4)
    ).label("id")
    columns = (_STAY, _CONTACT.c.channel, _CONTACT.c.subject, _CONTACT.c.party_id, s.party.c.display_name, ident)
    query = _chosen(select(*columns), chosen).outerjoin(s.party, s.party.c.id == _CONTACT.c.party_id).where(*seen)
    condition = BEHIND[number]
    query = query if condition is None else query.where(condition)
    rows, following = cursors.page(
        list(conn.execute(cursors.after(query, cursor, _STAY.c.entered_at, ident, limit))), limit, "entered_at"
    )
    return [_view(row) for row in rows], following


def _view(row: Any) -> dict[str, Any]:
    return {
        "interaction": row.interaction_id,
        "segment": row.n,
        "channel": row.channel,
        "line": row.line,
        "agent": row.agent,
        "party_id": row.party_id,
        "party_name": row.display_name or "",
        "subject": row.subject,
        "entered_at": rfc3339(row.entered_at),
        "answered_at": text(row.answered_at),
        "ended_at": text(row.ended_at),
        "outcome": row.outcome,
        "talk_s": row.talk_ms / 1000,
    }


def _chosen(query: Select[Any], chosen: Chosen, who: Who | None = None) -> Select[Any]:
    joined = _STAY.join(_CONTACT, _CONTACT.c.id == _STAY.c.interaction_id)
    if who == "team":
        at, mine = func.coalesce(_STAY.c.answered_at, _STAY.c.entered_at), _TEAM.c.agent_id == _STAY.c.agent
        then = and_(_TEAM.c.from_at <= at, or_(_TEAM.c.until_at.is_(None), _TEAM.c.until_at > at))
        joined = joined.outerjoin(_TEAM, and_(mine, then))
    query = query.select_from(joined).where(
        _STAY.c.entered_at >= chosen.since,
        _STAY.c.entered_at < chosen.until,
        _CONTACT.c.direction == Direction.INBOUND,
        or_(_STAY.c.outcome.is_(None), _STAY.c.outcome.not_in((Outcome.CLOSED_HOURS, Outcome.JUNK, Outcome.DUPLICATE))),
        not_(_TURNED_AWAY),
    )
    own = ((_STAY.c.line, chosen.line), (_CONTACT.c.channel, chosen.channel), (_STAY.c.agent, chosen.agent))
    for column, wanted in own:
        query = query if wanted is None else query.where(column == wanted)
    return query


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _of(condition: ColumnElement[bool], value: ColumnElement[int]) -> ColumnElement[int]:
    return case((condition, value), else_=0)


def _sums() -> list[ColumnElement[Any]]:
    ended = type_coerce(_STAY.c.ended_at, BigInteger)
    columns: dict[str, ColumnElement[Any]] = {
        "offered": func.count(),
        "answered": _count(_ANSWERED),
        "abandoned": _count(_LOST),
        "short": _count(_SHORT),
        "overflowed": _count(_OVERFLOWED),
        "open": _count(_OPEN),
        "wait_ms": func.sum(_of(_ANSWERED, _WAITED)),
        "longest_ms": func.max(_of(_ANSWERED, _WAITED)),
        "given_up_ms": func.sum(_of(_LOST, ended - _ENTERED)),
        **{name: func.sum(_STAY.c[name]) for name in ("talk_ms", "hold_ms", "consult_ms", "wrap_ms")},
    }
    return [columns[name] for name in _NAMES]


_NAMES = (
    "offered",
    "answered",
    "abandoned",
    "short",
    "overflowed",
    "open",
    "wait_ms",
    "longest_ms",
    "given_up_ms",
    "talk_ms",
    "hold_ms",
    "consult_ms",
    "wrap_ms",
)
