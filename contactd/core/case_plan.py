"""How a house works on cases, as its policy says: targets of clocks, templates of steps, rules that open cases, lines of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contactd.core import sla
from contactd.core.calendar import Calendar
from contactd.core.coverage import Terms
from contactd.core.numbering import NO_NUMBERS, Numbers
from contactd.core.segmenting import Condition

OFFICE = "office"
"""The calendar clocks run by where the policy has one of this name; else the first of its calendars, else every hour counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a template."""

    text: str
    after_ms: int | None = None
    """Open time after the case begins until the step is due, in milliseconds; None = never by itself."""
    required: bool = False
    """The case cannot be resolved before it is done."""
    line: str | None = None
    """Where it comes into the queue when it is due; None = where tasks come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is to be done in a case of some sort."""

    name: str
    label: Mapping[str, str] = field(default_factory=dict, hash=False)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A rule that opens a case from a contact; what it does not name fits anything."""

    line: str | None = None
    channel: str | None = None
    topic: str | None = None
    """Disposition an agent gave; such a rule is asked at the end of the contact, others at its beginning."""
    words: tuple[str, ...] = ()
    """One of them stands in the subject or the text."""
    customer: tuple[Condition, ...] = ()
    """What holds of the customer; who is unknown fits no rule that asks."""
    type: str = "inquiry"
    priority: int = 0
    severity: int = 0
    template: str | None = None
    assignee: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the fields of the case it opens."""
        named = {"template": self.template, "assignee": self.assignee}
        plain: dict[str, Any] = {"type": self.type, "priority": self.priority, "severity": self.severity}
        return plain | {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLines:
    """Where tasks come into the queue."""

    line: str | None = None
    """Due steps and follow-ups; None = the default line."""
    approvals: str | None = None
    """Resolved complaints that somebody else is to close; None = they are not brought to anybody."""
    requests: str | None = None
    """What somebody asks to be allowed, for who may decide it; None = it stands on its own screen only."""
    quarantine: str | None = None
    """What could not be read; None = it is looked through on its own screen only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePlan:
    """All of it."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict, hash=False)
    calendar: str | None = None
    """The calendar clocks run by, where a type names none."""
    type_calendars: Mapping[str, str] = field(default_factory=dict, hash=False)
    targets: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict, hash=False)
    """Type → by priority 0-3: milliseconds until the first answer, and until it is resolved; else `core.sla.TARGETS`."""
    templates: Mapping[str, Template] = field(default_factory=dict, hash=False)
    type_templates: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Type → template of a case nobody named one for."""
    openings: tuple[Opening, ...] = ()
    tasks: TaskLines = TaskLines()
    follow_up_ms: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Type → open time after its closing until the customer is asked whether all is well; types not named: never."""
    numbers: Numbers = NO_NUMBERS
    terms: Mapping[str, Terms] = field(default_factory=dict, hash=False)
    """Level of a service contract → what it promises."""

    def spans(self, kind: str, priority: int) -> tuple[int, int]:
        """Return the time until the first answer, and until it is resolved, in milliseconds."""
        return self.targets.get(kind, sla.TARGETS[kind])[priority]

    def calendar_of(self, kind: str) -> str | None:
        """Return the name of the calendar the clocks of a type run by."""
        named = self.type_calendars.get(kind) or self.calendar
        if named is not None:
            return named
        return OFFICE if OFFICE in self.calendars else next(iter(sorted(self.calendars)), None)

    def promised(self, kind: str, priority: int, level: str | None) -> tuple[int, int, str | None]:
        """Return the time until the first answer and until it is resolved, and the calendar, under a contract of a level."""
        terms = self.terms.get(level or "", Terms())
        first, whole = self.spans(kind, priority)
        return (
            terms.first_ms[priority] if terms.first_ms else first,
            terms.whole_ms[priority] if terms.whole_ms else whole,
            terms.calendar or self.calendar_of(kind),
        )

    def due(self, kind: str, since: int, span: int) -> int:
        """Return when `span` of a type's open time after `since` is used up (milliseconds)."""
        calendar = self.calendars.get(self.calendar_of(kind) or "")
        found = None if calendar is None else calendar.due(since, span)
        return since + span if found is None else found

    def template(self, name: str | None, kind: str) -> Template | None:
        """Return the template of a case: the one named, else its type's."""
        return self.templates.get(name if name is not None else self.type_templates.get(kind, ""))

    def opening(self, *, line: str, channel: str, text: str = "", topic: str | None = None) -> Opening | None:
        """Return the first rule that fits: with a `topic` of those that name one, without it of the others."""
        return next(iter(self.fitting(line=line, channel=channel, text=text, topic=topic)), None)

    def fitting(self, *, line: str, channel: str, text: str = "", topic: str | None = None) -> tuple[Opening, ...]:
        """Return the rules that fit, in order, up to the first that asks nothing of the customer."""
        said, found = "", []
        for rule in self.openings:
            if (rule.topic is None) != (topic is None) or rule.topic != topic:
                continue
            if rule.line not in (None, line) or rule.channel not in (None, channel):
                continue
            if rule.words:
                said = said or text.casefold()
                if not any(word in said for word in rule.words):
                    continue
            found.append(rule)
            if not rule.customer:
                break
        return tuple(found)

    def line_of(self, kind: str) -> str | None:
        """Return the line a sort of task comes to; None for the default line."""
        if kind == "approval":
            return self.tasks.approvals
        if kind == "request":
            return self.tasks.requests
        return self.tasks.quarantine if kind == "quarantine" else self.tasks.line


NO_PLAN = CasePlan()
