"""Customers are called back: in their place, a few times, in opening hours, and not while they talk to us anyway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from stage import Stage, of, refused

from contactd.core import events
from contactd.core.effects import Alert, CallBack, CallbackMet, Connect, Moved
from contactd.core.events import AttemptFailed, CallbackTaken, InteractionGone

# The stage begins on Monday, 2 November 2026, 9:00 UTC.
POLICY: dict[str, Any] = {
    "calendars": {"office": {"zone": "UTC", "week": {"mon-fri": ["08:00-17:00"]}}},
    "lines": {
        "support": {"calendar": "office", "callback": {"missed": True}},
        "sales": {"callback": {"pauses": [30]}},
    },
}


def owed(stage: Stage, name: str = "back", **about: Any) -> None:
    """Let a callback stand in line, as the desk makes one."""
    about = {"contact": "n1", "waited": timedelta(seconds=90), **about}
    stage.arrive(name, "callback", direction="outbound", reason="callback", **about)


def talking(stage: Stage, name: str, channel: str = "voice", **about: Any) -> None:
    stage.arrive(name, channel, **about)
    stage.accept(name)


def failed(stage: Stage, name: str = "back", reason: str = "no_answer") -> list[Any]:
    return stage.tell(AttemptFailed(interaction=name, agent=stage.holder[name] or "", reason=reason))


def test_who_takes_a_callback_leaves_the_line_and_the_time_waited_goes_along() -> None:
    stage = Stage(POLICY)
    stage.arrive("call", priority=2, skills=(("german", 3),), vip=1, language="zh")
    stage.wait(90)
    wishes = stage.tell(CallbackTaken(interaction="call"))
    [back] = of(wishes, CallBack)
    assert (back.interaction, back.channel, back.line, back.reason) == ("call", "callback", "support", "callback")
    assert (back.waited, back.priority, back.skills) == (timedelta(seconds=90), 2, (("german", 3),))
    assert (back.vip, back.language) == (1, "zh")
    [moved] = of(wishes, Moved)
    assert (moved.state, moved.outcome, moved.ended_by) == ("closed", "callback", "customer")


def test_who_is_ringing_at_an_agent_may_take_a_callback_too() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    stage.arrive("call")
    stage.tell(CallbackTaken(interaction="call"))
    assert stage.states["call"] == "closed"
    assert stage.agents["ann"].state == "ready"


def test_a_callback_keeps_the_place_in_line() -> None:
    stage = Stage(POLICY)
    stage.arrive("before")
    stage.wait(60)
    stage.arrive("call")
    stage.wait(60)
    stage.arrive("after")
    [back] = of(stage.tell(CallbackTaken(interaction="call")), CallBack)
    owed(stage, waited=back.waited)
    assert stage.router.waiting()["support"] == ["before", "back", "after"]


@pytest.mark.parametrize(
    ("channel", "state", "why"),
    [
        ("email", "queued", "not_allowed"),
        ("callback", "queued", "not_allowed"),
        ("voice", "active", "bad_state"),
        ("voice", None, "unknown_interaction"),
    ],
)
def test_not_everybody_can_be_called_back(channel: str, state: str | None, why: str) -> None:
    stage = Stage(POLICY)
    if state == "active":
        stage.agent("ann")
    if state is not None:
        stage.arrive("item", channel)
    if state == "active":
        stage.accept("item")
    before = stage.router.digest()
    assert refused(stage.tell(CallbackTaken(interaction="item"))) == why
    assert stage.router.digest() == before


def test_who_gives_up_waiting_is_owed_a_call_where_the_line_says_so() -> None:
    stage = Stage(POLICY)
    for name, line in (("short", "support"), ("long", "support"), ("other", "sales")):
        stage.arrive(name, line=line)
        stage.wait(5 if name == "short" else 60)
        stage.tell(InteractionGone(interaction=name))
    assert [(back.interaction, back.reason) for back in of(stage.log, CallBack)] == [("long", "missed")]


def test_the_agent_is_connected_first() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    owed(stage)
    wishes = stage.accept("back")
    assert [(wish.interaction, wish.device) for wish in of(wishes, Connect)] == [("back", "SIP/ann")]


def test_attempts_and_their_pauses() -> None:
    """10 minutes, an hour, the next opening, and then it has failed."""
    stage = Stage(POLICY)
    stage.agent("ann")
    owed(stage)
    tried = []
    for _ in range(3):
        stage.accept("back")
        [parked] = of(failed(stage), Moved)
        tried.append((parked.state, (parked.until or stage.now) - stage.now))
        assert stage.agents["ann"].state == "ready"
        stage.wait((tried[-1][1] - timedelta(seconds=1)).total_seconds())
        assert stage.offered_to("back") is None
        stage.wait(1)
        assert stage.offered_to("back") == "ann"
    night = timedelta(hours=23) - timedelta(minutes=70)
    assert tried == [
        ("parked", timedelta(minutes=10)),
        ("parked", timedelta(hours=1)),
        ("parked", night),
    ]
    stage.accept("back")
    wishes = failed(stage, reason="busy")
    assert [(wish.state, wish.outcome) for wish in of(wishes, Moved)] == [("closed", "failed")]
    assert [(alert.kind, alert.detail) for alert in of(wishes, Alert)] == [("callback_failed", "busy")]


def test_a_callback_that_was_tried_is_for_anybody_and_its_pause_is_no_waiting() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    owed(stage, line="sales")
    stage.wait(10)
    stage.accept("back")
    failed(stage)
    stage.intent("ann", "not_ready")
    stage.agent("bob")
    stage.wait(30)
    assert stage.offered_to("back") == "bob"
    assert dict(stage.offers["back"].decision.terms)["age"] == pytest.approx(100 / 60, abs=0.01)


def test_an_agents_dead_phone_is_no_attempt() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    owed(stage)
    stage.accept("back")
    stage.agent("bob")
    stage.tell(events.DeliveryFailed(interaction="back", agent="ann", reason="device_unreachable"))
    assert stage.offered_to("back") == "bob"
    stage.accept("back")
    [parked] = of(failed(stage), Moved)
    assert (parked.until or stage.now) - stage.now == timedelta(minutes=10), "it is still the first one"


def test_only_callbacks_are_attempts_and_only_by_whoever_has_them() -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    talking(stage, "call")
    assert refused(stage.tell(AttemptFailed(interaction="call", agent="ann", reason="busy"))) == "not_allowed"
    assert refused(stage.tell(AttemptFailed(interaction="call", agent="bob", reason="busy"))) == "not_yours"


def test_nobody_is_called_outside_the_hours() -> None:
    stage = Stage(POLICY)
    stage.wait(8 * 3600)
    stage.agent("ann")
    owed(stage)
    assert stage.offered_to("back") is None
    stage.wait(15 * 3600 - 1)
    assert stage.offered_to("back") is None
    stage.wait(1)
    assert stage.offered_to("back") == "ann"


def test_rules_of_the_line_do_not_send_a_callback_out() -> None:
    stage = Stage({"lines": {"support": {"overflow": [{"when": "age", "seconds": 10, "action": "voicemail"}]}}})
    owed(stage)
    stage.wait(600)
    assert stage.states["back"] == "queued"


@pytest.mark.parametrize(("ours", "theirs"), [({"party": "p1"}, {"party": "p1"}), ({}, {"contact": "n1"})])
def test_a_customer_in_contact_is_not_called_meanwhile(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    stage = Stage(POLICY)
    stage.agent("ann")
    stage.intent("ann", "not_ready")
    owed(stage, **ours)
    stage.agent("bob", lines=("sales",))
    stage.arrive("call", line="sales", **theirs)
    wishes = stage.accept("call")
    assert [(met.interaction, met.callback) for met in of(wishes, CallbackMet)] == [("call", "back")]
    stage.intent("ann", "ready")
    assert stage.offered_to("back") is None
    stage.end("call", skip_wrapup=True)
    assert stage.offered_to("back") == "ann", "it was not settled: it goes on"


def test_what_rings_for_a_callback_is_taken_back_when_the_customer_calls() -> None:
    stage = Stage(POLICY)
    stage.agent("ann", lines=("support",))
    stage.agent("bob", lines=("sales",))
    owed(stage)
    assert stage.offered_to("back") == "ann"
    talking(stage, "call", line="sales", contact="n1")
    assert stage.offered_to("back") is None
    assert stage.agents["ann"].misses == ()


def test_a_settled_callback_is_cancelled() -> None:
    stage = Stage(POLICY)
    stage.agent("bob", lines=("sales",))
    owed(stage)
    talking(stage, "call", line="sales", contact="n1")
    [moved] = of(stage.tell(InteractionGone(interaction="back", cause="settled")), Moved)
    assert (moved.state, moved.outcome, moved.ended_by) == ("closed", "handled", "agent")
    stage.agent("ann")
    stage.end("call", skip_wrapup=True)
    assert stage.offered_to("back") is None


def test_a_callback_in_a_pause_waits_for_the_end_of_the_contact_too() -> None:
    stage = Stage(POLICY)
    stage.agent("ann", lines=("sales",))
    owed(stage, line="sales")
    stage.accept("back")
    failed(stage)
    talking(stage, "call", line="sales", contact="n1")
    stage.wait(60)
    assert (stage.states["back"], stage.offered_to("back")) == ("queued", None)
    stage.end("call", skip_wrapup=True)
    assert stage.offered_to("back") == "ann"


def test_who_turns_out_to_be_the_customer_is_met_then() -> None:
    stage = Stage(POLICY)
    stage.agent("bob", lines=("sales",))
    owed(stage, party="p1", contact="n7")
    talking(stage, "call", line="sales")
    assert not of(stage.log, CallbackMet)
    stage.tell(events.Identified(interaction="call", party="p1"))
    assert [met.callback for met in of(stage.log, CallbackMet)] == ["back"]


def test_a_customer_does_not_leave_a_callback() -> None:
    stage = Stage(POLICY)
    owed(stage)
    assert refused(stage.tell(InteractionGone(interaction="back"))) == "not_live"
