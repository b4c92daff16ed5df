"""What is found out about a mail's sender between its acceptance and its reading: only for mail nobody else has checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Any

import structlog

from contactd.channels.email import block, clamd, trust
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.names import DEADLINE_S, Lookup, Resolver, gather
from contactd.channels.email.options import Options
from contactd.core.channel import Arrival

log = structlog.get_logger(__name__)

THREADS = 8
GRACE_S = 2.0
TIRED = 3
"""So many mails in a row without an answer of the DNS, and it is left alone for a while."""
REST_S = 60.0


class Examining:
    """Looks up what checking a mail takes."""

    def __init__(
        self, options: Options, beliefs: Beliefs, monotonic: Callable[[], float], lookup: Lookup | None = None
    ) -> None:
        """Ask by `lookup`; without it the DNS, from the first question on."""
        self._options = options
        self._beliefs = beliefs
        self._monotonic = monotonic
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail-names")
        self._failures = 0
        self._resting_until = 0.0

    def examine(self, arrival: Arrival) -> Coroutine[Any, Any, Mapping[str, Any]] | None:
        """Begin to find out about a mail; None where nothing is to be found out."""
        names = self._names(arrival)
        return self._both(arrival, names) if self._options.guard.clamd else names

    async def _both(self, arrival: Arrival, names: Coroutine[Any, Any, Mapping[str, Any]] | None) -> Mapping[str, Any]:
        """Show a mail to the scanner while its sender is looked up."""
        guard = self._options.guard
        asked = [clamd.scan(arrival.raw, guard.clamd, guard.clamd_seconds), *([names] if names is not None else [])]
        virus, *found = await asyncio.gather(*asked, return_exceptions=True)
        told: dict[str, Any] = {}
        if isinstance(virus, str):
            told["virus"] = virus
        else:
            log.warning("mail_not_scanned", error=type(virus).__name__, why=str(virus)[:80])
        return told | {key: value for one in found if isinstance(one, Mapping) for key, value in one.items()}

    def _names(self, arrival: Arrival) -> Coroutine[Any, Any, Mapping[str, Any]] | None:
        """Begin to look up a mail's sender; None where nothing is to be looked up."""
        trust, envelope = self._options.trust, arrival.envelope
        if trust.check == "never" or self._monotonic() < self._resting_until or envelope.get("own"):
            return None
        peer = self._stranger(str(envelope.get("peer") or "")) if arrival.adapter == "smtp" else ""
        if trust.check == "auto" and not peer and not arrival.adapter.startswith("imap."):
            return None
        if checked_by(arrival.raw, self._beliefs.about(envelope)):
            return None
        return self._find_out(arrival, peer)

    def close(self) -> None:
        """Wait for nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _stranger(self, peer: str) -> str:
        """Return a client's address unless it is one of our own mail systems."""
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return ""
        address = getattr(address, "ipv4_mapped", None) or address
        trusted = (network for network in self._options.limits.trusted if network.version == address.version)
        return "" if any(address in network for network in trusted) else str(address)

    async def _find_out(self, arrival: Arrival, peer: str) -> Mapping[str, Any]:
        """Look up; what takes too long is late, and never more than that."""
        envelope = arrival.envelope
        ask = partial(
            self._gather,
            arrival.raw[: block.MAX_BLOCK + 4],
            peer=peer,
            helo=str(envelope.get("helo") or ""),
            mail_from=envelope.get("mail_from"),
        )
        try:
            async with asyncio.timeout(DEADLINE_S + GRACE_S):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except Exception as error:  # noqa: BLE001 - a mail is read without being checked rather than not at all
            log.warning("mail_not_checked", error=type(error).__name__)
            self._tire()
            return {}
        if found["late"] and not any(found["txt"].values()):
            self._tire()
        else:
            self._failures = 0
        return {"checked": found | {"sealers": list(self._options.trust.arc_sealers)}}

    def _gather(self, head: bytes, **about: Any) -> dict[str, Any]:
        """Look up, in a thread; the first who asks finds out whom to ask."""
        lookup = self._lookup
        if lookup is None:
            lookup = self._lookup = Resolver(self._options.trust.nameservers, self._monotonic)
        return gather(head, lookup, **about)

    def _tire(self) -> None:
        """Count a mail about which nothing was answered."""
        self._failures += 1
        if self._failures >= TIRED:
            self._failures, self._resting_until = 0, self._monotonic() + REST_S
            log.warning("mail_names_unanswered", rest_s=REST_S)


def checked_by(raw: bytes, believed: tuple[str, ...]) -> bool:
    """Tell whether a mail server we believe has written down what it found."""
    if not believed:
        return False
    fields, _ = block.split(raw[: block.MAX_BLOCK + 4])
    return trust.told(fields, "", believed) is not None
