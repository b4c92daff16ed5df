"""Contacts that need no answer, waved through with one key: junk, nothing to be said, or the same as another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.events import WorkEnded, WrapupDone
from contactd.core.interaction import Outcome, State
from contactd.crm_store import audit, blocked_rows, protected_rows, routing_rows
from contactd.crm_store.dismissed_rows import DISMISSED
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.store import WriteConn
from contactd.desk.bringing_back import BringingBack
from contactd.desk.composing import read_point
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Waving:
    """Ends contacts without an answer, and keeps the list of blocked senders."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        back = BringingBack(self._desk)
        return {
            "interaction.close_as": self._close_as,
            "interaction.bring_back": back.bring_back,
            "sender.block": back.block,
            "sender.keep_out": self._keep_out,
            "sender.unblock": self._unblock,
            "sender.protect": self._protect,
            "sender.unprotect": self._unprotect,
        }

    async def _close_as(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """End a contact in hand with the outcome the reason names; no disposition is asked for.

        Raises:
            NotFoundError: the other interaction of a duplicate is not there.
        """
        entry = self._desk.in_hand(data["interaction"], actor.id)
        desk, now, reason = self._desk, self._desk.clock.now(), data["reason"]
        if data.get("of") and not await desk.store.read(partial(blocked_rows.known, interaction=data["of"])):
            text = "there is no such interaction"
            raise NotFoundError(text, code="unknown_interaction", field="of")
        segment, answers = entry.segment.n, reason == Outcome.NO_REPLY_NEEDED

        def unit(conn: WriteConn) -> None:
            told: dict[str, Any] = {"reason": reason}
            if data.get("of"):
                blocked_rows.same_as(conn, entry.id, data["of"])
                told["of"] = data["of"]
            if data.get("block"):
                told["blocked"] = blocked_rows.block_sender(conn, entry.id, actor.id, now)
            if answers:
                routing_rows.mark_answered(conn, entry.id, segment, now)
            add_event(conn, entry.id, now, DISMISSED, actor.id, told)
            act = audit.Entry(
                actor=actor.id,
                action="interaction.close_as",
                object_kind="interaction",
                object_id=entry.id,
                detail=told,
            )
            audit.append(conn, act, now)

        fact: WorkEnded | WrapupDone
        if entry.state == State.WRAPUP:
            fact = WrapupDone(interaction=entry.id, agent=actor.id, disposition=entry.disposition)
        else:
            fact = WorkEnded(
                interaction=entry.id,
                agent=actor.id,
                ended_by="agent",
                outcome=reason,
                disposition=entry.disposition,
                skip_wrapup=True,
            )
        prepare = partial(desk.answered, entry, now) if answers else None
        await desk.dispatcher.submit(fact, prepare, beside=unit)
        return {"interaction": entry.view()}

    async def _keep_out(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Block an address or a number that nobody who has it in hand has blocked; on record with its reason.

        Raises:
            BadRequestError: it is neither an address nor a number.
            ConflictError: it is on the red list.
        """
        point, now = read_point(data["to"], "to"), self._desk.clock.now()
        until = now + timedelta(days=data["days"]) if data.get("days") else None
        detail = {"kind": point.kind, "reason": data["reason"], "days": data.get("days")}

        def unit(conn: WriteConn) -> bool:
            done = blocked_rows.block(conn, point, actor.id, now, until=until, reason=data["reason"])
            if done:
                _record(conn, actor, "sender.keep_out", point.value, detail, now)
            return done

        if not await self._desk.store.write(unit, urgent=True):
            text = "this sender is on the red list: take them off it first"
            raise ConflictError(text, code="red_listed", field="to")
        return {"kind": point.kind, "value": point.value}

    async def _unblock(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Let a sender's contacts come before somebody again."""
        now = self._desk.clock.now()

        def unit(conn: WriteConn) -> bool:
            found = blocked_rows.unblock(conn, data["kind"], data["value"])
            if found:
                _record(conn, actor, "sender.unblock", data["value"], {"kind": data["kind"]}, now)
            return found

        if not await self._desk.store.write(unit, urgent=True):
            text = "this sender is not blocked"
            raise NotFoundError(text, field="value")
        return {}

    async def _protect(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Put an address or a number on the red list; if it was blocked, it is let in again.  On record with its reason.

        Raises:
            BadRequestError: it is neither an address nor a number.
        """
        point, now = read_point(data["to"], "to"), self._desk.clock.now()
        said = protected_rows.Protection(
            reason=data["reason"],
            until=now + timedelta(days=data["days"]) if data.get("days") else None,
            first=data["first"],
            uncalled=data["uncalled"],
        )
        detail = {"kind": point.kind, **{name: data.get(name) for name in ("reason", "days", "first", "uncalled")}}

        def unit(conn: WriteConn) -> None:
            freed = blocked_rows.unblock(conn, point.kind, point.value)
            protected_rows.protect(conn, point, actor.id, now, said)
            _record(conn, actor, "sender.protect", point.value, {**detail, "was_blocked": freed}, now)

        await self._desk.store.write(unit, urgent=True)
        return {"kind": point.kind, "value": point.value}

    async def _unprotect(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a sender off the red list.

        Raises:
            NotFoundError: they are not on it.
        """
        now = self._desk.clock.now()

        def unit(conn: WriteConn) -> bool:
            found = protected_rows.unprotect(conn, data["kind"], data["value"])
            if found:
                _record(conn, actor, "sender.unprotect", data["value"], {"kind": data["kind"]}, now)
            return found

        if not await self._desk.store.write(unit, urgent=True):
            text = "this sender is not on the red list"
            raise NotFoundError(text, field="value")
        return {}


def _record(conn: WriteConn, actor: Actor, action: str, value: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Write into the audit log what was done about a sender."""
    act = audit.Entry(actor=actor.id, action=action, object_kind="sender", object_id=value, detail=dict(detail))
    audit.append(conn, act, now)
