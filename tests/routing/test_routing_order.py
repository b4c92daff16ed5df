"""The order of the one queue, and who is chosen among the agents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import Stage, of

from contactd.core.effects import Offer
from contactd.core.events import IntentSet, InteractionArrived, SupervisorSet
from contactd.routing.policy import Policy
from contactd.routing.score import DEFERRED_AGE_LIMIT, LIVE_POINTS, Scale


def served(stage: Stage, agent: str = "ann") -> str:
    """Let an agent become ready, and return what they get first."""
    wishes = stage.agent(agent)
    (offer, *_) = of(wishes, Offer)
    return offer.interaction


def test_the_older_of_two_equals_goes_first() -> None:
    stage = Stage()
    stage.arrive("b")
    stage.wait(1)
    stage.arrive("a")
    assert served(stage) == "b"


def test_of_the_same_age_the_smaller_id_goes_first() -> None:
    stage = Stage()
    stage.arrive("b")
    stage.arrive("a")
    assert served(stage) == "a"


def test_higher_priority_goes_first_until_the_other_has_waited_long_enough() -> None:
    stage = Stage()
    stage.arrive("old")
    stage.wait(9 * 60)
    stage.arrive("urgent", priority=3)
    assert served(stage) == "urgent"

    stage = Stage({"lines": {"support": {"starve_s": 36000}}})
    stage.arrive("old")
    stage.wait(11 * 60)
    stage.arrive("urgent", priority=1)
    assert served(stage) == "old"


def test_in_a_strict_line_priority_alone_decides() -> None:
    stage = Stage({"lines": {"support": {"strict": True, "starve_s": 36000}}})
    stage.arrive("old")
    stage.wait(3600)
    stage.arrive("urgent", priority=1)
    assert served(stage) == "urgent"


def test_a_starved_call_goes_before_everything_that_is_not_starved() -> None:
    stage = Stage()
    stage.arrive("starved")
    stage.wait(600)
    stage.arrive("urgent", priority=9, vip=3)
    assert served(stage) == "starved"


def test_the_lines_rate_and_base_count() -> None:
    stage = Stage({"lines": {"support": {}, "quick": {"rate": 3}, "high": {"base": 4}}})
    stage.arrive("plain", line="support")
    stage.arrive("quick", line="quick")
    stage.wait(120)
    assert stage.router.waiting() == {"quick": ["quick"], "support": ["plain"]}
    assert served(stage) == "quick"
    stage.arrive("high", line="high")
    assert served(stage, "bob") == "high"


def test_a_mail_that_has_waited_all_weekend_does_not_go_before_a_fresh_call() -> None:
    stage = Stage()
    stage.arrive("mail", "email")
    stage.wait(60 * 3600)
    stage.arrive("call")
    assert served(stage) == "call"


def test_nor_does_one_that_has_waited_for_two_hours() -> None:
    """Fails when the limit on the age of deferred work is not among the ages at which its score changes."""
    stage = Stage()
    stage.arrive("mail", "email")
    stage.wait(119 * 60)
    stage.arrive("call")
    assert served(stage) == "call"


def test_one_in_ten_assignments_is_a_starved_mail_while_calls_wait() -> None:
    stage = Stage({"capacity": {"email": 100}})
    for number in range(5):
        stage.arrive(f"mail{number}", "email")
    stage.wait(48 * 3600)
    for number in range(40):
        stage.arrive(f"call{number:02d}")
    stage.agent("ann")
    order = []
    for _ in range(30):
        (name,) = stage.offers
        order.append(name[:4])
        stage.accept(name)
        stage.end(name, skip_wrapup=True)
    assert [index for index, name in enumerate(order, 1) if name == "mail"] == [10, 20, 30]


def test_waiting_of_earlier_stays_counts_as_age() -> None:
    stage = Stage()
    stage.wait(100)
    stage.arrive("first")
    stage.wait(10)
    fact = InteractionArrived(interaction="returned", channel="voice", line="support", waited=stage.now - stage.now)
    stage.tell(fact)
    assert stage.router.waiting()["support"] == ["first", "returned"]


def test_a_supervisor_may_raise_the_priority_of_what_waits() -> None:
    stage = Stage()
    stage.arrive("a")
    stage.wait(5)
    stage.arrive("b")
    stage.tell(SupervisorSet(actor="sue", action="priority", interaction="b", value=5))
    assert served(stage) == "b"


def test_mail_ages_in_the_hours_of_its_line_and_no_others() -> None:
    """Fails when `Scale.age` counts every hour, or the head of a shape is not worked out anew when the hours begin."""
    office = {"office": {"zone": "UTC", "week": {"mon-fri": ["10:00-17:00"]}}}
    stage = Stage({"calendars": office, "lines": {"support": {"sla_calendar": "office"}, "sales": {}}})
    stage.arrive("office", "email", "support", waited=timedelta(minutes=30))
    stage.arrive("always", "email", "sales")
    stage.wait(1800)  # 9:30: still closed
    terms = {name: stage.router.explain(name, stage.now)["terms"] for name in ("office", "always")}
    assert terms == {"office": {}, "always": {"age": 30.0}}
    assert served(stage) == "always"
    stage.wait(2700)  # 10:15
    assert stage.router.explain("office", stage.now)["terms"]["age"] == 15.0


AGES = st.integers(0, 10_000_000)


@given(AGES, AGES, st.booleans(), st.integers(0, 100), st.sampled_from(["voice", "email", "chat"]))
def test_score_never_falls_with_age(one: int, other: int, strict: bool, boost: int, channel: str) -> None:
    """Fails when the boost is made to end at the breach, or starvation to give points once."""
    policy = Policy.from_mapping({"lines": {"support": {"strict": strict, "sla_boost": boost}}})
    scale = Scale.of(policy.lines["support"], policy.rule("support", channel))
    younger, older = sorted((one, other))
    assert scale.score(0.0, younger) <= scale.score(0.0, older)


@given(AGES, AGES)
def test_age_alone_never_puts_deferred_work_before_live_work(mail_age: int, call_age: int) -> None:
    """Fails when the limit on the age of deferred work is taken away."""
    policy = Policy.from_mapping({})
    mail = Scale.of(policy.lines["support"], policy.rule("support", "email"))
    call = Scale.of(policy.lines["support"], policy.rule("support", "voice"))
    assert mail.score(0.0, mail_age) < call.score(LIVE_POINTS, call_age)
    assert mail.score(0.0, mail_age) <= DEFERRED_AGE_LIMIT + policy.lines["support"].sla_boost


# --- who gets it --------------------------------------------------------------------------------------------------------


def test_the_longest_idle_agent_gets_it_and_a_break_does_not_reset_idle_time() -> None:
    stage = Stage()
    stage.agent("bob")
    stage.wait(10)
    stage.agent("ann")
    stage.wait(10)
    stage.intent("bob", "not_ready", "break")
    stage.wait(10)
    stage.intent("bob", "ready")
    stage.arrive("call")
    assert stage.offered_to("call") == "bob"


def test_idle_time_begins_when_routed_work_ends() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(1)
    stage.agent("bob")
    stage.arrive("one")
    stage.accept("one")
    stage.wait(60)
    stage.end("one", skip_wrapup=True)
    stage.arrive("two")
    assert stage.offered_to("two") == "bob"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("longest_idle", "ann"),
        ("best_skill", "bob"),
        ("fewest_active", "ann"),
        ("round_robin", "bob"),
        ("weighted", "bob"),
    ],
)
def test_strategies(strategy: str, expected: str) -> None:
    stage = Stage({"lines": {"support": {"strategy": strategy, "required": {"german": 2}}}})
    stage.agent("ann", skills=(("german", 3),))
    stage.arrive("chat", "chat", priority=0)
    stage.accept("chat")
    stage.end("chat", skip_wrapup=True)
    stage.wait(60)
    stage.agent("bob", skills=(("german", 9),))
    stage.wait(5)
    stage.arrive("call")
    assert stage.offered_to("call") == expected


def test_the_least_occupied_gets_it() -> None:
    stage = Stage({"lines": {"support": {"strategy": "least_occupied"}}})
    stage.agent("ann")
    stage.wait(5)
    stage.agent("bob", "not_ready")
    stage.arrive("one")
    stage.accept("one")
    stage.wait(600)
    stage.end("one", skip_wrapup=True)
    stage.wait(600)
    stage.intent("bob", "ready")
    stage.arrive("two")
    assert stage.offered_to("two") == "bob"


def test_ties_go_by_the_agents_id() -> None:
    stage = Stage()
    for name in ("cat", "ann", "bob"):
        stage.agent(name)
    stage.arrive("call")
    assert stage.offered_to("call") == "ann"


def test_required_skills_are_never_dropped() -> None:
    stage = Stage({"lines": {"support": {"required": {"german": 5}}}})
    stage.agent("ann", skills=(("german", 4), ("french", 10)))
    stage.arrive("call", skills=(("french", 2),))
    stage.wait(3600)
    assert stage.offered_to("call") is None
    stage.agent("bob", skills=(("german", 5),))
    assert stage.offered_to("call") is None
    stage.agent("cat", skills=(("german", 5), ("french", 2)))
    assert stage.offered_to("call") == "cat"


def test_an_agent_gets_only_what_stands_in_their_lines() -> None:
    stage = Stage({"lines": {"support": {}, "sales": {}}})
    stage.agent("ann", lines=("sales",))
    stage.arrive("a", line="support")
    assert stage.offered_to("a") is None
    stage.arrive("b", line="sales")
    assert stage.offered_to("b") == "ann"


STEPS: dict[str, Any] = {
    "lines": {
        "support": {
            "steps": [{"prefer": {"german": 8}, "seconds": 20}, {"prefer": {"german": 4}, "seconds": 30}],
        },
    },
}


def test_preferred_skills_are_dropped_step_by_step() -> None:
    stage = Stage(STEPS)
    stage.agent("best", "not_ready", skills=(("german", 9),))
    stage.agent("good", "not_ready", skills=(("german", 4),))
    stage.agent("any")
    stage.arrive("call")
    assert stage.router.explain("call", stage.now)["step"] == 0
    stage.wait(20)
    assert stage.router.explain("call", stage.now)["step"] == 1
    assert stage.offered_to("call") is None
    stage.wait(29)
    assert stage.offered_to("call") is None
    stage.wait(1)
    assert stage.offered_to("call") == "any"


def test_the_second_step_takes_who_fits_it() -> None:
    stage = Stage(STEPS)
    stage.agent("best", "not_ready", skills=(("german", 9),))
    stage.agent("good", skills=(("german", 4),))
    stage.arrive("call")
    assert stage.offered_to("call") is None
    stage.wait(20)
    assert stage.offered_to("call") == "good"
    assert stage.offers["call"].decision.step == 1


def test_a_step_nobody_signed_in_can_meet_is_left_at_once_unless_told_otherwise() -> None:
    stage = Stage(STEPS)
    stage.agent("any")
    stage.arrive("call")
    assert stage.offered_to("call") == "any"

    patient = {"lines": {"support": {**STEPS["lines"]["support"], "skip_unmet": False}}}
    stage = Stage(patient)
    stage.agent("any")
    stage.arrive("call")
    assert stage.offered_to("call") is None


def test_a_step_is_left_at_once_when_the_last_who_could_meet_it_signs_out() -> None:
    stage = Stage(STEPS)
    stage.agent("best", "not_ready", skills=(("german", 9),))
    stage.agent("any")
    stage.arrive("call")
    assert stage.offered_to("call") is None
    stage.intent("best", "logged_out")
    assert stage.offered_to("call") == "any"


def test_who_speaks_the_customers_language_is_preferred_without_waiting() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(5)
    stage.agent("bob", languages=("zh",))
    stage.arrive("call", language="zh")
    assert stage.offered_to("call") == "bob"
    stage.arrive("next", language="zh")
    assert stage.offered_to("next") == "ann"


def test_a_language_may_be_required() -> None:
    stage = Stage({"lines": {"support": {"language": "require"}}})
    stage.agent("ann")
    stage.arrive("call", language="zh")
    assert stage.offered_to("call") is None
    stage.agent("bob", languages=("en", "zh"))
    assert stage.offered_to("call") == "bob"


def test_a_preferred_agent_is_waited_for_while_signed_in_and_no_longer() -> None:
    stage = Stage()
    stage.agent("own", "not_ready")
    stage.agent("ann")
    stage.arrive("mail", "email", prefer_agent="own")
    assert stage.offered_to("mail") is None
    assert stage.router.explain("mail", stage.now)["waits_for"] == "own"
    stage.wait(19)
    assert stage.offered_to("mail") is None
    stage.wait(1)
    assert stage.offered_to("mail") == "ann"

    stage = Stage()
    stage.agent("own", "not_ready")
    stage.agent("ann")
    stage.arrive("mail", "email", prefer_agent="own")
    stage.intent("own", "logged_out")
    assert stage.offered_to("mail") == "ann"


def test_a_preferred_agent_who_is_free_gets_it_before_the_longest_idle() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.wait(60)
    stage.agent("own")
    stage.arrive("mail", "email", prefer_agent="own")
    assert stage.offered_to("mail") == "own"
    assert stage.offers["mail"].decision.preferred == "owner"


def test_a_preferred_agent_without_the_required_skill_is_not_waited_for() -> None:
    stage = Stage({"lines": {"support": {"required": {"german": 5}}}})
    stage.agent("own", "not_ready")
    stage.agent("ann", skills=(("german", 5),))
    stage.arrive("mail", "email", prefer_agent="own")
    assert stage.offered_to("mail") == "ann"


def test_a_new_kind_of_demand_finds_agents_who_have_long_been_free() -> None:
    """Fails when a new shape is not filled with the free agents."""
    stage = Stage()
    stage.agent("ann", skills=(("german", 5),))
    stage.wait(60)
    stage.arrive("call", skills=(("german", 4),))
    assert stage.offered_to("call") == "ann"


def test_new_skills_count_at_once() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("call", skills=(("german", 4),))
    assert stage.offered_to("call") is None
    stage.agent("ann", skills=(("german", 4),))
    assert stage.offered_to("call") == "ann"
    stage.tell(IntentSet(agent="ann", intent="ready"))
