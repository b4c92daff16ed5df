"""A file's rows understood, as many together as one unit may write, and what ours they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.newcomer import Problem, Record
from contactd.core.past import Past
from contactd.crm_store.import_rows import CREATED, UNCHANGED, UPDATED, Outcome
from contactd.crm_store.writer import BULK_ROWS
from contactd.desk.exchange import past_record
from contactd.desk.exchange.record import Rules, understand
from contactd.desk.exchange.sheet import Line, Sheet

WEIGHT = BULK_ROWS - 200
"""Rows of the store from which on a unit is full; the heaviest record still fits."""
WEIGHT_OF_PAST = 10
"""Rows of the store that a contact, a case or a business record takes beside its history."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and how its rows are read."""

    sheet: Sheet
    mapping: Mapping[str, str]
    rules: Rules
    object: str
    """What the rows are, where they are no customers."""


@dataclass(frozen=True, slots=True)
class Names:
    """What of ours a table may call by name."""

    owners: Mapping[str, str]
    """Log-in name → agent."""
    lines: Collection[str]

    def placed(self, row: Past) -> Past:
        """Find the agent and the line a row of the past names; what is none of ours keeps the other system's name."""
        row.values["own_agent"] = self.owners.get(row.agent or "")
        row.values["own_line"] = row.said("line") if row.said("line") in self.lines else None
        return row


def batches(source: Source, names: Names, done: Collection[int] = ()) -> Iterator[list[Any]]:
    """Yield understood rows, as many together as one unit may write; those of `done` are left out."""
    batch: list[Any] = []
    weight = 0
    for line in source.sheet.lines:
        if line.number in done:
            continue
        record, heavy = _understood(line, source, names)
        batch.append(record)
        weight += heavy
        if weight >= WEIGHT:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _understood(line: Line, source: Source, names: Names) -> tuple[Record | Past, int]:
    """Read one row, and say how many rows of the store it may take."""
    if source.object:
        row = past_record.understand(source.object, line, source.sheet.headers, source.mapping, source.rules)
        return names.placed(row), WEIGHT_OF_PAST + 3 * len(row.points) + len(row.history)
    record = _owned(understand(line, source.sheet.headers, source.mapping, source.rules), names.owners)
    return record, _weight(record)


class Fresh:
    """Customers whom earlier rows of a trial would have made: a trial keeps nothing, so later rows do not find them."""

    def __init__(self) -> None:
        """Know none."""
        self._keys: dict[tuple[str, ...], int] = {}

    def compare(self, record: Record | Past, outcome: Outcome) -> None:
        """Note a row that makes a customer, or something else; one about the same is no new one."""
        if outcome.status != CREATED:
            return
        if isinstance(record, Past):
            if (
                record.key
                and self._keys.setdefault((record.kind, record.said("kind"), record.key), record.number)
                != record.number
            ):
                outcome.status, outcome.object = UNCHANGED, None
            return
        keys: list[tuple[str, ...]] = [("", value) for value in record.external]
        keys += [(point.kind, point.value, point.ext) for point, _ in record.points if not point.shared]
        earlier = next((self._keys[key] for key in keys if key in self._keys), None)
        if earlier is not None:
            outcome.status, outcome.party = UPDATED, None
            outcome.reasons.append(f"row {earlier}")
        for key in keys:
            self._keys.setdefault(key, record.number)


def _owned(record: Record, owners: Mapping[str, str]) -> Record:
    """Find the person a row names as owner."""
    if record.owner is not None:
        found = owners.get(record.owner)
        if found is None:
            record.problems.append(Problem("owner", "unknown_person", record.owner[:40]))
        record.owner = found
    return record


def _weight(record: Record) -> int:
    """Return how many rows of the store a record may take at most.

    Itself, what became of it, its address, that it is to be compared and indexed; of each contact point itself, the claim and
    that contacts are to be resolved; an organisation with what is due for it, and the link.
    """
    return 5 + 3 * len(record.points) + len(record.names) + len(record.external) + 4 * bool(record.work)
