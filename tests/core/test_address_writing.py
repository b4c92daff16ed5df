"""Numbers as people write them, and as programs compare them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.address import display_phone, phone, undivided


@pytest.mark.parametrize(
    ("said", "compared"),
    [
        ("+86 138-0013-8000", "13800138000"),
        ("0371-60135900", "037160135900"),
        ("0371-60135900转801", "037160135900-801"),
        ("400-618-0987", "4006180987"),
        ("+1 (212) 555-1234", "+12125551234"),
        ("1001", "1001"),
        ("95588", "95588"),
    ],
)
def test_what_people_read_is_compared_without_what_divides_it(said: str, compared: str) -> None:
    address = phone(said)
    assert address is not None
    assert undivided(display_phone(address)) == compared


@pytest.mark.parametrize("other", ["", "li@example.cn", "PJSIP/1001", "anonymous", "a visitor 12", "2024-11-22 10:00"])
def test_what_is_no_number_stays_as_it_is(other: str) -> None:
    assert undivided(other) == other


@given(st.from_regex(r"1[3-9]\d{9}|0(10|2\d|[3-9]\d{2})[2-8]\d{6,7}|\+[1-9]\d{6,13}", fullmatch=True))
def test_no_digit_is_lost_and_it_is_the_same_number_still(said: str) -> None:
    address = phone(said)
    if address is not None and address.e164.startswith("+"):
        again = phone(undivided(display_phone(address)))
        assert again is not None
        assert again.e164 == address.e164
