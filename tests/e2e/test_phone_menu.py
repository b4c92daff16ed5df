"""Callers who choose in a menu, and callers who speak to the machine, as agents see them in a browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from contactd.testing.pbx import Caller, ScriptedPbx
from tests.e2e.conftest import OpenDesk
from tests.integration.house import House

CONFIG = """
[policy]
source = "file"
[policy.lines.support]
label = { zh = "客户服务", en = "Support" }
overflow = [{ when = "nobody", seconds = 2, action = "voicemail", channels = ["voice"] }]

[channels.voice.menus.main]
numbers = ["40095001"]
play = ["sound:contactd/welcome"]
choices.1 = { label = "发票", line = "support" }
choices.2 = { label = "Order", menu = "order" }
[channels.voice.menus.order]
play = ["sound:contactd/order"]
entry = { name = "order", digits = 8, least = 4 }
"""


@pytest.fixture
async def house(tmp_path: Path, staffed: Path, settings: dict[str, Any]) -> AsyncIterator[House]:
    """A house with a menu before its line, and a machine behind it."""
    shutil.copytree(staffed, tmp_path / "house")
    made = House(tmp_path / "house", **settings, **{"limits.workers": 1})
    made.config = tmp_path / "contactd.toml"
    made.config.write_text(CONFIG, "utf-8")
    await asyncio.to_thread(made.start)
    yield made
    made.close()


async def chosen(pbx: ScriptedPbx, *keys: str) -> Caller:
    """Let a customer call and press keys, each in its menu."""
    await pbx.until(lambda: pbx.ari.connected, 20)
    caller = await pbx.call("13800138000", "40095001", name="Wang Fang")
    for key, prompt in zip(keys, ("welcome", "order"), strict=False):
        asked = f"sound:contactd/{prompt}"
        await pbx.until(lambda asked=asked: asked in caller.channel.playing, 20)
        caller.press(key)
    return caller


async def test_what_a_caller_chose_is_shown_before_the_phone_rings(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann", "zh-CN")
    await ann.ready()
    await ann.is_in("ready")
    phone = pbx.phone("PJSIP/1001")
    caller = await chosen(pbx, "2", "20261122")
    await expect(ann["offer-card"]).to_contain_text("2 Order · order 20261122")
    assert not phone.rings
    phone.answer_after = 0.05
    await ann.accept("Wang Fang")
    await expect(ann["call-chose"]).to_have_text("2 Order · order 20261122")
    await expect(ann["call-hold"]).to_be_visible()
    caller.hangup()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")


async def test_a_message_to_the_machine_is_work_with_its_sound(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    caller = await chosen(pbx, "1")
    await pbx.until(lambda: caller.channel.playing == ["sound:vm-intro"], 30)
    caller.listen()
    await pbx.until(lambda: pbx.switch.tapes.live, 20)
    caller.speak(seconds=3)
    await pbx.until(lambda: caller.gone, 20)
    ann = await open_desk("ann", "zh-CN")
    await ann.ready()
    await ann.accept("Wang Fang")
    sound = ann["sound"]
    await expect(sound).to_be_visible()
    assert await sound.evaluate("async (it) => (await fetch(it.src)).headers.get('content-type')") == "audio/wav"
    (left,) = (await ann.get("/interactions?channel=voice"))["items"]
    assert left["outcome"] == "voicemail"
