"""Who acts on a PBX that routes by itself, as far as whoever follows its calls needs to know (`ami_keys.AmiKeys`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from contactd.channels.voice.ami_memory import Memory
from contactd.channels.voice.ami_news import News


class Hand(Protocol):
    """Who acts on the PBX (`ami_keys.AmiKeys`)."""

    def panel(self, interaction: str) -> Mapping[str, Any]:
        """Return what consoles are shown of a call that two talk on."""
        ...

    def over(self, interaction: str) -> None:
        """Forget a call that ended."""
        ...

    @property
    def memory(self) -> Memory:
        """What is known of keys that were pressed."""
        ...

    async def learn(self, interaction: str) -> None:
        """Ask the PBX what was pressed on a call that stood before we came."""
        ...

    async def holds(self, interaction: str) -> bool | None:
        """Ask the PBX whether the agent's phone holds a call; None when it cannot say."""
        ...

    async def failed(self, interaction: str, why: str) -> None:
        """Say that nobody was reached, and why."""
        ...

    async def heard(self, news: News) -> None:
        """Follow what is told beside the calls."""
        ...

    def is_on(self, own_id: str) -> bool:
        """Tell whether a call that we asked for is still on its way, or up."""
        ...
