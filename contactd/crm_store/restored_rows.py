"""What must not simply go on after a backup was put back: it may have happened already, in the time that is gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, null, or_, select, update

from contactd.crm_store import audit
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.message_rows import delivered
from contactd.crm_store.statements import hot
from contactd.crm_store.store import WriteConn

REASON = "restored"
"""Why a letter is held: a word of the catalogue."""
_DUE = hot(
    select(s.outbox.c.id, s.outbox.c.message_id, s.outbox.c.agent).where(
        or_(s.outbox.c.state == "queued", s.outbox.c.state == "sending"),
        s.outbox.c.ended_at.is_(null()),
        or_(s.outbox.c.next_at <= bindparam("now"), s.outbox.c.attempts > 0),
    )
)
_HOLD = hot(
    update(s.outbox)
    .where(s.outbox.c.id == bindparam("b_id"))
    .values(state="held", last_error=REASON, lease_until=null()),
)
_DROP = hot(
    update(s.outbox)
    .where(s.outbox.c.id == bindparam("b_id"))
    .values(state="cancelled", last_error=REASON, lease_until=null(), ended_at=bindparam("b_now")),
)
_LOG_OUT = hot(update(s.session).where(s.session.c.ended_at.is_(null())).values(ended_at=bindparam("b_now")))


def settle(conn: WriteConn, now: datetime, by: str, made_at: str, *, send: bool) -> int:
    """Hold letters that may have left since the backup, end every log-in, and note it; return how many letters are held.

    A letter that somebody wrote waits for its author's word; an automatic one is not sent.  What was never tried and is put off to
    a time that is still to come leaves then.  With `send` they all leave as they would have: for an installation that was moved
    and stood still meanwhile.
    """
    conn.run(_LOG_OUT, b_now=now)
    held = 0
    for row in [] if send else conn.all(_DUE, now=now):
        if row.agent is None:
            conn.run(_DROP, b_id=row.id, b_now=now)
            delivered(conn, row.message_id, "cancelled")
        else:
            conn.run(_HOLD, b_id=row.id)
            delivered(conn, row.message_id, "held")
            held += 1
    audit.append(
        conn,
        Entry(
            actor=by, action="backup.restore", object_kind="store", detail={"made_at": made_at, "letters_held": held}
        ),
        now,
    )
    return held
