"""Customers who are called back: they keep their place and age, are tried a few times, and wait while they talk to us anyway.

A callback is an item of its own, of a channel that `calls_back`.  It waits in line like the customer did; the agent who accepts
it is rung first, and only then the customer.  When the customer is not reached it is put aside for a pause (by default 10
minutes, an hour, the next opening) and stands in line again; after the last pause once more, and then it has failed.  Outside
the hours of its line nobody is called.  A customer who is in contact again is not called meanwhile: the callback is suspended,
shown to whoever talks to them, cancelled when it is settled there, and goes on when that contact ends without it.
"""

from __future__ import annotations

from datetime import timedelta

from contactd.clock import to_ms
from contactd.core.effects import Alert, CallBack, CallbackMet
from contactd.core.events import AttemptFailed, CallbackTaken
from contactd.core.interaction import Cause, EndedBy, Outcome, State
from contactd.core.offer import WithdrawReason
from contactd.routing.course import tell_standing
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import let_go
from contactd.routing.line import Line
from contactd.routing.offers import stop_offered
from contactd.routing.state import Item
from contactd.routing.work import close, in_hand

IN_CONTACT = (State.ACTIVE, State.HELD)
TO_COME = (State.QUEUED, State.OFFERED, State.PARKED)
TAKEN, MISSED = "callback", "missed"
"""Why a customer is called back: they asked for it, or they gave up waiting."""
DAY_MS = 86_400_000


def taken(floor: Floor, fact: CallbackTaken) -> None:
    """A customer who waits wants to be called back instead: they leave, and their place is kept for the callback."""
    item = floor.item(fact.interaction)
    channel = floor.policy.calls_back
    if item.state not in (State.QUEUED, State.OFFERED) or not item.matched:
        reason = "bad_state"
        raise RefusedError(reason)
    if not item.rule.live or item.rule.calls_back or channel is None:
        reason = "not_allowed"
        raise RefusedError(reason)
    stop_offered(floor, item, WithdrawReason.REROUTED)
    owe(floor, item, channel, TAKEN)
    floor.step_out(item)
    item.outcome, item.ended_by = Outcome.CALLBACK, EndedBy.CUSTOMER
    floor.move(item, Cause.OVERFLOW_OUT)
    floor.forget(item)


def owe(floor: Floor, item: Item, channel: str, why: str) -> None:
    """Wish for a callback to the customer of an item that leaves its line."""
    floor.emit(
        CallBack(
            interaction=item.id,
            channel=channel,
            line=item.line.name,
            reason=why,
            waited=timedelta(milliseconds=max(floor.now - item.age_from, 0)),
            priority=item.priority,
            skills=item.skills,
            language=item.language,
            vip=item.vip,
            abroad=item.line.callbacks.abroad,
        )
    )


def missed(floor: Floor, item: Item) -> None:
    """A customer has given up waiting: where the line says so, they are called back."""
    channel = floor.policy.calls_back
    if channel is not None and item.line.callbacks.missed and not item.rule.calls_back:
        owe(floor, item, channel, MISSED)


def attempt_failed(floor: Floor, fact: AttemptFailed) -> None:
    """The customer was not reached: the callback is put aside for a pause, or has failed for good."""
    item = in_hand(floor, fact.interaction, fact.agent, Cause.PARK)
    if not item.rule.calls_back:
        reason = "not_allowed"
        raise RefusedError(reason)
    if fact.until is not None:
        _put_off(floor, item, fact.agent, max(to_ms(fact.until), floor.now + 1))
        return
    item.attempts += 1
    pauses = item.line.callbacks.pauses
    if item.attempts > len(pauses):
        item.outcome, item.ended_by = Outcome.FAILED, EndedBy.SYSTEM
        close(floor, item, Cause.ENDED_NO_WRAPUP)
        floor.emit(Alert(kind="callback_failed", interaction=item.id, line=item.line.name, detail=fact.reason))
        return
    _put_off(floor, item, fact.agent, _after(floor, item.line, pauses[item.attempts - 1]))


def _put_off(floor: Floor, item: Item, agent: str, until: int) -> None:
    """Let a callback wait, for anybody, until a moment."""
    let_go(floor, item)
    item.agent, item.until = agent, until
    floor.deadlines.add(until, Due.PARK, item.id)
    floor.move(item, Cause.PARK)
    tell_standing(floor, item, anyway=True)


def _after(floor: Floor, line: Line, pause: float | None) -> int:
    """Return when a pause is over; one without a length ends at the line's next opening."""
    if pause is not None:
        return floor.now + round(pause * 1000)
    opens = line.hours.opens_after(floor.now) if line.hours is not None else None
    return floor.now + DAY_MS if opens is None else opens


def meet(floor: Floor) -> None:
    """Let the callbacks wait that are owed to customers with whom somebody has just begun to talk."""
    met, floor.met = floor.met, {}
    for name in met:
        item = floor.items.get(name)
        if item is None or item.rule.calls_back or item.state not in IN_CONTACT:
            continue
        for owed in floor.owed.to(item):
            if owed.suspended_by is None and owed.state in TO_COME:
                _suspend(floor, owed, item)


def _suspend(floor: Floor, owed: Item, contact: Item) -> None:
    stop_offered(floor, owed, WithdrawReason.REROUTED)
    floor.owed.suspend(owed, contact.id)
    floor.emit(CallbackMet(interaction=contact.id, callback=owed.id))
    if owed.state is State.QUEUED:
        floor.fresh[owed.id] = None
    else:
        tell_standing(floor, owed)
