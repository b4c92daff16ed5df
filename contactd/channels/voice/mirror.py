"""What a PBX tells, handed to the house in order: a call becomes an interaction, everything after it is progress.

One task does it, so that no fact overtakes another.  The store is never asked to forget: what it cannot take now is offered
again until it can.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial

import structlog

from contactd.channels.voice.call import ADAPTER, CallStarted, Told
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content, Progress, Tools
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.core.interaction import Direction, EndedBy, Outcome, State

log = structlog.get_logger(__name__)

MAX_WAITING = 20_000
"""Batches kept while the store is down; what does not fit is put right by the next comparison."""
_AGAIN_S = 0.5
_ANSWERED = frozenset({State.ACTIVE, State.HELD, State.WRAPUP})
_NEEDLESS = {"waiting": frozenset({State.QUEUED, State.OFFERED}), "answered": _ANSWERED}
"""Kinds of progress that tell nothing new about a call that was taken in before and stands like this."""


class Mirror:
    """Takes what the connection hears (`ami_client.Listener`) and gives it to the house.

    Args:
        name: the channel's name.
        tools: the house's side.
        numbers: reads callers' numbers.
        is_ours: tells whether a Linkedid is a call that contactd routes itself, which is not to be counted twice.
    """

    def __init__(self, name: str, tools: Tools, numbers: Numbers, is_ours: Callable[[str], bool]) -> None:
        self.up = False
        self.detail = "not connected yet"
        self._name = name
        self._tools = tools
        self._numbers = numbers
        self._is_ours = is_ours
        self._waiting: asyncio.Queue[list[Told] | set[str]] = asyncio.Queue(MAX_WAITING)
        self._outgoing: dict[str, CallStarted] = {}
        self._skipped: set[str] = set()
        self._before: dict[str, str] = {}

    # What the connection says.

    def told(self, facts: list[Told]) -> None:
        """Queue what was told."""
        self._put(facts)

    def synced(self, keys: set[str]) -> None:
        """Queue a comparison with the store."""
        self._put(keys)

    def _put(self, each: list[Told] | set[str]) -> None:
        try:
            self._waiting.put_nowait(each)
        except asyncio.QueueFull:
            log.warning("voice.mirror.too_much", waiting=MAX_WAITING)

    def connected(self) -> None:
        """Keep that we hear the PBX."""
        if not self.up:
            log.info("voice.ami.up")
        self.up, self.detail = True, ""

    def disconnected(self, why: str) -> None:
        """Keep that we do not hear it."""
        if self.up or why != self.detail:
            log.warning("voice.ami.down", why=why)
        self.up, self.detail = False, why

    # What is done with it.

    async def run(self) -> None:
        """Hand over what is told, for ever."""
        while True:
            each = await self._waiting.get()
            if isinstance(each, set):
                await self._insist(partial(self._compare, each))
                continue
            for n, fact in enumerate(each):
                await self._insist(partial(self._hand_over, fact, each[n + 1 :]))

    async def _insist(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except (BusyError, StoreDownError) as error:
                log.warning("voice.mirror.again", code=error.code)
                await asyncio.sleep(_AGAIN_S)
            except ContactdError as error:
                log.warning("voice.mirror.refused", code=error.code)
                return
            else:
                return

    async def _hand_over(self, fact: Told, following: list[Told]) -> None:
        if isinstance(fact, CallStarted):
            await self._begin(fact, following)
        else:
            await self._go_on(fact)

    async def _begin(self, start: CallStarted, following: list[Told]) -> None:
        """Take a call in; calls between our own phones are no contacts, outgoing ones begin when somebody is reached."""
        if self._is_ours(start.linkedid) or start.direction == Direction.INTERNAL:
            self._skipped.add(start.external_key)
        elif start.direction == Direction.OUTBOUND:
            self._outgoing[start.external_key] = start
        else:
            await self._take_in(start, _line(start.external_key, following))

    async def _take_in(self, start: CallStarted, line: str) -> None:
        shown = start.presentation != "withheld"
        outgoing = start.direction == Direction.OUTBOUND
        customer = start.dialled if outgoing else start.caller
        arrival = Arrival(
            channel=self._name,
            adapter=ADAPTER,
            external_key=start.external_key,
            raw=json.dumps(asdict(start), default=str, ensure_ascii=False).encode(),
            at=start.at,
            sender=(start.agent or "") if outgoing else (start.caller or "") if shown else "",
            recipient=start.dialled,
            line_text=line,
            direction=start.direction,
            routed_by="pbx",
        )
        content = Content(
            sender=self._numbers.point(customer) if shown else None,
            sender_name=start.caller_name if shown else "",
        )
        receipt = await self._tools.accept(arrival, content)
        if receipt.duplicate:
            contact = await self._tools.find(ADAPTER, start.external_key)
            self._before[start.external_key] = str(contact["state"]) if contact else ""

    async def _go_on(self, progress: Progress) -> None:
        key, over = progress.external_key, progress.kind == "ended"
        if key in self._skipped:
            if over:
                self._skipped.discard(key)
            return
        outgoing = self._outgoing.get(key)
        if outgoing is not None:
            if progress.kind not in ("answered", "ended"):
                return
            await self._take_in(outgoing, "")
            self._outgoing.pop(key, None)
        if self._before.get(key) in _NEEDLESS.get(progress.kind, ()):
            return
        await self._tools.progress(progress)
        self._before.pop(key, None)

    async def _compare(self, keys: set[str]) -> None:
        """End the contacts the store has open and the PBX has not: it had them once, and they are on no list of it."""
        for contact in await self._tools.open_contacts(ADAPTER):
            key, state = str(contact["external_key"]), contact["state"]
            if key in keys or state == State.WRAPUP:
                continue
            answered = state in _ANSWERED
            log.info("voice.mirror.ended_by_evidence", interaction=contact["id"])
            await self._tools.progress(
                Progress(
                    adapter=ADAPTER,
                    external_key=key,
                    at=self._tools.clock.now(),
                    kind="ended",
                    outcome=Outcome.ANSWERED if answered else Outcome.ABANDONED,
                    ended_by=EndedBy.SYSTEM,
                    data={"evidence": "not listed"},
                ),
            )


def _line(key: str, following: list[Told]) -> str:
    """Return the queue a call that is just told of stands in."""
    found = (each.line for each in following if isinstance(each, Progress) and each.external_key == key and each.line)
    return next(found, "") or ""
