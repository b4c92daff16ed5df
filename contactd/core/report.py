"""The figures of the reports: one definition and one name each; a changed definition is a new `DEFINITION`.

Everything is counted on stays (segments): one stay of one contact in one line, against the line's own target.  A stay counts where
and when it came into the line.  Arrivals in closed hours do not count, nor do contacts that we began.

    service_level = within / (answered + abandoned)         short abandons count on neither side
    sl_answered   = within / answered
    sl_offered    = within / offered
    answer_rate   = answered / offered
    abandon_rate  = abandoned / offered
    asa_s         = mean wait of the answered
    aht_s         = (talk + hold + consult + wrap) / answered
    occupancy     = busy / (busy + ready idle), busy = ring of accepted offers + talk + hold + wrap
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DEFINITION = 1
INTERVALS = ("quarter", "hour", "day", "week", "month", "weekday_hour")
"""What figures can be shown over; `weekday_hour` (`1 09` = Mondays from nine) is the week as one meets it."""


@dataclass(slots=True)
class Sums:
    """What is added up over some stays."""

    offered: int = 0
    answered: int = 0
    within: int = 0
    """Answered within the target; of deferred work in the hours the target runs in."""
    abandoned: int = 0
    short: int = 0
    """Given up so soon that nobody could have answered."""
    overflowed: int = 0
    """Left for another line, a voicemail, a callback."""
    open: int = 0
    """Neither answered nor over yet."""
    wait_ms: int = 0
    """Of the answered."""
    longest_ms: int = 0
    """Of the answered."""
    given_up_ms: int = 0
    """How long the abandoned had waited."""
    talk_ms: int = 0
    hold_ms: int = 0
    consult_ms: int = 0
    wrap_ms: int = 0

    def add(self, other: Sums) -> None:
        """Add another's sums to these."""
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, theirs) if one.name == "longest_ms" else mine + theirs)


def figures(sums: Sums) -> dict[str, Any]:
    """Return the figures of some stays: counts, parts of 1 (four digits), seconds (one digit); None where nothing counts."""
    handled = sums.talk_ms + sums.hold_ms + sums.consult_ms + sums.wrap_ms
    return {
        "offered": sums.offered,
        "answered": sums.answered,
        "within": sums.within,
        "abandoned": sums.abandoned,
        "short": sums.short,
        "overflowed": sums.overflowed,
        "open": sums.open,
        "service_level": _part(sums.within, sums.answered + sums.abandoned),
        "sl_answered": _part(sums.within, sums.answered),
        "sl_offered": _part(sums.within, sums.offered),
        "answer_rate": _part(sums.answered, sums.offered),
        "abandon_rate": _part(sums.abandoned, sums.offered),
        "asa_s": _mean_s(sums.wait_ms, sums.answered),
        "longest_s": _mean_s(sums.longest_ms, min(sums.answered, 1)),
        "given_up_s": _mean_s(sums.given_up_ms, sums.abandoned),
        "aht_s": _mean_s(handled, sums.answered),
        "talk_s": _mean_s(sums.talk_ms, sums.answered),
        "hold_s": _mean_s(sums.hold_ms, sums.answered),
        "wrap_s": _mean_s(sums.wrap_ms, sums.answered),
    }


def occupancy(busy_ms: int, idle_ms: int) -> float | None:
    """Return the part of the time at work in which there was work; None for who was neither."""
    return _part(busy_ms, busy_ms + idle_ms)


def interval_of(at: datetime, by: str, zone: ZoneInfo) -> str:
    """Return the interval a moment lies in, as a key that sorts: its beginning in local time, or weekday and hour."""
    local = at.astimezone(zone)
    if by == "weekday_hour":
        return f"{local.isoweekday()} {local.hour:02}"
    if by in {"day", "week", "month"}:
        return _first_day(local.date(), by).isoformat()
    minute = local.minute - local.minute % 15 if by == "quarter" else 0
    # The offset tells the two hours apart that are one by the clock when summer time ends.
    return local.replace(minute=minute, second=0, microsecond=0).isoformat(timespec="minutes")


def _first_day(day: date, by: str) -> date:
    if by == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    return day.replace(day=1) if by == "month" else day


def _part(number: int, of: int) -> float | None:
    return round(number / of, 4) if of else None


def _mean_s(total_ms: int, count: int) -> float | None:
    return round(total_ms / count / 1000, 1) if count else None
