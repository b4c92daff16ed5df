"""What a line says about calls its agents make."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactd.core.contacting import AGENT, GRANTED, HOME, PURPOSES, SUPERVISOR, Outbound
from contactd.routing.document import Table


def read_outbound(table: Table) -> Outbound:
    """Read `outbound`."""
    found = Outbound(
        purposes=table.texts("purposes", PURPOSES, PURPOSES),
        begin=_time(table, "begin"),
        end=_time(table, "end"),
        zone=_zone(table),
        marketing=table.choice("marketing", "not_refused", ("not_refused", GRANTED)),
        override=table.choice("override", AGENT, (AGENT, SUPERVISOR)),
    )
    if (found.begin is None) is not (found.end is None):
        table.wrong("end", "begin and end go together")
    table.done()
    return found


def _time(table: Table, key: str) -> time | None:
    given = table.text(key)
    try:
        return time.fromisoformat(given) if given else None
    except ValueError:
        table.wrong(key, 'must be a time of day: "08:30"')
        return None


def _zone(table: Table) -> ZoneInfo:
    given = table.text("zone", "Asia/Shanghai")
    try:
        return ZoneInfo(given)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        table.wrong("zone", f"there is no time zone {given!r}")
        return HOME
