"""Who gets what: the scheduling pass that follows every fact.

Two questions are asked.  *Which agent?* for every item that has come into line, among the agents listed as free.  *Which item?*
for every agent who may have become free, among everything that waits.  Before a fact no free agent stands beside an item they
may take; only what the fact touched is asked about, so after the pass this holds again.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from contactd.routing.callbacks import meet
from contactd.routing.course import tell_standing
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor
from contactd.routing.groups import Waiting, pop_left_behind
from contactd.routing.offers import Pick, make_offer
from contactd.routing.overflow import leaves, turned_away
from contactd.routing.preference import kept_for_preferred
from contactd.routing.score import NEVER
from contactd.routing.shapes import Choice, Rung, Shape
from contactd.routing.state import Agent, Item, skipped
from contactd.routing.strategies import BY_NEED
from contactd.routing.visits import ACTIVE, kept_for_visit

NEXT_BEST = 5
REASK_MS = 60_000


def settle(floor: Floor) -> None:
    """Bring together what may come together, until nothing is left to ask about."""
    while floor.fresh or floor.dirty or floor.met:
        if floor.met:
            meet(floor)
        while floor.fresh:
            interaction = next(iter(floor.fresh))
            del floor.fresh[interaction]
            place(floor, floor.items[interaction])
        while floor.dirty and not floor.fresh:
            name = next(iter(floor.dirty))
            _serve(floor, name)


def place(floor: Floor, item: Item) -> None:
    """Offer a waiting item to the best free agent, or let it stand in line at its present step."""
    floor.unplace(item)
    if not item.matched or _kept_out(floor, item):
        return
    _note_skips(floor, item)
    if kept_for_visit(floor, item):
        tell_standing(floor, item)
        return
    if kept_for_preferred(floor, item):
        return
    ladder = floor.index.ladder(item)
    item.step = min(item.step, len(ladder) - 1)
    while True:
        rung = ladder[item.step]
        if not _rung_over(floor, item, rung):
            agent, others = find_agent(floor, rung.shape, item)
            if agent is not None:
                tell_standing(floor, item)
                make_offer(floor, item, agent, Pick(rung.shape.need, next_best=others))
                return
            if not _rung_skipped(item, rung):
                break
            item.step_since = floor.now
        item.step += 1
        item.untold = True
    if leaves(floor, item):
        return
    rung.shape.put(item)
    if rung.ms is not None:
        floor.deadlines.add(item.step_since + rung.ms, Due.STEP, item.id, item.token)
    tell_standing(floor, item)


def _kept_out(floor: Floor, item: Item) -> bool:
    """Say whether nobody is to be sought for an item now: its line is closed to it, and it has left or stands aside."""
    if not turned_away(floor, item):
        return False
    if item.aside:
        tell_standing(floor, item)
    return True


def _rung_over(floor: Floor, item: Item, rung: Rung) -> bool:
    """Say whether the time of a step has passed; the next one began when it ended."""
    if rung.ms is None or rung.ms == 0 or item.step_since + rung.ms > floor.now:
        return False
    item.step_since += rung.ms
    return True


def _rung_skipped(item: Item, rung: Rung) -> bool:
    """Say whether a step is left at once: it has no time, or nobody signed in can meet it."""
    if rung.ms is None:
        return False
    return rung.ms == 0 or (item.line.skip_unmet and not rung.shape.anybody())


def _note_skips(floor: Floor, item: Item) -> None:
    """Set the moments at which agents who were passed over may be asked again."""
    if not item.skips:
        return
    for agent in [agent for agent, until in item.skips.items() if until is not None and until <= floor.now]:
        del item.skips[agent]
    ends = [until for until in item.skips.values() if until is not None]
    if ends:
        floor.deadlines.add(min(ends), Due.SKIP, item.id, item.token)
    if len(ends) < len(item.skips):
        rounds = (floor.now - item.queued_at) // REASK_MS + 1
        floor.deadlines.add(item.queued_at + rounds * REASK_MS, Due.REASK, item.id, item.token)


def find_agent(floor: Floor, shape: Shape, item: Item) -> tuple[Agent | None, tuple[Choice, ...]]:
    """Return the agent the line's strategy prefers among the free ones, and up to five who come next."""
    aside: list[Choice] = []
    found: list[Choice] = []
    while shape.free and len(found) <= NEXT_BEST:
        choice = heappop(shape.free)
        name = choice[3]
        if shape.ready.get(name) != choice or choice in found[-1:]:  # an entry may stand there twice
            continue
        agent = floor.agents[name]
        if name in floor.dirty or skipped(item, name, floor.now):
            aside.append(choice)
        elif not floor.can_take(agent, shape.rule):
            del shape.ready[name]
            agent.listed.pop(shape.place, None)
        elif (now_compares := floor.choice(agent, shape)) != choice:
            shape.correct(now_compares)
            if shape.place in agent.listed:
                agent.listed[shape.place] = max(agent.listed[shape.place], now_compares)
        else:
            found.append(choice)
    for choice in aside:
        heappush(shape.free, choice)
    for choice in found:
        heappush(shape.free, choice)
    if not found:
        return None, ()
    return floor.agents[found[0][3]], tuple(found[1:])


def _serve(floor: Floor, name: str) -> None:
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
    for shapes in agent.profile.shapes.values():
        if shapes and floor.can_take(agent, shapes[0].rule):
            _list_free(floor, agent, shapes)


def _list_free(floor: Floor, agent: Agent, shapes: list[Shape]) -> None:
    """List an agent as free for shapes of one line and channel."""
    if shapes[0].line.strategy in BY_NEED:
        for shape in shapes:
            shape.show(floor.choice(agent, shape))
        return
    choice, place = floor.choice(agent, shapes[0]), shapes[0].place
    listed = agent.listed.get(place)
    if listed is not None and listed <= choice:
        return
    for shape in shapes:
        shape.show(choice)
    agent.listed[place] = choice


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item for an agent, and how it was chosen."""

    item: Item
    pick: Pick


Ranked = tuple[float, int, str, Item, Shape]
"""(negative score, waiting counts from, interaction, …): the smallest comes first."""


def pick_item(floor: Floor, agent: Agent) -> Chosen | None:
    """Return what comes first for an agent; when the share of starved deferred work is due, that goes before all."""
    first: Ranked | None = None
    for shapes in agent.profile.shapes.values():
        if shapes and floor.can_take(agent, shapes[0].rule):
            first = _better(floor, agent, shapes, first)
    for item in agent.personal.values():
        if floor.can_take(agent, item.rule):
            own = _ranked(floor, item, floor.index.ladder(item)[-1].shape)
            first = own if first is None else min(first, own)
    if first is None:
        return None
    head = first
    if agent.share >= floor.policy.deferred_share - 1 and not _starved_deferred(floor, first):
        head = min(_starved(floor, agent), default=first)
    _, _, _, item, shape = head
    preferred = (item.prefer_kind if item.held_for == item.prefer else ACTIVE) if item.held_for else None
    starved = _starved_deferred(floor, head)
    return Chosen(item, Pick(shape.need, preferred=preferred, starved=starved, shielded=head is not first))


def _ranked(floor: Floor, item: Item, shape: Shape) -> Ranked:
    score = shape.scale.of_item(item, floor.now)
    return (-score, item.age_from, item.id, item, shape)


def _better(floor: Floor, agent: Agent, shapes: list[Shape], best: Ranked | None) -> Ranked | None:
    """Return the first of what waits in shapes of one line and channel, if it goes before `best`; else `best`."""
    items, now = floor.items, floor.now
    least = -best[0] if best is not None else float("-inf")
    for shape in shapes:
        item = shape.first
        if now >= shape.good_until or (item is not None and item.token != shape.first_token):
            item = shape.work_out_first(items, now)
        if item is None:
            continue
        score = shape.first_points + (now - shape.first_from) * shape.first_slope
        if score < least:
            continue
        if item.skips and skipped(item, agent.id, now):
            beside = _heads_beside(floor, shape, agent)
            best = min(beside if best is None else [*beside, best], default=None)
            least = -best[0] if best is not None else least
            continue
        rank = (-score, item.age_from, item.id, item, shape)
        if best is None or rank < best:
            best, least = rank, score
    return best


def _heads_beside(floor: Floor, shape: Shape, agent: Agent) -> list[Ranked]:
    """Return the first items of a shape's groups that do not pass an agent by."""
    heads = (first_for(floor, group.heap, agent) for group in shape.groups.values() if group.heap)
    return [_ranked(floor, item, shape) for item in heads if item is not None]


def _starved(floor: Floor, agent: Agent) -> list[Ranked]:
    """Return the first items of starved deferred work an agent may take."""
    heads = []
    for shapes in agent.profile.shapes.values():
        if not shapes or shapes[0].scale.live or not floor.can_take(agent, shapes[0].rule):
            continue
        latest = floor.now - shapes[0].scale.starve
        for shape in shapes:
            if shape.oldest > latest:
                continue
            shape.oldest = min((group.heap[0][0] for group in shape.groups.values() if group.heap), default=NEVER)
            heads += _heads_beside(floor, shape, agent)
    return [head for head in heads if _starved_deferred(floor, head)]


def _starved_deferred(floor: Floor, head: Ranked) -> bool:
    scale = head[4].scale
    return not scale.live and scale.starved(floor.now - head[1])


def first_for(floor: Floor, group: list[Waiting], agent: Agent) -> Item | None:
    """Return the first item of a group (one that is not empty) that is not to pass this agent by."""
    _, name, token = group[0]
    item = floor.items.get(name)
    if item is None or item.token != token:
        item = pop_left_behind(group, floor.items)
    if item is None or not item.skips or not skipped(item, agent.id, floor.now):
        return item
    aside: list[Waiting] = []
    while item is not None and skipped(item, agent.id, floor.now):
        aside.append(heappop(group))
        item = pop_left_behind(group, floor.items)
    for entry in aside:
        heappush(group, entry)
    return item
