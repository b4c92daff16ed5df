"""A survey on a call: how far it has come, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from contactd.core.survey import Asked, Question, Reply


@dataclass(slots=True, kw_only=True)
class How:
    """One survey that goes on."""

    asked: Asked
    left: list[Question]
    """The one that is asked now first."""
    tries: int = 0
    """How often it was asked without an answer."""
    given: int = 0
    """Questions that were answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHow:
    """The agent has left: ask the house whether this customer is asked."""

    call: str
    interaction: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HowSaid:
    """A customer has answered one question."""

    call: str
    invite: str
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class HowEnded:
    """A survey is over: answered | refused | hung_up | expired (nothing of it can be asked by voice)."""

    call: str
    invite: str
    became: str
