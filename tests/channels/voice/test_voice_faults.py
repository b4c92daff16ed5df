"""The truth after faults: restarts of the PBX, cuts, events that are lost, doubled or late; over real sockets, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from ari_stand import Stand, client, standing
from house import House

from contactd.channels.voice.ari_client import AriClient
from contactd.channels.voice.channel import VoiceChannel
from contactd.channels.voice.options import AmiOptions, Options
from contactd.core.events import InteractionGone, WorkEnded
from contactd.testing.pbx import Caller, ScriptedPbx

pytestmark = pytest.mark.integration


@pytest.fixture
async def stand(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    monkeypatch.setattr(AriClient, "look_s", 0.05)
    async with standing() as made:
        yield made


@pytest.fixture
async def patient() -> AsyncIterator[Stand]:
    """As in a running house: what is missing is looked for much later than any event is late."""
    async with standing() as made:
        yield made


async def talk(stand: Stand, n: int) -> Caller:
    """Bring the n-th caller and the n-th agent together."""
    call = await stand.waiting(f"1380013800{n}")
    phone = stand.pbx.phone(f"PJSIP/100{n}", answer_after=0)
    order = replace(stand.change(call, "active", "accepted"), agent=f"agent-{n}", device=f"PJSIP/100{n}")
    stand.client.connect(order)
    await stand.pbx.until(lambda: phone.leg is not None and call.hears == {phone.leg.id})
    await stand.house.until(lambda: f"i-{call.id}" in stand.house.answers)
    return call


def ended(stand: Stand) -> dict[str, str]:
    """Return how each contact ended; nothing may be told twice."""
    found: dict[str, str] = {}
    for fact in stand.house.facts:
        assert isinstance(fact, WorkEnded | InteractionGone)
        assert fact.interaction not in found, "told once"
        found[fact.interaction] = fact.ended_by if isinstance(fact, WorkEnded) else "gone"
    return found


async def test_a_restart_of_the_pbx_during_three_calls_and_one_who_waits(stand: Stand) -> None:
    calls = [await talk(stand, n) for n in (1, 2, 3)]
    waits = await stand.waiting("13800138009")
    await stand.pbx.restart()
    await stand.house.until(lambda: len(stand.house.facts) == 4)
    assert ended(stand) == {f"i-{call.id}": "system" for call in calls} | {f"i-{waits.id}": "gone"}
    assert not stand.client.health().ok
    stand.pbx.booted()
    await stand.pbx.until(lambda: stand.client.health().ok)
    await stand.quiet()
    assert stand.client.calls.ids() == []
    stand.house.facts.clear()
    again = await talk(stand, 1)
    again.hangup()
    await stand.house.until(lambda: ended(stand) == {f"i-{again.id}": "customer"})


async def test_a_restart_nobody_told_us_of(stand: Stand) -> None:
    """The socket is gone before the calls are: what happened is known from the lists afterwards."""
    calls = [await talk(stand, n) for n in (1, 2, 3)]
    stand.pbx.ari.booting = True
    await stand.pbx.ari.drop()
    stand.pbx.switch.crash()
    stand.house.open = [
        {"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": f"agent-{n}"}
        for n, call in enumerate(calls, 1)
    ]
    stand.pbx.booted()
    await stand.house.until(lambda: len(stand.house.facts) == 3)
    assert ended(stand) == {f"i-{call.id}": "system" for call in calls}


async def test_every_event_twice(stand: Stand) -> None:
    stand.pbx.faults.double = True
    call = await talk(stand, 1)
    assert stand.house.answers == [f"i-{call.id}"]
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    await stand.quiet()
    assert ended(stand) == {f"i-{call.id}": "customer"}
    assert not stand.pbx.switch.bridges


async def test_events_that_come_late(patient: Stand) -> None:
    patient.pbx.faults.late_s = 0.05
    call = await talk(patient, 1)
    call.hangup()
    patient.client.changed(patient.change(call, "held", "hold"))
    await patient.house.until(lambda: patient.house.facts)
    await patient.pbx.until(lambda: not patient.pbx.switch.channels and not patient.pbx.switch.bridges)
    assert ended(patient) == {f"i-{call.id}": "customer"}


@pytest.mark.parametrize("stage", ["waiting", "talking"])
async def test_an_end_that_was_never_told_is_found_out(stand: Stand, stage: str) -> None:
    call = await talk(stand, 1) if stage == "talking" else await stand.waiting()
    stand.pbx.faults.drop = {"StasisEnd", "ChannelDestroyed", "ChannelHangupRequest"}
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert ended(stand) == {f"i-{call.id}": "system" if stage == "talking" else "gone"}
    assert stand.pbx.faults.lost
    await stand.pbx.until(lambda: not stand.pbx.switch.channels)


async def test_a_phone_whose_end_was_never_told_ends_its_ring(stand: Stand) -> None:
    call = await stand.waiting()
    phone = stand.pbx.phone("PJSIP/1001")
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.rings)
    stand.pbx.faults.drop = {"ChannelDestroyed", "StasisEnd"}
    phone.refuse()
    await stand.house.until(
        lambda: [getattr(fact, "reason", "") for fact in stand.house.facts] == ["device_unreachable"]
    )
    assert not call.gone


async def test_calls_that_are_on_are_left_alone(stand: Stand) -> None:
    calls = [await talk(stand, n) for n in (1, 2)]
    before = len(stand.pbx.ari.requests)
    await stand.pbx.until(
        lambda: len([1 for r in stand.pbx.ari.requests[before:] if r[:2] == ("GET", "/channels")]) > 5
    )
    assert stand.house.facts == []
    assert all(not call.gone for call in calls)


async def test_a_second_program_takes_the_application_over_with_calls_up(stand: Stand) -> None:
    call = await talk(stand, 1)
    second = client(stand.pbx, stand.house)
    stand.house.open = [{"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": "agent-1"}]
    await second.start()
    await stand.pbx.until(lambda: second.health().ok and not stand.client.health().ok)
    assert "took the application over" in stand.client.health().detail
    assert stand.house.facts == [], "the first is no judge of calls any more"
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert ended(stand) == {f"i-{call.id}": "customer"}
    await second.stop()


# The mirror.


@pytest.fixture
async def mirrored(reactor: Any) -> AsyncIterator[tuple[ScriptedPbx, House]]:
    pbx, house = ScriptedPbx(queues={"sales": ["PJSIP/1001", "PJSIP/1002", "PJSIP/1003"]}), House()
    await pbx.start()
    ami = AmiOptions(host=pbx.host, port=pbx.ami_port, username=pbx.username, secret=pbx.secret)  # type: ignore[arg-type]
    channel = VoiceChannel("voice", Options(ami=ami), house)  # type: ignore[arg-type]
    await channel.start()
    await pbx.until(lambda: channel.health().ok)
    yield pbx, house
    await channel.stop()
    await pbx.stop()
    for task in list(house.tasks):
        task.cancel()
    await asyncio.gather(*house.tasks, return_exceptions=True)


def told(house: House, key: str) -> list[tuple[str, str | None, str | None]]:
    return [
        (each.kind, each.outcome, each.ended_by)
        for each in house.progressed
        if each.external_key.endswith(key) and each.kind in ("waiting", "answered", "ended")
    ]


async def test_a_restart_of_the_pbx_during_three_mirrored_calls(mirrored: tuple[ScriptedPbx, House]) -> None:
    pbx, house = mirrored
    calls = []
    for n in (1, 2, 3):
        phone = pbx.phone(f"PJSIP/100{n}", answer_after=0.02)
        calls.append(await pbx.call(f"1380013800{n}", "400800001", mode="queue", queue="sales"))
        await pbx.until(lambda: phone.leg is not None and phone.leg.bridge is not None, 10)  # noqa: B023 - at once
    await house.until(lambda: sum(each.kind == "answered" for each in house.progressed) == 3)
    await pbx.restart()
    await house.until(lambda: sum(each.kind == "ended" for each in house.progressed) == 3)
    for call in calls:
        assert told(house, call.id) == [
            ("waiting", None, None),
            ("answered", None, None),
            ("ended", "answered", "system"),
        ]
    pbx.booted()
    await pbx.until(lambda: pbx.ami.listeners, 10)


async def test_every_manager_event_twice(mirrored: tuple[ScriptedPbx, House]) -> None:
    pbx, house = mirrored
    pbx.faults.double = True
    pbx.phone("PJSIP/1001", answer_after=0.02)
    call = await pbx.call("13800138001", "400800001", mode="queue", queue="sales")
    await house.until(lambda: any(each.kind == "answered" for each in house.progressed))
    call.hangup()
    await house.until(lambda: any(each.kind == "ended" for each in house.progressed))
    assert told(house, call.id) == [
        ("waiting", None, None),
        ("answered", None, None),
        ("ended", "answered", "customer"),
    ]
