"""How an agent's routing state is told."""

from __future__ import annotations

from typing import Any

from contactd.clock import from_ms
from contactd.core.agent import Health, Intent
from contactd.core.effects import AgentState
from contactd.routing.state import Agent


def show(agent: Agent) -> tuple[object, ...]:
    """Return what `AgentState` says of an agent, to be compared with what it said last."""
    slots: dict[tuple[str, str], int] = {}
    for item in agent.work.values():
        key = (item.channel, item.state.value)
        slots[key] = slots.get(key, 0) + 1
    for offer in agent.offers.values():
        key = (offer.item.channel, "offered")
        slots[key] = slots.get(key, 0) + 1
    for channel, _ in agent.external:
        key = (channel, "active")
        slots[key] = slots.get(key, 0) + 1
    return (
        agent.intent,
        agent.reason,
        agent.health,
        agent.next_intent,
        agent.next_reason,
        agent.idle_since,
        tuple(sorted(agent.misses.items())) if agent.misses else (),
        min(agent.used, 100),
        tuple((channel, state, slots[channel, state]) for channel, state in sorted(slots)) if slots else (),
    )


def _said(agent: Agent, slots: Any) -> str:
    """Say in one word what an agent does."""
    if agent.intent is Intent.LOGGED_OUT:
        return "logged_out"
    if agent.health is Health.LOST:
        return "lost"
    states = {state for _, state, _ in slots}
    for state, word in (("active", "talking"), ("held", "held"), ("wrapup", "wrapup"), ("offered", "offered")):
        if state in states:
            return word
    return "ready" if agent.intent is Intent.READY else "not_ready"


def agent_state(agent: Agent, state: tuple[Any, ...], cause: str, actor: str | None) -> AgentState:
    """Make the wish that tells what `show` returned."""
    return AgentState(
        agent=agent.id,
        intent=agent.intent,
        reason=agent.reason,
        health=agent.health,
        state=_said(agent, state[8]),
        slots=state[8],
        next_intent=agent.next_intent,
        next_reason=agent.next_reason,
        idle_since=from_ms(agent.idle_since) if agent.idle_since is not None else None,
        misses=state[6],
        used=state[7],
        standing=agent.standing(),
        cause=cause,
        actor=actor,
    )
