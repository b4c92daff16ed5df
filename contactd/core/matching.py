"""Who may be whom: what two records of customers are compared by, and how much it says that they agree.

Keys are exact: two records with the same value of a rule are a candidate pair, whatever else they hold.  Several rules that agree
add up (1 - the product of what each leaves open), so a pair's score never reaches 1 and never falls by agreeing more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contactd.core.address import EMAIL, FAX, PHONE, ROLE_MAILBOXES
from contactd.core.pinyin import readings

WEIGHTS = {"uscc": 0.97, "phone": 0.85, "mail": 0.8, "org_name": 0.75, "name_org": 0.7, "pinyin_tail": 0.6}
"""Rule → how much two records with the same value are the same customer, alone."""
PROPOSED = 0.5
"""Pairs with a lower score are not shown to anybody."""
MOST = 20
"""A value that more records share says nothing about any two of them."""
TAIL = 8
"""Last digits of a number that are compared with a name's sound."""

_FORM = re.compile(
    r"(?:股份有限公司|有限责任公司|集团有限公司|有限公司|股份公司|总公司|分公司|子公司|办事处|公司|集团|企业|商行|工作室)$"
)
_LATIN_FORM = re.compile(
    r"[\s,.]+(?:co\.?,?\s*ltd|company limited|limited|ltd|inc|llc|gmbh|ag|corp|corporation|plc)\.?$"
)
_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_NOT_WORD = re.compile(r"[\W_]+")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_USCC_CHARS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is compared of a record."""

    kind: str
    name: str
    legal_name: str = ""
    uscc: str | None = None
    points: Sequence[tuple[str, str, str, bool]] = ()
    """(kind, normalised value, extension, shared) of its contact points."""
    organisations: Sequence[str] = ()
    """Names of the organisations a person works for."""


def keys(profile: Profile) -> set[tuple[str, str]]:
    """Return every (rule, value) of a record."""
    found: set[tuple[str, str]] = set()
    code = normal_uscc(profile.uscc or "")
    if code:
        found.add(("uscc", code))
    for kind, value, ext, shared in profile.points:
        if shared or value.startswith(("short:", "raw:")):
            continue
        if kind == PHONE:
            found.add(("phone", f"{value},{ext}" if ext else value))
        elif kind == EMAIL and value.partition("@")[0] not in ROLE_MAILBOXES:
            found.add(("mail", value))
    if profile.kind == "org":
        found |= {("org_name", name) for one in (profile.name, profile.legal_name) if (name := org_name(one))}
    elif profile.name:
        found.update(_of_person(profile))
    return found


def _of_person(profile: Profile) -> Iterable[tuple[str, str]]:
    """Return the keys in which a person's name stands beside something rarer than a name."""
    plain = _plain(profile.name)
    for organisation in profile.organisations:
        if plain and (firm := org_name(organisation)):
            yield "name_org", f"{plain}|{firm}"
    sounds = [whole for whole, _ in readings(profile.name)[:1]] or ([plain] if plain else [])
    for kind, value, _, shared in profile.points:
        digits = value.lstrip("+")
        if kind in {PHONE, FAX} and digits.isdigit() and len(digits) >= TAIL and not shared:
            for sound in sounds:
                yield "pinyin_tail", f"{sound}|{digits[-TAIL:]}"


def score(rules: Iterable[str]) -> float:
    """Return how likely two records that agree in `rules` are the same customer, from 0 to 1."""
    left = 1.0
    for rule in set(rules):
        left *= 1 - WEIGHTS.get(rule, 0.0)
    return round(1 - left, 4)


def org_name(name: str) -> str:
    """Return the part of an organisation's name that tells it from others: without form, place in brackets, signs.

    `（北京）大象科技股份有限公司` and `大象科技有限公司` become one; a name that is all form stays whole.
    """
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    bare = _BRACKETS.sub("", plain).strip()
    for pattern in (_FORM, _LATIN_FORM):
        while (cut := pattern.sub("", bare).strip()) and cut != bare:
            bare = cut
    return _NOT_WORD.sub("", bare or plain)


def normal_uscc(text: str) -> str:
    """Return a unified social credit code (GB 32100-2015) in capitals, or nothing when its check character is wrong."""
    code = unicodedata.normalize("NFKC", text).replace(" ", "").replace("-", "").upper()
    if not _USCC.fullmatch(code):
        return ""
    total = sum(_USCC_CHARS.index(char) * weight for char, weight in zip(code, _USCC_WEIGHTS, strict=False))
    return code if _USCC_CHARS[(31 - total % 31) % 31] == code[-1] else ""


def _plain(name: str) -> str:
    """Return a name as it is compared: half width, case folded, without blanks and signs."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", name).casefold())
