"""Passwords: Argon2id (RFC 9106), in threads of their own, a bounded number at a time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contactd.core.errors import BadRequestError, BusyError

SHORTEST: Final = 8
LONGEST: Final = 1024
THREADS: Final = 2
"""Each needs 64 MB while it works."""
WAITING: Final = 64


class Passwords:
    """Hashes and verifies."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Use `hasher`, by default with the parameters RFC 9106 recommends for little memory."""
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobody = ""

    def hash(self, password: str) -> str:
        """Return the stored form.  Blocks.

        Raises:
            BadRequestError: too short or too long.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            message = f"A password has {SHORTEST} to {LONGEST} characters."
            raise BadRequestError(message, field="password")
        return self._hasher.hash(password)

    async def hash_apart(self, password: str) -> str:
        """Do `hash` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the one stored; without a stored one, no, after the same work.

        Raises:
            BusyError: too many are waiting.
        """
        if self._waiting >= WAITING:
            message = "Too many log-ins at once."
            raise BusyError(message)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, stored, password)
        finally:
            self._waiting -= 1

    async def rehash(self, stored: str, password: str) -> str | None:
        """Return a new stored form when `stored` was made with older parameters."""
        if not self._hasher.check_needs_rehash(stored):
            return None
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._decoy(), password[:LONGEST]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def _decoy(self) -> str:
        """Return the hash nobody's password has, so that an unknown name costs what a wrong password does."""
        if not self._nobody:
            self._nobody = self._hasher.hash("\x00 nobody")
        return self._nobody
