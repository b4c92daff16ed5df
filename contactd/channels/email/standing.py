"""How a mailbox is: whether it can be read and since when not, and whether it is too quiet; people are told once of each."""

from __future__ import annotations

from datetime import timedelta

import structlog

from contactd.channels.email.cursor import Cursor
from contactd.core.channel import Tools

DOWN_S = 300.0
"""Out of reach for so long, a mailbox is a matter for people."""

log = structlog.get_logger(__name__)


class Standing:
    """The standing of one mailbox."""

    def __init__(self, name: str, tools: Tools, *, silence: float) -> None:
        """Tell people by `tools`; `silence` is the number of hours that is too long, 0 = what is unusual."""
        self.up = False
        self.fault = ""
        self.quiet = False
        """Its silence was told of."""
        self._name = name
        self._tools = tools
        self._silence = timedelta(hours=silence) if silence else None
        self._since: float | None = None
        self._alarmed = False

    @property
    def down_s(self) -> float:
        """For how many seconds it has been out of reach."""
        return 0.0 if self._since is None else self._tools.clock.monotonic() - self._since

    def rise(self) -> None:
        """Note that it can be read."""
        if self._alarmed:
            self._tools.alarm("channel_up", f"mailbox {self._name} can be read again")
        self.up, self.fault, self._since, self._alarmed = True, "", None, False
        log.info("mailbox.open", mailbox=self._name)

    def fall(self, fault: str) -> None:
        """Note why it cannot be read."""
        if self._since is None or self.fault != fault:
            log.warning("mailbox.down", mailbox=self._name, why=fault)
        if self._since is None:
            self._since = self._tools.clock.monotonic()
        self.up, self.fault = False, fault

    def look(self, cursor: Cursor) -> None:
        """Raise the alarms that are due: out of reach too long, silent too long."""
        if self.down_s > DOWN_S and not self._alarmed:
            self._alarmed = True
            self._tools.alarm("channel_down", f"mailbox {self._name}: {self.fault}")
        quiet = cursor.habit.silent(self._tools.clock.now(), self._silence)
        if quiet is not None and not self.quiet:
            self.quiet = True
            hours = int(quiet.total_seconds() // 3600)
            self._tools.alarm("mail_silent", f"mailbox {self._name}: no mail for {hours} h")
