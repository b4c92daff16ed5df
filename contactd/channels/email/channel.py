"""The e-mail channel: mail in by SMTP, LMTP, folders and mailboxes elsewhere, answers out by the smarthost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from contactd.channels.email import intake, lmtp_in, sanitise, spool
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.canary import Canary
from contactd.channels.email.compose import compose
from contactd.channels.email.door import Door
from contactd.channels.email.examining import Examining
from contactd.channels.email.folders import Folder
from contactd.channels.email.hush import Hush
from contactd.channels.email.lmtp_in import MailLmtp
from contactd.channels.email.mailboxes import Mailboxes
from contactd.channels.email.options import Options
from contactd.channels.email.reader import read
from contactd.channels.email.signing import Signer
from contactd.channels.email.smarthosts import Smarthosts
from contactd.channels.email.smtp_in import MailSmtp
from contactd.channels.email.token import ThreadKey
from contactd.core.channel import Arrival, Change, Composed, Delivery, Draft, Health, Outgoing, Reader, Tools
from contactd.core.errors import BadRequestError

DRAIN_S = 2.0
"""How long mails under way have at the end; the house waits three seconds for each channel."""
_LARGE = 1024 * 1024
"""From here on the digest is made beside the loop."""


class EmailChannel:
    """What the house asks of the channel (`contactd.core.channel.Channel`)."""

    reader: Reader | None = staticmethod(read)
    acknowledges = True
    surveys_by_letter = True
    """It can carry the receipts that a line gives by itself."""
    show_html = staticmethod(sanitise.show_html)
    """(HTML, Content-ID → picture, address → picture, folded) → a whole safe document; top-level, to be run in a worker."""
    remote_images = staticmethod(sanitise.remote_images)

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self.name = name
        self.own_domains = tuple(options.domains)
        """What comes from them went out, in mails of another program, too."""
        self._options = options
        self._tools = tools
        self._key = ThreadKey.load(tools.data_dir)
        self._door = Door(options, self._take_smtp, tools.clock.monotonic, str(tools.data_dir))
        self._mailboxes = Mailboxes(name, options, tools, self._key, self.is_ours)
        beliefs = Beliefs.of(options)
        self.settings = {"beliefs": beliefs}
        self._examining = Examining(options, beliefs, tools.clock.monotonic)
        self._smarthosts = Smarthosts(options, self._door.hostname, tools)
        self._signer = Signer(options.dkim)
        self._canary = Canary(options, tools, self._key, self._smarthosts.send)
        self._mailboxes.canary = self._canary.back
        self._hush = Hush(tools, options.silence_hours)
        self.limits = self._smarthosts.limits
        """What providers allow us to send, with how much of it is used."""
        self._servers: list[asyncio.Server] = []
        self._addresses: dict[str, str] = {}
        self._stopping = False
        self._spool = Folder(
            "spool",
            waiting=partial(spool.waiting, tools.data_dir),
            take=spool.take,
            accept=self._take_spooled,
            done=spool.remove,
        )
        self._last: datetime | None = None

    async def start(self) -> None:
        """Open the listener and begin to read the spool."""
        loop = asyncio.get_running_loop()
        smtp, lmtp = self._options.smtp, self._options.lmtp
        await self._listen("smtp", lambda: MailSmtp(self._door, loop), smtp.host, smtp.port)
        if lmtp.host:
            await self._listen("lmtp", lambda: MailLmtp(self._door, loop), lmtp.host, lmtp.port)
        if lmtp.socket is not None:
            self._servers.append(await lmtp_in.listen(lmtp.socket, lambda: MailLmtp(self._door, loop)))
            self._addresses["lmtp_socket"] = str(lmtp.socket)
        self._tools.spawn(self._spool.run(), f"{self.name}.spool")
        self._mailboxes.start()
        await self._smarthosts.start()
        self._canary.start()
        await self._hush.start()

    async def _listen(self, name: str, make: Callable[[], MailSmtp], host: str, port: int) -> None:
        """Open a listener on the network."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(make, host, port, backlog=lmtp_in.BACKLOG, reuse_address=True)
        self._servers.append(server)
        host, port = server.sockets[0].getsockname()[:2]
        self._addresses[name] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop_intake(self) -> None:
        """Close the listener, let mails that are coming in finish, tell every client 421, leave the spool."""
        self._stopping = True
        for server in self._servers:
            server.close()
        await asyncio.gather(self._door.drain(DRAIN_S), self._mailboxes.stop(DRAIN_S), self._spool.stop(DRAIN_S))

    async def stop(self) -> None:
        """Close what is still open."""
        if not self._stopping:
            await self.stop_intake()
        self._servers.clear()
        self._examining.close()

    def addresses(self) -> dict[str, str]:
        """Return where mail is taken in."""
        return self._addresses

    def health(self) -> Health:
        """Say whether mail can come in."""
        if self._stopping or not self._servers or not all(one.is_serving() for one in self._servers):
            return Health(ok=False, detail="not listening", last_progress=self._last)
        if not self._door.has_disk():
            return Health(ok=False, detail="disk nearly full", last_progress=self._last)
        faults = [*filter(None, [self._spool.fault]), *self._mailboxes.faults()]
        return Health(ok=not faults, detail="; ".join(faults), last_progress=self._last)

    def compose(self, draft: Draft) -> Composed | None:
        """Fix an answer in the form in which it leaves.

        Raises:
            BadRequestError: it cannot be sent as it is.
        """
        return compose(draft, self._options, self._key, self._signer)

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        """Make one attempt to give a mail to the smarthost of its sender."""
        return await self._smarthosts.send(outgoing)

    def examine(self, arrival: Arrival) -> Coroutine[Any, Any, Mapping[str, Any]] | None:
        """Begin to find out about a mail's sender; what is found joins the envelope its reader gets."""
        return self._examining.examine(arrival)

    def is_ours(self, address: str) -> bool:
        """Tell whether mail to an address comes here, or an answer of ours comes from it."""
        return self._door.is_ours(address) or address.lower() in self._options.own_addresses()

    def nudge(self) -> None:
        """Say that something was laid into the spool."""
        self._spool.nudge()

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

    async def _take_spooled(self, found: spool.Spooled) -> None:
        """Store a mail that lay in the spool."""
        await self._take("spool", found.raw, found.envelope)

    async def _take(self, adapter: str, raw: bytes, envelope: Mapping[str, Any]) -> str:
        """Store a mail; return its receipt after the commit."""
        if self._canary.back(raw):
            return "canary"
        now = self._tools.clock.now()
        if len(raw) > _LARGE:
            arrival = await asyncio.to_thread(intake.arrival, self.name, adapter, raw, envelope, now, self._key)
        else:
            arrival = intake.arrival(self.name, adapter, raw, envelope, now, self._key)
        receipt = await self._tools.accept(arrival)
        self._last = now
        self._hush.came(now)
        return receipt.id
