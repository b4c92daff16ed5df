"""Members of campaigns written: added each once, called one after another, with what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, cast, exists, func, literal, or_, select, update

from contactd.core import campaigning as rules
from contactd.core.campaigning import CallRules
from contactd.core.contacting import MARKETING
from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import barred_rows, privacy_rows, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 20
PART = 50
"""Members added in one unit."""
LONGEST = 1000
"""Characters of what is said of a call."""
TASK = "campaign"
_member = s.campaign_member


def campaign(conn: Connection, ident: str) -> Any:
    """Return the record of a campaign that is kept here.

    Raises:
        NotFoundError: there is none.
    """
    record = s.record.c
    mine = (or_(record.id == ident, record.no == ident), record.kind == rules.KIND, record.deleted_at.is_(None))
    row = conn.execute(select(s.record).where(*mine)).first()
    if row is None:
        message = "there is no such campaign"
        raise NotFoundError(message)
    return row


def rules_of(row: Any) -> CallRules:
    """Return how members of a campaign are called."""
    return CallRules.of(row.fields, row.begins_at, row.ends_at)


def add(
    conn: WriteConn, row: Any, parties: Sequence[str], *, granted: bool, now: datetime, actor: str
) -> dict[str, Any]:
    """Add customers to a campaign, each once; who must not be called for its purpose stands there as left out.

    Args:
        conn: the unit's transaction.
        row: the campaign.
        parties: records of customers, at most `PART`.
        granted: for marketing only who has agreed is called.
        now: the moment.
        actor: who adds.

    Returns:
        `added`, `already` (numbers) and `left_out` (reason → number).
    """
    known = select(s.party.c.id, s.party.c.canonical_id).where(
        s.party.c.id.in_(parties), s.party.c.deleted_at.is_(None)
    )
    kept = {one.id: one.canonical_id for one in conn.execute(known)}
    wanted = list(dict.fromkeys(kept[one] for one in parties if one in kept))
    there = _already(conn, row.id, wanted)
    fresh = [one for one in wanted if one not in there]
    purpose = rules_of(row).purpose
    barred = barred_rows.barred(conn.connection, fresh, now, purpose=purpose, granted=granted, reachable=True)
    left_out: dict[str, int] = {}
    for party in fresh:
        why = barred.get(party)
        state = rules.OPEN if why is None else rules.LEFT_OUT
        values = {"id": f"{row.id}:{party}", "campaign_id": row.id, "party_id": party, "state": state, "reason": why}
        made = insert(_member).values(**values, next_at=now, added_at=now, added_by=actor)
        conn.execute(made.on_conflict_do_nothing(index_elements=["campaign_id", "party_id"]))
        if why is not None:
            left_out[why] = left_out.get(why, 0) + 1
    added = len(fresh) - sum(left_out.values())
    return {"added": added, "already": len(wanted) - len(fresh), "left_out": left_out}


def _already(conn: WriteConn, campaign_id: str, parties: Sequence[str]) -> set[str]:
    """Return who is a member by whichever of their records."""
    query = (
        select(s.party.c.canonical_id)
        .join(_member, _member.c.party_id == s.party.c.id)
        .where(_member.c.campaign_id == campaign_id, s.party.c.canonical_id.in_(parties))
    )
    return set(conn.execute(query).scalars())


def running(conn: Connection, now: datetime) -> list[Any]:
    """Return the campaigns that go on and in which somebody is to be called now."""
    record = s.record.c
    mine = (record.kind == rules.KIND, record.stage == rules.RUNNING, record.deleted_at.is_(None))
    due = (_member.c.campaign_id == record.id, _member.c.state.in_(rules.WAITING), _member.c.next_at <= now)
    return list(conn.execute(select(s.record).where(*mine, exists().where(*due)).order_by(record.id)))


def call(conn: WriteConn, row: Any, *, line: str | None, granted: bool, now: datetime) -> int:
    """Bring the next members of a campaign into the queue, as far as its rules let; return how many were looked at.

    Each is looked at once more: wishes may have changed, and two members may have turned out to be one customer.
    """
    how = rules_of(row)
    standing = (_member.c.campaign_id == row.id, _member.c.state == rules.QUEUED)
    room = how.at_once - int(conn.execute(select(func.count()).where(*standing)).scalar_one())
    if room <= 0 or not how.may_call(now):
        return 0
    due = (_member.c.campaign_id == row.id, _member.c.state.in_(rules.WAITING), _member.c.next_at <= now)
    query = select(_member, s.party.c.canonical_id).join(s.party, s.party.c.id == _member.c.party_id).where(*due)
    rows = conn.execute(query.order_by(_member.c.next_at, _member.c.id).limit(min(room, BATCH))).all()
    whom = [one.canonical_id for one in rows]
    barred = barred_rows.barred(conn.connection, whom, now, purpose=how.purpose, granted=granted, reachable=True)
    for one in rows:
        why = barred.get(one.canonical_id)
        if why is not None:
            _set(conn, one, {"state": rules.move(one.state, rules.LEFT_OUT), "reason": why})
        elif one.canonical_id != one.party_id and one.canonical_id in _already(conn, row.id, [one.canonical_id]):
            _merged(conn, row, one, line, now)
        else:
            _queue(conn, row, one, line, now)
    return len(rows)


def _merged(conn: WriteConn, row: Any, one: Any, line: str | None, now: datetime) -> None:
    """Let of two members who are one customer by now only one be called: the record they are kept under, if it is one."""
    other = select(_member.c.id).join(s.party, s.party.c.id == _member.c.party_id)
    same = (_member.c.campaign_id == row.id, s.party.c.canonical_id == one.canonical_id, _member.c.id != one.id)
    if conn.execute(other.where(*same).limit(1)).first() is not None:
        _set(conn, one, {"state": rules.move(one.state, rules.DONE), "reason": "duplicate"})
    else:
        _queue(conn, row, one, line, now)


def _queue(conn: WriteConn, row: Any, one: Any, line: str | None, now: datetime) -> None:
    values = {"kind": TASK, "subject": row.title, "body": row.fields.get("about") or "", "party_id": one.canonical_id}
    values |= {"about_id": one.id, "line": line, "due_at": now}
    task_rows.put(conn, f"{one.id}:{one.attempts + 1}", values, now=now, actor=row.owner or row.created_by)
    _set(conn, one, {"state": rules.move(one.state, rules.QUEUED)})


def caller(conn: Connection, task: str) -> str | None:
    """Return who has the call in hand, or had it last; None: nobody yet."""
    query = select(s.interaction.c.agent).join(s.task, s.task.c.interaction_id == s.interaction.c.id)
    found: str | None = conn.execute(query.where(s.task.c.id == task)).scalar()
    return found


def say(conn: WriteConn, task: str, outcome: str, *, text: str, ident: str, now: datetime, actor: str) -> str:
    """Note what became of a call; who refuses marketing is not called for it again, by whatever campaign.  Return the member's id.

    Args:
        conn: the unit's transaction.
        task: the call.
        outcome: of `campaigning.OUTCOMES`.
        text: what was said.
        ident: of what is noted about the customer's consent.
        now: the moment.
        actor: who called.

    Raises:
        NotFoundError: it is no call of a campaign.
        ConflictError: it is over (code `bad_state`).
    """
    found = select(_member).join(s.task, s.task.c.about_id == _member.c.id)
    one = conn.execute(found.where(s.task.c.id == task, s.task.c.kind == TASK)).first()
    if one is None:
        message = "this is no call of a campaign"
        raise NotFoundError(message)
    if task != f"{one.id}:{one.attempts + 1}":
        message = "this call is over"
        raise ConflictError(message, code="bad_state")
    row = campaign(conn.connection, one.campaign_id)
    how = rules_of(row)
    after = rules.move(one.state, how.after(outcome, one.attempts + 1))
    _set(conn, one, {**_called(one, after, how, now), "outcome": text[:LONGEST], "last_by": actor})
    if outcome == rules.REFUSED and how.purpose == MARKETING:
        said = {"id": ident, "party_id": one.party_id, "purpose": MARKETING, "channel": "", "state": "denied"}
        privacy_rows.say(conn, {**said, "evidence": row.no, "by": actor}, now)
    return str(one.id)


def settle(conn: WriteConn, now: datetime) -> int:
    """Look after calls that left the queue without a word: done ones count as tried, dropped ones come again; return how many."""
    attempt = _member.c.id + literal(":") + cast(_member.c.attempts + 1, Text)
    query = (
        select(_member, s.task.c.state.label("task_state"), s.task.c.ended_by)
        .join(s.task, s.task.c.id == attempt)
        .where(_member.c.state == rules.QUEUED, s.task.c.state.not_in(task_rows.OPEN), s.task.c.in_line.is_(False))
    )
    rows = conn.execute(query.order_by(_member.c.id).limit(BATCH)).all()
    for one in rows:
        how = rules_of(campaign(conn.connection, one.campaign_id))
        if one.task_state == "done":
            after = rules.move(one.state, how.after(rules.TRIED, one.attempts + 1))
            _set(conn, one, {**_called(one, after, how, now), "last_by": one.ended_by})
        else:
            _set(conn, one, {"state": rules.move(one.state, rules.OPEN), "next_at": now + how.pause})
    return len(rows)


def of_segment(conn: Connection, segment: str, after: str, seen: Seen = ()) -> list[str]:
    """Return the next customers of a segment, by id."""
    facet = s.party_facet
    query = select(s.party.c.id).join(facet, facet.c.party_id == s.party.c.id)
    mine = (facet.c.kind == "segment", facet.c.value == segment, s.party.c.id > after, *seen)
    return list(conn.execute(query.where(*mine).order_by(s.party.c.id).limit(PART)).scalars())


def of_import(conn: Connection, job: str, after: int) -> list[tuple[int, str | None]]:
    """Return the next rows of an import with the customers they became or changed."""
    row = s.import_row
    query = select(row.c.n, row.c.party_id).where(row.c.job_id == job, row.c.n > after)
    return [(one.n, one.party_id) for one in conn.execute(query.order_by(row.c.n).limit(PART))]


def only_seen(conn: Connection, parties: Sequence[str], seen: Seen) -> list[str]:
    """Return those of some customers that are seen (as `sight.parties`), by the records they are kept under."""
    own = s.party.alias("own")
    query = select(own.c.id).join(s.party, s.party.c.id == own.c.canonical_id).where(own.c.id.in_(parties), *seen)
    return list(conn.execute(query).scalars())


def forget(conn: WriteConn, parties: Sequence[str]) -> None:
    """Empty what was said by somebody who is erased, and call them no more."""
    mine = _member.c.party_id.in_(parties)
    conn.execute(update(_member).where(mine).values(outcome=""))
    gone = {"state": rules.LEFT_OUT, "reason": barred_rows.RESTRICTED}
    conn.execute(update(_member).where(mine, _member.c.state.in_(rules.WAITING)).values(gone))


def _called(one: Any, after: str, how: CallRules, now: datetime) -> dict[str, Any]:
    return {"state": after, "attempts": one.attempts + 1, "last_at": now, "next_at": now + how.pause}


def _set(conn: WriteConn, one: Any, values: dict[str, Any]) -> None:
    conn.execute(update(_member).where(_member.c.id == one.id, _member.c.state == one.state).values(values))
