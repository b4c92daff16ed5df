"""Why an item waits, and in which order everything waits; asked by people, worked out when asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.floor import Floor
from contactd.routing.matching import skipped
from contactd.routing.score import Scale
from contactd.routing.state import Agent, Item


def waiting_lines(floor: Floor) -> dict[str, list[str]]:
    """Return the ids of what waits in each line, first come first."""
    ranked: dict[str, list[tuple[float, int, str]]] = {}
    for item in floor.items.values():
        if item.state is State.QUEUED:
            scale = Scale.of(item.line, item.rule)
            score = scale.score(scale.fixed(item), floor.now - item.age_from)
            ranked.setdefault(item.line.name, []).append((-score, item.age_from, item.id))
    return {line: [name for _, _, name in sorted(ranked[line])] for line in sorted(ranked)}


def explain(floor: Floor, interaction: str, now: datetime) -> dict[str, Any]:
    """Say where an item stands and, while it waits, what keeps every agent from it.

    `filters` counts agents by the first thing that keeps them: not_member, skill, signed_out, not_ready, console, draining,
    device, busy, skipped, waits_for_other; `free` would take it in the next pass.
    """
    item = floor.items.get(interaction)
    if item is None:
        return {"interaction": interaction, "state": "unknown"}
    moment = max(to_ms(now), floor.now)
    answer: dict[str, Any] = {
        "interaction": item.id,
        "state": item.state.value,
        "line": item.line.name,
        "channel": item.channel,
        "policy_version": floor.version,
        "agent": item.agent,
    }
    if item.offer is not None:
        answer["offer"] = {
            "offer": item.offer.id,
            "agent": item.offer.agent.id,
            "expires_at": rfc3339(from_ms(item.offer.expires)),
        }
    if item.state is State.QUEUED:
        answer |= _why_waiting(floor, item, moment)
    return answer


def _why_waiting(floor: Floor, item: Item, moment: int) -> dict[str, Any]:
    scale = Scale.of(item.line, item.rule)
    ladder = floor.index.ladder(item)
    step = min(item.step, len(ladder) - 1)
    rung = ladder[step]
    filters: dict[str, int] = {}
    for agent in floor.agents.values():
        reason = what_keeps(floor, item, agent)
        filters[reason] = filters.get(reason, 0) + 1
    order = waiting_lines(floor)[item.line.name]
    return {
        "terms": dict(scale.terms(item, moment - item.age_from)),
        "waited_s": (moment - item.age_from) / 1000,
        "position": order.index(item.id) + 1,
        "waiting": len(order),
        "step": step,
        "steps": len(ladder),
        "needs": [{"skill": skill, "level": level} for skill, level in rung.shape.need],
        "next_step_at": rfc3339(from_ms(item.step_since + rung.ms)) if rung.ms is not None else None,
        "waits_for": item.held_for,
        "filters": dict(sorted(filters.items())),
    }


def what_keeps(floor: Floor, item: Item, agent: Agent) -> str:
    """Return the first thing that keeps an agent from an item, `free` when nothing does."""
    ladder = floor.index.ladder(item)
    shape = ladder[min(item.step, len(ladder) - 1)].shape
    direct = item.direct and item.held_for == agent.id
    member = "*" in agent.lines or item.line.name in agent.lines
    checks = (
        ("not_routed_here", not item.matched),
        ("not_member", not direct and not member),
        ("skill", not direct and not agent.profile.fits(shape)),
        ("signed_out", agent.intent is Intent.LOGGED_OUT),
        ("console", agent.health is not Health.OK),
        ("not_ready", agent.intent is not Intent.READY or agent.next_intent not in (None, Intent.READY)),
        ("draining", agent.draining or agent.removed),
        ("device", item.rule.needs_device and agent.device is None),
        ("skipped", skipped(item, agent.id, floor.now)),
        ("waits_for_other", item.held_for is not None and item.held_for != agent.id),
        ("busy", not floor.can_take(agent, item.rule)),
    )
    return next((name for name, holds in checks if holds), "free")
