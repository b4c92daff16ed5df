"""A call that must be recorded, in a browser: it is said, paused with a reason, and heard afterwards by who may."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from contactd.testing.pbx import ScriptedPbx
from tests.e2e.conftest import OpenDesk
from tests.integration.house import House

CONFIG = """
[policy]
source = "file"
[policy.lines.support]
label = { zh = "客户服务", en = "Support" }
[policy.lines.support.recording]
mode = "must"
notice = "sound:contactd/recorded"
"""


@pytest.fixture
async def house(tmp_path: Path, staffed: Path, settings: dict[str, Any]) -> AsyncIterator[House]:
    """A house whose calls are recorded."""
    shutil.copytree(staffed, tmp_path / "house")
    made = House(tmp_path / "house", **settings, **{"limits.workers": 1})
    made.config = tmp_path / "contactd.toml"
    made.config.write_text(CONFIG, "utf-8")
    await asyncio.to_thread(made.start)
    yield made
    made.close()


async def test_a_call_is_recorded_paused_and_heard(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann", "zh-CN")
    await ann.ready()
    await pbx.until(lambda: pbx.ari.connected, 20)
    phone = pbx.phone("PJSIP/1001", answer_after=0.05)
    caller = await pbx.call("13800138000", "40095001", name="Wang Fang")
    ident = await ann.accept("Wang Fang")
    await expect(ann.marked("tape", state="notice")).to_be_visible()
    live = pbx.switch.tapes.live
    assert not live
    (bridge,) = pbx.switch.bridges.values()
    pbx.switch.played_to_all(bridge)
    await expect(ann.marked("tape", state="on")).to_be_visible()
    await ann["tape-pause"].click()
    await ann.page.get_by_role("menuitem", name="银行卡信息").click()
    await expect(ann.marked("tape", state="paused")).to_contain_text("银行卡信息")
    await pbx.until(lambda: all(each.state == "paused" for each in live.values()), 20)
    await ann["tape-resume"].click()
    await expect(ann.marked("tape", state="on")).to_be_visible()
    assert phone.hears == {caller.id}
    caller.hangup()

    await expect(ann.marked("recording", state="kept")).to_be_visible()
    await expect(ann["recording-picture"]).to_be_visible()
    await expect(ann["recording-gap"]).to_have_count(1)
    play = "async (it) => { it.muted = true; await it.play(); return it.duration; }"
    assert await ann["recording-player"].evaluate(play) == pytest.approx(2, abs=0.1)
    await pbx.until(lambda: not pbx.switch.tapes.stored, 20)

    chen = await open_desk("chen", "zh-CN")
    (one,) = (await chen.get(f"/interactions/{ident}/recordings"))["items"]
    assert one["notice_at"]
    await chen.post(f"/recordings/{one['id']}/redact", {"from_s": 0.5, "to_s": 1.0, "reason": "card"})
    (one,) = (await chen.get(f"/interactions/{ident}/recordings"))["items"]
    assert [span["by"] for span in one["redactions"]]
