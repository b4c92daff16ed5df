"""A supervisor sees the floor as it is, learns why something waits, and decides about what could not be read."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import expect

from contactd.testing.demo.history import fax_page
from contactd.testing.demo.traffic import tiff
from tests.e2e.conftest import OpenDesk
from tests.integration.house import House

TICKING = re.compile(r"\d:\d\d")


async def test_the_floor_is_live_and_says_why_in_both_languages(house: House, open_desk: OpenDesk) -> None:
    chen = await open_desk("chen")
    await expect(chen["floor"]).to_contain_text("Nobody is waiting")
    for subject in ("One", "Two"):
        await asyncio.to_thread(house.send_mail, subject)
    rows, line = chen["floor-waiting-row"], chen.marked("floor-line-row", line="support")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Li Lei")
    await expect(rows.first).to_contain_text(TICKING)
    await expect(line.get_by_test_id("line-waiting")).to_have_text("2")
    await expect(chen["floor-figure-waiting"]).to_contain_text("2")
    await rows.first.get_by_test_id("floor-why").click()
    await expect(chen["why"]).to_contain_text("signed out")
    await chen.page.keyboard.press("Escape")
    await expect(chen["why"]).to_have_count(0)

    ann = await open_desk("ann")
    agent = chen["floor-agent-row"].filter(has_text="ann")
    await ann.ready()
    await expect(agent).to_have_attribute("data-state", "offered")
    await expect(rows.first).to_contain_text("ringing ann")
    await rows.first.get_by_test_id("floor-why").click()
    await expect(chen["why-offer"]).to_contain_text("ann")
    await chen.page.keyboard.press("Escape")
    first = await ann.accept("One")
    await expect(agent).to_have_attribute("data-state", "talking")
    await expect(agent).to_contain_text(TICKING)
    await expect(chen["floor-mood-talking"]).to_contain_text("1")
    await expect(chen.marked("floor-waiting-row", id=first)).to_have_count(0)
    # An agent's capacity takes two mails: the second is offered, too, and rejected with a reason.
    await ann["offer-card"].filter(has_text="Two").get_by_test_id("offer-reject").click()
    await ann["reject-reason-skill"].click()
    await expect(ann["offer-card"]).to_have_count(0)
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Waiting")
    await rows.first.get_by_test_id("floor-why").click()
    await expect(chen["why-offer"]).to_contain_text("Rejected")
    await chen.page.keyboard.press("Escape")

    await chen["lang-switch"].click()
    await expect(line).to_contain_text("客户服务")
    await expect(agent).to_contain_text("处理中")
    await expect(rows.first).to_contain_text("排队中")
    await rows.first.get_by_test_id("floor-why").click()
    await expect(chen["why-offer"]).to_contain_text("拒绝")


async def test_a_broken_fax_is_seen_in_quarantine_and_dismissed(
    house: House, tmp_path: Path, open_desk: OpenDesk
) -> None:
    chen = await open_desk("chen", "zh-CN")
    file = tmp_path / "cut.tif"
    file.write_bytes(tiff(fax_page("X", ("y",)))[:120])
    done = await asyncio.to_thread(house.command, "fax", "receive", str(file), "", "", "", "02112345678")
    assert done.returncode == 0, done.stderr
    await expect(chen["nav-quarantine"]).to_have_text("隔离区1")
    await chen["nav-quarantine"].click()
    row = chen["quarantine-row"]
    await expect(row).to_contain_text("02112345678")
    ident = await row.get_attribute("data-id")
    shown = await chen.get(f"/interactions/{ident}")
    assert shown["state"] == "quarantined"
    assert shown["quarantine_reason"]
    await expect(row.locator(f'[title="{shown["quarantine_reason"]}"]')).to_contain_text("首页")
    # The cause is not mended: reading it again ends where it was.
    await row.get_by_test_id("quarantine-replay").click()
    await expect(row).to_have_count(1)
    await row.get_by_test_id("quarantine-dismiss").click()
    await chen["quarantine-dismiss-confirm"].click()
    await expect(row).to_have_count(0)
    await expect(chen.page.locator(".quarantine")).to_contain_text("没有")
    assert (await chen.get(f"/interactions/{ident}"))["state"] == "closed"


async def test_an_agent_has_no_supervisors_screens(open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    await expect(ann["nav-work"]).to_be_visible()
    await expect(ann["nav-floor"]).to_have_count(0)
    await expect(ann["nav-quarantine"]).to_have_count(0)
    await ann.page.goto(f"{ann.url}/console#/floor")
    await expect(ann["my-state"]).to_be_visible()
    await expect(ann["floor"]).to_have_count(0)
