"""The house's announcements on the line: over real sockets against the scripted PBX, and as the PBX fetches them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from ari_stand import Stand, client, standing
from house import House
from pydantic import ValidationError
from starlette.requests import Request

from contactd.channels.voice.options import Options
from contactd.core.prompt import Book, Prompt, Switch
from contactd.testing.pbx import ScriptedPbx

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MENUS = {
    "main": {
        "numbers": ["400800006"],
        "play": ["prompt:welcome", "sound:contactd/keys"],
        "choices": {"1": {"line": "sales"}, "2": {"language": "en", "menu": "order"}},
    },
    "order": {"play": ["prompt:order"], "entry": {"name": "order", "digits": 6}},
}
ADDRESS = "http://10.0.0.5:8080"


def take(ident: str, name: str, language: str) -> Prompt:
    return Prompt(id=ident, name=name, language=language, valid_from=LONG_AGO)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing(menus=MENUS, prompts={"url": ADDRESS + "/", "languages": ["zh", "en"]}) as made:
        made.house.lines["400800006"] = "sales"
        made.house.prompts.now = Book(
            prompts={
                "welcome": (take("w-zh", "welcome", "zh"), take("w-en", "welcome", "en")),
                "order": (take("o-zh", "order", "zh"), take("o-en", "order", "en")),
                "outage": (take("x-zh", "outage", "zh"),),
            }
        )
        yield made


async def test_a_caller_hears_the_take_of_their_language(stand: Stand) -> None:
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(
        lambda: call.channel.playing[:2] == [f"sound:{ADDRESS}/prompt/w-zh.wav", "sound:contactd/keys"]
    )
    call.press("2")
    await stand.pbx.until(lambda: call.channel.playing[:1] == [f"sound:{ADDRESS}/prompt/o-en.wav"])


async def test_what_is_switched_in_the_line_is_heard_from_the_next_caller_on(stand: Stand) -> None:
    house, book = stand.house, stand.house.prompts.now
    switch = Switch(line="sales", name="welcome", plays="outage")
    house.prompts.now = Book(prompts=book.prompts, switches={("sales", "welcome"): switch})
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(lambda: call.channel.playing[:1] == [f"sound:{ADDRESS}/prompt/x-zh.wav"])
    nothing = Switch(line="sales", name="welcome", plays="")
    house.prompts.now = Book(prompts=book.prompts, switches={("sales", "welcome"): nothing})
    other = await stand.pbx.call("13800138001", "400800006")
    await stand.pbx.until(lambda: other.channel.playing[:1] == ["sound:contactd/keys"])


async def test_what_is_not_there_is_the_exchanges_neutral_one(stand: Stand) -> None:
    stand.house.prompts.now = Book()
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(lambda: call.channel.playing[:2] == ["sound:contactd/welcome", "sound:contactd/keys"])


def test_where_they_are_named_is_known() -> None:
    house = House()
    house.policy_lines = lambda: {"sales": {"recording": {"notice": "prompt:recorded"}}, "support": {}}
    ari = client(ScriptedPbx(queues={}), house, menus=MENUS, wait={"thanks": ["prompt:thanks", "sound:x"]})
    named = {(use.where, use.name, use.languages) for use in ari.prompts.uses()}
    both = ("zh", "en")
    assert named == {
        ("menus.main", "welcome", both),
        ("menus.order", "order", both),
        ("wait", "thanks", both),
        ("lines.sales.recording", "recorded", both),
    }


async def fetched(house: House, what: str) -> tuple[int, bytes]:
    scope = {"type": "http", "method": "GET", "path": f"/prompt/{what}", "headers": [], "path_params": {"take": what}}
    answer = await house.routes["GET", "/prompt/{take}"](Request(scope))
    return answer.status_code, bytes(answer.body)


async def test_the_pbx_fetches_what_may_be_heard_and_nothing_else() -> None:
    house = House()
    client(ScriptedPbx(queues={}), house)
    house.prompts.now = Book(prompts={"welcome": (take("w-zh", "welcome", "zh"), take("gone", "welcome", "zh"))})
    house.prompts.sounds = {"w-zh": b"RIFF", "secret": b"somebody's call"}
    assert await fetched(house, "w-zh.wav") == (200, b"RIFF")
    for other in ("secret.wav", "gone.wav", "..%2f..%2fetc", ".wav"):
        assert await fetched(house, other) == (404, b""), other


@pytest.mark.parametrize("url", ["ftp://pbx", "http://", "http://a,b", "http://a?x=1", "10.0.0.5:8080"])
def test_an_address_the_pbx_could_not_read_is_a_mistake(url: str) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"prompts": {"url": url}})
