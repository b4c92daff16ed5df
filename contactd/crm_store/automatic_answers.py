"""Who got an answer that nobody wrote, and when: so that nobody gets many, however many nodes there are."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_new = insert(s.automatic_answer)
_CLAIM = hot(
    _new.on_conflict_do_update(
        index_elements=["address"],
        set_={"at": _new.excluded.at, "interaction_id": _new.excluded.interaction_id},
        where=s.automatic_answer.c.at <= bindparam("b_before"),
    ).returning(s.automatic_answer.c.address),
    *s.automatic_answer.c.keys(),
)
_SINCE = hot(select(func.count().label("number")).where(s.automatic_answer.c.at > bindparam("since")))


def claim(conn: WriteConn, address: str, interaction: str, *, now: datetime, pause: timedelta) -> bool:
    """Write that an address gets an answer now; False when it had one within `pause`."""
    row = conn.one(_CLAIM, address=address, at=now, interaction_id=interaction, b_before=now - pause)
    return row is not None


def since(conn: WriteConn, moment: datetime) -> int:
    """Count the addresses that got one after a moment."""
    return int(conn.one(_SINCE, since=moment).number)
