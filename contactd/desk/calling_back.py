"""Callbacks: promised by agents, taken by customers who wait, settled in another contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.events import InteractionGone
from contactd.core.party import Point
from contactd.crm_store import callback_rows, claims, contact_rows, interactions, recovery_rows
from contactd.crm_store.callback_rows import NewCallback, Opened
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.changes import InteractionUpsert
from contactd.desk.composing import read_point
from contactd.desk.desk import Desk
from contactd.desk.rebuilding import entry as entry_of
from contactd.desk.rights import Actor


class CallingBack:
    """Promises, takes and settles callbacks."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def request(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Promise a customer a call; return the callback, an older one of the same number and line if there is one.

        Raises:
            BadRequestError: nobody is named, the line is unknown, or the number may not be called.
        """
        parent = self._desk.entry(data["interaction"]) if data.get("interaction") else None
        line = data.get("line") or (parent.line if parent else self._desk.rules.policy.default_line)
        point = await self._point(data, parent)
        new = self._new(actor, line, parent, data.get("party"))
        opened = await self._desk.store.write(partial(_open, new=new, point=point, desk=self._desk), urgent=True)
        if opened is None:
            raise _not_callable()
        if opened.fact is not None:
            await self._enter(opened, new.fact_id)
        return {"interaction": self._desk.entry(opened.id).view()}

    async def owe(self, interaction: str, own_line: str | None = None) -> bool:
        """Owe the customer of a contact a call, because nobody spoke with them; return whether one stands now.

        Only where the line says so (`callback.missed`), and to a number that may be called; an open one of the number stays the
        only one.  It is cancelled, like any, when the customer is served meanwhile.  `own_line`: where the contact shows an outside
        system's name for it.
        """
        row = await self._desk.store.read(lambda conn: interactions.get(conn, interaction))
        policy = self._desk.rules.policy
        line = policy.lines.get(own_line or row["line"]) or policy.lines[policy.default_line]
        if policy.calls_back is None or not line.callbacks.missed or row["answered_at"]:
            return False
        new = NewCallback(
            id=self._desk.idents.new(),
            fact_id=self._desk.idents.new(),
            node=self._desk.store.node,
            at=self._desk.clock.now(),
            channel=policy.calls_back,
            line=line.name,
            reason="missed",
            parent=interaction,
            party=row["party_id"],
            vip=int(row.get("vip") or 0),
            abroad=line.callbacks.abroad,
        )
        opened = await self._desk.store.write(partial(callback_rows.open_callback, new=new), urgent=True)
        if opened is None:
            return False
        if opened.fact is not None:
            await self._enter(opened, new.fact_id)
        return True

    async def settle(self, _actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel a callback: what it was for was said in another contact."""
        entry = self._desk.entry(data["interaction"])
        if not self._desk.rules.rule(entry.line, entry.channel).calls_back:
            text = "this is no callback"
            raise ConflictError(text, code="not_allowed")
        await self._desk.dispatcher.submit(InteractionGone(interaction=entry.id, cause="settled"))
        return {"interaction": entry.view()}

    async def take(self, interaction: str, number: str) -> None:
        """Let a customer who waits be called back, at another number if they name one; see `core.channel.Tools`."""
        entry = self._desk.entry(interaction)
        point = read_point(number, "number") if number else None
        ids = {"point": self._desk.idents.new(), "fact": self._desk.idents.new()}
        abroad = self._desk.rules.policy.lines[entry.line].callbacks.abroad
        now, node = self._desk.clock.now(), self._desk.store.node

        def unit(conn: WriteConn) -> Any:
            callback_rows.leave_number(conn, entry.id, point, ids, now)
            if not callback_rows.may_call(conn, entry.id, abroad=abroad):
                raise _not_callable()
            return callback_rows.take(conn, entry.id, fact_id=ids["fact"], node=node, now=now)

        fact = await self._desk.store.write(unit, urgent=True)
        await self._desk.dispatcher.submit(fact, inbox_id=ids["fact"])

    async def _point(self, data: Mapping[str, Any], parent: Entry | None) -> Point | None:
        """Return whom to call; None = whoever the contact is with."""
        if data.get("contact_point"):
            point = await self._desk.store.read(lambda conn: contact_rows.point_by_id(conn, data["contact_point"]))
            if point is None:
                text = "there is no such contact point"
                raise NotFoundError(text, field="contact_point")
            return point
        if data.get("to"):
            return read_point(data["to"], "to")
        if parent is None:
            text = "who is to be called?"
            raise BadRequestError(text, field="to")
        return None

    def _new(self, actor: Actor, line: str, parent: Entry | None, party: str | None) -> NewCallback:
        policy = self._desk.rules.policy
        if line not in policy.lines:
            text = "there is no such line"
            raise BadRequestError(text, code="unknown_line", field="line")
        if policy.calls_back is None:
            text = "nobody is called back here"
            raise BadRequestError(text, code="not_supported")
        return NewCallback(
            id=self._desk.idents.new(),
            fact_id=self._desk.idents.new(),
            node=self._desk.store.node,
            at=self._desk.clock.now(),
            channel=policy.calls_back,
            line=line,
            reason="agent",
            parent=parent.id if parent else None,
            party=party or (parent.party if parent else None),
            actor=actor.id,
            language=parent.language if parent else None,
            vip=parent.vip if parent else 0,
            abroad=policy.lines[line].callbacks.abroad,
        )

    async def _enter(self, opened: Opened, fact_id: str) -> None:
        """Tell the router of a callback that is safe."""
        row = await self._desk.store.read(lambda conn: recovery_rows.one_open(conn, opened.id))
        stays = await self._desk.store.read(lambda conn: recovery_rows.segments(conn, opened.id))
        if row is None or opened.fact is None:
            return
        entry = entry_of(row, stays.get(opened.id, []), None, self._desk.rules)

        def prepare() -> None:
            if self._desk.book.get(entry.id) is None:
                self._desk.book.add(entry)
                self._desk.publisher.publish([InteractionUpsert(view=entry.view())])

        await self._desk.dispatcher.submit(opened.fact, prepare, fact_id)


def _open(conn: WriteConn, new: NewCallback, point: Point | None, desk: Desk) -> Opened | None:
    """Store a callback; a number nobody has seen becomes a contact point first."""
    if point is None:
        return callback_rows.open_callback(conn, new)
    found = claims.point_id(conn, desk.idents.new(), point, now=new.at)
    party = new.party or callback_rows.whose(conn, point)
    return callback_rows.open_callback(conn, replace(new, point=found, party=party))


def _not_callable() -> BadRequestError:
    text = "there is no number that may be called"
    return BadRequestError(text, code="not_callable", field="to")
