"""What one unit of an import knows of the customers it is about, and what it has yet to write: each table's rows at once.

Rows held back are written by `settle`, before anything is asked that they could change, and at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from contactd.core.errors import ConflictError
from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.lists import among, each
from contactd.crm_store.party_fields import EDITABLE
from contactd.crm_store.statements import Hot, hot, insert
from contactd.crm_store.write_conn import WriteConn

PLACES = ("country", "province", "city", "district", "street", "postal_code")
CROSSED = "crossed"
"""Another node wrote the same number or address at this moment: the unit is to be run again."""

_PARTIES = hot(
    select(s.party.c.id, s.party.c.row_version, *(s.party.c[name] for name in sorted(EDITABLE))).where(
        among(s.party.c.id)
    )
)
_claim, _name, _link, _address = s.contact_claim.c, s.party_name.c, s.party_link.c, s.address.c
_CLAIMS = hot(select(_claim.party_id, _claim.contact_point_id, _claim.valid_to).where(among(_claim.party_id)))
_NAMES = hot(select(_name.party_id, _name.kind, _name.value).where(among(_name.party_id)))
_LINKS = hot(select(_link.from_party, _link.to_party).where(_link.active, among(_link.from_party)))
_ADDRESSES = hot(select(_address.party_id, *(_address[name] for name in PLACES)).where(among(_address.party_id)))
_SEEN = hot(
    update(s.contact_point).where(s.contact_point.c.id == bindparam("b_id")).values(last_seen=bindparam("b_at"))
)
_point = insert(s.contact_point)
_WRITTEN: Mapping[str, Hot] = {
    "party": hot(insert(s.party)),
    "point": hot(_point.on_conflict_do_nothing(index_elements=["kind", "namespace", "value_norm", "ext"])),
    "claim": hot(insert(s.contact_claim).on_conflict_do_nothing(index_elements=["contact_point_id", "party_id"])),
    "name": hot(insert(s.party_name)),
    "number": hot(insert(s.external_id).on_conflict_do_nothing(index_elements=["system", "type", "value"])),
    "link": hot(insert(s.party_link)),
    "address": hot(insert(s.address)),
    "row": hot(insert(s.import_row)),
}
"""What is written, in the order in which one row may name another."""
_ONCE = ("point", "number")
"""Rows that another node may have written at the same moment."""
_EMPTY = {column.name: getattr(column.default, "arg", None) for column in s.party.c}
"""What a party's columns hold that nobody gave."""


@dataclass(slots=True)
class Held:
    """A customer as the unit has made them so far."""

    id: str
    values: dict[str, Any]
    row_version: int
    claims: dict[str, bool] = field(default_factory=dict)
    """Contact point → whether the claim on it is alive."""
    names: set[tuple[str, str]] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    addresses: set[tuple[Any, ...]] = field(default_factory=set)


class Holding:
    """The customers of one unit, and its rows to be written."""

    def __init__(self, conn: WriteConn, now: datetime) -> None:
        """Know none yet."""
        self.conn = conn
        self.now = now
        self._parties: dict[str, Held] = {}
        self._waiting: dict[str, list[dict[str, Any]]] = {name: [] for name in _WRITTEN}
        self._seen: dict[str, None] = {}
        self._due: dict[tuple[str, str], None] = {}

    def read(self, idents: Iterable[str]) -> None:
        """Read customers with all that an import may add to."""
        wanted = [ident for ident in idents if ident not in self._parties]
        for row in _all(self.conn, _PARTIES, wanted):
            self._parties[row.id] = Held(row.id, dict(row._mapping), row.row_version)  # noqa: SLF001 - as SQLAlchemy's
        for row in _all(self.conn, _CLAIMS, wanted):
            self._parties[row.party_id].claims[row.contact_point_id] = row.valid_to is None
        for row in _all(self.conn, _NAMES, wanted):
            self._parties[row.party_id].names.add((row.kind, row.value))
        for row in _all(self.conn, _LINKS, wanted):
            self._parties[row.from_party].links.add(row.to_party)
        for row in _all(self.conn, _ADDRESSES, wanted):
            self._parties[row.party_id].addresses.add(tuple(row)[1:])

    def party(self, ident: str) -> Held:
        """Return a customer."""
        if ident not in self._parties:
            self.settle()
            self.read([ident])
        return self._parties[ident]

    def made(self, ident: str, values: dict[str, Any]) -> Held:
        """Add a customer of whom nothing was known."""
        held = self._parties[ident] = Held(ident, _EMPTY | values, 1)
        self.write("party", values)
        return held

    def write(self, table: str, row: dict[str, Any]) -> None:
        """Have a row written; it is ours from now on."""
        self._waiting[table].append(row)

    def seen(self, point: str) -> None:
        """Have noted that a contact point was named again."""
        self._seen[point] = None

    def due(self, kind: str, ref: str) -> None:
        """Have marked what is to be done later."""
        self._due[kind, ref] = None

    def due_party(self, party: str) -> None:
        """Have marked a customer who changed."""
        self.due(due_rows.MATCH, party)
        self.due(due_rows.INDEX_PARTY, party)

    def settle(self) -> None:
        """Write what waits.

        Raises:
            ConflictError: another node wrote one of the same rows just now (code `crossed`): nothing may be kept.
        """
        self.conn.many(_SEEN, [{"b_id": point, "b_at": self.now} for point in self._seen])
        self._seen.clear()
        for name, statement in _WRITTEN.items():
            rows = self._waiting[name]
            if rows and self.conn.many(statement, rows) != len(rows) and name in _ONCE:
                message = "another node has taken over the same at this moment"
                raise ConflictError(message, code=CROSSED)
            rows.clear()
        due_rows.mark_all(self.conn, self._due, self.now)
        self._due.clear()


def _all(conn: WriteConn, statement: Hot, keys: Iterable[str]) -> Iterator[Any]:
    return (row for _, rows in each(conn, statement, keys) for row in rows)
