"""Drafts: what is being written in a contact, one window at a time, with how it stood before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from contactd.clock import rfc3339
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

LEASE = timedelta(seconds=60)
"""How long a window has a draft in hand after it last wrote."""
VERSIONS = 20
"""Earlier versions that are kept."""
APART = timedelta(seconds=30)
"""A version is kept when the one before it is that old, or when words were lost."""

_ONE = hot(select(*s.draft.c).where(s.draft.c.interaction_id == bindparam("interaction")))
_NEW = hot(insert(s.draft))
_CHANGE = hot(
    update(s.draft)
    .where(s.draft.c.interaction_id == bindparam("b_interaction"), s.draft.c.version == bindparam("b_version"))
    .values(
        body=bindparam("b_body"),
        version=s.draft.c.version + 1,
        agent=bindparam("b_agent"),
        editor=bindparam("b_editor"),
        editor_agent=bindparam("b_agent"),
        editor_until=bindparam("b_until"),
        updated_at=bindparam("b_now"),
    ),
)
_LATEST = hot(
    select(s.draft_version.c.version, s.draft_version.c.at)
    .where(s.draft_version.c.interaction_id == bindparam("interaction"))
    .order_by(s.draft_version.c.version.desc())
    .limit(1),
)
_KEEP = hot(insert(s.draft_version))
_FORGET = hot(
    delete(s.draft_version).where(
        s.draft_version.c.interaction_id == bindparam("b_interaction"),
        s.draft_version.c.version
        <= select(s.draft_version.c.version)
        .where(s.draft_version.c.interaction_id == bindparam("b_interaction"))
        .order_by(s.draft_version.c.version.desc())
        .offset(VERSIONS)
        .limit(1)
        .scalar_subquery(),
    ),
)
_DROP = tuple(
    hot(delete(table).where(table.c.interaction_id == bindparam("b_interaction")))
    for table in (s.draft_version, s.draft)
)

_CARRY = tuple(
    hot(
        update(table)
        .where(table.c.interaction_id == bindparam("b_interaction"))
        .values(interaction_id=bindparam("b_target"))
    )
    for table in (s.draft_version, s.draft)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of writing a draft."""

    version: int
    """Its version now; where it was refused, the one that stands."""
    refused: str = ""
    """locked: another window has it in hand; draft_newer: it is newer than the writer knows."""
    by: str = ""
    """Who has it in hand, or wrote it last."""


def write(
    conn: WriteConn,
    interaction: str,
    body: Mapping[str, Any],
    *,
    known: int,
    agent: str,
    editor: str,
    now: datetime,
    take: bool = False,
) -> Written:
    """Write a draft over the version its writer knows (0 = none); `take` takes it out of another window's hand."""
    row = conn.one(_ONE, interaction=interaction)
    until = now + LEASE
    if row is None:
        values = {"version": 1, "agent": agent, "editor": editor, "editor_agent": agent, "editor_until": until}
        conn.run(_NEW, interaction_id=interaction, body=body, updated_at=now, **values)
        return Written(version=1)
    if row.editor != editor and row.editor_until > now and not take:
        return Written(version=row.version, refused="locked", by=row.editor_agent)
    if row.version != known:
        return Written(version=row.version, refused="draft_newer", by=row.agent)
    if row.body == body:
        _touch(conn, row, agent, editor, now)
        return Written(version=row.version + 1)
    _keep(conn, row, body, now)
    _touch(conn, row, agent, editor, now, body)
    return Written(version=row.version + 1)


def drop(conn: WriteConn, interaction: str) -> None:
    """Forget a draft: it was sent, or thrown away."""
    for statement in _DROP:
        conn.run(statement, b_interaction=interaction)


def carry(conn: WriteConn, source: str, target: str) -> None:
    """Bring a draft with its versions into another contact, unless something is being written there."""
    if conn.one(_ONE, interaction=target) is None:
        for statement in _CARRY:
            conn.run(statement, b_interaction=source, b_target=target)


def get(conn: Connection, interaction: str) -> dict[str, Any] | None:
    """Return a draft: body, version, agent, at, editor, editor_agent, editor_until; None where there is none."""
    row = conn.execute(select(s.draft).where(s.draft.c.interaction_id == interaction)).first()
    if row is None:
        return None
    return {
        "body": row.body,
        "version": row.version,
        "agent": row.agent,
        "at": rfc3339(row.updated_at),
        "editor": row.editor,
        "editor_agent": row.editor_agent,
        "editor_until": rfc3339(row.editor_until),
    }


def versions(conn: Connection, interaction: str) -> list[dict[str, Any]]:
    """Return the earlier versions of a draft, newest first: version, agent, at, body."""
    old = s.draft_version
    query = select(old).where(old.c.interaction_id == interaction).order_by(old.c.version.desc()).limit(VERSIONS)
    return [
        {"version": row.version, "agent": row.agent, "at": rfc3339(row.at), "body": row.body}
        for row in conn.execute(query)
    ]


def _touch(
    conn: WriteConn, row: Any, agent: str, editor: str, now: datetime, body: Mapping[str, Any] | None = None
) -> None:
    conn.run(
        _CHANGE,
        b_interaction=row.interaction_id,
        b_version=row.version,
        b_body=row.body if body is None else body,
        b_agent=agent,
        b_editor=editor,
        b_until=now + LEASE,
        b_now=now,
    )


def _keep(conn: WriteConn, row: Any, body: Mapping[str, Any], now: datetime) -> None:
    """Keep how a draft stood, unless it stood so for a moment only and nothing was lost."""
    latest = conn.one(_LATEST, interaction=row.interaction_id)
    shrank = 2 * len(str(body.get("text", ""))) < len(str(row.body.get("text", "")))
    if latest is not None and now - latest.at < APART and not shrank:
        return
    conn.run(
        _KEEP, interaction_id=row.interaction_id, version=row.version, body=row.body, agent=row.agent, at=row.updated_at
    )
    conn.run(_FORGET, b_interaction=row.interaction_id)
