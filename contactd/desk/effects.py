"""What is to happen after a commit: for consoles (`desk.changes`) and for channels.  The publisher carries it out, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.core import effects as wish
from contactd.core.channel import Change
from contactd.desk.changes import Changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """An agent is offered something; the publisher adds the customer's head before the console shows it."""

    offer: wish.Offer
    offered_at: datetime
    view: Mapping[str, Any]
    party: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellChannel:
    """The channel learns that one of its interactions changed; `connect` when it must bring the two sides together."""

    channel: str
    change: Change
    connect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidByAgent:
    """A live channel shows an agent's committed message to the customer."""

    channel: str
    interaction: str
    message: Mapping[str, Any]


Effect = Changed | Ring | TellChannel | SaidByAgent
"""Anything that follows a commit."""
