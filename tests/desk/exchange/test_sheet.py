"""Files as people and programs save them are read as they were meant; what is no value is a fault of its cell."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from contactd.core.errors import BadRequestError
from contactd.desk.exchange import csv_sheet, xlsx_sheet
from contactd.desk.exchange.sheet import Faulty, Line, Sheet, open_sheet

TABLE = "姓名,手机,公司\r\n张三,13800138000,郑州一厂\r\n李四,13900139000,\r\n"
ROWS = [
    Line(2, ("张三", "13800138000", "郑州一厂")),
    Line(3, ("李四", "13900139000", "")),
]


def put(folder: Path, data: bytes, name: str = "people.csv") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def read(file: Path) -> tuple[Sheet, list[Line]]:
    sheet = open_sheet(file)
    return sheet, list(sheet.lines)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TABLE.encode("gbk"), "gb18030"),  # Excel in China
        (TABLE.encode(), "utf-8"),
        (TABLE.encode("utf-8-sig"), "utf-8-sig"),
        (TABLE.encode("utf-16"), "utf-16"),
        (TABLE.replace(",", ";").encode(), "utf-8"),
        (TABLE.replace(",", "\t").encode("utf-16"), "utf-16"),  # Excel's "Unicode text"
        (TABLE.replace("\r\n", "\n").encode(), "utf-8"),
        ((TABLE + "\r\n,,\r\n").encode(), "utf-8"),
    ],
)
def test_a_table_is_read_however_it_was_saved(tmp_path: Path, data: bytes, encoding: str) -> None:
    sheet, lines = read(put(tmp_path, data))
    assert (sheet.format, sheet.encoding, sheet.headers) == ("csv", encoding, ("姓名", "手机", "公司"))
    assert lines == ROWS


def test_quotes_hold_separators_and_line_ends(tmp_path: Path) -> None:
    _, lines = read(put(tmp_path, b'name,street\r\n"Wang, Li","Road 1\r\nHouse 2"\r\nZhang,"5"" pipe"\r\n'))
    assert [line.cells for line in lines] == [("Wang, Li", "Road 1\r\nHouse 2"), ("Zhang", '5" pipe')]


def test_short_and_long_rows_keep_the_columns(tmp_path: Path) -> None:
    _, lines = read(put(tmp_path, b"a,b,c\n1\n1,2,3,4,5\n"))
    assert [line.cells for line in lines] == [("1", "", ""), ("1", "2", "3")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "no_header"),
        (b"name\n\xff\xff\xff\xff\n", "encoding"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
        (b"PK\x03\x04 but no archive", "damaged"),
        (b'{"name": "x"}\n[1]\n', "row"),
        (b"a\n" + b'"' + b"x" * 200_000, "row"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(put(tmp_path, data))
    assert caught.value.code == code


def test_a_named_encoding_is_believed_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    file = put(tmp_path, "name\n一些\n".encode("gbk"))  # one of the few words that are UTF-8 by chance
    assert [line.cells for line in open_sheet(file, encoding="gbk").lines] == [("一些",)]
    with pytest.raises(BadRequestError, match="nonsense"):
        open_sheet(file, encoding="nonsense")


def excel(folder: Path, *rows: list[object]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / "people.xlsx")
    return folder / "people.xlsx"


def test_numbers_in_excel_are_what_was_typed(tmp_path: Path) -> None:
    file = excel(
        tmp_path, ["姓名", "手机", "分"], ["张三", 13800138000, 1.5], ["", None, None], ["李四", "013900139000", 7.0]
    )
    sheet, lines = read(file)
    assert (sheet.format, sheet.headers) == ("xlsx", ("姓名", "手机", "分"))
    assert lines == [Line(2, ("张三", "13800138000", "1.5")), Line(4, ("李四", "013900139000", "7"))]


def test_formulas_and_lost_digits_in_excel_are_faults(tmp_path: Path) -> None:
    _, (line,) = read(excel(tmp_path, ["a", "b", "c"], ["=HYPERLINK(1)", 622202100000123456789, "fine"]))
    formula, rounded, fine = line.cells
    assert (formula, fine) == (Faulty("formula", "=HYPERLINK(1)"), "fine")
    assert isinstance(rounded, Faulty)
    assert rounded.reason == "digits_lost"


def test_an_archive_that_grows_without_measure_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (xlsx_sheet.MAX_GROWTH * 3))
    with pytest.raises(BadRequestError) as caught:
        open_sheet(file)
    assert caught.value.code == "too_large"


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0;=E4=B8=89;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=E4=B8=89
TEL;CELL:13800138000
TEL;WORK:010-12345678
PHOTO;ENCODING=BASE64;JPEG:
 AAAA
 BBBB
END:VCARD
BEGIN:VCARD
VERSION:3.0
broken
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:John Doe
TEL;TYPE="cell,voice";VALUE=uri:tel:+49 170 1234567
TEL;TYPE=FAX:+49 40 123
EMAIL:john@doe.example
EMAIL:jd@doe.example
ORG:Doe Ltd;Sales
ADR:;;Road 1;Hamburg;;20095;Germany
END:VCARD
"""


def test_cards_are_rows_and_a_broken_one_is_a_fault_of_its_own(tmp_path: Path) -> None:
    sheet, lines = read(put(tmp_path, CARDS.encode(), "people.vcf"))
    rows = [dict(zip(sheet.headers, line.cells, strict=True)) for line in lines]
    assert {key: rows[0][key] for key in ("name", "family_name", "mobile", "office_phone")} == {
        "name": "张三",
        "family_name": "张",
        "mobile": "13800138000",
        "office_phone": "010-12345678",
    }
    assert isinstance(rows[1]["name"], Faulty)
    assert rows[1]["name"].reason == "damaged"
    assert rows[2]["email"] == "john@doe.example\njd@doe.example"
    assert (rows[2]["organisation"], rows[2]["department"], rows[2]["fax"]) == ("Doe Ltd", "Sales", "+49 40 123")
    assert (rows[2]["street"], rows[2]["city"]) == ("Road 1", "Hamburg")


def test_lines_of_json_are_rows_and_lists_are_several(tmp_path: Path) -> None:
    text = "\n".join(map(json.dumps, ({"name": "Li", "phone": ["1", "2"]}, {"name": "Wu", "vip": True, "phone": None})))
    sheet, lines = read(put(tmp_path, text.encode(), "people.jsonl"))
    assert sheet.headers == ("name", "phone", "vip")
    assert [line.cells for line in lines] == [("Li", "1\n2", ""), ("Wu", "", "1")]


@given(st.text(min_size=1, max_size=60))
def test_any_text_that_utf_8_holds_is_read_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    encoded = text.encode("utf-8", "ignore")
    file = put(tmp_path_factory.mktemp("x"), encoded)
    assert csv_sheet.encoding_of(file) in {"utf-8", "utf-8-sig", "utf-16"}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_clear_mistake(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with suppress(BadRequestError):
        sheet, lines = read(put(tmp_path_factory.mktemp("x"), data))
        assert all(len(line.cells) == len(sheet.headers) for line in lines)
