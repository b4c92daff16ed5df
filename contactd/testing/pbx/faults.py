"""What goes wrong between a PBX and who listens to it: events that are lost, come twice, or come late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Faults:
    """The faults of the moment; change them while it runs."""

    drop: set[str] = field(default_factory=set)
    """Kinds of events that are lost."""
    double: bool = False
    """Every event comes twice."""
    late_s: float = 0.0
    """Seconds by which events come late; their order is kept."""
    lost: int = 0
    """How many were lost."""

    def copies(self, kind: str) -> Iterator[None]:
        """Go through the copies of an event that arrive."""
        if kind in self.drop:
            self.lost += 1
            return
        yield
        if self.double:
            yield
