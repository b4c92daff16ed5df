"""Who else may be on a call: somebody an agent consults, and supervisors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ThirdStage(StrEnum):
    """How far somebody has come whom an agent asked to join a call."""

    RINGING = "ringing"
    TALKING = "talking"
    """With the agent alone; the customer hears music."""
    JOINED = "joined"
    """With both."""
    GONE = "gone"


@dataclass(slots=True, kw_only=True)
class Third:
    """Somebody an agent consults while a customer waits."""

    leg: str
    endpoint: str
    """Where they are reached; of a colleague the device."""
    name: str = ""
    number: str = ""
    """Of somebody outside."""
    agent: str | None = None
    stage: ThirdStage = ThirdStage.RINGING


@dataclass(slots=True, kw_only=True)
class Spy:
    """One supervisor on one call."""

    agent: str
    leg: str
    mode: str
    up: bool = False
    """Their phone was answered."""
    bridge: str = ""
    snoop: str = ""
