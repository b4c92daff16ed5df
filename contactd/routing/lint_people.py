"""Doubts about a policy that only the agents it is to rule can raise: nobody knows, nobody speaks, nobody has a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from contactd.core.events import AgentConfigured, Skills
from contactd.routing.finding import Finding, Severity, Subject
from contactd.routing.line import LANGUAGE, Line
from contactd.routing.shapes import LANGUAGE_LEVEL

FULL = 100


def able(people: Iterable[AgentConfigured], need: Skills) -> list[AgentConfigured]:
    """Return who has every skill asked for, at its level; languages count as skills."""
    return [one for one in people if _has(one, need)]


def _has(one: AgentConfigured, need: Skills) -> bool:
    known = dict(one.skills) | {LANGUAGE + language: LANGUAGE_LEVEL for language in one.languages}
    return all(known.get(skill, 0) >= level for skill, level in need)


def _lacking(people: Iterable[AgentConfigured], need: Skills) -> str:
    """Name the skills of a requirement that nobody has at that level, else all of them: nobody has them together."""
    people = list(people)
    alone = [f"{skill} {level}" for skill, level in need if not able(people, ((skill, level),))]
    return ", ".join(alone or [f"{skill} {level}" for skill, level in need])


def lines_unserved(subject: Subject) -> Iterator[Finding]:
    """Yield lines that nobody is in, or nobody with the required skills."""
    for name, line in subject.policy.lines.items():
        members = subject.members(name)
        if not members:
            yield Finding(f"policy.lines.{name}", "line_empty", Severity.ERROR)
        elif not able(members, line.required):
            path, lacking = f"policy.lines.{name}.required", _lacking(members, line.required)
            yield Finding(path, "line_unserved", Severity.ERROR, {"skills": lacking})


def steps_unmet(subject: Subject) -> Iterator[Finding]:
    """Yield steps whose preferred skills nobody in the line has: they only cost time, or are skipped."""
    for name, line in subject.policy.lines.items():
        members = able(subject.members(name), line.required)
        for place, step in enumerate(line.steps if members else ()):
            if step.prefer and not able(members, step.prefer):
                path = f"policy.lines.{name}.steps[{place}].prefer"
                yield Finding(path, "skill_nobody_has", Severity.WARNING, {"skills": _lacking(members, step.prefer)})


def rules_unserved(subject: Subject) -> Iterator[Finding]:
    """Yield intake rules whose arrivals nobody could take: skills, language, or a phone are lacking."""
    for place, rule in enumerate(subject.policy.intake):
        line = subject.policy.lines[rule.line]
        members = able(subject.members(rule.line), line.required)
        if not members:
            continue
        path = f"policy.intake[{place}]"
        if rule.skills and not able(members, rule.skills):
            params = {"skills": _lacking(members, rule.skills), "line": rule.line}
            yield Finding(f"{path}.skills", "rule_unserved", Severity.ERROR, params)
        if line.language == "require" and rule.language and not able(members, _spoken(rule.language)):
            params = {"language": rule.language, "line": rule.line}
            yield Finding(f"{path}.language", "language_unspoken", Severity.ERROR, params)
        if rule.channel is not None and _no_device(line, rule.channel, members):
            params = {"channel": rule.channel, "line": rule.line}
            yield Finding(f"{path}.channel", "no_device", Severity.ERROR, params)


def _spoken(language: str) -> Skills:
    return ((LANGUAGE + language, LANGUAGE_LEVEL),)


def _no_device(line: Line, channel: str, members: list[AgentConfigured]) -> bool:
    """Say whether a channel needs a phone that none of the members has."""
    return line.channels[channel].needs_device and not any(one.device for one in members)


def capacity_wrong(subject: Subject) -> Iterator[Finding]:
    """Yield agents for whom one item of a channel takes more than they have: it could never be given to them."""
    for one in subject.people:
        for channel, units in one.capacity:
            if not 1 <= units <= FULL:
                path = f"agents.{one.agent}.capacity.{channel}"
                yield Finding(path, "capacity_never_fits", Severity.ERROR, {"units": str(units)})


def reserve_all(subject: Subject) -> Iterator[Finding]:
    """Yield lines that keep all their agents free of deferred work."""
    for name, line in subject.policy.lines.items():
        members = len(subject.members(name))
        if line.reserve and 0 < members <= line.reserve:
            params = {"reserve": str(line.reserve), "members": str(members)}
            yield Finding(f"policy.lines.{name}.reserve", "reserve_all", Severity.WARNING, params)


def lines_unknown(subject: Subject) -> Iterator[Finding]:
    """Yield agents who are in a line that does not exist."""
    for one in subject.people:
        for line in one.lines:
            if line != "*" and line not in subject.policy.lines:
                yield Finding(f"agents.{one.agent}.lines", "line_unknown", Severity.WARNING, {"line": line})


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    lines_unserved,
    steps_unmet,
    rules_unserved,
    capacity_wrong,
    lines_unknown,
    reserve_all,
)
