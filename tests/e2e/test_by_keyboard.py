"""An agent's day without a mouse, and what an accessibility checker (axe) says of each screen on the way; in a browser."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenDesk
from tests.integration.house import ROOT, House

AXE = ROOT / "contactd/agent_ui/web/node_modules/axe-core/axe.min.js"
SETTLED = """() => {
    const ending = document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity);
    return Promise.all(ending.map((each) => each.finished.catch(() => null)));
}"""
CHECK = """async () => {
    // Ant Design names the list of an open select before it draws it.
    const found = await axe.run(document, {resultTypes: ['violations'], rules: {'aria-valid-attr-value': {enabled: false}}});
    return found.violations.filter((each) => ['serious', 'critical'].includes(each.impact))
        .map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`);
}"""
SCREENS = (
    "work", "floor", "cases", "customers", "outbox", "knowledge", "quarantine", "reports", "records", "texts", "surveys",
    "duplicates", "imports", "connectors", "writebacks", "privacy", "quality", "approvals", "prompts",
)  # fmt: skip


async def is_usable(page: Page) -> None:
    """Hold a page against the checker's rules: names of controls, contrast, order."""
    # What fades in has its colours only at the end.
    await page.evaluate(SETTLED)
    await page.evaluate(AXE.read_text())
    assert await page.evaluate(CHECK) == []


async def test_a_mail_is_taken_answered_noted_and_finished_by_keys(house: House, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann", "zh-CN")
    keys = ann.page.keyboard
    await expect(ann["intent-ready"]).to_be_enabled()
    await is_usable(ann.page)
    await keys.press("s")
    await expect(ann["intent-ready"]).to_have_attribute("aria-pressed", "true")
    # Another screen, by name; the offer is seen and taken there.
    await keys.press("Control+k")
    await keys.type("outbox")
    await expect(ann["command-hit"]).to_have_count(1)
    await keys.press("Enter")
    await expect(ann["nav-outbox"]).to_have_attribute("aria-current", "page")
    await asyncio.to_thread(house.send_mail, "Where is my table")
    await expect(ann["offer-card"]).to_contain_text("Where is my table")
    await is_usable(ann.page)
    await keys.press("a")
    contact = ann.marked("contact", state="active")
    await expect(contact).to_be_visible()
    await keys.press("r")
    await expect(ann["composer-text"]).to_be_focused()
    await keys.type("a and s are letters here")
    await expect(ann["composer-text"]).to_have_value("a and s are letters here")
    # In a field the same keys work with Alt.
    await keys.press("Alt+n")
    await expect(ann["note-text"]).to_be_focused()
    await keys.type("called the carrier")
    await keys.press("Control+Enter")
    await expect(ann["note-text"]).to_have_value("")
    await expect(ann["note"]).to_contain_text("called the carrier")
    await keys.press("Escape")
    await expect(ann["note-text"]).not_to_be_focused()
    await is_usable(ann.page)
    await keys.press("?")
    await expect(ann["shortcuts"]).to_be_visible()
    await is_usable(ann.page)
    await keys.press("Escape")
    await expect(ann["shortcuts"]).to_be_hidden()
    await keys.press("Shift+Q")
    await expect(ann["end-confirm"]).to_be_focused()
    await keys.press("Enter")
    await expect(contact).to_be_hidden()


async def test_every_screen_passes_the_checker_in_light_and_dark(open_desk: OpenDesk) -> None:
    chen = await open_desk("chen", "zh-CN")
    for screen in SCREENS:
        await chen.page.evaluate("(screen) => { location.hash = `#/${screen}` }", screen)
        await expect(chen.page.locator("main h1").first).to_be_attached()
        await is_usable(chen.page)
    await chen["theme-switch"].click()
    await chen.page.evaluate("() => { location.hash = '#/floor' }")
    await expect(chen["floor"]).to_be_visible()
    await is_usable(chen.page)
