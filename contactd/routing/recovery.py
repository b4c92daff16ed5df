"""After a start: what stood in the store is fed in again, as if it had been lived through.

Order: items in line (reason `restart`), agents' abilities, work in hand, offers that still stand, outside work, and last the
agents' own state.  Nothing is scheduled meanwhile: that begins with the next tick, which is due at once, or any other fact.
"""

from __future__ import annotations

from contactd.clock import to_ms
from contactd.core.agent import Health, Intent
from contactd.core.errors import ConfigError
from contactd.core.events import AgentRestored, OfferRestored, PolicyPublished, WorkRestored
from contactd.core.interaction import State
from contactd.routing.arrivals import sorted_skills
from contactd.routing.course import follow
from contactd.routing.deadlines import Due
from contactd.routing.faces import show
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import set_intent, watch_break, watch_return
from contactd.routing.hours import open_gates
from contactd.routing.limits import Limits
from contactd.routing.owed import Owed
from contactd.routing.policy import Policy
from contactd.routing.presence import new_agent
from contactd.routing.state import Agent, Item, LiveOffer

_IN_HAND = (State.ACTIVE, State.HELD, State.WRAPUP, State.PARKED)
_STANDING = 7


def work_restored(floor: Floor, fact: WorkRestored) -> None:
    """An agent has had this item since before the start; an agent nobody knows is taken for one who was struck off."""
    if fact.interaction in floor.items:
        reason = "known_interaction"
        raise RefusedError(reason)
    if fact.state not in _IN_HAND:
        reason = "bad_state"
        raise RefusedError(reason)
    agent = floor.agents.get(fact.agent) or _struck_off(floor, fact.agent)
    line = floor.policy.lines.get(fact.line) or floor.policy.lines[floor.policy.default_line]
    since = to_ms(fact.since)
    waited = round(fact.waited.total_seconds() * 1000)
    item = Item(
        id=fact.interaction,
        channel=fact.channel,
        line=line,
        rule=floor.policy.rule(line.name, fact.channel),
        state=State(fact.state),
        since=since,
        queued_at=to_ms(fact.queued_at),
        age_from=since - waited,
        waited=waited,
        priority=fact.priority,
        skills=sorted_skills(fact.skills),
        party=fact.party,
        contact=fact.contact,
        vip=fact.vip,
        language=fact.language,
        agent=agent.id,
        until=to_ms(fact.until) if fact.until is not None else None,
        interrupted=fact.interrupted,
        hops=fact.hops,
        outcome=fact.outcome,
        ended_by=fact.ended_by,
        disposition=fact.disposition,
        extended=fact.extended,
        step=max(fact.step, 0),
        step_since=to_ms(fact.step_since or fact.queued_at),
        skips={agent: None if until is None else to_ms(until) for agent, until in fact.skip_agents},
        entered_as=fact.entered_as,
        delivering=fact.state == State.ACTIVE,
    )
    follow(item, fact.course)
    item.units = floor.units(agent, item)
    floor.enter(item)
    if item.until is not None:
        floor.deadlines.add(item.until, Due.PARK if item.state is State.PARKED else Due.WRAPUP, item.id)
    if item.state is not State.PARKED:
        agent.work[item.id] = item
        agent.away = agent.away or floor.now
    floor.touch(agent)
    agent.shown = show(agent)
    watch_return(floor, agent)


def _struck_off(floor: Floor, name: str) -> Agent:
    """Make an agent who was struck off while they had work that goes on to its end."""
    agent = new_agent(floor, name)
    agent.removed = True
    return agent


def offer_restored(floor: Floor, fact: OfferRestored) -> None:
    """An offer of before the start still stands: its item must stand in line, its agent be known."""
    item, agent = floor.item(fact.interaction), floor.agent(fact.agent)
    if item.state is not State.QUEUED or fact.offer in floor.offers:
        reason = "bad_state"
        raise RefusedError(reason)
    floor.step_out(item)
    expires = to_ms(fact.expires_at)
    offer = LiveOffer(fact.offer, item, agent, expires, floor.units(agent, item))
    floor.offers[offer.id] = offer
    agent.offers[item.id] = offer
    item.offer = offer
    item.state, item.since = State.OFFERED, to_ms(fact.offered_at)
    floor.deadlines.add(expires, Due.OFFER, offer.id)
    floor.touch(agent)
    agent.shown = show(agent)


def agent_restored(floor: Floor, fact: AgentRestored) -> None:
    """An agent's own state of before the start; a console that was there has the usual time to show itself."""
    agent = floor.agent(fact.agent)
    if fact.intent not in tuple(Intent) or fact.next_intent not in (None, *Intent):
        reason = "unknown_intent"
        raise RefusedError(reason)
    agent.intent = Intent.LOGGED_OUT
    set_intent(floor, agent, Intent(fact.intent), fact.reason)
    if fact.since is not None:
        agent.intent_since = to_ms(fact.since)
        watch_break(floor, agent)
    agent.next_intent = Intent(fact.next_intent) if fact.next_intent else None
    agent.next_reason = fact.next_reason
    agent.draining = fact.draining
    agent.idle_since = to_ms(fact.idle_since) if fact.idle_since is not None else agent.idle_since
    agent.misses = dict(sorted(fact.misses))
    if len(fact.standing) >= _STANDING - 1:
        agent.share, agent.given, agent.busy, agent.busy_from, agent.signed_at = fact.standing[:5]
        agent.hard_at = fact.standing[5] if len(fact.standing) == _STANDING else 0
        agent.away = fact.standing[-1]
    if agent.intent is not Intent.LOGGED_OUT:
        _watch_again(floor, agent)
    floor.look_at(agent)
    floor.limits.watch_spacing(floor, agent)
    agent.shown = show(agent)
    if agent.away:
        watch_return(floor, agent)


def _watch_again(floor: Floor, agent: Agent) -> None:
    """An agent who was lost is lost still, until their console shows itself; any other has the usual time for that."""
    if agent.away:
        agent.health = Health.LOST
    else:
        agent.seen = floor.now
        floor.watch(agent)


def published(floor: Floor, fact: PolicyPublished) -> None:
    """A new policy rules from now on: what waits is placed by it; offers and work go on."""
    try:
        policy = Policy.from_mapping(fact.policy)
    except ConfigError as error:
        reason = "bad_policy"
        raise RefusedError(reason) from error
    waiting = [item for item in floor.items.values() if item.state is State.QUEUED]
    for item in waiting:
        floor.step_out(item)
    floor.policy, floor.version = policy, fact.version
    floor.limits = Limits(policy)
    floor.service = {line: level for line, level in floor.service.items() if line in policy.lines}
    floor.expected = {line: seconds for line, seconds in floor.expected.items() if line in policy.lines}
    open_gates(floor)
    floor.renew_index()
    for item in floor.items.values():
        item.line = policy.lines.get(item.line.name) or policy.lines[policy.default_line]
        item.rule = policy.rule(item.line.name, item.channel)
    floor.owed = Owed()
    for item in floor.items.values():
        if item.rule.calls_back:
            floor.owed.add(item)
    for item in waiting:
        floor.stand(item)
    for agent in floor.agents.values():
        agent.spare_in = ()
        floor.look_at(agent)
        floor.limits.watch_spacing(floor, agent)
