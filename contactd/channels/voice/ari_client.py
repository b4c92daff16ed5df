"""Our place in a PBX's Stasis application: the event socket, the requests, and a lane for each call.

What the machine (`ari.py`) asks for is done in order within one call and side by side between calls, so that a slow commit for
one caller lets nobody else wait.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from contactd.channels.voice import ari_dial, ari_third
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_panel import panel_of
from contactd.channels.voice.ari_resync import resync
from contactd.channels.voice.ari_table import (
    Accept,
    Answered,
    Do,
    Give,
    HandOver,
    Report,
    Rest,
    RoutedCall,
    Stage,
    Tell,
)
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.options import AriOptions, DialOptions
from contactd.channels.voice.plan import Plan
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Change, Content, Health, Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError, NotFoundError

log = structlog.get_logger(__name__)

ADAPTER = "ari"
_QUIET = ["ChannelVarset", "ChannelDialplan", "ChannelConnectedLine"]
"""Events we never look at: two thirds of the volume."""
_MAX_MESSAGE = 1024 * 1024
_OPEN_S = 3.0
_REQUEST_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_REPORT_PAUSE_S = 0.5


class AriClient:
    """Keeps the event socket, and does what the machine asks for.

    Args:
        name: the channel's name, as intake knows it.
        options: where the PBX is.
        tools: the house's side.
        numbers: reads callers' numbers.
        dial: whom agents may call, and how.
    """

    adapter = ADAPTER

    def __init__(
        self, name: str, options: AriOptions, tools: Tools, numbers: Numbers, dial: DialOptions | None = None
    ) -> None:
        checked = dial or DialOptions()
        self.plan = Plan(checked, numbers.region, numbers.area_code)
        self._name = name
        self._options = options
        self._tools = tools
        self._numbers = numbers
        self.calls = RoutedCalls(options.app, lambda: str(uuid4()), options.ring_s, checked.ring_s, name)
        self._panels: dict[str, dict[str, Any]] = {}
        self._lanes: dict[str, deque[Do]] = {}
        self._http: httpx.AsyncClient | None = None
        self._socket: ClientConnection | None = None
        self._stopping = asyncio.Event()
        self._health = Health(ok=False, detail="not connected yet")
        self._taking = True

    # Life.

    async def start(self) -> None:
        """Begin to keep the connection; the first attempt is made at once, in the background."""
        self._http = httpx.AsyncClient(
            base_url=f"{self._options.url}/ari",
            auth=(self._options.username, self._options.password.get_secret_value()),
            timeout=_REQUEST_S,
        )
        self._tools.spawn(self._keep_connected(), "voice-ari")

    async def stop_intake(self) -> None:
        """Take no new call in: the PBX's dialplan serves them; those that are on go on."""
        self._taking = False

    async def stop(self) -> None:
        """Leave the application; calls stay bridged."""
        self._stopping.set()
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.aclose()

    def health(self) -> Health:
        """Say whether we hear the PBX."""
        return self._health

    async def _keep_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set() and not self.calls.replaced:
            try:
                async with connect(
                    self._events_url(),
                    additional_headers=_basic(self._options),
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
        await self._request("PUT", f"/applications/{self._options.app}/eventFilter", {}, {"disallowed": _disallowed()})
        channels = await self._list("/channels")
        bridges = await self._list("/bridges")
        contacts = await self._tools.open_contacts(ADAPTER)
        owed = await self._tools.open_contacts(ari_dial.CALLBACK)
        contacts = [*contacts, *ari_dial.under_way(owed, channels)]
        self.run(resync(self.calls, channels, bridges, contacts))
        for key in self.calls.ids():
            if key not in self._lanes:
                await self._show(key)

    async def _list(self, path: str) -> list[Mapping[str, Any]]:
        status, body = await self._request("GET", path)
        if status != 200 or not isinstance(body, list):  # noqa: PLR2004 - HTTP OK
            message = f"the PBX did not list {path}"
            raise NotFoundError(message)
        return [each for each in body if isinstance(each, Mapping)]

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
        """Queue work in the lanes of its calls."""
        for each in work:
            key = each.call
            lane = self._lanes.get(key)
            if lane is not None:
                lane.append(each)
                continue
            self._lanes[key] = deque([each])
            self._tools.spawn(self._drive(key), f"voice-call-{key}")

    async def _drive(self, key: str) -> None:
        lane = self._lanes[key]
        try:
            while lane:
                more = await self._do(lane.popleft())
                lane.extendleft(reversed(more))
        finally:
            del self._lanes[key]
        await self._show(key)

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
                status, body = await self._request(work.method, work.path, work.params, work.body)
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
            receipt = await self._tools.accept(self._arrival(call), self._content(call))
        except ContactdError as error:
            log.warning("voice.ari.not_taken_in", code=error.code)
            return self.calls.refused(call_id)
        return self.calls.accepted(call_id, receipt.interaction)

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

    def _arrival(self, call: RoutedCall) -> Arrival:
        return Arrival(
            channel=self._name,
            adapter=ADAPTER,
            external_key=call.id,
            raw=json.dumps(_shown(call), ensure_ascii=False).encode(),
            at=self._tools.clock.now(),
            sender=(call.caller or "") if call.shown else "",
            recipient=call.dialled,
            direction="inbound",
            routed_by="contactd",
        )

    def _content(self, call: RoutedCall) -> Content:
        shown = call.caller if call.shown else None
        return Content(
            sender=self._numbers.point(shown) if shown else None,
            sender_name=call.caller_name if call.shown else "",
        )

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        """Make one request; status 0 when no answer came.  Errors are the machine's business: most are lost races."""
        if self._http is None:
            return 0, None
        try:
            answer = await self._http.request(method, path, params=dict(params or {}), json=body)
        except (httpx.HTTPError, RuntimeError) as error:
            log.warning("voice.ari.no_answer", method=method, why=type(error).__name__)
            return 0, None
        if answer.is_error:
            log.info("voice.ari.refused", method=method, path=path, status=answer.status_code)
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError:
            return answer.status_code, None

    def _events_url(self) -> str:
        parts = urlsplit(self._options.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        query = urlencode({"app": self._options.app, "subscribeAll": "false"})
        return urlunsplit((scheme, parts.netloc, f"{parts.path}/ari/events", query, ""))


def _disallowed() -> list[dict[str, str]]:
    return [{"type": name} for name in _QUIET]


def _basic(options: AriOptions) -> dict[str, str]:
    pair = f"{options.username}:{options.password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {b64encode(pair).decode()}"}


def _shown(call: RoutedCall) -> Mapping[str, Any]:
    """Return the channel as the PBX described it, without the caller when the number is withheld."""
    if call.shown:
        return call.channel
    return {key: value for key, value in call.channel.items() if key not in ("caller", "connected", "channelvars")}
