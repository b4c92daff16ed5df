"""Business records written: made, changed and moved where they are kept; mirrored where another system keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update

from contactd.core import commerce as rules
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.numbering import BUILT_IN, NO_NUMBERS, RECORD, Numbers
from contactd.crm_store import course_rows, number_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

_event = partial(course_rows.add, s.record_event.c.record_id)

FIELDS = frozenset(
    {"title", "party_id", "parent_id", "owner", "amount", "currency", "begins_at", "ends_at", "fields", "url"}
)
"""What may be set; the stage is moved instead."""


def create(
    conn: WriteConn,
    ident: str,
    kind: str,
    values: Mapping[str, Any],
    *,
    stage: str | None,
    now: datetime,
    actor: str,
    numbers: Numbers = NO_NUMBERS,
) -> str:
    """Make a record that is kept here; return its number, by the house's patterns.

    Raises:
        BadRequestError: a field is wrong.
        NotFoundError: there is no such customer.
        ConflictError: records of this kind only come from another system (code `mirrored`).
    """
    if kind in rules.MIRRORED_ONLY:
        message = f"a {kind} comes from another system and is not made here"
        raise ConflictError(message, code="mirrored")
    begins = rules.kind_of(kind).first if stage is None else rules.move(kind, "", stage)
    return _add(conn, ident, kind, begins, values, {}, now, actor, numbers)


def patch(
    conn: WriteConn, ident: str, values: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change fields of a record that is kept here; its further fields are changed one by one.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is mirrored (code `mirrored`), or somebody changed it since `row_version` (`changed`).
        BadRequestError: a field is wrong.
    """
    old = _own(conn, ident, row_version)
    new = _checked(conn, old.kind, {**values, "fields": {**old.fields, **(values.get("fields") or {})}})
    changed = {name: value for name, value in new.items() if getattr(old, name) != value}
    _refuse_backwards(changed.get("begins_at", old.begins_at), changed.get("ends_at", old.ends_at))
    if changed:
        _set(conn, ident, changed, now, actor)
        _event(conn, ident, now, "changed", actor, data={"fields": sorted(changed)})


def move(conn: WriteConn, ident: str, stage: str, *, text: str, now: datetime, actor: str) -> None:
    """Bring a record that is kept here to another stage.

    Raises:
        NotFoundError, ConflictError, BadRequestError: as `patch`; see `core.commerce.move`.
    """
    old = _own(conn, ident, None)
    after = rules.move(old.kind, old.stage, stage)
    _set(conn, ident, {"stage": after}, now, actor)
    _event(conn, ident, now, "stage", actor, text, {"from": old.stage, "to": after})


def convert(conn: WriteConn, ident: str, made: str, *, now: datetime, actor: str, numbers: Numbers = NO_NUMBERS) -> str:
    """Make an opportunity (`made` is its id) of a qualified lead of a customer; return its number.

    Raises:
        NotFoundError: there is no such lead.
        BadRequestError: it is no lead, or nobody's yet.
        ConflictError: it is not qualified (code `bad_state`).
    """
    old = _own(conn, ident, None)
    if old.kind != "lead" or old.party_id is None:
        message = "a lead of a known customer can be converted"
        raise BadRequestError(message, field="party")
    after = rules.move(old.kind, old.stage, "converted")
    values = {"title": old.title, "party_id": old.party_id, "owner": old.owner, "parent_id": ident, "begins_at": now}
    number = _add(conn, made, "opportunity", rules.kind_of("opportunity").first, values, {}, now, actor, numbers)
    _set(conn, ident, {"stage": after}, now, actor)
    _event(conn, ident, now, "stage", actor, data={"from": old.stage, "to": after, "opportunity": made})
    return number


def mirror(
    conn: WriteConn, ident: str, kind: str, source: str, external: str, values: Mapping[str, Any], now: datetime
) -> str:
    """Take over a record as another system has it; return its id (`ident` when it is new).

    `values` holds `FIELDS`, `stage` and `as_of`.  What is older than what is known changes nothing.

    Raises:
        BadRequestError: a field is wrong.
        NotFoundError: there is no such customer.
    """
    table = s.record
    same = (table.c.source == source, table.c.kind == kind, table.c.external_key == external)
    old = conn.execute(select(table).where(*same).with_for_update()).first()
    as_of = values.get("as_of") or now
    fields = {name: value for name, value in values.items() if name in FIELDS}
    stage = values.get("stage") or (old.stage if old else rules.kind_of(kind).first)
    rules.move(kind, "", stage)
    if old is None:
        _add(
            conn, ident, kind, stage, fields, {"source": source, "external_key": external, "as_of": as_of}, now, source
        )
        return ident
    if old.as_of is None or as_of >= old.as_of:
        new = _checked(conn, kind, fields) | {"stage": stage, "as_of": as_of, "deleted_at": None}
        _set(conn, old.id, new, now, source)
        if stage != old.stage:
            _event(conn, old.id, now, "stage", source, data={"from": old.stage, "to": stage})
    return str(old.id)


def forget(conn: WriteConn, parties: Sequence[str]) -> None:
    """Take a person out of their records: kind, stage, amount and days stay for the figures, bound to nobody."""
    mine = select(s.record.c.id).where(s.record.c.party_id.in_(parties))
    gone = [row.id for row in conn.execute(mine)]
    conn.execute(update(s.record_event).where(s.record_event.c.record_id.in_(gone)).values(text="", data={}))
    bare: dict[str, Any] = {"title": "", "fields": {}, "url": "", "external_key": None, "party_id": None}
    conn.execute(update(s.record).where(s.record.c.id.in_(gone)).values(bare))


def _add(
    conn: WriteConn,
    ident: str,
    kind: str,
    stage: str,
    values: Mapping[str, Any],
    more: Mapping[str, Any],
    now: datetime,
    actor: str,
    numbers: Numbers = NO_NUMBERS,
) -> str:
    fields = _checked(conn, kind, values)
    if not fields.get("title"):
        message = "a record has a title"
        raise BadRequestError(message, field="title")
    if rules.kind_of(kind).of_party and not fields.get("party_id") and kind != "lead":
        message = f"a {kind} belongs to a customer"
        raise BadRequestError(message, field="party")
    _refuse_backwards(fields.get("begins_at"), fields.get("ends_at"))
    # What another system keeps has its number there; ours only tells records apart.
    sort = "" if "source" in more else kind
    number = number_rows.give(conn, numbers.pattern(RECORD, sort) or BUILT_IN[RECORD], s.record.c.no, now)
    about = {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    conn.execute(insert(s.record).values(id=ident, kind=kind, no=number, stage=stage, **fields, **more, **about))
    _event(conn, ident, now, "created", actor, data={"stage": stage})
    return number


def _own(conn: WriteConn, ident: str, row_version: int | None) -> Any:
    """Return a record that is kept here, locked."""
    own = (s.record.c.id == ident, s.record.c.deleted_at.is_(None))
    row = conn.execute(select(s.record).where(*own).with_for_update()).first()
    if row is None:
        message = "there is no such record"
        raise NotFoundError(message)
    if row.source is not None:
        message = f"this record is kept in {row.source}; change it there"
        raise ConflictError(message, code="mirrored", details={"source": row.source})
    if row_version is not None and row.row_version != row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    return row


def _checked(conn: WriteConn, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(values)
    for name, value in fields.items():
        if name not in FIELDS or not _fits(name, value):
            message = f"{name} has a wrong value" if name in FIELDS else f"{name} cannot be set"
            raise BadRequestError(message, field=name)
    if "fields" in fields:
        fields["fields"] = rules.checked(kind, fields["fields"] or {})
    for name, table in (("party_id", s.party), ("parent_id", s.record)):
        ident = fields.get(name)
        if ident is not None and conn.execute(select(table.c.id).where(table.c.id == ident)).first() is None:
            message = "there is no such customer" if name == "party_id" else "there is no such record"
            raise NotFoundError(message, field=name)
    return fields


def _fits(name: str, value: Any) -> bool:
    if value is None or name in {"begins_at", "ends_at", "fields"}:
        return value is None or isinstance(value, (datetime, dict))
    if name == "amount":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= rules.MOST_AMOUNT
    if name == "currency":
        return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()  # noqa: PLR2004 - ISO 4217
    if name == "url":
        return (
            isinstance(value, str)
            and len(value) <= 10 * rules.LONGEST
            and (not value or value.startswith(("https://", "http://")))
        )
    return isinstance(value, str) and len(value) <= rules.LONGEST


def _refuse_backwards(begin: datetime | None, end: datetime | None) -> None:
    if begin is not None and end is not None and end < begin:
        message = "it ends before it begins"
        raise BadRequestError(message, field="ends_at")


def _set(conn: WriteConn, ident: str, values: Mapping[str, Any], now: datetime, actor: str) -> None:
    new = dict(values) | {"updated_at": now, "updated_by": actor, "row_version": s.record.c.row_version + 1}
    conn.execute(update(s.record).where(s.record.c.id == ident).values(new))
