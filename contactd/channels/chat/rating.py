"""How it was, asked at the end of a chat: in the window where it took place, of that visitor alone."""

from __future__ import annotations

import structlog

from contactd.channels.chat import wire
from contactd.channels.chat.visitor import Visitor
from contactd.core.channel import Tools
from contactd.core.errors import BadRequestError, ConflictError, ContactdError, NotFoundError
from contactd.core.survey import Reply

log = structlog.get_logger(__name__)


class Rating:
    """Asks visitors and takes what they answer."""

    def __init__(self, tools: Tools) -> None:
        """Ask with the channel's tools."""
        self._tools = tools

    async def offer(self, visitor: Visitor, interaction: str) -> None:
        """Ask a visitor whose conversation is over, if they are here and to be asked."""
        if not visitor.sockets:
            return
        try:
            asked = await self._tools.survey(interaction, visitor.profile.lang or None)
        except ContactdError as error:
            log.info("chat.survey_skipped", interaction=interaction, reason=error.code)
            return
        if asked is not None:
            visitor.asked = asked
            visitor.tell(wire.survey(asked))

    async def take(self, visitor: Visitor, rate: wire.Rate) -> wire.Event:
        """Keep what a visitor answers; return what they are told.

        Raises:
            BusyError, StoreDownError: it cannot be kept now.
        """
        asked = visitor.asked
        if asked is None:
            return wire.error("not_asked")
        replies = tuple(Reply(question=one.question, score=one.score, text=one.text) for one in rate.replies)
        try:
            await self._tools.survey_ended(asked.invite, "answered" if replies else "refused", replies)
        except BadRequestError:
            return wire.error("bad_field")
        except (ConflictError, NotFoundError):  # answered in another window, or too late: no news to anybody
            log.info("chat.survey_over", invite=asked.invite)
        visitor.asked = None
        return wire.rated(asked.closing if replies else "")
