"""What stays of data when the person goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.erasing import bare

UUID = "0192f000-1111-7222-8333-444455556666"


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (
            {"line": "support", "agent": UUID, "n": 3, "live": True},
            {"line": "support", "agent": UUID, "n": 3, "live": True},
        ),
        (
            {"at": "2026-11-02T08:00:00.000Z", "ms": 1793606400000},
            {"at": "2026-11-02T08:00:00.000Z", "ms": 1793606400000},
        ),
        ({"to": "+8613800138000", "note": "张三要退货"}, {"to": "", "note": ""}),
        ({"number": 13800138000, "张三": 1}, {"number": 0}),
        ({"rule": "overflow[0].closed"}, {"rule": "overflow[0].closed"}),
        ([["from", "li@example.com"]], [["from", ""]]),
        (
            {"subject": ["refund", "wang"], "priority": [0, 2], "type": ["inquiry", "complaint"]},
            {"subject": ["", ""], "priority": [0, 2], "type": ["inquiry", "complaint"]},
        ),
        (
            {"steps": [{"menu": "main-2", "choice": "1", "label": "退货", "entered": "1234"}]},
            {"steps": [{"menu": "main-2", "choice": "1", "label": "", "entered": ""}]},
        ),
        ({"menu": "main 2", "choice": "13800138000"}, {"menu": "", "choice": ""}),
        ({"menu": "main-2"}, {"menu": ""}),
        (None, None),
    ],
)
def test_figures_ids_and_our_words_stay(data: Any, left: Any) -> None:
    assert bare(data) == left


@settings(max_examples=60)
@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_nothing_a_person_could_say_stays(data: Any) -> None:
    left = str(bare(data))
    assert left.isascii()
    assert "@" not in left
