"""What a line says about recording its calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.routing.document import Table

MODES = ("never", "ask", "must")
KEPT_DAYS = 180.0
LONGEST_DAYS = 36_500.0
_NOTICE = re.compile(r"(sound|recording):[A-Za-z0-9_./-]{1,120}|prompt:[a-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Whether calls of a line are recorded, what the customer hears of it, and how long it is kept."""

    mode: str = "never"
    """never | ask: when the customer has agreed, the agent begins it | must: every call, and only a pause with a reason."""
    notice: str = ""
    """What both hear before it begins (`sound:contactd/recorded`); only when it was heard to the end anything is recorded."""
    keep_days: float = KEPT_DAYS
    """Afterwards it goes by itself; 0 = it stays."""

    def as_json(self) -> Mapping[str, Any]:
        """Return it as a channel reads it."""
        return {"mode": self.mode, "notice": self.notice, "keep_days": self.keep_days}


def read_recording(table: Table) -> Recording:
    """Read `recording`."""
    notice = table.text("notice")
    if notice and not _NOTICE.fullmatch(notice):
        table.wrong("notice", "must be sound:…, prompt:… or recording:… with letters, digits, _ . / -")
        notice = ""
    found = Recording(
        mode=table.choice("mode", "never", MODES),
        notice=notice,
        keep_days=table.number("keep_days", KEPT_DAYS, LONGEST_DAYS),
    )
    table.done()
    return found
