"""Which item comes first for an agent among kinds of demand: by score, then age, passing over what passes them by."""

from __future__ import annotations

from heapq import heappop, heappush

from contactd.routing.bundles import Bundle
from contactd.routing.floor import Floor
from contactd.routing.groups import Waiting, pop_left_behind
from contactd.routing.shapes import Shape
from contactd.routing.state import Agent, Item, skipped

Ranked = tuple[float, int, str, Item, Shape]
"""(negative score, waiting counts from, interaction, …): the smallest comes first."""


def ranked(floor: Floor, item: Item, shape: Shape) -> Ranked:
    """Return what is compared of an item."""
    score = shape.scale.of_item(item, floor.now)
    return (-score, item.age_from, item.id, item, shape)


def better(floor: Floor, agent: Agent, shapes: list[Shape], best: Ranked | None) -> Ranked | None:
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
            beside = heads_beside(floor, shape, agent)
            best = min(beside if best is None else [*beside, best], default=None)
            least = -best[0] if best is not None else least
            continue
        rank = (-score, item.age_from, item.id, item, shape)
        if best is None or rank < best:
            best, least = rank, score
    return best


def best_of(floor: Floor, agent: Agent, bundles: dict[str, Bundle], best: Ranked | None) -> Ranked | None:
    """Return the first of what waits in bundles, if it goes before `best`; else `best`."""
    items, now = floor.items, floor.now
    least = -best[0] if best is not None else float("-inf")
    for bundle in bundles.values():
        item = bundle.look(items, now)
        if item is None or bundle.shape is None:
            continue
        score = bundle.points + (now - bundle.since) * bundle.slope
        if score < least:
            continue
        if item.skips and skipped(item, agent.id, now):
            best = better(floor, agent, bundle.shapes, best)
        else:
            rank = (-score, item.age_from, item.id, item, bundle.shape)
            best = rank if best is None or rank < best else best
        least = -best[0] if best is not None else least
    return best


def heads_beside(floor: Floor, shape: Shape, agent: Agent) -> list[Ranked]:
    """Return the first items of a shape's groups that do not pass an agent by."""
    heads = (first_for(floor, group.heap, agent) for group in shape.groups.values() if group.heap)
    return [ranked(floor, item, shape) for item in heads if item is not None]


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
