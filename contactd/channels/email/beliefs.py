"""What the settings say that a mail's reader is to know: whose word about senders is believed, whom nobody should look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.channels.email.options import Options
from contactd.channels.email.sealing import Known

NO_KEYS = Known()


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed, and watched."""

    servers: tuple[str, ...] = ()
    """Patterns of the ids of mail servers in front of us, whose Authentication-Results are believed."""
    mailboxes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(mailbox, the ids believed in it), for those whose provider is known to check."""
    watched: tuple[str, ...] = ()
    """Domains whose look-alikes are pointed out."""
    hold: frozenset[str] = frozenset()
    """Endings of file names that are held."""
    scans: bool = False
    """Mail is shown to a virus scanner; what was not is held."""
    spam_flag: float = 5.0
    spam_bulk: float | None = None
    known: Known = NO_KEYS
    """Keys that signatures in mails are checked with."""

    @classmethod
    def of(cls, options: Options) -> Beliefs:
        """Take them from the settings; a domain that cannot be on the Internet is not watched."""
        watched = (*(one for one in options.domains if "." in one), *options.trust.watch)
        mailboxes = tuple((name, one.believed) for name, one in sorted(options.mailboxes.items()) if one.believed)
        guard = options.guard
        return cls(
            options.trust.authserv_ids,
            mailboxes,
            tuple(dict.fromkeys(watched)),
            hold=frozenset(one.lower().lstrip(".") for one in guard.hold),
            scans=bool(guard.clamd),
            spam_flag=guard.spam_flag,
            spam_bulk=guard.spam_bulk,
            known=Known.load(options.signatures.ca_files, options.signatures.pgp_keys),
        )

    def scan_state(self, name: str, virus: str | None) -> str:
        """Return whether a file may be saved by an agent: `clean`, `unscanned`, or `held_…` and why.

        Args:
            name: the file's.
            virus: what the scanner found in its mail; empty = nothing, None = it was not asked, or did not answer.
        """
        if virus:
            return "held_virus"
        if name.rpartition(".")[2].lower().strip() in self.hold:
            return "held_type"
        if self.scans:
            return "held_unscanned" if virus is None else "clean"
        return "unscanned"

    def about(self, envelope: Mapping[str, Any]) -> tuple[str, ...]:
        """Return whose word is believed about a mail that came in `envelope`."""
        mailbox = envelope.get("mailbox")
        return next((ids for name, ids in self.mailboxes if name == mailbox), self.servers) if mailbox else self.servers
