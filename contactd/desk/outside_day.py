"""A day of contacts that an outside system routed, in its record and in ours: every difference named, with a likely reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError
from contactd.core.outside import Became, OutsideCall, OutsideDay

WAIT_SLACK_S = 3
"""Whole seconds are written on one side, and the queue begins a moment after the call."""
MAX_SHOWN = 200
"""Differences that are listed; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One contact on which the records do not agree."""

    id: str
    contact: str
    line: str
    began: datetime
    what: str
    """only_theirs | only_ours | became | wait | agent"""
    ours: str
    theirs: str
    reason: str
    """A word of the catalogue (`outsideWhy.WORD`)."""

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self) | {"began": rfc3339(self.began)}


@dataclass(slots=True)
class Counts:
    """How many became what."""

    total: int = 0
    became: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Became, 0))

    def add(self, call: OutsideCall) -> None:
        """Count one."""
        self.total += 1
        self.became[call.became] += 1

    def as_json(self) -> dict[str, int]:
        """Return it for programs."""
        return {"total": self.total, **self.became}


@dataclass(slots=True, kw_only=True)
class Compared:
    """What came of the comparison with one record."""

    source: str
    ours: Counts = field(default_factory=Counts)
    theirs: Counts = field(default_factory=Counts)
    lines: dict[str, tuple[Counts, Counts]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    unread: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        reasons: dict[str, int] = {}
        for each in self.differences:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
        return {
            "source": self.source,
            "agrees": self.agrees,
            "ours": self.ours.as_json(),
            "theirs": self.theirs.as_json(),
            "lines": [
                {"line": line, "ours": ours.as_json(), "theirs": theirs.as_json()}
                for line, (ours, theirs) in sorted(self.lines.items())
            ],
            "reasons": reasons,
            "differing": len(self.differences),
            "differences": [each.as_json() for each in self.differences[:MAX_SHOWN]],
            "unread": self.unread,
        }


def compare(ours: OutsideDay, theirs: OutsideDay) -> Compared:
    """Hold our record against theirs, contact by contact."""
    found = Compared(source=theirs.source, unread=theirs.unread)
    mine, other = {call.id: call for call in ours.calls}, {call.id: call for call in theirs.calls}
    for index, calls in enumerate((ours.calls, theirs.calls)):
        for call in calls:
            (found.ours, found.theirs)[index].add(call)
            found.lines.setdefault(call.line, (Counts(), Counts()))[index].add(call)
    for ident in sorted({*mine, *other}, key=lambda one: ((mine.get(one) or other[one]).began, one)):
        found.differences += _difference(mine.get(ident), other.get(ident), ours, theirs)
    return found


def _difference(
    mine: OutsideCall | None, other: OutsideCall | None, ours: OutsideDay, theirs: OutsideDay
) -> Iterable[Difference]:
    if mine is None or other is None:
        call = mine or other
        if call is None:
            return
        what, reason = (
            ("only_theirs", _why_not_ours(call, ours)) if mine is None else ("only_ours", _unlogged(call, theirs))
        )
        yield _named(call, call, what, str(call.became) if mine else "", str(call.became) if other else "", reason)
        return
    if mine.became != other.became:
        yield _named(mine, other, "became", mine.became, other.became, _why_other_end(mine, other, ours))
    elif mine.wait_s is not None and other.wait_s is not None and abs(mine.wait_s - other.wait_s) > WAIT_SLACK_S:
        reason = "not_heard" if _in_gap(mine, ours) else "several_queues"
        yield _named(mine, other, "wait", str(mine.wait_s), str(other.wait_s), reason)


def _named(mine: OutsideCall, other: OutsideCall, what: str, ours: str, theirs: str, reason: str) -> Difference:
    return Difference(
        id=mine.id,
        contact=mine.contact,
        line=other.line or mine.line,
        began=mine.began,
        what=what,
        ours=str(ours),
        theirs=str(theirs),
        reason=reason,
    )


def _in_gap(call: OutsideCall, ours: OutsideDay) -> bool:
    """Tell whether we did not hear the outside system at some time while the contact was on."""
    ended = call.began + timedelta(seconds=(call.wait_s or 0) + (call.talk_s or 0))
    return any(start <= ended and call.began <= end for start, end in ours.gaps)


def _why_not_ours(call: OutsideCall, ours: OutsideDay) -> str:
    if _in_gap(call, ours):
        return "not_heard"
    if ours.first is None or call.began < ours.first:
        return "before_we_came"
    return "lost"


def _unlogged(call: OutsideCall, theirs: OutsideDay) -> str:
    if theirs.first is None or call.began < theirs.first:
        return "log_begins_later"
    if theirs.last is not None and call.began > theirs.last:
        return "log_not_so_far"
    return "not_logged"


def _why_other_end(mine: OutsideCall, other: OutsideCall, ours: OutsideDay) -> str:
    if _in_gap(mine, ours) or _in_gap(other, ours):
        return "not_heard"
    if mine.evidence:
        return "found_out"
    if mine.became is Became.OPEN or other.became is Became.OPEN:
        return "still_on"
    if mine.became is Became.ANSWERED and other.became is not Became.ANSWERED:
        return "answered_after_the_queue"
    if {mine.became, other.became} == {Became.ABANDONED, Became.LEFT}:
        return "counted_otherwise"
    return "unknown"


def our_day(
    rows: Iterable[Mapping[str, Any]], gaps: Iterable[tuple[datetime, datetime]], first: datetime | None
) -> OutsideDay:
    """Make our record of the store's rows: those that stood in a queue."""
    return OutsideDay(
        source="ours",
        calls=tuple(_ours(row) for row in rows if row["line_text"]),
        first=first,
        gaps=tuple(gaps),
    )


def _ours(row: Mapping[str, Any]) -> OutsideCall:
    answered, ended = row["answered_at"], row["ended_at"]
    if answered is not None:
        became = Became.ANSWERED
    elif ended is None:
        became = Became.OPEN
    else:
        became = Became.ABANDONED if row["outcome"] in ("abandoned", "short_abandoned") else Became.LEFT
    waited = answered or ended
    return OutsideCall(
        id=str(row["external_key"]).rpartition("/")[2],
        line=row["line_text"],
        began=row["started_at"],
        became=became,
        agent=row["agent_text"],
        wait_s=None if waited is None else round((waited - row["started_at"]).total_seconds()),
        talk_s=None if answered is None or ended is None else round((ended - answered).total_seconds()),
        contact=str(row["id"]),
        evidence="found_out" if row["ended_by"] == "system" and became is not Became.LEFT else "",
    )


def read_date(text: str) -> date:
    """Read a day.

    Raises:
        BadRequestError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text}: write the day as 2026-11-22"
        raise BadRequestError(message, field="date") from error


def lines(day: date, found: Mapping[str, Any]) -> list[str]:
    """Return a comparison as lines for people at a terminal."""
    told = []
    for each in found["records"]:
        told.append(f"{day} {each['source']}: ours {each['ours']['total']}, theirs {each['theirs']['total']}")
        told += [
            f"  {line['line'] or '-'}: answered {line['ours']['answered']}/{line['theirs']['answered']}, "
            f"abandoned {line['ours']['abandoned']}/{line['theirs']['abandoned']}, "
            f"left {line['ours']['left']}/{line['theirs']['left']}"
            for line in each["lines"]
        ]
        told += [
            f"  {one['began']} {one['id']} {one['line']} {one['what']}: ours {one['ours'] or '-'}, "
            f"theirs {one['theirs'] or '-'} ({one['reason']})"
            for one in each["differences"]
        ]
        told.append("  no difference" if each["agrees"] else f"  {each['differing']} differ")
    told += [f"cannot be read: {each}" for each in found["missing"]]
    if found.get("router"):
        own = found["router"]
        told.append(
            f"our router would have answered {own['answered']} of {own['contacts']}, mean wait {own['wait_s']} s"
        )
    return told
