"""What a scorecard may ask, what its answers come to, how an assessment goes on, and a draw nobody can bend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.quality import Candidate, Review, bounds, drawn, move, result, sections, week_of

CARD: list[dict[str, Any]] = [
    {
        "title": {"zh": "开场", "en": "Opening"},
        "questions": [
            {"key": "greet", "text": {"zh": "问候"}},
            {"key": "check", "text": {"zh": "核身"}, "fatal": True, "optional": True},
        ],
    },
    {"title": {"zh": "处理"}, "questions": [{"key": "solve", "kind": "scale", "text": {"en": "Solved"}, "weight": 3}]},
]


def test_the_score_is_the_weighted_mean_of_what_applies() -> None:
    card = sections(CARD)
    assert result(card, {"greet": 1, "check": 1, "solve": 5}).score == 100
    assert result(card, {"greet": 0, "check": 1, "solve": 5}).score == 80
    assert result(card, {"greet": 1, "check": None, "solve": 0}).score == 25
    failed = result(card, {"greet": 1, "check": 0, "solve": 5})
    assert (failed.score, failed.failed) == (0, ("check",))


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"greet": 1, "check": 1}, "answers.solve"),
        ({"greet": 1, "check": 1, "solve": 6}, "answers.solve"),
        ({"greet": None, "check": 1, "solve": 1}, "answers.greet"),
        ({"greet": 1, "check": 1, "solve": 1, "mood": 1}, "answers.mood"),
        ({"greet": 2, "check": 1, "solve": 1}, "answers.greet"),
    ],
)
def test_an_answer_that_is_missing_or_wrong_is_refused_by_name(answers: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        result(sections(CARD), answers)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ([], "sections"),
        ([{"title": {"zh": "x"}, "questions": []}], "sections.0.questions"),
        ([{"title": {}, "questions": [{"key": "a", "text": {"zh": "x"}}]}], "sections.0.title"),
        ([{"title": {"zh": "x"}, "questions": [{"key": "", "text": {"zh": "x"}}]}], "sections.0.questions.0.key"),
        ([{"title": {"zh": "x"}, "questions": [{"key": "a", "text": {"fr": "x"}}]}], "sections.0.questions.0.text"),
        (
            [{"title": {"zh": "x"}, "questions": [{"key": "a", "text": {"zh": "x"}, "weight": 0}]}],
            "sections.0.questions.0.weight",
        ),
        ([CARD[0], CARD[0]], "sections"),
    ],
)
def test_a_scorecard_with_a_mistake_is_refused_by_name(wrong: Any, field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        sections(wrong)
    assert caught.value.field == field


def test_an_assessment_is_given_once_and_objected_to_once() -> None:
    assert move("drawn", Review.DONE) == "done"
    assert move("done", Review.OBJECTED) == "objected"
    assert move("objected", Review.SETTLED) == "settled"
    for before, after in (("done", Review.DONE), ("settled", Review.OBJECTED), ("done", Review.SETTLED)):
        with pytest.raises(ConflictError):
            move(before, after)


contacts = st.dictionaries(st.integers(0, 60), st.sampled_from(["ann", "bob", "eve"]), max_size=30)


@settings(max_examples=40)
@given(contacts, st.sampled_from(["number", "percent"]), st.integers(1, 100), st.randoms())
def test_every_agent_is_drawn_alike_and_the_seed_alone_decides(
    there: dict[int, str], how: str, amount: int, dice: Any
) -> None:
    found = [Candidate(f"i{n}", agent) for n, agent in there.items()]
    first = drawn("seed", found, how, amount)
    dice.shuffle(found)
    assert drawn("seed", found, how, amount) == first
    for agent in set(there.values()):
        mine = sum(one.agent == agent for one in found)
        wanted = min(amount, mine) if how == "number" else -(-mine * amount // 100)
        assert sum(one.agent == agent for one in first) == wanted >= 1
    assert len(set(first)) == len(first)


def test_another_seed_draws_others() -> None:
    there = [Candidate(f"i{n}", "ann") for n in range(100)]
    assert drawn("a", there, "number", 5) != drawn("b", there, "number", 5)


def test_a_week_begins_on_monday_by_the_clock_of_its_zone() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    sunday_evening = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert week_of(sunday_evening, zone) == date(2026, 11, 23)
    since, until = bounds(date(2026, 11, 23), zone)
    assert (since.astimezone(UTC), until - since) == (datetime(2026, 11, 22, 16, tzinfo=UTC), timedelta(days=7))
