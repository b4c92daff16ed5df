"""Rows of the store turned back into what stands in memory, and into the facts a new router is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contactd.clock import from_ms
from contactd.core.agent import Health, Intent
from contactd.core.effects import Offer
from contactd.core.events import STRAIGHT, AgentRestored, InteractionArrived, WorkRestored
from contactd.core.interaction import State
from contactd.core.journal import decode_decision
from contactd.core.segment import Segment, begin
from contactd.crm_store.said_rows import Said
from contactd.desk.book import Entry
from contactd.desk.roster import Member
from contactd.desk.rows import read_course

IN_LINE = frozenset({State.QUEUED, State.OFFERED})


def routed(entry: Entry) -> bool:
    """Say whether contactd routes it."""
    return entry.routed_by == "contactd"


def in_hand(entry: Entry) -> bool:
    """Say whether an agent has it, given by contactd."""
    return bool(entry.agent) and entry.state not in IN_LINE and routed(entry)


def told_as_arrival(entry: Entry) -> bool:
    """Say whether a new router is told of it as something that stands in line, or is only counted."""
    return entry.state in IN_LINE or not routed(entry)


def live(row: Any) -> tuple[Offer, datetime]:
    """Return an offer that still stands, with the moment it was made."""
    offer = Offer(
        offer=row.id,
        lease=row.lease,
        interaction=row.interaction_id,
        agent=row.agent,
        channel=row.channel,
        line=row.line,
        expires_at=row.expires_at,
        decision=decode_decision(row.decision),
    )
    return offer, row.offered_at


def sla(channels: Any) -> float | None:
    """Return the target a line shows: the strictest of its live channels."""
    return min((rule.sla_s for rule in channels.values() if rule.live), default=None)


def member(row: Any, skills: list[tuple[str, int]], lines: list[str]) -> Member:
    """Return an agent's profile with the routing state that was stored."""
    return Member(
        id=row.id,
        name=row.display_name or row.name,
        username=row.name,
        role=row.role,
        skills=tuple(skills),
        lines=tuple(lines),
        languages=tuple(row.languages or ()),
        capacity=tuple(sorted((row.capacity or {}).items())),
        device=row.device or None,
        team=row.team,
        intent=row.intent or "logged_out",
        reason=row.reason,
        intent_since=row.intent_since,
        since=row.intent_since,
        saved=AgentRestored(
            agent=row.id,
            intent=row.intent or "logged_out",
            reason=row.reason,
            next_intent=row.next_intent,
            next_reason=row.next_reason,
            idle_since=row.idle_since,
            misses=tuple((channel, count) for channel, count in row.misses or ()),
            standing=tuple(row.standing or ()),
            since=row.intent_since,
            draining=bool(row.draining),
        ),
        draining=bool(row.draining),
    )


def settle(member: Member) -> None:
    """Say what an agent does, by what stands in the store; a console that is not back yet is given time."""
    states = {str(entry.state) for entry in member.work.values()}
    member.health = Health.LOST if _lost(member) else Health.OK
    member.state = "ready" if member.intent == "ready" else member.intent
    for state, word in (("active", "talking"), ("held", "held"), ("wrapup", "wrapup")):
        if state in states and member.intent != "logged_out":
            member.state = word
            break
    if _lost(member):
        member.state = "lost"
    slots: dict[tuple[str, str], int] = {}
    for entry in member.work.values():
        slots[entry.channel, str(entry.state)] = slots.get((entry.channel, str(entry.state)), 0) + 1
    member.slots = tuple((channel, state, count) for (channel, state), count in sorted(slots.items()))


def _lost(member: Member) -> bool:
    """Say whether an agent went away without signing out: the last of the router's counters says since when."""
    standing = member.saved.standing if member.saved else ()
    return bool(standing and standing[-1]) and member.intent != Intent.LOGGED_OUT


def entry(row: Any, stays: list[Any], said: Said) -> Entry:
    """Return an open interaction with its present segment and the sums of the earlier ones."""
    entry = Entry(
        id=row.id,
        channel=row.channel,
        adapter=row.adapter,
        external_key=row.external_key,
        direction=row.direction,
        line=row.line,
        state=row.state,
        state_since=row.state_since,
        segment=segment(stays[-1], row) if stays else begin(1, row.line, "arrival", row.started_at, row.state),
        priority=row.priority,
        skills=tuple((skill, level) for skill, level in row.skills or ()),
        subject=row.subject,
        sender=row.raw_from,
        recipient=row.raw_to,
        queued_at=row.queued_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        party=row.party_id,
        resolve_state=row.resolve_state,
        unverified=row.unverified,
        customer_name=row.customer_name or row.from_name,
        vip=row.vip,
        agent=row.agent,
        outcome=row.outcome,
        ended_by=row.ended_by,
        thread=row.thread_id,
        case_id=row.case_id,
        parent_id=row.parent_id,
        routed_by=row.routed_by,
        line_text=row.line_text,
        agent_text=row.agent_text,
        language=row.lang,
        disposition=row.disposition,
        wrapup_until=row.wrapup_until,
        parked_until=row.parked_until,
        unread=said.unread,
        unanswered_since=said.since,
        last_message=said.last,
        contact=row.contact_point_id,
    )
    for stay in stays[:-1]:
        entry.bank(segment(stay, row))
    return entry


def segment(stay: Any, row: Any) -> Segment:
    """Return a stored segment; the running clock is the interaction's."""
    return Segment(
        n=stay.n,
        line=stay.line,
        reason=stay.reason,
        entered_at=stay.entered_at,
        state=row.state,
        since=row.state_since,
        offered_at=stay.offered_at,
        answered_at=stay.answered_at,
        ended_at=stay.ended_at,
        agent=stay.agent,
        outcome=stay.outcome,
        disposition=stay.disposition,
        wait=span(stay.wait_ms),
        ring=span(stay.ring_ms),
        talk=span(stay.talk_ms),
        hold=span(stay.hold_ms),
        wrap=span(stay.wrap_ms),
    )


def span(milliseconds: int) -> timedelta:
    """Return stored milliseconds as a duration."""
    return timedelta(milliseconds=milliseconds)


def waited(entry: Entry, stood: Any) -> timedelta:
    """Return the waiting time of earlier segments, and of the interaction it goes on for."""
    return entry.earlier.get("wait", timedelta()) + before(stood)


def before(stood: Any) -> timedelta:
    """Return what the customer had waited in an earlier interaction."""
    return span(stood.waited_ms) if stood else timedelta()


def arrival(entry: Entry, stood: Any) -> InteractionArrived:
    """Return the fact that puts a waiting item back where it stood."""
    return InteractionArrived(
        interaction=entry.id,
        channel=entry.channel,
        line=entry.line,
        priority=entry.priority,
        skills=entry.skills,
        queued_at=entry.segment.entered_at,
        waited=waited(entry, stood),
        party=entry.party,
        contact=entry.contact,
        vip=entry.vip,
        language=entry.language,
        thread=entry.thread,
        direction=entry.direction,
        routed_by=entry.routed_by,
        reason="restart",
        step=stood.step if stood else 0,
        step_since=stood.step_since if stood else None,
        skip_agents=skips(stood),
        prefer_agent=stood.preferred_agent if stood else None,
        prefer_until=stood.preferred_until if stood else None,
        hops=stood.hops if stood else 0,
        state=State.QUEUED if routed(entry) else str(entry.state),
        disposition=entry.disposition,
        entered_as=str(entry.segment.reason),
        course=read_course(stood.course) if stood else STRAIGHT,
    )


def skips(stood: Any) -> tuple[tuple[str, datetime | None], ...]:
    """Return the agents an item is to pass by, each until when (None = for good)."""
    stored = stood.skips if stood else ()
    return tuple((agent, None if until is None else from_ms(until)) for agent, until in stored)


def work(entry: Entry, stood: Any, *, interrupted: bool) -> WorkRestored:
    """Return the fact that gives an agent back what they had."""
    until: datetime | None = entry.wrapup_until or entry.parked_until
    return WorkRestored(
        interaction=entry.id,
        channel=entry.channel,
        line=entry.line,
        agent=entry.agent or "",
        state=str(entry.state),
        since=entry.state_since,
        queued_at=entry.segment.entered_at,
        waited=entry.total("wait") + before(stood),
        priority=entry.priority,
        skills=entry.skills,
        party=entry.party,
        contact=entry.contact,
        vip=entry.vip,
        until=until,
        language=entry.language,
        interrupted=interrupted,
        hops=stood.hops if stood else 0,
        outcome=entry.outcome,
        ended_by=entry.ended_by,
        disposition=entry.disposition,
        extended=entry.extended,
        step=stood.step if stood else 0,
        step_since=stood.step_since if stood else None,
        skip_agents=skips(stood),
        entered_as=str(entry.segment.reason),
        course=read_course(stood.course) if stood else STRAIGHT,
    )
