"""Drawing the contacts that are assessed: of every agent and every week that is over, by lot."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from contactd.core.quality import bounds, drawn, week_of
from contactd.crm_store import audit, qa_rule_rows
from contactd.crm_store.audit import Entry
from contactd.desk.desk import Desk

PATIENCE = timedelta(seconds=20)
"""A week's contacts are many."""


class Assessing:
    """Draws once for each rule and week."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def watch(self) -> None:
        """Draw for every rule whose last whole week is not drawn yet."""
        due = await self._desk.store.read(partial(qa_rule_rows.undrawn, weeks=self._due))
        for rule, week in due:
            await self._draw(rule, week)

    def _due(self, zone: str) -> str:
        """Return the Monday of the last week that is over in a zone."""
        this = week_of(self._desk.clock.now(), ZoneInfo(zone))
        return (this - timedelta(days=7)).isoformat()

    async def _draw(self, rule: dict[str, Any], week: str) -> None:
        since, until = bounds(date.fromisoformat(week), ZoneInfo(rule["zone"]))
        look = partial(qa_rule_rows.candidates, rule=rule, since=since, until=until)
        there = await self._desk.store.read(look, limit=PATIENCE)
        # The seed comes after the contacts are known and is not to be foreseen: nobody can hand in what will be drawn.
        seed = secrets.token_hex(16)
        found = [(self._desk.idents.new(), one) for one in drawn(seed, there, rule["how"], rule["amount"])]
        draw = {"rule_id": rule["id"], "week": week, "seed": seed}
        draw |= {"candidates": len(there), "agents": len({one.agent for one in there})}
        now = self._desk.clock.now()

        def unit(conn: Any) -> None:
            if qa_rule_rows.keep(conn, draw, rule, found, now):
                told = {"week": week, "drawn": len(found), "candidates": len(there)}
                entry = Entry(
                    actor="system", action="quality.draw", object_kind="sampling", object_id=rule["id"], detail=told
                )
                audit.append(conn, entry, now)

        await self._desk.store.write(unit, bulk=True)
