"""Whether a deadline still means something when its time has come: entries are never taken out of the heap before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.core.agent import Health, Intent
from contactd.core.interaction import State
from contactd.routing.deadlines import Due, Entry
from contactd.routing.state import Item, health_due, return_due

if TYPE_CHECKING:
    from contactd.routing.floor import Floor


def holds(floor: Floor, entry: Entry) -> bool:
    """Say whether an entry still holds; one whose time has moved on is set anew."""
    _, due, key, stamp = entry
    if due is Due.OFFER:
        return key in floor.offers
    if due is Due.LINE:
        return key in floor.gates and floor.gates[key].stamp == stamp
    if due in (Due.HEALTH, Due.BREAK, Due.REST):
        return _of_agent(floor, entry)
    item = floor.items.get(key)
    return item is not None and _of_item(floor, item, entry)


def _of_item(floor: Floor, item: Item, entry: Entry) -> bool:
    at, due, _, stamp = entry
    if due in (Due.WRAPUP, Due.PARK):
        state = State.WRAPUP if due is Due.WRAPUP else State.PARKED
        return item.state is state and item.until == at
    if due is Due.RETURN:
        return _of_return(floor, item, at, stamp)
    return item.token == stamp


def _of_return(floor: Floor, item: Item, at: int, stamp: int) -> bool:
    owner = floor.agents.get(item.agent or "")
    if owner is None or item.id not in owner.work or owner.away != stamp:
        return False
    due = return_due(owner, item)
    if at >= due:
        return True
    floor.deadlines.add(due, Due.RETURN, item.id, stamp)
    return False


def _of_agent(floor: Floor, entry: Entry) -> bool:
    at, due, key, stamp = entry
    agent = floor.agents.get(key)
    if agent is None:
        return False
    if due is Due.REST:
        return stamp in (agent.rest_until, agent.hard_at)
    if due is Due.BREAK:
        return agent.intent is Intent.NOT_READY and agent.intent_since == stamp
    if agent.seen is None or agent.health is Health.LOST or agent.watch != stamp:
        return False
    if at >= health_due(agent):
        return True
    floor.watch(agent)
    return False
