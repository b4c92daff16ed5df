"""What becomes of those who wait too long, come too late or too many: read from the policy document.

```toml
[policy.lines.support]
calendar = "office"
after_close = { do = "serve", seconds = 1800 }
overflow = [
    { when = "closed", to = "night" },
    { when = "closed", action = "message" },
    { when = "nobody", seconds = 60, to = "billing" },
    { when = "age", seconds = 180, action = "callback" },
    { when = "crowded", count = 50, action = "voicemail", channels = ["voice"] },
]
callback = { pauses = [600, 3600, "opening"], missed = true }
```
The first rule of the list that holds is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contactd.routing.document import Table

DAY_S = 86_400.0
WHENS = ("closed", "nobody", "age", "stay", "wait", "crowded")
"""closed: the line's hours are over; nobody: nobody signed in could take it; age: it has waited so long in all lines together;
stay: in this line; wait: so long is still expected; crowded: so many stood there already when it came."""
ACTIONS = ("voicemail", "callback", "message", "close")
"""Ways out that are no line.  A callback is offered, and the item keeps its place until the customer has taken it."""
AFTER_CLOSE = ("serve", "callback", "message")
OPENING = "opening"
MAX_RULES = 20
MAX_PAUSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowRule:
    """One rule: when it holds, where to."""

    name: str
    when: str
    seconds: float
    """age, stay, wait: how long; nobody: how long it must have been so; else 0."""
    count: int
    line: str | None
    action: str | None
    channels: tuple[str, ...]
    """Channels it is for; none = those whose customer is there now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterClose:
    """What is done about those in line when it closes."""

    do: str
    """serve: as long as anybody is signed in, and no longer than `seconds`; callback: the same, and it is offered at once;
    message: they are told that it is closed."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """How a line calls customers back."""

    pauses: tuple[float | None, ...]
    """Seconds before each further attempt; None = until the line opens next."""
    missed: bool
    """Customers who gave up waiting are called back, too."""
    abroad: bool
    """Numbers of other countries are called, too."""


def read_overflow(row: Table, channels: tuple[str, ...]) -> tuple[OverflowRule, ...]:
    """Read a line's `overflow`; whether the lines it names exist is asked by `check_targets`."""
    rules = tuple(_rule(rule, place, channels) for place, rule in enumerate(row.rows("overflow")))
    if len(rules) > MAX_RULES:
        row.wrong("overflow", f"has more than {MAX_RULES} rules")
    return rules


def _rule(row: Table, place: int, channels: tuple[str, ...]) -> OverflowRule:
    when = row.choice("when", "", WHENS) if row.has("when") else ""
    if not when:
        row.wrong("when", f"must be one of {', '.join(WHENS)}")
    line = row.text("to") or None
    action = row.choice("action", "close", ACTIONS) if row.has("action") else None
    if (line is None) == (action is None):
        row.wrong("", "must have exactly one of to and action")
    rule = OverflowRule(
        name=f"overflow[{place}].{when}",
        when=when,
        seconds=row.number("seconds", 0.0, 30 * DAY_S) if when in ("age", "stay", "wait", "nobody") else 0.0,
        count=row.whole("count", 0, 1, 1_000_000) if when == "crowded" else 0,
        line=line,
        action=action,
        channels=row.texts("channels", (), channels),
    )
    if when in ("age", "stay", "wait") and not rule.seconds:
        row.wrong("seconds", "must be more than 0")
    if when == "crowded" and not rule.count:
        row.wrong("count", "must be at least 1")
    row.done()
    return rule


def read_after_close(table: Table) -> AfterClose:
    """Read a line's `after_close`."""
    found = AfterClose(do=table.choice("do", "serve", AFTER_CLOSE), seconds=table.number("seconds", 1800.0, DAY_S))
    table.done()
    return found


def read_callbacks(table: Table) -> Callbacks:
    """Read a line's `callback`."""
    pauses = _pauses(table) if table.has("pauses") else (600.0, 3600.0, None)
    found = Callbacks(
        pauses=pauses,
        missed=table.flag("missed", default=False),
        abroad=table.flag("abroad", default=False),
    )
    table.done()
    return found


def _pauses(table: Table) -> tuple[float | None, ...]:
    value: Any = table.take("pauses")
    if isinstance(value, list | tuple) and len(value) <= MAX_PAUSES and all(_is_pause(one) for one in value):
        return tuple(None if one == OPENING else float(one) for one in value)
    table.wrong(
        "pauses", f'must be a list of at most {MAX_PAUSES} numbers of seconds, or "opening" for the next opening'
    )
    return ()


def _is_pause(value: Any) -> bool:
    if value == OPENING:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 30 * DAY_S
