"""How an agent's routing state is told."""

from __future__ import annotations

from typing import Any

from contactd.clock import from_ms
from contactd.core.agent import Health, Intent
from contactd.core.effects import AgentState
from contactd.core.interaction import State
from contactd.routing.state import Agent

Slots = tuple[tuple[str, str, int], ...]
_WORDS = (("active", "talking"), ("held", "held"), ("wrapup", "wrapup"), ("offered", "offered"))


def show(agent: Agent) -> tuple[object, ...]:
    """Return what `AgentState` says of an agent, to be compared with what it said last."""
    return (
        agent.intent,
        agent.reason,
        agent.health,
        agent.next_intent,
        agent.next_reason,
        agent.idle_since,
        tuple(sorted(agent.misses.items())) if agent.misses else (),
        min(agent.used, 100),
        _slots(agent),
        agent.standing(),
        agent.draining,
    )


def _slots(agent: Agent) -> Slots:
    """Return (channel, slot state, items in it), sorted; mostly there is nothing or one."""
    keys = [(item.channel, item.state) for item in agent.work.values()] if agent.work else []
    if agent.offers:
        keys += [(offer.item.channel, State.OFFERED) for offer in agent.offers.values()]
    if agent.external:
        keys += [(channel, State.ACTIVE) for channel, _ in agent.external]
    if len(keys) == 1:
        ((channel, state),) = keys
        return ((channel, state, 1),)
    if not keys:
        return ()
    return tuple((channel, state, keys.count((channel, state))) for channel, state in sorted(set(keys)))


def _said(agent: Agent, slots: Slots) -> str:
    """Say in one word what an agent does."""
    if agent.intent is Intent.LOGGED_OUT:
        return "logged_out"
    if agent.health is Health.LOST:
        return "lost"
    if slots:
        states = [state for _, state, _ in slots]
        for state, word in _WORDS:
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
        standing=state[9],
        draining=state[10],
        cause=cause,
        actor=actor,
    )
