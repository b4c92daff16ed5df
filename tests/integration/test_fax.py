"""Faxes by every door, in a real server: page images and sender where an agent sees them, and the answer out."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest

from contactd.testing.demo.history import fax_page
from contactd.testing.demo.traffic import tiff
from tests.integration.house import Console, House
from tests.integration.sink import Sink

pytestmark = pytest.mark.integration


async def test_a_fax_by_command_and_one_by_mail_are_shown_as_pages_and_answered(house: House, sink: Sink) -> None:
    house.settings |= {
        "channels.fax.gateways.gate.mail_from": "fax@gateway.example",
        "channels.fax.gateways.gate.mail_to": "{digits}@fax.example",
        "channels.fax.smtp.host": "127.0.0.1",
        "channels.fax.smtp.port": sink.port,
    }
    page = tiff(fax_page("PURCHASE ORDER", ("Table 2", "Chair 8")))
    file = house.folder / "fax.tif"
    house.folder.mkdir(parents=True)
    file.write_bytes(page)
    # The server is not running: what is handed over is kept for it.
    done = await asyncio.to_thread(
        house.command, "fax", "receive", str(file), "ttyS0", "000001", "", "02112345678", "Wang"
    )
    assert done.returncode == 0, done.stderr
    house.start()
    house.add_user("ann")
    ann = await Console.log_in(house, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    offer = await ann.take_offer()
    assert (offer["interaction"]["channel"], offer["interaction"]["from_display"]) == ("fax", "021-12345678")
    interaction = offer["interaction"]["id"]
    (message,) = (await ann.get(f"/interactions/{interaction}/messages"))["items"]
    shown = next(one for one in message["attachments"] if one["page"] == 1)
    picture = await ann.rest.get(shown["url"])
    assert picture.content.startswith(b"\x89PNG")
    await ann.run("interaction.send", interaction=interaction, text="Confirmed.")
    (mail,) = await sink.wait()
    assert mail["To"] == "862112345678@fax.example"
    assert [part.get_content_type() for part in mail.walk()].count("image/tiff") == 1
    await ann.run("interaction.complete", interaction=interaction)
    await asyncio.to_thread(_by_mail, house, page)
    second = await ann.take_offer(lambda data: data["interaction"]["id"] != interaction)
    assert second["interaction"]["channel"] == "fax"
    await ann.close()
    assert await asyncio.to_thread(house.terminate) == 0
    audit = await asyncio.to_thread(house.command, "audit")
    assert audit.returncode == 0, audit.stdout


def _by_mail(house: House, page: bytes) -> None:
    mail = EmailMessage()
    mail["From"] = "fax@gateway.example"
    mail["To"] = "support@example.com"
    mail["Subject"] = "Fax from 02187654321"
    mail.set_content("A fax is attached.")
    mail.add_attachment(page, "image", "tiff", filename="fax.tif")
    host, port = house.addresses["smtp"].rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.send_message(mail)


async def test_a_broken_fax_is_quarantined_with_its_bytes(house: House) -> None:
    file = house.folder / "fax.tif"
    house.folder.mkdir(parents=True)
    file.write_bytes(tiff(fax_page("x", ("y",)))[:120])
    house.start()
    house.add_user("chen", "supervisor")
    done = await asyncio.to_thread(house.command, "fax", "receive", str(file))
    assert done.returncode == 0, done.stderr
    chen = await Console.log_in(house, "chen")
    async with asyncio.timeout(20):
        while not (found := (await chen.get("/interactions?state=quarantined"))["items"]):  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.1)
    assert found[0]["quarantine_reason"]
    answer = await chen.rest.post(f"/api/v1/interactions/{found[0]['id']}/dismiss", json={})
    assert answer.status_code in (200, 204)
    await chen.close()
