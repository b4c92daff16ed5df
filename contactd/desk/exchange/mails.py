"""Mails brought at a screen: taken over by the same engine as from the command line, in the way the wizard goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

from contactd.clock import Clock
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.store import Store
from contactd.desk.exchange.importing import Looked
from contactd.desk.exchange.letters import Letters, Post, own_of
from contactd.desk.exchange.mail_file import sheet_of
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents

MAILS = "mails"
"""What a file holds, beside the sorts of rows a table may have."""


class Mails:
    """Takes over a file of mails as `Importing` takes over a table."""

    def __init__(self, store: Store, clock: Clock, idents: Idents, by: str, post: Post) -> None:
        """Work on `store` in the name of `by`; `post` says how mails are read and which are the house's own."""
        self._made = (store, clock, idents, by)
        self._post = post

    async def look(self, wish: Wish) -> Looked:
        """As `peek`: there is nothing to place."""
        return await self.peek(wish)

    async def peek(self, wish: Wish) -> Looked:
        """Read the first mail, and return them all as a table to be looked at.

        Raises:
            BadRequestError: it is no file of mails.
        """
        sheet = sheet_of(wish.path, wish.file_name)
        first: Any = await asyncio.to_thread(next, sheet.lines, None)
        lines = chain(() if first is None else (first,), sheet.lines)
        return Looked(replace(sheet, lines=lines), {}, ())

    async def try_out(self, wish: Wish, show: Callable[[Outcome], None]) -> dict[str, int]:
        """As `Letters.try_out`."""
        return await self._letters(wish).try_out(wish.path, show, wish.file_name)

    async def begin(self, wish: Wish) -> str:
        """As `Letters.begin`."""
        return await self._letters(wish).begin(wish.path, wish.file_name)

    async def run(self, wish: Wish, show: Callable[[Outcome], None]) -> tuple[str, dict[str, int]]:
        """As `Letters.run`."""
        return await self._letters(wish).run(wish.path, show, wish.file_name)

    def _letters(self, wish: Wish) -> Letters:
        return Letters(*self._made, replace(self._post, own=self._post.own | own_of(wish.own, ())))
