"""The parallel run: what a system that routes by itself wrote down, what we heard of it, what our router would have done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from contactd.channels import Found, scan
from contactd.clock import parse_rfc3339, rfc3339
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.outside import Records
from contactd.crm_store import channel_rows, contact_rows
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand, at_work
from contactd.desk.journal import span
from contactd.desk.outside_day import compare, our_day
from contactd.desk.whatif import recording
from contactd.routing.measures import ANSWERED
from contactd.routing.virtual import live
from contactd.settings import Settings

MOST = 200_000
"""Contacts of a day that are compared."""
HEARD = "heard"
"""What a channel keeps of when it heard its outside system: `{since, heard_at, gaps: [[from, to], …]}`."""
MONTHS = timedelta(days=400)


async def of_day(store: Store, settings: Settings, day: date, now: datetime) -> dict[str, Any]:
    """Compare a day with every record there is, and tell how our own router would have done.

    Raises:
        BadRequestError: the day is not yet, or too long ago.
        NotFoundError: no record is configured.
    """
    if not now.date() - MONTHS <= day <= now.date() + timedelta(days=1):
        text = "no record reaches to this day"
        raise BadRequestError(text, field="date")
    told: list[dict[str, Any]] = []
    missing: list[str] = []
    router: Mapping[str, Any] | None = None
    for name, found in scan().items():
        records = await _read(found, settings.channels.get(name) or {}, day)
        if records is None:
            continue
        missing += records.missing
        rows = await store.read(
            partial(contact_rows.of_time, adapter=records.adapter, start=records.start, end=records.end, most=MOST)
        )
        heard = await store.read(partial(channel_rows.kept, channel=name, key=HEARD)) or {}
        since = parse_rfc3339(heard["since"]) if heard.get("since") else None
        gaps = [(parse_rfc3339(start), parse_rfc3339(end)) for start, end in heard.get("gaps", ())]
        ours = our_day(rows, gaps, since)
        told += [compare(ours, theirs).as_json() for theirs in records.days]
        router = router or await _own_router(store, records)
    if not told and not missing:
        text = "no record of an outside system is configured (queue_log, cdr)"
        raise NotFoundError(text, code="no_record")
    return {"date": day.isoformat(), "records": told, "missing": missing, "router": router}


async def _read(found: Found, options: Mapping[str, Any], day: date) -> Records | None:
    """Read a channel's records beside the loop; None when it has none."""
    if found.records is None:
        return None
    records = await asyncio.to_thread(found.records, found.options.model_validate(options), day)
    return records if records.days or records.missing else None


async def _own_router(store: Store, records: Records) -> dict[str, Any] | None:
    """Live the day's outside contacts through our own router, with the people who were there; nothing comes of it.

    None when nothing was recorded then.  Agents are taken to have had no other work.
    """
    try:
        where = await span(store, rfc3339(records.start), rfc3339(records.end))
    except NotFoundError:
        return None
    traffic, ruled = await recording(store, where, "pbx")
    if not traffic.contacts:
        return None
    lived = await asyncio.to_thread(live, ruled, traffic)
    answered = [fate for fate in lived.fates.values() if fate.outcome == ANSWERED]
    waits = [fate.wait_ms for fate in answered if fate.wait_ms is not None]
    abandoned = sum(fate.outcome in ("abandoned", "short_abandoned") for fate in lived.fates.values())
    return {
        "contacts": len(lived.fates),
        "answered": len(answered),
        "abandoned": abandoned,
        "wait_s": round(sum(waits) / len(waits) / 1000, 1) if waits else None,
    }


def of_day_at_rest(settings: Settings, day: date) -> dict[str, Any]:
    """Do the same from the command line, beside the server."""

    async def job(errand: Errand) -> dict[str, Any]:
        return await of_day(errand.store, settings, day, errand.clock.now())

    return at_work(settings, job)
