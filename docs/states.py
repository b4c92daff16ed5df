"""Draws the states of an interaction from the table the code runs by; `make docs` writes docs/states.md."""

from __future__ import annotations

from pathlib import Path

from contactd.core.interaction import STARTS, TERMINAL_STATES, TRANSITIONS

TARGET = Path(__file__).with_name("states.md")


def page() -> str:
    """Return the whole page: a picture and the table it is drawn from."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, cause), after in TRANSITIONS.items():
        arrows.setdefault((state.value, after.value), []).append(cause.value)
    lines = [
        "# The states of an interaction",
        "",
        "Drawn from `contactd/core/interaction.py` by `make docs`; a test compares the two.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    [*] --> {state}" for state in sorted(state.value for state in STARTS)),
        *(f"    {state} --> {after}: {', '.join(causes)}" for (state, after), causes in arrows.items()),
        *(f"    {state} --> [*]" for state in sorted(state.value for state in TERMINAL_STATES)),
        "```",
        "",
        "| from | cause | to |",
        "| --- | --- | --- |",
        *(f"| {state.value} | {cause.value} | {after.value} |" for (state, cause), after in TRANSITIONS.items()),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
