"""SIP over a WebSocket (RFC 7118) in front of the scripted PBX: browsers register, ring, answer and hang up; there is no sound."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from contactd.testing.pbx.parts import Channel, Phone

REALM = "scripted"
OK, UNAUTHORIZED, RINGING = 200, 401, 180
_TOLD_LATER = 487
_FIELD = re.compile(r"(\w+)=\"?([^\",]*)")
_OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:pbxu
a=ice-pwd:pbxpbxpbxpbxpbxpbxpbxpbx
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:0 PCMU/8000
"""
"""An offer without candidates: a browser takes it, and waits for a way that never comes."""


@dataclass
class Message:
    """One request or answer."""

    start: str
    headers: dict[str, str]
    body: str = ""

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the request that is answered."""
        return self.headers["cseq"].split(" ")[1]


@dataclass
class Leg:
    """An INVITE of ours."""

    phone: Phone
    channel: Channel
    socket: ServerConnection
    target: str
    head: dict[str, str] = field(default_factory=dict)
    answered: bool = False


class SipSocket:
    """Serves the phones of a scripted PBX that are browsers.

    Args:
        passwords: user → password.
    """

    def __init__(self, passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self.registered: dict[str, tuple[ServerConnection, str]] = {}
        """User → (connection, contact)."""
        self.refused = 0
        """REGISTERs with a wrong answer to the challenge."""
        self.url = ""
        self._legs: dict[str, Leg] = {}
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await serve(self._serve, "127.0.0.1", 0, subprotocols=["sip"])  # type: ignore[list-item]
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/ws"

    async def stop(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def attach(self, phone: Phone) -> None:
        """Let a phone be a browser: what rings it is an INVITE."""
        phone.on_ring = partial(self._ring, phone)

    # What the PBX does.

    def _ring(self, phone: Phone, channel: Channel) -> None:
        user = phone.device.partition("/")[2]
        found = self.registered.get(user)
        if found is None:
            phone.refuse()
            return
        socket, target = found
        leg = Leg(phone, channel, socket, target)
        leg.head = {
            "Via": f"SIP/2.0/WS pbx.invalid;branch=z9hG4bK{uuid4().hex[:12]}",
            "Max-Forwards": "70",
            "From": f'"{channel.connected_name}" <sip:{channel.connected_number}@{REALM}>;tag={uuid4().hex[:8]}',
            "To": f"<sip:{user}@{REALM}>",
            "Call-ID": uuid4().hex,
        }
        self._legs[leg.head["Call-ID"]] = leg
        channel.on_gone = partial(self._gone, leg)
        fingerprint = ":".join(["AB"] * 32)
        body = _OFFER.format(fingerprint=fingerprint).replace("\n", "\r\n")
        more = {"CSeq": "1 INVITE", "Contact": "<sip:pbx@pbx.invalid;transport=ws>", "Content-Type": "application/sdp"}
        self._send(socket, f"INVITE {target} SIP/2.0", leg.head | more, body)

    def _gone(self, leg: Leg) -> None:
        """The PBX ends it: a ring is cancelled, a call is hung up."""
        if self._legs.pop(leg.head["Call-ID"], None) is None:
            return
        if leg.answered:
            self._send(leg.socket, f"BYE {leg.target} SIP/2.0", leg.head | {"CSeq": "2 BYE"})
        else:
            self._send(leg.socket, f"CANCEL {leg.target} SIP/2.0", leg.head | {"CSeq": "1 CANCEL"})

    # The wire.

    def _send(self, socket: ServerConnection, start: str, headers: dict[str, str], body: str = "") -> None:
        lines = [start, *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}"]

        async def write() -> None:
            try:
                await socket.send("\r\n".join(lines) + "\r\n\r\n" + body)
            except ConnectionClosed:
                return

        task = asyncio.get_running_loop().create_task(write())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, socket: ServerConnection) -> None:
        try:
            async for frame in socket:
                text = frame if isinstance(frame, str) else frame.decode()
                if text.strip():
                    self._message(socket, _read(text))
        except ConnectionClosed:
            pass
        for user in [user for user, (each, _) in self.registered.items() if each is socket]:
            del self.registered[user]

    def _message(self, socket: ServerConnection, message: Message) -> None:
        if message.status:
            self._answered(message)
        elif message.method == "REGISTER":
            self._register(socket, message)
        elif message.method != "ACK":
            self._reply(socket, message, f"{OK} OK")
            leg = self._legs.pop(message.headers["call-id"], None) if message.method == "BYE" else None
            if leg is not None:
                leg.phone.hangup()

    def _reply(self, socket: ServerConnection, message: Message, status: str, **more: str) -> None:
        head = {name: message.headers[name.lower()] for name in ("Via", "From", "To", "Call-ID", "CSeq")}
        head["To"] += "" if "tag=" in head["To"] else f";tag={uuid4().hex[:8]}"
        self._send(socket, f"SIP/2.0 {status}", head | {name.replace("_", "-"): value for name, value in more.items()})

    def _register(self, socket: ServerConnection, message: Message) -> None:
        said = dict(_FIELD.findall(message.headers.get("authorization", "")))
        user = said.get("username", "")
        if not said or not self._right(user, said):
            self.refused += bool(said)
            challenge = f'Digest realm="{REALM}", nonce="{uuid4().hex}", algorithm=MD5'
            self._reply(socket, message, f"{UNAUTHORIZED} Unauthorized", WWW_Authenticate=challenge)
            return
        contact = message.headers.get("contact", "")
        if "expires=0" in contact or message.headers.get("expires") == "0":
            self.registered.pop(user, None)
        else:
            self.registered[user] = (socket, contact.partition("<")[2].partition(">")[0])
        self._reply(socket, message, f"{OK} OK", Contact=contact, Expires="300")

    def _right(self, user: str, said: dict[str, str]) -> bool:
        one = _md5(f"{user}:{REALM}:{self.passwords.get(user, uuid4().hex)}")
        two = _md5(f"REGISTER:{said.get('uri', '')}")
        return said.get("response") == _md5(f"{one}:{said.get('nonce', '')}:{two}")

    def _answered(self, message: Message) -> None:
        """Follow what a browser says to our INVITE."""
        leg = self._legs.get(message.headers["call-id"])
        if message.method != "INVITE" or message.status < OK:
            return
        if leg is None:
            return  # it was cancelled
        leg.head["To"] = message.headers["to"]
        self._send(leg.socket, f"ACK {leg.target} SIP/2.0", leg.head | {"CSeq": "1 ACK"})
        if message.status == OK:
            leg.answered = True
            leg.phone.answer()
        else:
            self._legs.pop(leg.head["Call-ID"], None)
            leg.phone.refuse()


def _read(text: str) -> Message:
    head, _, body = text.partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Message(start, headers, body)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
