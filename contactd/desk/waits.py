"""Expected waits of the lines: worked out in a worker, at most once a second for each line, and held against what came true."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from contactd.clock import Clock
from contactd.core.errors import ContactdError
from contactd.core.events import Fact, ServiceTold, WaitExpected
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.crm_store import wait_rows
from contactd.crm_store.store import Store
from contactd.desk.changes import InteractionClosed, InteractionUpsert, LineExpects
from contactd.desk.effects import Effect
from contactd.desk.paces import Paces
from contactd.desk.serving import Serving, crosses
from contactd.metrics import Metrics
from contactd.routing.line import Line, Reason
from contactd.routing.picturing import Paces as Known
from contactd.routing.waits import Estimate, Picture, at_once, estimate

EVERY_S = 1.0
FRESH = timedelta(seconds=1)
ASKED = timedelta(seconds=30)
"""A line somebody asked about is kept up to date so long."""
PROMISED = timedelta(seconds=10)
"""An estimate counts as the promise to somebody who comes within that time."""
STEP_S = 10.0
"""The router is told anew when what it knows is off by so much, and by a fifth."""
_PART = 0.2
_MOST_PROMISES = 50_000

log = structlog.get_logger(__name__)


class Painter(Protocol):
    """A router that can be asked for a picture."""

    def picture(self, line: str, channel: str, paces: Known, now: datetime) -> Picture | None:
        """Return what a newcomer's wait is worked out from."""
        ...


@dataclass(slots=True)
class Told:
    """What was last worked out for a line and channel."""

    found: Estimate | None
    at: datetime


@dataclass(slots=True)
class Calibration:
    """How near the estimates of a line were to what came true, in seconds."""

    count: int = 0
    off: float = 0.0
    late: float = 0.0
    kept: int = 0

    def add(self, promised: Estimate, waited_s: float) -> None:
        """Hold a promise against what came true."""
        self.count += 1
        self.off += abs(waited_s - promised.p50_s)
        self.late += waited_s - promised.p50_s
        self.kept += waited_s <= promised.p90_s


class Waits:
    """Keeps the expected waits."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        router: Callable[[], Painter | None],
        lines: Callable[[], Mapping[str, Line]],
        reasons: Callable[[], Mapping[str, Reason]],
        work: Callable[..., Awaitable[Any]],
        submit: Callable[[Fact], Awaitable[Any]],
        publish: Callable[[list[Effect]], None],
        metrics: Metrics,
    ) -> None:
        """Ask `router` for pictures, have them lived on by `work`, tell the router by `submit` and consoles by `publish`."""
        self._store = store
        self._clock = clock
        self._router = router
        self._lines = lines
        self._reasons = reasons
        self._serving = Serving()
        self._served: dict[str, float | None] = {}
        """The service level the router was last told, by line."""
        self._knows: Painter | None = None
        """Which router was told."""
        self._work = work
        self._submit = submit
        self._publish = publish
        self._paces = Paces()
        self._told: dict[tuple[str, str], Told] = {}
        self._asked: dict[tuple[str, str], datetime] = {}
        self._waiting: dict[str, tuple[str, str]] = {}
        """Live contacts in line → (line, channel)."""
        self._promised: dict[str, tuple[str, Estimate]] = {}
        self._said: dict[str, float | None] = {}
        """What the router was last told, by line."""
        self._shown: dict[str, Estimate | None] = {}
        self.calibrations: dict[str, Calibration] = {}
        self._error = metrics.gauge("wait_error_seconds", "Mean distance of estimated (P50) and real waits", "line")
        self._bias = metrics.gauge("wait_bias_seconds", "Mean of real less estimated (P50) waits", "line")
        self._kept = metrics.gauge("wait_p90_kept", "Part of the waits that were within the estimated P90", "line")

    async def run(self) -> None:
        """Learn from the latest contacts, then keep the lines up to date for ever."""
        try:
            for one in await self._store.read(wait_rows.latest):
                spans = (one.wait_ms / 1000, one.handle_ms / 1000, one.wrap_ms / 1000)
                self._paces.finished(one.line, one.channel, one.outcome, *spans)
        except ContactdError:
            log.warning("waits.nothing_learned")
        while True:
            await asyncio.sleep(EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Work out every line that somebody waits in, asked about, or has a rule for."""
        for line, channel in self._wanted():
            try:
                await self._work_out(line, channel)
            except ContactdError as error:
                log.warning("waits.failed", line=line, reason=error.code)
        self._show()
        with suppress(ContactdError):
            await self._tell_router()

    async def range(self, line: str, channel: str) -> tuple[float | None, float | None]:
        """Return the seconds that half, and nine in ten, of those who come now will not wait longer than; None = unknown."""
        now = self._clock.now()
        self._asked[line, channel] = now
        told = self._told.get((line, channel))
        if told is None or now - told.at > FRESH:
            try:
                told = await self._work_out(line, channel)
            except ContactdError:
                return None, None
        return (None, None) if told.found is None else (told.found.p50_s, told.found.p90_s)

    def hear(self, effects: Iterable[Effect]) -> None:
        """Learn from what was committed: who came, who was taken, what it took."""
        for effect in effects:
            if isinstance(effect, InteractionUpsert | InteractionClosed):
                view = effect.view
                if view["direction"] == "inbound" and view["routed_by"] == "contactd":
                    self._hear(view)

    def _hear(self, view: Mapping[str, Any]) -> None:
        name, line, channel, state = view["id"], view["line"], view["channel"], view["state"]
        if state in (State.QUEUED, State.OFFERED) and view["live"]:
            if name not in self._waiting:
                self._promise(name, line, channel)
            self._waiting[name] = (line, channel)
            return
        if self._waiting.pop(name, None) is not None:
            self._count(view)
        promised = self._promised.pop(name, None)
        if promised is not None and state == State.ACTIVE:
            self._hold_against(*promised, float(view["wait_s"] or 0))
        if state in TERMINAL_STATES:
            handled = float(view["talk_s"] or 0) + float(view["hold_s"] or 0)
            spans = (float(view["wait_s"] or 0), handled, float(view["wrap_s"] or 0))
            self._paces.finished(line, channel, view["outcome"], *spans)

    def _count(self, view: Mapping[str, Any]) -> None:
        """Count a live contact that has left its line, for the line's service level."""
        line = self._lines().get(view["line"])
        answered = view["state"] == State.ACTIVE
        if line is None or not (answered or view["outcome"] == "abandoned"):
            return
        target = line.channels[view["channel"]].sla_s if view["channel"] in line.channels else 0.0
        in_time = answered and float(view["wait_s"] or 0) <= target
        self._serving.count(line.name, self._clock.now(), in_time=in_time)

    def _promise(self, name: str, line: str, channel: str) -> None:
        told = self._told.get((line, channel))
        fresh = told is not None and self._clock.now() - told.at <= PROMISED
        if told is not None and fresh and told.found is not None and len(self._promised) < _MOST_PROMISES:
            self._promised[name] = (line, told.found)

    def _hold_against(self, line: str, promised: Estimate, waited_s: float) -> None:
        sums = self.calibrations.setdefault(line, Calibration())
        sums.add(promised, waited_s)
        self._error.labels(line=line).set(sums.off / sums.count)
        self._bias.labels(line=line).set(sums.late / sums.count)
        self._kept.labels(line=line).set(sums.kept / sums.count)

    def _wanted(self) -> list[tuple[str, str]]:
        now = self._clock.now()
        self._asked = {key: at for key, at in self._asked.items() if now - at <= ASKED}
        ruled = [
            (name, channel)
            for name, line in self._lines().items()
            if any(rule.when == "wait" for rule in line.overflow)
            for channel, rule in line.channels.items()
            if rule.live and not rule.calls_back
        ]
        return list(dict.fromkeys([*self._waiting.values(), *self._asked, *ruled]))

    async def _work_out(self, line: str, channel: str) -> Told:
        now, router = self._clock.now(), self._router()
        picture = None if router is None else router.picture(line, channel, self._paces.all(), now)
        if picture is None:
            found = None
        elif at_once(picture):
            found = Estimate(0.0, 0.0)
        else:
            found = await self._work(estimate, picture, int(now.timestamp()))
        told = self._told[line, channel] = Told(found, now)
        return told

    async def _tell_router(self) -> None:
        """Tell the router where a rule asks for it, when what it knows has become wrong: the longest of the line's channels."""
        router = self._router()
        if router is not self._knows:  # a new one has been told nothing yet
            self._knows, self._said, self._served = router, {}, {}
        await self._tell_served()
        for name, line in self._lines().items():
            asked = [rule.seconds for rule in line.overflow if rule.when == "wait"]
            if not asked:
                continue
            told = [one for (of, channel), one in self._told.items() if of == name and channel in line.channels]
            new = max((one.found.p50_s for one in told if one.found is not None), default=None)
            if _differs(self._said.get(name), new, asked):
                self._said[name] = new
                await self._submit(WaitExpected(line=name, seconds=new))

    async def _tell_served(self) -> None:
        """Tell the router how lines serve, when that crosses what a reason for being away asks for."""
        bounds = [reason.min_service for reason in self._reasons().values() if reason.min_service]
        for name in self._lines() if bounds else ():
            level = self._serving.level(name, self._clock.now())
            if crosses(self._served.get(name), level, bounds):
                self._served[name] = level
                await self._submit(ServiceTold(line=name, level=level))

    def _show(self) -> None:
        """Show consoles the lines whose figures changed: those of the channel most wait by."""
        counts: dict[str, dict[str, int]] = {}
        for line, channel in self._waiting.values():
            of_line = counts.setdefault(line, {})
            of_line[channel] = of_line.get(channel, 0) + 1
        for line, channel in self._asked:
            counts.setdefault(line, {}).setdefault(channel, 0)
        now: dict[str, Estimate | None] = {}
        for line, channels in counts.items():
            most = max(channels, key=lambda channel, of=channels: (of[channel], channel))  # type: ignore[misc]
            told = self._told.get((line, most))
            now[line] = told.found if told is not None else None
        changed = {line: now.get(line) for line in {*self._shown, *now} if self._shown.get(line) != now.get(line)}
        self._shown = now
        self._publish(
            [
                LineExpects(line=line, p50_s=None, p90_s=None)
                if found is None
                else LineExpects(line=line, p50_s=found.p50_s, p90_s=found.p90_s)
                for line, found in sorted(changed.items())
            ]
        )


def _differs(old: float | None, new: float | None, asked: Iterable[float]) -> bool:
    """Say whether the router's rules would decide otherwise by the new figure, or it is far off."""
    if (old is None) != (new is None):
        return True
    if old is None or new is None:
        return False
    if any((old >= seconds) != (new >= seconds) for seconds in asked):
        return True
    return any(new >= seconds for seconds in asked) and abs(new - old) >= max(STEP_S, _PART * old)
