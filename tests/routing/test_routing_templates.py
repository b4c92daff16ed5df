"""Templates and signatures of the policy: read, checked, filled from a list of names and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.template import fill
from contactd.routing.policy import Policy

LINES = {"lines": {"support": {}, "billing": {}}}


def policy(**templates: Any) -> Policy:
    return Policy.from_mapping({**LINES, "templates": templates})


def test_a_template_serves_its_lines_or_all() -> None:
    found = policy(
        all={"label": {"zh": "感谢", "en": "Thanks"}, "text": {"zh": "{customer_name}，您好"}},
        own={"text": {"en": "Dear {customer_name}"}, "lines": ["billing"]},
    ).templates
    assert (found["all"].serves("support"), found["own"].serves("support"), found["own"].serves("billing")) == (
        True,
        False,
        True,
    )
    assert found["all"].text == {"zh": "{customer_name}，您好", "en": "{customer_name}，您好"}
    assert found["own"].label == {"zh": "own", "en": "own"}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ({"text": {"en": "{password}"}}, "policy.templates.x.text.en"),
        ({"text": {}}, "policy.templates.x.text"),
        ({"text": {"en": "a"}, "lines": ["nowhere"]}, "policy.templates.x.lines"),
        ({"text": {"en": "a"}, "more": 1}, "policy.templates.x.more"),
    ],
)
def test_a_mistake_is_named_by_its_path(template: dict[str, Any], path: str) -> None:
    assert path in {where for where, _ in Policy.problems({**LINES, "templates": {"x": template}})}


def test_a_signature_has_places_of_its_own() -> None:
    wrong = {"lines": {"support": {"signature": {"en": "{agent_name}, {customer_name}"}}}}
    assert "policy.lines.support.signature.en" in {where for where, _ in Policy.problems(wrong)}


@pytest.mark.parametrize(
    "line", [{"from_address": "a@x.cn", "from_addresses": ["nobody"]}, {"from_addresses": ["b@x.cn"]}]
)
def test_a_line_sends_from_addresses_and_has_one_of_its_own(line: dict[str, Any]) -> None:
    path = "policy.lines.support.from_addresses"
    assert path in {where for where, _ in Policy.problems({"lines": {"support": line}})}


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["customer_name", "line"]), st.text(max_size=30)))
def test_what_is_filled_in_is_never_looked_at_again(template: str, values: dict[str, str]) -> None:
    """`{{7*7}}`, `{x.__class__}` and names within values stay what they are."""
    hostile = f"{template}{{{{7*7}}}} {{x.__class__}} {{customer_name}}"
    filled = fill(hostile, {**values, "customer_name": "{line} {{7*7}}"})
    assert filled.endswith("{{7*7}} {x.__class__} {line} {{7*7}}")
