"""Service quality: how soon, settled at the first go, how content, how well assessed; by agent, line, channel or week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError
from contactd.core.report import interval_of
from contactd.crm_store import qa_reads, report_reads
from contactd.crm_store.qa_reads import Part
from contactd.crm_store.report_reads import Chosen
from contactd.crm_store.store import Store

BY = ("agent", "line", "channel", "week")
"""What service quality can be shown by."""
LONGEST = timedelta(days=400)
SLICE = timedelta(days=14)
"""Read at once: a long time must not keep one of the readers from everybody else."""
PATIENCE = timedelta(seconds=20)
MOST_DAYS = 90
FIELDS = (
    *("key", "answered", "response_s", "settled", "resolved", "resolution", "scored", "satisfaction"),
    *("assessed", "assessment", "fatal"),
)
"""What a row holds."""


async def quality(store: Store, chosen: Chosen, by: str, zone: ZoneInfo, *, days: int, now: datetime) -> dict[str, Any]:
    """Return `{by, since, until, zone, days, items [{FIELDS}], total}`.

    `response_s` is the mean wait of what was answered; `resolution` resolved ÷ settled (`qa_reads.first_time`); `satisfaction` the
    mean of what customers said, `assessment` of what was assessed, both 0-100; None where nothing counts.

    Raises:
        BadRequestError: `by` is none of `BY`, the time is too long, or `days` is not between 1 and 90.
    """
    _check(chosen, by, days)
    sums: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    total: dict[str, int] = defaultdict(int)
    key_of = _keys(by, zone)
    since = chosen.since
    while since < chosen.until:
        until = min(since + SLICE, chosen.until)
        part = partial(_read, chosen=chosen._replace(since=since, until=until), by=by, days=days, now=now)
        for one in await store.read(part, limit=PATIENCE):
            mine = sums[key_of(one)]
            for name, value in one.numbers.items():
                mine[name] += value
                total[name] += value
        since = until
    items = [_row(key, found) for key, found in sorted(sums.items(), key=lambda pair: pair[0] or "")]
    about = {"by": by, "since": rfc3339(chosen.since), "until": rfc3339(chosen.until), "zone": zone.key, "days": days}
    return {**about, "items": items, "total": _row(None, total)}


def _read(conn: Any, chosen: Chosen, by: str, days: int, now: datetime) -> list[Part]:
    return [
        *_answered(conn, chosen, by),
        *qa_reads.first_time(conn, chosen, days, now),
        *qa_reads.satisfaction(conn, chosen),
        *qa_reads.assessed(conn, chosen),
    ]


def _answered(conn: Any, chosen: Chosen, by: str) -> Iterator[Part]:
    for group in report_reads.stays(conn, chosen, [], who="agent" if by == "agent" else None, by_time=by == "week"):
        numbers = {"answered": group.sums.answered, "wait_ms": group.sums.wait_ms}
        if any(numbers.values()):
            yield Part(group.at, group.agent, group.line, group.channel, numbers)


def _keys(by: str, zone: ZoneInfo) -> Callable[[Part], str | None]:
    if by == "week":
        return lambda one: interval_of(one.at, by, zone)
    return lambda one: getattr(one, by)


def _row(key: str | None, found: dict[str, int]) -> dict[str, Any]:
    def mean(number: str, of: str, digits: int, per: float = 1.0) -> float | None:
        return round(found.get(number, 0) / per / found[of], digits) if found.get(of) else None

    return {
        "key": key,
        "answered": found.get("answered", 0),
        "response_s": mean("wait_ms", "answered", 1, 1000.0),
        "settled": found.get("settled", 0),
        "resolved": found.get("resolved", 0),
        "resolution": mean("resolved", "settled", 4),
        "scored": found.get("scored", 0),
        "satisfaction": mean("percent", "scored", 1),
        "assessed": found.get("assessed", 0),
        "assessment": mean("points", "assessed", 1),
        "fatal": found.get("fatal", 0),
    }


def _check(chosen: Chosen, by: str, days: int) -> None:
    if by not in BY:
        message = f"by is one of {', '.join(BY)}"
        raise BadRequestError(message, field="by")
    if not timedelta() < chosen.until - chosen.since <= LONGEST:
        message = f"until lies after since, and at most {LONGEST.days} days after it"
        raise BadRequestError(message, field="until", code="span")
    if not 1 <= days <= MOST_DAYS:
        message = f"days is between 1 and {MOST_DAYS}"
        raise BadRequestError(message, field="days")
