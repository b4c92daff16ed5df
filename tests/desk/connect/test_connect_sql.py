"""Rows of another system's database come in by key and time of change; it is only ever read; and what differs is counted."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from contactd.core.errors import BadRequestError
from contactd.crm_store import foreign_table, schema
from contactd.crm_store.foreign_table import Foreign
from contactd.crm_store.store import Store
from contactd.desk.connect import sql
from contactd.testing.clock import ManualClock
from tests.desk.connect.shop import Side

GOODS = "CREATE TABLE goods (no TEXT PRIMARY KEY, title TEXT, state TEXT, changed TEXT)"
MAPPING = {"no": "external_id", "state": "stage", "changed": "-"}


@pytest.fixture
def side(store: Store, clock: ManualClock, tmp_path: Path) -> Side:
    return Side(store, clock, tmp_path)


class Erp:
    """Another system's database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.do(GOODS)

    def do(self, statement: str, *values: Any) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute(statement, values)

    def item(self, number: int, state: str = "open", changed: str = "2026-01-05T08:00:00") -> None:
        row = (f"P-{number}", f"货品 {number}", state, changed)
        self.do("INSERT OR REPLACE INTO goods VALUES (?, ?, ?, ?)", *row)

    def options(self, **more: Any) -> dict[str, Any]:
        about = {"kind": "sql", "object": "records", "url": f"sqlite:///{self.path}", "table": "goods"}
        told = {"fixed": {"kind": "product"}, "values": {"state": {"open": "sold", "gone": "discontinued"}}}
        return {
            **about,
            **told,
            "key_field": "no",
            "since_field": "changed",
            "system": "erp",
            "mapping": MAPPING,
            **more,
        }


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path / "erp.sqlite")


async def test_rows_come_page_by_page_and_later_only_those_that_changed(
    side: Side, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "CHUNK", 2)
    for number in range(5):
        # Two pages of one moment: the key decides.
        erp.item(number)
    tending = side.tending(goods=erp.options())
    found = await tending.connecting.pull("goods", "test")
    assert [one["counts"] for one in found] == [{"created": 2}, {"created": 2}, {"created": 1}]
    erp.item(1, "gone", "2026-01-05T09:00:00")
    erp.item(9, "open", "2026-01-05T10:00:00")
    (run,) = await tending.connecting.pull("goods", "test")
    assert run["counts"] == {"updated": 1, "created": 1}
    assert await tending.connecting.pull("goods", "test") == []
    assert (await side.state("goods")).cursor == {
        "since": ["plain", "2026-01-05T10:00:00"],
        "key": ["plain", "P-9"],
    }


async def test_a_table_without_a_time_of_change_is_read_whole_each_time(side: Side, erp: Erp) -> None:
    erp.item(1)
    tending = side.tending(goods=erp.options(since_field=""))
    await tending.connecting.pull("goods", "test")
    erp.item(1, "gone")
    (run,) = await tending.connecting.pull("goods", "test")
    assert run["counts"] == {"updated": 1}
    assert (await side.state("goods")).cursor == {}


async def test_what_differs_is_counted_both_ways_and_nothing_is_changed(side: Side, erp: Erp) -> None:
    for number in range(4):
        erp.item(number)
    tending = side.tending(goods=erp.options(whole=True))
    await tending.connecting.pull("goods", "test")
    erp.do("DELETE FROM goods WHERE no = 'P-0'")
    erp.item(1, "gone", "2026-01-05T08:00:00")
    erp.item(8)
    report = await tending.trying.drift("goods")
    assert {name: report[name] for name in ("rows", "only_theirs", "only_ours", "differing", "left_out")} == {
        "rows": 4,
        "only_theirs": 1,
        "only_ours": 1,
        "differing": 1,
        "left_out": 0,
    }
    named = report["named"]
    assert (named["only_theirs"], named["only_ours"]) == (["P-8"], ["P-0"])
    assert [one["fields"] for one in named["differing"]] == [["stage"]]
    keys = await side.store.read(lambda conn: conn.execute(select(schema.record.c.external_key)).scalars().all())
    assert sorted(keys) == ["P-0", "P-1", "P-2", "P-3"]
    (one,) = await tending.listed()
    assert one["drift"] == report
    # A dry run says what a run would do, and the run then does it.
    tried = await tending.trying.dry_run("goods")
    done = await tending.connecting.pull("goods", "test")
    assert tried["counts"] == {"created": 1}
    assert [run["counts"] for run in done] == [tried["counts"]]
    assert (await tending.trying.drift("goods"))["differing"] == 1


async def test_customers_that_a_system_has_no_more_are_named_by_its_numbers(side: Side, erp: Erp) -> None:
    for number in range(3):
        erp.item(number)
    mapping = {"no": "external_id", "title": "name", "state": "-", "changed": "-"}
    tending = side.tending(people=erp.options(object="customers", fixed={}, mapping=mapping))
    await tending.connecting.pull("people", "test")
    erp.do("DELETE FROM goods WHERE no = 'P-2'")
    erp.do("UPDATE goods SET title = '改名' WHERE no = 'P-1'")
    report = await tending.trying.drift("people")
    assert (report["only_ours"], report["named"]["only_ours"], report["differing"]) == (1, ["P-2"], 1)
    assert await side.names() == ["货品 0", "货品 1", "货品 2"]


async def test_an_error_of_a_database_names_no_address_and_no_secret(side: Side, erp: Erp, tmp_path: Path) -> None:
    for options, code in (
        (erp.options(table="nothing"), "unreachable"),
        (erp.options(key_field="nothing", since_field=""), "no_column"),
        (erp.options(url="postgresql+psycopg://reader:s3cret@127.0.0.1:1/erp"), "unreachable"),
        (erp.options(url=f"sqlite:///{tmp_path / 'nowhere.sqlite'}"), "unreachable"),
        (erp.options(url="mysterious://x"), "bad_url"),
    ):
        tending = side.tending(goods=options)
        erp.item(1)
        with pytest.raises(BadRequestError) as caught:
            await tending.connecting.pull("goods", "test")
        assert caught.value.code in {code, "unreachable"}
        told = str(caught.value) + (await side.state("goods")).error
        assert "s3cret" not in told
        assert "nowhere" not in told
    assert not (tmp_path / "nowhere.sqlite").exists()


async def test_a_foreign_database_is_never_written(erp: Erp) -> None:
    erp.item(1)
    engine = foreign_table._engine(f"sqlite:///{erp.path}")
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM goods")
    engine.dispose()


def test_postgresql_is_read_in_the_order_of_its_own_types(empty_postgres_url: str) -> None:
    plain = empty_postgres_url.replace("+psycopg", "")
    began = datetime(2026, 1, 5, 8, tzinfo=UTC)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute('CREATE TABLE "Goods" (id bigint, at timestamptz, amount numeric)')
        for number in range(5):
            row = (number, began + timedelta(minutes=number // 2), "1.50")
            connection.execute('INSERT INTO "Goods" VALUES (%s, %s, %s)', row)
    foreign = Foreign(url=empty_postgres_url, table="public.Goods", key="id", since="at")
    seen, cursor = [], {}
    while True:
        rows, cursor = foreign_table.page(foreign, cursor, 2)
        if not rows:
            break
        seen += [row["id"] for row in rows]
    assert seen == [0, 1, 2, 3, 4]
    assert cursor == {"key": ["plain", 4], "since": ["moment", "2026-01-05T08:02:00+00:00"]}
    earlier = foreign_table.back(cursor, 60, began + timedelta(days=1))
    assert [row["id"] for row in foreign_table.page(foreign, earlier, 9)[0]] == [2, 3, 4]
    # Rows dated ahead do not push the next look ahead of now.
    assert foreign_table.back(cursor, 60, began)["since"] == ["moment", "2026-01-05T07:59:00+00:00"]
    engine = foreign_table._engine(empty_postgres_url)
    with engine.connect() as connection, pytest.raises(Exception, match="read-only"):
        connection.exec_driver_sql('DELETE FROM "Goods"')
    engine.dispose()
