"""What a machine that routes calls asks of its client besides orders to the PBX: the same for every PBX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The call is set up: take it in."""

    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Customer and agent are together."""

    call: str
    interaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something for the router."""

    call: str
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """An agent left a customer with the colleague they had consulted."""

    call: str
    interaction: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Show consoles something about a call that is over for us."""

    call: str
    interaction: str
    panel: Mapping[str, Any]
