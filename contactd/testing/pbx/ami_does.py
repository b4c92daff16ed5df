"""What the scripted PBX does when a manager action asks for it: calls, transfers, pauses; the rest is answered by the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from contactd.testing.pbx.parts import Channel, Phone
from contactd.testing.pbx.switch import Switch

Action = Mapping[str, str]
SAID = {
    "hangup": "Channel Hungup",
    "queuepause": "Interface paused successfully",
    "queueadd": "Added interface to queue",
    "queueremove": "Removed interface from queue",
    "originate": "Originate successfully queued",
    "blindtransfer": "Transfer succeeded",
    "setvar": "Variable Set",
    "muteaudio": "Mute successful",
    "playdtmf": "DTMF successfully queued",
    "mixmonitor": "Success",
    "stopmixmonitor": "Success",
}
"""Action → what is said when it is done, as heard from a real one; muteaudio, setvar, playdtmf and mixmonitor as documented."""


class Doer:
    """Does actions."""

    def __init__(self, switch: Switch) -> None:
        """Act on `switch`."""
        self._switch = switch

    def does(self, action: Action) -> Callable[[], None] | None:
        """Return what an action does here; None when it is about nothing this PBX has."""
        name = action.get("Action", "").lower()
        channel = next(
            (each for each in self._switch.channels.values() if each.name == action.get("Channel", "?")), None
        )
        if name in ("hangup", "setvar", "muteaudio", "playdtmf", "mixmonitor", "stopmixmonitor", "blindtransfer"):
            return None if channel is None else partial(getattr(self, f"_{name}"), action, channel)
        phone = self._switch.phones.get(action.get("Channel", "?"))
        if name == "originate":
            return None if phone is None else partial(self._originate, action, phone)
        if name in ("queuepause", "queueadd", "queueremove"):
            known = action.get("Interface", "?") in self._switch.phones
            return partial(getattr(self, f"_{name}"), action) if known else None
        return None

    def _hangup(self, _action: Action, channel: Channel) -> None:
        self._switch.hang_up(channel)

    def _setvar(self, action: Action, channel: Channel) -> None:
        channel.variables[action.get("Variable", "")] = action.get("Value", "")

    def _muteaudio(self, action: Action, channel: Channel) -> None:
        channel.muted = action.get("State") == "on"

    def _playdtmf(self, action: Action, channel: Channel) -> None:
        channel.digits += action.get("Digit", "")

    def _mixmonitor(self, action: Action, channel: Channel) -> None:
        channel.recording = action.get("File", "")

    def _stopmixmonitor(self, _action: Action, channel: Channel) -> None:
        channel.recording = ""

    # Queues.

    def _queuepause(self, action: Action) -> None:
        device, on = action["Interface"], action.get("Paused") == "true"
        self._switch.pause(device, on=on, reason=action.get("Reason", ""))

    def _queueadd(self, action: Action) -> None:
        members = self._switch.queues.setdefault(action["Queue"], [])
        if action["Interface"] not in members:
            members.append(action["Interface"])

    def _queueremove(self, action: Action) -> None:
        members = self._switch.queues.get(action["Queue"], [])
        if action["Interface"] in members:
            members.remove(action["Interface"])

    # Calls.

    def _originate(self, action: Action, phone: Phone) -> None:
        self._switch.spawn(self._originated(action, phone))

    async def _originated(self, action: Action, phone: Phone) -> None:
        switch = self._switch
        leg = switch.ring(phone, "", action.get("ChannelId", ""))
        switch.ami("DialBegin originate", None, leg, DialString=phone.device.partition("/")[2])
        if phone.leg is leg:
            switch.set_state(leg, "Ringing")
        verdict = await switch.verdict(leg, int(action.get("Timeout", "30000")) / 1000)
        answered = verdict == "answer" and not leg.gone
        said = {
            "ActionID": action.get("ActionID", ""),
            "Response": "Success" if answered else "Failure",
            "Reason": "4" if answered else "3",
        }
        switch.ami("OriginateResponse", leg, more=said)
        if not answered:
            switch.remove(leg, 19)
            return
        switch.set_state(leg, "Up")
        if action.get("Application") == "ChanSpy":
            heard = action.get("Data", "").partition(",")[0]
            leg.snoops = next((each for each in switch.channels.values() if each.name == heard), None)
        else:
            await self._call_out(leg, action.get("Exten", ""))

    async def _call_out(self, leg: Channel, number: str) -> None:
        """Call somebody outside for a phone that has answered."""
        switch = self._switch
        phone = switch.phones.get(f"PJSIP/{number}@telco")
        if phone is None:
            switch.remove(leg, 1)
            return
        out = switch.ring(phone, leg.linkedid, trunk="PJSIP/trunk-telco")
        switch.ami("DialBegin", leg, out, DialString=f"{number}@trunk-telco")
        verdict = await switch.verdict(out, 30)
        if leg.gone:
            switch.remove(out, 0)
            return
        if verdict != "answer":
            cause = {"busy": 17, "reject": 21, "unknown": 1}.get(verdict, 19)
            switch.ami("HangupRequest cause", out, Cause=str(cause))
            switch.ami("DialEnd", leg, out, DialStatus="BUSY" if verdict == "busy" else "NOANSWER")
            switch.remove(out, cause)
            switch.remove(leg, cause)
            return
        switch.set_state(out, "Up")
        switch.ami("DialEnd", leg, out, DialStatus="ANSWER")
        self._together(out, leg)

    def _together(self, one: Channel, two: Channel) -> None:
        """Bridge two; when one of them goes, the other is hung up."""
        switch = self._switch
        bridge = switch.bridge()
        switch.enter(bridge, one)
        switch.enter(bridge, two)

        def part(other: Channel) -> None:
            one.on_gone = two.on_gone = None
            switch.destroy(bridge)
            switch.remove(other, 16)

        one.on_gone, two.on_gone = partial(part, two), partial(part, one)

    def _blindtransfer(self, action: Action, channel: Channel) -> None:
        bridge = channel.bridge
        others = [each for each in bridge.channels if each is not channel] if bridge is not None else []
        phone = self._switch.phones.get(f"PJSIP/{action.get('Exten', '')}")
        if bridge is None or not others:
            return
        customer = others[0]
        customer.on_gone = channel.on_gone = None
        self._switch.destroy(bridge)
        self._switch.remove(channel, 16)
        if phone is None:
            self._switch.remove(customer, 16)
        else:
            self._switch.spawn(self._passed_on(customer, phone))

    async def _passed_on(self, customer: Channel, phone: Phone) -> None:
        switch = self._switch
        leg = switch.ring(phone, customer.linkedid)
        switch.ami("DialBegin", customer, leg, DialString=phone.device.partition("/")[2])
        if await switch.verdict(leg, 30) != "answer" or customer.gone:
            switch.remove(leg, 19)
            switch.remove(customer, 19)
            return
        switch.set_state(leg, "Up")
        switch.ami("DialEnd", customer, leg, DialStatus="ANSWER")
        self._together(customer, leg)
