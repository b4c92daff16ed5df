"""Offers: made, accepted, declined, missed, taken back; and what follows for the item and the agent."""

from __future__ import annotations

from dataclasses import dataclass

from contactd.clock import from_ms
from contactd.core.agent import Intent
from contactd.core.effects import Alert, Assign, Connect, Decision, Offer, Requeue, Withdraw
from contactd.core.events import DeliveryFailed, OfferAccepted, OfferRejected, Skills
from contactd.core.interaction import Cause, SegmentReason, State
from contactd.core.offer import FailReason, OfferOutcome, WithdrawReason
from contactd.routing.deadlines import Due
from contactd.routing.floor import Floor, RefusedError
from contactd.routing.hands import apply_next, let_go, make_room, put_in_hand, set_intent
from contactd.routing.score import Scale
from contactd.routing.shapes import Choice
from contactd.routing.state import FULL, Agent, Item, LiveOffer, yields

SKIP_MS = 60_000
"""How long an item passes by an agent who did not take it."""


@dataclass(frozen=True, slots=True)
class Pick:
    """How the choice was made: what is stored with the offer."""

    need: Skills
    next_best: tuple[Choice, ...] = ()
    preferred: str | None = None
    starved: bool = False
    """It is starved deferred work: the promised share begins anew."""
    shielded: bool = False
    """It went before something better, because the share was due."""


def make_offer(floor: Floor, item: Item, agent: Agent, pick: Pick) -> None:
    """Reserve a waiting item for an agent."""
    if floor.witness is not None:
        floor.witness(floor, item, agent, pick.preferred is not None)
    decision = _decide(floor, item, agent, pick)
    floor.step_out(item)
    _take_back_weaker(floor, item, agent)
    floor.made += 1
    name = f"{floor.epoch}-{floor.seq}-{floor.made}"
    expires = floor.now + round(item.rule.offer_s * 1000)
    offer = LiveOffer(name, item, agent, expires, floor.units(agent, item), decision)
    floor.offers[name] = offer
    agent.offers[item.id] = offer
    item.offer = offer
    item.shielded = pick.shielded
    agent.given = floor.seq
    agent.share = 0 if pick.starved else agent.share + 1
    floor.touch(agent)
    floor.emit(
        Offer(
            offer=name,
            lease=name,
            interaction=item.id,
            agent=agent.id,
            channel=item.channel,
            line=item.line.name,
            expires_at=from_ms(expires),
            decision=decision,
            auto_accept=item.rule.auto_accept,
        ),
    )
    floor.move(item, Cause.OFFER, agent.id)
    if item.rule.auto_accept:
        _accept(floor, offer)
    else:
        floor.deadlines.add(expires, Due.OFFER, name)


def _decide(floor: Floor, item: Item, agent: Agent, pick: Pick) -> Decision:
    scale = Scale.of(item.line, item.rule) if item.shape is None else item.shape.scale
    terms = scale.terms(item, floor.now)
    known = agent.profile.skills
    return Decision(
        policy_version=floor.version,
        line=item.line.name,
        step=item.step,
        strategy=item.line.strategy,
        terms=terms,
        score=sum(value for _, value in terms),
        skills=tuple((skill, level, known.get(skill, 0)) for skill, level in pick.need),
        idle_s=(floor.now - agent.idle_since) / 1000 if agent.idle_since is not None else 0.0,
        waiting=floor.in_line[item.line.name],
        eligible=1 + len(pick.next_best),
        next_best=tuple((choice[3], choice[0]) for choice in pick.next_best),
        preferred=pick.preferred,
        visit=tuple(other.id for other in floor.visits.others(item)),
    )


def _take_back_weaker(floor: Floor, item: Item, agent: Agent) -> None:
    """Withdraw offers of work that this one may interrupt, as far as room is needed."""
    room = FULL - floor.units(agent, item)
    for offer in list(agent.offers.values()):
        if agent.used <= room:
            return
        if yields(offer.item, item.rule):
            end_offer(floor, offer, OfferOutcome.WITHDRAWN, WithdrawReason.REROUTED)


def drop_offer(floor: Floor, offer: LiveOffer, outcome: OfferOutcome, reason: str | None) -> None:
    """End an offer and tell it; the item is left for the caller to move."""
    del floor.offers[offer.id]
    del offer.agent.offers[offer.item.id]
    offer.item.offer = None
    floor.emit(
        Withdraw(offer=offer.id, interaction=offer.item.id, agent=offer.agent.id, outcome=outcome, reason=reason),
    )
    floor.touch(offer.agent)
    apply_next(floor, offer.agent)


def end_offer(floor: Floor, offer: LiveOffer, outcome: OfferOutcome, reason: str | None = None) -> None:
    """End an offer; its item goes back in line, age and place kept."""
    item = offer.item
    item.shielded = False
    drop_offer(floor, offer, outcome, reason)
    floor.emit(Requeue(interaction=item.id, line=item.line.name, reason=SegmentReason.REQUEUE))
    floor.move(item, Cause.OFFER_ENDED)
    floor.stand(item)


def live_offer(floor: Floor, agent: str, offer: str, lease: str) -> LiveOffer:
    """Return the live offer an agent speaks of, or refuse."""
    floor.agent(agent)
    found = floor.offers.get(offer)
    if found is None:
        raise RefusedError("old_lease" if _was_ours(floor, offer) else "unknown_offer")
    if found.agent.id != agent:
        reason = "not_yours"
        raise RefusedError(reason)
    if lease != found.id or floor.now >= found.expires:
        reason = "old_lease"
        raise RefusedError(reason)
    return found


def _was_ours(floor: Floor, offer: str) -> bool:
    """Say whether an offer's id can have been given out before."""
    parts = offer.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in parts):  # noqa: PLR2004 - the three parts of an offer's id
        return False
    epoch, seq, _ = (int(part) for part in parts)
    return epoch < floor.epoch or (epoch == floor.epoch and seq <= floor.seq)


def accepted(floor: Floor, fact: OfferAccepted) -> None:
    """An agent took an offer."""
    _accept(floor, live_offer(floor, fact.agent, fact.offer, fact.lease))


def _accept(floor: Floor, offer: LiveOffer) -> None:
    item, agent = offer.item, offer.agent
    agent.misses.pop(item.channel, None)
    item.waited = floor.now - item.age_from
    make_room(floor, agent, item.rule, FULL)
    del floor.offers[offer.id]
    del agent.offers[item.id]
    item.offer = None
    floor.emit(Assign(interaction=item.id, agent=agent.id, offer=offer.id))
    put_in_hand(floor, item, agent, Cause.ACCEPTED)
    item.delivering = True
    if item.rule.connects:
        floor.emit(Connect(interaction=item.id, agent=agent.id, device=agent.device))


def rejected(floor: Floor, fact: OfferRejected) -> None:
    """An agent declined an offer; the item passes them by for good, unless nobody else can take it."""
    offer = live_offer(floor, fact.agent, fact.offer, fact.lease)
    if not offer.item.rule.may_reject:
        reason = "not_allowed"
        raise RefusedError(reason)
    pass_by(offer.item, offer.agent, None)
    end_offer(floor, offer, OfferOutcome.REJECTED, fact.reason)


def timed_out(floor: Floor, name: str) -> None:
    """Nobody took up an offer in time; too many in a row make the agent not ready."""
    offer = floor.offers[name]
    item, agent = offer.item, offer.agent
    pass_by(item, agent, floor.now + SKIP_MS)
    agent.misses[item.channel] = agent.misses.get(item.channel, 0) + 1
    end_offer(floor, offer, OfferOutcome.TIMED_OUT)
    if agent.misses[item.channel] >= item.rule.misses:
        stop_routing(floor, agent, "rona")
        floor.emit(Alert(kind="rona", agent=agent.id, interaction=item.id, line=item.line.name))


def stop_routing(floor: Floor, agent: Agent, reason: str) -> None:
    """Set an agent not ready at once, for a reason only the router gives; other offers are taken back."""
    set_intent(floor, agent, Intent.NOT_READY, reason)
    withdraw_all(floor, agent, WithdrawReason.REROUTED)


def pass_by(item: Item, agent: Agent, until: int | None) -> None:
    """Let an item pass by an agent until a moment, or for good."""
    item.skips[agent.id] = until
    item.untold = True


def withdraw_all(floor: Floor, agent: Agent, reason: WithdrawReason) -> None:
    """Take back every offer an agent has."""
    for offer in list(agent.offers.values()):
        end_offer(floor, offer, OfferOutcome.WITHDRAWN, reason)


def delivery_failed(floor: Floor, fact: DeliveryFailed) -> None:
    """What an agent accepted could not be connected: back in line, as if it had never been given."""
    item = floor.item(fact.interaction)
    agent = floor.agent(fact.agent)
    if item.agent != agent.id:
        reason = "not_yours"
        raise RefusedError(reason)
    floor.check(item, Cause.OFFER_ENDED)
    if not item.delivering:
        reason = "bad_state"
        raise RefusedError(reason)
    pass_by(item, agent, floor.now + SKIP_MS)
    let_go(floor, item)
    if fact.reason == FailReason.DEVICE_UNREACHABLE:
        stop_routing(floor, agent, "device")
        floor.emit(Alert(kind="device", agent=agent.id, interaction=item.id, line=item.line.name))
    floor.emit(Requeue(interaction=item.id, line=item.line.name, reason=SegmentReason.REQUEUE))
    floor.move(item, Cause.OFFER_ENDED)
    floor.stand(item)


def ask_again(floor: Floor, interaction: str) -> None:
    """Nobody else can take what these agents declined: they are asked again."""
    item = floor.items[interaction]
    shape = floor.index.ladder(item)[-1].shape
    others = (
        agent
        for profile in shape.profiles.values()
        for agent in profile.members.values()
        if agent.signed_in and item.skips.get(agent.id, 0) is not None
    )
    if next(others, None) is None:
        item.skips = {agent: until for agent, until in item.skips.items() if until is not None}
        item.untold = True
    floor.fresh[interaction] = None


def stop_offered(floor: Floor, item: Item, reason: WithdrawReason) -> None:
    """Bring an offered item back to its line; others are left as they are."""
    if item.state is State.OFFERED and item.offer is not None:
        end_offer(floor, item.offer, OfferOutcome.WITHDRAWN, reason)
