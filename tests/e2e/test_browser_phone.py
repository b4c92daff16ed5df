"""The phone in the browser: it registers, rings with what was accepted, is heard of when it cannot speak, and hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from contactd.testing.pbx import ScriptedPbx
from contactd.testing.pbx.sip_socket import SipSocket
from tests.e2e.conftest import OpenDesk
from tests.e2e.desk import Desk
from tests.integration.house import House

SECRET = "only-for-ann-9f3"


@pytest.fixture
async def sip(pbx: ScriptedPbx) -> AsyncIterator[SipSocket]:
    made = SipSocket({"1001": SECRET})
    await made.start()
    made.attach(pbx.phone("PJSIP/1001"))
    yield made
    await made.stop()


@pytest.fixture
def settings(settings: dict[str, Any], sip: SipSocket) -> dict[str, Any]:
    return settings | {
        "channels.voice.browser_phone.url": sip.url,
        "channels.voice.browser_phone.passwords.1001": SECRET,
    }


async def test_calls_ring_and_are_answered_in_the_browser(
    pbx: ScriptedPbx, sip: SipSocket, open_desk: OpenDesk, house: House, pages: Callable[[], Awaitable[Page]]
) -> None:
    await pbx.until(lambda: pbx.ari.connected, 30)
    ann = await open_desk("ann")
    await expect(ann.marked("phone-state", line="registered")).to_be_visible()
    assert list(sip.registered) == ["1001"]
    await ann.ready()

    # Without the right to use a microphone it says so, and what rings is not lost.
    await ann.page.context.clear_permissions()
    caller = await pbx.call("13800138000", "40095001", name="Wang Fang")
    await ann.accept("Wang Fang")
    await expect(ann["phone-trouble"]).to_contain_text("may not use the microphone")
    await expect(ann["phone-from"]).to_contain_text("Wang Fang")
    await ann.page.context.grant_permissions(["microphone"], origin=house.url)
    await ann["phone-answer"].click()
    await expect(ann.marked("phone-state", call="talking")).to_be_visible()
    await expect(ann["phone-trouble"]).to_have_count(0)
    phone = pbx.phone("PJSIP/1001")
    await pbx.until(lambda: phone.hears == {caller.id}, 30)

    await ann["phone-state"].click()
    await ann["phone-try"].click()
    await expect(ann.page.get_by_text("The microphone works", exact=True)).to_be_visible()
    await ann["phone-state"].click()

    # Hold is the PBX's, by the panel; hanging up in the browser ends the agent's part.
    await ann["call-hold"].click()
    await pbx.until(lambda: caller.hears == {"music"}, 30)
    await expect(ann.marked("phone-state", call="talking")).to_be_visible()
    await ann["call-resume"].click()
    await pbx.until(lambda: phone.hears == {caller.id}, 30)
    await ann["phone-hangup"].click()
    await pbx.until(lambda: caller.gone, 30)
    await expect(ann.marked("phone-state", call="idle")).to_be_visible()
    await ann.choose("solved")
    await ann["wrapup-finish"].click()

    # What was accepted on screen is answered by itself; the customer's going ends it.
    second = await pbx.call("13900139000", "40095001", name="Li Na")
    await ann.accept("Li Na")
    await expect(ann.marked("phone-state", call="talking")).to_be_visible()
    await pbx.until(lambda: phone.hears == {second.id}, 30)
    second.hangup()
    await expect(ann.marked("phone-state", call="idle")).to_be_visible()

    # The page may connect to the PBX beside us, and a PBX that does not take the account is named.
    answer = await ann.page.request.get(f"{house.url}/console")
    assert f"connect-src 'self' {sip.url.removesuffix('/ws')};" in answer.headers["content-security-policy"]
    sip.passwords.clear()
    await asyncio.gather(*(socket.close() for socket, _ in list(sip.registered.values())))
    await expect(ann.marked("phone-state", line="refused")).to_be_visible()

    # Who has no account has no phone, and nothing of it is loaded.
    page = await pages()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    chen = await Desk.log_in(page, house.url, "chen")
    await expect(chen["dial-open"]).to_be_visible()
    await expect(chen["phone-state"]).to_have_count(0)
    assert not [url for url in loaded if "BrowserPhone" in url]
