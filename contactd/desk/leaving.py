"""Somebody leaves: what they hold goes to a colleague, their account ends; undone, it comes back, as far as nobody gave it on.

One unit writes it all, with the facts that tell the router: a running server notices by itself, so the command line and the console
do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.core.agent import Role
from contactd.core.errors import ForbiddenError
from contactd.core.events import Transferred
from contactd.crm_store import agents, audit, handover_rows, inbox_rows
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import WriteConn
from contactd.desk.admin import configured
from contactd.desk.idents import Idents


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who leaves, who takes over, who says so; ids are made once, so that a unit that runs twice writes the same."""

    leaver: str
    heir: str
    reason: str
    actor: str
    node: str
    now: datetime
    ident: str
    idents: Idents
    chief: bool
    """Whether who says so may end an admin's account, too."""

    def unit(self, conn: WriteConn) -> dict[str, Any]:
        """Hand over, end the account, tell the router; return the handover.

        Raises:
            NotFoundError, BadRequestError: as `handover_rows.hand_over`.
            ForbiddenError: the account is an admin's, and who says so is none.
        """
        person = agents.get(conn.connection, self.leaver)
        _refuse_above(self, person)
        contacts = handover_rows.hand_over(
            conn, self.ident, self.leaver, self.heir, reason=self.reason, now=self.now, actor=self.actor
        )
        _switch(conn, self, person, disabled=True)
        for contact in contacts:
            fact = Transferred(interaction=contact, agent=None, to_agent=self.heir, actor=self.actor)
            inbox_rows.tell(conn, fact, ident=self.idents.new(), node=self.node, now=self.now)
        shown = handover_rows.view(conn.connection, self.ident)
        _record(conn, self, "user.leave", {"heir": self.heir, "handover": self.ident, **shown["counts"]})
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Which handover is undone, and who says so."""

    handover: str
    actor: str
    node: str
    now: datetime
    idents: Idents
    chief: bool
    """Whether who says so may let an admin log in again, too."""

    def unit(self, conn: WriteConn) -> dict[str, Any]:
        """Give back, tell the router; return the handover with what was kept.

        The person may log in again, unless their account had ended before.

        Raises:
            NotFoundError, ConflictError: as `handover_rows.undo`.
            ForbiddenError: the account is an admin's, and who says so is none.
        """
        shown = handover_rows.undo(conn, self.handover, now=self.now, actor=self.actor)
        person = agents.get(conn.connection, shown["leaver"])
        _refuse_above(self, person)
        _switch(conn, self, person, disabled=not handover_rows.may_return(conn.connection, self.handover))
        _record(
            conn, self, "user.leave_undone", {"handover": self.handover, "kept": len(shown["kept"])}, shown["leaver"]
        )
        return shown


def _refuse_above(who: Leaving | Returning, person: dict[str, Any]) -> None:
    """Let nobody end or open the account of somebody who may do more than they."""
    if person["role"] == Role.ADMIN and not who.chief:
        message = "Only an admin ends or opens an admin's account."
        raise ForbiddenError(message, code="admin_only")


def _switch(conn: WriteConn, who: Leaving | Returning, person: dict[str, Any], *, disabled: bool) -> None:
    """End an account, or let it hold again."""
    if bool(person["disabled"]) != disabled:
        version = person["row_version"]
        agents.change(
            conn, person["id"], {"disabled": disabled}, None, row_version=version, now=who.now, actor=who.actor
        )
    fact = configured(agents.get(conn.connection, person["id"]))
    inbox_rows.tell(conn, fact, ident=who.idents.new(), node=who.node, now=who.now)


def _record(
    conn: WriteConn, who: Leaving | Returning, action: str, detail: dict[str, Any], agent: str | None = None
) -> None:
    ident = agent or (who.leaver if isinstance(who, Leaving) else None)
    audit.append(
        conn, Entry(actor=who.actor, action=action, object_kind="agent", object_id=ident, detail=detail), who.now
    )
