"""A scripted FreeSWITCH: an event socket that parks, originates, bridges and kills as its documentation says.

There is no real one here: what it does is what mod_event_socket and mod_commands are documented to do.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

CORE = "6b1fd8a6-0000-11dd-b7a0-db4edd065621"


@dataclass
class Leg:
    """One channel."""

    uuid: str
    fields: dict[str, str] = field(default_factory=dict)
    other: str = ""
    hears: str = ""
    held: bool = False
    digits: str = ""


class Switch:
    """Keeps channels, and speaks with whoever connects."""

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}
        self.ringing: dict[str, tuple[str, str, str]] = {}
        """Agent's leg → (device, job, the call it is for)."""
        self.orders: list[str] = []
        self.logins: list[str] = []
        self.sequence = 0
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Cut the connection, as a network does."""
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None

    # What people do.

    def call(self, uuid: str, caller: str = "13800138000", *, hidden: str = "false", mark: str = "inbound") -> Leg:
        said = {
            "Caller-Caller-ID-Number": caller,
            "Caller-Caller-ID-Name": "王芳",
            "Caller-Destination-Number": "400800001",
            "Caller-Privacy-Hide-Number": hidden,
            "variable_contactd": mark,
        }
        leg = self.legs[uuid] = Leg(uuid, said)
        self.event("CHANNEL_PARK", leg)
        return leg

    def answer(self, agent: str = "") -> Leg:
        """Let the phone that rings be answered."""
        uuid, (_, job, _call) = next(iter(self.ringing.items()))
        del self.ringing[uuid]
        leg = self.legs[uuid]
        self.event("CHANNEL_PARK", leg)
        self.done(job, f"+OK {uuid}\n")
        return leg

    def refuse(self, why: str = "USER_BUSY") -> None:
        uuid, (_, job, _call) = next(iter(self.ringing.items()))
        del self.ringing[uuid]
        self.legs[uuid].fields["Hangup-Cause"] = why
        self.hangup(self.legs[uuid], "send_refuse")
        self.done(job, f"-ERR {why}\n")

    def hangup(self, leg: Leg, said: str = "recv_bye") -> None:
        if self.legs.pop(leg.uuid, None) is None:
            return
        other = self.legs.get(leg.other)
        leg.fields["variable_sip_hangup_disposition"] = said
        self.event("CHANNEL_HANGUP_COMPLETE", leg)
        if other is not None:
            other.other = ""
            self.event("CHANNEL_PARK", other)  # park_after_bridge

    def hold(self, leg: Leg, *, on: bool = True) -> None:
        leg.held = on
        self.event("CHANNEL_HOLD" if on else "CHANNEL_UNHOLD", leg)

    # The wire.

    def event(self, name: str, leg: Leg | None = None, body: str = "", **more: str) -> None:
        self.sequence += 1
        said = {"Event-Name": name, "Core-UUID": CORE, "Event-Sequence": str(self.sequence), **more}
        if leg is not None:
            said |= leg.fields | {"Unique-ID": leg.uuid}
            said |= {"Other-Leg-Unique-ID": leg.other} if leg.other else {}
        if body:
            said["Content-Length"] = str(len(body))
        text = "".join(f"{key}: {quote(value)}\n" for key, value in said.items()) + "\n" + body
        self.write(f"Content-Length: {len(text)}\nContent-Type: text/event-plain\n\n{text}")

    def done(self, job: str, body: str) -> None:
        self.event("BACKGROUND_JOB", None, body, **{"Job-UUID": job})

    def write(self, text: str) -> None:
        if self.writer is not None:
            self.writer.write(text.encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: auth/request\n\n")
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\n\n")).decode().strip().split("\n")
                if head[0].startswith("event ") and "CHANNEL_PARK" in head[0]:
                    self.writer = writer
                self._command(
                    writer, head[0], next((row[10:].strip() for row in head[1:] if row.startswith("Job-UUID:")), "")
                )

    def _command(self, writer: asyncio.StreamWriter, command: str, job: str) -> None:
        word, _, rest = command.partition(" ")
        if word == "api":
            body = self._list(rest)
            writer.write(f"Content-Type: api/response\nContent-Length: {len(body.encode())}\n\n{body}".encode())
            return
        if word in ("auth", "userauth"):
            self.logins.append(rest)
        writer.write(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
        if word == "bgapi":
            self.orders.append(rest)
            self._order(rest.split(), job)

    def _list(self, what: str) -> str:
        if what == "show channels as json":
            rows = [{"uuid": uuid} for uuid in self.legs]
            return json.dumps({"row_count": len(rows), "rows": rows})
        words = what.split()
        leg = self.legs.get(words[1]) if words[0] == "uuid_dump" and len(words) > 1 else None
        if leg is None:
            return "-ERR No such channel!\n"
        state = "RINGING" if leg.uuid in self.ringing else "HELD" if leg.held else "ACTIVE"
        said = {"Unique-ID": leg.uuid, "Other-Leg-Unique-ID": leg.other, "Channel-Call-State": state}
        return json.dumps(leg.fields | said)

    def _order(self, words: list[str], job: str) -> None:  # noqa: C901 - one case for each command
        name, leg = words[0], self.legs.get(words[2 if words[1:2] == ["off"] else 1]) if len(words) > 1 else None
        if name == "originate":
            variables, _, device = words[1][1:].partition("}")
            said = dict(each.split("=", 1) for each in variables.split(","))
            uuid = said["origination_uuid"]
            self.ringing[uuid] = (device, job, said["contactd_call"])
            about = {f"variable_{name}": value for name, value in said.items() if name.startswith("contactd")}
            self.legs[uuid] = Leg(uuid, about)
        elif name == "uuid_kill" and words[1] in self.ringing:
            _, dead, _ = self.ringing.pop(words[1])
            del self.legs[words[1]]
            self.done(dead, "-ERR ORIGINATOR_CANCEL\n")
        elif leg is None:
            self.done(job, "-ERR Invalid uuid\n") if job else None
        elif name == "uuid_broadcast":
            leg.hears = words[2]
        elif name == "uuid_break":
            leg.hears = ""
        elif name == "uuid_kill":
            self.hangup(leg, "send_bye")
        elif name == "uuid_bridge":
            self._bridge(leg, words[2], job)
        elif name == "uuid_send_dtmf":
            leg.digits += words[2]
        elif name == "uuid_setvar":
            leg.fields[f"variable_{words[2]}"] = words[3]
        elif name == "uuid_hold":
            self.hold(self.legs[words[2]], on=False) if words[1] == "off" else self.hold(leg)

    def _bridge(self, leg: Leg, other: str, job: str) -> None:
        there = self.legs.get(other)
        if there is None:
            self.done(job, "-ERR Invalid uuid\n")
            return
        leg.other, there.other = other, leg.uuid
        self.event("CHANNEL_BRIDGE", leg)
        self.done(job, f"+OK {other}\n")
