"""Sampling: how many contacts of every agent and week are assessed, which of them fit, and what was drawn by lot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, type_coerce, update
from sqlalchemy.types import BigInteger

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.interaction import Outcome
from contactd.core.quality import HOW, Candidate, Review
from contactd.crm_store import qa_form_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

LONGEST = 200
MOST = 200
MOST_CANDIDATES = 200_000
MOST_SECONDS = 24 * 3600
CHUNK = 500
DRAWS_SHOWN = 100
_RULE, _DRAW, _CONTACT = s.qa_rule, s.qa_draw, s.interaction
_NEW = hot(insert(s.qa_review))
_SHOWN = (
    "id", "name", "form_id", "line", "channel", "how", "amount", "least_s", "most_percent", "complaint", "zone", "active",
    "row_version",
)  # fmt: skip


def create(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Make a rule.

    Raises:
        BadRequestError: a field is wrong, or there are too many.
        NotFoundError: there is no such scorecard.
    """
    fields = _checked({"name": "", "form_id": "", **values})
    qa_form_rows.get(conn.connection, fields["form_id"])
    if len(listed(conn.connection)) >= MOST:
        message = f"there are {MOST} rules already"
        raise BadRequestError(message)
    about = {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    conn.execute(insert(_RULE).values(id=ident, **fields, **about))


def patch(
    conn: WriteConn, ident: str, values: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change a rule; weeks that are drawn stay as they are.

    Raises:
        NotFoundError: there is no such rule, or scorecard.
        ConflictError: somebody changed it since `row_version` (code `changed`).
        BadRequestError: a field is wrong.
    """
    fields = _checked(values)
    own = (_RULE.c.id == ident, _RULE.c.deleted_at.is_(None))
    row = conn.execute(select(_RULE).where(*own).with_for_update()).first()
    if row is None:
        raise _nothing()
    if row_version is not None and row_version != row.row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    if {"how", "amount"} & fields.keys():
        _amount({"how": row.how, "amount": row.amount} | fields)
    if "form_id" in fields:
        qa_form_rows.get(conn.connection, fields["form_id"])
    about = {"updated_at": now, "updated_by": actor, "row_version": row.row_version + 1}
    conn.execute(update(_RULE).where(*own).values(fields | about))


def drop(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Draw no more by a rule.

    Raises:
        NotFoundError: there is none.
    """
    gone = {"deleted_at": now, "active": False, "updated_at": now, "updated_by": actor}
    if conn.execute(update(_RULE).where(_RULE.c.id == ident, _RULE.c.deleted_at.is_(None)).values(gone)).rowcount == 0:
        raise _nothing()


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return every rule, by name."""
    query = select(_RULE).where(_RULE.c.deleted_at.is_(None)).order_by(_RULE.c.name, _RULE.c.id)
    return [view(row) for row in conn.execute(query)]


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one rule.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(_RULE).where(_RULE.c.id == ident, _RULE.c.deleted_at.is_(None))).first()
    if row is None:
        raise _nothing()
    return view(row)


def draws(conn: Connection) -> list[dict[str, Any]]:
    """Return the newest draws, each with its seed: whoever draws again finds the same contacts."""
    query = select(_DRAW, _RULE.c.name).join(_RULE, _RULE.c.id == _DRAW.c.rule_id)
    rows = conn.execute(query.order_by(_DRAW.c.week.desc(), _RULE.c.name, _DRAW.c.rule_id).limit(DRAWS_SHOWN))
    names = ("rule_id", "name", "week", "seed", "candidates", "agents", "drawn")
    return [{name: getattr(row, name) for name in names} | {"at": text(row.at)} for row in rows]


def undrawn(conn: Connection, weeks: Callable[[str], str]) -> list[tuple[dict[str, Any], str]]:
    """Return (rule, week) of rules whose week is not drawn; `weeks`: zone → the Monday that is due there."""
    rows = conn.execute(select(_RULE).where(_RULE.c.active, _RULE.c.deleted_at.is_(None)).order_by(_RULE.c.id)).all()
    due = [(view(row), weeks(row.zone)) for row in rows]
    done = set()
    if due:
        query = select(_DRAW.c.rule_id, _DRAW.c.week).where(_DRAW.c.week.in_({week for _, week in due}))
        done = {(row.rule_id, row.week) for row in conn.execute(query)}
    return [(rule, week) for rule, week in due if (rule["id"], week) not in done]


def candidates(conn: Connection, rule: Mapping[str, Any], since: datetime, until: datetime) -> list[Candidate]:
    """Return the contacts of a time that fit a rule and are not assessed: those an agent had and that are over."""
    review, party = s.qa_review, s.party
    query = (
        select(_CONTACT.c.id, _CONTACT.c.agent)
        .outerjoin(party, party.c.id == _CONTACT.c.party_id)
        .where(
            _CONTACT.c.ended_at >= since,
            _CONTACT.c.ended_at < until,
            _CONTACT.c.agent.is_not(None),
            _CONTACT.c.auto.is_(None),
            or_(_CONTACT.c.outcome.is_(None), _CONTACT.c.outcome.not_in((Outcome.JUNK, Outcome.DUPLICATE))),
            or_(party.c.id.is_(None), party.c.pii_state == "normal"),
            ~exists().where(review.c.interaction_id == _CONTACT.c.id, review.c.calibrates.is_(None)),
            *_fits_rule(rule),
        )
    )
    return [Candidate(row.id, row.agent) for row in conn.execute(query.order_by(_CONTACT.c.id).limit(MOST_CANDIDATES))]


def _fits_rule(rule: Mapping[str, Any]) -> Iterable[ColumnElement[bool]]:
    for name in ("line", "channel"):
        if rule[name] is not None:
            yield _CONTACT.c[name] == rule[name]
    if rule["least_s"]:
        spent = type_coerce(_CONTACT.c.talk_ms, BigInteger) + type_coerce(_CONTACT.c.hold_ms, BigInteger)
        yield spent >= rule["least_s"] * 1000
    if rule["most_percent"] is not None:
        invite = s.survey_invite
        low = and_(invite.c.interaction_id == _CONTACT.c.id, invite.c.percent <= rule["most_percent"])
        yield exists().where(low)
    if rule["complaint"]:
        yield exists().where(s.case_.c.id == _CONTACT.c.case_id, s.case_.c.type == "complaint")


def keep(
    conn: WriteConn,
    draw: Mapping[str, Any],
    rule: Mapping[str, Any],
    found: Sequence[tuple[str, Candidate]],
    now: datetime,
) -> int:
    """Note a draw and the assessments it makes, once for a rule and week; return how many there are.

    Args:
        conn: the unit's transaction.
        draw: `rule_id, week, seed, candidates, agents`.
        rule: the rule.
        found: an id for each assessment, and its contact.
        now: the moment.
    """
    noted = insert(_DRAW).values(**draw, at=now, drawn=len(found)).on_conflict_do_nothing()
    if conn.execute(noted).rowcount == 0:
        return 0
    form = qa_form_rows.get(conn.connection, rule["form_id"])
    about = _about(conn, [one.interaction for _, one in found])
    fresh = _fresh(form, now) | {"rule_id": rule["id"]}
    rows = [
        fresh | about[one.interaction] | {"id": ident, "interaction_id": one.interaction, "agent": one.agent}
        for ident, one in found
    ]
    # In one go: a draw is all of it, and must not hold up everybody else for each of its contacts.
    if rows:
        conn.many(_NEW, rows)
    return len(rows)


def _about(conn: WriteConn, idents: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what an assessment keeps of each contact."""
    found: dict[str, dict[str, Any]] = {}
    columns = (_CONTACT.c.id, _CONTACT.c.line, _CONTACT.c.channel, _CONTACT.c.ended_at)
    for at in range(0, len(idents), CHUNK):
        for row in conn.execute(select(*columns).where(_CONTACT.c.id.in_(idents[at : at + CHUNK]))):
            found[row.id] = {"line": row.line, "channel": row.channel, "contact_at": row.ended_at}
    return found


def _fresh(form: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return every column of an assessment that is to be given."""
    empty: dict[str, Any] = dict.fromkeys(column.name for column in s.qa_review.c)
    words = dict.fromkeys(("comment", "objection", "reply"), "")
    judged = {"form_id": form["id"], "form_version": form["version"], "state": str(Review.DRAWN), "made_at": now}
    return empty | words | {"answers": {}, "remarks": {}, "failed": [], "row_version": 1} | judged


def make(
    conn: WriteConn, ident: str, interaction: str, *, form: Mapping[str, Any], now: datetime, **values: Any
) -> None:
    """Let a contact be assessed by a scorecard as it stands now.

    Raises:
        NotFoundError: there is no such contact.
        ConflictError: nobody had it, or it is not over (code `not_over`).
    """
    row = conn.execute(select(_CONTACT).where(_CONTACT.c.id == interaction)).first()
    if row is None:
        message = "there is no such interaction"
        raise NotFoundError(message)
    if row.agent is None or row.ended_at is None:
        message = "only a contact that is over and that somebody had can be assessed"
        raise ConflictError(message, code="not_over")
    about = {"agent": row.agent, "line": row.line, "channel": row.channel, "contact_at": row.ended_at}
    conn.many(_NEW, [_fresh(form, now) | about | {"id": ident, "interaction_id": interaction} | values])


def view(row: Any) -> dict[str, Any]:
    """Return a rule as the wire shows it."""
    return {name: getattr(row, name) for name in _SHOWN} | {"updated_at": text(row.updated_at)}


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if name not in _FITS or not _FITS[name](value):
            message = f"{name} has a wrong value"
            raise BadRequestError(message, field=name)
    _amount({"how": "number", "amount": 1} | dict(values))
    return dict(values)


def _amount(values: Mapping[str, Any]) -> None:
    """See that there are at most a hundred of a hundred."""
    if values["how"] == "percent" and values["amount"] > 100:  # noqa: PLR2004 - per cent
        message = "at most 100 per cent can be drawn"
        raise BadRequestError(message, field="amount")


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _word(value: Any) -> bool:
    return value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST)


_FITS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str) and 0 < len(value.strip()) <= LONGEST,
    "form_id": lambda value: isinstance(value, str) and 0 < len(value) <= LONGEST,
    "line": _word,
    "channel": _word,
    "how": lambda value: value in HOW,
    "amount": _within(1, 1000),
    "least_s": _within(0, MOST_SECONDS),
    "most_percent": lambda value: value is None or _within(0, 100)(value),
    "complaint": lambda value: isinstance(value, bool),
    "zone": lambda value: isinstance(value, str) and value in available_timezones(),
    "active": lambda value: isinstance(value, bool),
}


def _nothing() -> NotFoundError:
    message = "there is no such rule"
    return NotFoundError(message)
