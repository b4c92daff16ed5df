"""A row of the past taken back: what nobody has touched since is gone, what somebody has worked with stays and is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import ModuleType
from typing import Any

from sqlalchemy import select

from contactd.core.past import ARTICLE, CASE, CONTACT, RECORD, RECORDING
from contactd.crm_store import past_articles, past_cases, past_contacts, past_recordings, past_records
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import CREATED, UPDATED
from contactd.crm_store.write_conn import WriteConn

_ABOUT: Mapping[str, tuple[ModuleType, Any]] = {
    CONTACT: (past_contacts, s.interaction),
    CASE: (past_cases, s.case_),
    RECORD: (past_records, s.record),
    RECORDING: (past_recordings, s.recording),
    ARTICLE: (past_articles, s.kb_article),
}


def undo(conn: WriteConn, row: Any, by: str, now: datetime) -> tuple[bool, list[str]]:
    """Take one row back; return whether there was anything to take back, and what is kept."""
    module, table = _ABOUT[row.made["kind"]]
    if row.status not in (CREATED, UPDATED) or row.object_id is None:
        return False, []
    if conn.execute(select(table.c.id).where(table.c.id == row.object_id)).first() is None:
        return False, []
    if row.status == UPDATED:
        return True, module.restore(conn, row, now, by)
    kept: list[str] = module.in_use(conn, row)
    if not kept:
        module.strike(conn, row.object_id)
        if "contact" in row.made:
            past_contacts.strike(conn, row.made["contact"])
    return True, kept
