"""How much each client has done in the last minute: fixed windows of 60 seconds per address, /64 for IPv6, as anvil counts."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

WINDOW_S = 60.0
MAX_CLIENTS = 20_000
_PREFIX = 64
_V6 = 6


class Rates:
    """Counts per client and kind; remembers at most 20,000 clients."""

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)
        self._began = 0.0
        self._counts: dict[tuple[str, str], int] = {}
        self._open: dict[str, int] = {}

    def client(self, peer: Any) -> str:
        """Return what a peer is counted as; empty = one of ours, not counted."""
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except (ValueError, TypeError, IndexError):
            return "?"
        address = getattr(address, "ipv4_mapped", None) or address
        if any(address in network for network in self._trusted if network.version == address.version):
            return ""
        if address.version == _V6:
            return str(IPv6Network((address, _PREFIX), strict=False))
        return str(address)

    def take(self, client: str, kind: str, limit: int, now: float) -> bool:
        """Count one more of `kind` (`connect`, `message`, `recipient`); False when that is too many."""
        if not client:
            return True
        if now - self._began >= WINDOW_S or len(self._counts) >= MAX_CLIENTS:
            self._counts.clear()
            self._began = now
        key = client, kind
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] <= limit

    def opened(self, client: str, limit: int) -> bool:
        """Note an open connection; False when the client has too many (it is then not counted)."""
        if not client:
            return True
        held = self._open.get(client, 0)
        if held >= limit:
            return False
        self._open[client] = held + 1
        return True

    def closed(self, client: str) -> None:
        """Note that a counted connection ended."""
        held = self._open.get(client, 0)
        if held > 1:
            self._open[client] = held - 1
        else:
            self._open.pop(client, None)
