"""Structured logs on standard error: one line per event, the interaction it is about, never a secret or a body.

Code logs event words and ids (`log.info("mail.accepted", receipt=…)`).  Whatever else gets in is cut here: values under
telling keys, and every secret of the settings wherever it stands, also inside a traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

HIDDEN = "***"
HIDDEN_KEYS = frozenset({"text", "html", "body", "raw", "payload", "authorization", "cookie", "snippet", "subject"})
"""Keys whose value is somebody's words or a proof of identity, whole or as the last word of a key (`body_text`)."""
SECRET_WORDS = ("password", "passwd", "secret", "token", "api_key")
MIN_SECRET = 4
"""Shorter secrets are not searched for in other texts: they would hide half of every line."""
MAX_TEXT = 2000
"""Longer values are cut: a log line is not an archive."""

QUIET = {
    "asyncio": logging.WARNING,
    "mail.log": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "websockets": logging.WARNING,
    "PIL": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Libraries that log addresses, urls or bodies when they talk freely."""


class Filter:
    """Takes out of an event what must not be written down."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Keep the `secrets` to be blotted out, longest first, so that none hides behind a shorter one."""
        self._secrets = sorted((text for text in secrets if len(text) >= MIN_SECRET), key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Clean an event's values; a structlog processor."""
        return {key: self._clean(key, value) for key, value in event.items()}

    def line(self, _logger: Any, _method: str, rendered: Any) -> str:
        """Blot secrets out of a finished line, tracebacks included; the last structlog processor."""
        return self._blot(str(rendered))

    def _clean(self, key: str, value: Any) -> Any:
        """Return `value` as it may be written under `key`."""
        if _hidden(key):
            return HIDDEN if value not in (None, "") else value
        if isinstance(value, Mapping):
            return {str(inner): self._clean(str(inner), item) for inner, item in value.items()}
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean("", item) for item in value]
        if isinstance(value, str) and key not in {"exception", "stack"}:
            return self._blot(value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}… ({len(value)})")
        return value

    def _blot(self, text: str) -> str:
        """Replace every known secret inside `text`."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text


def _hidden(key: str) -> bool:
    """Tell whether a value under `key` must not be shown."""
    word = key.lower()
    return word in HIDDEN_KEYS or word.rpartition("_")[2] in HIDDEN_KEYS or any(part in word for part in SECRET_WORDS)


@contextmanager
def about(interaction: str) -> Iterator[None]:
    """Put `interaction` on every log line written inside the block, across awaits and by other modules."""
    with structlog.contextvars.bound_contextvars(interaction=interaction):
        yield


def configure(
    *,
    level: str = "info",
    form: str = "auto",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set up structlog and the standard library's logging, both to the same lines.

    Args:
        level: debug | info | warning | error.
        form: json | console | auto (console on a terminal).
        secrets: values that must never appear (`Settings.secrets()`).
        stream: where to write; None = standard error.
    """
    out = stream if stream is not None else sys.stderr
    console = form == "console" or (form == "auto" and out.isatty())
    keep_out = Filter(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        keep_out,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_ending(console=console, colors=console and out.isatty()),
            keep_out.line,
        ],
    )
    _take_over(formatter, out, level)


def _ending(*, console: bool, colors: bool) -> list[Any]:
    """Return the processors that make a line of an event."""
    if console:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]


def _take_over(formatter: logging.Formatter, out: TextIO, level: str) -> None:
    """Make `formatter` the only voice of the standard library's loggers."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
