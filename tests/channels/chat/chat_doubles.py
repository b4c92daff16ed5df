"""A desk that keeps conversations in memory, and a visitor's browser reduced to its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from contactd.channels.chat import ChatChannel, Options, build
from contactd.clock import rfc3339
from contactd.core.channel import Arrival, Change, Content, Receipt, Said
from contactd.core.errors import ConflictError, ContactdError
from contactd.core.message import NewMessage
from contactd.core.survey import Asked, Reply


class HandClock:
    """Time moved by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


class MemoryDesk:
    """The house as the chat sees it: what is committed, what was reported, and a gate before every commit."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.data_dir = Path()
        self.routes: list[Route | WebSocketRoute] = []
        self.policy_lines = lambda: {"support": {"open": True}}
        self.gate = asyncio.Event()
        self.gate.set()
        self.trouble: ContactdError | None = None
        self.arrivals: list[tuple[Arrival, Content]] = []
        self.contacts: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.facts: list[Any] = []
        self.answers: list[str] = []
        self.entered = 0
        self.survey_of: Callable[[str, str | None], Asked | None] = lambda _interaction, _language: None
        self.rated: list[tuple[str, str, tuple[Reply, ...]]] = []

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        await self._commit()
        assert content is not None
        known = self.contacts.get(arrival.external_key)
        if known is not None:
            return Receipt(id=f"r-{known['id']}", interaction=known["id"], duplicate=True)
        interaction = f"i{len(self.contacts) + 1}"
        key = arrival.external_key
        self.contacts[key] = {
            "id": interaction,
            "external_key": key,
            "state": "queued",
            "line": "support",
            "agent": None,
        }
        self.arrivals.append((arrival, content))
        self._append(interaction, content.messages[0])
        return Receipt(id=f"r-{interaction}", interaction=interaction)

    async def joined(self, interaction: str, message: NewMessage) -> Said:
        await self._commit()
        for view in self.messages[interaction]:
            if view["provider_id"] == message.provider_id:
                return Said(
                    id=view["id"], interaction=interaction, seq=view["seq"], at=self.clock.now(), duplicate=True
                )
        if self.state(interaction) not in {"queued", "active", "held", "offered", "parked"}:
            text = "closed"
            raise ConflictError(text, code="closed")
        view = self._append(interaction, message)
        return Said(id=view["id"], interaction=interaction, seq=view["seq"], at=self.clock.now())

    async def _commit(self) -> None:
        self.entered += 1
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble

    def _append(self, interaction: str, message: NewMessage) -> dict[str, Any]:
        stored = self.messages.setdefault(interaction, [])
        view = {
            "id": f"{interaction}-m{len(stored) + 1}",
            "interaction": interaction,
            "seq": len(stored) + 1,
            "at": rfc3339(self.clock.now()),
            "direction": message.direction,
            "sender": message.sender,
            "sender_name": message.sender_name,
            "text": message.text,
            "provider_id": message.provider_id,
        }
        stored.append(view)
        return view

    def agent_says(self, interaction: str, text: str, direction: str = "outbound") -> dict[str, Any]:
        """Commit a line (or note) of an agent."""
        return self._append(interaction, NewMessage(direction=direction, sender="a7", sender_name="Lin", text=text))

    def state(self, interaction: str) -> str:
        return next(str(c["state"]) for c in self.contacts.values() if c["id"] == interaction)

    def move(self, interaction: str, state: str, *, agent_name: str = "", position: int | None = None) -> Change:
        """Commit a change of state; return what the channel is told."""
        contact = next(c for c in self.contacts.values() if c["id"] == interaction)
        contact["state"] = state
        return Change(
            interaction=interaction,
            adapter="widget",
            external_key=contact["external_key"],
            state=state,
            cause="",
            line="support",
            agent_name=agent_name,
            position=position,
        )

    async def transcript(self, interaction: str, after_seq: int = 0) -> list[Mapping[str, Any]]:
        return [view for view in self.messages.get(interaction, []) if view["seq"] > after_seq][:200]

    async def find(self, adapter: str, external_key: str) -> Mapping[str, Any] | None:
        return self.contacts.get(external_key)

    async def open_contacts(self, adapter: str) -> list[Mapping[str, Any]]:
        return [c for c in self.contacts.values() if c["state"] not in {"closed", "abandoned"}]

    async def report(self, fact: Any) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.facts.append(fact)

    async def answered(self, interaction: str, at: datetime) -> None:
        self.answers.append(interaction)

    async def wait_range(self, line: str) -> tuple[float | None, float | None]:
        return 40.0, 120.0

    async def survey(self, interaction: str, language: str | None = None) -> Asked | None:
        return self.survey_of(interaction, language)

    async def survey_ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.rated.append((invite, became, replies))

    def spawn(self, coroutine: Any, name: str) -> None:
        coroutine.close()

    def route(self, method: str, path: str, handler: Any) -> None:
        self.routes.append(WebSocketRoute(path, handler) if method == "WS" else Route(path, handler, methods=[method]))


class Browser:
    """A visitor's connection."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self.token = ""
        self.session: str | None = None

    async def send(self, frame: Any) -> None:
        await self._connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            event: dict[str, Any] = json.loads(await self._connection.recv())
        self.session = None if event["type"] == "ended" else event.get("session", self.session)
        return event

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next event of that type, passing over the others."""
        while (event := await self.receive())["type"] != kind:
            pass
        return event

    async def silent(self) -> bool:
        """Tell whether nothing is on its way: a question is answered, and nothing came before the answer."""
        await self.send({"type": "nonsense"})
        return (await self.receive())["type"] == "error"

    async def hello(self, **fields: Any) -> dict[str, Any]:
        await self.send({"type": "hello", "protocol": 1, "site": "demo", **fields})
        welcome = await self.receive()
        self.token = str(welcome.get("visitor", ""))
        return welcome

    async def say(self, client_id: str, text: str) -> dict[str, Any]:
        """Say a line; return the answer to it.  That it opened a conversation is news which is passed over."""
        await self.send({"type": "say", "client_id": client_id, "text": text})
        while (answer := await self.receive()).get("client_id") != client_id:
            pass
        if answer["type"] == "said" and self.session is None:
            assert (await self.receive())["type"] == "state"
        return answer

    async def closed(self) -> int:
        """Wait for the other side to close; return its code."""
        async with asyncio.timeout(30):
            await self._connection.wait_closed()
        assert self._connection.close_code is not None
        return self._connection.close_code

    async def leave(self) -> None:
        await self._connection.close()


class Port:
    """One real HTTP port, lent to the houses of all tests in turn."""

    def __init__(self) -> None:
        self._app = Starlette()
        config = uvicorn.Config(
            self._app, port=0, log_config=None, ws="websockets-sansio", ws_per_message_deflate=False
        )
        self._server = uvicorn.Server(config)
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign] - tests keep their signals
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._server.serve())
        async with asyncio.timeout(10):
            while not self._server.started:  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.005)

    def number(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def lend(self, routes: list[Any]) -> None:
        self._app.router.routes[:] = routes

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class House:
    """A chat channel on a real port over a desk in memory."""

    def __init__(self, desk: MemoryDesk, options: Options, port: Port) -> None:
        self.desk = desk
        desk.routes.clear()
        self.chat: ChatChannel = build("chat", options, desk)
        port.lend(desk.routes)
        self.address = f"127.0.0.1:{port.number()}"
        self._browsers: list[Browser] = []

    async def browser(self, **headers: str) -> Browser:
        """Open a socket as a page with these headers would."""
        url = f"ws://{self.address}/ws/chat"
        browser = Browser(await websockets.connect(url, additional_headers=headers, compression=None))
        self._browsers.append(browser)
        return browser

    async def stop(self) -> None:
        self.desk.gate.set()
        await self.chat.stop_intake()
        await self.chat.stop()
        for browser in self._browsers:
            await browser.leave()


Open = Callable[..., Awaitable[House]]
"""The fixture that opens a house with given options."""
