"""What may be dialled unasked: numbers of people, at home unless the line says otherwise."""

from __future__ import annotations

import pytest

from contactd.core.dialling import safe_to_call


@pytest.mark.parametrize(
    ("number", "abroad", "safe"),
    [
        ("13800138000", False, "+8613800138000"),
        ("010-6013 5900", False, "+861060135900"),
        ("+861060135900", False, "+861060135900"),
        ("+44 20 7946 0123", False, None),
        ("+44 20 7946 0123", True, "+442079460123"),
        ("+44 909 8790123", True, None),
        ("95588", True, None),
        ("110", True, None),
        ("400-618-0987", True, None),
        ("60135900", True, None),
        ("10690000123456", True, None),
        ("anonymous", True, None),
        ("", True, None),
        ("+8613800138000" * 40, True, None),
    ],
)
def test_numbers_that_may_be_called(number: str, abroad: bool, safe: str | None) -> None:
    found = safe_to_call(number, abroad=abroad)
    assert (found.e164 if found else None) == safe
