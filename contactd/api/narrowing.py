"""What is left of an answer, or of a question, for who sees only some customers and fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contactd.core.errors import ForbiddenError
from contactd.core.levels import Levels
from contactd.crm_store import sight
from contactd.desk.rights import Actor


def narrowed(conn: Any, head: dict[str, Any], seeing: sight.Sight | None, now: Any) -> dict[str, Any]:
    """Of customers beyond somebody's scope show the name and nothing else: that there is one, and whom to ask."""
    if seeing is None:
        return head
    candidates = [
        one if sight.sees(conn, seeing, "party", one["party_id"], now) else {**one, "vip": 0, "points": []}
        for one in head["candidates"]
    ]
    head = {**head, "candidates": candidates}
    if head["party_id"] is None or sight.sees(conn, seeing, "party", head["party_id"], now):
        return head
    return {**head, "timeline": [], "open_cases": 0}


def refuse_taking(conn: Any, seeing: sight.Sight | None, idents: Iterable[str]) -> None:
    """Let nobody make a customer theirs whom they see only because their contact is in hand.

    Raises:
        ForbiddenError: one of them is such a customer (code `by_hand`).
    """
    if seeing is not None and any(sight.by_hand(conn, seeing, ident) for ident in idents):
        message = "You see this customer only while their contact is in hand."
        raise ForbiddenError(message, code="by_hand")


def refuse_mingling(levels: Levels, idents: Iterable[str]) -> None:
    """Let nobody make one of customers who are still closed to them: the answers one of them gives would open the other.

    Raises:
        ForbiddenError: of one it is not known surely enough who they are (code `identity`; `field` is the level that is needed).
    """
    needed = max((*levels.closed.values(), *levels.cards.values()), default=0)
    if any(levels.opened.get(ident, 0) < needed for ident in idents):
        message = "First make sure that each of them is who they say they are, or leave it to somebody who may."
        raise ForbiddenError(message, code="identity", field=str(needed))


def refuse_guessing(actor: Actor, filters: dict[str, Any]) -> None:
    """Let nobody find out by a filter what they are not shown.

    Raises:
        ForbiddenError: a filter asks for such a field (code `field`).
    """
    asked = {name for name, value in filters.items() if value not in (None, False, []) and name != "fields"}
    asked |= {f"custom.{text.partition(':')[0]}" for text in filters.get("fields", [])}
    wrong = sorted(name for name in asked if actor.levels.unseen(name))
    if wrong:
        message = f"You may not ask by {', '.join(wrong)}."
        raise ForbiddenError(message, code="field", field=wrong[0])


def refuse_guessing_cards(actor: Actor, kind: str | None, party: str | None, asked: dict[str, str | None]) -> None:
    """Let nobody find out by a filter what stands in business records that are closed to them.

    Raises:
        ForbiddenError: a filter asks for it (code `field`).
    """
    level = actor.levels.opened.get(party or "", 0)
    closed = [needed for name, needed in actor.levels.cards.items() if kind in (None, name) and level < needed]
    wrong = sorted(name for name, value in asked.items() if value is not None)
    if closed and wrong:
        message = f"You may not ask by {', '.join(wrong)}."
        raise ForbiddenError(message, code="field", field=wrong[0])
