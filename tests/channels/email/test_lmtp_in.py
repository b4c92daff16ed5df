"""The doors for mail servers on this machine: LMTP and Maildirs."""

from __future__ import annotations

import asyncio
import smtplib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactd.core.errors import ConfigError, StoreDownError
from tests.channels.email.doubles import Client, Tools, until

MAIL = b"From: li@kunde.example\r\nTo: support@example.com\r\nSubject: x\r\n\r\nwords\r\n"


async def over(channel: Any) -> Client:
    return await Client.connect(channel.addresses()["lmtp"])


async def test_each_recipient_gets_an_answer_and_the_mail_is_one(
    open_channel: Callable[..., Any], tools: Tools
) -> None:
    channel = await open_channel(lmtp={"host": "127.0.0.1", "port": 0})
    client = await over(channel)
    await client.answer()
    assert (await client.say("LHLO mx.example")).startswith("250-")
    assert await client.say("MAIL FROM:<li@kunde.example>") == "250 2.1.0 OK\r\n"
    for to in ("support", "sales"):
        assert (await client.say(f"RCPT TO:<{to}@example.com>")).startswith("250")
    assert (await client.say("RCPT TO:<a@elsewhere.example>")).startswith("550")
    await client.say("DATA")
    first = await client.say(MAIL + b".\r\n")
    assert [first, await client.answer()] == ["250 2.0.0 queued as r1\r\n"] * 2
    assert (await client.say("NOOP")).startswith("250")
    (arrival,) = tools.arrivals
    assert (arrival.raw, arrival.envelope["rcpt"]) == (MAIL, ["support@example.com", "sales@example.com"])
    client.close()


async def test_what_cannot_be_stored_is_put_off_for_each(open_channel: Callable[..., Any], tools: Tools) -> None:
    tools.error = StoreDownError("down")
    channel = await open_channel(lmtp={"host": "127.0.0.1", "port": 0})
    client = await over(channel)
    await client.answer()
    await client.say("LHLO mx.example")
    await client.envelope("a@example.com", "b@example.com")
    first = await client.say(MAIL + b".\r\n")
    assert first.startswith("451")
    assert (await client.answer()).startswith("451")
    client.close()


@pytest.mark.parametrize("hello", ["HELO mx.example", "EHLO mx.example"])
async def test_it_is_no_smtp(open_channel: Callable[..., Any], hello: str) -> None:
    channel = await open_channel(lmtp={"host": "127.0.0.1", "port": 0})
    client = await over(channel)
    await client.answer()
    assert (await client.say(hello)).startswith("500")
    assert (await client.say("MAIL FROM:<a@b.example>")).startswith("503")
    client.close()


async def test_a_socket_in_the_file_system_is_for_owner_and_group(
    open_channel: Callable[..., Any], tools: Tools, tmp_path: Path
) -> None:
    path = tmp_path / "run" / "lmtp"
    channel = await open_channel(
        lmtp={"socket": str(path)}, limits={"connects_per_minute": 1, "messages_per_minute": 1}
    )
    assert channel.addresses()["lmtp_socket"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660

    def send(number: int) -> None:
        with smtplib.LMTP(str(path)) as client:
            client.sendmail("li@kunde.example", ["support@example.com"], MAIL + str(number).encode())

    for number in range(3):
        await asyncio.to_thread(send, number)
    assert len(tools.arrivals) == 3


async def test_a_dead_socket_is_replaced_and_anything_else_is_not(
    open_channel: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "lmtp"
    first = await open_channel(lmtp={"socket": str(path)})
    with pytest.raises(ConfigError, match="taken"):
        await open_channel(lmtp={"socket": str(path)})
    await first.stop()
    await open_channel(lmtp={"socket": str(path)})
    other = tmp_path / "file"
    other.write_text("words")
    with pytest.raises(ConfigError, match="taken"):
        await open_channel(lmtp={"socket": str(other)})
    assert other.read_text() == "words"


# --- Maildirs ---


def lay(place: Path, name: str, raw: bytes = MAIL) -> Path:
    for folder in ("tmp", "new", "cur"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    path = place / "tmp" / name
    path.write_bytes(raw)
    return path.rename(place / "new" / name)


@pytest.mark.parametrize("after", ["seen", "delete"])
async def test_what_is_new_in_a_maildir_is_taken_in_and_leaves_it(
    open_channel: Callable[..., Any], tools: Tools, tmp_path: Path, after: str
) -> None:
    place = tmp_path / "mail"
    tools.policy_lines = lambda: {"support": {}}
    lay(place, "1.host")
    await open_channel(maildirs={"desk": {"path": str(place), "line": "support", "after": after}})
    await until(lambda: len(tools.arrivals) == 1)
    lay(place, "2.host", MAIL + b"2")
    await until(lambda: len(tools.arrivals) == 2 and not list((place / "new").iterdir()))
    assert (tools.arrivals[0].adapter, tools.arrivals[0].line) == ("maildir.desk", "support")
    kept = {"seen": ["1.host:2,S", "2.host:2,S"], "delete": []}[after]
    assert sorted(one.name for one in (place / "cur").iterdir()) == kept


async def test_a_maildir_keeps_what_is_not_safe_and_what_is_no_mail(
    open_channel: Callable[..., Any], tools: Tools, tmp_path: Path
) -> None:
    place = tmp_path / "mail"
    tools.error = StoreDownError("down")
    mail = lay(place, "1.host")
    secret = tmp_path / "secret"
    secret.write_text("words")
    (place / "new" / "2.host").symlink_to(secret)
    (place / "new" / "folder").mkdir()
    channel = await open_channel(maildirs={"desk": {"path": str(place)}})
    await until(lambda: not channel.health().ok)
    assert mail.exists()
    tools.error = None
    await until(lambda: not mail.exists() and channel.health().ok)
    assert len(tools.arrivals) == 1
    assert sorted(one.name for one in (place / "new").iterdir()) == ["2.host", "folder"]


async def test_a_maildir_that_is_not_there_yet_is_waited_for(
    open_channel: Callable[..., Any], tools: Tools, tmp_path: Path
) -> None:
    channel = await open_channel(maildirs={"desk": {"path": str(tmp_path / "mail"), "address": "desk@example.org"}})
    assert channel.health().ok
    lay(tmp_path / "mail", "1.host", b"From: a@b.example\r\nTo: desk@example.org\r\nReturn-Path: <>\r\n\r\nx")
    await until(lambda: len(tools.arrivals) == 1)
    (arrival,) = tools.arrivals
    assert (arrival.recipient, arrival.envelope["mail_from"]) == ("desk@example.org", "")
