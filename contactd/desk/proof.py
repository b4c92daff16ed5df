"""The proof of a password: checked after the same work for known and unknown names, delayed after failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from contactd.clock import Clock
from contactd.core.errors import BusyError, ForbiddenError
from contactd.crm_store import access_rows as rows
from contactd.crm_store.access_rows import Login
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk import throttle
from contactd.desk.passwords import Passwords
from contactd.desk.rights import Actor

WAITING: Final = 64
"""Log-ins from one place that may wait for their turn."""

log = structlog.get_logger(__name__)


class UnauthorizedError(ForbiddenError):
    """Nobody we know: no log-in, or one that is over."""

    code = "unauthorized"


class SlowDownError(BusyError):
    """Too many failed log-ins: try again after `seconds`."""

    code = "slow_down"

    def __init__(self, seconds: float) -> None:
        """Ask for a pause of `seconds`."""
        super().__init__("Too many failed log-ins. Wait a moment.")
        self.seconds = seconds


@dataclass(slots=True)
class _Lane:
    """Those of one place who try to log in at this moment: one after another."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Proof:
    """Checks passwords.

    A try counts from its beginning, and is taken back when it was right: else many could begin together before the first had
    failed.  Those of one place take turns, so that colleagues who log in together do not count against each other.
    """

    def __init__(self, store: Store, clock: Clock, passwords: Passwords) -> None:
        """Read accounts from `store` and count tries there."""
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._lanes: dict[str, _Lane] = {}

    async def check(self, username: str, password: str, ip: str) -> tuple[rows.Account, throttle.Subject]:
        """Check a password; return whose it is, and what failures of exactly this account and place count for.

        Raises:
            UnauthorizedError: name or password is wrong (the same answer, after the same work, for both).
            SlowDownError: too many failures; nothing was checked.
            BusyError: too many are waiting; nothing was checked.
        """
        async with self._turn(throttle.network(ip)):
            return await self._check(username, password, ip)

    async def _check(self, username: str, password: str, ip: str) -> tuple[rows.Account, throttle.Subject]:
        place = throttle.network(ip)
        account, familiar = await self._store.read(
            lambda conn: (rows.account_named(conn, username), rows.has_logged_in_from(conn, username, place)),
        )
        counted = throttle.subjects(username, ip, familiar=familiar)
        blocks = await self._count(counted)
        stored = account.password_hash if account is not None else None
        try:
            right = await self._passwords.verify(stored, password)
        except BusyError:
            await self._take_back(blocks)
            raise
        if not right or account is None or stored is None:
            log.info("login.failed", ip=place)
            message = "Name or password is wrong."
            raise UnauthorizedError(message)
        await self._take_back(blocks)
        newer = await self._passwords.rehash(stored, password)
        if newer is not None:
            await self._store.write(lambda conn: rows.rehash_password(conn, account.id, stored, newer))
        return account, counted[0]

    @asynccontextmanager
    async def _turn(self, place: str) -> AsyncIterator[None]:
        """Wait until the others of a place are done."""
        lane = self._lanes.setdefault(place, _Lane())
        if lane.waiting >= WAITING:
            message = "Too many log-ins at once."
            raise BusyError(message)
        lane.waiting += 1
        try:
            async with lane.turn:
                yield
        finally:
            lane.waiting -= 1
            if not lane.waiting:
                del self._lanes[place]

    async def _count(self, counted: Collection[throttle.Subject]) -> dict[str, datetime | None]:
        """Count a try; return by subject until when the next one must wait, should this one fail.

        Raises:
            SlowDownError: it comes too early, and is not counted.
        """
        now = self._clock.now()
        until = await self._store.read(lambda conn: rows.blocked_until(conn, [one.key for one in counted], now))
        if until is not None:
            raise SlowDownError((until - now).total_seconds())

        def unit(conn: WriteConn) -> dict[str, datetime | None]:
            blocks: dict[str, datetime | None] = {}
            for subject in sorted(counted, key=lambda one: one.key):
                tries, until = rows.count_try(conn, subject.key, now, fresh_after=now - throttle.PAUSE)
                if until is not None and until > now:
                    raise SlowDownError((until - now).total_seconds())
                delay = subject.delay(tries)
                blocks[subject.key] = now + delay if delay else None
                if delay:
                    rows.block(conn, subject.key, now + delay)
            return blocks

        return await self._store.write(unit)

    async def _take_back(self, blocks: Mapping[str, datetime | None]) -> None:
        def unit(conn: WriteConn) -> None:
            for subject, blocked in blocks.items():
                rows.take_back_try(conn, subject, blocked)

        await self._store.write(unit)


def actor_of(digest: str, login: Login) -> Actor:
    """Make the actor of a log-in or token."""
    account = login.account
    scopes = frozenset(login.scopes) if login.token is not None else None
    proof = f"token:{login.token}" if login.token is not None else digest
    if account is None:
        return Actor(id=proof, name=login.token_name, role="program", scopes=scopes, login=proof)
    return Actor(
        id=account.id,
        name=account.name,
        role=account.role,
        languages=account.languages,
        scopes=scopes,
        username=account.username,
        login=proof,
    )
