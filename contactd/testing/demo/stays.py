"""The stays of the shop's past contacts in its lines: what the reports count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

_SAME = ("line", "agent", "answered_at", "ended_at", "outcome", "wait_ms", "talk_ms")


def write(conn: WriteConn, contact: Mapping[str, Any]) -> None:
    """Write the one stay of a contact, given its row."""
    entered = {"interaction_id": contact["id"], "n": 1, "reason": "arrival", "entered_at": contact["started_at"]}
    conn.execute(insert(s.interaction_segment).values(entered | {name: contact[name] for name in _SAME}))
