"""What a channel tells of the recordings it lets an outside system make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a channel tells of a recording it lets an outside system make; told twice, it changes nothing."""

    name: str
    """What the outside system calls it: the same name is the same recording."""
    interaction: str
    at: datetime
    state: str
    """begun (before it is asked for) | running (also: again after a pause) | paused | ended | lost (there is no sound)"""
    agent: str = ""
    """With `begun`: who is heard; with `paused`: who paused it, empty when it was no person."""
    reason: str = ""
    """With `paused`: why."""
    consent: str = ""
    """given | empty: nobody was asked."""
    notice_at: datetime | None = None
    """When the customer had heard to the end that the call is recorded."""
