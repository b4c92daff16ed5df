"""What bounds the work of agents beyond their capacity: agents kept free of deferred work, hard contacts apart, a rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contactd.routing.deadlines import Due
from contactd.routing.line import ChannelRule, Line
from contactd.routing.policy import Policy
from contactd.routing.state import Agent

if TYPE_CHECKING:
    from contactd.routing.floor import Floor

RESERVE, SPACING = "reserve", "spacing"
"""What keeps an agent from an item: they are kept free for live work; their last hard contact was too lately."""


class Limits:
    """The limits of one policy, and how many agents each reserving line has without deferred work."""

    def __init__(self, policy: Policy) -> None:
        self.reserve = {name: line.reserve for name, line in policy.lines.items() if line.reserve}
        spacings = {line.hard_spacing_s for line in policy.lines.values() if line.hard_spacing_s}
        self.spacings = sorted(round(seconds * 1000) for seconds in spacings)
        self.occupancy = policy.occupancy
        self.bound = bool(self.reserve or self.spacings)
        self._spare = dict.fromkeys(self.reserve, 0)
        self._kept: dict[str, None] = {}
        """Agents whom the reserve has kept from deferred work; no more than are reserved."""

    def keep(self, floor: Floor, agent: Agent, line: Line, rule: ChannelRule) -> str | None:
        """Say what keeps an agent from work of a line and channel, room aside; None when nothing does."""
        if not self.bound:
            return None
        if self.spaced(agent, line, floor.now):
            return SPACING
        if rule.live or not agent.spare_in:
            return None
        return RESERVE if any(self._spare[name] <= self.reserve[name] for name in agent.spare_in) else None

    def kept_back(self, agent: Agent) -> None:
        """The reserve has kept an agent from something: they are looked at again when there are more than are reserved."""
        self._kept[agent.id] = None

    def spaced(self, agent: Agent, line: Line, now: int) -> bool:
        """Say whether an agent is not to have a contact of a line yet, because their last hard one was too lately."""
        if not line.hard_spacing_s:
            return False
        if agent.hard_at and now < agent.hard_at + round(line.hard_spacing_s * 1000):
            return True
        in_hand = [*agent.work.values(), *(offer.item for offer in agent.offers.values())]
        return any(item.line.hard_spacing_s for item in in_hand)

    def watch_spacing(self, floor: Floor, agent: Agent) -> None:
        """Set the moments at which hard contacts may come again."""
        for spacing in self.spacings if agent.hard_at else ():
            if agent.hard_at + spacing > floor.now:
                floor.deadlines.add(agent.hard_at + spacing, Due.REST, agent.id, agent.hard_at)

    def note_rest(self, floor: Floor, agent: Agent) -> None:
        """Work out until when an agent rests: until they were at work for no more than the part of their time they may be."""
        if not self.occupancy.most:
            agent.rest_until = 0
            return
        until = self._rest(agent)
        if until > floor.now and until != agent.rest_until:
            floor.deadlines.add(until, Due.REST, agent.id, until)
        agent.rest_until = until

    def rests_until(self, agent: Agent) -> int:
        """Return until when an agent rests; 0 = they do not."""
        return agent.rest_until

    def _rest(self, agent: Agent) -> int:
        """Return the end of an agent's rest by what stands: since their last work ended nothing of it changes."""
        rule, idle = self.occupancy, agent.idle_since
        if idle is None or agent.busy_from or not agent.signed_in or idle - agent.signed_at < rule.after_s * 1000:
            return 0
        return min(agent.signed_at + round(agent.busy / rule.most), idle + round(rule.rest_s * 1000))

    def note_spare(self, floor: Floor, agent: Agent) -> None:
        """Count an agent among those without deferred work, in the lines that ask for it; more of them may free others."""
        spare = self._spares(agent)
        if spare == agent.spare_in:
            return
        for name in agent.spare_in:
            if name in self._spare:
                self._spare[name] -= 1
        for name in spare:
            self._spare[name] += 1
        agent.spare_in = spare
        if any(self._spare[name] > self.reserve[name] for name in spare):
            kept, self._kept = self._kept, {}
            floor.look_for_all([floor.agents[name] for name in kept if name in floor.agents])

    def _spares(self, agent: Agent) -> tuple[str, ...]:
        """Return the reserving lines for which an agent is one without deferred work."""
        if not agent.routable or _laden(agent):
            return ()
        return tuple(name for name in self.reserve if "*" in agent.lines or name in agent.lines)


class DraftLimits(Limits):
    """The limits of a policy that does not rule: what they would keep is worked out when somebody asks.

    How hard an agent's last contact was is what the policy that rules says of it.
    """

    def count(self, floor: Floor) -> None:
        """Take the floor as it stands."""
        self._spare = dict.fromkeys(self.reserve, 0)
        for agent in floor.agents.values() if self.reserve else ():
            for name in self._spares(agent):
                self._spare[name] += 1

    def keep(self, floor: Floor, agent: Agent, line: Line, rule: ChannelRule) -> str | None:
        """Say what would keep an agent from work of a line and channel, room aside; None when nothing would."""
        if self.spaced(agent, line, floor.now):
            return SPACING
        if rule.live:
            return None
        return RESERVE if any(self._spare[name] <= self.reserve[name] for name in self._spares(agent)) else None

    def rests_until(self, agent: Agent) -> int:
        """Return until when an agent would rest."""
        return self._rest(agent) if self.occupancy.most else 0


def _laden(agent: Agent) -> bool:
    """Say whether an agent has deferred work in hand, or is offered some."""
    return any(not item.rule.live for item in agent.work.values()) or any(
        not offer.item.rule.live for offer in agent.offers.values()
    )
