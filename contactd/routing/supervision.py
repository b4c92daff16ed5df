"""What a supervisor may do to items and agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contactd.core.agent import Intent
from contactd.core.effects import Assign, Overseen, Weighed
from contactd.core.events import LineSet, SupervisorSet, Transferred, WorkEnded
from contactd.core.interaction import Cause, EndedBy, SegmentReason, State
from contactd.core.offer import WithdrawReason
from contactd.routing.arrivals import sorted_skills
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import back_in_line, has_room, make_room, put_in_hand, set_intent
from contactd.routing.hours import line_set
from contactd.routing.offers import stop_offered, withdraw_all
from contactd.routing.presence import read_intent
from contactd.routing.state import FULL, MAX_PRIORITY, Item, yields
from contactd.routing.transfers import transferred
from contactd.routing.work import finish, wake


def supervised(floor: Floor, fact: SupervisorSet) -> None:
    """Carry out a supervisor's act."""
    act = ACTS.get(fact.action)
    if act is None:
        reason = "unknown_action"
        raise RefusedError(reason)
    act(floor, fact)
    if fact.line is None:
        told = Overseen(
            actor=fact.actor,
            action=fact.action,
            interaction=fact.interaction,
            agent=fact.agent,
            value=_short(fact.value),
        )
        floor.emit(told)


def _short(value: Any) -> str | None:
    """Return what was set, for the record."""
    if value is None:
        return None
    pairs = sorted(value.items()) if isinstance(value, Mapping) else None
    return ", ".join(f"{key} {one}" for key, one in pairs)[:MAX_SHORT] if pairs is not None else str(value)[:MAX_SHORT]


def _waiting_item(floor: Floor, fact: SupervisorSet) -> Item:
    item = floor.item(fact.interaction or "")
    if item.state not in (State.QUEUED, State.OFFERED) or not item.matched:
        reason = "bad_state"
        raise RefusedError(reason)
    return item


def _again(floor: Floor, item: Item) -> None:
    """Look at a waiting item anew, after something about it changed."""
    if item.state is State.QUEUED:
        floor.unplace(item)
        floor.fresh[item.id] = None


def _priority(floor: Floor, fact: SupervisorSet) -> None:
    item = _waiting_item(floor, fact)
    value = fact.value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_PRIORITY:
        reason = "bad_value"
        raise RefusedError(reason)
    item.priority = value
    floor.emit(Weighed(interaction=item.id, priority=item.priority, skills=item.skills))
    _again(floor, item)


def _skills(floor: Floor, fact: SupervisorSet) -> None:
    item = _waiting_item(floor, fact)
    try:
        skills = sorted_skills(tuple(dict(fact.value).items()))
    except (TypeError, ValueError) as error:
        reason = "bad_value"
        raise RefusedError(reason) from error
    item.skills = skills
    floor.emit(Weighed(interaction=item.id, priority=item.priority, skills=item.skills))
    item.step, item.step_since = 0, floor.now
    item.untold = True
    stop_offered(floor, item, WithdrawReason.REROUTED)
    _again(floor, item)


def _requeue(floor: Floor, fact: SupervisorSet) -> None:
    """Put an item back in its line: from an agent who has it or put it aside, or from one it is offered to."""
    item = floor.item(fact.interaction or "")
    if item.state is State.OFFERED:
        stop_offered(floor, item, WithdrawReason.REROUTED)
        return
    if item.state is State.PARKED:
        wake(floor, item, Cause.DUE)
        item.prefer = None
        return
    if item.state not in (State.ACTIVE, State.HELD) or item.rule.connects:
        reason = "bad_state"
        raise RefusedError(reason)
    back_in_line(floor, item, Cause.TRANSFER, SegmentReason.TRANSFER, fact.actor)


def _pull(floor: Floor, fact: SupervisorSet) -> None:
    """Give a waiting item to an agent (or the supervisor themselves) at once, without ringing; a call must ring."""
    item = _waiting_item(floor, fact)
    agent = floor.agent(fact.agent or fact.actor)
    if item.rule.connects or not agent.signed_in:
        reason = "not_allowed"
        raise RefusedError(reason)
    yielding = sum(held.units for held in agent.work.values() if yields(held, item.rule))
    yielding += item.offer.units if item.offer is not None and item.offer.agent is agent else 0
    if not has_room(floor, agent, item, yielding):
        reason = "no_capacity"
        raise RefusedError(reason)
    stop_offered(floor, item, WithdrawReason.REROUTED)
    floor.step_out(item)
    item.waited = floor.now - item.age_from
    make_room(floor, agent, item.rule, FULL - floor.units(agent, item))
    floor.emit(Assign(interaction=item.id, agent=agent.id))
    put_in_hand(floor, item, agent, Cause.PULLED)


def _push(floor: Floor, fact: SupervisorSet) -> None:
    """Let an item wait for one agent: offered to them as soon as they have room."""
    _waiting_item(floor, fact)
    transferred(floor, Transferred(interaction=fact.interaction or "", agent=None, to_agent=fact.agent))


def _force_release(floor: Floor, fact: SupervisorSet) -> None:
    """End a contact an agent has."""
    item = floor.item(fact.interaction or "")
    if item.agent is None:
        reason = "bad_state"
        raise RefusedError(reason)
    finish(floor, item, WorkEnded(interaction=item.id, ended_by=EndedBy.SYSTEM, skip_wrapup=True))


def _drain(floor: Floor, fact: SupervisorSet) -> None:
    """Give an agent, or let into a line, nothing new (`value` false: again)."""
    if fact.line is not None:
        mode = "calendar" if fact.value is False else "drain"
        line_set(floor, LineSet(actor=fact.actor, line=fact.line, mode=mode))
        return
    agent = floor.agent(fact.agent or "")
    if not isinstance(fact.value, bool | None):
        reason = "bad_value"
        raise RefusedError(reason)
    agent.draining = fact.value is not False
    floor.touch(agent)
    if agent.draining:
        withdraw_all(floor, agent, WithdrawReason.DRAINED)


def _intent(floor: Floor, fact: SupervisorSet) -> None:
    """Set an agent's intent at once; `value` is the intent, or `{intent, reason}`."""
    agent = floor.agent(fact.agent or "")
    value: Any = fact.value
    wanted = value if isinstance(value, Mapping) else {"intent": value}
    intent = read_intent(floor, wanted.get("intent"), wanted.get("reason"))
    if intent is Intent.READY and not agent.signed_in:
        reason = "not_allowed"
        raise RefusedError(reason)
    set_intent(floor, agent, intent, wanted.get("reason") if intent is Intent.NOT_READY else None)
    if intent is not Intent.READY:
        withdraw_all(floor, agent, WithdrawReason.REROUTED)


MAX_SHORT = 200
ACTS: dict[str, Callable[[Floor, SupervisorSet], None]] = {
    "priority": _priority,
    "skills": _skills,
    "requeue": _requeue,
    "pull": _pull,
    "push": _push,
    "force_release": _force_release,
    "drain": _drain,
    "intent": _intent,
}
"""Action → how it is done."""
