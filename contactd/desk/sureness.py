"""How sure it is at this moment who the customers are whose contacts somebody has in hand: by their answers, or as granted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from contactd.clock import Clock
from contactd.core.identity import Plan
from contactd.crm_store import approval_rows, identity_rows
from contactd.crm_store.store import Store


def opened(conn: Any, agent: str, plan: Plan, now: datetime) -> dict[str, int]:
    """Return record of a customer → level, for one agent."""
    proved, granted = identity_rows.opened(conn, agent, plan), approval_rows.opened(conn, agent, now)
    return {one: max(proved.get(one, 0), granted.get(one, 0)) for one in proved.keys() | granted.keys()}


class Sureness:
    """Looks it up for several at once."""

    def __init__(self, store: Store, clock: Clock, plan: Plan) -> None:
        """Look into `store`, by what the installation asks."""
        self._store = store
        self._clock = clock
        self._plan = plan

    async def __call__(self, agents: Collection[str]) -> dict[str, dict[str, int]]:
        """Return for each agent what `opened` says.

        Raises:
            StoreDownError: it cannot be looked up now.
        """
        plan, now = self._plan, self._clock.now()
        return await self._store.read(lambda conn: {agent: opened(conn, agent, plan, now) for agent in agents})
