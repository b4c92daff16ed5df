"""Senders that want to be taken for somebody else: domains that look like one of ours, names that show another address.

Pure; what is compared is what a hurried reader sees.  Confusable letters are the common ones of UTS 39.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

import idna

from contactd.channels.email import dmarc

_LIKE = {
    "a": "\u0430\u0251\u03b1",
    "b": "\u0432\u044c8",
    "c": "\u0441\u03f2",
    "d": "\u0501",
    "e": "\u0435\u0454\u04bd3",
    "g": "\u0261",
    "h": "\u04bb",
    "j": "\u0458",
    "k": "\u043a\u03ba",
    "l": "\u0456\u0131\u04cf\u03b9\u01c01i|",
    "m": "\u043c",
    "n": "\u043f\u03b7",
    "o": "\u043e\u03bf\u03c3\u05850",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u04555",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u0475\u03bd",
    "w": "\u0461\u051d",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3\u028f",
    "z": "\u1d22",
}
_LETTERS = {like: letter for letter, likes in _LIKE.items() for like in likes}
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))
_LEAST = 5
"""Shorter names are one letter from too many others."""
_RESERVED = frozenset({"example", "localhost", "test", "invalid"})
_SCRIPTS = (
    ("latin", "LATIN"), ("cyrillic", "CYRILLIC"), ("greek", "GREEK"), ("han", "CJK"), ("kana", "HIRAGANA"), ("kana", "KATAKANA"),
    ("hangul", "HANGUL"), ("arabic", "ARABIC"), ("hebrew", "HEBREW"), ("armenian", "ARMENIAN"), ("thai", "THAI"),
)  # fmt: skip
_TOGETHER = (frozenset({"latin", "han", "kana"}), frozenset({"latin", "han", "hangul"}))
"""Scripts that one word may mix (UTS 39, "highly restrictive")."""
_SHOWN = re.compile(r"[^\s@<>\"'(),;:]{1,64}@([^\s@<>\"'(),;:]{1,253})")


def _skeleton(name: str) -> str:
    """Return what a name looks like."""
    folded = unicodedata.normalize("NFKD", name.lower())
    seen = "".join(_LETTERS.get(char, char) for char in folded if not unicodedata.combining(char))
    for pair, one in _PAIRS:
        seen = seen.replace(pair, one)
    return seen.replace("-", "")


@lru_cache(maxsize=5000)
def of_ours(sender: str, ours: tuple[str, ...]) -> str | None:
    """Return which of our domains a sender's looks like; None when it is one of them, or like none."""
    domain = dmarc.domain(sender)
    if not domain or any(domain == one or domain.endswith(f".{one}") for one in ours):
        return None
    inside = next((one for one in ours if f".{one}." in f".{domain}"), None)
    if inside is not None:
        return inside
    registered = dmarc.organisation(domain)
    shown = unicode_form(registered)
    for one in ours:
        own = dmarc.organisation(one)
        if registered != own and _alike(shown, own):
            return one
    return None


def _alike(shown: str, own: str) -> bool:
    """Tell whether two registered domains can be taken for each other."""
    label, mine = shown.partition(".")[0], own.partition(".")[0]
    if len(mine) < _LEAST or mine in _RESERVED:
        return False
    seen, known = _skeleton(label), _skeleton(mine)
    return seen == known or (known in seen and "-" in label) or _one_apart(seen, known)


def _one_apart(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter: added, left out, another, or two that changed places."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        swapped = one[at : at + 2] == other[at : at + 2][::-1]
        return one[at + 1 :] == other[at + 1 :] or (swapped and one[at + 2 :] == other[at + 2 :])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[at + 1 :] == shorter[at:]


def unicode_form(domain: str) -> str:
    """Return a domain as people see it; as it is where it cannot be shown."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def mixed(domain: str) -> str | None:
    """Return a domain's ASCII form when one of its words mixes scripts or only pretends to be Latin; None when it is honest."""
    ascii_form = dmarc.domain(domain)
    if "xn--" not in ascii_form:
        return None
    for label in unicode_form(ascii_form).split("."):
        scripts = _scripts(label)
        honest = len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)
        pretends = not label.isascii() and "han" not in scripts and _skeleton(label).isascii()
        if not honest or pretends:
            return ascii_form
    return None


def _scripts(label: str) -> frozenset[str]:
    """Return the scripts of a word's letters."""
    found = set()
    for char in label:
        if char.isalpha():
            name = unicodedata.name(char, "")
            found.add(next((script for script, begin in _SCRIPTS if name.startswith(begin)), "other"))
    return frozenset(found)


def shown_instead(name: str, address: str) -> str | None:
    """Return the address that a display name shows in place of the sender's own; None when it shows none of elsewhere."""
    if "@" not in name:
        return None
    own = dmarc.domain(address.rpartition("@")[2])
    for match in _SHOWN.finditer(name[:1000]):
        other = dmarc.domain(match[1])
        if other and dmarc.organisation(other) != dmarc.organisation(own):
            return match[0]
    return None


def elsewhere(replies: Iterable[str], address: str) -> str | None:
    """Return the address that answers are led to when it is of another organisation than the sender's."""
    own = dmarc.domain(address.rpartition("@")[2])
    for one in replies:
        other = dmarc.domain(one.rpartition("@")[2])
        if other and own and other != own and dmarc.organisation(other) != dmarc.organisation(own):
            return one
    return None


_RUN_LIST = """
exe scr com pif bat cmd js jse vbs vbe wsf wsh hta msi msp lnk iso img vhd ps1 jar cpl reg dll chm docm xlsm pptm svg
html htm xhtml
"""
_RUNS = frozenset(_RUN_LIST.split())


def dangerous(names: Sequence[str]) -> str | None:
    """Return the name of a file that may run something when it is opened."""
    return next((name for name in names[:200] if name.rpartition(".")[2].lower().strip() in _RUNS), None)
