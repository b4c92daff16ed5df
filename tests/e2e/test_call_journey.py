"""A call from ring to wrap-up in a browser, with everything its panel can do, against a scripted PBX."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from contactd.testing.pbx import Caller, Phone, ScriptedPbx
from tests.e2e.conftest import OpenDesk
from tests.e2e.desk import Desk
from tests.integration.house import House

CUSTOMER, OUTSIDE = "13800138000", "13900001234"


def hear_each_other(*sides: Phone | Caller) -> bool:
    legs = [side.channel if isinstance(side, Caller) else side.leg for side in sides]
    ids = {leg.id for leg in legs if leg is not None}
    return len(ids) == len(sides) and all(
        side.hears == ids - {leg.id} for side, leg in zip(sides, legs, strict=True) if leg is not None
    )


async def talking(pbx: ScriptedPbx, ann: Desk) -> tuple[Caller, Phone]:
    """Bring a customer and ann together."""
    await pbx.until(lambda: pbx.ari.connected, 20)
    phone = pbx.phone("PJSIP/1001", answer_after=0.05)
    caller = await pbx.call(CUSTOMER, "40095001", name="Wang Fang")
    await ann.accept("Wang Fang")
    await pbx.until(lambda: hear_each_other(caller, phone), 20)
    await expect(ann["call-hold"]).to_be_visible()
    return caller, phone


@pytest.fixture
async def bob(house: House, open_desk: OpenDesk) -> Desk:
    """Give ann a colleague, who is not ready yet."""
    await asyncio.to_thread(house.add_user, "bob", "agent", "--device", "PJSIP/1002")
    return await open_desk("bob")


async def test_a_call_is_held_muted_consulted_and_handed_over(pbx: ScriptedPbx, open_desk: OpenDesk, bob: Desk) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    caller, phone = await talking(pbx, ann)
    await bob.ready()
    await bob.is_in("ready")

    await ann["call-hold"].click()
    await expect(ann["call-resume"]).to_be_visible()
    await pbx.until(lambda: caller.hears == {"music"})
    await ann["call-resume"].click()
    await pbx.until(lambda: hear_each_other(caller, phone))

    await ann["call-mute"].click()
    await expect(ann["call-mute"]).to_have_attribute("aria-pressed", "true")
    await ann.page.reload()
    await expect(ann["call-mute"]).to_have_attribute("aria-pressed", "true")
    await ann["call-mute"].click()
    await expect(ann["call-mute"]).to_have_attribute("aria-pressed", "false")

    await ann["call-keypad"].click()
    for key in "4#":
        await ann[f"dtmf-{key}"].click()
    await pbx.until(lambda: caller.channel.digits == "4#")
    await ann.page.keyboard.press("Escape")

    await ann["park"].click()
    await ann["park-3"].click()
    await expect(ann["contact"]).to_have_attribute("data-state", "parked")
    await pbx.until(lambda: caller.hears == {"music"} and not phone.in_use)
    await ann["take-up"].click()
    await pbx.until(lambda: hear_each_other(caller, phone), 20)
    await expect(ann["call-hold"]).to_be_visible()

    other = pbx.phone("PJSIP/1002", answer_after=0.05)
    await ann["call-consult"].click()
    await ann.page.locator("[data-testid^=transfer-agent-]").first.click()
    await ann["transfer-submit"].click()
    await expect(ann.marked("third", state="talking")).to_be_visible()
    await pbx.until(lambda: hear_each_other(phone, other) and caller.hears == {"music"})
    await ann["call-conference"].click()
    await expect(ann.marked("third", state="joined")).to_be_visible()
    await pbx.until(lambda: hear_each_other(caller, phone, other))
    await ann["call-leave"].click()
    await expect(bob["call-hold"]).to_be_visible()
    await expect(bob["call-panel-who"]).to_have_text("Wang Fang")
    await pbx.until(lambda: hear_each_other(caller, other) and not phone.in_use)

    caller.hangup()
    await bob.choose("solved")
    await expect(bob["contact"]).to_have_attribute("data-state", "wrapup")
    await pbx.until(lambda: not pbx.switch.channels)


async def test_a_call_is_passed_on_to_an_outside_number(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    caller, phone = await talking(pbx, ann)
    await ann["transfer-open"].click()
    await ann["transfer-to-number"].click()
    await ann["transfer-number"].fill("+1 202 555 0123")
    await ann["transfer-submit"].click()
    await expect(ann.page.get_by_text("Numbers of this country may not be called")).to_be_visible()
    they = pbx.outside(OUTSIDE)
    await ann["transfer-number"].fill(OUTSIDE)
    await ann["transfer-submit"].click()
    await pbx.until(lambda: they.rings and not phone.in_use)
    await expect(ann.page.get_by_text(f"Passing on to {OUTSIDE}")).to_be_visible()
    they.answer()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")
    await pbx.until(lambda: hear_each_other(caller, they))
    (call,) = (await ann.get("/interactions?channel=voice"))["items"]
    assert call["ended_by"] == "transfer"


async def test_a_number_is_called_from_the_screen(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    phone, they = pbx.phone("PJSIP/1001"), pbx.outside(OUTSIDE)
    await ann["dial-open"].click()
    await ann["dial-number"].fill(OUTSIDE)
    await ann["dial-submit"].click()
    await expect(ann.page.get_by_text("your phone is ringing")).to_be_visible()
    phone.answer()
    await expect(ann.page.get_by_text("Calling…")).to_be_visible()
    they.answer()
    await expect(ann["call-hold"]).to_be_visible()
    await pbx.until(lambda: hear_each_other(phone, they))
    they.hangup()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")
    await ann.choose("solved")


async def test_a_number_that_is_busy_says_so(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann", "zh-CN")
    await ann.ready()
    pbx.phone("PJSIP/1001", answer_after=0.05)
    pbx.outside(OUTSIDE, busy=True)
    await ann["dial-open"].click()
    await ann["dial-number"].fill(OUTSIDE)
    await ann["dial-submit"].click()
    await expect(ann["call-why"]).to_have_text("对方忙")
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")


async def test_a_call_outlives_a_killed_server_and_its_panel_comes_back(
    house: House, pbx: ScriptedPbx, open_desk: OpenDesk
) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    caller, phone = await talking(pbx, ann)
    they = pbx.outside(OUTSIDE, answer_after=0.05)
    await ann["call-consult"].click()
    await ann["transfer-to-number"].click()
    await ann["transfer-number"].fill(OUTSIDE)
    await ann["transfer-submit"].click()
    await expect(ann.marked("third", state="talking")).to_be_visible()
    (before,) = (await ann.get("/interactions?channel=voice"))["items"]

    house.settings["http.port"] = house.addresses["http"].rpartition(":")[2]
    house.kill()
    await pbx.until(lambda: not pbx.ari.connected, 20)
    assert hear_each_other(phone, they), "they go on talking without us"
    await asyncio.to_thread(house.start)
    await ann.online()
    await expect(ann.marked("third", state="talking")).to_be_visible()
    (after,) = (await ann.get("/interactions?channel=voice"))["items"]
    assert (after["state"], after["answered_at"]) == ("held", before["answered_at"])

    await ann["call-return"].click()
    await pbx.until(lambda: hear_each_other(caller, phone) and not they.in_use, 20)
    await ann["end-contact"].click()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")
    await pbx.until(lambda: not pbx.switch.channels, 20)


async def test_a_restart_of_the_pbx_during_three_calls_is_seen_on_the_floor(
    house: House, pbx: ScriptedPbx, open_desk: OpenDesk
) -> None:
    for n, name in enumerate(("bea", "cid"), 2):
        await asyncio.to_thread(house.add_user, name, "agent", "--device", f"PJSIP/100{n}")
    desks = [await open_desk(name) for name in ("ann", "bea", "cid")]
    chen = await open_desk("chen")
    for n, desk in enumerate(desks, 1):
        phone = pbx.phone(f"PJSIP/100{n}", answer_after=0.05)
        await desk.ready()
        await desk.is_in("ready")
        caller = await pbx.call(f"1380013800{n}", "40095001", name=f"Caller {n}")
        await desk.accept(f"Caller {n}")
        await pbx.until(lambda: hear_each_other(caller, phone), 20)  # noqa: B023 - at once
    await pbx.restart()
    for desk in desks:
        await expect(desk["contact"]).to_have_attribute("data-state", "wrapup")
        await desk.is_in("wrapup")
    pbx.booted()
    calls = (await chen.get("/interactions?channel=voice"))["items"]
    assert [call["ended_by"] for call in calls] == ["system"] * 3
    for desk in desks:
        await desk.choose("solved")


async def test_a_supervisor_listens_whispers_and_leaves(pbx: ScriptedPbx, open_desk: OpenDesk) -> None:
    ann, chen = await open_desk("ann"), await open_desk("chen", "zh-CN")
    await ann.ready()
    caller, phone = await talking(pbx, ann)
    supervisor = pbx.phone("PJSIP/1010", answer_after=0.05)
    await chen["nav-floor"].click()
    for mode, text in (
        ("listen", "A supervisor is listening"),
        ("whisper", "speaks to you alone"),
        ("barge", "has joined"),
    ):
        await chen["supervise"].click()
        await chen[f"supervise-{mode}"].click()
        await expect(ann["call-heard"]).to_contain_text(text)
    await pbx.until(lambda: hear_each_other(caller, phone, supervisor), 20)
    await chen["supervise"].click()
    await chen["supervise-stop"].click()
    await expect(ann["call-heard"]).to_have_count(0)
    await pbx.until(lambda: hear_each_other(caller, phone) and not supervisor.in_use, 20)
