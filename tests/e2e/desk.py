"""Somebody at the console: what one does there, by the marks the screens carry for tests."""

from __future__ import annotations

from typing import Any

from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.integration.house import PASSWORD


class Desk:
    """A logged-in person's page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    @classmethod
    async def log_in(cls, page: Page, url: str, name: str, password: str = PASSWORD) -> Desk:
        """Go through the log-in page and wait until the console is live."""
        desk = cls(page, url)
        await page.goto(f"{url}/console")
        await page.get_by_test_id("login-user").fill(name)
        await page.get_by_test_id("login-pass").fill(password)
        await page.get_by_test_id("login-submit").click()
        await desk.online()
        return desk

    def __getitem__(self, mark: str) -> Locator:
        """Return what carries a mark."""
        return self.page.get_by_test_id(mark)

    def marked(self, mark: str, **values: str) -> Locator:
        """Return what carries a mark and these values (`data-…`)."""
        return self.page.locator(f"[data-testid={mark}]" + "".join(f'[data-{k}="{v}"]' for k, v in values.items()))

    async def online(self) -> None:
        """Wait until the socket stands."""
        await expect(self["link-state"]).to_have_attribute("data-link", "online")

    async def is_in(self, state: str) -> None:
        """Wait until the person is in a state."""
        await expect(self["my-state"]).to_have_attribute("data-state", state)

    async def ready(self) -> None:
        """Ask for work."""
        await self["intent-ready"].click()
        await expect(self["intent-ready"]).to_have_attribute("aria-pressed", "true")

    async def accept(self, text: str) -> str:
        """Wait for the offer that says `text`, take it; return the interaction's id when its screen is open."""
        card = self["offer-card"].filter(has_text=text)
        ident = await card.get_attribute("data-id")
        assert ident is not None
        await card.get_by_test_id("offer-accept").click()
        await expect(self.marked("contact", id=ident, state="active")).to_be_visible()
        return ident

    async def choose(self, disposition: str, note: str = "") -> None:
        """Fill the disposition form."""
        await self["dock-wrapup"].click()
        await self["wrapup-disposition"].click()
        await self[f"disposition-{disposition}"].click()
        if note:
            await self["wrapup-note"].fill(note)

    async def end(self) -> None:
        """End the contact and say yes."""
        await self["end-contact"].click()
        await self["end-confirm"].click()

    async def confirm_customer(self, name: str) -> None:
        """Find a customer by name and say that this is them."""
        await self["link-search"].fill(name)
        await self["party-hit"].filter(has_text=name).click()
        await expect(self.page.locator(".customer-name")).to_have_text(name)

    def mail_frame(self) -> FrameLocator:
        """Return the frame a mail is shown in."""
        return self.page.frame_locator("[data-testid=mail-html]")

    async def get(self, path: str) -> Any:
        """Ask REST as this person."""
        answer = await self.page.request.get(f"{self.url}/api/v1{path}")
        assert answer.ok, await answer.text()
        return await answer.json()

    async def post(self, path: str, body: object) -> Any:
        """Tell REST as this person."""
        answer = await self.page.request.post(f"{self.url}/api/v1{path}", data=body, headers={"origin": self.url})
        assert answer.ok, await answer.text()
        return await answer.json()
