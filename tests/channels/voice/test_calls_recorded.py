"""Every recorded call against the phones' own clocks: what the mirror tells is what the phones did.

The oracle is the `timeline` of each truth file, written by the SIP phones themselves; only what no phone can know (which
queue, what the queue counted, voicemail) is taken from the `facts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recordings import AMI, events, truth

from contactd.channels.voice.call import CallStarted
from contactd.channels.voice.calls import Calls
from contactd.core.channel import Progress

CLOSE = timedelta(seconds=0.15)
"""How far a recording's clock may be from a phone's for the same moment."""

STREAMS: dict[str, tuple[str, ...]] = {
    "ami_drop_reconnect": ("ami_drop_reconnect.part1", "ami_drop_reconnect.part2"),
    "core_restart": ("core_restart.part1", "core_restart.part2"),
}
SCENARIOS = sorted(path.name.partition(".truth")[0] for path in AMI.glob("*.truth.json*"))
WITHOUT_CUSTOMER_PHONE = {
    "agent_pause_unpause",
    "ami_errors",
    "burst20_originate",
    "fax",
    "member_add_remove",
    "user_event",
}
"""Recordings in which no phone of a customer's called in."""
PHONED = [name for name in SCENARIOS if name not in WITHOUT_CUSTOMER_PHONE | {"click_to_dial", "odd_caller_ids"}]


@dataclass
class Seen:
    """One customer's call as the phones saw it."""

    caller: str
    dialled: str
    at: datetime
    ended: datetime | None = None
    ended_by: str = "system"
    answers: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass
class Told:
    """One call as the mirror told it."""

    start: CallStarted
    progress: list[Progress] = field(default_factory=list)

    def kinds(self, *kinds: str) -> list[Progress]:
        return [each for each in self.progress if each.kind in kinds]

    @property
    def end(self) -> Progress:
        (end,) = self.kinds("ended")
        return end


def moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"]).replace(tzinfo=UTC)


def seen(name: str) -> list[Seen]:
    """Read the customers' calls off the phones' timeline."""
    calls: dict[str, Seen] = {}
    timeline = truth(name)["timeline"]
    for entry in timeline:
        if entry["who"] == "telco" and entry["what"] == "invite":
            caller = re.search(r"sip:([^@>]*)@", entry["frm"])
            assert caller
            calls[entry["call"]] = Seen(caller[1], entry["peer"], moment(entry))
        call = calls.get(entry.get("call", ""))
        if call is not None and entry["what"] in ("bye", "cancel"):
            call.ended_by = "customer"
        if call is not None and entry["what"] == "ended":
            call.ended = moment(entry)
    for call in calls.values():
        assert call.ended
        theirs = [
            entry
            for entry in timeline
            if entry["who"].isdigit() and entry.get("peer") == call.caller and call.at <= moment(entry) <= call.ended
        ]
        for entry in theirs:
            again = bool(call.answers) and call.answers[-1][1] == entry["who"]
            if entry["what"] == "answer" and not again:
                call.answers.append((moment(entry), entry["who"]))
        byes = [moment(entry) for entry in theirs if entry["what"] == "bye"]
        if call.ended_by == "system" and byes and call.ended - byes[-1] < CLOSE:
            call.ended_by = "agent"
    return list(calls.values())


def told(name: str, *, ask: bool = False) -> list[Told]:
    """Run a scenario's stream through the mirror; return its calls from outside, in order of their beginning."""
    calls, found = Calls(ask=ask), {}
    for stream in STREAMS.get(name, (name,)):
        for event in events(stream):
            for fact in calls.handle(event):
                if isinstance(fact, CallStarted):
                    assert fact.external_key not in found
                    found[fact.external_key] = Told(fact)
                else:
                    found[fact.external_key].progress.append(fact)
    assert not calls.open_keys(), "every recorded call is over at the end"
    return sorted(found.values(), key=lambda call: call.start.at)


def from_outside(calls: list[Told]) -> list[Told]:
    return [call for call in calls if call.start.direction == "inbound" and not call.start.linkedid.startswith("agi")]


def phone(agent: str | None) -> str:
    """Return the phone's own name in a PBX's name for an agent."""
    found = re.search(r"/(\w+)", agent or "")
    return found[1] if found else ""


@pytest.mark.parametrize("name", PHONED)
def test_who_called_whom_and_when(name: str) -> None:
    expected, found = seen(name), from_outside(told(name))
    assert [(call.start.caller, call.start.dialled) for call in found] == [(c.caller, c.dialled) for c in expected]
    for call, phones in zip(found, expected, strict=True):
        assert abs(call.start.at - phones.at) < CLOSE


@pytest.mark.parametrize("name", PHONED)
def test_who_answered_and_when(name: str) -> None:
    for call, phones in zip(from_outside(told(name)), seen(name), strict=True):
        connected = [(each.at, phone(each.agent)) for each in call.kinds("answered", "moved")]
        if name.startswith("burst20"):
            assert len(connected) <= 1, "its agents are not phones"
            continue
        if name == "conference":
            assert [who for _, who in connected] == ["1001"], "1001 is in the room when they come in; nobody rings"
            continue
        if name == "ami_drop_reconnect":
            assert [who for _, who in connected] == ["1001"], "answered while nobody listened: known at the next list"
            continue
        direct = connected[: len(phones.answers)]
        assert [who for _, who in direct][:1] == [who for _, who in phones.answers][:1]
        for (at, who), (answered, whose) in zip(direct, phones.answers, strict=True):
            if who == whose and not call.kinds("held"):
                assert abs(at - answered) < CLOSE


@pytest.mark.parametrize("name", PHONED)
def test_how_and_when_it_ended(name: str) -> None:
    for call, phones in zip(from_outside(told(name)), seen(name), strict=True):
        assert phones.ended is not None
        assert abs(call.end.at - phones.ended) < CLOSE
        if not name.startswith("burst20"):
            assert call.end.ended_by == phones.ended_by
        answered = bool(call.kinds("answered"))
        assert (call.end.outcome == "answered") == answered
        if not answered and phones.ended_by == "customer":
            assert call.end.outcome in ("abandoned", "voicemail")


QUEUED = {name: truth(name)["facts"] for name in SCENARIOS if {"queue", "agent"} <= truth(name)["facts"].keys()}


@pytest.mark.parametrize("name", QUEUED)
def test_a_queue_call_carries_what_the_queue_knows(name: str) -> None:
    facts = QUEUED[name]
    call = next(call for call in told(name) if call.start.linkedid == facts.get("linkedid", call.start.linkedid))
    (answered,) = call.kinds("answered")
    (waiting,) = call.kinds("waiting")
    assert (answered.line, answered.agent) == (facts["queue"], facts["agent"])
    if "caller" in facts:
        assert call.start.caller == facts["caller"]
    if "holdtime" in facts:
        assert answered.data["hold_s"] == int(facts["holdtime"])
        assert abs((answered.at - waiting.at).total_seconds() - int(facts["holdtime"])) <= 1
    if "talktime" in facts:
        assert call.end.data["talk_s"] == int(facts["talktime"])
        assert abs((call.end.at - answered.at).total_seconds() - int(facts["talktime"])) <= 1
    if "reason" in facts:
        assert call.end.data["reason"] == facts["reason"]
    if "to" in facts:
        assert [each.agent for each in call.kinds("moved")] == [f"PJSIP/{facts['to']}"]
        assert call.end.agent == f"PJSIP/{facts['to']}"
    if "rna_agent" in facts:
        missed = [each for each in call.kinds("ring_ended") if each.outcome == "timed_out"]
        assert [each.agent for each in missed] == [facts["rna_agent"]]


@pytest.mark.parametrize("name", ["q_abandon_no_agent", "q_abandon_during_ring"])
def test_an_abandoned_call(name: str) -> None:
    facts = truth(name)["facts"]
    (call,) = told(name)
    assert (call.end.outcome, call.end.ended_by) == ("abandoned", "customer")
    assert (call.end.line, call.start.caller) == (facts["queue"], facts["caller"])
    (waiting,) = call.kinds("waiting")
    assert abs((call.end.at - waiting.at).total_seconds() - int(facts["holdtime"])) <= 1
    rung = [each.agent for each in call.kinds("ringing")]
    assert rung == ([facts["ringing_agent"]] if "ringing_agent" in facts else [])
    assert [each.outcome for each in call.kinds("ring_ended")] == ["withdrawn"] * len(rung)
    assert not call.kinds("left")


def test_a_time_out_and_an_emptied_queue_are_no_abandonment() -> None:
    (to_voicemail,) = told("q_timeout_to_voicemail")
    assert [each.kind for each in to_voicemail.kinds("waiting", "left", "ended")] == ["waiting", "left", "ended"]
    assert (to_voicemail.end.outcome, to_voicemail.end.data["mailbox"]) == ("voicemail", "8888@default")
    refused, emptied = told("q_strict_joinunavail")
    assert refused.end.outcome == "rejected"
    assert (emptied.end.outcome, emptied.end.line) == ("overflow", "strict")
    assert emptied.kinds("left")


def test_a_voicemail_without_queue() -> None:
    (call,) = told("voicemail_drop")
    assert call.end.outcome == "voicemail"


def test_a_burst_of_twenty_calls_through_local_agents() -> None:
    for name in ("burst20", "burst20_originate"):
        facts = truth(name)["facts"]
        calls = told(name)
        assert sum(len(call.kinds("waiting")) for call in calls) == facts["joins"]
        assert sum(len(call.kinds("answered")) for call in calls) == facts["connects"]
        assert sum(call.end.outcome == "abandoned" for call in calls) == facts["abandons"]
        late = 1 if name == "burst20_originate" else 0
        assert sum("talk_s" in call.end.data for call in calls) == facts["completes"] - late, "one came after its call"
        if "rna" in facts:
            ends = [each.outcome for call in calls for each in call.kinds("ring_ended")]
            assert ends.count("rejected") + ends.count("timed_out") == facts["rna"]


def test_hold_lasts_as_long_as_the_phone_held() -> None:
    (call,) = told("hold_unhold")
    (held,), (resumed,) = call.kinds("held"), call.kinds("resumed")
    assert abs((resumed.at - held.at).total_seconds() - truth("hold_unhold")["facts"]["hold_seconds"]) < 0.2
    assert held.agent == truth("hold_unhold")["facts"]["agent"]


def test_a_consultation_is_a_call_of_its_own_until_it_is_merged() -> None:
    call, consultation = told("xfer_att_refer")
    facts = truth("xfer_att_refer")["facts"]
    assert (call.start.linkedid, consultation.start.linkedid) == (facts["orig_linkedid"], facts["second_linkedid"])
    assert (consultation.start.direction, consultation.start.agent) == ("internal", "PJSIP/1001")
    assert consultation.end.data["merged_into"] == call.start.external_key


def test_a_parked_call_is_held_and_goes_to_who_fetches_it() -> None:
    fetched, returned = told("parking")
    facts = truth("parking")["facts"]
    assert [(each.kind, each.agent) for each in fetched.kinds("answered", "held", "resumed", "moved")] == [
        ("answered", facts["agent1"]),
        ("held", facts["agent1"]),
        ("resumed", facts["agent1"]),
        ("moved", "PJSIP/1008"),
    ]
    assert fetched.kinds("held")[0].data["parked"] == facts["space"]
    assert [each.kind for each in returned.kinds("answered", "held", "resumed", "moved")] == [
        "answered",
        "held",
        "resumed",
    ]
    assert returned.end.agent == facts["agent2"]


def test_calls_made_by_agents_are_outgoing() -> None:
    reached, busy = told("click_to_dial")
    assert (reached.start.direction, reached.start.dialled, reached.start.agent) == (
        "outbound",
        "13700001111",
        "PJSIP/1001",
    )
    assert reached.start.caller is None
    assert (reached.end.outcome, reached.end.ended_by) == ("answered", "agent")
    assert (busy.start.dialled, busy.end.outcome) == ("13700003333", "failed")


def test_why_a_phone_did_not_answer() -> None:
    ends = {call.start.caller: [each.outcome for each in call.kinds("ring_ended")] for call in told("hangup_causes")}
    assert ends == {
        "13800130000": ["accepted"],
        "13800130001": ["rejected"],
        "13800130002": ["rejected"],
        "13800130003": ["failed"],
        "13800130004": ["failed"],
        "13800130005": ["failed"],
        "13800130006": ["timed_out"],
        "13800130007": ["withdrawn"],
        "13800130008": [],
        "13800130009": [],
    }


def test_a_listener_is_no_part_of_the_call() -> None:
    (call,) = told("supervise_spy_whisper_barge")
    assert [each.agent for each in call.kinds("answered", "moved")] == ["PJSIP/1001"]


def test_a_restart_of_the_pbx_ends_its_calls() -> None:
    before, after = told("core_restart")
    assert (before.end.outcome, before.end.ended_by) == ("answered", "system")
    assert (after.end.outcome, after.end.ended_by) == ("answered", "customer")


def test_the_filtered_event_set_tells_the_same() -> None:
    full, lite = told("q_answered_pjsip")[0], told("profile_lite")[0]
    assert [each.kind for each in lite.progress] == [each.kind for each in full.progress]


@pytest.mark.parametrize("name", sorted(WITHOUT_CUSTOMER_PHONE - {"burst20_originate"}))
def test_what_is_no_customers_call_is_not_told(name: str) -> None:
    assert told(name) == []


def test_odd_callers_are_shown_as_their_phone_named_them() -> None:
    cases = {case: (number, name) for case, number, name, _ in truth("odd_caller_ids")["facts"]["seen"]}
    found = dict(zip(cases, told("odd_caller_ids"), strict=True))
    for case, call in found.items():
        number = cases[case][0]
        assert call.start.caller == (None if number in ("anonymous", "<unknown>") else number), case
        assert call.end.outcome == "answered"
    assert found["utf8"].start.caller_name == "王小明"
    assert found["utf8-emoji-rtl"].start.caller_name == "😀 שלום abc", "what turns the text around is taken out"
    assert found["quotes"].start.caller_name == 'Joe \\"The Boss\\" O\'Neil <x>'
    assert set(found["long"].start.caller_name) == {"L"}
    assert found["empty-name"].start.caller_name == ""
