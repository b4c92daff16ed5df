"""Who is it: contact points, claims, and the pure resolution of a sender to a customer - never guessed.

Levels: a `verified` claim was proved (signed login, call-back), an `asserted` one was said by a person or a trusted source, an
`inferred` one was only mined.  Only `known` names a party by itself; everything else waits for the agent's click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contactd.core.interaction import ResolveState
from contactd.core.packed import packed

LEVELS = {"verified": 3, "asserted": 2, "inferred": 1}


@packed()
@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """An address a customer can be reached at, normalised for matching."""

    kind: str
    """phone | fax | email | chat_visitor | …"""
    value: str
    """Normalised value (`value_norm`)."""
    raw: str
    """As it came."""
    ext: str = ""
    namespace: str = ""
    display: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One graded link from a contact point to a party, as the store knows it."""

    party: str
    """The canonical party."""
    party_kind: str
    """person | org | unknown"""
    level: str
    """verified | asserted | inferred"""
    ext: str = ""
    shared: bool = False
    open_case: bool = False
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A party it may be, with the evidence in words of the catalogue."""

    party: str
    level: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer: a state, the party when it is known, and every candidate in order of likelihood."""

    state: ResolveState
    party: str | None = None
    candidates: tuple[Candidate, ...] = ()


def resolve(point: Point | None, claims: Sequence[Claim]) -> Resolution:
    """Say who `point` is, from the `claims` on it.

    One canonical party at the best level found, asserted or better, is `known`; several are `ambiguous`; only inferred
    ones are `maybe`; none is `unknown`; no point at all is `anonymous`.  A point or claim marked shared (a switchboard, info@)
    never gives `known` to a person while others share it.
    """
    if point is None:
        return Resolution(state=ResolveState.ANONYMOUS)
    best = _best_claims(point, claims)
    if not best:
        return Resolution(state=ResolveState.UNKNOWN)
    candidates = tuple(Candidate(party=claim.party, level=claim.level, why=_why(point, claim)) for claim in best)
    sure = [claim for claim in best if LEVELS[claim.level] >= LEVELS["asserted"]]
    if not sure:
        return Resolution(state=ResolveState.MAYBE, candidates=candidates)
    if _one_known(point, sure):
        return Resolution(state=ResolveState.KNOWN, party=sure[0].party, candidates=candidates)
    return Resolution(state=ResolveState.AMBIGUOUS, candidates=candidates)


def _one_known(point: Point, sure: list[Claim]) -> bool:
    """Tell whether the sure claims leave no doubt: one party, or one strictly better than the rest on an unshared point."""
    if len(sure) == 1:
        return True
    shared = point.shared or any(claim.shared for claim in sure)
    exact = [claim for claim in sure if point.ext and claim.ext == point.ext]
    if len(exact) == 1:
        return True
    verified = [claim for claim in sure if claim.level == "verified"]
    return not shared and len(verified) == 1


def _best_claims(point: Point, claims: Sequence[Claim]) -> list[Claim]:
    """Keep each party's best claim, most likely first: exact extension, level, organisation on shared, open case, recency."""
    best: dict[str, Claim] = {}
    for claim in claims:
        held = best.get(claim.party)
        if held is None or LEVELS[claim.level] > LEVELS[held.level]:
            best[claim.party] = claim

    def rank(claim: Claim) -> tuple[int, int, int, int, float, str]:
        exact = 0 if point.ext and claim.ext == point.ext else 1
        org_first = 0 if (point.shared or claim.shared) and claim.party_kind == "org" else 1
        seen = -claim.last_seen.timestamp() if claim.last_seen else 0.0
        return exact, -LEVELS[claim.level], org_first, 0 if claim.open_case else 1, seen, claim.party

    return sorted(best.values(), key=rank)


def _why(point: Point, claim: Claim) -> tuple[str, ...]:
    """Name the evidence for a candidate by catalogue keys."""
    reasons = [f"claim.{claim.level}"]
    if point.ext and claim.ext == point.ext:
        reasons.append("claim.extension")
    if point.shared or claim.shared:
        reasons.append("claim.shared")
    if claim.open_case:
        reasons.append("claim.open_case")
    return tuple(reasons)
