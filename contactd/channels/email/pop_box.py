"""A mailbox on a POP3 server (RFC 1939), from within one thread: every call waits.

poplib speaks the commands; mails are read here, for it refuses lines that real mails have.  POP3 names a mail by a text (UIDL) that
says nothing about order, so each gets a number when it is first seen; numbers and texts are kept with the cursor.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import poplib
import ssl
from collections.abc import Sequence
from datetime import date
from threading import Event

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from contactd.channels.email.imap_box import CONNECT_S, READ_S, BoxError, Opened, token, told
from contactd.channels.email.mailbox_options import Mailbox

MOST = 20_000
"""Mails of a mailbox that are looked at, the oldest: POP3 lists all of them each time, and all their names are kept."""
_LIST = 8 * 1024 * 1024
"""Bytes of a list of mails: poplib takes lines without end."""
_LINE = 1024 * 1024
_SLACK = 64 * 1024
"""Bytes a mail may have beyond the size the server gave: some count line ends as one."""
log = structlog.get_logger(__name__)

_VALIDITY = 1
"""POP3 has nothing like UIDVALIDITY: names that change are mails that come again, known by their content."""


class PopBox:
    """One connection to one mailbox; what it says of itself holds until the connection ends."""

    def __init__(self, options: Mailbox) -> None:
        self._options = options
        self._client: poplib.POP3 | None = None
        self.numbers: dict[str, int] = {}
        """Name of a mail (a digest of its UIDL) → its number with us."""
        self.following = 1
        """The next number; never given twice, also when what had the highest is gone."""
        self._places: dict[int, int] = {}
        """Our number → the server's, in this connection."""
        self._sizes: dict[int, int] = {}

    def open(self) -> Opened:
        """Connect, log in, and see what is there.

        Raises:
            BoxError: it does not work; nothing is left open.
        """
        try:
            self._client = client = self._connected()
            self._log_in(client)
            self._look(client)
            return Opened(_VALIDITY, self.following, idle=False)
        except BoxError:
            self.close()
            raise
        except (poplib.error_proto, OSError, EOFError, ssl.SSLError, ValueError) as error:
            self.close()
            raise BoxError(_said(error)) from None

    def _connected(self) -> poplib.POP3:
        """Open the connection, encrypted unless it stays on this machine."""
        options = self._options
        context = ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)
        if options.security == "tls":
            client: poplib.POP3 = poplib.POP3_SSL(
                options.server, options.server_port, context=context, timeout=CONNECT_S
            )
        else:
            client = poplib.POP3(options.server, options.server_port, timeout=CONNECT_S)
        try:
            if options.security == "starttls":
                client.stls(context)
            client.sock.settimeout(READ_S)
        except BaseException:
            client.close()
            raise
        return client

    def _log_in(self, client: poplib.POP3) -> None:
        """Log in by token or password; what a refusal means is said."""
        options = self._options
        try:
            if options.token_command:
                bearer = f"user={options.username}\x01auth=Bearer {token(options.token_command)}\x01\x01"
                client._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]  # noqa: SLF001 - poplib has no word for it
                client._shortcmd(base64.b64encode(bearer.encode()).decode())  # type: ignore[attr-defined]  # noqa: SLF001 - as above
            else:
                client.user(options.username)
                client.pass_(options.password)
        except poplib.error_proto as error:
            hint = f" ({options.login_hint})" if options.login_hint else ""
            text = f"log-in refused: {_said(error)}{hint}"
            raise BoxError(text, refused=True) from None

    def _look(self, client: poplib.POP3) -> None:
        """List what is there; what is new gets a number, what is gone loses its."""
        try:
            named = [line.split(None, 1) for line in self._list(client, "UIDL")]
        except poplib.error_proto as error:
            text = f"the server does not name its mails (UIDL): {_said(error)}"
            raise BoxError(text) from None
        sizes = {int(place): int(size) for place, size in (line.split()[:2] for line in self._list(client, "LIST"))}
        found: dict[str, int] = {}
        self._places, self._sizes = {}, {}
        if len(named) > MOST:
            log.warning("mailbox.crowded", mailbox=self._options.username, mails=len(named), looked_at=MOST)
        for place, uidl in named[:MOST]:
            name = _name(uidl, found)
            number = self.numbers.get(name)
            if number is None:
                number, self.following = self.following, self.following + 1
            found[name] = number
            self._places[number] = int(place)
            self._sizes[number] = sizes.get(int(place), 0)
        self.numbers = found

    def _list(self, client: poplib.POP3, command: str) -> list[bytes]:
        client._shortcmd(command)  # type: ignore[attr-defined]  # noqa: SLF001 - its long answers have no bound
        return self._until_dot(client, _LIST).splitlines()

    def after(self, uid: int, uidnext: int) -> list[int]:
        """Return the numbers above `uid`, in order."""
        _ = uidnext
        return sorted(number for number in self._places if number > uid)

    def since(self, day: date) -> list[int]:
        """Return everything that is there: POP3 knows no dates."""
        _ = day
        return sorted(self._places)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return number → size in bytes of what is still there."""
        return {uid: self._sizes[uid] for uid in uids if uid in self._sizes}

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return number → mail; fetching changes nothing."""
        alone, mails = len(uids) == 1, {}
        for uid in uids:
            try:
                if uid in self._places:
                    mails[uid] = self._lines(f"RETR {self._places[uid]}", self._sizes[uid])
            except IMAPClientAbortError:
                raise
            except IMAPClientError:  # its neighbours come all the same; by itself it is asked for once more
                if alone:
                    raise
        return mails

    def head(self, uid: int) -> bytes:
        """Return the header block of a mail."""
        return self._lines(f"TOP {self._places[uid]} 0", self._sizes[uid])

    def _lines(self, command: str, size: int) -> bytes:
        """Give a command and read the lines that follow, as they came."""
        client = self._open()
        try:
            client._shortcmd(command)  # type: ignore[attr-defined]  # noqa: SLF001 - its long answers refuse long lines
            return self._until_dot(client, size + _SLACK)
        except poplib.error_proto as error:
            raise IMAPClientError(_said(error)) from None
        except (OSError, EOFError) as error:
            raise IMAPClientAbortError(_said(error)) from None

    @staticmethod
    def _until_dot(client: poplib.POP3, most: int) -> bytes:
        lines: list[bytes] = []
        held, begins = 0, True
        while True:
            line: bytes = client.file.readline(_LINE)
            if not line:
                text = "the connection ended"
                raise EOFError(text)
            if begins and line.startswith(b"."):
                if line.rstrip(b"\r\n") == b".":
                    return b"".join(lines)
                line = line[1:]
            begins = line.endswith(b"\n")
            held += len(line)
            if held > most:
                text = "it is larger than the server said"
                raise EOFError(text)
            lines.append(line)

    def wait(self, seconds: float, awake: Event) -> None:
        """Leave, wait, and come again: POP3 shows what came meanwhile only to who logs in anew."""
        self._leave()
        if not awake.wait(seconds):
            self.open()

    def clean(self, uids: Sequence[int]) -> None:
        """Delete stored mails; they are gone when the server has taken leave, and only then is this done."""
        client = self._open()
        try:
            for uid in uids:
                if uid in self._places:
                    client.dele(self._places[uid])
            client.quit()
        except poplib.error_proto as error:
            raise IMAPClientAbortError(_said(error)) from None
        except OSError as error:
            raise IMAPClientAbortError(_said(error)) from None
        self._client = None
        self.open()

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, poplib.error_proto):
                client.quit()

    def close(self) -> None:
        """Close the connection without leave, from whatever thread: nothing is deleted by that."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, poplib.error_proto):
                client.close()

    def _open(self) -> poplib.POP3:
        if self._client is None:
            text = "the connection is closed"
            raise IMAPClientAbortError(text)
        return self._client


def _said(error: Exception) -> str:
    """Return what went wrong in one short line; poplib keeps the server's words as bytes."""
    first = error.args[0] if error.args else ""
    return told(ValueError(first.decode("utf-8", "replace"))) if isinstance(first, bytes) else told(error)


def _name(uidl: bytes, found: dict[str, int]) -> str:
    """Return a short name for a UIDL; copies of one mail may share theirs, and are counted."""
    name = base64.b85encode(hashlib.sha256(uidl).digest()[:10]).decode()
    copy = name
    n = 1
    while copy in found:
        n += 1
        copy = f"{name}.{n}"
    return copy
