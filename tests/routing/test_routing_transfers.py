"""Contacts handed on, with every way in which that can fail; and what a supervisor does to what waits."""

from __future__ import annotations

from typing import Any

import pytest
from stage import Stage, of, refused

from contactd.core import events
from contactd.core.effects import Moved, Overseen, Refuse, Weighed
from contactd.core.events import AgentConfigured, LineSet, SupervisorSet, Transferred

LINES = {"lines": {"support": {}, "billing": {"required": {"money": 3}, "return_window_s": 300}}}


def talking(stage: Stage, name: str = "call", channel: str = "voice", agent: str = "ann") -> None:
    stage.arrive(name, channel)
    assert stage.offered_to(name) == agent
    stage.accept(name)


def given(to_agent: str = "bob", **about: Any) -> Stage:
    """Return a stage on which ann gave her call to bob; cat is free in the line, too."""
    stage = Stage(LINES)
    stage.agent("ann")
    talking(stage)
    stage.agent("bob", lines=("billing",), **about)
    stage.agent("cat", skills=(("money", 5),))
    stage.tell(Transferred(interaction="call", agent="ann", to_agent=to_agent))
    return stage


def line_of(stage: Stage, name: str) -> str | None:
    return next((wish.line for wish in reversed(of(stage.log, Moved)) if wish.interaction == name), None)


def act(stage: Stage, action: str, **about: Any) -> list[Any]:
    return stage.tell(SupervisorSet(actor="sue", action=action, **about))


# --- to a person ------------------------------------------------------------------------------------------------------


def test_a_call_is_offered_to_the_person_in_their_line() -> None:
    stage = given()
    assert stage.offered_to("call") == "bob"
    assert line_of(stage, "call") == "billing"


def test_a_call_nobody_takes_comes_back_to_whoever_gave_it() -> None:
    stage = given()
    stage.wait(20)
    assert stage.offered_to("call") == "ann", "and not cat, who is free in the line"
    assert stage.offers["call"].decision.preferred == "returned"


def test_a_giver_who_does_not_take_it_back_leaves_it_in_front_of_the_persons_line() -> None:
    stage = given()
    stage.intent("cat", "not_ready")
    stage.arrive("old", line="billing", priority=9, vip=3, waited=stage.now - stage.now.replace(hour=0))
    stage.wait(40)
    assert stage.states["call"] == "queued"
    assert stage.router.waiting()["billing"] == ["call", "old"]
    stage.intent("cat", "ready")
    assert stage.offered_to("call") == "cat"
    assert dict(stage.offers["call"].decision.terms)["front"] > 0


@pytest.mark.parametrize("busy", ["not_ready", "logged_out"])
def test_a_giver_who_is_not_free_any_more_is_not_asked(busy: str) -> None:
    stage = given()
    stage.wait(10)
    stage.intent("ann", busy)
    stage.wait(10)
    assert stage.offered_to("call") == "cat"


@pytest.mark.parametrize("how", ["device", "removed"])
def test_a_person_who_cannot_be_reached_counts_as_one_who_does_not_take_it(how: str) -> None:
    stage = given()
    if how == "device":
        stage.accept("call")
        stage.tell(events.DeliveryFailed(interaction="call", agent="bob", reason="device_unreachable"))
    else:
        stage.tell(AgentConfigured(agent="bob", removed=True))
    assert stage.offered_to("call") == "ann"


def test_a_caller_who_leaves_meanwhile_has_left() -> None:
    stage = given()
    stage.tell(events.InteractionGone(interaction="call"))
    assert stage.states["call"] == "abandoned"
    assert "ann" not in {wish.agent for wish in of(stage.wait(60), Moved)}


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"intent": "not_ready"}, "not_ready"),
        ({"intent": "logged_out"}, "signed_out"),
        ({"device": None}, "device"),
    ],
)
def test_a_call_for_somebody_who_cannot_take_it_is_refused_with_who_could(about: dict[str, Any], why: str) -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    talking(stage)
    stage.agent("bob", **about)
    stage.agent("dan")
    [refuse] = stage.tell(Transferred(interaction="call", agent="ann", to_agent="bob"))
    assert isinstance(refuse, Refuse)
    assert (refuse.reason, refuse.detail, refuse.alternatives) == ("agent_unavailable", why, ("dan",))
    assert stage.holder["call"] == "ann"


def test_somebody_who_talks_already_is_busy() -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    stage.agent("bob")
    talking(stage, "one")
    talking(stage, "two", agent="bob")
    [refuse] = stage.tell(Transferred(interaction="one", agent="ann", to_agent="bob"))
    assert (refuse.reason, refuse.detail, refuse.alternatives) == ("agent_unavailable", "busy", ())


def test_a_mail_waits_for_a_person_who_is_out_and_then_for_everybody_in_their_line() -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.agent("bob", "logged_out", lines=("billing",))
    stage.agent("cat", lines=("billing",), skills=(("money", 3),))
    stage.tell(Transferred(interaction="mail", agent="ann", to_agent="bob"))
    stage.wait(299)
    assert (stage.offered_to("mail"), line_of(stage, "mail")) == (None, "billing")
    stage.wait(1)
    assert stage.offered_to("mail") == "cat"


def test_a_mail_is_offered_to_the_person_when_they_sign_in() -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.agent("bob", "logged_out")
    stage.tell(Transferred(interaction="mail", agent="ann", to_agent="bob"))
    stage.wait(100)
    stage.intent("bob", "ready")
    assert stage.offered_to("mail") == "bob"


# --- to a line --------------------------------------------------------------------------------------------------------


def test_a_call_is_not_sent_to_a_closed_line_with_nobody_there() -> None:
    stage = Stage(LINES)
    stage.agent("ann", lines=("support",))
    talking(stage)
    stage.tell(LineSet(actor="sue", line="billing", mode="closed"))
    [refuse] = stage.tell(Transferred(interaction="call", agent="ann", to_line="billing"))
    assert (refuse.reason, refuse.detail) == ("line_closed", "billing")
    assert stage.holder["call"] == "ann"
    stage.agent("bob", "not_ready", lines=("billing",), skills=(("money", 3),))
    stage.tell(Transferred(interaction="call", agent="ann", to_line="billing"))
    assert stage.states["call"] == "queued", "somebody is signed in: they are served"


def test_a_mail_may_be_sent_to_a_closed_line() -> None:
    stage = Stage(LINES)
    stage.agent("ann", lines=("support",))
    talking(stage, "mail", "email")
    stage.tell(LineSet(actor="sue", line="billing", mode="closed"))
    stage.tell(Transferred(interaction="mail", agent="ann", to_line="billing"))
    assert (stage.states["mail"], line_of(stage, "mail")) == ("queued", "billing")


# --- supervisors ------------------------------------------------------------------------------------------------------


def test_every_act_is_put_on_record_with_who_did_it() -> None:
    stage = Stage(LINES)
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    talking(stage, "mail", "email")
    stage.arrive("call")
    stage.intent("ann", "not_ready")
    stage.wait(60)
    told = [
        act(stage, "priority", interaction="call", value=7),
        act(stage, "skills", interaction="call", value={"german": 4}),
        act(stage, "requeue", interaction="mail"),
        act(stage, "pull", interaction="mail", agent="bob"),
        act(stage, "force_release", interaction="mail"),
        act(stage, "drain", agent="bob"),
        act(stage, "intent", agent="bob", value={"intent": "not_ready", "reason": "break"}),
        act(stage, "drain", line="billing"),
        stage.tell(events.IntentSet(agent="bob", intent="logged_out", actor="sue")),
        stage.tell(Transferred(interaction="call", agent=None, to_line="billing", actor="sue")),
    ]
    assert [
        [(one.action, one.interaction, one.agent, one.line, one.value) for one in of(t, Overseen)] for t in told
    ] == [
        [("priority", "call", None, None, "7")],
        [("skills", "call", None, None, "german 4")],
        [("requeue", "mail", None, None, None)],
        [("pull", "mail", "bob", None, None)],
        [("force_release", "mail", None, None, None)],
        [("drain", None, "bob", None, None)],
        [("intent", None, "bob", None, "intent not_ready, reason break")],
        [("line", None, None, "billing", "drain")],
        [("intent", None, "bob", None, "logged_out")],
        [("transfer", "call", None, "billing", None)],
    ]
    assert {one.actor for one in of(stage.log, Overseen)} == {"sue"}


def test_what_is_refused_is_not_put_on_record() -> None:
    stage = Stage(LINES)
    stage.arrive("call")
    for wishes in (act(stage, "priority", interaction="call", value=10), act(stage, "pull", interaction="call")):
        assert [type(wish) for wish in wishes] == [Refuse]


def test_new_weights_are_told_so_that_they_are_stored() -> None:
    stage = Stage(LINES)
    stage.arrive("call", skills=(("german", 2),))
    [told] = of(act(stage, "priority", interaction="call", value=3), Weighed)
    assert (told.priority, told.skills) == (3, (("german", 2),))
    [told] = of(act(stage, "skills", interaction="call", value={}), Weighed)
    assert (told.priority, told.skills) == (3, ())


def test_pulling_never_fills_anybody_beyond_capacity() -> None:
    stage = Stage()
    stage.agent("ann")
    for n in range(4):
        stage.arrive(f"chat{n}", "chat", skills=(("nobody", 9),))
    for n in range(3):
        act(stage, "pull", interaction=f"chat{n}", agent="ann")
    assert refused(act(stage, "pull", interaction="chat3", agent="ann")) == "no_capacity"
    assert stage.agents["ann"].used == 90


def test_an_agent_may_be_given_what_already_rings_at_them() -> None:
    stage = Stage({"capacity": {"email": 100}})
    stage.agent("ann")
    stage.arrive("mail", "email")
    assert stage.offered_to("mail") == "ann"
    act(stage, "pull", interaction="mail", agent="ann")
    assert (stage.states["mail"], stage.holder["mail"]) == ("active", "ann")


def test_requeueing_what_was_put_aside_lets_everybody_have_it() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.tell(events.Parked(interaction="mail", agent="ann"))
    stage.intent("ann", "not_ready")
    stage.agent("bob")
    act(stage, "requeue", interaction="mail")
    assert stage.offered_to("mail") == "bob"


def test_what_a_removed_agent_had_put_aside_goes_back_in_line() -> None:
    stage = Stage()
    stage.agent("ann")
    talking(stage, "mail", "email")
    stage.tell(events.Parked(interaction="mail", agent="ann"))
    stage.agent("bob")
    stage.tell(AgentConfigured(agent="ann", removed=True))
    assert stage.offered_to("mail") == "bob"


def test_a_drained_agent_stays_drained_after_a_restart() -> None:
    stage = Stage()
    stage.agent("ann")
    act(stage, "drain", agent="ann")
    assert stage.agents["ann"].draining
    other = Stage()
    other.tell(AgentConfigured(agent="ann", lines=("*",), device="SIP/ann"))
    told = stage.agents["ann"]
    other.tell(events.AgentRestored(agent="ann", intent=told.intent, standing=told.standing, draining=told.draining))
    other.wait(0)
    other.arrive("call")
    assert other.offered_to("call") is None
    act(other, "drain", agent="ann", value=False)
    assert other.offered_to("call") == "ann"
