"""The widget in a real browser: nothing is marked as delivered before its commit, and no line is lost on the way."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator

import httpx
import pytest
from chat_doubles import House, MemoryDesk, Open
from playwright.async_api import Browser, Page, async_playwright, expect

from contactd.channels.chat import pages

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

built = pytest.mark.skipif(not (pages.STATIC / "widget.js").is_file(), reason="the widget is not built (make build)")
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser, house: House) -> AsyncIterator[Page]:
    """The demo shop in Chinese."""
    context = await chromium.new_context()
    opened = await context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    await opened.goto(f"http://{house.address}/chat/demo?lang=zh")
    yield opened
    await context.close()
    assert errors == []


async def write(page: Page, text: str) -> None:
    await page.get_by_placeholder("输入消息…").fill(text)
    await page.keyboard.press("Enter")


@built
@browser_test
@pytest.mark.browser
async def test_a_line_is_marked_delivered_only_after_its_commit(house: House, desk: MemoryDesk, page: Page) -> None:
    desk.gate.clear()
    await page.get_by_role("button", name="打开在线客服").click()
    await write(page, "您好")
    line = page.locator(".line.mine")
    await expect(line).to_contain_text("发送中")
    desk.gate.set()
    await expect(line).to_contain_text("已送达")
    assert [view["text"] for view in desk.messages["i1"]] == ["您好"]


@built
@browser_test
@pytest.mark.browser
async def test_a_conversation_goes_on_after_a_reload(house: House, desk: MemoryDesk, page: Page) -> None:
    await page.get_by_role("button", name="打开在线客服").click()
    await write(page, "您好")
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    await house.chat.changed(desk.move("i1", "active", agent_name="林晓"))
    await house.chat.said("i1", desk.agent_says("i1", "请稍等"))
    await expect(page.get_by_text("请稍等")).to_be_visible()
    await page.reload()
    await house.chat.said("i1", desk.agent_says("i1", "查到了"))
    await page.get_by_role("button", name=re.compile("打开在线客服")).click()
    await expect(page.locator(".say")).to_have_text(["您好", "请稍等", "查到了"])
    await expect(page.locator(".head b")).to_have_text("林晓")
    await write(page, "谢谢")
    await expect(page.locator(".line.mine").last).to_contain_text("已送达")
    assert len(desk.arrivals) == 1


@built
@browser_test
@pytest.mark.browser
async def test_what_is_written_while_the_server_is_away_arrives_once(
    open_house: Open, house: House, desk: MemoryDesk, page: Page
) -> None:
    await page.get_by_role("button", name="打开在线客服").click()
    await write(page, "一")
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    await house.stop()
    await expect(page.locator(".bar")).to_contain_text("正在重连")
    await write(page, "二")
    await write(page, "三")
    await expect(page.locator(".line.mine").last).to_contain_text("发送中")
    await open_house()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator(".line.mine").last).to_contain_text("已送达", timeout=20_000)
    assert [view["text"] for view in desk.messages["i1"]] == ["一", "二", "三"]


@built
@browser_test
@pytest.mark.browser
async def test_the_place_in_line_and_the_end_are_shown(house: House, desk: MemoryDesk, page: Page) -> None:
    await page.get_by_role("button", name="打开在线客服").click()
    await write(page, "您好")
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    await house.chat.changed(desk.move("i1", "queued", position=3))
    await expect(page.locator(".bar")).to_contain_text("您排在第 3 位")
    await expect(page.locator(".bar")).to_contain_text("很少超过 2 分钟")
    await page.get_by_role("button", name="结束对话").click()
    assert desk.facts == []
    await page.get_by_role("button", name="确定结束").click()
    async with asyncio.timeout(30):
        while not desk.facts:  # noqa: ASYNC110 - the desk sets no event
            await asyncio.sleep(0.005)
    await house.chat.changed(desk.move("i1", "abandoned"))
    await expect(page.locator(".rule")).to_contain_text("本次对话已结束")
    assert len(desk.facts) == 1


@built
@browser_test
@pytest.mark.browser
async def test_the_keyboard_is_enough(house: House, desk: MemoryDesk, page: Page) -> None:
    launch = page.get_by_role("button", name="打开在线客服")
    await launch.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_placeholder("输入消息…")).to_be_focused()
    await page.keyboard.type("line one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("line two")
    await page.keyboard.press("Enter")
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    assert desk.messages["i1"][0]["text"] == "line one\nline two"
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_be_hidden()
    await expect(launch).to_be_focused()
    await house.chat.said("i1", desk.agent_says("i1", "hi"))
    await expect(page.get_by_role("button", name="打开在线客服: 1 条新消息")).to_be_visible()


@built
@browser_test
@pytest.mark.browser
async def test_what_anybody_writes_stays_text(house: House, desk: MemoryDesk, page: Page) -> None:
    await page.get_by_role("button", name="打开在线客服").click()
    hostile = "<img src=x onerror=\"document.title='owned'\"> javascript:alert(1) https://a.example/?q=<b>"
    await write(page, hostile)
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    await house.chat.said("i1", desk.agent_says("i1", hostile))
    await expect(page.locator(".say")).to_have_text([hostile, hostile])
    assert await page.locator(".say img, .say b").count() == 0
    links = [await link.get_attribute("href") for link in await page.locator(".say a").all()]
    assert links == ["https://a.example/?q=", "https://a.example/?q="]
    assert "Shancha" in await page.title()


@built
@browser_test
@pytest.mark.browser
async def test_who_the_visitor_says_to_be_is_told(house: House, desk: MemoryDesk, page: Page) -> None:
    await page.get_by_role("button", name="打开在线客服").click()
    await page.get_by_label("怎么称呼您（选填）").fill("李娜")
    await page.get_by_label("手机或邮箱（选填，方便后续联系）").fill("13800138000")
    await write(page, "您好")
    await expect(page.locator(".line.mine")).to_contain_text("已送达")
    content = desk.arrivals[0][1]
    assert content.sender is not None
    assert (content.sender_name, content.sender.value) == ("李娜", "+8613800138000")


@built
@browser_test
@pytest.mark.browser
async def test_on_a_phone_the_conversation_fills_the_screen(chromium: Browser, house: House, desk: MemoryDesk) -> None:
    context = await chromium.new_context(viewport={"width": 375, "height": 667}, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.goto(f"http://{house.address}/chat/demo?lang=en")
    await page.get_by_role("button", name="Open chat").tap()
    panel = page.locator(".panel")
    await panel.evaluate("panel => Promise.all(panel.getAnimations().map(each => each.finished))")
    box = await panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 375, 667)
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    await context.close()


@built
async def test_script_and_shop_are_served(house: House) -> None:
    async with httpx.AsyncClient(base_url=f"http://{house.address}") as http:
        script = await http.get("/chat/widget.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["x-content-type-options"] == "nosniff"
        again = await http.get("/chat/widget.js", headers={"if-none-match": script.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for lang, shown in (("zh", "zh"), ("en", "en"), ("<script>", "en")):
            shop = await http.get("/chat/demo", params={"lang": lang})
            assert f'<html lang="{shown}">' in shop.text
            assert "script-src 'self'" in shop.headers["content-security-policy"]
        preferred = await http.get("/chat/demo", headers={"accept-language": "zh-CN,zh;q=0.9"})
        assert '<html lang="zh">' in preferred.text


async def test_a_widget_that_is_not_built_says_how(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(pages, "STATIC", tmp_path_factory.mktemp("nothing"))
    async with httpx.AsyncClient(base_url=f"http://{house.address}") as http:
        answer = await http.get("/chat/widget.js")
    assert answer.status_code == 503
    assert "npm run build" in answer.text
