"""The proof of a password: checked after the same work for known and unknown names, delayed after failures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

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


class Proof:
    """Checks passwords."""

    def __init__(self, store: Store, clock: Clock, passwords: Passwords) -> None:
        """Read accounts from `store` and count failures there."""
        self._store = store
        self._clock = clock
        self._passwords = passwords

    async def check(self, username: str, password: str, ip: str) -> tuple[rows.Account, throttle.Subject]:
        """Check a password; return whose it is, and what failures of exactly this account and place count for.

        Raises:
            UnauthorizedError: name or password is wrong (the same answer, after the same work, for both).
            SlowDownError: too many failures; nothing was checked.
        """
        now = self._clock.now()
        place = throttle.network(ip)
        account, familiar = await self._store.read(
            lambda conn: (rows.account_named(conn, username), rows.has_logged_in_from(conn, username, place)),
        )
        counted = throttle.subjects(username, ip, familiar=familiar)
        until = await self._store.read(lambda conn: rows.blocked_until(conn, [one.key for one in counted], now))
        if until is not None:
            raise SlowDownError((until - now).total_seconds())
        stored = account.password_hash if account is not None else None
        right = await self._passwords.verify(stored, password)
        if not right or account is None or stored is None:
            await self._count_failure(counted, now)
            log.info("login.failed", ip=place)
            message = "Name or password is wrong."
            raise UnauthorizedError(message)
        newer = await self._passwords.rehash(stored, password)
        if newer is not None:
            await self._store.write(lambda conn: rows.rehash_password(conn, account.id, stored, newer))
        return account, counted[0]

    async def _count_failure(self, counted: Collection[throttle.Subject], now: datetime) -> None:
        def unit(conn: WriteConn) -> None:
            for subject in counted:
                failures = rows.add_failure(conn, subject.key, now, fresh_after=now - throttle.PAUSE)
                delay = subject.delay(failures)
                if delay:
                    rows.block(conn, subject.key, now + delay)

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
