"""Rows of an import: each matched, taken over and written down with all it changed, in one unit; a second run finds the first.

A row that was taken over is never taken over again: its number in the file is its key.
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
from contactd.crm_store.import_match import known, organisations
from contactd.crm_store.statements import hot, insert
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

_THERE = hot(
    select(s.import_row.c.n, s.import_row.c.status, s.import_row.c.party_id, s.import_row.c.reasons).where(
        s.import_row.c.job_id == bindparam("job"), s.import_row.c.n == bindparam("n")
    )
)
_NEW_ROW = hot(insert(s.import_row))
_PARTY = hot(select(s.party).where(s.party.c.id == bindparam("id")))
_CLAIMED = hot(
    select(s.contact_claim.c.id).where(
        s.contact_claim.c.contact_point_id == bindparam("point"),
        s.contact_claim.c.party_id == bindparam("party"),
        s.contact_claim.c.valid_to.is_(None),
    )
)
_NUMBER = hot(insert(s.external_id).on_conflict_do_nothing(index_elements=["system", "type", "value"]))
_NAMED = hot(
    select(s.party_name.c.id).where(
        s.party_name.c.party_id == bindparam("party"),
        s.party_name.c.kind == bindparam("kind"),
        s.party_name.c.value == bindparam("value"),
    )
)
_LINKED = hot(
    select(s.party_link.c.id).where(
        s.party_link.c.from_party == bindparam("person"),
        s.party_link.c.to_party == bindparam("organisation"),
        s.party_link.c.active,
    )
)
_PLACES = ("country", "province", "city", "district", "street", "postal_code")
_ADDRESSES = hot(select(*(s.address.c[name] for name in _PLACES)).where(s.address.c.party_id == bindparam("party")))
_NEW_ADDRESS = hot(insert(s.address))


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


def take_over(conn: WriteConn, records: Sequence[Record], errand: Errand) -> list[Outcome]:
    """Take over some rows and note what became of each."""
    return [_one(conn, record, errand) for record in records]


def try_out(conn: WriteConn, records: Sequence[Record], errand: Errand) -> NoReturn:
    """Take over some rows, and take that back.

    Raises:
        TriedOutError: always; it says what would have become of each row.
    """
    raise TriedOutError([_decide(conn, record, errand) for record in records])


def _one(conn: WriteConn, record: Record, errand: Errand) -> Outcome:
    there = conn.one(_THERE, job=errand.job, n=record.number)
    if there is not None:
        return Outcome(record.number, there.status, there.party_id, list(there.reasons))
    outcome = _decide(conn, record, errand)
    conn.run(
        _NEW_ROW,
        job_id=errand.job,
        n=record.number,
        status=outcome.status,
        party_id=outcome.party,
        reasons=outcome.reasons,
        changed=outcome.changed,
        made={name: ids for name, ids in outcome.made.items() if ids},
        row_version=outcome.version,
    )
    return outcome


def _decide(conn: WriteConn, record: Record, errand: Errand) -> Outcome:
    """Match a row and do what the policy says."""
    outcome = Outcome(record.number, ERROR, reasons=[str(problem) for problem in record.problems])
    if record.problems:
        return outcome
    by, found = known(conn, record, errand.options.match, errand.options.system)
    if len(found) > 1:
        outcome.status, outcome.reasons = AMBIGUOUS, [f"{by}: {', '.join(found)}"]
    elif record.id and by != "id" and "id" in errand.options.match:
        outcome.reasons = [f"id: unknown_customer: {record.id}"]
    elif not found or errand.options.policy == "new":
        outcome.reasons = [f"{by}: {found[0]}"] if found else []
        _create(conn, record, errand, outcome)
    else:
        outcome.party, outcome.reasons = found[0], [by]
        if errand.options.policy == "skip":
            outcome.status = SKIPPED
        else:
            _update(conn, record, errand, outcome)
    return outcome


def _create(conn: WriteConn, record: Record, errand: Errand, outcome: Outcome) -> None:
    fields = dict(record.fields)
    if record.custom:
        fields["custom"] = dict(record.custom)
    fields.setdefault("display_name", _name_of(record))
    if record.owner:
        fields["owner_id"] = record.owner
    outcome.party = parties.create(conn, errand.new_id(), fields, now=errand.at, actor=errand.by)
    outcome.status, outcome.version = CREATED, 1
    _belongings(conn, record, errand, outcome)


def _name_of(record: Record) -> str:
    """Call somebody without a name by how they are reached."""
    for point, _ in record.points:
        return point.display or point.raw
    return record.external[0] if record.external else ""


def _update(conn: WriteConn, record: Record, errand: Errand, outcome: Outcome) -> None:
    """Change a customer we have, as far as the policy lets a row do so."""
    assert outcome.party is not None  # noqa: S101 - whom the row matched
    row = conn.one(_PARTY, id=outcome.party)
    outcome.version = row.row_version
    if errand.options.policy != "points":
        values = _changes(record, row, errand.options, outcome)
        if values:
            outcome.version = parties.patch(
                conn, row.id, values, row_version=row.row_version, now=errand.at, actor=errand.by
            )
    _belongings(conn, record, errand, outcome)
    changed = outcome.changed or any(outcome.made.values())
    outcome.status = UPDATED if changed else UNCHANGED


def _changes(record: Record, row: Any, options: TakeOver, outcome: Outcome) -> dict[str, Any]:
    """Return the columns to set, and note each field's value before and after."""
    given = dict(record.fields) | ({"owner_id": record.owner} if record.owner else {})
    values = {}
    for name, value in given.items():
        before = getattr(row, name)
        if _may_set(name, before, options) and before != value:
            values[name] = value
            outcome.changed[name] = [before, value]
    own = dict(row.custom or {})
    for key, value in record.custom.items():
        before = own.get(key)
        if _may_set(f"custom.{key}", before, options) and before != value:
            own[key] = value
            outcome.changed[f"custom.{key}"] = [before, value]
            values["custom"] = own
    return values


def _may_set(name: str, before: Any, options: TakeOver) -> bool:
    """Tell whether the policy lets a row set a field that holds `before`."""
    if options.policy == "overwrite" and (not options.overwrite or name in options.overwrite):
        return True
    return before in (None, "", [], 0, "unknown")


def _belongings(conn: WriteConn, record: Record, errand: Errand, outcome: Outcome) -> None:
    """Add what stands beside a party: contact points, names, numbers elsewhere, organisation, address."""
    assert outcome.party is not None  # noqa: S101 - both callers have set it
    party = outcome.party
    outcome.made["claims"] = [
        made for point, label in record.points if (made := _claim(conn, party, point, label, errand)) is not None
    ]
    outcome.made["names"] = [
        made for kind, value in record.names if (made := _name(conn, party, kind, value, errand)) is not None
    ]
    outcome.made["numbers"] = _numbers(conn, party, record, errand, outcome)
    if record.work.get("organisation"):
        _employ(conn, party, record, errand, outcome)
    if record.address:
        outcome.made["addresses"] = _address(conn, party, record, errand)


def _claim(conn: WriteConn, party: str, point: Point, label: str | None, errand: Errand) -> str | None:
    """Claim a contact point for a party; return the point if the claim is new."""
    found = claims.point_id(conn, errand.new_id(), point, now=errand.at)
    if conn.one(_CLAIMED, point=found, party=party) is not None:
        return None
    claims.claim(
        conn,
        errand.new_id(),
        found,
        party,
        level="asserted",
        source="import",
        now=errand.at,
        actor=errand.by,
        label=label,
    )
    return found if conn.one(_CLAIMED, point=found, party=party) is not None else None


def _name(conn: WriteConn, party: str, kind: str, value: str, errand: Errand) -> str | None:
    if conn.one(_NAMED, party=party, kind=kind, value=value) is not None:
        return None
    ident = errand.new_id()
    parties.add_name(conn, ident, party, kind, value, now=errand.at)
    return ident


def _numbers(conn: WriteConn, party: str, record: Record, errand: Errand, outcome: Outcome) -> list[str]:
    """Note a customer's numbers in the system the file comes from; one that is somebody else's stays theirs."""
    made = []
    for value in record.external:
        ident = errand.new_id()
        system = errand.options.system
        if conn.run(_NUMBER, id=ident, ref_id=party, system=system, type="customer", value=value):
            made.append(ident)
        elif "external_id" not in outcome.reasons:
            outcome.reasons.append(f"external_id: taken: {value}")
    return made


def _employ(conn: WriteConn, party: str, record: Record, errand: Errand, outcome: Outcome) -> None:
    """Link a person to the organisation of that name, made if there is none; of several nobody knows which."""
    name = record.work["organisation"]
    found = organisations(conn, name)
    if len(found) > 1:
        outcome.reasons.append(f"organisation: ambiguous: {name}")
        return
    if not found:
        values = {"kind": "org", "display_name": name}
        found = [parties.create(conn, errand.new_id(), values, now=errand.at, actor=errand.by)]
        outcome.made["organisations"] = found
    if found[0] == party or conn.one(_LINKED, person=party, organisation=found[0]) is not None:
        return
    ident = errand.new_id()
    title = " ".join(record.work[part] for part in ("department", "title") if part in record.work)
    parties.link(conn, ident, party, found[0], role=WORKS_FOR, title=title, now=errand.at)
    outcome.made["links"] = [ident]


def _address(conn: WriteConn, party: str, record: Record, errand: Errand) -> list[str]:
    given = {name: record.address.get(name) or (None if name == "country" else "") for name in _PLACES}
    for row in conn.all(_ADDRESSES, party=party):
        if all(getattr(row, name) == value for name, value in given.items()):
            return []
    ident = errand.new_id()
    conn.run(_NEW_ADDRESS, id=ident, party_id=party, **given, created_at=errand.at, updated_at=errand.at)
    due_rows.mark_party(conn, party, errand.at)
    return [ident]
