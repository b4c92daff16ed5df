"""Our place in a PBX's Stasis application: the event socket, the requests, and a lane for each call.

What the machine (`ari.py`) asks for is done in order within one call and side by side between calls, so that a slow commit for
one caller lets nobody else wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import structlog

from contactd.channels.voice import ari_deliver, ari_dial, ari_menu, ari_record, ari_survey, ari_third
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_announce import announce, take_back
from contactd.channels.voice.ari_arrival import ADAPTER, arrival, content
from contactd.channels.voice.ari_asking import Asking
from contactd.channels.voice.ari_fallen import watch
from contactd.channels.voice.ari_how import AskHow, HowEnded, HowSaid
from contactd.channels.voice.ari_keep import Keeper
from contactd.channels.voice.ari_lanes import Lanes
from contactd.channels.voice.ari_panel import panel_of
from contactd.channels.voice.ari_prompts import Prompts
from contactd.channels.voice.ari_rest import AriRest
from contactd.channels.voice.ari_resync import resync
from contactd.channels.voice.ari_saved import left_behind, save
from contactd.channels.voice.ari_socket import AriSocket
from contactd.channels.voice.ari_sweep import LOOK_S, sweep
from contactd.channels.voice.ari_table import Ask, Do, Give, Rest, Save, Stage, TakeBack
from contactd.channels.voice.ari_tapes import Alarm, KeepSound, Note, Rule
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.asked import Accept, Answered, HandOver, Report, Tell
from contactd.channels.voice.options import Options
from contactd.channels.voice.plan import Plan
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Change, Health, Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError, NotFoundError

log = structlog.get_logger(__name__)

_QUIET = ["ChannelVarset", "ChannelDialplan", "ChannelConnectedLine"]
"""Events we never look at: two thirds of the volume."""
_REPORT_PAUSE_S = 0.5
_DUE_S = 1.0
"""How often it is looked what time has made due."""


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
        self._asking = Asking(tools, numbers)
        self.prompts = Prompts(name, options, tools)
        self.calls = RoutedCalls(
            options.ari.app,
            lambda: str(uuid4()),
            options.ari.ring_s,
            options.dial.ring_s,
            name,
            menus=options.menus,
            wait=options.wait,
            survey=options.survey,
            media=self.prompts.media,
            line_for=tools.line_for,
            early=lambda line: bool(tools.policy_lines().get(line, {}).get("early_bridge", False)),
            is_open=lambda line: bool(tools.policy_lines().get(line, {}).get("open", True)),
            tapes=ari_record.Tapes(
                self._rule,
                apart=options.recording.legs == "apart",
                pause_s=options.recording.pause_s,
            ),
        )
        self._panels: dict[str, dict[str, Any]] = {}
        self.lanes = Lanes(tools.spawn, self._do, self._show)
        self._rest = AriRest(options.ari)
        self._keeper = Keeper(self.calls, tools, self._rest)
        self._socket = AriSocket(
            options.ari.app,
            self._rest,
            tools.clock,
            catch_up=self._catch_up,
            event=self._event,
            replaced=lambda: self.calls.replaced,
        )
        self._taking = True
        self._back = asyncio.Event()
        """We hear the PBX again."""

    # Life.

    async def start(self) -> None:
        """Begin to keep the connection; the first attempt is made at once, in the background."""
        self._rest.open()
        self._tools.spawn(self._socket.run(), "voice-ari")
        self._tools.spawn(self._keeper.run(), "voice-recordings")
        self._tools.spawn(self._look_at_time(), "voice-time")
        self._tools.spawn(watch(self._name, self._tools, self._rest, self._numbers, self._back), "voice-fallen")
        self._tools.figure(
            "not_recorded", "Calls that must be recorded and are not", lambda: ari_record.missing(self.calls)
        )
        self._tools.spawn(sweep(self.calls, self._rest, self.lanes, self.look_s), "voice-sweep")
        if self.calls.wait.every_s:
            self._tools.spawn(announce(self.calls, self._tools, self.run), "voice-announce")

    async def stop_intake(self) -> None:
        """Take no new call in: the PBX's dialplan serves them; those that are on go on."""
        self._taking = False

    async def stop(self) -> None:
        """Leave the application; calls stay bridged."""
        await self._socket.close()
        await self._rest.close()

    def health(self) -> Health:
        """Say whether we hear the PBX."""
        return self._socket.health

    def _rule(self, line: str) -> Rule:
        said = self._tools.policy_lines().get(line, {}).get("recording", {})
        return Rule(mode=str(said.get("mode", "never")), notice=str(said.get("notice", "")))

    async def _look_at_time(self) -> None:
        while True:
            await asyncio.sleep(_DUE_S)
            now = self._tools.clock.monotonic()
            self.run([*ari_record.due(self.calls, now), *ari_deliver.due(self.calls, now)])

    def _event(self, event: Mapping[str, Any]) -> None:
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
        await self._keeper.catch_up(channels)
        for key in self.calls.ids():
            if key not in self.lanes:
                await self._show(key)
        await left_behind(self._tools, self._rest, self.calls.saving)
        self._back.set()

    # Orders from the desk.

    def connect(self, change: Change) -> None:
        """Bring caller and agent together; of a call that goes out, call both, unless its customer is on the line already."""
        if not change.to or self.calls.by_interaction(change.interaction) is not None:
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
        panel = panel_of(self.calls, call)
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
            case Save():
                await self._insist(lambda: save(self._tools, self._rest, work, self._numbers))
            case Tell():
                await self._tools.panel(work.interaction, work.panel)
            case Report():
                await self._insist(lambda: self._tools.report(work.fact))
            case _:
                return await self._do_beside(work)
        return []

    async def _do_beside(self, work: Do) -> list[Do]:
        """Do what goes on beside the call itself: recordings, surveys."""
        match work:
            case Ask():
                return ari_menu.told(self.calls, work, await self._asking.ask(self.calls.get(work.call), work))
            case TakeBack():
                return await take_back(self.calls, self._tools, work)
            case Note():
                await self._insist(lambda: self._keeper.note(work))
            case KeepSound():
                await self._keeper.take(work.name)
            case Alarm():
                self._tools.alarm("not_recorded", work.interaction)
            case AskHow():
                return ari_survey.begin(self.calls, work, await self._asking.how(work))
            case HowSaid():
                await self._insist(lambda: self._tools.survey_said(work.invite, (work.reply,)))
            case HowEnded():
                await self._insist(lambda: self._tools.survey_ended(work.invite, work.became))
            case _:
                pass
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
                if self._socket.stopping.is_set():
                    return
                await self._socket.wait(_REPORT_PAUSE_S)
            else:
                return


def _disallowed() -> list[dict[str, str]]:
    return [{"type": name} for name in _QUIET]
