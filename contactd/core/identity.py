"""Identity check: what may be asked, how many right answers reach which level, and what stays closed below one."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIELDS = ("no", "uscc", "legal_name", "family_name", "given_name")
"""Fields of a customer that may be asked, beside `custom.KEY`."""
HIGHEST = 3
DAILY = 3
"""In a day one customer may be answered for wrongly so many times as often as in one contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an installation asks."""

    questions: tuple[str, ...] = ()
    """Fields, `custom.KEY`, or with `:N` the last N characters of one."""
    right: tuple[int, ...] = (1, 2, 3)
    """Right answers that reach level 1, 2, 3."""
    wrong: int = 3
    """Wrong answers after which no more is asked in a contact."""
    start: Mapping[str, int] = field(default_factory=dict)
    """Kind of contact point → level of who comes by one that is verified as theirs."""

    def reached(self, right: int, start: int) -> int:
        """Return the level of so many right answers, which is never below where it began."""
        by_answers = sum(1 for needed in self.right if right >= needed)
        return max(start, by_answers)


NO_PLAN = Plan()


def field_of(question: str) -> tuple[str, int]:
    """Return the field a question is about, and how many of its last characters are asked (0: all)."""
    name, _, last = question.partition(":")
    return name, int(last or 0)


def asked_of(question: str, party: Mapping[str, Any]) -> str | None:
    """Return what would be the right answer, in the form answers are held against; None: this customer cannot be asked.

    Args:
        question: one of `Plan.questions`.
        party: columns of the customer's record, with `custom`.
    """
    name, last = field_of(question)
    key = name.removeprefix("custom.")
    value = (party.get("custom") or {}).get(key) if key != name else party.get(name)
    if value is None or isinstance(value, (bool, list, dict)):
        return None
    found = bare(str(value))
    return (found[-last:] if last else found) if len(found) >= max(last, 1) else None


def bare(text: str) -> str:
    """Return a text without what nobody says on the phone: case, width, spaces and marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in folded if one.isalnum())
