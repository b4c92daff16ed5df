"""Doubts about a policy: every planted mistake is found at its path, and a good policy raises none."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from contactd.core.events import AgentConfigured
from contactd.routing.finding import Severity
from contactd.routing.lint import lint
from contactd.routing.lint_texts import TEXTS

BOTH = {"zh": "您好", "en": "Hello"}
DAY = {"mon-fri": ["09:00-18:00"]}
END = [{"when": "age", "seconds": 600, "action": "callback"}]
GOOD: dict[str, Any] = {
    "calendars": {"office": {"week": DAY}, "late": {"week": {"mon-fri": ["08:00-20:00"]}}},
    "shifts": {"all": {"calendar": "late", "agents": ["ann"], "teams": ["money"]}},
    "skills": {"german": {"label": {"zh": "德语", "en": "German"}}},
    "lines": {
        "support": {
            "label": {"zh": "客户服务", "en": "Support"},
            "greeting": BOTH,
            "signature": BOTH,
            "calendar": "office",
            "overflow": [{"when": "nobody", "seconds": 60, "to": "billing"}],
            "steps": [{"prefer": {"german": 5}, "seconds": 30}],
        },
        "billing": {
            "label": {"zh": "账务", "en": "Billing"},
            "greeting": BOTH,
            "signature": BOTH,
            "calendar": "office",
            "overflow": END,
            "required": {"money": 3},
            "language": "require",
        },
    },
    "intake": [
        {"channel": "email", "to": "billing@*", "line": "billing", "skills": {"money": 4}},
        {"channel": "voice", "to": "400800002", "line": "billing", "language": "zh"},
        {"channel": "voice", "line": "support"},
    ],
}
PEOPLE = (
    AgentConfigured(agent="ann", skills=(("german", 7),), lines=("support",), device="PJSIP/1"),
    AgentConfigured(
        agent="bob", skills=(("money", 5),), lines=("*",), languages=("zh",), device="PJSIP/2", team="money"
    ),
)


def change(**where: Any) -> dict[str, Any]:
    """Return the good policy with values put at paths written `a__b__0`."""
    document = deepcopy(GOOD)
    for path, value in where.items():
        *steps, last = path.split("__")
        at: Any = document
        for step in steps:
            at = at[int(step)] if step.isdigit() else at.setdefault(step, {})
        if isinstance(at, list):
            at.insert(int(last), value)
        else:
            at[last] = value
    return document


def found(document: dict[str, Any], people: tuple[AgentConfigured, ...] = PEOPLE) -> list[tuple[str, str]]:
    return [(finding.path, finding.kind) for finding in lint(document, people)]


def test_a_good_policy_raises_no_doubt() -> None:
    assert found(GOOD) == []
    assert found({}) == []


PLANTED: dict[str, tuple[dict[str, Any], str]] = {
    "rule_unreachable": ({"intake__2": {"channel": "voice", "to": "400*", "line": "support"}}, ""),
    "text_one_language": ({"lines__support__greeting": {"zh": "您好"}}, "policy.lines.support.greeting"),
    "step_short": ({"lines__support__steps": [{"prefer": {"german": 5}, "seconds": 8}]}, ""),
    "greeting_missing": ({"lines__billing__greeting": {}}, "policy.lines.billing.greeting"),
    "signature_missing": ({"lines__billing__signature": {}}, "policy.lines.billing.signature"),
    "dispositions_missing": ({"dispositions": {"default": []}}, "policy.lines.support.dispositions"),
    "disposition_demanded": (
        {"dispositions": {"default": []}, "lines__billing__channels": {"voice": {"wrapup": {"mode": "mandatory"}}}},
        "policy.lines.billing.dispositions",
    ),
    "line_unserved": ({"lines__support__required": {"german": 9}}, "policy.lines.support.required"),
    "skill_nobody_has": (
        {"lines__support__steps": [{"prefer": {"german": 8}, "seconds": 30}]},
        "policy.lines.support.steps[0].prefer",
    ),
    "rule_unserved": (
        {"intake__0": {"channel": "email", "to": "vip@*", "line": "billing", "skills": {"money": 9}}},
        "policy.intake[0].skills",
    ),
    "language_unspoken": (
        {"intake__0": {"channel": "email", "to": "de@*", "line": "billing", "language": "de"}},
        "policy.intake[0].language",
    ),
    "hours_missing": ({"lines__billing__calendar": ""}, "policy.lines.billing.calendar"),
    "hours_unserved": ({"shifts__all__calendar": "noon"}, "policy.lines.support.calendar"),
    "overflow_end_missing": (
        {"lines__billing__overflow": [{"when": "closed", "action": "message"}]},
        "policy.lines.support.overflow",
    ),
    "overflow_loop": (
        {"lines__billing__overflow": [*END, {"when": "crowded", "count": 9, "to": "support"}]},
        "policy.lines.billing.overflow[1]",
    ),
    "reserve_all": ({"lines__support__reserve": 2}, "policy.lines.support.reserve"),
    "spacing_long": ({"lines__billing__hard_spacing_s": 900}, "policy.lines.billing.hard_spacing_s"),
    "repeat_strong": ({"lines__support__repeat": 40}, "policy.lines.support.repeat"),
    "break_never": (
        {"reasons": {"lunch": {"label": {"zh": "午餐", "en": "Lunch"}, "min_service": 0.99}}},
        "policy.reasons.lunch.min_service",
    ),
    "rest_long": ({"occupancy": {"most": 0.4}}, "policy.occupancy.most"),
}
PATHS = {"rule_unreachable": "policy.intake[3]", "step_short": "policy.lines.support.steps[0].seconds"}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_mistake_is_found_where_it_stands(kind: str) -> None:
    where, path = PLANTED[kind]
    if kind == "rule_unreachable":
        where = {"intake__2": {"channel": "voice", "line": "support"}}
    where = {**where, "calendars__noon": {"week": {"mon-fri": ["09:00-17:00"]}}}
    told = found(change(**where))
    assert (path or PATHS[kind], kind) in told


def test_agents_can_be_what_is_wrong() -> None:
    deaf = tuple(AgentConfigured(agent=one.agent, skills=one.skills, lines=one.lines) for one in PEOPLE)
    assert ("policy.intake[2].channel", "no_device") in found(GOOD, deaf)
    alone = (AgentConfigured(agent="cat", lines=("support", "gone"), capacity=(("chat", 140),)),)
    told = found(GOOD, alone)
    assert ("policy.lines.billing", "line_empty") in told
    assert ("agents.cat.capacity.chat", "capacity_never_fits") in told
    assert ("agents.cat.lines", "line_unknown") in told


def test_ten_planted_mistakes_are_found_together() -> None:
    document = change(
        lines__support__greeting={"zh": "您好"},
        lines__support__steps=[{"prefer": {"german": 9}, "seconds": 5}],
        lines__billing__signature={},
        lines__billing__required={"money": 3, "law": 2},
        lines__empty={
            "greeting": BOTH,
            "signature": BOTH,
            "dispositions": "none",
            "overflow": [{"when": "age", "seconds": 60, "to": "empty2"}],
        },
        lines__empty2={
            "greeting": BOTH,
            "signature": BOTH,
            "calendar": "office",
            "overflow": [{**END[0], "action": "message"}, {"when": "age", "seconds": 900, "to": "empty"}],
        },
        dispositions={"default": [{"code": "done"}], "none": []},
        intake__0={"to": "*@a.example", "line": "support", "skills": {"german": 10}},
        intake__1={"channel": "fax", "to": "fax@a.example", "line": "support"},
    )
    people = (
        AgentConfigured(agent="ann", skills=(("german", 7),), lines=("support", "empt"), capacity=(("email", 0),)),
        AgentConfigured(
            agent="bob", skills=(("money", 5),), lines=("support", "billing", "empty2"), device="PJSIP/2", team="money"
        ),
    )
    assert set(found(document, people)) == {
        ("policy.intake[1]", "rule_unreachable"),
        ("policy.intake[0].skills", "rule_unserved"),
        ("policy.lines.support.greeting", "text_one_language"),
        ("policy.lines.support.steps[0].seconds", "step_short"),
        ("policy.lines.support.steps[0].prefer", "skill_nobody_has"),
        ("policy.lines.billing.signature", "signature_missing"),
        ("policy.lines.billing.required", "line_unserved"),
        ("policy.lines.empty", "line_empty"),
        ("policy.lines.empty.dispositions", "dispositions_missing"),
        ("agents.ann.capacity.email", "capacity_never_fits"),
        ("agents.ann.lines", "line_unknown"),
        ("policy.lines.empty.calendar", "hours_missing"),
        ("policy.lines.empty2.overflow[1]", "overflow_loop"),
        ("policy.lines.empty2.overflow[1]", "rule_unreachable"),
    }


def test_what_needs_agents_is_not_asked_without_them() -> None:
    assert found(change(lines__support__required={"german": 10}), ()) == []


def test_what_cannot_be_read_is_told_alone() -> None:
    told = lint({"lines": {"support": {"basse": 1}}}, PEOPLE)
    assert [(one.path, one.severity) for one in told] == [("policy.lines.support.basse", Severity.ERROR)]


@pytest.mark.parametrize("kind", TEXTS)
def test_every_kind_has_its_words_in_both_languages(kind: str) -> None:
    spoken = TEXTS[kind]
    assert set(spoken) == {"zh", "en"}
    fields = [set(_fields(part)) for part in ("".join(spoken["zh"]), "".join(spoken["en"]))]
    assert fields[0] == fields[1]
    assert all(name.isidentifier() for name in fields[0])
    assert all(max(part) >= "\u4e00" for part in spoken["zh"])


def _fields(text: str) -> list[str]:
    import string  # noqa: PLC0415 - needed here only

    return [name.split("!")[0] for _, name, _, _ in string.Formatter().parse(text) if name]


def test_a_finding_can_be_handed_on_as_data() -> None:
    (told,) = lint(change(lines__billing__greeting={}), PEOPLE)
    shown = told.as_json()
    assert (shown["path"], shown["kind"], shown["severity"]) == (
        "policy.lines.billing.greeting",
        "greeting_missing",
        "warning",
    )
    assert shown["zh"]["what"] != shown["en"]["what"]
    assert shown["en"]["remedy"] == "add greeting.zh and greeting.en"


def test_an_hour_nobody_serves_is_told_in_the_lines_own_time() -> None:
    document = change(
        calendars__noon={"week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}}, shifts__all__calendar="noon"
    )
    told = {one.path: one for one in lint(document, PEOPLE) if one.kind == "hours_unserved"}
    one = told["policy.lines.support.calendar"]
    assert "Monday 12:00-13:00" in one.what("en")
    assert "(5 h of the week in all)" in one.what("en")
    assert "周一 12:00-13:00" in one.what("zh")
    alone = change(
        shifts={"some": {"calendar": "office", "agents": ["ann"]}}, calendars__office={"week": {"mon": ["09:00-10:00"]}}
    )
    assert [one for one in lint(alone, PEOPLE) if one.kind == "hours_unserved"] == []


def test_a_line_may_end_in_another() -> None:
    """Support ends in billing, which ends in a callback; without that neither does."""
    assert not [path for path, kind in found(GOOD) if kind == "overflow_end_missing"]
    ends = [path for path, kind in found(change(lines__billing__overflow=[])) if kind == "overflow_end_missing"]
    assert ends == ["policy.lines.support.overflow", "policy.lines.billing.overflow"]


def test_shifts_are_read_with_their_mistakes() -> None:
    told = found(change(shifts={"a": {"calendar": "gone"}, "b": {"calendar": "office", "agents": "ann"}}))
    assert told == [("policy.shifts.a.calendar", "unreadable"), ("policy.shifts.b.agents", "unreadable")]
