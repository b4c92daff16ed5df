"""Agents: intent, slots, health, capacity and interruption."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stage import Stage, kinds, of, refused

from contactd.core.effects import AgentState, Alert, Moved, Offer, Requeue, Withdraw
from contactd.core.events import (
    AgentConfigured,
    ConsoleLost,
    ConsoleSeen,
    ExternalWork,
    InteractionGone,
    SupervisorSet,
    WorkStarted,
)


def talking(stage: Stage, name: str = "call", channel: str = "voice", **about: object) -> None:
    """Bring an item into its agent's hands."""
    stage.arrive(name, channel, **about)
    stage.accept(name)


# --- intent -------------------------------------------------------------------------------------------------------------


def test_an_agent_is_routable_only_when_ready() -> None:
    stage = Stage()
    stage.agent("ann", "logged_out")
    stage.arrive("call")
    for intent in ("not_ready", "logged_out"):
        assert not of(stage.intent("ann", intent), Offer)
    assert of(stage.intent("ann", "ready"), Offer)


def test_a_choice_made_during_a_call_applies_after_its_wrap_up() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage)
    (state,) = of(stage.intent("ann", "not_ready", "lunch"), AgentState)
    assert (state.intent, state.next_intent, state.next_reason, state.state) == (
        "ready",
        "not_ready",
        "lunch",
        "talking",
    )
    stage.end("call")
    assert stage.agents["ann"].intent == "ready"
    stage.wait(30)
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "lunch")


def test_an_agent_on_the_way_out_gets_nothing_new_and_may_change_their_mind() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    stage.intent("ann", "not_ready", "break")
    stage.arrive("two", "chat")
    assert stage.offered_to("two") is None
    stage.intent("ann", "ready")
    assert stage.offered_to("two") == "ann"
    assert stage.agents["ann"].next_intent is None


def test_mails_on_the_desk_do_not_keep_anyone_from_a_break() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.intent("ann", "not_ready", "break")
    assert stage.agents["ann"].intent == "not_ready"
    assert stage.holder["mail"] == "ann"


def test_not_ready_takes_back_offers_that_may_be_declined_but_not_a_ringing_call() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("mail", "email")
    wishes = stage.intent("ann", "not_ready")
    assert of(wishes, Withdraw)[0].reason == "rerouted"
    stage.intent("ann", "ready")
    stage.arrive("call")
    stage.intent("ann", "not_ready")
    assert stage.offered_to("call") == "ann"
    assert stage.agents["ann"].next_intent == "not_ready"


def test_a_choice_made_while_a_call_rings_applies_when_the_caller_hangs_up() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    stage.intent("ann", "not_ready", "break")
    stage.tell(InteractionGone(interaction="call"))
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "break")


@pytest.mark.parametrize(
    ("intent", "reason", "why"),
    [
        ("asleep", None, "unknown_intent"),
        ("not_ready", "golf", "unknown_reason"),
        ("not_ready", "rona", "unknown_reason"),
    ],
)
def test_an_unknown_choice_is_refused(intent: str, reason: str | None, why: str) -> None:
    stage = Stage()
    stage.agent("ann")
    before = stage.router.digest()
    assert refused(stage.intent("ann", intent, reason)) == why
    assert stage.router.digest() == before


def test_a_break_that_is_too_long_is_told_and_ends_nothing() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.intent("ann", "not_ready", "break")
    assert not of(stage.wait(899), Alert)
    (alert,) = of(stage.wait(1), Alert)
    assert (alert.kind, alert.agent, alert.detail) == ("break_overrun", "ann", "break")
    assert stage.agents["ann"].intent == "not_ready"


def test_a_supervisor_sets_an_intent_at_once() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage)
    stage.tell(
        SupervisorSet(actor="sue", action="intent", agent="ann", value={"intent": "not_ready", "reason": "meeting"}),
    )
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "meeting")
    assert stage.agents["ann"].actor == "sue"


def test_a_doubled_intent_changes_nothing_and_says_nothing() -> None:
    stage = Stage()
    stage.agent("ann")
    assert stage.intent("ann", "ready") == []


# --- health -------------------------------------------------------------------------------------------------------------


def test_a_silent_console_is_lagging_after_20_seconds_and_lost_after_45() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    stage.wait(20)
    assert stage.agents["ann"].health == "lagging"
    stage.arrive("call")
    assert stage.offered_to("call") is None
    stage.wait(25)
    state = stage.agents["ann"]
    assert (state.health, state.intent, state.reason, state.state) == ("lost", "not_ready", "lost", "lost")


def test_heartbeats_keep_an_agent_healthy() -> None:
    stage = Stage()
    stage.agent("ann")
    for _ in range(20):
        stage.tell(ConsoleSeen(agent="ann"), 10)
    stage.arrive("call")
    assert stage.offered_to("call") == "ann"


def test_an_agent_without_a_console_has_no_heartbeat_to_miss() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(3600)
    stage.arrive("call")
    assert stage.offered_to("call") == "ann"


def test_a_broken_connection_is_lagging_at_once_and_coming_back_in_time_mends_it() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    stage.tell(ConsoleLost(agent="ann"), 5)
    assert stage.agents["ann"].health == "lagging"
    stage.tell(ConsoleSeen(agent="ann"), 5)
    stage.tell(ConsoleSeen(agent="ann"), 15)
    stage.tell(ConsoleSeen(agent="ann"), 15)
    assert (stage.agents["ann"].health, stage.agents["ann"].intent) == ("ok", "ready")


def test_losing_an_agent_takes_back_their_offers_and_keeps_their_call() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    talking(stage)
    stage.wait(600)
    assert stage.agents["ann"].health == "lost"
    assert stage.states["call"] == "active"
    stage.end("call", skip_wrapup=True)
    assert stage.agents["ann"].state == "lost"

    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    stage.arrive("mail", "email")
    wishes = stage.tell(ConsoleLost(agent="ann")) + stage.wait(45)
    assert [gone.reason for gone in of(wishes, Withdraw)] == ["agent_lost"]


def test_chats_and_mails_of_a_lost_agent_wait_the_return_window_and_then_go_back_with_their_age() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    stage.arrive("chat", "chat")
    stage.wait(10)
    stage.tell(ConsoleSeen(agent="ann"))
    stage.accept("chat")
    stage.wait(45 + 119)
    assert stage.states["chat"] == "active"
    wishes = stage.wait(1)
    assert of(wishes, Requeue)[0].reason == "agent_lost"
    assert stage.router.explain("chat", stage.now)["waited_s"] == 10


def test_an_agent_who_comes_back_within_the_window_keeps_their_work_and_stays_not_ready() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleSeen(agent="ann"))
    talking(stage, "chat", "chat")
    stage.wait(100)
    stage.tell(ConsoleSeen(agent="ann"))
    for _ in range(20):
        stage.tell(ConsoleSeen(agent="ann"), 15)
    assert stage.holder["chat"] == "ann"
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "lost")


def test_mails_of_an_agent_who_signs_out_go_back_after_the_window() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    talking(stage, "mail", "email")
    stage.intent("ann", "logged_out")
    stage.wait(119)
    assert stage.holder["mail"] == "ann"
    stage.wait(1)
    assert stage.states["mail"] == "queued"


def test_a_lost_agent_cannot_be_ready_before_they_are_seen() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ConsoleLost(agent="ann"))
    stage.wait(45)
    before = stage.router.digest()
    assert refused(stage.intent("ann", "ready")) == "not_connected"
    assert stage.router.digest() == before
    stage.tell(ConsoleSeen(agent="ann"))
    stage.intent("ann", "ready")
    assert stage.agents["ann"].state == "ready"


# --- capacity -----------------------------------------------------------------------------------------------------------


def test_an_agent_takes_chats_up_to_their_capacity() -> None:
    stage = Stage()
    stage.agent("ann")
    for number in range(5):
        stage.arrive(f"chat{number}", "chat")
    assert sorted(stage.offers) == ["chat0", "chat1", "chat2"]
    assert stage.agents["ann"].used == 90


def test_an_agents_own_capacity_and_a_lines_are_heeded() -> None:
    stage = Stage()
    stage.agent("ann", capacity=(("chat", 50),))
    for number in range(5):
        stage.arrive(f"chat{number}", "chat")
    assert len(stage.offers) == 2
    stage = Stage({"lines": {"support": {"capacity": {"chat": 100}}}})
    stage.agent("ann")
    for number in range(5):
        stage.arrive(f"chat{number}", "chat")
    assert len(stage.offers) == 1


def test_nothing_comes_beside_a_call() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage)
    for channel in ("voice", "chat", "email", "fax", "task"):
        stage.arrive(channel, channel)
    assert not stage.offers


def test_a_call_interrupts_mails_which_come_back_when_its_wrap_up_ends() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "one", "email")
    talking(stage, "two", "email")
    stage.arrive("call")
    assert stage.states["one"] == "active"
    wishes = stage.accept("call")
    assert {move.interaction: move.cause for move in of(wishes, Moved)} == {
        "one": "interrupted",
        "two": "interrupted",
        "call": "accepted",
    }
    assert stage.agents["ann"].used == 100
    stage.end("call")
    assert stage.states["one"] == "held"
    stage.wait(30)
    assert (stage.states["one"], stage.states["two"]) == ("active", "active")


def test_a_call_does_not_interrupt_a_chat() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    stage.arrive("call")
    assert stage.offered_to("call") is None


def test_any_call_on_the_agents_device_fills_the_voice_slot() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(ExternalWork(agent="ann", channel="voice", on=True, ref="leg1"))
    stage.arrive("call")
    assert stage.offered_to("call") is None
    assert stage.agents["ann"].state == "talking"
    stage.tell(ExternalWork(agent="ann", channel="voice", on=True, ref="leg2"))
    stage.tell(ExternalWork(agent="ann", channel="voice", on=False, ref="leg1"))
    assert stage.offered_to("call") is None
    stage.tell(ExternalWork(agent="ann", channel="voice", on=False, ref="leg2"))
    assert stage.offered_to("call") == "ann"


def test_a_call_from_outside_interrupts_mails_and_takes_back_offers() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.arrive("chat", "chat")
    wishes = stage.tell(ExternalWork(agent="ann", channel="voice", on=True, ref="leg"))
    assert stage.states["mail"] == "held"
    assert [gone.reason for gone in of(wishes, Withdraw)] == ["rerouted"]
    stage.tell(ExternalWork(agent="ann", channel="voice", on=False, ref="leg"))
    assert stage.states["mail"] == "active"
    assert stage.offered_to("chat") == "ann"


def test_a_doubled_or_unknown_end_of_outside_work_is_refused() -> None:
    stage = Stage()
    stage.agent("ann")
    on = ExternalWork(agent="ann", channel="voice", on=True, ref="leg")
    off = ExternalWork(agent="ann", channel="voice", on=False, ref="leg")
    assert refused(stage.tell(off)) == "bad_state"
    stage.tell(on)
    assert refused(stage.tell(on)) == "bad_state"


def test_work_an_agent_began_themselves_fills_their_slot() -> None:
    stage = Stage()
    stage.agent("ann")
    wishes = stage.tell(WorkStarted(interaction="out", channel="email", line="support", agent="ann"))
    assert kinds(wishes) == ["AgentState"]
    assert stage.agents["ann"].slots == (("email", "active", 1),)
    stage.tell(WorkStarted(interaction="out2", channel="email", line="support", agent="ann"))
    stage.arrive("mail", "email")
    assert stage.offered_to("mail") is None


def test_an_agent_who_is_struck_off_leaves_their_digital_work_to_the_others() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.arrive("chat", "chat")
    stage.agent("bob")
    stage.tell(AgentConfigured(agent="ann", removed=True))
    assert stage.offered_to("mail") == "bob"
    assert stage.offered_to("chat") == "bob"
    assert refused(stage.intent("ann", "ready")) == "unknown_agent"


def test_the_clock_never_goes_back() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(60)
    stage.arrive("one")
    stage.now -= timedelta(seconds=30)
    stage.arrive("two")
    assert stage.router.waiting() == {"support": ["two"]}
    assert stage.router.explain("two", stage.now)["waited_s"] == 0
