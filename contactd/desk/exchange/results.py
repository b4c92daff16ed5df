"""What became of each row, as the same table with three columns more: to be corrected and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from contactd.core.masking import masked_text
from contactd.crm_store.import_rows import AMBIGUOUS, ERROR, Outcome
from contactd.desk.exchange.exporting import harmless
from contactd.desk.exchange.sheet import Faulty, Sheet

COLUMNS = ("contactd status", "contactd reason", "contactd id")
LEFT_OUT = frozenset({ERROR, AMBIGUOUS})


def write(
    path: Path, sheet: Sheet, outcomes: Iterable[Outcome], *, only_left_out: bool = False, masked: bool = False
) -> int:
    """Write the rows with what became of them; return how many.

    Args:
        path: the file to write, as CSV that Excel reads.
        sheet: the file anew, from its first row.
        outcomes: of its rows, in their order.
        only_left_out: only rows that were not taken over.
        masked: telephone numbers are written as who may not know them sees them.
    """
    found = iter(outcomes)
    outcome = next(found, None)
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(_safe(name, masked=masked) for name in sheet.headers), *COLUMNS])
        for line in sheet.lines:
            while outcome is not None and outcome.number < line.number:
                outcome = next(found, None)
            if outcome is None or outcome.number != line.number:
                continue
            if only_left_out and outcome.status not in LEFT_OUT:
                continue
            cells = [one.shown if isinstance(one, Faulty) else one for one in line.cells]
            texts = (*cells, *_end(outcome))
            writer.writerow([_safe(text, masked=masked) for text in texts])
            count += 1
    return count


def _safe(text: str, *, masked: bool) -> str:
    """Return a cell as it may be shown: a header is a stranger's text, too."""
    return harmless(masked_text(text) if masked else text)


def _end(outcome: Outcome) -> Sequence[str]:
    return outcome.status, "; ".join(outcome.reasons), outcome.party or outcome.object or ""
