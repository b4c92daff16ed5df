"""The views as an equation: an old snapshot and the events after it give the new snapshot."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contactd.desk.audience import CUT_PER_AGENT, WATCHED
from contactd.desk.changes import (
    AgentChanged,
    AgentRemoved,
    AlertRaised,
    Changed,
    DayFigures,
    DayStarted,
    InteractionClosed,
    InteractionUpsert,
    LineOpened,
    LineSettings,
    MessageAdded,
    OfferMade,
    OfferOver,
    PolicyChanged,
)
from contactd.desk.stream import KEPT, KEPT_BYTES, Stream
from contactd.desk.views import Views

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
PEOPLE = {"a1": "agent", "a2": "agent", "s1": "supervisor"}
AGENT_STATES = ["ready", "not_ready", "talking", "offered"]


def interaction(ident: str = "i1", state: str = "queued", **more: Any) -> dict[str, Any]:
    return {
        "id": ident,
        "channel": "email",
        "direction": "inbound",
        "line": "support",
        "state": state,
        "queued_at": "2026-11-02T08:00:00.000Z",
        "answered_at": None,
        "agent": None,
        "outcome": None,
        "wait_s": 1.0,
        **more,
    }


def agent(ident: str, state: str = "ready", lines: tuple[str, ...] = ("*",)) -> dict[str, Any]:
    return {
        "agent": ident,
        "name": ident.upper(),
        "state": state,
        "lines": list(lines),
        "username": ident,
        "languages": [],
    }


def offer(ident: str, view: dict[str, Any], to: str) -> OfferMade:
    return OfferMade(agent=to, data={"offer": ident, "lease": f"{ident}-l", "interaction": view})


def state_of(views: Views, stream: Stream) -> dict[str, Any]:
    """Return a snapshot as it would come out of a socket."""
    state: dict[str, Any] = json.loads(json.dumps(views.snapshot(stream)))
    return state


def keyed(state: dict[str, Any]) -> dict[str, Any]:
    """Make a state comparable: lists of things with a name become mappings."""
    floor = state["floor"]
    return {
        "me": state["me"],
        "work": {one["id"]: one for one in state["work"]},
        "offers": {one["offer"]: one for one in state["offers"]},
        "waiting": {one["id"]: one for one in floor["waiting"]},
        "agents": {one["agent"]: one for one in floor["agents"]},
        "lines": {one["line"]: one for one in floor["lines"]},
        "alerts": floor["alerts"],
        "policy_version": state["policy_version"],
    }


def follow(state: dict[str, Any], frames: list[str], *, oversees: bool) -> dict[str, Any]:  # noqa: C901, PLR0912 - the client's whole table in one place
    """Apply events as docs/wire.md tells a console to."""
    state = deepcopy(state)
    for text in frames:
        frame = json.loads(text)
        data = frame["data"]
        match frame["event"]:
            case "offer.created":
                state["offers"][data["offer"]] = data
            case "offer.ended":
                state["offers"].pop(data["offer"], None)
            case "interaction.changed":
                if data["mine"]:
                    state["work"][data["interaction"]["id"]] = data["interaction"]
                else:
                    state["work"].pop(data["interaction"]["id"], None)
            case "agent.changed":
                if data["agent"]["agent"] == state["me"]["agent"]:
                    state["me"] = data["agent"]
                if oversees:
                    state["agents"][data["agent"]["agent"]] = data["agent"]
            case "floor.changed":
                for view in data["waiting"]["upsert"]:
                    state["waiting"][view["id"]] = view
                for ident in data["waiting"]["remove"]:
                    state["waiting"].pop(ident, None)
                for line in data.get("lines_removed", []):
                    state["lines"].pop(line, None)
                for line in data["lines"]:
                    state["lines"][line["line"]] = line
                for gone in data.get("agents_removed", []):
                    state["agents"].pop(gone, None)
                state["policy_version"] = data.get("policy_version", state["policy_version"])
            case "alert.raised":
                state["alerts"] = [*state["alerts"], data][-50:]
            case "message.added":
                pass
            case other:
                pytest.fail(f"an event the table does not have: {other}")
    return state


LINES = st.sampled_from(["support", "sales", "PBX/500"])
IDS = st.sampled_from(["i1", "i2", "i3"])
WHO = st.sampled_from([*PEOPLE, "PJSIP/7"])


@st.composite
def steps(draw: st.DrawFn) -> Changed | str:  # noqa: PLR0911 - one return per kind of step
    kind = draw(st.integers(0, 11))
    state = draw(st.sampled_from(["received", "queued", "offered", "active", "held", "parked", "wrapup"]))
    holder = draw(WHO) if state in {"active", "held", "parked", "wrapup"} else None
    view = interaction(
        draw(IDS),
        state,
        agent=holder,
        line=draw(LINES),
        answered_at=draw(st.sampled_from([None, "2026-11-02T08:00:09.000Z"])),
        wait_s=draw(st.sampled_from([1.0, 99.0])),
    )
    match kind:
        case 0 | 1 | 2:
            return InteractionUpsert(view=view)
        case 3:
            return InteractionClosed(view={**view, "state": "abandoned", "outcome": "abandoned"})
        case 4:
            return offer(draw(st.sampled_from(["o1", "o2"])), view, draw(st.sampled_from(["a1", "a2"])))
        case 5:
            return OfferOver(offer=draw(st.sampled_from(["o1", "o2"])), outcome="timed_out")
        case 6:
            lines = draw(st.sampled_from([("*",), ("support",), ("support", "sales"), ()]))
            return AgentChanged(
                view=agent(draw(st.sampled_from([*PEOPLE, "x9"])), draw(st.sampled_from(AGENT_STATES)), lines)
            )
        case 7:
            return draw(
                st.sampled_from(
                    [
                        AgentRemoved(agent="x9"),
                        AlertRaised(alert={"id": "al", "kind": "rona"}),
                        LineOpened(line="support", open=False),
                        DayStarted(figures=(DayFigures(line="support", answered=3, within=2),)),
                    ],
                ),
            )
        case 8:
            names = draw(st.lists(LINES, unique=True))
            return PolicyChanged(
                version=draw(st.integers(1, 3)),
                lines=tuple(LineSettings(line=name, label={"en": name, "zh": name}, sla_s=20) for name in names),
            )
        case 9:
            return MessageAdded(interaction=draw(IDS), message={"id": "m", "text": "你好"})
        case _:
            return "flush"


GONE = InteractionClosed(view={**interaction("i2", "active"), "state": "abandoned", "outcome": "abandoned"})


@settings(max_examples=200, deadline=None)
@example(
    before=[PolicyChanged(version=1, lines=()), "flush", PolicyChanged(version=2, lines=())],
    after=[PolicyChanged(version=1, lines=())],
    head=500,
)
@example(
    before=[*(InteractionUpsert(view=interaction(one)) for one in ("i2", "i3")), "flush", GONE],
    after=[InteractionUpsert(view=interaction("i1"))],
    head=1,
)
@given(before=st.lists(steps(), max_size=15), after=st.lists(steps(), max_size=25), head=st.sampled_from([1, 2, 500]))
def test_old_snapshot_and_events_are_the_new_snapshot(
    before: list[Changed | str], after: list[Changed | str], head: int
) -> None:
    """Fails when `Waiting.head` does not note what a new console was shown, or `news` what moves up."""
    views = Views(head)
    views.apply([AgentChanged(view=agent(who)) for who in PEOPLE], NOW)
    run(views, before)
    streams = {who: views.audience.add(f"k{who}", who, role) for who, role in PEOPLE.items()}
    views.audience.watch(streams["s1"], "i2", on=True)
    old = {who: (keyed(state_of(views, stream)), stream.seq) for who, stream in streams.items()}

    run(views, after)
    views.flush()

    for who, stream in streams.items():
        state, seq = old[who]
        frames = stream.after(seq) if stream.seq > seq else []
        assert [json.loads(one)["seq"] for one in frames] == list(range(seq + 1, stream.seq + 1))
        assert follow(state, frames, oversees=stream.supervisor) == keyed(state_of(views, stream))
    assert not views.stale


def run(views: Views, todo: list[Changed | str]) -> None:
    for step in todo:
        if isinstance(step, str):
            views.flush()
        else:
            views.apply([step], NOW)


def test_an_agent_sees_own_work_and_the_lines_and_nothing_else() -> None:
    views = Views()
    stream = views.audience.add("k1", "a1", "agent")
    mine = interaction("i1", "active", agent="a1")
    theirs = interaction("i2", "active", agent="a2")
    views.apply(
        [
            AgentChanged(view=agent("a1")),
            AgentChanged(view=agent("a2")),
            InteractionUpsert(view=mine),
            InteractionUpsert(view=theirs),
            InteractionUpsert(view=interaction("i3")),
            offer("o2", interaction("i3", "offered"), "a2"),
            MessageAdded(interaction="i2", message={"id": "m1"}),
            MessageAdded(interaction="i1", message={"id": "m2"}),
            AlertRaised(alert={"id": "al1"}),
        ],
        NOW,
    )
    views.flush()

    state = state_of(views, stream)
    assert [one["id"] for one in state["work"]] == ["i1"]
    assert state["offers"] == state["floor"]["waiting"] == state["floor"]["agents"] == state["floor"]["alerts"] == []
    assert [line["line"] for line in state["floor"]["lines"]] == ["support"]
    told = [json.loads(text) for text in stream.after(1)]
    assert [one["event"] for one in told] == ["agent.changed", "interaction.changed", "message.added", "floor.changed"]
    assert told[2]["data"]["message"]["id"] == "m2"
    assert told[3]["data"]["waiting"] == {"upsert": [], "remove": []}


def test_a_supervisor_hears_the_messages_of_what_is_watched_only() -> None:
    views = Views()
    stream = views.audience.add("k1", "s1", "supervisor")
    assert views.audience.watch(stream, "i1", on=True)
    said = [MessageAdded(interaction=one, message={"id": f"m-{one}"}) for one in ("i1", "i2")]

    views.apply(said, NOW)
    views.audience.watch(stream, "i1", on=False)
    views.apply(said, NOW)

    assert [json.loads(text)["data"]["message"]["id"] for text in stream.after(1)] == ["m-i1"]


def test_a_console_watches_a_bounded_number() -> None:
    views = Views()
    stream = views.audience.add("k1", "s1", "supervisor")
    taken = [views.audience.watch(stream, f"i{n}", on=True) for n in range(WATCHED + 1)]
    assert taken == [True] * WATCHED + [False]


def test_a_line_counts_what_waits_who_is_ready_and_how_the_day_goes() -> None:
    views = Views()
    stream = views.audience.add("k1", "s1", "supervisor")
    views.apply(
        [
            PolicyChanged(
                version=4, lines=(LineSettings(line="support", label={"en": "Help", "zh": "帮助"}, sla_s=20),)
            ),
            DayStarted(figures=(DayFigures(line="support", answered=1, within=1),)),
            AgentChanged(view=agent("a1")),
            AgentChanged(view=agent("a2", lines=("support",))),
            AgentChanged(view=agent("a3", "not_ready")),
            InteractionUpsert(view=interaction("i1")),
            InteractionUpsert(view=interaction("i2", queued_at="2026-11-02T07:00:00.000Z", channel="chat")),
            InteractionUpsert(view=interaction("i3")),
            InteractionUpsert(view=interaction("i4")),
            InteractionUpsert(view=interaction("i3", "active", agent="a1", answered_at="x", wait_s=21)),
            InteractionClosed(view=interaction("i4", "abandoned", outcome="abandoned")),
        ],
        NOW,
    )
    (line,) = state_of(views, stream)["floor"]["lines"]
    assert line == {
        "line": "support",
        "label": {"en": "Help", "zh": "帮助"},
        "waiting": 2,
        "oldest_at": "2026-11-02T07:00:00.000Z",
        "by_channel": {"chat": 1, "email": 1},
        "ready": 2,
        "open": True,
        "service_level": 0.3333,
        "answered": 2,
        "abandoned": 1,
        "sla_s": 20,
        "wait_p50_s": None,
        "wait_p90_s": None,
        "hours": None,
    }


def test_waiting_items_are_told_once_per_flush() -> None:
    views = Views()
    stream = views.audience.add("k1", "s1", "supervisor")
    views.apply([InteractionUpsert(view=interaction(f"i{n}")) for n in range(50)], NOW)
    views.apply([InteractionUpsert(view=interaction("i0", "active", agent="a1"))], NOW)
    assert stream.seq == 1
    views.flush()
    (told,) = [json.loads(text) for text in stream.after(1)]
    assert len(told["data"]["waiting"]["upsert"]) == 49
    assert told["data"]["waiting"]["remove"] == ["i0"]


def test_a_stream_keeps_its_last_events_and_says_when_they_are_gone() -> None:
    views = Views()
    stream = views.audience.add("k1", "a1", "agent")
    views.apply([MessageAdded(interaction="i1", message={"n": n}, agent="a1") for n in range(KEPT + 5)], NOW)
    epoch = stream.epoch
    assert stream.seq == KEPT + 6
    assert stream.holds(epoch, 6)
    assert not stream.holds(epoch, 5)
    assert not stream.holds(epoch, stream.seq + 1)
    assert not stream.holds("other", stream.seq)
    assert json.loads(stream.after(6)[0])["data"]["message"]["n"] == 5
    assert len(stream.after(6, most=10)) == 10
    assert stream.after(stream.seq) == []


def test_long_messages_push_older_events_out() -> None:
    views = Views()
    stream = views.audience.add("k1", "a1", "agent")
    long = MessageAdded(interaction="i1", message={"text": "x" * (KEPT_BYTES // 2)}, agent="a1")
    views.apply([long] * 3, NOW)
    assert not stream.holds(stream.epoch, 1)
    assert len(stream.after(stream.seq - 1)) == 1


def test_a_cut_stream_waits_two_minutes_and_not_for_everybody() -> None:
    views = Views()
    streams = [views.audience.add(f"k{n}", "a1", "agent") for n in range(CUT_PER_AGENT + 1)]
    for n, stream in enumerate(streams):
        views.audience.cut(stream, NOW + timedelta(seconds=n))
    assert views.audience.find(streams[0].epoch, "a1") is None
    assert views.audience.find(streams[1].epoch, "a1") is streams[1]
    assert views.audience.find(streams[1].epoch, "a2") is None
    views.apply([], NOW + timedelta(minutes=2, seconds=2))
    assert views.audience.find(streams[1].epoch, "a1") is None
    assert views.audience.find(streams[-1].epoch, "a1") is streams[-1]


def test_a_floor_read_back_begins_every_stream_anew() -> None:
    views = Views()
    heard: list[list[Stream]] = []
    views.audience.listeners.append(heard.append)
    stream = views.audience.add("k1", "a1", "agent")
    epoch = stream.epoch
    views.apply([InteractionUpsert(view=interaction("i1", "active", agent="a1"))], NOW)
    views.clear()
    views.apply([InteractionUpsert(view=interaction("i2", "active", agent="a1"))], NOW)
    assert stream.epoch != epoch
    assert views.audience.find(epoch, "a1") is stream
    assert not stream.holds(epoch, 1)
    assert stream in heard[-1]
    assert [one["id"] for one in state_of(views, stream)["work"]] == ["i2"]


def test_who_has_to_do_with_an_interaction() -> None:
    views = Views()
    views.apply(
        [
            InteractionUpsert(view=interaction("i1", "wrapup", agent="a1")),
            InteractionUpsert(view=interaction("i2", "offered")),
            offer("o1", interaction("i2", "offered"), "a2"),
        ],
        NOW,
    )
    assert views.owners("i1") == {"a1"}
    assert views.owners("i2") == {"a2"}
    assert views.owners("i3") == frozenset()
    views.apply([OfferOver(offer="o1", outcome="accepted")], NOW)
    assert views.owners("i2") == frozenset()


def test_text_that_no_socket_can_carry_is_escaped() -> None:
    views = Views()
    stream = views.audience.add("k1", "a1", "agent")
    views.apply([MessageAdded(interaction="i1", message={"text": "bad \ud800 half"}, agent="a1")], NOW)
    (text,) = stream.after(1)
    text.encode()
    assert json.loads(text)["data"]["message"]["text"] == "bad \ud800 half"


def test_a_supervisor_follows_the_longest_waits_and_is_never_sent_all() -> None:
    views = Views()
    stream = views.audience.add("k1", "s1", "supervisor")
    many = [interaction(f"i{n:05d}", queued_at=f"2026-11-02T08:{n // 60:02d}:{n % 60:02d}.000Z") for n in range(1200)]
    views.apply([InteractionUpsert(view=view) for view in many], NOW)
    views.flush()
    state = state_of(views, stream)
    assert [one["id"] for one in state["floor"]["waiting"]] == [view["id"] for view in many[:500]]
    assert state["floor"]["lines"][0]["waiting"] == 1200
    seq = stream.seq
    views.apply([InteractionClosed(view={**view, "state": "closed"}) for view in many[:3]], NOW)
    views.apply([InteractionUpsert(view=interaction("older", queued_at="2026-11-02T07:00:00.000Z"))], NOW)
    views.flush()
    (told,) = [json.loads(text)["data"]["waiting"] for text in stream.after(seq)]
    assert [view["id"] for view in told["upsert"]] == ["older", "i00500", "i00501"]
    assert sorted(told["remove"]) == ["i00000", "i00001", "i00002"]


def test_what_waits_is_read_page_by_page() -> None:
    views = Views(2)
    views.apply([InteractionUpsert(view=interaction(f"i{n}")) for n in (3, 1, 2, 0)], NOW)
    assert [view["id"] for view in views.waiting()] == ["i0", "i1"]
    assert [view["id"] for view in views.waiting_after(("2026-11-02T08:00:00.000Z", "i1"))] == ["i2", "i3"]
    assert [view["id"] for view in views.waiting_after(None)] == ["i0", "i1", "i2", "i3"]
