"""What bounds the work of agents beyond capacity: drain, reserve, hard contacts apart, a rest; and who comes again goes first."""

from __future__ import annotations

from typing import Any

import pytest
from day import POLICY, Action, act, days, opened
from hypothesis import HealthCheck, given, settings
from stage import Stage, refused

from contactd.core.events import IntentSet, InteractionGone, ServiceTold, SupervisorSet
from contactd.core.interaction import State
from contactd.routing.explain import what_keeps
from contactd.routing.floor import Floor
from contactd.routing.score import Scale
from contactd.routing.state import Agent, Item, has_room_for, skipped

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def kept(stage: Stage, item: str, agent: str) -> str:
    floor = stage.router._floor
    return what_keeps(floor, floor.items[item], floor.agents[agent])


def sentences(stage: Stage, item: str) -> list[str]:
    return [reason["key"] for reason in stage.router.explain(item, stage.now)["reasons"]]


def chatting(policy: dict[str, Any] | None = None) -> Stage:
    """Return a stage on which ann has one chat in hand, and a call waits for her."""
    stage = Stage(policy or {})
    stage.agent("ann")
    stage.arrive("chat1", "chat")
    stage.accept("chat1")
    stage.arrive("call")
    return stage


def test_room_is_not_filled_with_lower_work_while_a_call_waits_for_it() -> None:
    stage = chatting()
    stage.wait(1)
    stage.arrive("chat2", "chat")
    stage.arrive("mail", "email")
    assert stage.offers == {}
    assert (kept(stage, "chat2", "ann"), kept(stage, "mail", "ann")) == ("drain", "drain")
    assert "reason.wait_drain" in sentences(stage, "chat2")
    assert "reason.idle_drain" in [one["key"] for one in stage.router.explain_agent("ann", stage.now)["reasons"]]
    stage.end("chat1", skip_wrapup=True)
    assert stage.offered_to("call") == "ann"


def test_what_is_higher_than_the_call_still_comes() -> None:
    stage = chatting()
    stage.arrive("chat2", "chat", vip=2)
    assert stage.offered_to("chat2") == "ann"


@pytest.mark.parametrize("how", ["gone", "weighed", "taken"])
def test_room_is_filled_again_when_the_call_waits_no_more(how: str) -> None:
    stage = chatting()
    stage.wait(1)
    stage.arrive("chat3", "chat")
    assert stage.offered_to("chat3") is None
    if how == "gone":
        stage.tell(InteractionGone(interaction="call"))
    elif how == "weighed":
        stage.tell(SupervisorSet(actor="sue", action="priority", interaction="chat3", value=5))
    else:
        stage.agent("bob")
        assert stage.offered_to("call") == "bob"
    assert stage.offered_to("chat3") == "ann"


def test_a_channel_may_do_without_drain() -> None:
    stage = chatting({"channels": {"voice": {"drain": False}}})
    stage.wait(1)
    stage.arrive("chat2", "chat")
    assert stage.offered_to("chat2") == "ann"


RESERVE = {"lines": {"support": {"reserve": 1}, "billing": {}}}


def test_so_many_agents_of_a_line_are_kept_free_of_deferred_work() -> None:
    stage = Stage(RESERVE)
    for name in ("ann", "bob"):
        stage.agent(name, lines=("support",))
    stage.agent("cat", lines=("billing",))
    for name in ("mail1", "mail2"):
        stage.arrive(name, "email")
    assert stage.offered_to("mail1") == "ann"
    stage.accept("mail1")
    assert stage.offered_to("mail2") == "ann"  # who has some may have more
    stage.accept("mail2")
    stage.arrive("mail3", "email")
    assert stage.offered_to("mail3") is None
    assert (kept(stage, "mail3", "ann"), kept(stage, "mail3", "bob")) == ("busy", "reserve")
    assert "reason.wait_reserve" in sentences(stage, "mail3")
    stage.arrive("bill", "email", line="billing")
    assert stage.offered_to("bill") == "cat"
    stage.arrive("call")
    assert stage.offered_to("call") == "bob"


@pytest.mark.parametrize("how", ["signs in", "is done"])
def test_with_one_more_than_reserved_deferred_work_goes_on(how: str) -> None:
    stage = Stage(RESERVE)
    stage.agent("ann")
    stage.arrive("call")
    stage.accept("call")
    stage.agent("bob", "not_ready" if how == "signs in" else "ready", capacity=(("email", 100),))
    stage.arrive("mail1", "email")
    if how == "is done":
        assert stage.offered_to("mail1") == "bob"
        stage.accept("mail1")
        stage.arrive("mail2", "email")
        assert stage.offered_to("mail2") is None
        stage.end("mail1")
        assert stage.offered_to("mail2") == "bob"
    elif how == "signs in":
        assert stage.offered_to("mail1") is None
        stage.intent("bob", "ready")
        assert stage.offered_to("mail1") == "bob"


def test_who_is_kept_free_is_kept_from_deferred_work_that_waits_for_them_too() -> None:
    stage = Stage({"lines": {"support": {"reserve": 1, "prefer_s": 600}}})
    stage.agent("ann", "not_ready")
    stage.arrive("mine", "email", prefer_agent="ann")
    stage.intent("ann", "ready")
    assert stage.offered_to("mine") is None
    assert kept(stage, "mine", "ann") == "reserve"
    stage.agent("bob")
    assert stage.offered_to("mine") == "ann"


HARD = {"lines": {"support": {}, "complaints": {"hard_spacing_s": 300}}}


def test_hard_contacts_of_an_agent_lie_apart() -> None:
    stage = Stage(HARD)
    stage.agent("ann")
    stage.arrive("hard1", "chat", "complaints")
    stage.accept("hard1")
    stage.arrive("hard2", "chat", "complaints")
    assert stage.offered_to("hard2") is None
    assert kept(stage, "hard2", "ann") == "spacing"
    stage.end("hard1", skip_wrapup=True)
    assert stage.offered_to("hard2") is None
    assert "reason.wait_spacing" in sentences(stage, "hard2")
    stage.arrive("soft", "chat")
    assert stage.offered_to("soft") == "ann"
    stage.accept("soft")
    stage.wait(299)
    assert stage.offered_to("hard2") is None
    stage.wait(1)
    assert stage.offered_to("hard2") == "ann"


REST = {
    "occupancy": {"most": 0.8, "after_s": 600, "rest_s": 60},
    "channels": {"voice": {"wrapup": {"mode": "off"}}},
}


@pytest.mark.parametrize(("talked", "rests"), [(480, 0), (560, 60), (500, 25)])
def test_who_is_too_busy_is_given_a_rest(talked: int, rests: int) -> None:
    """500 of 600 s at work are 83 %: after 25 s more they are 80 %; and no rest is longer than a minute."""
    stage = Stage(REST)
    stage.agent("ann")
    stage.wait(600 - talked)
    stage.arrive("one")
    stage.accept("one")
    stage.wait(talked)
    stage.arrive("two")
    stage.end("one")
    assert (stage.offered_to("two") is None) == (rests > 0)
    if rests:
        assert kept(stage, "two", "ann") == "rest"
        assert stage.router.explain_agent("ann", stage.now)["kept_by"] == "rest"
        stage.wait(rests - 1)
        assert stage.offered_to("two") is None
        stage.wait(1)
    assert stage.offered_to("two") == "ann"


def test_who_comes_again_goes_first_by_the_lines_points() -> None:
    stage = Stage({"lines": {"support": {"repeat": 7}}})
    stage.agent("ann", "not_ready")
    stage.arrive("first")
    stage.arrive("again", repeat=2)
    assert stage.router.waiting()["support"] == ["again", "first"]
    assert stage.router.explain("again", stage.now)["terms"]["repeat"] == 14
    stage.intent("ann", "ready")
    terms = dict(stage.offers["again"].decision.terms)
    assert (terms["repeat"], stage.offers["again"].decision.score) == (14, sum(terms.values()))
    assert Stage().arrive("odd", repeat=99) is not None


BREAKS = {"lines": {"support": {}, "billing": {}}, "reasons": {"break": {"min_service": 0.8}, "lunch": {}}}


def test_no_break_while_customers_wait_too_long() -> None:
    stage = Stage(BREAKS)
    stage.agent("ann", lines=("support",))
    stage.agent("bob", lines=("billing",))

    def asks(agent: str, reason: str = "break") -> str | None:
        return refused(stage.tell(IntentSet(agent=agent, intent="not_ready", reason=reason)))

    stage.tell(ServiceTold(line="support", level=0.79))
    assert (asks("ann"), asks("ann", "lunch"), asks("bob")) == ("break_service", None, None)
    granted = {"intent": "not_ready", "reason": "break"}
    assert refused(stage.tell(SupervisorSet(actor="sue", action="intent", agent="ann", value=granted))) is None
    stage.intent("ann", "ready")
    stage.tell(ServiceTold(line="support", level=None))
    assert asks("ann") is None
    assert refused(stage.tell(ServiceTold(line="gone", level=0.5))) == "unknown_line"


def fixed(item: Item) -> tuple[float, int, str]:
    return (-Scale.of(item.line, item.rule).fixed(item), item.age_from, item.id)


@few
@given(days)
def test_nothing_goes_before_a_higher_item_that_waits_for_room(day: list[Action]) -> None:
    """Fails when `find_agent` does not ask `kept`, or `_first_claim` looks at what fits as well."""
    stage = opened(POLICY)

    def watch(floor: Floor, item: Item, agent: Agent, _preferred: bool) -> None:
        for other in floor.items.values():
            if (
                other.state is State.QUEUED
                and other.shape is not None
                and other.rule.drain
                and fixed(other) < fixed(item)
            ):
                fits = agent.profile.fits(other.shape) and not skipped(other, agent.id, floor.now)
                spaced = floor.limits.spaced(agent, other.line, floor.now)
                device = agent.device is not None or not other.rule.needs_device
                assert not (fits and device and not spaced and not has_room_for(agent, other.rule))

    stage.router._floor.witness = watch
    for action in day:
        act(stage, action)


@few
@given(days)
def test_the_reserve_is_kept(day: list[Action]) -> None:
    """Fails when `note_spare` forgets who becomes laden by an offer, or `_own` does not ask the limits."""
    stage = opened(POLICY)

    def watch(floor: Floor, item: Item, agent: Agent, _preferred: bool) -> None:
        if item.rule.live or laden(agent):
            return
        for line in ("support", "billing"):
            members = [one for one in floor.agents.values() if line in one.lines or "*" in one.lines]
            free = sum(one.routable and not laden(one) for one in members)
            assert (
                agent not in members or free > floor.policy.lines[line].reserve or not floor.policy.lines[line].reserve
            )

    stage.router._floor.witness = watch
    for action in day:
        act(stage, action)


def laden(agent: Agent) -> bool:
    hands = [*agent.work.values(), *(offer.item for offer in agent.offers.values())]
    return any(not item.rule.live for item in hands)
