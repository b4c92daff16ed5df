"""The receipt a line gives by itself: at most one a day to each address, never to a machine, never in a stranger's words.

It is sent after the item stands in line, in a unit of its own: a crash between the two costs a receipt, never a mail.
Rules against loops are those of RFC 3834 section 2.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from contactd.core.channel import Channel, Draft
from contactd.core.errors import BadRequestError, BusyError, StoreDownError
from contactd.core.interaction import Direction
from contactd.core.message import NewMessage
from contactd.core.party import Point
from contactd.core.template import fill
from contactd.crm_store import automatic_answers, outbox_rows
from contactd.crm_store.message_rows import add_message
from contactd.crm_store.placing import Placed, Placing
from contactd.crm_store.store import WriteConn
from contactd.desk.changes import MessageAdded
from contactd.desk.composing import outbox_row
from contactd.desk.desk import Desk
from contactd.routing.automatic import Acknowledge

PAUSE = timedelta(hours=24)
"""Between two receipts to one address."""
WINDOW = timedelta(hours=1)
WAITING = 1000
"""Receipts that may wait to be written; what comes beyond goes without."""
_NOBODY = re.compile(
    r"(?:no|do[._-]?not)[._-]?reply|nobody|mailer-daemon|postmaster|bounces?(?:[+=-].*)?|.+-(?:request|bounces|owner)|owner-.+",
    re.IGNORECASE,
)
"""Local parts behind which no person reads."""

log = structlog.get_logger(__name__)


class Acknowledging:
    """Gives receipts for new turns of channels that can (`Channel.acknowledges`)."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._waiting: asyncio.Queue[tuple[Placed, Placing, Acknowledge]] = asyncio.Queue(WAITING)

    def entered(self, placed: Placed, placing: Placing) -> None:
        """Take note of a new turn in line; what gets no receipt costs a look only."""
        channel = self._desk.channels.get(placing.channel)
        if channel is None or not getattr(channel, "acknowledges", False):
            return
        line = self._desk.rules.policy.lines.get(placing.line)
        if line is None or not line.acknowledge.enabled or not _wanted(placed, placing):
            return
        try:
            self._waiting.put_nowait((placed, placing, line.acknowledge))
        except asyncio.QueueFull:
            log.warning("acknowledge.crowded", interaction=placed.interaction)

    async def run(self) -> None:
        """Give receipts for ever."""
        while True:
            placed, placing, rules = await self._waiting.get()
            try:
                await self._acknowledge(placed, placing, rules)
            except (BusyError, StoreDownError, BadRequestError) as error:
                log.info("acknowledge.skipped", interaction=placed.interaction, reason=error.code)
            except Exception:  # a receipt that fails costs nobody else's
                log.exception("acknowledge.failed", interaction=placed.interaction)
            finally:
                self._waiting.task_done()

    async def settle(self) -> None:
        """Wait a moment for the receipts that are due, when stopping; what is cut off is not given."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._waiting.join()

    async def _acknowledge(self, placed: Placed, placing: Placing, rules: Acknowledge) -> None:
        """Write one receipt and queue it, unless the address has had one or there were too many."""
        now = self._desk.clock.now()
        channel = self._desk.channel(placing.channel)
        message_id = self._desk.idents.new()
        draft = self._draft(placed, placing, rules, message_id, now)
        composed = await asyncio.to_thread(channel.compose, draft)
        if composed is None or not _reaches(channel, draft.to[0]):
            return
        said = NewMessage(
            direction=Direction.OUTBOUND,
            sender=composed.sender,
            sender_name=draft.agent_name,
            text=draft.text,
            sent_at=now,
            provider_id=composed.provider_id,
            recipients=composed.recipients,
            headers={"auto": "acknowledgement"},
        )
        row = await outbox_row(self._desk, placing.channel, placed.interaction, message_id, composed)
        view = await self._store(placed, draft, composed.subject, rules, said, row)
        if view is not None:
            self._desk.publisher.publish([MessageAdded(interaction=placed.interaction, message=view)])
            self._desk.outbox.wake()

    async def _store(
        self,
        placed: Placed,
        draft: Draft,
        subject: str,
        rules: Acknowledge,
        said: NewMessage,
        row: Mapping[str, Any],
    ) -> Mapping[str, Any] | None:
        """Write message and outbox row, if the address may have one; return the message's view."""
        desk, now = self._desk, draft.at
        saying = await desk.parts.saying(said, subject, message_id=draft.message)
        address = draft.to[0].value

        def unit(conn: WriteConn) -> Mapping[str, Any] | None:
            if automatic_answers.since(conn, now - WINDOW) >= rules.per_hour:
                return None
            if not automatic_answers.claim(conn, address, placed.interaction, now=now, pause=PAUSE):
                return None
            view = add_message(conn, placed.interaction, placed.thread, saying, now)
            outbox_rows.enqueue(conn, row)
            return view

        return await desk.store.write(unit)

    def _draft(self, placed: Placed, placing: Placing, rules: Acknowledge, message: str, now: datetime) -> Draft:
        """Make the receipt in the customer's language; of what the customer wrote it repeats nothing."""
        line = self._desk.rules.policy.lines[placing.line]
        language = rules.language if rules.language != "auto" else "zh" if placing.language == "zh" else "en"
        values = {"line": line.label[language]}
        sender = placing.content.sender
        assert sender is not None  # noqa: S101 - only such are wanted
        answered = [one.provider_id for one in placing.content.messages if one.provider_id]
        return Draft(
            interaction=placed.interaction,
            thread=placed.thread or placed.interaction,
            message=message,
            line=placing.line,
            agent="",
            agent_name=line.label[language],
            at=now,
            text=fill(rules.text[language], values),
            html=None,
            attachments=(),
            to=(sender,),
            subject=fill(rules.subject[language], values),
            references=tuple(answered),
            options={"from": line.from_address, "automatic": "auto-replied"},
        )


def _wanted(placed: Placed, placing: Placing) -> bool:
    """Tell whether a person wrote it, of whom nothing is doubtful."""
    content = placing.content
    if (
        content.auto is not None
        or content.sender is None
        or placed.unverified
        or placing.direction != Direction.INBOUND
    ):
        return False
    return content.doubted is None and _NOBODY.fullmatch(content.sender.value.partition("@")[0]) is None


def _reaches(channel: Channel, point: Point) -> bool:
    """Tell whether an address is somebody else's: what we would send to ourselves comes back."""
    ours = getattr(channel, "is_ours", None)
    return ours is None or not ours(point.value)
