"""Random days: what may happen in a contact centre, drawn by hypothesis and played on a stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from stage import Stage

from contactd.core import events
from contactd.core.interaction import State

AGENTS = ("ann", "bob", "cat", "dan")
CHANNELS = ("voice", "chat", "email", "fax", "task")
LINES = ("support", "billing")
POLICY: dict[str, Any] = {
    "calendars": {
        "odd": {"zone": "UTC", "week": {"mon": ["08:00-09:01", "09:02-09:05", "09:06-09:12", "09:13-23:00"]}},
    },
    "lines": {
        "support": {
            "reserve": 1,
            "steps": [{"prefer": {"german": 6}, "seconds": 25}],
            "overflow": [
                {"when": "crowded", "count": 6, "to": "billing"},
                {"when": "age", "seconds": 110, "to": "billing", "channels": ["voice", "email"]},
                {"when": "wait", "seconds": 90, "action": "callback"},
            ],
        },
        "billing": {
            "calendar": "odd",
            "callback": {"pauses": [20, "opening"], "missed": True},
            "after_close": {"do": "callback", "seconds": 40},
            "overflow": [
                {"when": "nobody", "seconds": 5, "to": "support"},
                {"when": "stay", "seconds": 200, "to": "support"},
                {"when": "age", "seconds": 400, "action": "voicemail", "channels": ["voice"]},
                {"when": "closed", "to": "support", "channels": ["voice"]},
            ],
            "base": 1,
            "rate": 2.0,
            "required": {"money": 3},
            "steps": [{"prefer": {"money": 8}, "seconds": 0}, {"prefer": {"german": 2}, "seconds": 40}],
            "return_window_s": 60,
            "hard_spacing_s": 30,
            "strategy": "best_skill",
        },
    },
    "channels": {"task": {"auto_accept": True}, "voice": {"misses": 2}},
    "deferred_share": 3,
    "occupancy": {"most": 0.6, "after_s": 60, "rest_s": 30},
    "reasons": {"break": {"min_service": 0.5}},
}

Action = tuple[str, int, int, float]
"""(what, two numbers it chooses by, seconds that pass before it)."""


def skilled(number: int) -> events.Skills:
    """Return skills and levels that follow from a number."""
    return tuple((name, level) for name, level in (("german", number % 11), ("money", number // 11 % 11)) if level)


def arrive(stage: Stage, one: int, other: int) -> events.Fact:
    count = sum(isinstance(fact, events.InteractionArrived) for fact, _ in stage.facts)
    wants = skilled(other) if one % 3 == 0 else ()
    return events.InteractionArrived(
        interaction=f"i{count:04d}",
        channel=CHANNELS[one % len(CHANNELS)],
        line=LINES[other % len(LINES)],
        priority=other % 4 if one % 2 else 0,
        vip=one % 4 if other % 5 == 0 else 0,
        skills=tuple((skill, max(level // 2, 1)) for skill, level in wants),
        language="zh" if one % 4 == 1 else None,
        prefer_agent=AGENTS[other % len(AGENTS)] if one % 7 == 0 else None,
        waited=timedelta(seconds=other % 90) if one % 5 == 2 else timedelta(),
        party=f"p{other % 4}" if one % 3 == 1 else None,
        contact=f"n{one % 5}" if other % 2 else None,
        repeat=other % 5 if one % 8 == 3 else 0,
    )


def configure(_stage: Stage, one: int, other: int) -> events.Fact:
    return events.AgentConfigured(
        agent=AGENTS[one % len(AGENTS)],
        skills=skilled(other),
        lines=(("*",), ("support",), ("billing",), LINES)[other % 4],
        languages=("zh",) if other % 2 else (),
        device="SIP/1" if other % 3 else None,
        capacity=(("chat", 50),) if other % 5 == 0 else (),
    )


def intent(_stage: Stage, one: int, other: int) -> events.Fact:
    choice, reason = (("ready", None), ("ready", None), ("not_ready", "break"), ("logged_out", None))[other % 4]
    return events.IntentSet(agent=AGENTS[one % len(AGENTS)], intent=choice, reason=reason)


def answer(stage: Stage, one: int, other: int) -> events.Fact:
    offers = list(stage.offers.values())
    if not offers:
        return events.OfferAccepted(agent=AGENTS[one % len(AGENTS)], offer=f"0-{other}-1", lease="")
    offer = offers[one % len(offers)]
    kind = events.OfferRejected if other % 5 == 0 else events.OfferAccepted
    agent = AGENTS[one % len(AGENTS)] if other % 17 == 0 else offer.agent
    return kind(agent=agent, offer=offer.offer, lease="0-0-0" if other % 13 == 0 else offer.lease)


def pick(stage: Stage, number: int, *states: State) -> tuple[str, str]:
    """Return an item in one of the states, with who has it; one that is unknown where there is none."""
    found = [name for name, state in stage.states.items() if state in states]
    name = found[number % len(found)] if found else "nothing"
    return name, stage.holder.get(name) or AGENTS[number % len(AGENTS)]


def finish(stage: Stage, one: int, other: int) -> events.Fact:
    name, agent = pick(stage, one, State.ACTIVE, State.HELD)
    return events.WorkEnded(
        interaction=name,
        agent=agent if other % 3 else None,
        ended_by="customer" if other % 2 else "agent",
        skip_wrapup=other % 4 == 0,
        disposition="order" if other % 5 == 0 else None,
    )


def wrap(stage: Stage, one: int, other: int) -> events.Fact:
    name, agent = pick(stage, one, State.WRAPUP)
    who = AGENTS[one % len(AGENTS)] if other % 4 == 3 else agent
    return events.WrapupDone(interaction=name, agent=who, disposition="order" if other % 2 else None)


def hold(stage: Stage, one: int, other: int) -> events.Fact:
    if other % 2:
        name, agent = pick(stage, one, State.ACTIVE)
        return events.Held(interaction=name, agent=agent)
    name, agent = pick(stage, one, State.HELD)
    return events.Resumed(interaction=name, agent=agent)


def park(stage: Stage, one: int, other: int) -> events.Fact:
    if other % 2:
        name, agent = pick(stage, one, State.ACTIVE, State.HELD)
        until = stage.now + timedelta(seconds=other) if other % 3 else None
        return events.Parked(interaction=name, agent=agent, until=until)
    name, agent = pick(stage, one, State.PARKED, State.WRAPUP)
    cause = "taken_up" if other % 4 else "customer_writes"
    return events.Unparked(interaction=name, cause=cause, agent=agent)


def leave(stage: Stage, one: int, other: int) -> events.Fact:
    name, _ = pick(stage, one, State.QUEUED, State.OFFERED, State.ACTIVE, State.PARKED)
    cause = ("customer_gone", "customer_gone", "junk", "overflow_out")[other % 4]
    return events.InteractionGone(interaction=name, cause=cause)


def transfer(stage: Stage, one: int, other: int) -> events.Fact:
    name, agent = pick(stage, one, State.ACTIVE, State.HELD, State.QUEUED, State.OFFERED)
    giver = agent if stage.holder.get(name) else None
    if other % 2:
        return events.Transferred(interaction=name, agent=giver, to_line=LINES[other // 2 % len(LINES)])
    return events.Transferred(interaction=name, agent=giver, to_agent=AGENTS[other // 2 % len(AGENTS)])


def console(_stage: Stage, one: int, other: int) -> events.Fact:
    kind = events.ConsoleLost if other % 3 == 0 else events.ConsoleSeen
    return kind(agent=AGENTS[one % len(AGENTS)])


def outside(_stage: Stage, one: int, other: int) -> events.Fact:
    return events.ExternalWork(
        agent=AGENTS[one % len(AGENTS)], channel="voice", on=bool(other % 2), ref=f"leg{other // 2 % 2}"
    )


def fail(stage: Stage, one: int, other: int) -> events.Fact:
    name, agent = pick(stage, one, State.ACTIVE)
    reason = ("device_busy", "device_unreachable", "media")[other % 3]
    return events.DeliveryFailed(interaction=name, agent=agent, reason=reason)


def owe(stage: Stage, one: int, other: int) -> events.Fact:
    """Somebody is to be called back: who waits asks for it, or the callback stands in line; or they were not reached."""
    name, agent = pick(stage, one, State.QUEUED, State.OFFERED) if other % 3 == 0 else pick(stage, one, State.ACTIVE)
    if other % 3 == 0:
        return events.CallbackTaken(interaction=name)
    if other % 3 == 1:
        return events.AttemptFailed(interaction=name, agent=agent, reason="no_answer")
    count = sum(isinstance(fact, events.InteractionArrived) for fact, _ in stage.facts)
    return events.InteractionArrived(
        interaction=f"i{count:04d}",
        channel="callback",
        line=LINES[one % len(LINES)],
        waited=timedelta(seconds=other),
        party=f"p{one % 4}" if one % 2 else None,
        contact=f"n{other % 5}",
        direction="outbound",
        reason="callback",
    )


def settle(stage: Stage, one: int, _other: int) -> events.Fact:
    name, _ = pick(stage, one, State.QUEUED, State.PARKED)
    return events.InteractionGone(interaction=name, cause="settled")


def gate(stage: Stage, one: int, other: int) -> events.Fact:
    """A line is opened or closed by hand; what is expected of it is told; at times badly."""
    line = LINES[one % len(LINES)] if one % 11 else "nowhere"
    if other % 6 == 0:
        return events.ServiceTold(line=line, level=other / 250 if other % 4 else None)
    if other % 3 == 0:
        return events.WaitExpected(line=line, seconds=float(other) if other % 2 else None)
    mode = ("open", "closed", "drain", "calendar", "ajar")[other % 5]
    until = stage.now + timedelta(seconds=other - 20) if other % 2 else None
    return events.LineSet(actor="sue", line=line, mode=mode, until=until, reason="meeting")


def supervise(stage: Stage, one: int, other: int) -> events.Fact:
    name, _ = pick(stage, one, State.QUEUED, State.OFFERED, State.ACTIVE)
    agent = AGENTS[one % len(AGENTS)]
    action, value = (
        ("priority", other % 12),
        ("skills", {"german": other % 9 + 1}),
        ("requeue", None),
        ("pull", None),
        ("push", None),
        ("force_release", None),
        ("drain", bool(other % 2)),
        ("intent", "ready" if other % 2 else "not_ready"),
    )[other % 8]
    return events.SupervisorSet(actor="sue", action=action, interaction=name, agent=agent, value=value)


ACTIONS: dict[str, Callable[[Stage, int, int], events.Fact]] = {
    "arrive": arrive,
    "configure": configure,
    "intent": intent,
    "answer": answer,
    "finish": finish,
    "wrap": wrap,
    "hold": hold,
    "park": park,
    "leave": leave,
    "transfer": transfer,
    "console": console,
    "outside": outside,
    "fail": fail,
    "supervise": supervise,
    "gate": gate,
    "owe": owe,
    "settle": settle,
}
OFTEN = ("arrive", "arrive", "arrive", "answer", "answer", "answer", "finish", "intent", "wrap")

actions = st.tuples(
    st.sampled_from((*OFTEN, *ACTIONS)),
    st.integers(0, 250),
    st.integers(0, 250),
    st.sampled_from((0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 3.0, 3.0, 21.0, 47.0, 130.0)),
)
days = st.lists(actions, min_size=25, max_size=80)
NEEDS: dict[str, tuple[State, ...]] = {
    "answer": (State.OFFERED,),
    "finish": (State.ACTIVE, State.HELD),
    "wrap": (State.WRAPUP,),
    "hold": (State.ACTIVE, State.HELD),
    "park": (State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP),
    "leave": (State.QUEUED, State.OFFERED, State.ACTIVE, State.PARKED),
    "transfer": (State.ACTIVE, State.HELD, State.QUEUED, State.OFFERED),
    "fail": (State.ACTIVE,),
    "supervise": (State.QUEUED, State.OFFERED, State.ACTIVE),
}
"""What an action needs somebody to be in; without it mostly something else happens, and at times a bad fact."""


def opened(policy: dict[str, Any] | None = None) -> Stage:
    """Return a stage with agents at work."""
    stage = Stage(POLICY if policy is None else policy)
    for number, name in enumerate(AGENTS):
        stage.agent(name, "ready", skills=skilled(30 * number + 5), languages=("zh",) if number % 2 else ())
    return stage


def sensible(stage: Stage, what: str, one: int) -> str:
    """Return an action there is something for: the one drawn, else an answer, else an arrival; one in five stays as drawn."""
    for choice in (what, "answer"):
        needs = NEEDS.get(choice)
        if needs is None or one % 5 == 4 or any(state in needs for state in stage.states.values()):
            return choice
    return "arrive"


def act(stage: Stage, action: Action) -> list[Any]:
    """Let one thing happen; return what was wished for, by time and by the fact."""
    what, one, other, pause = action
    wishes = stage.wait(pause)
    return wishes + stage.tell(ACTIONS[sensible(stage, what, one)](stage, one, other))
