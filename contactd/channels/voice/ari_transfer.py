"""Transfers keyed on an agent's phone, as the PBX tells them (telephony.md section 4, step 9).

We ask the PBX to leave them to us (`HANDLING`): then a phone's REFER is only a wish (`ChannelTransfer`), which we carry out and
answer.  A PBX that does not know of that does it behind our back; then it tells afterwards who stands in the agent's place.

A phone that has asked somebody first (attended REFER) stands in two bridges, and only one of them is ours: who was asked gets the
call through the house like anybody it is given to (how without a second ring: `ari_give`); an outside number is dialled again by
the dialplan.  That form of `ChannelTransfer` is after Asterisk's documentation: no recording has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contactd.channels.voice.legs import is_outside
from contactd.core.interaction import EndedBy

HANDLING = {"variable": "PJSIP_TRANSFER_HANDLING()", "value": "ari-only"}
"""Set on an agent's leg: its REFER comes to us and is not carried out by the PBX."""
NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
"""What may be dialled for a phone: nothing that a dial string gives a meaning."""
_CHANNEL = re.compile(r"-[0-9a-f]{8}\Z")
"""What a channel's name has more than its device's: `PJSIP/1002-0000001f`."""
_CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,79}")


class Given(StrEnum):
    """What became of a phone's wish to give its call to somebody."""

    GIVEN = "given"
    """A colleague gets it, or a line has it again."""
    REFUSED = "refused"
    """They cannot take it now: it stays where it is."""
    UNKNOWN = "unknown"
    """The number is nobody's of ours: the PBX must dial it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An agent's phone wants its call to go to a number."""

    leg: str
    number: str
    """Empty when it is none we may dial; of a consultation the number of who is asked."""
    context: str
    """Of the dialplan: where the number is dialled as that phone would."""
    device: str = ""
    """Of a consultation the phone wants to join with its call: the phone of who is asked."""
    asked: str = ""
    """Its channel, in a call of the dialplan's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The PBX has given an agent's call away by itself."""

    leg: str
    replaced_by: str
    """The channel that stands in the agent's place in our bridge; empty when there is none."""
    number: str


def wish(event: Mapping[str, Any]) -> Wish | None:
    """Read `ChannelTransfer`; None when it only repeats how far we have come with it."""
    by, to = _table(event.get("referred_by")), _table(event.get("refer_to"))
    source = _table(by.get("source_channel"))
    if event.get("state") or not source.get("id"):
        return None
    number = str(_table(to.get("requested_destination")).get("destination", ""))
    alone = not (to.get("destination_channel") or to.get("connected_channel") or to.get("bridge"))
    asked = _table(to.get("connected_channel"))
    device = "" if alone else _CHANNEL.sub("", str(asked.get("name", "")))
    if device:
        number = str(_table(asked.get("caller")).get("number", ""))
    context = str(_table(source.get("dialplan")).get("context", ""))
    return Wish(
        leg=str(source["id"]),
        number=number if (alone or device) and NUMBER.fullmatch(number) else "",
        context=context if _CONTEXT.fullmatch(context) else "",
        device=device,
        asked=str(asked.get("id", "")) if device else "",
    )


def done(event: Mapping[str, Any]) -> Done | None:
    """Read `BridgeBlindTransfer` and `BridgeAttendedTransfer`; None when it failed."""
    if event.get("result") != "Success":
        return None
    if event.get("type") == "BridgeBlindTransfer":
        leg, number = _table(event.get("channel")), str(event.get("exten", ""))
    else:
        leg = _table(event.get("transferer_first_leg"))
        number = str(_table(_table(event.get("transfer_target")).get("caller")).get("number", ""))
    return Done(leg=str(leg.get("id", "")), replaced_by=_replacing(event), number=number)


def ended_by(number: str) -> EndedBy:
    """Say who ended a contact that was given on to a number: `transfer` only when it left for an outside one."""
    return EndedBy.TRANSFER if is_outside(number) else EndedBy.AGENT


def _replacing(event: Mapping[str, Any]) -> str:
    return str(_table(event.get("replace_channel")).get("id", ""))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
