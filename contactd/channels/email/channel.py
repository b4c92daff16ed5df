"""The e-mail channel: mail in by SMTP and by the spool folder, answers out by the smarthost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from contactd.channels.email import intake, sanitise, spool
from contactd.channels.email.compose import compose
from contactd.channels.email.door import Door
from contactd.channels.email.mailboxes import Mailboxes
from contactd.channels.email.options import Options
from contactd.channels.email.reader import read
from contactd.channels.email.smarthost import Smarthost
from contactd.channels.email.smtp_in import MailSmtp
from contactd.channels.email.token import ThreadKey
from contactd.core.channel import Change, Composed, Delivery, Draft, Health, Outgoing, Reader, Tools
from contactd.core.errors import BadRequestError, BusyError, StoreDownError

log = structlog.get_logger(__name__)

DRAIN_S = 2.0
"""How long mails under way have at the end; the house waits three seconds for each channel."""
_SPOOL_S = 1.0
_BACKLOG = 512
_LARGE = 1024 * 1024
"""From here on the digest is made beside the loop."""


class EmailChannel:
    """What the house asks of the channel (`contactd.core.channel.Channel`)."""

    reader: Reader | None = staticmethod(read)
    acknowledges = True
    """It can carry the receipts that a line gives by itself."""
    show_html = staticmethod(sanitise.show_html)
    """(HTML, Content-ID → address, remote images) → a whole safe document; top-level, to be run in a worker."""

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self.name = name
        self._options = options
        self._tools = tools
        self._key = ThreadKey.load(tools.data_dir)
        self._door = Door(options, self._take_smtp, tools.clock.monotonic, str(tools.data_dir))
        self._mailboxes = Mailboxes(
            name, options.mailboxes, tools, self._key, self.is_ours, most_bytes=options.limits.message_bytes
        )
        self._smarthost = Smarthost(options.outbound, self._door.hostname)
        self._server: asyncio.Server | None = None
        self._address = ""
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._spool_idle = asyncio.Event()
        self._spool_idle.set()
        self._spool_fault = ""
        self._last: datetime | None = None

    async def start(self) -> None:
        """Open the listener and begin to read the spool."""
        loop = asyncio.get_running_loop()
        smtp = self._options.smtp
        self._server = await loop.create_server(
            lambda: MailSmtp(self._door, loop), smtp.host, smtp.port, backlog=_BACKLOG, reuse_address=True
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._tools.spawn(self._read_spool(), f"{self.name}.spool")
        self._mailboxes.start()

    async def stop_intake(self) -> None:
        """Close the listener, let mails that are coming in finish, tell every client 421, leave the spool."""
        self._stopping.set()
        self._wake.set()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(self._door.drain(DRAIN_S), self._mailboxes.stop(DRAIN_S))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._spool_idle.wait(), DRAIN_S / 4)

    async def stop(self) -> None:
        """Close what is still open."""
        if not self._stopping.is_set():
            await self.stop_intake()
        self._server = None

    def addresses(self) -> dict[str, str]:
        """Return where mail is taken in."""
        return {"smtp": self._address}

    def health(self) -> Health:
        """Say whether mail can come in."""
        if self._stopping.is_set() or self._server is None or not self._server.is_serving():
            return Health(ok=False, detail="not listening", last_progress=self._last)
        if not self._door.has_disk():
            return Health(ok=False, detail="disk nearly full", last_progress=self._last)
        faults = [*filter(None, [self._spool_fault]), *self._mailboxes.faults()]
        return Health(ok=not faults, detail="; ".join(faults), last_progress=self._last)

    def compose(self, draft: Draft) -> Composed | None:
        """Fix an answer in the form in which it leaves.

        Raises:
            BadRequestError: it cannot be sent as it is.
        """
        return compose(draft, self._options, self._key)

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        """Make one attempt to give a mail to the smarthost."""
        meta = outgoing.meta
        return await self._smarthost.send(
            outgoing.payload, str(meta["mail_from"]), list(meta["rcpt"]), outgoing.attempt
        )

    def render_html(self, html: str, cids: Mapping[str, str], images: bool) -> str:
        """Return a mail's HTML as a whole safe document for a sandboxed frame; remote images only when `images`."""
        return self.show_html(html, cids, images)

    def is_ours(self, address: str) -> bool:
        """Tell whether mail to an address comes here, or an answer of ours comes from it."""
        return self._door.is_ours(address) or address.lower() in self._options.own_addresses()

    def nudge(self) -> None:
        """Say that something was laid into the spool."""
        self._wake.set()

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        """Do nothing: mail leaves by the outbox."""

    async def connect(self, change: Change) -> None:
        """Do nothing: nobody waits on a line."""

    async def changed(self, change: Change) -> None:
        """Do nothing: the customer is not told of every move."""

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Refuse: there is nothing live to command.

        Raises:
            BadRequestError: always.
        """
        del interaction, data
        message = f"e-mail has no command {name}"
        raise BadRequestError(message, field="command")

    async def _take_smtp(self, raw: bytes, envelope: Mapping[str, Any]) -> str:
        """Store a mail that came by SMTP; return its receipt."""
        return await self._take("smtp", raw, envelope)

    async def _take(self, adapter: str, raw: bytes, envelope: Mapping[str, Any]) -> str:
        """Store a mail; return its receipt after the commit."""
        now = self._tools.clock.now()
        if len(raw) > _LARGE:
            arrival = await asyncio.to_thread(intake.arrival, self.name, adapter, raw, envelope, now, self._key)
        else:
            arrival = intake.arrival(self.name, adapter, raw, envelope, now, self._key)
        receipt = await self._tools.accept(arrival)
        self._last = now
        return receipt.id

    async def _read_spool(self) -> None:
        """Take in what lies in the spool, now and every second, until intake stops."""
        while not self._stopping.is_set():
            self._wake.clear()
            self._spool_idle.clear()
            try:
                await self._empty_spool()
            except (BusyError, StoreDownError) as error:
                self._spool_fault = f"spool waits: {error.code}"
            except OSError as error:
                self._spool_fault = f"spool cannot be read: {type(error).__name__}"
                log.warning("mail_spool_unreadable", error=type(error).__name__)
            finally:
                self._spool_idle.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SPOOL_S):
                    await self._wake.wait()

    async def _empty_spool(self) -> None:
        """Take in each file and delete it after the commit; one that fails is left for the next round."""
        fault = ""
        for path in await asyncio.to_thread(lambda: list(spool.waiting(self._tools.data_dir))):
            if self._stopping.is_set():
                return
            found = await asyncio.to_thread(spool.take, path)
            if found is None:
                continue
            try:
                await self._take("spool", found.raw, found.envelope)
            except (BusyError, StoreDownError):
                raise
            except Exception as error:  # noqa: BLE001 - one mail must not hold up the others, and stays where it is
                fault = f"spool: {path.name} was not taken"
                log.error("mail_spool_failed", file=path.name, error=type(error).__name__)  # noqa: TRY400 - no trace of the mail
                continue
            await asyncio.to_thread(spool.remove, path)
        self._spool_fault = fault
