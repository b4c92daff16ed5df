"""DMARC (RFC 7489): whether what was proved about a mail is about the domain its From names, and what that domain asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

_TAG = re.compile(r"\s*([a-z]{1,10})\s*=\s*([^;]{0,400}?)\s*(?:;|$)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+"
)
_POLICIES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain asks for."""

    asks: str
    """none | quarantine | reject: what is to become of mail that fails."""
    strict_dkim: bool
    strict_spf: bool


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """Load the list of public suffixes once, and only where it is needed."""
    return PublicSuffixList()


def domain(text: str) -> str:
    """Return a domain as it is compared: lower case, without a final dot, in its ASCII form; empty when it is none."""
    folded = text.strip().rstrip(".").lower()
    if not folded.isascii():
        try:
            folded = idna.encode(folded, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    return folded if _DOMAIN.fullmatch(folded) else ""


@lru_cache(maxsize=2000)
def organisation(name: str) -> str:
    """Return the domain that was registered, below which its owner decides: `b.co.uk` for `a.b.co.uk`."""
    return _suffixes().privatesuffix(name) or name


def aligned(proved: str, author: str, *, strict: bool) -> bool:
    """Tell whether a proved domain speaks for the author's."""
    if not proved or not author:
        return False
    return proved == author or (not strict and organisation(proved) == organisation(author))


def names(author: str) -> list[str]:
    """Return the names at which the policy for a domain may stand, the nearest first."""
    return [f"_dmarc.{one}" for one in dict.fromkeys((author, organisation(author))) if one]


def policy(record: str, *, inherited: bool) -> Policy | None:
    """Read a policy record; None when it is none.  `inherited`: it stands at the organisation of a subdomain."""
    if not re.match(r"\s*v\s*=\s*DMARC1\s*(?:;|$)", record, re.IGNORECASE):
        return None
    tags = {name.lower(): value.lower() for name, value in _TAG.findall(record[:2000])}
    asks = tags.get("sp", tags.get("p", "none")) if inherited else tags.get("p", "none")
    return Policy(
        asks if asks in _POLICIES else "none", strict_dkim=tags.get("adkim") == "s", strict_spf=tags.get("aspf") == "s"
    )


def passes(author: str, found: Policy | None, dkim: Iterable[str], spf: str) -> bool:
    """Tell whether one of the proved domains (those of valid signatures, that of the envelope) speaks for the author's."""
    by_key = found is not None and found.strict_dkim
    by_path = found is not None and found.strict_spf
    return any(aligned(one, author, strict=by_key) for one in dkim) or aligned(spf, author, strict=by_path)
