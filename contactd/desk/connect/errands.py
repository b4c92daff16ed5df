"""Connectors from the command line, beside the running server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from contactd.desk.admin import Errand, at_work
from contactd.desk.backroom import CONNECTORS
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.left_out import LEFT_OUT
from contactd.desk.connect.tending import Tending
from contactd.settings import Settings

Work = Callable[[Tending, str], Awaitable[Any]]
"""(connectors, who asks) → what is to be told."""


def connectors(settings: Settings) -> list[str]:
    """Return a line for each connector and each of its latest runs."""
    found = _done(settings, lambda tending, _by: tending.listed())
    return [line for one in found for line in _told(one)]


def run(settings: Settings, name: str) -> tuple[list[str], bool]:
    """Bring in what is new; return what is to be said, and whether nothing failed or was left out.

    Raises:
        NotFoundError, ConflictError, BadRequestError: as `Connecting.pull`.
    """
    found = _done(settings, lambda tending, by: tending.connecting.pull(name, by))
    return [_of_run(one) for one in found], all(map(_sound, found))


def dry_run(settings: Settings, name: str) -> tuple[list[str], bool]:
    """Say what a run would do; return that, and whether nothing would be left out.

    Raises:
        NotFoundError, BadRequestError: as `Trying.dry_run`.
    """
    found = _done(settings, lambda tending, _by: tending.trying.dry_run(name))
    lines = [_counted(found["counts"])] + [f"  {one['row']}: {'; '.join(one['reasons'])}" for one in found["left_out"]]
    return lines, not found["left_out"]


def drift(settings: Settings, name: str) -> tuple[list[str], bool]:
    """Say what a system has otherwise than we; return that, and whether nothing differs.

    Raises:
        NotFoundError, BadRequestError: as `Trying.drift`.
    """
    found = _done(settings, lambda tending, _by: tending.trying.drift(name))
    same = not any(found[part] for part in ("only_theirs", "only_ours", "differing"))
    return list(_drifted(found)), same


def retry(settings: Settings, name: str) -> tuple[list[str], bool]:
    """Try rows that were left out once more; return what is to be said, and whether all were taken.

    Raises:
        NotFoundError: there is no such connector.
    """
    found = _done(settings, lambda tending, by: tending.connecting.retry(name, (), by))
    return ([_of_run(found)], _sound(found)) if found else ([], True)


def _done(settings: Settings, work: Work) -> Any:
    async def job(errand: Errand) -> Any:
        asker, spool = Asker(settings.http.fetch_from), settings.data_dir / CONNECTORS
        connecting = Connecting(errand.store, errand.clock, settings.connectors, spool, asker)
        return await work(Tending(connecting, _unheard), errand.by)

    return at_work(settings, job)


def _unheard(_kind: str, _detail: str) -> None:
    """Tell nobody: who typed the command reads its answer."""


def _sound(one: Mapping[str, Any]) -> bool:
    return not one["error"] and not any(one["counts"].get(status) for status in LEFT_OUT)


def _told(one: Mapping[str, Any]) -> Iterator[str]:
    every = f"every {one['every_minutes']} minutes" if one["every_minutes"] else "by hand, or sent to us"
    yield f"{one['name']}: {one['object']} by {one['kind']}, {every}; {one['left_out']} rows left out"
    if one["error"]:
        yield f"  {one['failures']} failures: {one['error']}"
    yield from (f"  {_of_run(each)}" for each in one["runs"])


def _of_run(one: Mapping[str, Any]) -> str:
    parts = (one["at"], one["id"], one["state"], one["source"], _counted(one["counts"]), one["error"])
    return "  ".join(part for part in parts if part)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no rows"


def _drifted(found: Mapping[str, Any]) -> Iterator[str]:
    named = found["named"]
    yield f"{found['rows']} rows looked at, {found['left_out']} of them cannot be taken over"
    yield f"{found['only_theirs']} only there: {', '.join(named['only_theirs'])}"
    yield f"{found['only_ours']} only here: {', '.join(named['only_ours'])}"
    yield f"{found['differing']} differ"
    for one in named["differing"]:
        yield f"  {one['id']}: {', '.join(one['fields'])}"
