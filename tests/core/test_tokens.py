"""What words a text is found by."""

# ruff: noqa: RUF001 - full-width letters are what people type
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.tokens import MAX_SAME, MAX_TOKENS, Term, highlights, of_name, of_number, of_text, terms


def test_chinese_is_pairs_and_the_last_single_one() -> None:
    assert of_text("投诉电话") == ["投诉", "诉电", "电话", "话"]
    assert of_text("票") == ["票"]


def test_latin_words_and_digits_stand_by_themselves() -> None:
    assert of_text("发票INV-2024/001，Ｔｅａ") == ["发票", "票", "inv", "2024", "001", "tea"]


def test_a_number_is_found_by_its_endings() -> None:
    assert of_number("+8613800138000")[0] == "8613800138000"
    assert "8000" in of_number("+8613800138000")
    assert "000" not in of_number("+8613800138000")
    assert of_number("short:110") == ["110"]


def test_a_name_is_found_by_sound_and_initials() -> None:
    assert {"张三", "zhangsanfeng", "zsf"} <= set(of_name("张三丰"))
    assert {"shantianfang", "dantianfang", "stf"} <= set(of_name("单田芳"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("投诉", [Term(("投诉",), prefix=False)]),
        ("张", [Term(("张",), prefix=True)]),
        ("投诉电话", [Term(("投诉", "诉电", "电话"), prefix=False)]),
        ("zsf", [Term(("zsf",), prefix=True)]),
        ("INV-2024", [Term(("inv", "2024"), prefix=True)]),
        ("发票 inv", [Term(("发票",), prefix=False), Term(("inv",), prefix=True)]),
        ("发票INV", [Term(("发票", "票", "inv"), prefix=True)]),
        ("  ，。!", []),
    ],
)
def test_a_question_becomes_terms(query: str, expected: list[Term]) -> None:
    assert terms(query) == expected


def _holds(tokens: list[str], term: Term) -> bool:
    size = len(term.tokens)
    return any(
        tuple(tokens[at : at + size - 1]) == term.tokens[:-1]
        and (
            tokens[at + size - 1].startswith(term.tokens[-1])
            if term.prefix
            else tokens[at + size - 1] == term.tokens[-1]
        )
        for at in range(len(tokens) - size + 1)
    )


@given(st.text(st.sampled_from("投诉电话发票張三ab12-_ 。，𠮷é"), min_size=1, max_size=30), st.data())
def test_a_piece_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text) - 1))
    words = text[begin:].split()
    if begin and not (text[begin - 1].isspace() or text[begin - 1] in "-_。，"):
        words = [word for word in words[:1] if "\u4e00" <= word[0] <= "\u9fff"] + words[1:]
    tokens = of_text(text)
    for word in words:
        for term in terms(word):
            assert _holds(tokens, term), (tokens, term)


@given(st.text(max_size=500))
def test_no_text_makes_tokens_a_database_refuses(text: str) -> None:
    for token in of_text(text):
        assert token.isalnum()
        assert max(token) < "\U00010000"


@given(st.text(st.sampled_from("投诉〇電話 ab12_-/。ＡBß\n"), max_size=60))
def test_a_letter_of_another_kind_changes_nothing_about_the_rest(text: str) -> None:
    assert of_text(f"{text} é") == [*of_text(text), "é"]


def test_long_words_and_numbers_are_cut() -> None:
    assert of_text(f"{'a' * 50} {'1' * 50}投诉") == ["a" * 40, "1" * 40, "投诉", "诉"]


def test_a_flood_is_bounded() -> None:
    assert len(of_text("投诉" * 50_000)) <= MAX_TOKENS
    assert of_text("a " * 5000).count("a") == MAX_SAME


def test_what_matched_is_marked() -> None:
    assert highlights("关于投诉的回复", "投诉") == [(2, 4)]
    assert highlights("INV-2024-001 again inv", "inv-2024") == [(0, 8), (19, 22)]
    assert highlights("138 0013 8000", "8000") == [(9, 13)]
    assert highlights("nothing", "投诉") == []
