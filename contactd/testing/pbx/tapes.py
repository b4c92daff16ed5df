"""Recordings on the scripted PBX: what is being recorded, and what lies there.

`POST …/record`, pause, going on and stop answer and tell as the recorded ones did (`ari_bridge_record`); a snoop channel that is
recorded, and asking for one live or stored recording, are in no recording of ours and follow Asterisk's own description.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from contactd.testing.pbx import templates
from contactd.testing.pbx.parts import Bridge, Channel, stamp

if TYPE_CHECKING:
    from contactd.testing.pbx.switch import Switch

RATE = 8000
SECONDS = 2
"""How long what was recorded is, where nobody says."""


@dataclass(kw_only=True, eq=False)
class Live:
    """Something that is being recorded."""

    name: str
    of: Channel | Bridge
    state: str = "recording"
    pauses: int = 0

    def view(self) -> dict[str, Any]:
        """Return it as ARI describes it."""
        kind = "channel" if isinstance(self.of, Channel) else "bridge"
        return {"name": self.name, "format": "wav", "state": self.state, "target_uri": f"{kind}:{self.of.id}"}


class Tapes:
    """Every recording of one PBX.

    Attributes:
        live: what is being recorded, by name.
        stored: what was recorded and lies there, by name.
        full: the disk is full: nothing can be recorded.
    """

    def __init__(self, switch: Switch) -> None:
        self.live: dict[str, Live] = {}
        self.stored: dict[str, bytes] = {}
        self.full = False
        self._switch = switch

    def begin(self, of: Channel | Bridge, name: str, *, keep: bool = False) -> dict[str, Any] | None:
        """Begin to record; None when there is one of that name."""
        if name in self.live or (keep and name in self.stored):
            return None
        made = self.live[name] = Live(name=name, of=of)
        if self.full:
            del self.live[name]
            self._tell("RecordingFailed", made, {"state": "failed", "cause": "No space left on device"})
        else:
            self._tell("RecordingStarted", made, {})
        return made.view() | {"state": "queued"}

    def pause(self, name: str, *, on: bool) -> bool:
        """Pause or go on; False when there is no such recording."""
        found = self.live.get(name)
        if found is None:
            return False
        found.pauses += on and found.state != "paused"
        found.state = "paused" if on else "recording"
        return True

    def end(self, name: str, seconds: int = SECONDS) -> bool:
        """End a recording and keep what was said; False when there is none of that name."""
        found = self.live.pop(name, None)
        if found is None:
            return False
        self.stored[name] = tone(seconds, 300 + sum(name.encode()) % 500)
        self._tell("RecordingFinished", found, {"state": "done", "duration": seconds})
        return True

    def end_all(self, of: Channel | Bridge, seconds: int = SECONDS) -> None:
        """End what is recorded of a channel or bridge."""
        for name in [name for name, each in self.live.items() if each.of is of]:
            self.end(name, seconds)

    def asked(self, of: Channel | Bridge, query: dict[str, str]) -> Response:
        """Answer `POST …/record`."""
        view = self.begin(of, query.get("name", ""), keep=query.get("ifExists", "fail") == "fail")
        if view is None:
            return JSONResponse({"message": "Recording already exists"}, 409)
        return JSONResponse(view, 201)

    def answer(  # noqa: PLR0911 - one line for each kind of address
        self, method: str, words: list[str]
    ) -> Response | None:
        """Answer a request about a live or a stored recording; None when there is none such."""
        none = Response(status_code=204)
        match (method, *words):
            case ("GET", "recordings", "stored"):
                return JSONResponse([{"name": name, "format": "wav"} for name in self.stored])
            case ("GET", "recordings", "stored", name, "file") if name in self.stored:
                return Response(self.stored[name], media_type="audio/wav")
            case ("GET", "recordings", "stored", name) if name in self.stored:
                return JSONResponse({"name": name, "format": "wav"})
            case ("DELETE", "recordings", "stored", name):
                return none if self.stored.pop(name, None) is not None else None
            case ("GET", "recordings", "live", name) if name in self.live:
                return JSONResponse(self.live[name].view())
            case ("POST" | "DELETE", "recordings", "live", name, "pause"):
                return none if self.pause(name, on=method == "POST") else None
            case ("POST", "recordings", "live", name, "stop"):
                return none if self.end(name) else None
            case _:
                return None

    def _tell(self, event: str, of: Live, more: dict[str, Any]) -> None:
        switch = self._switch
        if switch.send_ari is None:
            return
        known = "RecordingFinished" if event == "RecordingFailed" else event
        message = templates.ari_event(known) | {"type": event, "timestamp": stamp(switch.now())}
        recording = of.view() | more
        for _ in switch.faults.copies(event):
            switch.send_ari(message | {"application": switch.app, "recording": recording})


def tone(seconds: int, pitch: int) -> bytes:
    """Return a WAV of a plain tone, 8 kHz and 16 bit as Asterisk writes it."""
    half = max(1, RATE // pitch // 2)
    wave_form = b"\x00\x20" * half + b"\x00\xe0" * half
    target = io.BytesIO()
    with wave.open(target, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(RATE)
        made.writeframes((wave_form * (RATE * seconds // (2 * half) + 1))[: RATE * 2 * seconds])
    return target.getvalue()
