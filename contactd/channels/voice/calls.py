"""The calls of a PBX, followed over its manager events: which leg is the customer, who waits, rings, talks, and how it ends.

Legs are kept by Uniqueid and belong to a call, which is a set of Linkedids: a consultation has its own until it is merged.
Only what is known from a Newchannel or from a list we asked for is believed, because a caller can forge events (telephony.md
2.2); an event whose channel does not fit its Uniqueid is passed over.

    calls = Calls()
    facts = [fact for event in session.feed(data, at) for fact in calls.handle(event)]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contactd.channels.voice.ami import RESPONSE, Event
from contactd.channels.voice.call import ADAPTER, RING_ENDS, Call, CallStarted, Phase, Told, Trigger
from contactd.channels.voice.legs import NOBODY, Leg, called, number
from contactd.channels.voice.listing import Listings, duration, seconds
from contactd.channels.voice.roster import Roster
from contactd.core.channel import Progress
from contactd.core.interaction import Direction, EndedBy
from contactd.core.offer import OfferOutcome

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ALLOWED, WITHHELD, UNKNOWN = "allowed", "withheld", "unknown"

_REFUSED = frozenset({"JOINEMPTY", "JOINUNAVAIL", "FULL"})
"""Values of QUEUESTATUS for a caller whom the queue did not let in."""
_NORMAL_CAUSES = frozenset({"", "0", "16"})
_REJECTED_CAUSE = "21"
_UNREACHABLE_CAUSES = frozenset({"1", "3", "19", "20", "27", "34", "38", "127"})
_SHOWN = re.compile(r"^CALLERID\(pres\)=(\w*)", re.MULTILINE)
"""What `channelvars = CALLERID(pres)` in manager.conf adds to every event of a channel."""
_NOT_A_TALK = frozenset({"parking", "holding"})
"""Types of bridges in which nobody talks to anybody."""


class Calls:
    """Every call of one PBX.

    Args:
        pbx: its name, put before the Linkedid in every key.
        ask: True when the caller's presentation is asked for (see `questions`): until the answer is in, nothing is told
            about the call, and without the answer the number is withheld.
    """

    def __init__(self, pbx: str = "", *, ask: bool = False) -> None:
        self.ask = ask
        self._roster = Roster(f"{pbx}/" if pbx else "")
        self._lists = Listings()
        self._questions: list[tuple[str, str]] = []
        self._asked: dict[str, str] = {}
        self._undecided: dict[str, Call] = {}
        self._now = NEVER
        self._out: list[Told] = []
        self._handlers: dict[str, Callable[[Event], None]] = {
            "Newchannel": self._newchannel,
            "Rename": self._rename,
            "LocalBridge": self._local_bridge,
            "LocalOptimizationBegin": self._local_optimized,
            "QueueCallerJoin": self._queue_join,
            "QueueCallerLeave": self._queue_leave,
            "QueueCallerAbandon": self._queue_abandon,
            "AgentCalled": self._agent_called,
            "AgentConnect": self._agent_connect,
            "AgentComplete": self._agent_complete,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "ParkedCall": self._parked,
            "MessageWaiting": self._message_waiting,
            "VarSet": self._varset,
            "HangupRequest": self._hangup_request,
            "Hangup": self._hangup,
            "Shutdown": self._shutdown,
            "CoreShowChannel": self._listed_channel,
            "CoreShowChannelsComplete": self._channels_listed,
            "QueueParams": self._listed_queue,
            "QueueMember": self._listed_member,
            "QueueEntry": self._listed_entry,
            "QueueStatusComplete": self._queues_listed,
        }

    def handle(self, event: Event) -> list[Told]:
        """Take one event; return what it tells, in order."""
        if event.at is not None:
            self._now = event.at
        self._out = []
        if event.kind == RESPONSE:
            self._response(event)
        elif self._roster.believes(event):
            self._learn(event)
            handler = self._handlers.get(event.name)
            if handler is not None:
                handler(event)
        return self._out

    # What the client needs.

    def expect(self, action_id: str) -> None:
        """Believe only lists that answer such an action of ours (a forger cannot know its id)."""
        self._lists.expect(action_id)

    def questions(self) -> list[tuple[str, str]]:
        """Return (Uniqueid, channel) of every call whose presentation has to be asked for, each once."""
        found, self._questions = self._questions, []
        return found

    def asked(self, action_id: str, uniqueid: str) -> None:
        """Remember under which action the presentation of a leg was asked for: `Getvar CALLERID(pres)`."""
        self._asked[action_id] = uniqueid

    def presume(self, uniqueid: str, value: str = "") -> list[Told]:
        """Settle an unanswered question (without a `value` the number is withheld); return what was kept back."""
        self._out = []
        self._asked = {action: asked for action, asked in self._asked.items() if asked != uniqueid}
        self._presented(uniqueid, value)
        return self._out

    def open_keys(self) -> set[str]:
        """Return the keys of the calls that are on now and were told of."""
        return {call.key for call in self._roster.calls() if call.started and call.phase is not Phase.OVER}

    def knows(self, uniqueid: str) -> bool:
        """Tell whether a leg is there."""
        return uniqueid in self._roster.legs

    def channel(self, uniqueid: str) -> str:
        """Return the name of a leg's channel; empty when it is gone."""
        leg = self._roster.legs.get(uniqueid)
        return leg.channel if leg is not None else ""

    def sides(self, key: str) -> tuple[str, str] | None:
        """Return the Uniqueids of (customer, agent) of a call in which two talk; of a Local channel the phone behind it."""
        call = self._roster.talking(key)
        if call is None or call.agent_leg not in self._roster.legs:
            return None
        return call.customer, self._roster.phone_of(self._roster.legs[call.agent_leg]).uniqueid

    def hold(self, key: str, *, on: bool) -> None:
        """Take the PBX's answer whether the agent's phone holds a call; it is told by who asked, not here."""
        call = self._roster.talking(key)
        if call is not None:
            call.phase, call.holders = (Phase.HELD, {call.agent_leg}) if on else (Phase.TALKING, set())

    # Learning.

    def _learn(self, event: Event) -> None:
        """Notice number, name and a changed Linkedid of the event's legs: in any event they may be new."""
        for prefix in ("", "Dest"):
            leg = self._roster.leg(event, prefix)
            if leg is None:
                continue
            leg.learn(event.get(f"{prefix}CallerIDNum"), event.get(f"{prefix}CallerIDName"))
            shown = _SHOWN.search(event.get(f"{prefix}ChanVariable"))
            if shown:
                self._presented(leg.uniqueid, shown[1])
            linkedid = event.get(f"{prefix}Linkedid", leg.linkedid)
            if linkedid != leg.linkedid:
                self._merge(self._roster.relink(leg, linkedid))

    def _merge(self, pair: tuple[Call, Call] | None) -> None:
        if pair is None:
            return
        keep, lose = pair
        if lose.started and lose.phase is not Phase.OVER:
            self._finish(lose, EndedBy.AGENT, {"merged_into": keep.key})
        self._roster.merge(keep, lose)

    def _response(self, event: Event) -> None:
        action = event.get("ActionID")
        uniqueid = self._asked.pop(action, None)
        if uniqueid is not None:
            self._presented(uniqueid, event.get("Value"))
        elif event.get("EventList").lower() == "start":
            waiting = {call.key for call in self._roster.calls() if call.phase is Phase.WAITING}
            self._lists.begin(action, set(self._roster.legs), waiting)

    def _presented(self, uniqueid: str, value: str) -> None:
        call = self._undecided.pop(uniqueid, None) or self._roster.call(self._roster.legs.get(uniqueid))
        if call is None or call.presentation != UNKNOWN or call.customer not in ("", uniqueid):
            return
        call.presentation = ALLOWED if value.startswith("allowed") else WITHHELD
        kept, call.kept_back = call.kept_back, []
        if kept:
            self._started(call)
            self._out += kept

    def _newchannel(self, event: Event) -> None:
        if not (event.get("Uniqueid") and event.get("Linkedid")) or self._roster.leg(event) is not None:
            return
        leg = self._roster.add(event, self._now)
        self._learn(event)
        call = self._roster.call(leg)
        if call is not None and self._roster.is_outside(leg) and number(leg.number) is not None:
            self._question(call, leg)

    def _rename(self, event: Event) -> None:
        leg = self._roster.leg(event)
        if leg is not None:
            leg.channel = event.get("Newname", leg.channel)

    def _local_bridge(self, event: Event) -> None:
        legs = self._roster.legs
        one, two = legs.get(event.get("LocalOneUniqueid")), legs.get(event.get("LocalTwoUniqueid"))
        if one is not None and two is not None:
            one.pair, two.pair = two.uniqueid, one.uniqueid

    def _local_optimized(self, event: Event) -> None:
        """A phone takes the place of its Local channel: it stays the same agent."""
        legs = self._roster.legs
        local, phone = legs.get(event.get("LocalOneUniqueid")), legs.get(event.get("SourceUniqueid"))
        if local is not None and phone is not None and local.interface:
            phone.interface = local.interface

    # Telling.

    def _started(self, call: Call) -> None:
        shown = call.presentation == ALLOWED or (call.presentation == UNKNOWN and not self.ask)
        self._out.append(
            CallStarted(
                adapter=ADAPTER,
                external_key=call.key,
                at=call.born,
                linkedid=call.key.removeprefix(self._roster.prefix),
                caller=call.caller if shown else None,
                caller_name=call.caller_name if shown else "",
                dialled=call.dialled,
                direction=call.direction,
                presentation=call.presentation,
                agent=call.origin,
            ),
        )

    def _tell(self, call: Call, kind: str, at: datetime | None = None, **rest: Any) -> None:
        progress = Progress(adapter=ADAPTER, external_key=call.key, at=at or self._now, kind=kind, **rest)
        first, call.started = not call.started, True
        secret = self.ask and call.direction is Direction.INBOUND and call.caller is not None
        if secret and call.presentation == UNKNOWN:
            call.kept_back.append(progress)
            self._undecided[call.customer] = call
            leg = self._roster.legs.get(call.customer)
            if leg is not None:
                self._question(call, leg)
            return
        if first:
            self._started(call)
        self._out.append(progress)

    def _question(self, call: Call, leg: Leg) -> None:
        """Have it asked whether a caller's number may be shown; early, for a channel that is gone answers no more."""
        if self.ask and not call.asked and call.presentation == UNKNOWN:
            call.asked = True
            self._questions.append((leg.uniqueid, leg.channel))

    def _step(self, call: Call, trigger: Trigger, at: datetime | None = None, **rest: Any) -> None:
        for kind in call.step(trigger):
            self._tell(call, kind, at, line=call.line, agent=call.agent, **rest)

    # Queues.

    def _queue_join(self, event: Event) -> None:
        leg = self._roster.leg(event)
        call = self._roster.call(leg)
        if leg is None or call is None:
            return
        if call.phase is Phase.WAITING and call.line == event.get("Queue") and call.leaving is None:
            return
        self._settle(call)
        call.name_customer(leg, Direction.INBOUND, leg.exten)
        call.line, call.agent, call.agent_leg = event.get("Queue"), None, ""
        self._step(call, Trigger.JOIN, data={"position": event.get("Position")})

    def _queue_leave(self, event: Event) -> None:
        call = self._roster.customer_call(event)
        if call is not None and call.phase is Phase.WAITING and not call.abandoned:
            call.leaving = self._now

    def _queue_abandon(self, event: Event) -> None:
        """Also sent on time-out and on an emptied queue: only a caller who hung up before it has abandoned (2.1)."""
        call = self._roster.customer_call(event)
        if call is None:
            return
        if self._roster.legs[call.customer].requested:
            call.abandoned = True
        else:
            call.leaving = self._now
            self._settle(call)

    def _settle(self, call: Call) -> None:
        """Say that the call left its queue unserved, when that is what a QueueCallerLeave turned out to mean."""
        if call.leaving is not None:
            at, call.leaving = call.leaving, None
            call.left = True
            self._step(call, Trigger.LEAVE, at)

    def _agent_called(self, event: Event) -> None:
        call, leg = self._roster.customer_call(event), self._roster.leg(event, "Dest")
        if call is None or leg is None:
            return
        leg.interface = event.get("Interface")
        leg.dialled = True
        self._ring(call, leg, leg.interface)

    def _ring(self, call: Call, leg: Leg, agent: str) -> None:
        if leg.uniqueid not in call.ringing:
            call.ringing[leg.uniqueid] = agent
            self._tell(call, "ringing", line=call.line, agent=agent, data={"leg": leg.uniqueid})

    def _ring_ended(self, call: Call, leg: Leg, outcome: OfferOutcome) -> None:
        agent = call.ringing.pop(leg.uniqueid, None)
        if agent is None:
            return
        if outcome is OfferOutcome.TIMED_OUT and leg.cause == _REJECTED_CAUSE:
            outcome = OfferOutcome.REJECTED
        elif outcome is OfferOutcome.TIMED_OUT and leg.cause in _UNREACHABLE_CAUSES:
            outcome = OfferOutcome.FAILED
        still = bool(call.ringing) or outcome is OfferOutcome.ACCEPTED
        rest: dict[str, Any] = {"outcome": outcome, "cause": leg.cause or None, "data": {"still_ringing": still}}
        self._tell(call, "ring_ended", line=call.line, agent=agent, **rest)

    def _agent_connect(self, event: Event) -> None:
        call, leg = self._roster.customer_call(event), self._roster.leg(event, "Dest")
        if call is not None and leg is not None:
            call.facts["hold_s"] = seconds(event.get("HoldTime"))
            self._connect(call, event.get("Interface"), leg)

    def _agent_complete(self, event: Event) -> None:
        """Keep what the queue counted; it may come without any channel, then queue and agent must do (2.8)."""
        call = self._roster.customer_call(event)
        if call is None and not event.get("Uniqueid"):
            pair = (event.get("Queue"), event.get("Interface"))
            found = [each for each in self._roster.calls() if each.is_open and (each.line, each.agent) == pair]
            call = found[0] if len(found) == 1 else None
        if call is not None:
            call.facts |= {
                "hold_s": seconds(event.get("HoldTime")),
                "talk_s": seconds(event.get("TalkTime")),
                "reason": event.get("Reason"),
            }

    # Dialling and bridges.

    def _dial_begin(self, event: Event) -> None:
        source, target = self._roster.leg(event), self._roster.leg(event, "Dest")
        if target is not None:
            target.dialled = True
            target.dialled_number = called(event.get("DialString"))
        call = self._roster.call(source)
        if source is None or target is None or call is None:
            return
        if not call.customer and (not source.local or self._is_caller(source, target)):
            self._begin_direct(call, source, target, event.get("DialString"))
        if source.uniqueid == call.customer:
            self._settle(call)
            if not self._leaves(call, target):
                self._ring(call, target, self._roster.agent_of(target))

    def _is_caller(self, source: Leg, target: Leg) -> bool:
        """Tell whether a Local channel stands for a caller: it has somebody else's number and goes to a phone."""
        return number(source.number) not in (None, target.number) and self._roster.is_house(target)

    def _begin_direct(self, call: Call, source: Leg, target: Leg, dialled: str) -> None:
        """A call that no queue gave out: from outside to a phone, from a phone outward, or between two phones."""
        if not self._roster.is_house(source):
            call.name_customer(source, Direction.INBOUND, source.exten)
            return
        call.origin = source.device
        if self._roster.is_house(target) or target.local:
            call.name_customer(source, Direction.INTERNAL, source.exten)
            return
        call.name_customer(target, Direction.OUTBOUND, called(dialled))
        self._tell(call, "ringing", agent=call.origin, data={"leg": target.uniqueid})

    def _dial_end(self, event: Event) -> None:
        """End a ring; the event may come twice, the first one counts."""
        leg = self._roster.leg(event, "Dest")
        call = self._roster.call(leg)
        if leg is not None and call is not None:
            self._ring_ended(call, leg, RING_ENDS.get(event.get("DialStatus"), OfferOutcome.FAILED))

    def _bridge_enter(self, event: Event) -> None:
        leg = self._roster.leg(event)
        if leg is None:
            return
        self._roster.bridge(leg, event.get("BridgeUniqueid"))
        if event.get("BridgeType") not in _NOT_A_TALK:
            self._look(leg.bridge)

    def _bridge_leave(self, event: Event) -> None:
        leg = self._roster.leg(event)
        if leg is not None:
            self._roster.unbridge(leg)

    def _look(self, bridge: str) -> None:
        """See who is with whom in a bridge, for every customer in it."""
        legs = self._roster.inside(bridge)
        if any(self._roster.is_house(leg) for leg in legs):
            self._notice_callers(legs)
        for leg in legs:
            call = self._roster.call(leg)
            if call is None or call.customer != leg.uniqueid:
                continue
            partners = [each for each in legs if each is not leg and self._roster.may_serve(each)]
            known = [each for each in partners if each.uniqueid == call.agent_leg]
            for partner in (known or partners)[:1]:
                self._connect(call, self._roster.agent_of(partner), partner)

    def _notice_callers(self, legs: list[Leg]) -> None:
        """Name the customers of calls that reached a phone without queue or dial (in a conference), or before we listened."""
        for leg in legs:
            call = self._roster.call(leg)
            if call is not None and self._roster.is_outside(leg):
                call.name_customer(leg, Direction.INBOUND, leg.exten)
            elif call is not None and not call.customer and self._roster.is_callee(leg):
                phone = next((each for each in legs if self._roster.is_house(each)), None)
                call.origin = phone.device if phone is not None else None
                call.name_customer(leg, Direction.OUTBOUND, number(leg.number) or "")

    def _leaves(self, call: Call, leg: Leg) -> bool:
        """Tell whether a customer whom somebody of the house has talked to goes on to somebody outside."""
        customer = self._roster.legs.get(call.customer)
        return call.answered and customer is not None and self._roster.leads_out(leg, customer.device)

    def _connect(self, call: Call, agent: str, leg: Leg) -> None:
        if leg.uniqueid != call.agent_leg and self._leaves(call, leg):
            self._finish(call, EndedBy.TRANSFER, {"transferred_to": self._roster.number_of(leg)})
            return
        call.leaving = None
        before, call.agent, call.agent_leg = call.agent, agent, leg.uniqueid
        call.answered = True
        self._ring_ended(call, leg, OfferOutcome.ACCEPTED)
        if agent == before and call.phase in (Phase.TALKING, Phase.HELD, Phase.PARKED):
            self._step(call, Trigger.RETURN)
            return
        call.hung_up = ""
        call.holders.clear()
        for kind in call.step(Trigger.CONNECT):
            who = before if kind == "resumed" else agent
            self._tell(call, kind, line=call.line, agent=who, data={"leg": leg.uniqueid, **call.facts})

    # Hold, parking, voicemail.

    def _hold(self, event: Event) -> None:
        leg = self._roster.leg(event)
        call = self._roster.call(leg)
        if leg is not None and call is not None and leg.uniqueid != call.customer and leg.bridge:
            call.holders.add(leg.uniqueid)
            self._step(call, Trigger.HOLD)

    def _unhold(self, event: Event) -> None:
        """End a hold; without a Hold before it (a REFER sends one) it means nothing."""
        leg = self._roster.leg(event)
        call = self._roster.call(leg)
        if leg is not None and call is not None and leg.uniqueid in call.holders:
            call.holders.discard(leg.uniqueid)
            self._step(call, Trigger.UNHOLD)

    def _parked(self, event: Event) -> None:
        leg = self._roster.legs.get(event.get("ParkeeUniqueid"))
        call = self._roster.call(leg)
        if leg is not None and call is not None and call.customer == leg.uniqueid:
            self._step(call, Trigger.PARK, data={"parked": event.get("ParkingSpace")})

    def _message_waiting(self, event: Event) -> None:
        leg = self._roster.leg(event)
        call = self._roster.call(leg)
        if leg is not None and call is not None and call.phase is Phase.FRESH and seconds(event.get("New")):
            call.name_customer(leg, Direction.INBOUND, leg.exten)
            call.voicemail = True
            call.facts["mailbox"] = event.get("Mailbox")

    def _varset(self, event: Event) -> None:
        if event.get("Variable") == "QUEUESTATUS" and event.get("Value") in _REFUSED:
            call = self._roster.call(self._roster.leg(event))
            if call is not None:
                call.refused = True

    # The end.

    def _hangup_request(self, event: Event) -> None:
        leg = self._roster.leg(event)
        call = self._roster.call(leg)
        if leg is None or call is None:
            return
        leg.requested = True
        leg.cause = event.get("Cause") or leg.cause
        if not call.hung_up and leg.uniqueid in (call.customer, call.agent_leg):
            call.hung_up = EndedBy.CUSTOMER if leg.uniqueid == call.customer else EndedBy.AGENT

    def _hangup(self, event: Event) -> None:
        leg = self._roster.leg(event)
        if leg is not None:
            leg.cause = event.get("Cause") or leg.cause
            self._gone(leg, {})

    def _gone(self, leg: Leg, evidence: dict[str, Any]) -> None:
        call = self._roster.call(leg)
        if call is not None:
            unreached = leg.cause not in _NORMAL_CAUSES
            self._ring_ended(call, leg, OfferOutcome.FAILED if unreached else OfferOutcome.WITHDRAWN)
            call.holders.discard(leg.uniqueid)
            lost = not call.customer and len(call.legs) == 1 and self._roster.is_outside(leg)
            if leg.uniqueid == call.customer or lost:
                self._end(call, leg, evidence)
        self._roster.drop(leg)

    def _end(self, call: Call, leg: Leg, evidence: dict[str, Any]) -> None:
        """End a call with its customer's leg, also one that no queue and no phone ever saw (a menu, a wrong number)."""
        if not call.is_open:
            return
        call.name_customer(leg, Direction.INBOUND, leg.exten)
        if leg.requested and not call.hung_up:
            call.hung_up = EndedBy.CUSTOMER
        self._settle(call)
        self._finish(call, EndedBy(call.hung_up or EndedBy.SYSTEM), evidence, leg.cause or None)

    def _finish(self, call: Call, by: EndedBy, evidence: dict[str, Any], cause: str | None = None) -> None:
        for uniqueid in list(call.ringing):
            self._ring_ended(call, self._roster.legs[uniqueid], OfferOutcome.WITHDRAWN)
        outcome, agent = call.outcome, call.agent if call.answered else None
        ends: dict[str, Any] = {"outcome": outcome, "ended_by": by, "cause": cause, "data": {**call.facts, **evidence}}
        for kind in call.step(Trigger.END):
            self._tell(call, kind, line=call.line, agent=agent, **ends)

    def _shutdown(self, event: Event) -> None:
        """The PBX goes down, and every call with it."""
        if event.get("Uniqueid"):
            return
        for call in self._roster.calls():
            if call.started and call.is_open:
                self._finish(call, EndedBy.SYSTEM, {"evidence": "shutdown"})
        self._roster.clear()

    # Lists we asked for.

    def _listed_channel(self, event: Event) -> None:
        listing = self._lists.find(event)
        if listing is None or not (event.get("Uniqueid") and event.get("Linkedid")):
            return
        leg = self._roster.leg(event)
        if leg is None:
            leg = self._roster.add(event, self._now - duration(event.get("Duration")))
            leg.dialled = event.get("ApplicationData") == "(Outgoing Line)"
        listing.seen.add(leg.uniqueid)
        if event.get("BridgeId") != leg.bridge:
            self._roster.bridge(leg, event.get("BridgeId"))

    def _channels_listed(self, event: Event) -> None:
        """The list is whole: who is not on it is gone, who is in a bridge is talking."""
        listing = self._lists.end(event)
        if listing is None:
            return
        for uniqueid in sorted(listing.legs - listing.seen):
            leg = self._roster.legs.get(uniqueid)
            if leg is not None:
                self._gone(leg, {"evidence": "not listed"})
        for uniqueid in sorted(listing.seen - listing.legs):
            self._notice_callers([leg for leg in (self._roster.legs.get(uniqueid),) if leg is not None])
        for bridge in sorted(self._roster.bridges):
            self._look(bridge)

    def _listed_queue(self, event: Event) -> None:
        listing = self._lists.find(event)
        if listing is not None:
            listing.queues.add(event.get("Queue"))

    def _listed_member(self, event: Event) -> None:
        if self._lists.find(event) is not None:
            self._roster.members |= {event.get("Location"), event.get("StateInterface")} - NOBODY

    def _listed_entry(self, event: Event) -> None:
        listing, leg = self._lists.find(event), self._roster.leg(event)
        call = self._roster.call(leg)
        if listing is None or leg is None or call is None:
            return
        listing.seen.add(leg.uniqueid)
        if call.phase is Phase.FRESH:
            call.name_customer(leg, Direction.INBOUND, leg.exten)
            call.line = event.get("Queue")
            joined = self._now - duration(event.get("Wait"))
            self._step(call, Trigger.JOIN, joined, data={"position": event.get("Position")})

    def _queues_listed(self, event: Event) -> None:
        """Whoever waited when the list was begun and is not on it has left the queue."""
        listing = self._lists.end(event)
        if listing is None:
            return
        for call in self._roster.calls():
            waits = call.key in listing.waiting and call.phase is Phase.WAITING and call.line in listing.queues
            if waits and call.customer not in listing.seen:
                call.leaving = self._now
                self._settle(call)
