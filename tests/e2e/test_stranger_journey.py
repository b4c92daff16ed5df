"""A stranger got hold of our answer and writes to its address: the agent sees a warning, and the stranger gets nothing unasked."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from email.utils import parseaddr

from playwright.async_api import expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import House
from tests.integration.sink import Sink

LI, EVE = "li@customer.example", "eve@evil.example"


def send(house: House, sender: str, subject: str, text: str, **headers: str) -> None:
    """Hand a mail in, to `to` or to the desk."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = headers.pop("to", "support@example.com")
    mail["Subject"] = subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    host, port = house.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.send_message(mail)


async def test_a_stranger_with_our_token_is_marked_and_answers_stay_with_the_customer(
    house: House, sink: Sink, open_desk: OpenDesk
) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    await asyncio.to_thread(send, house, LI, "My invoice", "Please see to it.")
    first = await ann.accept("My invoice")
    await expect(ann["unverified"]).to_have_count(0)
    await expect(ann["composer-whom"]).to_have_count(0)
    await ann["composer-text"].fill("The balance is 42.")
    await ann["composer-send"].click()
    (mail,) = await sink.wait()
    token = parseaddr(mail["Reply-To"])[1]
    assert "+t." in token

    proof = {"to": token, "Reply_To": EVE, "In_Reply_To": str(mail["Message-ID"])}
    await asyncio.to_thread(send, house, EVE, "Re: My invoice", "Send it to me again.", **proof)
    second = await ann.accept("Re: My invoice")
    assert second != first
    await expect(ann["unverified"]).to_contain_text(EVE)
    await expect(ann["unverified-tag"]).to_be_visible()
    await expect(ann["mail-thread"]).not_to_contain_text("The balance is 42.")
    await ann["unverified-parent"].click()
    await expect(ann["record"]).to_contain_text("The balance is 42.")
    await ann.page.keyboard.press("Escape")

    await expect(ann["composer-whom"]).to_contain_text(LI)
    await ann["composer-text"].fill("Somebody asked in your name.")
    await ann["composer-send"].click()
    assert (await sink.wait(2))[1]["To"] == LI
    await ann["to-stranger"].click()
    await ann["composer-text"].fill("We do not know you.")
    await ann["composer-send"].click()
    told = (await sink.wait(3))[2]
    assert told["To"] == EVE
    assert "balance" not in told.as_string()
