"""What a store would keep of a day, folded from facts and wishes, and the facts a new router is told from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from day import POLICY
from stage import Stage

from contactd.core import effects, events
from contactd.core.interaction import TERMINAL_STATES, Cause, SegmentReason, State
from contactd.routing.policy import Policy
from contactd.routing.router import Router

NEW_STAY = {
    Cause.TRANSFER: SegmentReason.TRANSFER,
    Cause.AGENT_LOST: SegmentReason.AGENT_LOST,
    Cause.OVERFLOW_LINE: SegmentReason.OVERFLOW,
    Cause.DUE: SegmentReason.RETURN,
    Cause.CUSTOMER_WRITES: SegmentReason.RETURN,
}
WAITING = (State.QUEUED, State.OFFERED)


@dataclass
class Row:
    """An open interaction as it is stored."""

    fact: events.InteractionArrived
    line: str
    queued_at: datetime
    since: datetime
    state: str = State.QUEUED
    earlier: timedelta = timedelta()
    """Waiting of stays that are over."""
    here: timedelta = timedelta()
    """Waiting of this stay, up to `since`."""
    priority: int = 0
    skills: events.Skills = ()
    agent: str | None = None
    standing: effects.Standing | None = None
    interrupted: bool = False
    last: effects.Moved | None = None
    entered_as: str = "arrival"


@dataclass
class Shelf:
    """Interactions, agents and offers."""

    rows: dict[str, Row] = field(default_factory=dict)
    configured: dict[str, events.AgentConfigured] = field(default_factory=dict)
    agents: dict[str, effects.AgentState] = field(default_factory=dict)
    intents: dict[str, tuple[tuple[str, str | None], datetime]] = field(default_factory=dict)
    offers: dict[str, tuple[effects.Offer, datetime]] = field(default_factory=dict)
    external: list[events.ExternalWork] = field(default_factory=list)
    lines: dict[str, effects.LineState] = field(default_factory=dict)

    def keep(self, fact: events.Fact | None, wishes: list[effects.Wish], now: datetime) -> None:
        """Store what a fact brought and what came of it."""
        if not any(isinstance(wish, effects.Refuse) for wish in wishes):
            self._keep_fact(fact, now)
        for wish in wishes:
            self._keep_wish(wish, now)

    def _keep_fact(self, fact: events.Fact | None, now: datetime) -> None:
        if isinstance(fact, events.InteractionArrived):
            self.rows[fact.interaction] = Row(
                fact,
                fact.line,
                now,
                now,
                earlier=fact.waited,
                priority=fact.priority,
                skills=fact.skills,
                entered_as=fact.reason,
            )
        elif isinstance(fact, events.AgentConfigured):
            self.configured[fact.agent] = fact
        elif isinstance(fact, events.ExternalWork):
            same = [one for one in self.external if (one.agent, one.ref) == (fact.agent, fact.ref)]
            self.external = [one for one in self.external if one not in same] + ([fact] if fact.on else [])

    def _keep_wish(self, wish: effects.Wish, now: datetime) -> None:
        if isinstance(wish, effects.Moved):
            self._move(self.rows[wish.interaction], wish, now)
        elif isinstance(wish, effects.Standing):
            self.rows[wish.interaction].standing = wish
        elif isinstance(wish, effects.Weighed):
            self.rows[wish.interaction].priority, self.rows[wish.interaction].skills = wish.priority, wish.skills
        elif isinstance(wish, effects.LineState):
            self.lines[wish.line] = wish
        elif isinstance(wish, effects.Offer):
            self.offers[wish.interaction] = (wish, now)
        elif isinstance(wish, effects.Withdraw | effects.Assign):
            self.offers.pop(wish.interaction, None)
        elif isinstance(wish, effects.AgentState):
            chosen = (wish.intent, wish.reason)
            if wish.agent not in self.intents or self.intents[wish.agent][0] != chosen:
                self.intents[wish.agent] = (chosen, now)
            self.agents[wish.agent] = wish

    def _move(self, row: Row, wish: effects.Moved, now: datetime) -> None:
        if row.state in WAITING:
            row.here += now - row.since
        if wish.state == State.QUEUED and wish.cause in NEW_STAY:
            row.earlier, row.here, row.queued_at = row.earlier + row.here, timedelta(), now
            row.entered_as = NEW_STAY[Cause(wish.cause)]
        elif wish.cause == Cause.OFFER_ENDED and row.state == State.ACTIVE:
            row.here += now - row.since
        row.state, row.since, row.last = wish.state, now, wish
        row.line = wish.line or row.line
        row.agent = wish.agent if wish.state not in WAITING else None
        row.interrupted = wish.cause == Cause.INTERRUPTED
        if wish.state in TERMINAL_STATES:
            del self.rows[wish.interaction]

    def facts(self) -> list[events.Fact]:
        """Return what a new router is told, in order."""
        rows = self.rows.values()
        return [
            *(self._line(state) for state in self.lines.values()),
            *(self._arrived(row) for row in rows if row.state in WAITING),
            *self.configured.values(),
            *(self._work(row) for row in rows if row.state not in WAITING),
            *(
                events.OfferRestored(
                    offer=offer.offer,
                    interaction=offer.interaction,
                    agent=offer.agent,
                    offered_at=at,
                    expires_at=offer.expires_at,
                )
                for offer, at in self.offers.values()
            ),
            *self.external,
            *(self._agent(state) for state in self.agents.values()),
        ]

    def _line(self, state: effects.LineState) -> events.LineRestored:
        return events.LineRestored(
            line=state.line,
            open=state.open,
            since=state.since,
            mode=state.mode,
            until=state.until,
            next_change=state.next_change,
        )

    def _arrived(self, row: Row) -> events.InteractionArrived:
        stood = row.standing
        return events.InteractionArrived(
            interaction=row.fact.interaction,
            channel=row.fact.channel,
            line=row.line,
            priority=row.priority,
            skills=row.skills,
            queued_at=row.queued_at,
            waited=row.earlier,
            vip=row.fact.vip,
            party=row.fact.party,
            contact=row.fact.contact,
            language=row.fact.language,
            reason="restart",
            step=stood.step if stood else 0,
            step_since=stood.step_since if stood else None,
            skip_agents=stood.skip_agents if stood else (),
            prefer_agent=stood.prefer_agent if stood else row.fact.prefer_agent,
            prefer_until=stood.prefer_until if stood else None,
            hops=stood.hops if stood else 0,
            entered_as=row.entered_as,
            course=stood.course if stood else events.STRAIGHT,
        )

    def _work(self, row: Row) -> events.WorkRestored:
        assert row.last is not None
        return events.WorkRestored(
            interaction=row.fact.interaction,
            channel=row.fact.channel,
            line=row.line,
            agent=row.agent or "",
            state=row.state,
            since=row.since,
            queued_at=row.queued_at,
            waited=row.earlier + row.here,
            priority=row.priority,
            skills=row.skills,
            vip=row.fact.vip,
            party=row.fact.party,
            contact=row.fact.contact,
            language=row.fact.language,
            until=row.last.until,
            interrupted=row.interrupted,
            hops=row.standing.hops if row.standing else 0,
            outcome=row.last.outcome,
            ended_by=row.last.ended_by,
            disposition=row.last.disposition,
            entered_as=row.entered_as,
            course=row.standing.course if row.standing else events.STRAIGHT,
        )

    def _agent(self, state: effects.AgentState) -> events.AgentRestored:
        return events.AgentRestored(
            agent=state.agent,
            intent=state.intent,
            reason=state.reason,
            next_intent=state.next_intent,
            next_reason=state.next_reason,
            idle_since=state.idle_since,
            misses=state.misses,
            standing=state.standing,
            since=self.intents[state.agent][1],
            draining=state.draining,
        )


def rebuilt(shelf: Shelf, stage: Stage) -> tuple[Router, list[effects.Wish]]:
    """Return a new router that was told what the shelf holds, and what it wished for meanwhile."""
    router = Router(Policy.from_mapping(POLICY), seq=stage.router.seq)
    wishes: list[effects.Wish] = []
    for fact in shelf.facts():
        wishes += router.handle(fact, stage.now)
    return router, wishes + router.tick(stage.now)
