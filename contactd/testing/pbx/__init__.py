"""A PBX that follows a script: AMI and ARI over real sockets, without sound, for tests and the demo.

pbx = ScriptedPbx(queues={"sales": ["PJSIP/1001"]})
await pbx.start()
pbx.phone("PJSIP/1001", answer_after=2.0)
caller = await pbx.call("13800138000", "400800001", mode="queue", queue="sales")
caller.hangup()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypedDict, Unpack

from contactd.testing.pbx.ami_server import AmiServer
from contactd.testing.pbx.ari_server import AriServer
from contactd.testing.pbx.faults import Faults
from contactd.testing.pbx.parts import Caller, Channel, Phone
from contactd.testing.pbx.switch import Switch

__all__ = ["Behaviour", "Caller", "Channel", "Faults", "Phone", "ScriptedPbx"]


class Behaviour(TypedDict, total=False):
    """What a phone does by itself."""

    answer_after: float | None
    """Seconds of ringing until it answers; None = only when told."""
    busy: bool
    reject: bool
    unknown: bool
    registered: bool


class ScriptedPbx:
    """One PBX.

    Args:
        ami_port: port of the manager interface; 0 = a free one.
        ari_port: port of ARI; 0 = a free one.
        host: address both listen on.
        username: account of both.
        secret: its password.
        queues: name → devices of its members.
    """

    def __init__(
        self,
        ami_port: int = 0,
        ari_port: int = 0,
        *,
        host: str = "127.0.0.1",
        username: str = "contactd",
        secret: str = "scripted",  # noqa: S107 - it protects nothing
        queues: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.host = host
        self.username = username
        self.secret = secret
        self.switch = Switch(queues or {})
        self.ami = AmiServer(self.switch, username, secret)
        self.ari = AriServer(self.switch, username, secret)
        self._ports = (ami_port, ari_port)

    async def start(self) -> None:
        """Listen on both ports."""
        await self.ami.start(self.host, self._ports[0])
        await self.ari.start(self.host, self._ports[1])

    async def stop(self) -> None:
        """End everything."""
        await self.switch.stop()
        await self.ami.stop()
        await self.ari.stop()

    async def restart(self) -> None:
        """Go down with every call, and refuse everybody; `booted` ends it."""
        self.switch.ami("Shutdown", None, more={"Shutdown": "Cleanly", "Restart": "True"})
        self.switch.crash()
        await self.ari.flush()
        self.ari.booting = self.ami.mute = True
        await self.ari.drop()
        self.ami.drop()

    def booted(self) -> None:
        """Take connections again, with nobody on the phone."""
        self.ari.booting = self.ami.mute = False

    @property
    def faults(self) -> Faults:
        """What goes wrong with its events now."""
        return self.switch.faults

    @property
    def ami_port(self) -> int:
        """Port of the manager interface."""
        return self.ami.port

    @property
    def ari_url(self) -> str:
        """Address of ARI, for `channels.voice.ari.url`."""
        return f"http://{self.host}:{self.ari.port}"

    def phone(self, device: str, **behaviour: Unpack[Behaviour]) -> Phone:
        """Return an agent's phone, to be pressed by hand; what is given of its behaviour holds from now on."""
        phone = self.switch.phones.get(device)
        if phone is None:
            phone = self.switch.phones[device] = Phone(device=device, switch=self.switch)
        for name, value in behaviour.items():
            setattr(phone, name, value)
        return phone

    def outside(self, number: str, **behaviour: Unpack[Behaviour]) -> Phone:
        """Return the phone of somebody outside, who is reached over the trunk (`PJSIP/NUMBER@telco`)."""
        return self.phone(f"PJSIP/{number}@telco", **behaviour)

    async def call(
        self,
        caller: str,
        did: str,
        *,
        name: str = "",
        mode: str = "stasis",
        queue: str = "",
        presentation: str = "allowed_not_screened",
    ) -> Caller:
        """Let a customer call.

        Args:
            caller: the customer's number.
            did: the number dialled.
            name: the name the network gives.
            mode: `stasis` (the application routes; `queue` is the dialplan's fallback) or `queue` (the PBX routes).
            queue: the PBX's own queue.
            presentation: `CALLERID(pres)`; `prohib_…` = the number must not be shown.
        """
        return await self.switch.arrive(caller, did, name, mode, queue, presentation)

    async def until(self, condition: Callable[[], object], seconds: float = 5.0) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: it did not become so in time.
        """
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the condition is any, no event tells of it
                await asyncio.sleep(0.005)
