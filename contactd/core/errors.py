"""Errors that cross a layer: each has a stable `code` for programs and a text for people, and never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ContactdError(Exception):
    """An error a caller outside may be told about.

    Attributes:
        code: a stable word a program can act on (`not_found`, `forbidden`, `bad_request` …).
        text: one sentence for a person; never the text of another exception.
        field: the field of the request at fault, where there is one.
        details: further words a program can act on, where there are any.
    """

    code = "error"

    def __init__(
        self,
        text: str,
        *,
        code: str | None = None,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep `text` for people, and optionally a narrower `code`, the `field` at fault and `details`."""
        super().__init__(text)
        self.text = text
        self.field = field
        self.details = dict(details or {})
        if code is not None:
            self.code = code


class NotFoundError(ContactdError):
    """What was asked for does not exist, or the asker may not know that it does."""

    code = "not_found"


class ForbiddenError(ContactdError):
    """The actor may not do this."""

    code = "forbidden"


class BadRequestError(ContactdError):
    """The request itself is wrong; `field` says where."""

    code = "bad_request"


class ConflictError(ContactdError):
    """The request is right but the state has moved on (old lease, changed row, reused key)."""

    code = "conflict"


class BusyError(ContactdError):
    """Too much is waiting: nothing was taken in, try again later."""

    code = "busy"


class StoreDownError(ContactdError):
    """The store cannot commit now: nothing was taken in, try again later."""

    code = "store_down"


class ConfigError(ContactdError):
    """The configuration is wrong; `field` is the path of the key."""

    code = "config"


class WorkerDiedError(ContactdError):
    """A worker process died on a task (memory, crash, kill); the task had no result, its neighbours are unharmed."""

    code = "worker_died"


class WorkersClosedError(WorkerDiedError):
    """The server is stopping: the task was not done, and nothing is known against it."""

    code = "workers_closed"


class WorkerTimeoutError(WorkerDiedError):
    """A task took longer than a worker may take; its process was ended."""

    code = "worker_timeout"
