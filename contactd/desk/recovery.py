"""Recovery: book, roster and router read back from the store.  Start, crash and error are this one path.

What a router needs again is fed to it as facts, in a fixed order: items in line, agents, the work they have in hand, offers that
still stand, outside work, and last what each agent had chosen.  Nothing in the store is changed by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.clock import Clock
from contactd.core.effects import Offer
from contactd.core.events import (
    ExternalWork,
    Fact,
    OfferRestored,
)
from contactd.crm_store import recovery_rows
from contactd.crm_store.store import Store
from contactd.desk import restored
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
        interrupted = await self._store.read(recovery_rows.interrupted)
        router = Router(self._rules.policy, version=self._rules.version, epoch=self._epoch(), seq=seq + 1)
        return Restored(router, self._facts(standing, offers, interrupted), [restored.live(row) for row in offers])

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
            LineSettings(line=name, label=dict(line.label), sla_s=restored.sla(line.channels))
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
        return [restored.member(row, skills.get(row.id, []), lines.get(row.id, [])) for row in rows]

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
        for member in self._roster:
            restored.settle(member)

    def _entry(self, row: Any, stays: list[Any], last: str | None) -> Entry:
        entry = restored.entry(row, stays, last)
        entry.live = self._rules.rule(entry.line, entry.channel).live
        return entry

    def _facts(self, standing: Mapping[str, Any], offers: list[Any], interrupted: set[str]) -> list[Fact]:
        """Return what a new router is told, in the order `routing.recovery` asks for."""
        entries = list(self._book)
        facts: list[Fact] = [
            restored.arrival(entry, standing.get(entry.id)) for entry in entries if restored.told_as_arrival(entry)
        ]
        facts += [member.configured() for member in self._roster]
        facts += [
            restored.work(entry, standing.get(entry.id), interrupted=entry.id in interrupted)
            for entry in entries
            if restored.in_hand(entry)
        ]
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
            ExternalWork(agent=entry.agent, channel=entry.channel, on=True, ref=entry.id, restored=True)
            for entry in entries
            if entry.agent and not restored.routed(entry) and entry.state not in restored.IN_LINE
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
