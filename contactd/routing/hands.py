"""What is in an agent's hands: taking work, letting it go, interrupting it; and what that means for the agent's intent."""

from __future__ import annotations

from contactd.core.agent import Intent
from contactd.core.effects import Requeue
from contactd.core.interaction import Cause, SegmentReason, State
from contactd.routing.attendance import somebody_left
from contactd.routing.deadlines import Due
from contactd.routing.faces import agent_state, show
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.line import ChannelRule
from contactd.routing.state import FULL, Agent, Item, return_due, yields


def put_in_hand(floor: Floor, item: Item, agent: Agent, cause: Cause) -> None:
    """Give an item to an agent: it is active from now on."""
    item.agent = agent.id
    item.units = floor.units(agent, item)
    item.until = None
    item.interrupted = False
    agent.work[item.id] = item
    floor.move(item, cause)
    floor.touch(agent)
    if agent.away:
        watch_return(floor, agent)


def make_room(floor: Floor, agent: Agent, rule: ChannelRule, room: int) -> None:
    """Interrupt active work that yields under a channel's rule, the latest first, until at most `room` units are in use."""
    for held in reversed(list(agent.work.values())):
        if agent.used <= room:
            return
        if yields(held, rule):
            held.interrupted = True
            floor.move(held, Cause.INTERRUPTED)
            floor.touch(agent)


def has_room(floor: Floor, agent: Agent, item: Item, yielding: int = 0) -> bool:
    """Say whether an agent's free capacity, with what would give way, is enough for an item that does not count yet."""
    return agent.used - yielding + floor.units(agent, item) <= FULL


def need_room(floor: Floor, agent: Agent, item: Item) -> None:
    """Refuse when there is no room."""
    if not has_room(floor, agent, item):
        reason = "no_capacity"
        raise RefusedError(reason)


def let_go(floor: Floor, item: Item) -> None:
    """Take an item out of its agent's hands; what it interrupted comes back, a chosen next intent may now apply."""
    agent = floor.agents.get(item.agent or "")
    item.agent = None
    item.interrupted = item.shielded = False
    item.until = None
    if agent is None or agent.work.pop(item.id, None) is None:
        return
    agent.idle_since = floor.now
    if item.line.hard_spacing_s:
        agent.hard_at = floor.now
        floor.limits.watch_spacing(floor, agent)
    floor.touch(agent)
    resume_interrupted(floor, agent)
    apply_next(floor, agent)
    if agent.removed and not agent.work:
        leave(floor, agent)


def leave(floor: Floor, agent: Agent) -> None:
    """Strike out an agent who was removed and has nothing left; should they come back, they begin anew."""
    agent.reason, agent.idle_since, agent.draining = None, None, False
    agent.share = agent.given = agent.busy = agent.busy_from = agent.signed_at = agent.away = agent.hard_at = 0
    agent.misses.clear()
    floor.emit(agent_state(agent, show(agent), "removed", None))
    floor.index.leave(agent)
    floor.dirty.pop(agent.id, None)
    del floor.agents[agent.id]


def resume_interrupted(floor: Floor, agent: Agent) -> None:
    """Let interrupted work come back, as far as there is room."""
    for held in list(agent.work.values()):
        if held.interrupted and has_room(floor, agent, held):
            held.interrupted = False
            floor.move(held, Cause.RESUME)
            floor.touch(agent)


def in_contact(agent: Agent) -> bool:
    """Say whether the agent is in a contact that a change of intent waits for.

    That is a customer who is there now, wrap-up, a call of any kind, or a ringing that may not be declined.  Deferred work
    waits for nobody: it lies on the desk while its agent is away.
    """
    if agent.external:
        return True
    if any(not offer.item.rule.may_reject for offer in agent.offers.values()):
        return True
    return any(item.rule.live or item.state is State.WRAPUP for item in agent.work.values())


def apply_next(floor: Floor, agent: Agent) -> None:
    """Let a chosen next intent apply once the contact is over."""
    if agent.next_intent is None or in_contact(agent):
        return
    intent, reason = agent.next_intent, agent.next_reason
    set_intent(floor, agent, intent, reason)


def set_intent(floor: Floor, agent: Agent, intent: Intent, reason: str | None) -> None:
    """Let an intent apply now.  Offers are the caller's to withdraw; work of those who leave waits the return window."""
    was_in = agent.intent is not Intent.LOGGED_OUT
    changed = agent.intent is not intent or agent.reason != reason
    agent.intent, agent.reason = intent, reason
    agent.next_intent = agent.next_reason = None
    if changed:
        agent.intent_since = floor.now
    if intent is Intent.LOGGED_OUT:
        if was_in:
            agent.idle_since = None
            go_away(floor, agent)
    elif not was_in:
        agent.away = 0
        agent.busy = 0
        agent.signed_at = floor.now
    if intent is Intent.READY and agent.idle_since is None:
        agent.idle_since = floor.now
    floor.touch(agent)
    if changed:
        watch_break(floor, agent)


def watch_break(floor: Floor, agent: Agent) -> None:
    """Note when a break becomes too long."""
    if agent.intent is not Intent.NOT_READY or agent.reason is None:
        return
    reason = floor.policy.reasons.get(agent.reason)
    if reason is not None and reason.max_s:
        at = agent.intent_since + round(reason.max_s * 1000)
        if at > floor.now:
            floor.deadlines.add(at, Due.BREAK, agent.id, agent.intent_since)


def go_away(floor: Floor, agent: Agent) -> None:
    """An agent is lost or signed out: what waits for them goes to the others, their digital work waits the return window."""
    agent.away = floor.now
    release_personal(floor, agent)
    floor.note_presence(agent)
    somebody_left(floor, agent.profile)
    watch_return(floor, agent)


def release_personal(floor: Floor, agent: Agent) -> None:
    """Let what waits for an agent be offered to everybody."""
    for item in list(agent.personal.values()):
        floor.unplace(item)
        floor.fresh[item.id] = None


def watch_return(floor: Floor, agent: Agent) -> None:
    """Note until when each digital item waits for its vanished agent."""
    for item in agent.work.values():
        if not item.rule.connects:
            floor.deadlines.add(return_due(agent, item), Due.RETURN, item.id, agent.away)


def give_back(floor: Floor, interaction: str) -> None:
    """The return window is over: the item goes back in line, or its wrap-up ends."""
    item = floor.items[interaction]
    if item.state is State.WRAPUP:
        item.until = None
        floor.move(item, Cause.WRAPUP_DONE)
        floor.forget(item)
        let_go(floor, item)
        return
    back_in_line(floor, item, Cause.AGENT_LOST, SegmentReason.AGENT_LOST)


def back_in_line(floor: Floor, item: Item, cause: Cause, reason: SegmentReason, giver: str | None = None) -> None:
    """Put what an agent had back in line as a new stay, its waiting so far kept."""
    let_go(floor, item)
    item.age_from = floor.now - item.waited
    item.begin_stay(floor.now, reason)
    floor.emit(Requeue(interaction=item.id, line=item.line.name, reason=reason))
    floor.move(item, cause, giver)
    floor.stand(item)
