"""Scoring: once a day every customer is counted anew, a few at a time, with long rests, so that nothing else ever waits for it.

Two rounds over all of them: the first only sums up what they are worth, the second says who is A, B or C and which segments they
belong to.  What a restart cuts off is begun anew: nothing of a round is needed afterwards but its results.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import cast

import structlog

from contactd.clock import Clock
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.core.numbering import CUSTOMER
from contactd.crm_store import number_rows, score_rows
from contactd.crm_store.score_rows import Standing, Sum
from contactd.crm_store.store import Store
from contactd.desk.rules import Rules

EVERY_S = 300.0
"""Pause between two looks at the time."""
AGAIN_S = 5.0
"""Pause before what somebody asked for is tried again."""
RESTS = 3.0
"""How long it rests after each few, as a multiple of how long they took."""

log = structlog.get_logger(__name__)


class Scoring:
    """Counts customers."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        """Count by the policy's `customers`."""
        self._store = store
        self._clock = clock
        self._rules = rules
        self._wake = asyncio.Event()
        self._asked = False
        self.going = False
        """A count is going on."""
        rules.heard.append(self._wake.set)

    async def run(self) -> None:
        """Count all when it is time, or when the policy says it otherwise, for ever."""
        while True:
            try:
                await self._look()
            except ContactdError as error:
                down = isinstance(error, (BusyError, StoreDownError))
                log.warning("scoring.store_down" if down else "scoring.failed", code=error.code)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), AGAIN_S if self._asked else EVERY_S)
            self._wake.clear()

    def begin(self) -> None:
        """Count now; nobody waits for it."""
        self._asked = True
        self._wake.set()

    async def settle(self) -> None:
        """Count all now, and return when that is done."""
        plan, digest, now = self._rules.policy.customers, self._digest(), self._clock.now()
        self.going = True
        try:
            total = Sum()
            after: str | None = ""
            while after is not None:
                began = self._clock.monotonic()
                ask = partial(score_rows.amounts, plan=plan, after=after, now=now)
                some, after = await self._store.read(ask)
                total.add(some)
                await self._rest(began)
            limits, after = total.limits(plan.worth), ""
            while after is not None:
                began = self._clock.monotonic()
                count = partial(score_rows.changed, plan=plan, limits=limits, after=after, now=now)
                changed, after = await self._store.read(count)
                items = list(changed.items())
                for at in range(0, len(items), score_rows.WRITTEN):
                    part = dict(items[at : at + score_rows.WRITTEN])
                    await self._store.write(partial(score_rows.keep, scores=part), bulk=True)
                await self._rest(began)
            await self._number()
            await self._store.write(partial(score_rows.ended, now=now, limits=limits, plan=digest), bulk=True)
        finally:
            self.going = False

    async def _number(self) -> None:
        """Give numbers to customers who were there before the policy had a pattern for them."""
        numbers, after = self._rules.policy.numbers, cast("str | None", "")
        while after is not None and numbers.pattern(CUSTOMER) is not None:
            some, after = await self._store.read(partial(score_rows.unnumbered, after=after))
            for at in range(0, len(some), score_rows.WRITTEN):
                part, now = some[at : at + score_rows.WRITTEN], self._clock.now()
                unit = partial(number_rows.customers, numbers=numbers, idents=part, now=now)
                await self._store.write(unit, bulk=True)

    async def _look(self) -> None:
        last: Standing | None = await self._store.read(score_rows.standing)
        every = timedelta(hours=self._rules.policy.customers.every_h)
        fresh = last is not None and last.plan == self._digest() and self._clock.now() - last.at < every
        if self._asked or not fresh:
            asked, self._asked = self._asked, False
            try:
                await self.settle()
            except ContactdError:
                # Who asked was told that it is done, and asks no more: it is asked for until it is.
                self._asked = self._asked or asked
                raise

    async def _rest(self, began: float) -> None:
        await asyncio.sleep((self._clock.monotonic() - began) * RESTS)

    def _digest(self) -> str:
        document = self._rules.policy.document
        named = [document.get("customers"), (document.get("numbers") or {}).get(CUSTOMER)]
        return hashlib.sha256(json.dumps(named, sort_keys=True, default=str).encode()).hexdigest()
