"""Quality: what a contact is judged by, what the answers come to, how an assessment goes on, and which contacts are drawn.

Who is judged is drawn by lot from a seed that is kept: everybody can draw again and see that nobody picked.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from contactd.core.errors import BadRequestError, ConflictError

LANGUAGES = ("zh", "en")
MOST_SECTIONS = 20
MOST_QUESTIONS = 60
LONGEST_TEXT = 300
LONGEST_REMARK = 1000
BEST = 10
HEAVIEST = 100
KINDS = ("yes", "scale")
HOW = ("number", "percent")


class Review(StrEnum):
    """Where an assessment stands."""

    DRAWN = "drawn"
    DONE = "done"
    OBJECTED = "objected"
    SETTLED = "settled"


MOVES: dict[Review, tuple[Review, ...]] = {
    Review.DRAWN: (Review.DONE,),
    Review.DONE: (Review.OBJECTED,),
    Review.OBJECTED: (Review.SETTLED,),
    Review.SETTLED: (),
}
"""Assessment → what may follow: it is given once, objected to at most once, and answered once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that is judged."""

    key: str
    kind: str
    """yes (1 or 0) | scale (0 to `best`)"""
    text: Mapping[str, str]
    """Language → words; at least one."""
    best: int = 1
    weight: int = 1
    fatal: bool = False
    """The lowest answer makes the whole assessment 0."""
    optional: bool = False
    """May not apply to a contact; then it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Questions under one heading."""

    title: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What the answers come to."""

    score: int
    """0-100; 0 when something fatal failed."""
    failed: tuple[str, ...]
    """Keys of fatal questions that failed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that may be drawn."""

    interaction: str
    agent: str


def sections(given: Any) -> tuple[Section, ...]:
    """Read the sections of a scorecard: a list of `{title, questions: [{key, kind, text, best?, weight?, fatal?, optional?}]}`.

    Raises:
        BadRequestError: they are not as they must be; `field` names the one at fault.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_SECTIONS:
        _refuse("sections", f"a scorecard has 1 to {MOST_SECTIONS} sections")
    found = tuple(_section(one, f"sections.{n}") for n, one in enumerate(given))
    keys = [one.key for one in _all(found)]
    if len(keys) > MOST_QUESTIONS:
        _refuse("sections", f"a scorecard has at most {MOST_QUESTIONS} questions")
    if len(set(keys)) < len(keys):
        _refuse("sections", "two questions have the same key")
    return found


def document(found: Iterable[Section]) -> list[dict[str, Any]]:
    """Return sections as they are stored and shown."""
    return [asdict(one) for one in found]


def result(found: Iterable[Section], answers: Mapping[str, int | None]) -> Result:
    """Return what answers come to: the weighted mean of what applies, 0-100; None = does not apply.

    Raises:
        BadRequestError: one is missing, out of its range, or about nothing that is asked; `field` names it.
    """
    asked = {one.key: one for one in _all(found)}
    for key in answers:
        if key not in asked:
            _refuse(f"answers.{key}", "this is not asked")
    for one in asked.values():
        _check(one, answers)
    given = [(one, value) for one in asked.values() if (value := answers[one.key]) is not None]
    if not given:
        _refuse("answers", "something must apply")
    failed = tuple(one.key for one, value in given if one.fatal and value == 0)
    reached = sum(one.weight * value / one.best for one, value in given)
    most = sum(one.weight for one, _ in given)
    return Result(0 if failed else round(100 * reached / most), failed)


def move(before: str, after: Review) -> str:
    """Return how an assessment goes on.

    Raises:
        ConflictError: it does not go on so (code `state`).
    """
    if after not in MOVES[Review(before)]:
        message = f"this assessment is {before}"
        raise ConflictError(message, code="state")
    return after


def week_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of a moment's week, by the clock of a zone."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def bounds(week: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first moment of a week and the first behind it."""
    begin = datetime(week.year, week.month, week.day, tzinfo=zone)
    return begin, begin + timedelta(days=7)


def drawn(seed: str, candidates: Iterable[Candidate], how: str, amount: int) -> list[Candidate]:
    """Draw from each agent's contacts: so many (`number`), or so many of a hundred, at least one (`percent`).

    The lot of a contact is the digest of the seed and its id: the same draw for the same seed, whatever the order they came in.
    """
    mine: dict[str, dict[str, Candidate]] = defaultdict(dict)
    for one in candidates:
        mine[one.agent][hashlib.sha256(f"{seed}\0{one.interaction}".encode()).hexdigest()] = one
    found: list[Candidate] = []
    for _, lots in sorted(mine.items()):
        wanted = amount if how == "number" else -(-len(lots) * amount // 100)
        found += [lots[lot] for lot in sorted(lots)[:wanted]]
    return found


def _check(one: Question, answers: Mapping[str, int | None]) -> None:
    field = f"answers.{one.key}"
    if one.key not in answers:
        _refuse(field, "this is not answered")
    value = answers[one.key]
    if value is None and not one.optional:
        _refuse(field, "this applies to every contact")
    if value is not None and not _within(value, 0, one.best):
        _refuse(field, f"an answer is between 0 and {one.best}")


def _all(found: Iterable[Section]) -> list[Question]:
    return [one for section in found for one in section.questions]


def _section(given: Any, field: str) -> Section:
    if not isinstance(given, dict):
        _refuse(field, "a section is an object")
    asked = given.get("questions")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_QUESTIONS:
        _refuse(f"{field}.questions", f"a section has 1 to {MOST_QUESTIONS} questions")
    questions = tuple(_question(one, f"{field}.questions.{n}") for n, one in enumerate(asked))
    return Section(title=_words(given.get("title"), f"{field}.title"), questions=questions)


def _question(given: Any, field: str) -> Question:
    if not isinstance(given, dict):
        _refuse(field, "a question is an object")
    key, kind = given.get("key"), given.get("kind", "yes")
    if not isinstance(key, str) or not 0 < len(key) <= 40 or not key.isprintable():  # noqa: PLR2004 - a short name
        _refuse(f"{field}.key", "a key has 1 to 40 characters")
    if kind not in KINDS:
        _refuse(f"{field}.kind", f"a kind is one of {', '.join(KINDS)}")
    best, weight = given.get("best", 5) if kind == "scale" else 1, given.get("weight", 1)
    if not _within(best, 1, BEST):
        _refuse(f"{field}.best", f"the best answer is between 1 and {BEST}")
    if not _within(weight, 1, HEAVIEST):
        _refuse(f"{field}.weight", f"a weight is between 1 and {HEAVIEST}")
    marks = {name: given.get(name, False) for name in ("fatal", "optional")}
    for name, value in marks.items():
        if not isinstance(value, bool):
            _refuse(f"{field}.{name}", "this is true or false")
    text = _words(given.get("text"), f"{field}.text")
    return Question(key=key, kind=kind, text=text, best=best, weight=weight, **marks)


def _words(given: Any, field: str) -> dict[str, str]:
    """Read a text by language."""
    fits = isinstance(given, dict) and all(
        name in LANGUAGES and isinstance(words, str) and len(words) <= LONGEST_TEXT for name, words in given.items()
    )
    found = {name: words.strip() for name, words in given.items() if words.strip()} if fits else {}
    if not found:
        _refuse(field, f"a text has words in {' or '.join(LANGUAGES)}, at most {LONGEST_TEXT} characters")
    return found


def _within(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _refuse(field: str, message: str) -> NoReturn:
    raise BadRequestError(message, field=field)
