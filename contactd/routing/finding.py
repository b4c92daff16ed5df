"""One doubt about a policy, and what the checks look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contactd.core.events import AgentConfigured
from contactd.routing.lint_texts import TEXTS, WEEKDAYS
from contactd.routing.policy import Policy


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """It can never work as written."""
    WARNING = "warning"
    """It works, and hardly as meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something doubtful: where, of which kind, how bad, and the names its words need."""

    path: str
    kind: str
    """A key of `lint_texts.TEXTS`."""
    severity: Severity
    params: Mapping[str, str] = field(default_factory=dict, hash=False)

    def what(self, language: str) -> str:
        """Say what is wrong, in `zh` or `en`."""
        return TEXTS[self.kind][language][0].format(**self._words(language))

    def remedy(self, language: str) -> str:
        """Say what to do about it, in `zh` or `en`."""
        return TEXTS[self.kind][language][1].format(**self._words(language))

    def _words(self, language: str) -> dict[str, str]:
        weekday = self.params.get("weekday")
        spoken = {} if weekday is None else {"weekday": WEEKDAYS[language][int(weekday)]}
        return {**self.params, **spoken}

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, with its words in both languages."""
        words = {language: {"what": self.what(language), "remedy": self.remedy(language)} for language in ("zh", "en")}
        return {
            "path": self.path,
            "kind": self.kind,
            "severity": self.severity.value,
            "params": dict(self.params),
            **words,
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """What a check looks at."""

    policy: Policy
    document: Mapping[str, Any]
    people: tuple[AgentConfigured, ...] = ()

    def described(self, section: str) -> list[str]:
        """Return the names a section of the document names itself: built-in defaults are nobody's mistake."""
        entries = self.document.get(section)
        return [str(name) for name in entries] if isinstance(entries, Mapping) else []

    def members(self, line: str) -> list[AgentConfigured]:
        """Return who is in a line."""
        return [one for one in self.people if "*" in one.lines or line in one.lines]
