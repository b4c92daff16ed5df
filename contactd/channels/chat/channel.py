"""The chat channel: visitors on one side of a socket, the queue on the other."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.websockets import WebSocket

from contactd.channels.chat import pages, wire
from contactd.channels.chat.options import Options
from contactd.channels.chat.rating import Rating
from contactd.channels.chat.socket import OVERLOAD, POLICY, RESTART, TOO_BIG, Socket
from contactd.channels.chat.talk import ADAPTER, Talk
from contactd.channels.chat.visitor import GONE, SHOWN, Visitor, Visitors, visitor_id
from contactd.core.buckets import Buckets
from contactd.core.channel import Change, Composed, Delivery, Draft, Health, Outgoing, Reader, Tools
from contactd.core.errors import BadRequestError, BusyError, ContactdError, StoreDownError
from contactd.core.events import InteractionGone

log = structlog.get_logger(__name__)

_SWEEP_S = 1.0
_BUSY_RETRY_S = 2.0
_DOWN_RETRY_S = 5.0


class ChatChannel:
    """Speaks the visitor's protocol and keeps who is here; see `contactd.core.channel.Channel`."""

    reader: Reader | None = None

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self.name = name
        self._options = options
        self._limits = options.limits
        self._tools = tools
        self._visitors = Visitors()
        self._talk = Talk(name, options, tools, self._visitors)
        self._rating = Rating(tools)
        self._connects = Buckets(self._limits.connects_per_minute)
        self._lines = Buckets(self._limits.lines_per_minute, self._limits.lines_per_minute / 4)
        self._per_ip: Counter[str] = Counter()
        self._sockets: set[Socket] = set()
        self._taking = False
        self._next_refresh = 0.0
        tools.route("WS", "/ws/chat", self.endpoint)
        pages.offer(tools)

    # What the house asks of a channel.

    async def start(self) -> None:
        """Take up the conversations that are open, then let visitors in."""
        away = self._tools.clock.monotonic()
        for found in await self._tools.open_contacts(ADAPTER):
            visitor = self._visitors.from_key(str(found["external_key"]))
            if visitor is None:
                continue
            self._visitors.bind(visitor, str(found["id"]), str(found["external_key"]))
            visitor.state = SHOWN.get(str(found.get("state")), "queued")
            visitor.line = str(found.get("line") or "")
            visitor.agent_name = str(found.get("agent_name") or "")
            visitor.away_since = away
        self._taking = True
        self._tools.spawn(self._sweep_for_ever(), "chat-sweep")

    async def stop_intake(self) -> None:
        """Let nobody in any more; lines on their way are still stored."""
        self._taking = False

    async def stop(self) -> None:
        """Close every socket: the widgets come back by themselves."""
        self._taking = False
        for socket in tuple(self._sockets):
            socket.close(RESTART)

    def addresses(self) -> dict[str, str]:
        """Return nothing: the chat lives on the HTTP port."""
        return {}

    def health(self) -> Health:
        """Say how many visitors are here."""
        return Health(ok=True, detail=f"{len(self._sockets)} sockets", last_progress=self._tools.clock.now())

    def compose(self, draft: Draft) -> Composed | None:  # noqa: ARG002 - lines need no outbox
        """Return None: a line is shown as soon as it is committed."""
        return None

    async def deliver(self, outgoing: Outgoing) -> Delivery:  # noqa: ARG002 - nothing is ever queued for it
        """Say that chat lines do not go by the outbox."""
        return Delivery(status="failed", detail="chat lines are shown when they are committed")

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        """Show an agent's line; who is away reads it on coming back."""
        visitor = self._visitors.of(interaction)
        event = wire.message(message)
        if visitor is not None and event is not None and event["from"] == "agent":
            visitor.tell(event)

    async def connect(self, change: Change) -> None:
        """Say that customer and agent are together: on a chat they are as soon as it is assigned."""
        await self._tools.answered(change.interaction, self._tools.clock.now())

    async def changed(self, change: Change) -> None:
        """Tell the visitor where the conversation stands."""
        visitor = self._visitors.of(change.interaction) or self._newly_bound(change)
        if visitor is None:
            return
        shown = SHOWN.get(change.state, "queued")
        ended_before = visitor.state == "ended"
        visitor.state, visitor.line, visitor.position = shown, change.line, change.position
        visitor.agent_name = change.agent_name if shown in {"active", "held"} else ""
        if shown != "ended":
            visitor.tell(await self._standing(visitor))
            return
        if not ended_before:
            visitor.tell({"type": "ended", "by": "visitor" if visitor.gave_up else "agent"})
            await self._rating.offer(visitor, change.interaction)
        if change.state in GONE:
            self._visitors.release(visitor)

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass an agent's typing or reading on; neither is kept.

        Raises:
            BadRequestError: another command.
        """
        if name not in {"chat.typing", "chat.read"}:
            text = "the chat has no such command"
            raise BadRequestError(text, code="unknown_command")
        visitor = self._visitors.of(interaction)
        if visitor is not None and name == "chat.typing":
            visitor.tell({"type": "typing", "from": "agent", "on": bool(data.get("on", True))})
        elif visitor is not None:
            visitor.tell({"type": "read", "id": str(data.get("id", ""))[:64]})
        return {}

    # One visitor's socket.

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one visitor's socket from upgrade to end."""
        ip = websocket.client.host if websocket.client else ""
        if not self._may_connect(websocket, ip):
            await websocket.close(POLICY)
            return
        await websocket.accept()
        socket = Socket(websocket, queue=self._limits.send_queue, send_s=self._limits.send_seconds)
        self._sockets.add(socket)
        self._per_ip[ip] += 1
        pump = asyncio.create_task(socket.pump(), name="chat-pump")
        try:
            await self._converse(websocket, socket)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.send_seconds):
                    await pump
        finally:
            pump.cancel()
            self._sockets.discard(socket)
            self._per_ip[ip] -= 1
            if not self._per_ip[ip]:
                del self._per_ip[ip]
            await socket.finish()

    def _may_connect(self, websocket: WebSocket, ip: str) -> bool:
        """Tell whether one more socket may be opened from there."""
        if not self._taking or len(self._sockets) >= self._limits.sockets:
            return False
        if self._per_ip[ip] >= self._limits.sockets_per_ip:
            return False
        return self._connects.take(ip, self._tools.clock.monotonic()) and any(
            self._origin_fits(websocket, site) for site in self._options.sites
        )

    def _origin_fits(self, websocket: WebSocket, site: str) -> bool:
        """Tell whether the page that opened the socket may speak for `site`; programs send no Origin."""
        origin = websocket.headers.get("origin")
        allowed = self._options.sites[site].origins
        if origin is None or origin in allowed or "*" in allowed:
            return True
        try:
            return urlsplit(origin).netloc == websocket.headers.get("host")
        except ValueError:
            return False

    async def _converse(self, websocket: WebSocket, socket: Socket) -> None:
        """Greet the visitor, then do what their frames ask until they go."""
        visitor: Visitor | None = None
        flood = Buckets(self._limits.frames_per_minute)
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                visitor = await self._greet(websocket, socket)
            while visitor is not None and (text := await socket.receive()) is not None:
                if not flood.take("", self._tools.clock.monotonic()):
                    self._refuse(socket, "rate", POLICY)
                    break
                await self._obey(visitor, socket, text)
        except wire.FrameError as error:
            self._refuse(socket, error.code, TOO_BIG if error.code == "too_large" else POLICY)
        except TimeoutError:
            self._refuse(socket, "no_hello", POLICY)
        except ContactdError:
            self._refuse(socket, "unavailable", OVERLOAD)
        finally:
            if visitor is not None:
                self._left(visitor, socket)
            socket.close(POLICY)

    @staticmethod
    def _refuse(socket: Socket, code: str, close: int) -> None:
        """Say why, then close."""
        socket.send(wire.error(code))
        socket.close(close)

    async def _greet(self, websocket: WebSocket, socket: Socket) -> Visitor | None:
        """Read the first frame and answer with where the visitor stands and what was said.

        Raises:
            FrameError: it is no hello, or the site is not for this page.
        """
        text = await socket.receive()
        if text is None:
            return None
        hello = wire.read(text)
        if not isinstance(hello, wire.Hello):
            code = "hello_first"
            raise wire.FrameError(code)
        site = hello.site or next(iter(self._options.sites), "")
        if site not in self._options.sites:
            code = "unknown_site"
            raise wire.FrameError(code)
        if not self._origin_fits(websocket, site):
            code = "origin"
            raise wire.FrameError(code)
        token = hello.token or secrets.token_urlsafe(32)
        visitor = self._visitors.get(site, visitor_id(token))
        if hello.profile != wire.Profile():
            visitor.profile = hello.profile
        visitor.sockets.add(socket)
        visitor.away_since = None
        try:
            history = await self._talk.history(visitor, hello.last_id)
            standing = await self._standing(visitor)
        except BaseException:
            self._left(visitor, socket)
            raise
        socket.send({**standing, "type": "welcome", "visitor": token})
        for event in history:
            socket.send(event)
        if visitor.asked is not None:
            socket.send(wire.survey(visitor.asked))
        return visitor

    async def _obey(self, visitor: Visitor, socket: Socket, text: str) -> None:
        """Do what a frame after the first asks; a frame with a mistake in it is answered and costs nothing more.

        Raises:
            FrameError: it is so large that the connection must end.
        """
        try:
            frame = wire.read(text)
        except wire.FrameError as error:
            if error.code == "too_large":
                raise
            socket.send(wire.error(error.code, error.client_id))
            return
        if isinstance(frame, wire.Say):
            await self._say(visitor, socket, frame)
        elif isinstance(frame, wire.Rate):
            await self._rate(visitor, socket, frame)
        elif isinstance(frame, wire.End):
            await self._give_up(visitor)
        elif isinstance(frame, wire.Hello):
            socket.send(wire.error("already_greeted"))

    async def _say(self, visitor: Visitor, socket: Socket, line: wire.Say) -> None:
        """Store a line, and only then say so."""
        if not self._lines.take(f"{visitor.site}:{visitor.id}", self._tools.clock.monotonic()):
            socket.send(wire.slow(line.client_id, _BUSY_RETRY_S))
            return
        before = visitor.session
        try:
            safe = await self._talk.say(visitor, line, socket.ip)
        except BusyError:
            socket.send(wire.slow(line.client_id, _BUSY_RETRY_S))
            return
        except StoreDownError:
            socket.send(wire.slow(line.client_id, _DOWN_RETRY_S))
            return
        socket.send(wire.said(line.client_id, safe.id, safe.seq, safe.at))
        mine = {"id": safe.id, "seq": safe.seq, "at": safe.at, "text": line.text}
        event = wire.message({**mine, "direction": "inbound", "client_id": line.client_id})
        if event is not None:
            visitor.tell(event, but=socket)
        if visitor.session != before:
            visitor.tell(await self._standing(visitor))

    async def _rate(self, visitor: Visitor, socket: Socket, rate: wire.Rate) -> None:
        """Keep what a visitor says of the conversation before, and only then say so, in every window."""
        if not self._lines.take(f"{visitor.site}:{visitor.id}", self._tools.clock.monotonic()):
            socket.send(wire.error("rate"))
            return
        try:
            told = await self._rating.take(visitor, rate)
        except (BusyError, StoreDownError):
            told = wire.error("later")
        if told["type"] == "rated":
            visitor.tell(told)
        else:
            socket.send(told)

    async def _give_up(self, visitor: Visitor) -> None:
        """Tell the router that the visitor left; once per conversation."""
        if visitor.interaction is None or visitor.gave_up or visitor.state == "ended":
            return
        visitor.gave_up = True
        try:
            await self._tools.report(InteractionGone(interaction=visitor.interaction))
        except ContactdError:
            visitor.gave_up = False
            raise

    def _left(self, visitor: Visitor, socket: Socket) -> None:
        """Note that one of the visitor's windows is gone."""
        visitor.sockets.discard(socket)
        if not visitor.sockets:
            visitor.away_since = self._tools.clock.monotonic()
        self._visitors.tidy(visitor)

    # Where a conversation stands.

    def _newly_bound(self, change: Change) -> Visitor | None:
        """Return the visitor of a conversation that was just opened: the news may come before `accept` returns."""
        if change.adapter != ADAPTER or change.state in GONE:
            return None
        visitor = self._visitors.from_key(change.external_key)
        if visitor is None or visitor.interaction is not None:
            return None
        self._visitors.bind(visitor, change.interaction, change.external_key)
        return visitor

    async def _standing(self, visitor: Visitor) -> wire.Event:
        """Return the `state` event: place in line and the honest wait while queued, the agent's name once there is one."""
        lines = self._tools.policy_lines()
        line = visitor.line or self._options.sites[visitor.site].line or next(iter(lines), "")
        waiting = visitor.state in {"new", "queued"}
        p50, p90 = await self._tools.wait_range(line) if waiting and line in lines else (None, None)
        return {
            "type": "state",
            "session": visitor.session,
            "state": visitor.state,
            "position": visitor.position if visitor.state == "queued" else None,
            "wait_p50_s": p50,
            "wait_p90_s": p90,
            "agent": visitor.agent_name or None,
            "open": bool(lines.get(line, {}).get("open", True)),
        }

    async def _sweep_for_ever(self) -> None:
        """Look after the waiting once a second."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            await self.sweep()

    async def sweep(self) -> None:
        """Give up the places of visitors who stayed away, and tell the others where they stand now and then."""
        now = self._tools.clock.monotonic()
        refresh = now >= self._next_refresh
        if refresh:
            self._next_refresh = now + self._limits.refresh_seconds
        for visitor in self._visitors:
            if visitor.state != "queued" or visitor.interaction is None:
                continue
            if not visitor.sockets and visitor.away_since is None:
                visitor.away_since = now
            try:
                if visitor.away_since is not None and now - visitor.away_since >= self._limits.gone_seconds:
                    await self._give_up(visitor)
                elif refresh and visitor.sockets:
                    await self._refresh(visitor)
            except ContactdError:
                log.warning("chat.sweep_postponed", interaction=visitor.interaction)

    async def _refresh(self, visitor: Visitor) -> None:
        """Tell a waiting visitor the place in line again, as the store knows it now."""
        found = await self._tools.find(ADAPTER, visitor.session or "")
        place = found.get("position") if found is not None else None
        # A place that nobody can confirm is not told again: it may be long out of date.
        visitor.position = int(place) if place is not None else None
        visitor.tell(await self._standing(visitor))
