"""Calls that contactd routes over the Asterisk REST Interface: a pure machine, events and orders in, things to do out.

The sequence is telephony.md section 4: subscribe at once, answer, music; when an agent has accepted, ring their phone; when it
answers, put both into one bridge.  Every request may lose a race against a hang-up; such an error changes nothing, because the
event that caused it does.  Ids and application arguments carry the call's id, so that everything can be rebuilt after a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from contactd.channels.voice import (
    ari_answer,
    ari_deliver,
    ari_dial,
    ari_give,
    ari_hear,
    ari_keys,
    ari_menu,
    ari_record,
    ari_spy,
    ari_survey,
    ari_talk,
    ari_third,
    ari_wait,
)
from contactd.channels.voice.ari_others import ThirdStage
from contactd.channels.voice.ari_table import MOVES, Cue, Do, Give, Rest, RoutedCall, Stage
from contactd.channels.voice.ari_transfer import Given
from contactd.channels.voice.asked import Accept, Report
from contactd.channels.voice.legs import number, person
from contactd.channels.voice.options import Menu, SurveyOptions, WaitOptions
from contactd.core.channel import Change
from contactd.core.events import DeliveryFailed, InteractionGone
from contactd.core.interaction import Cause, State
from contactd.core.offer import FailReason

PRESENTATION = "CALLERID(pres)"
FALLBACK = "CONTACTD_FALLBACK"
"""Variable the dialplan looks at after Stasis(): the call goes to its own queue."""

MEMORY = 10_000
"""Ids of calls that are remembered after their end."""

_INBOUND = "inbound"


ACTIONS: dict[str, Callable[[RoutedCalls, RoutedCall, Any], list[Do]]] = {
    **ari_deliver.ACTIONS,
    **ari_talk.ACTIONS,
    **ari_give.ACTIONS,
    **ari_third.ACTIONS,
    **ari_dial.ACTIONS,
    **ari_menu.ACTIONS,
    **ari_wait.ACTIONS,
    **ari_survey.ACTIONS,
}
"""What the parts of the machine do, by the names of `ari_table.MOVES`."""


_FOLLOWS: dict[str, Cue] = {
    State.HELD: Cue.HOLD,
    State.QUEUED: Cue.BACK,
    State.PARKED: Cue.BACK,
    State.WRAPUP: Cue.RELEASE,
    State.CLOSED: Cue.RELEASE,
    State.ABANDONED: Cue.RELEASE,
}
"""What the house decided → what it does to a call."""


class RoutedCalls:
    """Every call in our Stasis application.

    Args:
        app: name of the application.
        new_id: gives a new unique id; never reuse one (it is the Uniqueid in the PBX's own records).
        ring_s: how long an agent's phone rings.
        dial_s: how long the phone of somebody rings whom an agent calls or consults.
        channel: name of the channel these calls belong to.
        menus: what callers hear before they are in a line, by name.
        wait: what they hear there.
        tapes: the recordings that are made, and what lines say of them.
        survey: what callers hear who are asked how it was.
        is_open: tells whether a line is in its opening hours.
        media: turns names of the house's announcements into what the PBX plays, by line and language.
        line_for: tells which line a called number leads to.
        early: tells whether a line's callers are put together with the phone before it is answered.
    """

    def __init__(
        self,
        app: str,
        new_id: Callable[[], str],
        ring_s: int = 15,
        dial_s: int = 40,
        channel: str = "voice",
        *,
        menus: Mapping[str, Menu] | None = None,
        wait: WaitOptions | None = None,
        tapes: ari_record.Tapes | None = None,
        survey: SurveyOptions | None = None,
        is_open: Callable[[str], bool] = lambda _line: True,
        media: Callable[[str, str, tuple[str, ...]], tuple[str, ...]] = lambda _line, _language, media: media,
        line_for: Callable[[str], str] = lambda _number: "",
        early: Callable[[str], bool] = lambda _line: False,
    ) -> None:
        self.app = app
        self.ring_s = ring_s
        self.dial_s = dial_s
        self.channel = channel
        self.menus = menus or {}
        self.wait = wait or WaitOptions()
        self.survey = survey or SurveyOptions()
        self.is_open = is_open
        self.early = early
        self._media, self._line_for = media, line_for
        self.tapes = tapes or ari_record.Tapes()
        self.saving: dict[str, RoutedCall] = {}
        """Recordings that are being made on the PBX, by name."""
        self.replaced = False
        """Another program took the application over: we do not fight for it."""
        self.new_id = new_id
        self._calls: dict[str, RoutedCall] = {}
        self.legs: dict[str, str] = {}
        """Id of a leg → call; kept by the parts that make legs."""
        self._seen: dict[str, None] = {}
        self._actions: dict[str, Callable[[RoutedCall, Any], list[Do]]] = {
            name: partial(action, self) for name, action in ACTIONS.items()
        }

    def get(self, call: str) -> RoutedCall | None:
        """Return a call by its channel's id."""
        return self._calls.get(call)

    def said(self, call: RoutedCall, media: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the PBX plays to a caller: announcements are those of their line and language."""
        return self._media(call.line or self._line_for(call.dialled), call.language, media)

    def is_ours(self, channel: str) -> bool:
        """Tell whether a call is or lately was one of ours, so that nobody else counts it too."""
        return channel in self._seen

    def by_interaction(self, interaction: str) -> RoutedCall | None:
        """Return the call of an interaction."""
        return next((call for call in self._calls.values() if call.interaction == interaction), None)

    def ids(self) -> list[str]:
        """Return the ids of the calls that are on."""
        return list(self._calls)

    def restore(self, channel: Mapping[str, Any], dialled: str, interaction: str, agent: str | None) -> RoutedCall:
        """Take a call up again that was accepted before (after a cut or a restart of ours)."""
        call = self._calls.get(str(channel["id"])) or self._take_in(channel, dialled)
        call.interaction, call.agent, call.presentation = interaction, agent, call.presentation or "withheld"
        call.talked = True
        return call

    def attach(self, call: RoutedCall, leg: str, bridge: str, stage: Stage) -> None:
        """Say where a restored call stands."""
        call.leg, call.bridge, call.stage, call.music = leg, bridge, stage, stage is not Stage.TALKING
        self.legs[leg] = call.id

    # Events.

    def handle(self, event: Mapping[str, Any]) -> list[Do]:
        """Take one message of the event socket; see `ari_hear`."""
        return ari_hear.hear(self, event)

    def stasis_start(self, channel: Mapping[str, Any], args: Any) -> list[Do]:
        """Take in a caller who entered our application."""
        channel_id = str(channel.get("id", ""))
        words = [str(each) for each in args] if isinstance(args, list) else []
        if words[:1] != [_INBOUND] or not channel_id or channel_id in self._calls:
            return []
        dialled = words[1] if len(words) > 1 else str(channel.get("dialplan", {}).get("exten", ""))
        call = self._take_in(channel, dialled)
        setup: list[Do] = [
            Rest(
                call=call.id,
                method="POST",
                path=f"/applications/{self.app}/subscription",
                params={"eventSource": f"channel:{call.id}"},
            ),
        ]
        if call.caller is not None and not call.presentation:
            path = f"/channels/{call.id}/variable"
            setup.append(
                Rest(call=call.id, method="GET", path=path, params={"variable": PRESENTATION}, step="presentation"),
            )
        setup.append(Rest(call=call.id, method="POST", path=f"/channels/{call.id}/answer"))
        menu = ari_menu.menu_of(self, dialled)
        if menu:
            call.stage, call.music = Stage.MENU, False
            return [*setup, *ari_menu.enter(self, call, menu)]
        return [*setup, self.music_on(call), Accept(call=call.id)]

    def _take_in(self, channel: Mapping[str, Any], dialled: str) -> RoutedCall:
        caller = channel.get("caller") or {}
        variables = channel.get("channelvars") or {}
        call = RoutedCall(
            id=str(channel["id"]),
            dialled=dialled[:64],
            caller=number(str(caller.get("number", ""))),
            caller_name=person(str(caller.get("name", ""))),
            presentation=str(variables.get(PRESENTATION, "")),
            channel=channel,
        )
        self.keep(call)
        return call

    def keep(self, call: RoutedCall) -> None:
        """Take a call into the book, and remember it for a while after its end."""
        self._calls[call.id] = call
        self._seen[call.id] = None
        if len(self._seen) > MEMORY:
            del self._seen[next(iter(self._seen))]

    def agent_joined(self, leg: str) -> list[Do]:
        """Take that the phone of an agent, or of somebody outside, was answered; one made to be dialled is only there."""
        call = self._calls.get(self.legs.get(leg, ""))
        if call is None or call.leg != leg:
            self.legs.pop(leg, None)
            return [Rest(call="", method="DELETE", path=f"/channels/{leg}", params={"reason": "normal"})]
        if call.early and call.stage is Stage.RINGING:
            return ari_deliver.made(self, call)
        return self.cue(call, Cue.JOINED)

    def channel_gone(self, channel: str, kind: str, cause: Any) -> list[Do]:
        """Take StasisEnd as the caller's going; a leg that never joined has only its ChannelDestroyed."""
        call = self._calls.get(channel)
        if call is not None:
            call.gone = True
            return self.cue(call, Cue.CALLER_GONE, cause)
        call = self._calls.get(self.legs.get(channel, ""))
        if kind == "ChannelDestroyed":
            self.legs.pop(channel, None)
        if call is not None and ari_spy.find(call, channel) is not None:
            return ari_spy.left(self, call, channel)
        if call is not None and call.coming == channel:
            return ari_give.not_coming(self, call, channel)
        if call is not None and call.third is not None and call.third.leg == channel:
            rings = call.third.stage is ThirdStage.RINGING and kind == "StasisEnd"
            return [] if rings else ari_third.moved(self, call, ari_third.ThirdCue.LEFT)
        if call is None or call.leg != channel or (kind == "StasisEnd" and call.stage is Stage.RINGING):
            return []
        return self.cue(call, Cue.AGENT_GONE, cause)

    def by_leg(self, leg: str, cue: Cue) -> list[Do]:
        """Move the call that an agent's leg belongs to."""
        call = self._calls.get(self.legs.get(leg, ""))
        return self.cue(call, cue) if call is not None and call.leg == leg else []

    def given(self, work: Give, outcome: Given) -> list[Do]:
        """Carry out what the house said to a phone's wish to give its call away; see `ari_give`."""
        return ari_give.given(self, work, outcome)

    def ring(self, call: RoutedCall) -> list[Do]:
        """Let the phone of a call's agent ring."""
        return ari_deliver.ring(self, call)

    # Orders.

    def connect(self, change: Change) -> list[Do]:
        """Bring the agent who accepted and the caller together."""
        call = self._calls.get(change.external_key) or self.by_interaction(change.interaction)
        if call is None:
            failed = DeliveryFailed(interaction=change.interaction, agent=change.agent or "", reason=FailReason.MEDIA)
            return [Report(call=change.external_key, fact=failed)]
        if call.gone or call.stage is not Stage.WAITING:
            return []
        call.interaction, call.agent, call.device = change.interaction, change.agent, change.device or ""
        call.line = change.line
        return self.cue(call, Cue.OFFER)

    def changed(self, change: Change) -> list[Do]:
        """Follow what was decided about a call: held, taken up again, back in a line, over."""
        call = self._calls.get(change.external_key) or self.by_interaction(change.interaction)
        if call is None:
            return []
        call.line = change.line or call.line
        if call.stage is Stage.WAITING and change.state in (State.QUEUED, State.CLOSED):
            return ari_wait.told(self, call, change)
        if change.state == State.ACTIVE:
            return self.cue(call, Cue.RESUME) if change.cause == Cause.RESUME else []
        cue = _FOLLOWS.get(change.state)
        return [] if cue is None else self.cue(call, cue)

    def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> list[Do]:
        """Carry out what the agent presses; see `ari_keys.press`."""
        return ari_keys.press(self, interaction, name, data)

    # Answers.

    def accepted(self, call_id: str, interaction: str, *, filed: bool = False) -> list[Do]:
        """Learn which interaction a call became; who hung up meanwhile has abandoned it, who is blocked is let go."""
        call = self._calls.get(call_id)
        if call is None:
            return [Report(call=call_id, fact=InteractionGone(interaction=interaction))]
        call.interaction = interaction
        if call.gone:
            del self._calls[call_id]
            return [] if filed else [Report(call=call_id, fact=InteractionGone(interaction=interaction))]
        return self.cue(call, Cue.RELEASE) if filed else []

    def refused(self, call_id: str) -> list[Do]:
        """Give a call that could not be taken in back to the dialplan, which has its own way."""
        call = self._calls.pop(call_id, None)
        if call is None or call.gone:
            return []
        variable = {"variable": FALLBACK, "value": "1"}
        return [
            Rest(call=call_id, method="POST", path=f"/channels/{call_id}/variable", params=variable),
            Rest(call=call_id, method="DELETE", path=f"/channels/{call_id}/moh"),
            Rest(call=call_id, method="POST", path=f"/channels/{call_id}/continue"),
        ]

    def result(self, request: Rest, status: int, body: Any) -> list[Do]:
        """Take a request's answer; 0 as `status` means that none came.  See `ari_answer`."""
        return ari_answer.answered(self, request, status, body)

    # What each move does.

    def cue(self, call: RoutedCall, cue: Cue, detail: Any = None) -> list[Do]:
        """Move a call by `cue`; return what there is to do about it."""
        move = MOVES.get((call.stage, cue))
        if move is None:
            return []
        before = call.stage
        call.stage, action = move
        done = self._actions[action](call, detail)
        first, last = ari_record.follow(self, call, before)
        done = [*first, *done, *last]
        if call.stage is Stage.OVER:
            done += ari_give.forget(self, call)
        if call.stage is Stage.OVER and (call.interaction or not call.gone):
            self._calls.pop(call.id, None)
        return done

    def from_bridge(self, call: RoutedCall) -> list[Do]:
        """Take the caller out of the bridge, to music."""
        path = f"/bridges/{call.bridge}/removeChannel"
        return [Rest(call=call.id, method="POST", path=path, params={"channel": call.id}), self.music_on(call)]

    def to_bridge(self, call: RoutedCall) -> list[Do]:
        """Bring the caller from the music into the bridge; who is in it stays there."""
        if not call.music:
            return []
        call.music = False
        return [Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/moh"), self.add(call, call.id)]

    def music_on(self, call: RoutedCall) -> Rest:
        """Let the caller hear music."""
        call.music = True
        return Rest(call=call.id, method="POST", path=f"/channels/{call.id}/moh", params={"mohClass": "default"})

    def add(self, call: RoutedCall, channels: str, step: str = "") -> Rest:
        """Put channels into the call's bridge."""
        path = f"/bridges/{call.bridge}/addChannel"
        return Rest(call=call.id, method="POST", path=path, params={"channel": channels}, step=step, leg=call.leg)

    def drop(self, call: RoutedCall, *, caller: bool = False, leg: bool = False, bridge: bool = False) -> list[Do]:
        """Hang up what is named and still there."""
        hang_up = {"reason": "normal"}
        over = leg and bridge
        gone: list[Do] = ari_third.drop_third(self, call) if over and call.third is not None else []
        gone += ari_spy.drop_all(self, call) if leg or bridge else []
        if leg and call.leg:
            gone.append(Rest(call=call.id, method="DELETE", path=f"/channels/{call.leg}", params=hang_up))
            self.legs.pop(call.leg, None)
            call.leg = ""
        if caller and not call.gone:
            gone.append(Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}", params=hang_up))
        if bridge and call.bridge:
            gone.append(Rest(call=call.id, method="DELETE", path=f"/bridges/{call.bridge}"))
            call.bridge = ""
        return gone
