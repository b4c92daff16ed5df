"""Reading what a policy says of hours, overflow, closing and callbacks."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.routing.policy import Policy

OFFICE = {"calendars": {"office": {"holidays": ["cn"], "week": {"mon-fri": ["09:00-18:00"]}}}}


def line(**about: Any) -> dict[str, Any]:
    return {**OFFICE, "lines": {"support": {"calendar": "office", **about}, "night": {}}}


def test_a_line_that_says_nothing_is_always_open() -> None:
    support = Policy.from_mapping({}).lines["support"]
    assert support.hours is None
    assert support.overflow == ()
    assert (support.after_close.do, support.after_close.seconds) == ("serve", 1800.0)
    assert support.callbacks.pauses == (600.0, 3600.0, None)


def test_everything_that_can_be_said() -> None:
    policy = Policy.from_mapping(
        line(
            sla_calendar="office",
            overflow=[
                {"when": "closed", "to": "night"},
                {"when": "crowded", "count": 5, "action": "voicemail", "channels": ["voice"]},
                {"when": "age", "seconds": 90, "action": "callback"},
            ],
            after_close={"do": "callback", "seconds": 60},
            callback={"pauses": [60, "opening", 5.5], "missed": True},
        )
    )
    support = policy.lines["support"]
    assert support.hours is support.sla_hours is policy.calendars["office"]
    assert [(rule.name, rule.line, rule.action) for rule in support.overflow] == [
        ("overflow[0].closed", "night", None),
        ("overflow[1].crowded", None, "voicemail"),
        ("overflow[2].age", None, "callback"),
    ]
    assert support.callbacks.pauses == (60.0, None, 5.5)
    assert policy.rule("support", "callback").calls_back


@pytest.mark.parametrize(
    ("about", "path"),
    [
        ({"calendar": "moon"}, "policy.lines.support.calendar"),
        ({"sla_calendar": "moon"}, "policy.lines.support.sla_calendar"),
        ({"overflow": [{"when": "closed", "to": "support"}]}, "policy.lines.support.overflow[0].to"),
        ({"overflow": [{"when": "closed", "to": "nowhere"}]}, "policy.lines.support.overflow[0].to"),
        ({"overflow": [{"when": "closed"}]}, "policy.lines.support.overflow[0]"),
        ({"overflow": [{"when": "closed", "to": "night", "action": "close"}]}, "policy.lines.support.overflow[0]"),
        ({"overflow": [{"to": "night"}]}, "policy.lines.support.overflow[0].when"),
        ({"overflow": [{"when": "full", "to": "night"}]}, "policy.lines.support.overflow[0].when"),
        ({"overflow": [{"when": "age", "to": "night"}]}, "policy.lines.support.overflow[0].seconds"),
        ({"overflow": [{"when": "crowded", "to": "night"}]}, "policy.lines.support.overflow[0].count"),
        ({"overflow": [{"when": "closed", "seconds": 9, "to": "night"}]}, "policy.lines.support.overflow[0].seconds"),
        ({"overflow": [{"when": "closed", "action": "shout"}]}, "policy.lines.support.overflow[0].action"),
        ({"overflow": [{"when": "closed", "to": "night", "channels": ["pigeon"]}]},
         "policy.lines.support.overflow[0].channels"),
        ({"overflow": [{"when": "closed", "to": "night"}] * 21}, "policy.lines.support.overflow"),
        ({"after_close": {"do": "shout"}}, "policy.lines.support.after_close.do"),
        ({"callback": {"pauses": [0]}}, "policy.lines.support.callback.pauses"),
        ({"callback": {"pauses": ["closing"]}}, "policy.lines.support.callback.pauses"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_path(about: dict[str, Any], path: str) -> None:
    assert path in [where for where, _ in Policy.problems(line(**about))]
