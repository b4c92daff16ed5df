"""A letter that was written for later is looked at once more when it is due: may it still leave as it is?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, null, or_, select, update

from contactd.core.interaction import Direction, Outcome, State
from contactd.crm_store import schema as s
from contactd.crm_store.message_rows import delivered
from contactd.crm_store.statements import hot
from contactd.crm_store.store import WriteConn

CUSTOMER = "customer_wrote"
COLLEAGUE = "colleague_answered"
CLOSED = "closed_by_other"
REASONS = (CUSTOMER, COLLEAGUE, CLOSED)
"""Why a letter is held: words of the catalogue, kept as what was last said about it."""

_DUE = hot(
    select(
        s.outbox.c.id,
        s.outbox.c.message_id,
        s.outbox.c.interaction_id,
        s.outbox.c.agent,
        s.outbox.c.created_at,
        s.interaction.c.thread_id,
        s.interaction.c.state.label("work_state"),
        s.interaction.c.outcome,
        s.interaction.c.agent.label("handler"),
    )
    .join(s.interaction, s.interaction.c.id == s.outbox.c.interaction_id)
    .where(
        s.outbox.c.state == "queued",
        s.outbox.c.heeds.is_(True),
        s.outbox.c.ended_at.is_(null()),
        s.outbox.c.next_at <= bindparam("now"),
    )
    .order_by(s.outbox.c.next_at, s.outbox.c.id)
    .limit(bindparam("most")),
)
_NEWER = hot(
    select(s.message.c.direction)
    .outerjoin(s.outbox, s.outbox.c.message_id == s.message.c.id)
    .where(
        or_(s.message.c.interaction_id == bindparam("interaction"), s.message.c.thread_id == bindparam("thread")),
        s.message.c.at > bindparam("since", type_=s.message.c.at.type),
        or_(
            s.message.c.direction == str(Direction.INBOUND),
            and_(
                s.message.c.direction == str(Direction.OUTBOUND),
                s.outbox.c.agent.is_not(null()),
                s.outbox.c.agent != bindparam("agent"),
                s.outbox.c.state != "cancelled",
            ),
        ),
    )
    .order_by(s.message.c.at.desc())
    .limit(1),
)
_HOLD = hot(
    update(s.outbox)
    .where(s.outbox.c.id == bindparam("b_id"), s.outbox.c.state == "queued")
    .values(state="held", last_error=bindparam("b_reason")),
)
_CLEAR = hot(update(s.outbox).where(s.outbox.c.id == bindparam("b_id")).values(heeds=False))


def look_again(conn: WriteConn, now: datetime, most: int) -> list[Any]:
    """Hold what is due and was overtaken, let the rest leave; return the rows that are held (message_id, agent, …).

    A letter is overtaken by what the customer or a colleague has written since, and by an end that somebody else made of the
    contact.  That its own author ended the contact says nothing against it.
    """
    held = []
    for row in conn.all(_DUE, now=now, most=most):
        reason = _overtaken(conn, row)
        if reason is None:
            conn.run(_CLEAR, b_id=row.id)
        elif conn.run(_HOLD, b_id=row.id, b_reason=reason):
            delivered(conn, row.message_id, "held")
            held.append(row)
    return held


def _overtaken(conn: WriteConn, row: Any) -> str | None:
    newer = conn.one(
        _NEWER, interaction=row.interaction_id, thread=row.thread_id, agent=row.agent, since=row.created_at
    )
    if newer is not None:
        return CUSTOMER if newer.direction == Direction.INBOUND else COLLEAGUE
    over = row.work_state in {State.CLOSED, State.ABANDONED}
    put_away = row.outcome in {Outcome.JUNK, Outcome.DUPLICATE}
    return CLOSED if over and (put_away or row.handler != row.agent) else None
