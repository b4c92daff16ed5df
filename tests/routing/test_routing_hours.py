"""Lines open and close, by calendar and by hand; hours decide about arrivals, whoever is in line is served."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from stage import MORNING, Stage, of, refused

from contactd.core import effects, events
from contactd.core.effects import LineState, Moved, Overflow
from contactd.routing.policy import Policy
from contactd.routing.router import Router

# The stage begins on Monday, 2 November 2026, 9:00 UTC, which is 17:00 in Shanghai.
OFFICE = {"office": {"holidays": ["cn"], "week": {"mon-fri": ["09:00-18:00"]}}}


def policy(**about: Any) -> dict[str, Any]:
    return {"calendars": OFFICE, "lines": {"support": {"calendar": "office", **about}, "night": {}, "day": {}}}


def stage(**about: Any) -> Stage:
    made = Stage(policy(**about))
    made.wait(0)
    return made


def by_hand(made: Stage, mode: str, seconds: float | None = None, line: str = "support") -> list[effects.Wish]:
    until = None if seconds is None else made.now + timedelta(seconds=seconds)
    return made.tell(events.LineSet(actor="sue", line=line, mode=mode, until=until, reason="meeting"))


def outcome(made: Stage, name: str) -> str | None:
    return next((wish.outcome for wish in reversed(of(made.log, Moved)) if wish.interaction == name), None)


def actions(made: Stage, name: str) -> list[tuple[str | None, str | None]]:
    return [(wish.line, wish.action) for wish in of(made.log, Overflow) if wish.interaction == name]


def test_a_line_tells_when_it_opens_and_closes() -> None:
    made = stage()
    [told] = of(made.log, LineState)
    assert (told.line, told.open, told.next_change) == ("support", True, MORNING + timedelta(hours=1))
    [closed] = of(made.wait(3600), LineState)
    assert (closed.open, closed.since) == (False, MORNING + timedelta(hours=1))
    [opened] = of(made.wait(15 * 3600), LineState)
    assert opened.open


def test_nobody_comes_into_a_closed_line() -> None:
    made = stage()
    made.agent("ann")
    made.wait(3600)
    made.arrive("late")
    assert made.offered_to("late") is None
    assert (made.states["late"], outcome(made, "late")) == ("closed", "closed_hours")
    assert actions(made, "late") == [(None, "message")]


def test_closed_hours_send_arrivals_where_the_rule_says() -> None:
    made = stage(overflow=[{"when": "closed", "to": "night"}])
    made.agent("ann", lines=("night",))
    made.wait(3600)
    made.arrive("late")
    assert made.offered_to("late") == "ann"
    assert of(made.log, effects.Offer)[-1].line == "night"


def test_mail_waits_for_the_next_day() -> None:
    made = stage()
    made.wait(3600)
    made.arrive("mail", channel="email")
    assert made.states["mail"] == "queued"
    made.agent("ann")
    assert made.offered_to("mail") == "ann", "whoever is signed in may answer mails also outside the hours"


def test_an_arrival_at_the_very_moment_of_closing_is_late() -> None:
    """Fails when the gate is turned by its deadline alone: a fact may be handled before the tick."""
    made = stage()
    made.now += timedelta(hours=1)
    wishes = made.tell(events.InteractionArrived(interaction="late", channel="voice", line="support"))
    assert [wish.open for wish in of(wishes, LineState)] == [False]
    assert made.states["late"] == "closed"


def test_whoever_is_in_line_at_closing_is_served_while_anybody_is_signed_in() -> None:
    made = stage(after_close={"do": "serve", "seconds": 600})
    made.agent("ann", "not_ready")
    made.wait(3590)
    made.arrive("early")
    made.wait(20)
    assert made.states["early"] == "queued"
    made.intent("ann", "ready")
    assert made.offered_to("early") == "ann"


def test_serving_after_closing_ends_after_its_time() -> None:
    made = stage(after_close={"do": "serve", "seconds": 600}, overflow=[{"when": "closed", "action": "voicemail"}])
    made.agent("ann", "not_ready")
    made.wait(3590)
    made.arrive("early")
    made.wait(609)
    assert made.states["early"] == "queued"
    made.wait(1)
    assert outcome(made, "early") == "voicemail"


def test_serving_after_closing_ends_when_the_last_one_leaves() -> None:
    made = stage()
    made.agent("ann", "not_ready")
    made.agent("bob", "not_ready")
    made.wait(3590)
    made.arrive("early")
    made.wait(20)
    made.intent("ann", "logged_out")
    assert made.states["early"] == "queued"
    made.intent("bob", "logged_out")
    assert outcome(made, "early") == "closed_hours"


def test_nobody_signed_in_at_closing_means_nobody_is_kept_waiting() -> None:
    made = stage()
    made.wait(3590)
    made.arrive("early")
    made.wait(10)
    assert outcome(made, "early") == "closed_hours"


@pytest.mark.parametrize(("do", "state"), [("callback", "queued"), ("message", "closed")])
def test_what_else_may_be_done_at_closing(do: str, state: str) -> None:
    made = stage(after_close={"do": do})
    made.agent("ann", "not_ready")
    made.wait(3590)
    made.arrive("early")
    made.wait(10)
    assert made.states["early"] == state
    assert actions(made, "early") == [(None, do)]


def test_a_callback_is_offered_outside_the_hours_and_there_is_time_to_take_it() -> None:
    made = stage(overflow=[{"when": "closed", "action": "callback"}])
    made.agent("ann")
    made.wait(3600)
    made.arrive("late")
    assert actions(made, "late") == [(None, "callback")]
    made.wait(59)
    assert (made.states["late"], made.offered_to("late")) == ("queued", None)
    made.wait(1)
    assert outcome(made, "late") == "closed_hours"
    assert actions(made, "late") == [(None, "callback"), (None, "message")]


def test_a_rule_by_time_holds_while_an_offered_callback_is_not_answered() -> None:
    rules = [{"when": "age", "seconds": 30, "action": "voicemail"}, {"when": "closed", "action": "callback"}]
    made = stage(overflow=rules)
    made.agent("ann")
    made.wait(3600)
    made.arrive("late")
    made.wait(29)
    assert actions(made, "late") == [(None, "callback")]
    made.wait(1)
    assert actions(made, "late") == [(None, "callback"), (None, "voicemail")]


def test_what_is_given_to_a_closed_line_by_a_person_is_in_line_there() -> None:
    made = stage()
    made.agent("ann", lines=("night",))
    made.agent("bob", "not_ready", lines=("support",))
    made.arrive("call", line="night")
    made.accept("call")
    made.wait(3600)
    made.tell(events.Transferred(interaction="call", agent="ann", to_line="support"))
    assert made.states["call"] == "queued"
    made.intent("bob", "ready")
    assert made.offered_to("call") == "bob"


def test_a_line_closed_by_hand_opens_by_itself() -> None:
    made = stage()
    made.agent("ann")
    [told] = of(by_hand(made, "closed", 600), LineState)
    assert (told.open, told.mode, told.actor, told.reason) == (False, "closed", "sue", "meeting")
    assert told.until == told.next_change == MORNING + timedelta(seconds=600)
    made.arrive("late")
    assert made.states["late"] == "closed"
    [back] = of(made.wait(600), LineState)
    assert (back.open, back.mode) == (True, None)
    made.arrive("early")
    assert made.offered_to("early") == "ann"


def test_a_line_opened_by_hand_closes_by_itself() -> None:
    made = stage()
    made.agent("ann")
    made.wait(3600)
    by_hand(made, "open", 600)
    made.arrive("early")
    assert made.offered_to("early") == "ann"
    [back] = of(made.wait(600), LineState)
    assert (back.open, back.since) == (False, MORNING + timedelta(seconds=4200))


def test_the_calendar_is_given_back_its_word() -> None:
    made = stage()
    by_hand(made, "closed")
    [told] = of(by_hand(made, "calendar"), LineState)
    assert (told.open, told.mode) == (True, None)


def test_a_drained_line_serves_whoever_is_in_line_however_long_it_takes() -> None:
    made = stage(after_close={"do": "serve", "seconds": 60})
    made.agent("ann", "not_ready")
    made.arrive("early")
    by_hand(made, "drain")
    made.arrive("late")
    assert made.states["late"] == "closed"
    made.wait(600)
    assert made.states["early"] == "queued"
    made.intent("ann", "ready")
    assert made.offered_to("early") == "ann"


def test_what_closed_by_hand_before_the_end_of_the_day_stays_closed_since_then() -> None:
    """Fails when the calendar's closing counts as a second one, after which those who came in between were early."""
    made = stage(overflow=[{"when": "closed", "action": "callback"}])
    made.agent("ann")
    made.wait(3590)
    by_hand(made, "closed", 30)
    made.wait(1)
    made.arrive("late")
    made.wait(40)
    assert of(made.log, LineState)[-1].since == MORNING + timedelta(seconds=3590)
    assert made.offered_to("late") is None


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (events.LineSet(actor="sue", line="nowhere", mode="open"), "unknown_line"),
        (events.LineSet(actor="sue", line="support", mode="ajar"), "bad_value"),
        (events.LineSet(actor="sue", line="support", mode="open", until=MORNING), "bad_value"),
        (events.WaitExpected(line="nowhere", seconds=3), "unknown_line"),
    ],
)
def test_bad_acts_are_refused_and_change_nothing(fact: events.Fact, why: str) -> None:
    made = stage()
    before = made.router.digest()
    made.now = MORNING
    assert refused(made.tell(fact)) == why
    assert made.router.digest() == before


def test_a_new_calendar_rules_at_once() -> None:
    made = stage(overflow=[{"when": "closed", "to": "night"}])
    made.arrive("early")
    shorter = {"office": {"week": {"mon-fri": ["09:00-16:00"]}}}
    document = {**policy(overflow=[{"when": "closed", "to": "night"}]), "calendars": shorter}
    wishes = made.tell(events.PolicyPublished(version=2, policy=document))
    assert [(wish.line, wish.open, wish.since) for wish in of(wishes, LineState)] == [("support", False, MORNING)]
    assert actions(made, "early") == [("night", None)], "nobody is signed in: it need not wait"


def test_a_line_that_is_gone_is_told_as_open_so_that_nothing_of_it_is_left() -> None:
    made = stage()
    by_hand(made, "closed")
    wishes = made.tell(events.PolicyPublished(version=2, policy={"lines": {"night": {}}}))
    assert [(wish.line, wish.open, wish.mode) for wish in of(wishes, LineState)] == [("support", True, None)]
    made.wait(1)
    assert refused(by_hand(made, "open")) == "unknown_line"


def restored(made: Stage, at: datetime) -> Router:
    """Return a new router that was told how the lines stood, at a moment."""
    router = Router(Policy.from_mapping(policy()))
    for told in {wish.line: wish for wish in of(made.log, LineState)}.values():
        router.handle(
            events.LineRestored(
                line=told.line,
                open=told.open,
                since=told.since,
                mode=told.mode,
                until=told.until,
                next_change=told.next_change,
            ),
            at,
        )
    return router


@pytest.mark.parametrize("mode", [None, "closed", "drain", "open"])
def test_a_line_stands_after_a_restart_as_before(mode: str | None) -> None:
    made = stage()
    if mode is not None:
        by_hand(made, mode, 1800)
    router = restored(made, made.now)
    assert router.digest() == made.router.digest()
    made.wait(7200)
    while (due := router.next_deadline()) is not None and due <= made.now:
        router.tick(due)
    assert router.digest() == made.router.digest()


def test_what_fell_due_while_the_server_was_down_happens_once_at_the_start() -> None:
    made = stage()
    router = restored(made, MORNING + timedelta(hours=2))
    told = of(router.tick(MORNING + timedelta(hours=2)), LineState)
    assert [(wish.open, wish.since) for wish in told] == [(False, MORNING + timedelta(hours=1))]
