"""Calls that contactd routes over FreeSWITCH: a pure machine, messages and orders in, things to do out.

The dialplan parks a caller (`contactd=inbound`, then `park`); here they hear music until an agent has accepted, then the agent's
phone is rung (`originate … &park()`) and both are put together (`uuid_bridge`).  `park_after_bridge` lets a caller whose agent
goes come back to where they stood.  After FreeSWITCH's documentation and source; it has been run against no FreeSWITCH.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from contactd.channels.voice import parked_dial, parked_hold, parked_keys
from contactd.channels.voice.asked import Accept, Answered, Report
from contactd.channels.voice.callcenter import is_shown
from contactd.channels.voice.esl import Message
from contactd.channels.voice.legs import number, person
from contactd.channels.voice.parked_table import DEVICE, FOLLOWS, MARK, MOVES, UUID, Cue, Do, Parked, Send, Stage, kill
from contactd.core.channel import Change
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import DeliveryFailed, InteractionGone, WorkEnded
from contactd.core.interaction import Cause, EndedBy, State
from contactd.core.offer import FailReason

ADAPTER = "esl-park"
EVENTS = (
    *("CHANNEL_PARK", "CHANNEL_BRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP_COMPLETE"),
    *("BACKGROUND_JOB", "HEARTBEAT"),
)
FALLBACK = "contactd_fallback"
"""Extension of the dialplan that serves whom we cannot."""
ACTIONS = parked_dial.ACTIONS | parked_hold.ACTIONS
"""What parts of the machine do; the rest is below."""
MAX_CALLS = 5000
MEMORY = 1000
"""Calls that are remembered after their end."""
_CALLER_ID = re.compile(r"[^0-9+*#]")
_BUSY = ("USER_BUSY", "CALL_REJECTED")


class ParkedCalls:
    """Every caller a switch has parked for us.

    Args:
        new_id: gives a new unique id, of legs and jobs.
        ring_s: how long an agent's phone rings.
        music: what who waits hears.
    """

    def __init__(self, new_id: Callable[[], str], ring_s: int = 15, music: str = "local_stream://moh") -> None:
        self.new_id = new_id
        self.ring_s = ring_s
        self.music = music
        self._calls: dict[str, Parked] = {}
        self._legs: dict[str, str] = {}
        self._jobs: dict[str, str] = {}
        """Job of a ring or a bridge → the agent's leg."""
        self._over: dict[str, None] = {}
        """Callers whose call is over, which the switch may not know yet."""
        self._heard: dict[str, Callable[[Message], list[Do]]] = {
            "CHANNEL_PARK": self._parked,
            "CHANNEL_BRIDGE": lambda message: self._of_any(message, Cue.JOINED),
            "CHANNEL_HOLD": lambda message: self._of_leg(message, Cue.PHONE_HOLD),
            "CHANNEL_UNHOLD": lambda message: self._of_leg(message, Cue.PHONE_RESUME),
            "CHANNEL_HANGUP_COMPLETE": self._hung_up,
            "BACKGROUND_JOB": self._job_done,
        }

    def get(self, call: str) -> Parked | None:
        """Return a call by its channel's id."""
        return self._calls.get(call)

    def ids(self) -> list[str]:
        """Return the ids of the calls that are on."""
        return list(self._calls)

    def by_interaction(self, interaction: str) -> Parked | None:
        """Return the call of an interaction."""
        return next((call for call in self._calls.values() if call.interaction == interaction), None)

    def legs(self, *stages: Stage) -> set[str]:
        """Return the agents' legs of calls that stand there."""
        return {call.leg for call in self._calls.values() if call.leg and call.stage in stages}

    def expected(self) -> int:
        """Return how many channels there must be at least."""
        return len(self._calls) + len(self._legs)

    # Messages.

    def handle(self, message: Message) -> list[Do]:
        """Take one message; unknown and malformed ones change nothing."""
        heard = self._heard.get(message.name)
        return [] if heard is None else heard(message)

    def _parked(self, message: Message) -> list[Do]:
        """Take in a caller; one whose agent went hears music again, or is let go."""
        uuid = message.get("Unique-ID")
        if message.get(MARK) in ("agent", parked_dial.CUSTOMER):
            return self._picked_up(uuid)
        if message.get(MARK) != "inbound" or not UUID.fullmatch(uuid):
            return []
        call = self._calls.get(uuid)
        if call is not None:
            return [self.music_on(call)] if call.stage in (Stage.WAITING, Stage.RINGING) else []
        if uuid in self._over:  # its agent's going brought it back here: it was to be ended
            return [kill(uuid, uuid)]
        if len(self._calls) >= MAX_CALLS:
            return []
        call = self._calls[uuid] = Parked(
            id=uuid,
            caller=number(message.get("Caller-Caller-ID-Number")),
            caller_name=person(message.get("Caller-Caller-ID-Name")),
            dialled=(message.get("Caller-Destination-Number"))[:64],
            shown=is_shown(message),
        )
        return [self.music_on(call), Accept(call=uuid)]

    def _picked_up(self, uuid: str) -> list[Do]:
        """A phone that we rang was answered; of one that rang before we came no job tells."""
        if uuid in self._calls:
            return self.cue(self._calls[uuid], Cue.REACHED)
        call = self._calls.get(self._legs.get(uuid, ""))
        return self.cue(call, Cue.PICKED_UP) if call is not None and call.leg == uuid else []

    def _of_any(self, message: Message, cue: Cue) -> list[Do]:
        """Move the call of either leg; that both are together is told of one of them only."""
        ids = (message.get("Unique-ID"), message.get("Other-Leg-Unique-ID"))
        call = next((self._calls[each] for each in ids if each in self._calls), None)
        return self.cue(call, cue) if call is not None and call.leg in ids else []

    def _of_leg(self, message: Message, cue: Cue) -> list[Do]:
        call = self._calls.get(self._legs.get(message.get("Unique-ID"), ""))
        return self.cue(call, cue) if call is not None else []

    def _hung_up(self, message: Message) -> list[Do]:
        uuid = message.get("Unique-ID")
        received = message.get("variable_sip_hangup_disposition").startswith("recv_")
        return self.left(uuid, by_them=received, cause=message.get("Hangup-Cause"))

    def left(self, uuid: str, *, by_them: bool = False, cause: str = "") -> list[Do]:
        """Take that a channel is gone; `by_them`: its own party hung up; `cause`: as the switch names it."""
        call = self._calls.get(uuid)
        if call is not None:
            call.gone = True
            if call.stage is Stage.DIALLING:
                return self.cue(call, Cue.CALLER_GONE, cause)
            return self.cue(call, Cue.CALLER_GONE, EndedBy.CUSTOMER if by_them else EndedBy.SYSTEM)
        call = self._calls.get(self._legs.pop(uuid, ""))
        if call is None or call.leg != uuid:
            return []
        if call.stage in (Stage.RINGING, Stage.SUMMONING):
            return self.cue(call, Cue.AGENT_GONE, cause)
        return self.cue(call, Cue.AGENT_GONE, EndedBy.AGENT if by_them else EndedBy.SYSTEM)

    def _job_done(self, message: Message) -> list[Do]:
        """Take how a ring or a bridge ended: `+OK UUID`, or `-ERR REASON`; that of a leg we dropped means nothing."""
        leg = self._jobs.pop(message.get("Job-UUID"), "")
        ok, why = message.body.startswith("+OK"), message.body.strip()[5:60]
        called = self._calls.get(leg)
        if called is not None:
            return self.cue(called, Cue.REACHED) if ok else self.cue(called, Cue.CALLER_GONE, why)
        call = self._calls.get(self._legs.get(leg, ""))
        if call is None:
            return []
        if ok:
            return self.cue(call, Cue.PICKED_UP) if call.stage in (Stage.RINGING, Stage.SUMMONING) else []
        return self.cue(call, Cue.AGENT_GONE, why)

    # Orders.

    def accepted(self, ident: str, interaction: str, *, filed: bool = False) -> list[Do]:
        """Learn which interaction a call became; who hung up meanwhile has given up, who is blocked is let go."""
        call = self._calls.get(ident)
        if call is None or call.gone:
            self._calls.pop(ident, None)
            return [] if filed else [Report(call=ident, fact=InteractionGone(interaction=interaction))]
        call.interaction = interaction
        # They are ours: the dialplan's own way out, for the time we are away, is called off.
        return self.cue(call, Cue.RELEASE) if filed else [Send(call=ident, command=f"sched_del {ident}")]

    def refused(self, ident: str) -> list[Do]:
        """Give a call that could not be taken in back to the dialplan, which has its own way."""
        call = self._calls.pop(ident, None)
        return [] if call is None or call.gone else [Send(call=ident, command=f"uuid_transfer {ident} {FALLBACK}")]

    def connect(self, change: Change) -> list[Do]:
        """Bring the agent who accepted and the caller together."""
        call = self._calls.get(change.external_key)
        if call is None:
            failed = DeliveryFailed(interaction=change.interaction, agent=change.agent or "", reason=FailReason.MEDIA)
            return [Report(call=change.external_key, fact=failed)]
        if call.gone or call.stage is not Stage.WAITING:
            return []
        call.interaction, call.agent, call.device = change.interaction, change.agent, change.device or ""
        return self.cue(call, Cue.OFFER)

    def changed(self, change: Change) -> list[Do]:
        """Follow what was decided about a call."""
        call = self._calls.get(change.external_key)
        if call is None:
            return []
        if change.state == State.ACTIVE:
            return self.cue(call, Cue.RESUME) if change.cause == Cause.RESUME else []
        cue = FOLLOWS.get(State(change.state))
        return [] if cue is None else self.cue(call, cue)

    def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> list[Do]:
        """Carry out what an agent presses.

        Raises:
            BadRequestError: there is no such key on this switch.
            ConflictError: nobody is talking.
        """
        key = parked_keys.KEYS.get(name)
        if key is None:
            message = "this switch has no such key yet: use the phone"
            raise BadRequestError(message, code="not_supported")
        call = self.by_interaction(interaction)
        on_the_way = (Stage.SUMMONING, Stage.DIALLING) if name == "call.hangup" else ()
        if call is None or call.stage not in (Stage.TALKING, Stage.HELD, *on_the_way):
            message = "nobody is talking on this call"
            raise ConflictError(message, code="bad_state")
        return key(self, call, data)

    def put_back(self, call: Parked, leg: str) -> None:
        """Keep a call that is taken up again, with its agent's leg ("" = none)."""
        self._calls[call.id] = call
        if leg:
            call.leg, self._legs[leg] = leg, call.id

    # What each move does.

    def cue(self, call: Parked, cue: Cue, detail: str = "") -> list[Do]:
        """Move a call by `cue`; return what there is to do about it."""
        move = MOVES.get((call.stage, cue))
        if move is None:
            return []
        call.stage, action = move
        act = ACTIONS.get(action)
        done: list[Do] = act(self, call, detail) if act else getattr(self, f"_do_{action}")(call, detail)
        if call.stage is Stage.OVER and (call.interaction or not call.gone):
            self._calls.pop(call.id, None)
            self._over[call.id] = None
            if len(self._over) > MEMORY:
                del self._over[next(iter(self._over))]
        return done

    def _do_ring(self, call: Parked, _detail: str) -> list[Do]:
        if not DEVICE.fullmatch(call.device):
            return self.cue(call, Cue.AGENT_GONE)
        shown = _CALLER_ID.sub("", call.caller or "") if call.shown else ""
        return [self.originate(call, call.device, shown, self.ring_s)]

    def originate(self, call: Parked, where: str, shown: str, seconds: int, *, customer: bool = False) -> Send:
        """Ring the agent's phone, or the customer who is called, and let who answers wait for the other."""
        job = self.new_id()
        if not customer:
            call.leg = self.new_id()
            self._legs[call.leg] = call.id
        leg = self._jobs[job] = call.id if customer else call.leg
        said = {
            "origination_uuid": leg,
            "originate_timeout": str(seconds),
            "ignore_early_media": "true",
            "origination_caller_id_number": shown or "anonymous",
            "contactd": "customer" if customer else "agent",
            "contactd_call": call.id,
        }
        variables = ",".join(f"{name}={value}" for name, value in said.items())
        return Send(call=call.id, command=f"originate {{{variables}}}{where} &park()", job=job)

    def _do_bridge(self, call: Parked, _detail: str) -> list[Do]:
        job = self.new_id()
        self._jobs[job] = call.leg
        return [
            Send(call=call.id, command=f"uuid_break {call.leg if call.outbound else call.id} all"),
            Send(call=call.id, command=f"uuid_bridge {call.id} {call.leg}", job=job),
        ]

    def _do_answered(self, call: Parked, _detail: str) -> list[Do]:
        call.talked = True
        return [Answered(call=call.id, interaction=call.interaction)]

    def _do_not_delivered(self, call: Parked, detail: str) -> list[Do]:
        if call.outbound and not call.talked:
            return parked_dial.not_together(self, call)
        busy = any(word in detail for word in _BUSY)
        reason = FailReason.DEVICE_BUSY if busy else FailReason.DEVICE_UNREACHABLE
        failed = DeliveryFailed(interaction=call.interaction, agent=call.agent or "", reason=reason)
        return [*self.drop_leg(call), self.music_on(call), Report(call=call.id, fact=failed)]

    def _do_call_off(self, call: Parked, _detail: str) -> list[Do]:
        """The agent leaves it: who was bridged is parked again by the switch, which is told, and hears music then."""
        call.agent, call.phone_held, call.muted = None, False, False
        return self.drop_leg(call)

    def _do_given_up(self, call: Parked, _detail: str) -> list[Do]:
        if call.outbound and not call.talked:
            return parked_dial.not_together(self, call)
        gone: list[Do] = (
            [Report(call=call.id, fact=InteractionGone(interaction=call.interaction))] if call.interaction else []
        )
        return [*self.drop_leg(call), *gone]

    def _do_agent_left(self, call: Parked, by: str) -> list[Do]:
        ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=EndedBy(by or EndedBy.SYSTEM))
        return [*self.drop_leg(call), kill(call.id, call.id), Report(call=call.id, fact=ended)]

    def _do_caller_left(self, call: Parked, by: str) -> list[Do]:
        ended = WorkEnded(interaction=call.interaction, agent=call.agent, ended_by=EndedBy(by))
        return [*self.drop_leg(call), Report(call=call.id, fact=ended)]

    def _do_release(self, call: Parked, _detail: str) -> list[Do]:
        return [*self.drop_leg(call), *([] if call.gone else [kill(call.id, call.id)])]

    def drop_leg(self, call: Parked) -> list[Do]:
        """Hang up the agent's leg, if it is still there; from now on it means nothing."""
        leg, call.leg = call.leg, ""
        return [kill(call.id, leg)] if leg and self._legs.pop(leg, "") else []

    def music_on(self, call: Parked) -> Send:
        """Let a caller hear music."""
        return Send(call=call.id, command=f"uuid_broadcast {call.id} {self.music} aleg")
