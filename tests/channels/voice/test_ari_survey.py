"""Customers asked by digits after the agent has left: over real sockets against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ari_stand import Stand, standing

from contactd.core.events import WorkEnded
from contactd.core.interaction import EndedBy
from contactd.core.survey import Asked, Question
from contactd.testing.pbx import Caller

pytestmark = pytest.mark.integration

SURVEY = {
    "questions": {"score": ["sound:contactd/how"], "solved": ["sound:contactd/solved"]},
    "intro": ["sound:contactd/short"],
    "thanks": ["sound:contactd/thanks"],
}


def question(key: str, best: int = 5) -> Question:
    return Question(key=key, kind="score", text={"en": key}, best=best)


ASKED = Asked(
    invite="v-1",
    survey="s",
    language="zh",
    questions=(question("score"), question("nps", 10), question("solved", 2), question("unspoken")),
)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing(survey=SURVEY) as made:
        made.house.asks = ASKED
        yield made


async def left(stand: Stand) -> Caller:
    """A caller whose agent has hung up."""
    call = await stand.talking()
    stand.pbx.phone("PJSIP/1001").hangup()
    return call


async def hears(stand: Stand, call: Caller, prompt: str) -> None:
    await stand.pbx.until(lambda: f"sound:contactd/{prompt}" in call.channel.playing)


async def over(stand: Stand, call: Caller) -> None:
    await stand.pbx.until(lambda: call.gone and not stand.pbx.switch.bridges)


async def test_who_stays_is_asked_question_by_question(stand: Stand) -> None:
    call = await left(stand)
    await hears(stand, call, "how")
    assert call.channel.playing[0] == "sound:contactd/short"
    (ended,) = [fact for fact in stand.house.facts if isinstance(fact, WorkEnded)]
    assert ended.ended_by is EndedBy.AGENT, "for the agent the call is over"
    assert stand.house.asked == [(f"i-{call.id}", None)]
    call.press("4")
    await hears(stand, call, "solved")
    assert call.channel.playing[0] == "sound:contactd/solved", "what is said in digits above nine is not asked by voice"
    call.press("1")
    await hears(stand, call, "thanks")
    call.listen()
    await over(stand, call)
    assert [(reply.question, reply.score) for _, reply in stand.house.replies] == [("score", 4), ("solved", 1)]
    assert stand.house.surveyed == [("v-1", "answered")]


@pytest.mark.parametrize("how", ["hangup", "wrapup"])
async def test_it_is_the_same_however_the_agent_ends_the_call(stand: Stand, how: str) -> None:
    call = await stand.talking()
    if how == "hangup":
        await stand.client.command(f"i-{call.id}", "call.hangup", {})
    stand.client.changed(stand.change(call, "wrapup", "ended"))
    await hears(stand, call, "how")
    stand.client.changed(stand.change(call, "closed", "done"))
    call.press("5")
    await hears(stand, call, "solved")


async def test_who_is_not_to_be_asked_is_let_go(stand: Stand) -> None:
    stand.house.asks = None
    await over(stand, await left(stand))
    assert stand.house.surveyed == []


async def test_who_hangs_up_themselves_is_not_called_back_to_be_asked(stand: Stand) -> None:
    call = await stand.talking()
    call.hangup()
    await over(stand, call)
    assert stand.house.asked == []


async def test_a_wrong_key_and_silence_are_asked_once_more_and_then_left_out(stand: Stand) -> None:
    call = await left(stand)
    await hears(stand, call, "how")
    call.press("9")
    await stand.pbx.until(lambda: "sound:invalid" in call.channel.playing)
    call.listen()
    await hears(stand, call, "solved")
    call.listen()
    await stand.pbx.until(lambda: call.channel.heard.count("sound:contactd/solved") == 2)
    call.listen()
    await hears(stand, call, "thanks")
    assert stand.house.replies == []
    await stand.house.until(lambda: stand.house.surveyed == [("v-1", "refused")])


async def test_what_was_said_before_a_hang_up_counts(stand: Stand) -> None:
    call = await left(stand)
    await hears(stand, call, "how")
    call.press("1")
    await hears(stand, call, "solved")
    call.hangup()
    await over(stand, call)
    await stand.house.until(lambda: stand.house.surveyed == [("v-1", "hung_up")])
    assert [reply.score for _, reply in stand.house.replies] == [1]


async def test_a_caller_may_refuse_with_a_key(stand: Stand) -> None:
    call = await left(stand)
    await hears(stand, call, "how")
    call.press("*")
    await hears(stand, call, "thanks")
    await stand.house.until(lambda: stand.house.surveyed == [("v-1", "refused")])


async def test_while_the_house_cannot_say_nobody_is_asked(stand: Stand) -> None:
    stand.house.cannot_ask = True
    call = await left(stand)
    await over(stand, call)
    assert stand.house.asked
    assert stand.house.surveyed == []
