"""The publisher: carries out what follows a commit, in order: first consoles, then channels."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from contactd.clock import Clock, rfc3339
from contactd.core import effects as wish
from contactd.core.channel import Change, Channel
from contactd.desk.changes import AlertRaised, Changed, OfferMade
from contactd.desk.effects import Effect, Ring, SaidByAgent, TellChannel
from contactd.desk.views import Views

CROWDED = 5000
"""So many effects waiting for a look-up, and offers are shown without one: the console asks for the customer itself."""
NOBODY: Final[Mapping[str, Any]] = {
    "resolve_state": "unknown",
    "party_id": None,
    "point": None,
    "candidates": [],
    "timeline": [],
    "open_cases": 0,
}
"""CustomerHead of an offer whose customer could not be looked up."""

log = structlog.get_logger(__name__)


class Publisher:
    """Shows committed effects to consoles and tells channels of them."""

    def __init__(
        self,
        views: Views,
        clock: Clock,
        head: Callable[[str], Awaitable[Mapping[str, Any]]],
    ) -> None:
        """Show in `views`; `head(interaction)` makes the CustomerHead that goes with an offer."""
        self._views = views
        self._clock = clock
        self._head = head
        self.channels: dict[str, Channel] = {}
        self.hear: tuple[Callable[[list[Effect]], None], ...] = ()
        """Are told everything that was committed, before it is shown."""
        self.vet: Callable[[Change], Awaitable[bool]] | None = None
        """Says whether a channel may connect a contact; it deals with one that may not be."""
        self._queue: deque[Effect] = deque()
        self._wake = asyncio.Event()
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._busy = False

    def publish(self, effects: list[Effect]) -> None:
        """Carry out `effects` after those that wait; at once where nothing must be looked up first."""
        for hear in self.hear:
            hear(effects)
        self._queue.extend(effects)
        if not self._busy:
            self._show_plain()
        if self._queue:
            self._wake.set()

    def alert(
        self,
        ident: str,
        now: datetime,
        kind: str,
        *,
        interaction: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Tell supervisors something."""
        alert = {"id": ident, "at": rfc3339(now), "kind": kind, "agent": None, "interaction": interaction, "line": None}
        self.publish([AlertRaised(alert=alert | {"detail": detail})])

    async def run(self) -> None:
        """Carry out what needs a look-up, for ever."""
        while True:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
            self._busy = True
            try:
                while self._queue:
                    effect = self._queue.popleft()
                    if isinstance(effect, Ring):
                        await self._ring(effect)
                    else:
                        self._act(effect)
            finally:
                self._busy = False

    async def settle(self) -> None:
        """Wait a moment for what channels are being told, when stopping."""
        tails = list(self._tails.values())
        if tails:
            await asyncio.wait(tails, timeout=2)

    def _show_plain(self) -> None:
        while self._queue and not isinstance(self._queue[0], Ring):
            self._act(self._queue.popleft())

    def _act(self, effect: Effect) -> None:
        if isinstance(effect, TellChannel):
            self._tell(effect)
        elif isinstance(effect, SaidByAgent):
            channel = self.channels.get(effect.channel)
            if channel is not None:
                self._chain(effect.interaction, channel.said(effect.interaction, effect.message))
        elif not isinstance(effect, Ring):
            self._show(effect)

    def _show(self, change: Changed) -> None:
        self._views.apply([change], self._clock.now())

    async def _ring(self, effect: Ring) -> None:
        try:
            customer = await self._head(effect.offer.interaction) if len(self._queue) < CROWDED else NOBODY
        except Exception:  # an offer without the customer's head is better than none
            log.exception("offer.head_failed", interaction=effect.offer.interaction)
            customer = NOBODY
        data = {
            "offer": effect.offer.offer,
            "lease": effect.offer.lease,
            "offered_at": rfc3339(effect.offered_at),
            "expires_at": rfc3339(effect.offer.expires_at),
            "auto_accept": effect.offer.auto_accept,
            "reasons": reasons(effect.offer.decision, int(effect.view["vip"])),
            "interaction": effect.view,
            "customer": customer,
        }
        self._show(OfferMade(agent=effect.offer.agent, data=data))

    def _tell(self, effect: TellChannel) -> None:
        channel = self.channels.get(effect.channel)
        if channel is None:
            return
        doing = self._connect(channel, effect.change) if effect.connect else channel.changed(effect.change)
        self._chain(effect.change.interaction, doing)

    async def _connect(self, channel: Channel, change: Change) -> None:
        if self.vet is None or await self.vet(change):
            await channel.connect(change)

    def _chain(self, interaction: str, doing: Coroutine[Any, Any, None]) -> None:
        """Tell a channel about one interaction after what it was told before, without waiting here."""
        before = self._tails.get(interaction)

        async def follow() -> None:
            if before is not None:
                await asyncio.wait([before])
            try:
                await doing
            except Exception:  # a channel's failure is its own; the committed state stands
                log.exception("channel.tell_failed", interaction=interaction)

        task = asyncio.create_task(follow(), name="tell")
        self._tails[interaction] = task
        task.add_done_callback(lambda done: self._forget(interaction, done))

    def _forget(self, interaction: str, task: asyncio.Task[None]) -> None:
        if self._tails.get(interaction) is task:
            del self._tails[interaction]


def reasons(decision: wish.Decision, vip: int) -> list[dict[str, Any]]:
    """Return the sentences, as catalogue keys with numbers, that say why an agent is offered something."""
    terms = dict(decision.terms)
    found: list[dict[str, Any]] = []
    if decision.preferred:
        found.append({"key": "reason.preferred", "params": {"kind": decision.preferred}})
    else:
        found.append({"key": f"reason.{decision.strategy}", "params": {"idle_s": round(decision.idle_s)}})
    found += [
        {"key": "reason.skill", "params": {"skill": skill, "needed": needed, "level": level}}
        for skill, needed, level in decision.skills
    ]
    if "waited_s" in terms:
        found.append({"key": "reason.waited", "params": {"s": round(terms["waited_s"])}})
    if decision.visit:
        found.append({"key": "reason.visit", "params": {"n": len(decision.visit)}})
    if vip:
        found.append({"key": "reason.vip", "params": {"level": vip}})
    found.append({"key": "reason.score", "params": {"score": round(decision.score, 2), "terms": terms}})
    return found
