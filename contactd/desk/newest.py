"""Views of interactions as they are when they are shown: what was said meanwhile is not taken back by an older view.

The router's batch makes its views when it decides, and shows them after its commit; what was said or found out between the two,
and is committed already, stands in the book.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contactd.clock import rfc3339
from contactd.desk.book import Book, Entry
from contactd.desk.changes import InteractionUpsert
from contactd.desk.effects import Effect


def newest(effects: list[Effect], book: Book) -> list[Effect]:
    """Return a batch's effects, with what the router has no part in as the book has it now."""
    return [_newest(effect, book) if isinstance(effect, InteractionUpsert) else effect for effect in effects]


def _newest(effect: InteractionUpsert, book: Book) -> InteractionUpsert:
    entry = book.get(effect.view["id"])
    if entry is None:
        return effect
    now = _beside(entry)
    same = all(effect.view.get(name) == value for name, value in now.items())
    return effect if same else replace(effect, view={**effect.view, **now})


def _beside(entry: Entry) -> dict[str, Any]:
    """Return what others than the router write into an interaction's view."""
    return {
        "party_id": entry.party,
        "resolve_state": str(entry.resolve_state),
        "customer_name": entry.customer_name,
        "vip": entry.vip,
        "case_id": entry.case_id,
        "unread": entry.unread,
        "unanswered_since": None if entry.unanswered_since is None else rfc3339(entry.unanswered_since),
        "last_message": entry.last_message,
    }
