"""Every candidate of a decision, with what kept each from it: worked out at the moment of the decision, when it is lived again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contactd.routing.deadlines import Due
from contactd.routing.explain import keeps, present_rung
from contactd.routing.floor import Floor
from contactd.routing.shapes import Choice
from contactd.routing.state import Agent, Item


@dataclass(frozen=True, slots=True)
class Candidate:
    """One agent at one decision."""

    agent: str
    why: str
    """`chosen`, `free` (would have been possible), or the first thing that kept them; `choosing`: they were about to be asked
    themselves what they take, at the same moment; `preferred_first`: another agent was to be asked before everybody."""
    compares: Choice | None
    """What the line's strategy compared, the smallest first; None for those who were kept from it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One decision with all its candidates."""

    offer: str
    interaction: str
    agent: str
    strategy: str
    by_item: bool
    """True: an agent was sought for the item; False: an item for the agent, or the agent was the preferred one."""
    candidates: tuple[Candidate, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, the possible ones first, in the order of the strategy."""
        counts: dict[str, int] = {}
        for one in self.candidates:
            counts[one.why] = counts.get(one.why, 0) + 1
        return {
            "offer": self.offer,
            "interaction": self.interaction,
            "agent": self.agent,
            "strategy": self.strategy,
            "asked": "item" if self.by_item else "agent",
            "filters": dict(sorted(counts.items())),
            "candidates": [
                {"agent": one.agent, "why": one.why, "compares": list(one.compares[:3]) if one.compares else None}
                for one in self.candidates
            ],
        }


class Witness:
    """Stands beside a router and notes every candidate of every decision; costs a look at every agent each time."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def __call__(self, floor: Floor, item: Item, agent: Agent, preferred: bool) -> None:
        """Note a decision that is just being made."""
        shape = present_rung(floor, item, preferred=preferred).shape
        by_item = not preferred and agent.id not in floor.dirty
        # Whose rest ends at this very moment is asked behind everything else that falls due now.
        rested = floor.deadlines.due_to(Due.REST, floor.now)
        found = []
        for one in floor.agents.values():
            why = keeps(floor, item, one, shape)
            if one is agent:
                why = "chosen" if why == "free" else why
            elif why == "free" and preferred:
                why = "preferred_first"
            elif why == "free" and (one.id in floor.dirty or (one.id in rested and not shape.knows(one))):
                why = "choosing"
            compares = floor.choice(one, shape) if why in ("chosen", "free") else None
            found.append(Candidate(one.id, why, compares))
        found.sort(key=lambda one: (one.why != "chosen", one.compares is None, one.compares or (), one.why, one.agent))
        offer = f"{floor.epoch}-{floor.seq}-{floor.made + 1}"
        self.seen.append(Seen(offer, item.id, agent.id, item.line.strategy, by_item, tuple(found)))
