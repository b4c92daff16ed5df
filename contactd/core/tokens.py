"""What words a text is found by: one tokenizer for both databases, so that both give the same hits.

Runs of Chinese characters become overlapping pairs and the last single one (投诉电话 → 投诉 诉电 电话 话), so two characters or
more are a phrase of pairs, and one character is the beginning of a pair.  Latin words are words; digits stand as they are.  A name
is also found by its sound and its initials, a number by any of its last digits from four on.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contactd.core.pinyin import HAN, is_han, readings

MAX_CHARS = 20_000
"""Characters of a text that are looked at."""
MAX_TOKENS = 8_000
"""Tokens of a document: PostgreSQL counts positions to 16,383."""
MAX_SAME = 200
"""Occurrences of one token: PostgreSQL keeps 256 places of a word, and both databases must agree."""
MAX_WORD = 40
WHOLE = 11
"""Digits of a whole mobile number."""
TAIL = 4
"""Fewest last digits a number is found by."""
MAX_QUERY = 100
MAX_TERMS = 8
_FIRST_PLANE_ENDS = "\U00010000"

_MOBILE = re.compile(r"(1(?<!\d1)[3-9]\d)[ .\-]?(\d{4})[ .\-]?(\d{4})(?!\d)")
"""A mobile number in groups: one word, so that its middle is none by itself."""
_PLAIN_HAN = "[\u3007\u3400-\u4dbf\u4e00-\u9fff]"
_PIECE = re.compile(rf"[a-z]++(?![^\W\d_])|{_PLAIN_HAN}++(?![\uf900-\ufaff\U00020000-\U0003ffff])|\d+|[^\W\d_]+")
"""Runs of letters or of digits; the frequent kinds first, by themselves, as they are found in half the time."""
_HANS = re.compile(f"{_PLAIN_HAN}+")
_ODD = re.compile(f"[^\\W_a-z0-9{_PLAIN_HAN[1:-1]}]")
"""What a text without is cut by `_USUAL`: any letter or digit beyond the frequent kinds."""
_USUAL = re.compile(rf"(?=({_PLAIN_HAN}{{1,2}}|[a-z]{{1,40}}|[0-9]{{1,40}}))(?:{_PLAIN_HAN}|[a-z]++|[0-9]++)")
"""The tokens of such a text, pairs and all, in half the time of cutting runs first; words end at `MAX_WORD`."""
_KIND = re.compile(f"{HAN.pattern}+|{HAN.pattern.replace('[', '[^', 1)}+")
"""The parts of a piece: Chinese characters, and other letters."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing a document must hold: tokens that follow each other; the last one may be only a beginning."""

    tokens: tuple[str, ...]
    prefix: bool


def of_text(text: str) -> list[str]:
    """Return the tokens of a text, in order, bounded."""
    return _bounded(_tokens(text[:MAX_CHARS]))


def joined(texts: Sequence[str]) -> list[str]:
    """Return the tokens of several texts, each as one text with spaces between: for a worker, as they are fewer to hand over."""
    return [" ".join(of_text(text)) for text in texts]


def of_name(name: str) -> list[str]:
    """Return the tokens of a name: those of its text, its sounds and initials, and the whole as one word."""
    found = list(_tokens(name[:MAX_QUERY]))
    for whole, initials in readings(name[:MAX_QUERY]):
        found += [whole, initials]
    return _bounded(found)


def of_number(value: str) -> list[str]:
    """Return the tokens of a telephone number: all its digits, and every ending of at least four."""
    digits = "".join(char for char in value if char.isdecimal())
    if len(digits) <= TAIL:
        return [digits] if digits else []
    return [digits[at:] for at in range(len(digits) - TAIL + 1)]


def terms(query: str, *, whole_numbers: bool = False, whole_words: bool = False) -> list[Term]:
    """Return what a document must hold to be found by `query`; nothing when it holds no word.

    With `whole_numbers` a number is found only by all its digits or its last four: who may not know it cannot try it out.

    With `whole_words` what is not Chinese is found by no beginning: nobody spells out an address they may not know.

    Words are and-ed.  The last part of each may be only the beginning of a word, so that hits come while one types.
    """
    found = []
    for word in plain(query[:MAX_QUERY]).split():
        tokens = list(_pieces(word))
        if not tokens:
            continue
        flat = [_safe(token) for run in tokens for token in _query_tokens(run, last=run is tokens[-1])]
        last = tokens[-1]
        prefix = not whole_words if not is_han(last[0]) else len(last) == 1
        if whole_numbers and any(token.isdecimal() for token in tokens):
            if any(token.isdecimal() and TAIL < len(token) < WHOLE for token in tokens):
                return []
            prefix = prefix and not last.isdecimal()
        found.append(Term(tuple(flat), prefix=prefix))
        if len(found) == MAX_TERMS:
            break
    return found


def hold(found: Sequence[str], asked: Sequence[Term]) -> bool:
    """Tell whether tokens hold every term, as both databases would say."""
    return all(_stands(found, term) for term in asked)


def _stands(found: Sequence[str], term: Term) -> bool:
    *first, last = term.tokens
    for at in range(len(found) - len(first)):
        end = found[at + len(first)]
        if (end == last or (term.prefix and end.startswith(last))) and list(found[at : at + len(first)]) == first:
            return True
    return False


def plain(text: str) -> str:
    """Return a text as it is compared: compatibility forms folded, case folded."""
    return _MOBILE.sub(r"\1\2\3", unicodedata.normalize("NFKC", text).casefold())


def highlights(text: str, query: str) -> list[tuple[int, int]]:
    """Return the (begin, end) places of `text` that a query's words stand at, in order, without overlaps."""
    low = text.lower() if len(text.lower()) == len(text) else text
    places: list[tuple[int, int]] = []
    for word in unicodedata.normalize("NFKC", query[:MAX_QUERY]).casefold().split():
        for run in {word, *_pieces(word)}:
            at = low.find(run)
            while at >= 0:
                places.append((at, at + len(run)))
                at = low.find(run, at + len(run))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _tokens(text: str) -> list[str]:
    folded = plain(text)
    if _ODD.search(folded) is None:
        return _USUAL.findall(folded)
    found: list[str] = []
    for word in _PIECE.findall(folded):
        if word.isascii():
            found.append(word[:MAX_WORD])
        elif _HANS.fullmatch(word):
            found += [word[at : at + 2] for at in range(len(word) - 1)]
            found.append(word[-1])
        else:
            found += _mixed(word)
    return found


def _mixed(word: str) -> Iterator[str]:
    for run in _KIND.findall(word):
        if is_han(run[0]):
            yield from (run[at : at + 2] for at in range(len(run) - 1))
            yield run[-1]
        else:
            yield run[:MAX_WORD]


def _query_tokens(run: str, *, last: bool) -> Iterator[str]:
    """Yield the tokens a run of the query must be found as; a run that goes on in other letters ends in its single one."""
    if is_han(run[0]) and len(run) > 1:
        yield from (run[at : at + 2] for at in range(len(run) - 1))
        if not last:
            yield run[-1]
    else:
        yield run[:MAX_WORD]


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into runs of Chinese characters, of digits, and of other letters."""
    for piece in _PIECE.findall(text):
        yield from _KIND.findall(piece)


def _safe(token: str) -> str:
    """Write characters beyond the first plane as letters: SQLite's tables do not know all of them."""
    if max(token) < _FIRST_PLANE_ENDS:
        return token
    return "".join(char if char < _FIRST_PLANE_ENDS else f"z{ord(char):x}z" for char in token)


def _bounded(tokens: Sequence[str]) -> list[str]:
    # Most texts need no bound: what tells so runs over all tokens at once.
    counted = Counter(tokens)
    first_plane = max("".join(counted), default="") < _FIRST_PLANE_ENDS
    if first_plane and max(counted.values(), default=0) <= MAX_SAME:
        return list(tokens[:MAX_TOKENS])
    seen: Counter[str] = Counter()
    kept: list[str] = []
    for token in tokens:
        seen[token] += 1
        if seen[token] <= MAX_SAME:
            kept.append(_safe(token))
        if len(kept) == MAX_TOKENS:
            break
    return kept
