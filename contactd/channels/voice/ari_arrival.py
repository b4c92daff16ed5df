"""A routed call as something that came in: what is stored of it first, and what places it in line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contactd.channels.voice.ari_table import RoutedCall
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content

ADAPTER = "ari"


def arrival(channel: str, call: RoutedCall, now: datetime) -> Arrival:
    """Return a call in the form in which it is stored first."""
    return Arrival(
        channel=channel,
        adapter=ADAPTER,
        external_key=call.id,
        raw=json.dumps(_shown(call), ensure_ascii=False).encode(),
        at=now,
        sender=(call.caller or "") if call.shown else "",
        recipient=call.dialled,
        line=call.line or None,
        direction="inbound",
        routed_by="contactd",
    )


def content(call: RoutedCall, numbers: Numbers) -> Content:
    """Return what places a call in line: who calls, and what they chose in the menu."""
    shown = call.caller if call.shown else None
    return Content(
        sender=numbers.point(shown) if shown else None,
        sender_name=call.caller_name if call.shown else "",
        subject=" · ".join(call.path)[:200],
        language=call.language or None,
        way=tuple(call.way),
    )


def _shown(call: RoutedCall) -> Mapping[str, Any]:
    """Return the channel as the PBX described it, without the caller when the number is withheld."""
    if call.shown:
        return call.channel
    return {key: value for key, value in call.channel.items() if key not in ("caller", "connected", "channelvars")}
