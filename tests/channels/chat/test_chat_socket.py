"""The visitor's protocol over real sockets: nothing is `said` before it is safe, and nothing safe is lost."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest
import websockets
from chat_doubles import House, MemoryDesk, Open

from contactd.channels.chat.identity import sign
from contactd.core.errors import BadRequestError, BusyError, StoreDownError
from contactd.core.events import InteractionGone
from contactd.core.survey import Asked, Question, Reply

WELCOME = {"type", "visitor", "session", "state", "position", "wait_p50_s", "wait_p90_s", "open", "agent"}


async def until(condition: object, what: str) -> None:
    """Wait for a condition that other tasks bring about."""
    assert callable(condition)
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.005)


async def test_a_new_visitor_is_welcomed(house: House) -> None:
    welcome = await (await house.browser()).hello()
    assert set(welcome) == WELCOME
    assert len(welcome["visitor"]) == 43
    assert (welcome["type"], welcome["state"], welcome["session"]) == ("welcome", "new", None)
    assert (welcome["wait_p50_s"], welcome["wait_p90_s"], welcome["open"]) == (40.0, 120.0, True)
    assert house.desk.contacts == {}


async def test_every_visitor_gets_a_token_of_their_own(house: House) -> None:
    first, second = await house.browser(), await house.browser()
    await first.hello()
    await second.hello()
    assert first.token != second.token


async def test_nothing_is_said_before_its_commit(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    for number, line in enumerate(["opens the conversation", "joins it"], start=1):
        desk.gate.clear()
        await browser.send({"type": "say", "client_id": f"c{number}", "text": line})
        await until(lambda number=number: desk.entered == number, "the line reaches the store")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await browser.receive()
        desk.gate.set()
        said = await browser.receive()
        assert said == {
            "type": "said",
            "client_id": f"c{number}",
            "id": f"i1-m{number}",
            "seq": number,
            "at": "2026-11-20T09:00:00.000Z",
        }
        if number == 1:
            assert (await browser.receive())["type"] == "state"


async def test_the_first_line_opens_an_interaction_and_the_next_joins_it(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello(profile={"name": "Li Na", "lang": "zh", "page": "https://shop.example/cart"})
    await browser.say("c1", "你好\nwhere is my order?")
    await browser.say("c2", "order 4711")
    [(arrival, content)] = desk.arrivals
    assert (arrival.channel, arrival.adapter, arrival.recipient, arrival.line) == ("chat", "widget", "demo", None)
    assert arrival.subject == "你好"
    assert browser.token.encode() not in arrival.raw + arrival.external_key.encode()
    assert (content.sender_name, content.language, content.verified_sender) == ("Li Na", "zh", False)
    assert content.sender is not None
    assert (content.sender.kind, content.sender.namespace) == ("chat_visitor", "demo")
    assert [view["text"] for view in desk.messages["i1"]] == ["你好\nwhere is my order?", "order 4711"]


async def test_whoever_opened_a_conversation_learns_where_it_stands(house: House) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.send({"type": "say", "client_id": "c1", "text": "hello"})
    await browser.until("said")
    state = await browser.receive()
    assert (state["type"], state["state"], state["wait_p50_s"]) == ("state", "queued", 40.0)
    assert state["session"].startswith("demo:")
    assert browser.token not in state["session"]


async def test_a_site_names_its_line(open_house: Open, desk: MemoryDesk) -> None:
    house = await open_house(sites={"shop": {"line": "sales"}})
    browser = await house.browser()
    await browser.hello(site="shop")
    await browser.say("c1", "hello")
    assert desk.arrivals[0][0].line == "sales"


@pytest.mark.parametrize(
    ("profile", "point"),
    [
        ({"email": "Li@Example.com", "phone": "13800138000"}, ("email", "li@example.com")),
        ({"email": "no address", "phone": "138 0013 8000"}, ("phone", "+8613800138000")),
    ],
)
async def test_what_a_visitor_types_is_only_asserted(
    house: House, desk: MemoryDesk, profile: dict[str, str], point: tuple[str, str]
) -> None:
    browser = await house.browser()
    await browser.hello(profile=profile)
    await browser.say("c1", "hello")
    content = desk.arrivals[0][1]
    assert content.sender is not None
    assert (content.sender.kind, content.sender.value) == point
    assert content.verified_sender is False


NEXT_YEAR = int(datetime(2027, 11, 20, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("secret", "claims", "proved"),
    [
        ("key", {"aud": "demo", "exp": NEXT_YEAR, "email": "li@example.com"}, True),
        ("other", {"aud": "demo", "exp": NEXT_YEAR, "email": "li@example.com"}, False),
        ("key", {"aud": "shop", "exp": NEXT_YEAR, "email": "li@example.com"}, False),
        ("key", {"aud": "demo", "exp": 1, "email": "li@example.com"}, False),
        ("key", {"aud": "demo", "email": "li@example.com"}, False),
        ("key", {"aud": "demo", "exp": NEXT_YEAR}, False),
    ],
)
async def test_only_what_the_site_signed_is_proved(
    open_house: Open, desk: MemoryDesk, secret: str, claims: dict[str, object], proved: bool
) -> None:
    house = await open_house(sites={"demo": {"identity_secret": "key"}})
    browser = await house.browser()
    await browser.hello(profile={"identity": sign(secret, claims)})
    await browser.say("c1", "hello")
    content = desk.arrivals[0][1]
    assert content.sender is not None
    assert (content.verified_sender, content.sender.kind == "email") == (proved, proved)


async def test_a_site_without_a_key_believes_no_signature(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello(profile={"identity": sign("", {"aud": "demo", "exp": NEXT_YEAR, "email": "li@example.com"})})
    await browser.say("c1", "hello")
    assert desk.arrivals[0][1].verified_sender is False


async def test_a_line_sent_twice_is_there_once(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    for client_id in ("c1", "c2"):
        first = await browser.say(client_id, "once")
        assert await browser.say(client_id, "once") == first
    assert len(desk.messages["i1"]) == 2


async def test_an_agents_line_is_shown_at_once_and_a_note_never(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await house.chat.said("i1", desk.agent_says("i1", "a difficult one", direction="internal"))
    await house.chat.said("i1", desk.agent_says("i1", "How can I help?"))
    event = await browser.receive()
    assert (event["type"], event["from"], event["name"], event["text"]) == (
        "message",
        "agent",
        "Lin",
        "How can I help?",
    )
    assert set(event) == {"type", "id", "seq", "at", "from", "name", "text", "client_id"}


@pytest.mark.parametrize("frame", ["hello", "resume"])
async def test_a_reloaded_page_gets_what_it_lacks(house: House, desk: MemoryDesk, frame: str) -> None:
    before = await house.browser()
    await before.hello()
    said = await before.say("c1", "hello")
    await before.leave()
    desk.agent_says("i1", "internal remark", direction="internal")
    desk.agent_says("i1", "Good morning")
    after = await house.browser()
    welcome = await after.hello(type=frame, visitor=before.token, last_id=said["id"])
    assert (welcome["visitor"], welcome["state"]) == (before.token, "queued")
    assert (await after.receive())["text"] == "Good morning"
    assert await after.silent()


async def test_without_a_last_id_the_whole_conversation_comes(house: House, desk: MemoryDesk) -> None:
    before = await house.browser()
    await before.hello()
    await before.say("c1", "hello")
    desk.agent_says("i1", "Good morning")
    after = await house.browser()
    await after.hello(visitor=before.token)
    assert [(event["from"], event["client_id"]) for event in [await after.receive(), await after.receive()]] == [
        ("visitor", "c1"),
        ("agent", None),
    ]


async def test_of_a_long_conversation_the_latest_lines_come(house: House, desk: MemoryDesk) -> None:
    """The store gives at most 200 messages at a time, and a socket's queue is bounded."""
    before = await house.browser()
    await before.hello()
    await before.say("c1", "hello")
    await before.leave()
    views = [desk.agent_says("i1", f"line {number}") for number in range(450)]
    after = await house.browser()
    await after.hello(visitor=before.token, last_id=views[-3]["id"])
    assert [(await after.receive())["text"] for _ in range(2)] == ["line 448", "line 449"]
    whole = await house.browser()
    await whole.hello(visitor=before.token)
    texts = [(await whole.receive())["text"] for _ in range(192)]
    assert (texts[0], texts[-1]) == ("line 258", "line 449")
    assert await whole.silent()


async def test_a_conversation_survives_a_restart(open_house: Open, desk: MemoryDesk) -> None:
    old = await open_house()
    browser = await old.browser()
    await browser.hello()
    await browser.say("c1", "before")
    token = browser.token
    await old.stop()
    desk.agent_says("i1", "while you were away")
    new = await open_house()
    again = await new.browser()
    welcome = await again.hello(visitor=token)
    assert welcome["state"] == "queued"
    assert [(await again.receive())["text"] for _ in range(2)] == ["before", "while you were away"]
    assert (await again.say("c1", "before"))["id"] == "i1-m1"
    assert (await again.say("c2", "after"))["id"] == "i1-m3"
    assert len(desk.arrivals) == 1


async def test_after_a_restart_the_agent_still_has_a_name(open_house: Open, desk: MemoryDesk) -> None:
    old = await open_house()
    browser = await old.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    desk.agent_says("i1", "Good morning")
    desk.move("i1", "active")
    await old.stop()
    again = await (await open_house()).browser()
    welcome = await again.hello(visitor=browser.token, last_id="i1-m2")
    assert (welcome["state"], welcome["agent"]) == ("active", "Lin")


async def test_a_first_line_repeated_after_a_restart_opens_nothing_new(open_house: Open, desk: MemoryDesk) -> None:
    old = await open_house()
    browser = await old.browser()
    await browser.hello()
    said = await browser.say("c1", "hello")
    await old.stop()
    desk.move("i1", "closed")
    new = await open_house()
    again = await new.browser()
    assert (await again.hello(visitor=browser.token))["state"] == "new"
    await again.send({"type": "say", "client_id": "c1", "text": "hello"})
    assert (await again.receive())["id"] == said["id"]
    assert len(desk.arrivals) == 1
    assert (await again.say("c2", "another matter"))["id"] == "i2-m1"


async def test_after_the_end_the_next_line_opens_a_new_conversation(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await house.chat.changed(desk.move("i1", "active", agent_name="Lin"))
    await house.chat.changed(desk.move("i1", "wrapup"))
    await house.chat.changed(desk.move("i1", "closed"))
    assert (await browser.receive())["agent"] == "Lin"
    assert await browser.receive() == {"type": "ended", "by": "agent"}
    assert (await browser.say("c2", "one more thing"))["id"] == "i2-m1"
    assert (await browser.say("c3", "and"))["id"] == "i2-m2"


async def test_an_end_the_channel_was_not_told_of_yet_opens_a_new_conversation(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    change = desk.move("i1", "closed")
    assert (await browser.say("c2", "one more thing"))["id"] == "i2-m1"
    await house.chat.changed(change)
    assert (await browser.say("c3", "and"))["id"] == "i2-m2"


async def test_the_place_in_line_and_the_agent_are_told(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await house.chat.changed(desk.move("i1", "queued", position=3))
    state = await browser.receive()
    assert (state["type"], state["state"], state["position"], state["wait_p50_s"]) == ("state", "queued", 3, 40.0)
    await house.chat.changed(desk.move("i1", "offered", position=1))
    assert (await browser.receive())["state"] == "queued"
    change = desk.move("i1", "active", agent_name="Lin")
    await house.chat.connect(change)
    await house.chat.changed(change)
    state = await browser.receive()
    assert (state["state"], state["agent"], state["position"], state["wait_p50_s"]) == ("active", "Lin", None, None)
    assert desk.answers == ["i1"]


async def test_news_of_a_conversation_may_come_before_its_receipt(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    accept = desk.accept

    async def accept_slowly(arrival: object, content: object = None) -> object:
        receipt = await accept(arrival, content)  # type: ignore[arg-type] - handed through
        await house.chat.changed(desk.move(receipt.interaction, "active", agent_name="Lin"))
        return receipt

    desk.accept = accept_slowly  # type: ignore[method-assign, assignment] - a slower desk
    await browser.send({"type": "say", "client_id": "c1", "text": "hello"})
    assert (await browser.receive())["agent"] == "Lin"
    assert (await browser.receive())["type"] == "said"
    assert (await browser.receive())["state"] == "active"
    again = await house.browser()
    assert (await again.hello(visitor=browser.token))["state"] == "active"


async def test_a_second_window_sees_the_same_conversation(house: House) -> None:
    one, two = await house.browser(), await house.browser()
    await one.hello()
    await two.hello(visitor=one.token)
    assert (await one.say("c1", "hello"))["type"] == "said"
    event = await two.receive()
    assert (event["type"], event["from"], event["text"], event["client_id"]) == ("message", "visitor", "hello", "c1")
    assert await one.silent()


async def test_typing_and_reading_are_passed_on(house: House) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    assert await house.chat.command("i1", "chat.typing", {"on": True}) == {}
    assert await browser.receive() == {"type": "typing", "from": "agent", "on": True}
    await house.chat.command("i1", "chat.read", {"id": "i1-m1"})
    assert await browser.receive() == {"type": "read", "id": "i1-m1"}
    with pytest.raises(BadRequestError):
        await house.chat.command("i1", "call.mute", {})


async def test_a_visitor_may_close_the_conversation(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await browser.send({"type": "end"})
    await browser.send({"type": "end"})
    assert await browser.silent()
    assert desk.facts == [InteractionGone(interaction="i1")]
    await house.chat.changed(desk.move("i1", "abandoned"))
    assert await browser.receive() == {"type": "ended", "by": "visitor"}


async def test_who_stays_away_loses_the_place_once(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    desk.clock.passed = 1000
    await house.chat.sweep()
    assert desk.facts == []
    await browser.leave()
    await until(lambda: not house.chat._sockets, "the socket is gone")
    desk.clock.passed = 1299
    await house.chat.sweep()
    assert desk.facts == []
    desk.trouble = StoreDownError("down")
    desk.clock.passed = 1300
    await house.chat.sweep()
    desk.trouble = None
    await house.chat.sweep()
    await house.chat.sweep()
    assert desk.facts == [InteractionGone(interaction="i1")]


async def test_who_comes_back_in_time_keeps_the_place(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await browser.leave()
    await until(lambda: not house.chat._sockets, "the socket is gone")
    desk.clock.passed = 299
    back = await house.browser()
    await back.hello(visitor=browser.token)
    desk.clock.passed = 1000
    await house.chat.sweep()
    assert desk.facts == []


async def test_an_agents_conversation_is_kept_while_the_visitor_is_away(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await house.chat.changed(desk.move("i1", "active", agent_name="Lin"))
    await browser.leave()
    await until(lambda: not house.chat._sockets, "the socket is gone")
    desk.clock.passed = 100_000
    await house.chat.sweep()
    assert desk.facts == []


async def test_after_a_restart_waiting_visitors_have_time_to_come_back(open_house: Open, desk: MemoryDesk) -> None:
    old = await open_house()
    browser = await old.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    await old.stop()
    desk.clock.passed = 5000
    new = await open_house()
    await new.chat.sweep()
    assert desk.facts == []
    desk.clock.passed = 5300
    await new.chat.sweep()
    assert desk.facts == [InteractionGone(interaction="i1")]


async def test_the_place_is_told_again_now_and_then(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.say("c1", "hello")
    next(iter(desk.contacts.values()))["position"] = 2
    await house.chat.sweep()
    assert (await browser.receive())["position"] == 2
    await house.chat.sweep()
    assert await browser.silent()
    del next(iter(desk.contacts.values()))["position"]
    desk.clock.passed = 15
    await house.chat.sweep()
    assert (await browser.receive())["position"] is None


@pytest.mark.parametrize("trouble", [BusyError("full"), StoreDownError("down")])
async def test_what_cannot_be_stored_is_asked_for_again(house: House, desk: MemoryDesk, trouble: Exception) -> None:
    browser = await house.browser()
    await browser.hello()
    for client_id in ("c1", "c2"):
        desk.trouble = trouble  # type: ignore[assignment] - one of ours
        slow = await browser.say(client_id, "hello")
        assert (slow["type"], slow["client_id"]) == ("slow", client_id)
        assert slow["retry_s"] > 0
        desk.trouble = None
        assert (await browser.say(client_id, "hello"))["type"] == "said"
    assert len(desk.messages["i1"]) == 2


async def test_a_stopping_house_sends_visitors_away_and_lets_nobody_in(house: House) -> None:
    browser = await house.browser()
    await browser.hello()
    await house.chat.stop_intake()
    with pytest.raises(websockets.InvalidStatus):
        await house.browser()
    assert (await browser.say("c1", "on its way"))["type"] == "said"
    await house.chat.stop()
    assert await browser.closed() == 1012


ASKED = Asked(
    invite="inv-1",
    survey="s1",
    language="en",
    questions=(Question(key="stars", kind="score", text={"en": "Content?"}),),
    closing="Bye",
)


async def test_a_visitor_is_asked_how_it_was_and_answers_once(house: House, desk: MemoryDesk) -> None:
    desk.survey_of = lambda _interaction, _language: ASKED
    browser = await house.browser()
    await browser.hello()
    await browser.send({"type": "rate", "replies": [{"question": "stars", "score": 5}]})
    assert (await browser.until("error"))["code"] == "not_asked"
    await browser.say("c1", "hello")
    await house.chat.changed(desk.move("i1", "active", agent_name="Lin"))
    await house.chat.changed(desk.move("i1", "wrapup"))
    survey = await browser.until("survey")
    assert survey["questions"] == [{"key": "stars", "kind": "score", "text": "Content?", "lowest": 1, "best": 5}]
    other = await house.browser()
    await other.hello(visitor=browser.token)
    assert (await other.until("survey"))["questions"] == survey["questions"]
    desk.trouble = StoreDownError("down")
    await browser.send({"type": "rate", "replies": [{"question": "stars", "score": 5}]})
    assert (await browser.until("error"))["code"] == "later"
    desk.trouble = None
    await browser.send({"type": "rate", "replies": [{"question": "stars", "score": 5, "text": "kind"}]})
    assert (await browser.until("rated"))["text"] == "Bye"
    assert (await other.until("rated"))["text"] == "Bye"
    assert desk.rated == [("inv-1", "answered", (Reply(question="stars", score=5, text="kind"),))]
    await browser.send({"type": "rate", "replies": []})
    assert (await browser.until("error"))["code"] == "not_asked"


@pytest.mark.parametrize("replies", ["x", [1], [{"question": 1}], [{"question": "a", "score": True}], [{}] * 11])
async def test_an_answer_that_is_none_is_refused(house: House, replies: object) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.send({"type": "rate", "replies": replies})
    assert (await browser.receive())["code"] == "bad_field"
