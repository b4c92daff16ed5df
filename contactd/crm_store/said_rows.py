"""What was said last in open interactions, and what of it nobody has answered yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from contactd.core.interaction import Direction
from contactd.crm_store import schema as s

OPEN = ("queued", "offered", "active", "held", "parked", "wrapup")
SHOWN = 200
"""Characters of the last message that are shown in lists."""
_M = s.message.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How the conversation of an interaction stands."""

    last: str | None = None
    """The last message's text, cut."""
    unread: int = 0
    """The customer's messages since somebody answered; what machines sent is no answer."""
    since: datetime | None = None
    """When the first of these came."""


NOTHING = Said()


def of_open(conn: Connection, interaction: str | None = None) -> dict[str, Said]:
    """Return how the conversation of each open interaction stands, or of one; without messages there is none."""
    lasts = {row.interaction_id: row.text for row in conn.execute(_last(interaction))}
    waiting = {row.interaction_id: (row.n, row.since) for row in conn.execute(_waiting(interaction))}
    return {
        ident: Said(last=text, unread=waiting.get(ident, (0, None))[0], since=waiting.get(ident, (0, None))[1])
        for ident, text in lasts.items()
    }


def _last(interaction: str | None) -> Select[Any]:
    last = _newest(interaction).subquery()
    query = select(_M.interaction_id, func.substr(_M.body_text, 1, SHOWN).label("text"))
    return query.join(last, (last.c.interaction_id == _M.interaction_id) & (last.c.seq == _M.seq))


def _waiting(interaction: str | None) -> Select[Any]:
    by_people = (_M.direction == Direction.OUTBOUND, cast(_M.headers, Text).not_like('%"auto"%'))
    answered = _newest(interaction).where(*by_people).subquery()
    mine = [s.interaction.c.state.in_(OPEN), _M.direction == Direction.INBOUND]
    if interaction is not None:
        mine.append(_M.interaction_id == interaction)
    return (
        select(_M.interaction_id, func.count().label("n"), func.min(_M.at).label("since"))
        .join(s.interaction, s.interaction.c.id == _M.interaction_id)
        .outerjoin(answered, answered.c.interaction_id == _M.interaction_id)
        .where(*mine, _M.seq > func.coalesce(answered.c.seq, 0))
        .group_by(_M.interaction_id)
    )


def _newest(interaction: str | None) -> Select[Any]:
    query = select(_M.interaction_id, func.max(_M.seq).label("seq")).join(
        s.interaction, s.interaction.c.id == _M.interaction_id
    )
    query = query.where(s.interaction.c.state.in_(OPEN)).group_by(_M.interaction_id)
    return query if interaction is None else query.where(_M.interaction_id == interaction)
