"""What an agent does with work in hand: hold, resume, park, end, wrap up; and work that did not come through the router."""

from __future__ import annotations

from datetime import datetime

from contactd.clock import to_ms
from contactd.core.effects import Assign, Connect
from contactd.core.events import (
    ExternalWork,
    Held,
    Parked,
    Resumed,
    Summarised,
    Unparked,
    WorkEnded,
    WorkStarted,
    WrapupDone,
    WrapupExtended,
)
from contactd.core.interaction import Cause, Outcome, SegmentReason, State
from contactd.core.offer import OfferOutcome, WithdrawReason
from contactd.routing.deadlines import Due
from contactd.routing.faces import show
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import (
    apply_next,
    back_in_line,
    let_go,
    make_room,
    need_room,
    put_in_hand,
    resume_interrupted,
    watch_return,
)
from contactd.routing.offers import end_offer
from contactd.routing.state import FULL, MAX_VIP, Agent, Item

LONGEST_PARKED_CALL_MS = 1_800_000
"""Nobody listens to music longer; who has to wait longer is called back."""


def in_hand(floor: Floor, interaction: str, agent: str, cause: Cause) -> Item:
    """Return an item this agent has and that `cause` can move, or refuse."""
    item = floor.item(interaction)
    floor.agent(agent)
    floor.check(item, cause)
    if item.agent != agent:
        reason = "not_yours"
        raise RefusedError(reason)
    return item


def held(floor: Floor, fact: Held) -> None:
    """A contact was put on hold."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.HOLD)
    floor.move(item, Cause.HOLD)
    floor.touch(floor.agents[fact.agent])


def resumed(floor: Floor, fact: Resumed) -> None:
    """A held contact was taken up again."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.RESUME)
    agent = floor.agents[fact.agent]
    if item.interrupted or not item.rule.live:
        need_room(floor, agent, item)
    item.interrupted = False
    floor.move(item, Cause.RESUME)
    floor.look_at(agent)


def parked(floor: Floor, fact: Parked) -> None:
    """A contact was put aside; a call whose customer hears music meanwhile only for a while."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.PARK)
    until = _moment(fact.until)
    if item.rule.connects and not _may_wait(floor, item, until):
        reason = "not_allowed"
        raise RefusedError(reason)
    let_go(floor, item)
    item.agent = fact.agent
    item.until = until
    if until is not None:
        floor.deadlines.add(until, Due.PARK, item.id)
    floor.move(item, Cause.PARK)


def _may_wait(floor: Floor, item: Item, until: int | None) -> bool:
    """Say whether a call may be put aside until then: one that we connect ourselves, of a customer who is on the line."""
    ours = item.matched and item.rule.live and not item.rule.calls_back
    return ours and until is not None and until - floor.now <= LONGEST_PARKED_CALL_MS


def _moment(until: datetime | None) -> int | None:
    return None if until is None else to_ms(until)


def unparked(floor: Floor, fact: Unparked) -> None:
    """A parked contact wakes, or a customer writes on during wrap-up."""
    item = floor.item(fact.interaction)
    cause = Cause.TAKEN_UP if fact.cause == "taken_up" else Cause.CUSTOMER_WRITES
    floor.check(item, cause)
    if item.state is State.WRAPUP:
        _write_on(floor, item)
    elif cause is Cause.TAKEN_UP:
        agent = floor.agent(fact.agent or item.agent or "")
        need_room(floor, agent, item)
        item.agent = agent.id
        floor.emit(Assign(interaction=item.id, agent=agent.id))
        put_in_hand(floor, item, agent, Cause.TAKEN_UP)
        if item.rule.connects:
            item.delivering = True
            floor.emit(Connect(interaction=item.id, agent=agent.id, device=agent.device))
    else:
        wake(floor, item, Cause.CUSTOMER_WRITES)


def _write_on(floor: Floor, item: Item) -> None:
    """The customer writes on before the wrap-up is over: the contact goes on; a call cannot."""
    if item.rule.connects:
        reason = "bad_state"
        raise RefusedError(reason)
    item.until = None
    item.outcome = item.ended_by = None
    floor.move(item, Cause.CUSTOMER_WRITES)
    floor.look_at(floor.agents[item.agent or ""])


def wake(floor: Floor, item: Item, cause: Cause) -> None:
    """A parked item stands in line again, for its owner alone during the return window."""
    owner = item.agent
    item.until = None
    back_in_line(floor, item, cause, SegmentReason.RETURN)
    if not item.rule.calls_back:
        prefer(floor, item, owner, "owner", item.line.return_window_s)


def prefer(floor: Floor, item: Item, agent: str | None, kind: str, seconds: float) -> None:
    """Let an item wait for one agent, whatever skills are asked for."""
    item.prefer, item.prefer_kind, item.direct = agent, kind, True
    item.prefer_until = floor.now + round(seconds * 1000)


def ended(floor: Floor, fact: WorkEnded) -> None:
    """The contact with the customer is over."""
    item = floor.item(fact.interaction)
    if fact.agent is not None and item.agent != fact.agent:
        reason = "not_yours"
        raise RefusedError(reason)
    finish(floor, item, fact)


def finish(floor: Floor, item: Item, fact: WorkEnded) -> None:
    """End a contact: into wrap-up, or closed where the line has none."""
    if item.state is State.PARKED:
        _note_end(item, fact)
        close(floor, item, Cause.GIVEN_UP)
        return
    floor.check(item, Cause.ENDED)
    _note_end(item, fact)
    if _closes_at_once(item, fact):
        close(floor, item, Cause.ENDED_NO_WRAPUP)
        return
    seconds = item.rule.wrapup.seconds
    item.interrupted = False
    item.extended = 0
    if seconds and item.rule.wrapup.mode != "mandatory":
        item.until = floor.now + round(seconds * 1000)
        floor.deadlines.add(item.until, Due.WRAPUP, item.id)
    floor.move(item, Cause.ENDED)
    floor.touch(floor.agents[item.agent or ""])


def _note_end(item: Item, fact: WorkEnded) -> None:
    item.outcome = fact.outcome or (Outcome.ANSWERED if item.rule.live else Outcome.HANDLED)
    item.ended_by = fact.ended_by
    item.disposition = fact.disposition or item.disposition


def _closes_at_once(item: Item, fact: WorkEnded) -> bool:
    mode = item.rule.wrapup.mode
    if mode == "off":
        return True
    if not fact.skip_wrapup or mode == "timed_fixed":
        return False
    return mode != "mandatory" or item.disposition is not None


def close(floor: Floor, item: Item, cause: Cause) -> None:
    """Close an item an agent has, and free the agent."""
    item.until = None
    floor.move(item, cause)
    floor.forget(item)
    let_go(floor, item)


def wrapup_done(floor: Floor, fact: WrapupDone) -> None:
    """The agent finished wrap-up, where it may end now."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.WRAPUP_DONE)
    rule = item.rule.wrapup
    if rule.mode == "mandatory" and not (fact.disposition or item.disposition):
        reason = "disposition_needed"
        raise RefusedError(reason)
    item.disposition = fact.disposition or item.disposition
    if rule.mode == "timed_fixed" and item.until is not None and item.until > floor.now:
        return
    close(floor, item, Cause.WRAPUP_DONE)


def extended(floor: Floor, fact: WrapupExtended) -> None:
    """The agent needs more time for a wrap-up that ends by itself."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.EXTENDED)
    if item.until is None or not item.extensions:
        reason = "no_extension"
        raise RefusedError(reason)
    item.extended += 1
    item.until += round(item.rule.wrapup.seconds * 1000)
    floor.deadlines.add(item.until, Due.WRAPUP, item.id)
    floor.move(item, Cause.EXTENDED)


def summarised(floor: Floor, fact: Summarised) -> None:
    """The agent noted what a contact was about, before its end."""
    item = floor.item(fact.interaction)
    if item.agent != fact.agent:
        reason = "not_yours"
        raise RefusedError(reason)
    item.disposition = fact.disposition


def started(floor: Floor, fact: WorkStarted) -> None:
    """An agent began a contact themselves: it is in their hands, room or not."""
    agent = floor.agent(fact.agent)
    if fact.interaction in floor.items:
        reason = "known_interaction"
        raise RefusedError(reason)
    line = floor.policy.lines.get(fact.line) or floor.policy.lines[floor.policy.default_line]
    at = floor.now if fact.at is None else min(to_ms(fact.at), floor.now)
    item = Item(
        id=fact.interaction,
        channel=fact.channel,
        line=line,
        rule=floor.policy.rule(line.name, fact.channel),
        state=State.ACTIVE,
        since=at,
        queued_at=at,
        age_from=at,
        step_since=at,
        party=fact.party,
        contact=fact.contact,
        vip=min(max(fact.vip, 0), MAX_VIP),
        agent=agent.id,
    )
    floor.enter(item)
    if floor.owed:
        floor.met[item.id] = None
    make_room(floor, agent, item.rule, FULL - floor.units(agent, item))
    item.units = floor.units(agent, item)
    agent.work[item.id] = item
    floor.touch(agent)
    _take_back_over(floor, agent)
    if agent.away:
        watch_return(floor, agent)


def external(floor: Floor, fact: ExternalWork) -> None:
    """Work the router did not give began or ended on an agent's device."""
    agent = floor.agent(fact.agent)
    key = (fact.channel, fact.ref)
    if fact.on == (key in agent.external):
        reason = "bad_state"
        raise RefusedError(reason)
    if not fact.on:
        del agent.external[key]
        floor.touch(agent)
        resume_interrupted(floor, agent)
        apply_next(floor, agent)
        return
    rule = floor.policy.rule(floor.policy.default_line, fact.channel)
    agent.external[key] = agent.capacity.get(fact.channel, rule.units)
    floor.touch(agent)
    if fact.restored:
        agent.shown = show(agent)
        return
    make_room(floor, agent, rule, FULL)
    _take_back_over(floor, agent)


def _take_back_over(floor: Floor, agent: Agent) -> None:
    """Take back the latest offers of an agent who has too much in hand."""
    for offer in reversed(list(agent.offers.values())):
        if agent.used > FULL:
            end_offer(floor, offer, OfferOutcome.WITHDRAWN, WithdrawReason.REROUTED)
