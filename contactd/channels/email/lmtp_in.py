"""LMTP in (RFC 2033): the door for a mail server on this machine, as safe as SMTP's, with an answer for each recipient."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.smtp import syntax

from contactd.channels.email.smtp_in import MailSmtp
from contactd.core.errors import ConfigError

BACKLOG = 512
_MODE = 0o660


class MailLmtp(MailSmtp):
    """One connection."""

    proxies = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Greet."""
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, _arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Refuse: this is no SMTP (RFC 2033 section 4.1)."""
        await self.push("500 5.5.1 say LHLO")

    async def smtp_EHLO(self, _arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Refuse: this is no SMTP (RFC 2033 section 4.1)."""
        await self.push("500 5.5.1 say LHLO")

    def _counted_as(self, transport: asyncio.BaseTransport) -> str:
        """Count nobody who comes by a socket in the file system: file modes say who may."""
        peer = transport.get_extra_info("peername")
        return self._door.rates.client(peer) if isinstance(peer, tuple) else ""

    def answers(self, status: str, recipients: int) -> bytes:
        """Say it once for each recipient (RFC 2033 section 4.2): they are one mail, and have one fate."""
        return "\r\n".join([status] * max(recipients, 1)).encode("utf_8", "replace")


async def listen(path: Path, make: Callable[[], MailLmtp]) -> asyncio.Server:
    """Listen on a socket in the file system, which owner and group may open; a dead one in its place is removed.

    Raises:
        ConfigError: there is something else, or somebody listens there already.
    """
    await asyncio.to_thread(_make_room, path)
    before = os.umask(0o777 & ~_MODE)
    try:
        return await asyncio.get_running_loop().create_unix_server(make, str(path), backlog=BACKLOG)
    finally:
        os.umask(before)


def _make_room(path: Path) -> None:
    """Remove a socket nobody listens on any more; make the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode) or _alive(path):
        message = f"{path} is taken"
        raise ConfigError(message, field="channels.email.lmtp.socket")
    path.unlink()


def _alive(path: Path) -> bool:
    """Tell whether somebody listens on a socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
