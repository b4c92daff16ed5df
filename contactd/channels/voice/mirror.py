"""What a PBX tells, handed to the house in order: a call becomes an interaction, everything after it is progress.

One task does it, so that no fact overtakes another.  The store is never asked to forget: what it cannot take now is offered
again until it can.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial

import structlog

from contactd.channels.voice.ami_news import AskedCall, MemberPaused, News
from contactd.channels.voice.call import ADAPTER, CallStarted, Told
from contactd.channels.voice.hand import Hand
from contactd.channels.voice.heard import KEY, Heard
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content, Progress, Tools
from contactd.core.errors import BusyError, ContactdError, StoreDownError
from contactd.core.events import WorkEnded
from contactd.core.interaction import Direction, EndedBy, Outcome, State

log = structlog.get_logger(__name__)

MAX_WAITING = 20_000
"""Batches kept while the store is down; what does not fit is put right by the next comparison."""
_AGAIN_S = 0.5
_PBX_ID = re.compile(r"[0-9]+\.[0-9]+")
"""An id the PBX chose itself; a call that we ask for has one of ours."""
_WHY = {"1": "unknown_number", "17": "busy", "18": "no_answer", "19": "no_answer", "21": "refused"}
_TALK = frozenset({"answered", "moved", "resumed"})
_ANSWERED = frozenset({State.ACTIVE, State.HELD, State.WRAPUP})
_NEEDLESS = {"waiting": frozenset({State.QUEUED, State.OFFERED}), "answered": _ANSWERED}
"""Kinds of progress that tell nothing new about a call that was taken in before and stands like this."""


class Mirror:
    """Takes what the connection hears (`ami_protocol.Listener`) and gives it to the house.

    Args:
        name: the channel's name.
        tools: the house's side.
        numbers: reads callers' numbers.
        is_ours: tells whether a Linkedid is a call that contactd routes itself, which is not to be counted twice.
        adapter: under which its calls are kept.
    """

    def __init__(
        self,
        name: str,
        tools: Tools,
        numbers: Numbers,
        is_ours: Callable[[str], bool],
        adapter: str = ADAPTER,
    ) -> None:
        self._adapter = adapter
        self.up = False
        self.detail = "not connected yet"
        self._name = name
        self._tools = tools
        self._numbers = numbers
        self._is_ours = is_ours
        self.hand: Hand | None = None
        """Who acts on the PBX; None: nobody does, it is only watched."""
        self.on_connected: Callable[[], None] = lambda: None
        """Is called whenever the connection stands again."""
        self._heard = Heard(tools, KEY if adapter == ADAPTER else f"{KEY}.{adapter}")
        self._waiting: asyncio.Queue[list[Told | News] | set[str]] = asyncio.Queue(MAX_WAITING)
        self._keys: dict[str, str] = {}
        """Contact → key of its call, while it is on."""
        self._contacts: dict[str, str] = {}
        """The same the other way round."""
        self._own: set[str] = set()
        """Keys of calls that an agent asked for at the console."""
        self._outgoing: dict[str, CallStarted] = {}
        self._skipped: set[str] = set()
        self._before: dict[str, str] = {}
        self._stood: dict[str, str] = {}
        """Contact that was taken in before → how it stood, until the PBX is asked about it."""
        self._since: datetime | None = None
        """When the connection came to stand."""
        self._unsure = False
        """Since then the holds were not asked about."""

    # What the connection says.

    def told(self, facts: list[Told | News]) -> None:
        """Queue what was told."""
        self._put(facts)

    def synced(self, keys: set[str]) -> None:
        """Queue a comparison with the store."""
        self._put(keys)

    def key_of(self, interaction: str) -> str | None:
        """Return the key of a contact's call, None when it is not on."""
        return self._keys.get(interaction)

    def _put(self, each: list[Told | News] | set[str]) -> None:
        try:
            self._waiting.put_nowait(each)
        except asyncio.QueueFull:
            log.warning("voice.mirror.too_much", waiting=MAX_WAITING)

    def connected(self) -> None:
        """Keep that we hear the PBX."""
        before, self.up, self.detail = self.up, True, ""
        if not before:
            self._since, self._unsure = self._tools.clock.now(), True
            log.info("voice.mirror.up", adapter=self._adapter)
            self.on_connected()

    def disconnected(self, why: str) -> None:
        """Keep that we do not hear it."""
        if self.up:
            self._heard.lost()
        if self.up or why != self.detail:
            log.warning("voice.mirror.down", adapter=self._adapter, why=why)
        self.up, self.detail = False, why

    # What is done with it.

    async def run(self) -> None:
        """Hand over what is told, for ever."""
        while True:
            each = await self._waiting.get()
            if isinstance(each, set):
                await self._insist(partial(self._compare, each))
                await self._insist(self._heard.now)
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

    async def _hand_over(self, fact: Told | News, following: list[Told | News]) -> None:
        if isinstance(fact, AskedCall | MemberPaused):
            if self.hand is not None:
                await self.hand.heard(fact)
        elif isinstance(fact, CallStarted):
            await self._begin(fact, following)
        else:
            await self._go_on(fact)

    async def _begin(self, start: CallStarted, following: list[Told | News]) -> None:
        """Take a call in; calls between our own phones are no contacts, outgoing ones begin when somebody is reached."""
        if self._is_ours(start.linkedid) or start.direction == Direction.INTERNAL:
            self._skipped.add(start.external_key)
        elif start.direction == Direction.OUTBOUND:
            contact = (
                None if _PBX_ID.fullmatch(start.linkedid) else await self._tools.find(self._adapter, start.linkedid)
            )
            if contact is None:
                self._outgoing[start.external_key] = start
            else:
                self._own.add(start.external_key)
                self._know(str(contact["id"]), start.external_key)
        else:
            await self._take_in(start, _line(start.external_key, following))

    def _know(self, contact: str, key: str) -> None:
        self._keys[contact], self._contacts[key] = key, contact

    async def _take_in(self, start: CallStarted, line: str) -> None:
        shown = start.presentation != "withheld"
        outgoing = start.direction == Direction.OUTBOUND
        customer = start.dialled if outgoing else start.caller
        arrival = Arrival(
            channel=self._name,
            adapter=self._adapter,
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
        self._know(receipt.interaction, start.external_key)
        # Its beginning is known to the second only, so a call that was taken in before stood before, whatever that says.
        if self.hand is not None and (receipt.duplicate or self._since is None or start.at <= self._since):
            self.hand.memory.doubt(receipt.interaction)
        if receipt.duplicate:
            contact = await self._tools.find(self._adapter, start.external_key)
            self._before[start.external_key] = state = str(contact["state"]) if contact else ""
            self._stood[receipt.interaction] = state

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
        contact = self._contacts.get(key, "")
        if key in self._own:
            await self._own_call(contact, progress)
        elif self._before.get(key) not in _NEEDLESS.get(progress.kind, ()):
            await self._tools.progress(progress)
            self._before.pop(key, None)
        await self._panel(contact, progress.kind)

    async def _own_call(self, contact: str, progress: Progress) -> None:
        """Tell the house of a call that it began itself: its states are the agent's, only reaching and ending are told."""
        if progress.kind == "answered":
            await self._tools.answered(contact, progress.at)
        elif progress.kind == "ended" and progress.outcome == Outcome.FAILED and self.hand is not None:
            await self.hand.failed(contact, _WHY.get(progress.cause or "", "failed"))
        elif progress.kind == "ended":
            ended = WorkEnded(interaction=contact, ended_by=progress.ended_by or EndedBy.SYSTEM)
            await self._tools.report(ended)

    async def _panel(self, contact: str, kind: str) -> None:
        """Show what may be done with a call that two talk on; forget one that ended."""
        if kind == "ended":
            key = self._keys.pop(contact, "")
            self._contacts.pop(key, None)
            self._own.discard(key)
            self._stood.pop(contact, None)
            if self.hand is not None:
                self.hand.over(contact)
        elif kind in _TALK and contact and self.hand is not None:
            if kind == "resumed":
                self.hand.memory.hold_told(contact)
            await self._tools.panel(contact, self.hand.panel(contact))
            if self.hand.memory.doubted(contact):
                self._tools.spawn(self._learn(contact, self._stood.pop(contact, "")), f"learn-{contact}")
        elif kind == "held" and self.hand is not None:
            self.hand.memory.hold_told(contact)

    async def _compare(self, keys: set[str]) -> None:
        """End the contacts the store has open and the PBX has not: it had them once, and they are on no list of it."""
        ask, self._unsure = self._unsure and self.hand is not None, False
        held: list[Awaitable[None]] = []
        for contact in await self._tools.open_contacts(self._adapter):
            key, state = str(contact["external_key"]), contact["state"]
            if key in keys and ask and state in (State.ACTIVE, State.HELD) and key in self._contacts:
                held.append(self._compare_hold(key, str(contact["id"]), state))
            if key in keys or state == State.WRAPUP or (self.hand is not None and self.hand.is_on(key)):
                continue
            answered = state in _ANSWERED
            if "/" not in key:  # an agent asked for it at the console
                log.info("voice.mirror.ended_by_evidence", interaction=contact["id"])
                await self._tools.report(WorkEnded(interaction=str(contact["id"]), ended_by=EndedBy.SYSTEM))
                continue
            log.info("voice.mirror.ended_by_evidence", interaction=contact["id"])
            await self._tools.progress(
                Progress(
                    adapter=self._adapter,
                    external_key=key,
                    at=self._tools.clock.now(),
                    kind="ended",
                    outcome=Outcome.ANSWERED if answered else Outcome.ABANDONED,
                    ended_by=EndedBy.SYSTEM,
                    data={"evidence": "not listed"},
                ),
            )
        await asyncio.gather(*held)

    async def _learn(self, contact: str, state: str) -> None:
        """Ask about a call that stood before we came: what was pressed on it, and whether the phone holds it."""
        if self.hand is not None:
            await self.hand.learn(contact)
        if state in (State.ACTIVE, State.HELD):
            key = self._keys.get(contact, "")
            await self._insist(partial(self._compare_hold, key, contact, state))

    async def _compare_hold(self, key: str, contact: str, state: str) -> None:
        """Put right whether a call is held: the phone may have begun or ended that while we heard nothing."""
        on = None if self.hand is None else await self.hand.holds(contact)
        if on is None or on is (state == State.HELD):
            return
        told = Progress(
            adapter=self._adapter, external_key=key, at=self._tools.clock.now(), kind="held" if on else "resumed"
        )
        await self._tools.progress(told)


def _line(key: str, following: list[Told | News]) -> str:
    """Return the queue a call that is just told of stands in."""
    found = (each.line for each in following if isinstance(each, Progress) and each.external_key == key and each.line)
    return next(found, "") or ""
