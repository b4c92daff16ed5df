"""Offers: whom they ring at, how they end, and what follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stage import Stage, kinds, of, refused

from contactd.core.effects import Alert, Connect, Moved, Offer, Requeue, Withdraw
from contactd.core.events import DeliveryFailed, InteractionGone, OfferAccepted, OfferRejected, SupervisorSet


def test_an_arrival_is_offered_to_the_free_agent_until_the_channels_time_is_over() -> None:
    stage = Stage()
    stage.agent("ann")
    (offer,) = of(stage.arrive("call"), Offer)
    assert (offer.agent, offer.interaction, offer.line, offer.channel) == ("ann", "call", "support", "voice")
    assert offer.expires_at == stage.now + timedelta(seconds=20)
    assert stage.agents["ann"].state == "offered"


def test_what_waits_is_offered_when_an_agent_becomes_ready() -> None:
    stage = Stage()
    stage.agent("ann", "not_ready")
    assert not of(stage.arrive("call"), Offer)
    assert of(stage.intent("ann", "ready"), Offer)


def test_offer_ids_are_epoch_journal_number_and_count() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    assert stage.offers["call"].offer == f"0-{stage.router.seq}-1"
    assert stage.offers["call"].lease == stage.offers["call"].offer


def test_accepting_a_call_assigns_it_and_asks_for_the_connection() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    wishes = stage.accept("call")
    assert kinds(wishes) == ["Assign", "Moved", "Connect", "AgentState"]
    assert of(wishes, Connect)[0].device == "SIP/ann"
    assert stage.agents["ann"].state == "talking"


def test_a_mail_needs_no_connection() -> None:
    stage = Stage()
    stage.agent("ann", device=None)
    stage.arrive("mail", "email")
    assert kinds(stage.accept("mail")) == ["Assign", "Moved", "AgentState"]


def test_a_call_is_not_offered_to_an_agent_without_a_phone() -> None:
    stage = Stage()
    stage.agent("ann", device=None)
    assert not of(stage.arrive("call"), Offer)


def test_a_channel_may_accept_by_itself() -> None:
    stage = Stage({"channels": {"chat": {"auto_accept": True}}})
    stage.agent("ann")
    wishes = stage.arrive("chat", "chat")
    assert of(wishes, Offer)[0].auto_accept
    assert stage.states["chat"] == "active"
    assert stage.holder["chat"] == "ann"


def test_after_a_time_out_the_call_keeps_age_and_place_and_the_agent_is_set_not_ready() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    stage.arrive("later")
    wishes = stage.wait(20)
    assert of(wishes, Withdraw)[0].outcome == "timed_out"
    assert of(wishes, Requeue)[0].reason == "requeue"
    assert of(wishes, Alert)[0].kind == "rona"
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "rona")
    assert stage.router.waiting() == {"support": ["call", "later"]}


def test_two_missed_chats_set_an_agent_not_ready_and_an_act_of_their_own_ends_the_count() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("one", "chat")
    stage.wait(30)
    assert stage.agents["ann"].intent == "ready"
    stage.intent("ann", "ready")
    stage.arrive("two", "chat")
    stage.wait(30)
    assert stage.agents["ann"].intent == "ready"
    stage.wait(30)
    assert stage.offered_to("one") == "ann"
    stage.wait(30)
    assert stage.agents["ann"].reason == "rona"


def test_the_same_agent_is_passed_by_for_a_minute_after_a_time_out() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("chat", "chat")
    stage.wait(30)
    assert stage.offered_to("chat") is None
    stage.wait(59)
    assert stage.offered_to("chat") is None
    stage.wait(1)
    assert stage.offered_to("chat") == "ann"


def test_after_a_time_out_the_next_agent_is_asked_at_once() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(1)
    stage.agent("bob")
    stage.arrive("call")
    assert stage.offered_to("call") == "ann"
    stage.wait(20)
    assert stage.offered_to("call") == "bob"


def test_a_call_may_not_be_declined_and_a_mail_may() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    assert refused(stage.reject("call")) == "not_allowed"
    stage.accept("call")
    stage.end("call", skip_wrapup=True)
    stage.arrive("mail", "email")
    wishes = stage.reject("mail")
    assert (of(wishes, Withdraw)[0].outcome, of(wishes, Withdraw)[0].reason) == ("rejected", "busy")
    assert stage.states["mail"] == "queued"


def test_who_declined_is_asked_again_only_when_nobody_else_could_take_it() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    stage.arrive("mail", "email")
    stage.reject("mail")
    stage.wait(600)
    assert stage.offered_to("mail") is None
    stage.intent("bob", "logged_out")
    stage.wait(60)
    assert stage.offered_to("mail") == "ann"


def test_an_offer_can_be_taken_once_by_its_agent_with_its_lease_in_time() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    stage.arrive("call")
    offer = stage.offers["call"].offer
    before = stage.router.digest()
    attempts = [
        (OfferAccepted(agent="bob", offer=offer, lease=offer), "not_yours"),
        (OfferAccepted(agent="ann", offer=offer, lease="0-1-1"), "old_lease"),
        (OfferAccepted(agent="ann", offer="0-1-1", lease="0-1-1"), "old_lease"),
        (OfferAccepted(agent="ann", offer="7-99-1", lease="7-99-1"), "unknown_offer"),
        (OfferAccepted(agent="ann", offer="x", lease="x"), "unknown_offer"),
        (OfferAccepted(agent="zoe", offer=offer, lease=offer), "unknown_agent"),
    ]
    for fact, reason in attempts:
        assert refused(stage.tell(fact)) == reason
    assert stage.router.digest() == before
    late = stage.now + timedelta(seconds=20)
    wishes = stage.router.handle(OfferAccepted(agent="ann", offer=offer, lease=offer), late)
    assert refused(wishes) == "old_lease"


def test_the_customer_leaving_takes_the_offer_back_and_counts_against_nobody() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    stage.wait(6)
    wishes = stage.tell(InteractionGone(interaction="call"))
    assert kinds(wishes) == ["Withdraw", "Moved", "AgentState"]
    assert (of(wishes, Withdraw)[0].outcome, of(wishes, Withdraw)[0].reason) == ("withdrawn", "customer_gone")
    assert (of(wishes, Moved)[0].state, of(wishes, Moved)[0].outcome) == ("abandoned", "abandoned")
    assert stage.agents["ann"].misses == ()
    assert stage.agents["ann"].state == "ready"


@pytest.mark.parametrize(("after", "outcome"), [(5, "short_abandoned"), (5.001, "abandoned")])
def test_who_leaves_within_five_seconds_is_short_abandoned(after: float, outcome: str) -> None:
    stage = Stage()
    stage.arrive("call")
    (moved,) = of(stage.tell(InteractionGone(interaction="call"), after), Moved)
    assert moved.outcome == outcome


def test_what_cannot_be_connected_goes_back_in_line_with_its_age() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    stage.arrive("later", "voice")
    stage.accept("call")
    wishes = stage.tell(DeliveryFailed(interaction="call", agent="ann", reason="device_busy"), 4)
    assert of(wishes, Requeue)[0].interaction == "call"
    assert stage.offered_to("later") == "ann"
    assert stage.router.explain("call", stage.now)["waited_s"] == 4


def test_an_unreachable_phone_sets_its_agent_not_ready() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    stage.accept("call")
    wishes = stage.tell(DeliveryFailed(interaction="call", agent="ann", reason="device_unreachable"))
    assert (stage.agents["ann"].intent, stage.agents["ann"].reason) == ("not_ready", "device")
    assert [alert.kind for alert in of(wishes, Alert)] == ["device"]


def test_a_call_takes_the_place_of_an_offered_mail() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("mail", "email")
    stage.arrive("fax", "fax")
    wishes = stage.arrive("call")
    assert stage.offered_to("call") == "ann"
    assert {(gone.interaction, gone.reason) for gone in of(wishes, Withdraw)} == {
        ("mail", "rerouted"),
        ("fax", "rerouted"),
    }


def test_draining_takes_back_the_offers_and_gives_nothing_new() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call")
    wishes = stage.tell(SupervisorSet(actor="sue", action="drain", agent="ann"))
    assert of(wishes, Withdraw)[0].reason == "drained"
    assert stage.offered_to("call") is None
    stage.tell(SupervisorSet(actor="sue", action="drain", agent="ann", value=False))
    assert stage.offered_to("call") == "ann"


def test_every_decision_says_why() -> None:
    stage = Stage({"lines": {"support": {"base": 2, "required": {"german": 3}}}})
    stage.arrive("call", priority=1, vip=2)
    stage.wait(30)
    (offer,) = of(stage.agent("ann", skills=(("german", 7),)), Offer)
    decision = offer.decision
    assert dict(decision.terms) == {"base": 30.0, "live": 100.0, "vip": 10.0, "age": 0.5, "boost": 20.0}
    assert decision.score == sum(value for _, value in decision.terms)
    assert decision.skills == (("german", 3, 7),)
    assert (decision.line, decision.strategy, decision.step, decision.waiting) == ("support", "longest_idle", 0, 1)


def test_the_next_best_agents_stand_beside_the_decision() -> None:
    stage = Stage()
    for name in ("ann", "bob", "cat", "dan", "eve", "fay", "gil"):
        stage.agent(name)
        stage.wait(1)
    (offer,) = of(stage.arrive("call"), Offer)
    assert offer.agent == "ann"
    assert [name for name, _ in offer.decision.next_best] == ["bob", "cat", "dan", "eve", "fay"]
    assert offer.decision.eligible == 6


def test_rejecting_twice_is_refused_the_second_time() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("mail", "email")
    offer = stage.offers["mail"].offer
    fact = OfferRejected(agent="ann", offer=offer, lease=offer)
    assert refused(stage.tell(fact)) is None
    assert refused(stage.tell(fact)) == "old_lease"
