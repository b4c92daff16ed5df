"""Why an agent has nothing to do: what keeps them from work at all, and from each kind of work that waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contactd.clock import from_ms, rfc3339, to_ms
from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.explain import Reason, doing, keeps
from contactd.routing.floor import Floor
from contactd.routing.shapes import Shape
from contactd.routing.state import FULL, Agent, Item


def explain_agent(floor: Floor, name: str, now: datetime) -> dict[str, Any]:
    """Say what an agent is kept from, and by what.

    `kept_by` is what keeps them from everything, None when nothing does.  `waiting` lists each kind of demand that waits, with
    how many, and the first thing that keeps the agent from it: not_member, skill, step (it is open to them later: `in_s`),
    device, busy, skipped, or free (it will be offered in the next pass).  `for_others` counts what waits for named colleagues.
    """
    agent = floor.agents.get(name)
    if agent is None or agent.removed:
        return {"agent": name, "state": "unknown"}
    moment = max(to_ms(now), floor.now)
    kept_by = _kept_from_all(agent, moment)
    waiting = _waiting(floor, agent, moment)
    others = sum(len(one.personal) for one in floor.agents.values() if one is not agent)
    return {
        "agent": agent.id,
        "intent": agent.intent.value,
        "reason": agent.reason,
        "health": agent.health.value,
        "used": agent.used,
        "free_units": max(FULL - agent.used, 0),
        "idle_since": rfc3339(from_ms(agent.idle_since)) if agent.idle_since is not None else None,
        "in_hand": len(agent.work),
        "kept_by": kept_by,
        "waiting": waiting,
        "waits_for_agent": len(agent.personal),
        "for_others": others,
        "policy_version": floor.version,
        "reasons": _sentences(agent, kept_by, waiting, others),
    }


def _kept_from_all(agent: Agent, moment: int) -> str | None:
    """Return what keeps an agent from all work, None when nothing does."""
    if agent.intent is Intent.LOGGED_OUT:
        return "signed_out"
    if agent.health is not Health.OK:
        return "console"
    if agent.intent is not Intent.READY or agent.next_intent not in (None, Intent.READY):
        return "not_ready"
    if agent.draining:
        return "draining"
    return "rest" if agent.rest_until > moment else None


def _waiting(floor: Floor, agent: Agent, moment: int) -> list[dict[str, Any]]:
    """Return what waits, by kind of demand, most first; kinds, not items, are gone through."""
    told = []
    for shape in floor.index.shapes():
        if not shape.waiting:
            continue
        item = shape.work_out_first(floor.items, floor.now)
        if item is None:
            continue
        why, opens = _why_not(floor, agent, shape, item)
        told.append(
            {
                "line": shape.line.name,
                "channel": shape.channel,
                "needs": [{"skill": skill, "level": level} for skill, level in shape.need],
                "count": shape.waiting,
                "why": why,
                "in_s": None if opens is None else max(opens - moment, 0) / 1000,
            },
        )
    return sorted(told, key=lambda one: (-int(str(one["count"])), str(one["line"]), str(one["channel"])))


def _why_not(floor: Floor, agent: Agent, shape: Shape, item: Item) -> tuple[str, int | None]:
    """Return what keeps an agent from the first item of a kind; for one that is open to them later, when."""
    why = keeps(floor, item, agent, shape)
    if why != "skill":
        return why, None
    ladder = floor.index.ladder(item)
    opens = item.step_since
    for place in range(min(item.step, len(ladder) - 1), len(ladder) - 1):
        opens += ladder[place].ms or 0
        if agent.profile.fits(ladder[place + 1].shape):
            return "step", opens
    return why, None


def _sentences(agent: Agent, kept_by: str | None, waiting: list[dict[str, Any]], others: int) -> list[Reason]:
    if kept_by is not None:
        return [{"key": f"reason.idle_{kept_by}", "params": {"reason": agent.reason or ""}}]
    if not waiting and not others:
        return [{"key": "reason.idle_empty", "params": {}}]
    if any(item.state is State.ACTIVE for item in agent.work.values()) and agent.used >= FULL:
        return [{"key": "reason.idle_full", "params": {"doing": doing(agent)}}]
    told: list[Reason] = []
    sums: dict[str, int] = {}
    for kind in waiting:
        sums[kind["why"]] = sums.get(kind["why"], 0) + int(kind["count"])
        if kind["why"] == "step":
            told.append({"key": "reason.idle_step", "params": {"n": kind["count"], "s": round(kind["in_s"], 1)}})
    if others:
        told.append({"key": "reason.idle_others", "params": {"n": others}})
    if not sums.get("free"):
        told.insert(0, {"key": "reason.idle_nothing", "params": {"n": sum(sums.values())}})
    told += [
        {"key": f"reason.idle_{why}", "params": {"n": count}}
        for why, count in sorted(sums.items())
        if why not in ("step", "free")
    ]
    return told
