"""A scripted PBX, a double of the house, and our ARI client between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from house import House

from contactd.channels.voice.ari_client import AriClient
from contactd.channels.voice.options import Options
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Change
from contactd.testing.pbx import Caller, ScriptedPbx

DIAL = {"endpoint": "PJSIP/{number}@telco", "number": "400800000", "ring_s": 5}


@dataclass
class Stand:
    """A PBX, a house, and our client between them."""

    pbx: ScriptedPbx
    house: House
    client: AriClient

    async def waiting(self, caller: str = "13800138000", presentation: str = "allowed_not_screened") -> Caller:
        call = await self.pbx.call(caller, "400800006", name="王小明", queue="sales", presentation=presentation)
        await self.house.until(lambda: ("ari", call.id) in self.house.arrivals)
        await self.house.until(lambda: self.client.calls.by_interaction(f"i-{call.id}"))
        return call

    def change(self, call: Caller, state: str, cause: str) -> Change:
        return Change(
            interaction=f"i-{call.id}",
            adapter="ari",
            external_key=call.id,
            state=state,
            cause=cause,
            line="sales",
            agent="anna",
            device="PJSIP/1001",
        )

    async def talking(self) -> Caller:
        call = await self.waiting()
        phone = self.pbx.phone("PJSIP/1001")
        self.client.connect(self.change(call, "active", "accepted"))
        await self.pbx.until(lambda: phone.rings)
        phone.answer()
        await self.house.until(lambda: self.house.answers)
        return call

    async def quiet_for(self, call: Caller) -> None:
        """Wait until the store has refused something of a call."""
        await self.house.until(lambda: call.id in self.client.lanes and self.house.refusals)

    async def quiet(self) -> None:
        """Wait until nothing is being done."""
        await self.house.until(lambda: not self.client.lanes)


def client(pbx: ScriptedPbx, house: House, **more: object) -> AriClient:
    ari = {"url": pbx.ari_url, "username": pbx.username, "password": pbx.secret, "ring_s": 3}
    options = Options.model_validate({"ari": ari, "dial": DIAL, **more})
    return AriClient("voice", options, house, Numbers())


@asynccontextmanager
async def standing(**more: object) -> AsyncIterator[Stand]:
    """Start all three; afterwards nothing of ours may have failed."""
    pbx, house = ScriptedPbx(queues={"sales": []}), House()
    await pbx.start()
    made = Stand(pbx, house, client(pbx, house, **more))
    await made.client.start()
    await pbx.until(lambda: made.client.health().ok)
    yield made
    await made.client.stop()
    await pbx.stop()
    await house.rest()
    assert house.failures == []
