"""What a call asks the house: who calls, whether what has the number they entered is open, whether they are asked how it was."""

from __future__ import annotations

import asyncio

import structlog

from contactd.channels.voice.ari_how import AskHow
from contactd.channels.voice.ari_table import Ask, RoutedCall
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Tools
from contactd.core.errors import ContactdError
from contactd.core.menus import FOUND, OTHERWISE, VIP
from contactd.core.survey import Asked

BUDGET_S = 2.0
"""A caller waits for the answer: what is not found in so many seconds is not found."""
CALLER = "caller"

log = structlog.get_logger(__name__)


class Asking:
    """Asks."""

    def __init__(self, tools: Tools, numbers: Numbers, budget_s: float = BUDGET_S) -> None:
        """Ask `tools`, with numbers read by `numbers`."""
        self._tools = tools
        self._numbers = numbers
        self._budget_s = budget_s

    async def ask(self, call: RoutedCall | None, work: Ask) -> str:
        """Return the way out of the menu: found | vip | otherwise.  A number that is withheld is never looked up."""
        if call is None:
            return OTHERWISE
        try:
            async with asyncio.timeout(self._budget_s):
                if work.about == CALLER:
                    return await self._who(call)
                found = bool(work.number) and await self._tools.is_open(work.about, work.number)
        except TimeoutError:
            log.warning("voice.menu.late", menu=work.menu)
            return OTHERWISE
        except ContactdError as error:
            log.warning("voice.menu.not_found_out", menu=work.menu, code=error.code)
            return OTHERWISE
        return FOUND if found else OTHERWISE

    async def _who(self, call: RoutedCall) -> str:
        """Only who is known without doubt is known: of several nobody is meant."""
        point = self._numbers.point(call.caller) if call.shown and call.caller else None
        if point is None:
            return OTHERWISE
        known = await self._tools.lookup(point)
        if known.party is None:
            return OTHERWISE
        return VIP if known.vip > 0 else FOUND

    async def how(self, work: AskHow) -> Asked | None:
        """Ask the house whether a customer is asked how it was; while it cannot say, nobody is."""
        try:
            return await self._tools.survey(work.interaction, work.language or None)
        except ContactdError as error:
            log.info("voice.survey.none", code=error.code)
            return None
