"""A real Postfix before contactd, and behind it: what it hands on is what it accepted, and nothing is smuggled between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.house import Console, House
from tests.integration.postfix import Postfix
from tests.integration.sink import Sink

pytestmark = pytest.mark.integration

ENDINGS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\n\n.\r\n",
    b"\r\r\n.\r\r\n",
]
ENVELOPE = b"MAIL FROM:<%s@evil.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
SMUGGLED = (
    b"MAIL FROM:<smuggler@evil.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
)


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    made = Postfix()
    yield made
    made.close()


@pytest.fixture
def chain(tmp_path: Path, postfix: Postfix, sink: Sink) -> Iterator[House]:
    """A house that Postfix stands before and behind."""
    made = House(
        tmp_path / "house",
        **{
            "channels.email.outbound.host": "127.0.0.1",
            "channels.email.outbound.port": postfix.port,
            "channels.email.outbound.security": "none",
        },
    )
    made.start()
    made.add_user("ann", "supervisor")
    postfix.start(int(made.addresses["smtp"].rpartition(":")[2]), sink.port)
    yield made
    made.close()


async def probe(postfix: Postfix, ending: bytes, number: int) -> int:
    """Send a mail that would smuggle a second one; return how many mails Postfix says it accepted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", postfix.port)
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"220")
        writer.write(b"HELO evil.example\r\n")
        assert (await reader.readline()).startswith(b"250")
        for line in (ENVELOPE % b"probe").splitlines(keepends=True):
            writer.write(line)
            assert (await reader.readline())[:1] in b"23"
        head = (
            f"From: probe@evil.example\r\nSubject: probe {number}\r\nMessage-ID: <p{number}@evil.example>\r\n\r\nbefore"
        )
        writer.write(head.encode() + ending + SMUGGLED + b"QUIT\r\n.\r\nQUIT\r\n")
        said = await reader.read()
    writer.close()
    return said.count(b"queued as")


async def subjects(ann: Console) -> list[str]:
    found: list[dict[str, Any]] = (await ann.get("/interactions?limit=200&channel=email"))["items"]
    return sorted(one["subject"] for one in found)


async def settled(ann: Console, postfix: Postfix, number: int) -> list[str]:
    """Wait until Postfix has handed everything on, and so many mails are there; return their subjects."""
    for _ in range(1200):
        found = await subjects(ann)
        if len(found) >= number and not postfix.waiting():
            return found
        await asyncio.sleep(0.1)
    pytest.fail(f"{len(found)} of {number} mails, {postfix.waiting()} wait: {postfix.log()[-2000:]}")


async def test_what_postfix_hands_on_is_what_it_accepted(chain: House, postfix: Postfix) -> None:
    ann = await Console.log_in(chain, "ann")
    accepted = 0
    for number, ending in enumerate(ENDINGS):
        accepted += await probe(postfix, ending, number)
    assert accepted >= len(ENDINGS)
    taken = await settled(ann, postfix, accepted)
    assert len(taken) == accepted, postfix.log()
    assert {f"probe {number}" for number in range(len(ENDINGS))} <= set(taken)
    # What Postfix itself took for an end it took as two mails; nothing more came of any of them.
    assert taken.count("smuggled") == accepted - len(ENDINGS)
    await ann.close()
    assert chain.command("audit").returncode == 0


async def test_what_an_agent_writes_is_one_mail_behind_postfix(chain: House, postfix: Postfix, sink: Sink) -> None:
    ann = await Console.log_in(chain, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    await asyncio.to_thread(chain.send_mail, "Where is my order")
    offer = await ann.take_offer()
    tricks = [ending.replace(b"\x00", b"").decode() for ending in ENDINGS]
    text = "".join(f"answer {n}{trick}{SMUGGLED.decode()}" for n, trick in enumerate(tricks)) + "\nthe end"
    await ann.run("interaction.send", interaction=offer["interaction"]["id"], text=text)
    (mail,) = await sink.wait()
    await settled(ann, postfix, 1)
    assert len(sink.mails) == 1
    parts = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert any(isinstance(part, bytes) and b"answer 10" in part and b"the end" in part for part in parts)
    await ann.close()
