"""Shifts: who works by which calendar, as far as the policy document tells; used to find hours at which nobody could serve.

```toml
[policy.shifts.early]
calendar = "office"
agents = ["zhangwei"]
teams = ["support"]
```
An agent who is in no shift counts as there at all hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.core.calendar import Calendar
from contactd.core.events import AgentConfigured
from contactd.routing.document import MAX_ENTRIES, MAX_TEXT, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A calendar and those who work by it."""

    name: str
    calendar: Calendar
    agents: tuple[str, ...]
    """Log-in names."""
    teams: tuple[str, ...]

    def has(self, agent: AgentConfigured) -> bool:
        """Say whether an agent works in this shift."""
        return agent.agent in self.agents or (agent.team is not None and agent.team in self.teams)


def read_shifts(table: Table, calendars: Mapping[str, Calendar]) -> dict[str, Shift]:
    """Read `shifts.<name>`."""
    found = {}
    for name, row in table.tables():
        calendar = row.text("calendar")
        agents, teams = _names(row, "agents"), _names(row, "teams")
        if calendar not in calendars:
            row.wrong("calendar", f"names the calendar {calendar!r}, which does not exist")
        else:
            found[name] = Shift(name=name, calendar=calendars[calendar], agents=agents, teams=teams)
        row.done()
    return found


def _names(row: Table, key: str) -> tuple[str, ...]:
    value: Any = row.take(key)
    if value is None:
        return ()
    given = value if isinstance(value, list) else [None]
    if len(given) <= MAX_ENTRIES and all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT for one in given):
        return tuple(given)
    row.wrong(key, "must be a list of names")
    return ()
