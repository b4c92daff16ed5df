"""Shadow mode: a draft policy decides beside the running router, with no effect; how often it differs is counted and written down.

The draft lies in the data folder (`contactd policy shadow FILE` puts it there); the running server notices within a second.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import structlog

from contactd.core.errors import BadRequestError, ConfigError, NotFoundError
from contactd.crm_store.policies import digest
from contactd.desk import policies
from contactd.metrics import Metrics
from contactd.routing.policy import Policy
from contactd.routing.shadow import RESULTS, Shadow
from contactd.settings import Settings

LOOK_S = 1.0
WRITE_EVERY = 5
"""The report is written with every so many looks at most."""
FILE, REPORT = "policy-shadow.json", "policy-shadow-report.json"

log = structlog.get_logger(__name__)


class Host(Protocol):
    """A router that lets somebody decide beside it."""

    def stand_by(self, shadow: Shadow | None) -> None:
        """Show every decision to a shadow."""
        ...


class Shadowing:
    """Keeps the shadow beside the router, whichever router that is at the moment."""

    def __init__(self, folder: Path, router: Callable[[], Host | None], metrics: Metrics) -> None:
        """Look for the draft in `folder`."""
        self._file, self._report = folder / FILE, folder / REPORT
        self._router = router
        self._stamp: tuple[int, int] | None = None
        self._host: Host | None = None
        self._beside: Shadow | None = None
        self._written = -1
        self._looks = 0
        self.digest: str | None = None
        self._counts = metrics.gauge("shadow_decisions", "Decisions a draft looked at, by what it had done", "result")

    @property
    def shadow(self) -> Shadow | None:
        """The draft that decides beside; None = there is none."""
        return self._beside

    def as_json(self) -> dict[str, Any]:
        """Return what was counted so far."""
        if self._beside is None:
            return {"on": False}
        return {"on": True, "policy": self.digest, **self._beside.as_json()}

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take over a new draft, keep beside the router there is, and write the counts down."""
        stamp = await asyncio.to_thread(_stamp, self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            self._beside = await asyncio.to_thread(self._load) if stamp is not None else None
            self._host = None
            self._written = -1
        host = self._router()
        if host is not self._host and host is not None:
            host.stand_by(self._beside)
            self._host = host
        self._looks += 1
        if self._beside is not None and self._looks % WRITE_EVERY == 0 and self._beside.looked_at != self._written:
            self._written = self._beside.looked_at
            await asyncio.to_thread(_write, self._report, self.as_json())
            for result, count in self.as_json()["results"].items():
                self._counts.labels(result=result).set(count)

    def _load(self) -> Shadow | None:
        try:
            document = policies.read(self._file)
            found = Shadow(Policy.from_mapping(document))
        except (BadRequestError, ConfigError) as error:
            log.warning("shadow.unreadable", reason=error.code)
            return None
        self.digest = digest(document)
        log.info("shadow.on")
        return found


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _write(file: Path, told: Mapping[str, Any]) -> None:
    aside = file.with_suffix(".tmp")
    try:
        aside.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        aside.replace(file)
    except OSError:
        log.warning("shadow.not_written")


def begin(settings: Settings, file: Path) -> str:
    """Let a draft decide beside the running router; return a sentence about it.

    Raises:
        ConfigError: it is no right policy.
        BadRequestError: the file cannot be read, or the data folder cannot be written.
    """
    document = policies.read(file)
    Policy.from_mapping(document)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.data_dir / REPORT).unlink(missing_ok=True)
    policies.write(settings.data_dir / FILE, document)
    return f"{file} decides beside the live policy now, with no effect: `contactd policy shadow` tells how often it differs"


def end(settings: Settings) -> str:
    """Let nobody decide beside any more; return a sentence about it."""
    (settings.data_dir / FILE).unlink(missing_ok=True)
    return "no draft decides beside the live policy"


def report(settings: Settings) -> Iterator[str]:
    """Yield what was counted, as people read it.

    Raises:
        NotFoundError: there is no shadow, or it has not seen a decision yet.
    """
    if not (settings.data_dir / FILE).exists():
        message = "no draft decides beside the live policy: `contactd policy shadow FILE` begins"
        raise NotFoundError(message)
    try:
        found = json.loads((settings.data_dir / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        message = "the draft has not seen a decision yet"
        raise NotFoundError(message) from None
    yield f"{found['decisions']} decisions, {found['looked_at']} looked at"
    for name in RESULTS:
        yield f"  {name:12} {found['results'].get(name, 0)}"
    for line, results in found["lines"].items():
        yield f"{line}: " + ", ".join(f"{name} {count}" for name, count in results.items())
    for one in found["latest"][-5:]:
        yield f"  {one['interaction']}: {one['live']}, the draft: {one['draft'] or one['result']}"
