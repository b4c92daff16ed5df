"""What is proved about who sent a mail: by a mail server we believe (Authentication-Results, RFC 8601), or by our own check.

`verdict` is pass (the domain in From is proved), fail (its owner says that its mail is proved, and this is not), none (there is no
way to tell) or temp (there will be).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contactd.channels.email import dmarc, signatures
from contactd.channels.email.block import Fields
from contactd.channels.email.headers import clean

METHODS = ("spf", "dkim", "dmarc", "arc")
_MAX_FIELDS = 20
_MAX_RESULTS = 50
_RESULTS = frozenset(
    {"pass", "fail", "none", "neutral", "softfail", "policy", "temperror", "permerror", "bestguesspass", "hardfail"}
)
_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_ASKED = re.compile(r"\bdmarc\s*=\s*[a-z]+\s*\([^()]{0,200}?\bp=(none|quarantine|reject)\b", re.IGNORECASE)
"""Google writes what the domain asks for into a comment."""
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]{1,30})(?:/\d{1,3})?\s*=\s*([a-z]{1,20})\b(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(
    r"\b(smtp\.mailfrom|header\.(?:d|i|from)|action|policy\.dmarc)\s*=\s*\"?([^\s\";]{1,320})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is proved about a mail."""

    verdict: str
    author: str
    """The domain in From."""
    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    arc: str = "none"
    asks: str = ""
    """What the author's domain asks for: none | quarantine | reject."""
    by: str = ""
    """Who checked: the authserv-id, or `own`."""

    def fact(self) -> str:
        """Return it in one line of words, as it is kept with the message."""
        values = {name: str(getattr(self, name)) for name in self.__slots__}
        return " ".join(f"{name}={clean(value, 253).replace(' ', '')}" for name, value in values.items() if value)


def told(fields: Fields, author: str, believed: Sequence[str]) -> Trust | None:
    """Return what a server we believe says; None when none does.

    Of each method the first word counts: a server that adds its own puts it on top, and takes away what bears its name.

    Args:
        fields: the header block.
        author: the address in From.
        believed: patterns of authserv-ids; an empty one stands for a field without (Microsoft 365).
    """
    if not believed:
        return None
    found: dict[str, str] = {}
    signed: list[str] = []
    properties: dict[str, str] = {}
    by = ""
    for value in fields.all("authentication-results")[:_MAX_FIELDS]:
        text = value.decode("ascii", "replace")[:8000]
        served, results = _parts(text)
        if not any(fnmatch.fnmatchcase(served, one.lower()) for one in believed):
            continue
        by = by or served or "provider"
        for method, result, rest in results:
            said = {name.lower(): words for name, words in _PROPERTY.findall(rest)}
            if method == "dkim" and result == "pass":
                found["dkim"] = "pass"
                signed.append(_domain_of(said.get("header.d") or said.get("header.i", "")))
            elif method not in found:
                found[method] = result
                properties |= {f"{method} {name}": words for name, words in said.items()}
                asked = _ASKED.search(text) if method == "dmarc" else None
                if asked is not None:
                    properties.setdefault("dmarc policy.dmarc", asked[1])
    return _judged(found, signed, properties, _domain_of(author), by) if found else None


def _parts(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Take a field to pieces: who says it, and (method, result, properties)."""
    for _ in range(3):
        text = _COMMENT.sub(" ", text)
    head, _, rest = text.partition(";")
    if "=" in head:
        head, rest = "", text
    results = []
    for piece in rest.split(";")[:_MAX_RESULTS]:
        match = _RESULT.match(piece)
        if match is not None and match[1].lower() in METHODS and match[2].lower() in _RESULTS:
            results.append((match[1].lower(), match[2].lower(), match[3]))
    return head.strip().partition(" ")[0].lower(), results


def _judged(
    found: Mapping[str, str], signed: Sequence[str], properties: Mapping[str, str], author: str, by: str
) -> Trust:
    """Say what follows from the results of each method."""
    result = found.get("dmarc", "none")
    about = _domain_of(properties.get("dmarc header.from", author))
    envelope = _domain_of(properties.get("spf smtp.mailfrom", "")) if found.get("spf") == "pass" else ""
    if result in {"pass", "bestguesspass"} and about == author:
        verdict = "pass"
    elif result in {"fail", "temperror"}:
        verdict = result.removesuffix("error")
    else:
        verdict = "pass" if dmarc.passes(author, None, signed, envelope) else "none"
    asks = (properties.get("dmarc policy.dmarc") or properties.get("dmarc action") or "").lower()
    return Trust(
        verdict=verdict,
        author=author,
        spf=found.get("spf", "none"),
        dkim=found.get("dkim", "none"),
        dmarc=result,
        arc=found.get("arc", "none"),
        asks=asks if asks in {"none", "quarantine", "reject"} else "",
        by=by,
    )


def _domain_of(value: str) -> str:
    return dmarc.domain(value.rpartition("@")[2])


def checked(raw: bytes, authors: Sequence[str], facts: Mapping[str, Any]) -> Trust:
    """Check a mail ourselves.

    Args:
        raw: the mail as it came.
        authors: every address in From; several of different domains are nobody's.
        facts: what was looked up before: `txt` (name → TXT record, None = there is none), `spf` ([result, domain], when the
            client's address is known), `late` (names that could not be looked up), and `sealers` (forwarders that are believed).
    """
    domains = {dmarc.domain(one.rpartition("@")[2]) for one in authors}
    author = next(iter(domains)) if len(domains) == 1 else ""
    texts: Mapping[str, str | None] = facts.get("txt") or {}
    late = frozenset(facts.get("late") or ())
    spf, envelope = facts.get("spf") or ("", "")
    proof = signatures.verify(raw, texts, late)
    found = _published(author, texts)
    base = Trust(
        verdict="none",
        author=author or clean(", ".join(sorted(domains)), 200),
        spf=spf or "none",
        dkim=proof.dkim,
        arc=proof.arc,
        asks=found.asks if found else "",
        by="own",
    )
    if len(domains) > 1:
        return replace(base, verdict="fail", dmarc="permerror")
    if not author:
        return base
    if dmarc.passes(author, found, proof.domains, envelope if spf == "pass" else ""):
        return replace(base, verdict="pass", dmarc="pass" if found else "none")
    if "temp" in (proof.dkim[:4], spf[:4]) or late & set(dmarc.names(author)):
        return replace(base, verdict="temp", dmarc="temperror")
    if found is None or not spf or not set(proof.sealers).isdisjoint(facts.get("sealers") or ()):
        # Nothing is asked for; or without the client's address nobody knows of the other proof; or a forwarder vouches for it.
        return base
    return replace(base, verdict="fail", dmarc="fail")


def _published(author: str, texts: Mapping[str, str | None]) -> dmarc.Policy | None:
    """Return what the author's domain, or its organisation, asks for."""
    if not author:
        return None
    for number, name in enumerate(dmarc.names(author)):
        found = dmarc.policy(texts.get(name) or "", inherited=number > 0)
        if found is not None:
            return found
    return None
