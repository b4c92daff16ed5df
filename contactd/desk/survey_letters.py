"""The letter that asks how it was, after a conversation by letters is over.

It goes out in a unit of its own, after the end is committed: a crash between the two costs a survey, never a letter.  The link
is in what leaves and not in what is kept: colleagues who read the conversation cannot answer for the customer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import structlog

from contactd.core.channel import Channel, Draft
from contactd.core.errors import BadRequestError, BusyError, NotFoundError, StoreDownError
from contactd.core.interaction import Direction, Outcome, State
from contactd.core.message import NewMessage
from contactd.core.party import Point
from contactd.core.survey import Asked
from contactd.core.template import fill
from contactd.crm_store import answering, outbox_rows
from contactd.crm_store.message_rows import add_message
from contactd.crm_store.store import WriteConn
from contactd.desk.changes import InteractionClosed
from contactd.desk.composing import outbox_row
from contactd.desk.desk import Desk
from contactd.desk.effects import Effect
from contactd.desk.survey_links import SurveyLinks
from contactd.desk.surveying import Surveying

WAITING = 1000
"""Letters that may wait to be written; what comes beyond goes without."""
SPOKEN = frozenset({Outcome.ANSWERED, Outcome.HANDLED})
SUBJECT = {"zh": "您对我们的服务满意吗？", "en": "How did we do?"}
TEXT = {
    "zh": (
        "您好！\n\n{intro}\n\n请打开下面的链接告诉我们，大约需要一分钟。链接只能使用一次。\n\n{link}\n\n"
        "如果不想评价，忽略本邮件即可。\n\n{line}\n（本邮件由系统自动发送）"
    ),
    "en": (
        "Hello,\n\n{intro}\n\nPlease tell us with the link below; it takes about a minute and works once.\n\n{link}\n\n"
        "If you would rather not, simply ignore this mail.\n\n{line}\n(This mail was sent automatically.)"
    ),
}
INTRO = {
    "zh": "我们刚刚处理了您的来信，想听听您的评价。",
    "en": "We have just dealt with your message and would like to hear what you think.",
}

log = structlog.get_logger(__name__)


class SurveyLetters:
    """Asks by letter, for channels that can (`Channel.surveys_by_letter`)."""

    def __init__(self, desk: Desk, data_dir: Path) -> None:
        """Work with the desk's parts, sign by the key in `data_dir`; nothing is sent while `address` is empty."""
        self._desk = desk
        self.surveying = Surveying(desk)
        self.links = SurveyLinks.load(data_dir)
        self.address = ""
        """Where customers reach this server (`https://…`), without a slash at its end."""
        self._waiting: asyncio.Queue[str] = asyncio.Queue(WAITING)

    def hear(self, effects: Iterable[Effect]) -> None:
        """Take note of conversations that ended; who is not to be asked costs a look only."""
        for effect in effects:
            if isinstance(effect, InteractionClosed) and self.address:
                view = effect.view
                channel = self._desk.channels.get(view["channel"])
                over = view["state"] == State.CLOSED and view["outcome"] in SPOKEN
                if over and getattr(channel, "surveys_by_letter", False):
                    with suppress(asyncio.QueueFull):
                        self._waiting.put_nowait(view["id"])

    async def run(self) -> None:
        """Write letters for ever."""
        while True:
            interaction = await self._waiting.get()
            try:
                await self.write(interaction)
            except (BusyError, StoreDownError, BadRequestError, NotFoundError) as error:
                log.info("survey_letter.skipped", interaction=interaction, reason=error.code)
            except Exception:  # a letter that fails costs nobody else's
                log.exception("survey_letter.failed", interaction=interaction)
            finally:
                self._waiting.task_done()

    async def settle(self) -> None:
        """Wait a moment for the letters that are due, when stopping; what is cut off is not sent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._waiting.join()

    async def write(self, interaction: str) -> None:
        """Ask the customer of one conversation, if they are to be asked and can be reached."""
        desk, now = self._desk, self._desk.clock.now()
        told = await desk.store.read(lambda conn: answering.answering(conn, interaction))
        contact = await desk.store.read(lambda conn: answering.contact(conn, interaction))
        channel = desk.channel(contact.channel)
        if told.point is None or contact.unverified or not _reaches(channel, told.point):
            return
        asked = await self.surveying.ask(interaction)
        if asked is None:
            return
        link = f"{self.address}/s/{self.links.token(asked.invite)}"
        draft = self._draft(contact, told, asked, link)
        composed = await asyncio.to_thread(channel.compose, draft)
        if composed is None:
            return
        said = NewMessage(
            direction=Direction.OUTBOUND,
            sender=composed.sender,
            sender_name=draft.agent_name,
            text=draft.text.replace(link, f"{self.address}/s/…"),
            sent_at=now,
            provider_id=composed.provider_id,
            recipients=composed.recipients,
            headers={"auto": "survey"},
        )
        row = await outbox_row(desk, contact.channel, interaction, draft.message, composed)
        saying = await desk.parts.saying(said, composed.subject, message_id=draft.message)

        def unit(conn: WriteConn) -> None:
            add_message(conn, interaction, contact.thread, saying, now)
            outbox_rows.enqueue(conn, row)

        await desk.store.write(unit)
        desk.outbox.wake()

    def _draft(self, contact: answering.Contact, told: answering.Answering, asked: Asked, link: str) -> Draft:
        """Make the letter, in the customer's language; of what was written it repeats nothing."""
        line = self._desk.rules.policy.lines.get(contact.line or "")
        label = line.label[asked.language] if line is not None else ""
        intro = asked.intro or INTRO[asked.language]
        assert told.point is not None  # noqa: S101 - only such are asked
        return Draft(
            interaction=contact.id,
            thread=contact.thread or contact.id,
            message=self._desk.idents.new(),
            line=contact.line or "",
            agent="",
            agent_name=label,
            at=self._desk.clock.now(),
            text=fill(TEXT[asked.language], {"intro": intro, "link": link, "line": label}),
            html=None,
            attachments=(),
            to=(told.point,),
            subject=SUBJECT[asked.language],
            references=told.references,
            options={"from": line.from_address if line is not None else "", "automatic": "auto-generated"},
        )


def _reaches(channel: Channel, point: Point) -> bool:
    """Tell whether an address is somebody else's: what we would send to ourselves comes back."""
    ours = getattr(channel, "is_ours", None)
    return ours is None or not ours(point.value)
