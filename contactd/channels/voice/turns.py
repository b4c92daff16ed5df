"""One outside id, several calls: an id that a PBX gives again after a restart stands for its first call, its second, and so on.

The first is kept under the id itself, the n-th under `id#n`; numbers follow each other without a gap, so that the latest is found
in a few looks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.channel import Tools

_LOOKS_NUMBERED = re.compile(r"#\d+$")


@dataclass(frozen=True, slots=True)
class Turn:
    """The n-th call of an id."""

    call: str
    n: int

    @property
    def key(self) -> str:
        """Return the external key; an id that looks like a key of another's gets its number from the first."""
        plain = self.n == 1 and not _LOOKS_NUMBERED.search(self.call)
        return self.call if plain else f"{self.call}#{self.n}"


class Turns:
    """Finds the latest call of an id in the store."""

    def __init__(self, tools: Tools, adapter: str) -> None:
        """Ask `tools` for contacts of `adapter`."""
        self._tools = tools
        self._adapter = adapter

    async def latest(self, call: str) -> tuple[Turn, Mapping[str, Any] | None]:
        """Return the latest call of an id with what is known of it; None: there is none yet."""
        first = Turn(call, 1)
        found = await self._find(first)
        if found is None:
            return first, None
        low, high = 1, 2
        while (later := await self._find(Turn(call, high))) is not None:
            low, high, found = high, high * 2, later
        while high - low > 1:
            middle = (low + high) // 2
            later = await self._find(Turn(call, middle))
            low, high, found = (middle, high, later) if later is not None else (low, middle, found)
        return Turn(call, low), found

    @staticmethod
    def next(turn: Turn) -> Turn:
        """Return the one after `turn`."""
        return Turn(turn.call, turn.n + 1)

    async def _find(self, turn: Turn) -> Mapping[str, Any] | None:
        return await self._tools.find(self._adapter, turn.key)
