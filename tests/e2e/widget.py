"""A visitor of the demo shop's page, and the chat on it."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

ARRIVED = re.compile(r"\b(sent|seen)\b")


class Widget:
    """The chat as a visitor uses it; its inside lies in a shadow root, which locators look through."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host = page.locator("contactd-chat")

    @classmethod
    async def visit(cls, page: Page, url: str, lang: str) -> Widget:
        """Open the page and the chat."""
        await page.goto(f"{url}/chat/demo?lang={lang.partition('-')[0]}")
        widget = cls(page)
        await widget.open()
        return widget

    async def open(self) -> None:
        """Press the round button."""
        await self.host.locator("button.launch").click()
        await expect(self.host.locator("section.panel")).to_be_visible()

    async def introduce(self, name: str, contact: str) -> None:
        """Answer the two questions that stand before the first line."""
        fields = self.host.locator(".hello input")
        await fields.nth(0).fill(name)
        await fields.nth(1).fill(contact)

    async def send(self, text: str) -> None:
        """Write a line, whether or not it can arrive now."""
        await self.host.locator("textarea").fill(text)
        await self.host.locator("button.send").click()

    async def say(self, text: str) -> None:
        """Write a line and wait until it is said to have arrived."""
        await self.send(text)
        await self.arrived(text)

    async def arrived(self, text: str) -> None:
        """Wait until a line is said to have arrived."""
        await expect(self.line(text)).to_have_class(ARRIVED)

    async def end(self) -> None:
        """End the conversation: the button asks once."""
        button = self.host.locator("button.word")
        await button.click()
        await button.click()

    def line(self, text: str) -> Locator:
        """Return the line with a text."""
        return self.host.locator(".line").filter(has_text=text)

    async def shows(self, *texts: str) -> None:
        """Wait until these lines, and no others, stand there in this order."""
        await expect(self.host.locator(".line .say")).to_have_text(list(texts))
