"""Two contactds that give receipts, facing each other: they fall silent."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
from pathlib import Path

import httpx
import pytest

from tests.integration.house import PATIENCE_S, Console, House

pytestmark = pytest.mark.integration

CONFIG = """
[channels.email]
domains = ["{name}.example"]
[policy.lines.support]
from_address = "support@{name}.example"
[policy.lines.support.acknowledge]
enabled = true
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def house(folder: Path, name: str, port: int, other: int) -> House:
    folder.mkdir()
    config = folder / "contactd.toml"
    config.write_text(CONFIG.format(name=name))
    settings = {
        "channels.email.smtp.port": port,
        "channels.email.outbound.host": "127.0.0.1",
        "channels.email.outbound.port": other,
        "channels.email.outbound.security": "none",
    }
    return House(folder / "house", config=config, **settings)


async def figure(one: House, name: str) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        text = (await client.get(f"{one.url}/metrics")).text
    return sum(int(float(value)) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.MULTILINE))


async def calm(a: House, b: House, received: int) -> tuple[int, int]:
    """Wait until so many mails are in and nothing has left for a while; return what each house sent."""
    async with asyncio.timeout(30):
        while await figure(a, "contactd_received_total") + await figure(b, "contactd_received_total") < received:  # noqa: ASYNC110 - the far sides are real servers
            await asyncio.sleep(0.05)
    before = (-1, -1)
    while (now := (await figure(a, "contactd_sent_total"), await figure(b, "contactd_sent_total"))) != before:
        before = now
        await asyncio.sleep(1)
    return now


def write(to: House, sender: str, recipient: str, subject: str) -> None:
    host, port = to.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        mail = f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x>\r\n\r\nHello\r\n"
        client.sendmail(sender, [recipient], mail)


async def test_two_houses_facing_each_other_fall_silent(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    a = house(tmp_path / "a", "a", *ports)
    b = house(tmp_path / "b", "b", ports[1], ports[0])
    try:
        a.start()
        b.start()
        # Somebody at B writes to A, by hand: A gives a receipt, B takes it for what it is.
        await asyncio.to_thread(write, a, "support@b.example", "support@a.example", "one")
        assert await calm(a, b, 2) == (1, 0)
        await asyncio.to_thread(write, a, "support@b.example", "support@a.example", "two")
        assert await calm(a, b, 3) == (1, 0)
        # An agent of B writes to A through B: the receipt finds B's conversation, and wakes nobody.
        b.add_user("ann")
        ann = await Console.log_in(b, "ann")
        await ann.connect()
        begun = await ann.run(
            "interaction.start", channel="email", line="support", to="sales@a.example", purpose="a question"
        )
        interaction = begun["interaction"]["id"]
        await ann.run("interaction.send", interaction=interaction, text="How much is it?", subject="Price")
        sent = await calm(a, b, 4)
        assert sent[1] == 1
        assert sent[0] <= 2
        await ann.close()
    finally:
        a.close()
        b.close()
