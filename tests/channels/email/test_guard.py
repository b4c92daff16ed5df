"""What is kept from agents: files of a kind, files of a mail with a virus, files nobody scanned; and what a spam filter says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.email import clamd, spam
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.clamd import ScanError
from contactd.channels.email.examining import Examining
from contactd.channels.email.options import Options
from contactd.channels.email.reader import read
from contactd.core.channel import Arrival

AT = datetime(2026, 11, 22, tzinfo=UTC)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """clamd as its manual describes INSTREAM: finds one string, and knows how to be unwell."""

    def __init__(self) -> None:
        self.address = ""
        self.answer: bytes | None = None
        self.silent = False
        self.seen: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        data = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            data += await reader.readexactly(size)
        self.seen.append(data)
        if not self.silent:
            found = b"stream: Eicar-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
            writer.write(self.answer if self.answer is not None else found)
            await writer.drain()
            writer.close()


@pytest.fixture
async def scanner() -> AsyncIterator[Scanner]:
    made = Scanner()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


async def test_a_mail_is_shown_to_the_scanner_whole(scanner: Scanner) -> None:
    mail = b"From: a@b.example\r\n\r\n" + bytes(range(256)) * 3000
    assert await clamd.scan(mail, scanner.address, 60) == ""
    assert await clamd.scan(mail + EICAR, scanner.address, 60) == "Eicar-Signature"
    assert scanner.seen == [mail, mail + EICAR]


@pytest.mark.parametrize(
    "answer", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK", b"\0", b"", b"stream:  FOUND\0", b"x" * 9000]
)
async def test_what_is_no_verdict_is_none(scanner: Scanner, answer: bytes) -> None:
    scanner.answer = answer
    with pytest.raises(ScanError):
        await clamd.scan(b"mail", scanner.address, 60)


async def test_a_scanner_that_is_silent_or_not_there_gives_none(scanner: Scanner) -> None:
    scanner.silent = True
    for address in (scanner.address, "127.0.0.1:1", "/nowhere/clamd.ctl"):
        with pytest.raises(ScanError):
            await clamd.scan(b"mail", address, 0.2)


def with_file(name: str, data: bytes = b"data") -> bytes:
    return (
        b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n"
        b'Content-Type: application/octet-stream; name="' + name.encode() + b'"\r\n'
        b"Content-Disposition: attachment\r\n\r\n" + data + b"\r\n--b--\r\n"
    )


async def arrived(raw: bytes, **guard: Any) -> Any:
    """Return what the reader makes of a mail, looked into first as the settings say."""
    options = Options.model_validate({"guard": guard})
    beliefs = Beliefs.of(options)
    examining = Examining(options, beliefs, lambda: 0.0)
    asking = examining.examine(Arrival(channel="email", adapter="spool", external_key="k", raw=raw, at=AT))
    found = await asking if asking is not None else {}
    examining.close()
    return read(raw, {**found, "beliefs": beliefs})


@pytest.mark.parametrize(
    ("name", "data", "state", "flags"),
    [
        ("a.pdf", b"fine", "clean", None),
        ("a.pdf", EICAR, "held_virus", "virus=Eicar-Signature"),
        ("a.JS", b"fine", "held_type", "dangerous_file=a.JS"),
    ],
)
async def test_files_are_held_by_what_they_are(
    scanner: Scanner, name: str, data: bytes, state: str, flags: str | None
) -> None:
    content = await arrived(with_file(name, data), clamd=scanner.address, hold=["js", ".exe"])
    (message,) = content.messages
    assert [one.scan_state for one in message.attachments] == [state]
    assert message.headers.get("flags") == flags


async def test_what_could_not_be_scanned_is_held_and_the_mail_is_read(scanner: Scanner) -> None:
    scanner.answer = b"INSTREAM size limit exceeded. ERROR\0"
    content = await arrived(with_file("a.pdf"), clamd=scanner.address)
    assert [one.scan_state for one in content.messages[0].attachments] == ["held_unscanned"]
    assert "words" in content.messages[0].text


async def test_without_a_scanner_nothing_is_looked_into() -> None:
    content = await arrived(with_file("a.pdf"))
    assert [one.scan_state for one in content.messages[0].attachments] == ["unscanned"]


@pytest.mark.parametrize(
    ("head", "points"),
    [
        ("X-Spam-Score: 7.5", 7.5),
        ("X-Spam-Score: -1.2", -1.2),
        ("X-Spam-Status: Yes, score=12.3 required=5.0 tests=BAYES_99", 12.3),
        ("X-Spam-Status: No, hits=1.1 required=5.0", 1.1),
        ("X-Spamd-Result: default: False [8.40 / 15.00];\r\n\tBAYES_SPAM(5.10)", 8.4),
        ("X-Rspamd-Score: 3.2\r\nX-Spam-Flag: YES", 3.2),
        ("X-Spam-Flag: YES", 100.0),
        ("X-Spam-Flag: NO", None),
        ("Subject: X-Spam-Score: 9", None),
        ("X-Spam-Score: many", None),
    ],
)
def test_what_a_filter_in_front_says(head: str, points: float | None) -> None:
    assert spam.score(f"{head}\r\nFrom: a@b.example\r\n\r\nX-Spam-Score: 50\r\n".encode()) == points


@given(st.binary(max_size=200))
def test_any_score_is_read_without_raising(noise: bytes) -> None:
    spam.score(b"X-Spam-Score: " + noise + b"\nX-Spamd-Result: " + noise + b"\n\n")


@pytest.mark.parametrize(
    ("points", "flag", "kind"), [(4.9, None, None), (6.0, "spam=6", None), (11.0, "spam=11", "bulk")]
)
async def test_points_mark_a_mail_and_many_make_it_mass_mail(points: float, flag: str | None, kind: str | None) -> None:
    raw = f"X-Spam-Score: {points}\r\nFrom: a@b.example\r\n\r\nwords".encode()
    content = await arrived(raw, spam_flag=5.0, spam_bulk=10.0)
    assert content.messages[0].headers.get("flags") == flag
    assert content.auto_kind == kind
