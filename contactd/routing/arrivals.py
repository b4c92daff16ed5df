"""Items come into line and leave it."""

from __future__ import annotations

from contactd.clock import to_ms
from contactd.core.effects import Weighed
from contactd.core.events import Identified, InteractionArrived, InteractionGone, Skills, WorkEnded
from contactd.core.interaction import Cause, EndedBy, Outcome, SegmentReason, State
from contactd.core.offer import OfferOutcome, WithdrawReason
from contactd.routing.callbacks import missed
from contactd.routing.course import follow
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.offers import drop_offer, stop_offered
from contactd.routing.overflow import ASKED_FOR_HOURS
from contactd.routing.state import MAX_PRIORITY, MAX_REPEAT, MAX_VIP, Item
from contactd.routing.visits import look_around
from contactd.routing.work import finish

_LEAVING = {
    "junk": (Cause.JUNK, Outcome.JUNK),
    "overflow_out": (Cause.OVERFLOW_OUT, Outcome.OVERFLOW),
    "settled": (Cause.OVERFLOW_OUT, Outcome.HANDLED),
}


_ENDED_BY = {"overflow_out": EndedBy.SYSTEM, "settled": EndedBy.AGENT}


def sorted_skills(skills: Skills) -> Skills:
    """Return requirements in the one order they are compared in, levels within 1-10."""
    return tuple(sorted((skill, min(max(level, 1), 10)) for skill, level in dict(skills).items()))


def arrived(floor: Floor, fact: InteractionArrived) -> None:
    """An item stands in line; a line nobody knows any more counts as the default one."""
    if fact.interaction in floor.items:
        reason = "known_interaction"
        raise RefusedError(reason)
    line = floor.policy.lines.get(fact.line) or floor.policy.lines[floor.policy.default_line]
    queued_at = min(to_ms(fact.queued_at), floor.now) if fact.queued_at is not None else floor.now
    item = Item(
        id=fact.interaction,
        channel=fact.channel,
        line=line,
        rule=floor.policy.rule(line.name, fact.channel),
        state=State.QUEUED,
        since=queued_at,
        queued_at=queued_at,
        age_from=queued_at - to_whole_ms(fact),
        priority=min(max(fact.priority, 0), MAX_PRIORITY),
        skills=sorted_skills(fact.skills),
        party=fact.party,
        contact=fact.contact,
        vip=min(max(fact.vip, 0), MAX_VIP),
        language=fact.language,
        matched=fact.routed_by == "contactd",
        skips={agent: None if until is None else to_ms(until) for agent, until in fact.skip_agents},
        step=max(fact.step, 0),
        step_since=to_ms(fact.step_since) if fact.step_since is not None else queued_at,
        hops=fact.hops,
        disposition=fact.disposition,
        entered_as=fact.entered_as or fact.reason,
        entering=fact.reason in ASKED_FOR_HOURS,
    )
    item.repeat = min(max(fact.repeat, 0), MAX_REPEAT)
    item.untold = item.repeat > 0
    follow(item, fact.course)
    _preference(item, fact)
    floor.enter(item)
    if not item.matched and fact.state in tuple(State):
        item.state = State(fact.state)
    if item.state in (State.QUEUED, State.OFFERED):
        floor.stand(item)


def to_whole_ms(fact: InteractionArrived) -> int:
    """Return the waiting of earlier stays in milliseconds."""
    return max(round(fact.waited.total_seconds() * 1000), 0)


def _preference(item: Item, fact: InteractionArrived) -> None:
    """Note whom an item waits for: a returned or given one longer than one that only prefers somebody."""
    if fact.prefer_agent is None:
        return
    item.untold = item.untold or fact.prefer_until is None
    item.prefer = fact.prefer_agent
    item.direct = item.entered_as in (SegmentReason.RETURN, SegmentReason.TRANSFER)
    item.prefer_kind = "named" if item.entered_as == SegmentReason.TRANSFER else "owner"
    seconds = item.line.return_window_s if item.direct else item.line.prefer_s
    until = item.queued_at + round(seconds * 1000)
    item.prefer_until = to_ms(fact.prefer_until) if fact.prefer_until is not None else until


def identified(floor: Floor, fact: Identified) -> None:
    """It became known who the customer is: their level counts from now on, and what rules for such customers say."""
    item = floor.item(fact.interaction)
    if item.rule.calls_back:
        floor.owed.drop(item)
    look_around(floor, item)
    floor.visits.drop(item)
    item.party, item.vip = fact.party, min(max(fact.vip, 0), MAX_VIP)
    floor.visits.add(item)
    look_around(floor, item)
    _weigh(floor, item, fact)
    if item.rule.calls_back:
        floor.owed.add(item)
    elif floor.owed:
        floor.met[item.id] = None
    if item.state is State.QUEUED and item.matched:
        floor.unplace(item)
        floor.fresh[item.id] = None


def _weigh(floor: Floor, item: Item, fact: Identified) -> None:
    """Let an item that waits be as one of such a customer; an offer that stands is not disturbed."""
    if item.state not in (State.QUEUED, State.OFFERED) or not item.matched:
        return
    item.language = item.language or fact.language
    least = dict(item.skills)
    for skill, level in fact.skills:
        least[skill] = max(level, least.get(skill, 0))
    skills, priority = sorted_skills(tuple(least.items())), max(item.priority, min(fact.priority, MAX_PRIORITY))
    if skills != item.skills:
        item.step, item.step_since, item.untold = 0, floor.now, True
    if (priority, skills) != (item.priority, item.skills):
        item.priority, item.skills = priority, skills
        floor.emit(Weighed(interaction=item.id, priority=priority, skills=skills))
    if fact.prefer_agent is not None and item.prefer is None and item.state is State.QUEUED:
        item.prefer, item.prefer_kind, item.untold = fact.prefer_agent, "owner", True
        item.prefer_until = floor.now + round(item.line.prefer_s * 1000)


def gone(floor: Floor, fact: InteractionGone) -> None:
    """The customer left, or the item was taken out of its line."""
    item = floor.item(fact.interaction)
    if fact.cause != "customer_gone" and fact.cause not in _LEAVING:
        reason = "unknown_cause"
        raise RefusedError(reason)
    if not item.matched:
        floor.step_out(item)
        floor.forget(item)
    elif item.state in (State.QUEUED, State.OFFERED):
        _leave_line(floor, item, fact)
    else:
        outcome = fact.outcome or {"junk": Outcome.JUNK, "settled": Outcome.HANDLED}.get(fact.cause)
        by = _ENDED_BY.get(fact.cause, EndedBy.CUSTOMER)
        finish(floor, item, WorkEnded(interaction=item.id, ended_by=by, outcome=outcome))


def _leave_line(floor: Floor, item: Item, fact: InteractionGone) -> None:
    if fact.cause == "customer_gone":
        _abandon(floor, item, fact.outcome)
        return
    cause, outcome = _LEAVING[fact.cause]
    stop_offered(floor, item, WithdrawReason.REROUTED)
    floor.step_out(item)
    item.outcome = fact.outcome or outcome
    item.ended_by = _ENDED_BY.get(fact.cause, EndedBy.SYSTEM)
    floor.move(item, cause)
    floor.forget(item)


def _abandon(floor: Floor, item: Item, outcome: str | None) -> None:
    """The customer left before anybody answered; only where a customer is there now can they leave."""
    if not item.rule.live or item.rule.calls_back:
        reason = "not_live"
        raise RefusedError(reason)
    short = floor.now - item.queued_at <= item.line.short_abandon_s * 1000
    item.outcome = outcome or (Outcome.SHORT_ABANDONED if short else Outcome.ABANDONED)
    item.ended_by = EndedBy.CUSTOMER
    if item.offer is not None:
        drop_offer(floor, item.offer, OfferOutcome.WITHDRAWN, WithdrawReason.CUSTOMER_GONE)
    else:
        floor.step_out(item)
    floor.move(item, Cause.CUSTOMER_GONE)
    if item.outcome == Outcome.ABANDONED:
        missed(floor, item)
    floor.forget(item)
