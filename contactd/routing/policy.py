"""The policy: the business configuration as one checked, frozen object, made of the `[policy]` table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contactd.core.calendar import Calendar
from contactd.core.case_plan import CasePlan
from contactd.core.commerce_kinds import KINDS
from contactd.core.errors import ConfigError
from contactd.core.events import Skills
from contactd.core.numbering import CASE, CUSTOMER, RECORD, Numbers, wrong
from contactd.core.segmenting import CustomerPlan
from contactd.routing import defaults
from contactd.routing.calendars import read_calendars
from contactd.routing.case_rules import TYPES, read_cases
from contactd.routing.customer_rules import read_customers
from contactd.routing.document import Problem, Table
from contactd.routing.line import ChannelRule, Intake, Line, Occupancy, Reason, glob
from contactd.routing.lines import DAY_S, Around, read_channels, read_lines
from contactd.routing.shifts import Shift, read_shifts
from contactd.routing.templates import Template, read_templates
from contactd.routing.trees import read_reasons, read_trees

ROOT = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Lines, channels, intake rules, dispositions and reasons; `{}` makes a working one."""

    default_line: str
    lines: Mapping[str, Line]
    channels: Mapping[str, ChannelRule]
    skills: Mapping[str, Mapping[str, str]]
    """Skill → label in zh and en, for skills that have one."""
    intake: tuple[Intake, ...]
    dispositions: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Tree name → nodes `{code, label, children, outcome}`, as consoles show them."""
    reasons: Mapping[str, Reason]
    calendars: Mapping[str, Calendar]
    calls_back: str | None
    """The channel of callbacks; None = nobody is called back."""
    shifts: Mapping[str, Shift]
    templates: Mapping[str, Template]
    cases: CasePlan
    """How cases are worked on."""
    numbers: Numbers
    """Patterns of numbers."""
    customers: CustomerPlan
    """How customers are sorted and let in."""
    deferred_share: int
    """One in so many assignments goes to a starved deferred item while live work waits."""
    occupancy: Occupancy
    document: Mapping[str, Any] = field(repr=False, hash=False)
    """The table it was made of."""

    @staticmethod
    def from_mapping(mapping: Mapping[str, Any]) -> Policy:
        """Read a `[policy]` table.

        Raises:
            ConfigError: something in it is wrong; `field` is the path of the first mistake (`policy.lines.support.offer_s`).
        """
        policy, problems = _read(mapping)
        if problems:
            path, text = problems[0]
            message = f"{path} {text}"
            raise ConfigError(message, field=path)
        return policy

    @staticmethod
    def problems(mapping: Mapping[str, Any]) -> list[Problem]:
        """Return every mistake in a `[policy]` table as (path, what is wrong)."""
        return _read(mapping)[1]

    def place(self, channel: str, to: str) -> tuple[str, int, Skills]:
        """Return (line, priority, skills) for an arrival: the first intake rule that fits, else the default line."""
        rule = self.intake_rule(channel, to)
        if rule is None:
            return self.default_line, 0, ()
        return rule.line, rule.priority, rule.skills

    def intake_rule(self, channel: str, to: str) -> Intake | None:
        """Return the first intake rule that fits an arrival, None when none does."""
        for rule in self.intake:
            if rule.channel in (None, channel) and (rule.to is None or glob(rule.to, to)):
                return rule
        return None

    def rule(self, line: str, channel: str) -> ChannelRule:
        """Return how `channel` behaves in `line`.

        An unknown line counts as the default one; a channel nobody described behaves as the deferred work of `defaults.OTHER`.
        """
        rules = self.lines.get(line, self.lines[self.default_line]).channels
        return rules.get(channel) or rules[defaults.OTHER]

    def tree(self, line: str) -> tuple[Mapping[str, Any], ...]:
        """Return the disposition tree of a line."""
        return self.dispositions[self.lines.get(line, self.lines[self.default_line]).dispositions]

    def disposition(self, line: str, code: str) -> Mapping[str, Any] | None:
        """Return the node of a disposition code in a line's tree, None when it has none such."""
        ahead = list(self.tree(line))
        while ahead:
            node = ahead.pop()
            if node["code"] == code:
                return node
            ahead.extend(node["children"])
        return None


def _read(mapping: Any) -> tuple[Policy, list[Problem]]:
    problems: list[Problem] = []
    root = Table(mapping, ROOT, problems)
    skills = {name: _skill(name, table) for name, table in root.table("skills").tables()}
    channels = read_channels(root.table("channels"), root.table("capacity"))
    trees = read_trees(root.table("dispositions") if root.has("dispositions") else _default(root, "dispositions"))
    reasons = read_reasons(root.table("reasons") if root.has("reasons") else _default(root, "reasons"))
    calendars = read_calendars(root.table("calendars"))
    around = Around(channels, trees, calendars)
    lines = read_lines(root.table("lines") if root.has("lines") else _default(root, "lines"), around)
    default_line = root.text("default_line", "support" if "support" in lines else next(iter(lines), ""))
    if default_line not in lines:
        root.wrong("default_line", f"names the line {default_line!r}, which does not exist")
    numbers = _numbers(root.table("numbers"))
    customers = read_customers(root.table("customers"), lines, channels)
    policy = Policy(
        default_line=default_line,
        lines=lines,
        channels=channels,
        skills=skills,
        intake=tuple(_intake(row, lines, channels) for row in root.rows("intake")),
        dispositions=trees,
        reasons=reasons,
        calendars=calendars,
        calls_back=next((name for name, rule in channels.items() if rule.calls_back), None),
        shifts=read_shifts(root.table("shifts"), calendars),
        templates=read_templates(root.table("templates"), lines),
        cases=replace(read_cases(root.table("cases"), calendars, lines, channels, customers.segments), numbers=numbers),
        numbers=numbers,
        customers=customers,
        deferred_share=root.whole("deferred_share", 10, 1, 1000),
        occupancy=_occupancy(root.table("occupancy")),
        document=mapping if isinstance(mapping, Mapping) else {},
    )
    root.done()
    return policy, problems


def _default(root: Table, key: str) -> Table:
    value: Any = {"dispositions": defaults.DISPOSITIONS, "reasons": defaults.REASONS, "lines": defaults.LINES}[key]
    return Table(value, f"{root.path}.{key}", root.problems)


def _occupancy(table: Table) -> Occupancy:
    read = Occupancy(
        most=table.number("most", 0.0, 1.0),
        after_s=table.number("after_s", 1800.0, DAY_S),
        rest_s=table.number("rest_s", 60.0, DAY_S),
    )
    table.done()
    return read


def _numbers(table: Table) -> Numbers:
    """Read `numbers`: what is numbered → its pattern."""
    sorts = {CASE: TYPES, RECORD: tuple(KINDS), CUSTOMER: ()}
    patterns = {}
    for name in table.names():
        kind, _, sort = name.partition(".")
        if kind not in sorts or (sort and sort not in sorts[kind]):
            continue  # an unknown key is named by `done`
        patterns[name] = table.text(name)
        trouble = wrong(patterns[name])
        if trouble is not None:
            table.wrong(name, trouble)
    table.done()
    return Numbers(patterns)


def _skill(name: str, table: Table) -> dict[str, str]:
    label = table.label("label", name)
    table.done()
    return label


def _intake(row: Table, lines: Mapping[str, Line], channels: Mapping[str, ChannelRule]) -> Intake:
    channel = row.text("channel") or None
    if channel is not None and channel not in channels:
        row.wrong("channel", f"names the channel {channel!r}, which does not exist")
    line = row.text("line")
    if line not in lines:
        row.wrong("line", f"names the line {line!r}, which does not exist")
    rule = Intake(
        channel=channel,
        to=row.text("to") or None,
        line=line,
        priority=row.whole("priority", 0, 0, 9),
        skills=row.levels("skills"),
        language=row.text("language") or None,
    )
    row.done()
    return rule
