"""A file is taken over once, row by row; what is wrong is named; what was taken over can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core.address import phone_point
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.newcomer import TakeOver
from contactd.core.party import Point
from contactd.crm_store import field_rows, import_held, import_jobs, import_rows, parties, schema
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.store import Store
from contactd.desk.exchange import importing
from contactd.desk.exchange.exporting import Exporting
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town, mail

PEOPLE = """姓名,手机,公司,邮箱,客户编号,标签
张三,13800138000,郑州一厂,zhang@x.example,K1,老客户
李四,13900139000,郑州一厂,,K2,
王五,12,,,K3,
"""


class Desk:
    """An import with what it showed."""

    def __init__(self, store: Store, clock: ManualClock, folder: Path) -> None:
        self.store = store
        self.importing = Importing(store, clock, Idents(clock), "test")
        self.folder = folder
        self.shown: list[Outcome] = []

    def wish(self, text: str | bytes, **options: Any) -> Wish:
        file = self.folder / "people.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Wish(path=file, options=TakeOver(**options))

    async def run(self, text: str | bytes, **options: Any) -> tuple[str, dict[str, int]]:
        self.shown = []
        return await self.importing.run(self.wish(text, **options), self.shown.append)

    async def party(self, name: str) -> dict[str, Any]:
        found, _ = await self.store.read(lambda conn: parties.listed(conn, q=name))
        (one,) = found
        return await self.store.read(lambda conn: parties.get(conn, one["id"]))

    async def names(self) -> list[str]:
        found, _ = await self.store.read(lambda conn: parties.listed(conn, limit=100))
        return sorted(one["name"] for one in found)


@pytest.fixture
def desk(store: Store, clock: ManualClock, tmp_path: Path) -> Desk:
    return Desk(store, clock, tmp_path)


def number(text: str) -> Point:
    point = phone_point(text)
    assert point is not None
    return point


async def test_an_excel_table_of_a_chinese_office_is_taken_over_corrected_and_taken_back(desk: Desk) -> None:
    before = await desk.names()
    job, counts = await desk.run(PEOPLE.encode("gbk"))
    assert counts == {"created": 2, "error": 1}
    assert [(one.number, one.status, one.reasons) for one in desk.shown][2] == (4, "error", ["手机: no_number: 12"])
    zhang = await desk.party("张三")
    assert {point["value"] for point in zhang["points"]} == {"+8613800138000", "zhang@x.example"}
    assert [one["name"] for one in zhang["organisations"]] == ["郑州一厂"]
    assert zhang["tags"] == ["老客户"]
    corrected = PEOPLE.replace(",12,", ",13700137000,").replace("zhang@x", "zhangsan@x")
    again, counts = await desk.run(corrected.encode("gbk"))
    assert counts == {"updated": 1, "unchanged": 1, "created": 1}
    assert len((await desk.party("张三"))["points"]) == 3
    assert await desk.names() == ["张三", "李四", "王五", "郑州一厂"]
    assert await desk.importing.undo(again) == {"reversed": 2, "nothing": 1}
    assert await desk.importing.undo(job) == {"reversed": 2, "nothing": 1}
    assert await desk.names() == before


async def test_the_same_file_is_taken_over_once(desk: Desk) -> None:
    job, _ = await desk.run(PEOPLE)
    with pytest.raises(ConflictError) as caught:
        await desk.run(PEOPLE)
    assert caught.value.code == "imported"
    await desk.importing.undo(job)
    with pytest.raises(ConflictError) as caught:
        await desk.importing.undo(job)
    assert caught.value.code == "undone"
    assert (await desk.run(PEOPLE))[1] == {"created": 2, "error": 1}


async def test_an_import_that_was_cut_short_is_gone_on_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "name,phone\n" + "".join(f"Li {n},138001380{n:02}\n" for n in range(90))
    real: Callable[..., list[Outcome]] = import_rows.take_over
    calls = []

    def breaks(conn: Any, records: Any, errand: Any) -> list[Outcome]:
        calls.append(records)
        if len(calls) == 2:
            raise RuntimeError
        return real(conn, records, errand)

    monkeypatch.setattr(importing.import_rows, "take_over", breaks)
    with pytest.raises(RuntimeError):
        await desk.run(text)
    cut = len(desk.shown)
    assert 0 < cut < 90
    monkeypatch.setattr(importing.import_rows, "take_over", real)
    job, counts = await desk.run(text)
    assert counts == {"created": 90}
    assert len(desk.shown) == 90 - cut
    assert len(await desk.names()) == 90
    assert (await desk.store.read(lambda conn: import_jobs.get(conn, job)))["state"] == "done"


async def test_a_trial_says_what_would_become_of_each_row_and_keeps_nothing(desk: Desk) -> None:
    twice = PEOPLE + "张老三,13800138000,,,,\n"
    shown: list[Outcome] = []
    counts = await desk.importing.try_out(desk.wish(twice), shown.append)
    assert counts == {"created": 2, "error": 1, "unchanged": 1}
    assert await desk.names() == []
    assert await desk.store.read(import_jobs.listed) == []
    _, done = await desk.run(twice)
    assert done == counts


async def test_a_trial_knows_rows_again_that_come_much_later(desk: Desk) -> None:
    rows = "".join(f"Li {n},138001380{n:02}\n" for n in range(90))
    shown: list[Outcome] = []
    counts = await desk.importing.try_out(desk.wish(f"name,phone\n{rows}Wu,13800138000\n"), shown.append)
    assert counts == {"created": 90, "updated": 1}
    assert shown[-1].reasons == ["row 2"]


async def test_an_undo_keeps_what_somebody_has_changed_and_says_so(desk: Desk, clock: ManualClock) -> None:
    town = Town(desk.store)
    known = await town.party("张三", number("13800138000"), tags=[], lifecycle="unknown")
    job, counts = await desk.run(
        "姓名,手机,客户阶段,标签,custom.rank\n"
        "张三,13800138000,客户,老客户,A\n"
        "李四,13900139000,客户,,\n"
        "赵六,13600136000,,,\n"
    )
    assert counts == {"updated": 1, "created": 2}
    li = await desk.party("李四")
    now = clock.now()
    version = (await desk.store.read(lambda conn: parties.get(conn, known)))["row_version"]
    await desk.store.write(
        lambda conn: parties.patch(conn, known, {"tags": ["新"]}, row_version=version, now=now, actor="ann")
    )
    await town.interaction(li["id"], "hello")
    assert await desk.importing.undo(job) == {"reversed": 1, "kept": 2}
    zhang = await desk.store.read(lambda conn: parties.get(conn, known))
    assert (zhang["tags"], zhang["lifecycle"], zhang["custom"]) == (["新"], "unknown", {})
    assert await desk.names() == ["张三", "李四"]
    rows = await desk.store.read(lambda conn: import_jobs.rows(conn, job))
    assert [(row.n, row.undone, row.kept) for row in rows] == [
        (2, "kept", ["tags"]),
        (3, "kept", ["contacts"]),
        (4, "reversed", []),
    ]


@pytest.mark.parametrize(
    ("policy", "status", "tags", "lifecycle", "points"),
    [
        ("skip", "skipped", ["a"], "unknown", 1),
        ("points", "updated", ["a"], "unknown", 2),
        ("fill", "updated", ["a"], "customer", 2),
        ("overwrite", "updated", ["b"], "customer", 2),
    ],
)
async def test_the_policy_says_what_a_row_may_change(
    desk: Desk, policy: str, status: str, tags: list[str], lifecycle: str, points: int
) -> None:
    await Town(desk.store).party("Li", number("13800138000"), tags=["a"])
    _, counts = await desk.run(
        "name,mobile,email,tags,lifecycle\nLi,13800138000,li@x.example,b,customer\n", policy=policy
    )
    assert counts == {status: 1}
    found = await desk.party("Li")
    assert (found["tags"], found["lifecycle"], len(found["points"])) == (tags, lifecycle, points)


async def test_only_the_fields_named_are_overwritten(desk: Desk) -> None:
    await Town(desk.store).party("Li", number("13800138000"), tags=["a"], salutation="Mr")
    await desk.run("name,mobile,tags,salutation\nLi,13800138000,b,Dr\n", policy="overwrite", overwrite=("tags",))
    found = await desk.party("Li")
    assert (found["tags"], found["salutation"]) == (["b"], "Mr")


async def test_a_number_of_two_customers_is_nobody_and_the_row_is_left(desk: Desk) -> None:
    town = Town(desk.store)
    await town.party("Li", number("13800138000"))
    await town.party("Wu", number("13800138000"))
    _, counts = await desk.run("name,mobile\nLi,13800138000\n")
    assert counts == {"ambiguous": 1}
    assert desk.shown[0].reasons[0].startswith("phone: ")
    assert await desk.names() == ["Li", "Wu"]


async def test_a_record_of_its_own_is_made_where_that_is_wished(desk: Desk) -> None:
    await Town(desk.store).party("Li", number("13800138000"))
    _, counts = await desk.run("name,mobile\nLi Ming,13800138000\n", policy="new")
    assert counts == {"created": 1}
    assert await desk.names() == ["Li", "Li Ming"]


async def test_a_switchboard_joins_nobody(desk: Desk) -> None:
    await Town(desk.store).party("郑州一厂", replace(number("037160135900"), shared=True), kind="org")
    _, counts = await desk.run("姓名,电话\n张三,037160135900\n")
    assert counts == {"created": 1}


async def test_customers_are_known_again_by_what_is_chosen(desk: Desk) -> None:
    await desk.run("name,email,客户编号\nLi,li@x.example,7\n", system="erp")
    _, counts = await desk.run("name,phone,客户编号\nLi Ming,13800138000,7\n", system="erp", match=("external_id",))
    assert counts == {"updated": 1}
    _, counts = await desk.run("name,phone,客户编号\nWu,13900139000,7\n", system="shop", match=("external_id",))
    assert counts == {"created": 1}
    _, counts = await desk.run("name,company\nLi,Works\n", match=("name",))
    assert counts == {"created": 1}
    _, counts = await desk.run("name,company,tags\nLi,Works,new\n", match=("name",))
    assert counts == {"updated": 1}


async def test_an_owner_is_a_person_here(desk: Desk) -> None:
    ann = await Town(desk.store).agent("ann")
    _, counts = await desk.run("name,phone,owner\nLi,13800138000,ann\nWu,13900139000,nobody\n")
    assert counts == {"created": 1, "error": 1}
    assert desk.shown[1].reasons == ["owner: unknown_person: nobody"]
    assert (await desk.party("Li"))["owner_id"] == ann


async def test_columns_are_placed_as_for_the_last_file_of_the_same_program(desk: Desk) -> None:
    wish = replace(desk.wish("Kd-Nr;Anruf\n7;13800138000\n"), mapping={"Kd-Nr": "external_id", "Anruf": "phone"})
    await desk.importing.run(wish, desk.shown.append)
    looked = await desk.importing.look(desk.wish("Kd-Nr;Anruf\n8;13900139000\n"))
    assert looked.mapping == {"Kd-Nr": "external_id", "Anruf": "phone"}


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("x,y\n1,2\n", {}, "no_mapping"),
        ("name\nLi\n", {"policy": "guess"}, "unknown_policy"),
        ("name\nLi\n", {"match": ("shoe size",)}, "unknown_match"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_before_anything(
    desk: Desk, text: str, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await desk.run(text, **options)
    assert caught.value.code == code
    assert await desk.store.read(import_jobs.listed) == []


async def test_a_merged_customer_is_found_as_the_one_they_are_now(desk: Desk) -> None:
    town = Town(desk.store)
    old = await town.party("Li", mail("li@x.example"))
    new = await town.party("Li Ming")
    await town.merge(old, new)
    await desk.run("name,email,phone\nLi,li@x.example,13800138000\n")
    rows = await desk.store.read(lambda conn: conn.execute(select(schema.import_row.c.party_id)).scalars().all())
    assert rows == [new]


async def test_rows_another_node_writes_at_the_same_moment_are_taken_over_once_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., list[Outcome]] = import_rows.take_over
    calls = []

    def crossed(conn: Any, records: Any, errand: Any) -> list[Outcome]:
        calls.append(records)
        outcomes = real(conn, records, errand)
        if len(calls) == 1:
            message = "crossed"
            raise ConflictError(message, code=import_held.CROSSED)
        return outcomes

    monkeypatch.setattr(importing.import_rows, "take_over", crossed)
    _, counts = await desk.run("name,phone\nLi,13800138000\n")
    assert counts == {"created": 1}
    assert (len(calls), await desk.names()) == (2, ["Li"])


async def test_an_id_nobody_has_is_a_mistake(desk: Desk) -> None:
    _, counts = await desk.run("id,name\nnobody-here,Li\n")
    assert counts == {"error": 1}
    assert desk.shown[0].reasons == ["id: unknown_customer: nobody-here"]


async def test_fields_of_the_house_say_what_a_column_is_and_what_fits(desk: Desk, clock: ManualClock) -> None:
    rank = [{"key": "gold", "labels": {"zh-CN": "金牌"}}, {"key": "old", "labels": {"zh-CN": "旧"}, "retired": True}]
    tags = [{"key": "north", "labels": {"zh-CN": "北方"}}, {"key": "south", "labels": {"zh-CN": "南方"}}]
    defined: list[dict[str, Any]] = [
        {"key": "rank", "type": "select", "labels": {"zh-CN": "会员级别"}, "options": rank},
        {"key": "areas", "type": "multi", "labels": {"zh-CN": "覆盖区域"}, "options": tags},
        {"key": "since", "type": "date", "labels": {"zh-CN": "入会日期"}},
        {"key": "staff", "type": "int", "labels": {"zh-CN": "员工人数"}},
        {"key": "listed", "type": "bool", "labels": {"zh-CN": "上市"}},
    ]
    for one in defined:
        values, now = {"entity": "party"} | one, clock.now()
        await desk.store.write(
            lambda conn, values=values, now=now: field_rows.define(
                conn, f"f-{values['key']}", values, now=now, actor="x"
            )
        )
    _, counts = await desk.run(
        "姓名,会员级别,覆盖区域,入会日期,员工人数,上市\n张三,金牌,北方、south,2026年1月5日,120,是\n李四,旧,,,,\n王五,,,,many,\n"
    )
    assert counts == {"created": 1, "error": 2}
    assert [one.reasons for one in desk.shown[1:]] == [
        ["会员级别: unknown_value: 旧"],
        ["员工人数: unknown_value: many"],
    ]
    zhang = await desk.party("张三")
    assert zhang["custom"] == {
        "rank": "gold",
        "areas": ["north", "south"],
        "since": "2026-01-05",
        "staff": 120,
        "listed": True,
    }
    out = desk.folder / "out.csv"
    await Exporting(desk.store, clock, "ann").run(out)
    _, counts = await desk.run(out.read_bytes(), match=("id",), policy="overwrite")
    assert counts == {"unchanged": 1}
