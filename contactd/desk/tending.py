"""Tending the customer store behind the live work: who is who again, who may be whom, and the index of words.

Units that change customers only mark what is due (`crm_store/due_rows`); here it is done, in bulk units that stand behind every
live one.  What a crash cuts off is still marked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from contactd.core import tokens
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.core.pinyin import readings
from contactd.crm_store import change_rows, identify_rows, kb_index, match_rows, search_docs
from contactd.desk.assessing import Assessing
from contactd.desk.campaigns import Campaigns
from contactd.desk.casework import Casework
from contactd.desk.desk import Desk
from contactd.desk.identifying import Identifying
from contactd.desk.notices import Notices
from contactd.desk.surveying import Surveying
from contactd.desk.tasks import Tasks

EVERY_S = 1.0
MANY = 4
"""Messages from which on a worker is asked."""
RUSH = 50
"""Arrivals between two looks from which on the index of words waits: it would take as much as they do."""
PATIENCE_S = 10.0
"""How long it waits at most before it catches up."""

log = structlog.get_logger(__name__)


class Tending:
    """Does what is due about customers."""

    def __init__(self, desk: Desk, work: Callable[..., Awaitable[Any]]) -> None:
        """Work with the desk's parts; what takes long is done by `work`, in another process."""
        self._desk = desk
        self._work = work
        self._identifying = Identifying(desk)
        self._casework = Casework(desk)
        self._surveying = Surveying(desk)
        self._assessing = Assessing(desk)
        self._tasks = Tasks(desk)
        self._campaigns = Campaigns(desk)
        self._notices = Notices(desk)
        self._looked: str | None = None
        """The message up to which was looked for ones not indexed, while there is a lot to do."""
        self._came = 0
        """Arrivals at the last look."""
        self._waits_since: float | None = None
        """Since when the index of messages waits for a quieter moment."""

    async def run(self) -> None:
        """Look every second, for ever."""
        # Its tables are read here and not in the writer's thread, where everybody would wait for them.
        await asyncio.to_thread(readings, "张")
        # Each by itself: what takes long, such as a draw over a week's contacts, holds up none of the others.
        async with asyncio.TaskGroup() as all_of_them:
            for part in self._parts():
                all_of_them.create_task(_for_ever(part))

    async def settle(self) -> None:
        """Do all that is due now."""
        self._came = self._desk.intake.taken
        for part in self._parts():
            await part()

    def _parts(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        watched = (self._casework, self._surveying, self._assessing, self._campaigns)
        return (self._notices.watch, self._customers, *(one.watch for one in watched), self._queue)

    async def _customers(self) -> None:
        while await self.some():
            pass

    async def _queue(self) -> None:
        while await self._tasks.look():
            pass

    async def some(self) -> bool:
        """Do a little of everything; True while there may be more to do."""
        now, write = self._desk.clock.now(), self._desk.store.write
        policy, node = self._desk.rules.policy, self._desk.store.node
        hearing = identify_rows.Hearing(node=node, new_id=self._desk.idents.new, customers=policy.customers)
        changed, more = await write(partial(identify_rows.resolve_again, now=now, hearing=hearing), bulk=True)
        self._identifying.follow(changed)
        matching = partial(match_rows.match_some, now=now, new_id=self._desk.idents.new)
        more = await write(matching, bulk=True) or more
        unit = partial(search_docs.index_parties, now=now, plan=policy.customers, numbers=policy.numbers)
        more = await write(unit, bulk=True) or more
        more = await write(partial(search_docs.index_cases, now=now), bulk=True) or more
        more = await write(partial(change_rows.closed, now=now), bulk=True) or more
        more = await write(partial(kb_index.index_articles, now=now), bulk=True) or more
        return await self._some_messages() or more

    async def _some_messages(self) -> bool:
        """Index messages that are not yet; True while there may be more."""
        store = self._desk.store
        if self._looked is None and self._rush():
            return False
        missing, self._looked = await store.read(partial(search_docs.unindexed, after=self._looked))
        now, size = self._desk.clock.now(), search_docs.MESSAGES
        for at in range(0, len(missing), size):
            idents = missing[at : at + size]
            texts = await store.read(partial(search_docs.texts, idents=idents))
            words = await self._words(list(texts.values()))
            worked = dict(zip(texts, zip(texts.values(), words, strict=True), strict=True))
            await store.write(partial(search_docs.index_messages, idents=idents, now=now, worked=worked), bulk=True)
        return self._looked is not None

    def _rush(self) -> bool:
        """Tell whether so much comes in that the index has to wait; not for long, and then it catches up with all there is."""
        came, self._came = self._desk.intake.taken - self._came, self._desk.intake.taken
        now = self._desk.clock.monotonic()
        if came < RUSH:
            self._waits_since = None
            return False
        if self._waits_since is None:
            self._waits_since = now
        if now - self._waits_since < PATIENCE_S:
            return True
        self._waits_since = None
        return False

    async def _words(self, texts: list[str]) -> list[str]:
        """Return the words of texts: of few at once, of many from a worker, where they hold up nobody."""
        if len(texts) < MANY:
            return tokens.joined(texts)
        words: list[str] = await self._work(tokens.joined, texts)
        return words


async def _for_ever(part: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await part()
        except (BusyError, StoreDownError):
            log.warning("tending.store_down")
        except ContactdError as error:
            log.warning("tending.failed", code=error.code)
        except Exception:  # what fails here keeps neither the rest nor the next look from being done
            log.exception("tending.failed")
        await asyncio.sleep(EVERY_S)
