"""Who is asked, which answers fit, what they are worth, and how an invitation ends."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core import survey
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.survey import Invitation, Reply

STARS = {"key": "stars", "kind": "score", "text": {"zh": "您满意吗？", "en": "Were you content?"}}
AGAIN = {"key": "again", "kind": "score", "text": {"en": "Would you recommend us?"}, "lowest": 0, "best": 10}
WHY = {"key": "why", "kind": "text", "text": {"en": "Why?"}}


def test_an_invitation_ends_once() -> None:
    for end in Invitation:
        if end != Invitation.INVITED:
            assert survey.move("invited", end) == end
            with pytest.raises(ConflictError):
                survey.move(end, "answered")
    with pytest.raises(BadRequestError):
        survey.move("invited", "forgotten")


@pytest.mark.parametrize("share", [0, 25, 100])
def test_a_share_is_asked_and_always_the_same(share: int) -> None:
    idents = [f"contact-{n}" for n in range(2000)]
    chosen = [one for one in idents if survey.asked("s", one, share)]
    assert chosen == [one for one in idents if survey.asked("s", one, share)]
    assert abs(len(chosen) - share * 20) <= (0 if share in {0, 100} else 120)


def test_answers_are_summed_up() -> None:
    asked = survey.questions([STARS, AGAIN, WHY])
    given = survey.replies([Reply(question="again", score=0), Reply(question="stars", score=5)], asked)
    assert survey.result(given, asked) == survey.Result(5, 50, "")
    said = survey.replies([Reply(question="why", text=" too slow \n")], asked)
    assert survey.result(said, asked) == survey.Result(None, None, "too slow")
    assert survey.replies([Reply(question="why", text="  ")], asked) == ()


@pytest.mark.parametrize("reply", [("stars", 0), ("stars", 6), ("stars", None), ("again", -1), ("other", 3)])
def test_an_answer_that_fits_no_question_is_refused(reply: tuple[str, int | None]) -> None:
    with pytest.raises(BadRequestError):
        survey.replies([Reply(question=reply[0], score=reply[1])], survey.questions([STARS, AGAIN]))


@pytest.mark.parametrize(
    "given",
    [
        [],
        "x",
        [1],
        [STARS, STARS],
        [STARS] * 11,
        [STARS | {"key": "a b"}],
        [STARS | {"kind": "song"}],
        [STARS | {"text": {}}],
        [STARS | {"text": {"fr": "Content?"}}],
        [STARS | {"text": {"en": "x" * 301}}],
        [STARS | {"best": 11}],
        [STARS | {"lowest": 5, "best": 5}],
    ],
)
def test_questions_that_cannot_be_asked_are_refused(given: Any) -> None:
    with pytest.raises(BadRequestError):
        survey.questions(given)


@pytest.mark.parametrize(
    ("language", "fallback", "asked"), [("zh-CN", "en", "zh"), ("EN", "zh", "en"), ("fr", "en", "en"), (None, "", "zh")]
)
def test_everybody_is_asked_in_a_language(language: str | None, fallback: str, asked: str) -> None:
    assert survey.spoken(language, fallback) == asked
