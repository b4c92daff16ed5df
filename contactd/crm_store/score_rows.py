"""What customers are worth and how often they are in touch, counted a few at a time, and the segments that follow from it.

It stands in the customer's own row (`score`), beside what people change: counting touches neither who changed it last nor
its version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select, update

from contactd.clock import to_ms
from contactd.core import segmenting
from contactd.core.case import OVER
from contactd.core.segmenting import CustomerPlan, Worth
from contactd.crm_store import facet_rows, task_rows
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 200
"""Customers read at once."""
WRITTEN = 10
"""Customers written in one unit."""
LOST = ("cancelled", "returned", "refunded", "declined", "lost", "written_off", "draft")
"""Stages in which an amount is nobody's."""
NARROW = math.log(1.01)
"""Width of a step of the sum: amounts a hundredth apart count as the same."""
_MARK = "scores"
_member = s.party.alias("member")


@dataclass(slots=True)
class Sum:
    """What all customers are worth together, by steps of their amounts; never larger than there are steps."""

    steps: dict[int, list[int]] = field(default_factory=dict)
    """Step → sum of its amounts, the least of them."""

    def add(self, amounts: Iterable[int]) -> None:
        """Add what some customers are worth."""
        for amount in amounts:
            if amount <= 0:
                continue
            step = self.steps.setdefault(int(math.log(amount) / NARROW), [0, amount])
            step[0] += amount
            step[1] = min(step[1], amount)

    def limits(self, worth: Worth) -> tuple[int, int]:
        """Return from which amount on somebody is A, and B."""
        total, before, limits = sum(one for one, _ in self.steps.values()), 0, [0, 0]
        for _step, (amount, least) in sorted(self.steps.items(), reverse=True):
            for place, share in enumerate((worth.a, worth.b)):
                if before < share * total:
                    limits[place] = least
            before += amount
        return limits[0], limits[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the last count of all ended."""

    at: datetime
    limits: tuple[int, int]
    plan: str
    """What it was counted by: a digest of the policy's `customers`."""


def standing(conn: Connection) -> Standing | None:
    """Return how the last count ended; None = there was none."""
    row = conn.execute(select(s.mark).where(s.mark.c.name == _MARK)).first()
    if row is None:
        return None
    kept = json.loads(row.value)
    return Standing(at=row.at, limits=(kept["a"], kept["b"]), plan=kept["plan"])


def ended(conn: WriteConn, now: datetime, limits: tuple[int, int], plan: str) -> None:
    """Note that all were counted as of `now`."""
    new = insert(s.mark).values(name=_MARK, value=json.dumps({"a": limits[0], "b": limits[1], "plan": plan}), at=now)
    also = {"value": new.excluded.value, "at": new.excluded.at}
    conn.execute(new.on_conflict_do_update(index_elements=["name"], set_=also))


def amounts(conn: Connection, plan: CustomerPlan, after: str, now: datetime) -> tuple[list[int], str | None]:
    """Return what the next customers are worth, and after whom to go on (None: these were the last)."""
    idents = _next(conn, after)
    return list(_worth(conn, idents, plan, now).values()), idents[-1] if len(idents) == BATCH else None


def changed(
    conn: Connection, plan: CustomerPlan, limits: tuple[int, int], after: str, now: datetime
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """Count the next customers; return the new scores of those that have another now, and after whom to go on."""
    idents = _next(conn, after)
    parts = (_worth(conn, idents, plan, now), _contacts(conn, idents, plan, now))
    complaints, ends = _complaints(conn, idents), _ends(conn, idents, now)
    found: dict[str, dict[str, Any]] = {}
    for row in conn.execute(select(s.party).where(s.party.c.id.in_(idents))).mappings():
        ident = row["id"]
        count, last = parts[1].get(ident, (0, None))
        quiet = None if last is None else (now - last) / timedelta(days=1)
        score: dict[str, Any] = {
            "value": parts[0].get(ident),
            "value_class": _class(parts[0].get(ident), limits),
            "contacts": count,
            "contact_class": plan.touch.of(count, quiet),
            "last_contact_at": None if last is None else to_ms(last),
            "complaints": complaints.get(ident, 0),
            "contract_ends_at": ends.get(ident),
        }
        score["segments"] = plan.segments_of(segmenting.facts_of({**dict(row), "score": score}, now))
        before = {name: value for name, value in (row["score"] or {}).items() if name != "as_of"}
        if score != before:
            found[ident] = score | {"as_of": to_ms(now)}
    return found, idents[-1] if len(idents) == BATCH else None


def keep(conn: WriteConn, scores: Mapping[str, Mapping[str, Any]]) -> None:
    """Write new scores, and by what these customers are filtered; who was merged or erased meanwhile is left alone."""
    mine = (s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None), s.party.c.pii_state != "erased")
    kept = []
    for ident, score in scores.items():
        done = conn.execute(update(s.party).where(s.party.c.id == ident, *mine).values(score=dict(score)))
        kept += [ident] * done.rowcount
    facet_rows.follow(conn, kept)


def unnumbered(conn: Connection, after: str) -> tuple[list[str], str | None]:
    """Return the next customers without a number, and after whom to go on (None: these were the last)."""
    mine = (s.party.c.id == s.party.c.canonical_id, s.party.c.no.is_(None), s.party.c.kind != "unknown")
    query = select(s.party.c.id).where(*mine, s.party.c.deleted_at.is_(None), s.party.c.pii_state == "normal")
    idents = list(conn.execute(query.where(s.party.c.id > after).order_by(s.party.c.id).limit(BATCH)).scalars())
    return idents, idents[-1] if len(idents) == BATCH else None


def counted(conn: Connection, seen: Seen = ()) -> dict[str, dict[str, int]]:
    """Return kind (segment, value_class, contact_class) → value → how many customers."""
    table = s.party_facet
    query = select(table.c.kind, table.c.value, func.count().label("n")).where(table.c.kind.in_(facet_rows.SCORES))
    if seen:
        query = query.join(s.party, s.party.c.id == table.c.party_id).where(*seen)
    found: dict[str, dict[str, int]] = {kind: {} for kind in facet_rows.SCORES}
    for row in conn.execute(query.group_by(table.c.kind, table.c.value)):
        found[row.kind][row.value] = row.n
    return found


def fitting(
    conn: Connection, conditions: Sequence[segmenting.Condition], after: str, now: datetime, seen: Seen = ()
) -> tuple[list[tuple[str, str]], int, str | None]:
    """Return (id, name) of the next customers of whom all conditions hold, how many were looked at, and where to go on."""
    alive = (s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None), s.party.c.pii_state == "normal")
    query = select(s.party).where(*alive, *seen, s.party.c.id > after).order_by(s.party.c.id).limit(BATCH)
    rows = conn.execute(query).mappings().all()
    fit = [
        (row["id"], row["display_name"])
        for row in rows
        if segmenting.holds(conditions, segmenting.facts_of(dict(row), now))
    ]
    return fit, len(rows), rows[-1]["id"] if len(rows) == BATCH else None


def _next(conn: Connection, after: str) -> list[str]:
    alive = (s.party.c.id == s.party.c.canonical_id, s.party.c.deleted_at.is_(None), s.party.c.pii_state != "erased")
    query = select(s.party.c.id).where(*alive, s.party.c.id > after).order_by(s.party.c.id).limit(BATCH)
    return list(conn.execute(query).scalars())


def _worth(conn: Connection, idents: Sequence[str], plan: CustomerPlan, now: datetime) -> dict[str, int]:
    record, worth = s.record.c, plan.worth
    since = now - timedelta(days=worth.days)
    query = (
        select(_member.c.canonical_id, func.sum(record.amount).label("amount"))
        .join_from(_member, s.record, record.party_id == _member.c.id)
        .where(_member.c.canonical_id.in_(idents), record.kind.in_(worth.kinds), record.stage.not_in(LOST))
        .where(record.currency == worth.currency, record.deleted_at.is_(None))
        .where(func.coalesce(record.begins_at, record.created_at) >= since)
    )
    return {row.canonical_id: int(row.amount or 0) for row in conn.execute(query.group_by(_member.c.canonical_id))}


def _contacts(
    conn: Connection, idents: Sequence[str], plan: CustomerPlan, now: datetime
) -> dict[str, tuple[int, datetime]]:
    at = s.interaction.c.started_at
    lately = func.sum(case((at >= now - timedelta(days=plan.touch.days), 1), else_=0)).label("n")
    query = (
        select(_member.c.canonical_id, lately, func.max(at, type_=at.type).label("last"))
        .join_from(_member, s.interaction, s.interaction.c.party_id == _member.c.id)
        .where(_member.c.canonical_id.in_(idents), s.interaction.c.direction == "inbound")
        # Tasks are ours, not theirs.
        .where(s.interaction.c.adapter != task_rows.HOUSE)
    )
    rows = conn.execute(query.group_by(_member.c.canonical_id))
    return {row.canonical_id: (int(row.n), row.last) for row in rows}


def _complaints(conn: Connection, idents: Sequence[str]) -> dict[str, int]:
    table = s.case_.c
    query = select(_member.c.canonical_id, func.count().label("n")).join_from(
        _member, s.case_, table.party_id == _member.c.id
    )
    open_ = (table.type == "complaint", table.state.not_in(list(map(str, OVER))), table.deleted_at.is_(None))
    rows = conn.execute(query.where(_member.c.canonical_id.in_(idents), *open_).group_by(_member.c.canonical_id))
    return {row.canonical_id: row.n for row in rows}


def _ends(conn: Connection, idents: Sequence[str], now: datetime) -> dict[str, int]:
    """Return when the last of the service contracts that hold now ends."""
    record = s.record.c
    query = select(_member.c.canonical_id, func.max(record.ends_at, type_=record.ends_at.type).label("at")).join_from(
        _member, s.record, record.party_id == _member.c.id
    )
    holds = (record.kind == "service_contract", record.stage == "active", record.deleted_at.is_(None))
    query = query.where(_member.c.canonical_id.in_(idents), *holds, record.ends_at > now)
    return {row.canonical_id: to_ms(row.at) for row in conn.execute(query.group_by(_member.c.canonical_id))}


def _class(amount: int | None, limits: tuple[int, int]) -> str | None:
    if not amount or amount <= 0:
        return None
    if amount >= limits[0]:
        return "A"
    return "B" if amount >= limits[1] else "C"
