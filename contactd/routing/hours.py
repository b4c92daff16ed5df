"""Lines open and close: by their calendar, or by hand with an automatic end.

Hours decide about arrivals; what becomes of those in line is `overflow`'s.  A gate is looked at when its moment comes, and before
that by whoever asks, so that nobody comes in between a closing and the deadline that stands for it.
"""

from __future__ import annotations

from contactd.clock import to_ms
from contactd.core.effects import LineState, Overseen
from contactd.core.events import LineRestored, LineSet
from contactd.routing.attendance import live_in
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.gate import MODES, UNKNOWN, Gate
from contactd.routing.line import Line


def open_gates(floor: Floor) -> None:
    """Give every line of the policy a gate; those there are keep what they are by hand, and are looked at anew."""
    before, floor.gates = floor.gates, {}
    for name, line in floor.policy.lines.items():
        gate = before.pop(name, None)
        if gate is None:
            gate = Gate(name, changes_at=UNKNOWN if line.hours is not None else None)
        elif gate.turned or line.hours is not None:
            gate.changes_at = floor.now
        floor.gates[name] = gate
        arm(floor, gate)
    for gate in before.values():
        if gate.turned:
            floor.emit(Gate(gate.line, since=floor.now).state())


def arm(floor: Floor, gate: Gate) -> None:
    """Set the deadline at which a gate must be looked at."""
    floor.tokens += 1
    gate.stamp = floor.tokens
    if gate.changes_at is not None:
        floor.deadlines.add(gate.changes_at, Due.LINE, gate.line, gate.stamp)


def gate_of(floor: Floor, line: Line) -> Gate:
    """Return a line's gate as it stands now."""
    gate = floor.gates[line.name]
    if gate.changes_at is not None and gate.changes_at <= floor.now:
        turn(floor, gate)
    return gate


def lets_in(floor: Floor, line: Line) -> bool:
    """Say whether a line is open now, without changing anything: a fact may still be refused."""
    return floor.gates[line.name].is_open(line.hours, floor.now)


def turn(floor: Floor, gate: Gate, before: LineState | None = None) -> None:
    """Bring a gate up to date, tell what changed (since `before`), and have those it concerns looked at."""
    before = before or gate.state()
    changed = gate.turn(floor.policy.lines[gate.line].hours, floor.now)
    arm(floor, gate)
    if gate.state() != before:
        floor.emit(gate.state())
    if changed:
        for line in floor.policy.lines.values():
            if line.name == gate.line or (gate.open and any(rule.line == gate.line for rule in line.overflow)):
                for item in live_in(floor, line.name):
                    floor.fresh[item.id] = None


def due(floor: Floor, line: str) -> None:
    """A gate's moment has come."""
    turn(floor, floor.gates[line])


def line_set(floor: Floor, fact: LineSet) -> None:
    """A supervisor opened or closed a line by hand, or gave it back to its calendar."""
    gate = floor.gates.get(fact.line)
    if gate is None:
        reason = "unknown_line"
        raise RefusedError(reason)
    until = None if fact.until is None else to_ms(fact.until)
    if fact.mode not in (*MODES, "calendar") or (until is not None and until <= floor.now):
        reason = "bad_value"
        raise RefusedError(reason)
    gate_of(floor, floor.policy.lines[fact.line])
    before = gate.state()
    if fact.mode == "calendar":
        gate.release()
    else:
        gate.set_by_hand(fact.mode, until, fact.actor, fact.reason)
    gate.changes_at = None
    turn(floor, gate, before)
    floor.emit(Overseen(actor=fact.actor, action="line", line=fact.line, value=fact.mode))


def restored(floor: Floor, fact: LineRestored) -> None:
    """How a line stood before the start; one the policy no longer knows is forgotten."""
    gate = floor.gates.get(fact.line)
    if gate is None:
        return
    gate.open, gate.since = fact.open, to_ms(fact.since)
    gate.mode, gate.actor, gate.reason = fact.mode, fact.actor, fact.reason
    gate.until = None if fact.until is None else to_ms(fact.until)
    changes_at = None if fact.next_change is None else to_ms(fact.next_change)
    gate.restored(floor.policy.lines[fact.line].hours, changes_at, floor.now)
    arm(floor, gate)
