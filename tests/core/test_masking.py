"""Numbers as somebody sees them who may not know them."""

# ruff: noqa: RUF001 - full-width digits and signs are what people type
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.ids import uuid7
from contactd.core.masking import masked, masked_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800138000", "138****8000"),
        ("138 0013 8000", "138****8000"),
        ("138-0013-8000", "138****8000"),
        ("138.0013.8000", "138****8000"),
        ("13 800 138 000", "13 800 138 000"),
        ("我的手机13800138000", "我的手机138****8000"),
        ("phone13800138000", "phone138****8000"),
        ("+8613800138000", "+86138****8000"),
        ("+86 138 0013 8000", "+86 138****8000"),
        ("8613800138000", "86138****8000"),
        ("013800138000", "0138****8000"),
        ("１３８００１３８０００", "138****8000"),
        ("010-12345678", "010****5678"),
        ("010-12345678-801", "010****5678-801"),
        ("0371-60135900", "0371****5900"),
        ("(010)1234 5678", "(010)****5678"),
        ("+861012345678", "+8610****5678"),
        ("+86 371 60135900", "+86 371****5900"),
        ("+85221234567", "+852****567"),
        ("+1 202 555 0100", "+1****100"),
        ("raw:60135900", "raw:****"),
        ("打我电话\n13800138000谢谢", "打我电话\n138****8000谢谢"),
        ("a=13800138000&b", "a=138****8000&b"),
        ("tel:13800138000", "tel:138****8000"),
    ],
)
def test_a_persons_number_loses_its_middle(text: str, expected: str) -> None:
    assert masked_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "95588", "400-618-0987", "INV-2024-001", "2026-11-22T13:00:00.000Z", "C-000123", "123456", "订单 2024112212345678",
        "01a207a6-c660-7348-9242-e0b365863648", "19900101", "¥1,234,567.00",
    ],
)  # fmt: skip
def test_what_is_no_persons_number_stays(text: str) -> None:
    assert masked_text(text) == text


@given(st.integers(0, 10**9 - 1), st.sampled_from(["", "+86", "86 ", "0"]), st.sampled_from(["", " ", "-", "."]))
def test_no_spelling_of_a_mobile_shows_its_middle(rest: int, lead: str, gap: str) -> None:
    number = f"1{3 + rest % 7}{rest:09}"
    written = f"{lead}{number[:3]}{gap}{number[3:7]}{gap}{number[7:]}"
    shown = masked_text(f"x: {written}, y")
    assert number[3:7] not in shown.replace(number[7:], "").replace(number[:3], "") or number[3:7] in (
        number[:4],
        number[7:],
    )
    assert "****" in shown


@given(st.integers(0, (1 << 47) - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_never_taken_for_a_number(at: int, noise: bytes) -> None:
    ident = uuid7(at, noise)
    assert masked_text(ident) == ident


def test_everything_in_an_answer_is_gone_over() -> None:
    data = {"a": ["13800138000", {"13800138000": "x"}], "n": 13, "t": True, "none": None, "s": "a\n13800138000"}
    shown = json.dumps(masked(data))
    assert "0013" not in shown
    assert masked(data)["n"] == 13


def test_a_number_kept_as_a_number_is_masked_and_an_amount_is_none() -> None:
    shown = masked({"custom": {"mobile": 13800138000, "float": 13800138000.0, "floors": 13}, "amount": 13800138000})
    assert "0013" not in json.dumps(shown["custom"])
    assert (shown["custom"]["floors"], shown["amount"]) == (13, 13800138000)
