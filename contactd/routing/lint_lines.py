"""Doubts about lines that the document alone tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contactd.routing.finding import Finding, Severity, Subject
from contactd.routing.line import Line
from contactd.routing.score import LIVE_POINTS


def steps_short(subject: Subject) -> Iterator[Finding]:
    """Yield steps that are over before an agent can have answered one offer.

    The next step opens while the phone of the first agent still rings; what the step was to save is lost.
    """
    for name, line in subject.policy.lines.items():
        shortest = min((rule.offer_s for rule in line.channels.values() if rule.live), default=0.0)
        for place, step in enumerate(line.steps):
            if 0 < step.seconds < shortest:
                path = f"policy.lines.{name}.steps[{place}].seconds"
                params = {"seconds": f"{step.seconds:g}", "offer": f"{shortest:g}"}
                yield Finding(path, "step_short", Severity.WARNING, params)


def texts_missing(subject: Subject) -> Iterator[Finding]:
    """Yield lines without a word of welcome or a signature."""
    for name in subject.described("lines"):
        line = subject.policy.lines[name]
        for key, text in (("greeting", line.greeting), ("signature", line.signature)):
            if not any(text.values()):
                yield Finding(f"policy.lines.{name}.{key}", f"{key}_missing", Severity.WARNING)


def dispositions_missing(subject: Subject) -> Iterator[Finding]:
    """Yield lines whose contacts can be given no disposition; where one is demanded, no wrap-up would ever end."""
    for name, line in subject.policy.lines.items():
        if subject.policy.dispositions[line.dispositions]:
            continue
        demanding = _demanding(line)
        path = f"policy.lines.{name}.dispositions"
        if demanding:
            yield Finding(path, "disposition_demanded", Severity.ERROR, {"channel": demanding[0]})
        else:
            yield Finding(path, "dispositions_missing", Severity.WARNING, {"tree": line.dispositions})


def spacing_long(subject: Subject) -> Iterator[Finding]:
    """Yield lines whose hard contacts are kept apart for longer than a customer is meant to wait."""
    for name, line in subject.policy.lines.items():
        starve = min((rule.starve_s for rule in line.channels.values() if rule.live and rule.starve_s), default=0.0)
        if 0 < starve <= line.hard_spacing_s:
            params = {"spacing": f"{line.hard_spacing_s:g}", "starve": f"{starve:g}"}
            yield Finding(f"policy.lines.{name}.hard_spacing_s", "spacing_long", Severity.WARNING, params)


LEAST_OCCUPANCY = 0.6
MOST_REPEATS = 3
"""So many earlier contacts count at most."""


def rest_long(subject: Subject) -> Iterator[Finding]:
    """Yield a bound on occupancy that an ordinary morning breaks."""
    most = subject.policy.occupancy.most
    if 0 < most < LEAST_OCCUPANCY:
        yield Finding("policy.occupancy.most", "rest_long", Severity.WARNING, {"most": f"{most * 100:g}"})


def repeat_strong(subject: Subject) -> Iterator[Finding]:
    """Yield lines where a letter of somebody who came again and again goes before every call."""
    for name, line in subject.policy.lines.items():
        if MOST_REPEATS * line.repeat >= LIVE_POINTS:
            params = {"points": f"{MOST_REPEATS * line.repeat:g}", "live": f"{LIVE_POINTS:g}"}
            yield Finding(f"policy.lines.{name}.repeat", "repeat_strong", Severity.WARNING, params)


ALWAYS = 0.98


def break_never(subject: Subject) -> Iterator[Finding]:
    """Yield breaks that wait for a service level no floor keeps."""
    for code, reason in subject.policy.reasons.items():
        if reason.min_service >= ALWAYS:
            params = {"level": f"{reason.min_service * 100:g}"}
            yield Finding(f"policy.reasons.{code}.min_service", "break_never", Severity.WARNING, params)


def _demanding(line: Line) -> list[str]:
    return [name for name, rule in line.channels.items() if rule.wrapup.mode == "mandatory"]


CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    steps_short,
    texts_missing,
    dispositions_missing,
    spacing_long,
    rest_long,
    repeat_strong,
    break_never,
)
