"""Calls that fell to the dialplan's own way while we were away, and were not served there: each becomes work.

The dialplan notes them in the PBX's own database (config/asterisk/extensions.conf, `contactd-missed`), with what
`CALLERID(pres)` says, so that a withheld number stays nowhere; here they are taken in like any call a PBX routed, and only then
forgotten there.  Whether a call is owed, and that one is owed to a number, says the house.  How Asterisk reads and deletes such
keys over ARI is after its documentation and source: no recording has it.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from contactd.channels.voice import call
from contactd.channels.voice.ari_rest import AriRest
from contactd.channels.voice.legs import number
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content, Progress, Tools
from contactd.core.errors import ContactdError
from contactd.core.interaction import EndedBy, Outcome

ADAPTER = "ari-fallen"
FAMILY = "contactd_missed"
MOST = 200
"""Taken over at once; the rest at the next look."""
LOOK_S = 300.0
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NOTE = re.compile(r"(\d{9,11}):([^:]{0,64}):(\d{9,11}):([a-z_]{0,40}):([0-9+]{0,32})")
"""Began, number called, ended, presentation, caller."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A call the dialplan noted."""

    key: str
    began: datetime
    ended: datetime
    dialled: str
    caller: str
    """Empty when it is withheld, or the PBX does not say that it may be shown."""


def read(key: str, note: str) -> Fallen | None:
    """Read a note; None when it is none."""
    found = _NOTE.fullmatch(note)
    if found is None or not _KEY.fullmatch(key):
        return None
    began, dialled, ended, presentation, caller = found.groups()
    first, last = (datetime.fromtimestamp(int(each), UTC) for each in (began, ended))
    shown = (number(caller) or "") if presentation.startswith("allowed") else ""
    return Fallen(key=key, began=first, ended=max(first, last), dialled=number(dialled) or "", caller=shown)


async def watch(name: str, tools: Tools, rest: AriRest, numbers: Numbers, back: asyncio.Event) -> None:
    """Take over what fell to the dialplan whenever we are `back` on the PBX, and now and then."""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(back.wait(), LOOK_S)
        back.clear()
        await take_over(name, tools, rest, numbers)


async def take_over(name: str, tools: Tools, rest: AriRest, numbers: Numbers) -> None:
    """Make work of what the dialplan noted; a note we cannot read is left for whoever looks after the PBX."""
    keys = (await _value(rest, f"DB_KEYS({FAMILY})")).split(",")
    for key in [key for key in keys if _KEY.fullmatch(key)][:MOST]:
        fallen = read(key, await _value(rest, f"DB({FAMILY}/{key})"))
        if fallen is None:
            log.warning("voice.ari.strange_note", key=key)
            continue
        try:
            await _take_in(name, tools, numbers, fallen)
        except ContactdError as error:  # the store is away: it is still noted there
            log.info("voice.ari.fallen_later", reason=error.code)
            return
        await rest.request("POST", "/asterisk/variable", {"variable": f"DB_DELETE({FAMILY}/{key})", "value": "1"})


async def _take_in(name: str, tools: Tools, numbers: Numbers, fallen: Fallen) -> None:
    if await tools.find(call.ADAPTER, fallen.key) is not None:
        return  # the manager connection heard it all
    raw = {"id": fallen.key, "from": fallen.caller, "to": fallen.dialled}
    arrival = Arrival(
        channel=name,
        adapter=ADAPTER,
        external_key=fallen.key,
        raw=json.dumps(raw, sort_keys=True).encode(),
        at=fallen.began,
        sender=fallen.caller,
        recipient=fallen.dialled,
        line_text=fallen.dialled,
        routed_by="pbx",
    )
    await tools.accept(arrival, Content(sender=numbers.point(fallen.caller)))
    told = Progress(
        adapter=ADAPTER,
        external_key=fallen.key,
        at=fallen.ended,
        kind="ended",
        outcome=Outcome.ABANDONED,
        ended_by=EndedBy.CUSTOMER,
    )
    await tools.progress(told)


async def _value(rest: AriRest, variable: str) -> str:
    status, body = await rest.request("GET", "/asterisk/variable", {"variable": variable}, quiet=True)
    value = body.get("value") if status // 100 == 2 and isinstance(body, dict) else None  # noqa: PLR2004 - the class of success
    return value if isinstance(value, str) else ""
