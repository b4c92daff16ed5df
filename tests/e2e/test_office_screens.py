"""A supervisor keeps house: a text for everybody, senders kept out and let through, a segment; each on its own screen."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import OpenDesk


async def test_texts_senders_and_segments_are_kept_on_their_screens(open_desk: OpenDesk) -> None:
    chen = await open_desk("chen", "zh-CN")

    async def screen(name: str) -> None:
        await chen.page.evaluate("(screen) => { location.hash = `#/${screen}` }", name)

    await screen("texts")
    await chen["text-new"].click()
    await chen["text-name"].fill("问候")
    await chen["text-words"].fill("您好，很高兴为您服务。")
    await chen["text-shared"].click()
    await chen["text-save"].click()
    await expect(chen["text-item"].filter(has_text="问候")).to_be_visible()
    [kept] = (await chen.get("/texts"))["items"]
    assert (kept["name"], kept["shared"], kept["text"]["zh"]) == ("问候", True, "您好，很高兴为您服务。")

    await screen("quarantine")
    await chen["keep-out-to"].fill("spam@evil.example")
    await chen["keep-out-reason"].fill("广告")
    await chen["keep-out-submit"].click()
    await expect(chen["blocked"]).to_contain_text("spam@evil.example")
    await chen["protect-to"].fill("spam@evil.example")
    await chen["protect-reason"].fill("是客户本人")
    await chen["protect-submit"].click()
    await expect(chen["red-list"]).to_contain_text("是客户本人")
    # Who is on the red list is not blocked any more.
    await expect(chen["unblock"]).to_have_count(0)
    await chen["unprotect"].click()
    await expect(chen["unprotect"]).to_have_count(0)

    for name, vip in (("甲", 2), ("乙", 0)):
        await chen.post("/parties", {"name": name, "vip": vip})
    await screen("customers")
    await chen["segments-open"].click()
    await chen["segment-new"].click()
    await chen["segment-zh"].fill("大客户")
    await chen["segments-try"].click()
    await expect(chen["segments-tried"]).to_contain_text("甲")
    await expect(chen["segments-tried"]).not_to_contain_text("乙")
    await chen["segment-save"].click()
    row = chen["segment-row"].filter(has_text="大客户")
    await expect(row).to_contain_text("1 位")
    await row.get_by_test_id("segment-edit").click()
    await chen["segment-zh"].fill("重要客户")
    await chen["segment-save"].click()
    await expect(chen["segment-row"]).to_contain_text("重要客户")
    await chen["segment-edit"].click()
    await chen["segment-drop"].click()
    await chen.page.get_by_role("tooltip").get_by_role("button").last.click()
    await expect(chen["segment-row"]).to_have_count(0)
