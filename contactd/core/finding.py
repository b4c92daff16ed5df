"""What an examination found: one sentence each, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: str
    """ok | warn | bad | unknown"""
    topic: str
    """A stable word for programs: `ami.rights`, `clock` …"""
    text: str
    """For people."""

    def line(self) -> str:
        """Return it as a line."""
        return f"{self.level:7} {self.topic}: {self.text}"
