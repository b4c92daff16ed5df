"""Menus and the store: what is open under a number, and how often each way is taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from contactd.core.case_plan import NO_PLAN
from contactd.core.channel import Arrival, Content
from contactd.core.menus import Branch, MenuStep, branches
from contactd.crm_store import case_rows, menu_rows
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn
from tests.desk.bench import Bench


async def test_the_way_is_kept_and_counted(bench: Bench) -> None:
    now = bench.clock.now()
    ways = [
        (MenuStep(menu="main", choice="1", label="Sales"),),
        (MenuStep(menu="main", choice="1", label="Sales"), MenuStep(menu="order", choice="entered", entered="4711")),
        (MenuStep(menu="main"),),
    ]
    for n, way in enumerate(ways):
        arrival = Arrival(channel="voice", adapter="ari", external_key=f"c{n}", raw=b"{}", at=now)
        await bench.voice.tools.accept(arrival, Content(way=way))
    found, more = await bench.store.read(
        lambda conn: menu_rows.ways(conn, now - timedelta(hours=1), now + timedelta(hours=1))
    )
    assert not more
    assert branches(found) == [
        Branch(menu="main", choice="1", label="Sales", count=2),
        Branch(menu="main", choice="", label="", count=1),
        Branch(menu="order", choice="entered", label="", count=1),
    ]
    assert {step["entered"] for way in found for step in way} == {"", "4711"}
    assert (await bench.store.read(lambda conn: menu_rows.ways(conn, now - timedelta(days=2), now)))[0] == []


@pytest.mark.parametrize("number", ["", "x", "9" * 40, "٣", "-1", "%"])
async def test_what_is_no_number_is_open_nowhere(bench: Bench, number: str) -> None:
    assert not await bench.voice.tools.is_open("case", number)
    assert not await bench.voice.tools.is_open("order", number)
    assert not await bench.voice.tools.is_open("weather", "1")


async def test_a_case_is_open_until_it_is_over(bench: Bench) -> None:
    tools, now = bench.voice.tools, bench.clock.now()

    def make(conn: WriteConn) -> str:
        return case_rows.create(conn, "k1", {"subject": "Bill"}, plan=NO_PLAN, now=now, actor=None)

    number = await bench.store.write(make)
    assert number.startswith("C-0")
    digits = number.removeprefix("C-")
    assert await tools.is_open("case", digits)
    assert await tools.is_open("case", digits.lstrip("0"))
    assert not await tools.is_open("order", digits)
    assert not await tools.is_open("case", digits + "0")
    done = update(s.case_).values(state="closed")
    await bench.store.write(lambda conn: conn.connection.execute(done))
    assert not await tools.is_open("case", digits)


async def test_an_order_is_open_under_its_own_systems_number(bench: Bench) -> None:
    now = bench.clock.now()
    row = {
        "id": "r1",
        "kind": "order",
        "no": "R-000007",
        "stage": "placed",
        "source": "erp",
        "external_key": "20260042",
    }
    row |= {"title": "Order", "fields": {}, "url": "", "row_version": 1, "created_at": now, "updated_at": now}
    await bench.store.write(lambda conn: conn.connection.execute(insert(s.record).values(**row)))
    tools = bench.voice.tools
    assert await tools.is_open("order", "20260042")
    assert await tools.is_open("order", "7")
    assert not await tools.is_open("contract", "20260042")
    await bench.store.write(lambda conn: conn.connection.execute(update(s.record).values(stage="cancelled")))
    assert not await tools.is_open("order", "20260042")
