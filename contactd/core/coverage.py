"""Which service contract covers a case, and what it promises; pure.

What contracts of a level promise stands in the policy; who has one, until when, for what and how often, in the contract itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What contracts of a level promise."""

    label: Mapping[str, str] = field(default_factory=dict, hash=False)
    calendar: str | None = None
    """The hours it is kept in; None = those of the case's type."""
    first_ms: tuple[int, ...] = ()
    """By priority from the lowest: time until the first answer; empty = as without a contract."""
    whole_ms: tuple[int, ...] = ()
    """And until it is resolved."""
    types: tuple[str, ...] = ()
    """Types of cases it is for; empty = all."""
    lines: tuple[str, ...] = ()
    """Lines it is for; empty = all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A customer's service contract, as it stands."""

    id: str
    no: str
    level: str | None
    stage: str
    begins_at: datetime | None
    ends_at: datetime | None
    products: tuple[str, ...] = ()
    """What it is for; empty = everything."""
    included: int | None = None
    """Cases it includes; None = any number."""
    used: int = 0

    @property
    def left(self) -> int | None:
        """Return how many cases it still includes; None = any number."""
        return None if self.included is None else max(self.included - self.used, 0)

    def standing(self, now: datetime) -> str:
        """Return how it stands: holds, not_begun, expired, exhausted, or its stage."""
        if self.stage != ACTIVE:
            return self.stage
        if self.begins_at is not None and self.begins_at > now:
            return "not_begun"
        if self.ends_at is not None and self.ends_at <= now:
            return "expired"
        return "exhausted" if self.left == 0 else "holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be covered."""

    type: str
    line: str | None = None
    product: str | None = None


def choose(
    contracts: Iterable[Contract], terms: Mapping[str, Terms], asked: Asked, now: datetime
) -> tuple[Contract | None, list[dict[str, Any]]]:
    """Return the contract that covers a case, and why each other one does not.

    Of several the one that promises the quickest end does; of those alike the one that ends first is used up first.
    """
    fitting, others = [], []
    for one in contracts:
        why = _why_not(one, terms.get(one.level or "", Terms()), asked, now)
        if why is None:
            fitting.append(one)
        else:
            others.append({"id": one.id, "no": one.no, "why": why})
    if not fitting:
        return None, others

    def rank(one: Contract) -> tuple[Any, ...]:
        whole = terms.get(one.level or "", Terms()).whole_ms
        return (not whole, sum(whole), one.ends_at is None, one.ends_at or now, one.id)

    best = min(fitting, key=rank)
    return best, others


def _why_not(one: Contract, terms: Terms, asked: Asked, now: datetime) -> str | None:
    standing = one.standing(now)
    if standing != "holds":
        return standing
    if terms.types and asked.type not in terms.types:
        return "other_type"
    if terms.lines and asked.line is not None and asked.line not in terms.lines:
        return "other_line"
    if one.products and asked.product is not None and asked.product not in one.products:
        return "other_product"
    return None
