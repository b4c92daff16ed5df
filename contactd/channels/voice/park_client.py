"""The client of a FreeSWITCH whose parked callers contactd routes.

It takes them in, carries out what the machine asks, and puts its picture right from the switch's lists.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import structlog

from contactd.channels.voice import parked_dial
from contactd.channels.voice.asked import Accept, Answered, Report, Tell
from contactd.channels.voice.esl import Message
from contactd.channels.voice.esl_line import EslLine, Links, service
from contactd.channels.voice.options import Options
from contactd.channels.voice.park_look import Look
from contactd.channels.voice.parked import ADAPTER, EVENTS, FALLBACK, ParkedCalls
from contactd.channels.voice.parked_table import MARK, UUID, Do, Send, Stage
from contactd.channels.voice.plan import Plan
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Change, Content, Health, Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError, NotFoundError

log = structlog.get_logger(__name__)

LOOK_S = 60.0
"""How often the picture is compared with the switch's own list."""
AGAIN_S = 0.5
_PICKED_UP = (Stage.JOINING, Stage.TALKING, Stage.HELD)


class ParkClient:
    """Routes the callers one switch parks.

    Args:
        name: the channel's name, as intake knows it.
        whole: where the switch is, whom agents may call.
        tools: the house's side.
        numbers: reads callers' numbers.
    """

    adapter = ADAPTER

    def __init__(self, name: str, whole: Options, tools: Tools, numbers: Numbers) -> None:
        options = whole.esl
        self.plan = Plan(whole.dial, numbers.region, numbers.area_code)
        self._dial_s = whole.dial.ring_s
        self._name = name
        self._options = options
        self._tools = tools
        self._numbers = numbers
        self.calls = ParkedCalls(lambda: str(uuid4()), options.ring_s, options.music)
        self._links = Links(self._line)
        self._service: Any = None
        self._health = Health(ok=False, detail="not connected yet")
        self._work: deque[Do] = deque()
        self._wake = asyncio.Event()
        self._panels: dict[str, dict[str, Any]] = {}
        self._taking = True
        self._cut: set[str] = set()
        """Agents' legs that rang when the connection was cut."""

    def _line(self) -> EslLine:
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one, if nobody has yet

        loop: Any = reactor
        options = self._options.model_copy(
            update={"username": self._options.route_username, "password": self._options.route_password}
        )
        return EslLine(options, EVENTS, self, loop, self._tools.clock.now)

    # Life.

    def start(self) -> None:
        """Begin to connect, and to do what is asked for."""
        self._tools.spawn(self._drive(), "voice-parked")
        self._tools.spawn(self._look_at_time(), "voice-parked-look")
        self._service = service(self._options, self._links)
        self._service.startService()

    def stop_intake(self) -> None:
        """Take no new caller in: they go the dialplan's own way."""
        self._taking = False

    async def stop(self) -> None:
        """Close the connection; calls go on without us."""
        if self._service is not None:
            stopped: Any = self._service.stopService()
            await stopped.asFuture(asyncio.get_running_loop())
            self._service = None

    def health(self) -> Health:
        """Say whether we hear the switch."""
        return self._health

    # What the line tells (`esl_line.Ear`).

    def up(self) -> None:
        """Put the picture right, and only then call ourselves connected."""
        self._look()

    def heard(self, message: Message) -> None:
        """Take an event."""
        if message.name == "HEARTBEAT":
            count = message.get("Session-Count")[:9]
            if count.isascii() and count.isdigit() and int(count) < self.calls.expected():
                self._look()
            return
        if not self._taking and message.name == "CHANNEL_PARK" and self.calls.get(message.get("Unique-ID")) is None:
            if message.get(MARK) == "inbound" and UUID.fullmatch(message.get("Unique-ID")):
                self._order(f"uuid_transfer {message.get('Unique-ID')} {FALLBACK}")
            return
        self._run(self.calls.handle(message))

    def doubt(self) -> None:
        """Compare with the lists."""
        self._look()

    def down(self, why: str) -> None:
        """Remember why we hear nothing, and whose phone rang: how that ends, nobody tells us."""
        self._cut |= self.calls.legs(Stage.RINGING)
        self._health = Health(ok=False, detail=why)

    # The picture.

    async def _look_at_time(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._health.ok:
                self._look()

    def _look(self) -> None:
        line, legs = self._links.line, self._cut | self.calls.legs(*_PICKED_UP)
        self._cut = set()
        if line is not None:
            line.ask(
                "show channels as json",
                lambda body: self._tools.spawn(self._listed(line, body, legs), "voice-parked-list"),
            )

    async def _listed(self, line: EslLine, body: str, legs: set[str]) -> None:
        """Put the picture right; `legs` were there when the list was asked for."""
        look = Look(self.calls, self._tools, self._run, self.heard, self._news)
        if await look.listed(line, body, legs):
            self._health = Health(ok=True, last_progress=self._tools.clock.now())

    # Orders from the desk.

    def connect(self, change: Change) -> None:
        """Bring agent and caller together; of a call that goes out, call both."""
        if not change.to or self.calls.get(change.external_key) is not None:
            self._run(self.calls.connect(change))
            return
        try:
            target, shown = self.plan.endpoint(change.to), self.plan.shown(change.line)
        except BadRequestError as error:
            self._run(parked_dial.refused(change, error.code))
            return
        self._run(parked_dial.begin(self.calls, change, target, shown, self._dial_s))

    def changed(self, change: Change) -> None:
        """Follow what was decided about a call."""
        self._run(self.calls.changed(change))

    def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> None:
        """Carry out what an agent presses.

        Raises:
            BadRequestError: there is no such key on this switch.
            ConflictError: nobody is talking.
        """
        self._run(self.calls.command(interaction, name, data))

    # Doing.

    def _run(self, work: list[Do]) -> None:
        """Have work done: orders at once and in order, what the house is told behind them."""
        for each in work:
            if isinstance(each, Send):
                self._order(each.command, each.job)
            else:
                self._work.append(each)
        if work:
            self._news(work[-1].call)

    def _news(self, key: str) -> None:
        """Have it shown how a call stands, behind all that is to be done."""
        self._work.append(Send(call=key, command=""))
        self._wake.set()

    def _order(self, command: str, job: str = "") -> None:
        line = self._links.line
        if line is None:
            return
        try:
            line.order(command, job)
        except ValueError:
            log.warning("voice.esl.strange_name")

    async def _drive(self) -> None:
        while True:
            while self._work:
                await self._do(self._work.popleft())
            self._wake.clear()
            await self._wake.wait()

    async def _do(self, work: Do) -> None:
        match work:
            case Accept():
                self._tools.spawn(self._accept(work.call), "voice-parked-accept")
            case Answered():
                await self._insist(lambda: self._tools.answered(work.interaction, self._tools.clock.now()))
            case Report():
                await self._insist(lambda: self._tools.report(work.fact))
            case Tell():
                await self._tools.panel(work.interaction, work.panel)
            case Send():
                await self._show(work.call)

    async def _accept(self, ident: str) -> None:
        call = self.calls.get(ident)
        if call is None:
            return
        shown = (call.caller or "") if call.shown else ""
        arrival = Arrival(
            channel=self._name,
            adapter=ADAPTER,
            external_key=ident,
            raw=json.dumps({"id": ident, "from": shown, "to": call.dialled}, sort_keys=True).encode(),
            at=self._tools.clock.now(),
            sender=shown,
            recipient=call.dialled,
        )
        content = Content(
            sender=self._numbers.point(shown) if shown else None, sender_name=call.caller_name if call.shown else ""
        )
        try:
            receipt = await self._tools.accept(arrival, content)
        except ContactdError as error:
            log.warning("voice.esl.not_taken_in", code=error.code)
            self._run(self.calls.refused(ident))
            return
        self._run(self.calls.accepted(ident, receipt.interaction, filed=receipt.filed))

    async def _show(self, ident: str) -> None:
        """Show consoles how a call stands now, when that is news."""
        call = self.calls.get(ident)
        if call is None or not call.interaction or call.stage is Stage.WAITING:
            self._panels.pop(ident, None)
            return
        rings = call.stage in (Stage.RINGING, Stage.SUMMONING) or (call.stage is Stage.JOINING and not call.outbound)
        panel: dict[str, Any] = {"phase": "ringing_agent" if rings else str(call.stage), "muted": call.muted}
        if call.hold_unknown:
            panel["hold"] = "unknown"
        if self._panels.get(ident) != panel:
            self._panels[ident] = panel
            await self._tools.panel(call.interaction, panel)

    async def _insist(self, act: Callable[[], Any]) -> None:
        """Do what the store must know, again and again while it is down; what is out of date is dropped."""
        while True:
            try:
                await act()
            except (ConflictError, NotFoundError) as error:
                log.info("voice.esl.out_of_date", code=error.code)
                return
            except ContactdError as error:
                log.warning("voice.esl.again", code=error.code)
                await asyncio.sleep(AGAIN_S)
            else:
                return
