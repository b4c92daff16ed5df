"""What every journey needs: a running house with a PBX and a mail server around it, and people at their screens."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from contactd.testing.pbx import ScriptedPbx
from tests.e2e.desk import Desk
from tests.e2e.widget import Widget
from tests.integration.house import ROOT, House
from tests.integration.sink import Sink

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BUILT = (ROOT / "contactd/agent_ui/static/index.html", ROOT / "contactd/channels/chat/static/widget.js")
PICTURES = ROOT / "test-results"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
]
PATIENCE_MS = 45_000
WINDOW = {"width": 1440, "height": 900}
FAILED = pytest.StashKey[bool]()

OpenDesk = Callable[..., Awaitable[Desk]]
OpenWidget = Callable[..., Awaitable[Widget]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, and say by name what is missing to run it."""
    missing = [] if CHROMIUM else ["Chromium is not installed (make system)"]
    missing += [f"{path.parent.relative_to(ROOT)} is not built (make build)" for path in BUILT if not path.exists()]
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.integration)
        if missing:
            item.add_marker(pytest.mark.skip(reason="; ".join(missing)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, for the pictures of its screens."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    made = Sink()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def pbx() -> AsyncIterator[ScriptedPbx]:
    made = ScriptedPbx()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house's folder with ann (agent) and chen (supervisor) in its store, to be copied."""
    folder = tmp_path_factory.mktemp("staffed")
    house = House(folder)
    house.add_user("ann", "agent", "--device", "PJSIP/1001")
    house.add_user("chen", "supervisor", "--device", "PJSIP/1010")
    return folder


@pytest.fixture
def settings(sink: Sink, pbx: ScriptedPbx) -> dict[str, Any]:
    """What the house is told about the world: calls come from `pbx`, answers go to `sink`."""
    return {
        "channels.email.outbound.host": "127.0.0.1",
        "channels.email.outbound.port": sink.port,
        "channels.email.outbound.security": "none",
        "channels.voice.ari.url": pbx.ari_url,
        "channels.voice.ari.username": pbx.username,
        "channels.voice.ari.password": pbx.secret,
        "channels.voice.dial.endpoint": "PJSIP/{number}@telco",
        "channels.voice.dial.number": "400800000",
    }


@pytest.fixture
async def house(tmp_path: Path, staffed: Path, settings: dict[str, Any]) -> AsyncIterator[House]:
    """A house at work."""
    shutil.copytree(staffed, tmp_path / "house")
    made = House(tmp_path / "house", **settings, **{"limits.workers": 1})
    await asyncio.to_thread(made.start)
    yield made
    made.close()


@pytest.fixture
async def pages(request: pytest.FixtureRequest, chromium: Browser) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """Open pages of a browser; afterwards no script may have failed, and a failed test leaves pictures."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    async def open_page(lang: str = "en") -> Page:
        context = await chromium.new_context(viewport=WINDOW, locale=lang)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        return page

    yield open_page
    if request.node.stash.get(FAILED, False):
        PICTURES.mkdir(exist_ok=True)
        shown = [page for context in contexts for page in context.pages]
        for n, page in enumerate(shown):
            await page.screenshot(path=PICTURES / f"{request.node.name}-{n}.png")
    for context in contexts:
        await context.close()
    assert not broken


@pytest.fixture
def open_desk(pages: Callable[..., Awaitable[Page]], house: House) -> OpenDesk:
    """Log somebody in."""

    async def opened(name: str, lang: str = "en") -> Desk:
        return await Desk.log_in(await pages(lang), house.url, name)

    return opened


@pytest.fixture
def open_widget(pages: Callable[..., Awaitable[Page]], house: House) -> OpenWidget:
    """Open the demo shop's page and its chat."""

    async def opened(lang: str = "en") -> Widget:
        return await Widget.visit(await pages(lang), house.url, lang)

    return opened
