"""Excel files are unpacked in a worker: the rows are the same, and one that is made to fill the memory harms nobody."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from contactd.core.errors import BadRequestError
from contactd.desk.exchange import tables
from contactd.desk.exchange.sheet import Faulty, Line, open_sheet
from contactd.desk.exchange.tables import Tables
from contactd.workers import Workers, for_tables

STRINGS = 120_000


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = for_tables(64)
    yield pool
    await pool.close()


def excel(folder: Path) -> Path:
    book = Workbook()
    for row in (["姓名", "手机", "公式"], ["张三", 13800138000, "=1+1"], *(["李四", str(n), None] for n in range(40))):
        book.active.append(row)
    book.save(folder / "people.xlsx")
    return folder / "people.xlsx"


def heavy(folder: Path) -> Path:
    """Make a small Excel file whose texts take more memory than a worker has."""
    plain, path = excel(folder), folder / "heavy.xlsx"
    texts = "".join(f"<si><t>{n:01500}</t></si>" for n in range(STRINGS))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part, data.replace(b"</Types>", named.encode()) if "Types" in part.filename else data)
        namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{namespace}">{texts}</sst>')
    return path


async def test_an_excel_file_that_fills_the_memory_ends_its_worker_only(tmp_path: Path, workers: Workers) -> None:
    opening = Tables(tmp_path / "tables", workers.run)
    with pytest.raises(BadRequestError) as caught:
        await opening.head(heavy(tmp_path))
    assert caught.value.code == "too_large"
    sheet = await opening.whole(excel(tmp_path))
    assert len(list(sheet.lines)) == 41
    assert list((tmp_path / "tables").iterdir()) == []


async def here(task: Callable[..., Any], *given: Any) -> Any:
    return task(*given)


async def test_rows_from_a_worker_are_those_of_the_file(tmp_path: Path) -> None:
    path = excel(tmp_path)
    plain = open_sheet(path)
    rows = list(plain.lines)
    whole = await Tables(tmp_path / "tables", here).whole(path)
    head = await Tables(tmp_path / "tables", here).head(path)
    assert (whole.format, whole.headers, list(whole.lines)) == (plain.format, plain.headers, rows)
    assert (head.headers, list(head.lines)) == (plain.headers, rows[: tables.HEAD])
    assert rows[0] == Line(2, ("张三", "13800138000", Faulty("formula", "=1+1")))


async def test_rows_that_take_more_room_than_the_disk_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_WRITTEN", 200)
    with pytest.raises(BadRequestError) as caught:
        await Tables(tmp_path / "tables", here).whole(excel(tmp_path))
    assert caught.value.code == "too_large"
    assert list((tmp_path / "tables").iterdir()) == []


async def test_a_packed_table_that_is_damaged_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "torn.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("people.csv", "name,phone\n张三,13800138000\n")
    path.write_bytes(path.read_bytes().replace(b"13800138000", b"13800138001"))
    with pytest.raises(BadRequestError) as caught:
        await Tables(tmp_path / "tables", here).whole(path)
    assert caught.value.code == "damaged"
    assert list((tmp_path / "tables").iterdir()) == []
