"""A console's life: hello, snapshot, events, commands, cuts and resumes."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.agent_ui.console import ANSWERS
from contactd.agent_ui.hub import BEHIND, PER_AGENT, STUCK, TICK, WORKING_PER_AGENT
from contactd.agent_ui.wire import COMMANDS
from contactd.core.errors import BusyError, ConflictError
from contactd.desk.changes import AgentChanged, InteractionUpsert, MessageAdded
from contactd.desk.stream import KEPT
from tests.agent_ui.line import Line, console
from tests.api.house import BASE, PASSWORD, House

COMMAND_ID = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000"


def held(ident: str, agent: str = "id-ann", state: str = "active", **more: Any) -> dict[str, Any]:
    return {
        "id": ident,
        "channel": "email",
        "direction": "inbound",
        "line": "support",
        "state": state,
        "queued_at": None,
        "answered_at": None,
        "agent": agent,
        "outcome": None,
        "wait_s": 0.0,
        **more,
    }


def show(house: House, *views: dict[str, Any]) -> None:
    house.views.apply([InteractionUpsert(view=view) for view in views], house.clock.now())


def said(house: House, count: int, agent: str = "id-ann") -> None:
    many = [MessageAdded(interaction="i1", message={"n": n}, agent=agent) for n in range(count)]
    house.views.apply(many, house.clock.now())


async def until(condition: Any) -> None:
    """Wait for something to become true, with a deadline."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for happens inside the server
            await asyncio.sleep(0)


async def test_hello_is_answered_with_a_snapshot_and_events_follow(house: House) -> None:
    show(house, held("i0"))
    async with console(house) as line:
        snapshot = await line.hello()
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 1)
        assert set(snapshot["state"]) == {"me", "work", "offers", "floor", "policy_version"}
        assert [one["id"] for one in snapshot["state"]["work"]] == ["i0"]
        show(house, held("i1"))
        event = await line.frame()
        assert (event["type"], event["seq"], event["event"]) == ("event", 2, "interaction.changed")
        assert event["data"] == {"interaction": held("i1"), "mine": True}
        assert house.orders.heard == [("seen", "id-ann")]
    assert house.orders.heard == [("seen", "id-ann"), ("lost", "id-ann")]


async def test_a_command_is_carried_out_once_and_gets_one_result(house: House) -> None:
    async with console(house) as line:
        await line.hello()
        for _ in range(3):
            line.command("a1", "agent.set_intent", intent="ready", unknown="field")
        line.command("a2", "offer.accept", offer="o", lease="l")
        results = await line.frames(4)
        assert [one["id"] for one in results] == ["a1", "a1", "a1", "a2"]
        assert all(one == {"type": "result", "id": one["id"], "ok": True, "data": {}} for one in results)
    assert [given[1:] for given in house.orders.given] == [
        ("agent.set_intent", {"intent": "ready"}),
        ("offer.accept", {"offer": "o", "lease": "l"}),
    ]


async def test_a_refused_command_says_why_and_a_broken_one_says_nothing(house: House) -> None:
    def act(_actor: Any, command: str, _data: Any) -> Any:
        if command == "offer.accept":
            return ConflictError("This offer is over.", code="old_lease", field="lease")
        message = "password=hunter2 in /home/x"
        raise RuntimeError(message)

    house.orders.act = act
    async with console(house) as line:
        await line.hello()
        line.command("a1", "offer.accept", offer="o", lease="l")
        line.command("a2", "call.hangup")
        refused, broken = await line.frames(2)
    assert refused["error"] == {"code": "old_lease", "text": "This offer is over.", "field": "lease"}
    assert broken["error"]["code"] == "internal"
    assert "hunter2" not in json.dumps(broken)


async def test_what_could_not_be_done_now_may_be_sent_again(house: House) -> None:
    answers: list[Any] = [BusyError("later"), {"done": True}]
    house.orders.act = lambda *_: answers.pop(0)
    async with console(house) as line:
        await line.hello()
        line.command("a1", "call.hangup")
        assert (await line.frame())["error"]["code"] == "busy"
        line.command("a1", "call.hangup")
        assert (await line.frame())["data"] == {"done": True}


async def test_commands_of_one_console_keep_their_order(house: House) -> None:
    gate = asyncio.Event()

    async def slow(_actor: Any, command: str, _data: Any) -> dict[str, Any]:
        if command == "call.hangup":
            await gate.wait()
        return {"command": command}

    house.orders.act = slow
    async with console(house) as line:
        await line.hello()
        line.command("a1", "call.hangup")
        line.command("a2", "call.conference")
        line.say(type="heartbeat")
        await until(lambda: len(house.orders.given) == 1)
        gate.set()
        assert [one["id"] for one in await line.frames(2)] == ["a1", "a2"]


async def test_before_hello_there_are_no_commands(house: House) -> None:
    async with console(house) as line:
        line.command("a1", "call.hangup")
        assert (await line.frame())["error"]["code"] == "hello_first"
    assert house.orders.given == []
    assert house.orders.heard == []


async def test_a_console_resumes_where_it_was_cut(house: House) -> None:
    async with console(house) as line:
        snapshot = await line.hello()
        said(house, 3)
        await line.frames(3)
    said(house, 2)
    async with console(house) as line:
        first = await line.hello({"epoch": snapshot["epoch"], "seq": 3})
        rest = await line.frames(2)
        assert [one["seq"] for one in (first, *rest)] == [4, 5, 6]
        assert [one["data"]["message"]["n"] for one in (first, *rest)] == [2, 0, 1]


@pytest.mark.parametrize("why", ["other epoch", "too far ahead", "somebody else's", "too long ago", "too much"])
async def test_what_cannot_be_resumed_begins_with_a_snapshot(house: House, why: str) -> None:
    async with console(house, "bob" if why == "somebody else's" else "ann") as line:
        snapshot = await line.hello()
    resume = {"epoch": snapshot["epoch"], "seq": 1}
    if why == "other epoch":
        resume["epoch"] = "elsewhere.0"
    elif why == "too far ahead":
        resume["seq"] = 99
    elif why == "too long ago":
        house.clock.advance(timedelta(minutes=2, seconds=1))
        show(house, held("i1"))
    elif why == "too much":
        said(house, KEPT + 1)
    async with console(house) as line:
        again = await line.hello(resume)
        assert again["type"] == "snapshot"
        assert (again["epoch"], again["seq"]) != (snapshot["epoch"], 1)
        said(house, 1)
        assert (await line.frame())["seq"] == again["seq"] + 1


async def test_a_reader_that_falls_out_of_what_is_kept_starts_over(house: House) -> None:
    async with console(house) as line:
        snapshot = await line.hello()
        said(house, KEPT + 5)
        again = await line.frame()
        assert again["type"] == "snapshot"
        assert again["epoch"] != snapshot["epoch"]


async def test_a_result_outlives_the_socket_that_asked(house: House) -> None:
    gate = asyncio.Event()

    async def slow(*_: Any) -> dict[str, Any]:
        await gate.wait()
        return {"sent": 1}

    house.orders.act = slow
    async with console(house) as line:
        snapshot = await line.hello()
        line.command("a1", "call.hangup")
        await until(lambda: house.orders.given)
    async with console(house) as line:
        line.say(type="hello", protocol=1, resume={"epoch": snapshot["epoch"], "seq": 1})
        line.command("a1", "call.hangup")
        gate.set()
        assert (await line.frame())["data"] == {"sent": 1}
    await house.hub.settle()
    assert len(house.orders.given) == 1


async def test_who_waits_for_anothers_result_is_kept_once_and_only_while_connected(house: House) -> None:
    gate = asyncio.Event()

    async def slow(*_: Any) -> dict[str, Any]:
        await gate.wait()
        return {"sent": 1}

    house.orders.act = slow
    async with console(house) as first, console(house) as second:
        await first.hello()
        await second.hello()
        first.command(COMMAND_ID, "call.hangup")
        await until(lambda: house.orders.given)
        for _ in range(30):
            async with console(house) as gone:
                await gone.hello()
                gone.command(COMMAND_ID, "call.hangup")
                await until(lambda: any(house.hub._pending.values()))
        for _ in range(500):
            second.command(COMMAND_ID, "call.hangup")
        second.command("after", "interaction.watch", interaction="i", on=True)
        assert (await second.frame())["id"] == "after"
        assert sum(map(len, house.hub._pending.values())) == 1
        gate.set()
        assert (await first.frame())["data"] == {"sent": 1}
        assert (await second.frame())["id"] == COMMAND_ID
    assert not house.hub._pending
    assert len(house.orders.given) == 1


async def test_commands_of_consoles_that_come_and_go_do_not_pile_up(house: House) -> None:
    gate = asyncio.Event()

    async def slow(*_: Any) -> dict[str, Any]:
        await gate.wait()
        return {}

    house.orders.act = slow
    for n in range(WORKING_PER_AGENT):
        async with console(house) as line:
            await line.hello()
            line.command("a", "call.hangup")
            await until(lambda n=n: len(house.orders.given) == n + 1)
    async with console(house) as line, console(house, "bob") as colleague:
        await line.hello()
        line.command("a", "call.hangup")
        assert (await line.frame())["error"]["code"] == "busy"
        await colleague.hello()
        colleague.command("a", "call.hangup")
        await until(lambda: len(house.orders.given) == WORKING_PER_AGENT + 1)
        gate.set()
        assert (await colleague.frame())["ok"] is True
        await house.hub.settle()
        line.command("b", "call.hangup")
        assert (await line.frame())["ok"] is True


async def test_a_reloaded_page_repeats_a_command_under_its_unique_id(house: House) -> None:
    async with console(house) as line:
        await line.hello()
        line.command(COMMAND_ID, "call.hangup")
        await line.frame()
    async with console(house) as line:
        await line.hello()
        line.command(COMMAND_ID, "call.hangup")
        assert (await line.frame())["ok"] is True
    assert len(house.orders.given) == 1


async def test_the_last_console_of_an_agent_is_lost_not_the_first(house: House) -> None:
    async with console(house) as first:
        await first.hello()
        async with console(house) as second:
            await second.hello()
        assert ("lost", "id-ann") not in house.orders.heard
    assert house.orders.heard[-1] == ("lost", "id-ann")


async def test_a_heartbeat_is_news_only_of_an_agent_who_lagged(house: House) -> None:
    view = {"agent": "id-ann", "name": "Ann", "state": "ready", "lines": [], "health": "ok"}
    house.views.apply([AgentChanged(view=view)], house.clock.now())
    async with console(house) as line:
        await line.hello()
        line.say(type="heartbeat")
        house.views.apply([AgentChanged(view=view | {"health": "lagging"})], house.clock.now())
        await line.frame()
        line.say(type="heartbeat")
        await until(lambda: len(house.orders.heard) == 2)
    assert house.orders.heard[:2] == [("seen", "id-ann")] * 2


async def test_a_stuck_console_is_cut_and_slows_nobody(house: House) -> None:
    async with console(house) as slow, console(house) as quick:
        snapshot = await slow.hello()
        await quick.hello()
        slow.open_gate.clear()
        said(house, 1)
        await quick.frame()
        said(house, BEHIND + 10)
        assert len(await quick.frames(BEHIND + 10)) == BEHIND + 10
        await until(lambda: len(house.hub) == 1 or slow.task.done() or slow.open_gate.is_set())
        slow.open_gate.set()
        await asyncio.wait_for(slow.task, 30)
        async with console(house) as again:
            first = await again.hello({"epoch": snapshot["epoch"], "seq": 1})
            assert first["type"] == "event"


async def test_one_send_may_not_take_for_ever(house: House) -> None:
    async with console(house) as line:
        await line.hello()
        line.open_gate.clear()
        said(house, 1)
        await until(lambda: any(one.sending is not None for ones in house.hub._consoles.values() for one in ones))
        house.hub.sweep()
        assert len(house.hub) == 1
        house.clock.advance(STUCK + timedelta(seconds=1))
        house.hub.sweep()
        await asyncio.wait_for(line.task, 30)
        assert len(house.hub) == 0


async def test_who_asks_and_does_not_listen_is_cut(house: House) -> None:
    async with console(house) as line:
        line.open_gate.clear()
        for _ in range(ANSWERS + 70):
            line.text("nonsense")
        await asyncio.wait_for(line.task, 30)


async def test_changes_of_the_floor_are_gathered(house: House) -> None:
    async with console(house, "sue") as line:
        await line.hello()
        for n in range(20):
            show(house, held(f"i{n}", state="queued", agent="", queued_at="2026-11-02T08:00:00.000Z"))
        event = await asyncio.wait_for(line.frame(), TICK * 50)
        assert event["event"] == "floor.changed"
        assert len(event["data"]["waiting"]["upsert"]) == 20


async def test_a_supervisor_watches_and_an_agent_does_not(house: House) -> None:
    async with console(house, "sue") as line:
        await line.hello()
        line.command("w1", "interaction.watch", interaction="i1")
        assert (await line.frame())["ok"] is True
        said(house, 1)
        assert (await line.frame())["event"] == "message.added"
    async with console(house) as line:
        await line.hello()
        line.command("w1", "interaction.watch", interaction="i1")
        assert (await line.frame())["error"]["code"] == "forbidden"


async def test_an_agent_opens_a_bounded_number_of_consoles(house: House) -> None:
    ticket = await house.access.log_in("ann", PASSWORD, ip="127.0.0.1")
    headers = {"cookie": f"contactd={ticket.secret}", "host": "127.0.0.1:8080"}
    lines = [Line(house, headers, "127.0.0.1") for _ in range(PER_AGENT)]
    assert {(await line.message())["type"] for line in lines} == {"websocket.accept"}
    denied = await Line(house, headers, "127.0.0.1").message()
    assert (denied["type"], denied["status"]) == ("websocket.http.response.start", 503)
    for line in lines:
        await line.hang_up()


@pytest.mark.parametrize(
    ("headers", "host", "status"),
    [
        ({}, "127.0.0.1", 101),
        ({"origin": BASE}, "192.0.2.9", 101),
        ({}, "192.0.2.9", 403),
        ({"sec-fetch-mode": "websocket"}, "127.0.0.1", 403),
        ({"origin": "null"}, "127.0.0.1", 403),
        ({"origin": "https://evil.example"}, "127.0.0.1", 403),
        ({"cookie": "contactd=unknown"}, "127.0.0.1", 401),
        ({"cookie": ""}, "127.0.0.1", 401),
        ({"cookie": "", "authorization": "Bearer unknown"}, "127.0.0.1", 401),
    ],
)
async def test_who_may_open_a_socket(house: House, headers: dict[str, str], host: str, status: int) -> None:
    ticket = await house.access.log_in("ann", PASSWORD, ip="127.0.0.1")
    line = Line(house, {"cookie": f"contactd={ticket.secret}", "host": "127.0.0.1:8080", **headers}, host)
    message = await line.message()
    got = 101 if message["type"] == "websocket.accept" else message["status"]
    assert got == status
    await line.hang_up()


@pytest.mark.parametrize(
    ("scopes", "agent", "status"), [(["console"], "id-ann", 101), (["console"], None, 403), (["read"], "id-ann", 403)]
)
async def test_a_token_opens_a_console_of_its_agent(
    house: House, scopes: list[str], agent: str | None, status: int
) -> None:
    token = await house.access.add_token("softphone", scopes, agent=agent)
    line = Line(house, {"authorization": f"Bearer {token}", "host": "desk"}, "192.0.2.9")
    message = await line.message()
    assert (101 if message["type"] == "websocket.accept" else message["status"]) == status
    await line.hang_up()


async def test_log_out_closes_the_console_and_forgets_its_stream(house: House) -> None:
    async with console(house) as line:
        await line.hello()
        (actor,) = house.hub.actors()
        await house.access.log_out(actor)
        message = await line.message()
        assert (message["type"], message["code"]) == ("websocket.close", 1008)
        await asyncio.wait_for(line.task, 30)
    assert len(house.hub) == 0


async def test_a_session_that_ended_elsewhere_loses_its_console(house: House) -> None:
    async with console(house) as line:
        await line.hello()
        house.clock.advance(timedelta(hours=13))
        await house.server._check_sessions()
        assert (await line.message())["type"] == "websocket.close"


FUZZ = st.text(max_size=60) | st.fixed_dictionaries(
    {"type": st.sampled_from(["command", "hello", "heartbeat", "snapshot", "x"])},
    optional={
        "id": st.text(max_size=5) | st.integers(),
        "command": st.sampled_from([*COMMANDS, "interaction.__init__"]),
        "data": st.dictionaries(
            st.sampled_from(["interaction", "text", "offer", "lease"]), st.text(max_size=5) | st.integers()
        ),
        "resume": st.none() | st.text(max_size=3),
        "protocol": st.integers(0, 2),
    },
).map(json.dumps)


@settings(max_examples=25, deadline=None)
@given(frames=st.lists(FUZZ, max_size=30))
async def test_no_frame_breaks_a_console(frames: list[str]) -> None:
    house = _HOUSE[0]
    async with console(house) as line:
        await line.hello()
        for frame in frames:
            line.text(frame)
        line.data(b"\x00\xff")
        line.command("the-last-one-of-this-console", "call.conference")
        seen = []
        while not seen or seen[-1].get("id") != "the-last-one-of-this-console":
            seen.append(await line.frame())
        for frame in seen[:-1]:
            assert frame["type"] in {"result", "error", "snapshot"}
        assert seen[-1]["ok"] is True


_HOUSE: list[House] = []


@pytest.fixture(autouse=True)
def _remember(house: House) -> None:
    """Let a property test, which cannot take a fixture per example, use the same house for all its examples."""
    _HOUSE[:] = [house]
