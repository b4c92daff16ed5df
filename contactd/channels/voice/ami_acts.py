"""What agents and supervisors may do with a call that the PBX routes, as manager actions; every value is checked here.

The keys that the PBX's account may not use are not offered: `able` says which are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contactd.channels.voice.ami_ask import Action
from contactd.channels.voice.ari_table import DEVICE
from contactd.channels.voice.options import AmiOptions
from contactd.core.errors import BadRequestError, ConflictError

CHANNEL = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@:+-]{1,64}-[0-9a-f]{8}(;[12])?")
"""A channel's name as Asterisk makes them; what does not look like one is not sent back to it."""
EXTENSION = re.compile(r"[+*#0-9]{1,32}")
_DIGITS = re.compile(r"[0-9*#A-D]{1,32}")
_UNIQUE = re.compile(r"[A-Za-z0-9.-]{1,64}")
_SPY = {"listen": "qES", "whisper": "qwES", "barge": "qBES"}
"""Way of taking part → options of ChanSpy (telephony.md 4.10: proved by what each phone heard)."""

NEEDS = {
    "call.hangup": "Hangup",
    "call.mute": "MuteAudio",
    "call.dtmf": "PlayDTMF",
    "call.transfer": "BlindTransfer",
    "call.record": "MixMonitor",
    "call.supervise": "Originate",
}
"""Key → action the account must be allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The two channels of a call that is talking."""

    customer: str
    agent: str
    uniqueid: str
    """Of the customer's channel."""


def able(commands: frozenset[str], options: AmiOptions) -> list[str]:
    """Return the keys that can be pressed with this account, without `call.`."""
    found = [key for key, action in NEEDS.items() if action in commands]
    return [key.partition(".")[2] for key in found if key != "call.transfer" or options.context]


def actions(
    sides: Sides, name: str, data: Mapping[str, Any], options: AmiOptions, dialled: Callable[[str], str]
) -> list[Action]:
    """Return the actions of a key.

    Args:
        sides: the call.
        name: the key, `call.mute` …
        data: what was said with it; `endpoint` is a colleague's phone.
        options: contexts and folders.
        dialled: checks a number and returns it as it is dialled.

    Raises:
        BadRequestError: there is no such key, or what was said with it cannot be.
        ConflictError: the call's channels cannot be named.
    """
    make = _MAKERS.get(name)
    if make is None:
        message = "the PBX routes this call: use the phone"
        raise BadRequestError(message, code="not_supported")
    if not (CHANNEL.fullmatch(sides.agent) and CHANNEL.fullmatch(sides.customer)):
        message = "nobody is talking on this call"
        raise ConflictError(message, code="bad_state")
    return make(sides, data, options, dialled)


def _hangup(sides: Sides, _data: Mapping[str, Any], _options: AmiOptions, _dialled: Any) -> list[Action]:
    """End the agent's own part, as their phone's key does."""
    return [Action("Hangup", {"Channel": sides.agent, "Cause": "16"})]


def _mute(sides: Sides, data: Mapping[str, Any], _options: AmiOptions, _dialled: Any) -> list[Action]:
    state = "on" if data.get("on", True) else "off"
    return [Action("MuteAudio", {"Channel": sides.agent, "Direction": "in", "State": state})]


def _dtmf(sides: Sides, data: Mapping[str, Any], _options: AmiOptions, _dialled: Any) -> list[Action]:
    digits = str(data.get("digits", ""))
    if not _DIGITS.fullmatch(digits):
        message = "digits must be 0-9, *, # or A-D"
        raise BadRequestError(message, field="digits")
    return [Action("PlayDTMF", {"Channel": sides.customer, "Digit": digit}) for digit in digits]


def _transfer(
    sides: Sides, data: Mapping[str, Any], options: AmiOptions, dialled: Callable[[str], str]
) -> list[Action]:
    """Send the customer on: to a colleague's phone, a line's queue, or a number that may be called.

    Success says nothing: a blind transfer to what is not there drops the caller (telephony.md 1), so only targets that are
    known to be there are named.
    """
    if not options.context:
        message = "no context is configured to which calls could go (channels.voice.ami.context)"
        raise BadRequestError(message, code="not_supported")
    if data.get("endpoint"):
        extension = str(data["endpoint"]).partition("/")[2].partition("@")[0]
    elif data.get("to_line"):
        extension = options.queues.get(str(data["to_line"]), "")
    else:
        extension = dialled(str(data.get("to") or ""))
    if not EXTENSION.fullmatch(extension):
        message = "the PBX knows no number for this"
        raise BadRequestError(message, code="not_a_number", field="to")
    return [Action("BlindTransfer", {"Channel": sides.agent, "Exten": extension, "Context": options.context})]


def _record(sides: Sides, data: Mapping[str, Any], _options: AmiOptions, _dialled: Any) -> list[Action]:
    """Record both sides on the PBX, into its own folder, under the call's id; never with a command to run afterwards."""
    if not data.get("on", True):
        return [Action("StopMixMonitor", {"Channel": sides.customer})]
    if not _UNIQUE.fullmatch(sides.uniqueid):
        message = "this call cannot be named"
        raise ConflictError(message, code="bad_state")
    return [Action("MixMonitor", {"Channel": sides.customer, "File": f"contactd-{sides.uniqueid}.wav"})]


_MAKERS: dict[str, Callable[[Sides, Mapping[str, Any], AmiOptions, Any], list[Action]]] = {
    "call.hangup": _hangup,
    "call.mute": _mute,
    "call.dtmf": _dtmf,
    "call.transfer": _transfer,
    "call.record": _record,
}


def spy(sides: Sides, data: Mapping[str, Any], own_id: str) -> Action:
    """Return the action that lets a supervisor's phone hear a call, speak to its agent, or join it.

    Raises:
        BadRequestError: there is no such way to take part, or the supervisor has no phone.
        ConflictError: nobody is talking.
    """
    mode, phone = str(data.get("mode", "listen")), str(data.get("endpoint", ""))
    if mode not in _SPY:
        message = "mode must be listen, whisper, barge or stop"
        raise BadRequestError(message, field="mode")
    if not DEVICE.fullmatch(phone):
        message = "you have no phone"
        raise BadRequestError(message, code="no_device")
    if not CHANNEL.fullmatch(sides.agent):
        message = "nobody is talking on this call"
        raise ConflictError(message, code="bad_state")
    fields = {
        "Channel": phone,
        "Application": "ChanSpy",
        "Data": f"{sides.agent},{_SPY[mode]}",
        "Async": "true",
        "ChannelId": own_id,
    }
    return Action("Originate", fields)


def hang_up(channel: str) -> Action:
    """Return the action that ends one channel."""
    return Action("Hangup", {"Channel": channel, "Cause": "16"})


def originate(device: str, number: str, options: AmiOptions, *, own_id: str, shown: str, ring_s: int) -> Action:
    """Return the action that rings an agent's phone, and when it is answered calls `number` from the context for calls.

    Raises:
        BadRequestError: phone or number cannot be dialled.
    """
    if not DEVICE.fullmatch(device):
        message = "you have no phone"
        raise BadRequestError(message, code="no_device")
    if not EXTENSION.fullmatch(number):
        message = "this is no telephone number"
        raise BadRequestError(message, code="not_a_number", field="to")
    fields = {
        "Channel": device,
        "Context": options.context,
        "Exten": number,
        "Priority": "1",
        "Async": "true",
        "Timeout": str(ring_s * 1000),
        "CallerID": number,
        "ChannelId": own_id,
        "Variable": f"__CONTACTD_SHOWN={re.sub(r'[^+0-9]', '', shown)}",
    }
    return Action("Originate", fields)


def pause(device: str, *, on: bool, reason: str) -> Action:
    """Return the action that takes a queue member out of all its queues for a while, or back."""
    fields = {"Interface": device, "Paused": "true" if on else "false"}
    return Action("QueuePause", fields | ({"Reason": plain(reason)} if on and reason else {}))


def member(device: str, queue: str, name: str, *, on: bool) -> Action:
    """Return the action that makes a phone a member of a queue, or no longer."""
    if not on:
        return Action("QueueRemove", {"Queue": queue, "Interface": device})
    return Action("QueueAdd", {"Queue": queue, "Interface": device, "MemberName": plain(name) or device})


def plain(text: str) -> str:
    """Return words of people without what could end a line or split a value."""
    return re.sub(r"[\x00-\x1f\x7f,;|&\"<>]", " ", text)[:60].strip()
