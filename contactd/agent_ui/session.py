"""What a console's frames mean, without any socket: texts in, acts out; and the results that make commands idempotent.

Total: any text gives exactly one act, and a bad one is an answer, never an exception.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contactd.agent_ui.wire import LARGE, Hello, Order, Resume, check, fit
from contactd.core.errors import BadRequestError, ContactdError
from contactd.desk.stream import text as encoded

FRAME_LIMIT = 64 * 1024
"""Bytes of an ordinary frame."""
LARGE_LIMIT = 1024 * 1024
"""Bytes of a frame that carries a message."""
REMEMBERED = 500
"""Results kept per agent."""
REMEMBERED_SIZE = 1024 * 1024
"""Characters of results kept per agent."""
REMEMBER_FOR = timedelta(minutes=10)
GLOBAL_ID = 20
"""A command id of at least this many characters is taken as unique beyond one console: a page that was reloaded may
repeat it.  Shorter ids (`a1`) mean something only within one console."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Hello: begin, or go on from `resume`."""

    resume: Resume | None


@dataclass(frozen=True, slots=True)
class Command:
    """A command whose shape is right."""

    id: str
    name: str
    data: dict[str, Any]
    digest: bytes
    """Of name and data: the same id with other content is a mistake of the caller."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came was wrong: send this frame."""

    frame: str


Act = Greeting | Command | Beat | Answer


def read(text: str | None) -> Act:
    """Say what a frame means; None stands for a frame that was not text."""
    frame: Any = None
    try:
        frame = _parse(text)
        return _act(frame.get("type"), frame)
    except ContactdError as error:
        return Answer(failure(_id_of(frame), error))


def _parse(text: str | None) -> dict[str, Any]:
    """Return a frame's object.

    Raises:
        BadRequestError: it is too large (`too_large`) or no JSON object (`bad_frame`).
    """
    if text is None:
        message = "Frames are JSON text."
        raise BadRequestError(message, code="bad_frame")
    size = len(text.encode(errors="replace"))
    try:
        frame = json.loads(text, parse_constant=_no_constant) if size <= LARGE_LIMIT else {}
    except (ValueError, RecursionError):
        message = "The frame is not JSON."
        raise BadRequestError(message, code="bad_frame") from None
    if not isinstance(frame, dict):
        message = "A frame is a JSON object."
        raise BadRequestError(message, code="bad_frame")
    if size > LARGE_LIMIT or (size > FRAME_LIMIT and not _is_large(frame)):
        message = "The frame is too large."
        raise BadRequestError(message, code="too_large")
    return frame


def _act(kind: Any, frame: dict[str, Any]) -> Act:
    if kind == "heartbeat":
        return Beat()
    if kind == "hello":
        return Greeting(fit(Hello, frame).resume)
    if kind == "command":
        order = fit(Order, frame)
        data = check(order.command, order.data)
        whole = json.dumps([order.command, data], sort_keys=True)
        return Command(order.id, order.command, data, hashlib.sha256(whole.encode()).digest())
    message = "There is no such frame."
    raise BadRequestError(message, code="unknown_frame", field="type")


def _is_large(frame: Mapping[str, Any]) -> bool:
    command = frame.get("command")
    return frame.get("type") == "command" and isinstance(command, str) and command in LARGE


def _no_constant(_: str) -> Any:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError


def _id_of(frame: Any) -> str | None:
    """Return the id of a command frame if it is one that can be answered to."""
    if not isinstance(frame, dict) or frame.get("type") != "command":
        return None
    try:
        return fit(Order, {"id": frame.get("id"), "command": "-"}).id
    except BadRequestError:
        return None


def success(ident: str, data: Mapping[str, Any]) -> str:
    """Return the result frame of a command that was done."""
    return encoded({"type": "result", "id": ident, "ok": True, "data": data})


def failure(ident: str | None, error: ContactdError) -> str:
    """Return the result frame of a command that was not done; without a usable id, an error frame."""
    words: dict[str, Any] = {"code": error.code, "text": error.text, "field": error.field}
    if error.details:
        words["details"] = error.details
    if ident is None:
        return encoded({"type": "error", "error": words})
    return encoded({"type": "result", "id": ident, "ok": False, "error": words})


def snapshot(epoch: str, seq: int, state: Mapping[str, Any]) -> str:
    """Return the frame a console begins with."""
    return encoded({"type": "snapshot", "epoch": epoch, "seq": seq, "state": state})


class Results:
    """The results of one agent's commands, so that a repeated id is answered and not carried out again."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[bytes, str | None, datetime]] = OrderedDict()
        self._size = 0

    def begin(self, console: str, command: Command, now: datetime) -> str | None:
        """Note that a command is taken up.

        Returns:
            None: it is new, carry it out.  A frame: it was done before, this is its result.  An empty text: it is being
            carried out, its result will come.

        Raises:
            BadRequestError: the id was used for another command.
        """
        self._forget(now)
        key = _scope(console, command.id)
        known = self._known.get(key)
        if known is None:
            self._known[key] = (command.digest, None, now)
            return None
        digest, frame, _ = known
        if digest != command.digest:
            message = "This id was used for another command."
            raise BadRequestError(message, code="id_reused", field="id")
        return frame or ""

    def finish(self, console: str, command: Command, frame: str | None, now: datetime) -> None:
        """Keep a result; None = nothing was done and it may be tried again under the same id."""
        key = _scope(console, command.id)
        self._known.pop(key, None)
        if frame is not None:
            self._known[key] = (command.digest, frame, now)
            self._size += len(frame)

    def _forget(self, now: datetime) -> None:
        """Let go of the oldest results; what is being carried out stays."""
        for key, (_, frame, at) in tuple(self._known.items()):
            if frame is None:
                continue
            if len(self._known) <= REMEMBERED and self._size <= REMEMBERED_SIZE and now - at <= REMEMBER_FOR:
                break
            self._size -= len(frame)
            del self._known[key]


def _scope(console: str, ident: str) -> tuple[str, str]:
    """Return the key of a command id: within its console, or beyond it when the id is long enough to be unique."""
    return ("" if len(ident) >= GLOBAL_ID else console, ident)
