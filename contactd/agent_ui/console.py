"""One connected console: its place in its stream, and what has still to be sent to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from contactd.agent_ui.session import Command, snapshot
from contactd.agent_ui.strangers import nameless
from contactd.desk.rights import Actor, reached
from contactd.desk.stream import Stream, text
from contactd.desk.views import Views

BATCH = 64
"""Events taken for sending at a time."""
ANSWERS = 256
"""Answers that may wait for a console."""
ANSWERS_SIZE = 4 * 1024 * 1024
"""Characters of answers that may wait for a console."""
ORDERS = 64
"""Commands of one console that may wait; more are not read from its socket."""
TRY_AGAIN = 1013
"""Close code: come back and resume."""


class Console:
    """One connected console: its place in its stream, and the answers it waits for."""

    __slots__ = (
        "_epoch",
        "_seq",
        "_size",
        "actor",
        "answers",
        "closing",
        "hang_up",
        "opened",
        "orders",
        "sending",
        "stream",
        "views",
        "wake",
        "working",
    )

    def __init__(self, actor: Actor, views: Views) -> None:
        """Begin before the hello: there is nothing to send yet."""
        self.actor = actor
        self.opened: Mapping[str, int] = {}
        """Record of a customer → how sure it is who they are, as was looked up last."""
        self.views = views
        self.stream: Stream | None = None
        self.answers: list[str] = []
        self.wake = asyncio.Event()
        self.closing: int | None = None
        """Close code, once it is over."""
        self.hang_up: Callable[[], object] = lambda: None
        """Ends the sending, also when it is stuck."""
        self.sending: float | None = None
        """Since when (monotonic) a send has been going on."""
        self.orders: asyncio.Queue[Command] = asyncio.Queue(ORDERS)
        self.working: asyncio.Task[None] | None = None
        self._epoch = ""
        self._seq = 0
        self._size = 0

    def greet(self, stream: Stream, epoch: str, seq: int) -> None:
        """Follow `stream` from number `seq` of `epoch`; no epoch, or one that is gone, means from a snapshot."""
        self.stream, self._epoch, self._seq = stream, epoch, seq
        self.wake.set()

    def answer(self, frame: str) -> None:
        """Queue a frame for this console alone."""
        self.answers.append(frame)
        self._size += len(frame)
        if len(self.answers) > ANSWERS or self._size > ANSWERS_SIZE:
            self.close(TRY_AGAIN)
        self.wake.set()

    def close(self, code: int) -> None:
        """Let the socket be closed."""
        if self.closing is None:
            self.closing = code
            self.hang_up()

    @property
    def behind(self) -> int:
        """How many events it has not been sent."""
        if self.stream is None or self._epoch != self.stream.epoch:
            return 0
        return self.stream.seq - self._seq

    def take(self) -> list[str]:
        """Return the next frames to send: a snapshot or events, then answers; nothing = all is sent."""
        frames = self._events()
        if len(frames) < BATCH:
            # Answers follow the events of their commit: what is "ok" is already on the screen.
            frames += self.answers
            self.answers, self._size = [], 0
        levels, sight = self.actor.levels, self.actor.sight
        narrow = sight is not None and sight.interaction != "all"
        if levels.asks:
            levels = replace(levels, opened=self.opened)
        if narrow or levels.narrow:
            read = map(json.loads, frames)
            frames = [text(levels.shown(nameless(one, self.actor.id) if narrow else one)) for one in read]
        return frames

    def _events(self) -> list[str]:
        stream = self.stream
        if stream is None:
            return []
        if stream.holds(self._epoch, self._seq):
            frames = stream.after(self._seq, BATCH)
            self._seq += len(frames)
            return frames
        if self._epoch == stream.epoch:
            stream.restart()
        self._epoch, self._seq = stream.epoch, stream.seq
        state = self.views.snapshot(stream)
        state["me"] = {**state["me"], "rights": reached(self.actor)}
        return [snapshot(stream.epoch, stream.seq, state)]
