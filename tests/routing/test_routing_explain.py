"""Why: for a decision, for an item that waits, for an agent who has nothing to do; and that the reasons agree with the deeds."""

from __future__ import annotations

import os
from typing import Any

import pytest
from day import Action, act, days, opened
from hypothesis import HealthCheck, Phase, example, given, settings
from stage import Stage

from contactd.core import effects, events
from contactd.core.interaction import State
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from contactd.routing.witness import Seen

DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "60"))
RESTED: list[Action] = [
    ("supervise", 140, 226, 3.0),
    ("wrap", 250, 70, 21.0),
    ("supervise", 210, 236, 0.5),
    ("leave", 105, 154, 21.0),
    ("intent", 195, 56, 3.0),
    ("supervise", 204, 135, 21.0),
    ("supervise", 115, 108, 0.0),
    ("finish", 198, 41, 0.5),
    ("configure", 58, 22, 0.5),
    ("configure", 162, 49, 0.5),
    ("configure", 80, 93, 3.0),
    ("arrive", 134, 110, 0.5),
    ("answer", 172, 160, 0.0),
    ("transfer", 133, 250, 130.0),
    ("wrap", 227, 162, 0.5),
    ("finish", 250, 92, 0.0),
    ("supervise", 109, 93, 21.0),
]
"""A day on which an item's step and an agent's rest end at the same millisecond."""
STEPS: dict[str, Any] = {
    "lines": {
        "support": {
            "steps": [{"prefer": {"german": 6}, "seconds": 30}, {"prefer": {"german": 3}, "seconds": 60}],
            "skip_unmet": False,
        }
    }
}


def said(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sentences by key."""
    return {reason["key"]: reason["params"] for reason in answer["reasons"]}


def test_a_waiting_item_says_when_who_will_fit() -> None:
    stage = Stage(STEPS)
    stage.agent("ann", skills=(("german", 3),))
    stage.agent("bob", skills=(("german", 4),))
    stage.agent("cat")
    stage.arrive("call")
    stage.wait(10)
    answer = stage.router.explain("call", stage.now)
    assert answer["outlook"] == [
        {"step": 1, "in_s": 20.0, "agents": 2, "free": 2},
        {"step": 2, "in_s": 80.0, "agents": 1, "free": 1},
    ]
    assert said(answer)["reason.wait_step"] == {"n": 1, "step": 3, "s": 80.0}
    assert [reason["params"]["n"] for reason in answer["reasons"]] == [2, 1]


def test_a_waiting_item_says_what_the_others_do() -> None:
    stage = Stage({"channels": {"voice": {"wrapup": {"mode": "mandatory", "seconds": 0}}}})
    for name in ("ann", "bob", "cat"):
        stage.agent(name)
    stage.agent("dan", "not_ready")
    for name in ("one", "two", "three", "four"):
        stage.arrive(name)
    stage.accept("one")
    stage.accept("two")
    stage.end("two")
    answer = stage.router.explain("four", stage.now)
    assert answer["filters"] == {"busy": 3, "not_ready": 1}
    assert answer["busy"] == {"offered": 1, "talking": 1, "wrapup": 1}
    assert set(said(answer)) == {
        "reason.wait_offered",
        "reason.wait_talking",
        "reason.wait_wrapup",
        "reason.wait_not_ready",
    }


@pytest.mark.parametrize(("skills", "key"), [((("law", 3),), "reason.wait_absent"), ((), "reason.wait_never")])
def test_a_waiting_item_says_when_nobody_is_there(skills: events.Skills, key: str) -> None:
    stage = Stage({"lines": {"support": {"required": {"law": 2}}}})
    stage.agent("ann", "logged_out", skills=skills)
    stage.arrive("call")
    assert set(said(stage.router.explain("call", stage.now))) == {key}


def test_an_idle_agent_learns_that_nothing_waits() -> None:
    stage = Stage()
    stage.agent("ann")
    answer = stage.router.explain_agent("ann", stage.now)
    assert said(answer) == {"reason.idle_empty": {}}
    assert (answer["kept_by"], answer["waiting"], answer["free_units"]) == (None, [], 100)
    assert stage.router.explain_agent("nobody", stage.now)["state"] == "unknown"


def test_an_idle_agent_learns_what_keeps_them_from_what_waits() -> None:
    stage = Stage(STEPS)
    stage.agent("ann", skills=(("german", 3),), device=None)
    stage.agent("bob")
    stage.intent("bob", "not_ready", "break")
    for name in ("chat1", "chat2"):
        stage.arrive(name, "chat")
    stage.arrive("call")
    stage.wait(12)
    answer = stage.router.explain_agent("ann", stage.now)
    assert [(one["channel"], one["count"], one["why"], one["in_s"]) for one in answer["waiting"]] == [
        ("chat", 2, "step", 18.0),
        ("voice", 1, "step", 18.0),
    ]
    assert said(answer)["reason.idle_nothing"] == {"n": 3}
    kept = stage.router.explain_agent("bob", stage.now)
    assert (kept["kept_by"], said(kept)) == ("not_ready", {"reason.idle_not_ready": {"reason": "break"}})
    stage.wait(20)
    later = stage.router.explain_agent("ann", stage.now)
    assert [(one["channel"], one["why"]) for one in later["waiting"]] == [("voice", "device")]


def test_an_idle_agent_learns_of_a_skill_and_of_other_peoples_work() -> None:
    stage = Stage({"lines": {"support": {}, "billing": {"required": {"money": 3}}}})
    stage.agent("ann", skills=(("money", 2),))
    stage.agent("bob", "not_ready")
    stage.arrive("mail", "email", "billing")
    stage.arrive("own", "email", prefer_agent="bob")
    answer = stage.router.explain_agent("ann", stage.now)
    assert {key: params["n"] for key, params in said(answer).items()} == {
        "reason.idle_nothing": 1,
        "reason.idle_others": 1,
        "reason.idle_skill": 1,
    }
    assert answer["for_others"] == 1


def test_a_decision_names_every_candidate() -> None:
    stage = Stage({"lines": {"support": {"required": {"german": 2}}}})
    seen = stage.router.watch()
    stage.agent("ann", skills=(("german", 3),))
    stage.wait(5)
    stage.agent("bob", skills=(("german", 2),))
    stage.agent("cat")
    stage.agent("dan", "not_ready", skills=(("german", 2),))
    stage.arrive("call")
    (one,) = seen
    assert one.offer == stage.offers["call"].offer
    assert {candidate.agent: candidate.why for candidate in one.candidates} == {
        "ann": "chosen",
        "bob": "free",
        "cat": "skill",
        "dan": "not_ready",
    }
    shown = one.as_json()
    assert shown["filters"] == {"chosen": 1, "free": 1, "not_ready": 1, "skill": 1}
    assert [candidate["agent"] for candidate in shown["candidates"]][:2] == ["ann", "bob"]


calm = settings(
    max_examples=DAYS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def _agrees(one: Seen, offer: effects.Offer) -> None:
    why = {candidate.agent: candidate for candidate in one.candidates}
    assert why[offer.agent].why == "chosen"
    for agent, _ in offer.decision.next_best:
        assert why[agent].why == "free"
    if one.by_item:
        chosen = why[offer.agent].compares
        assert chosen is not None
        assert all(candidate.compares >= chosen for candidate in one.candidates if candidate.compares is not None)
        free = sum(candidate.why == "free" for candidate in one.candidates)
        assert len(offer.decision.next_best) == min(free, 5)


@calm
@given(days)
@example(RESTED)
def test_what_is_said_of_a_decision_agrees_with_it(day: list[Action]) -> None:
    """Fails when a filter is forgotten (skips, device, room), or the strategy is not asked of all who are free."""
    stage = opened()
    seen = stage.router.watch()
    for action in day:
        act(stage, action)
    offers = [wish for wish in stage.log if isinstance(wish, effects.Offer)]
    told = {one.offer: one for one in seen}
    assert set(told) == {offer.offer for offer in offers}
    for offer in offers:
        _agrees(told[offer.offer], offer)


@calm
@given(days)
def test_candidates_worked_out_afterwards_are_those_of_the_moment(day: list[Action]) -> None:
    """What `explain` recomputes from the journal is what was so: the same facts make the same candidates."""
    stage = opened()
    lived = Router(stage.policy)
    first = lived.watch()
    for action in day:
        act(stage, action)
    for fact, at in stage.facts:
        lived.tick(at) if fact is None else lived.handle(fact, at)
    again = Router(Policy.from_mapping(dict(stage.policy.document)))
    second = again.watch()
    for fact, at in stage.facts:
        again.tick(at) if fact is None else again.handle(fact, at)
    assert [one.as_json() for one in first] == [one.as_json() for one in second]


@calm
@given(days)
def test_nobody_is_told_of_work_they_could_take_and_do_not_get(day: list[Action]) -> None:
    """After a pass nobody is `free` for what waits, asked from either side.  Fails when `keeps` forgets a filter."""
    stage = opened()
    for action in day:
        act(stage, action)
        for name, state in stage.states.items():
            if state == State.QUEUED:
                assert "free" not in stage.router.explain(name, stage.now)["filters"]
        for agent in ("ann", "bob", "cat", "dan"):
            answer = stage.router.explain_agent(agent, stage.now)
            if answer.get("kept_by") is None:
                assert all(one["why"] != "free" for one in answer.get("waiting", ()))
