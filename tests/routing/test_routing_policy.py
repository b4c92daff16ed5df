"""The policy document: what an empty one means, what a full one says, and what every mistake is answered with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.errors import ConfigError
from contactd.routing.line import glob
from contactd.routing.policy import Policy

CONTRACT_CHANNELS = (
    "voice", "email", "fax", "chat", "callback", "voicemail", "form", "message", "visit", "task",
)  # fmt: skip


def test_an_empty_document_makes_one_line_over_every_channel() -> None:
    policy = Policy.from_mapping({})
    assert list(policy.lines) == ["support"]
    for channel in CONTRACT_CHANNELS:
        assert policy.place(channel, "anything") == ("support", 0, ())
        assert policy.rule("support", channel).name == channel


def test_the_built_in_rules_are_those_of_the_trade() -> None:
    policy = Policy.from_mapping({})
    voice, chat, email = (policy.rule("support", channel) for channel in ("voice", "chat", "email"))
    assert (voice.offer_s, chat.offer_s, email.offer_s) == (20, 30, 120)
    assert (voice.misses, chat.misses) == (1, 2)
    assert (voice.may_reject, chat.may_reject, email.may_reject) == (False, True, True)
    assert (voice.live, chat.live, email.live) == (True, True, False)
    assert (voice.units, chat.units, email.units) == (100, 30, 50)
    assert (voice.wrapup.mode, voice.wrapup.seconds, voice.wrapup.extensions) == ("timed", 30, 2)
    assert (chat.wrapup.mode, email.wrapup.mode) == ("optional", "off")
    assert set(voice.interrupts) >= {"email", "fax", "task"}
    assert not chat.interrupts


def test_default_reasons_and_dispositions_are_bilingual() -> None:
    policy = Policy.from_mapping({})
    assert [policy.reasons[code].label["zh"] for code in ("break", "lunch", "training", "meeting")] == [
        "小休",
        "午餐",
        "培训",
        "会议",
    ]
    assert all(node["label"]["zh"] and node["label"]["en"] for node in policy.tree("support"))
    junk = policy.disposition("support", "junk")
    assert junk is not None
    assert junk["outcome"] == "junk"
    assert policy.disposition("support", "no such code") is None


def test_a_line_overrides_a_channel_and_leaves_other_lines_alone() -> None:
    policy = Policy.from_mapping(
        {
            "channels": {"chat": {"offer_s": 15}},
            "lines": {
                "support": {},
                "vip": {
                    "sla_s": 10,
                    "capacity": {"email": 100},
                    "channels": {"voice": {"may_reject": True, "wrapup": {"seconds": 60}}},
                },
            },
        },
    )
    assert policy.rule("vip", "voice").may_reject
    assert policy.rule("vip", "voice").wrapup.mode == "timed"
    assert policy.rule("vip", "voice").wrapup.seconds == 60
    assert policy.rule("vip", "email").units == 100
    assert {policy.rule("vip", channel).sla_s for channel in CONTRACT_CHANNELS} == {10}
    assert not policy.rule("support", "voice").may_reject
    assert policy.rule("support", "email").units == 50
    assert policy.rule("support", "chat").offer_s == policy.rule("vip", "chat").offer_s == 15


def test_intake_rules_are_asked_in_order_and_the_first_that_fits_places() -> None:
    policy = Policy.from_mapping(
        {
            "lines": {"support": {}, "sales": {}, "billing": {}},
            "intake": [
                {"channel": "email", "to": "Rechnung@example.com", "line": "billing", "priority": 3},
                {"to": "sales*", "line": "sales", "skills": {"german": 5, "arabic": 2}},
                {"channel": "fax", "line": "billing"},
            ],
        },
    )
    assert policy.place("email", "rechnung@EXAMPLE.com") == ("billing", 3, ())
    assert policy.place("chat", "rechnung@example.com") == ("support", 0, ())
    assert policy.place("email", "sales-de@example.com") == ("sales", 0, (("arabic", 2), ("german", 5)))
    assert policy.place("fax", "+49301234") == ("billing", 0, ())


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"lines": {"support": {"offer_s": 5}}}, "policy.lines.support.offer_s"),
        ({"lines": {"support": {"base": 10}}}, "policy.lines.support.base"),
        ({"lines": {"support": {"rate": -1}}}, "policy.lines.support.rate"),
        ({"lines": {"support": {"rate": float("nan")}}}, "policy.lines.support.rate"),
        ({"lines": {"support": {"strict": 1}}}, "policy.lines.support.strict"),
        ({"lines": {"support": {"strategy": "nicest"}}}, "policy.lines.support.strategy"),
        ({"lines": {"support": {"required": {"german": 11}}}}, "policy.lines.support.required.german"),
        ({"lines": {"support": {"steps": [{"prefer": {"german": 0}}]}}}, "policy.lines.support.steps[0].prefer.german"),
        ({"lines": {"support": {"dispositions": "none"}}}, "policy.lines.support.dispositions"),
        (
            {"lines": {"support": {"channels": {"voice": {"wrapup": {"mode": "long"}}}}}},
            "policy.lines.support.channels.voice.wrapup.mode",
        ),
        ({"channels": {"voice": {"wrapup": {"seconds": 0}}}}, "policy.channels.voice.wrapup.seconds"),
        ({"channels": {"voice": {"interrupts": ["pigeon"]}}}, "policy.channels.voice.interrupts"),
        ({"channels": {"voice": "on"}}, "policy.channels.voice"),
        ({"capacity": {"chat": 0}}, "policy.capacity.chat"),
        ({"capacity": {"pigeon": 5}}, "policy.capacity.pigeon"),
        ({"default_line": "nowhere"}, "policy.default_line"),
        ({"intake": [{"line": "nowhere"}]}, "policy.intake[0].line"),
        ({"intake": {"line": "support"}}, "policy.intake"),
        ({"intake": [{"line": "support", "chanel": "fax"}]}, "policy.intake[0].chanel"),
        ({"reasons": {"break": {"max_s": "long"}}}, "policy.reasons.break.max_s"),
        ({"reasons": {"break": {"min_service": 80}}}, "policy.reasons.break.min_service"),
        ({"occupancy": {"most": 1.5}}, "policy.occupancy.most"),
        ({"lines": {"support": {"reserve": -1}}}, "policy.lines.support.reserve"),
        ({"reasons": {"a b": {}}}, "policy.reasons.a b"),
        ({"dispositions": {"t": [{"code": "a"}, {"code": "a"}]}}, "policy.dispositions.t[1].code"),
        ({"dispositions": {"t": [{"label": {"en": "A"}}]}}, "policy.dispositions.t[0].code"),
        ({"color": "red"}, "policy.color"),
        ([], "policy"),
    ],
)
def test_every_mistake_names_the_path_of_its_key(document: Any, path: str) -> None:
    assert path in [where for where, _ in Policy.problems(document)]
    with pytest.raises(ConfigError) as raised:
        Policy.from_mapping(document)
    assert raised.value.field is not None
    assert raised.value.field.startswith("policy")


def test_all_mistakes_are_found_at_once() -> None:
    document = {"lines": {"support": {"base": "x", "colour": 1}}, "intake": [{"line": "a"}, {"line": "b"}]}
    assert len(Policy.problems(document)) == 4


def test_a_disposition_tree_is_at_most_four_levels_deep() -> None:
    nodes: list[dict[str, Any]] = [{"code": "five"}]
    for code in ("four", "three", "two", "one"):
        nodes = [{"code": code, "children": nodes}]
    path = "policy.dispositions.t[0].children[0].children[0].children[0].children"
    assert path in [where for where, _ in Policy.problems({"dispositions": {"t": nodes}})]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = (
    "lines",
    "channels",
    "intake",
    "skills",
    "capacity",
    "dispositions",
    "reasons",
    "default_line",
    "deferred_share",
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_document_brings_the_reader_down(document: dict[str, Any]) -> None:
    """Fails when a getter of `document.Table` returns an unchecked value."""
    if Policy.problems(document):
        with pytest.raises(ConfigError):
            Policy.from_mapping(document)
    else:
        policy = Policy.from_mapping(document)
        assert policy.place("email", "x")[0] in policy.lines


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a@b.c", "A@B.C", True),
        ("*@b.c", "x@b.c", True),
        ("+4930*", "+49301234", True),
        ("a*a", "a", False),
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_is_special(pattern: str, text: str, fits: bool) -> None:
    assert glob(pattern, text) is fits
