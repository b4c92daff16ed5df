"""The units of the outbox: queue, claim under a lease, settle, take back, try anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, not_, null, or_, select, update

from contactd.core.channel import Fate
from contactd.crm_store import fate_rows
from contactd.crm_store import schema as s
from contactd.crm_store.message_rows import delivered
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

_NEW = hot(insert(s.outbox))
_AHEAD = s.outbox.alias("ahead")
_HELD_UP = (
    select(_AHEAD.c.id)
    .where(
        _AHEAD.c.channel == s.outbox.c.channel,
        _AHEAD.c.destination == s.outbox.c.destination,
        _AHEAD.c.ended_at.is_(null()),
        or_(
            _AHEAD.c.state == "sending",
            and_(
                _AHEAD.c.state == "queued",
                _AHEAD.c.id < s.outbox.c.id,
                or_(_AHEAD.c.attempts > 0, _AHEAD.c.next_at <= bindparam("now")),
            ),
        ),
    )
    .exists()
)
"""What stands before a message on its way to the same destination: what is being sent, or came earlier and is due or was put off.

What may have arrived already, and what is to leave at a later moment, holds nothing up.
"""
_DUE = hot(
    select(
        s.outbox.c.id,
        s.outbox.c.interaction_id,
        s.outbox.c.message_id,
        s.outbox.c.channel,
        s.outbox.c.state,
        s.outbox.c.payload,
        s.outbox.c.payload_blob,
        s.outbox.c.meta,
        s.outbox.c.attempts,
        s.outbox.c.provider_id,
        s.outbox.c.agent,
        func.coalesce(s.outbox.c.due_at, s.outbox.c.created_at, type_=s.outbox.c.created_at.type).label("due_at"),
    )
    .where(
        or_(s.outbox.c.state == "queued", s.outbox.c.state == "maybe"),
        s.outbox.c.ended_at.is_(null()),
        s.outbox.c.next_at <= bindparam("now"),
        s.outbox.c.heeds.is_(False),
        not_(_HELD_UP),
    )
    .order_by(s.outbox.c.next_at, s.outbox.c.id)
    .limit(bindparam("most")),
)
_CLAIM = hot(
    update(s.outbox)
    .where(
        s.outbox.c.id == bindparam("b_id"),
        or_(s.outbox.c.state == "queued", s.outbox.c.state == "maybe"),
        s.outbox.c.attempts == bindparam("b_attempts"),
    )
    .values(state="sending", lease_until=bindparam("b_lease"), attempts=s.outbox.c.attempts + 1),
)
_SETTLE = hot(
    update(s.outbox)
    .where(s.outbox.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        next_at=bindparam("b_next_at"),
        attempts=s.outbox.c.attempts - bindparam("b_uncounted"),
        last_error=bindparam("b_error"),
        lease_until=null(),
        ended_at=bindparam("b_ended_at"),
        provider_id=func.coalesce(bindparam("b_provider"), s.outbox.c.provider_id),
    ),
)
_EXPIRED = hot(
    update(s.outbox)
    .where(s.outbox.c.state == "sending", s.outbox.c.lease_until <= bindparam("b_now"))
    .values(state="queued", lease_until=null(), next_at=bindparam("b_now")),
)
_CANCEL = hot(
    update(s.outbox)
    .where(
        s.outbox.c.message_id == bindparam("b_message"),
        or_(s.outbox.c.state == "queued", s.outbox.c.state == "held"),
        s.outbox.c.ended_at.is_(null()),
    )
    .values(state="cancelled", ended_at=bindparam("b_now")),
)
_AGAIN = hot(
    update(s.outbox)
    .where(
        s.outbox.c.message_id == bindparam("b_message"),
        or_(
            s.outbox.c.state == "queued",
            s.outbox.c.state == "held",
            s.outbox.c.state == "failed",
            s.outbox.c.state == "maybe",
        ),
    )
    .values(
        state="queued",
        next_at=bindparam("b_now"),
        due_at=bindparam("b_now"),
        attempts=0,
        ended_at=null(),
        noted_at=null(),
        lease_until=null(),
        heeds=False,
    ),
)
_PUT_AWAY = hot(
    update(s.outbox)
    .where(
        s.outbox.c.message_id == bindparam("b_message"),
        s.outbox.c.ended_at.is_not(null()),
        s.outbox.c.noted_at.is_(null()),
    )
    .values(noted_at=bindparam("b_now")),
)
SETTLED = ("delivered", "failed", "bounced", "complained")
"""States after which nothing else becomes of a message."""
_HANDED = hot(
    select(
        s.outbox.c.id,
        s.outbox.c.interaction_id,
        s.outbox.c.message_id,
        s.outbox.c.state,
        s.outbox.c.last_error,
        s.outbox.c.ended_at,
    ).where(s.outbox.c.id == bindparam("id"), s.outbox.c.channel == bindparam("channel")),
)
_FOLLOW = hot(
    update(s.outbox)
    .where(s.outbox.c.id == bindparam("b_id"))
    .values(state=bindparam("b_state"), last_error=bindparam("b_error")),
)
_RECIPIENTS = hot(select(s.message.c.recipients).where(s.message.c.id == bindparam("message")))


def enqueue(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Queue a message for delivery, in the unit that stores the message."""
    conn.run(_NEW, **row)


def claim(conn: WriteConn, now: datetime, lease: timedelta, most: int) -> list[Any]:
    """Take what is due, one for each destination, each under a lease; a lease that ran out gives its row back first."""
    conn.run(_EXPIRED, b_now=now)
    rows = conn.all(_DUE, now=now, most=most)
    return [row for row in rows if conn.run(_CLAIM, b_id=row.id, b_attempts=row.attempts, b_lease=now + lease)]


def settle(
    conn: WriteConn,
    row: Any,
    *,
    state: str,
    shown: str,
    next_at: datetime,
    now: datetime,
    ended_at: datetime | None,
    error: str,
    provider_id: str | None,
    fates: Sequence[Fate] = (),
    counted: bool = True,
) -> None:
    """Write what became of an attempt; `shown` is the message's delivery state, `fates` whom it will never reach.

    `counted`: the attempt was one; one that was put off before it began is none.
    """
    conn.run(
        _SETTLE,
        b_id=row.id,
        b_state=state,
        b_next_at=next_at,
        b_uncounted=0 if counted else 1,
        b_error=error[:500],
        b_ended_at=ended_at,
        b_provider=provider_id,
    )
    delivered(conn, row.message_id, shown)
    if fates:
        message = conn.one(_RECIPIENTS, message=row.message_id)
        recipients = message.recipients if message else ()
        # What never left did not come back.
        fate_rows.record(conn, row.message_id, recipients, fates, now, left=state != "failed")


def cancel(conn: WriteConn, message: str, now: datetime) -> bool:
    """Take back what has not left; return whether it could be."""
    if not conn.run(_CANCEL, b_message=message, b_now=now):
        return False
    delivered(conn, message, "cancelled")
    return True


def again(conn: WriteConn, message: str, now: datetime) -> bool:
    """Let what failed, may have failed, is held or put off leave now, with a life that begins anew; return whether it can."""
    if not conn.run(_AGAIN, b_message=message, b_now=now):
        return False
    delivered(conn, message, "queued")
    return True


def put_away(conn: WriteConn, message: str, now: datetime) -> bool:
    """Note that its author has seen how a message ended; return whether it has ended."""
    return bool(conn.run(_PUT_AWAY, b_message=message, b_now=now))


def next_due(conn: Connection) -> datetime | None:
    """Say when the next delivery is due, or its lease runs out."""
    moment: datetime | None = conn.execute(
        select(
            func.min(func.coalesce(s.outbox.c.lease_until, s.outbox.c.next_at), type_=s.outbox.c.next_at.type)
        ).where(
            s.outbox.c.state.in_(("queued", "sending", "maybe")),
            s.outbox.c.ended_at.is_(None),
        ),
    ).scalar()
    return moment


def waiting(conn: Connection) -> int:
    """Count what is not delivered yet."""
    return int(
        conn.execute(
            select(func.count())
            .select_from(s.outbox)
            .where(s.outbox.c.state.in_(("queued", "sending", "maybe")), s.outbox.c.ended_at.is_(None)),
        ).scalar_one(),
    )


def follow(conn: WriteConn, channel: str, outgoing: str, became: str, detail: str) -> tuple[str, Any]:
    """Write what became of a message after it was handed over; return followed | early | old | unknown, and the row if followed."""
    row = conn.one(_HANDED, id=outgoing, channel=channel)
    if row is None or row.state in {"queued", "held", "cancelled"}:
        return "unknown", None
    if row.ended_at is None:
        return "early", None
    if row.state in SETTLED or (row.state, row.last_error) == (became, detail[:500]):
        return "old", None
    conn.run(_FOLLOW, b_id=outgoing, b_state=became, b_error=detail[:500])
    delivered(conn, row.message_id, became)
    return "followed", row


def handed_over(conn: Connection, channel: str, since: datetime) -> list[str]:
    """Return the ids of a channel's messages that were handed over since then, and of which nothing final is known."""
    box = s.outbox.c
    final = (*SETTLED, "cancelled")
    query = select(box.id).where(box.channel == channel, box.ended_at >= since, box.state.not_in(final))
    return list(conn.execute(query.order_by(box.ended_at)).scalars())
