"""The two questions of the scheduling pass: *which agent?* for an item, and *which item?* for an agent."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from contactd.routing.drain import (
    claim_key,
    highest_claim,
    kept_for_higher,
    key_of,
    note_claim,
    standing_claim,
    surely_kept,
)
from contactd.routing.floor import Floor
from contactd.routing.heads import Ranked, best_of, better, heads_beside, ranked
from contactd.routing.limits import RESERVE
from contactd.routing.line import ChannelRule, Line
from contactd.routing.listing import list_free, meet_listed, note_marks
from contactd.routing.offers import Pick, make_offer
from contactd.routing.score import NEVER
from contactd.routing.shapes import Choice, Lead, Shape
from contactd.routing.state import Agent, Item, skipped
from contactd.routing.visits import ACTIVE

NEXT_BEST = 5


def find_agent(floor: Floor, shape: Shape, item: Item) -> tuple[Agent | None, tuple[Choice, ...]]:
    """Return the agent the line's strategy prefers among the free ones, and up to five who come next."""
    aside: list[Choice] = []
    found: list[Choice] = []
    meet_listed(floor, shape)
    free, ready = shape.free, shape.ready
    key = key_of(item, shape)
    while free and len(found) <= NEXT_BEST:
        choice = heappop(free)
        name = choice[3]
        if ready.get(name) != choice or (found and choice == found[-1]):  # an entry may stand there twice
            continue
        agent = floor.agents[name]
        passes = _passes_by(floor, item, agent, shape, key)
        if passes:
            aside.append(choice)
        elif passes is None:
            del ready[name]
            agent.listed.pop(shape.rule.room, None)
        elif (now_compares := floor.choice(agent, shape)) != choice:
            shape.correct(now_compares)
            note_marks(floor, agent, shape.rule.room)
        else:
            found.append(choice)
    for choice in aside:
        heappush(free, choice)
    for choice in found:
        heappush(free, choice)
    if not found:
        return None, ()
    return floor.agents[found[0][3]], tuple(found[1:])


def _passes_by(floor: Floor, item: Item, agent: Agent, shape: Shape, key: Lead) -> bool | None:
    """Say whether an item (so high) is not for an agent now, which leaves them listed; None when they have no room for it."""
    if agent.id in floor.dirty or (item.skips and skipped(item, agent.id, floor.now)):
        return True
    limits = floor.limits
    if limits.bound and limits.keep(floor, agent, shape.line, shape.rule) == RESERVE:
        limits.kept_back(agent)
        return True
    if not floor.can_take(agent, shape.rule):
        return None
    if agent.used:
        if not limits.bound and surely_kept(agent, key):
            _note_below(agent, key)
            return True
        if kept(floor, agent, item, shape):
            return True
    return None if limits.spaced(agent, shape.line, floor.now) else False


def may_take(floor: Floor, agent: Agent, line: Line, rule: ChannelRule) -> bool:
    """Say whether an agent has room for work of a line and channel, and no limit keeps them from it."""
    if not floor.can_take(agent, rule):
        return False
    why = floor.limits.keep(floor, agent, line, rule)
    if why == RESERVE:
        floor.limits.kept_back(agent)
    return why is None


def kept(floor: Floor, agent: Agent, item: Item, shape: Shape) -> bool:
    """Say whether an agent's room is kept for a higher item; they are looked at again when that waits no more."""
    claim = kept_for_higher(floor, agent, item, shape)
    if claim is None:
        return False
    note_claim(floor, agent, claim)
    _note_below(agent, key_of(item, shape))
    return True


def _note_below(agent: Agent, key: Lead) -> None:
    """Something so high waits that an agent has room for."""
    if agent.below is None or key < agent.below:
        agent.below = key


def serve(floor: Floor, name: str) -> None:
    """Offer an agent the best of what waits, if they have room; list them as free when nothing is left for them."""
    agent = floor.agents.get(name)
    if agent is None or not agent.routable:
        del floor.dirty[name]
        return
    chosen = pick_item(floor, agent)
    if chosen is not None:
        make_offer(floor, chosen.item, agent, chosen.pick)
        return
    del floor.dirty[name]
    list_free(floor, agent)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item for an agent, and how it was chosen."""

    item: Item
    pick: Pick


def pick_item(floor: Floor, agent: Agent) -> Chosen | None:
    """Return what comes first for an agent; when the share of starved deferred work is due, that goes before all."""
    claim = standing_claim(floor, agent) if agent.used else None
    first = _first(floor, agent) if claim is None else _higher(floor, agent, claim)
    if claim is None and first is not None and agent.used:
        claim = kept_for_higher(floor, agent, first[3], first[4])
        first = first if claim is None else _higher(floor, agent, claim)
    if first is None:
        agent.below = None if claim is None else agent.below
        return None
    head = first
    if share_due(floor, agent) and not starved_deferred(floor, first):
        head = min(_starved(floor, agent), default=first)
    _, _, _, item, shape = head
    preferred = (item.prefer_kind if item.held_for == item.prefer else ACTIVE) if item.held_for else None
    starved = starved_deferred(floor, head)
    return Chosen(item, Pick(shape.need, preferred=preferred, starved=starved, shielded=item is not first[3]))


def _first(floor: Floor, agent: Agent) -> Ranked | None:
    """Return the first of everything an agent may take."""
    first: Ranked | None = None
    if floor.limits.bound:
        for shapes in agent.profile.shapes.values():
            if shapes and may_take(floor, agent, shapes[0].line, shapes[0].rule):
                first = better(floor, agent, shapes, first)
    else:
        for rule, bundles in floor.index.bundles(agent.profile).values():
            if floor.can_take(agent, rule):
                first = best_of(floor, agent, bundles, first)
    for own in _own(floor, agent) if agent.personal else ():
        first = own if first is None else min(first, own)
    return first


def _higher(floor: Floor, agent: Agent, claim: Item) -> Ranked | None:
    """Return the first of what is higher than everything an agent's room is kept for (`claim` and others); None when nothing is."""
    note_claim(floor, agent, claim)
    bound = claim_key(floor, claim)
    leads = _leads(floor, agent)
    own = _own(floor, agent) if agent.personal else []
    agent.below = min([*(lead for lead, _ in leads), *(key_of(one[3], one[4]) for one in own)], default=None)
    if agent.below is None or agent.below >= bound:
        return None
    shapes = [shape for lead, those in leads if lead < bound for shape in those if _leads_before(floor, shape, bound)]
    claim = highest_claim(floor, agent) or claim
    note_claim(floor, agent, claim)
    bound = claim_key(floor, claim)
    heads = own + [head for shape in shapes for head in heads_beside(floor, shape, agent)]
    return min((one for one in heads if key_of(one[3], one[4]) < bound), default=None)


def _leads(floor: Floor, agent: Agent) -> list[tuple[Lead, list[Shape]]]:
    """Return the highest of what an agent may take: of each bundle, or of each place, where limits differ by line."""
    found: list[tuple[Lead, list[Shape]]] = []
    if not floor.limits.bound:
        for rule, bundles in floor.index.bundles(agent.profile).values():
            if floor.can_take(agent, rule):
                for bundle in bundles.values():
                    lead = bundle.lead(floor.items)
                    if lead is not None:
                        found.append((lead, bundle.shapes))
        return found
    for shapes in agent.profile.shapes.values():
        if shapes and may_take(floor, agent, shapes[0].line, shapes[0].rule):
            leads = [lead for shape in shapes if shape.waiting and (lead := shape.lead(floor.items)) is not None]
            if leads:
                found.append((min(leads), shapes))
    return found


def _leads_before(floor: Floor, shape: Shape, bound: Lead) -> bool:
    """Say whether something waits in a shape that is higher than `bound`."""
    lead = shape.lead(floor.items) if shape.waiting else None
    return lead is not None and lead < bound


def _own(floor: Floor, agent: Agent) -> list[Ranked]:
    """Return what waits for an agent only, and they may take."""
    return [
        ranked(floor, item, floor.index.ladder(item)[-1].shape)
        for item in agent.personal.values()
        if may_take(floor, agent, item.line, item.rule)
    ]


def share_due(floor: Floor, agent: Agent) -> bool:
    """Say whether an agent's next assignment is promised to starved deferred work."""
    return agent.share >= floor.policy.deferred_share - 1


def _starved(floor: Floor, agent: Agent) -> list[Ranked]:
    """Return the first items of starved deferred work an agent may take."""
    heads = _own(floor, agent)
    for shapes in agent.profile.shapes.values():
        if not shapes or shapes[0].scale.live or not may_take(floor, agent, shapes[0].line, shapes[0].rule):
            continue
        latest = floor.now - shapes[0].scale.starve
        for shape in shapes:
            if shape.oldest > latest:
                continue
            shape.oldest = min((group.heap[0][0] for group in shape.groups.values() if group.heap), default=NEVER)
            heads += heads_beside(floor, shape, agent)
    return [head for head in heads if starved_deferred(floor, head) and not kept(floor, agent, head[3], head[4])]


def starved_deferred(floor: Floor, head: Ranked) -> bool:
    """Say whether an item is deferred work beyond its starvation age."""
    scale = head[4].scale
    return not scale.live and scale.starved(floor.now - head[1])
