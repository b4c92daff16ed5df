"""A fingerprint of the router's state: equal when and only when the same future follows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.floor import Floor
from contactd.routing.state import Agent, Item

_WAITING = (State.QUEUED, State.OFFERED)


def digest(floor: Floor, *, lasting: bool = False) -> str:
    """Return the sha256 of the canonical state, or of what of it lasts over a restart."""
    state = canonical(floor, lasting=lasting)
    return hashlib.sha256(json.dumps(state, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def canonical(floor: Floor, *, lasting: bool = False) -> dict[str, Any]:
    """Return the state as plain data in one order, without what only speeds things up.

    `lasting` leaves out when each console last showed itself, and whether one is late: a restart gives all of them time anew.
    """
    return {
        "version": floor.version,
        "items": [_item(floor, floor.items[name]) for name in sorted(floor.items)],
        "agents": [_agent(floor.agents[name], lasting=lasting) for name in sorted(floor.agents)],
        "in_line": {line: count for line, count in sorted(floor.in_line.items()) if count},
    }


def _item(floor: Floor, item: Item) -> list[Any]:
    if not item.matched:
        return [item.id, item.channel, item.line.name, item.state.value, item.matched]
    waits = item.state in _WAITING
    steps = [item.step, item.step_since] if waits else None
    skips = sorted([agent, until] for agent, until in item.skips.items() if until is None or until > floor.now)
    holds = item.prefer is not None and item.prefer_until > floor.now
    return [
        item.id,
        item.channel,
        item.line.name,
        item.state.value,
        item.priority,
        item.skills,
        item.vip,
        item.language,
        item.age_from if waits else item.waited,
        item.queued_at if waits else item.since,
        steps,
        skips if waits else None,
        [item.prefer, item.prefer_until] if waits and holds else None,
        item.agent,
        [item.offer.id, item.offer.agent.id, item.offer.expires] if item.offer else None,
        item.until,
        item.interrupted,
        item.hops,
        [item.outcome, item.ended_by, item.disposition],
    ]


def _agent(agent: Agent, *, lasting: bool) -> list[Any]:
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
        agent.removed,
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
