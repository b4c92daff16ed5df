"""What was to be reached when: the targets of lines and channels, and the hours they run in, as each published policy had them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from contactd.clock import to_ms
from contactd.core.errors import ConfigError
from contactd.crm_store import policies
from contactd.routing.line import ChannelRule
from contactd.routing.policy import Policy

log = structlog.get_logger(__name__)


class Yardstick:
    """The targets of all lines and channels, and the hours they run in."""

    def __init__(self, policy: Policy) -> None:
        """Measure by this policy."""
        self._policy = policy
        self.targets = sorted({int(target * 1000) for target, *_ in self.measures.values() if target})
        """Every target there is, in milliseconds."""
        self.deferred = sorted(name for name, line in policy.lines.items() if line.sla_hours is not None)
        """Lines whose targets run in hours of their own."""

    @property
    def measures(self) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        """Return all that can make two of them count differently: (line, channel) → target, whether it is live, hours."""
        return {
            (name, channel): (rule.sla_s, rule.live, line.sla_hours)
            for name, line in self._policy.lines.items()
            for channel, rule in line.channels.items()
        }

    def target(self, line: str | None, channel: str) -> int | None:
        """Return the target of a line and channel in milliseconds; None = there is none, and every answer is in time."""
        rule = self._rule(line, channel)
        return int(rule.sla_s * 1000) if rule is not None and rule.sla_s else None

    def in_time(self, line: str, channel: str, entered: datetime, answered: datetime) -> bool:
        """Tell whether a stay that is late by the clock on the wall was in time in the hours its target runs in."""
        rule, hours = self._rule(line, channel), self._policy.lines[line].sla_hours
        if rule is None or not rule.sla_s or rule.live or hours is None:
            return False
        target = int(rule.sla_s * 1000)
        begin, end = to_ms(entered), to_ms(answered)
        return end - begin > target >= hours.worked(begin, end)

    def _rule(self, line: str | None, channel: str) -> ChannelRule | None:
        known = self._policy.lines.get(line or "")
        return known.channels.get(channel) if known is not None else None


@dataclass(frozen=True, slots=True)
class _Reign:
    since: datetime
    yardstick: Yardstick


def over(
    conn: Any, since: datetime, until: datetime, now_in_force: Policy
) -> list[tuple[datetime, datetime, Yardstick]]:
    """Return the stretches of a time, each with what was to be reached then; neighbours that measure alike are one.

    Before the first publication that one counts; `now_in_force` where none was ever published.
    """
    reigns: list[_Reign] = []
    for at, document in policies.in_force(conn, since, until):
        try:
            yardstick = Yardstick(Policy.from_mapping(document))
        except ConfigError:  # written for an older contactd: what was in force before it goes on
            log.warning("reports.policy_unreadable", at=at.isoformat())
            continue
        if not reigns or reigns[-1].yardstick.measures != yardstick.measures:
            reigns.append(_Reign(at, yardstick))
    if not reigns:
        return [(since, until, Yardstick(now_in_force))]
    begins = [since, *(reign.since for reign in reigns[1:])]
    ends = [*begins[1:], until]
    return [(begin, end, reign.yardstick) for begin, end, reign in zip(begins, ends, reigns, strict=True)]
