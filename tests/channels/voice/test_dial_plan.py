"""Which numbers may be dialled: what could cost money by somebody's mistake or fraud is refused until it is allowed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.voice.options import DialOptions
from contactd.channels.voice.plan import Plan
from contactd.core.errors import BadRequestError


def plan(**options: object) -> Plan:
    return Plan(DialOptions.model_validate({"endpoint": "PJSIP/{number}@telco", **options}), "CN", "010")


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("13700001111", "13700001111"),
        ("+86 137-0000-1111", "13700001111"),
        ("010 8888 6666", "01088886666"),
        ("8888 6666", "01088886666"),
        ("400-800-6000", "4008006000"),
        ("110", "110"),
        ("119", "119"),
        ("95588", "95588"),
        ("10086", "10086"),
    ],
)
def test_ordinary_numbers_are_written_as_the_trunk_wants_them(written: str, dialled: str) -> None:
    assert plan().number(written) == dialled
    assert plan().endpoint(written) == f"PJSIP/{dialled}@telco"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("+1 202 555 0123", "number_abroad"),
        ("0012025550123", "number_abroad"),
        ("+881612345678", "number_abroad"),
        ("+852 2345 6789", "number_abroad"),
        ("1680012345", "not_a_number"),
        ("16898", "not_a_number"),
        ("12590", "number_service"),
        ("1002", "not_a_number"),
        ("hello", "not_a_number"),
        ("", "not_a_number"),
        ("13700001111&PJSIP/1", "not_a_number"),
    ],
)
def test_what_may_cost_money_is_refused_by_default(written: str, code: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        plan().number(written)
    assert refused.value.code == code


def test_what_is_allowed_is_dialled() -> None:
    assert plan(abroad=["+852"]).number("+852 2345 6789") == "0085223456789"
    assert plan(form="e164").number("13700001111") == "+8613700001111"
    assert plan(inner="PJSIP/{number}").endpoint("1002") == "PJSIP/1002"
    with pytest.raises(BadRequestError, match="country"):
        plan(abroad=["+852"]).number("+1 202 555 0123")


def test_without_a_way_out_nobody_is_called() -> None:
    with pytest.raises(BadRequestError) as refused:
        plan(endpoint="").number("13700001111")
    assert refused.value.code == "no_outside_calls"


def test_a_line_shows_its_own_number() -> None:
    shown = plan(number="400800000", shown={"sales": "400800001"})
    assert (shown.shown("sales"), shown.shown("support")) == ("400800001", "400800000")


@given(st.text(max_size=40) | st.from_regex(r"[+0-9 ()&,;|@/\r\n-]{0,40}", fullmatch=True))
def test_no_text_puts_anything_but_a_number_on_the_wire(text: str) -> None:
    """Fails when a separator that a dial string gives a meaning gets through."""
    try:
        endpoint = plan(inner="PJSIP/{number}").endpoint(text)
    except BadRequestError:
        return
    assert re.fullmatch(r"PJSIP/\+?[0-9]{2,32}(@telco)?", endpoint)
