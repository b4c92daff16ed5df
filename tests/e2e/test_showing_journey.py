"""An agent looks at a doubtful mail: who really sent it, what it quotes, its pictures fetched by the server, its header lines."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Request, expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import House

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FIELDS = """Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=evil.example;
 dmarc=fail (p=REJECT) header.from=bank.example
From: "service@bank.example" <service@bank.example>
Reply-To: other@evil.example
To: support@example.com
Subject: Your account
Message-ID: <doubt-1@evil.example>
Content-Type: text/html; charset=utf-8
"""


class Pictures:
    """A web server somewhere else, which counts who asks."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(PNG), PNG))
        await writer.drain()
        writer.close()


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    made = Pictures()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {
        "channels.email.trust.authserv_ids": '["mx.example.com"]',
        "http.fetch_from": '["127.0.0.1/32"]',
    }


def send(house: House, body: str) -> None:
    host, port = house.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.sendmail("x@evil.example", ["support@example.com"], f"{FIELDS}\n{body}".encode())


async def test_a_doubtful_mail_is_looked_at_from_every_side(
    house: House, open_desk: OpenDesk, pictures: Pictures
) -> None:
    ann = await open_desk("ann")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    ann.page.on("request", note)
    await ann.ready()
    far = f"127.0.0.1:{pictures.port}"
    body = (
        f'<p>Pay today.</p><img id=far src="http://{far}/seen.png" alt="logo">'
        '<div class="gmail_quote"><p>What was said before</p></div>'
    )
    await asyncio.to_thread(send, house, body)
    await ann.accept("Your account")

    await expect(ann["trust"]).to_have_attribute("data-verdict", "fail")
    await expect(ann["flags"]).to_contain_text("other@evil.example")
    frame = ann.mail_frame()
    await expect(frame.locator("body")).to_contain_text("Pay today.")
    await expect(frame.get_by_text("What was said before")).to_be_hidden()
    await ann["fold"].click()
    await expect(frame.get_by_text("What was said before")).to_be_visible()

    await expect(frame.locator("img")).to_have_count(0)
    assert pictures.asked == []
    await ann["show-images"].click()
    await expect(frame.locator("img")).to_have_attribute(
        "src", "data:image/png;base64," + base64.b64encode(PNG).decode()
    )
    await expect(ann["mail-images"]).to_have_count(0)
    assert len(pictures.asked) == 1
    assert not [url for url in asked if far in url]

    await ann["mail-more"].click()
    await ann["mail-headers"].click()
    await expect(ann["header-lines"]).to_contain_text("<doubt-1@evil.example>")
    await ann.page.keyboard.press("Escape")
    await ann["mail-more"].click()
    async with ann.page.expect_download() as download:
        await ann["mail-source"].click()
    saved = await (await download.value).path()
    assert b"Message-ID: <doubt-1@evil.example>" in await asyncio.to_thread(saved.read_bytes)
