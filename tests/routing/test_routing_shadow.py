"""A draft decides beside the live policy: it is counted where it would have decided otherwise, and it changes nothing."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from typing import Any

import pytest
from day import POLICY, Action, act, days, opened
from hypothesis import HealthCheck, Phase, given, settings
from stage import Stage

from contactd.core.journal import encode_wishes
from contactd.routing.policy import Policy
from contactd.routing.shadow import Shadow

DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "60"))
calm = settings(
    max_examples=DAYS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def beside(stage: Stage, draft: dict[str, Any]) -> Shadow:
    shadow = Shadow(Policy.from_mapping(draft))
    stage.router.stand_by(shadow)
    return shadow


def results(shadow: Shadow) -> dict[str, int]:
    return {name: count for name, count in shadow.as_json()["results"].items() if count}


def test_another_strategy_would_have_chosen_somebody_else() -> None:
    stage = Stage({"lines": {"support": {"required": {"german": 1}}}})
    shadow = beside(stage, {"lines": {"support": {"required": {"german": 1}, "strategy": "best_skill"}}})
    stage.agent("ann", skills=(("german", 2),))
    stage.wait(5)
    stage.agent("bob", skills=(("german", 9),))
    stage.arrive("one")
    assert stage.offered_to("one") == "ann"
    assert results(shadow) == {"other_agent": 1}
    (told,) = shadow.as_json()["latest"]
    assert (told["live"], told["draft"], told["interaction"]) == ("ann", "bob", "one")


def test_a_stricter_requirement_would_have_let_it_wait() -> None:
    stage = Stage()
    shadow = beside(stage, {"lines": {"support": {"required": {"german": 5}}}})
    stage.agent("ann")
    stage.arrive("one")
    assert results(shadow) == {"would_wait": 1}


def test_another_base_would_have_served_another_item_first() -> None:
    lines: dict[str, Any] = {"support": {}, "sales": {}}
    stage = Stage({"lines": lines})
    shadow = beside(stage, {"lines": {"support": {}, "sales": {"base": 4}}})
    stage.arrive("old")
    stage.wait(30)
    stage.arrive("new", line="sales")
    stage.agent("ann")
    assert stage.offered_to("old") == "ann"
    assert results(shadow) == {"other_item": 1}


def test_a_draft_may_not_mean_an_agent_at_all() -> None:
    stage = Stage()
    shadow = beside(stage, {"lines": {"support": {"required": {"german": 5}}}})
    stage.arrive("one")
    stage.agent("ann")
    assert results(shadow) == {"not_meant": 1}


def test_a_draft_keeps_agents_free_that_the_live_policy_does_not() -> None:
    stage = Stage()
    shadow = beside(stage, {"lines": {"support": {"reserve": 1}}})
    stage.agent("ann")
    stage.arrive("letter", channel="email")
    assert stage.offered_to("letter") == "ann"
    assert results(shadow) == {"would_wait": 1}


def test_a_draft_without_a_limit_chooses_whom_the_live_policy_keeps_free() -> None:
    stage = Stage({"lines": {"support": {"reserve": 1}}})
    shadow = beside(stage, {})
    stage.agent("ann")
    stage.agent("bob")
    for letter in ("first", "second"):
        stage.arrive(letter, channel="email")
    # Both go to the one who has a letter already, so that the other stays free.
    (taken,) = {stage.offered_to("first"), stage.offered_to("second")}
    assert results(shadow) == {"same": 1, "other_agent": 1}
    (told,) = shadow.as_json()["latest"]
    assert {told["live"], told["draft"]} == {"ann", "bob"}
    assert told["live"] == taken


def test_a_draft_that_fails_hinders_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    shadow = beside(stage, {})
    monkeypatch.setattr(shadow, "_draft", lambda _item: 1 / 0)
    stage.agent("ann")
    stage.arrive("one")
    assert stage.offered_to("one") == "ann"
    assert shadow.failed == 1


@calm
@given(days)
def test_the_same_policy_beside_itself_hardly_differs_and_changes_nothing(day: list[Action]) -> None:
    """The decisions are the same with and without a shadow.  Fails when the shadow touches an item, an agent or the index."""
    alone, watched = opened(), opened()
    shadow = beside(watched, deepcopy(POLICY))
    for action in day:
        act(alone, action)
        act(watched, action)
    assert encode_wishes(alone.log) == encode_wishes(watched.log)
    assert alone.router.digest() == watched.router.digest()
    assert shadow.failed == 0
    told = results(shadow)
    assert told.get("not_meant", 0) == 0
    # A step without time is tried when an item comes to it, which may be later than it would have been.
    assert told.get("other_agent", 0) <= 1 + shadow.looked_at // 5
    assert json.dumps(shadow.as_json())
