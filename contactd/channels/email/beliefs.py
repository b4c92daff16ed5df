"""What the settings say that a mail's reader is to know: whose word about senders is believed, whom nobody should look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactd.channels.email.options import Options


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed, and watched."""

    servers: tuple[str, ...] = ()
    """Patterns of the ids of mail servers in front of us, whose Authentication-Results are believed."""
    mailboxes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(mailbox, the ids believed in it), for those whose provider is known to check."""
    watched: tuple[str, ...] = ()
    """Domains whose look-alikes are pointed out."""

    @classmethod
    def of(cls, options: Options) -> Beliefs:
        """Take them from the settings; a domain that cannot be on the Internet is not watched."""
        watched = (*(one for one in options.domains if "." in one), *options.trust.watch)
        mailboxes = tuple((name, one.believed) for name, one in sorted(options.mailboxes.items()) if one.believed)
        return cls(options.trust.authserv_ids, mailboxes, tuple(dict.fromkeys(watched)))

    def about(self, envelope: Mapping[str, Any]) -> tuple[str, ...]:
        """Return whose word is believed about a mail that came in `envelope`."""
        mailbox = envelope.get("mailbox")
        return next((ids for name, ids in self.mailboxes if name == mailbox), self.servers) if mailbox else self.servers
