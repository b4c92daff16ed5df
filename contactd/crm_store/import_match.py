"""Which customer a row is about: by the surest thing it says that anybody is known by.  Never guessed: several are nobody.

What the rows of a unit say is asked for all at once; what the unit itself writes is added as it goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from contactd.core.newcomer import Record
from contactd.core.party import Point
from contactd.crm_store import schema as s
from contactd.crm_store.lists import WIDTH, among, each, each_pair
from contactd.crm_store.party_search import search_key
from contactd.crm_store.schema.types import storable
from contactd.crm_store.statements import Hot, hot
from contactd.crm_store.write_conn import WriteConn

_own, _survivor = s.party.alias("own"), s.party
MOST = 3
"""Customers read of those with one number: two are too many already."""
_CROWD = WIDTH * MOST * 4
"""Rows read for a list of keys; where there are more, each key is asked for by itself."""
_LIVE = and_(_survivor.c.deleted_at.is_(None), _survivor.c.pii_state != "erased")
_CUSTOMERS = _own.join(_survivor, _survivor.c.id == _own.c.canonical_id)
_CLAIMS = _CUSTOMERS.join(s.contact_claim, s.contact_claim.c.party_id == _own.c.id)
_SURE = and_(s.contact_claim.c.valid_to.is_(None), s.contact_claim.c.level != "inferred")
_BY_POINT = s.contact_claim.c.contact_point_id


def _two(key: Any, source: Any, *where: Any) -> tuple[Hot, Hot]:
    """Make the statements that read (key, customer) for a list of keys, and for one with a limit."""

    def found(limit: int, condition: Any) -> Select[Any]:
        columns = select(key.label("key"), _survivor.c.id).distinct().select_from(source)
        return columns.where(_LIVE, condition, *where).order_by(key, _survivor.c.id).limit(limit)

    return hot(found(_CROWD, among(key))), hot(found(MOST, key == bindparam("key")))


_IDS = _two(_own.c.id, _CUSTOMERS)
_USCCS = _two(_own.c.uscc, _CUSTOMERS)
_ORGANISATIONS = _two(_own.c.search_name, _CUSTOMERS, _own.c.kind == "org")
_HOLDERS = _two(_BY_POINT, _CLAIMS, _SURE)
_other = s.party.alias("other")
_BY_NAME_AND_ORG = hot(
    select(_survivor.c.id)
    .distinct()
    .select_from(_CUSTOMERS)
    .join(s.party_link, (s.party_link.c.from_party == _own.c.id) & s.party_link.c.active)
    .join(_other, _other.c.id == s.party_link.c.to_party)
    .where(_LIVE, _own.c.search_name == bindparam("name"), _other.c.search_name == bindparam("organisation"))
    .order_by(_survivor.c.id)
    .limit(MOST)
)
_number = s.external_id.c
_NUMBERS = hot(
    select(_number.type, _number.value, _survivor.c.id)
    .select_from(s.external_id)
    .outerjoin(_own, (_own.c.id == _number.ref_id) & (_number.ref_kind == "party"))
    .outerjoin(_survivor, (_survivor.c.id == _own.c.canonical_id) & _LIVE)
    .where(_number.system == bindparam("system"), among(_number.value))
)
_point = s.contact_point.c
_POINTS = hot(
    select(_point.id, _point.kind, _point.value_norm, _point.ext, _point.shared, _point.line_type).where(
        _point.namespace == "", among(_point.value_norm), among(_point.ext, "ext")
    )
)
PointKey = tuple[str, str, str]


def key_of(point: Point) -> PointKey:
    """Return by what a contact point is known again."""
    return point.kind, storable(point.value), storable(point.ext)


class Known:
    """Who is known by what the rows of one unit say.

    Attributes:
        points: contact point → its row (`id`, `shared`, `line_type`), for every one of the rows that exists.
        taken: numbers in the rows' system that are somebody's.
    """

    def __init__(self, conn: WriteConn, records: Sequence[Record], system: str, settle: Callable[[], None]) -> None:
        """Ask for all that the rows say; `settle` writes what the unit holds back before more is asked."""
        self._conn = conn
        self._settle = settle
        self.points: dict[PointKey, Any] = {}
        self.taken: set[str] = set()
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._read_points(records)
        self._read_numbers(records, system)
        self._ids = self._gathered(_IDS, (record.id for record in records if record.id))
        self._usccs = self._gathered(_USCCS, (record.fields["uscc"] for record in records if record.fields.get("uscc")))
        self._organisations = self._gathered(_ORGANISATIONS, _organisation_keys(records))
        points = [row.id for row in self.points.values() if not row.shared]
        self._holders = self._gathered(_HOLDERS, points)

    def _read_points(self, records: Sequence[Record]) -> None:
        wanted = {key_of(point) for record in records for point, _ in record.points}
        for row in each_pair(self._conn, _POINTS, ((value, ext) for _, value, ext in wanted), "ext"):
            if (row.kind, row.value_norm, row.ext) in wanted:
                self.points[row.kind, row.value_norm, row.ext] = row

    def _read_numbers(self, records: Sequence[Record], system: str) -> None:
        wanted = (storable(value) for record in records for value in record.external)
        for _, rows in each(self._conn, _NUMBERS, wanted, system=system):
            for row in rows:
                if row.type == "customer":
                    self.taken.add(row.value)
                if row.id is not None:
                    self._numbers[row.value].add(row.id)

    def _gathered(self, two: tuple[Hot, Hot], keys: Iterable[str]) -> dict[str, set[str]]:
        """Return key → customers, an empty set where nobody is known by it."""
        found: dict[str, set[str]] = {}
        for some, rows in each(self._conn, two[0], map(storable, keys)):
            found |= {key: set() for key in some}
            if len(rows) == _CROWD:
                found |= {key: {row.id for row in self._conn.all(two[1], key=key)} for key in some}
                continue
            for row in rows:
                if len(found[row.key]) < MOST:
                    found[row.key].add(row.id)
        return found

    def known(self, record: Record, match: tuple[str, ...]) -> tuple[str, list[str]]:
        """Return by what a customer is known again, and who it is; nobody: ("", []); several: more than one id."""
        for key in match:
            found = _FINDERS[key](self, record)
            if found:
                return key, sorted(found)
        return "", []

    def organisations(self, name: str) -> list[str]:
        """Return the organisations of exactly this name; more than one is nobody."""
        return sorted(self._asked(self._organisations, _ORGANISATIONS, search_key(name)))

    def _asked(self, held: dict[str, set[str]], two: tuple[Hot, Hot], key: str) -> set[str]:
        """Return who is known by a key; what is not known any more is asked again."""
        key = storable(key)
        found = held.get(key)
        if found is None:
            self._settle()
            found = held[key] = {row.id for row in self._conn.all(two[1], key=key)}
        return found

    def made(self, party: str, values: Mapping[str, Any]) -> None:
        """Add a customer that the unit made, by its fields."""
        self._ids[party] = {party}
        if values.get("uscc"):
            self._usccs.setdefault(storable(values["uscc"]), set()).add(party)
        if values.get("kind") == "org":
            held = self._organisations.get(storable(search_key(values["display_name"])))
            if held is not None:
                held.add(party)

    def renamed(self) -> None:
        """Forget who is known by a name or code: fields of a customer were changed."""
        self._usccs.clear()
        self._organisations.clear()

    def claimed(self, point: str, party: str) -> None:
        """Add that a contact point is a customer's."""
        self._holders.setdefault(point, set()).add(party)

    def numbered(self, value: str, party: str) -> None:
        """Add that a number in the rows' system is a customer's."""
        self.taken.add(storable(value))
        self._numbers[storable(value)].add(party)

    def by_id(self, record: Record) -> set[str]:
        """Return whose record it is."""
        return self._asked(self._ids, _IDS, record.id) if record.id else set()

    def by_number(self, record: Record) -> set[str]:
        """Return who has a number of the row in its system."""
        return {one for value in record.external for one in self._numbers.get(storable(value), ())}

    def by_uscc(self, record: Record) -> set[str]:
        """Return who has the row's social credit code."""
        code = record.fields.get("uscc")
        return self._asked(self._usccs, _USCCS, code) if code else set()

    def by_point(self, record: Record, kinds: tuple[str, ...]) -> set[str]:
        """Return whose contact points the row names; what several share is nobody's."""
        found: set[str] = set()
        for point, _ in record.points:
            row = self.points.get(key_of(point)) if point.kind in kinds and not point.shared else None
            if row is not None and not row.shared:
                found |= self._holders.get(row.id, set())
        return found

    def by_name(self, record: Record) -> set[str]:
        """Return which organisation is called so, or who of that name works for the row's organisation."""
        name = search_key(record.fields.get("display_name", ""))
        if not name:
            return set()
        if record.fields.get("kind") == "org":
            return self._asked(self._organisations, _ORGANISATIONS, name)
        organisation = search_key(record.work.get("organisation", ""))
        if not organisation:
            return set()
        self._settle()
        return {row.id for row in self._conn.all(_BY_NAME_AND_ORG, name=name, organisation=organisation)}


def _organisation_keys(records: Sequence[Record]) -> Iterable[str]:
    for record in records:
        if record.work.get("organisation"):
            yield search_key(record.work["organisation"])
        if record.fields.get("kind") == "org" and record.fields.get("display_name"):
            yield search_key(record.fields["display_name"])


_FINDERS: Mapping[str, Callable[[Known, Record], set[str]]] = {
    "id": Known.by_id,
    "external_id": Known.by_number,
    "uscc": Known.by_uscc,
    "phone": lambda known, record: known.by_point(record, ("phone", "fax")),
    "email": lambda known, record: known.by_point(record, ("email",)),
    "name": Known.by_name,
}
