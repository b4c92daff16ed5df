"""A mail from the wire to the agent and the answer back to the wire, in a real server."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.house import Console, House
from tests.integration.sink import Sink

pytestmark = pytest.mark.integration


async def test_a_mail_is_offered_answered_and_the_answer_threads(house: House, sink: Sink) -> None:
    house.start()
    house.add_user("ann")
    ann = await Console.log_in(house, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    answer = await asyncio.to_thread(house.send_mail, "Where is my order")
    assert answer.startswith("250 2.0.0 queued as ")
    offer = await ann.take_offer()
    assert offer["interaction"]["subject"] == "Where is my order"
    interaction = offer["interaction"]["id"]
    await ann.run("interaction.send", interaction=interaction, text="On its way.")
    (mail,) = await sink.wait()
    assert mail["In-Reply-To"] == "<Where.is.my.order@example.cn>"
    assert "<Where.is.my.order@example.cn>" in mail["References"]
    assert mail["Subject"] == "Re: Where is my order"
    assert "@" in mail["Message-ID"]
    assert "@" in mail["Reply-To"]
    await ann.event("message.added", lambda data: data["message"]["delivery_state"] == "sent")
    await ann.run("interaction.complete", interaction=interaction, disposition="order")
    shown = await ann.get(f"/interactions/{interaction}")
    assert (shown["state"], shown["outcome"]) == ("closed", "handled")
    again = await asyncio.to_thread(
        house.send_mail, "Re: Where is my order", message_id="<2@example.cn>", In_Reply_To=str(mail["Message-ID"])
    )
    assert again.startswith("250")
    second = await ann.take_offer(lambda data: data["interaction"]["parent_id"] == interaction)
    assert second["interaction"]["thread"] == shown["thread"]
    await ann.close()
    audit = await asyncio.to_thread(house.command, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "the live router answered" in audit.stdout
    assert house.terminate() == 0
    audit = house.command("audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
