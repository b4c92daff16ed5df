"""What waits are worked out from at a start: how long the latest contacts of each line and channel took."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from contactd.crm_store import schema as s

LATEST = 3000


class Finished(NamedTuple):
    """One contact that is over."""

    line: str
    channel: str
    outcome: str | None
    wait_ms: int
    handle_ms: int
    wrap_ms: int


def latest(conn: Connection) -> list[Finished]:
    """Return the latest contacts that came in and are over, oldest first; ids go up with time."""
    row = s.interaction
    query = (
        select(row.c.line, row.c.channel, row.c.outcome, row.c.wait_ms, row.c.talk_ms, row.c.hold_ms, row.c.wrap_ms)
        .where(
            row.c.state.in_(("closed", "abandoned")),
            row.c.direction == "inbound",
            row.c.routed_by == "contactd",
            row.c.line.is_not(None),
        )
        .order_by(row.c.id.desc())
        .limit(LATEST)
    )
    found = [
        Finished(one.line, one.channel, one.outcome, one.wait_ms, one.talk_ms + one.hold_ms, one.wrap_ms)
        for one in conn.execute(query)
    ]
    return found[::-1]
