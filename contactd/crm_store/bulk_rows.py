"""One answer to many, as it stands in the store: what a restart finds again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

LISTED = 20
OPEN = ("waiting", "taken", "answered")
"""States of an item after which something is still to be done for it."""
BEGUN = ("taken", "answered")
"""…of which these are finished also when the batch is undone."""

_NEW = hot(insert(s.bulk_batch))
_NEW_ITEM = hot(insert(s.bulk_item))
_STATE = hot(
    update(s.bulk_batch)
    .where(s.bulk_batch.c.id == bindparam("b_id"), s.bulk_batch.c.state == bindparam("b_from"))
    .values(state=bindparam("b_to"), ended_at=bindparam("b_at")),
)
_ITEM = hot(
    update(s.bulk_item)
    .where(
        s.bulk_item.c.batch_id == bindparam("b_batch"),
        s.bulk_item.c.n == bindparam("b_n"),
        s.bulk_item.c.state == bindparam("b_from"),
    )
    .values(state=bindparam("b_to"), reason=bindparam("b_reason")),
)
_UNDO_ITEMS = hot(
    update(s.bulk_item)
    .where(s.bulk_item.c.batch_id == bindparam("b_batch"), s.bulk_item.c.state == "waiting")
    .values(state="undone"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One contact of a batch that something is still to be done for."""

    batch: str
    actor: str
    body: str
    made_at: datetime
    n: int
    interaction: str
    state: str
    """waiting | taken | answered"""


def create(
    conn: WriteConn, batch: str, actor: str, body: str, interactions: Sequence[str], *, made: datetime, begins: datetime
) -> None:
    """Write a batch down; it begins at `begins`."""
    conn.run(_NEW, id=batch, actor=actor, body=body, state="waiting", made_at=made, begins_at=begins, ended_at=None)
    rows = [
        {"batch_id": batch, "n": n, "interaction_id": ident, "state": "waiting", "reason": ""}
        for n, ident in enumerate(interactions, start=1)
    ]
    conn.many(_NEW_ITEM, rows)


def undo(conn: WriteConn, batch: str, now: datetime) -> bool:
    """Let nothing more come of a batch: whom it has not reached it leaves alone.  Return whether there was anything to stop."""
    stopped = any(conn.run(_STATE, b_id=batch, b_from=old, b_to="undone", b_at=now) for old in ("waiting", "going"))
    if stopped:
        conn.run(_UNDO_ITEMS, b_batch=batch)
    return stopped


def begin(conn: WriteConn, batch: str) -> None:
    """Let a batch that is due begin; one that was undone at the last moment does not."""
    conn.run(_STATE, b_id=batch, b_from="waiting", b_to="going", b_at=None)


def end(conn: WriteConn, batch: str, now: datetime) -> None:
    """Note that nobody is left."""
    conn.run(_STATE, b_id=batch, b_from="going", b_to="done", b_at=now)


def mark(conn: WriteConn, item: Item, to: str, reason: str = "") -> bool:
    """Note how far an item is; return whether it was where `item` says."""
    done = conn.run(_ITEM, b_batch=item.batch, b_n=item.n, b_from=item.state, b_to=to, b_reason=reason)
    return bool(done)


def mark_or_refuse(conn: WriteConn, item: Item, to: str) -> None:
    """Note how far an item is, or let nothing of this unit be.

    Raises:
        ConflictError: the batch was undone meanwhile (`undone`).
    """
    if not mark(conn, item, to):
        text = "it was undone"
        raise ConflictError(text, code="undone")


def due(conn: Connection, now: datetime) -> list[str]:
    """Return the batches that something is to be done for now, in the order they begin."""
    b, i = s.bulk_batch.c, s.bulk_item.c
    begun = select(i.batch_id).where(i.batch_id == b.id, i.state.in_(BEGUN)).exists()
    ready = or_(b.state == "going", (b.state == "waiting") & (b.begins_at <= now), (b.state == "undone") & begun)
    return list(conn.execute(select(b.id).where(ready).order_by(b.begins_at, b.id)).scalars())


def next_at(conn: Connection) -> datetime | None:
    """Say when the next batch begins."""
    b = s.bulk_batch.c
    found: datetime | None = conn.execute(
        select(func.min(b.begins_at, type_=b.begins_at.type)).where(b.state == "waiting")
    ).scalar()
    return found


def next_item(conn: Connection, batch: str) -> Item | None:
    """Return whom a batch is to reach next; None when nobody is left."""
    b, i = s.bulk_batch.c, s.bulk_item.c
    query = (
        select(b.actor, b.body, b.made_at, i.n, i.interaction_id, i.state)
        .join(s.bulk_item, i.batch_id == b.id)
        .where(b.id == batch, i.state.in_(OPEN))
        .order_by(i.n)
        .limit(1)
    )
    row = conn.execute(query).first()
    if row is None:
        return None
    return Item(
        batch=batch,
        actor=row.actor,
        body=row.body,
        made_at=row.made_at,
        n=row.n,
        interaction=row.interaction_id,
        state=row.state,
    )


def view(conn: Connection, batch: str, actor: str) -> dict[str, Any] | None:
    """Return a batch as consoles see it; None where the actor has none of that id."""
    found = listed(conn, actor, batch)
    return found[0] if found else None


def listed(conn: Connection, actor: str, batch: str | None = None) -> list[dict[str, Any]]:
    """Return an actor's batches, the newest first."""
    b, i = s.bulk_batch.c, s.bulk_item.c
    query = select(s.bulk_batch).where(b.actor == actor).order_by(b.made_at.desc(), b.id.desc()).limit(LISTED)
    if batch is not None:
        query = query.where(b.id == batch)
    rows = conn.execute(query).all()
    counts: dict[str, dict[tuple[str, str], int]] = {row.id: {} for row in rows}
    tally = select(i.batch_id, i.state, i.reason, func.count().label("n")).where(i.batch_id.in_(list(counts)))
    for one in conn.execute(tally.group_by(i.batch_id, i.state, i.reason)):
        counts[one.batch_id][one.state, one.reason] = one.n
    return [_shown(row, counts[row.id]) for row in rows]


def _shown(row: Any, counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    return {
        "batch": row.id,
        "state": row.state,
        "at": rfc3339(row.begins_at),
        "made_at": rfc3339(row.made_at),
        "text": row.body,
        "count": sum(counts.values()),
        "answered": sum(n for (state, _), n in counts.items() if state in {"answered", "done"}),
        "left": sum(n for (state, _), n in counts.items() if state == "undone"),
        "skipped": {reason: n for (state, reason), n in counts.items() if state == "skipped"},
    }
