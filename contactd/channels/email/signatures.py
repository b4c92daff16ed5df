"""Signatures on a mail: DKIM (RFC 6376) and ARC (RFC 8617), checked by dkimpy with keys that were looked up before.

Pure: runs in a worker process.  What could make the check take long is not checked.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dkim

from contactd.channels.email import block, dmarc

MAX_SIGNATURES = 5
MAX_SEALS = 10
MAX_BYTES = 20 * 1024 * 1024
LEAST_KEY = 1024
_BLANKS = re.compile(rb"[ \t]{1000}")
"""dkimpy's time grows with the square of a run of blanks."""
_TAG = re.compile(r"(?:^|;)\s*([a-z]{1,4})\s*=\s*([^;]{0,2000})")
_SELECTOR = re.compile(r"[A-Za-z0-9._-]{1,200}")
_QUIET = logging.getLogger("contactd.dkim")
_QUIET.disabled = True


@dataclass(frozen=True, slots=True)
class Proof:
    """What the signatures prove."""

    dkim: str
    """pass | fail | none | temperror | policy (not checked: too large, or of a form that takes too long)."""
    domains: tuple[str, ...] = ()
    """Domains whose signatures hold."""
    arc: str = "none"
    sealers: tuple[str, ...] = ()
    """Domains of a chain of seals that holds, the first forwarder first."""


def _tags(value: bytes) -> dict[str, str]:
    """Read the tags of a signature field."""
    text = value.decode("ascii", "replace")[:8000]
    return {name: "".join(said.split()) for name, said in _TAG.findall(text)}


def key_names(fields: block.Fields) -> Iterator[str]:
    """Yield the names in the DNS at which the keys of a mail's signatures stand."""
    values = [
        *fields.all("dkim-signature")[:MAX_SIGNATURES],
        *fields.all("arc-message-signature")[:MAX_SEALS],
        *fields.all("arc-seal")[:MAX_SEALS],
    ]
    for value in values:
        tags = _tags(value)
        domain, selector = dmarc.domain(tags.get("d", "")), tags.get("s", "")
        if domain and _SELECTOR.fullmatch(selector):
            yield f"{selector}._domainkey.{domain}".lower()


def verify(raw: bytes, keys: Mapping[str, str | None], late: frozenset[str]) -> Proof:
    """Check a mail's signatures with `keys` (name → record); `late` are names that could not be looked up."""
    fields, _ = block.split(raw[: block.MAX_BLOCK + 4])
    signed, sealed = fields.all("dkim-signature"), fields.all("arc-seal")
    if not signed and not sealed:
        return Proof("none")
    if len(raw) > MAX_BYTES or _BLANKS.search(raw):
        return Proof("policy")

    def key(name: bytes | str, timeout: int = 0) -> bytes | None:
        del timeout
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        found = keys.get(text.rstrip(".").lower())
        return None if found is None else found.encode("utf_8")

    result, domains = _signed(raw, signed[:MAX_SIGNATURES], key, late)
    arc, sealers = _sealed(raw, sealed, key) if sealed else ("none", ())
    return Proof(result, domains, arc, sealers)


def _signed(raw: bytes, signed: list[bytes], key: object, late: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Check each signature; one that holds is enough."""
    domains: list[str] = []
    result = "none"
    for number, value in enumerate(signed):
        tags = _tags(value)
        name = f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}".lower()
        if name in late:
            result = result if result == "fail" else "temperror"
            continue
        try:
            good = dkim.DKIM(raw, logger=_QUIET, minkey=LEAST_KEY).verify(idx=number, dnsfunc=key)
        except Exception:  # noqa: BLE001 - whatever a stranger's signature breaks, it is one that does not hold
            good = False
        # Of a text signed in part, the rest may be anybody's.
        if good and "l" not in tags:
            domains.append(dmarc.domain(tags.get("d", "")))
        else:
            result = "fail"
    return ("pass", tuple(dict.fromkeys(domains))) if domains else (result, ())


def _sealed(raw: bytes, sealed: list[bytes], key: object) -> tuple[str, tuple[str, ...]]:
    """Check the chain of seals."""
    if len(sealed) > MAX_SEALS:
        return "fail", ()
    try:
        said, _, _ = dkim.ARC(raw, logger=_QUIET, minkey=LEAST_KEY).verify(dnsfunc=key)
    except Exception:  # noqa: BLE001 - whatever a stranger's seal breaks, it is one that does not hold
        return "fail", ()
    if said != dkim.CV_Pass:
        return "fail", ()
    tags = sorted((_tags(one) for one in sealed), key=lambda one: one.get("i", "").zfill(3))
    return "pass", tuple(dmarc.domain(one.get("d", "")) for one in tags)
