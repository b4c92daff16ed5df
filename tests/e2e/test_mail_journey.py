"""An agent answers a mail, from the log-in to the end, in a browser."""

from __future__ import annotations

import asyncio
import re
import smtplib
from email.message import EmailMessage

from playwright.async_api import Request, expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import House
from tests.integration.sink import Sink

HTML = """<html><body><h1>Order SO-4711</h1><p>Where is my <b>table</b>?</p>
<script>document.body.innerHTML = 'script ran'</script><img src="http://tracker.example/seen.gif" onerror="alert(1)">
</body></html>"""


def send_html(house: House) -> None:
    mail = EmailMessage()
    mail["From"] = "Wang Fang <wang@customer.example>"
    mail["To"] = "support@example.com"
    mail["Subject"] = "Where is my table?"
    mail["Message-ID"] = "<question-1@customer.example>"
    mail["References"] = "<before@customer.example>"
    mail.set_content("Where is my table?")
    mail.add_alternative(HTML, subtype="html")
    host, port = house.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.send_message(mail)


async def test_a_mail_is_offered_read_answered_and_closed(house: House, sink: Sink, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    ann.page.on("request", note)
    await ann.is_in("logged_out")
    await ann.ready()
    await ann.is_in("ready")

    await asyncio.to_thread(send_html, house)
    offer = ann["offer-card"]
    await expect(offer).to_contain_text("Where is my table?")
    await expect(ann["offer-preview"]).to_contain_text("wang@customer.example")
    await expect(offer.get_by_test_id("offer-left")).to_have_text(re.compile(r"^[1-9]\d*$"))
    await expect(offer.get_by_test_id("offer-reason")).to_contain_text("Why you: longest idle")
    ident = await ann.accept("Where is my table?")

    # The customer's own page: shown as laid out, without its script, its pictures from elsewhere, or any power over ours.
    await expect(ann["mail-html"]).to_have_attribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
    await expect(ann.mail_frame().locator("h1")).to_have_text("Order SO-4711")
    await expect(ann.mail_frame().locator("body")).not_to_contain_text("script ran")
    await expect(ann.mail_frame().locator("script")).to_have_count(0)
    assert not [url for url in asked if "tracker.example" in url]

    await ann["composer-text"].fill("It is on its way and arrives on Friday.")
    await ann["composer-send"].click()
    (mail,) = await sink.wait()
    assert mail["To"] == "wang@customer.example"
    assert mail["Subject"] == "Re: Where is my table?"
    assert mail["In-Reply-To"] == "<question-1@customer.example>"
    assert mail["References"].split() == ["<before@customer.example>", "<question-1@customer.example>"]
    await expect(ann.marked("delivery", state="sent")).to_be_visible()
    await expect(ann["composer-text"]).to_have_value("")

    await ann.choose("order", "Told the date of delivery")
    await ann.end()
    await expect(ann["work-item"]).to_have_count(0)
    await ann.is_in("ready")
    shown = await ann.get(f"/interactions/{ident}")
    assert (shown["state"], shown["outcome"], shown["disposition"]) == ("closed", "handled", "order")
    notes = [one["text"] for one in (await ann.get(f"/interactions/{ident}/messages"))["items"]]
    assert notes[-1] == "Told the date of delivery"
