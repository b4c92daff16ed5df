"""Numbers given: counted in the unit that makes what is numbered, so that none is given twice and none is left out.

The row of a count is locked until that unit is committed; one that fails gives its number back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, select, update

from contactd.core import numbering
from contactd.core.errors import ConflictError
from contactd.core.numbering import CUSTOMER, Numbers
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

TRIES = 1000
"""Numbers passed over because something else has them already: it was imported, or its pattern was another."""
FEW = 50
"""So many are passed over one by one; behind them the end of a long run is sought."""


def give(conn: WriteConn, pattern: str, column: Column[str], now: datetime) -> str:
    """Return the next number of a pattern that nothing in `column` has.

    Raises:
        ConflictError: there is none near (code `no_number`).
    """
    name = numbering.count_of(pattern, now)
    new = insert(s.number_seq).values(name=name, value=1)
    counted = new.on_conflict_do_update(index_elements=["name"], set_={"value": s.number_seq.c.value + 1})
    for tried in range(TRIES):
        count = conn.execute(counted.returning(s.number_seq.c.value)).scalar_one()
        if not _taken(conn, pattern, column, count, now):
            return numbering.number(pattern, count, now)
        if tried == FEW:
            go_on_behind(conn, pattern, _end_of_run(conn, pattern, column, count, now), now)
    message = f"the next {TRIES} numbers of {pattern} are taken"
    raise ConflictError(message, code="no_number")


def _taken(conn: WriteConn, pattern: str, column: Column[str], count: int, now: datetime) -> bool:
    number = numbering.number(pattern, count, now)
    return conn.execute(select(column).where(column == number)).first() is not None


def _end_of_run(conn: WriteConn, pattern: str, column: Column[str], count: int, now: datetime) -> int:
    """Return a count whose number is taken and the next one's is not, from one that is taken: by doubling, then by halving."""
    step = 1
    while _taken(conn, pattern, column, count + step, now):
        count, step = count + step, step * 2
    while step > 1:
        half = step // 2
        if _taken(conn, pattern, column, count + half, now):
            count, step = count + half, step - half
        else:
            step = half
    return count


def go_on_behind(conn: WriteConn, pattern: str, value: int, now: datetime) -> None:
    """Let the numbers of a pattern go on behind one that came from elsewhere."""
    new = insert(s.number_seq).values(name=numbering.count_of(pattern, now), value=value)
    higher = s.number_seq.c.value < new.excluded.value
    conn.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": new.excluded.value}, where=higher))


def customers(conn: WriteConn, numbers: Numbers, idents: Sequence[str], now: datetime) -> None:
    """Give numbers to those of these customers that have none; who is not known yet and who was merged gets none."""
    pattern = numbers.pattern(CUSTOMER)
    if pattern is None or not idents:
        return
    party = s.party
    mine = (party.c.id.in_(idents), party.c.id == party.c.canonical_id, party.c.no.is_(None))
    alive = (party.c.kind != "unknown", party.c.deleted_at.is_(None), party.c.pii_state == "normal")
    for ident in conn.execute(select(party.c.id).where(*mine, *alive).order_by(party.c.id)).scalars().all():
        no = give(conn, pattern, party.c.no, now)
        conn.execute(update(party).where(party.c.id == ident, party.c.no.is_(None)).values(no=no))
