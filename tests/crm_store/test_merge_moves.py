"""Whatever is merged, taken back and split off in whatever order: no circle, no chain, and what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contactd.core.errors import ContactdError
from contactd.crm_store import merging, parties, unmerging
from contactd.crm_store import schema as s
from contactd.crm_store.database import Database
from contactd.crm_store.write_conn import WriteConn
from contactd.testing.clock import MONDAY

RECORDS = ("a", "b", "c", "d", "e")
one = st.sampled_from(RECORDS)
MOVES = st.one_of(
    st.tuples(st.just("merge"), one, st.lists(one, min_size=1, max_size=3)),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("split"), one),
)


@pytest.fixture
def conn(store_url: str) -> Iterator[WriteConn]:
    database = Database(store_url)
    opened = WriteConn(database.writer(), database.words)
    yield opened
    opened.close()


def pointers(conn: WriteConn) -> dict[str, str]:
    rows = conn.execute(select(s.party.c.id, s.party.c.canonical_id))
    return {row.id: row.canonical_id for row in rows}


def act(conn: WriteConn, move: tuple[object, ...], made: list[str], ident: str) -> None:
    """Do one move; one that is refused raises."""
    match move:
        case ("merge", str(survivor), list(losers)):
            merging.merge(conn, ident, survivor, losers, choices={}, reason="", actor="ann", now=MONDAY)
            made.append(ident)
        case ("undo", int(n)) if n < len(made):
            unmerging.undo(conn, made[n], actor="ann", now=MONDAY)
        case ("split", str(record)):
            unmerging.split(conn, ident, record, points=(), reason="", actor="ann", now=MONDAY)
            made.append(ident)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MOVES, min_size=3, max_size=10))
def test_every_record_leads_to_one_that_stands_for_itself(conn: WriteConn, moves: list[tuple[object, ...]]) -> None:
    conn.begin()
    try:
        for record in RECORDS:
            parties.create(conn, record, {"display_name": record}, now=MONDAY, actor=None)
        made: list[str] = []
        numbers = count(1)
        for move in moves:
            before = pointers(conn)
            try:
                act(conn, move, made, f"op-{next(numbers):02}")
            except ContactdError:
                assert pointers(conn) == before
            after = pointers(conn)
            assert {after[leads_to] for leads_to in after.values()} == set(after.values())
            assert all(after[leads_to] == leads_to for leads_to in after.values())
    finally:
        conn.rollback()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(one, st.lists(one, min_size=1, max_size=3)), min_size=1, max_size=6))
def test_merges_taken_back_last_first_leave_nothing(conn: WriteConn, wished: list[tuple[str, list[str]]]) -> None:
    conn.begin()
    try:
        for record in RECORDS:
            parties.create(conn, record, {"display_name": record}, now=MONDAY, actor=None)
        made: list[str] = []
        for n, (survivor, losers) in enumerate(wished):
            try:
                act(conn, ("merge", survivor, losers), made, f"op-{n:02}")
            except ContactdError as refused:
                assert refused.code in {"same", "merged"}  # noqa: PT017 - what a wrong wish is refused with
        for ident in reversed(made):
            unmerging.undo(conn, ident, actor="ann", now=MONDAY)
        assert pointers(conn) == {record: record for record in RECORDS}
    finally:
        conn.rollback()
