"""Listing who is free: agents stand in a few pools, and in a kind of demand from the moment it asks for somebody."""

from __future__ import annotations

from operator import gt

from contactd.routing.floor import Floor
from contactd.routing.shapes import Choice, Shape
from contactd.routing.state import Agent


def list_free(floor: Floor, agent: Agent) -> None:
    """List an agent in the pools of what they have room for, unless they stand there as well as they would now."""
    marks: tuple[Choice, ...] | None = None
    for room, pools in agent.profile.pools.items():
        if floor.can_take(agent, pools[0].rule):
            marks = marks or _marks(floor, agent)
            listed = agent.listed.get(room)
            if listed is None or any(map(gt, listed, marks)):
                floor.index.pools.put(agent, pools)
                agent.listed[room] = marks


def meet_listed(floor: Floor, shape: Shape) -> None:
    """Let those stand among the free ones of a kind of demand who were listed since it last asked."""
    seen, rule = shape.seen, shape.rule
    shape.seen = floor.index.pools.count
    for pool in shape.pools:
        if pool.latest <= seen:
            continue
        for agent in pool.since(seen):
            if agent.profile.number not in shape.profiles:
                continue
            if floor.can_take(agent, rule):
                shape.show(floor.choice(agent, shape))
                note_marks(floor, agent, rule.room)
            else:
                del pool.listed[agent.id]
                agent.listed.pop(rule.room, None)


def note_marks(floor: Floor, agent: Agent, room: str) -> None:
    """An agent's entry was made, or set right, by what they are now: it may be worse than the others."""
    listed = agent.listed.get(room)
    if listed is not None:
        agent.listed[room] = tuple(map(max, listed, _marks(floor, agent)))


def _marks(floor: Floor, agent: Agent) -> tuple[Choice, ...]:
    """Return what an agent's entries in kinds of demand get worse with, and not otherwise: for each way lines compare."""
    idle = float(agent.idle_since or 0)
    return tuple([alike(agent, None, idle, floor.now) for alike in floor.alike])
