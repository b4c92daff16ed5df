"""How customers are sorted and let in, read from the policy's table `customers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contactd.core import segmenting
from contactd.core.segmenting import Condition, CustomerPlan, Rule, Segment, Touch, Worth
from contactd.routing.document import Problem, Table

MOST_SEGMENTS = 100
MOST_RULES = 200
MOST_CONDITIONS = 20
MOST_DAYS = 3650
VALUED = ("order", "receivable", "payment", "contract", "opportunity")
"""Kinds of records whose amounts may be summed up."""
SEGMENT_FIELDS = frozenset(segmenting.PLAIN)
RULE_FIELDS = SEGMENT_FIELDS | {segmenting.SEGMENTS}


def read_customers(table: Table, lines: Mapping[str, Any], channels: Mapping[str, Any]) -> CustomerPlan:
    """Read `customers`: `value`, `contact`, `every_h`, `segments.<key>`, `rules`."""
    segments = {}
    for key, row in table.table("segments").tables():
        segments[key] = Segment(key=key, label=row.label("label", key), conditions=_all(row, SEGMENT_FIELDS))
        row.done()
    if len(segments) > MOST_SEGMENTS:
        table.wrong("segments", f"are at most {MOST_SEGMENTS}")
    rules = tuple(_rule(row, lines, channels, segments) for row in table.rows("rules"))
    if len(rules) > MOST_RULES:
        table.wrong("rules", f"are at most {MOST_RULES}")
    plan = CustomerPlan(
        worth=_worth(table.table("value")),
        touch=_touch(table.table("contact")),
        every_h=table.whole("every_h", 24, 1, 24 * 31),
        segments=segments,
        rules=rules,
    )
    table.done()
    return plan


def read_conditions(given: Any) -> tuple[tuple[Condition, ...], list[Problem]]:
    """Read conditions somebody tries out, as a segment's `all`; also return what is wrong with them."""
    problems: list[Problem] = []
    table = Table({"all": given}, "segment", problems)
    return _all(table, SEGMENT_FIELDS), problems


def _worth(row: Table) -> Worth:
    built_in = Worth()
    read = Worth(
        kinds=row.texts("kinds", built_in.kinds, VALUED),
        days=row.whole("days", built_in.days, 1, MOST_DAYS),
        currency=row.text("currency", built_in.currency),
        a=row.number("a", built_in.a, 1.0),
        b=row.number("b", built_in.b, 1.0),
    )
    if read.a > read.b:
        row.wrong("a", "must not be above b")
    row.done()
    return read


def _touch(row: Table) -> Touch:
    built_in = Touch()
    read = Touch(
        days=row.whole("days", built_in.days, 1, MOST_DAYS),
        a=_often(row.table("a"), built_in.a),
        b=_often(row.table("b"), built_in.b),
    )
    row.done()
    return read


def _often(row: Table, built_in: tuple[int, int]) -> tuple[int, int]:
    read = row.whole("contacts", built_in[0], 1, 100_000), row.whole("within_days", built_in[1], 1, MOST_DAYS)
    row.done()
    return read


def _rule(row: Table, lines: Mapping[str, Any], channels: Mapping[str, Any], segments: Mapping[str, Any]) -> Rule:
    conditions = customer_conditions(row, segments)
    if not conditions:
        row.wrong("", "fits every customer: name a segment or conditions (all)")
    rule = Rule(
        conditions=conditions,
        channel=_known(row, "channel", channels),
        line=_known(row, "line", lines),
        priority=row.whole("priority", 0, 0, 9),
        vip=row.whole("vip", 0, 0, 3),
        skills=row.levels("skills"),
    )
    row.done()
    return rule


def customer_conditions(row: Table, segments: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Read what a rule asks of customers: `segment`, and conditions under `all`."""
    conditions = _all(row, RULE_FIELDS)
    if not row.has("segment"):
        return conditions
    key = row.text("segment")
    if key not in segments:
        row.wrong("segment", f"names the segment {key!r}, which does not exist")
    return (Condition(field=segmenting.SEGMENTS, op="has", value=key), *conditions)


def _known(row: Table, key: str, known: Mapping[str, Any]) -> str | None:
    name = row.text(key) or None
    if name is not None and name not in known:
        row.wrong(key, f"names the {key} {name!r}, which does not exist")
        return None
    return name


def _all(row: Table, fields: frozenset[str]) -> tuple[Condition, ...]:
    found = tuple(one for each in row.rows("all") if (one := _condition(each, fields)) is not None)
    if len(found) > MOST_CONDITIONS:
        row.wrong("all", f"has more than {MOST_CONDITIONS} conditions")
        return ()
    return found


def _condition(row: Table, fields: frozenset[str]) -> Condition | None:
    name = row.text("field")
    custom = name.startswith(segmenting.CUSTOM) and len(name) > len(segmenting.CUSTOM)
    if name not in fields and not custom:
        row.wrong("field", f"must be custom.<key> or one of {', '.join(sorted(fields))}")
    asked = [op for op in segmenting.OPS if row.has(op)]
    values = {op: row.take(op) for op in asked}
    row.done()
    if len(asked) != 1:
        row.wrong("", f"asks one thing: {', '.join(segmenting.OPS)}")
        return None
    op, value = asked[0], values[asked[0]]
    if not _fits(op, value):
        row.wrong(op, "has a wrong value")
        return None
    return Condition(field=name, op=op, value=tuple(value) if op == "any_of" else value)


def _fits(op: str, value: Any) -> bool:
    if op == "known":
        return isinstance(value, bool)
    if op == "any_of":
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and len(value) <= MOST_SEGMENTS
            and all(_is_word(one) for one in value)
        )
    return _is_word(value)


def _is_word(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) <= MOST_SEGMENTS * 2)
