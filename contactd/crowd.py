"""Who is connected to the HTTP port, and who must go when there is no more room.

A connection is *waiting* until a request has come whole: such connections cost whoever floods us nothing, so they give way, the
oldest first.  A request that is being answered and an accepted WebSocket stay: what agents hold is not lost to a flood.
"""

from __future__ import annotations

import resource
from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

import structlog

from contactd.desk.throttle import network

RESERVE = 1024
"""Files the rest of the server may need: database, blobs, mail, PBX, workers."""
FEWEST = 64

log = structlog.get_logger(__name__)


class Stage(Enum):
    """How far a connection has come."""

    HEAD = "head"
    """Idle, or its request's head has not come whole."""
    BODY = "body"
    """The body has not come whole."""
    BUSY = "busy"
    """Its request is being answered, or it is a WebSocket."""


class Transport(Protocol):
    """A connection, as the crowd sees it."""

    def abort(self) -> None:
        """End it at once."""
        ...


class _Group:
    """Connections of one address, or all."""

    __slots__ = ("count", "waiting")

    def __init__(self) -> None:
        self.count = 0
        self.waiting: dict[Stage, OrderedDict[Transport, None]] = {Stage.HEAD: OrderedDict(), Stage.BODY: OrderedDict()}

    def oldest(self) -> Transport | None:
        """Return who has waited longest, heads before bodies; None when nobody waits."""
        for ones in self.waiting.values():
            if ones:
                return next(iter(ones))
        return None


class Crowd:
    """The open connections."""

    def __init__(self, total: int, per_address: int, trusted: Sequence[str] = ()) -> None:
        """Let `total` connections in, and of them `per_address` from one address.

        Args:
            total: at most; see `room`.
            per_address: for IPv6, from one /64.
            trusted: addresses and networks of reverse proxies, whose connections are many people's.
        """
        self.total = total
        self.turned_away = 0
        """Connections that were refused or had to give way."""
        self._per_address = per_address
        self._trusted = [ip_network(one, strict=False) for one in trusted]
        self._all = _Group()
        self._groups: dict[str, _Group] = {}
        self._places: dict[Transport, tuple[str, Stage]] = {}

    def __len__(self) -> int:
        """Return how many are connected."""
        return self._all.count

    def enter(self, transport: Transport, address: str | None) -> bool:
        """Let a new connection in; False when there is no room for it, nor anybody who would give way."""
        name = "" if self._is_proxy(address) else network(address or "")
        group = self._groups.get(name)
        if name and group is not None and group.count >= self._per_address and not self._make_room(group):
            return False
        if self._all.count >= self.total and not self._make_room(self._all):
            return False
        group = self._groups.setdefault(name, _Group())
        for one in (self._all, group):
            one.count += 1
            one.waiting[Stage.HEAD][transport] = None
        self._places[transport] = name, Stage.HEAD
        return True

    def move(self, transport: Transport, stage: Stage) -> None:
        """Note how far a connection has come."""
        name, before = self._places.get(transport, ("", stage))
        if before is stage:
            return
        self._places[transport] = name, stage
        for group in (self._all, self._groups[name]):
            if before in group.waiting:
                group.waiting[before].pop(transport)
            if stage in group.waiting:
                group.waiting[stage][transport] = None

    def leave(self, transport: Transport) -> None:
        """Note that a connection has ended."""
        place = self._places.pop(transport, None)
        if place is None:
            return
        name, stage = place
        group = self._groups[name]
        for one in (self._all, group):
            one.count -= 1
            if stage in one.waiting:
                one.waiting[stage].pop(transport)
        if not group.count:
            del self._groups[name]

    def _make_room(self, group: _Group) -> bool:
        """End who has waited longest; False when nobody waits."""
        self.turned_away += 1
        oldest = group.oldest()
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.abort()
        return True

    def _is_proxy(self, address: str | None) -> bool:
        try:
            found: Any = ip_address((address or "").partition("%")[0])
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in one for one in self._trusted)


def room(connections: int) -> int:
    """Ask the system for the files so many connections need; return how many connections there is room for.

    Without it a flood would take the files that the database and the blobs need.
    """
    wanted = connections + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        log.warning("http.few_files", files=most, wanted=wanted, advice="raise LimitNOFILE or lower http.connections")
    return min(connections, max(FEWEST, most - RESERVE))
