"""Recovery: book, roster and router read back from the store.  Start, crash and error are this one path.

What a router needs again is fed to it as facts, in a fixed order: how lines stand, items in line, agents, the work they have in
hand, offers that still stand, outside work, and last what each agent had chosen.  Nothing in the store is changed by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from contactd.clock import Clock
from contactd.crm_store import recovery_rows, said_rows
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
from contactd.desk.rebuilding import Rebuilt, entry, members, rebuild
from contactd.desk.roster import Member, Roster
from contactd.desk.rules import Rules
from contactd.desk.views import Views

PATIENCE = timedelta(minutes=5)
"""A start reads all that is open; with a hundred thousand waiting that takes its time."""


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

    async def rebuild(self) -> Rebuilt:
        """Read everything back, as it stands at one moment; return a new router and what it must be told."""
        memory = await self._store.read(recovery_rows.memory, limit=PATIENCE)
        self._rules.gates.load(memory.lines)
        return rebuild(memory, book=self._book, roster=self._roster, rules=self._rules, epoch=self._epoch())

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
            LineSettings(
                line=name,
                label=dict(line.label),
                sla_s=restored.sla(line.channels),
                open=self._rules.gates.is_open(name),
                hours=self._rules.gates.view(name),
            )
            for name, line in self._rules.policy.lines.items()
        )
        return PolicyChanged(version=self._rules.version, lines=lines)

    async def member(self, agent: str) -> Member | None:
        """Read one agent's profile; None when there is no such agent (any more)."""
        found = await self._store.read(recovery_rows.people)
        return next((one for one in members(*found) if one.id == agent), None)

    async def entry(self, interaction: str) -> Entry | None:
        """Read one open interaction."""
        row = await self._store.read(lambda conn: recovery_rows.one_open(conn, interaction))
        if row is None:
            return None
        stays = await self._store.read(lambda conn: recovery_rows.segments(conn, interaction))
        last = await self._store.read(lambda conn: said_rows.of_open(conn, interaction))
        return entry(row, stays.get(interaction, []), last.get(interaction), self._rules)

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
