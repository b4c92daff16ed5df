"""What channels keep of their own: how far an outside mailbox was read, and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_new = insert(s.channel_state)
_KEEP = hot(
    _new.on_conflict_do_update(
        index_elements=["channel", "name"], set_={"value": _new.excluded.value, "at": _new.excluded.at}
    ),
)


def keep(conn: WriteConn, channel: str, key: str, value: Mapping[str, Any], now: datetime) -> None:
    """Write down what a channel wants to keep; it replaces what was kept under the same key."""
    conn.run(_KEEP, channel=channel, name=key, value=value, at=now)


def kept(conn: Connection, channel: str, key: str) -> Mapping[str, Any] | None:
    """Return what a channel kept, or None."""
    query = select(s.channel_state.c.value).where(s.channel_state.c.channel == channel, s.channel_state.c.name == key)
    found: Mapping[str, Any] | None = conn.execute(query).scalar()
    return found
