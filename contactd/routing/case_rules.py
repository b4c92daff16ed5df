"""How cases are worked on, read from the policy's table `cases`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.core import case, sla
from contactd.core.calendar import Calendar
from contactd.core.case_plan import CasePlan, Opening, Step, TaskLines, Template
from contactd.core.coverage import Terms
from contactd.routing.customer_rules import customer_conditions
from contactd.routing.document import Table

HOUR_MS = 3_600_000
MOST_HOURS = 8760
TYPES = tuple(map(str, case.CaseType))
MOST_WORDS = 200
PRIORITIES = case.TOP_PRIORITY + 1


def read_cases(
    table: Table,
    calendars: Mapping[str, Calendar],
    lines: Mapping[str, Any],
    channels: Mapping[str, Any],
    segments: Mapping[str, Any],
) -> CasePlan:
    """Read `cases`: `calendar`, `types.<type>`, `templates.<name>`, `rules`, `tasks`."""
    templates = {name: _template(name, row, lines) for name, row in table.table("templates").tables()}
    calendar = _one_of(table, "calendar", calendars, "calendar")
    targets: dict[str, tuple[tuple[int, int], ...]] = {}
    named: dict[str, dict[str, Any]] = {"calendar": {}, "template": {}, "follow_up": {}}
    for kind, row in table.table("types").tables():
        if kind not in TYPES:
            row.wrong("", f"is none of {', '.join(TYPES)}")
            continue
        targets[kind] = _targets(row, kind)
        named["calendar"][kind] = _one_of(row, "calendar", calendars, "calendar")
        named["template"][kind] = _one_of(row, "template", templates, "template")
        named["follow_up"][kind] = round(row.number("follow_up_h", 0, MOST_HOURS) * HOUR_MS) or None
        row.done()
    plan = CasePlan(
        calendars=calendars,
        calendar=calendar,
        type_calendars=_given(named["calendar"]),
        targets=targets,
        templates=templates,
        type_templates=_given(named["template"]),
        openings=tuple(_opening(row, templates, lines, channels, segments) for row in table.rows("rules")),
        tasks=_tasks(table.table("tasks"), lines),
        follow_up_ms=_given(named["follow_up"]),
        terms={name: _terms(row, name, calendars, lines) for name, row in table.table("contracts").tables()},
    )
    table.done()
    return plan


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _one_of(table: Table, key: str, known: Mapping[str, Any], what: str) -> str | None:
    name = table.text(key) or None
    if name is not None and name not in known:
        table.wrong(key, f"names the {what} {name!r}, which does not exist")
        return None
    return name


def _targets(row: Table, kind: str) -> tuple[tuple[int, int], ...]:
    """Read `first_response_h` and `resolution_h`: four numbers of hours, by priority from the lowest."""
    built_in = sla.TARGETS[kind]
    first = _hours(row, "first_response_h", [one for one, _ in built_in])
    whole = _hours(row, "resolution_h", [one for _, one in built_in])
    return tuple(zip(first, whole, strict=True))


def _hours(row: Table, key: str, built_in: list[int]) -> list[int]:
    if not row.has(key):
        return built_in
    value = row.take(key)
    good = isinstance(value, list | tuple) and len(value) == PRIORITIES
    if not good or not all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 < one <= MOST_HOURS for one in value
    ):
        row.wrong(key, f"must be {PRIORITIES} numbers of hours, by priority from the lowest")
        return built_in
    return [round(one * HOUR_MS) for one in value]


def _terms(row: Table, name: str, calendars: Mapping[str, Calendar], lines: Mapping[str, Any]) -> Terms:
    """Read what contracts of a level promise; hours that are not named are those without a contract."""
    hours = {key: _hours(row, key, []) for key in ("first_response_h", "resolution_h")}
    read = Terms(
        label=row.label("label", name),
        calendar=_one_of(row, "calendar", calendars, "calendar"),
        first_ms=tuple(hours["first_response_h"]),
        whole_ms=tuple(hours["resolution_h"]),
        types=row.texts("types", (), TYPES),
        lines=row.texts("lines", (), tuple(lines)),
    )
    row.done()
    return read


def _template(name: str, row: Table, lines: Mapping[str, Any]) -> Template:
    label = row.label("label", name)
    steps = tuple(_step(step, lines) for step in row.rows("steps"))
    row.done()
    return Template(name=name, label=label, steps=steps)


def _step(row: Table, lines: Mapping[str, Any]) -> Step:
    text = row.text("text")
    if not text or len(text) > 500:  # noqa: PLR2004 - as a step written by hand
        row.wrong("text", "must say what is to be done, in at most 500 characters")
    after = row.number("after_h", 0, MOST_HOURS) if row.has("after_h") else None
    step = Step(
        text=text,
        after_ms=None if after is None else round(after * HOUR_MS),
        required=row.flag("required", default=False),
        line=_one_of(row, "line", lines, "line"),
    )
    row.done()
    return step


def _opening(
    row: Table,
    templates: Mapping[str, Any],
    lines: Mapping[str, Any],
    channels: Mapping[str, Any],
    segments: Mapping[str, Any],
) -> Opening:
    words = row.strings("words")
    if len(words) > MOST_WORDS or not all(word.strip() for word in words):
        row.wrong("words", f"must be at most {MOST_WORDS} words, none of them empty")
        words = ()
    rule = Opening(
        line=_one_of(row, "line", lines, "line"),
        channel=_one_of(row, "channel", channels, "channel"),
        topic=row.text("topic") or None,
        words=tuple(word.strip().casefold() for word in words),
        customer=customer_conditions(row, segments),
        type=row.choice("type", "inquiry", TYPES),
        priority=row.whole("priority", 0, 0, case.TOP_PRIORITY),
        severity=row.whole("severity", 0, 0, 4),
        template=_one_of(row, "template", templates, "template"),
        assignee=row.text("assignee") or None,
    )
    if rule.line is rule.channel is rule.topic is None and not rule.words and not rule.customer:
        row.wrong("", "fits every contact: name a line, a channel, a topic, words or customers")
    if rule.topic is not None and rule.customer:
        row.wrong("", "names a topic: such a rule cannot ask for customers")
    row.done()
    return rule


def _tasks(row: Table, lines: Mapping[str, Any]) -> TaskLines:
    found = TaskLines(
        line=_one_of(row, "line", lines, "line"),
        approvals=_one_of(row, "approvals", lines, "line"),
        requests=_one_of(row, "requests", lines, "line"),
        quarantine=_one_of(row, "quarantine", lines, "line"),
    )
    row.done()
    return found
