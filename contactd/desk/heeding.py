"""What must be read before somebody becomes ready."""

from __future__ import annotations

from contactd.core.errors import ConflictError
from contactd.crm_store import announcement_rows
from contactd.desk.desk import Desk


async def refuse_unread(desk: Desk, agent: str) -> None:
    """Let nobody become ready who has not read what they must.

    Raises:
        ConflictError: something is unread (code `must_read`).
    """
    now = desk.clock.now()
    if await desk.store.read(lambda conn: announcement_rows.unread(conn, agent, now)):
        message = "read the announcement first"
        raise ConflictError(message, code="must_read")
