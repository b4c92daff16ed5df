"""What the DNS says about a mail's sender, looked up before the mail is read: keys, policies, and SPF (RFC 7208) by pyspf.

Every look-up waits, so all of this runs in threads of its own, a few at a time, within a deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import dns.exception
import dns.name
import dns.resolver
import spf
import structlog

from contactd.channels.email import addresses, block, dmarc, signatures

log = structlog.get_logger(__name__)

DEADLINE_S = 8.0
"""For all look-ups of one mail."""
QUERY_S = 3.0
"""For one."""
SILENT_S = 60.0
"""So long a name that was not answered is not asked for again."""
MAX_TEXT = 20_000
_CACHE = 20_000
_SILENT = 5_000
_MAX_VOID = 2
"""Look-ups without an answer that SPF allows (RFC 7208 section 4.6.4)."""
_TYPES = frozenset({"A", "AAAA", "MX", "PTR", "TXT"})

Lookup = Callable[[str, str], list[Any]]
"""(name, type) → records as pyspf wants them: addresses, (preference, name), names, tuples of byte strings; [] = there are none.

Raises:
    LateError: there was no answer in time.
"""


class LateError(Exception):
    """There was no answer in time."""


class Resolver:
    """Looks names up, and remembers."""

    def __init__(self, servers: Iterable[str] = (), monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask `servers`; without any, those of the machine."""
        self._monotonic = monotonic
        self._silent: dict[str, float] = {}
        given = list(servers)
        self._resolver = dns.resolver.Resolver(configure=not given)
        if given:
            self._resolver.nameservers = given
        self._resolver.cache = dns.resolver.LRUCache(_CACHE)

    def __call__(self, name: str, kind: str) -> list[Any]:
        """Look one name up; see `Lookup`."""
        if kind not in _TYPES:
            return []
        if self._silent.get(name, 0.0) > self._monotonic():
            raise LateError
        try:
            found = self._resolver.resolve(name, kind, lifetime=QUERY_S, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.EmptyLabel, dns.name.LabelTooLong):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            if len(self._silent) >= _SILENT:
                self._silent.clear()
            self._silent[name] = self._monotonic() + SILENT_S
            raise LateError(type(error).__name__) from None
        return [_as_spf(record, kind) for record in found]


def _as_spf(record: Any, kind: str) -> Any:
    """Return a record's data in pyspf's form."""
    if kind in {"A", "AAAA"}:
        return record.address
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    if kind == "PTR":
        return record.target.to_text(omit_final_dot=True)
    return record.strings


class _Query(spf.query):  # type: ignore[misc] # pyspf has no types
    """pyspf's evaluation over our look-ups: its own would wait without bounds and remember nothing."""

    def __init__(self, lookup: Lookup, end: float, **about: str) -> None:
        """Give up at `end`, a monotonic moment."""
        super().__init__(**about, timeout=QUERY_S, querytime=DEADLINE_S)
        self._lookup = lookup
        self._end = end

    def dns(self, name: Any, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:
        """Look a name up; too many that are not there are an error in the sender's record."""
        del cnames
        if time.monotonic() > self._end:
            text = "too late"
            raise spf.TempError(text)
        try:
            found = self._lookup(str(name).rstrip(".").lower(), qtype) if name else []
        except LateError:
            text = "no answer"
            raise spf.TempError(text) from None
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > _MAX_VOID:
                text = "too many names that are not there"
                raise spf.PermError(text)
        return found


def gather(head: bytes, lookup: Lookup, *, peer: str, helo: str, mail_from: str | None) -> dict[str, Any]:
    """Look up what checking a mail takes (`trust.checked`).

    Args:
        head: the mail, or its beginning with the whole header block.
        lookup: asks the DNS.
        peer: the client's address; empty = it is not known, and there is nothing for SPF to check.
        helo: what the client calls itself.
        mail_from: the envelope's sender; empty for none.
    """
    end = time.monotonic() + DEADLINE_S
    fields, _ = block.split(head[: block.MAX_BLOCK + 4])
    authors = [one for value in fields.all("from")[:5] for _, one in addresses.parse(value[:4000]) if "@" in one]
    wanted = list(signatures.key_names(fields))
    for one in authors[:5]:
        wanted += dmarc.names(dmarc.domain(one.rpartition("@")[2]))
    texts: dict[str, str | None] = {}
    late: list[str] = []
    for name in dict.fromkeys(wanted):
        try:
            if time.monotonic() > end:
                raise LateError  # noqa: TRY301 - the same as an answer that does not come
            texts[name] = _text(lookup(name, "TXT"))
        except LateError:
            late.append(name)
    found: dict[str, Any] = {"txt": texts, "late": late, "authors": authors}
    if peer:
        found["spf"] = _spf(lookup, end, peer, helo, mail_from or "")
    return found


def _text(records: list[Any]) -> str | None:
    """Return the record that speaks of keys or policies: of several the one that says so, else the first."""
    texts = [b"".join(record).decode("utf_8", "replace")[:MAX_TEXT] for record in records[:10]]
    named = [one for one in texts if one.lstrip().lower().startswith(("v=dkim1", "v=dmarc1"))]
    return next(iter(named or texts), None)


def _spf(lookup: Lookup, end: float, peer: str, helo: str, mail_from: str) -> list[str]:
    """Return SPF's result and the domain it is about."""
    identity = mail_from if "@" in mail_from else f"postmaster@{helo}"
    about = dmarc.domain(identity.rpartition("@")[2])
    if not about:
        return ["none", ""]
    try:
        result, _, _ = _Query(lookup, end, i=peer, s=f"{identity.rpartition('@')[0]}@{about}", h=helo or about).check()
    except Exception as error:  # noqa: BLE001 - whatever a stranger's records break, they are in error
        log.info("spf_failed", error=type(error).__name__)
        return ["permerror", about]
    return [str(result), about]
