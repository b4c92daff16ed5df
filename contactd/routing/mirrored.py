"""Items an outside system routes: their states are told as they are there; they are counted, and never matched."""

from __future__ import annotations

from contactd.core.effects import Moved
from contactd.core.events import ExternallyMoved
from contactd.core.interaction import TERMINAL_STATES, State
from contactd.routing.floor import Floor, RefusedError

_IN_LINE = (State.QUEUED, State.OFFERED)


def moved(floor: Floor, fact: ExternallyMoved) -> None:
    """An item changed its state outside; what is ours to route is not to be moved from there."""
    item = floor.item(fact.interaction)
    if item.matched:
        reason = "not_allowed"
        raise RefusedError(reason)
    if fact.state not in tuple(State):
        reason = "bad_state"
        raise RefusedError(reason)
    state = State(fact.state)
    if item.state in _IN_LINE and state not in _IN_LINE:
        floor.step_out(item)
    elif item.state not in _IN_LINE and state in _IN_LINE:
        floor.stand(item)
    item.state, item.since = state, floor.now
    floor.emit(
        Moved(
            interaction=item.id,
            state=state,
            cause=fact.cause,
            agent=fact.agent,
            line=fact.line,
            outcome=fact.outcome,
            ended_by=fact.ended_by,
        ),
    )
    if state in TERMINAL_STATES:
        floor.forget(item)
