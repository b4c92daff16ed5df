"""A draft policy that decides beside the live one, with no effect: what it would have done otherwise is counted.

It is asked at every live decision, on the state that then is, so that its answers never lead away from what really happened.
When an agent was sought for an item: whom would the draft have chosen?  When an item was sought for an agent: would the draft
have let this agent have it, or another item come first?  It costs a look at every agent of the line, or at every kind of work
that waits; in a large house only one decision in some is looked at.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from contactd.routing.explain import keeps
from contactd.routing.floor import Floor
from contactd.routing.limits import DraftLimits
from contactd.routing.policy import Policy
from contactd.routing.score import Scale
from contactd.routing.shapes import Index, Shape
from contactd.routing.state import Agent, Item
from contactd.routing.strategies import STRATEGIES

MOST = 300
"""Agents and kinds of work looked at for one decision; beyond that only some decisions are."""
SAME, OTHER_AGENT, OTHER_ITEM, WOULD_WAIT, NOT_MEANT = "same", "other_agent", "other_item", "would_wait", "not_meant"
RESULTS = (SAME, OTHER_AGENT, OTHER_ITEM, WOULD_WAIT, NOT_MEANT)
"""same; other_agent: the draft had chosen somebody else; other_item: for this agent something else came first; would_wait: nobody
there meets what the draft asks for yet; not_meant: this agent may not take it under the draft."""
KEPT = 50
FREE = "free"


class Shadow:
    """Stands beside a router (`Floor.witness`) and counts."""

    def __init__(self, policy: Policy) -> None:
        """Decide by `policy`."""
        self.policy = policy
        self.counts: dict[tuple[str, str], int] = {}
        """(line, result) → how often."""
        self.looked_at = 0
        self.decisions = 0
        self.failed = 0
        self.latest: list[dict[str, Any]] = []
        """The last decisions that differed, at most 50."""
        self._index = Index(lambda _pool, _profiles: None)
        self._limits = DraftLimits(policy)

    def __call__(self, floor: Floor, item: Item, agent: Agent, preferred: bool) -> None:
        """Look at a decision that is just being made."""
        self.decisions += 1
        every = 1 + (len(floor.agents) + len(floor.index.shapes())) // MOST
        if preferred or self.decisions % every:
            return
        try:
            self._look(floor, item, agent)
        except Exception:  # noqa: BLE001 - a draft must never hinder what is decided
            self.failed += 1

    def _look(self, floor: Floor, item: Item, agent: Agent) -> None:
        self.looked_at += 1
        self._limits.count(floor)
        theirs = self._draft(item)
        if agent.id in floor.dirty:
            result, instead = self._item_for(floor, agent, item, theirs)
        else:
            result, instead = self._agent_for(floor, agent, item, theirs)
        key = (item.line.name, result)
        self.counts[key] = self.counts.get(key, 0) + 1
        if result != SAME:
            told = {"interaction": item.id, "line": item.line.name, "live": agent.id, "result": result}
            self.latest = [*self.latest[1 - KEPT :], told | {"draft": instead, "at": floor.now}]

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        lines: dict[str, dict[str, int]] = {}
        for (line, result), count in sorted(self.counts.items()):
            lines.setdefault(line, {})[result] = count
        sums = {result: sum(of.get(result, 0) for of in lines.values()) for result in RESULTS}
        return {
            "decisions": self.decisions,
            "looked_at": self.looked_at,
            "failed": self.failed,
            "results": sums,
            "lines": lines,
            "latest": self.latest,
        }

    def _draft(self, item: Item) -> Item:
        """Return the item as it would stand under the draft."""
        theirs = copy(item)
        theirs.line = self.policy.lines.get(item.line.name) or self.policy.lines[self.policy.default_line]
        theirs.rule = self.policy.rule(theirs.line.name, item.channel)
        return theirs

    def _shapes(self, floor: Floor, item: Item, theirs: Item) -> list[Shape]:
        """Return what the draft would ask for by now, in order: its steps go by the time the item has spent on the live ones.

        It is one, unless the item has just come to steps without time, which are tried at that instant only.
        """
        live = floor.index.ladder(item)
        step = min(item.step, len(live) - 1)
        left = sum(rung.ms or 0 for rung in live[:step]) + floor.now - item.step_since
        ladder = self._index.ladder(theirs)
        found = []
        for rung in ladder[:-1]:
            if rung.ms == 0:
                found += [rung.shape] if left == 0 else []
                continue
            left -= rung.ms or 0
            if left < 0 and not (rung.shape.line.skip_unmet and not self._anybody(floor, rung.shape)):
                return [*found, rung.shape]
        return [*found, ladder[-1].shape]

    def _anybody(self, floor: Floor, shape: Shape) -> bool:
        return any(one.signed_in and one.profile.fits(shape) for one in floor.agents.values())

    def _agent_for(self, floor: Floor, chosen: Agent, item: Item, theirs: Item) -> tuple[str, str | None]:
        for shape in self._shapes(floor, item, theirs):
            able = [
                one
                for one in floor.agents.values()
                if one.id not in floor.dirty and self._free(floor, theirs, one, shape)
            ]
            if able:
                strategy = STRATEGIES[theirs.line.strategy]
                ranked = [(strategy(one, shape, float(one.idle_since or 0), floor.now), one.id) for one in able]
                best = min(ranked)[1]
                return (SAME, None) if best == chosen.id else (OTHER_AGENT, best)
        return WOULD_WAIT, None

    def _item_for(self, floor: Floor, agent: Agent, item: Item, theirs: Item) -> tuple[str, str | None]:
        if not self._takes(floor, agent, item, theirs):
            return NOT_MEANT, None
        best, best_rank = item, self._rank(floor, theirs)
        for shape in floor.index.shapes():
            other = shape.work_out_first(floor.items, floor.now) if shape.waiting else None
            if other is None or other is item:
                continue
            draft = self._draft(other)
            rank = self._rank(floor, draft)
            if rank < best_rank and self._takes(floor, agent, other, draft):
                best, best_rank = other, rank
        return (SAME, None) if best is item else (OTHER_ITEM, best.id)

    def _takes(self, floor: Floor, agent: Agent, item: Item, theirs: Item) -> bool:
        """Say whether the draft would let an agent have an item now."""
        return any(self._free(floor, theirs, agent, shape) for shape in self._shapes(floor, item, theirs))

    def _free(self, floor: Floor, theirs: Item, agent: Agent, shape: Shape) -> bool:
        return keeps(floor, theirs, agent, shape, self._limits) == FREE

    def _rank(self, floor: Floor, theirs: Item) -> tuple[float, int, str]:
        scale = Scale.of(theirs.line, theirs.rule)
        return (-scale.of_item(theirs, floor.now), theirs.age_from, theirs.id)
