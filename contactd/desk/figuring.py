"""Reports: what lines and agents did over some time, by the definitions of `core.report`.

Counted where it lies, in the store; targets and calendars are those of the policy that was in force when a contact came into
its line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from contactd.clock import Clock, rfc3339, to_ms
from contactd.core.errors import BadRequestError
from contactd.core.report import DEFINITION, INTERVALS, Sums, figures, interval_of, occupancy
from contactd.crm_store import report_reads
from contactd.crm_store.report_reads import Chosen, Group, Who
from contactd.crm_store.sight import Sight, interactions
from contactd.crm_store.store import Store
from contactd.desk.yardsticks import Yardstick, over
from contactd.routing.policy import Policy

BY = (*INTERVALS, "line", "channel", "agent", "team")
"""What figures can be shown by."""
LONGEST = timedelta(days=400)
LONGEST_FINE = timedelta(days=62)
SLICE = timedelta(days=14)
"""Read at once."""
PATIENCE = timedelta(seconds=20)
"""Who asks for a report waits longer than who asks for a contact."""
_FINE = frozenset({"quarter", "hour"})
_BUSY = frozenset({"offered", "talking", "held", "wrapup"})
_TAKEN = "accepted"

Key = str | None


@dataclass(slots=True)
class _Person:
    """What one agent did."""

    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    reasons: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    offers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rang_in_vain_ms: int = 0


class Figuring:
    """Adds the figures up."""

    def __init__(self, store: Store, clock: Clock, policy: Callable[[], Policy]) -> None:
        """Read `store`; `policy` tells the targets as long as none was published."""
        self._store = store
        self._clock = clock
        self._policy = policy

    async def stays(self, chosen: Chosen, by: str, zone: ZoneInfo) -> dict[str, Any]:
        """Return `{definition, by, since, until, zone, items [{key, …figures}], total}`.

        Raises:
            BadRequestError: `by` is none of `BY`, or the time is too long for it.
        """
        _check(chosen, by)
        sums = await self._added_up(chosen, by, zone)
        total = Sums()
        for one in sums.values():
            total.add(one)
        items = [{"key": key, **figures(one)} for key, one in sorted(sums.items(), key=lambda pair: pair[0] or "")]
        return {**_about(chosen), "by": by, "zone": zone.key, "items": items, "total": figures(total)}

    async def agents(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Return `{definition, since, until, items}`: each agent's time by state, offers, contacts and occupancy.

        Raises:
            BadRequestError: the time is too long.
        """
        chosen = Chosen(since, until)
        _check(chosen, "agent")
        now = self._clock.now()
        handled = await self._added_up(chosen, "agent", ZoneInfo("UTC"))
        people: dict[str, _Person] = defaultdict(_Person)
        for agent, state, reason, spent in await self._store.read(
            partial(report_reads.agent_time, since=since, until=until, now=now), limit=PATIENCE
        ):
            people[agent].spent[state] += spent
            if state == "not_ready":
                people[agent].reasons[reason or ""] += spent
        for agent, outcome, count, rang in await self._store.read(
            partial(report_reads.offers, since=since, until=until), limit=PATIENCE
        ):
            people[agent].offers[outcome or "open"] += count
            people[agent].rang_in_vain_ms += 0 if outcome == _TAKEN else rang
        everybody = sorted(people.keys() | {agent for agent in handled if agent})
        items = [_person(agent, people[agent], handled.get(agent, Sums())) for agent in everybody]
        return {**_about(chosen), "items": items}

    async def behind(
        self, chosen: Chosen, number: str, *, sight: Sight | None = None, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the stays behind a number, newest first, and the next cursor: those of contacts that are seen.

        Raises:
            BadRequestError: there is no such number, the time is too long, or the cursor is wrong.
        """
        _check(chosen, "line")
        if number not in report_reads.BEHIND:
            message = f"number is one of {', '.join(report_reads.BEHIND)}"
            raise BadRequestError(message, field="number")
        seen = interactions(sight, self._clock.now())
        return await self._store.read(
            partial(report_reads.behind, chosen=chosen, number=number, seen=seen, limit=limit, cursor=cursor)
        )

    async def _added_up(self, chosen: Chosen, by: str, zone: ZoneInfo) -> Mapping[Key, Sums]:
        """Add up slice by slice: a long time must not keep one of the readers from everybody else."""
        sums = defaultdict[Key, Sums](Sums)
        ruled = partial(over, since=chosen.since, until=chosen.until, now_in_force=self._policy())
        for begin, end, rules in await self._store.read(ruled, limit=PATIENCE):
            since = begin
            while since < end:
                until = min(since + SLICE, end)
                part = chosen._replace(since=since, until=until)
                asked = partial(_added_up, chosen=part, by=by, zone=zone, rules=rules)
                for key, one in (await self._store.read(asked, limit=PATIENCE)).items():
                    sums[key].add(one)
                since = until
        return sums


def _added_up(conn: Any, chosen: Chosen, by: str, zone: ZoneInfo, rules: Yardstick) -> Mapping[Key, Sums]:
    key_of = _keys(by, zone)
    sums: dict[Key, Sums] = defaultdict(Sums)
    who: Who | None = "agent" if by == "agent" else "team" if by == "team" else None
    groups = report_reads.stays(conn, chosen, rules.targets, who=who, by_time=by in INTERVALS)
    for group in groups:
        target = rules.target(group.line, group.channel)
        group.sums.within = group.sums.answered if target is None else group.in_time[target]
        sums[key_of(group)].add(group.sums)
    if rules.deferred and rules.targets:
        for late in _late(conn, chosen, rules, who or "agent"):
            sums[key_of(late)].within += 1
    return sums


def _late(conn: Any, chosen: Chosen, rules: Yardstick, who: Who) -> Iterator[Group]:
    for entered, answered, line, channel, agent in report_reads.late_stays(
        conn, chosen, rules.deferred, rules.targets[0], who
    ):
        if rules.in_time(line, channel, entered, answered):
            yield Group(entered, line, channel, agent, Sums(), {})


def _keys(by: str, zone: ZoneInfo) -> Callable[[Group], Key]:
    if by not in INTERVALS:
        return lambda group: getattr(group, "agent" if by == "team" else by)
    known: dict[int, str] = {}

    def interval(group: Group) -> str:
        quarter = to_ms(group.at) // report_reads.QUARTER_MS
        found = known.get(quarter)
        if found is None:
            found = known[quarter] = interval_of(group.at, by, zone)
        return found

    return interval


def _person(agent: str, person: _Person, handled: Sums) -> dict[str, Any]:
    busy = sum(spent for state, spent in person.spent.items() if state in _BUSY) - person.rang_in_vain_ms
    own = figures(handled)
    there = sum(spent for state, spent in person.spent.items() if state not in {"logged_out", "lost"})
    return {
        "key": agent,
        "answered": own["answered"],
        "aht_s": own["aht_s"],
        "talk_s": own["talk_s"],
        "hold_s": own["hold_s"],
        "wrap_s": own["wrap_s"],
        "signed_in_s": there / 1000,
        "states": {state: spent / 1000 for state, spent in sorted(person.spent.items())},
        "reasons": {reason: spent / 1000 for reason, spent in sorted(person.reasons.items())},
        "offers": dict(sorted(person.offers.items())),
        "occupancy": occupancy(max(busy, 0), person.spent.get("ready", 0)),
    }


def _about(chosen: Chosen) -> dict[str, Any]:
    return {"definition": DEFINITION, "since": rfc3339(chosen.since), "until": rfc3339(chosen.until)}


def _check(chosen: Chosen, by: str) -> None:
    if by not in BY:
        message = f"by is one of {', '.join(BY)}"
        raise BadRequestError(message, field="by")
    longest = LONGEST_FINE if by in _FINE else LONGEST
    if not timedelta() < chosen.until - chosen.since <= longest:
        message = f"until lies after since, and at most {longest.days} days after it"
        raise BadRequestError(message, field="until", code="span")
