"""The fact inbox: facts that other processes wrote (administration, other nodes), brought to the router within a second.

Facts this node wrote itself are fed at once after their commit; what a crash kept from that is found here at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from contactd.core.errors import BusyError, StoreDownError
from contactd.core.events import AgentConfigured, Fact, InteractionArrived, PolicyPublished, WorkStarted
from contactd.core.journal import decode_fact
from contactd.crm_store import recovery_rows, routing_rows
from contactd.desk.changes import AgentChanged, AgentRemoved, InteractionUpsert
from contactd.desk.desk import Desk
from contactd.desk.recovery import Recovery
from contactd.routing.policy import Policy

POLL_S = 1.0

log = structlog.get_logger(__name__)


class Inbox:
    """Polls the inbox."""

    def __init__(self, desk: Desk, recovery: Recovery) -> None:
        """Feed the desk's dispatcher; profiles and items are read by `recovery`."""
        self._desk = desk
        self._recovery = recovery

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            try:
                await self.poll()
            except (BusyError, StoreDownError):
                log.warning("inbox.store_down")
            await asyncio.sleep(POLL_S)

    async def poll(self) -> None:
        """Feed every fact nobody has consumed."""
        for row in await self._desk.store.read(recovery_rows.unconsumed):
            if self._desk.dispatcher.knows(row.id):
                continue
            try:
                fact = decode_fact(row.kind, row.payload)
            except ValueError:
                await self._spoil(row.id, "it cannot be read")
                continue
            await self._feed(row.id, fact)

    async def _feed(self, inbox_id: str, fact: Fact) -> None:
        prepare: Callable[[], None] | None = None
        if isinstance(fact, AgentConfigured):
            prepare = await self._agent(fact)
        elif isinstance(fact, PolicyPublished):
            prepare = self._policy(fact)
        elif isinstance(fact, InteractionArrived | WorkStarted):
            prepare = await self._interaction(fact)
            if prepare is None:
                await self._spoil(inbox_id, "the interaction is not open")
                return
        self._desk.dispatcher.feed(fact, inbox_id, prepare)

    async def _agent(self, fact: AgentConfigured) -> Callable[[], None]:
        member = None if fact.removed else await self._recovery.member(fact.agent)

        def prepare() -> None:
            if member is None:
                self._desk.roster.remove(fact.agent)
                self._desk.publisher.publish([AgentRemoved(agent=fact.agent)])
            else:
                self._desk.roster.put(member)
                self._desk.publisher.publish([AgentChanged(view=member.view())])

        return prepare

    def _policy(self, fact: PolicyPublished) -> Callable[[], None]:
        policy = Policy.from_mapping(fact.policy)

        def prepare() -> None:
            self._desk.rules.replace(policy, fact.version)
            self._desk.publisher.publish([self._recovery.policy_shown()])

        return prepare

    async def _interaction(self, fact: InteractionArrived | WorkStarted) -> Callable[[], None] | None:
        known = self._desk.book.get(fact.interaction)
        entry = known or await self._recovery.entry(fact.interaction)
        if entry is None:
            return None

        def prepare() -> None:
            if self._desk.book.get(entry.id) is None:
                self._desk.book.add(entry)
                self._desk.publisher.publish([InteractionUpsert(view=entry.view())])

        return prepare

    async def _spoil(self, inbox_id: str, why: str) -> None:
        log.error("inbox.spoiled", fact=inbox_id, why=why)
        unit: Any = partial(routing_rows.spoil, inbox_id=inbox_id, error=why)
        await self._desk.store.write(unit, urgent=True)
