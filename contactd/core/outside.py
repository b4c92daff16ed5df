"""What an outside system wrote down itself about the contacts it routed: the second record that ours is held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Became(StrEnum):
    """What became of a contact, as far as both records can tell."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """The customer gave up."""
    LEFT = "left"
    """It left the queue unserved, alive: time-out, nobody there, a key."""
    OPEN = "open"
    """No end is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """One contact of a record."""

    id: str
    """The outside system's own id."""
    line: str
    """Its first queue, by the outside system's name."""
    began: datetime
    became: Became
    agent: str | None = None
    wait_s: int | None = None
    """Until the first answer, or the end."""
    talk_s: int | None = None
    contact: str = ""
    """The interaction, of our own record."""
    evidence: str = ""
    """Of our own record: how its end was found out, where nobody told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideDay:
    """A record of a time."""

    source: str
    """queue_log | cdr | ours"""
    calls: tuple[OutsideCall, ...]
    first: datetime | None = None
    """The first moment the record holds at all; None = nothing."""
    last: datetime | None = None
    unread: int = 0
    """Lines that could not be read."""
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    """Of our own record: when we did not hear the outside system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What an outside system wrote down of one day."""

    adapter: str
    """Under which its contacts are kept here."""
    start: datetime
    end: datetime
    days: tuple[OutsideDay, ...]
    """One for each record there is."""
    missing: tuple[str, ...] = ()
    """Records that are configured and could not be read, with the reason."""
