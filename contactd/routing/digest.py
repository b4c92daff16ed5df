"""A fingerprint of the router's state: equal when and only when the same future follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from contactd.core.agent import Health, Intent
from contactd.core.events import STRAIGHT
from contactd.core.interaction import State
from contactd.routing.course import course_of
from contactd.routing.floor import Floor
from contactd.routing.gate import Gate
from contactd.routing.state import Agent, Item

_WAITING = (State.QUEUED, State.OFFERED)
_text = json.JSONEncoder(separators=(",", ":")).encode


def digest(floor: Floor, *, lasting: bool = False) -> str:
    """Return the sha256 of the canonical state, or of what of it lasts over a restart.

    Left out is how long is expected to be waited: that is told anew all the time.
    """
    made = hashlib.sha256()
    for part in _parts(floor, lasting=lasting):
        made.update(_text(part).encode())
    return made.hexdigest()


def lasting_state(floor: Floor) -> dict[tuple[str, str], str]:
    """Return what of the state lasts over a restart, one text a thing, so that two states can be compared thing by thing.

    Keys are ("interaction", "line" or "agent", id).  Left out is when each console last showed itself, and whether one is late: a
    restart gives all of them time anew.
    """
    found = {("interaction", name): _text(_item(floor, item)) for name, item in floor.items.items()}
    found |= {("line", name): _text(_gate(gate)) for name, gate in floor.gates.items()}
    return found | {("agent", name): _text(_agent(agent, lasting=True)) for name, agent in floor.agents.items()}


def _parts(floor: Floor, *, lasting: bool) -> Iterator[Any]:
    """Yield the state as plain data in one order, without what only speeds things up."""
    yield floor.version
    for name in sorted(floor.items):
        yield _item(floor, floor.items[name])
    for name in sorted(floor.agents):
        yield _agent(floor.agents[name], lasting=lasting)
    for name in sorted(floor.gates):
        yield _gate(floor.gates[name])


def _gate(gate: Gate) -> list[Any]:
    return [gate.line, gate.open, gate.since, gate.mode, gate.until]


def _item(floor: Floor, item: Item) -> list[Any]:
    state = item.state
    if not item.matched:
        return [item.id, item.channel, item.line.name, state.value]
    told: list[Any] = [
        item.id,
        item.channel,
        item.line.name,
        state.value,
        item.priority,
        item.skills,
        item.vip,
        item.language,
    ]
    told += [
        item.party,
        item.until,
        item.interrupted,
        item.hops,
        item.outcome,
        item.ended_by,
        item.disposition,
        item.extended,
    ]
    told += [item.entered_as, item.contact]
    if course_of(item) != STRAIGHT:
        told += [item.path, item.asked_at, item.alone_since, item.front, item.giver, item.attempts, item.suspended_by]
        told += [item.looped, item.repeat]
    if state not in _WAITING:
        return [*told, item.waited, item.since, item.agent]
    told += [item.age_from, item.queued_at, item.step, item.step_since]
    skips = [[agent, until] for agent, until in item.skips.items() if until is None or until > floor.now]
    if skips:
        told.append(sorted(skips))
    if item.prefer is not None and item.prefer_until > floor.now:
        told += [item.prefer, item.prefer_until]
    if item.offer is not None:
        told += [item.offer.id, item.offer.agent.id, item.offer.expires]
    return told


def _agent(agent: Agent, *, lasting: bool) -> list[Any]:
    if agent.removed:
        return [agent.id, "removed", sorted(agent.work)]
    return [
        agent.id,
        agent.skills,
        agent.lines,
        agent.languages,
        sorted(agent.capacity.items()),
        agent.device,
        agent.intent.value,
        agent.reason,
        agent.next_intent,
        agent.next_reason,
        _gone(agent) if lasting else [agent.health.value, agent.seen],
        agent.draining,
        sorted(agent.work),
        sorted(agent.offers),
        sorted([channel, ref, units] for (channel, ref), units in agent.external.items()),
        agent.used,
        agent.idle_since,
        sorted(agent.misses.items()),
        agent.standing(),
    ]


def _gone(agent: Agent) -> bool:
    """Say whether an agent is away without having signed out: what of a console's health lasts over a restart."""
    return agent.health is Health.LOST and agent.intent is not Intent.LOGGED_OUT
