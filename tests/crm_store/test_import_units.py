"""Rows taken over many at once become the same as rows taken over one by one, to the last column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contactd.core.newcomer import MATCHES, POLICIES, Problem, Record, TakeOver
from contactd.core.party import Point
from contactd.crm_store import claims, import_jobs, import_rows, parties
from contactd.crm_store import schema as s
from contactd.crm_store.database import Database
from contactd.crm_store.import_rows import Errand, Outcome, TriedOutError
from contactd.crm_store.write_conn import WriteConn
from contactd.testing.clock import MONDAY

TABLES = (s.party, s.contact_point, s.contact_claim, s.party_name, s.party_link, s.external_id, s.address, s.due)
NAMES = ("张三", "李四", "Li", "郑州一厂", "Works")
VALUES = ("+8613800138000", "+8613900139000", "a@x.example", "b@x.example", "short:95588", "+8637160135900")
CODES = ("91410100MA00000000", "91410100MA00000001")


def point(value: str, ext: str) -> Point:
    kind = "email" if "@" in value else "phone"
    return Point(kind=kind, value=value, raw=value, ext=ext if kind == "phone" else "", shared="short" in value)


points = st.builds(point, st.sampled_from(VALUES), st.sampled_from(("", "", "8")))
fields = st.fixed_dictionaries(
    {"display_name": st.sampled_from(NAMES)},
    optional={
        "kind": st.sampled_from(("person", "org")),
        "uscc": st.sampled_from(CODES),
        "salutation": st.sampled_from(("", "Dr", "先生")),
        "vip": st.integers(0, 3),
        "tags": st.lists(st.sampled_from(("a", "b")), max_size=2, unique=True),
    },
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    known = draw(st.sampled_from((None, None, None, "id-1", "id-2", "nobody")))
    return Record(
        number=0,
        id=known,
        external=tuple(draw(st.lists(st.sampled_from(("K1", "K2", "K3")), max_size=2))),
        fields=draw(fields),
        custom=draw(st.dictionaries(st.sampled_from(("rank", "note")), st.sampled_from(("", "A", "B")), max_size=2)),
        points=[(one, draw(st.sampled_from((None, "mobile")))) for one in draw(st.lists(points, max_size=3))],
        names=draw(st.lists(st.tuples(st.sampled_from(("alias", "short")), st.sampled_from(NAMES)), max_size=2)),
        work=draw(st.sampled_from(({}, {"organisation": "Works"}, {"organisation": "郑州一厂", "title": "经理"}))),
        address=draw(st.sampled_from(({}, {"city": "郑州"}, {"city": "洛阳", "street": "1"}))),
        problems=draw(st.sampled_from(([], [], [], [Problem("x", "wrong", "y")]))),
    )


options = st.builds(
    TakeOver,
    match=st.sampled_from((MATCHES, MATCHES[:-1], ("external_id",), ("phone", "email"), ("name",))),
    policy=st.sampled_from(POLICIES),
    overwrite=st.sampled_from(((), ("salutation", "tags"))),
)


@pytest.fixture
def conn(store_url: str) -> Iterator[WriteConn]:
    database = Database(store_url)
    opened = WriteConn(database.writer(), database.words)
    yield opened
    opened.close()


def town(conn: WriteConn) -> None:
    """Make two customers, one of them of two records, and what they share."""
    for ident, name in (("id-1", "张三"), ("id-2", "Works"), ("id-3", "李四")):
        parties.create(conn, ident, {"display_name": name, "uscc": CODES[0]}, now=MONDAY, actor=None)
    conn.execute(s.party.update().where(s.party.c.id == "id-3").values(canonical_id="id-1"))
    for n, (value, party) in enumerate((VALUES[0], one) for one in ("id-3", "id-2")):
        there = claims.point_id(conn, f"p{n}", point(value, ""), now=MONDAY)
        claims.claim(conn, f"c{n}", there, party, level="asserted", source="agent", now=MONDAY)
    claims.unclaim(conn, "p0", "id-2", now=MONDAY, denied_by="ann")
    lent = claims.point_id(conn, "p9", point(VALUES[5], ""), now=MONDAY)
    claims.describe(conn, lent, shared=None, line_type=claims.PRIVACY, now=MONDAY)


def taken_over(
    conn: WriteConn, units: Sequence[Sequence[Record]], wished: TakeOver
) -> tuple[list[Outcome], dict[str, Any]]:
    """Take units over and give everything up; return what became of the rows and what every table held."""
    conn.begin()
    try:
        town(conn)
        job = import_jobs.Job(
            id="job",
            file_name="f",
            digest="d",
            format="csv",
            encoding="",
            fingerprint="",
            mapping={},
            options={},
            by="x",
        )
        import_jobs.begin(conn, job, MONDAY)
        numbers = count(1)
        errand = Errand(job="job", options=wished, by="x", at=MONDAY, new_id=lambda: f"new-{next(numbers):04}")
        outcomes = [one for unit in units for one in import_rows.take_over(conn, unit, errand)]
        tables = (*TABLES, s.import_row)
        kept = {table.name: sorted(map(repr, conn.execute(select(table)))) for table in tables}
        return outcomes, kept
    finally:
        conn.rollback()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records(), min_size=2, max_size=7), options)
def test_many_rows_at_once_become_what_they_become_one_by_one(
    conn: WriteConn, some: list[Record], wished: TakeOver
) -> None:
    for n, record in enumerate(some, 2):
        record.number = n
    assert taken_over(conn, [some], wished) == taken_over(conn, [[record] for record in some], wished)


def test_rows_that_were_taken_over_are_not_taken_over_again(conn: WriteConn) -> None:
    first, second = (
        Record(number=n, fields={"display_name": "Wu"}, points=[(point(f"+861360013600{n}", ""), None)]) for n in (2, 3)
    )
    once = taken_over(conn, [[first, second]], TakeOver())
    again = taken_over(conn, [[first], [first, second]], TakeOver())
    assert again[0][0].party == again[0][1].party
    assert again[1] == once[1]


def test_a_point_of_a_crowd_is_nobody_and_is_read_in_bounds(conn: WriteConn) -> None:
    conn.begin()
    there = claims.point_id(conn, "p", point(VALUES[0], ""), now=MONDAY)
    for n in range(500):
        parties.create(conn, f"crowd-{n:03}", {"display_name": "Li"}, now=MONDAY, actor=None)
        claims.claim(conn, f"claim-{n:03}", there, f"crowd-{n:03}", level="asserted", source="agent", now=MONDAY)
    errand = Errand(job="", options=TakeOver(), by="x", at=MONDAY, new_id=lambda: "new")
    row = Record(number=2, fields={"display_name": "Li"}, points=[(point(VALUES[0], ""), None)])
    try:
        with pytest.raises(TriedOutError) as tried:
            import_rows.try_out(conn, [row], errand)
    finally:
        with suppress(Exception):
            conn.rollback()
    (outcome,) = tried.value.outcomes
    assert (outcome.status, outcome.reasons) == ("ambiguous", ["phone: crowd-000, crowd-001, crowd-002"])
