"""One customer who waits in two places meets one agent, or two who know of each other."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stage import Stage, of

from contactd.core.effects import Offer
from contactd.core.events import Identified, InteractionGone
from contactd.core.interaction import State
from contactd.routing.visits import HELD_BACK_MS


def test_the_live_one_goes_first_and_the_other_is_kept_for_the_same_agent() -> None:
    stage = Stage()
    stage.arrive("mail", "email", party="li")
    stage.arrive("call", party="li")
    stage.agent("ann")
    stage.agent("bob", device=None)
    assert stage.offered_to("call") == "ann"
    assert stage.offered_to("mail") is None
    stage.accept("call")
    assert stage.offered_to("mail") is None
    stage.end("call", skip_wrapup=True)
    assert stage.offered_to("mail") == "ann"
    assert stage.offers["mail"].decision.preferred == "active"


def test_the_agent_sees_what_else_is_open() -> None:
    stage = Stage()
    stage.arrive("mail", "email", party="li")
    stage.arrive("call", party="li")
    [offer] = of(stage.agent("ann"), Offer)
    assert (offer.interaction, offer.decision.visit) == ("call", ("mail",))


def test_a_duplicate_is_held_back_for_a_quarter_of_an_hour_and_no_longer() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call", party="li")
    stage.accept("call")
    stage.agent("bob")
    stage.arrive("mail", "email", party="li")
    stage.wait(HELD_BACK_MS / 1000 - 1)
    assert stage.offered_to("mail") is None
    stage.wait(1)
    assert stage.offered_to("mail") == "bob"


def test_a_second_chat_goes_to_the_agent_who_has_the_first() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("one", "chat", party="li")
    stage.accept("one")
    stage.agent("bob")
    stage.arrive("two", "chat", party="li")
    assert stage.offered_to("two") == "ann"


def test_a_call_waits_for_the_agent_who_writes_with_its_caller_only_so_long() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("chat", "chat", party="li")
    stage.accept("chat")
    stage.agent("bob")
    stage.arrive("call", party="li")
    assert stage.offered_to("call") is None
    stage.wait(20)
    assert stage.offered_to("call") == "bob"


def test_customers_nobody_knows_are_not_taken_for_one() -> None:
    stage = Stage()
    stage.arrive("mail", "email")
    stage.arrive("call")
    stage.agent("ann", device=None)
    assert stage.offered_to("mail") == "ann"


def test_who_turns_out_to_be_the_same_customer_is_one_visit_from_then_on() -> None:

    stage = Stage()
    stage.agent("ann")
    stage.arrive("call", party="li")
    stage.accept("call")
    stage.arrive("mail", "email")
    stage.tell(Identified(interaction="mail", party="li", vip=0))
    stage.agent("bob")
    assert stage.offered_to("mail") is None


def test_a_live_one_that_leaves_frees_the_other() -> None:

    stage = Stage()
    stage.agent("ann", device=None)
    stage.arrive("call", party="li")
    stage.arrive("mail", "email", party="li")
    assert stage.offered_to("mail") is None
    stage.tell(InteractionGone(interaction="call"))
    assert stage.offered_to("mail") == "ann"


DEEDS = st.sampled_from(["arrive", "arrive", "arrive", "accept", "end", "wait"])
deeds = st.lists(
    st.tuples(DEEDS, st.integers(0, 5), st.sampled_from(["voice", "chat", "email", "email"])), min_size=8, max_size=40
)


def do(stage: Stage, what: str, number: int, channel: str) -> list[Any]:
    """Let one thing happen on a floor of three agents and three customers."""
    if what == "arrive":
        return stage.arrive(f"i{len(stage.facts):03d}", channel, party=f"p{number % 3}")
    if what == "accept" and stage.offers:
        return stage.accept(sorted(stage.offers)[number % len(stage.offers)])
    active = sorted(name for name, state in stage.states.items() if state == State.ACTIVE)
    if what == "end" and active:
        return stage.end(active[number % len(active)], skip_wrapup=True)
    return stage.wait(number * 3)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deeds)
def test_no_duplicate_is_begun_by_somebody_else(day: list[tuple[str, int, str]]) -> None:
    """Fails when `kept_for_visit` always says no, or `move` does not have the others looked at."""
    stage = Stage()
    floor = stage.router._floor
    for name in ("ann", "bob", "cat"):
        stage.agent(name)
    for what, number, channel in day:
        before = {item.id: item.agent for item in floor.items.values() if item.state is State.ACTIVE}
        for wish in of(do(stage, what, number, channel), Offer):
            item = floor.items.get(wish.interaction)
            if item is None or item.rule.live or stage.offers.get(item.id) is not wish:
                continue
            others = floor.visits.others(item)
            holders = {before[other.id] for other in others if other.id in before and other.agent}
            now = {other.agent for other in others if other.state is State.ACTIVE}  # by this very fact, too
            assert not holders or wish.agent in holders | now, (item.id, holders)


def test_who_becomes_known_asks_for_what_their_rules_say_and_goes_to_who_looks_after_them() -> None:
    stage = Stage({"lines": {"support": {"prefer_s": 600}}})
    stage.agent("eve", skills=(("english", 5),))
    stage.arrive("first")
    stage.accept("first")
    stage.arrive("call", priority=5)
    known = {"priority": 3, "skills": (("english", 3),), "language": "en", "prefer_agent": "eve"}
    stage.tell(Identified(interaction="call", party="li", **known))
    item = stage.router._floor.items["call"]
    assert (item.priority, item.skills, item.language, item.prefer) == (5, (("english", 3),), "en", "eve")
    stage.agent("bob")
    assert stage.offered_to("call") is None, "bob has not what it takes now"
    stage.tell(Identified(interaction="call", party="li", priority=9))
    assert item.priority == 9
