"""One console's numbered events: what was sent, kept so that a console that was cut off can go on where it stopped."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime
from itertools import islice
from typing import Any

KEPT = 2000
"""Events kept per stream, at most."""
KEPT_BYTES = 4 * 1024 * 1024
"""Characters of events kept per stream, at most: a few very long messages push older events out."""
FIRST = 1
"""Number of the snapshot a stream begins with."""


def encode(event: str, data: Any) -> str:
    """Encode an event's body once; `frame` puts each console's own number in front."""
    return f'"event":"{event}","data":{text(data)}}}'


def frame(seq: int, body: str) -> str:
    """Return the whole frame of a body made by `encode`."""
    return f'{{"type":"event","seq":{seq},{body}'


def text(value: Any) -> str:
    """Return JSON that any socket can carry: readable text, escaped only where a lone surrogate would not encode."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        plain.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return plain


class Stream:
    """The events of one console, numbered from 1 (the snapshot) without a gap.

    The bodies are shared between streams; a stream holds references.  It is also the console's only send buffer:
    whoever sends keeps the number it has reached and asks `after`.
    """

    __slots__ = ("_begun", "_bodies", "_size", "agent", "cut_at", "key", "seq", "supervisor", "watching")

    def __init__(self, key: str, agent: str, *, supervisor: bool) -> None:
        """Begin a stream with a `key` of its own for `agent`; a `supervisor` sees the floor."""
        self.key = key
        self.agent = agent
        self.supervisor = supervisor
        self.seq = FIRST
        self.cut_at: datetime | None = None
        self.watching: set[str] = set()
        self._begun = 0
        self._bodies: deque[str] = deque()
        self._size = 0

    @property
    def epoch(self) -> str:
        """Name the present count: numbers of another epoch mean nothing here."""
        return f"{self.key}.{self._begun}"

    def add(self, body: str) -> None:
        """Number and keep an event."""
        self.seq += 1
        self._bodies.append(body)
        self._size += len(body)
        while len(self._bodies) > KEPT or (self._size > KEPT_BYTES and len(self._bodies) > 1):
            self._size -= len(self._bodies.popleft())

    def restart(self) -> None:
        """Forget the past: the count begins anew under another epoch, with a snapshot."""
        self._begun += 1
        self.seq = FIRST
        self._bodies.clear()
        self._size = 0

    def holds(self, epoch: str, seq: int) -> bool:
        """Tell whether everything after number `seq` of `epoch` is still here."""
        return epoch == self.epoch and self.seq - len(self._bodies) <= seq <= self.seq

    def after(self, seq: int, most: int = KEPT) -> list[str]:
        """Return the frames after number `seq`, oldest first, at most `most`; ask `holds` before."""
        missing = self.seq - seq
        if missing == 1:
            return [frame(self.seq, self._bodies[-1])]
        start = len(self._bodies) - missing
        bodies = islice(self._bodies, start, start + most)
        return [frame(seq + place, body) for place, body in enumerate(bodies, start=1)]
