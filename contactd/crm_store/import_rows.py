"""Rows of an import: each matched, taken over and written down with all it changed, in one unit; a second run finds the first.

A row that was taken over is never taken over again: its number in the file is its key.  Rows of a unit are looked up and
written together; what becomes of each is the same as if each had a unit of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import bindparam, select

from contactd.core.newcomer import Record, TakeOver
from contactd.core.party import Point
from contactd.crm_store import claims, due_rows, parties
from contactd.crm_store import schema as s
from contactd.crm_store.import_held import PLACES, Held, Holding
from contactd.crm_store.import_match import Known, key_of
from contactd.crm_store.import_policy import changes, name_of
from contactd.crm_store.party_search import search_key
from contactd.crm_store.schema.types import storable
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

CREATED, UPDATED, UNCHANGED, SKIPPED, AMBIGUOUS, ERROR = (
    "created",
    "updated",
    "unchanged",
    "skipped",
    "ambiguous",
    "error",
)
WORKS_FOR = "works_for"
LEVEL, SOURCE = "asserted", "import"
"""What a table says counts as said, not as proved."""

_row = s.import_row.c
_THERE = hot(
    select(_row.n, _row.status, _row.party_id, _row.reasons).where(
        _row.job_id == bindparam("job"), _row.n >= bindparam("first"), _row.n <= bindparam("last")
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Whose rows they are, and how they are taken over."""

    job: str
    """The import; empty where rows are only tried out."""
    options: TakeOver
    by: str
    at: datetime
    new_id: Callable[[], str]


@dataclass(slots=True)
class Outcome:
    """What became of a row."""

    number: int
    status: str
    party: str | None = None
    object: str | None = None
    """What it is about, where that is no customer: a contact, a case, a business record."""
    reasons: list[str] = field(default_factory=list)
    changed: dict[str, list[Any]] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    version: int | None = None


class TriedOutError(Exception):
    """Rows were taken over only to see what would become of them: the unit is taken back by this."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        """Carry what would become of each row."""
        super().__init__("tried out")
        self.outcomes = outcomes


@dataclass(slots=True)
class _Pointed:
    """A contact point that the unit makes."""

    id: str
    shared: bool
    line_type: str | None = None


def take_over(conn: WriteConn, records: Sequence[Record], errand: Errand) -> list[Outcome]:
    """Take over some rows, in the order of the file, and note what became of each.

    Raises:
        ConflictError: another node takes over the same at this moment (code `crossed`); the same unit may be run again.
    """
    numbers = [record.number for record in records]
    there = {row.n: row for row in conn.all(_THERE, job=errand.job, first=min(numbers), last=max(numbers))}
    work = _Work(conn, [record for record in records if record.number not in there], errand)
    outcomes = []
    for record in records:
        row = there.get(record.number)
        if row is not None:
            outcomes.append(Outcome(record.number, row.status, row.party_id, reasons=list(row.reasons)))
            continue
        outcome = work.decide(record)
        work.note(outcome)
        outcomes.append(outcome)
    work.holding.settle()
    return outcomes


def try_out(conn: WriteConn, records: Sequence[Record], errand: Errand) -> NoReturn:
    """Take over some rows, and take that back.

    Raises:
        TriedOutError: always; it says what would have become of each row.
    """
    work = _Work(conn, records, errand)
    outcomes = [work.decide(record) for record in records]
    work.holding.settle()
    raise TriedOutError(outcomes)


class _Work:
    """The rows of one unit, one after the other."""

    def __init__(self, conn: WriteConn, records: Sequence[Record], errand: Errand) -> None:
        self.errand = errand
        self.holding = Holding(conn, errand.at)
        usable = [record for record in records if not record.problems]
        self.known = Known(conn, usable, errand.options.system, self.holding.settle)
        matched = (self.known.known(record, errand.options.match)[1] for record in usable)
        if errand.options.policy not in {"skip", "new"}:
            self.holding.read(found[0] for found in matched if len(found) == 1)

    def note(self, outcome: Outcome) -> None:
        """Have written down what became of a row."""
        self.holding.write(
            "row",
            {
                "job_id": self.errand.job,
                "n": outcome.number,
                "status": outcome.status,
                "party_id": outcome.party,
                "reasons": outcome.reasons,
                "changed": outcome.changed,
                "made": {name: ids for name, ids in outcome.made.items() if ids},
                "row_version": outcome.version,
            },
        )

    def decide(self, record: Record) -> Outcome:
        """Match a row and do what the policy says."""
        outcome = Outcome(record.number, ERROR, reasons=[str(problem) for problem in record.problems])
        if record.problems:
            return outcome
        options = self.errand.options
        by, found = self.known.known(record, options.match)
        if len(found) > 1:
            outcome.status, outcome.reasons = AMBIGUOUS, [f"{by}: {', '.join(found)}"]
        elif record.id and by != "id" and "id" in options.match:
            outcome.reasons = [f"id: unknown_customer: {record.id}"]
        elif not found or options.policy == "new":
            outcome.reasons = [f"{by}: {found[0]}"] if found else []
            self._create(record, outcome)
        else:
            outcome.party, outcome.reasons = found[0], [by]
            if options.policy == "skip":
                outcome.status = SKIPPED
            else:
                self._update(record, self.holding.party(found[0]), outcome)
        return outcome

    def _create(self, record: Record, outcome: Outcome) -> None:
        fields = dict(record.fields)
        if record.custom:
            fields["custom"] = dict(record.custom)
        fields.setdefault("display_name", name_of(record))
        if record.owner:
            fields["owner_id"] = record.owner
        held = self._made(fields)
        outcome.party, outcome.status, outcome.version = held.id, CREATED, 1
        self._belongings(record, held, outcome)

    def _made(self, fields: dict[str, Any]) -> Held:
        """Make a customer."""
        ident = self.errand.new_id()
        held = self.holding.made(ident, parties.fresh(ident, fields, now=self.errand.at, actor=self.errand.by))
        self.holding.due_party(ident)
        self.known.made(ident, held.values)
        return held

    def _update(self, record: Record, held: Held, outcome: Outcome) -> None:
        """Change a customer we have, as far as the policy lets a row do so."""
        if self.errand.options.policy != "points":
            values, outcome.changed = changes(record, held.values, self.errand.options)
            if values:
                self._patch(held, values)
        outcome.version = held.row_version
        self._belongings(record, held, outcome)
        changed = outcome.changed or any(outcome.made.values())
        outcome.status = UPDATED if changed else UNCHANGED

    def _patch(self, held: Held, values: dict[str, Any]) -> None:
        self.holding.settle()
        conn, version = self.holding.conn, held.row_version
        now, actor = self.errand.at, self.errand.by
        held.row_version = parties.patch(conn, held.id, values, row_version=version, now=now, actor=actor)
        held.values |= values
        self.known.renamed()

    def _belongings(self, record: Record, held: Held, outcome: Outcome) -> None:
        """Add what stands beside a party: contact points, names, numbers elsewhere, organisation, address."""
        made = outcome.made
        claimed = (self._claim(held, point, label) for point, label in record.points)
        made["claims"] = [one for one in claimed if one is not None]
        named = (self._name(held, kind, value) for kind, value in record.names)
        made["names"] = [one for one in named if one is not None]
        made["numbers"] = self._numbers(held, record, outcome)
        if record.work.get("organisation"):
            self._employ(held, record, outcome)
        if record.address:
            made["addresses"] = self._address(held, record)

    def _claim(self, held: Held, point: Point, label: str | None) -> str | None:
        """Claim a contact point for a party; return the point if the claim is new."""
        row = self._point(point)
        alive = held.claims.get(row.id)
        if alive or row.line_type == claims.PRIVACY:
            return None
        held.claims[row.id] = True
        ident, now, by = self.errand.new_id(), self.errand.at, self.errand.by
        if alive is None:
            ours = {"id": ident, "contact_point_id": row.id, "party_id": held.id, "label": label, "is_primary": False}
            how = {"level": LEVEL, "source": SOURCE, "valid_from": now, "created_by": by}
            self.holding.write("claim", ours | how)
            self.holding.due(due_rows.RESOLVE, row.id)
            self.holding.due_party(held.id)
        else:
            self.holding.settle()
            conn = self.holding.conn
            claims.claim(conn, ident, row.id, held.id, level=LEVEL, source=SOURCE, label=label, now=now, actor=by)
        self.known.claimed(row.id, held.id)
        return str(row.id)

    def _point(self, point: Point) -> Any:
        """Return the row of a contact point, made if it is new."""
        key = key_of(point)
        row = self.known.points.get(key)
        if row is None:
            ident = self.errand.new_id()
            row = self.known.points[key] = _Pointed(ident, point.shared)
            self.holding.write("point", claims.fresh_point(ident, point, now=self.errand.at))
        else:
            self.holding.seen(row.id)
        return row

    def _name(self, held: Held, kind: str, value: str) -> str | None:
        if (kind, storable(value)) in held.names:
            return None
        held.names.add((kind, storable(value)))
        ident = self.errand.new_id()
        row = {"party_id": held.id, "kind": kind, "value": value, "search_name": search_key(value)}
        self.holding.write("name", {"id": ident, **row, "created_at": self.errand.at})
        self.holding.due_party(held.id)
        return ident

    def _numbers(self, held: Held, record: Record, outcome: Outcome) -> list[str]:
        """Note a customer's numbers in the system the file comes from; one that is somebody else's stays theirs."""
        made = []
        for value in record.external:
            if storable(value) in self.known.taken:
                if "external_id" not in outcome.reasons:
                    outcome.reasons.append(f"external_id: taken: {value}")
                continue
            ident, system = self.errand.new_id(), self.errand.options.system
            row = {"id": ident, "ref_id": held.id, "system": system, "type": "customer", "value": value}
            self.holding.write("number", row)
            self.known.numbered(value, held.id)
            made.append(ident)
        return made

    def _employ(self, held: Held, record: Record, outcome: Outcome) -> None:
        """Link a person to the organisation of that name, made if there is none; of several nobody knows which."""
        name = record.work["organisation"]
        found = self.known.organisations(name)
        if len(found) > 1:
            outcome.reasons.append(f"organisation: ambiguous: {name}")
            return
        if not found:
            found = [self._made({"kind": "org", "display_name": name}).id]
            outcome.made["organisations"] = found
        if found[0] == held.id or found[0] in held.links:
            return
        held.links.add(found[0])
        ident = self.errand.new_id()
        title = " ".join(record.work[part] for part in ("department", "title") if part in record.work)
        row = {"from_party": held.id, "to_party": found[0], "role": WORKS_FOR, "title": title}
        self.holding.write("link", {"id": ident, **row, "created_at": self.errand.at})
        self.holding.due_party(held.id)
        outcome.made["links"] = [ident]

    def _address(self, held: Held, record: Record) -> list[str]:
        given = {name: record.address.get(name) or (None if name == "country" else "") for name in PLACES}
        place = tuple(one if one is None else storable(one) for one in given.values())
        if place in held.addresses:
            return []
        held.addresses.add(place)
        ident = self.errand.new_id()
        times = {"created_at": self.errand.at, "updated_at": self.errand.at}
        self.holding.write("address", {"id": ident, "party_id": held.id, **given, **times})
        self.holding.due_party(held.id)
        return [ident]
