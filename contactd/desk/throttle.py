"""How long a log-in must wait after failures: by account and address together, by address, and by account.

A delay never exceeds a minute, and an address an account was used from before is not delayed by others' tries on that
account: nobody can lock a colleague out for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

PAUSE = timedelta(minutes=15)
"""Without a failure for this long the count begins anew."""
LONGEST = timedelta(seconds=60)
FORGET = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something failures are counted for."""

    key: str
    free: int
    """Failures without a delay."""

    def delay(self, failures: int) -> timedelta:
        """Return how long to wait after this many failures: 1 s, then twice as long each time."""
        over = failures - self.free
        if over <= 0:
            return timedelta()
        return min(LONGEST, timedelta(seconds=2 ** min(over - 1, 10)))


def subjects(username: str, ip: str, *, familiar: bool) -> tuple[Subject, ...]:
    """Return what a try counts for; `familiar`: the account was used from this address before."""
    # Hashed: people type their password into the wrong box.
    name = hashlib.sha256(username.encode(errors="replace")).hexdigest()[:32]
    place = network(ip)
    both = Subject(f"name:{name}|ip:{place}", 4)
    return (
        (both, Subject(f"ip:{place}", 30))
        if familiar
        else (both, Subject(f"ip:{place}", 30), Subject(f"name:{name}", 30))
    )


def network(ip: str) -> str:
    """Return the address, or for IPv6 the /64 one customer line has."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
