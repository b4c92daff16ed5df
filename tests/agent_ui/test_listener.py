"""The port over real sockets: the WebSocket library on both ends, bounds of heads, and how it stops."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from contactd import listener as listening
from contactd.core.errors import ConfigError
from contactd.desk.changes import InteractionUpsert, MessageAdded
from contactd.http import Listener, serve
from tests.agent_ui.test_console import held, until
from tests.api.house import PASSWORD, House

pytestmark = pytest.mark.integration


@pytest.fixture
async def listener(house: House) -> AsyncIterator[Listener]:
    """The house's application on a free port."""
    listener = serve(house.app, "127.0.0.1", 0)
    await listener.start()
    yield listener
    await listener.stop()


async def cookie(listener: Listener, who: str = "ann") -> str:
    """Log in by HTTP; return the Cookie header."""
    async with httpx.AsyncClient(base_url=f"http://{listener.address}") as client:
        answer = await client.post("/api/v1/session", json={"username": who, "password": PASSWORD})
        assert answer.status_code == 204
        return f"contactd={client.cookies['contactd']}"


async def opened(listener: Listener, header: str, **more: Any) -> ClientConnection:
    """Open a console."""
    return await connect(
        f"ws://{listener.address}/ws/console", additional_headers={"cookie": header}, close_timeout=0.2, **more
    )


async def hello(socket: ClientConnection, resume: Any = None) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "hello", "protocol": 1, "resume": resume}))
    return await frame(socket)


async def frame(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 30))
    return found


async def drained(socket: ClientConnection, seq: int) -> int:
    """Read to the end of a socket; return the number of the last event."""
    try:
        while True:
            seq = (await frame(socket))["seq"]
    except ConnectionClosed:
        return seq


async def test_an_agent_works_over_a_real_socket(house: House, listener: Listener) -> None:
    async with await opened(listener, await cookie(listener)) as socket:
        assert socket.protocol.extensions == []
        snapshot = await hello(socket)
        house.views.apply([InteractionUpsert(view=held("i1"))], house.clock.now())
        assert (await frame(socket))["seq"] == snapshot["seq"] + 1
        await socket.send(json.dumps({"type": "command", "id": "a", "command": "call.hangup", "data": {}}))
        assert (await frame(socket))["ok"] is True


async def test_who_is_refused_gets_a_status(listener: Listener) -> None:
    for header, origin, status in [("contactd=x", None, 401), (await cookie(listener), "https://evil.example", 403)]:
        with pytest.raises(InvalidStatus) as caught:
            await opened(listener, header, origin=origin)
        assert caught.value.response.status_code == status


async def test_a_large_message_is_taken_and_a_huge_one_ends_the_socket(house: House, listener: Listener) -> None:
    async with await opened(listener, await cookie(listener)) as socket:
        await hello(socket)
        send = {
            "type": "command",
            "id": "a",
            "command": "interaction.send",
            "data": {"interaction": "i", "text": "x" * 400_000},
        }
        await socket.send(json.dumps(send))
        assert (await frame(socket))["ok"] is True
        await socket.send("x" * 2_000_000)
        with pytest.raises(ConnectionClosed) as caught:
            await frame(socket)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


async def test_a_reader_that_stops_is_cut_and_resumes(
    house: House, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "LINGER", 0.1)
    header = await cookie(listener)
    slow = await opened(listener, header, max_queue=1)
    quick = await opened(listener, header)
    snapshot = await hello(slow)
    await hello(quick)
    (console,) = [one for ones in house.hub._consoles.values() for one in ones if one.stream.key in snapshot["epoch"]]
    for _ in range(400):
        body = [MessageAdded(interaction="i1", message={"text": "x" * 4000}, agent="id-ann") for _ in range(20)]
        house.views.apply(body, house.clock.now())
        for _ in body:
            await frame(quick)
        if console.closing is not None:
            break
    assert console.closing is not None
    await until(lambda: len(house.hub) == 1)
    received = await drained(slow, snapshot["seq"])
    again = await opened(listener, header)
    first = await hello(again, {"epoch": snapshot["epoch"], "seq": received})
    if first["type"] == "event":
        assert first["seq"] == received + 1
    else:
        assert first["seq"] >= 1
    for socket in (quick, again):
        await socket.close()


async def test_stopping_tells_sockets_to_come_back(house: House) -> None:
    handlers = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    listener = serve(house.app, "127.0.0.1", 0)
    address = await listener.start()
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == handlers
    socket = await opened(listener, await cookie(listener))
    await hello(socket)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address.split(":"))
    house.views.apply([InteractionUpsert(view=held("i1"))], house.clock.now())
    assert (await frame(socket))["event"] == "interaction.changed"
    await asyncio.wait_for(listener.stop(), 10)
    with pytest.raises(ConnectionClosed) as caught:
        await frame(socket)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012
    assert len(house.hub) == 0


async def test_a_taken_port_is_a_clear_error(house: House, listener: Listener) -> None:
    host, _, port = listener.address.partition(":")
    with pytest.raises(ConfigError) as caught:
        serve(house.app, host, int(port))
    assert caught.value.field == "http.port"


async def test_a_head_is_bounded_in_size(listener: Listener) -> None:
    host, _, port = listener.address.partition(":")
    for start in (
        b"GET /healthz HTTP/1.1\r\nx: ",
        b"GET /" + b"y" * 100,
        b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * 10,
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(start)
        try:
            for _ in range(64):
                writer.write(b"z" * 16384)
                await writer.drain()
            answer = await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            answer = b""
        assert b"200" not in answer
        writer.close()


async def test_a_head_is_bounded_in_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.05)
    listener = serve(house.app, "127.0.0.1", 0)
    host, _, port = (await listener.start()).partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /healthz HTTP/1.1\r\nHo")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(100_000), 30)
    writer.close()
    await listener.stop()


async def test_a_body_is_bounded_in_time_and_a_socket_lives_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "BODY_SECONDS", 0.05)
    listener = serve(house.app, "127.0.0.1", 0)
    host, _, port = (await listener.start()).partition(":")
    socket = await opened(listener, await cookie(listener))
    await hello(socket)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    await socket.send('{"type":"heartbeat"}')
    house.views.apply([InteractionUpsert(view=held("i1"))], house.clock.now())
    assert (await frame(socket))["event"] == "interaction.changed"
    await socket.close()
    await listener.stop()
