"""Who may be whom: candidates found in the background by exact keys, and what people said of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, not_, or_, select, update

from contactd.clock import rfc3339
from contactd.core import matching
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.matching import MOST, PROPOSED, Profile
from contactd.crm_store import audit, cursors, due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 5
"""Records compared in one unit: each may have some dozen keys and candidates."""
PROPOSING = 500
"""Pairs somebody's proposals may wait with at a time."""
ASKED = "asked"
"""Reason of a pair somebody proposed."""
STATES = ("open", "merged", "rejected", "snoozed")


def match_some(conn: WriteConn, now: datetime, new_id: Callable[[], str]) -> bool:
    """Compare the records that changed longest ago with all others; True while there may be more to do."""
    due = due_rows.take(conn, due_rows.MATCH, BATCH)
    for party in due:
        _match(conn, party, now, new_id)
    due_rows.done(conn, due_rows.MATCH, due)
    return bool(due)


def like(conn: Connection, profile: Profile) -> list[dict[str, Any]]:
    """Return whom somebody who is about to be added may already be, likeliest first: name and owner, nothing else.

    It looks across all owners, so it shows no more than is needed to ask the right colleague.
    """
    own = s.party.alias("own")
    found: dict[str, set[str]] = defaultdict(set)
    for rule, value in sorted(matching.keys(profile)):
        query = select(own.c.canonical_id).join(s.match_key, s.match_key.c.party_id == own.c.id)
        query = query.where(s.match_key.c.rule == rule, s.match_key.c.value == value).distinct().limit(MOST + 1)
        holders = [row.canonical_id for row in conn.execute(query)]
        if len(holders) <= MOST:
            for holder in holders:
                found[holder].add(rule)
    query = select(s.party.c.id, s.party.c.display_name, s.party.c.owner_id, s.agent.c.display_name.label("owner"))
    query = query.outerjoin(s.agent, s.agent.c.id == s.party.c.owner_id)
    rows = conn.execute(query.where(s.party.c.id.in_(found), s.party.c.deleted_at.is_(None)))
    hits = [
        {
            "party_id": row.id,
            "name": row.display_name,
            "owner": row.owner or row.owner_id,
            "score": matching.score(found[row.id]),
            "reasons": sorted(found[row.id]),
        }
        for row in rows
    ]
    return sorted(hits, key=lambda hit: (-hit["score"], hit["party_id"]))


def proposals(
    conn: Connection,
    *,
    now: datetime,
    state: str = "open",
    party: str | None = None,
    seen: Seen = (),
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of candidate pairs, newest first: the work list, or those of one `party`.

    Snoozed ones come back when their day has come.  `seen`: as `sight.of_pairs`.

    Raises:
        BadRequestError: there is no such state, or the cursor or limit is wrong.
    """
    if state not in STATES:
        message = f"a candidate is {', '.join(STATES)}"
        raise BadRequestError(message, field="state")
    table, a, b = s.dup_candidate, s.party.alias("a"), s.party.alias("b")
    query = (
        select(table, a.c.display_name.label("a_name"), b.c.display_name.label("b_name"))
        .join(a, a.c.id == table.c.a)
        .join(b, b.c.id == table.c.b)
        .where(a.c.deleted_at.is_(None), b.c.deleted_at.is_(None), *seen)
    )
    woken = and_(table.c.state == "snoozed", table.c.until <= now)
    query = query.where(or_(table.c.state == "open", woken) if state == "open" else table.c.state == state)
    if party is not None:
        query = query.where(or_(table.c.a == party, table.c.b == party))
    query = cursors.after(query, cursor, table.c.at, table.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "at")
    items = [
        {
            "id": row.id,
            "a": {"party_id": row.a, "name": row.a_name},
            "b": {"party_id": row.b, "name": row.b_name},
            "score": row.score,
            "reasons": row.reasons,
            "state": "open" if state == "open" else row.state,
            "until": rfc3339(row.until) if row.until else None,
            "at": rfc3339(row.at),
        }
        for row in rows
    ]
    return items, following


def decide(conn: WriteConn, ident: str, state: str, *, until: datetime | None, actor: str, now: datetime) -> None:
    """Say that two records are not one customer (`rejected`: never proposed again), or ask again later (`snoozed`).

    Raises:
        NotFoundError: there is no such open pair.
        BadRequestError: no such decision, or a day to ask again is missing.
    """
    if state not in {"rejected", "snoozed", "open"}:
        message = "say rejected, snoozed or open"
        raise BadRequestError(message, field="state")
    if state == "snoozed" and (until is None or until <= now):
        message = "say when it is to be asked again"
        raise BadRequestError(message, field="until")
    table = s.dup_candidate
    done = conn.execute(
        update(table)
        .where(table.c.id == ident, table.c.state != "merged")
        .values(state=state, until=until if state == "snoozed" else None, decided_by=actor, decided_at=now),
    )
    if done.rowcount == 0:
        message = "there is no such pair to decide on"
        raise NotFoundError(message)
    audit.note(conn, actor, "duplicate.decide", ("duplicate", ident), now, state=state)


def propose(conn: WriteConn, ident: str, a: str, b: str, *, actor: str, now: datetime) -> None:
    """Put two records on the work list because somebody says so; a pair that is there, or was decided on, stays as it is.

    Raises:
        BadRequestError: it is one record twice.
        NotFoundError: one of them is no customer's own record.
        ConflictError: this person has proposed too many that wait (code `too_many`).
    """
    if a == b:
        message = "a record cannot be merged into itself"
        raise BadRequestError(message, code="same", field="b")
    own, table = s.party, s.dup_candidate
    there = select(own.c.id).where(own.c.id.in_((a, b)), own.c.canonical_id == own.c.id, own.c.deleted_at.is_(None))
    if len(conn.execute(there).all()) < len((a, b)):
        message = "there is no such customer"
        raise NotFoundError(message)
    waiting = select(func.count()).where(table.c.state == "open", table.c.decided_by == actor)
    if conn.execute(waiting).scalar_one() >= PROPOSING:
        message = "too many pairs of yours wait"
        raise ConflictError(message, code="too_many")
    first, second = sorted((a, b))
    new = insert(table).values(id=ident, a=first, b=second, score=PROPOSED, reasons=[ASKED], state="open", at=now)
    made = conn.execute(
        new.values(decided_by=actor, decided_at=now).on_conflict_do_nothing(index_elements=["a", "b"])
    ).rowcount
    if made:
        audit.note(conn, actor, "duplicate.propose", ("party", a), now, **{"with": b})


def profile_of(conn: Connection, party: str) -> Profile | None:
    """Return what is compared of a record; None when it is deleted, erased or merged into another."""
    row = conn.execute(select(s.party).where(s.party.c.id == party)).first()
    if row is None or row.deleted_at is not None or row.pii_state != "normal" or row.canonical_id != party:
        return None
    own, claim, point, other = s.party, s.contact_claim, s.contact_point, s.party.alias("other")
    firm, firms_claim = s.party.alias("firm"), s.contact_claim.alias("firms_claim")
    # A number that an organisation has, too, is its switchboard: it says nothing about the people behind it.
    board = exists().where(
        firms_claim.c.contact_point_id == point.c.id,
        firms_claim.c.valid_to.is_(None),
        firm.c.id == firms_claim.c.party_id,
        firm.c.kind == "org",
    )
    is_board = or_(point.c.shared, board) if row.kind != "org" else point.c.shared
    points = conn.execute(
        select(point.c.kind, point.c.value_norm, point.c.ext, is_board.label("shared"))
        .join(claim, claim.c.contact_point_id == point.c.id)
        .join(own, own.c.id == claim.c.party_id)
        .where(own.c.canonical_id == party, claim.c.valid_to.is_(None), claim.c.level != "inferred")
        .distinct(),
    )
    firms = conn.execute(
        select(other.c.display_name)
        .join(s.party_link, s.party_link.c.to_party == other.c.id)
        .where(s.party_link.c.from_party == party, s.party_link.c.active),
    )
    return Profile(
        kind=row.kind,
        name=row.display_name,
        legal_name=row.legal_name,
        uscc=row.uscc,
        points=[(one.kind, one.value_norm, one.ext, bool(one.shared)) for one in points],
        organisations=[one.display_name for one in firms],
    )


def _match(conn: WriteConn, party: str, now: datetime, new_id: Callable[[], str]) -> None:
    """Write a record's keys anew and propose the pairs that agree in some."""
    profile = profile_of(conn.connection, party)
    conn.execute(delete(s.match_key).where(s.match_key.c.party_id == party))
    found = matching.keys(profile) if profile is not None else set()
    if found:
        rows = [{"party_id": party, "rule": rule, "value": value} for rule, value in sorted(found)]
        conn.execute(insert(s.match_key).values(rows))
    agreeing: dict[str, set[str]] = defaultdict(set)
    for rule, value in sorted(found):
        for other in _others(conn, party, profile.kind if profile else "", rule, value):
            agreeing[other].add(rule)
    _propose(conn, party, agreeing, now, new_id)


def _others(conn: WriteConn, party: str, kind: str, rule: str, value: str) -> Sequence[str]:
    """Return the other customers with the same key; none when so many share it that it says nothing.

    A person and an organisation are never one.
    """
    never = {"person": "org", "org": "person"}.get(kind, "")
    own, key = s.party, s.match_key
    query = (
        select(key.c.party_id)
        .join(own, own.c.id == key.c.party_id)
        .where(key.c.rule == rule, key.c.value == value, key.c.party_id != party, own.c.canonical_id == own.c.id)
        .where(own.c.kind != never)
        .limit(MOST)
    )
    found = [row.party_id for row in conn.execute(query)]
    return found if len(found) < MOST else ()


def _propose(
    conn: WriteConn, party: str, agreeing: dict[str, set[str]], now: datetime, new_id: Callable[[], str]
) -> None:
    """Bring the open pairs of a record up to date; what people decided stays."""
    table = s.dup_candidate
    about = or_(table.c.a == party, table.c.b == party)
    gone = delete(table).where(about, table.c.state == "open", table.c.decided_by.is_(None))
    pairs = {tuple(sorted((party, other))): rules for other, rules in agreeing.items()}
    likely = {pair: rules for pair, rules in pairs.items() if matching.score(rules) >= PROPOSED}
    stay = [and_(table.c.a == a, table.c.b == b) for a, b in likely]
    conn.execute(gone.where(not_(or_(*stay))) if stay else gone)
    for (a, b), rules in sorted(likely.items()):
        new = insert(table).values(
            id=new_id(), a=a, b=b, score=matching.score(rules), reasons=sorted(rules), state="open", at=now
        )
        conn.execute(
            new.on_conflict_do_update(
                index_elements=["a", "b"],
                set_={"score": new.excluded.score, "reasons": new.excluded.reasons},
                where=or_(table.c.state != "open", table.c.decided_by.is_(None)),
            ),
        )


def counts(conn: Connection) -> int:
    """Return how many pairs wait for somebody's decision."""
    query = select(func.count()).where(s.dup_candidate.c.state == "open")
    return int(conn.execute(query).scalar_one())
