"""What is doubtful about a policy that can be read: found before customers find it.

Every finding has a path, a severity and a remedy; its words stand in `lint_texts`, in both languages.  An *error* is something
that can never work as written; a *warning* is something a careful supervisor would want to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from contactd.core.events import AgentConfigured
from contactd.routing import lint_hours, lint_lines, lint_people
from contactd.routing.finding import Finding, Severity, Subject
from contactd.routing.line import Intake, glob
from contactd.routing.policy import Policy

CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    lambda subject: _rules_in_vain(subject.policy),
    lambda subject: _one_language(subject.document, "policy"),
    *lint_lines.CHECKS,
    *lint_hours.CHECKS,
)
"""What the document alone tells."""


def lint(document: Mapping[str, Any], people: Sequence[AgentConfigured] = ()) -> list[Finding]:
    """Return everything doubtful about a policy document, in the order of its paths within each kind.

    Args:
        document: the `[policy]` table.
        people: the agents there are, as the router is told of them; empty = not known, and what needs them is not asked.
    """
    problems = Policy.problems(document)
    if problems:
        return [Finding(path, "unreadable", Severity.ERROR, {"problem": text}) for path, text in problems]
    subject = Subject(Policy.from_mapping(document), document, tuple(people))
    asked = (*lint_people.CHECKS, *lint_hours.PEOPLE_CHECKS) if people else ()
    return [finding for check in (*CHECKS, *asked) for finding in check(subject)]


def _rules_in_vain(policy: Policy) -> Iterator[Finding]:
    """Yield intake rules that an earlier rule always forestalls."""
    for place, rule in enumerate(policy.intake):
        earlier = next((n for n, other in enumerate(policy.intake[:place]) if _covers(other, rule)), None)
        if earlier is not None:
            first = f"policy.intake[{earlier}]"
            yield Finding(f"policy.intake[{place}]", "rule_unreachable", Severity.ERROR, {"first": first})


def _covers(first: Intake, second: Intake) -> bool:
    """Tell whether everything the second rule matches is matched by the first."""
    if first.channel is not None and first.channel != second.channel:
        return False
    return first.to is None or (second.to is not None and glob(first.to, second.to))


LANGUAGES = ("zh", "en")
MAX_DEPTH = 16


def _one_language(value: Any, path: str, depth: int = 0) -> Iterator[Finding]:
    """Yield texts for people that are written in one of the two languages only."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        told = [language for language in LANGUAGES if value.get(language)]
        if len(told) == 1 and set(value) <= set(LANGUAGES):
            missing = "en" if told == ["zh"] else "zh"
            yield Finding(path, "text_one_language", Severity.WARNING, {"missing": missing, "told": told[0]})
            return
        for key, inner in value.items():
            yield from _one_language(inner, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _one_language(inner, f"{path}[{place}]", depth + 1)
