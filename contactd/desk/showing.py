"""Showing a mail: its HTML made safe in a worker, its pictures from elsewhere fetched here, never by the agent's browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

Work = Callable[..., Awaitable[Any]]
Pictures = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""Addresses of pictures → those that could be had, as `data:` URIs."""


class Showing:
    """Makes documents for sandboxed frames."""

    def __init__(self, channel: Any, work: Work, pictures: Pictures) -> None:
        """`channel` has `show_html` and `remote_images`, which `work` runs in a worker; None = no channel shows HTML."""
        self._channel = channel
        self._work = work
        self._pictures = pictures

    async def page(self, document: str, cids: Mapping[str, str], images: bool, folded: bool) -> str:
        """Return a whole safe document.

        Args:
            document: the HTML as it came.
            cids: Content-ID → `data:` URI of the pictures that came with it.
            images: fetch and show pictures from elsewhere.
            folded: hide what it quotes and its signature.
        """
        if self._channel is None:
            return ""
        found: Mapping[str, str] = {}
        if images:
            found = await self._pictures(await self._work(self._channel.remote_images, document))
        shown: str = await self._work(self._channel.show_html, document, dict(cids), dict(found), folded)
        return shown
