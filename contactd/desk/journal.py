"""The journal as evidence: a stretch of it is lived through again, and every decision must be the one that was recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from contactd.clock import parse_rfc3339
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import journal_rows, policies
from contactd.crm_store.policies import Version
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand, at_work
from contactd.routing.policy import Policy
from contactd.routing.replaying import Difference, Replay, Row
from contactd.settings import Settings

PAGE = 2000
"""Rows read at a time."""


@dataclass(slots=True)
class Report:
    """What a replay found."""

    first: int = 0
    last: int = 0
    """The journal numbers between which decisions were compared."""
    since: datetime | None = None
    until: datetime | None = None
    rows: int = 0
    """How many rows were compared."""
    wishes: int = 0
    offers: int = 0
    restarts: int = 0
    versions: list[int] = field(default_factory=list)
    """The policy versions that ruled, in order."""
    difference: Difference | None = None

    def lines(self) -> Iterator[str]:
        """Yield what `contactd replay` prints."""
        if not self.rows:
            yield "nothing was recorded in that time"
            return
        since, until = (moment.isoformat(timespec="seconds") if moment else "" for moment in (self.since, self.until))
        ruled = ", ".join(map(str, self.versions)) or "none"
        yield f"journal {self.first} to {self.last}, {since} to {until}; policy versions: {ruled}"
        yield f"{self.rows} facts and ticks, {self.wishes} wishes, {self.offers} offers, {self.restarts} starts of the router"
        if self.difference is None:
            yield "every decision is identical"
            return
        yield "THE DECISIONS DIFFER, first at"
        yield from self.difference.lines()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "first": self.first,
            "last": self.last,
            "rows": self.rows,
            "wishes": self.wishes,
            "offers": self.offers,
            "restarts": self.restarts,
            "policy_versions": self.versions,
            "identical": self.difference is None,
            "difference": None if self.difference is None else self.difference.lines(),
        }


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the journal: read from `start`, a restart, compared from `first` to `last`."""

    start: int
    first: int
    last: int


class Policies:
    """The published policies, read once each."""

    def __init__(self, versions: list[tuple[datetime, Version]]) -> None:
        """Know every version with the moment it was published, oldest first."""
        self._versions = versions
        self._read: dict[int, Policy] = {}

    @classmethod
    async def of(cls, store: Store) -> Policies:
        """Read every version."""
        numbers = await store.read(policies.listed)
        found = [
            (parse_rfc3339(row["at"]), await store.read(partial(policies.get, version=row["version"])))
            for row in reversed(numbers)
        ]
        return cls(found)

    def __call__(self, version: int | None, at: datetime) -> tuple[int, Policy]:
        """Return a version, or the one that was published last at a moment, with its policy.

        Raises:
            NotFoundError: nothing was published yet, or no such version.
        """
        fit = [one for when, one in self._versions if (when <= at if version is None else one.version == version)]
        if not fit and version is None:
            fit = [one for _, one in self._versions[:1]]
        if not fit:
            message = f"policy version {version} is not in the store"
            raise NotFoundError(message)
        found = fit[-1]
        if found.version not in self._read:
            self._read[found.version] = Policy.from_mapping(found.document)
        return found.version, self._read[found.version]


async def span(store: Store, since: str | None, until: str | None) -> Span:
    """Find a stretch of the journal.

    Args:
        store: where it is.
        since: a journal number, or a moment (RFC 3339); None = the last start of the router.
        until: the same; None = the end.

    Raises:
        BadRequestError: neither a number nor a moment.
        NotFoundError: nothing is recorded.
    """
    end = await store.read(journal_rows.last)
    last = end if until is None else min(await _number(store, until, after=False), end)
    first = last if since is None else max(await _number(store, since, after=True), 1)
    start = await store.read(lambda conn: journal_rows.restart_before(conn, first))
    if start is None:
        message = "nothing is recorded yet"
        raise NotFoundError(message)
    return Span(start, start if since is None else max(first, start), last)


async def _number(store: Store, text: str, *, after: bool) -> int:
    """Read a journal number, or find the one of a moment."""
    if text.isascii() and text.isdecimal() and len(text) < 19:  # noqa: PLR2004 - what fits a BIGINT
        return int(text)
    try:
        moment = parse_rfc3339(text)
    except ValueError:
        message = f"{text}: write a journal number, or a time with its offset (2026-11-02T09:00:00+08:00)"
        raise BadRequestError(message) from None
    before = await store.read(lambda conn: journal_rows.at_moment(conn, moment))
    return before + 1 if after else before


async def recorded(store: Store, start: int, last: int, size: int = PAGE) -> AsyncIterator[Row]:
    """Yield the rows of the journal from `start` to `last`, in order."""
    after = start - 1
    while after < last:
        rows = await store.read(partial(journal_rows.page, after=after, until=last, limit=size))
        if not rows:
            return
        for row in rows:
            yield Row(*row)
        after = rows[-1].seq


async def candidates(store: Store, offer: str, *, most: int | None = None, size: int = PAGE) -> dict[str, Any]:
    """Return every candidate of the decision that made an offer, and what kept each from it, by living it through again.

    Args:
        store: where it is.
        offer: the offer's id.
        most: rows that may be lived through; None = as many as it takes.
        size: rows lived through without a pause.

    Raises:
        NotFoundError: there is no such offer, or its journal is gone.
        BadRequestError: more than `most` rows lie between it and the start of the router (code `too_far`).
    """
    made = await store.read(partial(journal_rows.decision_of, offer=offer))
    start = None if made is None else await store.read(partial(journal_rows.restart_before, seq=made[0]))
    if made is None or start is None or start > made[0]:
        message = "there is no such decision in the journal"
        raise NotFoundError(message, field="offer")
    if most is not None and made[0] - start > most:
        message = "too much happened since the router's start: ask `contactd explain`"
        raise BadRequestError(message, code="too_far", field="offer")
    replay = Replay(await Policies.of(store))
    async for row in recorded(store, start, made[0] - 1, size):
        replay.take(row)
    (last,) = await store.read(partial(journal_rows.page, after=made[0] - 1, until=made[0], limit=1))
    seen = replay.router.watch() if replay.router is not None else []
    replay.take(Row(*last))
    found = next((one for one in seen if one.offer == offer), None)
    if found is None:
        message = "the journal decides otherwise now: run `contactd replay`"
        raise ConflictError(message, code="differs")
    return found.as_json()


async def prove(store: Store, where: Span) -> Report:
    """Live a stretch of the journal through and compare every decision; stop at the first that differs."""
    policy_of = await Policies.of(store)
    replay = Replay(policy_of)
    report = Report(first=where.first, last=where.last)
    async for row in recorded(store, where.start, where.last):
        difference = replay.prove(row)
        if replay.router is not None and replay.router.version not in report.versions[-1:]:
            report.versions.append(replay.router.version)
        if row.seq < where.first:
            if difference is not None:
                report.difference = difference
                break
            continue
        report.rows += 1
        report.since, report.until = report.since or row.at, row.at
        report.wishes += row.wishes.count('"kind":')
        report.offers += row.wishes.count('"kind":"Offer"')
        if difference is not None:
            report.difference = difference
            break
    report.restarts = replay.restarts
    return report


def replay(settings: Settings, since: str | None, until: str | None) -> Report:
    """Replay a stretch of an installation's journal.

    Raises:
        BadRequestError, NotFoundError: there is no such stretch.
        ConfigError, StoreDownError: the database cannot be used.
    """

    async def job(errand: Errand) -> Report:
        return await prove(errand.store, await span(errand.store, since, until))

    return at_work(settings, job)
