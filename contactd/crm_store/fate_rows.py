"""What became of messages of ours: the fate of each address, the message's delivery state that follows, the address's standing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, null, or_, select, update

from contactd.clock import rfc3339
from contactd.core.address import email
from contactd.core.channel import Fate
from contactd.core.interaction import Direction
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_STATES = (("failed", "bounced"), ("complained", "complained"), ("delayed", "delayed"), ("delivered", "delivered"))
"""Action → delivery state of a message; the worst of its addresses counts."""
_SETTLED = frozenset({"failed", "complained"})
"""Words after which a milder one says nothing new."""

_SENT = hot(
    select(s.message.c.id, s.message.c.interaction_id, s.message.c.thread_id, s.message.c.recipients)
    .where(s.message.c.provider_id == bindparam("provider"), s.message.c.direction == Direction.OUTBOUND)
    .limit(1),
)
_FATES = hot(
    select(s.message_fate.c.address, s.message_fate.c.action).where(
        s.message_fate.c.message_id == bindparam("message")
    ),
)
_new = insert(s.message_fate)
_FATE = hot(
    _new.on_conflict_do_update(
        index_elements=["message_id", "address"],
        set_={name: _new.excluded[name] for name in ("action", "status", "detail", "at")},
    ),
)
_STATE = hot(update(s.message).where(s.message.c.id == bindparam("b_id")).values(delivery_state=bindparam("b_state")))
_OUTBOX = hot(
    update(s.outbox)
    .where(s.outbox.c.message_id == bindparam("b_message"), s.outbox.c.ended_at.is_not(null()))
    .values(state=bindparam("b_state"), last_error=bindparam("b_error")),
)
_this_point = and_(
    s.contact_point.c.kind == bindparam("b_kind"),
    s.contact_point.c.namespace == bindparam("b_namespace"),
    s.contact_point.c.value_norm == bindparam("b_value"),
)
_STANDING: dict[str, Any] = {
    "status": bindparam("b_status"),
    "status_at": bindparam("b_at"),
    "status_note": bindparam("b_note"),
}
_BAD = hot(update(s.contact_point).where(_this_point).values(_STANDING))
_SOFT = hot(
    update(s.contact_point)
    .where(_this_point, or_(s.contact_point.c.status == "ok", s.contact_point.c.status == "soft"))
    .values(_STANDING),
)


def sent(conn: WriteConn, provider_id: str | None) -> Any:
    """Return the message of ours that went out under an id (id, interaction_id, thread_id, recipients), or None."""
    return conn.one(_SENT, provider=provider_id) if provider_id else None


def record(
    conn: WriteConn,
    message: str,
    recipients: Sequence[Sequence[str]],
    fates: Iterable[Fate],
    now: datetime,
    *,
    left: bool = True,
) -> str:
    """Write what was reported about a message to `recipients` (role, name, address); return its delivery state, or nothing.

    `left`: it has been sent, so that its state follows from what was reported.

    Only whom it was sent to counts: a report is not believed about anybody else.  An address that a forwarder made up stands
    for the only recipient there is.
    """
    known = {row.address: row.action for row in conn.all(_FATES, message=message)}
    ours = {_normal(address): address for _role, _name, address in recipients}
    for fate in fates:
        address = _meant(fate.address, ours)
        if address is None or fate.action == "read":
            continue
        if known.get(address) not in _SETTLED or fate.action in _SETTLED:
            known[address] = fate.action
            conn.run(
                _FATE,
                message_id=message,
                address=address,
                action=fate.action,
                status=fate.status,
                detail=fate.detail,
                at=now,
            )
        _judge(conn, address, fate, now)
    state = next((state for action, state in _STATES if action in known.values()), "")
    if state and left:
        conn.run(_STATE, b_id=message, b_state=state)
        worst = next(action for action, name in _STATES if name == state)
        named = ", ".join(address for address, action in known.items() if action == worst)
        conn.run(_OUTBOX, b_message=message, b_state=state, b_error=f"{state}: {named}"[:500])
    return state


def _meant(address: str, ours: dict[str, str]) -> str | None:
    """Return the recipient that a report speaks of."""
    found = ours.get(_normal(address))
    if found is None and len(ours) == 1:
        return next(iter(ours.values()))
    return found


def _normal(address: str) -> str:
    point = email(address)
    return address if point is None else point.value


def _judge(conn: WriteConn, address: str, fate: Fate, now: datetime) -> None:
    """Let an address's standing follow from what was reported about it."""
    point = email(address)
    if point is None:
        return
    this = {"b_kind": point.kind, "b_namespace": point.namespace, "b_value": point.value, "b_at": now}
    note = f"{fate.status} {fate.detail}".strip()[:200]
    if fate.gone or fate.action == "complained":
        conn.run(_BAD, **this, b_status="hard" if fate.gone else "complained", b_note=note)
    elif fate.action in {"failed", "delayed"}:
        conn.run(_SOFT, **this, b_status="soft", b_note=note)
    elif fate.action == "delivered":
        conn.run(_SOFT, **this, b_status="ok", b_note="")


def of_messages(conn: Connection, messages: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return message → what was reported about it, address by address."""
    wanted = list(messages)
    if not wanted:
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    rows = s.message_fate
    for row in conn.execute(select(rows).where(rows.c.message_id.in_(wanted)).order_by(rows.c.at, rows.c.address)):
        told = {"address": row.address, "action": row.action, "status": row.status, "detail": row.detail}
        found.setdefault(row.message_id, []).append(told | {"at": rfc3339(row.at)})
    return found
