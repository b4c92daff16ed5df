"""Breaks that are bounded: how many at once, and which only a supervisor grants."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from stage import Stage, refused

from contactd.core.events import IntentSet, SupervisorSet

POLICY: dict[str, Any] = {
    "lines": {"support": {}, "sales": {}},
    "reasons": {"break": {"most": 2}, "course": {"approval": True}, "lunch": {}},
}


def asks(stage: Stage, agent: str, reason: str, intent: str = "not_ready") -> str | None:
    return refused(stage.tell(IntentSet(agent=agent, intent=intent, reason=reason if intent == "not_ready" else None)))


def test_so_many_of_a_team_at_once_and_no_more() -> None:
    stage = Stage(POLICY)
    for name in ("ann", "bob", "cat"):
        stage.agent(name, lines=("support",))
    stage.agent("dan", lines=("sales",))
    assert [asks(stage, name, "break") for name in ("ann", "bob", "cat", "dan")] == [None, None, "break_full", None]
    assert asks(stage, "ann", "", "ready") is None
    assert asks(stage, "cat", "break") is None


def test_saying_it_again_is_no_second_break() -> None:
    stage = Stage(POLICY)
    for name in ("ann", "bob"):
        stage.agent(name)
        assert asks(stage, name, "break") is None
    assert asks(stage, "ann", "break") is None


def test_who_will_be_away_after_their_contact_counts() -> None:
    stage = Stage(POLICY)
    for name in ("ann", "bob", "cat"):
        stage.agent(name)
        stage.arrive(f"call-{name}")
        stage.accept(f"call-{name}")
        assert asks(stage, name, "break") == (None if name != "cat" else "break_full")


def test_what_needs_approval_is_set_by_a_supervisor() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    assert asks(stage, "ann", "course") == "approval_needed"
    granted = {"intent": "not_ready", "reason": "course"}
    assert refused(stage.tell(SupervisorSet(actor="sue", action="intent", agent="ann", value=granted))) is None
    assert stage.agents["ann"].reason == "course"
    assert asks(stage, "ann", "course") is None


NAMES = ("ann", "bob", "cat", "dan", "eve")
steps = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["break", "lunch", "course", "ready", "out"]), st.booleans())
)


@settings(deadline=None)
@given(steps)
def test_never_more_than_the_rule_says(day: list[tuple[str, str, bool]]) -> None:
    """Fails when `Away.note` forgets who comes back, or whose lines change."""
    stage = Stage(POLICY)
    for name in NAMES:
        stage.agent(name, lines=("support",) if name < "dan" else ("sales",))
    for name, what, busy in day:
        if busy:
            stage.arrive(f"c{len(stage.facts)}", "email")
        intent = {"ready": "ready", "out": "logged_out"}.get(what, "not_ready")
        asks(stage, name, what, intent)
        for team in (("support",), ("sales",)):
            away = [one for one in stage.router._floor.agents.values() if one.lines == team and one.reason == "break"]
            assert len(away) <= 2
            assert len(away) == stage.router._floor.away.count("break", team)
