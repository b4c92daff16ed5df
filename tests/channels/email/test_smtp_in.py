"""The SMTP door on real sockets, with a house that can be held and broken."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from contactd.core.errors import BusyError, StoreDownError
from tests.channels.email.doubles import Client, Tools, until

Open = Callable[..., Any]
MAIL = (
    b"From: Li <li@kunde.example>\r\nTo: support@example.com\r\nSubject: Frage\r\n"
    b"Message-ID: <1@kunde.example>\r\n\r\nGuten Tag\r\n"
)


async def session(channel: Any) -> Client:
    client = await Client.connect(channel.addresses()["smtp"])
    await client.hello()
    return client


async def deliver(client: Client, mail: bytes, *recipients: str) -> str:
    await client.envelope(*recipients)
    return await client.say(mail + b".\r\n")


async def test_a_mail_is_answered_with_its_receipt_and_kept_byte_for_byte(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    assert await deliver(client, MAIL) == "250 2.0.0 queued as r1\r\n"
    (arrival,) = tools.arrivals
    assert arrival.raw == MAIL
    assert (arrival.channel, arrival.adapter, arrival.sender, arrival.recipient, arrival.subject) == (
        "email",
        "smtp",
        "li@kunde.example",
        "support@example.com",
        "Frage",
    )
    assert arrival.envelope["mail_from"] == "kunde@kunde.example"
    assert arrival.envelope["rcpt"] == ["support@example.com"]
    client.close()


async def test_nothing_is_said_before_the_commit(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    tools.open.clear()
    await client.envelope()
    client.write(MAIL + b".\r\n")
    await asyncio.wait_for(tools.asked.wait(), 30)
    assert await client.silent()
    tools.open.set()
    assert (await client.answer()).startswith("250 ")
    client.close()


async def test_the_same_mail_again_gets_the_old_receipt(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    assert "queued as r1" in await deliver(client, MAIL)
    assert "queued as r1" in await deliver(client, b"Received: from relay\r\n" + MAIL)
    assert len(tools.arrivals) == 1
    client.close()


async def test_a_forged_message_id_does_not_hide_another_mail(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    assert "queued as r1" in await deliver(client, MAIL)
    assert "queued as r2" in await deliver(client, MAIL.replace(b"Guten Tag", b"Anderes"))
    client.close()


async def test_several_recipients_are_one_arrival(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    await deliver(client, MAIL, "sales@example.com", "support@localhost")
    (arrival,) = tools.arrivals
    assert arrival.recipient == "sales@example.com"
    assert arrival.envelope["rcpt"] == ["sales@example.com", "support@localhost"]
    client.close()


@pytest.mark.parametrize("error", [BusyError("x"), StoreDownError("x"), RuntimeError("secret of the house")])
async def test_what_cannot_be_stored_is_put_off(open_channel: Open, tools: Tools, error: Exception) -> None:
    client = await session(await open_channel())
    tools.error = error
    answer = await deliver(client, MAIL)
    assert answer.startswith("451 ")
    assert "secret" not in answer
    tools.error = None
    assert (await deliver(client, MAIL)).startswith("250 ")
    client.close()


@pytest.mark.parametrize(
    "recipient",
    ["x@elsewhere.example", "x@example.com@elsewhere.example", "x@sub.example.com", '"x@example.com"@evil.example'],
)
async def test_a_foreign_recipient_is_refused(open_channel: Open, tools: Tools, recipient: str) -> None:
    client = await session(await open_channel())
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say(f"RCPT TO:<{recipient}>")).startswith("55")
    assert (await client.say("DATA")).startswith("503 ")
    assert not tools.arrivals
    client.close()


async def test_postmaster_and_the_null_sender_are_taken(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    assert (await client.say("MAIL FROM:<>")).startswith("250 ")
    assert (await client.say("RCPT TO:<postmaster>")).startswith("250 ")
    await client.say("DATA")
    assert (await client.say(MAIL + b".\r\n")).startswith("250 ")
    assert tools.arrivals[0].envelope["mail_from"] == ""
    client.close()


BODIES = [
    b"",
    b"\r\n",
    b".\r\n",
    b"..\r\n",
    b"a\r\n.b\r\n",
    b"\r\n\r\n",
    b"no end\r\n",
    b"x\r\n..\r\n.\r\r\n",
    b"a\n.\nb\r\n",
    b"a\r.\rb\r\n",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
async def test_a_text_arrives_as_it_was_however_it_is_cut(
    open_channel: Open, tools: Tools, body: bytes, cut: int
) -> None:
    client = await session(await open_channel())
    await client.envelope()
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
    for at in range(0, len(stuffed), cut):
        client.write(stuffed[at : at + cut])
        await asyncio.sleep(0)
    assert (await client.answer()).startswith("250 ")
    assert tools.arrivals[0].raw == body
    client.close()


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
]


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_wrong_end_of_data_smuggles_nothing(open_channel: Open, tools: Tools, ending: bytes) -> None:
    client = await session(await open_channel())
    inner = b"MAIL FROM:<boss@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nFrom: boss@example.com\r\n\r\nforged\r\n"
    await client.envelope()
    assert (await client.say(MAIL + ending + inner + b".\r\n")).startswith("250 ")
    (arrival,) = tools.arrivals
    assert b"forged" in arrival.raw
    assert arrival.sender == "li@kunde.example"
    client.close()


async def test_commands_behind_the_mail_are_carried_out(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    await client.envelope()
    more = b"MAIL FROM:<c@d.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
    assert (await client.say(MAIL + b".\r\n" + more)).startswith("250 2.0.0")
    assert [await client.answer() for _ in range(3)][-1].startswith("354 ")
    assert "r2" in await client.say(b"Subject: two\r\n\r\nx\r\n.\r\n")
    client.close()


async def test_sizes_are_limited(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel(limits={"message_bytes": 100_000, "line_bytes": 2000}))
    assert (await client.say("MAIL FROM:<a@b.example> SIZE=100001")).startswith("552 ")
    assert (await deliver(client, b"x" * 1999 + b"\r\n")).startswith("500 5.6.0")
    assert (await deliver(client, b"x" * 1998 + b"\r\n")).startswith("250 ")
    assert (await deliver(client, (b"y" * 998 + b"\r\n") * 100)).startswith("250 ")
    assert (await deliver(client, (b"y" * 998 + b"\r\n") * 100 + b"z\r\n")).startswith("552 ")
    assert (await deliver(client, (b"y" * 998 + b"\r\n") * 2000)).startswith("552 ")
    assert len(tools.arrivals) == 2
    client.close()


async def test_mail_for_which_there_is_no_memory_is_put_off(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel(limits={"memory_bytes": 1024 * 1024}))
    assert (await deliver(client, (b"y" * 998 + b"\r\n") * 3000)).startswith("452 ")
    assert (await deliver(client, MAIL)).startswith("250 ")
    client.close()


async def test_recipients_are_limited(open_channel: Open) -> None:
    client = await session(await open_channel(limits={"recipients": 2}))
    await client.say("MAIL FROM:<a@b.example>")
    answers = [await client.say(f"RCPT TO:<r{number}@example.com>") for number in range(3)]
    assert [answer[:3] for answer in answers] == ["250", "250", "452"]
    client.close()


async def test_one_address_may_not_take_every_connection(open_channel: Open) -> None:
    channel = await open_channel(limits={"connections_per_ip": 3, "trusted": []})
    clients = [await Client.connect(channel.addresses()["smtp"]) for _ in range(4)]
    greetings = [await client.answer() for client in clients]
    assert [greeting[:3] for greeting in greetings] == ["220", "220", "220", "421"]
    clients[0].close()
    await until(lambda: not channel._door.rates._open.get("127.0.0.1", 0) > 2)
    again = await Client.connect(channel.addresses()["smtp"])
    assert (await again.answer()).startswith("220 ")
    for client in [*clients[1:], again]:
        client.close()


async def test_one_address_may_not_send_without_end(open_channel: Open) -> None:
    channel = await open_channel(limits={"messages_per_minute": 2, "recipients_per_minute": 1, "trusted": []})
    client = await session(channel)
    assert (await deliver(client, MAIL)).startswith("250 ")
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say("RCPT TO:<support@example.com>")).startswith("450 ")
    await client.say("RSET")
    assert (await client.say("MAIL FROM:<a@b.example>")).startswith("450 ")
    client.close()


async def test_the_last_connection_is_refused_and_the_first_goes_on(open_channel: Open) -> None:
    channel = await open_channel(limits={"connections": 2})
    first = await session(channel)
    second = await Client.connect(channel.addresses()["smtp"])
    await second.answer()
    third = await Client.connect(channel.addresses()["smtp"])
    assert (await third.answer()).startswith("421 ")
    assert await third.closed()
    assert (await deliver(first, MAIL)).startswith("250 ")
    first.close()
    second.close()


async def test_who_only_makes_mistakes_is_sent_away_sooner_under_stress(open_channel: Open) -> None:
    channel = await open_channel(limits={"connections": 2, "errors": 3})
    calm = await session(channel)
    for _ in range(3):
        assert (await calm.say("RCPT FROM")).startswith("50")
    other = await session(channel)
    assert (await other.say("RCPT FROM")).startswith("50")
    assert (await other.say("RCPT FROM")).startswith("50")
    assert (await other.answer()).startswith("421 ")
    calm.close()


async def test_a_silent_client_is_cut_off(open_channel: Open) -> None:
    channel = await open_channel(limits={"idle_seconds": 0.05})
    client = await session(channel)
    assert await client.closed()


async def test_no_log_in_is_offered(open_channel: Open) -> None:
    client = await Client.connect((await open_channel()).addresses()["smtp"])
    assert "AUTH" not in await client.hello()
    assert (await client.say("AUTH PLAIN AGEAYg==")).startswith("502 ")
    client.close()


async def test_draining_finishes_the_mail_under_way_and_sends_the_others_away(open_channel: Open, tools: Tools) -> None:
    channel = await open_channel()
    busy, idle = await session(channel), await session(channel)
    tools.open.clear()
    await busy.envelope()
    busy.write(MAIL + b".\r\n")
    await asyncio.wait_for(tools.asked.wait(), 30)
    stop = asyncio.create_task(channel.stop_intake())
    assert (await idle.answer()).startswith("421 ")
    tools.open.set()
    assert (await busy.answer()).startswith("250 ")
    assert (await busy.answer()).startswith("421 ")
    await asyncio.wait_for(stop, 30)
    with pytest.raises(ConnectionRefusedError):
        await Client.connect(channel.addresses()["smtp"])
    assert not channel.health().ok


async def test_a_client_that_leaves_before_the_answer_stops_nothing(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    tools.open.clear()
    await client.envelope()
    client.write(MAIL + b".\r\n")
    await asyncio.wait_for(tools.asked.wait(), 30)
    client.close()
    await asyncio.sleep(0.02)
    tools.open.set()
    await until(lambda: len(tools.arrivals) == 1)


async def test_the_standard_client_is_understood(open_channel: Open, tools: Tools) -> None:
    host, _, port = (await open_channel()).addresses()["smtp"].rpartition(":")

    def send() -> None:
        with smtplib.SMTP(host, int(port)) as client:
            client.sendmail("a@b.example", ["support@example.com"], MAIL)
            client.sendmail("a@b.example", ["support@example.com"], MAIL + b"more\r\n")

    await asyncio.to_thread(send)
    assert [arrival.raw for arrival in tools.arrivals] == [MAIL, MAIL + b"more\r\n"]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\r\n",
        b"MAIL FROM:<\xc3\xa9@b.example>\r\n",
        b"MAIL FROM:" + b"(" * 400 + b"\r\n",
        b"\x00" * 200 + b"\r\n",
    ],
)
async def test_odd_commands_do_no_harm(open_channel: Open, line: bytes) -> None:
    client = await session(await open_channel())
    await client.say(line)
    await client.say("RSET")
    assert (await deliver(client, MAIL)).startswith("250 ")
    client.close()
