"""A PBX's own calls as interactions: over real sockets against the scripted PBX, through cuts and restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from house import House

from contactd.channels.voice import VoiceChannel, build
from contactd.core.channel import Progress
from contactd.testing.pbx import Caller, ScriptedPbx

pytestmark = pytest.mark.integration


@dataclass
class Stand:
    """A PBX, a house, and the channel between them."""

    pbx: ScriptedPbx
    house: House
    channel: VoiceChannel

    def told(self, call: Caller) -> list[Progress]:
        return [each for each in self.house.progressed if each.external_key == f"pbx/{call.id}"]

    def kinds(self, call: Caller) -> list[str]:
        return [each.kind for each in self.told(call)]

    async def over(self, call: Caller) -> Progress:
        await self.house.until(lambda: "ended" in self.kinds(call))
        return self.told(call)[-1]


def channel(pbx: ScriptedPbx, house: House, **more: Any) -> VoiceChannel:
    ami = {"host": pbx.host, "port": pbx.ami_port, "username": pbx.username, "secret": pbx.secret, "name": "pbx"}
    return build("voice", {"ami": ami, **more}, house)


@pytest.fixture
async def stand(reactor: Any) -> AsyncIterator[Stand]:
    pbx, house = ScriptedPbx(queues={"sales": ["PJSIP/1001", "PJSIP/1002"]}), House()
    await pbx.start()
    made = Stand(pbx, house, channel(pbx, house))
    await made.channel.start()
    await pbx.until(lambda: made.channel.health().ok)
    yield made
    await made.channel.stop()
    for task in house.tasks:
        task.cancel()
    await pbx.stop()
    assert house.failures == []


async def test_a_queue_call_from_ring_to_hang_up(stand: Stand) -> None:
    stand.pbx.phone("PJSIP/1001", answer_after=0)
    call = await stand.pbx.call("13800138000", "400800001", name="Wang", mode="queue", queue="sales")
    await stand.house.until(lambda: "answered" in stand.kinds(call))
    call.hangup()
    end = await stand.over(call)
    assert stand.kinds(call) == ["waiting", "ringing", "ring_ended", "answered", "ended"]
    assert (end.outcome, end.ended_by, end.agent, end.line) == ("answered", "customer", "PJSIP/1001", "sales")
    arrival, content = stand.house.arrivals["ami", f"pbx/{call.id}"]
    assert (arrival.sender, arrival.recipient, arrival.line_text) == ("13800138000", "400800001", "sales")
    assert arrival.routed_by == "pbx"
    assert content is not None
    assert content.sender is not None
    assert content.sender.value == "+8613800138000"


async def test_the_agent_hangs_up(stand: Stand) -> None:
    phone = stand.pbx.phone("PJSIP/1001", answer_after=0)
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await stand.house.until(lambda: "answered" in stand.kinds(call))
    phone.hangup()
    assert (await stand.over(call)).ended_by == "agent"


async def test_one_agent_rejects_the_next_answers(stand: Stand) -> None:
    stand.pbx.phone("PJSIP/1001", reject=True)
    stand.pbx.phone("PJSIP/1002", answer_after=0)
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await stand.house.until(lambda: "answered" in stand.kinds(call))
    rung = [(each.agent, each.outcome) for each in stand.told(call) if each.kind == "ring_ended"]
    assert rung == [("PJSIP/1001", "rejected"), ("PJSIP/1002", "accepted")]
    call.hangup()
    await stand.over(call)


async def test_a_caller_gives_up_while_a_phone_rings(stand: Stand) -> None:
    phone = stand.pbx.phone("PJSIP/1001")
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await stand.house.until(lambda: phone.rings)
    call.hangup()
    end = await stand.over(call)
    assert (end.outcome, end.ended_by) == ("abandoned", "customer")
    assert [each.outcome for each in stand.told(call) if each.kind == "ring_ended"] == ["withdrawn"]


async def test_a_withheld_number_is_nowhere(stand: Stand) -> None:
    call = await stand.pbx.call("13800138009", "400800001", mode="queue", queue="sales", presentation="prohib")
    await stand.house.until(lambda: ("ami", f"pbx/{call.id}") in stand.house.arrivals)
    arrival, content = stand.house.arrivals["ami", f"pbx/{call.id}"]
    assert content is not None
    assert "13800138009" not in repr((arrival, content))
    assert content.sender is None


async def test_nothing_is_lost_while_the_store_is_down(stand: Stand) -> None:
    stand.house.down = True
    stand.pbx.phone("PJSIP/1001", answer_after=0)
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await stand.pbx.until(lambda: call.hears - {"music"})
    call.hangup()
    stand.house.down = False
    await stand.over(call)
    assert stand.kinds(call) == ["waiting", "ringing", "ring_ended", "answered", "ended"]


async def test_a_cut_while_a_call_is_answered_and_another_ends(stand: Stand) -> None:
    phone = stand.pbx.phone("PJSIP/1001")
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await stand.pbx.until(lambda: phone.rings)
    lost = await stand.pbx.call("13900000000", "400800001", mode="queue", queue="sales")
    await stand.house.until(lambda: stand.kinds(call) == ["waiting", "ringing"] and stand.kinds(lost))
    stand.pbx.ami.mute = True
    stand.pbx.ami.drop()
    phone.answer()
    lost.hangup()
    await stand.pbx.until(lambda: call.hears - {"music"} and lost.gone)
    stand.pbx.ami.mute = False
    await stand.house.until(lambda: "answered" in stand.kinds(call) and "ended" in stand.kinds(lost))
    assert stand.told(lost)[-1].data["evidence"] == "not listed"
    assert stand.told(call)[-1].agent == "PJSIP/1001"
    call.hangup()
    assert (await stand.over(call)).ended_by == "customer"


async def test_a_restart_of_ours_finds_every_call_again(stand: Stand) -> None:
    phone = stand.pbx.phone("PJSIP/1001", answer_after=0)
    call = await stand.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    waiting = await stand.pbx.call("13900000000", "400800001", mode="queue", queue="sales")
    await stand.house.until(lambda: "answered" in stand.kinds(call) and "waiting" in stand.kinds(waiting))
    await stand.channel.stop()
    stand.house.open = [
        {"id": "i-1", "external_key": f"pbx/{call.id}", "state": "active", "agent": None},
        {"id": "i-2", "external_key": f"pbx/{waiting.id}", "state": "queued", "agent": None},
        {"id": "i-3", "external_key": "pbx/1.1", "state": "active", "agent": None},
        {"id": "i-4", "external_key": "pbx/1.2", "state": "queued", "agent": None},
    ]
    stand.house.progressed.clear()
    stand.channel = channel(stand.pbx, stand.house)
    await stand.channel.start()
    await stand.house.until(lambda: len([p for p in stand.house.progressed if p.kind == "ended"]) == 2)
    ends = {each.external_key: each.outcome for each in stand.house.progressed if each.kind == "ended"}
    assert ends == {"pbx/1.1": "answered", "pbx/1.2": "abandoned"}
    assert phone.in_use
    call.hangup()
    await stand.over(call)
    waiting.hangup()
    assert (await stand.over(waiting)).outcome in ("answered", "abandoned")


async def test_a_call_contactd_routes_is_not_counted_by_the_mirror(reactor: Any) -> None:
    pbx, house = ScriptedPbx(queues={"sales": ["PJSIP/1001"]}), House()
    await pbx.start()
    ari = {"url": pbx.ari_url, "username": pbx.username, "password": pbx.secret}
    made = channel(pbx, house, ari=ari)
    await made.start()
    await pbx.until(lambda: made.health().ok)
    routed = await pbx.call("13800138000", "400800006")
    await house.until(lambda: ("ari", routed.id) in house.arrivals)
    routed.hangup()
    own = await pbx.call("13900000000", "400800001", mode="queue", queue="sales")
    own.hangup()
    await house.until(lambda: [each for each in house.progressed if each.kind == "ended"])
    assert sorted(adapter for adapter, _ in house.arrivals) == ["ami", "ari"]
    await made.stop()
    for task in house.tasks:
        task.cancel()
    await pbx.stop()


async def test_a_pbx_that_is_away_is_said_and_tried_again(reactor: Any) -> None:
    pbx, house = ScriptedPbx(), House()
    await pbx.start()
    pbx.ami.mute = True
    made = channel(pbx, house)
    await made.start()
    await house.until(lambda: "no banner" in made.health().detail)
    assert not made.health().ok
    pbx.ami.mute = False
    await house.until(lambda: made.health().ok)
    await made.stop()
    for task in house.tasks:
        task.cancel()
    await pbx.stop()


async def test_with_nothing_configured_the_channel_is_idle_and_well() -> None:
    house = House()
    made = build("voice", {}, house)
    await made.start()
    assert made.health().ok
    assert made.addresses() == {}
    assert not house.tasks
    await made.stop_intake()
    await made.stop()
