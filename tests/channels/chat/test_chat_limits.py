"""What strangers may send: bounded, answered by words of a fixed table, and never in the way of others."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets
from chat_doubles import House, MemoryDesk, Open
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.chat import Options, wire
from contactd.channels.chat.identity import verify
from contactd.channels.chat.socket import Socket
from contactd.clock import SystemClock
from contactd.core.buckets import Buckets

CODES = {"too_large", "bad_frame", "unknown_type", "protocol", "unknown_site", "bad_field", "empty", "too_long"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"type": ["say"]}', "unknown_type"),
        ({"type": "__class__"}, "unknown_type"),
        ({"type": "said"}, "unknown_type"),
        ({"type": "say", "client_id": "c1"}, "bad_field"),
        ({"type": "say", "client_id": 7, "text": "hello"}, "bad_field"),
        ({"type": "say", "client_id": "../../x", "text": "hello"}, "bad_field"),
        ({"type": "say", "client_id": "c" * 65, "text": "hello"}, "bad_field"),
        ({"type": "say", "client_id": "c1", "text": " \u202e \x00 "}, "empty"),
        ({"type": "say", "client_id": "c1", "text": "x" * 4001}, "too_long"),
        ({"type": "hello"}, "already_greeted"),
    ],
)
async def test_a_wrong_frame_is_answered_by_a_code_and_costs_nothing(
    house: House, desk: MemoryDesk, frame: Any, code: str
) -> None:
    browser = await house.browser()
    await browser.hello()
    await browser.send(frame)
    event = await browser.receive()
    assert (event["type"], event["code"]) == ("error", code)
    assert set(event) == {"type", "code", "client_id"}
    assert desk.arrivals == []
    assert (await browser.say("c1", "x" * 4000))["type"] == "said"


async def test_control_characters_do_not_reach_the_store(house: House, desk: MemoryDesk) -> None:
    browser = await house.browser()
    await browser.hello(profile={"name": "Li\r\nNa\u202e", "email": "a@b.cn\r\nX: y"})
    await browser.send('{"type":"say","client_id":"c1","text":"a\\u0000b\\ud800\\u202ec\\r\\nd😀"}')
    await browser.until("said")
    assert desk.messages["i1"][0]["text"] == "abc\nd😀"
    assert desk.arrivals[0][1].sender_name == "Li Na"


@pytest.mark.parametrize("first", ['{"type": "say", "client_id": "c1", "text": "x"}', "{}", "nonsense"])
async def test_who_does_not_say_hello_is_shown_out(house: House, first: str) -> None:
    browser = await house.browser()
    await browser.send(first)
    assert (await browser.receive())["type"] == "error"
    assert await browser.closed() == 1008


async def test_who_says_nothing_is_shown_out(open_house: Open) -> None:
    house = await open_house(limits={"hello_seconds": 0.05})
    browser = await house.browser()
    assert (await browser.receive())["code"] == "no_hello"
    assert await browser.closed() == 1008


@pytest.mark.parametrize(("field", "value", "code"), [("protocol", 2, "protocol"), ("site", "other", "unknown_site")])
async def test_another_protocol_or_site_is_refused(house: House, field: str, value: object, code: str) -> None:
    browser = await house.browser()
    assert (await browser.hello(**{field: value}))["code"] == code
    assert await browser.closed() == 1008


@pytest.mark.parametrize("token", ["short", "x" * 44, 7, None, "../../../../../../etc/passwd/aaaaaaaaaaaaaaaa"])
async def test_a_token_that_cannot_be_ours_is_replaced(house: House, token: object) -> None:
    welcome = await (await house.browser()).hello(visitor=token)
    assert welcome["visitor"] != token
    assert len(welcome["visitor"]) == 43


async def test_one_visitor_never_sees_anothers_conversation(house: House) -> None:
    one, two = await house.browser(), await house.browser()
    await one.hello()
    await one.say("c1", "private")
    welcome = await two.hello(visitor="A" * 43)
    assert welcome["session"] is None
    assert await two.silent()


@pytest.mark.parametrize("before_hello", [True, False])
async def test_a_frame_over_32_kilobytes_ends_the_connection(
    house: House, desk: MemoryDesk, before_hello: bool
) -> None:
    browser = await house.browser()
    if not before_hello:
        await browser.hello()
    await browser.send(json.dumps({"type": "say", "client_id": "c1", "text": "啊" * 11_000}, ensure_ascii=False))
    assert (await browser.receive())["code"] == "too_large"
    assert await browser.closed() == 1009
    assert desk.arrivals == []


async def test_too_many_lines_are_slowed_down(open_house: Open, desk: MemoryDesk) -> None:
    house = await open_house(limits={"lines_per_minute": 12})
    browser = await house.browser()
    await browser.hello()
    kinds = [(await browser.say(f"c{n}", "again"))["type"] for n in range(4)]
    assert kinds == ["said", "said", "said", "slow"]
    desk.clock.passed = 5
    assert (await browser.say("c3", "again"))["type"] == "said"


async def test_too_many_frames_end_the_connection(open_house: Open) -> None:
    house = await open_house(limits={"frames_per_minute": 5})
    browser = await house.browser()
    await browser.hello()
    for _ in range(6):
        await browser.send({"type": "typing"})
    assert (await browser.receive())["code"] == "rate"
    assert await browser.closed() == 1008


async def test_too_many_new_conversations_from_one_address_wait(open_house: Open, desk: MemoryDesk) -> None:
    house = await open_house(limits={"conversations_per_minute": 2})
    browsers = [await house.browser() for _ in range(3)]
    for browser in browsers:
        await browser.hello()
    assert [(await browser.say("c1", "hello"))["type"] for browser in browsers] == ["said", "said", "slow"]
    assert (await browsers[0].say("c2", "an open one goes on"))["type"] == "said"
    assert len(desk.arrivals) == 2


@pytest.mark.parametrize("limits", [{"sockets_per_ip": 2}, {"sockets": 2}, {"connects_per_minute": 2}])
async def test_too_many_sockets_are_refused(open_house: Open, limits: dict[str, int]) -> None:
    house = await open_house(limits=limits)
    await house.browser()
    await house.browser()
    with pytest.raises(websockets.InvalidStatus) as refused:
        await house.browser()
    assert refused.value.response.status_code == 403


async def test_a_closed_socket_makes_room(open_house: Open) -> None:
    house = await open_house(limits={"sockets_per_ip": 1})
    for _ in range(3):
        browser = await house.browser()
        await browser.hello()
        await browser.leave()
        async with asyncio.timeout(30):
            while house.chat._sockets:  # noqa: ASYNC110 - the channel sets no event
                await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "https://shop.example.evil.example", "http://["]
)
async def test_a_foreign_page_is_refused(open_house: Open, origin: str) -> None:
    house = await open_house(sites={"demo": {"origins": ["https://shop.example"]}})
    with pytest.raises(websockets.InvalidStatus) as refused:
        await house.browser(origin=origin)
    assert refused.value.response.status_code == 403


async def test_our_own_and_the_sites_pages_are_let_in(open_house: Open) -> None:
    house = await open_house(sites={"demo": {"origins": ["https://shop.example"]}})
    for origin in ("https://shop.example", f"http://{house.address}"):
        assert (await (await house.browser(origin=origin)).hello())["type"] == "welcome"


async def test_a_page_may_not_speak_for_another_site(open_house: Open) -> None:
    house = await open_house(sites={"a": {"origins": ["https://a.example"]}, "b": {"origins": ["https://b.example"]}})
    browser = await house.browser(origin="https://a.example")
    assert (await browser.hello(site="b"))["code"] == "origin"
    assert await browser.closed() == 1008


class StuckWebSocket:
    """A connection whose other side reads nothing."""

    client = None
    sent = 0

    async def send_text(self, _: str) -> None:
        self.sent += 1
        await asyncio.Event().wait()

    async def receive(self) -> dict[str, str]:
        await asyncio.Event().wait()
        return {"type": "websocket.disconnect"}


async def test_who_does_not_read_is_cut_off_and_others_do_not_wait() -> None:
    stuck = StuckWebSocket()
    socket = Socket(stuck, queue=8, send_s=60)  # type: ignore[arg-type] - enough of a WebSocket
    pump = asyncio.create_task(socket.pump())
    for number in range(100):
        socket.send({"type": "message", "id": number})
        await asyncio.sleep(0)
    assert socket.dropped
    assert stuck.sent == 1
    assert await socket.receive() is None
    pump.cancel()


async def test_an_event_that_takes_too_long_cuts_the_socket_off() -> None:
    socket = Socket(StuckWebSocket(), queue=8, send_s=0.02)  # type: ignore[arg-type] - enough of a WebSocket
    socket.send({"type": "message"})
    await socket.pump()
    assert socket.dropped


def test_a_bucket_fills_again_and_memory_stays_bounded() -> None:
    buckets = Buckets(60, 2)
    assert [buckets.take("a", 0) for _ in range(3)] == [True, True, False]
    assert buckets.take("a", 1)
    assert not buckets.take("a", 1)
    for number in range(25_000):
        buckets.take(str(number), 1)
    assert len(buckets._held) == 20_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
frames = st.dictionaries(
    st.sampled_from(["type", "protocol", "site", "visitor", "profile", "last_id", "client_id", "text"]),
    st.sampled_from(["hello", "resume", "say", "end", "typing", "read", "demo", "c1"]) | json_values,
)


@given(st.one_of(st.text(max_size=300), frames.map(json.dumps), st.just('{"a":' * 10_000)))
def test_any_frame_is_read_or_refused_by_a_known_code(text: str) -> None:
    code = None
    try:
        frame = wire.read(text)
    except wire.FrameError as error:
        code = error.code
    assert code in CODES or isinstance(frame, wire.Hello | wire.Say | wire.End | wire.Sign)


@given(st.text(max_size=200))
def test_any_statement_that_is_not_signed_proves_nothing(text: str) -> None:
    assert verify(text, secret="key", site="demo", now=SystemClock().now()) is None


def test_unknown_options_are_an_error() -> None:
    with pytest.raises(ValueError, match="orgins"):
        Options.model_validate({"sites": {"demo": {"orgins": []}}})
