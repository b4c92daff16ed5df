"""Recordings of calls taken over from the PBX: fetched when they are closed, kept under seal, and only then removed there.

What a cut or a restart interrupts is found again: the store knows which recordings were begun, the PBX which it still has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_record import TAPE
from contactd.channels.voice.ari_rest import OK, AriRest
from contactd.channels.voice.ari_table import Stage
from contactd.channels.voice.ari_tapes import PREFIX, SIDES, Note, Tape, TapeStage
from contactd.core.channel import Tools
from contactd.core.errors import ContactdError, NotFoundError
from contactd.core.recorded import Recorded
from contactd.core.sound import together

log = structlog.get_logger(__name__)

NOT_FOUND = 404
LOOK_S = 30.0
"""Pause between two looks for what could not be taken over at once."""
_STAGES = {"recording": TapeStage.RUNNING, "queued": TapeStage.STARTING, "paused": TapeStage.PAUSED}
_PART = 4
"""Words of a snoop channel's application data: `contactd,tape,CALL,PART`."""


class Keeper:
    """Takes recordings over, one after another."""

    def __init__(self, calls: RoutedCalls, tools: Tools, rest: AriRest) -> None:
        self._calls = calls
        self._tools = tools
        self._rest = rest
        self._one = asyncio.Lock()

    async def run(self) -> None:
        """Look now and then for what is left, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def note(self, work: Note) -> None:
        """Write down how a recording stands."""
        now = self._tools.clock.now()
        told = Recorded(
            name=work.name,
            interaction=work.interaction,
            at=now,
            state=work.state,
            agent=work.agent,
            reason=work.reason,
            consent=work.consent,
            notice_at=_moment(work.noticed, now) if work.noticed else None,
        )
        await self._tools.recorded(told)

    async def look(self) -> None:
        """Take over what is closed, and say of what there is nothing that it is lost."""
        try:
            for row in await self._tools.recordings():
                name = str(row["name"])
                if name not in self._calls.tapes.names():
                    await self.take(name)
        except ContactdError as error:
            log.info("voice.recordings.later", code=error.code)

    async def take(self, name: str) -> None:
        """Take one recording over; what cannot be done now is done later."""
        async with self._one:
            try:
                await self._take(name)
            except ContactdError as error:
                log.warning("voice.recording.later", recording=name, code=error.code)
            except OSError as error:  # the key of the house cannot be read or made now
                log.warning("voice.recording.later", recording=name, code=type(error).__name__)

    async def _take(self, name: str) -> None:
        parts = [f"{name}-{side}" for side in SIDES]
        answers = [(part, await self._status("stored", part)) for part in parts]
        live = [await self._status("live", part) for part in parts]
        if any(status not in (OK, NOT_FOUND) for _, status in answers) or OK in live:
            return
        stored = [part for part, status in answers if status == OK]
        if not stored:
            await self._tools.recorded(Recorded(name=name, interaction="", at=self._tools.clock.now(), state="lost"))
            log.warning("voice.recording.lost", recording=name)
            self._tools.alarm("recording_lost", name)
            return
        sides = [await self._rest.file(f"/recordings/stored/{part}/file") for part in stored]
        whole = [side for side in sides if side is not None]
        if len(whole) < len(stored):
            return
        try:
            await self._tools.keep_recording(name, await self._tools.work(together, whole))
        except NotFoundError:
            # Not ours to judge: another store's, or one older than a backup that was put back.  It stays where it is.
            log.warning("voice.recording.unknown", recording=name)
            return
        for part in stored:
            await self._rest.request("DELETE", f"/recordings/stored/{part}")

    async def _status(self, kind: str, part: str) -> int:
        status, _ = await self._rest.request("GET", f"/recordings/{kind}/{part}", quiet=True)
        return status

    # After a cut.

    async def catch_up(self, channels: Sequence[Mapping[str, Any]]) -> None:
        """Take up again what is being recorded, and take over what was closed while we were away."""
        snoops = _snoops(channels)
        for row in await self._tools.recordings():
            await self._restore(row, snoops)
        self._tools.spawn(self._tidy(), "recordings-left")

    async def _restore(self, row: Mapping[str, Any], snoops: Mapping[str, str]) -> None:
        call = self._calls.by_interaction(str(row["interaction"]))
        name = str(row["name"])
        if name in self._calls.tapes.names() or call is None or call.stage not in (Stage.TALKING, Stage.HELD):
            return
        parts: dict[str, str] = {}
        states: list[str] = []
        for part in (f"{name}-{side}" for side in SIDES):
            status, body = await self._rest.request("GET", f"/recordings/live/{part}", quiet=True)
            if status == OK and isinstance(body, Mapping):
                parts[part] = snoops.get(part, "")
                states.append(str(body.get("state", "")))
        if not parts:
            return
        stage = _STAGES.get(states[0], TapeStage.RUNNING)
        tape = Tape(
            name=name,
            call=call.id,
            interaction=call.interaction,
            parts=parts,
            stage=stage,
            running=set(parts),
            reason=str(row.get("paused") or "other") if stage is TapeStage.PAUSED else "",
        )
        self._calls.tapes.add(tape)
        self._calls.legs |= {snoop: call.id for snoop in parts.values() if snoop}
        call.taping.tape, call.taping.consent = tape, str(row.get("consent") or "")
        # Whoever was recorded has heard the notice before.
        call.taping.noticed = "before"

    async def _tidy(self) -> None:
        """Take over what is left, and remove what is kept already but still lies on the PBX."""
        await self.look()
        try:
            stored = [str(each.get("name", "")) for each in await self._rest.list("/recordings/stored")]
        except ContactdError:
            return
        names = {name.rpartition("-")[0] for name in stored if name.startswith(PREFIX)}
        for name in sorted(names - self._calls.tapes.names()):
            await self.take(name)


def _snoops(channels: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return part → snoop channel of those that are there."""
    found = {}
    for channel in channels:
        words = str((channel.get("dialplan") or {}).get("app_data", "")).split(",")
        if words[1:2] == [TAPE] and len(words) >= _PART:
            found[words[_PART - 1]] = str(channel.get("id", ""))
    return found


def _moment(text: str, now: datetime) -> datetime:
    """Read the PBX's time; anything else counts as now."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return now
    return found if found.tzinfo is not None else now
