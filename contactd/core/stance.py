"""What an agent has chosen, as a channel's outside system has to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What an agent has chosen, for a channel whose outside system has to know it too."""

    agent: str
    name: str
    device: str
    """Their phone."""
    intent: str
    """ready | not_ready | logged_out; what was chosen during a contact counts at once."""
    reason: str | None = None
    lines: tuple[str, ...] = ()
    """`*` = every line."""
