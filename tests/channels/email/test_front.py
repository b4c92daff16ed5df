"""A server in front says for whom it stands; nobody else is believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.channels.email.front import Origin, told
from contactd.channels.email.options import Smtp
from tests.channels.email.doubles import Client, Tools
from tests.channels.email.test_smtp_in import MAIL, deliver, session

Open = Callable[..., Any]
FRONT = {"front": ["127.0.0.0/8"]}
V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 51000 25\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a") + b"\x21\x11\x00\x0c\xcb\x00\x71\x07\xc0\x00\x02\x01\xc7\x38\x00\x19"


async def test_xclient_tells_whose_mail_it_is(open_channel: Open, tools: Tools) -> None:
    client = await Client.connect((await open_channel(smtp=FRONT)).addresses()["smtp"])
    assert "XCLIENT" in await client.hello()
    assert (await client.say("XCLIENT ADDR=203.0.113.7 HELO=relay+2Eexample NAME=[UNAVAILABLE]")).startswith("220 ")
    assert (await client.say("MAIL FROM:<a@b.example>")).startswith("503 "), "the session begins anew"
    await client.say("EHLO client.example")
    assert (await deliver(client, MAIL)).startswith("250 ")
    (arrival,) = tools.arrivals
    assert (arrival.envelope["peer"], arrival.envelope["helo"]) == ("203.0.113.7", "relay.example")
    client.close()


async def test_xforward_tells_it_of_the_next_mail(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel(smtp=FRONT))
    assert (await client.say("XFORWARD NAME=x ADDR=IPv6:2001:db8::7 PROTO=ESMTP")).startswith("250 ")
    assert (await client.say("XFORWARD HELO=one.example")).startswith("250 ")
    await client.say("MAIL FROM:<a@b.example>")
    assert (await client.say("XFORWARD ADDR=203.0.113.9")).startswith("503 ")
    await client.say("RSET")
    assert (await deliver(client, MAIL)).startswith("250 ")
    assert (tools.arrivals[0].envelope["peer"], tools.arrivals[0].envelope["helo"]) == ("2001:db8::7", "one.example")
    assert (await deliver(client, MAIL.replace(b"Frage", b"Noch eine"))).startswith("250 ")
    assert tools.arrivals[1].envelope["peer"] == "127.0.0.1", "it was said of one mail"
    client.close()


@pytest.mark.parametrize("command", ["XCLIENT ADDR=203.0.113.7", "XFORWARD ADDR=203.0.113.7"])
async def test_nobody_else_is_believed(open_channel: Open, tools: Tools, command: str) -> None:
    client = await Client.connect((await open_channel()).addresses()["smtp"])
    assert "XCLIENT" not in await client.hello()
    assert (await client.say(command)).startswith("550 ")
    await deliver(client, MAIL)
    assert tools.arrivals[0].envelope["peer"] == "127.0.0.1"
    client.close()


@pytest.mark.parametrize("words", ["", "ADDR", "ADDR=1.2.3", "COLOUR=red", "ADDR=x@y"])
async def test_what_says_nothing_is_refused(open_channel: Open, words: str) -> None:
    client = await session(await open_channel(smtp=FRONT))
    assert (await client.say(f"XCLIENT {words}")).startswith("501 ")
    client.close()


async def test_limits_are_those_of_the_client_behind(open_channel: Open) -> None:
    channel = await open_channel(smtp=FRONT, limits={"messages_per_minute": 1, "connections_per_ip": 1, "trusted": []})
    one, other = await session(channel), await session(channel)
    await one.say("XCLIENT ADDR=203.0.113.7")
    await one.say("EHLO x.example")
    assert (await deliver(one, MAIL)).startswith("250 ")
    assert (await one.say("MAIL FROM:<a@b.example>")).startswith("450 ")
    assert (await other.say("XCLIENT ADDR=203.0.113.7")).startswith("421 ")
    assert await other.closed()
    third = await session(channel)
    assert (await third.say("XCLIENT ADDR=203.0.113.8")).startswith("220 ")
    one.close()
    third.close()


@pytest.mark.parametrize("header", [V1, V2])
async def test_a_proxy_says_it_before_anything_else(open_channel: Open, tools: Tools, header: bytes) -> None:
    client = await Client.connect((await open_channel(smtp={**FRONT, "proxy": True})).addresses()["smtp"])
    client.write(header)
    assert "XCLIENT" not in await client.hello(), "whoever is behind a proxy speaks for nobody"
    assert (await client.say("XCLIENT ADDR=198.51.100.1")).startswith("550 ")
    assert (await deliver(client, MAIL)).startswith("250 ")
    assert tools.arrivals[0].envelope["peer"] == "203.0.113.7"
    client.close()


@pytest.mark.parametrize(("front", "header"), [("192.0.2.0/24", V1), ("127.0.0.0/8", b"EHLO x.example\r\n")])
async def test_without_a_header_that_is_believed_nothing_is_taken(
    open_channel: Open, tools: Tools, front: str, header: bytes
) -> None:
    client = await Client.connect(
        (await open_channel(smtp={"front": [front], "proxy": True})).addresses()["smtp"],
    )
    client.write(header + b"EHLO x.example\r\n")
    assert await client.closed()
    assert tools.arrivals == []


def test_a_proxy_needs_to_be_known() -> None:
    with pytest.raises(ValueError, match="networks in front"):
        Smtp(proxy=True)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_told_is_an_address_or_nothing(words: str) -> None:
    found = told(words, Origin())
    assert found is None or found.address is None or "\r" not in found.address
    assert told(f"HELO={words}", Origin()) is None or "\n" not in (told(f"HELO={words}", Origin()) or Origin()).helo  # type: ignore[operator]
