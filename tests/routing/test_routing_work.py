"""Work in hand and work that moves: hold, park, wrap-up, transfers, supervisors' acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from stage import Stage, kinds, of, refused

from contactd.core.effects import Alert, Assign, Connect, Moved, Offer, Requeue
from contactd.core.events import (
    DeliveryFailed,
    Held,
    InteractionArrived,
    InteractionGone,
    Parked,
    PolicyPublished,
    Resumed,
    SupervisorSet,
    Transferred,
    Unparked,
    WrapupDone,
    WrapupExtended,
)


def talking(stage: Stage, name: str, channel: str = "voice", **about: Any) -> None:
    """Bring an item into its agent's hands."""
    stage.arrive(name, channel, **about)
    stage.accept(name)


def line(**about: Any) -> dict[str, Any]:
    return {"lines": {"support": about}}


def wrapup(channel: str, **rule: Any) -> dict[str, Any]:
    return line(channels={channel: {"wrapup": rule}})


def test_a_held_call_still_fills_its_agent() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.tell(Held(interaction="call", agent="ann"))
    stage.arrive("next")
    assert (stage.states["call"], stage.agents["ann"].state) == ("held", "held")
    assert stage.offered_to("next") is None
    stage.tell(Resumed(interaction="call", agent="ann"))
    assert stage.states["call"] == "active"


def test_hold_and_resume_out_of_order_are_refused() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    talking(stage, "call")
    before = stage.router.digest()
    assert refused(stage.tell(Resumed(interaction="call", agent="ann"))) == "bad_state"
    assert refused(stage.tell(Held(interaction="call", agent="bob"))) == "not_yours"
    assert refused(stage.tell(Held(interaction="none", agent="ann"))) == "unknown_interaction"
    assert refused(stage.tell(Held(interaction="call", agent="zoe"))) == "unknown_agent"
    assert stage.router.digest() == before


# --- wrap-up ------------------------------------------------------------------------------------------------------------


def test_a_call_is_wrapped_up_for_30_seconds_unless_finished_earlier() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    (moved,) = of(stage.end("call", ended_by="customer"), Moved)
    assert (moved.state, moved.until) == ("wrapup", stage.now + timedelta(seconds=30))
    stage.arrive("next")
    stage.wait(29)
    assert stage.offered_to("next") is None
    (moved, *_) = of(stage.wait(1), Moved)
    assert (moved.interaction, moved.state, moved.outcome, moved.ended_by) == ("call", "closed", "answered", "customer")
    assert stage.offered_to("next") == "ann"


def test_finishing_wrap_up_closes_with_the_disposition() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.end("call")
    (moved,) = of(stage.tell(WrapupDone(interaction="call", agent="ann", disposition="order")), Moved)
    assert (moved.state, moved.cause, moved.disposition) == ("closed", "wrapup_done", "order")
    assert refused(stage.tell(WrapupDone(interaction="call", agent="ann"))) == "unknown_interaction"


def test_a_mail_closes_without_wrap_up_and_is_handled() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    (moved,) = of(stage.end("mail", disposition="junk"), Moved)
    assert (moved.state, moved.cause, moved.outcome, moved.disposition) == (
        "closed",
        "ended_no_wrapup",
        "handled",
        "junk",
    )


def test_mandatory_wrap_up_ends_with_a_disposition_only() -> None:
    stage = Stage(wrapup("voice", mode="mandatory", seconds=10))
    stage.agent("ann")
    talking(stage, "call")
    stage.end("call", skip_wrapup=True)
    stage.wait(3600)
    assert stage.states["call"] == "wrapup"
    assert refused(stage.tell(WrapupDone(interaction="call", agent="ann"))) == "disposition_needed"
    stage.tell(WrapupDone(interaction="call", agent="ann", disposition="order"))
    assert stage.states["call"] == "closed"


def test_fixed_wrap_up_is_not_left_early_and_keeps_the_disposition() -> None:
    stage = Stage(wrapup("voice", mode="timed_fixed", seconds=10))
    stage.agent("ann")
    talking(stage, "call")
    stage.end("call")
    assert stage.tell(WrapupDone(interaction="call", agent="ann", disposition="order"), 4) == []
    assert stage.states["call"] == "wrapup"
    (moved,) = of(stage.wait(6), Moved)
    assert moved.disposition == "order"


def test_optional_wrap_up_may_be_skipped() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    stage.end("chat", skip_wrapup=True)
    assert stage.states["chat"] == "closed"


def test_a_customer_who_leaves_an_active_chat_ends_it() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    (moved,) = of(stage.tell(InteractionGone(interaction="chat")), Moved)
    assert (moved.state, moved.ended_by) == ("wrapup", "customer")
    assert refused(stage.tell(InteractionGone(interaction="chat"))) == "bad_state"


def test_a_chat_goes_on_when_the_customer_writes_during_wrap_up() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    stage.end("chat")
    stage.tell(Unparked(interaction="chat"))
    assert (stage.states["chat"], stage.holder["chat"]) == ("active", "ann")
    stage.wait(600)
    assert stage.states["chat"] == "active"


# --- parking ------------------------------------------------------------------------------------------------------------


def test_a_parked_mail_frees_its_agent_and_is_offered_to_its_owner_when_due() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.agent("bob")
    until = stage.now + timedelta(hours=1)
    (moved,) = of(stage.tell(Parked(interaction="mail", agent="ann", until=until)), Moved)
    assert (moved.state, moved.agent, moved.until) == ("parked", "ann", until)
    assert stage.agents["ann"].used == 0
    wishes = stage.wait(3600)
    assert of(wishes, Requeue)[0].reason == "return"
    assert stage.offered_to("mail") == "ann"


def test_a_parked_mail_wakes_when_the_customer_writes_and_waits_for_its_owner() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.tell(Parked(interaction="mail", agent="ann"))
    stage.intent("ann", "not_ready")
    stage.agent("bob")
    stage.tell(Unparked(interaction="mail"))
    assert stage.offered_to("mail") is None
    stage.wait(120)
    assert stage.offered_to("mail") == "bob"


def test_a_parked_mail_is_taken_up_by_its_agent() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.tell(Parked(interaction="mail", agent="ann"))
    assert kinds(stage.tell(Unparked(interaction="mail", cause="taken_up", agent="ann"))) == [
        "Assign",
        "Moved",
        "AgentState",
    ]
    assert stage.states["mail"] == "active"


def test_taking_up_needs_room() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.tell(Parked(interaction="mail", agent="ann"))
    talking(stage, "call")
    before = stage.router.digest()
    assert refused(stage.tell(Unparked(interaction="mail", cause="taken_up", agent="ann"))) == "no_capacity"
    assert stage.router.digest() == before


@pytest.mark.parametrize("minutes", [None, 31])
def test_a_call_is_not_parked_for_ever(minutes: int | None) -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    until = None if minutes is None else stage.now + timedelta(minutes=minutes)
    assert refused(stage.tell(Parked(interaction="call", agent="ann", until=until))) == "not_allowed"


def test_a_parked_call_frees_its_agent_and_comes_back_to_them_first() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.tell(Parked(interaction="call", agent="ann", until=stage.now + timedelta(minutes=3)))
    assert (stage.states["call"], stage.agents["ann"].used) == ("parked", 0)
    stage.agent("bob")
    stage.wait(180)
    assert stage.offered_to("call") == "ann"


def test_a_parked_call_that_is_taken_up_rings_its_agents_phone() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.tell(Parked(interaction="call", agent="ann", until=stage.now + timedelta(minutes=3)))
    wishes = stage.tell(Unparked(interaction="call", cause="taken_up", agent="ann"))
    assert [(wish.interaction, wish.agent) for wish in of(wishes, Connect)] == [("call", "ann")]
    stage.tell(DeliveryFailed(interaction="call", agent="ann", reason="device_busy"))
    assert stage.states["call"] in ("queued", "offered"), "the customer still hears music, and waits"


def test_who_hangs_up_while_parked_has_been_served() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.tell(Parked(interaction="call", agent="ann", until=stage.now + timedelta(minutes=3)))
    [moved] = of(stage.tell(InteractionGone(interaction="call")), Moved)
    assert (moved.state, moved.cause, moved.ended_by) == ("closed", "given_up", "customer")


# --- transfers ----------------------------------------------------------------------------------------------------------

LINES = {"lines": {"support": {}, "billing": {"required": {"money": 3}}}}


def test_a_transfer_to_a_line_keeps_the_time_waited_and_frees_the_agent() -> None:
    stage = Stage(LINES)
    stage.arrive("chat", "chat")
    stage.wait(40)
    stage.agent("ann")
    stage.accept("chat")
    stage.wait(300)
    wishes = stage.tell(Transferred(interaction="chat", agent="ann", to_line="billing"))
    (requeue,) = of(wishes, Requeue)
    assert (requeue.line, requeue.reason) == ("billing", "transfer")
    assert of(wishes, Moved)[0].line == "billing"
    assert stage.router.explain("chat", stage.now)["waited_s"] == 40
    assert stage.agents["ann"].state == "ready"
    stage.agent("bob", skills=(("money", 3),))
    assert stage.offered_to("chat") == "bob"


def test_the_giver_is_not_offered_it_back_at_once() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "chat", "chat")
    stage.tell(Transferred(interaction="chat", agent="ann", to_line="support"))
    assert stage.offered_to("chat") is None
    stage.wait(60)
    assert stage.offered_to("chat") == "ann"


def test_a_mail_given_to_a_person_waits_for_them_and_then_goes_to_the_line() -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.agent("own", "not_ready", lines=("billing",))
    stage.agent("cat", lines=("billing",), skills=(("money", 3),))
    stage.tell(Transferred(interaction="mail", agent="ann", to_agent="own"))
    assert stage.offered_to("mail") is None
    stage.intent("own", "ready")
    assert stage.offered_to("mail") == "own"
    assert stage.offers["mail"].decision.preferred == "named"
    stage.reject("mail")
    assert stage.offered_to("mail") == "cat", "not one of the line it came from, but of the person's"


def test_a_call_is_given_to_a_person_only_if_they_can_take_it_now() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    stage.agent("busy", "not_ready")
    before = stage.router.digest()
    assert refused(stage.tell(Transferred(interaction="call", agent="ann", to_agent="busy"))) == "agent_unavailable"
    assert refused(stage.tell(Transferred(interaction="call", agent="ann", to_agent="ann"))) == "agent_unavailable"
    assert stage.router.digest() == before
    stage.agent("free")
    stage.tell(Transferred(interaction="call", agent="ann", to_agent="free"))
    assert stage.offered_to("call") == "free"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"to_line": "nowhere"}, "unknown_line"),
        ({"to_agent": "nobody"}, "unknown_agent"),
        ({}, "bad_target"),
        ({"to_line": "support", "to_agent": "ann"}, "bad_target"),
    ],
)
def test_a_transfer_to_nowhere_is_refused(target: dict[str, str], why: str) -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    before = stage.router.digest()
    assert refused(stage.tell(Transferred(interaction="mail", agent="ann", **target))) == why
    assert stage.router.digest() == before


def test_the_third_transfer_alarms_a_supervisor() -> None:
    stage = Stage(LINES)
    stage.agent("ann", skills=(("money", 5),))
    stage.arrive("chat", "chat")
    alerts = []
    for target in ("billing", "support", "billing"):
        stage.accept("chat")
        wishes = stage.tell(Transferred(interaction="chat", agent="ann", to_line=target))
        alerts.append([alert.kind for alert in of(wishes, Alert)])
        stage.wait(60)
    assert alerts == [[], [], ["hops"]]


def test_a_supervisor_moves_what_waits_to_another_line_with_its_age() -> None:
    stage = Stage(LINES)
    stage.arrive("call")
    stage.wait(30)
    wishes = stage.tell(Transferred(interaction="call", agent=None, to_line="billing", actor="sue"))
    assert of(wishes, Moved)[0].cause == "transfer"
    assert stage.router.waiting() == {"billing": ["call"]}
    assert stage.router.explain("call", stage.now)["waited_s"] == 30


# --- supervisors' acts --------------------------------------------------------------------------------------------------


def supervise(stage: Stage, action: str, **about: Any) -> list[Any]:
    return stage.tell(SupervisorSet(actor="sue", action=action, **about))


def test_pulling_gives_a_waiting_item_without_ringing() -> None:
    stage = Stage()
    stage.agent("ann", "not_ready")
    stage.arrive("mail", "email")
    wishes = supervise(stage, "pull", interaction="mail", agent="ann")
    assert of(wishes, Assign)[0].agent == "ann"
    assert of(wishes, Moved)[0].cause == "pulled"


def test_a_call_cannot_be_pulled_without_ringing() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    assert refused(supervise(stage, "pull", interaction="call", agent="ann")) == "not_allowed"


def test_pushing_lets_an_item_wait_for_one_agent() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    stage.arrive("mail", "email")
    supervise(stage, "push", interaction="mail", agent="bob")
    assert stage.offered_to("mail") is None
    stage.intent("bob", "ready")
    assert stage.offered_to("mail") == "bob"


def test_requeueing_takes_an_item_from_its_agent() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.intent("ann", "not_ready")
    supervise(stage, "requeue", interaction="mail")
    assert (stage.states["mail"], stage.agents["ann"].used) == ("queued", 0)


def test_force_release_ends_a_contact() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "call")
    (moved,) = of(supervise(stage, "force_release", interaction="call"), Moved)
    assert (moved.state, moved.ended_by) == ("closed", "system")


def test_new_requirements_move_an_item_to_who_meets_them() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("mail", "email")
    stage.agent("bob", skills=(("german", 5),))
    supervise(stage, "skills", interaction="mail", value={"german": 4})
    assert stage.offered_to("mail") == "bob"


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"action": "dance"}, "unknown_action"),
        ({"action": "priority", "interaction": "mail", "value": 99}, "bad_value"),
        ({"action": "priority", "interaction": "mail", "value": "high"}, "bad_value"),
        ({"action": "skills", "interaction": "mail", "value": 7}, "bad_value"),
        ({"action": "skills", "interaction": "mail", "value": {"german": "well"}}, "bad_value"),
        ({"action": "priority", "interaction": "none", "value": 1}, "unknown_interaction"),
        ({"action": "drain", "agent": "zoe"}, "unknown_agent"),
        ({"action": "drain", "agent": "ann", "value": "yes"}, "bad_value"),
        ({"action": "intent", "agent": "ann", "value": "asleep"}, "unknown_intent"),
        ({"action": "intent", "agent": "ann", "value": 3}, "unknown_intent"),
        ({"action": "requeue", "interaction": "mail"}, "bad_state"),
        ({"action": "force_release", "interaction": "mail"}, "bad_state"),
        ({"action": "push", "interaction": "mail", "agent": "zoe"}, "unknown_agent"),
    ],
)
def test_a_supervisors_mistake_is_refused(about: dict[str, Any], why: str) -> None:
    stage = Stage()
    stage.agent("ann", "not_ready")
    stage.arrive("mail", "email")
    before = stage.router.digest()
    assert refused(stage.tell(SupervisorSet(actor="sue", **about))) == why
    assert stage.router.digest() == before


# --- the rest -----------------------------------------------------------------------------------------------------------


def test_junk_is_closed_from_the_line_and_from_an_offer() -> None:
    stage = Stage()
    stage.arrive("one", "email")
    (moved,) = of(stage.tell(InteractionGone(interaction="one", cause="junk")), Moved)
    assert (moved.state, moved.outcome) == ("closed", "junk")
    stage.agent("ann")
    stage.arrive("two", "email")
    wishes = stage.tell(InteractionGone(interaction="two", cause="junk"))
    assert [move.state for move in of(wishes, Moved)] == ["queued", "closed"]
    assert not stage.offers


def test_deferred_work_cannot_be_abandoned() -> None:
    stage = Stage()
    stage.arrive("mail", "email")
    assert refused(stage.tell(InteractionGone(interaction="mail"))) == "not_live"


def test_a_doubled_arrival_is_refused() -> None:
    stage = Stage()
    stage.arrive("mail", "email")
    before = stage.router.digest()
    assert refused(stage.arrive("mail", "email")) == "known_interaction"
    assert stage.router.digest() == before


def test_an_unknown_line_counts_as_the_default_one() -> None:
    stage = Stage()
    stage.agent("ann")
    (offer,) = of(stage.arrive("mail", "email", line="gone"), Offer)
    assert offer.line == "support"


def test_what_a_pbx_routes_is_counted_and_never_matched() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.tell(InteractionArrived(interaction="call", channel="voice", line="support", routed_by="pbx"))
    assert not stage.offers
    assert stage.router.waiting() == {"support": ["call"]}
    stage.wait(3600)
    assert not stage.offers


def test_a_new_policy_places_anew_what_waits_and_leaves_the_rest() -> None:
    stage = Stage({"lines": {"support": {}, "old": {}}})
    stage.agent("ann", lines=("support",))
    talking(stage, "mail", "email", line="support")
    stage.arrive("call", line="old")
    assert stage.offered_to("call") is None
    before = stage.router.digest()
    assert refused(stage.tell(PolicyPublished(version=2, policy={"lines": {"support": {"base": 77}}}))) == "bad_policy"
    assert stage.router.digest() == before
    stage.tell(PolicyPublished(version=2, policy={"lines": {"support": {"base": 7}}}))
    assert stage.holder["mail"] == "ann"
    assert stage.offered_to("call") == "ann"
    assert stage.offers["call"].decision.policy_version == 2
    assert dict(stage.offers["call"].decision.terms)["base"] == 70


def test_explain_says_what_keeps_whom() -> None:
    stage = Stage({"lines": {"support": {"required": {"german": 5}}, "other": {}}})
    stage.agent("out", "logged_out", skills=(("german", 5),))
    stage.agent("away", "not_ready", skills=(("german", 5),))
    stage.agent("weak", skills=(("german", 4),))
    stage.agent("alien", lines=("other",))
    stage.agent("mute", skills=(("german", 5),), device=None)
    stage.agent("busy", skills=(("german", 5),))
    talking(stage, "first")
    stage.arrive("call")
    stage.wait(10)
    answer = stage.router.explain("call", stage.now)
    assert answer["filters"] == {"busy": 1, "device": 1, "not_member": 1, "not_ready": 1, "signed_out": 1, "skill": 1}
    assert (answer["position"], answer["waited_s"], answer["needs"]) == (1, 10, [{"skill": "german", "level": 5}])
    assert stage.router.explain("nothing", stage.now)["state"] == "unknown"


def test_a_timed_wrap_up_is_extended_twice_and_then_ends_by_itself() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("i1")
    stage.accept("i1")
    stage.end("i1")
    for left in (1, 0):
        (moved,) = of(stage.tell(WrapupExtended(interaction="i1", agent="ann"), after=20), Moved)
        assert (moved.state, moved.cause, moved.extensions) == ("wrapup", "extended", left)
    assert refused(stage.tell(WrapupExtended(interaction="i1", agent="ann"))) == "no_extension"
    assert refused(stage.tell(WrapupExtended(interaction="i1", agent="bob"))) == "unknown_agent"
    stage.wait(49)
    assert stage.states["i1"] == "wrapup"
    stage.wait(1)
    assert stage.states["i1"] == "closed"


def test_a_wrap_up_without_a_timer_is_not_extended() -> None:
    stage = Stage({"channels": {"chat": {"wrapup": {"mode": "mandatory", "seconds": 60, "extensions": 3}}}})
    stage.agent("ann")
    stage.arrive("i1", "chat")
    stage.accept("i1")
    assert refused(stage.tell(WrapupExtended(interaction="i1", agent="ann"))) == "bad_state"
    stage.end("i1")
    assert refused(stage.tell(WrapupExtended(interaction="i1", agent="ann"))) == "no_extension"
