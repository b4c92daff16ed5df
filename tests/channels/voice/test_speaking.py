"""Numbers as they are said: the grammar of both languages, and nothing lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.channels.voice import speaking

GROUPS = {"万": 10_000, "亿": 100_000_000}
PLACES = {"十": 10, "百": 100, "千": 1000}


def heard(words: list[str]) -> int:
    """Understand a Chinese number as a listener does."""
    total = group = digit = 0
    for word in words:
        if word in GROUPS:
            total, group, digit = total + (group + digit) * GROUPS[word], 0, 0
        elif word in PLACES:
            group, digit = group + (digit or 1) * PLACES[word], 0
        elif word != "零":
            digit = 2 if word == "两" else "零一二三四五六七八九".index(word)
    return total + group + digit


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (212, "二百一十二"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (2002, "两千零二"),
        (10_000, "一万"),
        (12_000, "一万两千"),
        (20_000, "两万"),
        (100_000, "十万"),
        (120_304, "十二万零三百零四"),
        (1_000_001, "一百万零一"),
        (220_000, "二十二万"),
        (200_000_000, "两亿"),
        (100_000_001, "一亿零一"),
        (1_0000_2000, "一亿零两千"),
        (-5, "负五"),
    ],
)
def test_chinese(value: int, said: str) -> None:
    assert "".join(speaking.zh_number(value)) == said


def test_a_bare_two_that_counts_is_liang() -> None:
    assert speaking.zh_number(2, counting=True) == ["两"]
    assert speaking.zh_number(12, counting=True) == ["十", "二"]


@given(st.integers(0, speaking.MOST - 1))
@settings(max_examples=200)
def test_a_chinese_number_is_understood_and_well_formed(value: int) -> None:
    words = speaking.zh_number(value)
    assert heard(words) == value
    text = "".join(words)
    assert "零零" not in text
    assert value == 0 or not text.endswith("零")
    assert all(sound.startswith("sound:digits/") for sound in speaking.number("zh", value))


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (17, "17"), (21, "20 1"), (300, "3 hundred"), (1999, "1 thousand 9 hundred 90 9"), (-4, "minus 4")],
)
def test_english(value: int, said: str) -> None:
    assert [word.removeprefix("digits/") for word in speaking.en_number(value)] == said.split()


def said(media: tuple[str, ...]) -> str:
    return " ".join(each.removeprefix("sound:").removeprefix("digits/") for each in media)


def test_times_money_dates_and_telephone_numbers() -> None:
    assert said(speaking.clock("zh", 14, 5)) == "time/pm liang time/dian 0 5 time/fen"
    assert said(speaking.clock("zh", 9, 0)) == "time/am 9 time/dian time/zheng"
    assert said(speaking.clock("en", 0, 0)) == "12 oclock a-m"
    assert said(speaking.clock("en", 14, 5)) == "2 oh 5 p-m"
    assert said(speaking.money("zh", 1205)) == "10 2 money/yuan 0 5 money/fen"
    assert said(speaking.money("zh", 250)) == "liang money/yuan 5 money/jiao"
    assert said(speaking.money("zh", 0)) == "0 money/yuan"
    assert said(speaking.money("en", 1250)) == "12 money/yuan 50 money/fen"
    assert said(speaking.date("zh", 2026, 11, 22)) == "2 0 2 6 date/nian 10 1 date/yue 2 10 2 date/ri"
    assert said(speaking.date("en", 2026, 11, 22)) == "mon-10 20 h-2 20 20 6"
    assert said(speaking.digits("+86 138-0013")) == "8 6 1 3 8 0 0 1 3"
