"""Contacts are handed on, to a line or to a person; and what happens when nobody takes them.

* To nobody known, to no line known, to oneself: refused.
* A call to a closed line with nobody signed in: refused `line_closed`.  Digital work waits there for the next opening.
* A call to a person who cannot take it now: refused `agent_unavailable`, with what stands against it and who else is free.
* The person does not take the call (20 s, device dead, gone): back to whoever gave it, if they are free.
* Whoever gave it is gone or busy, or does not take it either: to the front of the person's line.
* Digital work waits for the person for the line's return window, also while they are out; then for everybody in their line.
* The customer leaves meanwhile: abandoned, like anybody in line.

Age, service level and notes go along; every hand-over is counted, and from the third on a supervisor is told.
"""

from __future__ import annotations

from contactd.core.effects import Alert, Overseen, Requeue
from contactd.core.events import Transferred
from contactd.core.interaction import Cause, SegmentReason, State
from contactd.core.offer import WithdrawReason
from contactd.routing.explain import what_keeps
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import back_in_line
from contactd.routing.hours import lets_in
from contactd.routing.line import Line
from contactd.routing.matching import find_agent
from contactd.routing.offers import SKIP_MS, stop_offered
from contactd.routing.preference import CALL_WAIT_S, NAMED
from contactd.routing.state import Agent, Item
from contactd.routing.work import prefer

ALARMING_HOPS = 3
ALTERNATIVES = 3


def transferred(floor: Floor, fact: Transferred) -> None:
    """A contact was given to a line or to a person."""
    item = floor.item(fact.interaction)
    if fact.agent is not None and item.agent != fact.agent:
        reason = "not_yours"
        raise RefusedError(reason)
    if (fact.to_line is None) == (fact.to_agent is None):
        reason = "bad_target"
        raise RefusedError(reason)
    if item.state is not State.OFFERED:
        floor.check(item, Cause.TRANSFER)
    target = None if fact.to_agent is None else floor.agent(fact.to_agent)
    line = _line(floor, item, fact.to_line, target)
    _check(floor, item, line, target)
    hand_over(floor, item, line, target, fact.agent or fact.actor)
    if fact.actor is not None:
        told = Overseen(
            actor=fact.actor, action="transfer", interaction=item.id, agent=fact.to_agent, line=fact.to_line
        )
        floor.emit(told)


def _line(floor: Floor, item: Item, name: str | None, target: Agent | None) -> Line:
    """Return the line an item goes on in: the named one; a person's own, when they are not in the present one."""
    lines = floor.policy.lines
    if name is not None:
        if name not in lines:
            reason = "unknown_line"
            raise RefusedError(reason)
        return lines[name]
    if target is None or "*" in target.lines or item.line.name in target.lines:
        return item.line
    return next((lines[own] for own in target.lines if own in lines), item.line)


def _check(floor: Floor, item: Item, line: Line, target: Agent | None) -> None:
    """Refuse what would leave a customer waiting for somebody who cannot come."""
    if target is not None and item.agent == target.id:
        reason = "agent_unavailable"
        raise RefusedError(reason, "self")
    if not item.rule.live:
        return
    if target is not None and item.rule.connects and not floor.can_take(target, item.rule):
        reason = "agent_unavailable"
        raise RefusedError(reason, _against(floor, item, target), _alternatives(floor, item, target))
    if target is None and not lets_in(floor, line) and not _somebody_in(floor, line):
        reason = "line_closed"
        raise RefusedError(reason, line.name)


def _against(floor: Floor, item: Item, target: Agent) -> str:
    """Say what keeps a named person from a call; skills and membership are not asked."""
    if not target.signed_in:
        return "signed_out"
    if item.rule.needs_device and target.device is None:
        return "device"
    found = what_keeps(floor, item, target)
    return found if found in ("console", "not_ready", "draining") else "busy"


def _alternatives(floor: Floor, item: Item, target: Agent) -> tuple[str, ...]:
    """Return who is free for it in its line."""
    first, others = find_agent(floor, floor.index.ladder(item)[-1].shape, item)
    names = [first.id] if first is not None else []
    names += [choice[3] for choice in others]
    return tuple(name for name in names if name not in (target.id, item.agent))[:ALTERNATIVES]


def _somebody_in(floor: Floor, line: Line) -> bool:
    return any(agent.signed_in and ("*" in agent.lines or line.name in agent.lines) for agent in floor.agents.values())


def hand_over(floor: Floor, item: Item, line: Line, target: Agent | None, giver: str | None) -> None:
    """Let an item go on in a line, for one person first if one is named; age and waiting so far are kept."""
    stop_offered(floor, item, WithdrawReason.REROUTED)
    waiting, holder = item.state is State.QUEUED, item.agent
    if waiting:
        floor.step_out(item)
    if line is not item.line:
        item.line, item.rule = line, floor.policy.rule(line.name, item.channel)
        item.skips.clear()
    item.hops += 1
    if holder is not None:
        item.skips[holder] = floor.now + SKIP_MS
    if waiting:
        _wait_anew(floor, item, giver)
    else:
        back_in_line(floor, item, Cause.TRANSFER, SegmentReason.TRANSFER, giver)
    if target is not None:
        item.skips.pop(target.id, None)
        seconds = CALL_WAIT_S if item.rule.connects else line.return_window_s
        prefer(floor, item, target.id, NAMED, seconds)
        item.giver = holder if item.rule.connects else None
    if item.hops >= ALARMING_HOPS:
        floor.emit(Alert(kind="hops", interaction=item.id, line=line.name, detail=str(item.hops)))


def _wait_anew(floor: Floor, item: Item, giver: str | None) -> None:
    """Begin a new stay without having left the queue: the waiting goes on."""
    item.begin_stay(floor.now, SegmentReason.TRANSFER)
    floor.emit(Requeue(interaction=item.id, line=item.line.name, reason=SegmentReason.TRANSFER))
    floor.move(item, Cause.TRANSFER, giver)
    floor.stand(item)
