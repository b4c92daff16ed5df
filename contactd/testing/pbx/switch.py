"""The switch inside the scripted PBX: it has no sound, but it says everything a real one says, in the same order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from contactd.testing.pbx import templates
from contactd.testing.pbx.faults import Faults
from contactd.testing.pbx.parts import Bridge, Caller, Channel, Phone, stamp
from contactd.testing.pbx.tapes import Tapes

RING_S = 8.0
"""How long a queue rings one agent."""
RETRY_S = 0.05
"""How soon a queue tries again (a real one takes seconds)."""
FALLBACK = "CONTACTD_FALLBACK"

Hear = Callable[[str, Mapping[str, str]], None]
Send = Callable[[dict[str, Any]], None]


class Switch:
    """Channels, bridges, phones and queues.

    Attributes:
        hear_ami: is told every manager event (name, values).
        send_ari: is given every message for the event socket; None while no application is connected.
    """

    def __init__(self, queues: Mapping[str, list[str]]) -> None:
        self.queues = dict(queues)
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.phones: dict[str, Phone] = {}
        self.waiting: dict[str, list[Caller]] = {}
        self.hear_ami: Hear = lambda _name, _values: None
        self.send_ari: Send | None = None
        self.app = "contactd"
        self.hands_on = False
        """The dialplan hands on who was called inside the house when the caller hangs up: `Dial(…,F(…))`."""
        self.faults = Faults()
        self.tapes = Tapes(self)
        self.recordings = self.tapes.stored
        """Name → what was recorded and lies on the PBX."""
        self._customers: dict[str, Caller] = {}
        self._serial = 0
        self._epoch = int(datetime.now(UTC).timestamp())
        self._tasks: set[asyncio.Task[None]] = set()

    # Saying.

    def ami(
        self,
        event: str,
        channel: Channel | None = None,
        dest: Channel | None = None,
        more: Mapping[str, str] | None = None,
        **values: str,
    ) -> None:
        """Say a manager event about a channel (and the one it dials)."""
        said = dict(more or {})
        if channel is not None:
            said |= channel.snapshot()
        if dest is not None:
            said |= dest.snapshot("Dest")
        for _ in self.faults.copies(event):
            self.hear_ami(event, said | values)

    def ari(self, event: str, channel: Channel | None = None, template: str = "", **values: Any) -> None:
        """Send a message about a channel, when an application listens to that channel."""
        if self.send_ari is None or (channel is not None and not (channel.in_stasis or channel.subscribed)):
            return
        message = templates.ari_event(template or event)
        message |= {"timestamp": stamp(self.now()), "application": self.app}
        if channel is not None:
            message["peer" if event == "Dial" else "channel"] = channel.view()
        for _ in self.faults.copies(str(message["type"])):
            self.send_ari(message | values)

    def now(self) -> datetime:
        """Return the time of the PBX."""
        return datetime.now(UTC)

    def spawn(self, work: Any) -> None:
        """Let something go on by itself."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Stop everything that goes on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Channels.

    def channel(self, device: str, *, channel_id: str = "", linkedid: str = "", **rest: Any) -> Channel:
        """Give birth to a channel."""
        self._serial += 1
        own = channel_id or f"{self._epoch}.{self._serial}"
        name = f"{device}-{self._serial:08x}"
        made = Channel(id=own, name=name, linkedid=linkedid or own, born=self.now(), **rest)
        self.channels[made.id] = made
        self.ami("Newchannel", made)
        return made

    def set_state(self, channel: Channel, state: str) -> None:
        """Let a channel ring or go up."""
        channel.state = state
        self.ami("Newstate", channel)
        self.ari("ChannelStateChange", channel)

    async def arrive(self, caller: str, did: str, name: str, mode: str, queue: str, presentation: str) -> Caller:
        """Let a customer call in."""
        channel = self.channel(
            "PJSIP/trunk-telco",
            number=caller,
            caller_name=name or "<unknown>",
            exten=did,
            state="Ring",
            presentation=presentation,
        )
        customer = Caller(channel=channel, switch=self)
        if mode == "stasis":
            self._enter_stasis(customer, did, queue)
        elif mode == "queue":
            self.spawn(self._queue(customer, queue))
        return customer

    def _enter_stasis(self, customer: Caller, did: str, queue: str) -> None:
        channel = customer.channel
        channel.app, channel.app_data = "Stasis", f"{self.app},inbound,{did}"
        channel.variables["fallback"] = queue
        if self.send_ari is None:
            self.fall_back(customer)
            return
        channel.in_stasis = True
        self._customers[channel.id] = customer
        self.ari("StasisStart", channel, "StasisStart inbound", args=["inbound", did])

    def fall_back(self, customer: Caller) -> None:
        """Do what the dialplan does after Stasis() without us: its own queue, or a hang-up."""
        customer.fell_back = True
        queue = customer.channel.variables.get("fallback", "")
        if queue:
            self.spawn(self._queue(customer, queue))
        else:
            self.remove(customer.channel, 21)

    def leave_stasis(self, channel: Channel, context: str = "", extension: str = "") -> None:
        """Take a channel out of the application, back into the dialplan: to an extension, or after its Stasis()."""
        self.leave(channel)
        self.ari("StasisEnd", channel)
        channel.in_stasis = False
        channel.music = False
        customer = self._customers.pop(channel.id, None)
        if customer is not None and extension:
            customer.sent_to = (context, extension)
        elif customer is not None and channel.variables.get(FALLBACK):
            self.fall_back(customer)
        else:
            self.remove(channel, 16)

    def referred(self, leg: Channel, number: str) -> None:
        """Tell the application that a phone wants its call to go to a number."""
        if leg.variables.get("PJSIP_TRANSFER_HANDLING()") != "ari-only" or leg.bridge is None:
            return
        by = templates.ari_event("ChannelTransfer")["referred_by"]
        other = next((each for each in leg.bridge.channels if each is not leg), leg)
        by |= {"source_channel": leg.view(), "connected_channel": other.view(), "bridge": leg.bridge.view()}
        self.ari("ChannelTransfer", refer_to={"requested_destination": {"destination": number}}, referred_by=by)

    def transfer_told(self, leg: Channel, state: str) -> None:
        """Tell a phone how far its transfer has come; one that is done with it hangs up."""
        phone = next((each for each in self.phones.values() if each.leg is leg), None)
        if phone is not None:
            phone.told = state
        if state == "channel_answered":
            self.hung_up(leg)

    def hung_up(self, channel: Channel) -> None:
        """Let a channel's party hang up."""
        if channel.gone:
            return
        self.ami("HangupRequest", channel)
        self.ari("ChannelHangupRequest", channel)
        self.remove(channel, 16)

    def hang_up(self, channel: Channel, cause: int = 16) -> None:
        """Hang a channel up from our side."""
        if channel.gone:
            return
        self.ami("SoftHangupRequest", channel, Cause=str(cause))
        self.ari("ChannelHangupRequest", channel, "ChannelHangupRequest soft", cause=32)
        if channel.verdict is not None and not channel.verdict.done():
            self.ari("Dial", channel, dialstatus="NOANSWER")
        self.remove(channel, cause)

    def remove(self, channel: Channel, cause: int) -> None:
        """Let a channel be gone, with everything that is said then."""
        if channel.gone:
            return
        self.played(channel)
        self.tapes.end_all(channel)
        channel.gone = True
        hook, channel.on_gone = channel.on_gone, None
        if hook is not None:
            hook()
        was_in_stasis = channel.in_stasis
        self.leave(channel)
        if was_in_stasis:
            self.ari("StasisEnd", channel)
            channel.in_stasis = False
            if self._customers.pop(channel.id, None) is not None:
                self.ari("ChannelHangupRequest", channel, "ChannelHangupRequest soft", cause=16)
        if channel.verdict is not None and not channel.verdict.done():
            channel.verdict.set_result("cancel")
        self.ari("ChannelDestroyed", channel, cause=cause)
        self.ami("Hangup", channel, more={"Cause": str(cause), "Cause-txt": "Normal Clearing"})
        self.channels.pop(channel.id, None)
        for snoop in [each for each in self.channels.values() if each.snoops is channel]:
            self.remove(snoop, 16)

    def crash(self) -> None:
        """Lose every call, as a restart does: all parties are hung up by the PBX itself."""
        for task in list(self._tasks):
            task.cancel()
        for channel in list(self.channels.values()):
            self.ari("ChannelHangupRequest", channel, "ChannelHangupRequest soft", cause=4)
        for channel in list(self.channels.values()):
            self.remove(channel, 16)
        self.bridges.clear()
        self.tapes.live.clear()
        self.waiting.clear()

    def snoop(self, on: Channel, channel_id: str, args: list[str], *, whispers: bool) -> Channel:
        """Make a channel that hears what another says and hears."""
        made = self.channel(
            "Snoop/spy", channel_id=channel_id, state="Up", subscribed=True, snoops=on, whispers=whispers
        )
        made.app, made.app_data, made.in_stasis = "Stasis", ",".join([self.app, *args]), True
        self.ari("StasisStart", made, "StasisStart agent", args=args)
        return made

    # Sound.

    def play(self, channel: Channel, playback: str, media: list[str]) -> dict[str, Any]:
        """Begin to play something to a channel; it lasts until the listener has heard it, or it is stopped."""
        channel.playing, channel.playback, channel.music = media, playback, False
        channel.heard += media
        view = {"id": playback, "media_uri": media[-1], "target_uri": f"channel:{channel.id}", "language": "en"}
        self.ari("PlaybackStarted", playback={**view, "state": "playing"})
        return {**view, "state": "playing"}

    def played(self, channel: Channel) -> None:
        """Let what is played to a channel be over."""
        if not channel.playback:
            return
        view = {"id": channel.playback, "media_uri": channel.playing[-1], "target_uri": f"channel:{channel.id}"}
        channel.playing, channel.playback = [], ""
        self.ari("PlaybackFinished", playback={**view, "language": "en", "state": "done"})

    def play_to_all(self, bridge: Bridge, playback: str, media: list[str]) -> dict[str, Any]:
        """Begin to play something to everybody in a bridge; it lasts until it is heard."""
        bridge.playback, bridge.playing = playback, media
        view = {"id": playback, "media_uri": media[-1], "target_uri": f"bridge:{bridge.id}", "language": "en"}
        self.ari("PlaybackStarted", playback={**view, "state": "playing"})
        return {**view, "state": "playing"}

    def played_to_all(self, bridge: Bridge, state: str = "done") -> None:
        """Let what is played to a bridge be over: heard (`done`), or not (`failed`)."""
        if not bridge.playback:
            return
        view = {"id": bridge.playback, "media_uri": bridge.playing[-1], "target_uri": f"bridge:{bridge.id}"}
        bridge.playback, bridge.playing = "", []
        self.ari("PlaybackFinished", playback={**view, "language": "en", "state": state})

    # Bridges.

    def bridge(self, bridge_id: str = "", name: str = "<unknown>") -> Bridge:
        """Make a bridge."""
        made = Bridge(id=bridge_id or str(uuid4()), born=self.now(), name=name)
        self.bridges[made.id] = made
        self.ami("BridgeCreate", more=made.values())
        return made

    def enter(self, bridge: Bridge, channel: Channel) -> None:
        """Put a channel into a bridge."""
        self.leave(channel)
        bridge.channels.append(channel)
        channel.bridge = bridge
        channel.music = False
        self.ami("BridgeEnter", channel, more=bridge.values())
        self.ari("ChannelEnteredBridge", channel, bridge=bridge.view())

    def leave(self, channel: Channel) -> None:
        """Take a channel out of its bridge."""
        bridge, channel.bridge = channel.bridge, None
        if bridge is None:
            return
        bridge.channels.remove(channel)
        self.ami("BridgeLeave", channel, more=bridge.values())
        self.ari("ChannelLeftBridge", channel, bridge=bridge.view())

    def destroy(self, bridge: Bridge) -> None:
        """Let a bridge be gone."""
        self.tapes.end_all(bridge)
        self.played_to_all(bridge, "failed")
        for channel in list(bridge.channels):
            self.leave(channel)
        self.bridges.pop(bridge.id, None)
        self.ami("BridgeDestroy", more=bridge.values())
        self.ari("BridgeDestroyed", bridge=bridge.view())

    # Phones.

    def pause(self, device: str, *, on: bool, reason: str) -> None:
        """Take a phone out of its queues for a while, or back; said once for each queue."""
        self.phones[device].paused = on
        for queue, members in self.queues.items():
            if device in members:
                told = {"Interface": device, "StateInterface": device, "Paused": str(int(on)), "PausedReason": reason}
                self.ami("QueueMemberPause", more={"Queue": queue, **told})

    def ring(self, phone: Phone, linkedid: str, channel_id: str = "", trunk: str = "", **rest: Any) -> Channel:
        """Let a phone ring (one outside by a trunk): a new channel whose `verdict` says how it ends."""
        number = "<unknown>" if trunk else phone.device.partition("/")[2]
        leg = self.channel(
            trunk or phone.device,
            channel_id=channel_id,
            linkedid=linkedid,
            number=number,
            caller_name=number,
            context="internal",
            app="AppDial2",
            app_data="(Outgoing Line)",
            **rest,
        )
        self.decide(phone, leg)
        return leg

    def decide(self, phone: Phone, leg: Channel) -> None:
        """Let a phone decide what becomes of a leg that is to ring it."""
        leg.verdict = asyncio.get_running_loop().create_future()
        if phone.busy or phone.in_use:
            leg.verdict.set_result("busy")
        elif phone.unknown:
            leg.verdict.set_result("unknown")
        elif phone.reject:
            leg.verdict.set_result("reject")
        else:
            phone.leg = leg
            if phone.on_ring is not None:
                asyncio.get_running_loop().call_soon(phone.on_ring, leg)
            if phone.answer_after is not None:
                self.spawn(self._answer_later(phone, leg, phone.answer_after))

    async def _answer_later(self, phone: Phone, leg: Channel, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if phone.leg is leg:
            phone.answer()

    async def verdict(self, leg: Channel, seconds: float) -> str:
        """Wait until a phone has decided: answer | busy | reject | cancel | timeout."""
        if leg.verdict is None:
            return "cancel"
        try:
            return await asyncio.wait_for(asyncio.shield(leg.verdict), seconds)
        except TimeoutError:
            return "timeout"

    # An application's call to a phone (POST /channels).

    def originate(self, phone: Phone, channel_id: str, originator: str, args: list[str], timeout: float) -> Channel:
        """Ring a phone for the application."""
        caller = self.channels.get(originator)
        leg = self.ring(phone, caller.linkedid if caller else "", channel_id, subscribed=True)
        if caller is not None:
            leg.connected_number, leg.connected_name = caller.number, caller.caller_name
        self.ami("DialBegin originate", None, leg, DialString=phone.device.partition("/")[2])
        self.ari("Dial", leg, dialstatus="", dialstring=phone.device.partition("/")[2])
        self.spawn(self._originated(phone, leg, args, timeout))
        return leg

    async def _originated(self, phone: Phone, leg: Channel, args: list[str], seconds: float) -> None:
        if phone.leg is leg:
            self.set_state(leg, "Ringing")
            self.ari("Dial", leg, dialstatus="RINGING")
        verdict = await self.verdict(leg, seconds)
        if leg.gone:
            return
        if verdict != "answer":
            self.not_reached(leg, verdict)
            return
        self.set_state(leg, "Up")
        self.ari("Dial", leg, dialstatus="ANSWER")
        leg.app, leg.app_data, leg.in_stasis = "Stasis", ",".join([self.app, *args]), True
        self.ari("StasisStart", leg, "StasisStart agent", args=args)

    def not_reached(self, leg: Channel, verdict: str) -> None:
        """Let a leg be gone that was not answered."""
        status, cause = {
            "busy": ("BUSY", 17),
            "reject": ("NOANSWER", 21),
            "unknown": ("NOANSWER", 1),
        }.get(verdict, ("NOANSWER", 19))
        self.ari("ChannelHangupRequest", leg, "ChannelHangupRequest cause", cause=cause)
        self.ari("Dial", leg, dialstatus=status)
        self.remove(leg, cause)

    # The PBX's own queue.

    async def _queue(self, customer: Caller, queue: str) -> None:
        channel = customer.channel
        if channel.gone:
            return
        channel.app, channel.app_data = "Queue", f"{queue},tk,,,60"
        self.set_state(channel, "Up")
        line = self.waiting.setdefault(queue, [])
        line.append(customer)
        customer.waits_since = asyncio.get_running_loop().time()
        channel.music = True
        self.ami("QueueCallerJoin", channel, Queue=queue, Position=str(len(line)), Count=str(len(line)))
        channel.on_gone = partial(self._abandon, customer, queue)
        while not channel.gone:
            for device in self.queues.get(queue, ()):
                phone = self.phones.get(device)
                if phone is None or not phone.takes or channel.gone:
                    continue
                leg = await self._ring_member(customer, queue, phone)
                if leg is not None:
                    self._leave_queue(customer, queue)
                    self._talk(customer, queue, phone, leg)
                    return
            await asyncio.sleep(RETRY_S)

    def _leave_queue(self, customer: Caller, queue: str) -> None:
        line = self.waiting[queue]
        line.remove(customer)
        self.ami("QueueCallerLeave", customer.channel, Queue=queue, Position="1", Count=str(len(line)))

    def _abandon(self, customer: Caller, queue: str) -> None:
        """The caller hangs up while waiting: the ring is cancelled first."""
        channel, leg = customer.channel, customer.rings
        if leg is not None:
            self.ami("DialEnd", channel, leg, DialStatus="CANCEL")
            self.ami("DialEnd", channel, leg, DialStatus="CANCEL")
        held = self._seconds_since(customer.waits_since)
        self.ami("QueueCallerAbandon", channel, Queue=queue, Position="1", OriginalPosition="1", HoldTime=held)
        if leg is not None:
            self.remove(leg, 0)
        self._leave_queue(customer, queue)
        self.ami("SoftHangupRequest", channel, Cause="16")

    def _seconds_since(self, moment: float) -> str:
        return str(round(asyncio.get_running_loop().time() - moment))

    async def _ring_member(self, customer: Caller, queue: str, phone: Phone) -> Channel | None:
        channel, member = customer.channel, {"Queue": queue, "Interface": phone.device, "MemberName": phone.device}
        leg = customer.rings = self.ring(phone, channel.linkedid)
        leg.connected_number, leg.connected_name = channel.number, channel.caller_name
        self.ami("AgentCalled", channel, leg, more=member)
        self.ami("DialBegin", channel, leg, DialString=phone.device)
        if phone.leg is leg:
            self.set_state(leg, "Ringing")
            self.ami("DialState", channel, leg, DialStatus="RINGING")
        verdict = await self.verdict(leg, RING_S)
        customer.rings = None
        if channel.gone:
            return None
        if verdict == "answer":
            self.set_state(leg, "Up")
            self.ami("DialEnd", channel, leg, DialStatus="ANSWER")
            return leg
        if verdict == "timeout":
            self.ami("AgentRingNoAnswer", channel, leg, more=member, RingTime=str(int(RING_S * 1000)))
            self.ami("DialEnd", channel, leg, DialStatus="NOANSWER")
            self.ami("DialEnd", channel, leg, DialStatus="CANCEL")
        else:
            self.ami("HangupRequest cause", leg, Cause="17" if verdict == "busy" else "21")
            self.ami("DialEnd", channel, leg, DialStatus="BUSY" if verdict == "busy" else "NOANSWER")
            self.ami("AgentRingNoAnswer", channel, leg, more=member, RingTime="0")
        self.remove(leg, {"busy": 17, "reject": 21}.get(verdict, 0))
        return None

    def _talk(self, customer: Caller, queue: str, phone: Phone, leg: Channel) -> None:
        channel, member = customer.channel, {"Queue": queue, "Interface": phone.device, "MemberName": phone.device}
        held, began = self._seconds_since(customer.waits_since), asyncio.get_running_loop().time()
        self.ami("AgentConnect", channel, leg, more=member, HoldTime=held, RingTime="0")
        bridge = self.bridge()
        self.enter(bridge, leg)
        self.enter(bridge, channel)

        def complete(reason: str, other: Channel) -> None:
            channel.on_gone = leg.on_gone = None
            talked = self._seconds_since(began)
            self.ami("AgentComplete", channel, leg, more=member, HoldTime=held, TalkTime=talked, Reason=reason)
            self.leave(channel)
            self.leave(leg)
            self.destroy(bridge)
            self.ami("SoftHangupRequest", channel, Cause="16")
            self.remove(other, 16)

        channel.on_gone = partial(complete, "caller", leg)
        leg.on_gone = partial(complete, "agent", channel)
