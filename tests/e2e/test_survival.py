"""The console outlives a reload, a lost network and a killed server: work, drafts and lines are all still there."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from tests.e2e.conftest import OpenDesk, OpenWidget
from tests.integration.house import House
from tests.integration.sink import Sink


async def test_a_reload_in_the_middle_keeps_work_and_drafts(house: House, open_desk: OpenDesk) -> None:
    ann = await open_desk("ann")
    await ann.ready()
    await asyncio.to_thread(house.send_mail, "First")
    first = await ann.accept("First")
    await ann["composer-text"].fill("Half a sen")
    await ann["dock-note"].click()
    await ann["note-text"].fill("She was upset")
    await ann.choose("order", "Wants a refund")
    await ann.page.reload()
    await ann.online()
    await expect(ann["contact"]).to_have_attribute("data-id", first)
    await expect(ann["composer-text"]).to_have_value("Half a sen")
    await ann["dock-note"].click()
    await expect(ann["note-text"]).to_have_value("She was upset")
    await ann["dock-wrapup"].click()
    await expect(ann["wrapup-disposition"]).to_contain_text("Question / Order")
    await expect(ann["wrapup-note"]).to_have_value("Wants a refund")
    # Not the same for another contact: its fields are empty.
    await asyncio.to_thread(house.send_mail, "Second")
    assert await ann.accept("Second") != first
    await ann["dock-reply"].click()
    await expect(ann["composer-text"]).to_have_value("")


async def test_a_lost_network_is_said_and_nothing_is_lost(
    house: House, open_desk: OpenDesk, open_widget: OpenWidget
) -> None:
    ann, visitor = await open_desk("ann"), await open_widget()
    await ann.ready()
    await visitor.say("Are you there?")
    await ann.accept("Are you there?")
    await ann.page.context.set_offline(True)
    await expect(ann["offline-banner"]).to_be_visible()
    await visitor.say("Hello?")
    await ann["chat-text"].fill("I am.")
    await ann["chat-text"].press("Enter")
    await expect(ann["chat-thread"]).to_contain_text("I am.")
    await ann["chat-text"].fill("And n")
    await ann.page.context.set_offline(False)
    await ann.online()
    await expect(ann["offline-banner"]).to_have_count(0)
    await visitor.shows("Are you there?", "Hello?", "I am.")
    await expect(ann["chat-thread"].get_by_test_id("message").locator(".bubble")).to_have_text(
        ["Are you there?", "Hello?", "I am."]
    )
    await expect(ann["chat-text"]).to_have_value("And n")


async def test_a_killed_server_comes_back_with_everything(
    house: House, sink: Sink, open_desk: OpenDesk, open_widget: OpenWidget
) -> None:
    ann, visitor = await open_desk("ann"), await open_widget()
    await ann.ready()
    await visitor.say("Before")
    chat = await ann.accept("Before")
    await ann["chat-text"].fill("Unsent")
    house.settings["http.port"] = house.addresses["http"].rpartition(":")[2]
    house.kill()
    await expect(ann["offline-banner"]).to_be_visible()
    await visitor.send("Meanwhile")
    await asyncio.to_thread(house.start)
    await ann.online()
    await expect(ann["contact"]).to_have_attribute("data-id", chat)
    await expect(ann["chat-text"]).to_have_value("Unsent")
    await visitor.arrived("Meanwhile")
    await ann["chat-text"].press("Enter")
    lines = ["Before", "Meanwhile", "Unsent"]
    await visitor.shows(*lines)
    await expect(ann["chat-thread"].get_by_test_id("message").locator(".bubble")).to_have_text(lines)
    # And the ready agent is still offered new work.
    await asyncio.to_thread(house.send_mail, "After")
    await ann.accept("After")
    await ann["composer-text"].fill("Answered after the fall.")
    await ann["composer-send"].click()
    (answer,) = await sink.wait()
    assert answer["Subject"] == "Re: After"
