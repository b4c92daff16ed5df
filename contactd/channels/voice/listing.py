"""Lists a PBX gives on request (CoreShowChannels, QueueStatus): the evidence by which a picture is put right."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from contactd.channels.voice.ami import Event

_MAX_OPEN = 64
"""Lists that may be open at once; the oldest is forgotten, as one that never ends must not keep memory."""


@dataclass(slots=True)
class Listing:
    """One list while it is being received."""

    legs: set[str]
    """Uniqueids known when it began: only these can be missing from it."""
    waiting: set[str]
    """Keys of the calls that waited when it began."""
    seen: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)


class Listings:
    """The lists that are open now, by the ActionID they answer."""

    def __init__(self) -> None:
        self._open: dict[str, Listing] = {}
        self._expected: set[str] | None = None

    def expect(self, action_id: str) -> None:
        """From now on believe only lists of expected actions."""
        if self._expected is None:
            self._expected = set()
        self._expected.add(action_id)

    def begin(self, action_id: str, legs: set[str], waiting: set[str]) -> None:
        """Open the list that answers an action."""
        if not action_id or (self._expected is not None and action_id not in self._expected):
            return
        while len(self._open) >= _MAX_OPEN:
            del self._open[next(iter(self._open))]
        self._open[action_id] = Listing(legs, waiting)

    def find(self, event: Event) -> Listing | None:
        """Return the open list an event belongs to."""
        return self._open.get(event.get("ActionID"))

    def end(self, event: Event) -> Listing | None:
        """Close and return the list an event ends; None when there is none, or when the PBX broke it off."""
        listing = self._open.pop(event.get("ActionID"), None)
        if self._expected is not None:
            self._expected.discard(event.get("ActionID"))
        return listing if event.get("EventList").lower() == "complete" else None


def duration(text: str) -> timedelta:
    """Read `00:01:30` or whole seconds; nothing else is believed."""
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() and len(part) <= 6 for part in parts):  # noqa: PLR2004 - some days
        return timedelta()
    seconds = 0
    for part in parts[:3]:
        seconds = seconds * 60 + int(part)
    return timedelta(seconds=seconds)


def seconds(text: str) -> int:
    """Read whole seconds; anything else counts as none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - 30 years of seconds
