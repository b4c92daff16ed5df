"""Asking customers how it was: who is asked, what they said, and the follow-up for whoever was not content."""

from __future__ import annotations

from functools import partial

from contactd.core.errors import ConflictError
from contactd.core.survey import Asked, Invitation, Reply
from contactd.crm_store import invite_rows
from contactd.desk.desk import Desk


class Surveying:
    """Asks, and keeps what was said."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def ask(self, interaction: str, *, language: str | None = None) -> Asked | None:
        """Invite the customer of a contact, if they are to be asked; return what to ask after the commit."""
        ident, now = self._desk.idents.new(), self._desk.clock.now()
        unit = partial(invite_rows.invite, ident=ident, interaction=interaction, language=language, now=now)
        return await self._desk.store.write(unit, urgent=True)

    async def said(self, invite: str, replies: tuple[Reply, ...]) -> None:
        """Keep answers of an invitation that goes on.

        Raises:
            NotFoundError, ConflictError, BadRequestError: see `invite_rows.say`.
        """
        unit = partial(invite_rows.say, ident=invite, replies=replies, now=self._desk.clock.now())
        await self._desk.store.write(unit, urgent=True)

    async def ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        """End an invitation; supervisors are told of a low score.

        Raises:
            NotFoundError, ConflictError, BadRequestError: see `invite_rows.end`.
        """
        now = self._desk.clock.now()
        unit = partial(
            invite_rows.end,
            ident=invite,
            became=became,
            replies=replies,
            case=self._desk.idents.new(),
            plan=self._desk.rules.policy.cases,
            now=now,
        )
        number = await self._desk.store.write(unit, urgent=True)
        if number is not None:
            self._desk.publisher.alert(self._desk.idents.new(), now, "survey_low", detail=number)

    async def pending(self, invite: str) -> Asked:
        """Return an invitation that can still be answered.

        Raises:
            NotFoundError: there is none, or it is over.
        """
        now = self._desk.clock.now()
        return await self._desk.store.read(lambda conn: invite_rows.pending(conn, invite, now))

    async def watch(self) -> None:
        """End invitations nobody answered in time."""
        now = self._desk.clock.now()
        late = await self._desk.store.read(lambda conn: invite_rows.expired(conn, now))
        for invite in late:
            try:
                await self.ended(invite, Invitation.EXPIRED)
            except ConflictError:  # it was answered at this very moment
                continue
