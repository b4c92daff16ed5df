"""Which lines are open, as the router last told: for consoles, for channels, and for the next start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contactd.clock import rfc3339
from contactd.core.effects import LineState
from contactd.core.events import LineRestored

FIELDS = ("line", "open", "since", "mode", "until", "next_change", "actor", "reason")


class Gates:
    """Every line's gate; a line nobody has told of is open."""

    def __init__(self) -> None:
        self._states: dict[str, LineState] = {}

    def take(self, state: LineState) -> None:
        """Take over what the router told."""
        self._states[state.line] = state

    def load(self, rows: Iterable[Any]) -> None:
        """Begin again with what the store has."""
        self._states = {row.line: LineState(**{name: getattr(row, name) for name in FIELDS}) for row in rows}

    def is_open(self, line: str) -> bool:
        """Say whether a line lets arrivals in."""
        state = self._states.get(line)
        return state is None or state.open

    def view(self, line: str) -> dict[str, Any] | None:
        """Return the `hours` of a LineView (docs/wire.md); None for a line that is always open."""
        state = self._states.get(line)
        return None if state is None else shown(state)


def shown(state: LineState) -> dict[str, Any]:
    """Return what consoles are told of a line's hours."""
    return {
        "since": rfc3339(state.since),
        "mode": state.mode,
        "until": rfc3339(state.until) if state.until else None,
        "next_change": rfc3339(state.next_change) if state.next_change else None,
        "actor": state.actor,
        "reason": state.reason,
    }


def row(state: LineState) -> dict[str, Any]:
    """Return how a line stands, as it is stored."""
    return {name: getattr(state, name) for name in FIELDS}


def restored(row: Any) -> LineRestored:
    """Return the fact that tells a new router how a line stood."""
    return LineRestored(**{name: getattr(row, name) for name in FIELDS})
