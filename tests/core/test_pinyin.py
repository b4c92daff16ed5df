"""A Chinese name is found by its sound, also where the surname is read in its own way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.pinyin import MAX_READINGS, is_han, readings, surname


@pytest.mark.parametrize(
    ("name", "whole", "initials"),
    [
        ("张三丰", "zhangsanfeng", "zsf"),
        ("单田芳", "shantianfang", "stf"),
        ("曾志伟", "zengzhiwei", "zzw"),
        ("仇英", "qiuying", "qy"),
        ("查良镛", "zhaliangyong", "zly"),
        ("区志明", "ouzhiming", "ozm"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟卨", "moqixie", "mqx"),
        ("欧阳修", "ouyangxiu", "oyx"),
        ("解放军", "xiefangjun", "xfj"),
        ("吕布", "lvbu", "lb"),
        ("王 小二 (北京)", "wangxiaoerbeijing", "wxebj"),
    ],
)
def test_the_likeliest_reading_comes_first(name: str, whole: str, initials: str) -> None:
    assert readings(name)[0] == (whole, initials)


def test_other_readings_are_kept_too() -> None:
    assert {"shantianfang", "dantianfang"} <= {whole for whole, _ in readings("单田芳")}


def test_a_name_without_chinese_characters_has_no_sound() -> None:
    assert readings("Ann Smith") == ()
    assert readings("") == ()


def test_a_surname_of_two_characters_is_known() -> None:
    assert surname("欧阳修") == "欧阳"
    assert surname("欧阳") == "欧"
    assert surname("张三") == "张"


def test_rare_characters_are_chinese_too() -> None:
    assert is_han("𠮷")
    assert is_han("镕")
    assert not is_han("A")
    assert readings("𠮷田")


@given(st.text(max_size=60))
def test_no_text_makes_it_raise_or_grow(text: str) -> None:
    assert len(readings(text)) <= MAX_READINGS
