"""Customers who get in touch, by the real doors: SMTP, the chat socket, the simulated PBX, the fax spool."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, make_msgid
from html import escape
from pathlib import Path
from random import Random
from textwrap import wrap

import aiosmtplib
import structlog
from PIL import Image
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from contactd.channels.fax import spool
from contactd.testing.demo.history import fax_page
from contactd.testing.demo.people import Customer
from contactd.testing.demo.talk import MATTERS, Matter
from contactd.testing.pbx import ScriptedPbx

NUMBERS = {"support": "40095001", "sales": "40095002", "billing": "40095003"}
BOXES = {"support": "support@example.com", "sales": "sales@example.com", "billing": "billing@example.com"}
FAX_CHARS = {"zh": 22, "en": 44}
"""Characters in a line of a fax."""
PATIENCE_S = (40.0, 180.0)
TALK_S = (20.0, 90.0)
CHANNELS = (("email", 40), ("voice", 30), ("chat", 20), ("fax", 10))

log = structlog.get_logger(__name__)


class Traffic:
    """Lets customers get in touch, one after another, at random moments."""

    def __init__(
        self,
        people: list[Customer],
        addresses: Mapping[str, str],
        pbx: ScriptedPbx,
        data_dir: Path,
        *,
        per_minute: float,
        seed: int,
    ) -> None:
        """Knock at the doors of a running server."""
        self._people = people
        self._addresses = addresses
        self._pbx = pbx
        self._data_dir = data_dir
        self._pause = 60.0 / per_minute
        self._dice = Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._doors = {"email": self.write_mail, "voice": self.call, "chat": self.chat, "fax": self.send_fax}

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / self._pause))
            self.one()

    def one(self, channel: str | None = None) -> None:
        """Let one customer get in touch, over `channel` or any."""
        dice = self._dice
        chosen = channel or dice.choices([name for name, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]
        task = asyncio.create_task(self._knock(chosen, dice.choice(self._people), dice.choice(MATTERS)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Send everybody home."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _knock(self, channel: str, customer: Customer, matter: Matter) -> None:
        try:
            await self._doors[channel](customer, matter)
        except (OSError, aiosmtplib.SMTPException, WebSocketException, TimeoutError) as error:
            log.warning("traffic.refused", channel=channel, error=type(error).__name__)

    async def write_mail(self, customer: Customer, matter: Matter) -> None:
        """Send a mail by SMTP."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((customer.name, customer.email))
        mail["To"] = BOXES[matter.line]
        mail["Subject"] = matter.subject[customer.language]
        mail["Message-ID"] = make_msgid(domain=customer.email.split("@")[1])
        mail["Date"] = datetime.now(UTC)
        mail.set_content(f"{matter.ask[customer.language]}\n\n{customer.name}\n{customer.mobile}\n")
        if customer.company:
            mail.add_alternative(_letter(customer, matter.ask[customer.language]), subtype="html")
        host, port = self._addresses["smtp"].rsplit(":", 1)
        await aiosmtplib.send(mail, hostname=host, port=int(port), start_tls=False, local_hostname="customer.example")

    async def call(self, customer: Customer, matter: Matter) -> None:
        """Call, wait, talk when somebody answers, and hang up."""
        caller = await self._pbx.call(customer.mobile, NUMBERS[matter.line], name=customer.name)
        patience = self._dice.uniform(*PATIENCE_S)
        try:
            async with asyncio.timeout(patience):
                while not caller.gone and not caller.hears - {"music"}:  # noqa: ASYNC110 - a caller listens, too
                    await asyncio.sleep(0.5)
            await asyncio.sleep(self._dice.uniform(*TALK_S))
        except TimeoutError:
            log.info("traffic.gave_up")
        if not caller.gone:
            caller.hangup()

    async def chat(self, customer: Customer, matter: Matter) -> None:
        """Write into the chat and answer once."""
        lang = customer.language
        async with connect(f"ws://{self._addresses['http']}/ws/chat", origin=None) as socket:
            profile = {"name": customer.name, "email": customer.email}
            await socket.send(
                json.dumps({"type": "hello", "protocol": 1, "site": "demo", "profile": profile, "lang": lang})
            )
            await socket.send(json.dumps({"type": "say", "client_id": "1", "text": matter.ask[lang]}))
            async with asyncio.timeout(self._dice.uniform(*PATIENCE_S) * 3):
                async for text in socket:
                    frame = json.loads(text)
                    if frame.get("type") == "message":
                        await socket.send(json.dumps({"type": "say", "client_id": "2", "text": matter.more[lang]}))
                    elif frame.get("type") == "ended":
                        return

    async def send_fax(self, customer: Customer, matter: Matter) -> None:
        """Let a fax of one page be received."""
        lang = customer.language
        text = wrap(matter.ask[lang], FAX_CHARS[lang])
        page = fax_page(
            matter.subject[lang], (*text, "", customer.name, customer.company, customer.mobile), numbered=False
        )
        envelope = {"number": customer.fax or customer.mobile, "name": customer.name, "to": NUMBERS["sales"]}
        await asyncio.to_thread(spool.put, self._data_dir, tiff(page), envelope)


def _letter(customer: Customer, text: str) -> str:
    """Lay a mail out as companies do: a card under the text, with a logo that lies on a server of theirs."""
    name, company, host = escape(customer.name), escape(customer.company), customer.email.partition("@")[2]
    return (
        f"<html><body style='font-family:sans-serif;color:#333'><p>{escape(text)}</p>"
        "<table style='border-top:2px solid #0b6e5f;margin-top:16px'><tr>"
        f"<td><img src='https://www.{host}/logo.png' alt='{company}' width='48' height='48'></td>"
        f"<td style='padding:8px 12px'><b>{name}</b><br><span style='color:#0b6e5f'>{company}</span>"
        f"<br>{customer.office} · {customer.mobile}</td></tr></table></body></html>"
    )


def tiff(png: bytes) -> bytes:
    """Turn a page into the TIFF a fax server hands over: G4, fine resolution."""
    made = io.BytesIO()
    with Image.open(io.BytesIO(png)) as page:
        page.convert("1").resize((1728, 2280)).save(made, "TIFF", compression="group4", dpi=(204, 196))
    return made.getvalue()
