"""Who is on: the legs of a PBX by Uniqueid, the calls they belong to by Linkedid, and the bridges they stand in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from contactd.channels.voice.ami import Event
from contactd.channels.voice.call import Call, Phase
from contactd.channels.voice.legs import Leg, is_extension, is_outside
from contactd.core.interaction import Direction

_BIRTHS = frozenset({"Newchannel", "CoreShowChannel", "QueueEntry"})
"""Events that may name a leg before it is known."""


class Roster:
    """Legs, calls and bridges.

    Args:
        prefix: stands before the Linkedid in every call's key.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.legs: dict[str, Leg] = {}
        self.bridges: dict[str, set[str]] = {}
        self.members: set[str] = set()
        """Devices and interfaces of the queues' members."""
        self._calls: dict[str, Call] = {}

    def leg(self, event: Event, prefix: str = "") -> Leg | None:
        """Return the known leg an event is about."""
        return self.legs.get(event.get(f"{prefix}Uniqueid"))

    def call(self, leg: Leg | None) -> Call | None:
        """Return the call a leg belongs to."""
        return None if leg is None else self._calls.get(leg.linkedid)

    def customer_call(self, event: Event) -> Call | None:
        """Return the call whose customer's leg an event is about."""
        leg = self.leg(event)
        call = self.call(leg)
        return call if leg is not None and call is not None and call.customer == leg.uniqueid else None

    def talking(self, key: str) -> Call | None:
        """Return the call of a key when two talk on it, or one holds the other."""
        found = next((each for each in self.calls() if each.key == key), None)
        return found if found is not None and found.phase in (Phase.TALKING, Phase.HELD) else None

    def calls(self) -> Iterable[Call]:
        """Return every call once (a merged one has several Linkedids)."""
        return list({id(call): call for call in self._calls.values()}.values())

    def believes(self, event: Event) -> bool:
        """Tell whether an event speaks of a leg we know by the name we know it by, or of no leg at all."""
        if event.name in _BIRTHS or not event.get("Uniqueid"):
            return True
        leg = self.leg(event)
        return leg is not None and event.get("Channel", leg.channel) == leg.channel

    def add(self, event: Event, born: datetime) -> Leg:
        """Take a new leg in, with its call."""
        channel, caller = event.get("Channel"), event.get("CallerIDNum")
        leg = Leg(
            uniqueid=event.get("Uniqueid"),
            channel=channel,
            linkedid=event.get("Linkedid"),
            born=born,
            number=caller,
            name=event.get("CallerIDName"),
            exten=event.get("Exten"),
            extension=is_extension(channel, caller),
        )
        self.legs[leg.uniqueid] = leg
        call = self._calls.get(leg.linkedid)
        if call is None:
            call = Call(key=self.prefix + leg.linkedid, born=born, linkedids={leg.linkedid})
            self._calls[leg.linkedid] = call
        call.legs.add(leg.uniqueid)
        return leg

    def drop(self, leg: Leg) -> None:
        """Forget a leg that is gone, and its call with its last leg."""
        self.unbridge(leg)
        call = self.call(leg)
        del self.legs[leg.uniqueid]
        if call is None:
            return
        call.legs.discard(leg.uniqueid)
        if not call.legs:
            for linkedid in call.linkedids:
                self._calls.pop(linkedid, None)

    def clear(self) -> None:
        """Forget every leg, call and bridge."""
        self.legs.clear()
        self.bridges.clear()
        self._calls.clear()

    def relink(self, leg: Leg, linkedid: str) -> tuple[Call, Call] | None:
        """Give a leg its new Linkedid; return (call kept, call lost in it) when two calls became one by it."""
        old = self._calls.get(leg.linkedid)
        leg.linkedid = linkedid
        new = self._calls.get(linkedid)
        if old is None or old is new:
            return None
        if new is None:
            old.linkedids.add(linkedid)
            self._calls[linkedid] = old
            return None
        return (old, new) if _rank(old) < _rank(new) else (new, old)

    def merge(self, keep: Call, lose: Call) -> None:
        """Put everything of one call into another."""
        keep.legs |= lose.legs
        keep.linkedids |= lose.linkedids
        for linkedid in lose.linkedids:
            self._calls[linkedid] = keep

    def bridge(self, leg: Leg, bridge: str) -> None:
        """Put a leg into a bridge."""
        self.unbridge(leg)
        leg.bridge = bridge
        if bridge:
            self.bridges.setdefault(bridge, set()).add(leg.uniqueid)

    def unbridge(self, leg: Leg) -> None:
        """Take a leg out of the bridge it is in."""
        inside = self.bridges.get(leg.bridge)
        if inside is not None:
            inside.discard(leg.uniqueid)
            if not inside:
                del self.bridges[leg.bridge]
        leg.bridge = ""

    def inside(self, bridge: str) -> list[Leg]:
        """Return the legs in a bridge, in order of their Uniqueids."""
        return [self.legs[uniqueid] for uniqueid in sorted(self.bridges.get(bridge, ()))]

    def is_house(self, leg: Leg) -> bool:
        """Tell whether a leg is a phone of the house."""
        return leg.extension or leg.device in self.members

    def is_outside(self, leg: Leg) -> bool:
        """Tell whether a leg came from outside by itself: a customer's."""
        return not (leg.local or leg.dialled or self.is_house(leg))

    def is_callee(self, leg: Leg) -> bool:
        """Tell whether a leg is somebody outside whom the PBX called."""
        return leg.dialled and not (leg.local or leg.interface or self.is_house(leg))

    def may_serve(self, leg: Leg) -> bool:
        """Tell whether a leg may be the one who talks to a customer: a phone of the house, or one the PBX called."""
        return leg.dialled or bool(leg.interface) or leg.local or self.is_house(leg)

    def leads_out(self, leg: Leg, over: str) -> bool:
        """Tell whether a leg that the PBX called leads out of the house: over the trunk `over`, or to an outside number."""
        real = self._phone(leg) or leg
        if leg.interface or real.interface or self.is_house(real) or not (leg.dialled or real.dialled):
            return False
        return real.device == over or is_outside(self.number_of(leg))

    def number_of(self, leg: Leg) -> str:
        """Return the number a leg was called with; through a Local channel the one its far end was."""
        phone = self._phone(leg)
        return (phone.dialled_number if phone is not None else "") or leg.dialled_number

    def agent_of(self, leg: Leg) -> str:
        """Name the agent behind a leg; through a Local channel it is the phone at its far end."""
        if leg.interface:
            return leg.interface
        phone = self._phone(leg)
        return leg.device if phone is None else phone.device

    def phone_of(self, leg: Leg) -> Leg:
        """Return the phone's own leg: of a Local channel the one at its far end."""
        return self._phone(leg) or leg

    def _phone(self, leg: Leg) -> Leg | None:
        """Return the leg at the far end of a Local channel, None when it is none or nobody is there yet."""
        far = self.legs.get(leg.pair) if leg.local else None
        return None if far is None else next((each for each in self.inside(far.bridge) if not each.local), None)


def _rank(call: Call) -> tuple[bool, datetime]:
    """Order two calls to be merged: the one with a customer from outside is kept, else the older one."""
    return not (call.customer and call.direction is not Direction.INTERNAL), call.born
