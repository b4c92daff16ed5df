"""Contacts that agents begin: a new mail, fax or message to a customer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.interaction import Direction, SegmentReason, State
from contactd.core.party import Point
from contactd.core.segment import begin
from contactd.crm_store import contact_rows
from contactd.crm_store.contact_rows import Started
from contactd.crm_store.contact_rows import Starting as StartRows
from contactd.desk.book import Entry
from contactd.desk.changes import InteractionClosed
from contactd.desk.composing import read_point
from contactd.desk.desk import Desk


class Starting:
    """Begins contacts."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def start(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a contact with a customer; it is active at once.  Return the interaction's view after the commit.

        Raises:
            BadRequestError: line, channel or address are wrong; `field` says which.
        """
        channel, line = data["channel"], data["line"]
        if line not in self._desk.rules.policy.lines:
            text = "there is no such line"
            raise BadRequestError(text, code="unknown_line", field="line")
        self._desk.channel(channel)
        if self._desk.rules.rule(line, channel).connects:
            text = "a call is begun with call.dial"
            raise BadRequestError(text, code="use_dial", field="channel")
        entry = await self.begin(agent, data, await self.point(data), "console")
        return {"interaction": entry.view()}

    async def begin(self, agent: str, data: Mapping[str, Any], point: Point, adapter: str) -> Entry:
        """Store a contact that an agent begins, and put it in their hands; return its entry after the commit."""
        rows = self._rows(agent, data, point, adapter)
        begun = await self._desk.store.write(partial(contact_rows.start, new=rows), urgent=True)
        entry = _entry(rows, begun, live=self._desk.rules.rule(data["line"], data["channel"]).live)
        try:
            await self._desk.dispatcher.submit(begun.fact, lambda: self._enter(entry), rows.fact_id)
        except (ConflictError, ForbiddenError, NotFoundError):  # the agent was struck off: it has not begun
            self._desk.book.drop(entry.id)
            self._desk.publisher.publish([InteractionClosed(view=entry.view())])
            await self._desk.store.write(partial(contact_rows.undo_start, new=rows), urgent=True)
            raise
        return entry

    async def point(self, data: Mapping[str, Any]) -> Point:
        """Return whom a contact is to be begun with.

        Raises:
            BadRequestError: nobody is named.
            NotFoundError: there is no such contact point.
        """
        if data.get("contact_point"):
            point = await self._desk.store.read(
                lambda conn: contact_rows.point_by_id(conn, data["contact_point"]),
            )
            if point is None:
                text = "there is no such contact point"
                raise NotFoundError(text, field="contact_point")
            return point
        if not data.get("to"):
            text = "whom should it go to?"
            raise BadRequestError(text, field="to")
        return read_point(data["to"], "to")

    def _rows(self, agent: str, data: Mapping[str, Any], point: Point, adapter: str) -> StartRows:
        now = self._desk.clock.now()
        interaction, thread = self._desk.idents.new(), self._desk.idents.new()
        subject = data.get("subject") or ""
        return StartRows(
            interaction={
                "id": interaction,
                "channel": data["channel"],
                "direction": Direction.OUTBOUND,
                "adapter": adapter,
                "external_key": interaction,
                "line": data["line"],
                "agent": agent,
                "state": State.ACTIVE,
                "state_since": now,
                "raw_to": point.raw,
                "subject": subject,
                "thread_id": thread,
                "case_id": data.get("case"),
                "custom": {"purpose": data["purpose"]},
                "started_at": now,
                "created_at": now,
                "updated_at": now,
            },
            thread={
                "id": thread,
                "channel": data["channel"],
                "subject": subject,
                "line": data["line"],
                "created_at": now,
                "last_at": now,
            },
            point=point,
            point_id=self._desk.idents.new(),
            party=data.get("party"),
            fact_id=self._desk.idents.new(),
            node=self._desk.store.node,
        )

    def _enter(self, entry: Entry) -> None:
        self._desk.book.add(entry)
        member = self._desk.roster.get(entry.agent)
        if member is not None:
            member.work[entry.id] = entry
        self._desk.show(entry)


def _entry(rows: StartRows, begun: Started, *, live: bool) -> Entry:
    """Return the book's entry of a contact that was begun."""
    new = rows.interaction
    return Entry(
        id=new["id"],
        channel=new["channel"],
        adapter=new["adapter"],
        external_key=new["external_key"],
        direction=Direction.OUTBOUND,
        line=new["line"],
        state=State.ACTIVE,
        state_since=new["created_at"],
        segment=begin(1, new["line"], SegmentReason.ARRIVAL, new["created_at"], State.ACTIVE),
        subject=new["subject"],
        recipient=rows.point.display or rows.point.raw,
        live=live,
        party=begun.whom.party,
        resolve_state=begun.whom.state,
        customer_name=begun.name,
        vip=begun.vip,
        agent=new["agent"],
        thread=new["thread_id"],
        case_id=new["case_id"],
    )
