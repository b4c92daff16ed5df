"""Connections: who gives way when there is no more room, and whose word about an address is believed."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contactd import crowd as crowds
from contactd import listener as listening
from contactd.crowd import Crowd, Stage, room
from contactd.desk.changes import InteractionUpsert
from contactd.http import Bounds, Listener, serve
from contactd.listener import Listener as Plain
from tests.agent_ui.test_console import held, until
from tests.agent_ui.test_listener import cookie, frame, hello, opened
from tests.api.house import House


class Line:
    """A connection that knows whether it was ended."""

    def __init__(self) -> None:
        self.ended = False

    def abort(self) -> None:
        self.ended = True


def test_one_address_has_its_share_and_others_come_in() -> None:
    crowd = Crowd(100, 2)
    first, second, third, other = (Line() for _ in range(4))
    for one in (first, second, third):
        crowd.move(one, Stage.BUSY) if crowd.enter(one, "203.0.113.5") else None
    assert (len(crowd), crowd.turned_away) == (2, 1)
    assert not any(one.ended for one in (first, second))
    assert crowd.enter(other, "203.0.113.6")
    crowd.leave(first)
    assert crowd.enter(third, "203.0.113.5")


def test_who_has_waited_longest_gives_way_heads_before_bodies() -> None:
    crowd = Crowd(100, 3)
    body, idle, head, new, newer, newest, last = (Line() for _ in range(7))
    for one in (body, idle, head):
        assert crowd.enter(one, "203.0.113.5")
    crowd.move(body, Stage.BODY)
    crowd.move(idle, Stage.BUSY)
    crowd.move(idle, Stage.HEAD)
    assert crowd.enter(new, "203.0.113.5")
    assert (head.ended, idle.ended, body.ended) == (True, False, False)
    crowd.move(new, Stage.BUSY)
    assert crowd.enter(newer, "203.0.113.5")
    assert (idle.ended, body.ended) == (True, False)
    crowd.move(newer, Stage.BUSY)
    assert crowd.enter(newest, "203.0.113.5")
    assert body.ended
    crowd.move(newest, Stage.BUSY)
    assert not crowd.enter(last, "203.0.113.5")
    assert not any(one.ended for one in (new, newer, newest))


def test_a_full_house_sends_away_who_waits_and_a_proxy_is_many_people() -> None:
    crowd = Crowd(4, 2, ["127.0.0.1", "10.0.0.0/8"])
    proxied = [Line() for _ in range(4)]
    for place, one in enumerate(proxied):
        assert crowd.enter(one, "127.0.0.1" if place % 2 else "10.1.2.3")
    assert crowd.enter(Line(), "203.0.113.5")
    assert [one.ended for one in proxied] == [True, False, False, False]
    assert len(crowd) == 4


def test_an_ipv6_line_is_one_address() -> None:
    crowd = Crowd(100, 1)
    first = Line()
    assert crowd.enter(first, "2001:db8::1")
    crowd.move(first, Stage.BUSY)
    assert not crowd.enter(Line(), "2001:db8::2")
    assert crowd.enter(Line(), "2001:db8:0:1::2")


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["enter", "leave", *Stage]), st.integers(0, 2))))
def test_never_more_than_there_is_room_for_and_nobody_at_work_is_ended(
    steps: list[tuple[int, str | Stage, int]],
) -> None:
    crowd = Crowd(4, 2)
    lines: dict[int, Line] = {}
    busy: set[int] = set()
    for who, step, address in steps:
        known = who in lines and not lines[who].ended
        if step == "enter" and not known:
            line = Line()
            if crowd.enter(line, f"203.0.113.{address}"):
                lines[who] = line
                busy.discard(who)
        elif step == "leave" and who in lines:
            crowd.leave(lines.pop(who))
            busy.discard(who)
        elif isinstance(step, Stage) and known:
            crowd.move(lines[who], step)
            busy.add(who) if step is Stage.BUSY else busy.discard(who)
        assert not any(lines[one].ended for one in busy)
        assert len(crowd) == sum(not line.ended for line in lines.values()) <= 4


def test_room_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, new: limits.append(new))
    assert room(1000) == 1000
    assert limits[-1] == (2024, 4096)
    assert room(10_000) == 4096 - crowds.RESERVE
    assert limits[-1] == (4096, 4096)


async def connect(listener: Plain, source: str = "127.0.0.2") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from an address that is no trusted proxy."""
    host, _, port = listener.address.partition(":")
    return await asyncio.open_connection(host, int(port), local_addr=(source, 0))


async def over(reader: asyncio.StreamReader) -> bool:
    """Tell whether the server ended a connection without a word."""
    try:
        return await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionError:
        return True


@pytest.mark.integration
async def test_a_flood_of_half_requests_takes_neither_socket_nor_page_from_an_agent(house: House) -> None:
    listener = serve(house.app, "127.0.0.1", 0, Bounds(connections=40, per_address=20))
    await listener.start()
    agent = await opened(listener, await cookie(listener))
    await hello(agent)
    flood = [await connect(listener, f"127.0.0.{2 + place % 3}") for place in range(120)]
    for _, writer in flood:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    await until(lambda: listener.crowd.turned_away >= 60)
    assert len(listener.crowd) <= 40
    house.views.apply([InteractionUpsert(view=held("i1"))], house.clock.now())
    assert (await frame(agent))["event"] == "interaction.changed"
    colleague = await opened(listener, await cookie(listener, "sue"))
    await hello(colleague)
    for socket_ in (agent, colleague):
        await socket_.close()
    for _, writer in flood:
        writer.close()
    await listener.stop()


@pytest.mark.integration
async def test_a_flood_from_one_address_does_not_reach_the_others(house: House) -> None:
    listener = serve(house.app, "127.0.0.1", 0, Bounds(connections=40, per_address=5))
    await listener.start()
    flood = [await connect(listener) for _ in range(30)]
    await until(lambda: listener.crowd.turned_away == 25)
    assert len(listener.crowd) == 5
    assert [await over(reader) for reader, _ in flood[:25]] == [True] * 25
    for _, writer in flood:
        writer.close()
    await until(lambda: len(listener.crowd) == 0)
    await listener.stop()


async def tell(request: Request) -> Response:
    """Say who asks."""
    return JSONResponse([request.client.host if request.client else None, request.url.scheme])


@asynccontextmanager
async def served(app: Callable[..., object], bounds: Bounds | None = None) -> AsyncIterator[Plain]:
    listener = Plain(app, "127.0.0.1", 0, bounds)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def _whole(scope: object, receive: object, send: object) -> None:
    await (await tell(Request(scope)))(scope, receive, send)  # type: ignore[arg-type]


async def asked(listener: Plain, source: str, *headers: str) -> list[str]:
    """Ask who we are, from an address, with headers."""
    reader, writer = await connect(listener, source)
    lines = "".join(f"{one}\r\n" for one in ("GET / HTTP/1.1", "Host: x", "Connection: close", *headers))
    writer.write(lines.encode() + b"\r\n")
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    found: list[str] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


@pytest.mark.integration
async def test_only_a_trusted_proxy_says_where_a_request_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    forged = ("X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https")
    async with AsyncExitStack() as stack:
        usual = await stack.enter_async_context(served(_whole))
        assert await asked(usual, "127.0.0.2", *forged) == ["127.0.0.2", "http"]
        assert await asked(usual, "127.0.0.1", *forged) == ["198.51.100.7", "https"]
        # What the client wrote itself stands to the left of what the proxy appended.
        assert (await asked(usual, "127.0.0.1", "X-Forwarded-For: 127.0.0.1, 198.51.100.7"))[0] == "198.51.100.7"
        nobody = await stack.enter_async_context(served(_whole, Bounds(trusted=())))
        assert await asked(nobody, "127.0.0.1", *forged) == ["127.0.0.1", "http"]
        network = await stack.enter_async_context(served(_whole, Bounds(trusted=("127.0.0.0/8",))))
        assert (await asked(network, "127.0.0.3", *forged))[0] == "198.51.100.7"


@pytest.mark.integration
async def test_a_forged_address_does_not_get_round_the_delay_after_wrong_passwords(house: House) -> None:
    listener: Listener = serve(house.app, "127.0.0.1", 0)
    await listener.start()
    body = json.dumps({"username": "ann", "password": "wrong"}).encode()
    codes = []
    for place in range(8):
        reader, writer = await connect(listener)
        head = (
            "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Forwarded-For: 198.51.100.{place}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        codes.append((await asyncio.wait_for(reader.read(), 10)).split()[1])
        writer.close()
    assert b"429" in codes
    await listener.stop()


@pytest.mark.integration
async def test_who_does_not_read_an_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "WRITE_SECONDS", 0.1)

    async def large(scope: object, receive: object, send: object) -> None:
        await Response(b"x" * 50_000_000)(scope, receive, send)  # type: ignore[arg-type]

    async with served(large) as listener:
        host, _, port = listener.address.partition(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: len(listener.crowd) == 1)
            await until(lambda: len(listener.crowd) == 0)
