"""Calls after we were away, phones that ring in their call's bridge, colleagues consulted by phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from ari_stand import Stand, client, standing

from contactd.channels.voice.ari_deliver import LATE_S, due
from contactd.core.channel import Change
from contactd.core.events import DeliveryFailed, Held, InteractionGone, Resumed, WorkEnded
from contactd.testing.pbx import Caller
from contactd.testing.pbx.dialled import consult, refer_attended

pytestmark = pytest.mark.integration
ANN, BEN = "PJSIP/1001", "PJSIP/1002"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing() as made:
        yield made


@pytest.fixture
async def early() -> AsyncIterator[Stand]:
    async with standing() as made:
        made.house.policy_lines = lambda: {"sales": {"early_bridge": True}}
        yield made


async def come_back(stand: Stand, call: Caller, state: str) -> dict[str, Any]:
    """Start anew with a call up; return its panel."""
    await stand.quiet()
    await stand.client.stop()
    await stand.pbx.until(lambda: not stand.pbx.ari.connected)
    stand.house.panels.clear()
    stand.house.facts.clear()
    stand.house.open = [
        {"id": f"i-{call.id}", "external_key": call.id, "state": state, "agent": "anna", "line": "sales"}
    ]
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.pbx.until(lambda: stand.client.health().ok)
    await stand.quiet()
    await stand.house.until(lambda: f"i-{call.id}" in stand.house.panels)
    return dict(stand.house.panels[f"i-{call.id}"])


def phone_leg(stand: Stand) -> Any:
    leg = stand.pbx.phone(ANN).leg
    assert leg is not None
    return leg


async def test_who_was_not_mute_is_not_and_what_the_pbx_does_not_tell_is_not_guessed(stand: Stand) -> None:
    call = await stand.talking()
    assert (await come_back(stand, call, "active"))["muted"] is False
    phone_leg(stand).on_hold = None
    panel = await come_back(stand, call, "active")
    assert (panel["hold"], stand.house.facts) == ("unknown", [])
    stand.pbx.phone(ANN).hold()
    await stand.house.until(lambda: stand.house.facts == [Held(interaction=f"i-{call.id}", agent="anna")])
    await stand.house.until(lambda: "hold" not in stand.house.panels[f"i-{call.id}"])


async def test_a_hold_that_began_or_ended_while_we_were_away_is_told(stand: Stand) -> None:
    call = await stand.talking()
    await stand.client.stop()
    stand.pbx.phone(ANN).hold()
    await come_back(stand, call, "active")
    assert stand.house.facts == [Held(interaction=f"i-{call.id}", agent="anna")]
    await stand.client.stop()
    stand.pbx.phone(ANN).unhold()
    await come_back(stand, call, "held")
    assert stand.house.facts == [Resumed(interaction=f"i-{call.id}", agent="anna")]


async def test_a_customer_whose_way_back_was_lost_is_brought_back(stand: Stand) -> None:
    """The house had taken the call up again, and we went before the customer was out of the music."""
    call = await stand.talking()
    stand.client.changed(stand.change(call, "held", "hold"))
    await stand.pbx.until(lambda: call.hears == {"music"})
    await come_back(stand, call, "held")
    assert (call.hears, stand.house.facts) == ({"music"}, [])
    await come_back(stand, call, "active")
    await stand.pbx.until(lambda: call.hears == {phone_leg(stand).id})


# The phone is in the bridge before it is answered.


async def ringing(stand: Stand) -> Caller:
    call = await stand.waiting()
    phone = stand.pbx.phone(ANN)
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.rings and call.hears == {phone_leg(stand).id} and call.channel.ringing_tone)
    await stand.quiet()
    return call


async def test_a_phone_answered_in_its_bridge_needs_nothing_more(early: Stand) -> None:
    call = await ringing(early)
    before = len(early.pbx.ari.requests)
    early.pbx.phone(ANN).answer()
    await early.house.until(lambda: early.house.answers == [f"i-{call.id}"])
    await early.quiet()
    assert not [path for _, path, _ in early.pbx.ari.requests[before:] if "Channel" in path]
    assert (early.pbx.phone(ANN).hears, call.channel.ringing_tone) == ({call.id}, False)
    call.hangup()
    await early.house.until(
        lambda: early.house.facts == [WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="customer")]
    )
    await early.pbx.until(lambda: not early.pbx.switch.channels and not early.pbx.switch.bridges)


@pytest.mark.parametrize(("behaviour", "reason"), [("busy", "device_busy"), ("registered", "device_unreachable")])
async def test_a_phone_that_cannot_ring_leaves_the_caller_in_the_music(
    early: Stand, behaviour: str, reason: str
) -> None:
    call = await early.waiting()
    setattr(early.pbx.phone(ANN), behaviour, behaviour == "busy")
    early.client.connect(early.change(call, "active", "accepted"))
    await early.house.until(lambda: early.house.facts)
    (failed,) = early.house.facts
    assert isinstance(failed, DeliveryFailed)
    assert failed.reason == reason
    await early.pbx.until(lambda: call.hears == {"music"} and not early.pbx.switch.bridges)


async def test_a_phone_that_refuses_brings_the_caller_back_to_the_music(early: Stand) -> None:
    call = await ringing(early)
    early.pbx.phone(ANN).refuse()
    await early.pbx.until(lambda: call.hears == {"music"} and not early.pbx.switch.bridges)
    assert not call.channel.ringing_tone
    await early.house.until(lambda: [getattr(fact, "reason", "") for fact in early.house.facts] == ["device_busy"])


async def test_a_caller_who_gives_up_while_the_phone_rings_in_the_bridge(early: Stand) -> None:
    call = await ringing(early)
    call.hangup()
    await early.house.until(lambda: early.house.facts == [InteractionGone(interaction=f"i-{call.id}")])
    await early.pbx.until(lambda: not early.pbx.switch.channels and not early.pbx.switch.bridges)


async def test_a_ring_in_the_bridge_outlives_a_restart_of_ours(early: Stand) -> None:
    call = await ringing(early)
    await come_back(early, call, "active")
    assert early.pbx.phone(ANN).rings
    early.pbx.phone(ANN).answer()
    await early.house.until(lambda: early.house.answers == [f"i-{call.id}"])
    assert early.pbx.phone(ANN).hears == {call.id}


async def test_a_ring_the_pbx_does_not_end_is_ended(early: Stand) -> None:
    call = await ringing(early)
    machine = early.client.calls
    assert due(machine, 100.0) == []
    early.client.run(due(machine, 101.0 + machine.ring_s + LATE_S))
    await early.pbx.until(lambda: call.hears == {"music"} and not early.pbx.phone(ANN).in_use)
    await early.house.until(
        lambda: [getattr(fact, "reason", "") for fact in early.house.facts] == ["device_unreachable"]
    )


# Consulted by phone, then handed over by phone.


@pytest.mark.parametrize("hands_on", [True, False])
async def test_a_colleague_consulted_by_phone_rings_once_where_the_dialplan_hands_them_on(
    stand: Stand, *, hands_on: bool
) -> None:
    stand.pbx.switch.hands_on = hands_on
    call = await stand.talking()
    stand.house.gives = "given"
    ann, ben = stand.pbx.phone(ANN), stand.pbx.phone(BEN)
    second, asked = consult(ann, ben)
    refer_attended(ann, second, asked)
    await stand.house.until(lambda: stand.house.given)
    order = stand.change(call, "active", "accepted")
    stand.client.changed(stand.change(call, "queued", "transfer"))
    await stand.pbx.until(lambda: not ann.in_use)
    stand.client.connect(_to(order, "ben", BEN))
    if not hands_on:
        await stand.pbx.until(lambda: ben.rings)
        ben.answer()
    await stand.pbx.until(lambda: bool(call.hears) and ben.hears == {call.id})
    assert ben.leg is not None
    assert (ben.leg is asked) is hands_on, "the phone that was asked is the one that talks"
    await stand.house.until(lambda: len(stand.house.answers) == 2)
    ben.hangup()
    await stand.pbx.until(lambda: not stand.pbx.switch.channels and not stand.pbx.switch.bridges)


def _to(order: Change, agent: str, device: str) -> Change:
    return replace(order, agent=agent, device=device)


async def test_a_phone_nobody_waits_for_is_hung_up(stand: Stand) -> None:
    """A call inside the house that simply ends comes by our application, too."""
    stand.pbx.switch.hands_on = True
    await stand.talking()
    second, asked = consult(stand.pbx.phone(ANN), stand.pbx.phone(BEN))
    stand.pbx.switch.remove(second, 16)
    await stand.pbx.until(lambda: asked.gone)


async def test_a_call_with_a_colleague_who_was_consulted_by_phone_outlives_a_restart(stand: Stand) -> None:
    stand.pbx.switch.hands_on = True
    call = await stand.talking()
    stand.house.gives = "given"
    ann, ben = stand.pbx.phone(ANN), stand.pbx.phone(BEN)
    refer_attended(ann, *consult(ann, ben))
    await stand.pbx.until(lambda: not ann.in_use)
    stand.client.connect(_to(stand.change(call, "active", "accepted"), "ben", BEN))
    await stand.pbx.until(lambda: ben.hears == {call.id})
    await come_back(stand, call, "active")
    assert ben.hears == {call.id}
    call.hangup()
    await stand.house.until(lambda: len(stand.house.facts) == 1)
