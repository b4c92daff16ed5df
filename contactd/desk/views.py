"""What consoles may see: an in-memory projection, fed only by what is committed.

Pure: no I/O and no clock.  `apply` takes the dispatcher's changes, `flush` sends what is gathered per tick, `snapshot`
shows the present; all are single synchronous steps, so a snapshot and its number always belong together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from contactd.core.interaction import State
from contactd.desk.audience import Audience
from contactd.desk.changes import (
    NOBODY,
    AgentChanged,
    AgentRemoved,
    AlertRaised,
    CaseNews,
    Changed,
    DayFigures,
    DayStarted,
    InteractionClosed,
    InteractionUpsert,
    LineExpects,
    LineOpened,
    LineSettings,
    MessageAdded,
    Notice,
    OfferMade,
    OfferOver,
    OutboxChanged,
    PolicyChanged,
    Shown,
)
from contactd.desk.floor import WAITING_STATES, Floor
from contactd.desk.stream import Stream
from contactd.desk.waiting import HEAD, Waiting

__all__ = [
    "AgentChanged",
    "AgentRemoved",
    "AlertRaised",
    "Changed",
    "DayFigures",
    "DayStarted",
    "InteractionClosed",
    "InteractionUpsert",
    "LineOpened",
    "LineSettings",
    "MessageAdded",
    "OfferMade",
    "OfferOver",
    "PolicyChanged",
    "Views",
]

WORK_STATES = frozenset({State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP})
ALERTS = 50
"""Newest alerts that are kept."""


class Views:
    """The present of the floor, and the audience that follows it."""

    def __init__(self, head: int = HEAD) -> None:
        """Let supervisors follow `head` waiting items live."""
        self._head = head
        self.audience = Audience()
        self._begin()

    def _begin(self) -> None:
        self.interactions: dict[str, Shown] = {}
        """Open interactions by id."""
        self.agents: dict[str, Shown] = {}
        """AgentView by id."""
        self.floor = Floor()
        self.policy_version = 0
        self._offers: dict[str, OfferMade] = {}
        self._offers_of: dict[str, dict[str, OfferMade]] = {}
        self._offered_to: dict[str, str] = {}
        self._work_of: dict[str, dict[str, Shown]] = {}
        self._alerts: deque[Shown] = deque(maxlen=ALERTS)
        self._waiting = Waiting(self._head)
        self._agents_dirty: dict[str, None] = {}
        self._agents_gone: dict[str, None] = {}
        self._policy_dirty = False
        self._take: dict[type, Callable[[Any], None]] = {
            InteractionUpsert: self._take_interaction,
            InteractionClosed: self._take_interaction,
            OfferMade: self._take_offer,
            OfferOver: self._take_offer_over,
            AgentChanged: self._take_agent,
            AgentRemoved: self._take_agent_gone,
            MessageAdded: self._take_message,
            AlertRaised: self._take_alert,
            OutboxChanged: self._take_outbox,
            CaseNews: lambda change: self.audience.send(
                self.audience.of(change.agent).values(), "case.news", change.news
            ),
            Notice: lambda change: self.audience.send(self.audience.everyone(), f"{change.about}.news", {}),
            PolicyChanged: self._take_policy,
            LineOpened: self.floor.opened,
            LineExpects: lambda change: self.floor.expects(change.line, change.p50_s, change.p90_s),
            DayStarted: lambda change: self.floor.begin_day(change.figures),
        }

    def clear(self) -> None:
        """Forget the floor before it is read back; every console begins again with a snapshot at the next `apply`."""
        self._begin()
        self.audience.restart()

    def apply(self, changes: Iterable[Changed], now: datetime) -> None:
        """Take over committed changes, in order, and put what they mean into the streams of those who may see it."""
        for change in changes:
            self._take[type(change)](change)
        self.audience.expire(now)
        self.audience.tell(stale=self.stale)

    @property
    def stale(self) -> bool:
        """Tell whether `flush` has something to send."""
        floor = self.floor
        news = self._agents_gone or self._policy_dirty
        return bool(self._waiting.stale or self._agents_dirty or floor.dirty or floor.gone or news)

    def flush(self) -> None:
        """Send what is gathered per tick: waiting items and lines, and to supervisors the agents."""
        if not self.stale:
            return
        self._flush_agents()
        shared = self._line_news()
        whole = {**shared, **self._waiting_news()}
        if self._agents_gone:
            whole["agents_removed"], self._agents_gone = list(self._agents_gone), {}
        if shared:
            self.audience.send(self.audience.agents_only(), "floor.changed", {**_NO_FLOOR_NEWS, **shared})
        if whole:
            self.audience.send(self.audience.overseers.values(), "floor.changed", {**_NO_FLOOR_NEWS, **whole})
        self.audience.tell(stale=False)

    def _flush_agents(self) -> None:
        dirty, self._agents_dirty = self._agents_dirty, {}
        overseers = self.audience.overseers.values()
        for agent in dirty:
            self.audience.send(
                (one for one in overseers if one.agent != agent),
                "agent.changed",
                {"agent": self.agents[agent]},
            )

    def _line_news(self) -> dict[str, Any]:
        """Return what everybody may know: lines, and a new policy."""
        news: dict[str, Any] = {}
        lost, lines = self.floor.lost(), self.floor.fresh()
        if lines:
            news["lines"] = lines
        if lost:
            news["lines_removed"] = lost
        if self._policy_dirty:
            news["policy_version"], self._policy_dirty = self.policy_version, False
        return news

    def _waiting_news(self) -> dict[str, Any]:
        upsert, gone = self._waiting.news() if self._waiting.stale else ([], [])
        if not upsert and not gone:
            return {}
        return {"waiting": {"upsert": [self.interactions[ident] for ident in upsert], "remove": gone}}

    def _take_interaction(self, change: InteractionUpsert | InteractionClosed) -> None:
        new = change.view
        ident = new["id"]
        old = self.interactions.get(ident)
        if isinstance(change, InteractionClosed):
            self.interactions.pop(ident, None)
        elif old == new:
            return
        else:
            self.interactions[ident] = new
        self.floor.moved(old, new)
        if new["state"] in WAITING_STATES and not isinstance(change, InteractionClosed):
            self._waiting.put(ident, new["queued_at"] or "")
        elif old is not None and old["state"] in WAITING_STATES:
            self._waiting.drop(ident)
        self._show_work(old, new)

    def _show_work(self, old: Shown | None, new: Shown) -> None:
        """Tell who has it, who had it, and who looks on."""
        audience, ident, before, after = self.audience, new["id"], _holder(old), _holder(new)
        others = dict(audience.watchers(ident))
        if before is not None and before != after:
            self._work_of.get(before, {}).pop(ident, None)
            others.update(audience.of(before))
        if after is not None:
            self._work_of.setdefault(after, {})[ident] = new
            mine = audience.of(after)
            others = {key: stream for key, stream in others.items() if key not in mine}
            audience.send(mine.values(), "interaction.changed", {"interaction": new, "mine": True})
        audience.send(others.values(), "interaction.changed", {"interaction": new, "mine": False})

    def _take_offer(self, change: OfferMade) -> None:
        offer = change.data["offer"]
        self._offers[offer] = change
        self._offers_of.setdefault(change.agent, {})[offer] = change
        self._offered_to[change.data["interaction"]["id"]] = change.agent
        self.audience.send(self.audience.of(change.agent).values(), "offer.created", change.data)

    def _take_offer_over(self, change: OfferOver) -> None:
        made = self._offers.pop(change.offer, None)
        if made is None:
            return
        del self._offers_of[made.agent][change.offer]
        interaction = made.data["interaction"]["id"]
        if self._offered_to.get(interaction) == made.agent:
            del self._offered_to[interaction]
        data = {
            "offer": change.offer,
            "interaction": interaction,
            "outcome": change.outcome,
            "reason": change.reason,
        }
        self.audience.send(self.audience.of(made.agent).values(), "offer.ended", data)

    def _take_agent(self, change: AgentChanged) -> None:
        new = change.view
        agent = new["agent"]
        old = self.agents.get(agent)
        if old == new:
            return
        self.agents[agent] = new
        self.floor.agent(old, new)
        self._agents_gone.pop(agent, None)
        self._agents_dirty[agent] = None
        self.audience.send(self.audience.of(agent).values(), "agent.changed", {"agent": new})

    def _take_agent_gone(self, change: AgentRemoved) -> None:
        old = self.agents.pop(change.agent, None)
        if old is None:
            return
        self._agents_dirty.pop(change.agent, None)
        self._agents_gone[change.agent] = None
        self.floor.agent(old, None)

    def _take_message(self, change: MessageAdded) -> None:
        view = self.interactions.get(change.interaction)
        agent = change.agent or (view["agent"] if view is not None else None)
        streams = {**self.audience.watchers(change.interaction), **self.audience.of(agent)}
        data = {"interaction": change.interaction, "message": change.message}
        self.audience.send(streams.values(), "message.added", data)

    def _take_alert(self, change: AlertRaised) -> None:
        self._alerts.append(change.alert)
        self.audience.send(self.audience.overseers.values(), "alert.raised", change.alert)

    def _take_outbox(self, change: OutboxChanged) -> None:
        self.audience.send(self.audience.of(change.agent).values(), "outbox.changed", {})

    def _take_policy(self, change: PolicyChanged) -> None:
        self.policy_version, self._policy_dirty = change.version, True
        self.floor.settle(change.lines)

    def snapshot(self, stream: Stream) -> dict[str, Any]:
        """Return the state a console begins with; it belongs to the stream's present number."""
        agent, oversees = stream.agent, stream.supervisor
        return {
            "me": self.me(agent),
            "work": self.work(agent),
            "offers": [made.data for made in self._offers_of.get(agent, {}).values()],
            "floor": {
                "waiting": self.waiting() if oversees else [],
                "agents": list(self.agents.values()) if oversees else [],
                "lines": self.floor.views(),
                "alerts": list(self._alerts) if oversees else [],
            },
            "policy_version": self.policy_version,
        }

    def me(self, agent: str) -> Shown:
        """Return an agent's own view, also of somebody who is not configured for work."""
        return self.agents.get(agent) or {**NOBODY, "agent": agent}

    def waiting(self) -> list[Shown]:
        """Return what has waited longest, so much of it as consoles follow."""
        return [self.interactions[ident] for ident in self._waiting.head()]

    def waiting_after(self, place: tuple[str, str] | None) -> Iterator[Shown]:
        """Yield what waits behind a place (since when, id), the longest wait first."""
        return (self.interactions[ident] for ident in self._waiting.after(place))

    def work(self, agent: str) -> list[Shown]:
        """Return what an agent has."""
        return list(self._work_of.get(agent, {}).values())

    def owners(self, interaction: str) -> frozenset[str]:
        """Return who has to do with an open interaction now: the agent who has it, or the one it is offered to."""
        found = (_holder(self.interactions.get(interaction)), self._offered_to.get(interaction))
        return frozenset(agent for agent in found if agent is not None)


def _holder(view: Shown | None) -> str | None:
    """Return who has an item in hand, if anybody."""
    if view is None or view["state"] not in WORK_STATES:
        return None
    agent: str | None = view["agent"]
    return agent


_NO_FLOOR_NEWS: dict[str, Any] = {"waiting": {"upsert": [], "remove": []}, "lines": []}
