"""The machine of routed calls, without sockets: recorded events lead to the recorded requests; doubled ones to nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from recordings import ari_events, ari_rest

from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_resync import resync
from contactd.channels.voice.ari_table import MOVES, Cue, Do, Give, Rest, Stage
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.asked import Accept, Answered, Report
from contactd.core.channel import Change
from contactd.core.events import DeliveryFailed, InteractionGone, WorkEnded

EXTRA = {("GET", "variable"), ("POST", "variable"), ("GET", "channels"), ("GET", "bridges")}
"""Requests only one side makes: we ask whether the number is shown and for the phone's transfers; the recording's client
looked at the end."""


def calls(*ids: str) -> RoutedCalls:
    """Return a machine that uses the recorded ids."""
    made = list(ids)
    return RoutedCalls("contactd", lambda: made.pop(0) if made else "spare")


def change(call: str, **rest: Any) -> Change:
    given = {"state": "active", "cause": "accepted", "line": "sales", "agent": "anna", "device": "PJSIP/1001"} | rest
    return Change(interaction=f"i-{call}", adapter="ari", external_key=call, **given)


def done(machine: RoutedCalls, work: Iterable[Do], statuses: dict[str, int] | None = None) -> list[Do]:
    """Do what the machine asks for as a PBX that agrees would; return all of it, in order."""
    out: list[Do] = []
    for each in work:
        out.append(each)
        if isinstance(each, Accept):
            out += done(machine, machine.accepted(each.call, f"i-{each.call}"), statuses)
        elif isinstance(each, Rest):
            status = (statuses or {}).get(each.step, 204)
            body = {"value": "allowed"} if each.step == "presentation" else None
            out += done(machine, machine.result(each, status, body), statuses)
    return out


def requests(work: Iterable[Do]) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in work if isinstance(each, Rest)]


def facts(work: Iterable[Do]) -> list[Any]:
    return [each.fact for each in work if isinstance(each, Report)]


def played(
    name: str, machine: RoutedCalls, *, connect_after: str = "ChannelStateChange", twice: bool = False
) -> list[Do]:
    """Play a recorded event stream; accept for the agent once the call is set up."""
    out: list[Do] = []
    connected = False
    for event in ari_events(name):
        for _ in range(2 if twice else 1):
            out += done(machine, machine.handle(event))
        if not connected and event["type"] == connect_after:
            connected = True
            out += done(machine, machine.connect(change(event["channel"]["id"])))
    return out


def test_recorded_events_lead_to_the_recorded_requests() -> None:
    call = "1795319925.106"
    work = played("ari_routed_answer", calls(f"agent-{call}-1", f"br-{call}"))
    ours = [each for each in requests(work) if (each[0], each[1].rpartition("/")[2]) not in EXTRA]
    theirs = [(each["method"], each["path"]) for each in ari_rest("ari_routed_answer")]
    assert ours == [each for each in theirs if (each[0], each[1].rpartition("/")[2]) not in EXTRA]
    assert [each.interaction for each in work if isinstance(each, Answered)] == [f"i-{call}"]
    assert facts(work) == [WorkEnded(interaction=f"i-{call}", agent="anna", ended_by="customer")]


def test_events_that_come_twice_lead_to_nothing_more() -> None:
    call = "1795319925.106"
    once = played("ari_routed_answer", calls(f"agent-{call}-1", f"br-{call}"))
    assert played("ari_routed_answer", calls(f"agent-{call}-1", f"br-{call}"), twice=True) == once


def test_a_caller_who_gives_up_while_the_phone_rings() -> None:
    call = "1795320892.9"
    work = played("ari_caller_abandons_ringing", calls(f"agent-{call}-1"))
    assert facts(work) == [InteractionGone(interaction=f"i-{call}")]
    assert requests(work)[-1] == ("DELETE", f"/channels/agent-{call}-1")


def test_a_phone_that_is_not_answered() -> None:
    call = "1795320032.149"
    machine = calls(f"agent-{call}-1")
    work = played("ari_agent_noanswer_next", machine)
    failed = DeliveryFailed(interaction=f"i-{call}", agent="anna", reason="device_unreachable")
    assert facts(work)[0] == failed


def talking() -> RoutedCalls:
    machine = calls("leg", "bridge")
    start = {"type": "StasisStart", "args": ["inbound", "4008"], "channel": {"id": "c", "caller": {"number": "1380"}}}
    done(machine, machine.handle(start))
    done(machine, machine.connect(change("c")))
    done(machine, machine.handle({"type": "StasisStart", "args": ["agent", "c"], "channel": {"id": "leg"}}))
    return machine


def test_a_bridge_that_fails_puts_the_caller_back_to_the_music() -> None:
    machine = calls("leg", "bridge")
    start = {"type": "StasisStart", "args": ["inbound", "4008"], "channel": {"id": "c", "caller": {"number": "1380"}}}
    done(machine, machine.handle(start))
    done(machine, machine.connect(change("c")))
    joined = {"type": "StasisStart", "args": ["agent", "c"], "channel": {"id": "leg"}}
    work = done(machine, machine.handle(joined), {"bridged": 422})
    assert facts(work) == [DeliveryFailed(interaction="i-c", agent="anna", reason="media")]
    assert ("DELETE", "/channels/leg") in requests(work)
    assert requests(work)[-1] == ("POST", "/channels/c/moh")
    assert not [each for each in work if isinstance(each, Answered)]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": None},
        {"type": "StasisStart"},
        {"type": "StasisStart", "channel": "c", "args": 3},
        {"type": "StasisStart", "channel": {}, "args": ["inbound"]},
        {"type": "StasisEnd", "channel": {"id": "stranger"}},
        {"type": "ChannelDestroyed", "cause": "x"},
        {"type": "ChannelHold", "channel": {"id": "c"}},
        {"type": "Invented", "channel": {"id": "c"}},
    ],
)
def test_messages_that_mean_nothing_change_nothing(message: dict[str, Any]) -> None:
    machine = talking()
    assert machine.handle(message) == []
    assert (found := machine.get("c")) is not None
    assert found.stage is Stage.TALKING


def test_a_strange_agents_leg_is_hung_up() -> None:
    work = calls().handle({"type": "StasisStart", "args": ["agent", "gone"], "channel": {"id": "leg-9"}})
    assert requests(work) == [("DELETE", "/channels/leg-9")]


def test_an_offer_for_a_call_nobody_knows_fails() -> None:
    assert facts(calls().connect(change("x"))) == [DeliveryFailed(interaction="i-x", agent="anna", reason="media")]


def test_every_stage_knows_what_a_leaving_caller_means() -> None:
    assert all((stage, Cue.CALLER_GONE) in MOVES for stage in Stage if stage is not Stage.OVER)
    assert not any(stage is Stage.OVER for stage, _ in MOVES)


def channel(name: str, data: str, state: str = "Up") -> dict[str, Any]:
    plan = {"app_name": "Stasis", "app_data": data, "exten": "4008"}
    return {"id": name, "state": state, "dialplan": plan, "caller": {"number": "1380", "name": ""}}


def contact(name: str, state: str) -> dict[str, Any]:
    return {"id": f"i-{name}", "external_key": name, "state": state, "agent": "anna"}


def test_after_a_cut_everything_is_put_together_again() -> None:
    machine = calls("new-bridge")
    channels = [
        channel("talk", "contactd,inbound,4008"),
        channel("talk-leg", "contactd,agent,talk,PJSIP/1001"),
        channel("left", "contactd,inbound,4008"),
        channel("up", "contactd,inbound,4008"),
        channel("up-leg", "contactd,agent,up,PJSIP/1002"),
        channel("ring", "contactd,inbound,4008"),
        channel("ring-leg", "contactd,agent,ring,PJSIP/1003", "Ringing"),
        channel("new", "contactd,inbound,4008"),
        channel("done", "contactd,inbound,4008"),
        channel("stray-leg", "contactd,agent,nobody,PJSIP/1004"),
        channel("theirs", "other,inbound,1"),
    ]
    bridges = [
        {"id": "b1", "name": "call-talk", "channels": ["talk", "talk-leg"]},
        {"id": "b2", "name": "call-nobody", "channels": []},
        {"id": "b3", "name": "conference", "channels": []},
    ]
    states = {"talk": "active", "left": "active", "up": "active", "ring": "active", "done": "wrapup", "lost": "queued"}
    work = resync(machine, channels, bridges, [contact(name, state) for name, state in states.items()])
    assert facts(work) == [
        InteractionGone(interaction="i-lost"),
        WorkEnded(interaction="i-left", agent="anna", ended_by="system"),  # the agent's leg is gone; how, nobody heard
    ]
    assert [each.call for each in work if isinstance(each, Accept)] == ["new"]
    asked = requests(work)
    assert {("DELETE", "/channels/left"), ("DELETE", "/channels/done"), ("DELETE", "/channels/stray-leg")} <= set(asked)
    assert ("DELETE", "/bridges/b2") in asked
    assert ("POST", "/bridges/new-bridge/addChannel") in asked
    assert not [path for _, path in asked if path.startswith(("/bridges/b1", "/bridges/b3", "/channels/theirs"))]
    stages = {name: found.stage for name in ("talk", "up", "ring", "new") if (found := machine.get(name))}
    assert stages == {"talk": "talking", "up": "talking", "ring": "ringing", "new": "waiting"}


def until(name: str, kind: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a recorded run's events up to and with the first of a kind, and those after it."""
    stream = ari_events(name)
    at = next(n for n, event in enumerate(stream) if event["type"] == kind) + 1
    return stream[:at], stream[at:]


REFERRED = "1795319985.125"


def referring(machine: RoutedCalls) -> list[Do]:
    """Play a recorded run up to the wish of the agent's phone; return what is asked because of it."""
    before, _ = until("ari_phone_refer_ari_only", "ChannelTransfer")
    work: list[Do] = []
    for event in before:
        work = done(machine, machine.handle(event))
        if event["type"] == "StasisStart" and event["args"][0] == "inbound":
            done(machine, machine.connect(change(REFERRED)))
    return work


def referred(*ids: str) -> tuple[RoutedCalls, Give]:
    """Return a machine whose agent has keyed a transfer, and the question that it asks."""
    machine = calls(f"agent-{REFERRED}-1", f"br-{REFERRED}", *ids)
    (give,) = referring(machine)
    assert isinstance(give, Give)
    return machine, give


def test_the_phone_is_asked_to_leave_its_transfers_to_us() -> None:
    work = played("ari_routed_answer", calls("agent-1795319925.106-1"))
    (asked,) = [each for each in work if isinstance(each, Rest) and each.method == "POST" and "variable" in each.path]
    assert asked.path == "/channels/agent-1795319925.106-1/variable"
    assert asked.params == {"variable": "PJSIP_TRANSFER_HANDLING()", "value": "ari-only"}


@pytest.mark.parametrize("ordered_first", [True, False])
def test_a_phone_that_refers_to_a_colleague_gives_the_call_back_to_the_router(*, ordered_first: bool) -> None:
    """The router's order may come before the answer to the phone, or after it."""
    machine, give = referred(f"agent-{REFERRED}-2")
    assert (give.interaction, give.device, give.wish.number) == (f"i-{REFERRED}", "PJSIP/1002", "1002")
    order = change(REFERRED, state="queued", cause="transfer")
    back = machine.changed(order) if ordered_first else []
    answer, *rest = machine.given(give, Given.GIVEN)
    back += [*rest, *machine.changed(order)]
    assert isinstance(answer, Rest)
    leg = f"agent-{REFERRED}-1"
    assert (answer.path, answer.params) == (f"/channels/{leg}/transfer_progress", {"states": "channel_answered"})
    assert requests(back)[-2:] == [("DELETE", f"/channels/{leg}"), ("DELETE", f"/bridges/br-{REFERRED}")]
    rings = machine.connect(change(REFERRED, agent="bob", device="PJSIP/1002"))
    assert [each.params["endpoint"] for each in rings if isinstance(each, Rest)] == ["PJSIP/1002"]
    assert facts([*back, *rings]) == []


def test_the_steps_of_a_wish_are_told_again_and_mean_nothing() -> None:
    machine, _ = referred()
    _, after = until("ari_phone_refer_ari_only", "ChannelTransfer")
    assert [machine.handle(event) for event in after if event["type"] == "ChannelTransfer"] == [[], []]


@pytest.mark.parametrize(("number", "by"), [("13900001234", "transfer"), ("8008", "agent")])
def test_a_number_that_is_nobody_of_ours_is_dialled_by_the_dialplan(number: str, by: str) -> None:
    machine, give = referred()
    work = machine.given(replace(give, wish=replace(give.wish, number=number)), Given.UNKNOWN)
    assert [(method, path.rpartition("/")[2]) for method, path in requests(work)] == [
        ("POST", "transfer_progress"),
        ("POST", "continue"),
        ("DELETE", f"agent-{REFERRED}-1"),
        ("DELETE", f"br-{REFERRED}"),
    ]
    away = next(each for each in work if isinstance(each, Rest) and each.path.endswith("continue"))
    assert away.params == {"context": "internal", "extension": number, "priority": 1}
    assert facts(work) == [WorkEnded(interaction=f"i-{REFERRED}", agent="anna", ended_by=by)]
    assert machine.handle({"type": "StasisEnd", "channel": {"id": REFERRED}}) == []
    assert machine.is_ours(REFERRED)


def test_a_colleague_who_cannot_take_it_leaves_the_call_where_it_is() -> None:
    machine, give = referred()
    (answer,) = machine.given(give, Given.REFUSED)
    assert isinstance(answer, Rest)
    assert answer.params == {"states": "channel_declined"}
    call = machine.get(REFERRED)
    assert call is not None
    assert call.stage is Stage.TALKING


@pytest.mark.parametrize(
    "to",
    [
        {"requested_destination": {"destination": "1002;hangup"}},
        {"requested_destination": {"destination": "1002"}, "destination_channel": {"id": "x"}},
        {"requested_destination": {}},
        {},
    ],
)
def test_what_may_not_be_dialled_or_is_a_consultation_is_declined(to: dict[str, Any]) -> None:
    machine = calls(f"agent-{REFERRED}-1", f"br-{REFERRED}")
    referring(machine)
    event = next(event for event in ari_events("ari_phone_refer_ari_only") if event["type"] == "ChannelTransfer")
    (answer,) = machine.handle({**event, "refer_to": to})
    assert isinstance(answer, Rest)
    assert answer.params == {"states": "channel_declined"}


def consulted(name: str, number: str) -> dict[str, Any]:
    """What a phone says of whom it has asked, after Asterisk's documentation: no recording has one."""
    return {
        "requested_destination": {"destination": ""},
        "destination_channel": {"id": "second", "name": "PJSIP/1001-0000000b"},
        "connected_channel": {"id": "asked", "name": name, "caller": {"number": number}},
        "bridge": {"id": "theirs"},
    }


def asking_first(to: dict[str, Any]) -> tuple[RoutedCalls, Give]:
    """Return a machine whose agent's phone wants to leave its call to whom it has asked."""
    machine = calls(f"agent-{REFERRED}-1", f"br-{REFERRED}", f"agent-{REFERRED}-2")
    referring(machine)
    event = next(event for event in ari_events("ari_phone_refer_ari_only") if event["type"] == "ChannelTransfer")
    follow, give = machine.handle({**event, "refer_to": to})
    assert isinstance(follow, Rest)
    assert follow.params == {"eventSource": "channel:asked"}
    assert isinstance(give, Give)
    return machine, give


def test_a_phone_that_has_asked_a_colleague_first_gives_them_the_call() -> None:
    machine, give = asking_first(consulted("PJSIP/1002-0000000c", "1002"))
    assert (give.interaction, give.device) == (f"i-{REFERRED}", "PJSIP/1002")
    answer, *_ = machine.given(give, Given.GIVEN)
    assert isinstance(answer, Rest)
    assert answer.params == {"states": "channel_answered"}
    assert machine.connect(change(REFERRED, agent="bob", device="PJSIP/1002")) == [], "their phone is on its way"
    rings = machine.handle({"type": "ChannelDestroyed", "channel": {"id": "asked"}})
    assert [each.params["endpoint"] for each in rings if isinstance(each, Rest)] == ["PJSIP/1002"]


@pytest.mark.parametrize(
    ("number", "answer"), [("13900001234", "channel_answered"), ("", "channel_declined"), ("1;x", "channel_declined")]
)
def test_an_outside_number_that_was_asked_first_is_dialled_again_or_nothing_is_done(number: str, answer: str) -> None:
    machine, give = asking_first(consulted("PJSIP/telco-0000000c", number))
    told = next(each for each in machine.given(give, Given.UNKNOWN) if isinstance(each, Rest))
    assert told.params == {"states": answer}


def test_a_transfer_the_pbx_did_by_itself_ends_the_agents_part_and_not_the_call() -> None:
    """Fails when the agent's leg that leaves our bridge is taken for the end of the call."""
    call = "1795319976.120"
    machine = calls(f"agent-{call}-1", f"br-{call}")
    work = played("ari_phone_refer_blind_core", machine)
    assert facts(work) == [WorkEnded(interaction=f"i-{call}", agent="anna", ended_by="agent")]
    hung_up = [path for method, path in requests(work) if method == "DELETE" and "/moh" not in path]
    assert hung_up == ["/channels/1795319978.122", f"/bridges/br-{call}"]
    assert machine.ids() == []


def test_a_call_that_was_given_away_outlives_a_cut() -> None:
    """Nobody plays music into a conversation we have no part in any more."""
    call, other, bridge = "c1", "o1", "b1"
    channels = [
        {"id": call, "state": "Up", "dialplan": {"app_name": "Stasis", "app_data": "contactd,inbound,400"}},
        {"id": other, "state": "Up", "dialplan": {"app_name": "Stasis", "app_data": "contactd"}},
    ]
    bridges = [{"id": bridge, "name": f"call-{call}", "channels": [call, other]}]
    for contacts in ([], [{"id": "i1", "external_key": call, "state": "wrapup", "agent": "anna"}]):
        machine = calls()
        assert resync(machine, channels, bridges, contacts) == []
        work = machine.handle({"type": "StasisEnd", "channel": {"id": call}})
        assert requests(work) == [("DELETE", f"/channels/{other}"), ("DELETE", f"/bridges/{bridge}")]
