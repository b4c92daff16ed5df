"""An agent writes a letter: kept while it is written, taken back, scheduled, passed on; in a browser."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import House
from tests.integration.sink import Sink

PASTE_PICTURE = """async (area) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 2;
    const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
    const data = new DataTransfer();
    data.items.add(new File([blob], 'shot.png', { type: 'image/png' }));
    area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


async def test_a_letter_is_kept_formatted_taken_back_and_sent(house: House, sink: Sink, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    await asyncio.to_thread(house.send_mail, "Where is my table")
    await ann.accept("Where is my table")
    await ann["composer-text"].fill("It is on its way.")
    await expect(ann.marked("draft-state", saved="server")).to_be_visible()
    # What somebody typed is on the server: a browser that knows nothing has it.
    await ann.page.evaluate("localStorage.clear()")
    await ann.page.reload()
    await expect(ann["composer-text"]).to_have_value("It is on its way.")
    await ann["composer-format"].click()
    await ann["composer-rich"].click()
    await ann.page.keyboard.press("Control+End")
    await ann.page.keyboard.type(" Hostile: <b>x</b>")
    # Pasted HTML loses what no letter needs before it stands in the page.
    await ann["composer-rich"].evaluate(
        """(area) => {
            const data = new DataTransfer();
            data.setData('text/html', '<b>bold</b><img src=x onerror="window.bad=1"><script>window.bad=1</script>');
            area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(ann["composer-rich"].locator("b", has_text="bold")).to_be_visible()
    assert await ann["composer-rich"].locator("img, script").count() == 0
    assert await ann.page.evaluate("window.bad") is None
    # A picture that is pasted stands in the letter.
    await ann["composer-rich"].evaluate(PASTE_PICTURE)
    picture = ann["composer-rich"].locator("img")
    await expect(picture).to_have_js_property("naturalWidth", 2)
    await expect(ann["composer-send"]).to_be_enabled()
    await ann["composer-send"].click()
    await ann["undo-send"].click()
    await expect(picture).to_have_js_property("naturalWidth", 2)
    await expect(ann["composer-rich"]).to_contain_text("Hostile: <b>x</b>")
    assert sink.mails == []
    await ann["composer-send"].click()
    (mail,) = await sink.wait()
    parts = {part.get_content_type(): part for part in mail.walk()}
    html = parts["text/html"].get_payload(decode=True)
    assert isinstance(html, bytes)
    assert b"<b>bold</b>" in html
    assert f'src="cid:{parts["image/png"]["Content-ID"][1:-1]}"'.encode() in html
    assert b"Hostile: &lt;b&gt;x&lt;/b&gt;" in html
    assert "text/plain" in parts
    await expect(ann.marked("delivery", state="sent")).to_be_visible()


async def test_a_scheduled_letter_waits_in_the_outbox_and_one_is_passed_on(
    house: House, sink: Sink, open_desk: OpenDesk
) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    await asyncio.to_thread(house.send_mail, "Please repair it")
    ident = await ann.accept("Please repair it")
    await ann["composer-text"].fill("Tomorrow.")
    await ann["send-later"].click()
    await ann["send-tomorrow"].click()
    await expect(ann["take-back"]).to_be_visible()
    await ann["nav-outbox"].click()
    await ann["outbox-cancel"].click()
    await expect(ann.marked("contact", id=ident, state="active")).to_be_visible()
    await expect(ann["composer-text"]).to_have_value("Tomorrow.")
    await ann["composer-text"].fill("Can you do this?")
    await ann["mail-more"].first.click()
    await ann["mail-forward"].click()
    await expect(ann["composer-forward"]).to_be_visible()
    await ann.page.locator("[data-testid=field-to] input").fill("factory@example.org")
    await ann.page.keyboard.press("Enter")
    await ann["composer-send"].click()
    (mail,) = await sink.wait()
    assert mail["To"] == "factory@example.org"
    assert mail["Subject"] == "Fwd: Please repair it"
    assert mail["References"] is None


async def test_two_matters_are_parted_and_joined_and_what_was_waved_through_comes_back(
    house: House, open_desk: OpenDesk
) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    await asyncio.to_thread(house.send_mail, "Chairs", "One chair is broken")
    first = await ann.accept("Chairs")
    await asyncio.to_thread(
        house.send_mail,
        "Re: Chairs",
        "My invoice is wrong too",
        message_id="<two@example.cn>",
        References="<Chairs@example.cn>",
    )
    thread = ann.marked("contact", id=first)
    await expect(thread.get_by_text("My invoice is wrong too")).to_be_visible()
    await ann["mail-more"].last.click()
    await ann["mail-split"].click()
    await expect(thread.get_by_text("My invoice is wrong too")).to_have_count(0)
    await ann["parting-undo"].click()
    await expect(thread.get_by_text("My invoice is wrong too")).to_be_visible()
    # Ended by mistake: it is back in the same hands, with all that was said.
    await ann.page.keyboard.press("Escape")
    await ann["close-as"].click()
    await ann["close-junk"].click()
    await ann["close-undo"].click()
    back = ann.page.locator("[data-testid=contact][data-state=active]")
    await expect(back.get_by_text("My invoice is wrong too")).to_be_visible()
    assert await back.get_attribute("data-id") != first
    # And from where it lies, later.
    place = f"work/{first}"
    await ann.page.goto(f"{ann.url}/console#/{place}")
    await expect(ann.marked("contact", id=first, state="closed")).to_be_visible()
