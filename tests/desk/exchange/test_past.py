"""Contacts, cases and business records of another system come as history: found again, shown, searched, and nobody's work."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from contactd.core import past
from contactd.core.address import phone_point
from contactd.core.case_plan import NO_PLAN
from contactd.core.newcomer import TakeOver
from contactd.crm_store import case_rows, records, schema, search_hits, timeline
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.interactions import get
from contactd.crm_store.store import Store
from contactd.desk.exchange import past_columns, past_record
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.past_record import moment
from contactd.desk.exchange.record import Rules
from contactd.desk.exchange.sheet import Line
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from tests.crm_store.town import Town
from tests.desk.bench import Bench

CALLS = """流水号,渠道,方向,开始时间,通话时长,客户电话,队列,坐席,主题,备注,通话结果
C-1,电话,呼入,2024-03-01 09:15:00,2:05,13800138000,support,zhang,发票抬头,客户要求重开发票,已接听
C-2,电话,呼入,2024年3月2日 10:00,0,13900139000,老队列,老王,,,漏接
C-3,在线客服,呼入,2024/3/3 11:00,,13800138000,support,,退货,我要退货,
C-4,电话,呼入,2024-02-30 10:00,,13800138000,,,,,
C-5,心灵感应,呼入,2024-03-01 10:00,,13800138000,,,,,
"""
CASES = """{"no":"GD-2023-7","created":"2023-05-06T08:00:00Z","closed":"2023-05-09T08:00:00Z","type":"投诉","priority":"高",\
"subject":"漏水","description":"机器漏水","phone":"13800138000","history":[{"at":"2023-05-07T08:00:00Z","text":"已联系工程师","actor":"老王"},\
{"at":"2023-05-08T08:00:00Z","text":"更换密封圈"}]}
{"no":"C-000041","created":"2023-06-01","type":"咨询","subject":"怎么保养","phone":"13900139000","state":"处理中"}
"""
ORDERS = """单据类型,订单号,标题,客户电话,金额,币种,状态,下单日期
订单,SO-1,密封圈 10 件,13800138000,"1,280.50",CNY,{stage},2024-01-05
"""


class Past:
    """A desk with its importing."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.store = bench.store
        self.importing = Importing(bench.store, bench.clock, Idents(bench.clock), "test")
        self.folder = folder
        self.shown: list[Outcome] = []
        self.ident = Idents(bench.clock).new

    def wish(self, what: str, text: str, name: str = "calls.csv") -> Wish:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return Wish(path=file, object=what, options=TakeOver(system="old"))

    async def run(self, what: str, text: str, name: str = "calls.csv") -> tuple[str, dict[str, int]]:
        self.shown = []
        return await self.importing.run(self.wish(what, text, name), self.shown.append)

    async def count(self, table: Any) -> int:
        return await self.store.read(
            lambda conn: int(conn.execute(select(func.count()).select_from(table)).scalar() or 0)
        )

    async def silent(self) -> dict[str, int]:
        return await silent(self.store)


async def silent(store: Store) -> dict[str, int]:
    """Count what a contact of today would leave behind for the router, the rules and the figures."""
    tables = (schema.fact_inbox, schema.journal, schema.interaction_segment, schema.offer, schema.task)
    tables += (schema.sla_timer, schema.survey_invite, schema.outbox)

    def count(conn: Any) -> dict[str, int]:
        return {table.name: conn.execute(select(func.count()).select_from(table)).scalar() for table in tables}

    return await store.read(count)


@pytest.fixture
async def old(bench: Bench, tmp_path: Path) -> Past:
    return Past(bench, tmp_path)


async def customer(old: Past, number: str = "13800138000") -> str:
    point = phone_point(number)
    assert point is not None
    return await Town(old.store).party("张三", point)


async def new_case(old: Past, subject: str) -> str:
    number = await old.store.write(
        lambda conn: case_rows.create(
            conn, old.ident(), {"subject": subject}, plan=NO_PLAN, now=old.bench.clock.now(), actor="test"
        )
    )
    return str(number)


async def said(old: Past, query: str) -> list[str]:
    """Ids of the contacts in which the index finds words."""
    await old.bench.office.tending.settle()
    hits = await old.store.read(lambda conn: search_hits.search(conn, query))
    return [hit["interaction"] for hit in hits if hit["kind"] == "message"]


async def test_calls_of_another_system_are_history_and_nobodys_work(old: Past) -> None:
    party = await customer(old)
    before = await old.silent()
    waiting = len(old.bench.office.desk.book)
    tried = await old.importing.try_out(old.wish(past.CONTACT, CALLS), lambda _: None)
    assert tried == {"created": 3, "error": 2}
    assert await old.count(schema.interaction) == 0
    job, counts = await old.run(past.CONTACT, CALLS)
    assert counts == {"created": 3, "error": 2}
    assert [one.reasons for one in old.shown[3:]] == [
        ["开始时间: no_such_day: 2024-02-30 10:00"],
        ["渠道: unknown_value: 心灵感应"],
    ]
    items, _ = await old.store.read(lambda conn: timeline.page(conn, party))
    assert [(item["channel"], item["title"], item["imported"]) for item in items] == [
        ("chat", "退货", True),
        ("voice", "发票抬头", True),
    ]
    call = await old.store.read(lambda conn: get(conn, items[1]["id"]))
    assert (call["line"], call["talk_s"], call["outcome"], call["routed_by"]) == (
        "support",
        125.0,
        "answered",
        "import",
    )
    assert call["queued_at"] is None
    assert call["segments"] == []
    assert await said(old, "重开发票") == [call["id"]]
    assert await old.silent() == before
    assert len(old.bench.office.desk.book) == waiting
    again, counts = await old.run(past.CONTACT, CALLS + "C-6,电话,呼出,2024-03-05 10:00,,13800138000,,,回访,,\n")
    assert counts == {"unchanged": 3, "created": 1, "error": 2}
    assert await old.importing.undo(again) == {"reversed": 1, "nothing": 5}
    assert await old.importing.undo(job) == {"reversed": 3, "nothing": 2}
    assert await old.count(schema.interaction) == await old.count(schema.message) == 0
    assert await said(old, "重开发票") == []


async def test_the_audit_agrees_with_contacts_that_came_by_no_door(old: Past) -> None:
    await old.run(past.CONTACT, CALLS)
    report = await old.store.read(lambda conn: records.check(conn, old.store.blobs))
    assert report.sound, report.faults


async def test_a_contact_somebody_has_worked_with_stays_when_its_import_is_taken_back(old: Past) -> None:
    party = await customer(old)
    job, _ = await old.run(past.CONTACT, CALLS)
    items, _ = await old.store.read(lambda conn: timeline.page(conn, party))
    ident = items[0]["id"]
    now = old.bench.clock.now()
    await old.store.write(lambda conn: add_event(conn, ident, now, "note", "zhang", {"text": "看过"}))
    assert await old.importing.undo(job) == {"reversed": 2, "kept": 1, "nothing": 2}
    assert await old.count(schema.interaction) == 1


async def test_cases_come_with_their_numbers_times_and_history(old: Past) -> None:
    party = await customer(old)
    before = await old.silent()
    job, counts = await old.run(past.CASE, CASES, "cases.jsonl")
    assert counts == {"created": 2}, [one.reasons for one in old.shown]
    rows = await old.store.read(
        lambda conn: list(conn.execute(select(schema.case_).order_by(schema.case_.c.created_at)))
    )
    assert [(row.no, row.type, row.state, row.priority) for row in rows] == [
        ("GD-2023-7", "complaint", "closed", 2),
        ("C-000041", "inquiry", "open", 0),
    ]
    assert rows[0].party_id == party
    assert rows[0].closed_at == datetime(2023, 5, 9, 8, tzinfo=UTC)
    told = await old.store.read(
        lambda conn: list(conn.execute(select(schema.case_event).where(schema.case_event.c.case_id == rows[0].id)))
    )
    assert [(one.type, one.text) for one in told] == [
        ("imported", ""),
        ("note", "已联系工程师"),
        ("note", "更换密封圈"),
    ]
    assert told[1].data == {"by": "老王"}
    assert await old.silent() == before
    assert await new_case(old, "现在的") == "C-000042"
    _, counts = await old.run(past.CASE, CASES.replace("怎么保养", "怎么保养？"), "cases.jsonl")
    assert counts == {"unchanged": 2}
    assert await old.importing.undo(job) == {"reversed": 2}
    assert await old.count(schema.case_) == 1


async def test_a_number_that_is_taken_is_a_mistake_of_the_row(old: Past) -> None:
    number = await new_case(old, "现在的")
    _, counts = await old.run(past.CASE, f"工单号,创建时间,标题\n{number},2023-01-01,旧的\n")
    assert counts == {"error": 1}
    assert old.shown[0].reasons == [f"no: number_taken: {number}"]


async def test_orders_are_mirrored_and_what_changed_is_given_back(old: Past) -> None:
    await customer(old)
    _, counts = await old.run(past.RECORD, ORDERS.format(stage="已下单"), "orders.csv")
    stages = old.shown[0].reasons
    assert counts == {"created": 1}, stages
    row = await old.store.read(lambda conn: conn.execute(select(schema.record)).one())
    assert (row.kind, row.source, row.external_key, row.amount, row.currency) == ("order", "old", "SO-1", 128050, "CNY")
    job, counts = await old.run(past.RECORD, ORDERS.format(stage="已下单").replace("10 件", "12 件"), "orders.csv")
    assert counts == {"updated": 1}
    assert await old.importing.undo(job) == {"reversed": 1}
    row = await old.store.read(lambda conn: conn.execute(select(schema.record)).one())
    assert row.title == "密封圈 10 件"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01 09:15", "2024-03-01T01:15:00+00:00"),
        ("2024年3月1日", "2024-02-29T16:00:00+00:00"),
        ("2024-03-01T09:15:00Z", "2024-03-01T09:15:00+00:00"),
        ("2024/3/1 9:15:30", "2024-03-01T01:15:30+00:00"),
        ("1709255700", "2024-03-01T01:15:00+00:00"),
        ("1709255700000", "2024-03-01T01:15:00+00:00"),
        ("2024-13-01 09:15", None),
        ("2024-03-01 25:15", None),
        ("gestern", None),
        ("0000-00-00", None),
        ("99999999999999", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_moments_are_read_as_people_and_programs_write_them(text: str, expected: str | None) -> None:
    found = moment(text, "Asia/Shanghai")
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("what", "headers", "cells", "reason"),
    [
        (past.CONTACT, ("channel", "at"), ("voice", ""), "at: missing: "),
        (
            past.CONTACT,
            ("channel", "at", "ended"),
            ("voice", "2024-01-02", "2024-01-01"),
            "ended: backwards: 2023-12-31T16:00:00",
        ),
        (past.CONTACT, ("channel", "at", "talk"), ("voice", "2024-01-02", "long"), "talk: unknown_value: long"),
        (past.CONTACT, ("channel", "at", "phone"), ("voice", "2024-01-02", "keine"), "phone: no_number: keine"),
        (
            past.CASE,
            ("no", "subject", "at", "history"),
            ("1", "x", "2024-01-02", '{"at":"never"}'),
            'history: no_such_day: {"at":"never"}',
        ),
        (
            past.RECORD,
            ("kind", "external_id", "title", "fields.nope"),
            ("order", "1", "x", "y"),
            "fields.nope: unknown_field: y",
        ),
        (
            past.RECORD,
            ("kind", "external_id", "title", "amount"),
            ("order", "1", "x", "1.234"),
            "amount: unknown_value: 1.234",
        ),
    ],
)
def test_a_mistake_names_its_column(what: str, headers: tuple[str, ...], cells: tuple[str, ...], reason: str) -> None:
    mapping, unplaced = past_columns.settled(what, headers, {})
    assert not unplaced
    row = past_record.understand(what, Line(2, cells), headers, mapping, Rules())
    assert [str(problem) for problem in row.problems] == [reason]
