"""Calls that agents make over FreeSWITCH, over a real socket against a scripted event socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from house import House
from park_stand import Leg, Switch

from contactd.channels.voice import build
from contactd.core.channel import Change
from contactd.core.errors import BadRequestError
from contactd.core.events import WorkEnded

OWN, MOBILE = "01980000-0000-7000-8000-000000000001", "+8613700001111"
pytestmark = pytest.mark.integration


@dataclass
class Stand:
    """A switch, a house, and the channel between them."""

    switch: Switch
    house: House
    channel: Any

    def order(self, to: str = MOBILE, device: str = "user/1001") -> Change:
        return Change(
            interaction=f"i-{OWN}",
            adapter="esl-park",
            external_key=OWN,
            state="active",
            cause="started",
            line="sales",
            agent="ann",
            device=device,
            to=to,
        )

    async def rings(self, where: str) -> None:
        await self.house.until(lambda: [device for device, _, _ in self.switch.ringing.values()] == [where])

    async def picked_up(self) -> Leg:
        """Let the agent pick up; return their leg when the customer's phone rings."""
        await self.channel.connect(self.order())
        await self.rings("user/1001")
        agent = self.switch.answer()
        await self.rings("sofia/gateway/telco/13700001111")
        return agent

    async def ended(self, by: str, why: str) -> None:
        await self.house.until(lambda: self.house.facts)
        assert self.house.facts == [WorkEnded(interaction=f"i-{OWN}", agent="ann", ended_by=by, outcome="failed")]
        await self.house.until(lambda: self.house.panels.get(f"i-{OWN}") == {"phase": "failed", "why": why})
        await self.house.until(lambda: not self.switch.legs)


@pytest.fixture
async def stand(reactor: Any) -> AsyncIterator[Stand]:
    switch, house = Switch(), House()
    host, port = await switch.start()
    account = {"username": "contactd@default", "password": "low", "name": "fs"}
    routes = {"route_username": "router@default", "route_password": "high", "ring_s": 3}
    dial = {"endpoint": "sofia/gateway/telco/{number}", "number": "400800000", "ring_s": 5}
    channel = build("voice", {"esl": {"host": host, "port": port, **account, **routes}, "dial": dial}, house)
    await channel.start()
    made = Stand(switch, house, channel)
    await house.until(lambda: made.channel._parked.health().ok)
    yield made
    await channel.stop()
    await house.rest()
    await switch.stop()
    assert house.failures == []


async def test_the_agents_phone_rings_first_then_the_customers_then_both_talk(stand: Stand) -> None:
    assert stand.channel.dial_adapter == "esl-park"
    agent = await stand.picked_up()
    await stand.house.until(lambda: stand.house.panels.get(f"i-{OWN}", {}).get("phase") == "dialling")
    assert agent.hears.startswith("tone_stream://")
    assert [order for order in stand.switch.orders if "400800000" in order and order.startswith("originate")]
    customer = stand.switch.answer()
    assert customer.uuid == OWN
    await stand.house.until(lambda: stand.house.answers == [f"i-{OWN}"])
    assert (customer.other, agent.hears) == (agent.uuid, "")
    await stand.channel.command(f"i-{OWN}", "call.mute", {"on": True})
    stand.switch.hangup(customer)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{OWN}", agent="ann", ended_by="customer")]
    await stand.house.until(lambda: not stand.switch.legs)


@pytest.mark.parametrize(
    ("cause", "why"), [("USER_BUSY", "busy"), ("UNALLOCATED_NUMBER", "unknown_number"), ("X", "failed")]
)
async def test_a_customer_who_is_not_reached_is_told_to_the_agent_with_the_reason(
    stand: Stand, cause: str, why: str
) -> None:
    await stand.picked_up()
    stand.switch.refuse(cause)
    await stand.ended("system", why)


async def test_an_agent_who_does_not_pick_up_has_called_nobody(stand: Stand) -> None:
    await stand.channel.connect(stand.order())
    await stand.rings("user/1001")
    stand.switch.refuse("NO_ANSWER")
    await stand.ended("system", "no_agent_phone")
    assert not [order for order in stand.switch.orders if "telco" in order]


@pytest.mark.parametrize("how", ["phone", "key"])
async def test_an_agent_who_hangs_up_before_the_answer_has_given_up(stand: Stand, how: str) -> None:
    agent = await stand.picked_up()
    if how == "phone":
        stand.switch.hangup(agent)
    else:
        await stand.channel.command(f"i-{OWN}", "call.hangup", {})
    await stand.ended("agent", "given_up")


async def test_what_may_not_be_called_rings_nobody(stand: Stand) -> None:
    with pytest.raises(BadRequestError) as caught:
        stand.channel.dialled("+12025550123", "sales")
    assert caught.value.code == "number_abroad"
    await stand.channel.connect(stand.order(to="+12025550123"))
    await stand.ended("system", "number_abroad")
    stand.house.facts.clear()
    await stand.channel.connect(stand.order(device="user/1001 &bridge(x)"))
    await stand.ended("system", "no_agent_phone")
    assert not [order for order in stand.switch.orders if order.startswith("originate")]
