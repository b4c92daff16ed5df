"""Draws states from the tables the code runs by; `make docs` writes docs/states.md and the pictures in docs/routing.md."""

from __future__ import annotations

import re
from pathlib import Path

from contactd.core.interaction import STARTS, TERMINAL_STATES, TRANSITIONS, State
from contactd.core.offer import FailReason, OfferOutcome, WithdrawReason

HERE = Path(__file__).parent
TARGET = HERE / "states.md"
ROUTING = HERE / "routing.md"
WAITING = (State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP)
"""What a supervisor sees on the floor; what comes before and after is on the other page."""


def page() -> str:
    """Return the whole page: a picture and the table it is drawn from."""
    lines = [
        "# The states of an interaction",
        "",
        "Drawn from `contactd/core/interaction.py` by `make docs`; a test compares the two.",
        "",
        *_fenced(_interaction(tuple(State))),
        "",
        "| from | cause | to |",
        "| --- | --- | --- |",
        *(f"| {state.value} | {cause.value} | {after.value} |" for (state, cause), after in TRANSITIONS.items()),
        "",
    ]
    return "\n".join(lines)


def _interaction(states: tuple[State, ...]) -> list[str]:
    """Return the arrows that leave some states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, cause), after in TRANSITIONS.items():
        if state in states:
            arrows.setdefault((state.value, after.value), []).append(cause.value)
    starts = sorted(state.value for state in STARTS if state in states)
    ends = sorted(state.value for state in TERMINAL_STATES)
    return [
        *(f"    [*] --> {state}" for state in starts),
        *(f"    {state} --> {after}: {', '.join(causes)}" for (state, after), causes in arrows.items()),
        *(f"    {state} --> [*]" for state in ends),
    ]


def _offer() -> list[str]:
    """Return how an offer can end."""
    reasons = {
        OfferOutcome.WITHDRAWN: ", ".join(reason.value for reason in WithdrawReason),
        OfferOutcome.FAILED: ", ".join(reason.value for reason in FailReason),
    }
    ends = [f"    offered --> {end.value}" + (f": {reasons[end]}" if end in reasons else "") for end in OfferOutcome]
    return ["    [*] --> offered", *ends]


def _fenced(arrows: list[str]) -> list[str]:
    return ["```mermaid", "stateDiagram-v2", *arrows, "```"]


PICTURES = {"interaction": lambda: _interaction(WAITING), "offer": _offer}
"""Name of a picture in docs/routing.md → what draws it."""


def filled(text: str) -> str:
    """Return a page with every picture between `<!-- drawn: NAME -->` and `<!-- end -->` drawn anew."""

    def draw(found: re.Match[str]) -> str:
        picture = "\n".join(_fenced(PICTURES[found[1]]()))
        return f"<!-- drawn: {found[1]} -->\n{picture}\n<!-- end -->"

    return re.sub(r"<!-- drawn: (\w+) -->.*?<!-- end -->", draw, text, flags=re.DOTALL)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    ROUTING.write_text(filled(ROUTING.read_text(encoding="utf-8")), encoding="utf-8")
