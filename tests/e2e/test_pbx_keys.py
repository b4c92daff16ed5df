"""A PBX that keeps its queues, driven from the browser: keys, a break that reaches its queue, a call made from the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from contactd.testing.pbx import ScriptedPbx
from tests.e2e.conftest import OpenDesk

PHONE, MOBILE = "PJSIP/1001", "13700001111"


@pytest.fixture
async def pbx() -> AsyncIterator[ScriptedPbx]:
    made = ScriptedPbx(queues={"sales": [PHONE]})
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def settings(pbx: ScriptedPbx) -> dict[str, Any]:
    return {
        "channels.voice.ami.host": pbx.host,
        "channels.voice.ami.port": pbx.ami_port,
        "channels.voice.ami.username": pbx.username,
        "channels.voice.ami.secret": pbx.secret,
        "channels.voice.ami.context": "from-contactd",
        "channels.voice.ami.pause": "true",
    }


async def test_a_call_the_pbx_routes_is_handled_from_the_screen(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    phone = pbx.phone(PHONE, answer_after=0.2)
    await pbx.until(lambda: pbx.ami.listeners, 30)
    ann = await open_desk("ann")
    await ann.ready()
    call = await pbx.call("13800138000", "400800001", mode="queue", queue="sales")
    await pbx.until(lambda: phone.leg is not None and phone.leg.id in call.hears, 30)
    await ann["work-item"].first.click()
    await expect(ann["call-controls-pbx"]).to_be_visible()
    await expect(ann["call-hold"]).to_have_count(0)
    await ann["call-mute"].click()
    await expect(ann["call-mute"]).to_have_attribute("aria-pressed", "true")
    assert phone.leg is not None
    assert phone.leg.muted
    await ann["end-contact"].click()
    await pbx.until(lambda: call.gone, 30)
    await expect(ann["end-contact"]).to_have_count(0)

    customer = pbx.outside(MOBILE, answer_after=0.2)
    await ann["dial-open"].click()
    await ann["dial-number"].fill(MOBILE)
    await ann["dial-submit"].click()
    await pbx.until(lambda: phone.leg is not None and customer.leg is not None and customer.leg.id in phone.hears, 30)
    await expect(ann["call-mute"]).to_be_visible()
    customer.hangup()
    await expect(ann["end-contact"]).to_have_count(0)

    await ann["intent-notready"].click()
    await ann["intent-reason-lunch"].click()
    await pbx.until(lambda: phone.paused, 30)
