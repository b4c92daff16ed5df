"""What mail systems report about messages of ours, shown to whoever wrote them, and to supervisors when it is bad."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import structlog

from contactd.core.errors import ContactdError
from contactd.crm_store import messages
from contactd.desk.changes import MessageAdded
from contactd.desk.desk import Desk

WAITING = 10_000
"""Messages that may wait to be shown anew; the store has all of them."""
_BAD = frozenset({"bounced", "complained"})

log = structlog.get_logger(__name__)


class Reports:
    """Shows messages of ours anew after something was reported about them."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING)

    def told(self, message: str, interaction: str) -> None:
        """Take note of a message, and of the turn its report went to."""
        try:
            self._waiting.put_nowait((message, interaction))
        except asyncio.QueueFull:
            log.warning("report.crowded", message=message)

    async def run(self) -> None:
        """Show what was reported, for ever."""
        while True:
            message, interaction = await self._waiting.get()
            try:
                view = await self._desk.store.read(partial(messages.get, ident=message))
            except ContactdError as error:
                log.info("report.not_shown", message=message, reason=error.code)
                continue
            self._show(view, interaction)

    def _show(self, view: dict[str, Any], interaction: str) -> None:
        desk = self._desk
        desk.publisher.publish([MessageAdded(interaction=view["interaction"], message=view)])
        if view["delivery_state"] in _BAD:
            missed = ", ".join(f"{one['address']} {one['status']}" for one in view["fates"])
            desk.publisher.alert(
                desk.idents.new(),
                desk.clock.now(),
                view["delivery_state"],
                interaction=interaction,
                detail=missed[:200],
            )
