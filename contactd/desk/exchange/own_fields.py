"""Fields a house has added to customers, as tables write them: columns by their labels, options by what they are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.fields import Field, value_of

_SPLIT = re.compile(r"[、;；,，|\n\r]+")


@dataclass(frozen=True, slots=True)
class Own:
    """One field, and what its options are called."""

    field: Field
    options: Mapping[str, str]
    """What an option is called, in small letters → its key."""

    def read(self, text: str, day: Callable[[str], str | None]) -> Any:
        """Return the value a cell holds, in its stored form; None where it holds none that fits.

        Args:
            text: the cell, not empty.
            day: reads a day as people write it.
        """
        given: Any = text
        if self.field.type == "date":
            given = day(text)
        elif self.field.type == "select":
            given = self._option(text)
        elif self.field.type == "multi":
            given = [self._option(part) for part in _SPLIT.split(text) if part.strip()]
        try:
            return value_of(self.field, given)
        except BadRequestError:
            return None

    def _option(self, text: str) -> str:
        return self.options.get(text.strip().casefold(), text.strip())


NO_FIELDS: Mapping[str, Own] = {}


def own_fields(fields: Mapping[str, Field], rows: Iterable[Mapping[str, Any]]) -> dict[str, Own]:
    """Return key → field.

    Args:
        fields: key → definition.
        rows: the definitions as they are shown, with the labels of their options.
    """
    return {row["key"]: Own(fields[row["key"]], _called(row["options"])) for row in rows if row["key"] in fields}


def _called(options: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    usable = [one for one in options if not one.get("retired")]
    return {
        str(word).casefold(): one["key"] for one in usable for word in (*(one.get("labels") or {}).values(), one["key"])
    }
