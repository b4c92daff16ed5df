"""Who a contact's customer is, by an agent's word: confirmed, moved to another, or denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import structlog

from contactd.core.errors import ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import Identified
from contactd.crm_store import identify_rows
from contactd.crm_store.identify_rows import Standing
from contactd.desk.desk import Desk

log = structlog.get_logger(__name__)


class Identifying:
    """Confirms and denies."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def confirm(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write that a party is the customer of an open contact; return its view after the commit.

        `claim` says what becomes of the address it came from: `add` (it is theirs, too), `move` (it is theirs instead) or
        `none` (only this contact is).
        """
        entry = self._desk.entry(data["interaction"])
        ids = (self._desk.idents.new(), self._desk.idents.new())
        unit = partial(
            identify_rows.move,
            interaction=entry.id,
            party=data["party"],
            claim=data.get("claim") or "add",
            ids=ids,
            node=self._desk.store.node,
            actor=agent,
            now=self._desk.clock.now(),
            customers=self._desk.rules.policy.customers,
        )
        found = await self._desk.store.write(unit, urgent=True)
        if found is None:
            text = "there is no such customer"
            raise NotFoundError(text, code="unknown_party", field="party")
        entry.party, entry.customer_name, entry.vip = found.party, found.name, found.vip
        entry.resolve_state = "confirmed"
        await self._tell(found.fact, ids[1])
        self._desk.show(entry)
        return {"interaction": entry.view()}

    async def deny(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write that a contact, and the address it came from, are not this customer's; return its view after the commit."""
        entry = self._desk.entry(data["interaction"])
        unit = partial(
            identify_rows.deny,
            interaction=entry.id,
            party=data["party"],
            actor=agent,
            now=self._desk.clock.now(),
        )
        self.follow([await self._desk.store.write(unit, urgent=True)], said=True)
        return {"interaction": entry.view()}

    def follow(self, changed: Iterable[Standing], *, said: bool = False) -> None:
        """Show consoles whose the open ones among these contacts are now.

        An agent's word that was written after the look at the claims, and told before it, stands.
        """
        for one in changed:
            entry = self._desk.book.get(one.interaction)
            if entry is not None and (said or entry.resolve_state != "confirmed"):
                entry.party, entry.customer_name, entry.vip = one.party, one.name, one.vip
                entry.resolve_state = one.resolve_state
                self._desk.show(entry)

    async def _tell(self, fact: Identified, inbox_id: str) -> None:
        """Let the router know what is stored already; it has nothing to say about a contact that moved on meanwhile."""
        try:
            await self._desk.dispatcher.submit(fact, inbox_id=inbox_id)
        except (ConflictError, ForbiddenError, NotFoundError) as error:
            log.info("identified.not_told", interaction=fact.interaction, reason=error.code)
