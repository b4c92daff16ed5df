"""What two records of customers are compared by."""

# ruff: noqa: RUF001 - full-width letters are what people type
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.matching import WEIGHTS, Profile, keys, normal_uscc, org_name, score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("（北京）大象科技股份有限公司", "大象科技有限公司"),
        ("大象科技（集团）有限公司", "大象科技"),
        ("Elephant Co., Ltd.", "ELEPHANT  limited"),
        ("大象 科技 有限责任公司", "大象科技集团"),
        ("Ｅｌｅｐｈａｎｔ Inc.", "elephant"),
    ],
)
def test_an_organisation_is_one_whatever_its_form(one: str, other: str) -> None:
    assert org_name(one) == org_name(other) != ""


def test_a_name_that_is_all_form_stays() -> None:
    assert org_name("公司") == "公司"
    assert org_name("大象科技") != org_name("小象科技")


def test_a_credit_code_counts_only_with_its_check_character() -> None:
    assert normal_uscc(" 91350100m000100y43 ") == "91350100M000100Y43"
    assert normal_uscc("91350100M000100Y42") == ""
    assert normal_uscc("not a code") == ""


def test_shared_and_short_numbers_say_nothing_about_one_person() -> None:
    points = [
        ("phone", "+8613800138000", "", False),
        ("phone", "+861012345678", "", True),
        ("phone", "short:95588", "", False),
        ("phone", "raw:123456789", "", False),
        ("fax", "+862161234567", "", False),
        ("email", "info@example.com", "", False),
        ("email", "li@example.com", "", False),
    ]
    found = keys(Profile(kind="person", name="李雷", points=points))
    assert {value for rule, value in found if rule in {"phone", "mail"}} == {"+8613800138000", "li@example.com"}
    assert ("pinyin_tail", "lilei|00138000") in found
    assert ("pinyin_tail", "lilei|61234567") in found


def test_a_person_of_the_same_name_in_the_same_firm_is_proposed() -> None:
    one = keys(Profile(kind="person", name="王 芳", organisations=["大象科技有限公司"]))
    other = keys(Profile(kind="person", name="王芳", organisations=["（北京）大象科技股份有限公司"]))
    assert one == other == {("name_org", "王芳|大象科技")}


def test_a_bare_name_proposes_nobody() -> None:
    assert keys(Profile(kind="person", name="王芳")) == set()


@given(st.lists(st.sampled_from(sorted(WEIGHTS))), st.sampled_from(sorted(WEIGHTS)))
def test_agreeing_in_more_never_says_less(rules: list[str], more: str) -> None:
    assert 0 <= score(rules) <= score([*rules, more]) <= 1
