"""The lines as a supervisor sees them: who waits, since when, who could take it, and how the day goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import Any

from contactd.core.agent import Role
from contactd.core.interaction import Outcome, State
from contactd.desk.changes import DayFigures, LineOpened, LineSettings, Shown

WAITING_STATES = frozenset({State.QUEUED, State.OFFERED})
EVERY_LINE = "*"
_SLACK = 64
"""Ages of what has left that may lie in a line's heap beyond twice what waits."""
OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})


class Line:
    """One line's settings and running figures."""

    __slots__ = ("_ages", "_channels", "abandoned", "answered", "expected", "settings", "waiting", "within")

    def __init__(self, settings: LineSettings) -> None:
        """Begin empty."""
        self.settings = settings
        self.waiting: dict[str, tuple[str, str]] = {}
        """Interaction → (channel, queued_at)."""
        self._channels: Counter[str] = Counter()
        self._ages: list[tuple[str, str]] = []
        """Heap of (queued_at, interaction); what has left is dropped when it comes to the top."""
        self.answered = 0
        self.within = 0
        self.abandoned = 0
        self.expected: tuple[float | None, float | None] = (None, None)
        """Seconds that half, and nine in ten, of those who come now will not wait longer than."""

    def enter(self, interaction: str, channel: str, since: str) -> None:
        """Let an interaction wait here, or note what changed of one that does."""
        if self.waiting.get(interaction) == (channel, since):
            return
        self.leave(interaction)
        self.waiting[interaction] = channel, since
        self._channels[channel] += 1
        if since:
            heappush(self._ages, (since, interaction))
            if len(self._ages) > 2 * len(self.waiting) + _SLACK:
                self._ages = [(began, ident) for ident, (_, began) in self.waiting.items() if began]
                heapify(self._ages)

    def leave(self, interaction: str) -> bool:
        """Let an interaction wait here no longer; return whether it did."""
        was = self.waiting.pop(interaction, None)
        if was is None:
            return False
        self._channels[was[0]] -= 1
        return True

    def oldest(self) -> str | None:
        """Return since when the one waits that has waited longest."""
        while self._ages:
            since, interaction = self._ages[0]
            if self.waiting.get(interaction, ("", ""))[1] == since:
                return since
            heappop(self._ages)
        return None

    def view(self, ready: int) -> dict[str, Any]:
        """Return the LineView of docs/wire.md."""
        finished = self.answered + self.abandoned
        name = self.settings.line
        return {
            "line": name,
            "label": dict(self.settings.label) or {"zh": name, "en": name},
            "waiting": len(self.waiting),
            "oldest_at": self.oldest(),
            "by_channel": {channel: number for channel, number in sorted(self._channels.items()) if number},
            "ready": ready,
            "open": self.settings.open,
            "hours": self.settings.hours,
            "service_level": round(self.within / finished, 4) if finished else None,
            "answered": self.answered,
            "abandoned": self.abandoned,
            "sla_s": self.settings.sla_s,
            "wait_p50_s": self.expected[0],
            "wait_p90_s": self.expected[1],
        }


class Floor:
    """All lines, kept up to date by differences: the cost of a change does not grow with what waits."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.dirty: set[str] = set()
        """Lines whose view changed since it was last taken by `fresh`."""
        self.gone: set[str] = set()
        """Lines that ceased since `lost` was last asked."""
        self._ready: Counter[str] = Counter()

    def moved(self, old: Shown | None, new: Shown) -> None:
        """Count an interaction's step from `old` (None: first seen) to `new`."""
        if old is not None and old["line"] != new["line"]:
            self._leave(old)
        if new["state"] in WAITING_STATES:
            line = self._line(new["line"])
            line.enter(new["id"], new["channel"], new["queued_at"] or "")
            self.dirty.add(new["line"])
        else:
            self._leave(new)
        if old is not None and new["direction"] == "inbound":
            self._count(old, new)

    def _leave(self, view: Shown) -> None:
        line = self.lines.get(view["line"])
        if line is not None and line.leave(view["id"]):
            self.dirty.add(view["line"])

    def _count(self, old: Shown, new: Shown) -> None:
        """Count the answer or the loss of a contact, once, on the line it stands in."""
        line = self._line(new["line"])
        if old["answered_at"] is None and new["answered_at"] is not None:
            line.answered += 1
            target = line.settings.sla_s
            line.within += target is None or new["wait_s"] <= target
            self.dirty.add(new["line"])
        if new["outcome"] == Outcome.ABANDONED and old["outcome"] != Outcome.ABANDONED:
            line.abandoned += 1
            self.dirty.add(new["line"])

    def agent(self, old: Shown | None, new: Shown | None) -> None:
        """Count an agent's change of readiness or membership."""
        before, after = _ready_lines(old), _ready_lines(new)
        if before == after:
            return
        self._ready.subtract(before)
        self._ready.update(after)
        changed = set(before) ^ set(after)
        self.dirty.update(self.lines if EVERY_LINE in changed else changed & self.lines.keys())

    def settle(self, lines: Iterable[LineSettings]) -> None:
        """Take over the policy's lines; those unknown to it and empty cease."""
        named = {settings.line: settings for settings in lines}
        for name, settings in named.items():
            self._line(name).settings = settings
        gone = [name for name, line in self.lines.items() if name not in named and not line.waiting]
        for name in gone:
            del self.lines[name]
        self.gone.update(gone)
        self.dirty = set(self.lines)

    def opened(self, change: LineOpened) -> None:
        """Note that a line's hours began or ended, or were set by hand."""
        line = self._line(change.line)
        line.settings = replace(line.settings, open=change.open, hours=change.hours)
        self.dirty.add(change.line)

    def expects(self, name: str, p50_s: float | None, p90_s: float | None) -> None:
        """Note how long somebody who comes into a line now is expected to wait."""
        if name in self.lines and self.lines[name].expected != (p50_s, p90_s):
            self.lines[name].expected = (p50_s, p90_s)
            self.dirty.add(name)

    def begin_day(self, figures: Iterable[DayFigures]) -> None:
        """Set the day's figures: to those given, the rest to nothing."""
        for line in self.lines.values():
            line.answered = line.within = line.abandoned = 0
        for figure in figures:
            line = self._line(figure.line)
            line.answered, line.within, line.abandoned = figure.answered, figure.within, figure.abandoned
        self.dirty = set(self.lines)

    def views(self) -> list[dict[str, Any]]:
        """Return every line's view, by name."""
        return [self._view(name) for name in sorted(self.lines)]

    def fresh(self) -> list[dict[str, Any]]:
        """Return the views of the lines that changed since the last call."""
        names, self.dirty = sorted(self.dirty & self.lines.keys()), set()
        return [self._view(name) for name in names]

    def lost(self) -> list[str]:
        """Return the lines that ceased since the last call and have not come back."""
        names, self.gone = sorted(self.gone - self.lines.keys()), set()
        return names

    def _view(self, name: str) -> dict[str, Any]:
        return self.lines[name].view(self._ready[name] + self._ready[EVERY_LINE])

    def _line(self, name: str) -> Line:
        """Return a line, also one no policy knows (a PBX's own name for a queue)."""
        line = self.lines.get(name)
        if line is None:
            line = self.lines[name] = Line(LineSettings(line=name))
            self.dirty.add(name)
        return line


def _ready_lines(view: Shown | None) -> tuple[str, ...]:
    """Return the lines an agent is ready for; being a member of every line counts once."""
    if view is None or view["state"] != "ready":
        return ()
    lines = view["lines"]
    return (EVERY_LINE,) if EVERY_LINE in lines else tuple(sorted(set(lines)))
