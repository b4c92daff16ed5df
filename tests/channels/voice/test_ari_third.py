"""Somebody else on a routed call, and calls that agents make: over real sockets against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ari_stand import Stand, client, standing

from contactd.core.channel import Change
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import (
    AttemptFailed,
    DeliveryFailed,
    ExternalWork,
    Held,
    InteractionGone,
    Resumed,
    Transferred,
    WorkEnded,
)
from contactd.testing.pbx import Caller, Phone

pytestmark = pytest.mark.integration

BEN = {"endpoint": "PJSIP/1002", "agent": "ben", "name": "Ben"}
OUTSIDE = "13900001234"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing() as made:
        yield made


async def press(stand: Stand, call: Caller, key: str, **data: object) -> None:
    await stand.client.command(f"i-{call.id}", f"call.{key}", data)


def together(*phones: Phone | Caller) -> bool:
    """Tell whether all of them hear each other and nobody else."""
    legs = [each.channel if isinstance(each, Caller) else each.leg for each in phones]
    ids = {leg.id for leg in legs if leg is not None}
    return len(ids) == len(phones) and all(
        each.hears == ids - {leg.id} for each, leg in zip(phones, legs, strict=True) if leg is not None
    )


async def consulting(stand: Stand) -> tuple[Caller, Phone, Phone]:
    """Anna talks to Ben while her customer hears music."""
    call = await stand.talking()
    anna, ben = stand.pbx.phone("PJSIP/1001"), stand.pbx.phone("PJSIP/1002", answer_after=0)
    await press(stand, call, "consult", **BEN)
    await stand.pbx.until(lambda: together(anna, ben))
    return call, anna, ben


def panel(stand: Stand, call: Caller) -> dict[str, object]:
    shown = stand.house.panels.get(f"i-{call.id}", {})
    third = shown.get("third") or {}
    return {"phase": shown.get("phase"), "third": third.get("state"), "agent": third.get("agent")}


async def test_a_colleague_is_asked_while_the_customer_hears_music(stand: Stand) -> None:
    call, _, _ = await consulting(stand)
    assert call.hears == {"music"}
    await stand.house.until(lambda: panel(stand, call) == {"phase": "held", "third": "talking", "agent": "ben"})
    assert Held(interaction=f"i-{call.id}", agent="anna") in stand.house.facts
    busy = ExternalWork(agent="ben", channel="voice", on=True, ref=f"consult-{call.id}")
    assert busy in stand.house.facts, "the router must give Ben no call meanwhile"
    with pytest.raises(ConflictError):
        await press(stand, call, "consult", **BEN)


async def test_all_three_talk_and_one_after_another_leaves(stand: Stand) -> None:
    call, anna, ben = await consulting(stand)
    await press(stand, call, "conference")
    await stand.pbx.until(lambda: together(call, anna, ben))
    await stand.house.until(lambda: panel(stand, call)["third"] == "joined")
    assert Resumed(interaction=f"i-{call.id}", agent="anna") in stand.house.facts
    ben.hangup()
    await stand.pbx.until(lambda: together(call, anna))
    await stand.house.until(lambda: panel(stand, call) == {"phase": "talking", "third": None, "agent": None})
    call.hangup()
    await stand.house.until(lambda: any(isinstance(fact, WorkEnded) for fact in stand.house.facts))
    await stand.quiet()
    assert not stand.pbx.switch.channels
    assert not stand.pbx.switch.bridges


@pytest.mark.parametrize("who", ["agent", "colleague", "resume"])
async def test_back_to_the_customer(stand: Stand, who: str) -> None:
    call, anna, ben = await consulting(stand)
    if who == "agent":
        await press(stand, call, "return")
    elif who == "resume":
        stand.client.changed(stand.change(call, "active", "resume"))
    else:
        ben.hangup()
    await stand.pbx.until(lambda: together(call, anna) and not ben.in_use)
    await stand.house.until(
        lambda: ExternalWork(agent="ben", channel="voice", on=False, ref=f"consult-{call.id}") in stand.house.facts
    )


@pytest.mark.parametrize("behaviour", [{"busy": True}, {"reject": True}, {"registered": False}])
async def test_a_colleague_who_does_not_answer_gives_the_customer_back(
    stand: Stand, behaviour: dict[str, bool]
) -> None:
    call = await stand.talking()
    anna, _ = stand.pbx.phone("PJSIP/1001"), stand.pbx.phone("PJSIP/1002", **behaviour)
    await press(stand, call, "consult", **BEN)
    await stand.house.until(lambda: Resumed(interaction=f"i-{call.id}", agent="anna") in stand.house.facts)
    await stand.pbx.until(lambda: together(call, anna))


async def hand_over(stand: Stand, call: Caller) -> None:
    """Let the house give the call to Ben, as the desk does: back in line, offered, accepted."""

    async def give(_interaction: str, device: str) -> bool:
        stand.client.changed(stand.change(call, "queued", "transfer"))
        stand.client.connect(replace(stand.change(call, "active", "accepted"), agent="ben", device=device))
        return True

    stand.house.hands_over = give


@pytest.mark.parametrize("conference", [False, True])
async def test_the_customer_is_left_with_the_colleague(stand: Stand, *, conference: bool) -> None:
    call, anna, ben = await consulting(stand)
    if conference:
        await press(stand, call, "conference")
        await stand.pbx.until(lambda: together(call, anna, ben))
    await hand_over(stand, call)
    await press(stand, call, "transfer")
    await stand.pbx.until(lambda: together(call, ben) and not anna.in_use)
    await stand.house.until(lambda: len(stand.house.answers) == 2)
    assert stand.house.handed == [(f"i-{call.id}", "PJSIP/1002")]
    assert not [fact for fact in stand.house.facts if isinstance(fact, WorkEnded)]
    ben.hangup()
    await stand.house.until(
        lambda: WorkEnded(interaction=f"i-{call.id}", agent="ben", ended_by="agent") in stand.house.facts
    )
    await stand.quiet()
    assert not stand.pbx.switch.channels


async def test_hanging_up_in_a_consultation_leaves_the_customer_with_the_colleague(stand: Stand) -> None:
    call, anna, ben = await consulting(stand)
    await hand_over(stand, call)
    anna.hangup()
    await stand.pbx.until(lambda: together(call, ben))


async def test_a_colleague_the_house_cannot_give_it_to(stand: Stand) -> None:
    call, anna, ben = await consulting(stand)
    with pytest.raises(ConflictError):
        await press(stand, call, "transfer")
    assert together(anna, ben)
    assert call.hears == {"music"}
    anna.hangup()
    await stand.pbx.until(lambda: together(call, ben))
    await stand.house.until(lambda: any(isinstance(fact, WorkEnded) for fact in stand.house.facts))


async def test_the_customer_leaves_during_a_consultation(stand: Stand) -> None:
    call, anna, ben = await consulting(stand)
    call.hangup()
    await stand.pbx.until(lambda: not anna.in_use and not ben.in_use)
    await stand.quiet()
    assert not stand.pbx.switch.bridges


async def test_somebody_outside_is_asked_and_the_customer_left_with_them(stand: Stand) -> None:
    call = await stand.talking()
    anna, they = stand.pbx.phone("PJSIP/1001"), stand.pbx.outside(OUTSIDE, answer_after=0)
    await press(stand, call, "consult", to=OUTSIDE)
    await stand.pbx.until(lambda: together(anna, they))
    await press(stand, call, "dtmf", digits="42")
    await stand.pbx.until(lambda: they.leg is not None and they.leg.digits == "42")
    assert call.channel.digits == "", "the menu of the other side is none of the customer's"
    await press(stand, call, "transfer")
    await stand.pbx.until(lambda: together(call, they) and not anna.in_use)
    await stand.house.until(
        lambda: WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="transfer") in stand.house.facts
    )
    they.hangup()
    await stand.pbx.until(lambda: call.gone)


async def test_a_customer_is_sent_on_to_an_outside_number(stand: Stand) -> None:
    call = await stand.talking()
    anna, they = stand.pbx.phone("PJSIP/1001"), stand.pbx.outside(OUTSIDE)
    await press(stand, call, "transfer", to=OUTSIDE)
    await stand.pbx.until(lambda: they.rings and not anna.in_use)
    assert call.hears == {"music"}
    assert not [fact for fact in stand.house.facts if isinstance(fact, WorkEnded)], "nobody has them yet"
    they.answer()
    await stand.pbx.until(lambda: together(call, they))
    await stand.house.until(
        lambda: WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="transfer") in stand.house.facts
    )


async def test_a_customer_nobody_takes_outside_is_back_in_their_line(stand: Stand) -> None:
    call = await stand.talking()
    stand.pbx.outside(OUTSIDE, busy=True)
    await press(stand, call, "transfer", to=OUTSIDE)
    back = Transferred(interaction=f"i-{call.id}", agent="anna", to_line="sales")
    await stand.house.until(lambda: back in stand.house.facts)
    assert call.hears == {"music"}
    with pytest.raises(BadRequestError):
        await press(stand, call, "transfer", to="+1 202 555 0123")


# Calls agents make.


def order(number: str = OUTSIDE) -> Change:
    return Change(
        interaction="i-out",
        adapter="ari",
        external_key="out",
        state="active",
        cause="started",
        line="sales",
        agent="anna",
        device="PJSIP/1001",
        to=number,
    )


async def test_an_agent_calls_somebody(stand: Stand) -> None:
    anna, they = stand.pbx.phone("PJSIP/1001"), stand.pbx.outside(OUTSIDE)
    stand.client.connect(order())
    await stand.pbx.until(lambda: anna.rings)
    assert not they.rings, "first the agent"
    anna.answer()
    await stand.pbx.until(lambda: they.rings and anna.leg is not None and anna.leg.ringing_tone)
    await stand.house.until(lambda: stand.house.panels["i-out"]["phase"] == "dialling")
    assert stand.house.answers == []
    they.answer()
    await stand.pbx.until(lambda: together(anna, they))
    await stand.house.until(lambda: stand.house.answers == ["i-out"])
    (request,) = [query for *_, query in stand.pbx.ari.requests if query.get("channelId") == "out"]
    assert request["callerId"] == "400800000", "the displayed number, not the agent's"
    they.hangup()
    ended = WorkEnded(interaction="i-out", agent="anna", ended_by="customer")
    await stand.house.until(lambda: stand.house.facts == [ended])
    await stand.quiet()
    assert not stand.pbx.switch.channels


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ({"busy": True}, "busy"),
        ({"reject": True}, "refused"),
        ({"unknown": True}, "unknown_number"),
        ({"registered": False}, "failed"),
    ],
)
async def test_somebody_who_is_not_reached(stand: Stand, behaviour: dict[str, bool], why: str) -> None:
    anna, _ = stand.pbx.phone("PJSIP/1001", answer_after=0), stand.pbx.outside(OUTSIDE, **behaviour)
    stand.client.connect(order())
    failed = WorkEnded(interaction="i-out", agent="anna", ended_by="system", outcome="failed")
    await stand.house.until(lambda: stand.house.facts == [failed])
    assert stand.house.panels["i-out"] == {"phase": "failed", "why": why}
    await stand.pbx.until(lambda: not anna.in_use)
    assert stand.house.answers == []


async def test_an_agent_whose_own_phone_is_silent_calls_nobody(stand: Stand) -> None:
    stand.pbx.phone("PJSIP/1001", busy=True)
    they = stand.pbx.outside(OUTSIDE)
    stand.client.connect(order())
    await stand.house.until(lambda: stand.house.panels.get("i-out") == {"phase": "failed", "why": "no_agent_phone"})
    assert they.leg is None


async def test_an_agent_who_hangs_up_before_the_other_side_answers(stand: Stand) -> None:
    anna, they = stand.pbx.phone("PJSIP/1001", answer_after=0), stand.pbx.outside(OUTSIDE)
    stand.client.connect(order())
    await stand.pbx.until(lambda: they.rings)
    await stand.client.command("i-out", "call.hangup", {})
    await stand.pbx.until(lambda: not they.in_use and not anna.in_use)
    ended = WorkEnded(interaction="i-out", agent="anna", ended_by="agent", outcome="failed")
    await stand.house.until(lambda: stand.house.facts == [ended])


async def test_a_call_we_made_goes_on_with_a_colleague_when_it_is_transferred(stand: Stand) -> None:
    anna, they = stand.pbx.phone("PJSIP/1001", answer_after=0), stand.pbx.outside(OUTSIDE, answer_after=0)
    stand.client.connect(order())
    await stand.house.until(lambda: stand.house.answers == ["i-out"])
    stand.client.changed(replace(order(), state="queued", cause="transfer", agent=None, device=None))
    await stand.pbx.until(lambda: they.leg is not None and they.leg.music and not anna.in_use)
    ben = stand.pbx.phone("PJSIP/1002", answer_after=0)
    stand.client.connect(replace(order(), cause="accepted", agent="ben", device="PJSIP/1002"))
    await stand.pbx.until(lambda: together(ben, they))
    assert len([each for each in stand.pbx.ari.requests if each[2].get("channelId") == "out"]) == 1, "called once"


async def test_a_number_that_may_not_be_called_is_not_called(stand: Stand) -> None:
    stand.client.connect(order("+12025550123"))
    await stand.house.until(lambda: stand.house.panels.get("i-out") == {"phase": "failed", "why": "number_abroad"})
    assert not [each for each in stand.pbx.ari.requests if each[:2] == ("POST", "/channels")]


# Calls that are owed.


def owed() -> Change:
    return replace(order(), interaction="i-owed", adapter="callback", external_key="13900001234/sales")


async def test_who_is_owed_a_call_is_called_and_called_again(stand: Stand) -> None:
    anna, they = stand.pbx.phone("PJSIP/1001", answer_after=0), stand.pbx.outside(OUTSIDE, busy=True)
    for _ in range(2):
        stand.house.facts.clear()
        stand.client.connect(owed())
        failed = AttemptFailed(interaction="i-owed", agent="anna", reason="busy")
        await stand.house.until(lambda: stand.house.facts == [failed])  # noqa: B023 - at once
        await stand.pbx.until(lambda: not anna.in_use)
    they.busy, they.answer_after = False, 0
    stand.client.connect(owed())
    await stand.pbx.until(lambda: together(anna, they))
    legs = [query["channelId"] for _, path, query in stand.pbx.ari.requests if path == "/channels" and query]
    assert len(legs) == len(set(legs)), "an id of a channel is never used again"
    they.hangup()
    ended = WorkEnded(interaction="i-owed", agent="anna", ended_by="customer")
    await stand.house.until(lambda: ended in stand.house.facts)


async def test_an_agent_whose_phone_is_silent_leaves_an_owed_call_to_others(stand: Stand) -> None:
    stand.pbx.phone("PJSIP/1001", busy=True)
    stand.client.connect(owed())
    back = DeliveryFailed(interaction="i-owed", agent="anna", reason="device_unreachable")
    await stand.house.until(lambda: stand.house.facts == [back])


# After a cut.


async def test_an_owed_call_outlives_a_restart_of_ours(stand: Stand) -> None:
    anna, they = stand.pbx.phone("PJSIP/1001", answer_after=0), stand.pbx.outside(OUTSIDE, answer_after=0)
    stand.client.connect(owed())
    await stand.pbx.until(lambda: together(anna, they))
    await stand.client.stop()
    contact = {"id": "i-owed", "external_key": "13900001234/sales", "state": "active", "agent": "anna"}
    stand.house.open = [{**contact, "line": "sales", "adapter": "callback"}]
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.pbx.until(lambda: stand.client.health().ok)
    assert together(anna, they)
    assert stand.house.facts == []
    they.hangup()
    ended = WorkEnded(interaction="i-owed", agent="anna", ended_by="customer")
    await stand.house.until(lambda: ended in stand.house.facts)


async def test_a_consultation_outlives_a_restart_of_ours(stand: Stand) -> None:
    call, anna, ben = await consulting(stand)
    await stand.client.stop()
    contact = {"id": f"i-{call.id}", "external_key": call.id, "state": "held", "agent": "anna", "line": "sales"}
    stand.house.open = [contact]
    stand.house.panels.clear()
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.pbx.until(lambda: stand.client.health().ok)
    await stand.house.until(lambda: panel(stand, call) == {"phase": "held", "third": "talking", "agent": "ben"})
    await press(stand, call, "conference")
    await stand.pbx.until(lambda: together(call, anna, ben))


async def test_a_caller_who_waits_has_no_keys(stand: Stand) -> None:
    call = await stand.waiting()
    with pytest.raises(ConflictError):
        await press(stand, call, "consult", **BEN)
    call.hangup()
    await stand.house.until(lambda: stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")])
