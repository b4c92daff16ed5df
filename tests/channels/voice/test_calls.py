"""The mirror's beliefs: forged, doubled, missing and late events; withheld numbers; what a list of channels puts right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import events

from contactd.channels.voice.ami import EVENT, RESPONSE, Event
from contactd.channels.voice.call import TRANSITIONS, CallStarted, Phase, Trigger
from contactd.channels.voice.calls import Calls
from contactd.channels.voice.legs import number, person
from contactd.core.channel import Progress

STREAM = events("q_answered_pjsip")
CUSTOMER = "1795317292.0"


def told(calls: Calls, stream: Iterable[Event]) -> list[CallStarted | Progress]:
    return [fact for event in stream for fact in calls.handle(event)]


def kinds(facts: Iterable[CallStarted | Progress]) -> list[str]:
    return [getattr(fact, "kind", "started") for fact in facts]


def until(name: str, stream: list[Event] = STREAM) -> list[Event]:
    """Return the events up to and with the first of a name."""
    return stream[: next(n for n, event in enumerate(stream) if event.name == name) + 1]


def event(name: str, kind: str = EVENT, **fields: str) -> Event:
    return Event(name=name, fields=fields, at=STREAM[-1].at, kind=kind)


def test_the_table_reaches_every_phase_and_ends_from_each() -> None:
    assert {phase for phase, _ in TRANSITIONS.values()} >= set(Phase) - {Phase.FRESH}
    assert all((phase, Trigger.END) in TRANSITIONS for phase in Phase if phase is not Phase.OVER)
    assert not any(phase is Phase.OVER for phase, _ in TRANSITIONS)


@pytest.mark.parametrize(
    "forged",
    [
        event("Hangup", Uniqueid="1795317292.99", Channel="PJSIP/trunk-telco-00000000", Cause="16"),
        event("Hangup", Uniqueid=CUSTOMER, Channel="PJSIP/1001-00000001", Cause="16"),
        event("AgentConnect", Uniqueid="1.1", DestUniqueid="1.2", Queue="sales", Interface="PJSIP/6666"),
        event("Newchannel", Uniqueid=CUSTOMER, Linkedid="1.1", Channel="PJSIP/evil-1", CallerIDNum="666"),
        event("CoreShowChannelsComplete", EventList="Complete", ActionID="none", ListItems="0"),
        event("QueueStatusComplete", EventList="Complete", ListItems="0"),
        event("BridgeEnter", BridgeUniqueid="x"),
    ],
)
def test_a_forged_event_changes_nothing(forged: Event) -> None:
    honest = kinds(told(Calls(), STREAM))
    calls = Calls()
    facts = told(calls, until("AgentConnect"))
    assert calls.handle(forged) == []
    facts += told(calls, STREAM[len(until("AgentConnect")) :])
    assert kinds(facts) == honest


def test_every_event_twice_tells_the_same_once() -> None:
    for name in ("q_answered_pjsip", "xfer_att_refer", "parking", "q_rna_then_other"):
        stream = events(name)
        once = told(Calls(), stream)
        assert told(Calls(), (each for event in stream for each in (event, event))) == once


def test_a_list_ends_what_is_not_on_it_and_keeps_what_came_since() -> None:
    calls = Calls()
    told(calls, until("AgentConnect"))
    calls.handle(event("Success", RESPONSE, ActionID="list-1", EventList="start"))
    young = replace(
        STREAM[0], name="Newchannel", kind=EVENT, fields={"Uniqueid": "9.9", "Linkedid": "9.9", "Channel": "PJSIP/x-1"}
    )
    calls.handle(young)
    facts = calls.handle(event("CoreShowChannelsComplete", ActionID="list-1", EventList="Complete", ListItems="0"))
    assert kinds(facts) == ["ended"]
    assert facts[0] == replace(facts[0], outcome="answered", ended_by="system", data={**facts[0].data})
    assert facts[0].data["evidence"] == "not listed"
    assert "9.9" in calls._roster.legs


def test_a_list_that_is_broken_off_or_not_ours_ends_nothing() -> None:
    calls = Calls()
    told(calls, until("AgentConnect"))
    calls.handle(event("Success", RESPONSE, ActionID="list-1", EventList="start"))
    assert calls.handle(event("CoreShowChannelsComplete", ActionID="list-1", EventList="Cancelled")) == []
    calls.expect("secret-2")
    calls.handle(event("Success", RESPONSE, ActionID="list-3", EventList="start"))
    assert calls.handle(event("CoreShowChannelsComplete", ActionID="list-3", EventList="Complete")) == []
    calls.handle(event("Success", RESPONSE, ActionID="secret-2", EventList="start"))
    assert kinds(calls.handle(event("CoreShowChannelsComplete", ActionID="secret-2", EventList="Complete"))) == [
        "ended"
    ]


def test_a_call_found_waiting_on_a_list_waits_since_when_the_list_says() -> None:
    calls = Calls()
    leg = next(each for each in STREAM if each.name == "Newchannel")
    stream = [
        event("Success", RESPONSE, ActionID="a", EventList="start"),
        replace(
            leg, name="CoreShowChannel", fields={**leg.fields, "ActionID": "a", "Duration": "00:01:00", "BridgeId": ""}
        ),
        event("CoreShowChannelsComplete", ActionID="a", EventList="Complete"),
        event("Success", RESPONSE, ActionID="b", EventList="start"),
        event("QueueParams", ActionID="b", Queue="sales"),
        event("QueueEntry", ActionID="b", Queue="sales", Uniqueid=CUSTOMER, Position="2", Wait="45", CallerIDNum="1"),
        event("QueueStatusComplete", ActionID="b", EventList="Complete"),
    ]
    started, waiting = told(calls, stream)
    assert isinstance(started, CallStarted)
    assert isinstance(waiting, Progress)
    now = STREAM[-1].at
    assert now is not None
    assert (started.caller, waiting.kind, waiting.line) == ("13800138000", "waiting", "sales")
    assert waiting.at == now - timedelta(seconds=45)
    gone = [
        event("Success", RESPONSE, ActionID="c", EventList="start"),
        event("QueueParams", ActionID="c", Queue="sales"),
    ]
    assert told(calls, gone) == []
    assert kinds(calls.handle(event("QueueStatusComplete", ActionID="c", EventList="Complete"))) == ["left"]


def test_a_shutdown_ends_every_call_that_is_on() -> None:
    calls = Calls()
    told(calls, until("QueueCallerJoin"))
    (end,) = calls.handle(event("Shutdown", Shutdown="Cleanly", Restart="True"))
    assert isinstance(end, Progress)
    assert (end.outcome, end.ended_by, end.data["evidence"]) == ("abandoned", "system", "shutdown")
    assert told(calls, STREAM[len(until("QueueCallerJoin")) :]) == []


def test_nothing_is_told_before_it_is_known_whether_the_number_may_be_shown() -> None:
    for answer, shown in (("allowed_passed_screen", "13800138000"), ("prohib_not_screened", None), ("", None)):
        calls = Calls("pbx1", ask=True)
        assert told(calls, until("AgentConnect")) == []
        assert calls.questions() == [(CUSTOMER, "PJSIP/trunk-telco-00000000")]
        assert calls.questions() == []
        calls.asked("pres-1", CUSTOMER)
        facts = calls.handle(event("Success", RESPONSE, ActionID="pres-1", Variable="CALLERID(pres)", Value=answer))
        assert kinds(facts) == ["started", "waiting", "ringing", "ring_ended", "answered"]
        assert isinstance(facts[0], CallStarted)
        assert facts[0].caller == shown
        assert bool(facts[0].caller_name) == (shown is not None)
        assert facts[0].external_key == f"pbx1/{CUSTOMER}"


def test_an_answer_forged_or_given_up_leaves_the_number_withheld() -> None:
    calls = Calls(ask=True)
    told(calls, until("AgentConnect"))
    calls.asked("pres-secret", CUSTOMER)
    assert calls.handle(event("Success", RESPONSE, ActionID="pres-guess", Value="allowed")) == []
    facts = calls.presume(CUSTOMER)
    assert isinstance(facts[0], CallStarted)
    assert (facts[0].caller, facts[0].presentation) == (None, "withheld")
    assert calls.handle(event("Success", RESPONSE, ActionID="pres-secret", Value="allowed")) == []


def test_a_withheld_number_of_the_recording_is_told_nowhere() -> None:
    """The caller sent `Privacy: id`; every event carries the number, and no event says that it may not be shown."""
    calls, facts = Calls(ask=True), []
    for each in events("odd_caller_ids"):
        facts += calls.handle(each)
        for uniqueid, _ in calls.questions():
            facts += calls.presume(uniqueid, "prohib" if uniqueid == "1795319330.24" else "allowed_not_screened")
    text = repr(facts)
    assert "13800138009" not in text
    assert "Secret Caller" not in text
    assert "13800138010" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", "13800138000"),
        ("Anonymous", None),
        ("<unknown>", None),
        ("", None),
        ("13\r\n8", "138"),
        (" 1 ", "1"),
    ],
)
def test_numbers(text: str, expected: str | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [(r"O\'Neil", "O'Neil"), (r"a\\b", r"a\b"), ("<unknown>", ""), ("a\x07b", "ab")]
)
def test_names(text: str, expected: str) -> None:
    assert person(text) == expected


KEPT = {name: events(name) for name in ("q_answered_pjsip", "xfer_att_ami", "parking", "conference")}


@given(st.integers(0, 10**9), st.sampled_from(sorted(KEPT)))
def test_lost_and_shuffled_events_never_break_it_and_no_call_ends_twice(seed: int, name: str) -> None:
    dice = Random(seed)
    stream = [each for each in KEPT[name] if dice.random() > 0.2]
    for _ in range(5):
        n = dice.randrange(len(stream) - 1)
        stream[n], stream[n + 1] = stream[n + 1], stream[n]
    facts = told(Calls(), stream)
    ends = [fact.external_key for fact in facts if isinstance(fact, Progress) and fact.kind == "ended"]
    starts = [fact.external_key for fact in facts if isinstance(fact, CallStarted)]
    assert len(ends) == len(set(ends))
    assert len(starts) == len(set(starts))
    assert set(ends) <= set(starts)


def test_the_pbx_may_say_itself_with_every_event_whether_the_number_is_shown() -> None:
    for value, shown in (("allowed_not_screened", "13800138000"), ("prohib_passed_screen", None)):
        stream = [
            replace(each, fields={**each.fields, "ChanVariable": f"X=1\nCALLERID(pres)={value}"})
            if each.get("Uniqueid") == CUSTOMER
            else each
            for each in STREAM
        ]
        calls = Calls(ask=True)
        facts = told(calls, stream)
        assert calls.questions() == []
        assert isinstance(facts[0], CallStarted)
        assert facts[0].caller == shown
        assert kinds(facts)[-1] == "ended"


def outward(name: str, inside: str = "1008", outside: str = "13900001234") -> list[Event]:
    """Return a recorded transfer to an inner number as it would be to an outside one, over the caller's own trunk."""

    def moved(text: str) -> str:
        text = text.replace(f"PJSIP/{inside}-", "PJSIP/trunk-telco-")
        return text.replace(f"PJSIP/{inside}", f"PJSIP/{outside}@trunk-telco").replace(inside, outside)

    keep = {"Uniqueid", "Linkedid", "DestUniqueid", "DestLinkedid", "BridgeUniqueid"}
    return [
        replace(each, fields={key: value if key in keep else moved(value) for key, value in each.fields.items()})
        for each in events(name)
    ]


@pytest.mark.parametrize("name", ["xfer_blind_refer", "xfer_blind_ami", "xfer_att_refer", "xfer_att_ami"])
def test_a_call_that_leaves_for_an_outside_number_ended_by_transfer(name: str) -> None:
    facts = told(Calls(), outward(name))
    inbound = next(fact.external_key for fact in facts if isinstance(fact, CallStarted) and fact.direction == "inbound")
    ours = [fact for fact in facts if isinstance(fact, Progress) and fact.external_key == inbound]
    assert (ours[-1].kind, ours[-1].outcome, ours[-1].ended_by) == ("ended", "answered", "transfer")
    assert ours[-1].agent in {"PJSIP/1001", "PJSIP/1002"}
    assert "13900001234" in str(ours[-1].data["transferred_to"])
    assert not any("trunk" in str(fact.agent) for fact in ours)


@pytest.mark.parametrize("name", ["xfer_blind_refer", "xfer_blind_ami", "xfer_att_refer", "xfer_att_ami"])
def test_a_call_that_is_given_to_a_colleague_did_not_end_by_that(name: str) -> None:
    ended = [fact for fact in told(Calls(), events(name)) if isinstance(fact, Progress) and fact.kind == "ended"]
    assert not any(fact.ended_by == "transfer" for fact in ended)
