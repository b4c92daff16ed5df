"""Manager actions as they are built: only what is checked goes in, whatever a customer record, a form or an agent says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import events

from contactd.channels.voice import ami_acts
from contactd.channels.voice.ami_ask import Action, commands
from contactd.channels.voice.ami_protocol import encode
from contactd.channels.voice.options import AmiOptions, DialOptions
from contactd.channels.voice.plan import Plan
from contactd.core.errors import ContactdError

SIDES = ami_acts.Sides(customer="PJSIP/trunk-telco-00000020", agent="PJSIP/1002-00000021", uniqueid="1795317461.36")
OPTIONS = AmiOptions.model_validate({"context": "internal", "queues": {"sales": "8001"}})
PLAN = Plan(DialOptions(endpoint="Local/{number}@internal"), "CN", None)
SEPARATORS = re.compile(r"[,;|&\r\n\x00]")


def act(name: str, **data: Any) -> list[Action]:
    return ami_acts.actions(SIDES, name, data, OPTIONS, PLAN.number)


@pytest.mark.parametrize(
    ("name", "data", "sent"),
    [
        ("call.hangup", {}, [("Hangup", {"Channel": SIDES.agent, "Cause": "16"})]),
        ("call.mute", {"on": True}, [("MuteAudio", {"Channel": SIDES.agent, "Direction": "in", "State": "on"})]),
        (
            "call.dtmf",
            {"digits": "1#"},
            [("PlayDTMF", {"Channel": SIDES.customer, "Digit": each}) for each in "1#"],
        ),
        (
            "call.transfer",
            {"endpoint": "PJSIP/1008"},
            [("BlindTransfer", {"Channel": SIDES.agent, "Exten": "1008", "Context": "internal"})],
        ),
        (
            "call.transfer",
            {"to_line": "sales"},
            [("BlindTransfer", {"Channel": SIDES.agent, "Exten": "8001", "Context": "internal"})],
        ),
        (
            "call.transfer",
            {"to": "+8613700001111"},
            [("BlindTransfer", {"Channel": SIDES.agent, "Exten": "13700001111", "Context": "internal"})],
        ),
        ("call.record", {"on": False}, [("StopMixMonitor", {"Channel": SIDES.customer})]),
    ],
)
def test_a_key_is_these_actions(name: str, data: dict[str, Any], sent: list[tuple[str, dict[str, str]]]) -> None:
    assert [(each.name, dict(each.fields)) for each in act(name, **data)] == sent


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("call.consult", {"to": "13700001111"}, "not_supported"),
        ("call.dtmf", {"digits": "1,2"}, "bad_request"),
        ("call.transfer", {"to": "+12025550123"}, "number_abroad"),
        ("call.transfer", {"to": "1008&PJSIP/1009"}, "not_a_number"),
        ("call.transfer", {"endpoint": "PJSIP/evil"}, "not_a_number"),
        ("call.transfer", {"to_line": "moon"}, "not_a_number"),
    ],
)
def test_what_may_not_be_is_refused(name: str, data: dict[str, Any], code: str) -> None:
    with pytest.raises(ContactdError) as refused:
        act(name, **data)
    assert refused.value.code == code


@given(text=st.text(max_size=60), key=st.sampled_from(["to", "endpoint", "to_line", "digits"]))
def test_nothing_said_with_a_key_splits_an_action(text: str, key: str) -> None:
    for name in ("call.transfer", "call.dtmf"):
        try:
            made = act(name, **{key: text})
        except ContactdError:
            continue
        for each in made:
            assert not any(SEPARATORS.search(value) for value in each.fields.values())


@given(device=st.text(max_size=40), number=st.text(max_size=40), shown=st.text(max_size=40))
def test_nothing_in_a_call_that_is_asked_for_splits_it(device: str, number: str, shown: str) -> None:
    try:
        made = ami_acts.originate(device, number, OPTIONS, own_id="0190-a", shown=shown, ring_s=30)
    except ContactdError:
        return
    assert not any(SEPARATORS.search(value) for value in made.fields.values())


@given(reason=st.text(max_size=200), name=st.text(max_size=200))
def test_words_of_people_stay_words(reason: str, name: str) -> None:
    for each in (
        ami_acts.pause("PJSIP/1001", on=True, reason=reason),
        ami_acts.member("PJSIP/1001", "sales", name, on=True),
    ):
        assert not any(SEPARATORS.search(value) for value in each.fields.values())
        assert encode(each.name, **each.fields).count(b"\r\n") == len(each.fields) + 2


@pytest.mark.parametrize("channel", ["", "PJSIP/1001", "PJSIP/1001-1,x", "x\r\nAction: Originate", "all"])
def test_only_a_channel_s_name_is_sent_back(channel: str) -> None:
    sides = ami_acts.Sides(customer=SIDES.customer, agent=channel, uniqueid="1")
    with pytest.raises(ContactdError):
        ami_acts.actions(sides, "call.hangup", {}, OPTIONS, PLAN.number)
    with pytest.raises(ContactdError):
        ami_acts.spy(sides, {"endpoint": "PJSIP/1010"}, "spy-1")


def test_the_panel_shows_only_what_the_account_may_do() -> None:
    said = next(each for each in events("ami_errors") if "AbsoluteTimeout" in each.fields)
    everything = commands(said)
    assert ami_acts.able(everything, OPTIONS) == ["hangup", "mute", "dtmf", "transfer", "record", "supervise"]
    assert ami_acts.able(everything - {"MuteAudio", "MixMonitor"}, AmiOptions()) == ["hangup", "dtmf", "supervise"]
    assert ami_acts.able(frozenset(), OPTIONS) == []


@pytest.mark.parametrize(("mode", "options"), [("listen", "qES"), ("whisper", "qwES"), ("barge", "qBES")])
def test_a_supervisor_hears_as_the_recorded_one_did(mode: str, options: str) -> None:
    made = ami_acts.spy(SIDES, {"mode": mode, "endpoint": "PJSIP/1010"}, "spy-1")
    assert (made.name, made.fields["Application"], made.fields["Data"]) == (
        "Originate",
        "ChanSpy",
        f"{SIDES.agent},{options}",
    )
