"""Finding parties by the beginning of a name, an e-mail address or a number."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import CompoundSelect, false, or_, select, union

from contactd.crm_store import schema as s

_LAST = "\U0010ffff"


def search_key(name: str) -> str:
    """Return the form of a name by which it is searched: compatibility forms folded, case folded, blanks squeezed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def matching(
    q: str, *, whole_numbers: bool = False, whole_addresses: bool = False, nameless: bool = False
) -> CompoundSelect[Any]:
    """Select the canonical parties whose name, e-mail address or number begins with `q`.

    With `whole_numbers` nothing is found by a number's beginning: who may not know it cannot try it out.
    With `whole_addresses` an address is found only as a whole: letter by letter it could be spelled out.
    With `nameless` nobody is found by their name.
    """
    own, name, contact = s.party.alias("matching"), s.party_name, s.contact_point
    begin = search_key(q)
    named = select(own.c.canonical_id).where(_starts(own.c.search_name, begin))
    further = (
        select(own.c.canonical_id).join(name, name.c.party_id == own.c.id).where(_starts(name.c.search_name, begin))
    )
    reached = (
        select(own.c.canonical_id)
        .join(s.contact_claim, s.contact_claim.c.party_id == own.c.id)
        .join(contact, contact.c.id == s.contact_claim.c.contact_point_id)
        .where(s.contact_claim.c.valid_to.is_(None), or_(*_addressed(contact.c.value_norm, q, whole=whole_addresses)))
    )
    nothing = select(own.c.canonical_id).where(false())
    names = (nothing,) if nameless else (named, further)
    return union(*names, nothing if whole_numbers and any(char.isdigit() for char in q) else reached)


def _addressed(column: Any, q: str, *, whole: bool) -> list[Any]:
    """Return what holds of the value of an address or number that is found by `q`."""
    values = _values(q)
    if whole and values == [search_key(q)]:
        return [column == values[0]]
    return [_starts(column, value) for value in values]


def _values(q: str) -> list[str]:
    """Return how the stored value of an address that begins with `q` may begin."""
    digits = "".join(char for char in unicodedata.normalize("NFKC", q) if char.isdigit() or char == "+")
    if not digits or any(char.isalpha() for char in q):
        return [search_key(q)]
    national = digits.lstrip("0")
    return [f"+{digits.lstrip('+')}", f"short:{digits}", f"raw:{digits}", *([f"+86{national}"] if national else [])]


def _starts(column: Any, beginning: str) -> Any:
    """Compare with a range, which an index in code point order answers on both databases."""
    return (column >= beginning) & (column < beginning + _LAST)
