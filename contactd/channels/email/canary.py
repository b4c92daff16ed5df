"""A canary: a mail we send to ourselves the way every answer goes, to see that it comes back the way every mail comes.

When it was sent stands in its signed Message-ID, so that one is known again after a restart, and nobody else can make one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog

from contactd.channels.email import block
from contactd.channels.email.build import OutMail, build
from contactd.channels.email.options import Options
from contactd.channels.email.token import ThreadKey, tagged
from contactd.core.channel import Delivery, Outgoing, Tools

TICK_S = 15.0
_MARK = b"canary+t."
_HEAD = 16 * 1024

log = structlog.get_logger(__name__)


class Canary:
    """Sends canaries, and knows them when they come back."""

    def __init__(
        self, options: Options, tools: Tools, key: ThreadKey, send: Callable[[Outgoing], Awaitable[Delivery]]
    ) -> None:
        """Send by `send`; nothing flies where no address is set."""
        self._to = options.canary.to
        self._every = timedelta(minutes=options.canary.minutes)
        self._late = timedelta(minutes=options.canary.late_minutes)
        self._from = options.canary.to
        self._home = options.home()
        self._tools = tools
        self._key = key
        self._send = send
        self._flown: datetime | None = None
        self._out: dict[int, datetime] = {}
        self._alarmed = False
        self.seconds = 0.0
        """How long the last one took."""

    def start(self) -> None:
        """Begin, where an address is set."""
        if self._to:
            self._tools.figure("canary_seconds", "Time the last canary mail took to come back", lambda: self.seconds)
            self._tools.figure("canary_out", "Canary mails on their way", lambda: float(len(self._out)))
            self._tools.spawn(self._run(), "email.canary")

    async def _run(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """Send one when it is time, and raise the alarm when one is late."""
        now = self._tools.clock.now()
        if self._flown is None or now - self._flown >= self._every:
            self._flown = now
            await self._fly(now)
        late = [sent for sent, at in self._out.items() if now - at > self._late]
        if late and not self._alarmed:
            self._alarmed = True
            minutes = int(self._late.total_seconds() // 60)
            self._tools.alarm("mail_late", f"a mail to {self._to} has not come back for {minutes} min")

    async def _fly(self, now: datetime) -> None:
        sent = int(now.timestamp() * 1000)
        self._out[sent] = now
        ident = f"<{tagged(f'canary@{self._home}', self._key.sign(f'canary:{sent}'))}>"
        mail = OutMail(
            sender=("", self._from),
            to=(("", self._to),),
            subject="contactd canary",
            text="This mail measures its own way. Nobody needs to read it.\n",
            message_id=ident,
            date=now,
            extra=(("Auto-Submitted", "auto-generated"),),
        )
        meta = {"mail_from": self._from, "from": self._from, "rcpt": [self._to]}
        delivery = await self._send(
            Outgoing(id=ident, interaction="", message=ident, attempt=1, payload=build(mail), meta=meta)
        )
        if delivery.status != "sent":
            log.warning("canary.not_sent", status=delivery.status)

    def back(self, raw: bytes) -> bool:
        """Tell whether a mail that came in is a canary; then it has done its work."""
        if _MARK not in raw[:_HEAD]:
            return False
        fields, _ = block.split(raw[:_HEAD])
        thread = self._key.find([fields.plain("message-id")]) or ""
        kind, _, text = thread.partition(":")
        if kind != "canary" or not text.isdecimal():
            return False
        sent = int(text)
        self.seconds = (self._tools.clock.now() - datetime.fromtimestamp(sent / 1000, UTC)).total_seconds()
        self._out = {one: at for one, at in self._out.items() if one > sent}
        if self._alarmed and not self._out:
            self._alarmed = False
            self._tools.alarm("mail_back", f"a mail to {self._to} came back after {self.seconds:.0f} s")
        return True
