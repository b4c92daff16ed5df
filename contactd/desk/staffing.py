"""`contactd staffing`: how many agents each interval of a forecast needs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.routing.shared_staffing import Found
from contactd.routing.staffing import Goal, Load, needed

MAX_ROWS = 20_000
MAX_BYTES = 4 * 1024 * 1024
MAX_NUMBER = 1e7

Wanted = list[tuple[str, Load, Goal]]
"""(interval, what comes in, what is asked)."""


def wanted(said: Any) -> Wanted:
    """Read what was typed: one interval, or a file with a row for each.

    Args:
        said: calls, interval (minutes), handle, patience, within, target, abandon, occupancy, shrinkage, file.

    Raises:
        BadRequestError: a number or the file is not as it must be.
    """
    goal = Goal(
        service_level=_part(said.target, "target"),
        abandon=None if said.abandon is None else _part(said.abandon, "abandon"),
        occupancy=_part(said.occupancy, "occupancy"),
        shrinkage=_part(said.shrinkage, "shrinkage"),
    )
    if goal.shrinkage >= 1 or goal.occupancy == 0:
        message = "shrinkage is less than 1, occupancy more than 0"
        raise BadRequestError(message)
    if said.file is None:
        if said.calls is None:
            message = "name a file, or --calls"
            raise BadRequestError(message)
        rows: list[Mapping[str, str]] = [{"start": "", "calls": str(said.calls)}]
    else:
        rows = _rows(said.file)
    return [(row.get("start", ""), _load(row, said), goal) for row in rows]


def _rows(file: Path) -> list[Mapping[str, str]]:
    try:
        text = file.read_bytes()[:MAX_BYTES].decode("utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{file} cannot be read: {error}"
        raise BadRequestError(message) from error
    if not rows or "calls" not in rows[0] or len(rows) > MAX_ROWS:
        message = f"{file} must have a head with start,calls and at most {MAX_ROWS} rows"
        raise BadRequestError(message)
    return [{str(key): str(value or "") for key, value in row.items()} for row in rows]


def _load(row: Mapping[str, str], said: Any) -> Load:
    patience = row.get("patience_s") or said.patience
    return Load(
        arrivals=_number(row["calls"], "calls"),
        interval_s=max(_number(said.interval, "interval") * 60, 1.0),
        handle_s=max(_number(row.get("handle_s") or said.handle, "handle"), 0.001),
        within_s=_number(said.within, "within"),
        patience_s=None if patience is None else max(_number(patience, "patience"), 0.001),
    )


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= MAX_NUMBER:
        message = f"{name}: {value} is no number from 0 to {MAX_NUMBER:g}"
        raise BadRequestError(message, field=name)
    return number


def _part(value: float, name: str) -> float:
    if not 0 <= value <= 1:
        message = f"{name}: {value:g} is not between 0 and 1"
        raise BadRequestError(message, field=name)
    return value


def work_out(asked: Wanted) -> list[dict[str, Any]]:
    """Return for each interval the agents it needs and what they give; `agents` is null when no number is enough."""
    told = []
    for start, load, goal in asked:
        found = needed(load, goal)
        row: dict[str, Any] = {"start": start, "calls": load.arrivals, "erlangs": load.erlangs}
        if found is None:
            told.append(row | {"agents": None, "scheduled": None})
        else:
            told.append(row | found.as_json() | {"scheduled": goal.scheduled(found.agents)})
    return told


def shared_table(found: Found) -> Iterator[str]:
    """Yield what people read of teams with shared skills."""
    yield f"{sum(found.counts.values())} agents, busy {found.occupancy * 100:.0f} % of the time, after {found.tries} tries"
    for team, count in found.counts.items():
        yield f"  {team:16} {count}"
    for line, level in found.levels.items():
        yield f"{line}: {level * 100:.1f} % in time"
    if not found.enough:
        yield "NOT ENOUGH: no number that was tried keeps every promise"


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what people read."""
    yield "start             calls  erlangs  agents  on roster  in time    ASA  give up  busy"
    for row in rows:
        head = f"{row['start']:16} {row['calls']:6.1f} {row['erlangs']:8.2f}"
        if row["agents"] is None:
            yield f"{head}  no number of agents is enough"
            continue
        asa = f"{row['asa_s']:6.1f}" if row["asa_s"] is not None else "     –"
        yield (
            f"{head} {row['agents']:7d} {row['scheduled']:10d} {row['service_level'] * 100:7.1f} % {asa} "
            f"{row['abandon'] * 100:6.1f} % {row['occupancy'] * 100:4.0f} %"
        )
