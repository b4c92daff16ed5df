"""A question put as a table: what comes in, who is there, and what the draft would change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contactd.clock import parse_rfc3339, to_ms
from contactd.core.errors import ConfigError
from contactd.routing.comparing import Way
from contactd.routing.document import MAX_TEXT, Problem, Table
from contactd.routing.policy import Policy
from contactd.routing.traffic import Stream, Team, Traffic, generate

MAX_DAYS = 200
MAX_COUNT = 100_000.0
MAX_AGENTS = 10_000
DAY_H = 24.0
HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A question: days made of streams, and two ways to run them."""

    name: str
    start: int
    end: int
    seed: int
    days: int
    streams: tuple[Stream, ...]
    teams: tuple[Team, ...]
    """Of the live way."""
    live: Way
    draft: Way

    def traffic(self) -> list[Traffic]:
        """Draw the days; each has chance of its own, the same for both ways."""
        return [
            Traffic(
                contacts=generate(self.streams, self.start, self.seed * MAX_DAYS + day),
                people=(),
                start=self.start,
                end=self.end,
            )
            for day in range(self.days)
        ]


def read_scenario(document: Mapping[str, Any], ruling: Mapping[str, Any], draft: Mapping[str, Any] | None) -> Scenario:
    """Read a scenario.

    Args:
        document: the scenario's table.
        ruling: the `[policy]` that rules where the scenario names none.
        draft: a `[policy]` to try where the scenario names none; None = the ruling one.

    Raises:
        ConfigError: something in it is wrong; `field` is the path of the first mistake.
    """
    problems: list[Problem] = []
    root = Table(document, "scenario", problems)
    made = _read(root, ruling, draft)
    root.done()
    if problems or made is None:
        path, text = problems[0]
        message = f"{path} {text}"
        raise ConfigError(message, field=path)
    return made


def _read(root: Table, ruling: Mapping[str, Any], draft: Mapping[str, Any] | None) -> Scenario | None:
    begin = _moment(root)
    length = root.number("hours", 10.0, DAY_H)
    interval_s = root.number("interval_min", 30.0, 24 * 60) * 60 or 1800.0
    days, seed = root.whole("days", 10, 1, MAX_DAYS), root.whole("seed", 1, 0, 10**9)
    name = root.text("name", "scenario")
    own = _policy(root, "policy") or ruling
    live_policy = Policy.from_mapping(own)
    count = max(round(length * 3600 / interval_s), 1)
    streams = tuple(_stream(row, live_policy, count, interval_s) for row in root.rows("stream"))
    teams = {team.name: team for team in (_team(row, begin) for row in root.rows("team"))}
    change = root.table("draft")
    proposed = _policy(change, "policy") or (own if draft is None else draft)
    removed = change.texts("remove", (), list(teams))
    more = {team.name: team for team in (_team(row, begin) for row in change.rows("team"))}
    title = change.text("name", "draft")
    change.done()
    if not streams:
        root.wrong("stream", "must describe at least one kind of customers")
    if begin is None or root.problems:
        return None
    others = {key: team for key, team in teams.items() if key not in removed} | more
    return Scenario(
        name=name,
        start=to_ms(begin),
        end=to_ms(begin + timedelta(hours=length)),
        seed=seed,
        days=days,
        streams=streams,
        teams=tuple(teams.values()),
        live=_way("live", live_policy, teams),
        draft=_way(title, Policy.from_mapping(proposed), others),
    )


def _way(name: str, policy: Policy, teams: Mapping[str, Team]) -> Way:
    return Way(name=name, policy=policy, people=tuple(one for team in teams.values() for one in team.people()))


def _policy(table: Table, key: str) -> Mapping[str, Any] | None:
    """Return the policy that stands under a key, None when there is none; its own mistakes are told with their paths."""
    found = table.take(key)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        table.wrong(key, "must be a table")
        return None
    for path, text in Policy.problems(found):
        table.wrong(f"{key}.{path.removeprefix('policy.')}", text)
        return None
    return found


def _moment(root: Table) -> datetime | None:
    """Read `start`; the hours of teams are of the day and zone it names."""
    said = root.text("start", "2026-11-02T08:00:00+08:00")
    try:
        parse_rfc3339(said)
    except ValueError:
        root.wrong("start", "must be a time with its offset (2026-11-02T08:00:00+08:00)")
        return None
    return datetime.fromisoformat(said)


def _stream(row: Table, policy: Policy, count: int, interval_s: float) -> Stream:
    line, channel = row.text("line", policy.default_line), row.text("channel")
    if line not in policy.lines:
        row.wrong("line", f"names the line {line!r}, which does not exist")
    if channel not in policy.channels:
        row.wrong("channel", f"names the channel {channel!r}, which does not exist")
    patience = row.number("patience_s", 0.0)
    made = Stream(
        line=line,
        channel=channel,
        counts=_counts(row, count),
        interval_s=interval_s,
        handle_s=row.number("handle_s", 180.0, 86_400.0),
        handle_spread=row.number("handle_spread", 1.0, 10.0),
        wrap_s=row.number("wrap_s", 0.0, 86_400.0),
        patience_s=patience or None,
        pickup_s=row.number("pickup_s", 4.0, 3600.0),
        exact=row.flag("exact", default=False),
        priority=row.whole("priority", 0, 0, 9),
        skills=row.levels("skills"),
        languages=tuple(_weights(row, "languages")),
        vips=tuple((int(level), weight) for level, weight in _weights(row, "vip") if level and level.isdecimal()),
        name=row.text("name"),
    )
    row.done()
    return made


def _counts(row: Table, count: int) -> tuple[float, ...]:
    """Read `counts`: one number for every interval, or a list with one for each."""
    said = row.take("counts")
    given = said if isinstance(said, list) else [said] * count
    if len(given) == count and all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= MAX_COUNT for one in given
    ):
        return tuple(float(one) for one in given)
    row.wrong("counts", f"must be a number of customers, or a list of {count}: one for each interval")
    return (0.0,) * count


def _weights(row: Table, key: str) -> list[tuple[str | None, float]]:
    """Read shares by name; `none` stands for nothing said."""
    table = row.table(key)
    found = [(None if name == "none" else name, table.number(name, 0.0)) for name in table.names()]
    return [(name, weight) for name, weight in found if weight > 0]


def _team(row: Table, begin: datetime | None) -> Team:
    name = row.text("name", "team")
    hours = tuple(span for text in _texts(row, "hours") if (span := _span(row, text, begin)) is not None)
    team = Team(
        name=name,
        count=row.whole("count", 1, 0, MAX_AGENTS),
        hours=hours,
        lines=tuple(_texts(row, "lines")) or ("*",),
        skills=row.levels("skills"),
        languages=tuple(_texts(row, "languages")),
        device=row.flag("device", default=True),
        capacity=_capacity(row),
    )
    row.done()
    return replace(team, count=team.count if hours else 0)


def _capacity(row: Table) -> tuple[tuple[str, int], ...]:
    table = row.table("capacity")
    return tuple((name, table.whole(name, 100, 1, 100)) for name in table.names())


def _texts(row: Table, key: str) -> list[str]:
    said = row.take(key)
    if said is None:
        return []
    if isinstance(said, list) and all(isinstance(one, str) and len(one) <= MAX_TEXT for one in said):
        return said
    row.wrong(key, "must be a list of texts")
    return []


def _span(row: Table, text: str, begin: datetime | None) -> tuple[int, int] | None:
    found = HOURS.fullmatch(text)
    if found is None:
        row.wrong("hours", "must be times of the day like 09:00-12:30")
        return None
    hour, minute, last_hour, last_minute = map(int, found.groups())
    midnight = (begin or datetime.fromisoformat("2026-11-02T00:00:00+00:00")).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    start, end = timedelta(hours=hour, minutes=minute), timedelta(hours=last_hour, minutes=last_minute)
    if end <= start:
        end += timedelta(days=1)
    return to_ms(midnight + start), to_ms(midnight + end)
