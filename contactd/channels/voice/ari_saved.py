"""Messages callers left on the PBX, taken over: fetched, stored as a contact with its sound, and only then removed there."""

from __future__ import annotations

import json
from collections.abc import Container
from datetime import datetime
from typing import Any

import structlog

from contactd.channels.voice.ari_rest import AriRest
from contactd.channels.voice.ari_table import Save
from contactd.channels.voice.ari_wait import PREFIX, VOICEMAIL
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content, Tools
from contactd.core.errors import NotFoundError
from contactd.core.message import NewAttachment, NewMessage

log = structlog.get_logger(__name__)

ADAPTER = "ari-voicemail"
KEPT = "voicemail"


async def save(tools: Tools, rest: AriRest, work: Save, numbers: Numbers) -> None:
    """Make a contact of a message, or of one that says nothing a call that is owed; return after the commit."""
    call = work.spoken
    if work.short and await tools.owe(call.interaction):
        await rest.request("DELETE", f"/recordings/stored/{work.name}")
        return
    shown = call.caller if call.shown else None
    point = numbers.point(shown) if shown else None
    name = call.caller_name if call.shown else ""
    await _take_over(tools, rest, work.name, call.line, shown or "", Content(sender=point, sender_name=name))


async def left_behind(tools: Tools, rest: AriRest, saving: Container[str]) -> None:
    """Take over what was recorded while we were away: callers still expect to be heard."""
    try:
        stored = await rest.list("/recordings/stored")
    except NotFoundError:
        return
    for each in stored:
        name = str(each.get("name", ""))
        if name.startswith(PREFIX) and name not in saving:
            found = await tools.find(ADAPTER, name)
            if found is None:
                await _take_over(tools, rest, name, "", "", Content())
            else:
                await rest.request("DELETE", f"/recordings/stored/{name}")


async def _take_over(tools: Tools, rest: AriRest, name: str, line: str, sender: str, who: Content) -> None:
    sound = await rest.file(f"/recordings/stored/{name}/file")
    now = tools.clock.now()
    said = NewMessage(direction="inbound", sender=who.sender_name or sender, text="", provider_id=name)
    if sound:
        attachment = NewAttachment(name="voicemail.wav", media_type="audio/wav", data=sound)
        said = NewMessage(
            direction="inbound",
            sender=who.sender_name or sender,
            text="",
            provider_id=name,
            attachments=(attachment,),
        )
    else:
        log.warning("voice.voicemail.without_sound", name=name)
    content = Content(sender=who.sender, sender_name=who.sender_name, messages=(said,))
    await tools.accept(_arrival(name, line, sender, now), content)
    await rest.request("DELETE", f"/recordings/stored/{name}")


def _arrival(name: str, line: str, sender: str, now: datetime) -> Arrival:
    raw: dict[str, Any] = {"recording": name, "call": name.removeprefix(PREFIX)}
    return Arrival(
        channel=VOICEMAIL,
        adapter=ADAPTER,
        external_key=name,
        raw=json.dumps(raw).encode(),
        at=now,
        sender=sender,
        line=line or None,
    )
