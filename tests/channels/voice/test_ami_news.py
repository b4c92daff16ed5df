"""What is told beside the calls: pauses keyed on phones, and calls that we asked for, from recorded streams."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from recordings import events

from contactd.channels.voice.ami import Event
from contactd.channels.voice.ami_news import ECHO, AskedCall, Beside, MemberPaused, News
from contactd.channels.voice.calls import Calls


def play(name: str, *, own: tuple[str, ...] = (), said: str = "") -> list[News]:
    calls = Calls()
    beside = Beside(calls)
    for each in own:
        beside.ask(each)
    found: list[News] = []
    for event in events(name):
        if said and event.at is not None:
            beside.said(said, event.at - timedelta(milliseconds=1))
        calls.handle(event)
        found += beside.handle(event)
    return found


def test_the_calls_of_a_recorded_click_to_dial() -> None:
    told = [
        each for each in play("click_to_dial", own=("c2d-0001", "c2d-0002", "c2d-0003")) if isinstance(each, AskedCall)
    ]
    assert [(each.own_id, each.kind, each.why) for each in told] == [
        ("c2d-0001", "up", ""),
        ("c2d-0001", "over", "failed"),
        ("c2d-0002", "over", "no_agent_phone"),
        ("c2d-0003", "up", ""),
        ("c2d-0003", "over", "busy"),
    ]


def test_calls_nobody_asked_us_for_are_not_told() -> None:
    assert [each for each in play("click_to_dial") if isinstance(each, AskedCall)] == []


def test_pauses_are_told_once_for_each_change_and_with_their_reason() -> None:
    told = [each for each in play("agent_pause_unpause") if isinstance(each, MemberPaused)]
    sales = [(each.on, each.reason) for each in told if each.device == "PJSIP/1001"]
    assert sales[:2] == [(True, "lunch"), (False, "")]
    assert (True, "午休") in [(each.on, each.reason) for each in told if each.device == "PJSIP/1002"]
    for device in {each.device for each in told}:
        states = [each.on for each in told if each.device == device]
        assert all(one != two for one, two in itertools.pairwise(states)), device


def test_our_own_pause_is_not_told_back_to_us() -> None:
    told = [each for each in play("agent_pause_unpause", said="PJSIP/1001") if isinstance(each, MemberPaused)]
    assert told
    assert not [each for each in told if each.device == "PJSIP/1001"]


def test_a_pause_long_after_ours_is_the_phone_s_own() -> None:
    calls = Calls()
    beside = Beside(calls)
    event = next(each for each in events("agent_pause_unpause") if each.name == "QueueMemberPause")
    assert event.at is not None
    beside.said(event.get("Interface"), event.at - ECHO)
    assert len(beside.handle(event)) == 1


def test_a_member_behind_a_local_channel_is_paused_under_its_queue_s_name_for_it() -> None:
    calls = Calls()
    beside = Beside(calls)
    for event in events("member_add_remove"):
        calls.handle(event)
        beside.handle(event)
    assert "Local/1010@from-queue/n" in beside.interfaces("PJSIP/1010")
    assert beside.interfaces("PJSIP/4711") == ["PJSIP/4711"]


@pytest.mark.parametrize("many", [3000])
def test_what_is_kept_is_bounded(many: int) -> None:
    beside = Beside(Calls())
    for n in range(many):
        beside.ask(f"c-{n}")
    assert not beside.asked("c-0")
    assert beside.asked(f"c-{many - 1}")


def test_what_was_asked_for_and_doubted_is_there_only_by_the_pbxs_own_word() -> None:
    beside = Beside(Calls())
    beside.ask("own-1")
    assert beside.asked("own-1")
    beside.doubt("own-1")
    assert not beside.asked("own-1"), "on no list it is not there"
    fields = {"Event": "OriginateResponse", "Uniqueid": "own-1", "Response": "Success", "Reason": "4"}
    (news,) = beside.handle(Event(name="OriginateResponse", fields=fields, at=None))
    assert isinstance(news, AskedCall)
    assert (news.own_id, news.kind) == ("own-1", "up")
    assert beside.asked("own-1")
