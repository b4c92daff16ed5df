"""Why an item waits, and in which order everything waits; asked by people, worked out when asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.drain import kept_for_higher
from contactd.routing.floor import Floor
from contactd.routing.limits import Limits
from contactd.routing.score import Scale
from contactd.routing.shapes import Rung, Shape
from contactd.routing.state import Agent, Item, skipped
from contactd.routing.visits import ACTIVE

KEEPS = (
    *("not_routed_here", "not_now", "not_member", "skill", "signed_out", "console", "not_ready", "draining", "device"),
    *("skipped", "waits_for_other", "rest", "busy", "spacing", "reserve", "drain"),
)
"""Everything that can keep an agent from an item, in the order it is asked for."""
COULD_LATER = ("not_ready", "console", "draining", "device", "skipped", "rest", "spacing", "reserve", "drain")
"""What keeps agents who could take an item otherwise, room apart."""
Reason = dict[str, Any]
"""`{key, params}`: a sentence of the catalogue and what stands in it."""


def waiting_lines(floor: Floor) -> dict[str, list[str]]:
    """Return the ids of what waits in each line, first come first."""
    ranked: dict[str, list[tuple[float, int, str]]] = {}
    for item in floor.items.values():
        if item.state is State.QUEUED:
            ranked.setdefault(item.line.name, []).append(_rank(floor, item))
    return {line: [name for _, _, name in sorted(ranked[line])] for line in sorted(ranked)}


def _rank(floor: Floor, item: Item) -> tuple[float, int, str]:
    scale = Scale.of(item.line, item.rule)
    return (-scale.of_item(item, floor.now), item.age_from, item.id)


def explain(floor: Floor, interaction: str, now: datetime) -> dict[str, Any]:
    """Say where an item stands and, while it waits, what keeps every agent from it.

    `filters` counts agents by the first thing that keeps them (see `what_keeps`); `free` would take it in the next pass.
    `busy` parts those who only lack room by what they do; `outlook` tells how many more fit at each later step, and when it
    opens; `reasons` says the same in sentences.
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
    kept = {agent.id: what_keeps(floor, item, agent) for agent in floor.agents.values()}
    position, waiting = _position(floor, item)
    outlook = _outlook(floor, item, kept, moment)
    filters = _counted(kept.values())
    busy = _counted(doing(floor.agents[name]) for name, reason in kept.items() if reason == "busy")
    return {
        "terms": dict(scale.terms(item, moment)),
        "waited_s": (moment - item.age_from) / 1000,
        "position": position,
        "waiting": waiting,
        "step": step,
        "steps": len(ladder),
        "needs": [{"skill": skill, "level": level} for skill, level in rung.shape.need],
        "next_step_at": rfc3339(from_ms(item.step_since + rung.ms)) if rung.ms is not None else None,
        "waits_for": item.held_for,
        "filters": filters,
        "busy": busy,
        "outlook": outlook,
        "reasons": _kept_back(item) + _sentences(filters, busy, outlook),
    }


def _position(floor: Floor, item: Item) -> tuple[int, int]:
    """Return the item's place in its line, from 1, and how many wait there."""
    own = _rank(floor, item)
    line = [_rank(floor, one) for one in floor.items.values() if one.state is State.QUEUED and one.line is item.line]
    return sum(rank < own for rank in line) + 1, len(line)


def _counted(words: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items()))


def _outlook(floor: Floor, item: Item, kept: dict[str, str], moment: int) -> list[dict[str, Any]]:
    """Return for each later step how many agents, signed in, it adds, and in how many seconds it opens."""
    ladder = floor.index.ladder(item)
    lacking = [
        floor.agents[name] for name, reason in kept.items() if reason == "skill" and floor.agents[name].signed_in
    ]
    told = []
    opens = item.step_since
    for place in range(min(item.step, len(ladder) - 1), len(ladder) - 1):
        opens += ladder[place].ms or 0
        following = ladder[place + 1].shape
        fitting = [agent for agent in lacking if agent.profile.fits(following)]
        lacking = [agent for agent in lacking if not agent.profile.fits(following)]
        free = sum(floor.can_take(agent, item.rule) for agent in fitting)
        told.append({"step": place + 1, "in_s": max(opens - moment, 0) / 1000, "agents": len(fitting), "free": free})
    return told


def _sentences(filters: dict[str, int], busy: dict[str, int], outlook: list[dict[str, Any]]) -> list[Reason]:
    """Say in sentences what would have to happen: who gets free, which step opens, or that nobody ever can."""
    told: list[Reason] = [
        {"key": f"reason.wait_{doing}", "params": {"n": count}} for doing, count in busy.items() if count
    ]
    told += [{"key": f"reason.wait_{why}", "params": {"n": filters[why]}} for why in COULD_LATER if filters.get(why)]
    for step in outlook:
        if step["agents"]:
            params = {"n": step["agents"], "step": step["step"] + 1, "s": round(step["in_s"], 1)}
            told.append({"key": "reason.wait_step", "params": params})
    if not told and not filters.get("free"):
        able = sum(count for reason, count in filters.items() if reason not in ("not_member", "skill"))
        told.append({"key": "reason.wait_absent" if able else "reason.wait_never", "params": {"n": able}})
    return told


def _kept_back(item: Item) -> list[Reason]:
    """Say in a sentence why an item is not put before everybody who could take it; nothing where it is."""
    why = None
    if not item.matched:
        why = "pbx"
    elif item.held_for is not None:
        why = "preferred" if item.held_for == item.prefer and item.prefer_kind != ACTIVE else "visit"
    elif item.suspended_by is not None:
        why = "contact"
    elif item.aside and item.rule.calls_back:
        why = "hours"
    elif item.aside:
        why = "answer" if item.rule.live else "visit_first"
    return [] if why is None else [{"key": f"reason.wait_{why}", "params": {}}]


def doing(agent: Agent) -> str:
    """Say in a word what takes an agent's room: talking, wrapup, offered, or other work in hand (`working`)."""
    states = {item.state for item in agent.work.values() if item.rule.live}
    if agent.external or State.ACTIVE in states or State.HELD in states:
        return "talking"
    if State.WRAPUP in {item.state for item in agent.work.values()}:
        return "wrapup"
    return "offered" if agent.offers else "working"


def what_keeps(floor: Floor, item: Item, agent: Agent) -> str:
    """Return the first thing that keeps an agent from an item, `free` when nothing does.

    One of `KEEPS`: those who could never take it come first, then those who could later.
    """
    return keeps(floor, item, agent, present_rung(floor, item).shape)


def present_rung(floor: Floor, item: Item, *, preferred: bool = False) -> Rung:
    """Return the step an item stands at; its preferred agent is asked for the bare requirement, which is the last."""
    ladder = floor.index.ladder(item)
    return ladder[-1] if preferred or item.held_for is not None else ladder[min(item.step, len(ladder) - 1)]


def keeps(floor: Floor, item: Item, agent: Agent, shape: Shape, limits: Limits | None = None) -> str:
    """Return the first thing that keeps an agent from an item that asks for what a shape does, under `limits` or the floor's."""
    limits = limits or floor.limits
    direct = item.direct and agent.id in (item.held_for, item.prefer)
    member = "*" in agent.lines or item.line.name in agent.lines
    checks = (
        ("not_routed_here", not item.matched),
        ("not_now", item.aside),
        ("not_member", not direct and not member),
        ("skill", not direct and not agent.profile.fits(shape)),
        ("signed_out", agent.intent is Intent.LOGGED_OUT),
        ("console", agent.health is not Health.OK),
        ("not_ready", agent.intent is not Intent.READY or agent.next_intent not in (None, Intent.READY)),
        ("draining", agent.draining or agent.removed),
        ("device", item.rule.needs_device and agent.device is None),
        ("skipped", skipped(item, agent.id, floor.now)),
        ("waits_for_other", item.held_for is not None and item.held_for != agent.id),
        ("rest", limits.rests_until(agent) > floor.now),
        ("busy", not floor.can_take(agent, item.rule)),
    )
    first = next((name for name, holds in checks if holds), None) or limits.keep(floor, agent, item.line, item.rule)
    if first is not None:
        return first
    return "drain" if kept_for_higher(floor, agent, item, shape) is not None else "free"
