"""Numbers by pattern: each once, none left out, also with several writers at a time; on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from town import Town

from contactd.core import numbering
from contactd.core.case_plan import CasePlan
from contactd.core.errors import ConflictError
from contactd.core.numbering import Numbers
from contactd.crm_store import case_rows, commerce_rows, number_rows, schema, search_docs
from contactd.crm_store.store import Store
from contactd.desk.rules import Rules
from contactd.desk.scoring import Scoring
from contactd.routing.policy import Policy
from contactd.testing.clock import MONDAY, ManualClock

NUMBERS = Numbers(
    {"case.complaint": "TS{yy}-{seq:4}", "customer": "K{seq:6}", "record.contract": "HT{year}{month}-{seq:3}"}
)
PLAN = CasePlan(numbers=NUMBERS)


class LostError(Exception):
    """A unit that fails."""


def make(conn: Any, ident: str, kind: str, now: datetime, *, fails: bool = False) -> str:
    number = case_rows.create(conn, ident, {"subject": "x", "type": kind}, plan=PLAN, now=now, actor=None)
    if fails:
        raise LostError
    return number


async def test_no_number_comes_twice_and_none_is_left_out(store_url: str, tmp_path: Path) -> None:
    nodes = [Store.open(store_url, tmp_path / f"blobs{n}", node=f"n{n}") for n in range(2)]
    units = [
        nodes[n % 2].write(partial(make, ident=f"case-{n}", kind="complaint", now=MONDAY, fails=n % 7 == 3))
        for n in range(60)
    ]
    made = await asyncio.gather(*units, return_exceptions=True)
    numbers = sorted(one for one in made if isinstance(one, str))
    assert all(isinstance(one, str | LostError) for one in made)
    assert numbers == [f"TS26-{n:04d}" for n in range(1, len(numbers) + 1)]
    for node in nodes:
        await node.close()


async def test_old_numbers_stay_and_the_old_count_runs_on(store: Store, town: Town) -> None:
    first = await store.write(partial(make, ident="a", kind="inquiry", now=town.at))
    complaint = await store.write(partial(make, ident="b", kind="complaint", now=town.at))
    second = await store.write(partial(make, ident="c", kind="inquiry", now=town.at))
    next_year = await store.write(partial(make, ident="d", kind="complaint", now=town.at + timedelta(days=365)))
    assert (first, complaint, second, next_year) == ("C-000001", "TS26-0001", "C-000002", "TS27-0001")
    await store.write(
        lambda conn: conn.execute(update(schema.case_).where(schema.case_.c.id == "a").values(no="C-000003"))
    )
    assert await store.write(partial(make, ident="e", kind="inquiry", now=town.at)) == "C-000004", "C-000003 is taken"


async def test_customers_get_theirs_once_who_is_unknown_gets_none(store: Store, town: Town) -> None:
    known, unknown, old = await town.party("李雷"), await town.party("?", kind="unknown"), await town.party("韩梅")
    index = partial(search_docs.index_parties, now=town.at, numbers=NUMBERS)
    await store.write(lambda conn: conn.execute(schema.due.delete().where(schema.due.c.ref == old)))
    while await store.write(index):
        pass
    rules = Rules(Policy.from_mapping({"numbers": dict(NUMBERS.patterns)}), 1)
    await Scoring(store, ManualClock(town.at), rules).settle()
    rows = await store.read(lambda conn: conn.execute(select(schema.party.c.id, schema.party.c.no)).all())
    assert {row.id: row.no for row in rows} == {known: "K000001", unknown: None, old: "K000002"}


async def test_contracts_are_numbered_by_kind(store: Store, town: Town) -> None:
    party = await town.party("大厂", kind="org")

    def unit(conn: Any) -> list[str]:
        values = {"title": "x", "party_id": party}
        about: dict[str, Any] = {"stage": None, "now": town.at, "actor": "ann", "numbers": NUMBERS}
        return [
            commerce_rows.create(conn, f"r{n}", kind, values, **about) for n, kind in enumerate(("contract", "lead"))
        ]

    assert await store.write(unit) == ["HT202611-001", "R-000001"]


async def test_a_pattern_whose_numbers_are_all_taken_is_an_error(
    store: Store, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_rows, "TRIES", 1)
    await store.write(partial(make, ident="a", kind="inquiry", now=town.at))
    await store.write(lambda conn: conn.execute(update(schema.case_).values(no="C-000002")))
    with pytest.raises(ConflictError) as refused:
        await store.write(partial(make, ident="b", kind="inquiry", now=town.at))
    assert refused.value.code == "no_number"


async def test_a_long_run_of_numbers_from_elsewhere_is_gone_behind(store: Store, town: Town) -> None:
    await store.write(partial(make, ident="a", kind="complaint", now=town.at))
    (first,) = await store.read(lambda conn: conn.execute(select(schema.case_)).mappings().all())
    old = [{**first, "id": f"old-{n}", "no": f"TS26-{n:04d}"} for n in range(2, 1203)]
    await store.write(lambda conn: conn.execute(schema.case_.insert(), old))
    numbers = [await store.write(partial(make, ident=f"b{n}", kind="complaint", now=town.at)) for n in range(2)]
    assert numbers == ["TS26-1203", "TS26-1204"]


@pytest.mark.parametrize(
    "pattern",
    ["", "TS", "{seq}{seq}", "{seq:99}", "{month}-{seq}", "{year}{day}{seq}", "a b{seq}", "{nope}{seq}", "x" * 61],
)
def test_a_wrong_pattern_is_refused(pattern: str) -> None:
    assert numbering.wrong(pattern)
    assert Policy.problems({"numbers": {"case": pattern}})


def test_the_year_is_that_of_the_house() -> None:
    night = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    assert numbering.number("工单{year}-{seq:3}", 7, night) == "工单2027-007"
    assert numbering.wrong("工单{year}-{seq:3}") is None
    assert Policy.problems({"numbers": {"case.riot": "x{seq}"}}) == [("policy.numbers.case.riot", "is not a known key")]
