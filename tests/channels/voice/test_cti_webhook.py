"""The generic telephony webhook: what a PBX posts, in any order, once or twice, and what is never believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from house import House
from starlette.applications import Starlette
from starlette.routing import Route
from structlog.testing import capture_logs

from contactd.channels.voice import build, webhook
from contactd.core.channel import Progress
from contactd.testing.clock import ManualClock

TOKEN = "an-address-nobody-guesses"
NEW = {"event": "newCall", "callId": "c1", "from": "13800138000", "to": "4008", "direction": "in"}
ANSWER = {"event": "answer", "callId": "c1", "answeringNumber": "1001", "direction": "in"}
HANGUP = {"event": "hangup", "callId": "c1", "cause": "normalClearing", "direction": "in"}


class Line(House):
    """A house that keeps the state its progress leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, str] = {}

    async def progress(self, progress: Progress) -> None:
        await super().progress(progress)
        self.states[progress.external_key] = {"answered": "active", "ended": "closed"}.get(progress.kind, "queued")

    async def find(self, adapter: str, external_key: str) -> Mapping[str, Any] | None:
        found = await super().find(adapter, external_key)
        return found and {**found, "state": self.states.get(external_key, "queued")}


class Posts:
    """Posts to the channel's route."""

    def __init__(self, token: str = TOKEN) -> None:
        self.house = Line()
        build("voice", {"webhook": {"token": token}}, self.house)
        app = Starlette(routes=[Route("/cti/{token}", self.house.routes["POST", "/cti/{token}"], methods=["POST"])])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://contactd")

    async def post(self, fields: Mapping[str, str], token: str = TOKEN) -> int:
        return (await self.client.post(f"/cti/{token}", data=dict(fields))).status_code

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.house.progressed]


async def test_a_call_from_ring_to_hang_up() -> None:
    posts = Posts()
    assert [await posts.post(each) for each in (NEW, ANSWER, HANGUP)] == [200, 200, 200]
    arrival, content = posts.house.arrivals["cti", "c1"]
    assert (arrival.sender, arrival.recipient, arrival.direction, arrival.routed_by) == (
        "13800138000",
        "4008",
        "inbound",
        "pbx",
    )
    assert content is not None
    assert content.sender is not None
    assert content.sender.value == "+8613800138000"
    answered, ended = posts.house.progressed
    assert (answered.kind, answered.agent) == ("answered", "1001")
    assert (ended.kind, ended.outcome, ended.ended_by, ended.cause) == (
        "ended",
        "answered",
        "customer",
        "normalClearing",
    )


async def test_json_says_the_same() -> None:
    posts = Posts()
    for fields in (NEW, ANSWER):
        answer = await posts.client.post(f"/cti/{TOKEN}", json=fields)
        assert answer.status_code == 200
    assert posts.kinds == ["answered"]


async def test_everything_twice_has_one_effect() -> None:
    posts = Posts()
    for fields in (NEW, NEW, ANSWER, ANSWER, HANGUP, HANGUP, NEW, ANSWER):
        assert await posts.post(fields) == 200
    assert posts.kinds == ["answered", "ended"]


async def test_each_post_may_name_the_numbers_again_in_any_spelling() -> None:
    posts = Posts()
    said = {"from": "+86 138-0013-8000", "to": "4008"}
    for fields in (NEW, ANSWER | said, HANGUP | said, HANGUP | said, NEW | said):
        assert await posts.post(fields) == 200
    assert posts.kinds == ["answered", "ended"]
    assert len(posts.house.arrivals) == 1


async def test_everything_at_once_has_one_effect() -> None:
    posts = Posts()
    await asyncio.gather(*(posts.post(fields) for fields in (NEW, ANSWER, ANSWER, NEW)))
    assert posts.kinds == ["answered"]
    assert len(posts.house.arrivals) == 1


@pytest.mark.parametrize("order", [(ANSWER, NEW, HANGUP), (ANSWER, HANGUP, NEW)])
async def test_out_of_order_it_is_the_same_call(order: tuple[dict[str, str], ...]) -> None:
    posts = Posts()
    for fields in order:
        assert await posts.post(fields) == 200
    assert posts.kinds == ["answered", "ended"]
    assert list(posts.house.arrivals) == [("cti", "c1")]


async def test_an_id_given_again_after_a_restart_of_the_pbx_is_another_call() -> None:
    posts = Posts()
    for fields in (NEW, ANSWER, HANGUP):
        await posts.post(fields)
    other = NEW | {"from": "13900000000"}
    for fields in (other, other, ANSWER, HANGUP, HANGUP, other):
        assert await posts.post(fields) == 200
    assert list(posts.house.arrivals) == [("cti", "c1"), ("cti", "c1#2")]
    assert posts.house.arrivals["cti", "c1#2"][0].sender == "13900000000"
    assert [(one.external_key, one.kind) for one in posts.house.progressed] == [
        ("c1", "answered"),
        ("c1", "ended"),
        ("c1#2", "answered"),
        ("c1#2", "ended"),
    ]


async def test_the_same_caller_hours_later_is_another_call_and_soon_after_the_same() -> None:
    posts = Posts()
    clock = posts.house.clock = ManualClock()
    for _ in range(5):
        for fields in (NEW, HANGUP, NEW, HANGUP):
            assert await posts.post(fields) == 200
        clock.advance(webhook.REUSED_AFTER)
    assert [key for _, key in posts.house.arrivals] == ["c1", "c1#2", "c1#3", "c1#4", "c1#5"]
    assert posts.kinds == ["ended"] * 5


@pytest.mark.parametrize("order", [(ANSWER, NEW, HANGUP), (HANGUP, NEW), (ANSWER, HANGUP, NEW)])
async def test_an_old_id_out_of_order_is_one_further_call(order: tuple[dict[str, str], ...]) -> None:
    posts = Posts()
    clock = posts.house.clock = ManualClock()
    for fields in (NEW, HANGUP):
        await posts.post(fields)
    clock.advance(webhook.REUSED_AFTER)
    for fields in order:
        assert await posts.post(fields) == 200
    assert [key for _, key in posts.house.arrivals] == ["c1", "c1#2"]
    assert posts.house.states["c1#2"] == "closed"


async def test_a_call_whose_end_was_never_told_gives_way_hours_later_to_somebody_else() -> None:
    posts = Posts()
    clock = posts.house.clock = ManualClock()
    other = NEW | {"from": "13900000000"}
    for fields in (NEW, ANSWER, other):
        await posts.post(fields)
    assert [key for _, key in posts.house.arrivals] == ["c1"]
    clock.advance(webhook.REUSED_AFTER)
    await posts.post(NEW)
    assert [key for _, key in posts.house.arrivals] == ["c1"]
    await posts.post(other)
    assert [key for _, key in posts.house.arrivals] == ["c1", "c1#2"]
    (_, lost) = posts.house.progressed
    assert (lost.external_key, lost.kind, lost.outcome, lost.ended_by) == ("c1", "ended", "answered", "system")


async def test_an_id_that_looks_like_a_further_call_is_not_taken_for_one() -> None:
    posts = Posts()
    clock = posts.house.clock = ManualClock()
    for call in ("c1", "c1#2", "c1", "c1#2"):
        for fields in (NEW, HANGUP):
            await posts.post(fields | {"callId": call})
        clock.advance(webhook.REUSED_AFTER)
    assert [key for _, key in posts.house.arrivals] == ["c1", "c1#2#1", "c1#2", "c1#2#2"]


@pytest.mark.parametrize(
    ("cause", "outcome", "by"),
    [
        ("normalClearing", "abandoned", "customer"),
        ("cancel", "abandoned", "customer"),
        ("noAnswer", "abandoned", "system"),
        ("busy", "rejected", "system"),
        ("congestion", "failed", "system"),
        ("notFound", "failed", "system"),
        ("forwarded", "overflow", "transfer"),
        ("what?", "abandoned", "system"),
    ],
)
async def test_why_a_call_ended_that_nobody_answered(cause: str, outcome: str, by: str) -> None:
    posts = Posts()
    await posts.post(NEW)
    await posts.post(HANGUP | {"cause": cause})
    (ended,) = posts.house.progressed
    assert (ended.outcome, ended.ended_by) == (outcome, by)


async def test_an_outgoing_call_is_with_the_one_who_was_called() -> None:
    posts = Posts()
    await posts.post(NEW | {"direction": "out", "from": "1001", "to": "13900000000"})
    await posts.post(HANGUP | {"direction": "out", "cause": "busy"})
    arrival, content = posts.house.arrivals["cti", "c1"]
    assert content is not None
    assert content.sender is not None
    assert (arrival.direction, content.sender.value) == ("outbound", "+8613900000000")
    assert posts.house.progressed[0].outcome == "failed"


async def test_an_anonymous_caller_has_no_contact_point() -> None:
    posts = Posts()
    await posts.post(NEW | {"from": "anonymous"})
    arrival, content = posts.house.arrivals["cti", "c1"]
    assert content is not None
    assert (arrival.sender, content.sender) == ("", None)


@pytest.mark.parametrize("token", ["wrong", TOKEN[:-1], TOKEN + "x"])
async def test_a_wrong_token_learns_nothing(token: str) -> None:
    posts = Posts()
    assert await posts.post(NEW, token) == 404
    assert not posts.house.arrivals


async def test_without_a_token_in_the_configuration_there_is_no_webhook() -> None:
    assert await Posts("").post(NEW, "x") == 404


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"event=newCall", "application/x-www-form-urlencoded"),
        (b"event=dance&callId=1", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"[" * 10_000, "application/json"),
        (b"[1]", "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"event=newCall&callId=" + b"1" * 300, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded"),
        (b"a" * 20_000, "text/plain"),
        (json.dumps({"event": "newCall", "callId": {"x": 1}}).encode(), "application/json"),
        (rb'{"event": "newCall", "callId": "1\ud800"}', "application/json"),
        (rb'{"event": "newCall", "callId": "1", "\ud800": ""}', "application/json"),
        (rb'{"event": "newCall", "callId": "1\u0000"}', "application/json"),
    ],
)
async def test_nonsense_is_refused(body: bytes, media: str) -> None:
    posts = Posts()
    answer = await posts.client.post(f"/cti/{TOKEN}", content=body, headers={"content-type": media})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert not posts.house.arrivals


async def test_nothing_is_answered_before_the_commit() -> None:
    posts = Posts()
    posts.house.gate.clear()
    waiting = asyncio.ensure_future(posts.post(NEW))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    posts.house.gate.set()
    assert await waiting == 200


async def test_a_store_that_is_down_is_said() -> None:
    posts = Posts()
    posts.house.down = True
    answer = await posts.client.post(f"/cti/{TOKEN}", data=NEW)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    posts.house.down = False
    assert await posts.post(NEW) == 200


@pytest.mark.parametrize(("token", "warned"), [("a-word", True), (TOKEN, False), ("", False)])
async def test_a_token_that_can_be_found_by_trying_is_warned_of(token: str, warned: bool) -> None:
    with capture_logs() as logged:
        await build("voice", {"webhook": {"token": token}}, Line()).start()
    assert ("voice.webhook_token_short" in [line["event"] for line in logged]) is warned
    assert not token or token not in str(logged)
