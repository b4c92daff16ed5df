"""The router: facts in, wishes out.  Pure: the same facts at the same moments always give the same wishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contactd.clock import from_ms, to_ms
from contactd.core import events
from contactd.core.effects import Refuse, Wish
from contactd.core.events import Fact
from contactd.core.interaction import Cause
from contactd.routing import (
    arrivals,
    callbacks,
    hours,
    mirrored,
    offers,
    overflow,
    presence,
    recovery,
    supervision,
    transfers,
    work,
)
from contactd.routing.deadlines import Due
from contactd.routing.digest import digest, lasting_state
from contactd.routing.explain import explain, waiting_lines
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import give_back
from contactd.routing.idle import explain_agent
from contactd.routing.picturing import Paces, picture
from contactd.routing.policy import Policy
from contactd.routing.settling import settle
from contactd.routing.shadow import Shadow
from contactd.routing.waits import Picture
from contactd.routing.witness import Seen, Witness

HANDLERS: dict[type[Any], Callable[[Floor, Any], None]] = {
    events.InteractionArrived: arrivals.arrived,
    events.InteractionGone: arrivals.gone,
    events.Transferred: transfers.transferred,
    events.Identified: arrivals.identified,
    events.OfferAccepted: offers.accepted,
    events.OfferRejected: offers.rejected,
    events.DeliveryFailed: offers.delivery_failed,
    events.IntentSet: presence.intent_set,
    events.ConsoleSeen: presence.console_seen,
    events.ConsoleLost: presence.console_lost,
    events.AgentConfigured: presence.configured,
    events.WorkEnded: work.ended,
    events.WrapupDone: work.wrapup_done,
    events.WrapupExtended: work.extended,
    events.Summarised: work.summarised,
    events.Held: work.held,
    events.Resumed: work.resumed,
    events.Parked: work.parked,
    events.Unparked: work.unparked,
    events.WorkStarted: work.started,
    events.ExternalWork: work.external,
    events.ExternallyMoved: mirrored.moved,
    events.SupervisorSet: supervision.supervised,
    events.CallbackTaken: callbacks.taken,
    events.AttemptFailed: callbacks.attempt_failed,
    events.LineSet: hours.line_set,
    events.LineRestored: hours.restored,
    events.WaitExpected: overflow.expected,
    events.ServiceTold: presence.service_told,
    events.PolicyPublished: recovery.published,
    events.WorkRestored: recovery.work_restored,
    events.OfferRestored: recovery.offer_restored,
    events.AgentRestored: recovery.agent_restored,
}
"""Kind of fact → what it does.  A handler refuses before it changes anything, or not at all."""


def _stand_again(floor: Floor, interaction: str) -> None:
    """A step, a hold or a skip is over: look at the item anew."""
    floor.fresh[interaction] = None


HAPPENINGS: dict[Due, Callable[[Floor, str], None]] = {
    Due.OFFER: offers.timed_out,
    Due.HEALTH: presence.judge_health,
    Due.WRAPUP: lambda floor, key: work.close(floor, floor.items[key], Cause.WRAPUP_DONE),
    Due.PARK: lambda floor, key: work.wake(floor, floor.items[key], Cause.DUE),
    Due.RETURN: give_back,
    Due.STEP: _stand_again,
    Due.HOLD: _stand_again,
    Due.SKIP: _stand_again,
    Due.REASK: offers.ask_again,
    Due.BREAK: presence.break_overrun,
    Due.REST: lambda floor, key: floor.look_for(floor.agents[key]),
    Due.LINE: hours.due,
    Due.OVERFLOW: _stand_again,
}
"""What falls due → what it does."""


RESTART = "restart"
"""The reason with which recovery feeds in what stood in line."""


RESTORED = frozenset({events.LineRestored, events.WorkRestored, events.OfferRestored, events.AgentRestored})
"""Facts only recovery sends."""


class Router:
    """All lines, all agents, one queue."""

    def __init__(self, policy: Policy, *, version: int = 0, epoch: int = 0, seq: int = 0) -> None:
        """Begin with an empty floor under `version` of the policy.

        `epoch` and the last journal number `seq` make the ids of offers unique.
        """
        self._floor = Floor(policy, version, epoch, seq)
        hours.open_gates(self._floor)

    @property
    def seq(self) -> int:
        """The journal number of the last fact or tick that did something."""
        return self._floor.seq

    @property
    def version(self) -> int:
        """The version of the policy that rules now."""
        return self._floor.version

    @property
    def policy(self) -> Policy:
        """The policy that rules now."""
        return self._floor.policy

    def handle(self, fact: Fact, now: datetime) -> list[Wish]:
        """Take a fact in; return what is wanted because of it, in order.

        A fact that cannot be applied gives one `Refuse` and changes nothing but `seq`.  Facts of recovery are only taken in:
        scheduling begins with the first other fact or tick.
        """
        floor = self._floor
        before = floor.moment
        floor.begin(now)
        handler = HANDLERS.get(type(fact))
        if handler is None:
            floor.turn_back(before)
            return [_refuse(fact, "unknown_fact")]
        try:
            handler(floor, fact)
        except RefusedError as refused:
            floor.turn_back(before)
            return [_refuse(fact, refused.reason, refused.detail, refused.alternatives)]
        floor.restoring = _restores(fact, floor.restoring)
        if not floor.restoring:
            settle(floor)
        floor.tell_agents(type(fact).__name__, getattr(fact, "actor", None))
        return floor.wishes

    def tick(self, now: datetime) -> list[Wish]:
        """Let everything happen that is due by `now`; an empty list, and no change, when nothing was."""
        floor = self._floor
        if not floor.restoring:
            moment = to_ms(now)
            first = floor.deadlines.first() if floor.deadlines.may_be_due(moment) else None
            if first is None or first > moment:
                return []
        floor.begin(now)
        if floor.restoring:
            floor.restoring = False
            settle(floor)
        while (entry := floor.deadlines.take(floor.now)) is not None:
            HAPPENINGS[entry[1]](floor, entry[2])
            settle(floor)
        floor.tell_agents("tick")
        return floor.wishes

    def next_deadline(self) -> datetime | None:
        """Return when `tick` is next needed, None when nothing will happen by itself."""
        if self._floor.restoring:
            return self._floor.moment
        first = self._floor.deadlines.first()
        return None if first is None else from_ms(first)

    def digest(self, *, lasting: bool = False) -> str:
        """Return a fingerprint of the whole state, for checkpoints and audits.

        `lasting`: only of what a router rebuilt from the store must have too (not when each console last showed itself).
        """
        return digest(self._floor, lasting=lasting)

    def checkpoint(self, now: datetime) -> str:
        """Take a journal number for a checkpoint; return the fingerprint of the whole state at this moment."""
        self._floor.begin(now)
        return digest(self._floor)

    def lasting(self) -> dict[tuple[str, str], str]:
        """Return what of the state lasts over a restart, thing by thing; see `digest.lasting_state`."""
        return lasting_state(self._floor)

    def waiting(self) -> dict[str, list[str]]:
        """Return what waits, by line, in the order of the queue."""
        return waiting_lines(self._floor)

    def explain(self, interaction: str, now: datetime) -> dict[str, Any]:
        """Say why an item waits, or who has it; for people, as plain data."""
        return explain(self._floor, interaction, now)

    def explain_agent(self, agent: str, now: datetime) -> dict[str, Any]:
        """Say what keeps an agent from what waits; for people, as plain data."""
        return explain_agent(self._floor, agent, now)

    def picture(self, line: str, channel: str, paces: Paces, now: datetime) -> Picture | None:
        """Return what a newcomer's wait is worked out from, None when it cannot be foreseen; changes nothing."""
        floor = self._floor
        before = floor.moment
        floor.turn_to(now)
        try:
            return picture(floor, line, channel, paces)
        finally:
            # The next fact may bear an earlier moment than somebody's question.
            floor.turn_back(before)

    def stand_by(self, shadow: Shadow | None) -> None:
        """Let a draft decide beside from now on, with no effect; None = nobody any more."""
        self._floor.witness = shadow

    def watch(self) -> list[Seen]:
        """Note every candidate of every decision from now on, in the list that is returned; costs a look at every agent."""
        witness = Witness()
        self._floor.witness = witness
        return witness.seen


def _restores(fact: Fact, restoring: bool) -> bool:
    """Say whether recovery is going on after this fact: it begins with a fact only it sends, others may stand between."""
    if type(fact) in RESTORED:
        return True
    if isinstance(fact, events.InteractionArrived):
        return fact.reason == RESTART
    return restoring and isinstance(fact, events.AgentConfigured | events.ExternalWork)


def _refuse(fact: Any, reason: str, detail: str | None = None, alternatives: tuple[str, ...] = ()) -> Refuse:
    return Refuse(
        reason=reason,
        interaction=getattr(fact, "interaction", None),
        agent=getattr(fact, "agent", None),
        offer=getattr(fact, "offer", None),
        detail=detail,
        alternatives=alternatives,
    )
