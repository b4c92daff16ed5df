"""Who follows what: the streams of all consoles, whose they are, who oversees the floor, who watches an interaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from contactd.desk.floor import OVERSEERS
from contactd.desk.stream import Stream, encode

KEEP_CUT = timedelta(minutes=2)
"""How long the stream of a console that was cut off waits for it."""
CUT_PER_AGENT = 4
"""Streams of cut consoles that are kept per agent."""
WATCHED = 20
"""Interactions one console may watch."""


class Audience:
    """Every stream, found by what it must hear."""

    def __init__(self) -> None:
        self.overseers: dict[str, Stream] = {}
        """Streams of supervisors, by key."""
        self.listeners: list[Callable[[list[Stream]], None]] = []
        """Called with the streams that have something new (or with none, when only a flush is due)."""
        self._streams: dict[str, Stream] = {}
        self._of: dict[str, dict[str, Stream]] = {}
        self._watchers: dict[str, dict[str, Stream]] = {}
        self._touched: dict[str, Stream] = {}
        self._cut: dict[str, Stream] = {}

    def add(self, key: str, agent: str, role: str) -> Stream:
        """Begin a stream for a console of `agent`; `key` must be hard to guess."""
        stream = Stream(key, agent, supervisor=role in OVERSEERS)
        self._streams[key] = stream
        self._of.setdefault(agent, {})[key] = stream
        if stream.supervisor:
            self.overseers[key] = stream
        return stream

    def find(self, epoch: str, agent: str) -> Stream | None:
        """Return the stream that is, or once was, named `epoch`, if it is this agent's."""
        stream = self._streams.get(epoch.partition(".")[0])
        return stream if stream is not None and stream.agent == agent else None

    def of(self, agent: str | None) -> dict[str, Stream]:
        """Return an agent's streams by key."""
        return self._of.get(agent, {}) if agent is not None else {}

    def everyone(self) -> list[Stream]:
        """Return all streams."""
        return list(self._streams.values())

    def agents_only(self) -> list[Stream]:
        """Return the streams that see no floor."""
        return [stream for stream in self._streams.values() if not stream.supervisor]

    def watchers(self, interaction: str) -> dict[str, Stream]:
        """Return the streams that watch an interaction, by key."""
        return self._watchers.get(interaction, {})

    def watch(self, stream: Stream, interaction: str, *, on: bool) -> bool:
        """Let a console follow one interaction's messages, or no longer; False = it follows too many."""
        if not on:
            stream.watching.discard(interaction)
            watchers = self._watchers.get(interaction, {})
            watchers.pop(stream.key, None)
            if not watchers:
                self._watchers.pop(interaction, None)
            return True
        if interaction not in stream.watching and len(stream.watching) >= WATCHED:
            return False
        stream.watching.add(interaction)
        self._watchers.setdefault(interaction, {})[stream.key] = stream
        return True

    def cut(self, stream: Stream, now: datetime) -> None:
        """Note that a stream's console is gone: it is kept a while, the oldest of too many not at all."""
        stream.cut_at = now
        self._cut[stream.key] = stream
        gone = [one for one in self.of(stream.agent).values() if one.cut_at is not None]
        gone.sort(key=lambda one: one.cut_at or now)
        for one in gone[:-CUT_PER_AGENT]:
            self.drop(one)

    def back(self, stream: Stream) -> None:
        """Note that a stream's console is there again."""
        stream.cut_at = None
        self._cut.pop(stream.key, None)

    def drop(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.pop(stream.key, None)
        self.overseers.pop(stream.key, None)
        self._touched.pop(stream.key, None)
        self._cut.pop(stream.key, None)
        mine = self._of.get(stream.agent, {})
        mine.pop(stream.key, None)
        if not mine:
            self._of.pop(stream.agent, None)
        for interaction in tuple(stream.watching):
            self.watch(stream, interaction, on=False)

    def expire(self, now: datetime) -> None:
        """Drop the streams whose consoles did not come back in time."""
        late = [one for one in self._cut.values() if one.cut_at is not None and now - one.cut_at > KEEP_CUT]
        for stream in late:
            self.drop(stream)

    def restart(self) -> None:
        """Let every stream begin again with a snapshot; they hear of it at the next `tell`."""
        for stream in self._streams.values():
            stream.restart()
        self._touched = dict(self._streams)

    def send(self, streams: Iterable[Stream], event: str, data: Any) -> None:
        """Put one event, encoded once, into several streams."""
        body: str | None = None
        for stream in streams:
            if body is None:
                body = encode(event, data)
            stream.add(body)
            self._touched[stream.key] = stream

    def tell(self, *, stale: bool) -> None:
        """Call the listeners with what was touched, or because a flush is due (`stale`)."""
        if not self._touched and not stale:
            return
        touched, self._touched = list(self._touched.values()), {}
        for listener in self.listeners:
            listener(touched)
