"""Doubts about hours and overflow: lines that never close, customers who wait for ever, rules that lead in circles or nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from contactd.clock import from_ms, to_ms
from contactd.core.events import AgentConfigured
from contactd.routing.finding import Finding, Severity, Subject
from contactd.routing.line import Line
from contactd.routing.lint_people import able
from contactd.routing.ways_out import OverflowRule

QUARTER = timedelta(minutes=15)
WEEK = 7 * 24 * 4
SAMPLE = datetime.fromisoformat("2027-03-01T00:00:00+00:00")
"""A Monday of a week without public holidays; the pattern of the week is asked, not its exceptions."""
LEAVES = ("age", "stay", "wait", "nobody")
"""Conditions that can end a wait while the line is open."""


def hours_missing(subject: Subject) -> Iterator[Finding]:
    """Yield lines that name no calendar."""
    for name in subject.described("lines"):
        if subject.policy.lines[name].hours is None:
            yield Finding(f"policy.lines.{name}.calendar", "hours_missing", Severity.WARNING)


def endless(subject: Subject) -> Iterator[Finding]:
    """Yield lines in which a customer can wait for ever: no rule, nor one of a line they are passed on to, ends it."""
    for name in subject.described("lines"):
        if not _ends(subject, name, set()):
            yield Finding(f"policy.lines.{name}.overflow", "overflow_end_missing", Severity.WARNING)


def _ends(subject: Subject, name: str, seen: set[str]) -> bool:
    if name in seen:
        return False
    rules = [rule for rule in subject.policy.lines[name].overflow if rule.when in LEAVES]
    if any(rule.action is not None for rule in rules):
        return True
    return any(_ends(subject, rule.line, seen | {name}) for rule in rules if rule.line is not None)


def loops(subject: Subject) -> Iterator[Finding]:
    """Yield circles of lines that overflow into each other, each once, at the rule that closes it."""
    told: set[frozenset[str]] = set()
    for name in subject.policy.lines:
        for path, place in _circles(subject, name, [name]):
            if frozenset(path) not in told:
                told.add(frozenset(path))
                where = f"policy.lines.{path[-1]}.overflow[{place}]"
                yield Finding(where, "overflow_loop", Severity.ERROR, {"lines": " → ".join([*path, path[0]])})


def _circles(subject: Subject, start: str, path: list[str]) -> Iterator[tuple[list[str], int]]:
    for place, rule in enumerate(subject.policy.lines[path[-1]].overflow):
        if rule.line == start:
            yield path, place
        elif rule.line is not None and rule.line not in path:
            yield from _circles(subject, start, [*path, rule.line])


def rules_in_vain(subject: Subject) -> Iterator[Finding]:
    """Yield overflow rules that an earlier rule of the same kind always forestalls."""
    for name, line in subject.policy.lines.items():
        for place, rule in enumerate(line.overflow):
            earlier = next((n for n, one in enumerate(line.overflow[:place]) if _forestalls(line, one, rule)), None)
            if earlier is not None:
                path = f"policy.lines.{name}.overflow"
                params = {"first": f"{path}[{earlier}]"}
                yield Finding(f"{path}[{place}]", "rule_unreachable", Severity.ERROR, params)


def _forestalls(line: Line, first: OverflowRule, second: OverflowRule) -> bool:
    """Say whether whatever the second rule is for has left by the first when the second could hold."""
    if first.when != second.when or first.action == "callback":
        return False
    usual = {name for name, rule in line.channels.items() if rule.live}
    return (
        set(second.channels or usual) <= set(first.channels or usual)
        and first.seconds <= second.seconds
        and first.count <= second.count
    )


def hours_unserved(subject: Subject) -> Iterator[Finding]:
    """Yield for each line the first hours of a week at which it is open and nobody who could serve it is at work."""
    if not subject.policy.shifts:
        return
    for name, line in subject.policy.lines.items():
        members = able(subject.members(name), line.required)
        gap = _first_gap(subject, line, members) if members else None
        if gap is not None:
            begin, end, quarters = gap
            zone = line.hours.zone if line.hours is not None else None
            first, last = (from_ms(at).astimezone(zone) for at in (begin, end))
            params = {
                "weekday": str(first.weekday()),
                "hours": f"{first:%H:%M}-{last:%H:%M}",
                "total": f"{quarters / 4:g}",
            }
            yield Finding(f"policy.lines.{name}.calendar", "hours_unserved", Severity.WARNING, params)


def _first_gap(subject: Subject, line: Line, members: list[AgentConfigured]) -> tuple[int, int, int] | None:
    """Return (begin, end) of the first gap of the week, and how many quarters of an hour there are in all; None without any."""
    calendars = []
    for one in members:
        shifts = [shift for shift in subject.policy.shifts.values() if shift.has(one)]
        if not shifts:
            return None
        calendars += [shift.calendar for shift in shifts]
    step, start = round(QUARTER.total_seconds() * 1000), to_ms(SAMPLE)
    unserved = [
        at
        for at in range(start, start + WEEK * step, step)
        if (line.hours is None or line.hours.is_open(at)) and not any(calendar.is_open(at) for calendar in calendars)
    ]
    if not unserved:
        return None
    end = unserved[0] + step
    while end in unserved:
        end += step
    return unserved[0], end, len(unserved)


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (hours_missing, endless, loops, rules_in_vain)
PEOPLE_CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (hours_unserved,)
