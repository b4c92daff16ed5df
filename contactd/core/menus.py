"""The way a caller came through menus: what they heard, chose and entered, and what was found of them.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contactd.core.packed import packed

EVENT = "menu"
"""Kind of the interaction's event that keeps the way."""
ENTERED, OTHERWISE, CLOSED = "entered", "otherwise", "closed"
FOUND, VIP = "found", "vip"


@packed()
@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStep:
    """One menu a caller was in."""

    menu: str
    choice: str = ""
    """A key, or a word: entered | otherwise | closed | found | vip; empty: they hung up in it."""
    label: str = ""
    """What they chose, in the words of the settings."""
    entered: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as it is kept."""
        return {"menu": self.menu, "choice": self.choice, "label": self.label, "entered": self.entered}


def chosen(steps: Sequence[MenuStep], choice: str, *, label: str = "", entered: str = "") -> list[MenuStep]:
    """Return a way whose last menu ended by `choice`."""
    return [*steps[:-1], replace(steps[-1], choice=choice, label=label, entered=entered)] if steps else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """How often callers went one way out of a menu."""

    menu: str
    choice: str
    """Empty: they hung up in the menu."""
    label: str
    count: int


def branches(ways: Iterable[Sequence[Mapping[str, Any]]]) -> list[Branch]:
    """Count how often each way out of each menu was taken; menus by how many came, ways by how often."""
    counted: Counter[tuple[str, str]] = Counter()
    menus: Counter[str] = Counter()
    labels: dict[tuple[str, str], str] = {}
    for way in ways:
        for step in way:
            key = (str(step.get("menu", "")), str(step.get("choice", "")))
            counted[key] += 1
            menus[key[0]] += 1
            labels[key] = str(step.get("label") or labels.get(key, ""))
    order = sorted(counted, key=lambda key: (-menus[key[0]], key[0], -counted[key], key[1]))
    return [Branch(menu=key[0], choice=key[1], label=labels[key], count=counted[key]) for key in order]
