"""What leaves comes back: by its ids, without a formula, in the audit log, and never half."""

from __future__ import annotations

import csv
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from contactd.core.errors import BadRequestError
from contactd.crm_store import export_rows, parties, schema
from contactd.crm_store.export_rows import Chosen
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.exchange import results
from contactd.desk.exchange.exporting import Exporting
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.sheet import Line, Sheet
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town

PEOPLE = """姓名,手机,座机,公司,职务,邮箱,客户编号,标签,custom.rank,城市,地址,简称,vip,生日
张三,13800138000、13900139000,037160135900转801,郑州一厂,采购,zhang@x.example,K1,"老客户,华中",A,郑州,大道 1 号,老张,2,1985-03-07
"=HYPERLINK(""http://x"")",13700137000,,,,,,+1,-2,,@x,,,
"""
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'/C calc'!A0", "'=1"]


def left(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if "out" in file.name]


async def filled(store: Store, clock: ManualClock, folder: Path, text: str = PEOPLE) -> None:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8", newline="")
    _, counts = await Importing(store, clock, Idents(clock), "test").run(Wish(path=file), lambda _one: None)
    assert set(counts) == {"created"}


async def everything(store: Store) -> list[dict[str, Any]]:
    """Return all customers as they would be exported, without their ids."""
    rows = await store.read(export_rows.page)
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
async def test_what_was_exported_changes_nothing_when_it_is_imported(
    store: Store, clock: ManualClock, tmp_path: Path, form: str
) -> None:
    await filled(store, clock, tmp_path)
    before = await everything(store)
    file = tmp_path / f"out.{form}"
    assert await Exporting(store, clock, "test").run(file) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown: list[Any] = []
    _, counts = await Importing(store, clock, Idents(clock), "test").run(Wish(path=file), shown.append)
    assert counts == {"unchanged": 3}, [(one.status, one.reasons, one.changed, one.made) for one in shown]
    assert await everything(store) == before


async def test_a_corrected_export_changes_the_customer_of_its_id(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await filled(store, clock, tmp_path)
    file = tmp_path / "out.jsonl"
    await Exporting(store, clock, "test").run(file, chosen=Chosen(q="张三"))
    (row,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (row["mobile"], row["office_phone"]) == (["+8613800138000", "+8613900139000"], ["+8637160135900-801"])
    assert (row["organisation"], row["title"], row["custom.birthday"]) == ("郑州一厂", "采购", "1985-03-07")
    file.write_text(json.dumps({"id": row["id"], "salutation": "先生"}))
    await Importing(store, clock, Idents(clock), "test").run(Wish(path=file), lambda _one: None)
    assert (await store.read(lambda conn: parties.get(conn, row["id"])))["salutation"] == "先生"


async def test_no_cell_is_a_formula(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    rows = "".join(f'"{text}",{13800138000 + n}\n' for n, text in enumerate(EVIL))
    await filled(store, clock, tmp_path, f"name,mobile\n{rows}")
    for form in ("csv", "xlsx"):
        await Exporting(store, clock, "test").run(tmp_path / f"out.{form}")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in row if cell]
    assert len(cells) > len(EVIL) * 2
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r"]
    sheet = load_workbook(tmp_path / "out.xlsx").worksheets[0]
    typed = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value]
    assert {cell.data_type for cell in typed} == {"s"}
    assert {"=1+1", "@SUM(A1)"} <= {cell.value for cell in typed}


async def test_that_customers_left_is_in_the_audit_log(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await filled(store, clock, tmp_path)
    await Exporting(store, clock, "ann").run(tmp_path / "out.csv")
    log = schema.audit_log.c
    query = select(log.actor, log.detail).where(log.action == "party.export")
    rows = await store.read(lambda conn: [tuple(row) for row in conn.execute(query)])
    assert rows == [("ann", {"form": "csv", "all": True, "masked": False})]


async def test_a_broken_export_leaves_no_file(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(store, clock, tmp_path)

    def breaks(*_args: Any, **_named: Any) -> None:
        raise OSError

    monkeypatch.setattr(export_rows, "page", breaks)
    with pytest.raises(OSError):  # noqa: PT011 - whichever it is
        await Exporting(store, clock, "test").run(tmp_path / "out.csv")
    assert left(tmp_path) == []


async def test_an_unknown_form_is_refused(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError):
        await Exporting(store, clock, "test").run(tmp_path / "out.pdf")


def test_a_header_of_a_brought_file_is_no_formula_and_shows_no_number(tmp_path: Path) -> None:
    sheet = Sheet("csv", "utf-8", ("=HYPERLINK(1)", "13800138000"), iter([Line(2, ("=1+1", "x"))]))
    results.write(tmp_path / "r.csv", sheet, [Outcome(2, "new", None, [])], masked=True)
    head, row = (tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()[:2]
    assert head.startswith("'=HYPERLINK(1),138****8000,")
    assert row.startswith("'=1+1,x,")


async def test_a_list_for_calling_leaves_out_who_asked_not_to_be(store: Store, clock: ManualClock) -> None:
    town = Town(store)
    names = ("gladly", "never", "merged", "not for marketing", "changed their mind", "no letters")
    who = {name: await town.party(name) for name in names}
    await town.merge(refusing := await town.party("other", preferences={"do_not_call": True}), who["merged"])
    assert refusing
    said = [
        ("not for marketing", "", "withdrawn", 0),
        ("changed their mind", "voice", "denied", 0),
        ("changed their mind", "voice", "granted", 1),
        ("no letters", "email", "denied", 0),
    ]

    def unit(conn: WriteConn) -> None:
        now = clock.now()
        values = {"preferences": {"channel": "email", "do_not_call": True}}
        parties.patch(conn, who["never"], values, row_version=1, now=now, actor="x")
        for n, (name, channel, state, later) in enumerate(said):
            row = {
                "id": f"consent-{n}",
                "party_id": who[name],
                "purpose": "marketing",
                "channel": channel,
                "state": state,
            }
            conn.execute(schema.consent.insert().values(**row, at=now + timedelta(hours=later), by="x"))

    await store.write(unit)
    rows = await store.read(lambda conn: export_rows.page(conn, chosen=Chosen(to_call=True)))
    assert {row["name"] for row in rows} == {"gladly", "changed their mind", "no letters"}
    assert len(await store.read(export_rows.page)) == len(names)
