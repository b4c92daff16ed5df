"""Our place in a PBX's Stasis application: the event socket, the requests, and a lane for each call.

What the machine (`ari.py`) asks for is done in order within one call and side by side between calls, so that a slow commit for
one caller lets nobody else wait.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from contactd.channels.voice import ari_dial, ari_third
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_announce import announce, take_back
from contactd.channels.voice.ari_arrival import ADAPTER, arrival, content
from contactd.channels.voice.ari_lanes import Lanes
from contactd.channels.voice.ari_panel import panel_of
from contactd.channels.voice.ari_rest import AriRest
from contactd.channels.voice.ari_resync import resync
from contactd.channels.voice.ari_saved import left_behind, save
from contactd.channels.voice.ari_sweep import LOOK_S, sweep
from contactd.channels.voice.ari_table import (
    Accept,
    Answered,
    Do,
    Give,
    HandOver,
    Report,
    Rest,
    Save,
    Stage,
    TakeBack,
    Tell,
)
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.options import Options
from contactd.channels.voice.plan import Plan
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Change, Health, Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError, NotFoundError

log = structlog.get_logger(__name__)

_QUIET = ["ChannelVarset", "ChannelDialplan", "ChannelConnectedLine"]
"""Events we never look at: two thirds of the volume."""
_MAX_MESSAGE = 1024 * 1024
_OPEN_S = 3.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_REPORT_PAUSE_S = 0.5


class AriClient:
    """Keeps the event socket, and does what the machine asks for.

    Args:
        name: the channel's name, as intake knows it.
        options: where the PBX is, what callers hear, whom agents may call.
        tools: the house's side.
        numbers: reads callers' numbers.
    """

    adapter = ADAPTER
    look_s = LOOK_S

    def __init__(self, name: str, options: Options, tools: Tools, numbers: Numbers) -> None:
        self.plan = Plan(options.dial, numbers.region, numbers.area_code)
        self._name = name
        self._options = options.ari
        self._tools = tools
        self._numbers = numbers
        self.calls = RoutedCalls(
            options.ari.app,
            lambda: str(uuid4()),
            options.ari.ring_s,
            options.dial.ring_s,
            name,
            menus=options.menus,
            wait=options.wait,
        )
        self._panels: dict[str, dict[str, Any]] = {}
        self.lanes = Lanes(tools.spawn, self._do, self._show)
        self._rest = AriRest(options.ari)
        self._socket: ClientConnection | None = None
        self._stopping = asyncio.Event()
        self._health = Health(ok=False, detail="not connected yet")
        self._taking = True

    # Life.

    async def start(self) -> None:
        """Begin to keep the connection; the first attempt is made at once, in the background."""
        self._rest.open()
        self._tools.spawn(self._keep_connected(), "voice-ari")
        self._tools.spawn(sweep(self.calls, self._rest, self.lanes, self.look_s), "voice-sweep")
        if self.calls.wait.every_s:
            self._tools.spawn(announce(self.calls, self._tools, self.run), "voice-announce")

    async def stop_intake(self) -> None:
        """Take no new call in: the PBX's dialplan serves them; those that are on go on."""
        self._taking = False

    async def stop(self) -> None:
        """Leave the application; calls stay bridged."""
        self._stopping.set()
        if self._socket is not None:
            await self._socket.close()
        await self._rest.close()

    def health(self) -> Health:
        """Say whether we hear the PBX."""
        return self._health

    async def _keep_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set() and not self.calls.replaced:
            try:
                async with connect(
                    self._rest.events_url(),
                    additional_headers=self._rest.basic(),
                    max_size=_MAX_MESSAGE,
                    open_timeout=_OPEN_S,
                    proxy=None,
                ) as socket:
                    self._socket = socket
                    pause = _FIRST_PAUSE_S
                    await self._listen(socket)
            except (OSError, WebSocketException, httpx.HTTPError, TimeoutError, ValueError, ContactdError) as error:
                self._down(type(error).__name__)
            finally:
                self._socket = None
            if self.calls.replaced:
                break
            await self._wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        if self.calls.replaced:
            log.warning("voice.ari.replaced", app=self._options.app)
            self._health = Health(ok=False, detail="another program took the application over; restart to take it back")

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _down(self, why: str) -> None:
        if self._health.ok or self._health.detail != f"not connected: {why}":
            log.warning("voice.ari.down", why=why)
        self._health = Health(ok=False, detail=f"not connected: {why}", last_progress=self._health.last_progress)

    async def _listen(self, socket: ClientConnection) -> None:
        await self._catch_up()
        log.info("voice.ari.up", app=self._options.app)
        self._health = Health(ok=True, last_progress=self._tools.clock.now())
        async for message in socket:
            self._heard(message)
            if self.calls.replaced:
                return
        if not self._stopping.is_set():
            self._down("closed by the PBX")

    def _heard(self, message: str | bytes) -> None:
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            log.warning("voice.ari.not_json", size=len(message))
            return
        if isinstance(event, Mapping):
            try:
                self._event(event)
            except (AttributeError, KeyError, TypeError) as error:
                # A shape no PBX we know sends must not end the listening to all others.
                log.warning("voice.ari.strange_event", error=type(error).__name__)

    def _event(self, event: Mapping[str, Any]) -> None:
        self._health = Health(ok=True, last_progress=self._tools.clock.now())
        if not self._taking and event.get("type") == "StasisStart" and event.get("args", [])[:1] == ["inbound"]:
            self._give_back(str(event["channel"]["id"]))
            return
        self.run(self.calls.handle(event))

    def _give_back(self, channel: str) -> None:
        """While we are stopping: hand a new caller to the dialplan."""
        params = {"variable": "CONTACTD_FALLBACK", "value": "1"}
        self.run(
            [
                Rest(call=channel, method="POST", path=f"/channels/{channel}/variable", params=params),
                Rest(call=channel, method="POST", path=f"/channels/{channel}/continue"),
            ],
        )

    async def _catch_up(self) -> None:
        """Put our picture right from the PBX's lists, while events wait in the socket's buffer."""
        await self._rest.request(
            "PUT", f"/applications/{self._options.app}/eventFilter", {}, {"disallowed": _disallowed()}
        )
        channels = await self._rest.list("/channels")
        bridges = await self._rest.list("/bridges")
        contacts = await self._tools.open_contacts(ADAPTER)
        owed = await self._tools.open_contacts(ari_dial.CALLBACK)
        contacts = [*contacts, *ari_dial.under_way(owed, channels)]
        self.run(resync(self.calls, channels, bridges, contacts))
        for key in self.calls.ids():
            if key not in self.lanes:
                await self._show(key)
        await left_behind(self._tools, self._rest, self.calls.saving)

    # Orders from the desk.

    def connect(self, change: Change) -> None:
        """Bring caller and agent together; of a call that goes out, call both."""
        if not change.to:
            self.run(self.calls.connect(change))
            return
        try:
            endpoint = self.plan.endpoint(change.to)
        except BadRequestError as error:
            self.run(ari_dial.refused(change, error.code))
            return
        self.run(ari_dial.begin(self.calls, change, endpoint, self.plan.shown(change.line)))

    def changed(self, change: Change) -> None:
        """Follow what was decided about a call."""
        self.run(self.calls.changed(change))

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> None:
        """Carry out what the agent presses.

        Raises:
            BadRequestError: it is no key, or the number may not be called.
            ConflictError: the call does not stand so, or the colleague cannot take it.
        """
        given = dict(data)
        if given.get("to"):
            given |= {"number": self.plan.number(given["to"]), "endpoint": self.plan.endpoint(given["to"])}
            call = self.calls.by_interaction(interaction)
            given["shown"] = self.plan.shown(call.line if call else "")
        work = self.calls.command(interaction, name, given)
        if not any(isinstance(each, HandOver) for each in work):
            self.run(work)
            return
        for each in work:
            await self._do(each)
        call = self.calls.by_interaction(interaction)
        if call is not None and call.third is not None and not call.heir:
            message = "they cannot take this call now"
            raise ConflictError(message, code="agent_unavailable")

    # Doing.

    def run(self, work: list[Do]) -> None:
        """Have work done, call by call."""
        self.lanes.run(work)

    async def _show(self, key: str) -> None:
        """Show consoles how a call stands now, when that is news."""
        call = self.calls.get(key)
        if call is None:
            self._panels.pop(key, None)
            return
        panel = panel_of(call)
        if not call.interaction or call.stage is Stage.WAITING or self._panels.get(key) == panel:
            return
        self._panels[key] = panel
        await self._tools.panel(call.interaction, panel)

    async def _do(self, work: Do) -> list[Do]:
        match work:
            case Rest():
                status, body = await self._rest.request(work.method, work.path, work.params, work.body)
                return self.calls.result(work, status, body)
            case Accept():
                return await self._accept(work.call)
            case Answered():
                await self._insist(lambda: self._tools.answered(work.interaction, self._tools.clock.now()))
            case Give():
                outcome = await self._tools.give(work.interaction, work.device, work.wish.number)
                return self.calls.given(work, Given(outcome))
            case HandOver():
                ok = await self._tools.hand_over(work.interaction, work.device)
                return ari_third.handed(self.calls, work, ok=ok)
            case TakeBack():
                return await take_back(self.calls, self._tools, work)
            case Save():
                await self._insist(lambda: save(self._tools, self._rest, work, self._numbers))
            case Tell():
                await self._tools.panel(work.interaction, work.panel)
            case Report():
                await self._insist(lambda: self._tools.report(work.fact))
        return []

    async def _accept(self, call_id: str) -> list[Do]:
        call = self.calls.get(call_id)
        if call is None:
            return []
        try:
            receipt = await self._tools.accept(
                arrival(self._name, call, self._tools.clock.now()), content(call, self._numbers)
            )
        except ContactdError as error:
            log.warning("voice.ari.not_taken_in", code=error.code)
            return self.calls.refused(call_id)
        return self.calls.accepted(call_id, receipt.interaction, filed=receipt.filed)

    async def _insist(self, act: Any) -> None:
        """Do what the store must know, again and again while it is down; what is out of date is dropped."""
        while True:
            try:
                await act()
            except (ConflictError, NotFoundError) as error:
                log.info("voice.ari.out_of_date", code=error.code)
                return
            except ContactdError as error:
                log.warning("voice.ari.again", code=error.code)
                if self._stopping.is_set():
                    return
                await self._wait(_REPORT_PAUSE_S)
            else:
                return


def _disallowed() -> list[dict[str, str]]:
    return [{"type": name} for name in _QUIET]
