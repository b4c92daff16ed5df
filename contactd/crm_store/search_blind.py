"""What was found, held against what who asks is not shown: nobody tries out in the box what stands there.

The index does not say which field a word came from; so those in whose hidden parts a word of the question stands are looked at
again without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from contactd.core import tokens
from contactd.core.levels import ADDRESS, veiled_text
from contactd.core.tokens import Term
from contactd.crm_store import schema as s
from contactd.crm_store import search_docs
from contactd.crm_store.search_docs import CASE, PARTY, SAID_FIELDS, field_tokens, party_tokens, told_fields

Unseen = Callable[[str], bool]
"""Tells of a field whether it is not shown as it is."""
_KNOWN_AS = {
    "body_text": ("body_text", "text"),
    "sender_name": ("sender_name", "name"),
    "files": ("attachments", "name"),
}
"""Part of a message → the names of the fields it is shown as, where they are others."""


def _all_seen(_field: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Blind:
    """What somebody is not shown."""

    unseen: Unseen = _all_seen
    addresses: bool = False
    """E-mail addresses are masked: found only by the whole of one."""
    whole: frozenset[str] = frozenset()
    """Addresses the question names as a whole."""

    @classmethod
    def of(cls, query: str, unseen: Unseen | None, *, addresses: bool) -> Blind | None:
        """Return what stays out of the answer to a question; None when nothing does."""
        if unseen is None and not addresses:
            return None
        return cls(unseen or _all_seen, addresses, frozenset(_addresses(tokens.plain(query[: tokens.MAX_QUERY]))))

    def hides(self, part: str) -> bool:
        """Tell whether a part of what is found is not shown as it is."""
        return any(self.unseen(name) for name in _KNOWN_AS.get(part, (part,)))

    def guarded(self, text: str) -> str:
        """Return the addresses in a text that are not shown, one after another."""
        if not self.addresses or "@" not in text:
            return ""
        return " ".join(one for one in _addresses(text) if one.casefold() not in self.whole)

    def veiled(self, text: str) -> str:
        """Return a text without them."""
        if not self.guarded(text):
            return text
        return ADDRESS.sub(lambda one: one[0] if one[0].casefold() in self.whole else veiled_text(one[0]), text)


SEES_ALL = Blind()


def shown(conn: Connection, kind: str, found: Sequence[Any], asked: Sequence[Term], blind: Blind) -> list[Any]:
    """Return those of some documents that hold every term without what is not shown."""
    if not found:
        return []
    look = {PARTY: _parties, CASE: _cases}.get(kind, _messages)
    kept = look(conn, [row.ref for row in found], asked, blind)
    return [row for row in found if row.ref in kept]


def _parties(conn: Connection, refs: Sequence[str], asked: Sequence[Term], blind: Blind) -> set[str]:
    hidden = [name for name in ("name", *told_fields(conn)) if blind.unseen(name)]
    doubtful = set(refs) if "name" in hidden else set()
    if hidden and not doubtful:
        rows = conn.execute(select(s.party).where(s.party.c.canonical_id.in_(refs)))
        doubtful = {
            row.canonical_id for row in rows if any(_touches(field_tokens(row, name), asked) for name in hidden)
        }
    if blind.addresses:
        doubtful |= _reached(conn, refs, asked, blind)
    # An address that is named as a whole is no secret any more.
    without = blind.whole if blind.addresses else None
    return set(refs) - {
        one for one in doubtful if not tokens.hold(party_tokens(conn, one, hidden, addresses=without), asked)
    }


def _reached(conn: Connection, refs: Sequence[str], asked: Sequence[Term], blind: Blind) -> set[str]:
    """Return the customers in whose addresses a word of the question stands."""
    own, claim, point = s.party, s.contact_claim, s.contact_point
    query = (
        select(own.c.canonical_id, point.c.value_norm)
        .join(claim, claim.c.party_id == own.c.id)
        .join(point, point.c.id == claim.c.contact_point_id)
        .where(own.c.canonical_id.in_(refs), claim.c.valid_to.is_(None))
    )
    rows = conn.execute(query)
    return {row.canonical_id for row in rows if _touches(tokens.of_text(blind.guarded(row.value_norm)), asked)}


def _cases(conn: Connection, refs: Sequence[str], asked: Sequence[Term], blind: Blind) -> set[str]:
    rows = conn.execute(select(s.case_).where(s.case_.c.id.in_(refs)))
    return {
        row.id
        for row in rows
        if tokens.hold(tokens.of_text(blind.veiled(search_docs.case_text(row, blind.hides)[: tokens.MAX_CHARS])), asked)
    }


def _messages(conn: Connection, refs: Sequence[str], asked: Sequence[Term], blind: Blind) -> set[str]:
    """Return the messages that are found all the same; only those with a word in what is hidden are gone through again."""
    kept = set()
    hidden = [name for name in SAID_FIELDS if blind.hides(name)]
    for row, files in search_docs.said(conn, refs):
        whole = search_docs.said_text(row, files, blind.hides)[: tokens.MAX_CHARS]
        beside = " ".join(search_docs.said_part(row, files, name) for name in hidden if name != "body_text")
        hides_all = "body_text" in hidden or _touches(tokens.of_text(f"{beside} {blind.guarded(whole)}"), asked)
        if not hides_all or tokens.hold(tokens.of_text(blind.veiled(whole)), asked):
            kept.add(row.id)
    return kept


def _touches(hidden: Sequence[str], asked: Sequence[Term]) -> bool:
    """Tell whether any word of the question stands among hidden ones."""
    singly = [Term((token,), prefix=True) for term in asked for token in term.tokens]
    return any(tokens.hold(hidden, [one]) for one in singly)


def _addresses(text: str) -> list[str]:
    return [one[0] for one in ADDRESS.finditer(text)]
