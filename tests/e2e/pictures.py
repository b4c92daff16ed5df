"""Takes the pictures of README and docs: the demo's shop on a busy morning, in both languages (`make pictures`)."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from contactd import demo
from contactd.desk.check import shapes
from contactd.settings import load
from contactd.testing.demo.people import COLLEAGUES, PASSWORD, Customer, customers
from contactd.testing.demo.talk import MATTERS
from contactd.testing.demo.traffic import Traffic
from contactd.testing.pbx import ScriptedPbx
from tests.e2e.conftest import CHROMIUM, FLAGS, WINDOW
from tests.e2e.desk import Desk
from tests.e2e.widget import Widget
from tests.integration.house import ROOT, House
from tests.integration.sink import Sink

IMAGES = ROOT / "docs" / "images"
PEOPLE = 200
SEED = 7
PATIENCE_MS = 60_000
"""A contact may wait for the agent who knows the customer first."""
SOME_TIME_S = 75
ORDER, INVOICE, GIFTS, BROKEN, SEASON, CAKES, REFUND, ADDRESS = MATTERS
REPLY = {
    "zh": "{name}，您好：\n\n已为您作废原发票，并按“集团”全称重新开具，",
    "en": "Dear {name},\n\nthank you for your message. We have cancelled the old invoice and",
}
ANSWER = {"zh": "好的，已为您备注干仓包装，", "en": "Good, I have noted it. It will be"}


@dataclass(frozen=True, slots=True)
class Stage:
    """The running shop, and everybody in it."""

    house: House
    browser: Browser
    crowd: Traffic
    people: list[Customer]
    lang: str
    """zh or en."""

    def find(self, number: int, *, company: bool) -> Customer:
        """Return the n-th customer of the language, with a company or without."""
        fit = [one for one in self.people if one.language == self.lang and bool(one.company) == company]
        return fit[number % len(fit)]

    async def page(self) -> Page:
        """Open a window in the shop's time zone."""
        context = await self.browser.new_context(
            viewport=WINDOW,  # type: ignore[arg-type]
            locale="zh-CN" if self.lang == "zh" else "en",
            timezone_id="Asia/Shanghai",
            color_scheme="light",
        )
        context.set_default_timeout(PATIENCE_MS)
        return await context.new_page()

    async def log_in(self, name: str) -> Desk:
        """Let a colleague log in."""
        return await Desk.log_in(await self.page(), self.house.url, name, PASSWORD)

    async def shoot(self, page: Page, name: str) -> None:
        """Take one picture, as small as it can be without loss."""
        await page.mouse.move(WINDOW["width"] / 2, WINDOW["height"] - 1)
        await page.evaluate("() => document.fonts.ready")
        await page.wait_for_timeout(700)
        raw = await page.screenshot()
        file = IMAGES / f"{name}{'.zh-CN' if self.lang == 'zh' else ''}.png"
        with Image.open(io.BytesIO(raw)) as image:
            image.convert("RGB").save(file, "PNG", optimize=True)
        print(f"{file.relative_to(ROOT)} {file.stat().st_size // 1024} KB")  # noqa: T201 - a program


async def main(langs: Sequence[str]) -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for lang in langs:
        with tempfile.TemporaryDirectory(prefix="contactd-pictures-") as folder:
            await in_shop(Path(folder), lang)


async def in_shop(folder: Path, lang: str) -> None:
    """Open a shop, let the morning pass, close it."""
    pbx, sink = ScriptedPbx(), Sink()
    await pbx.start()
    await sink.start()
    around = {
        "channels.voice.ari.url": pbx.ari_url,
        "channels.voice.ari.username": pbx.username,
        "channels.voice.ari.password": pbx.secret,
        "channels.email.outbound.host": "127.0.0.1",
        "channels.email.outbound.port": sink.port,
        "channels.email.outbound.security": "none",
    }
    house = House(folder, config=demo.CONFIG, **around)
    people = list(customers(PEOPLE, SEED))
    await asyncio.to_thread(seed, house.settings, people)
    await asyncio.to_thread(house.start)
    for one in COLLEAGUES:
        if one.device:
            pbx.phone(one.device, answer_after=1.0)
    crowd = Traffic(people, house.addresses, pbx, folder / "data", per_minute=1, seed=SEED)
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await morning(Stage(house, browser, crowd, people, lang))
            await browser.close()
    finally:
        await crowd.stop()
        house.close()
        await pbx.stop()
        await sink.stop()


def seed(settings: Mapping[str, object], people: list[Customer]) -> None:
    """Write the shop's past."""
    given = [f"{key}={value}" for key, value in settings.items()]
    demo.seed(load(demo.CONFIG, os.environ, given, shapes()), people)


async def morning(stage: Stage) -> None:
    """Let customers get in touch, and look over everybody's shoulder."""
    expect.set_options(timeout=PATIENCE_MS)
    zhang, lina, wang, emma = [await stage.log_in(one.name) for one in COLLEAGUES[:4]]
    first, second, third = (zhang, lina, emma) if stage.lang == "zh" else (emma, lina, zhang)
    await wang["intent-notready"].click()
    await wang["intent-reason-lunch"].click()
    await mail(stage, first)
    await chat(stage, first)
    await fax(stage, second)
    await call(stage, second)
    await queue(stage)
    await third.ready()
    await floor(stage)
    await report(stage)


async def mail(stage: Stage, desk: Desk) -> None:
    """A company's letter, half answered."""
    customer = stage.find(0, company=True)
    await desk.ready()
    await stage.crowd.write_mail(customer, INVOICE)
    await desk.accept(customer.name)
    await expect(desk.mail_frame().locator("table")).to_be_visible()
    await desk["composer-text"].fill(REPLY[stage.lang].format(name=customer.name))
    await expect(desk["timeline-item"].nth(1)).to_be_visible()
    await stage.shoot(desk.page, "mail")


async def chat(stage: Stage, desk: Desk) -> None:
    """A visitor of the shop's page, and the agent's side of it."""
    customer, lang = stage.find(2, company=False), stage.lang
    visitor = await Widget.visit(await stage.page(), stage.house.url, lang)
    await visitor.introduce(customer.name, customer.email)
    await visitor.say(CAKES.ask[lang])
    await desk.accept(customer.name)
    await desk["confirm-candidate"].first.click()
    await expect(desk["customer"]).to_have_attribute("data-resolve", "confirmed")
    await desk["chat-text"].fill(CAKES.answer[lang])
    await desk["chat-text"].press("Enter")
    await expect(visitor.line(CAKES.answer[lang])).to_be_visible()
    await visitor.say(CAKES.more[lang])
    await expect(desk["chat-thread"]).to_contain_text(CAKES.more[lang])
    await desk["chat-text"].fill(ANSWER[lang])
    await stage.shoot(visitor.page, "widget")
    await stage.shoot(desk.page, "chat")


async def fax(stage: Stage, desk: Desk) -> None:
    """An order by fax."""
    customer = stage.find(1, company=True)
    await desk.ready()
    await stage.crowd.send_fax(customer, GIFTS)
    await desk.accept(customer.name)
    await desk["fax-view"].locator("img").first.evaluate("image => image.decode()")
    await stage.shoot(desk.page, "fax")


async def queue(stage: Stage) -> None:
    """What waits, because everybody is busy."""
    for n, matter in enumerate((REFUND, INVOICE, GIFTS, ORDER, BROKEN, ADDRESS, SEASON, CAKES)):
        customer = stage.people[20 + n]
        await (stage.crowd.send_fax if matter is GIFTS else stage.crowd.write_mail)(customer, matter)


async def call(stage: Stage, desk: Desk) -> None:
    """A call rings, and who it is stands on the screen before the phone does."""
    customer = await much_said(stage, desk)
    ringing = asyncio.create_task(stage.crowd.call(customer, CAKES))
    card = (
        desk["offer-card"].filter(has_text=customer.mobile[-4:]).or_(desk["offer-card"].filter(has_text=customer.name))
    )
    await card.locator(".offer-open").click()
    await expect(desk["offer-preview"]).to_contain_text(customer.name)
    await expect(desk["timeline-item"].nth(3)).to_be_visible()
    await stage.shoot(desk.page, "console")
    await card.get_by_test_id("offer-accept").click()
    await expect(desk["contact"]).to_have_attribute("data-state", "active")
    stage.crowd._tasks.add(ringing)


async def much_said(stage: Stage, desk: Desk) -> Customer:
    """Return the customer who got in touch over the most channels."""
    best, most = stage.people[0], (0, 0)
    for one in stage.people:
        if one.language != stage.lang:
            continue
        (party,) = (await desk.get(f"/parties?q={one.email}"))["items"]
        told = (await desk.get(f"/parties/{party['id']}/timeline"))["items"]
        found = (len({item["channel"] for item in told}), len(told))
        if found > most:
            best, most = one, found
    return best


async def floor(stage: Stage) -> None:
    """What the supervisor sees, after a while."""
    await asyncio.sleep(SOME_TIME_S)
    for customer, matter in ((stage.people[40], BROKEN), (stage.people[41], ORDER)):
        stage.crowd._tasks.add(asyncio.create_task(stage.crowd.call(customer, matter)))
    chen = await stage.log_in("chenjing")
    await expect(chen.marked("floor-waiting-row", channel="voice").first).to_be_visible()
    await stage.shoot(chen.page, "floor")


async def report(stage: Stage) -> None:
    """What became of the last thirty days."""
    desk = await stage.log_in("chenjing")
    await desk["nav-reports"].click()
    await desk["span-month"].click()
    await desk["by-day"].click()
    await expect(desk["total-offered"]).to_be_visible()
    await stage.shoot(desk.page, "reports")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ("zh", "en")))
