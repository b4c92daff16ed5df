"""What somebody else's table says about one customer, in our terms; how it is matched and taken over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contactd.core.party import Point

MATCHES = ("id", "external_id", "uscc", "phone", "email", "name")
"""What a customer may be known again by, the surest first; `name` only together with the organisation."""
POLICIES = ("skip", "fill", "overwrite", "points", "new")
"""What becomes of a row about a customer we have: nothing; empty fields are filled; fields are overwritten; only contact points
and further names are added; or it is a record of its own, for the list of duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """How rows are taken over."""

    match: tuple[str, ...] = MATCHES[:-1]
    policy: str = "fill"
    overwrite: tuple[str, ...] = ()
    """The fields that `overwrite` is about; none named = all the row gives."""
    system: str = "import"
    """Whose numbers `external_id` are."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be used: the column, a code, and what stood there."""

    header: str
    code: str
    shown: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.header}: {self.code}: {self.shown}"


@dataclass(slots=True)
class Record:
    """What a row says about one customer."""

    number: int
    id: str | None = None
    external: tuple[str, ...] = ()
    owner: str | None = None
    """A log-in name."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Columns of a party."""
    custom: dict[str, Any] = field(default_factory=dict)
    points: list[tuple[Point, str | None]] = field(default_factory=list)
    """Contact points with their labels, in the order of the row."""
    names: list[tuple[str, str]] = field(default_factory=list)
    """Further names: kind and value."""
    work: dict[str, str] = field(default_factory=dict)
    """organisation, department, title"""
    address: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
