"""Columns find their field, and a row becomes a customer or a list of what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.headers import FIELDS, fingerprint, propose, settled
from contactd.desk.exchange.record import Record, Rules, day, understand, uscc
from contactd.desk.exchange.sheet import Faulty, Line


def row(**cells: str) -> Record:
    headers = tuple(cells)
    mapping, _ = settled(headers, {})
    return understand(Line(2, tuple(cells.values())), headers, mapping, Rules(area_code="0371"))


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("客户名称", "name"),
        ("联系人姓名*", "name"),
        ("Mobile Phone", "mobile"),
        ("手机号（必填）", None),  # what it means is not guessed
        ("手机2", "mobile"),
        ("电话 1", "phone"),
        ("E-mail", "email"),
        ("e_mail address", "email"),
        ("电子邮箱", "email"),
        ("单位名称", "organisation"),
        ("统一社会信用代码", "uscc"),
        ("业务员", "owner"),
        ("custom.rank", "custom.rank"),
        ("Ｎａｍｅ", "name"),  # noqa: RUF001 - full width, as some programs write
        ("金额", None),
        ("family_name", "family_name"),
    ],
)
def test_columns_are_known_by_their_usual_names(header: str, field: str | None) -> None:
    assert propose([header]).get(header) == field


def test_every_field_can_be_named_by_itself() -> None:
    assert propose(FIELDS) == {field: field for field in FIELDS}


def test_a_choice_overrules_and_leaves_out_and_what_nobody_placed_is_told() -> None:
    headers = ("姓名", "电话", "金额")
    assert settled(headers, {"电话": "fax", "姓名": "-"}) == ({"电话": "fax"}, ("金额",))
    for chosen, code in (({"名": "name"}, "unknown_column"), ({"电话": "phon"}, "unknown_field")):
        with pytest.raises(BadRequestError) as caught:
            settled(headers, chosen)
        assert caught.value.code == code


def test_the_same_programs_next_file_is_known_again() -> None:
    assert fingerprint(("姓名", "电话 1")) == fingerprint((" 姓名", "电话_1"))
    assert fingerprint(("姓名", "电话")) != fingerprint(("电话", "姓名"))


def test_a_row_becomes_a_customer() -> None:
    record = row(
        姓名="张三",
        手机="13800138000、13900139000",
        座机="60135900转801",
        邮箱="Zhang@X.example; z@y.example",
        公司="郑州一厂",
        职务="采购",
        生日="1985年3月7日",
        等级="A",
        vip="是",
        标签="老客户,华中",
        客户阶段="成交客户",
    )
    assert not record.problems
    assert record.fields == {
        "display_name": "张三",
        "kind": "person",
        "vip": 1,
        "tags": ["老客户", "华中"],
        "lifecycle": "customer",
    }
    assert [(point.value, point.ext, label) for point, label in record.points] == [
        ("+8613800138000", "", "mobile"),
        ("+8613900139000", "", "mobile"),
        ("+8637160135900", "801", "office"),
        ("zhang@x.example", "", None),
        ("z@y.example", "", None),
    ]
    assert record.work == {"organisation": "郑州一厂", "title": "采购"}
    assert record.custom == {"birthday": "1985-03-07"}


def test_names_are_put_together_as_their_language_does() -> None:
    assert row(姓="欧阳", 名="修").fields["display_name"] == "欧阳修"
    assert row(firstname="Ada", lastname="Lovelace").fields["display_name"] == "Ada Lovelace"
    assert row(name="Müller GmbH").fields["kind"] == "org"
    assert row(公司="郑州一厂", 电话="037160135900").fields == {"display_name": "郑州一厂", "kind": "org"}
    company = row(客户名称="郑州有限公司", 公司名称="郑州有限公司")
    assert (company.fields["kind"], company.work) == ("org", {})


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"name": "x", "mobile": "1.38E+10"}, "digits_lost"),
        ({"name": "x", "mobile": "12"}, "no_number"),
        ({"name": "x", "email": "nobody"}, "no_address"),
        ({"name": "x", "生日": "2023-02-30"}, "no_such_day"),
        ({"name": "x", "kind": "planet"}, "unknown_value"),
        ({"name": "x", "vip": "9"}, "unknown_value"),
        ({"name": "x", "税号": "91410100MA0000000X"}, "unknown_value"),
        ({"name": "x" * 500}, "too_long"),
        ({"title": "boss"}, "nobody"),
    ],
)
def test_a_mistake_names_its_column(cells: dict[str, str], code: str) -> None:
    (problem,) = row(**cells).problems
    assert problem.code == code
    assert problem.header in {*cells, "name"}


def test_a_faulty_cell_counts_only_where_the_column_is_used() -> None:
    line = Line(2, ("Li", Faulty("formula", "=1+1"), Faulty("formula", "=2")))
    record = understand(line, ("name", "mobile", "sum"), {"name": "name", "mobile": "mobile"}, Rules())
    assert [(one.header, one.code) for one in record.problems] == [("mobile", "formula")]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-1-5", "2026-01-05"),
        ("2026/01/05", "2026-01-05"),
        ("2026年1月5日", "2026-01-05"),
        ("20260105", "2026-01-05"),
        ("26.1.5", "2026-01-05"),
        ("85.1.5", "1985-01-05"),
        ("２０２６－１－５", "2026-01-05"),  # noqa: RUF001 - full width
        ("2026-01-05 00:00:00", "2026-01-05"),
        ("2025-02-29", None),
        ("soon", None),
        ("1月5日", None),
    ],
)
def test_days_are_read_as_people_write_them(text: str, iso: str | None) -> None:
    assert day(text) == iso


def test_a_credit_code_is_known_by_its_check_character() -> None:
    assert uscc("91350100M000100Y43") == "91350100M000100Y43"  # the example of GB 32100-2015
    assert uscc("91350100m000100y43 ") == "91350100M000100Y43"
    assert uscc("91350100M000100Y44") is None
    assert uscc("123") is None


@given(st.lists(st.text(max_size=40), min_size=len(FIELDS), max_size=len(FIELDS)))
def test_any_cells_are_a_customer_or_mistakes(cells: list[str]) -> None:
    mapping = {field: field for field in FIELDS}
    record = understand(Line(2, tuple(cell.strip() for cell in cells)), FIELDS, mapping, Rules())
    assert record.problems or record.fields or record.points or record.id or record.external
