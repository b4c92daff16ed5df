"""Every recorded run over ARI against the phones' own clocks: what the machine tells the house is what the phones did.

The house is played by the recording's own client: where it rang a phone, our machine is told to do so at that moment, with the ids
the recording used.  What is expected is read from the `timeline` of the truth files, which the phones wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recordings import ARI, ari_events, ari_rest, read

from contactd.channels.voice import ari_dial
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_resync import resync
from contactd.channels.voice.ari_table import Do, Give, Rest, Stage
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.asked import Accept, Answered, HandOver, Report
from contactd.core.channel import Change
from contactd.core.events import AttemptFailed, DeliveryFailed, InteractionGone, WorkEnded

CLOSE = timedelta(seconds=0.15)
PARTS = {
    "ari_ws_drop_midcall": ("ari_ws_drop_midcall.part1", "ari_ws_drop_midcall.part2"),
    "ari_core_restart": ("ari_core_restart.part1", "ari_core_restart.part2"),
}
SCENARIOS = sorted(path.name.partition(".truth")[0] for path in ARI.glob("*.truth.json*"))

NOT_OURS = {
    "ari_subscribe_all_appqueue": "a call of the PBX's own queue, which never enters the application",
    "ari_ws_rest": "requests over the socket; no call",
    "ari_click_to_dial": "calls its client made under ids of its own: below",
}
"""Runs in which no customer's call enters our application."""


@dataclass
class Seen:
    """A customer's call as the phones saw it."""

    caller: str
    at: datetime
    ended: datetime
    ended_by: str
    answers: list[str] = field(default_factory=list)


@dataclass
class Told:
    """A call as our machine told it."""

    caller: str | None
    at: datetime
    answers: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ended: datetime | None = None
    ended_by: str = ""


def truth(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read(ARI / f"{name}.truth.json"))
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("+0000", "")).replace(tzinfo=UTC)


def seen(name: str) -> list[Seen]:
    """Read the customers' calls that reached the application off the phones' timeline."""
    timeline = truth(name)["timeline"]
    found = []
    for entry in timeline:
        if entry["who"] != "telco" or entry["what"] != "invite":
            continue
        mine = [each for each in timeline if each.get("call") == entry["call"]]
        caller = re.search(r"sip:([^@>]*)@", entry["frm"])
        ended = next(each for each in mine if each["what"] == "ended")
        if ended["why"].startswith("got 6"):
            continue  # nobody listened: the dialplan declined it
        assert caller
        begin, end = moment(entry["at"]), moment(ended["at"])
        phones = [
            each
            for each in timeline
            if each["who"].isdigit() and each.get("peer") in (caller[1], "1001") and begin <= moment(each["at"]) <= end
        ]
        byes = [moment(each["at"]) for each in phones if each["what"] == "bye"]
        by = "customer" if ended["why"] == "local bye" else "system"
        if by == "system" and byes and end - byes[-1] < timedelta(seconds=1.2):
            by = "agent"
        answers = [each["who"] for each in phones if each["what"] == "answer" and each.get("peer") == caller[1]]
        found.append(Seen(caller[1], begin, end, by, answers))
    return found


class Playing:
    """Plays a recording: its events to our machine, its client's decisions as the house's.

    Attributes:
        told: call → what was told of it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: dict[str, Told] = {}
        self.machine = RoutedCalls("contactd", self._id)
        self._ids: list[str] = []
        self._agents: dict[str, str] = {}
        self._now = datetime(1970, 1, 1, tzinfo=UTC)
        self._spare = 0

    def _id(self) -> str:
        self._spare += 1
        return self._ids.pop(0) if self._ids else f"spare-{self._spare}"

    def run(self) -> dict[str, Told]:
        for n, part in enumerate(PARTS.get(self.name, (self.name,))):
            if n:
                self._catch_up(part)
            for at, kind, item in sorted(self._items(part), key=lambda each: each[0]):
                self._now = at
                if kind == "event":
                    self._do(self.machine.handle(item))
                else:
                    self._decide(item)
        return self.told

    def _items(self, part: str) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        for event in ari_events(part):
            if event.get("args", [])[:1] == ["consult"]:
                event["args"][0] = "third"  # its client had another word for it
            yield moment(event["timestamp"]), "event", event
        for request in ari_rest(part):
            yield moment(request["at"]) + timedelta(microseconds=500), "rest", request

    def _decide(self, request: dict[str, Any]) -> None:
        """Let the house decide what the recording's client decided."""
        words = str(request["params"].get("appArgs", "")).split(",")
        call = self.machine.get(words[1]) if len(words) > 1 else None
        if call is None or request["path"] not in ("/channels", "/channels/create"):
            return
        endpoint, leg = request["params"]["endpoint"], request["params"]["channelId"]
        if words[0] == "consult":
            self._ids = [leg]
            asked = {"endpoint": endpoint, "agent": endpoint.partition("/")[2]}
            self._do(self.machine.command(call.interaction, "call.consult", asked))
            return
        if call.stage in (Stage.TALKING, Stage.HELD):
            self._do(self.machine.changed(self._change(call.id, "queued", "")))
        self._ids = [leg, self._bridge_of(call.id)]
        self._do(self.machine.connect(self._change(call.id, "active", endpoint)))

    def _bridge_of(self, call: str) -> str:
        made = [each["params"] for part in PARTS.get(self.name, (self.name,)) for each in ari_rest(part)]
        return next((str(each["bridgeId"]) for each in made if call in str(each.get("bridgeId", ""))), f"b-{call}")

    def _change(self, call: str, state: str, device: str) -> Change:
        agent = device.partition("/")[2]
        if state == "active":
            self._agents[call] = agent
        cause = "transfer" if state == "queued" else "accepted"
        return Change(
            interaction=f"i-{call}",
            adapter="ari",
            external_key=call,
            state=state,
            cause=cause,
            line="sales",
            agent=agent or None,
            device=device or None,
        )

    def _catch_up(self, part: str) -> None:
        """Put the picture right from the lists the recording's client was given after its cut."""
        lists = {each["path"]: each["response"] for each in reversed(ari_rest(part)) if each["method"] == "GET"}
        self._now = moment(ari_rest(part)[0]["at"])
        open_ = [
            {"id": f"i-{key}", "external_key": key, "state": "active", "agent": self._agents.get(key), "line": "sales"}
            for key, told in self.told.items()
            if told.ended is None
        ]
        self._do(resync(self.machine, lists.get("/channels") or [], lists.get("/bridges") or [], open_))

    def _do(self, work: list[Do]) -> None:
        """Do as a PBX that agrees would, and note what is told."""
        for each in work:
            match each:
                case Accept():
                    call = self.machine.get(each.call)
                    assert call is not None
                    self.told[each.call] = Told(call.caller, self._now)
                    self._do(self.machine.accepted(each.call, f"i-{each.call}"))
                case Rest():
                    body = {"value": "allowed"} if each.step == "presentation" else None
                    self._do(self.machine.result(each, 204, body))
                case Answered():
                    self.told[each.call].answers.append(self._agents[each.call])
                case Give():
                    self._do(self.machine.given(each, Given.GIVEN))
                case HandOver():
                    self._do(self.machine.changed(self._change(each.call, "queued", "")))
                    self._do(self.machine.connect(self._change(each.call, "active", each.device)))
                case Report():
                    self._report(each)
                case _:
                    pass

    def _report(self, report: Report) -> None:
        told, fact = self.told.get(report.call), report.fact
        if told is None:
            return
        if isinstance(fact, InteractionGone | WorkEnded):
            assert told.ended is None, "an end is told once"
            told.ended = self._now
            told.ended_by = "customer" if isinstance(fact, InteractionGone) else str(fact.ended_by)
        elif isinstance(fact, DeliveryFailed):
            told.failed.append(f"{fact.agent} {fact.reason}")


def stage(name: str) -> tuple[list[Told], list[Seen]]:
    found = Playing(name).run()
    return list(found.values()), seen(name)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in NOT_OURS])
def test_what_is_told_is_what_the_phones_did(name: str) -> None:
    told, phones = stage(name)
    assert [call.caller for call in told] == [call.caller for call in phones]
    for call, truly in zip(told, phones, strict=True):
        assert abs(call.at - truly.at) < CLOSE
        if name not in DIFFERENT:
            assert call.answers == truly.answers
            assert call.ended is not None
            assert abs(call.ended - truly.ended) < ENDS_LATER.get(name, CLOSE)
            assert call.ended_by in (truly.ended_by, "system" if name in HUNG_UP_BY_CLIENT else "")


HUNG_UP_BY_CLIENT = {"ari_routed_20calls": 9}
"""In nine of its calls the recording's client hung the agent's leg up in the same moment in which the caller did, before its
end was told: nobody can know who was first, and we say that it was the system."""


ENDS_LATER = {"ari_agent_noanswer_next": timedelta(seconds=1.2)}
"""Its client let the caller hear a second of music after the agent had hung up; ours ends the call with the agent's part."""

DIFFERENT: dict[str, str] = {
    "ari_attended_transfer_by_contactd": "its client let the agent go; ours is told to: below",
    "ari_continue_to_dialplan": "its client gave the call to the PBX's own queue: for us it ends there",
    "ari_create_dial_race": "its client made the mistake on purpose, and hung up half a minute later",
    "ari_end_without_subscription": "its callers only wait; one of them under a client that forgot to subscribe",
    "ari_hold": "the last second of it is ended by its client, not by a phone",
    "ari_ivr_play_dtmf_record": "a voicemail: nobody is to answer",
    "ari_phone_refer_ari_only": "its end is the second agent's",
    "ari_phone_refer_blind_core": "the PBX gave it away by itself: the agent's part ends, the call goes on",
}
"""Runs whose ends the phones alone do not tell; what is expected of each is below."""


def test_nobody_enters_whom_only_the_pbx_serves() -> None:
    for name in NOT_OURS:
        assert [call for call in Playing(name).run().values() if call.caller] == []


def only(name: str) -> Told:
    (call,), _ = stage(name)
    return call


def test_who_did_not_answer_is_told_and_why() -> None:
    assert only("ari_agent_noanswer_next").failed == ["1001 device_unreachable"]


def test_twenty_callers() -> None:
    told, phones = stage("ari_routed_20calls")
    facts = truth("ari_routed_20calls")["facts"]
    assert sum(bool(call.answers) for call in told) == facts["served"] == sum(bool(call.answers) for call in phones)
    assert sum(not call.answers for call in told) == facts["abandoned"]
    assert sum(call.ended_by == "system" for call in told) == HUNG_UP_BY_CLIENT["ari_routed_20calls"]


def test_a_consultation_that_ends_in_a_transfer() -> None:
    name = "ari_attended_transfer_by_contactd"
    play = Playing(name)
    told = play.run()
    (call,) = told.values()
    assert call.answers == ["1001", "1002"], "hung up in the consultation: handed over, through the router"
    (phones,) = seen(name)
    assert call.ended is not None
    assert abs(call.ended - phones.ended) < CLOSE
    assert call.ended_by == phones.ended_by == "customer"


def test_a_transfer_the_pbx_did_by_itself() -> None:
    call = only("ari_phone_refer_blind_core")
    assert (call.answers, call.ended_by) == (["1001"], "agent")


def test_a_transfer_keyed_on_the_phone() -> None:
    call = only("ari_phone_refer_ari_only")
    assert call.answers == ["1001", "1002"]
    assert call.ended_by == "customer"


@pytest.mark.parametrize(
    "name", ["ari_end_without_subscription", "ari_continue_to_dialplan", "ari_ivr_play_dtmf_record"]
)
def test_callers_who_only_wait_have_left(name: str) -> None:
    told, phones = stage(name)
    assert len(told) == len(phones)
    assert all(call.answers == [] and call.ended_by == "customer" for call in told)


def test_a_restart_of_the_pbx_ends_its_calls() -> None:
    (before, after), phones = stage("ari_core_restart")
    assert (before.answers, before.ended_by) == (["1001"], "system"), "neither of the two hung up"
    assert (after.answers, after.ended_by) == (phones[1].answers, "customer")


def test_a_call_outlives_a_cut_and_who_called_meanwhile_is_the_dialplans() -> None:
    call = only("ari_ws_drop_midcall")
    assert (call.answers, call.ended_by) == (["1001"], "agent")


def test_a_call_held_by_its_phone_and_by_us() -> None:
    assert only("ari_hold").answers == ["1001"]


def test_calls_an_agent_makes() -> None:
    """Its client's two calls from one agent's phone: the first is answered, the second busy."""
    facts = truth("ari_click_to_dial")["facts"]
    events = ari_events("ari_click_to_dial")
    machine = RoutedCalls("contactd", iter(["c2d-a", "c2d-b", "x1", "x2"]).__next__)
    order = Change(
        interaction="i-c2d-c",
        adapter="ari",
        external_key="c2d-c",
        state="active",
        cause="started",
        line="sales",
        agent="1001",
        device="PJSIP/1001",
        to="13700001111",
    )
    told: list[Any] = []

    def do(work: list[Do]) -> None:
        for each in work:
            if isinstance(each, Rest):
                do(machine.result(each, 204, None))
            told.append(each)

    do(ari_dial.begin(machine, order, "PJSIP/13700001111@trunk-telco", "400800000"))
    for event in events:
        args = {"c2d-agent": ["agent", "c2d-c"], "c2d-cust": ["customer", event.get("channel", {}).get("id", "")]}
        ours = {"args": args[event["args"][0]]} if event["type"] == "StasisStart" else {}
        do(machine.handle({**event, **ours}))
    dialled = [each.params["endpoint"] for each in told if isinstance(each, Rest) and each.path == "/channels"]
    assert dialled == ["PJSIP/1001", "PJSIP/13700001111@trunk-telco"]
    assert [each.interaction for each in told if isinstance(each, Answered)] == ["i-c2d-c"]
    reported = [each.fact for each in told if isinstance(each, Report)]
    assert [type(fact) for fact in reported] == [WorkEnded]
    assert not [fact for fact in reported if isinstance(fact, AttemptFailed)]
    busy = next(event for event in events if event["type"] == "ChannelDestroyed" and event["channel"]["id"] == "c2d-c2")
    assert busy["cause"] == facts["busy_cause"] == 17
