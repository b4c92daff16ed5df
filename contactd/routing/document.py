"""Reading a configuration table: every value is checked, every mistake is kept with the path of its key."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contactd.core.events import Skills

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}")
MAX_TEXT = 2000
MAX_NUMBER = 1e8
MAX_LEVEL = 10
MAX_ENTRIES = 10_000

Problem = tuple[str, str]
"""(path of the key, what is wrong with it)."""


class Table:
    """One table of the document; `problems` is shared by all tables of a document and collects what is wrong."""

    def __init__(self, value: Any, path: str, problems: list[Problem]) -> None:
        """Take `value` for a table; anything else is a problem and counts as empty."""
        self.path = path
        self.problems = problems
        self._left: dict[str, Any] = {}
        if value is None:
            return
        if not isinstance(value, Mapping):
            self.wrong("", "must be a table")
            return
        if len(value) > MAX_ENTRIES:
            self.wrong("", f"has more than {MAX_ENTRIES} entries")
            return
        self._left = {str(key): item for key, item in value.items()}

    def wrong(self, key: str, text: str) -> None:
        """Note a problem with `key` (empty: with the table itself)."""
        self.problems.append((f"{self.path}.{key}" if key else self.path, text))

    def has(self, key: str) -> bool:
        """Say whether the table names `key` and nobody has read it yet."""
        return key in self._left

    def take(self, key: str) -> Any:
        """Return a value unchecked, None when it is not there."""
        return self._left.pop(key, None)

    def names(self) -> list[str]:
        """Return the keys nobody has read yet."""
        return list(self._left)

    def table(self, key: str) -> Table:
        """Return the table under `key`."""
        return Table(self.take(key), f"{self.path}.{key}", self.problems)

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Yield every entry as (name, table); a name must be a plain word."""
        for name in list(self._left):
            if not NAME.fullmatch(name):
                self.wrong(name[:80], "is not a name (letters, digits, _ . : -, at most 64)")
            yield name, self.table(name)

    def rows(self, key: str) -> Iterator[Table]:
        """Yield every entry of the list of tables under `key`."""
        value = self.take(key)
        if value is None:
            return
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.wrong(key, "must be a list of tables")
            return
        if len(value) > MAX_ENTRIES:
            self.wrong(key, f"has more than {MAX_ENTRIES} entries")
            return
        for index, item in enumerate(value):
            yield Table(item, f"{self.path}.{key}[{index}]", self.problems)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        if key not in self._left:
            return default
        value = self.take(key)
        if isinstance(value, bool):
            return value
        self.wrong(key, "must be true or false")
        return default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        if key not in self._left:
            return default
        value = self.take(key)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.wrong(key, f"must be a whole number from {low} to {high}")
        return default

    def number(self, key: str, default: float, high: float = MAX_NUMBER) -> float:
        """Return a number from 0 to `high`."""
        if key not in self._left:
            return default
        value = self.take(key)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and 0 <= value <= high
        ):
            return float(value)
        self.wrong(key, f"must be a number from 0 to {high:g}")
        return default

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        if key not in self._left:
            return default
        value = self.take(key)
        if isinstance(value, str) and len(value) <= MAX_TEXT:
            return value
        self.wrong(key, f"must be a text of at most {MAX_TEXT} characters")
        return default

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of `allowed`."""
        value = self.text(key, default)
        if value in allowed:
            return value
        self.wrong(key, f"must be one of {', '.join(allowed)}")
        return default

    def texts(self, key: str, default: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
        """Return a list whose entries are all among `allowed`."""
        if key not in self._left:
            return tuple(default)
        value = self.take(key)
        if isinstance(value, list | tuple) and all(isinstance(one, str) and one in allowed for one in value):
            return tuple(dict.fromkeys(value))
        self.wrong(key, f"must be a list of: {', '.join(allowed)}")
        return tuple(default)

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of short texts."""
        value = self.take(key)
        if value is None:
            return ()
        if (
            isinstance(value, list | tuple)
            and len(value) <= MAX_ENTRIES
            and all(isinstance(one, str) and len(one) <= MAX_TEXT for one in value)
        ):
            return tuple(value)
        self.wrong(key, "must be a list of texts")
        return ()

    def label(self, key: str, fallback: str = "") -> dict[str, str]:
        """Return a text in both languages of the screens; one missing is replaced by the other, both by `fallback`."""
        table = self.table(key)
        found = {language: table.text(language) for language in ("zh", "en")}
        table.done()
        return {
            "zh": found["zh"] or found["en"] or fallback,
            "en": found["en"] or found["zh"] or fallback,
        }

    def levels(self, key: str) -> Skills:
        """Return the skills and levels (1-10) under `key`, sorted by skill."""
        table = self.table(key)
        return tuple(sorted((name, table.whole(name, 1, 1, MAX_LEVEL)) for name in table.names()))

    def done(self) -> None:
        """Every key nobody asked for is a mistake."""
        for key in self._left:
            self.wrong(key[:80], "is not a known key")
        self._left = {}
