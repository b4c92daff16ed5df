"""Agents come, go, choose an intent, and show that their console is alive."""

from __future__ import annotations

from contactd.core.agent import SYSTEM_REASONS, Health, Intent
from contactd.core.effects import Alert, Overseen
from contactd.core.events import AgentConfigured, ConsoleLost, ConsoleSeen, IntentSet, ServiceTold
from contactd.core.interaction import Cause, SegmentReason, State
from contactd.core.offer import OfferOutcome, WithdrawReason
from contactd.routing.attendance import somebody_came, somebody_left
from contactd.routing.faces import show
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import back_in_line, go_away, in_contact, leave, release_personal, set_intent
from contactd.routing.offers import end_offer, withdraw_all
from contactd.routing.state import Agent


def configured(floor: Floor, fact: AgentConfigured) -> None:
    """An agent exists with these abilities, or exists no more."""
    agent = floor.agents.get(fact.agent)
    if fact.removed:
        _remove(floor, floor.agent(fact.agent))
        return
    if agent is None:
        agent = new_agent(floor, fact.agent)
    skills = tuple(sorted(dict(fact.skills).items()))
    profile = floor.index.profile(skills, tuple(sorted(fact.lines)), tuple(sorted(fact.languages)))
    before = agent.profile
    if profile is not before:
        floor.index.leave(agent)
        profile.members[agent.id] = agent
        profile.come(int(agent.present))
        agent.profile = profile
        somebody_left(floor, before)
        release_personal(floor, agent)
        if agent.signed_in:
            somebody_came(floor, profile)
    agent.removed = False
    agent.skills, agent.lines, agent.languages = skills, tuple(sorted(fact.lines)), tuple(sorted(fact.languages))
    agent.capacity = {channel: min(max(units, 1), 100) for channel, units in sorted(fact.capacity)}
    agent.device = fact.device
    floor.look_at(agent)


def new_agent(floor: Floor, name: str) -> Agent:
    """Make an agent who can nothing yet and is signed out."""
    agent = Agent(id=name, profile=floor.index.profile((), (), ()))
    agent.profile.members[name] = agent
    agent.shown = show(agent)
    floor.agents[name] = agent
    return agent


def _remove(floor: Floor, agent: Agent) -> None:
    """An agent is struck off: offers and digital work go back to the others; a call goes on to its end."""
    set_intent(floor, agent, Intent.LOGGED_OUT, None)
    agent.removed = True
    floor.touch(agent)
    withdraw_all(floor, agent, WithdrawReason.REROUTED)
    parked = [item for item in floor.items.values() if item.state is State.PARKED and item.agent == agent.id]
    for item in parked:
        back_in_line(floor, item, Cause.DUE, SegmentReason.RETURN)
    for item in list(agent.work.values()):
        if item.state in (State.ACTIVE, State.HELD) and not item.rule.connects:
            back_in_line(floor, item, Cause.AGENT_LOST, SegmentReason.AGENT_LOST)
    if not agent.work and agent.id in floor.agents:
        leave(floor, agent)


def intent_set(floor: Floor, fact: IntentSet) -> None:
    """An agent chose ready, not ready or signed out; in a contact the choice waits for its end."""
    agent = floor.agent(fact.agent)
    intent = read_intent(floor, fact.intent, fact.reason)
    if agent.health is Health.LOST and intent is Intent.READY:
        reason = "not_connected"
        raise RefusedError(reason)
    if fact.actor is None and intent is Intent.NOT_READY:
        _may_leave(floor, agent, fact.reason)
    agent.misses.clear()
    change_intent(floor, agent, intent, fact.reason if intent is Intent.NOT_READY else None)
    if fact.actor is not None:
        floor.emit(Overseen(actor=fact.actor, action="intent", agent=agent.id, value=fact.intent))


def _may_leave(floor: Floor, agent: Agent, reason: str | None) -> None:
    """Refuse a break that a supervisor must agree to, for which too many are away, or customers wait; they may grant it."""
    rule = floor.policy.reasons.get(reason or "")
    if rule is None or agent.counted_away == (rule.code, agent.lines):
        return
    if rule.approval:
        word = "approval_needed"
        raise RefusedError(word)
    if rule.most is not None and floor.away.count(rule.code, agent.lines) >= rule.most:
        word = "break_full"
        raise RefusedError(word)
    if rule.min_service and _served(floor, agent) < rule.min_service:
        word = "break_service"
        raise RefusedError(word)


def _served(floor: Floor, agent: Agent) -> float:
    """Return the lowest service level of an agent's lines that is known, as a part of 1."""
    levels = floor.service.items()
    return min((level for line, level in levels if "*" in agent.lines or line in agent.lines), default=1.0)


def service_told(floor: Floor, fact: ServiceTold) -> None:
    """Take over how a line serves its customers at present."""
    if fact.line not in floor.policy.lines:
        reason = "unknown_line"
        raise RefusedError(reason)
    if fact.level is None:
        floor.service.pop(fact.line, None)
    else:
        floor.service[fact.line] = fact.level


def read_intent(floor: Floor, intent: str | None, reason: str | None) -> Intent:
    """Return a chosen intent, or refuse an unknown one or an unknown reason."""
    if intent is None or intent not in tuple(Intent):
        word = "unknown_intent"
        raise RefusedError(word)
    if reason is not None and (reason in SYSTEM_REASONS or reason not in floor.policy.reasons):
        word = "unknown_reason"
        raise RefusedError(word)
    return Intent(intent)


def change_intent(floor: Floor, agent: Agent, intent: Intent, reason: str | None) -> None:
    """Let a choice apply now or after the contact."""
    if intent is not Intent.READY and in_contact(agent) and agent.intent is not Intent.LOGGED_OUT:
        same = agent.intent is intent and agent.reason == reason
        agent.next_intent, agent.next_reason = (None, None) if same else (intent, reason)
        floor.touch(agent)
        _take_back_declinable(floor, agent)
        return
    set_intent(floor, agent, intent, reason)
    if intent is not Intent.READY:
        _take_back_declinable(floor, agent)


def _take_back_declinable(floor: Floor, agent: Agent) -> None:
    """An agent who stops taking work loses the offers they could have declined."""
    if agent.routable:
        return
    for offer in list(agent.offers.values()):
        if offer.item.rule.may_reject or agent.intent is Intent.LOGGED_OUT:
            end_offer(floor, offer, OfferOutcome.WITHDRAWN, WithdrawReason.REROUTED)


def console_seen(floor: Floor, fact: ConsoleSeen) -> None:
    """A console is alive: its agent is healthy again.  One who was lost stays not ready until they say otherwise."""
    agent = floor.agent(fact.agent)
    first = agent.seen is None or agent.health is not Health.OK
    agent.seen = floor.now
    if agent.health is not Health.OK:
        agent.health = Health.OK
        if agent.intent is not Intent.LOGGED_OUT:
            agent.away = 0
        floor.touch(agent)
    if first:
        floor.watch(agent)


def console_lost(floor: Floor, fact: ConsoleLost) -> None:
    """A console's connection broke: its agent gets nothing new, and is lost unless seen again in time."""
    agent = floor.agent(fact.agent)
    if agent.seen is None:
        agent.seen = floor.now
    if agent.health is Health.OK:
        agent.health = Health.LAGGING
        floor.touch(agent)
        floor.watch(agent)


def judge_health(floor: Floor, name: str) -> None:
    """A console has been silent too long: lagging, then lost."""
    agent = floor.agents[name]
    if agent.health is Health.OK:
        agent.health = Health.LAGGING
        floor.touch(agent)
        floor.watch(agent)
        return
    agent.health = Health.LOST
    if agent.intent is not Intent.LOGGED_OUT:
        set_intent(floor, agent, Intent.NOT_READY, "lost")
        go_away(floor, agent)
    floor.touch(agent)
    withdraw_all(floor, agent, WithdrawReason.AGENT_LOST)


def break_overrun(floor: Floor, name: str) -> None:
    """A break has become too long: a supervisor is told, the agent stays as they are."""
    agent = floor.agents[name]
    floor.emit(Alert(kind="break_overrun", agent=name, detail=agent.reason))
