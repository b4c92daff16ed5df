"""A callback that an agent has taken is held against what holds for any call before anybody's phone rings.

Between the promise and the call the customer may have refused, been put on a list, or gone to bed.  Who asked for this very call is
called although they want no others; outside the hours in which the line calls customers it waits for the next, which is no
attempt; anything else ends it before it began, with the reason on the agent's screen, where they may still call with a reason.
"""

from __future__ import annotations

import asyncio

import structlog

from contactd.core.channel import Change
from contactd.core.contacting import SERVICE, Objection, objections
from contactd.core.errors import BadRequestError, BusyError, ConflictError, NotFoundError, StoreDownError
from contactd.core.events import AttemptFailed, Fact, WorkEnded
from contactd.core.interaction import EndedBy, Outcome
from contactd.crm_store import callback_rows, contacting_rows
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.book import Entry
from contactd.desk.composing import read_point
from contactd.desk.desk import Desk

OUTSIDE_HOURS, REFUSES = "outside_hours", "refuses_contact"
ASKED_FOR = frozenset({"callback", "agent"})
"""Why a call is owed that the customer themselves wanted."""
NOT_CALLED = "not_called"
"""Event of a callback that was not dialled; its data: against."""
AGAIN_S = 1.0
PATIENCE = 120
"""So often it is tried again while the store is away."""

log = structlog.get_logger(__name__)


class Vetting:
    """Says of a contact that is to be connected whether it may be."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def may_connect(self, change: Change) -> bool:
        """Tell whether a channel may connect a contact; one that is no callback always may.

        One that may not is put off or ended here.  While the store is away it waits: else nobody would ever be called, and the
        agent would have it in hand for nothing.
        """
        for _ in range(PATIENCE):
            try:
                return await self._vetted(change)
            except (BusyError, StoreDownError):
                log.warning("callback.store_down", interaction=change.interaction)
                await asyncio.sleep(AGAIN_S)
            entry = self._desk.book.get(change.interaction)
            if entry is None or entry.agent != change.agent:
                return False
        return await self._vetted(change)

    async def _vetted(self, change: Change) -> bool:
        entry = self._desk.book.get(change.interaction)
        if (
            entry is None
            or not change.to
            or entry.answered_at is not None
            or not self._desk.rules.rule(entry.line, entry.channel).calls_back
        ):
            return True
        against = await self._against(entry, change.to)
        if against is None:
            return True
        await self._stop(entry, change, against)
        return False

    async def _against(self, entry: Entry, to: str) -> Objection | None:
        now = self._desk.clock.now()
        try:
            point = read_point(to, "to")
        except BadRequestError:
            return None  # the channel knows better whether it can be dialled
        standing, asked = await self._desk.store.read(
            lambda conn: (
                contacting_rows.standing(conn, point=point, party=entry.party, now=now),
                callback_rows.why(conn, entry.id) in ASKED_FOR,
            )
        )
        rule = self._desk.rules.policy.lines[entry.line].outbound
        found = objections(rule, standing, purpose=SERVICE, channel=self._calls_by(entry), oversees=True, now=now)
        left = [each for each in found if not (asked and each.code == REFUSES)]
        # What ends it comes first: nobody waits for the morning to be refused then.
        return min(left, key=lambda each: (each.code == OUTSIDE_HOURS, not each.final), default=None)

    def _calls_by(self, entry: Entry) -> str:
        """Return the channel by which customers are called: what they said of it counts."""
        rules = self._desk.rules
        able = (name for name, channel in self._desk.channels.items() if hasattr(channel, "dialled"))
        own = (name for name in able if not rules.rule(entry.line, name).calls_back)
        return next(own, entry.channel)

    async def _stop(self, entry: Entry, change: Change, against: Objection) -> None:
        now, agent = self._desk.clock.now(), change.agent or ""
        fact: Fact
        if against.code == OUTSIDE_HOURS:
            until = self._desk.rules.policy.lines[entry.line].outbound.begins_after(now)
            fact = AttemptFailed(interaction=entry.id, agent=agent, reason=OUTSIDE_HOURS, until=until)
        else:
            shown = self._desk.book.panel(entry.id, {"phase": "failed", "why": against.code})
            if shown is not None:
                self._desk.show(shown)
            fact = WorkEnded(interaction=entry.id, agent=change.agent, ended_by=EndedBy.SYSTEM, outcome=Outcome.FAILED)

        def unit(conn: WriteConn) -> None:
            add_event(conn, entry.id, now, NOT_CALLED, None, {"against": against.code})

        try:
            await self._desk.dispatcher.submit(fact, beside=unit)
        except (ConflictError, NotFoundError) as error:  # it is over meanwhile
            log.info("callback.gone", interaction=entry.id, reason=error.code)
