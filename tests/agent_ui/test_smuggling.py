"""Requests that two servers could read differently: a proxy in front and we would disagree where one ends.  They are refused."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response

from contactd.listener import Listener

pytestmark = pytest.mark.integration

ASKED: list[str] = []


async def remember(scope: dict[str, object], receive: object, send: object) -> None:
    """Answer everything, and keep what was asked for."""
    ASKED.append(f"{scope['method']} {scope['path']}")
    await Request(scope, receive).body()  # type: ignore[arg-type]
    await Response("ok")(scope, receive, send)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nxx\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 30\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n Content-Length: 30\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    ],
)
async def test_a_request_with_two_meanings_is_refused_and_what_follows_is_not_read(head: bytes) -> None:
    ASKED.clear()
    listener = Listener(remember, "127.0.0.1", 0)
    await listener.start()
    host, _, port = listener.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 30)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "GET /smuggled" not in ASKED
    writer.close()
    await listener.stop()
