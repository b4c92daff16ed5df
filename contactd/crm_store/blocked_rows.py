"""Senders nobody wants to hear from: blocked by an agent, let in again by anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from contactd.clock import rfc3339
from contactd.core.party import Point
from contactd.crm_store import protected_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

MOST = 500
_IS = hot(
    select(s.blocked.c.at).where(
        s.blocked.c.kind == bindparam("kind"),
        s.blocked.c.value_norm == bindparam("value"),
        or_(s.blocked.c.until.is_(None), s.blocked.c.until > bindparam("now")),
    )
)
_ANY = hot(select(s.blocked.c.at).limit(1))
_new = insert(s.blocked)
_BLOCK = hot(
    _new.on_conflict_do_update(
        index_elements=["kind", "value_norm"],
        set_={name: _new.excluded[name] for name in ("agent", "interaction_id", "at", "until", "reason")},
    ),
    *s.blocked.c.keys(),
)
_UNBLOCK = hot(
    delete(s.blocked).where(s.blocked.c.kind == bindparam("b_kind"), s.blocked.c.value_norm == bindparam("b_value"))
)
_LET_IN = hot(delete(s.blocked).where(s.blocked.c.interaction_id == bindparam("b_interaction")))
_SENDER = hot(
    select(s.contact_point.c.kind, s.contact_point.c.value_norm)
    .join(s.interaction, s.interaction.c.contact_point_id == s.contact_point.c.id)
    .where(s.interaction.c.id == bindparam("interaction"))
)
_PARENT = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.parent_id.is_(None))
    .values(parent_id=bindparam("b_of")),
)
JUNK = hot(update(s.interaction).where(s.interaction.c.id == bindparam("b_id")).values(outcome="junk"))
"""Marks what a blocked sender sent."""


def any_blocked(conn: WriteConn) -> bool:
    """Tell whether there is any sender who was blocked: where there is none, nobody has to be looked up."""
    return conn.one(_ANY) is not None


def is_blocked(conn: WriteConn, sender: Point, now: datetime) -> bool:
    """Tell whether a sender is blocked at this moment."""
    return conn.one(_IS, kind=sender.kind, value=sender.value, now=now) is not None


def block(conn: WriteConn, sender: Point, agent: str, now: datetime, *, until: datetime | None, reason: str) -> bool:
    """Block a sender until a moment (None: until somebody lets them in); what was said of them before is replaced.

    Returns:
        False, and nothing is changed, for who is on the red list.
    """
    if protected_rows.is_protected(conn, sender.kind, sender.value, now):
        return False
    conn.run(
        _BLOCK,
        kind=sender.kind,
        value_norm=sender.value,
        agent=agent,
        interaction_id=None,
        at=now,
        until=until,
        reason=reason,
    )
    return True


def block_sender(conn: WriteConn, interaction: str, agent: str, now: datetime) -> bool:
    """Block whom an interaction came from; return whether there is anybody who may be blocked."""
    sender = conn.one(_SENDER, interaction=interaction)
    if sender is None or protected_rows.is_protected(conn, sender.kind, sender.value_norm, now):
        return False
    conn.run(
        _BLOCK,
        kind=sender.kind,
        value_norm=sender.value_norm,
        agent=agent,
        interaction_id=interaction,
        at=now,
        until=None,
        reason="",
    )
    return True


def let_in(conn: WriteConn, interaction: str) -> bool:
    """Let in again whom an interaction was the reason to block; return whether there was anybody."""
    return bool(conn.run(_LET_IN, b_interaction=interaction))


def unblock(conn: WriteConn, kind: str, value: str) -> bool:
    """Let a sender in again; return whether it was blocked."""
    return bool(conn.run(_UNBLOCK, b_kind=kind, b_value=value))


def known(conn: Connection, interaction: str) -> bool:
    """Tell whether an interaction is there."""
    return conn.execute(select(s.interaction.c.id).where(s.interaction.c.id == interaction)).first() is not None


def same_as(conn: WriteConn, interaction: str, of: str) -> None:
    """Note that an interaction says what another says."""
    conn.run(_PARENT, b_id=interaction, b_of=of)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return who is blocked, the newest first."""
    query = select(s.blocked).order_by(s.blocked.c.at.desc(), s.blocked.c.value_norm).limit(MOST)
    return [
        {
            "kind": row.kind,
            "value": row.value_norm,
            "agent": row.agent,
            "interaction": row.interaction_id,
            "at": rfc3339(row.at),
            "until": rfc3339(row.until) if row.until else None,
            "reason": row.reason,
        }
        for row in conn.execute(query)
    ]
