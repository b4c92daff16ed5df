"""Items that wait for one agent: the customer's own, the one a person named, the one who handed it on."""

from __future__ import annotations

from contactd.routing.course import tell_standing
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor
from contactd.routing.state import Agent, Item, skipped

CALL_WAIT_S = 20.0
"""How long a call waits for the person it was given to, and for whoever gave it."""
NAMED, RETURNED = "named", "returned"
"""Why an item waits for one agent: a person named them; the one they named did not take it."""


def kept_for_preferred(floor: Floor, item: Item) -> bool:
    """Let an item wait for its preferred agent, who is asked at once; False when that time is over or they are not there."""
    while item.prefer is not None:
        agent = floor.agents.get(item.prefer)
        if agent is not None and _worth_waiting(floor, item, agent):
            _wait_for(floor, item, agent)
            return True
        item.prefer = None
        item.untold = True
        if item.giver is not None:
            _back_to_giver(floor, item)
    return False


def _worth_waiting(floor: Floor, item: Item, agent: Agent) -> bool:
    """Say whether an item still waits for an agent: one who was named by a person is waited for also while they are out."""
    if item.prefer_until <= floor.now or skipped(item, agent.id, floor.now):
        return False
    if item.direct:
        return agent.signed_in or (item.prefer_kind == NAMED and not item.rule.connects and not agent.removed)
    return agent.signed_in and agent.profile.fits(floor.index.ladder(item)[-1].shape)


def _back_to_giver(floor: Floor, item: Item) -> None:
    """Whom a call was handed to does not take it: it goes back to whoever gave it, and stands in front from now on."""
    giver = floor.agents.get(item.giver or "")
    item.giver, item.front = None, True
    if giver is not None and floor.can_take(giver, item.rule):
        item.skips.pop(giver.id, None)
        item.prefer, item.prefer_kind, item.direct = giver.id, RETURNED, True
        item.prefer_until = floor.now + round(CALL_WAIT_S * 1000)


def _wait_for(floor: Floor, item: Item, agent: Agent) -> None:
    """Let an item stand before one agent only; with room for it they choose among all that waits for them."""
    item.held_for = agent.id
    item.entering = False
    agent.personal[item.id] = item
    floor.deadlines.add(item.prefer_until, Due.HOLD, item.id, item.token)
    if floor.can_take(agent, item.rule):
        floor.dirty[agent.id] = None
    else:
        item.untold = True
    tell_standing(floor, item)
