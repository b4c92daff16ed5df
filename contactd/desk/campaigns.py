"""Campaigns at work: the next members come into the one queue as tasks, as many at a time and when each campaign says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from contactd.core.campaigning import CallRules
from contactd.core.contacting import GRANTED
from contactd.crm_store import campaign_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.desk import Desk
from contactd.routing.policy import Policy

EVERY_S = 5.0


def line_of(policy: Policy, how: CallRules) -> str | None:
    """Return the line a campaign's calls come to; None for where tasks come."""
    return how.line if how.line in policy.lines else policy.cases.line_of(campaign_rows.TASK)


def granted(policy: Policy, how: CallRules) -> bool:
    """Tell whether for marketing only who has agreed is called, as the campaign's line says."""
    return policy.lines[line_of(policy, how) or policy.default_line].outbound.marketing == GRANTED


class Campaigns:
    """Calls the members of campaigns that go on."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._next = 0.0

    async def watch(self) -> None:
        """Every few seconds settle calls that are over, and bring the next ones into the queue."""
        if self._desk.clock.monotonic() >= self._next:
            await self.look()
            self._next = self._desk.clock.monotonic() + EVERY_S

    async def look(self) -> None:
        """Do what is due now."""
        await self._desk.store.write(lambda conn: campaign_rows.settle(conn, self._desk.clock.now()), bulk=True)
        rows = await self._desk.store.read(partial(campaign_rows.running, now=self._desk.clock.now()))
        for row in rows:
            await self._call(row)

    async def _call(self, row: Any) -> None:
        policy, how = self._desk.rules.policy, campaign_rows.rules_of(row)
        line = line_of(policy, how) or policy.default_line
        # A line that calls nobody at this hour calls no members, either.
        if not policy.lines[line].outbound.may_now(self._desk.clock.now()):
            return
        only_agreed = granted(policy, how)

        def unit(conn: WriteConn) -> int:
            return campaign_rows.call(conn, row, line=line, granted=only_agreed, now=self._desk.clock.now())

        await self._desk.store.write(unit, bulk=True)


def parts(idents: Sequence[str]) -> list[list[str]]:
    """Return customers as they are added: a unit for each few."""
    return [list(idents[at : at + campaign_rows.PART]) for at in range(0, len(idents), campaign_rows.PART)]
