"""The floor: everything the router knows at one moment, and the few ways in which it changes.

The files beside it decide; they change items and agents only through what stands here, so that every change of state is told
(`Moved`, `AgentState`) and every agent who may have become free is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from contactd.clock import from_ms, to_ms
from contactd.core.agent import Health, Intent
from contactd.core.effects import Moved, Wish
from contactd.core.errors import ConflictError
from contactd.core.interaction import TERMINAL_STATES, Cause, State, move
from contactd.routing.attendance import Away, somebody_came
from contactd.routing.deadlines import Deadlines, Due
from contactd.routing.drain import claim_gone
from contactd.routing.faces import agent_state, show
from contactd.routing.gate import Gate
from contactd.routing.holding import holds
from contactd.routing.limits import Limits
from contactd.routing.line import ChannelRule
from contactd.routing.owed import Owed
from contactd.routing.policy import Policy
from contactd.routing.pools import Pool
from contactd.routing.profiles import Profile
from contactd.routing.shapes import Choice, Index, Shape
from contactd.routing.state import Agent, Item, LiveOffer, has_room_for, health_due, in_use
from contactd.routing.strategies import STRATEGIES, compared_alike
from contactd.routing.visits import Visits, leave_to_handler, look_around


class RefusedError(Exception):
    """The fact cannot be applied; raised before anything has changed."""

    def __init__(self, reason: str, detail: str | None = None, alternatives: tuple[str, ...] = ()) -> None:
        """Say why, in a word of `Refuse`; what exactly, and who could do instead."""
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.alternatives = alternatives


class Floor:
    """Items, agents, offers, the index over them, and what is to be done about the fact at hand."""

    def __init__(self, policy: Policy, version: int, epoch: int, seq: int) -> None:
        self.policy = policy
        self.version = version
        self.epoch = epoch
        self.seq = seq
        self.now = 0
        self.moment = datetime.fromtimestamp(0, UTC)
        self.items: dict[str, Item] = {}
        self.agents: dict[str, Agent] = {}
        self.offers: dict[str, LiveOffer] = {}
        self.in_line: dict[str, int] = {}
        """Line → how many wait in it."""
        self.crowd: dict[tuple[str, str], dict[str, Item]] = {}
        """(line, channel) → what of ours waits there."""
        self.expected: dict[str, float] = {}
        """Line → seconds somebody who comes now is expected to wait, where that is known."""
        self.service: dict[str, float] = {}
        """Line → part of its live contacts answered in time lately, where that is known."""
        self.limits = Limits(policy)
        self.claims: dict[str, dict[str, None]] = {}
        """Waiting item → agents whose free room was kept for it."""
        self.lonely: dict[str, None] = {}
        """Items that nobody signed in could take when they were last looked at, where a rule asks for that."""
        self.owed = Owed()
        self.visits = Visits()
        self.away = Away()
        self.met: dict[str, None] = {}
        """Items that have just come into somebody's hands, while callbacks are owed to anybody."""
        self.gates: dict[str, Gate] = {}
        self.index = Index(self._fill)
        self.alike = compared_alike(line.strategy for line in policy.lines.values())
        """The ways in which the lines compare agents, see `strategies.ALIKE`."""
        self.deadlines = Deadlines(lambda entry: holds(self, entry))
        self.wishes: list[Wish] = []
        self.touched: dict[str, None] = {}
        """Agents whose state is to be told."""
        self.dirty: dict[str, None] = {}
        """Agents who may be free for something that waits."""
        self.fresh: dict[str, None] = {}
        """Items that have just come into line."""
        self.restoring = False
        """Recovery is feeding in what stood in the store: nothing is scheduled yet."""
        self.tokens = 0
        self.made = 0
        """Offers made by the present fact."""
        self.witness: Callable[[Floor, Item, Agent, bool], None] | None = None
        """Is shown every decision just before it is made: (floor, item, agent, whether the agent was preferred)."""

    def begin(self, now: datetime) -> None:
        """Turn to the next fact; time never goes back."""
        self.seq += 1
        self.made = 0
        self.wishes = []
        self.turn_to(now)

    def turn_to(self, now: datetime) -> None:
        """Take `now` for the present, unless it lies in the past."""
        if now > self.moment:
            self.moment = now
            self.now = to_ms(now)

    def turn_back(self, moment: datetime) -> None:
        """A fact was refused: time has not moved either."""
        self.moment = moment
        self.now = to_ms(moment)

    def emit(self, wish: Wish) -> None:
        """Wish for something."""
        self.wishes.append(wish)

    # --- looking things up, or refusing -------------------------------------------------------------------------------

    def item(self, interaction: str) -> Item:
        """Return an open item, or refuse."""
        item = self.items.get(interaction)
        if item is None:
            reason = "unknown_interaction"
            raise RefusedError(reason)
        return item

    def agent(self, agent: str) -> Agent:
        """Return an agent, or refuse."""
        found = self.agents.get(agent)
        if found is None or found.removed:
            reason = "unknown_agent"
            raise RefusedError(reason)
        return found

    def check(self, item: Item, cause: Cause) -> None:
        """Refuse when the table of states knows no such move."""
        try:
            move(item.state, cause)
        except ConflictError as error:
            raise RefusedError(error.code) from error

    # --- items --------------------------------------------------------------------------------------------------------

    def enter(self, item: Item) -> None:
        """Know an item from now on."""
        self.items[item.id] = item
        if item.rule.calls_back:
            self.owed.add(item)
        self.visits.add(item)
        look_around(self, item)

    def move(self, item: Item, cause: Cause, agent: str | None = None) -> None:
        """Move an item along the table of states and tell it."""
        item.state = move(item.state, cause)
        if item.state is State.ACTIVE and self.owed:
            self.met[item.id] = None
        item.since = self.now
        item.delivering = False
        look_around(self, item)
        ended = item.state in TERMINAL_STATES or item.state is State.WRAPUP
        self.wishes.append(
            Moved(
                interaction=item.id,
                state=item.state,
                cause=cause,
                agent=agent or item.agent,
                line=item.line.name,
                outcome=item.outcome if ended else None,
                ended_by=item.ended_by if ended else None,
                disposition=item.disposition if ended else None,
                until=from_ms(item.until) if item.until is not None else None,
                extensions=item.extensions,
            ),
        )

    def stand(self, item: Item) -> None:
        """Count an item among those that wait, and have it looked at."""
        self.in_line[item.line.name] = self.in_line.get(item.line.name, 0) + 1
        if item.matched:
            self.crowd.setdefault((item.line.name, item.channel), {})[item.id] = item
        self.fresh[item.id] = None

    def step_out(self, item: Item) -> None:
        """Take an item out of its line, wherever it stood."""
        self.unplace(item)
        self.in_line[item.line.name] -= 1
        if item.matched:
            del self.crowd[item.line.name, item.channel][item.id]
        item.entering = False
        self.fresh.pop(item.id, None)

    def unplace(self, item: Item) -> None:
        """Take an item out of the index; it still waits."""
        self.tokens += 1
        item.token = self.tokens
        item.aside = False
        if item.id in self.claims:
            claim_gone(self, item)
        if item.shape is not None:
            item.shape.waiting -= 1
            item.shape = None
        if item.held_for is not None:
            self.agents[item.held_for].personal.pop(item.id, None)
            item.held_for = None

    def forget(self, item: Item) -> None:
        """Strike out an item that is closed or abandoned; callbacks that waited for its end go on."""
        del self.items[item.id]
        if item.rule.calls_back:
            self.owed.drop(item)
        leave_to_handler(self, item)
        self.visits.drop(item)
        for owed in self.owed.resume(item.id):
            if owed.state is State.QUEUED:
                self.fresh[owed.id] = None

    # --- agents -------------------------------------------------------------------------------------------------------

    def touch(self, agent: Agent) -> None:
        """Work out anew what room an agent has; with more than before they are looked at, and their state is told."""
        self.touched[agent.id] = None
        was_routable, was_used = agent.routable, agent.used
        used = agent.used = in_use(agent)
        agent.room.clear()
        agent.count_busy(self.now)
        self.away.note(agent)
        self.limits.note_rest(self, agent)
        agent.routable = (
            agent.intent is Intent.READY
            and agent.next_intent in (None, Intent.READY)
            and agent.health is Health.OK
            and not agent.draining
            and not agent.removed
        )
        if self.note_presence(agent) and agent.present:
            somebody_came(self, agent.profile)
        if self.limits.reserve:
            self.limits.note_spare(self, agent)
        if agent.routable and (used < was_used or not was_routable or self.limits.bound):
            self.dirty[agent.id] = None

    def note_presence(self, agent: Agent) -> bool:
        """Keep the number of those signed in; return whether this agent came or left."""
        present = agent.signed_in
        if present == agent.present:
            return False
        agent.present = present
        agent.profile.come(1 if present else -1)
        return True

    def look_at(self, agent: Agent) -> None:
        """Work out an agent's room anew and have them looked at in any case: their abilities changed."""
        for item in agent.work.values():
            item.units = self.units(agent, item)
        for offer in agent.offers.values():
            offer.units = self.units(agent, offer.item)
        self.touch(agent)
        self.dirty[agent.id] = None

    def look_for(self, agent: Agent | None) -> None:
        """Look whether anything waits for an agent, if they take work at all."""
        if agent is not None and agent.routable:
            self.dirty[agent.id] = None

    def look_for_all(self, agents: list[Agent]) -> None:
        """Look whether anything waits for these agents: who has least in hand is asked first, then who is idle longest."""
        for agent in sorted(agents, key=lambda one: (one.used, one.idle_since or 0, one.id)):
            self.look_for(agent)

    def watch(self, agent: Agent) -> None:
        """Set the moment at which a silent console is next judged."""
        self.tokens += 1
        agent.watch = self.tokens
        self.deadlines.add(health_due(agent), Due.HEALTH, agent.id, agent.watch)

    def can_take(self, agent: Agent, rule: ChannelRule) -> bool:
        """Say whether an agent has room for an item under a channel's rule."""
        if not agent.routable or agent.rest_until > self.now:
            return False
        room = agent.room.get(rule.room)
        if room is None:
            room = agent.room[rule.room] = has_room_for(agent, rule)
        return room

    def units(self, agent: Agent, item: Item) -> int:
        """Return what an item takes from this agent's capacity."""
        return agent.capacity.get(item.rule.name, item.rule.units)

    def choice(self, agent: Agent, shape: Shape) -> Choice:
        """Return what the line's strategy compares of an agent, the smallest first."""
        idle = float(agent.idle_since or 0)
        return STRATEGIES[shape.line.strategy](agent, shape, idle, self.now)

    def renew_index(self) -> None:
        """Build the index anew, for a new policy."""
        self.index = Index(self._fill)
        self.alike = compared_alike(line.strategy for line in self.policy.lines.values())
        for agent in self.agents.values():
            agent.profile = self.index.profile(agent.skills, agent.lines, agent.languages)
            agent.profile.members[agent.id] = agent
            agent.profile.come(int(agent.present))
            agent.room.clear()
            agent.listed.clear()

    def _fill(self, pool: Pool, profiles: list[Profile]) -> None:
        """List who has room in a new pool; those about to be looked at are listed then."""
        for profile in profiles:
            for agent in profile.members.values():
                if agent.id not in self.dirty and self.can_take(agent, pool.rule):
                    self.index.pools.put(agent, (pool,))
                else:
                    agent.listed.pop(pool.rule.room, None)

    def tell_agents(self, cause: str, actor: str | None = None) -> None:
        """Tell the state of every agent that changed since it was last told."""
        for name in self.touched:
            agent = self.agents.get(name)
            if agent is None:
                continue
            state = show(agent)
            if state != agent.shown:
                agent.shown = state
                self.wishes.append(agent_state(agent, state, cause, actor))
        self.touched.clear()
