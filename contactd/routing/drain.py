"""Drain: room in an agent's hands is not filled with lower work while a higher item that they could take waits for more room.

A call needs all of an agent who has a chat in hand; were they given the next chat meanwhile, the call would wait for ever.  What is
*higher* must not change while both wait, or agents would have to be looked at again all the time.  So it is what does not change:
the fixed points of the score (priority, live, vip, repeat), then the longer wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.routing.line import ChannelRule
from contactd.routing.shapes import Lead, Shape
from contactd.routing.state import Agent, Item, skipped

if TYPE_CHECKING:
    from contactd.routing.floor import Floor


def key_of(item: Item, shape: Shape) -> Lead:
    """Return what decides which of two items is the higher, the higher one first."""
    return (-shape.scale.fixed(item), item.age_from, item.id)


def kept_for_higher(floor: Floor, agent: Agent, item: Item, shape: Shape) -> Item | None:
    """Return a higher item for which an agent's room is kept from this one; None when there is none.  Changes nothing."""
    if not agent.used:
        return None
    key = key_of(item, shape)
    claim = standing_claim(floor, agent)
    if claim is not None and claim_key(floor, claim) < key:
        return claim
    return _first_claim(floor, agent, key)


def standing_claim(floor: Floor, agent: Agent) -> Item | None:
    """Return what an agent's room was last seen to be kept for, if it still waits where it stood, and for that."""
    claim = agent.claim
    if claim is None or claim.token != agent.claim_token or not _lacks_room(floor, agent, claim.rule):
        return None
    return None if floor.limits.keep(floor, agent, claim.line, claim.rule) else claim


def note_claim(floor: Floor, agent: Agent, claim: Item) -> None:
    """An agent's room is kept for an item: they are looked at again when it waits no more."""
    if agent.claim is claim and agent.claim_token == claim.token:
        return
    agent.claim, agent.claim_token, agent.claim_lead = claim, claim.token, claim_key(floor, claim)
    floor.claims.setdefault(claim.id, {})[agent.id] = None


def surely_kept(agent: Agent, key: Lead) -> bool:
    """Say, quickly, that room of an agent who has some is kept from what is so high; False = it may be, or may not.

    Only what their room was last seen to be kept for is asked, and only where nothing but room decides.
    """
    claim = agent.claim
    if claim is None or claim.token != agent.claim_token or agent.claim_lead >= key:
        return False
    return agent.room.get(claim.rule.room) is False


def claim_gone(floor: Floor, item: Item) -> None:
    """An item waits no more where it stood: whoever's room was kept for it is looked at, unless the next like it is as good."""
    shape = item.shape
    lead = shape.lead(floor.items) if shape is not None and shape.waiting > 1 else None
    following = floor.items[lead[2]] if lead is not None else None
    freed: list[Agent] = []
    for name in floor.claims.pop(item.id):
        agent = floor.agents.get(name)
        if agent is None or agent.claim is not item:
            continue
        if following is None or lead is None or agent.below is None or lead >= agent.below or following.skips:
            freed.append(agent)
        elif _lacks_room(floor, agent, following.rule):
            note_claim(floor, agent, following)
        else:
            freed.append(agent)
    floor.look_for_all(freed)


def highest_claim(floor: Floor, agent: Agent) -> Item | None:
    """Return the highest item that waits for more room than an agent has."""
    best: Item | None = None
    key = None if floor.limits.bound else _highest_in_line(floor, agent)
    if key is not None:
        best = floor.items[key[2]]
        if skipped(best, agent.id, floor.now):
            best = key = None
    while (higher := _first_claim(floor, agent, key)) is not None:
        best, key = higher, claim_key(floor, higher)
    return best


def claim_key(floor: Floor, item: Item) -> Lead:
    """Return what decides how high an item is that waits, or waits for one agent only."""
    return key_of(item, item.shape or floor.index.ladder(item)[-1].shape)


def _first_claim(floor: Floor, agent: Agent, before: Lead | None) -> Item | None:
    """Return any item that waits for an agent's room and is higher than `before`."""
    if _anything_claims(floor, agent, before):
        found = _first_in_line(floor, agent, before)
        if found is not None:
            return found
    for item in agent.personal.values():
        if _lacks_room(floor, agent, item.rule) and (before is None or claim_key(floor, item) < before):
            return item
    return None


def _highest_in_line(floor: Floor, agent: Agent) -> Lead | None:
    """Return how high the highest is that stands in line for more room than an agent has, whomever it passes by."""
    highest: Lead | None = None
    for rule, bundles in floor.index.bundles(agent.profile).values():
        if rule.drain and _lacks_room(floor, agent, rule):
            for bundle in bundles.values():
                lead = bundle.lead(floor.items)
                if lead is not None and (highest is None or lead < highest):
                    highest = lead
    return highest


def _anything_claims(floor: Floor, agent: Agent, before: Lead | None) -> bool:
    """Say whether anything higher than `before` stands in line for more room than an agent has; quick to say no."""
    highest = _highest_in_line(floor, agent)
    return highest is not None and (before is None or highest < before)


def _first_in_line(floor: Floor, agent: Agent, before: Lead | None) -> Item | None:
    """Return the first met of what stands in line for more room than an agent has and is higher than `before`."""
    for shapes in agent.profile.shapes.values():
        if not shapes or not _lacks_room(floor, agent, shapes[0].rule):
            continue
        if floor.limits.keep(floor, agent, shapes[0].line, shapes[0].rule):
            continue
        for shape in shapes:
            lead = shape.lead(floor.items) if shape.waiting else None
            if lead is None or (before is not None and lead >= before):
                continue
            item = floor.items[lead[2]]
            if not item.skips or not skipped(item, agent.id, floor.now):
                return item
            found = [key_of(one, shape) for one in shape.standing(floor.items) if not skipped(one, agent.id, floor.now)]
            lead = min(found, default=None)
            if lead is not None and (before is None or lead < before):
                return floor.items[lead[2]]
    return None


def _lacks_room(floor: Floor, agent: Agent, rule: ChannelRule) -> bool:
    """Say whether nothing but room keeps an agent from work that may ask for it to be kept."""
    if not rule.drain or not agent.routable or agent.rest_until > floor.now or floor.can_take(agent, rule):
        return False
    return not rule.needs_device or agent.device is not None
