"""What is done with what could not be read: read it again, or put it away for good."""

from __future__ import annotations

from functools import partial

from contactd.core.errors import ConflictError
from contactd.crm_store import reading_rows
from contactd.desk.desk import Desk
from contactd.desk.reading import Reading


class Quarantine:
    """The shelf of unreadable things."""

    def __init__(self, desk: Desk, reading: Reading) -> None:
        """Read again by `reading`."""
        self._desk = desk
        self._reading = reading

    async def replay(self, interaction: str) -> None:
        """Read it again and place it; see `Reading.replay`."""
        await self._reading.replay(interaction)

    async def dismiss(self, interaction: str, actor: str, reason: str) -> None:
        """Close it for good; its raw bytes stay.

        Raises:
            ConflictError: it is not in quarantine.
        """
        unit = partial(
            reading_rows.dismiss,
            interaction=interaction,
            actor=actor,
            reason=reason,
            now=self._desk.clock.now(),
        )
        if not await self._desk.store.write(unit, urgent=True):
            text = "this is not in quarantine"
            raise ConflictError(text, code="bad_state")
