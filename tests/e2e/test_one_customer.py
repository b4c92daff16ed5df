"""One customer writes, chats, calls and faxes: every contact reaches the agent, and all four stand in one timeline."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect

from contactd.testing.demo.history import fax_page
from contactd.testing.demo.traffic import tiff
from contactd.testing.pbx import ScriptedPbx
from tests.e2e.conftest import OpenDesk, OpenWidget
from tests.e2e.desk import Desk
from tests.integration.house import House

NAME, MAIL, MOBILE, FAX = "Wang Fang", "wang@customer.example", "13800138000", "02112345678"


async def test_mail_chat_call_and_fax_stand_in_one_timeline(
    house: House, pbx: ScriptedPbx, tmp_path: Path, open_desk: OpenDesk, open_widget: OpenWidget
) -> None:
    ann = await open_desk("ann")
    points = [("email", MAIL), ("phone", MOBILE), ("fax", FAX)]
    party = await ann.post(
        "/parties", {"name": NAME, "points": [{"kind": kind, "value": value} for kind, value in points]}
    )
    await ann.ready()
    await mail(house, ann)
    await chat(ann, open_widget)
    await call(pbx, ann)
    await fax(house, ann, tmp_path)

    await ann["party-search"].fill(NAME)
    await ann["party-hit"].filter(has_text=NAME).click()
    items = ann["customer-page"].get_by_test_id("timeline-item")
    await expect(items).to_have_count(4)
    for item, channel in zip(await items.all(), ("fax", "voice", "chat", "email"), strict=True):
        await expect(item).to_have_attribute("data-channel", channel)
    told = (await ann.get(f"/parties/{party['id']}/timeline"))["items"]
    assert [(one["channel"], one["state"]) for one in told] == [
        (channel, "closed") for channel in ("fax", "voice", "chat", "email")
    ]
    await items.nth(2).click()
    await expect(ann["record"]).to_contain_text("Can I send it back?")


async def mail(house: House, ann: Desk) -> None:
    await asyncio.to_thread(house.send_mail, "My table", sender=f"Fang <{MAIL}>")
    await expect(ann["offer-preview"]).to_contain_text("Known")
    await ann.accept(NAME)
    await expect(ann["customer"]).to_have_attribute("data-resolve", "known")
    await ann.choose("no_reply_needed")
    await ann.end()
    await expect(ann["work-item"]).to_have_count(0)


async def chat(ann: Desk, open_widget: OpenWidget) -> None:
    visitor = await open_widget()
    await visitor.introduce("Fang", MAIL)
    await visitor.say("Can I send it back?")
    await ann.accept("Can I send it back?")
    # Who a visitor says to be is a hint: the agent decides.
    await expect(ann["customer"]).to_have_attribute("data-resolve", "maybe")
    await ann["candidate"].filter(has_text=NAME).get_by_test_id("confirm-candidate").click()
    await expect(ann["customer"]).to_have_attribute("data-resolve", "confirmed")
    await ann["chat-text"].fill("Yes, within 30 days.")
    await ann["chat-text"].press("Enter")
    await visitor.shows("Can I send it back?", "Yes, within 30 days.")
    await visitor.page.reload()
    await visitor.open()
    await visitor.say("Thank you!")
    lines = ["Can I send it back?", "Yes, within 30 days.", "Thank you!"]
    await visitor.shows(*lines)
    await expect(ann["chat-thread"].locator(".bubble")).to_have_text(lines)
    await ann.choose("order")
    await ann.end()
    await expect(visitor.host.locator(".rule")).to_contain_text("ended")
    await expect(ann["work-item"]).to_have_count(0)


async def call(pbx: ScriptedPbx, ann: Desk) -> None:
    phone = pbx.phone("PJSIP/1001")
    caller = await pbx.call(MOBILE, "40095001")
    await expect(ann["offer-card"]).to_contain_text(NAME)
    await pbx.until(lambda: caller.hears == {"music"})
    await ann.accept(NAME)
    await pbx.until(lambda: phone.rings)
    phone.answer()
    await pbx.until(lambda: phone.leg is not None and caller.hears == {phone.leg.id})
    assert phone.hears == {caller.id}
    await expect(ann["contact"]).to_contain_text("On the call")
    caller.hangup()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")
    await ann.is_in("wrapup")
    assert not phone.in_use
    await ann.choose("order", "Called about the table")
    await ann["wrapup-finish"].click()
    await expect(ann["work-item"]).to_have_count(0)
    await ann.is_in("ready")


async def fax(house: House, ann: Desk, folder: Path) -> None:
    file = folder / "received.tif"
    file.write_bytes(tiff(fax_page("RETURN FORM", ("Table 1",))))
    done = await asyncio.to_thread(house.command, "fax", "receive", str(file), "ttyS0", "000001", "", FAX, "Fang")
    assert done.returncode == 0, done.stderr
    await ann.accept(NAME)
    page = ann["fax-view"].get_by_role("img", name="Page 1 of 1")
    await expect(page).to_be_visible()
    await page.evaluate("image => image.decode()")
    channels = ann["customer"].get_by_test_id("timeline-item")
    await expect(channels).to_have_count(4)
    await ann.choose("no_reply_needed")
    await ann.end()
    await expect(ann["work-item"]).to_have_count(0)
