"""Recovery: book, roster and router read back from the store.  Start, crash and error are this one path.

What a router needs again is fed to it as facts, in a fixed order: items in line, agents, the work they have in hand, offers that
still stand, outside work, and last what each agent had chosen.  Nothing in the store is changed by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import Clock, from_ms
from contactd.core.effects import Offer
from contactd.core.events import (
    AgentRestored,
    ExternalWork,
    Fact,
    InteractionArrived,
    OfferRestored,
    WorkRestored,
)
from contactd.core.interaction import State
from contactd.core.journal import decode_decision
from contactd.core.segment import Segment, begin
from contactd.crm_store import recovery_rows
from contactd.crm_store.store import Store
from contactd.desk.book import Book, Entry
from contactd.desk.changes import (
    AgentChanged,
    Changed,
    DayFigures,
    DayStarted,
    InteractionUpsert,
    LineSettings,
    PolicyChanged,
)
from contactd.desk.roster import Member, Roster
from contactd.desk.rules import Rules
from contactd.desk.views import Views
from contactd.routing.router import Router

IN_LINE = frozenset({State.QUEUED, State.OFFERED})


@dataclass(frozen=True, slots=True)
class Restored:
    """A router that has been told nothing yet, and the facts to tell it, in order."""

    router: Router
    facts: list[Fact]
    offers: list[tuple[Offer, datetime]]
    """Offers that still stand, for the ledger, with the moment each was made."""


class Recovery:
    """Reads the router's memory back."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        book: Book,
        roster: Roster,
        rules: Rules,
        views: Views,
        epoch: Callable[[], int],
    ) -> None:
        """Fill `book`, `roster` and `views` anew at each `rebuild`."""
        self._store = store
        self._clock = clock
        self._book = book
        self._roster = roster
        self._rules = rules
        self._views = views
        self._epoch = epoch

    async def rebuild(self) -> Restored:
        """Read everything back; return a new router and what it must be told."""
        await self._load_roster()
        await self._load_book()
        seq = await self._store.read(recovery_rows.last_seq)
        standing = await self._store.read(recovery_rows.standing)
        offers = await self._store.read(recovery_rows.live_offers)
        router = Router(self._rules.policy, version=self._rules.version, epoch=self._epoch(), seq=seq + 1)
        return Restored(router, self._facts(standing, offers), [_live(row) for row in offers])

    async def show(self) -> None:
        """Show consoles everything anew, after the router has been told."""
        now = self._clock.now()
        midnight = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        rows = await self._store.read(lambda conn: recovery_rows.day_figures(conn, midnight))
        changes: list[Changed] = [self.policy_shown(), DayStarted(figures=tuple(self._figures(rows)))]
        changes += [AgentChanged(view=member.view()) for member in self._roster]
        changes += [InteractionUpsert(view=entry.view()) for entry in self._book]
        self._views.clear()
        self._views.apply(changes, now)

    def policy_shown(self) -> PolicyChanged:
        """Return what consoles are told of the policy."""
        lines = tuple(
            LineSettings(line=name, label=dict(line.label), sla_s=_sla(line.channels))
            for name, line in self._rules.policy.lines.items()
        )
        return PolicyChanged(version=self._rules.version, lines=lines)

    async def member(self, agent: str) -> Member | None:
        """Read one agent's profile; None when there is no such agent (any more)."""
        return next((one for one in await self._members() if one.id == agent), None)

    async def entry(self, interaction: str) -> Entry | None:
        """Read one open interaction."""
        row = await self._store.read(lambda conn: recovery_rows.one_open(conn, interaction))
        if row is None:
            return None
        stays = await self._store.read(lambda conn: recovery_rows.segments(conn, interaction))
        last = await self._store.read(lambda conn: recovery_rows.last_lines(conn, interaction))
        return self._entry(row, stays.get(interaction, []), last.get(interaction))

    async def _load_roster(self) -> None:
        members = await self._members()
        self._roster.clear()
        for member in members:
            self._roster.put(member)

    async def _members(self) -> list[Member]:
        rows = await self._store.read(recovery_rows.agents)
        skills = await self._store.read(recovery_rows.agent_skills)
        lines = await self._store.read(recovery_rows.agent_lines)
        return [_member(row, skills.get(row.id, []), lines.get(row.id, [])) for row in rows]

    async def _load_book(self) -> None:
        rows = await self._store.read(recovery_rows.open_work)
        stays = await self._store.read(recovery_rows.segments)
        last = await self._store.read(recovery_rows.last_lines)
        self._book.clear()
        for row in rows:
            entry = self._entry(row, stays.get(row.id, []), last.get(row.id))
            self._book.add(entry)
            member = self._roster.get(entry.agent)
            if member is not None:
                member.work[entry.id] = entry

    def _entry(self, row: Any, stays: list[Any], last: str | None) -> Entry:
        entry = _entry(row, stays, last)
        entry.live = self._rules.rule(entry.line, entry.channel).live
        return entry

    def _facts(self, standing: Mapping[str, Any], offers: list[Any]) -> list[Fact]:
        """Return what a new router is told, in the order `routing.recovery` asks for."""
        entries = list(self._book)
        facts: list[Fact] = [
            _arrival(entry, standing.get(entry.id)) for entry in entries if entry.state in IN_LINE or not _routed(entry)
        ]
        facts += [member.configured() for member in self._roster]
        facts += [_work(entry, standing.get(entry.id)) for entry in entries if _in_hand(entry)]
        facts += [
            OfferRestored(
                offer=row.id,
                interaction=row.interaction_id,
                agent=row.agent,
                offered_at=row.offered_at,
                expires_at=row.expires_at,
            )
            for row in offers
        ]
        facts += [
            ExternalWork(agent=entry.agent, channel=entry.channel, on=True, ref=entry.id)
            for entry in entries
            if entry.agent and not _routed(entry) and entry.state not in IN_LINE
        ]
        facts += [member.restored() for member in self._roster]
        return facts

    def _figures(self, rows: Iterable[Any]) -> list[DayFigures]:
        answered: dict[str, list[int]] = {}
        for row in rows:
            target = self._rules.rule(row.line, row.channel).sla_s
            sums = answered.setdefault(row.line, [0, 0, 0])
            if row.answered_at is not None:
                sums[0] += 1
                sums[1] += row.wait_ms <= target * 1000
            sums[2] += row.outcome == "abandoned"
        return [
            DayFigures(line=line, answered=sums[0], within=sums[1], abandoned=sums[2])
            for line, sums in sorted(answered.items())
        ]


def _routed(entry: Entry) -> bool:
    return entry.routed_by == "contactd"


def _in_hand(entry: Entry) -> bool:
    return bool(entry.agent) and entry.state not in IN_LINE and _routed(entry)


def _live(row: Any) -> tuple[Offer, datetime]:
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


def _sla(channels: Any) -> float | None:
    """Return the target a line shows: the strictest of its live channels."""
    return min((rule.sla_s for rule in channels.values() if rule.live), default=None)


def _member(row: Any, skills: list[tuple[str, int]], lines: list[str]) -> Member:
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
        ),
    )


def _entry(row: Any, stays: list[Any], last: str | None) -> Entry:
    entry = Entry(
        id=row.id,
        channel=row.channel,
        adapter=row.adapter,
        external_key=row.external_key,
        direction=row.direction,
        line=row.line,
        state=row.state,
        state_since=row.state_since,
        segment=_segment(stays[-1], row) if stays else begin(1, row.line, "arrival", row.started_at, row.state),
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
        last_message=last,
    )
    for stay in stays[:-1]:
        entry.bank(_segment(stay, row))
    return entry


def _segment(stay: Any, row: Any) -> Segment:
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
        wait=_span(stay.wait_ms),
        ring=_span(stay.ring_ms),
        talk=_span(stay.talk_ms),
        hold=_span(stay.hold_ms),
        wrap=_span(stay.wrap_ms),
    )


def _span(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def _waited(entry: Entry) -> timedelta:
    """Return the waiting time of earlier segments."""
    return entry.earlier.get("wait", timedelta())


def _arrival(entry: Entry, stood: Any) -> InteractionArrived:
    return InteractionArrived(
        interaction=entry.id,
        channel=entry.channel,
        line=entry.line,
        priority=entry.priority,
        skills=entry.skills,
        queued_at=entry.segment.entered_at,
        waited=_waited(entry),
        party=entry.party,
        vip=entry.vip,
        language=entry.language,
        thread=entry.thread,
        direction=entry.direction,
        routed_by=entry.routed_by,
        reason="restart",
        step=stood.step if stood else 0,
        step_since=stood.step_since if stood else None,
        skip_agents=tuple((agent, None if until is None else from_ms(until)) for agent, until in stood.skips)
        if stood
        else (),
        prefer_agent=stood.preferred_agent if stood else None,
        prefer_until=stood.preferred_until if stood else None,
        hops=stood.hops if stood else 0,
    )


def _work(entry: Entry, stood: Any) -> WorkRestored:
    until: datetime | None = entry.wrapup_until or entry.parked_until
    return WorkRestored(
        interaction=entry.id,
        channel=entry.channel,
        line=entry.line,
        agent=entry.agent or "",
        state=str(entry.state),
        since=entry.state_since,
        queued_at=entry.segment.entered_at,
        waited=_waited(entry),
        priority=entry.priority,
        skills=entry.skills,
        party=entry.party,
        vip=entry.vip,
        until=until,
        language=entry.language,
        hops=stood.hops if stood else 0,
        outcome=entry.outcome,
        ended_by=entry.ended_by,
        disposition=entry.disposition,
    )
