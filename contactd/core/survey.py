"""Satisfaction surveys: what is asked, who is asked, what an answer is worth, and how an invitation ends.

Who is asked is decided by a digest of the contact's id and not by a dice: the same contact is asked, or not, however often it
is looked at, on every node.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contactd.core.errors import BadRequestError, ConflictError

LANGUAGES = ("zh", "en")
MOST_QUESTIONS = 10
LONGEST_QUESTION = 300
LONGEST_COMMENT = 2000
BEST = 10
"""Highest score a question may have: 0-10 is what "would you recommend us" asks for."""


class Invitation(StrEnum):
    """Where an invitation stands."""

    INVITED = "invited"
    ANSWERED = "answered"
    REFUSED = "refused"
    HUNG_UP = "hung_up"
    EXPIRED = "expired"


_OVER = (Invitation.ANSWERED, Invitation.REFUSED, Invitation.HUNG_UP, Invitation.EXPIRED)
MOVES: dict[Invitation, tuple[Invitation, ...]] = {
    Invitation.INVITED: _OVER,
    **dict.fromkeys(_OVER, ()),
}
"""Invitation → what may follow: it ends once, and for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that is asked."""

    key: str
    kind: str
    """score | text"""
    text: Mapping[str, str]
    """Language → words; at least one."""
    lowest: int = 1
    best: int = 5

    def words(self, language: str) -> str:
        """Return the question in a language, else in one it has."""
        return self.text.get(language) or next(iter(self.text.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to one question."""

    question: str
    score: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An invitation as a channel carries it out: what to ask, and in which language."""

    invite: str
    survey: str
    language: str
    questions: tuple[Question, ...]
    intro: str = ""
    closing: str = ""
    answered: Mapping[str, int | None] = field(default_factory=dict)
    """Questions that are answered already (a channel that was cut off goes on behind them)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the answers of an invitation are worth."""

    score: int | None
    """Of the first score question."""
    percent: int | None
    """Mean of all score questions, 0-100."""
    comment: str


def questions(given: Any) -> tuple[Question, ...]:
    """Read the questions of a definition: a list of `{key, kind, text, lowest?, best?}`.

    Raises:
        BadRequestError: they are not as they must be; `field` names the one at fault.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_QUESTIONS:
        message = f"a survey has 1 to {MOST_QUESTIONS} questions"
        raise BadRequestError(message, field="questions")
    found = tuple(_question(one, f"questions.{n}") for n, one in enumerate(given))
    if len({one.key for one in found}) < len(found):
        message = "two questions have the same key"
        raise BadRequestError(message, field="questions")
    return found


def asked(survey: str, interaction: str, share: int) -> bool:
    """Tell whether a contact is among the `share` per cent that are asked."""
    digest = hashlib.sha256(f"{survey}\0{interaction}".encode()).digest()
    return int.from_bytes(digest[:4]) % 100 < share


def move(before: str, after: str) -> Invitation:
    """Return how an invitation ends.

    Raises:
        BadRequestError: there is no such end.
        ConflictError: it is over (code `over`).
    """
    try:
        old, new = Invitation(before), Invitation(after)
    except ValueError:
        message = f"an invitation ends {', '.join(_OVER)}"
        raise BadRequestError(message, field="state") from None
    if new not in MOVES[old]:
        message = "this invitation is over"
        raise ConflictError(message, code="over")
    return new


def replies(given: Sequence[Reply], asked_for: Sequence[Question]) -> tuple[Reply, ...]:
    """Return the replies that answer something, each within its bounds.

    Raises:
        BadRequestError: a question nobody asked, or a score that is none of its own.
    """
    known = {one.key: one for one in asked_for}
    found: dict[str, Reply] = {}
    for reply in given:
        question = known.get(reply.question)
        if question is None:
            message = "there is no such question"
            raise BadRequestError(message, field="question")
        if question.kind == "text":
            found[reply.question] = Reply(question=reply.question, text=reply.text[:LONGEST_COMMENT].strip())
            continue
        if reply.score is None or not question.lowest <= reply.score <= question.best:
            message = f"the score is between {question.lowest} and {question.best}"
            raise BadRequestError(message, field=reply.question)
        found[reply.question] = Reply(
            question=reply.question, score=reply.score, text=reply.text[:LONGEST_COMMENT].strip()
        )
    return tuple(one for one in found.values() if one.score is not None or one.text)


def result(given: Sequence[Reply], asked_for: Sequence[Question]) -> Result:
    """Sum the replies up."""
    scores = {one.question: one.score for one in given if one.score is not None}
    rated = [one for one in asked_for if one.key in scores]
    shares = [(scores[one.key] - one.lowest) / (one.best - one.lowest) for one in rated]
    comment = "\n".join(one.text for one in given if one.text)[:LONGEST_COMMENT]
    return Result(
        scores[rated[0].key] if rated else None,
        round(100 * sum(shares) / len(shares)) if shares else None,
        comment,
    )


def spoken(language: str | None, fallback: str) -> str:
    """Return the language somebody is asked in: theirs where it is known and ours, else the survey's own."""
    known = (language or "").partition("-")[0].lower()
    return known if known in LANGUAGES else fallback if fallback in LANGUAGES else LANGUAGES[0]


def _question(one: Any, where: str) -> Question:
    if not isinstance(one, dict):
        message = "a question is an object"
        raise BadRequestError(message, field=where)
    key, kind, text = one.get("key"), one.get("kind", "score"), one.get("text")
    lowest, best = one.get("lowest", 1), one.get("best", 5)
    if not isinstance(key, str) or not key.isascii() or not key.replace("_", "").isalnum() or len(key) > 40:  # noqa: PLR2004 - a word
        message = "a question's key is a word of ASCII letters"
        raise BadRequestError(message, field=f"{where}.key")
    if kind not in {"score", "text"}:
        message = "a question is score or text"
        raise BadRequestError(message, field=f"{where}.kind")
    if not isinstance(text, dict) or not any(text.values()) or not all(_fits(*pair) for pair in text.items()):
        message = f"a question has words in {' or '.join(LANGUAGES)}, {LONGEST_QUESTION} characters at most"
        raise BadRequestError(message, field=f"{where}.text")
    if lowest not in (0, 1) or not isinstance(best, int) or not lowest < best <= BEST:
        message = f"scores go from 0 or 1 to {BEST} at most"
        raise BadRequestError(message, field=f"{where}.best")
    return Question(
        key=key, kind=kind, text={name: text[name] for name in LANGUAGES if text.get(name)}, lowest=lowest, best=best
    )


def _fits(language: Any, words: Any) -> bool:
    return language in LANGUAGES and isinstance(words, str) and len(words) <= LONGEST_QUESTION
