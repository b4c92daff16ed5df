"""A mailbox on a POP3 server that is followed: as one on an IMAP server, but for the numbers of its mails, which are ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.channels.email.imap_box import Opened
from contactd.channels.email.mailbox import MailboxWatch, Take
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.pop_box import PopBox
from contactd.core.channel import Tools


class PopWatch(MailboxWatch):
    """Follows one POP3 mailbox; which names were dealt with stands with the cursor."""

    clean_batch = 500
    # Each batch that is deleted costs a log-in.

    def __init__(
        self, name: str, options: Mailbox, tools: Tools, take: Take, *, most_bytes: int, box: PopBox | None = None
    ) -> None:
        """Hand mails to `take`; of those larger than `most_bytes` only the head is taken."""
        self._pop = box or PopBox(options)
        super().__init__(name, options, tools, take, most_bytes=most_bytes, box=self._pop)
        self._read_numbers = False

    @property
    def key(self) -> str:
        """What its cursor is kept under."""
        return f"mailbox pop3 {self._options.username} {self._options.server}"

    async def _enter(self) -> Opened:
        """Connect; the first time, with the numbers that were given before the last restart."""
        if not self._read_numbers:
            kept: Mapping[str, Any] = await self._tools.kept(self.key) or {}
            self._pop.numbers = {str(name): int(number) for name, number in dict(kept.get("numbers") or {}).items()}
            self._pop.following = max(int(kept.get("following") or 1), int(kept.get("uid") or 0) + 1)
            self._read_numbers = True
        return await super()._enter()

    def _kept(self) -> dict[str, Any]:
        return {**super()._kept(), "numbers": self._pop.numbers, "following": self._pop.following}
