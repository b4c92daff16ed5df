"""What becomes of those who wait too long, come too late or too many: the rules of their line, followed.

Hours are asked first: into a closed line nobody new comes, and whoever was in line at closing is served for a while.  The other
rules are asked when nobody could be found for an item, and again at the moment each of them can begin to hold.  The first rule
that holds is followed.  An item never overflows back into a line it has left, so no set of rules can send it round in circles.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from contactd.core.effects import Alert, Overflow
from contactd.core.events import WaitExpected
from contactd.core.interaction import Cause, EndedBy, Outcome, SegmentReason
from contactd.routing.attendance import live_in
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.gate import Gate
from contactd.routing.hours import gate_of, lets_in
from contactd.routing.line import Line
from contactd.routing.state import Item
from contactd.routing.ways_out import OverflowRule

ANSWER_MS = 60_000
"""How long a customer outside the hours has to take the callback they are offered."""
ASKED_FOR_HOURS = (SegmentReason.ARRIVAL, SegmentReason.OVERFLOW)
"""Stays that begin by a customer's coming: whoever is given to a closed line by a person is in line there."""
_MS = timedelta(milliseconds=1)


def turned_away(floor: Floor, item: Item) -> bool:
    """Ask the line's hours about a waiting item; True = it has left, or stands aside: nobody is to be sought for it now."""
    if item.suspended_by is not None:
        item.aside = True
        return True
    if not item.rule.live:
        return False
    gate = gate_of(floor, item.line)
    if gate.open:
        return False
    if item.rule.calls_back:
        item.aside = True
        return True
    if _served(floor, item, gate):
        return False
    _leave_closed(floor, item)
    return True


def _leave_closed(floor: Floor, item: Item) -> None:
    """Let an item out of a closed line, at once or when the time to take an offered callback is over."""
    if _let_out(floor, item, lambda rule: rule.when == "closed" or _holds(floor, item, rule, anybody=True)):
        return
    if item.asked_at is not None and floor.now < item.asked_at + ANSWER_MS:
        item.aside = True
        floor.deadlines.add(item.asked_at + ANSWER_MS, Due.OVERFLOW, item.id, item.token)
        _watch(floor, item)  # another rule may begin to hold before they answer
        return
    _out(floor, item, "message", "closed", Outcome.CLOSED_HOURS)


def _served(floor: Floor, item: Item, gate: Gate) -> bool:
    """Say whether an item was in line at closing and still has time; when that ends it is looked at again."""
    given = item.entered_as not in ASKED_FOR_HOURS
    if not given and (item.entering or item.queued_at > gate.since):
        return False
    if gate.mode == "drain":
        return True
    rule = item.line.after_close
    end = max(gate.since, item.queued_at) + round(rule.seconds * 1000)
    if floor.now >= end or (rule.do == "message" and not given):
        return False
    if not anybody(floor, item):
        floor.lonely[item.id] = None
        return False
    if rule.do == "callback":
        _offer_callback(floor, item, "after_close")
    floor.deadlines.add(end, Due.OVERFLOW, item.id, item.token)
    return True


def anybody(floor: Floor, item: Item) -> bool:
    """Say whether anybody signed in could take an item, at its bare requirement."""
    if floor.index.ladder(item)[-1].shape.anybody():
        return True
    named = floor.agents.get(item.prefer or "") if item.direct else None
    return named is not None and named.signed_in


def leaves(floor: Floor, item: Item) -> bool:
    """Follow the rules for an item nobody was found for; True = it has left its place (perhaps for another line)."""
    rules = item.line.overflow
    if not rules:
        item.entering = False
        return False
    somebody = True
    if any(rule.when == "nobody" and _for(rule, item) for rule in rules):
        somebody = anybody(floor, item)
        _note_alone(floor, item, alone=not somebody)
    left = _let_out(floor, item, lambda rule: _holds(floor, item, rule, anybody=somebody))
    item.expects = 0.0
    if not left:
        item.entering = False
        _watch(floor, item)
    return left


def _note_alone(floor: Floor, item: Item, *, alone: bool) -> None:
    """Note since when nobody could take an item; it is looked at again when somebody comes who can."""
    since = item.alone_since or floor.now if alone else None
    item.untold = item.untold or since != item.alone_since
    item.alone_since = since
    if alone:
        floor.lonely[item.id] = None
    else:
        floor.lonely.pop(item.id, None)


def _let_out(floor: Floor, item: Item, holds: Callable[[OverflowRule], bool]) -> bool:
    """Follow the first rule that holds and leads somewhere; a callback that is offered ends nothing."""
    return any(_for(rule, item) and holds(rule) and _follow(floor, item, rule) for rule in item.line.overflow)


def _for(rule: OverflowRule, item: Item) -> bool:
    """Say whether a rule is for an item's channel; a callback is not offered another."""
    if item.rule.calls_back and rule.line is None:
        return False
    if rule.channels:
        return item.channel in rule.channels
    return item.rule.live and not item.rule.calls_back


def _holds(floor: Floor, item: Item, rule: OverflowRule, *, anybody: bool) -> bool:
    """Say whether a rule's condition holds; hours are asked apart."""
    due = round(rule.seconds * 1000)
    if rule.when == "age":
        return _spent(item, item.age_from, floor.now) >= due
    if rule.when == "stay":
        return _spent(item, item.queued_at, floor.now) >= due
    if rule.when == "nobody":
        return not anybody and item.alone_since is not None and floor.now - item.alone_since >= due
    if rule.when == "crowded":
        return item.entering and _others(floor, item) >= rule.count
    if rule.when == "wait":
        expected = floor.expected.get(item.line.name, 0.0) if item.entering else item.expects
        return expected * 1000 >= due
    return False


def _spent(item: Item, begin: int, now: int) -> int:
    """Return how long an item has waited, in the time that counts for it."""
    if item.rule.live or item.line.sla_hours is None:
        return now - begin
    return item.line.sla_hours.worked(begin, now)


def _others(floor: Floor, item: Item) -> int:
    """Return how many of the same kind (live or not) stand in the line."""
    return sum(
        len(floor.crowd.get((item.line.name, channel), ())) - (channel == item.channel)
        for channel, rule in item.line.channels.items()
        if rule.live == item.rule.live and not rule.calls_back
    )


def _watch(floor: Floor, item: Item) -> None:
    """Set the moment at which the next of the rules that go by time can begin to hold."""
    moments = [at for rule in item.line.overflow if _for(rule, item) and (at := _moment(item, rule)) is not None]
    at = min((at for at in moments if at > floor.now), default=None)
    if at is not None:
        floor.deadlines.add(at, Due.OVERFLOW, item.id, item.token)


def _moment(item: Item, rule: OverflowRule) -> int | None:
    due = round(rule.seconds * 1000)
    if rule.when == "nobody":
        return None if item.alone_since is None else item.alone_since + due
    if rule.when not in ("age", "stay"):
        return None
    begin = item.age_from if rule.when == "age" else item.queued_at
    if item.rule.live or item.line.sla_hours is None:
        return begin + due
    return item.line.sla_hours.due(begin, due)


def _follow(floor: Floor, item: Item, rule: OverflowRule) -> bool:
    if rule.line is not None:
        return _move_to(floor, item, floor.policy.lines[rule.line], rule)
    if rule.action == "callback":
        _offer_callback(floor, item, rule.name)
        return False
    outcome = Outcome.CLOSED_HOURS if rule.when == "closed" else Outcome.OVERFLOW
    _out(floor, item, rule.action or "close", rule.name, Outcome.VOICEMAIL if rule.action == "voicemail" else outcome)
    return True


def _move_to(floor: Floor, item: Item, line: Line, rule: OverflowRule) -> bool:
    """Let an item go on in another line; not back into one it has left, nor into one that is closed."""
    if line.name in item.path:
        _tell_loop(floor, item, rule)
        return False
    if item.rule.live and not lets_in(floor, line):
        return False
    floor.emit(Overflow(interaction=item.id, line=line.name, rule=rule.name))
    floor.step_out(item)
    item.path += (item.line.name,)
    item.line, item.rule = line, floor.policy.rule(line.name, item.channel)
    item.skips.clear()
    item.begin_stay(floor.now, SegmentReason.OVERFLOW)
    item.entering = True
    floor.move(item, Cause.OVERFLOW_LINE)
    floor.stand(item)
    return True


def _tell_loop(floor: Floor, item: Item, rule: OverflowRule) -> None:
    """Let supervisors know, once for an item, that rules lead in a circle."""
    if not item.looped:
        item.looped = item.untold = True
        floor.emit(Alert(kind="overflow_loop", interaction=item.id, line=item.line.name, detail=rule.name))


def _offer_callback(floor: Floor, item: Item, rule: str) -> None:
    """Have the customer asked, once, whether they want to be called back; they keep their place until they have said so."""
    if item.asked_at is None:
        item.asked_at = floor.now
        item.untold = True
        floor.emit(Overflow(interaction=item.id, action="callback", rule=rule))


def _out(floor: Floor, item: Item, action: str, rule: str, outcome: Outcome) -> None:
    """Let an item leave the queue for good."""
    floor.emit(Overflow(interaction=item.id, action=action, rule=rule))
    floor.step_out(item)
    item.outcome, item.ended_by = outcome, EndedBy.SYSTEM
    floor.move(item, Cause.OVERFLOW_OUT)
    floor.forget(item)


def expected(floor: Floor, fact: WaitExpected) -> None:
    """Take over how long somebody who comes into a line now is expected to wait; those in line are looked at."""
    line = floor.policy.lines.get(fact.line)
    if line is None:
        reason = "unknown_line"
        raise RefusedError(reason)
    if fact.seconds is None or fact.seconds < 0:
        floor.expected.pop(line.name, None)
        return
    floor.expected[line.name] = fact.seconds
    asked = min((rule.seconds for rule in line.overflow if rule.when == "wait"), default=None)
    if asked is not None and asked <= fact.seconds:
        _look_at_tail(floor, line, fact.seconds, asked)


def _look_at_tail(floor: Floor, line: Line, seconds: float, asked: float) -> None:
    """Have those looked at who still wait so long.

    What is known is the wait of somebody who comes now; whoever stands at a part of the line waits that part of it.
    """
    crowd = live_in(floor, line.name)
    for place, item in enumerate(crowd, start=1):
        share = seconds * place / len(crowd)
        if share >= asked and not item.rule.calls_back:
            item.expects = share
            floor.fresh[item.id] = None
