"""Months of reports that are sealed: what was reported stays what it was, and what differs by now is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from contactd.clock import Clock, rfc3339
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.report import DEFINITION
from contactd.crm_store import seal_rows
from contactd.crm_store.report_reads import Chosen
from contactd.crm_store.store import Store
from contactd.desk.figuring import Figuring

SEALED_BY = ("line", "channel", "agent", "team", "day")
"""What the figures of a sealed month can be shown by."""
MOST_DIFFERENCES = 500
_FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Month:
    """A month by the clocks of a zone."""

    name: str
    """`2026-10`."""
    zone: ZoneInfo
    since: datetime
    until: datetime

    @classmethod
    def of(cls, name: str, zone: ZoneInfo) -> Month:
        """Read a month.

        Raises:
            BadRequestError: it is none.
        """
        try:
            first = datetime.strptime(name, "%Y-%m").replace(tzinfo=zone)
        except ValueError:
            first = None
        if first is None or first.year < _FIRST_YEAR or f"{first:%Y-%m}" != name:
            message = "month is a year and a month, such as 2026-10"
            raise BadRequestError(message, field="month")
        following = (first + timedelta(days=31)).replace(day=1)
        return cls(name, zone, first, following)

    @classmethod
    def that_is(cls, chosen: Chosen, zone: ZoneInfo) -> Month | None:
        """Return the month that a stretch of time is, exactly and with nothing left out; else None."""
        local = chosen.since.astimezone(zone)
        if chosen.line or chosen.channel or chosen.agent or local.year < _FIRST_YEAR:
            return None
        month = cls.of(f"{local:%Y-%m}", zone)
        return month if (chosen.since, chosen.until) == (month.since, month.until) else None


class MonthSeals:
    """Seals months, and says what stands in them."""

    def __init__(self, store: Store, clock: Clock, figuring: Figuring) -> None:
        """Keep what `figuring` counts in `store`."""
        self._store = store
        self._clock = clock
        self._figuring = figuring

    async def seal(self, ident: str, month: Month, by: str) -> dict[str, Any]:
        """Seal a month that is over, with all its figures as they are now.

        Raises:
            ConflictError: the month goes on (`month_goes_on`), or is sealed (`sealed`).
        """
        now = self._clock.now()
        if month.until > now:
            message = "This month is not over yet."
            raise ConflictError(message, code="month_goes_on", field="month")
        row: dict[str, Any] = {
            "id": ident,
            "month": month.name,
            "zone": month.zone.key,
            "definition": DEFINITION,
            "by": by,
        }
        row["figures"] = await self._counted(month)
        await self._store.write(partial(seal_rows.keep, row=row, now=now))
        return await self._found(month)

    async def compared(self, month: Month) -> dict[str, Any]:
        """Return a sealed month with its figures, and `differences`: what would be counted otherwise today.

        Raises:
            NotFoundError: it is not sealed.
        """
        found = await self._found(month)
        differences = list(_differences(found["figures"], await self._counted(month)))
        return found | {"differences": differences[:MOST_DIFFERENCES], "differ": len(differences)}

    async def instead(self, chosen: Chosen, by: str, zone: ZoneInfo) -> dict[str, Any] | None:
        """Return the sealed report that answers a question; None where what is asked is not sealed."""
        month = Month.that_is(chosen, zone) if by in SEALED_BY else None
        if month is None:
            return None
        found = await self._store.read(partial(seal_rows.find, month=month.name, zone=zone.key))
        if found is None or by not in found["figures"]:
            return None
        figures, about = found["figures"], {"by": by, "zone": zone.key, "definition": found["definition"]}
        return {
            **about,
            "since": rfc3339(chosen.since),
            "until": rfc3339(chosen.until),
            "items": figures[by],
            "total": figures["total"],
            "sealed": {name: found[name] for name in ("at", "by", "digest", "whole")},
        }

    async def _found(self, month: Month) -> dict[str, Any]:
        found = await self._store.read(partial(seal_rows.find, month=month.name, zone=month.zone.key))
        if found is None:
            message = "This month is not sealed."
            raise NotFoundError(message)
        return found

    async def _counted(self, month: Month) -> dict[str, Any]:
        chosen = Chosen(month.since, month.until)
        counted: dict[str, Any] = {}
        for by in SEALED_BY:
            report = await self._figuring.stays(chosen, by, month.zone)
            counted[by], counted["total"] = report["items"], report["total"]
        counted["agents"] = (await self._figuring.agents(month.since, month.until))["items"]
        return counted


def _differences(sealed: Mapping[str, Any], counted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield `{by, key, figure, sealed, now}`, the total first; a group that only one of both knows differs in all it has."""
    for by in ("total", *SEALED_BY, "agents"):
        then, now = (_by_key(one.get(by) or []) for one in (sealed, counted))
        for key in sorted(then.keys() | now.keys(), key=lambda one: one or ""):
            before, after = then.get(key, {}), now.get(key, {})
            for figure in dict.fromkeys((*before, *after)):
                if figure != "key" and before.get(figure) != after.get(figure):
                    yield {
                        "by": by,
                        "key": key,
                        "figure": figure,
                        "sealed": before.get(figure),
                        "now": after.get(figure),
                    }


def _by_key(groups: Any) -> dict[str | None, Mapping[str, Any]]:
    return {None: groups} if isinstance(groups, dict) else {group["key"]: group for group in groups}
