"""The journal run through a router again: the same facts at the same moments must give the same wishes.

A replay begins at a row of kind `restart`, where a new router was made; what it was told then stands in the rows that follow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.core.effects import Wish
from contactd.core.events import Fact
from contactd.core.journal import CHECKPOINT, RESTART, TICK, decode_fact, encode_wishes
from contactd.routing.policy import Policy
from contactd.routing.router import Router

PolicyOf = Callable[[int | None, datetime], tuple[int, Policy]]
"""(version or None, moment) → the version that ruled, and its policy; None = whichever did at that moment."""

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal."""

    seq: int
    epoch: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]
    wishes: str
    """The wishes as they are stored: JSON text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row at which a replay decided otherwise than was recorded."""

    row: Row
    decided: list[dict[str, Any]]

    def lines(self) -> list[str]:
        """Return what a person needs to see: where, and the first wish that differs."""
        recorded = json.loads(self.row.wishes)
        place = next(
            (n for n, (old, new) in enumerate(zip(recorded, self.decided, strict=False)) if old != new),
            min(len(recorded), len(self.decided)),
        )
        return [
            f"journal {self.row.seq} ({self.row.kind}) at {self.row.at.isoformat()}",
            f"  fact      {_compact(dict(self.row.payload))}",
            f"  recorded  {_shown(recorded, place)}",
            f"  decided   {_shown(self.decided, place)}",
        ]


def _shown(wishes: list[dict[str, Any]], place: int) -> str:
    return _compact(wishes[place]) if place < len(wishes) else "nothing more"


class Replay:
    """A router that lives a recorded time through."""

    def __init__(self, policy_of: PolicyOf) -> None:
        """Ask `policy_of` for the policy of each restart."""
        self._policy_of = policy_of
        self.router: Router | None = None
        """None before the first restart."""
        self.fact: Fact | None = None
        """The fact of the last row, None when it was no fact."""
        self.restarts = 0
        self.digest: str | None = None
        """The fingerprint the router had at the last row, None when that was no checkpoint."""

    def take(self, row: Row) -> list[Wish] | None:
        """Live one row through; return what is decided now, None for a row before the first restart.

        Raises:
            ValueError: the row is of a form that was never written.
        """
        self.fact = self.digest = None
        if row.kind == RESTART:
            version, policy = self._policy_of(row.payload.get("policy"), row.at)
            self.router = Router(policy, version=version, epoch=row.payload.get("epoch", row.epoch), seq=row.seq)
            self.restarts += 1
            return []
        if self.router is None:
            return None
        if row.kind == TICK:
            return self.router.tick(row.at)
        if row.kind == CHECKPOINT:
            self.digest = self.router.checkpoint(row.at)
            return []
        self.fact = decode_fact(row.kind, dict(row.payload))
        return self.router.handle(self.fact, row.at)

    def prove(self, row: Row) -> Difference | None:
        """Live one row through and compare; None when what is decided now is what was recorded.

        Raises:
            ValueError: the row is of a form that was never written.
        """
        wishes = self.take(row)
        if wishes is None:
            return None
        if self.digest is not None and self.digest != row.payload.get("digest"):
            return Difference(row, [{"kind": CHECKPOINT, "digest": self.digest}])
        decided = encode_wishes(wishes)
        if _compact(decided) == row.wishes:
            return None
        # Written by another version of the writer, the same may stand there in another order or form.
        plain: list[dict[str, Any]] = json.loads(_compact(decided))
        return Difference(row, plain) if plain != json.loads(row.wishes) else None
