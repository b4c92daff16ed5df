"""ARI of the scripted PBX: REST and the event socket on one port."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from contactd.testing.pbx import astdb, dialled, templates
from contactd.testing.pbx.parts import Bridge, Channel, stamp
from contactd.testing.pbx.switch import Switch

_NOT_FOUND = "DELETE /channels/{id} 404"
_NOT_IN_STASIS = "POST /bridges/{id}/addChannel 422"


class _Quiet(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the program the PBX runs in has its own."""
        yield


class AriServer:
    """Serves one application at a time, as Asterisk does.

    Attributes:
        requests: every request that was made, in order: (method, path, query).
    """

    def __init__(self, switch: Switch, username: str, password: str) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.port = 0
        self.missing: set[str] = set()
        self.database: dict[str, str] = {}
        """The PBX's own database, `family/key` → value."""
        """Modules that are not loaded."""
        self.booting = False
        """It is starting: it refuses everything."""
        self._switch = switch
        self._login = (username, password)
        self._socket: WebSocket | None = None
        self._queue: asyncio.Queue[dict[str, Any]] | None = None
        self._server: _Quiet | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        app = Starlette(
            routes=[
                WebSocketRoute("/ari/events", self._events),
                Route("/ari/{path:path}", self._rest, methods=["GET", "POST", "PUT", "DELETE"]),
            ],
        )
        config = uvicorn.Config(app, host=host, port=port, log_level="critical", lifespan="off", ws="websockets-sansio")
        self._server = _Quiet(config)
        self._task = asyncio.get_running_loop().create_task(self._server.serve())
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket and stop listening."""
        await self.drop()
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    async def drop(self) -> None:
        """Cut the event socket, as a network does."""
        socket, self._socket = self._socket, None
        self._switch.send_ari = None
        if socket is not None:
            with suppress(WebSocketDisconnect):  # the application may be gone already
                await socket.close(1001)

    async def flush(self) -> None:
        """Wait until the application was sent everything."""
        if self._queue is not None:
            await self._queue.join()

    @property
    def connected(self) -> bool:
        """Whether an application listens."""
        return self._socket is not None

    def _allowed(self, request: HTTPConnection) -> bool:
        word, _, text = request.headers.get("authorization", "").partition(" ")
        if word.lower() != "basic":
            return request.query_params.get("api_key") == ":".join(self._login)
        try:
            return b64decode(text).decode() == ":".join(self._login)
        except (Base64Error, UnicodeDecodeError):
            return False

    async def _events(self, socket: WebSocket) -> None:
        if self.booting or not self._allowed(socket):
            await socket.close(4401)
            return
        await socket.accept()
        replaced, old = self._queue, self._socket
        if replaced is not None and old is not None:
            message = templates.ari_event("ApplicationReplaced")
            replaced.put_nowait(message | {"timestamp": stamp(self._switch.now()), "application": self._switch.app})
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._socket, self._queue = socket, queue
        self._switch.app = socket.query_params.get("app", self._switch.app)
        self._switch.send_ari = queue.put_nowait
        writer = asyncio.get_running_loop().create_task(self._write(socket, queue))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            writer.cancel()
            if self._socket is socket:
                self._socket = self._queue = self._switch.send_ari = None

    async def _write(self, socket: WebSocket, queue: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            message = await queue.get()
            if self._switch.faults.late_s:
                await asyncio.sleep(self._switch.faults.late_s)
            await socket.send_text(json.dumps(message, ensure_ascii=False))
            queue.task_done()

    async def _rest(self, request: Request) -> Response:
        if self.booting:
            return JSONResponse({"message": "Asterisk not fully booted"}, 503)
        if not self._allowed(request):
            return JSONResponse({"message": "Authentication required"}, 401)
        path = request.path_params["path"]
        query = dict(request.query_params)
        self.requests.append((request.method, f"/{path}", query))
        raw = await request.body()
        body = json.loads(raw) if raw else {}
        words = path.split("/")
        return self._answer(request.method, words, query, body if isinstance(body, dict) else {})

    def _answer(  # noqa: C901, PLR0911, PLR0912 - one line for each kind of address
        self,
        method: str,
        words: list[str],
        query: dict[str, str],
        body: dict[str, Any],
    ) -> Response:
        match (method, *words):
            case ("GET", "channels"):
                return JSONResponse([each.view() for each in self._switch.channels.values()])
            case ("GET", "bridges"):
                return JSONResponse([each.view() for each in self._switch.bridges.values()])
            case ("POST", "channels"):
                return self._originate(query, body)
            case ("POST", "channels", "create"):
                return self._create(query)
            case ("POST", "bridges"):
                return JSONResponse(self._switch.bridge(query.get("bridgeId", ""), query.get("name", "")).view())
            case (_, "recordings" | "playbacks", *_):
                return self._sound(method, words)
            case (_, "applications", _, *_):
                return self._application(method, words, query)
            case (_, "channels", channel_id, *rest):
                return self._channel(method, channel_id, "/".join(rest), query)
            case (_, "bridges", bridge_id, *rest):
                return self._bridge(method, bridge_id, "/".join(rest), query)
            case (_, "asterisk", "variable"):
                return (
                    JSONResponse({"value": value})
                    if (value := astdb.asked(self.database, method, query)) is not None
                    else Response(status_code=204)
                )
            case ("GET", "asterisk", "info"):
                return JSONResponse({"system": {"version": "22.10.1"}})
            case ("GET", "asterisk", "modules", name):
                away = name.removesuffix(".so") in self.missing
                found = {"name": name, "status": "Running", "support_level": "core", "use_count": 1, "description": ""}
                return JSONResponse({"message": "Module could not be found"}, 404) if away else JSONResponse(found)
            case _:
                return JSONResponse({"message": "Invalid method"}, 404)

    def _sound(self, method: str, words: list[str]) -> Response:
        if (method, words[0], len(words)) == ("DELETE", "playbacks", 2):
            channel = next((each for each in self._switch.channels.values() if each.playback == words[1]), None)
            if channel is None:
                return JSONResponse({"message": "Playback not found"}, 404)
            self._switch.played(channel)
            return Response(status_code=204)
        found = self._switch.tapes.answer(method, words)
        return JSONResponse({"message": "Recording not found"}, 404) if found is None else found

    def _application(self, method: str, words: list[str], query: dict[str, str]) -> Response:
        if method == "POST" and words[-1] == "subscription":
            channel = self._switch.channels.get(query.get("eventSource", "").removeprefix("channel:"))
            if channel is None:
                return JSONResponse({"message": "Event source does not exist"}, 422)
            channel.subscribed = True
        view = templates.ari_reply("GET /applications/{id} 200") | {"name": words[1]}
        view["bridge_ids"] = list(self._switch.bridges)
        view["channel_ids"] = [each.id for each in self._switch.channels.values() if each.subscribed]
        return JSONResponse(view)

    def _originate(self, query: dict[str, str], body: dict[str, Any]) -> Response:
        phone = self._switch.phones.get(query.get("endpoint", ""))
        if phone is None or not phone.registered:
            return JSONResponse(templates.ari_reply("POST /channels 500"), 500)
        leg = self._switch.originate(
            phone,
            query.get("channelId", ""),
            query.get("originator", ""),
            query.get("appArgs", "").split(","),
            float(query.get("timeout", "30")),
        )
        variables = body.get("variables") or {}
        leg.variables |= {str(key).lstrip("_"): str(value) for key, value in variables.items()}
        return JSONResponse(leg.view())

    def _create(self, query: dict[str, str]) -> Response:
        phone = self._switch.phones.get(query.get("endpoint", ""))
        if phone is None or not phone.registered:
            return JSONResponse(templates.ari_reply("POST /channels 500"), 500)
        args = query.get("appArgs", "").split(",")
        leg = dialled.create(self._switch, phone, query.get("channelId", ""), query.get("originator", ""), args)
        return JSONResponse(leg.view())

    def _channel(self, method: str, channel_id: str, act: str, query: dict[str, str]) -> Response:
        channel = self._switch.channels.get(channel_id)
        if channel is None:
            return JSONResponse(templates.ari_reply(_NOT_FOUND), 404)
        match (method, act):
            case ("DELETE", ""):
                self._switch.hang_up(channel)
            case ("GET", "variable"):
                value = channel.value(query.get("variable", ""))
                if value is None:
                    return JSONResponse({"message": "Provided variable was not found"}, 404)
                return JSONResponse(templates.ari_reply("GET /channels/{id}/variable 200") | {"value": value})
            case ("POST", "variable"):
                channel.variables[query.get("variable", "")] = query.get("value", "")
            case _ if not channel.in_stasis:
                return JSONResponse(templates.ari_reply(_NOT_IN_STASIS), 409)
            case (_, _):
                return self._act(channel, method, act, query)
        return Response(status_code=204)

    def _act(  # noqa: C901, PLR0912 - one case for each act
        self, channel: Channel, method: str, act: str, query: dict[str, str]
    ) -> Response:
        match (method, act):
            case ("POST", "answer"):
                if channel.state != "Up":
                    self._switch.set_state(channel, "Up")
            case ("POST", "moh"):
                channel.music = True
            case ("DELETE", "moh"):
                channel.music = False
            case ("POST" | "DELETE", "ring"):
                channel.ringing_tone = method == "POST"
            case ("POST", "dial"):
                dialled.dial(self._switch, channel, float(query.get("timeout", "30")))
            case ("POST", "mute"):
                channel.muted = True
            case ("DELETE", "mute"):
                channel.muted = False
            case ("POST", "dtmf"):
                channel.digits += query.get("dtmf", "")
            case ("POST", "continue"):
                self._switch.leave_stasis(channel, query.get("context", ""), query.get("extension", ""))
            case ("POST", _) if act.startswith("play/"):
                media = query.get("media", "").split(",")
                return JSONResponse(self._switch.play(channel, act.partition("/")[2], media), 201)
            case ("POST", _) if act.startswith("snoop/"):
                args, whispers = query.get("appArgs", "").split(","), query.get("whisper") == "out"
                return JSONResponse(self._switch.snoop(channel, act.partition("/")[2], args, whispers=whispers).view())
            case ("POST", "record"):
                return self._switch.tapes.asked(channel, query)
            case ("POST", "transfer_progress"):
                self._switch.transfer_told(channel, query.get("states", ""))
            case _:
                return JSONResponse({"message": "Invalid method"}, 404)
        return Response(status_code=204)

    def _bridge(self, method: str, bridge_id: str, act: str, query: dict[str, str]) -> Response:
        bridge = self._switch.bridges.get(bridge_id)
        if bridge is None:
            return JSONResponse({"message": "Bridge not found"}, 404)
        if (method, act) == ("DELETE", ""):
            self._switch.destroy(bridge)
            return Response(status_code=204)
        if (method, act) == ("POST", "record"):
            return self._switch.tapes.asked(bridge, query)
        if method == "POST" and act.startswith("play/"):
            media = query.get("media", "").split(",")
            return JSONResponse(self._switch.play_to_all(bridge, act.partition("/")[2], media), 201)
        return self._members(bridge, act, query)

    def _members(self, bridge: Bridge, act: str, query: dict[str, str]) -> Response:
        channels = [self._switch.channels.get(each) for each in query.get("channel", "").split(",")]
        for channel in channels:
            if channel is None:
                return JSONResponse({"message": "Channel not found"}, 400)
            if not channel.in_stasis:
                return JSONResponse(templates.ari_reply(_NOT_IN_STASIS), 422)
        for channel in channels:
            if channel is not None and act == "addChannel":
                self._switch.enter(bridge, channel)
            elif channel is not None and act == "removeChannel":
                self._switch.leave(channel)
        return Response(status_code=204)
