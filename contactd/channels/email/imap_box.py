"""A mailbox on an IMAP server, from within one thread: every call waits.

IMAPClient speaks the protocol; here are the order of commands that works with every provider, the limits, and the words for
what goes wrong.
"""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any, Protocol

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from contactd import __version__
from contactd.channels.email.headers import clean
from contactd.channels.email.mailbox_options import Mailbox

CONNECT_S = 20
READ_S = 60
IDLE_S = 540.0
"""An IDLE is renewed well before half an hour (RFC 2177), and before the routers between forget the connection."""
_GLANCE_S = 1.0
_WINDOW = 100_000
"""UIDs asked for at once: their numbers fit into one answer line."""
_TOKEN_S = 30
_MAX_TOKEN = 20_000
_SPINS = 3
_NEWS = frozenset({b"EXISTS", b"RECENT"})


class BoxError(Exception):
    """The mailbox cannot be used now; the text is for an operator."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        """Say why; `refused`: the log-in was, so that trying often would lock the account."""
        super().__init__(text)
        self.text = text
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Opened:
    """What a mailbox says of itself."""

    uidvalidity: int
    uidnext: int
    """0 = it does not say."""
    idle: bool


class Box(Protocol):
    """What a mailbox can be asked, from its own thread; see `ImapBox`, whose errors these raise, too."""

    def open(self) -> Opened:
        """Connect, log in and open the folder."""
        ...

    def after(self, uid: int, uidnext: int) -> list[int]:
        """Return the UIDs above `uid`, in order."""
        ...

    def since(self, day: Any) -> list[int]:
        """Return the UIDs of mails of a day and later."""
        ...

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return UID → size of what is still there."""
        ...

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return UID → mail."""
        ...

    def head(self, uid: int) -> bytes:
        """Return a mail's header block."""
        ...

    def wait(self, seconds: float, awake: Event) -> None:
        """Wait for news."""
        ...

    def clean(self, uids: Sequence[int]) -> None:
        """Mark, move or delete what is stored."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class ImapBox:
    """One connection to one folder."""

    def __init__(self, options: Mailbox) -> None:
        self._options = options
        self._client: IMAPClient | None = None
        self._idle = False

    def open(self) -> Opened:
        """Connect, log in, say who we are, and open the folder.

        Raises:
            BoxError: it does not work; nothing is left open.
        """
        try:
            self._client = client = self._connected()
            self._log_in(client)
            self._introduce(client)
            readonly = self._options.after == "keep"
            try:
                said = client.select_folder(self._options.folder, readonly=readonly)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                text = f"folder {self._options.folder} cannot be opened: {told(error)}{self._hint(error)}"
                raise BoxError(text) from None
            self._idle = client.has_capability("IDLE")
            return Opened(int(said[b"UIDVALIDITY"]), int(said.get(b"UIDNEXT", 0)), self._idle)
        except BoxError:
            self.close()
            raise
        except (IMAPClientError, OSError, ssl.SSLError, KeyError, ValueError) as error:
            self.close()
            raise BoxError(told(error)) from None

    def _connected(self) -> IMAPClient:
        """Open the connection, encrypted unless it stays on this machine."""
        options = self._options
        context = ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)
        client = IMAPClient(
            options.server,
            options.server_port,
            ssl=options.security == "tls",
            ssl_context=context if options.security == "tls" else None,
            timeout=SocketTimeout(CONNECT_S, READ_S),
        )
        if options.security == "starttls":
            try:
                client.starttls(context)
            except BaseException:
                client.shutdown()
                raise
        return client

    def _log_in(self, client: IMAPClient) -> None:
        """Log in by token or password; what a refusal means is said."""
        options = self._options
        try:
            if options.token_command:
                client.oauth2_login(options.username, token(options.token_command))
            else:
                client.login(options.username, options.password)
        except LoginError as error:
            hint = f" ({options.login_hint})" if options.login_hint else ""
            text = f"log-in refused: {told(error)}{hint}"
            raise BoxError(text, refused=True) from None

    def _introduce(self, client: IMAPClient) -> None:
        """Say which program this is: without it NetEase opens no folder ("Unsafe Login"); others take or refuse it."""
        if client.has_capability("ID"):
            try:
                client.id_({"name": "contactd", "version": __version__, "vendor": "contactd"})
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                pass

    def _hint(self, error: Exception) -> str:
        """Say what a refused folder may mean."""
        unsafe = "unsafe login" in str(error).lower()
        return f" ({self._options.login_hint})" if unsafe and self._options.login_hint else ""

    def after(self, uid: int, uidnext: int) -> list[int]:
        """Return the UIDs above `uid`, in order."""
        client = self._open()
        end = max(uidnext, self._uidnext(client))
        if not end:
            return self._found(client, ["UID", f"{uid + 1}:*"], uid)
        found: list[int] = []
        for begin in range(uid + 1, end, _WINDOW):
            found += self._found(client, ["UID", f"{begin}:{min(begin + _WINDOW, end) - 1}"], uid)
        return found

    def since(self, day: date) -> list[int]:
        """Return the UIDs of mails that came on a day or after it, in order."""
        return self._found(self._open(), ["SINCE", day], 0)

    def _uidnext(self, client: IMAPClient) -> int:
        """Ask for the next UID; 0 = it is not told."""
        try:
            return int(client.folder_status(self._options.folder, ["UIDNEXT"]).get(b"UIDNEXT", 0))
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            return 0

    @staticmethod
    def _found(client: IMAPClient, criteria: list[object], above: int) -> list[int]:
        """Search; a range that ends in `*` always finds the last mail, which may be known."""
        return sorted(int(uid) for uid in client.search(criteria) if int(uid) > above)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return UID → size in bytes of the mails that are still there."""
        found = self._open().fetch(list(uids), ["RFC822.SIZE"])
        return {int(uid): int(items.get(b"RFC822.SIZE") or 0) for uid, items in found.items()}

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return UID → mail as it is, without marking it as read."""
        client = self._open()
        found = client.fetch(list(uids), ["BODY.PEEK[]"])
        mails = {int(uid): bytes(items[b"BODY[]"]) for uid, items in found.items() if items.get(b"BODY[]")}
        for uid in found.keys() - mails.keys():
            # Some servers give nothing for the whole of certain mails, and their halves all the same.
            halves = client.fetch([uid], ["BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]"]).get(uid, {})
            whole = bytes(halves.get(b"BODY[HEADER]") or b"") + bytes(halves.get(b"BODY[TEXT]") or b"")
            if whole:
                mails[int(uid)] = whole
        return mails

    def head(self, uid: int) -> bytes:
        """Return the header block of a mail."""
        return bytes(self._open().fetch([uid], ["BODY.PEEK[HEADER]"])[uid][b"BODY[HEADER]"] or b"")

    def wait(self, seconds: float, awake: Event) -> None:
        """Wait until the server has news, `seconds` have passed (where it does not call), or `awake` is set."""
        client = self._open()
        if not self._idle:
            awake.wait(seconds)
            client.noop()
            return
        client.idle()
        try:
            self._listen(client, awake)
        finally:
            client.idle_done()

    @staticmethod
    def _listen(client: IMAPClient, awake: Event) -> None:
        """Listen for news within an IDLE."""
        end = time.monotonic() + IDLE_S
        spins = 0
        while not awake.is_set() and time.monotonic() < end:
            began = time.monotonic()
            said = client.idle_check(timeout=_GLANCE_S)
            if any(isinstance(one, tuple) and len(one) > 1 and one[1] in _NEWS for one in said):
                return
            if any(isinstance(one, tuple) and one[:1] == (b"BYE",) for one in said):
                text = "the server closes down"
                raise IMAPClientAbortError(text)
            # A connection that was closed is readable and says nothing.
            spins = spins + 1 if not said and time.monotonic() - began < _GLANCE_S / 2 else 0
            if spins > _SPINS:
                text = "the server closed the connection"
                raise IMAPClientAbortError(text)

    def clean(self, uids: Sequence[int]) -> None:
        """Do with stored mails what the operator wants: mark, move or delete them."""
        client, after = self._open(), self._options.after
        if after == "seen":
            client.add_flags(list(uids), [rb"\Seen"], silent=True)
        elif after == "move":
            self._move(client, list(uids))
        elif after == "delete":
            self._delete(client, list(uids))

    def _move(self, client: IMAPClient, uids: list[int]) -> None:
        """Move mails into another folder, which is made when it is missing."""
        target = self._options.move_to
        if not client.folder_exists(target):
            client.create_folder(target)
        if client.has_capability("MOVE"):
            client.move(uids, target)
        else:
            client.copy(uids, target)
            self._delete(client, uids)

    @staticmethod
    def _delete(client: IMAPClient, uids: list[int]) -> None:
        """Delete mails, and none that somebody else has marked: without UIDPLUS those marked stay until somebody expunges."""
        client.delete_messages(uids, silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(uids)
        elif not {int(uid) for uid in client.search(["DELETED"])} - set(uids):
            client.expunge()

    def close(self) -> None:
        """Close the connection, from whatever thread: whoever waits on it is told by an error."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, IMAPClientError):
                client.shutdown()

    def _open(self) -> IMAPClient:
        if self._client is None:
            text = "the connection is closed"
            raise IMAPClientAbortError(text)
        return self._client


def token(command: Sequence[str]) -> str:
    """Run the operator's program that prints an access token.

    Raises:
        BoxError: it fails, takes too long, or prints none.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own program, without a shell
            list(command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_TOKEN_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        text = f"token_command failed: {type(error).__name__}"
        raise BoxError(text, refused=True) from None
    printed = done.stdout[:_MAX_TOKEN].decode("ascii", "replace").strip()
    if not printed or any(char.isspace() or not char.isprintable() for char in printed):
        message = "token_command printed no token"
        raise BoxError(message, refused=True)
    return printed


def told(error: Exception) -> str:
    """Return what went wrong in one short line; never what we said."""
    return clean(str(error) or type(error).__name__, 200)
