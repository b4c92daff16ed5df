"""Legs of the scripted PBX that are made first and dialled later, and consultations that people key on their phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.testing.pbx import templates
from contactd.testing.pbx.parts import Channel, Phone

if TYPE_CHECKING:
    from contactd.testing.pbx.switch import Switch


def create(switch: Switch, phone: Phone, channel_id: str, originator: str, args: list[str]) -> Channel:
    """Make a leg that is in the application, and rings nowhere yet (POST /channels/create)."""
    caller = switch.channels.get(originator)
    number = phone.device.partition("/")[2]
    leg = switch.channel(
        phone.device,
        channel_id=channel_id,
        linkedid=caller.linkedid if caller else "",
        number=number,
        caller_name=number,
        subscribed=True,
    )
    leg.app, leg.app_data, leg.in_stasis = "Stasis", ",".join([switch.app, *args]), True
    switch.ari("StasisStart", leg, "StasisStart agent", args=args)
    return leg


def dial(switch: Switch, leg: Channel, seconds: float) -> None:
    """Let a leg that was made before ring (POST /channels/{id}/dial)."""
    device = leg.name.rpartition("-")[0]
    phone = switch.phones[device]
    switch.ari("Dial", leg, dialstatus="", dialstring=device.partition("/")[2])
    switch.decide(phone, leg)
    switch.spawn(_dialled(switch, phone, leg, seconds))


async def _dialled(switch: Switch, phone: Phone, leg: Channel, seconds: float) -> None:
    if phone.leg is leg:
        switch.ari("Dial", leg, dialstatus="RINGING")
        switch.set_state(leg, "Ringing")
    verdict = await switch.verdict(leg, seconds)
    if leg.gone:
        return
    if verdict == "answer":
        switch.set_state(leg, "Up")
        switch.ari("Dial", leg, dialstatus="ANSWER")
    else:
        switch.not_reached(leg, verdict)


# Consultations keyed on a phone: a call of the dialplan's.


def consult(phone: Phone, colleague: Phone) -> tuple[Channel, Channel]:
    """Let a phone call a colleague's beside its own call; return (the phone's second leg, the colleague's)."""
    switch = phone.switch
    first = phone.leg
    second = switch.channel(phone.device, state="Up", context="internal")
    asked = switch.ring(colleague, second.linkedid)
    colleague.answer()
    asked.state = "Up"
    bridge = switch.bridge()
    switch.enter(bridge, second)
    switch.enter(bridge, asked)

    def partner_gone() -> None:
        """Do what the dialplan does with who was called: hand them on (F), or hang them up."""
        switch.destroy(bridge)
        if not switch.hands_on or asked.gone:
            switch.remove(asked, 16)
            return
        asked.app, asked.app_data, asked.in_stasis = "Stasis", f"{switch.app},stays", True
        switch.ari("StasisStart", asked, "StasisStart agent", args=["stays"])

    second.on_gone = partner_gone
    if first is not None:
        first.on_gone = lambda: switch.remove(second, 16)
    return second, asked


def refer_attended(phone: Phone, second: Channel, asked: Channel) -> None:
    """Key that both calls are to be joined; that form is after Asterisk's documentation."""
    leg, switch = phone.leg, phone.switch
    if leg is None or leg.bridge is None or second.bridge is None:
        return
    by = templates.ari_event("ChannelTransfer")["referred_by"]
    other = next((each for each in leg.bridge.channels if each is not leg), leg)
    by |= {"source_channel": leg.view(), "connected_channel": other.view(), "bridge": leg.bridge.view()}
    to = {
        "requested_destination": {"destination": ""},
        "destination_channel": second.view(),
        "connected_channel": asked.view(),
        "bridge": second.bridge.view(),
    }
    switch.ari("ChannelTransfer", leg, refer_to=to, referred_by=by)
