"""Knowledge: how a version of an article comes to be read by colleagues and customers, and what a version holds.

A version is written, looked over by somebody else, and published; publishing one puts the one before aside.  Nothing that was
published is ever rewritten: a change is a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from contactd.core.errors import BadRequestError, ConflictError

LANGUAGES = ("zh", "en")
SNIPPETS = ("letter", "short", "spoken")
"""How an article is said in a letter, in a line of a live conversation, and aloud."""
AUDIENCES = ("internal", "public")
LONGEST_TITLE = 200
LONGEST_BODY = 100_000
LONGEST_SNIPPET = 4000
MOST_WORDS = 40


class Version(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


_D, _R, _P, _O, _W = Version
MOVES: dict[tuple[Version, str], Version] = {
    (_D, "submit"): _R,
    (_R, "return"): _D,
    (_R, "publish"): _P,
    (_P, "replace"): _O,
    (_P, "withdraw"): _W,
}
"""(state, act) → next state.  What is not here does not happen."""
OPEN = frozenset({_D, _R})
"""Versions that may still become something: an article has one at most."""


def move(state: str, act: str, *, author: str | None, actor: str) -> Version:
    """Return what a version becomes.

    Raises:
        BadRequestError: there is no such act.
        ConflictError: it cannot follow (code `bad_state`), or the author looks over their own words (`four_eyes`).
    """
    if act not in {name for _, name in MOVES}:
        message = f"an act is {', '.join(sorted({name for _, name in MOVES} - {'replace'}))}"
        raise BadRequestError(message, field="act")
    after = MOVES.get((Version(state), act))
    if after is None:
        message = f"a version that is {state} cannot be moved by {act}"
        raise ConflictError(message, code="bad_state")
    if act == "publish" and author == actor:
        message = "somebody other than the author publishes"
        raise ConflictError(message, code="four_eyes")
    return after


def texts(given: Any) -> dict[str, dict[str, Any]]:
    """Read what a version says: language → `title, body (HTML), snippets, words`; every part is there afterwards.

    Raises:
        BadRequestError: it is not as it must be; `field` names what is at fault.
    """
    if not isinstance(given, Mapping) or not given or not set(given) <= set(LANGUAGES):
        message = f"an article is written in {' or '.join(LANGUAGES)}"
        raise BadRequestError(message, field="texts")
    return {name: _text(given[name], f"texts.{name}") for name in LANGUAGES if name in given}


def valid(begin: datetime | None, end: datetime | None, now: datetime) -> bool:
    """Tell whether an article is shown at `now`."""
    return (begin is None or begin <= now) and (end is None or now < end)


def spoken_in(written: Mapping[str, Any], language: str) -> str:
    """Return the language an article is shown in: the one wanted, else one it has."""
    return language if language in written else next(iter(written), LANGUAGES[0])


def _text(one: Any, where: str) -> dict[str, Any]:
    if not isinstance(one, Mapping):
        message = "what is written in a language is an object"
        raise BadRequestError(message, field=where)
    title = _words(one.get("title", ""), LONGEST_TITLE, f"{where}.title").strip()
    if not title:
        message = "an article has a title"
        raise BadRequestError(message, field=f"{where}.title")
    snippets = one.get("snippets") or {}
    if not isinstance(snippets, Mapping) or not set(snippets) <= set(SNIPPETS):
        message = f"snippets are {', '.join(SNIPPETS)}"
        raise BadRequestError(message, field=f"{where}.snippets")
    found = one.get("words") or []
    if not isinstance(found, list) or len(found) > MOST_WORDS:
        message = f"at most {MOST_WORDS} further words"
        raise BadRequestError(message, field=f"{where}.words")
    return {
        "title": title,
        "body": _words(one.get("body", ""), LONGEST_BODY, f"{where}.body"),
        "snippets": {
            name: _words(snippets[name], LONGEST_SNIPPET, f"{where}.snippets.{name}")
            for name in SNIPPETS
            if snippets.get(name)
        },
        "words": [_words(word, LONGEST_TITLE, f"{where}.words").strip() for word in found],
    }


def _words(value: Any, longest: int, where: str) -> str:
    if not isinstance(value, str) or len(value) > longest:
        message = f"a text of at most {longest} characters"
        raise BadRequestError(message, field=where)
    return value
