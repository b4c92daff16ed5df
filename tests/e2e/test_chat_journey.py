"""A live chat ends when the agent ends it, and by nothing else."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import OpenDesk, OpenWidget


async def test_saving_never_ends_a_live_chat(open_desk: OpenDesk, open_widget: OpenWidget) -> None:
    ann, visitor = await open_desk("ann"), await open_widget()
    await ann.ready()
    await visitor.say("One question")
    ident = await ann.accept("One question")
    await expect(ann["work-item"]).to_have_attribute("data-next", "true")
    await ann["dock-note"].click()
    await ann["note-text"].fill("First note")
    await ann["note-save"].click()
    await expect(ann["note"]).to_contain_text("First note")
    await ann.choose("product", "Second note")
    await ann["wrapup-save"].click()
    await expect(ann["note"].nth(1)).to_contain_text("Second note")
    await expect(ann["wrapup-note"]).to_have_value("")
    # The key that saves the form is no other than its button.
    await ann["wrapup-note"].fill("Third note")
    await ann["wrapup-note"].press("Control+Enter")
    await expect(ann["note"].nth(2)).to_contain_text("Third note")

    await expect(ann["contact"]).to_have_attribute("data-state", "active")
    shown = await ann.get(f"/interactions/{ident}")
    assert (shown["state"], shown["disposition"]) == ("active", "product")
    await visitor.say("And another")
    await expect(ann["chat-thread"]).to_contain_text("And another")
    await ann["dock-reply"].click()
    await ann["chat-text"].fill("With pleasure")
    await ann["chat-send"].click()
    await expect(ann["work-item"]).not_to_have_attribute("data-next", "true")
    # What was written for the house is not shown to the visitor.
    await visitor.shows("One question", "And another", "With pleasure")

    await ann["end-contact"].click()
    await expect(visitor.host.locator(".rule")).to_have_count(0)
    await ann["end-confirm"].click()
    await expect(visitor.host.locator(".rule")).to_contain_text("ended")
    await expect(ann["work-item"]).to_have_count(0)
    shown = await ann.get(f"/interactions/{ident}")
    assert (shown["state"], shown["disposition"], shown["ended_by"]) == ("closed", "product", "agent")


async def test_a_visitor_who_ends_the_chat_leaves_the_agent_in_wrap_up(
    open_desk: OpenDesk, open_widget: OpenWidget
) -> None:
    ann, visitor = await open_desk("ann", "zh-CN"), await open_widget("zh-CN")
    await ann.ready()
    await visitor.say("请问几点下班？")
    ident = await ann.accept("请问几点下班？")
    await visitor.end()
    await expect(ann["contact"]).to_have_attribute("data-state", "wrapup")
    await ann.choose("product", "只问了时间")
    await ann["wrapup-finish"].click()
    await expect(ann["work-item"]).to_have_count(0)
    shown = await ann.get(f"/interactions/{ident}")
    assert (shown["state"], shown["ended_by"]) == ("closed", "customer")
