"""A smarthost that takes a whole mail and hangs up without an answer: nobody knows, the agent sees it, a copy keeps its id."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import Message

import pytest

from tests.integration.house import Console, House

pytestmark = pytest.mark.integration


class Silent:
    """Takes mails to the final dot; hangs up on the first without a word."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 silent\r\n")
        while line := await reader.readline():
            if not line.upper().startswith(b"DATA"):
                writer.write(b"250 OK\r\n")
                continue
            writer.write(b"354 go\r\n")
            self.mails.append(message_from_bytes(await reader.readuntil(b"\r\n.\r\n")))
            if len(self.mails) == 1:
                break
            writer.write(b"250 taken\r\n")
        writer.close()


async def test_a_mail_that_may_have_been_sent_is_shown_and_sent_again_under_the_same_id(house: House) -> None:
    host = Silent()
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    house.settings["channels.email.outbound.host"] = "127.0.0.1"
    house.settings["channels.email.outbound.port"] = server.sockets[0].getsockname()[1]
    house.start()
    house.add_user("ann")
    ann = await Console.log_in(house, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    await asyncio.to_thread(house.send_mail, "Is it there")
    offer = await ann.take_offer()
    interaction = offer["interaction"]["id"]
    sent = await ann.run("interaction.send", interaction=interaction, text="Yes.")
    message = sent["message"]["id"]
    await ann.event("message.added", lambda data: data["message"]["delivery_state"] == "maybe")
    (item,) = (await ann.get("/outbox"))["items"]
    assert (item["box"], item["state"], item["attempts"]) == ("waiting", "maybe", 1)
    await ann.run("outbox.again", message=message)
    await ann.event("message.added", lambda data: data["message"]["delivery_state"] == "sent")
    first, second = host.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert (await ann.get("/outbox"))["items"] == []
    await ann.close()
    server.close()
