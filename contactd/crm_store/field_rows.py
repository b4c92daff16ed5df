"""Definitions of fields: made, changed, retired; and values held against them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Connection, Text, cast, literal, select, update

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.fields import TYPES, Field, bounded, value_of
from contactd.crm_store import due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

ENTITIES = ("party", "case")
MOST = 200
"""Fields of one kind of record."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SET = ("labels", "options", "required", "searchable", "filterable", "place")


def listed(conn: Connection, entity: str | None = None, *, retired: bool = False) -> list[dict[str, Any]]:
    """Return definitions in the order of forms."""
    table = s.field_def
    query = select(table).order_by(table.c.entity, table.c.place, table.c.key)
    if entity is not None:
        query = query.where(table.c.entity == entity)
    if not retired:
        query = query.where(table.c.retired_at.is_(None))
    return [_view(row) for row in conn.execute(query)]


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return one definition.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(select(s.field_def).where(s.field_def.c.id == ident)).first()
    if row is None:
        message = "there is no such field"
        raise NotFoundError(message)
    return _view(row)


def define(conn: WriteConn, ident: str, values: Mapping[str, Any], *, now: datetime, actor: str) -> None:
    """Add a field (`entity, key, type`, and of `labels, options, required, searchable, filterable, place`).

    Raises:
        BadRequestError: a value is wrong; `field` names it.
        ConflictError: there is one of that key (code `taken`), also a retired one: values of it may stand in records.
    """
    entity, key = values.get("entity"), values.get("key", "")
    if entity not in ENTITIES:
        _refuse("entity", f"fields are added to {', '.join(ENTITIES)}")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        _refuse("key", "a key is made of small letters, digits and _")
    if values.get("type") not in TYPES:
        _refuse("type", f"a field is {', '.join(TYPES)}")
    table = s.field_def
    of_entity = select(table.c.key).where(table.c.entity == entity)
    keys = set(conn.execute(of_entity).scalars())
    if key in keys:
        message = f"there is a field {key} already"
        raise ConflictError(message, code="taken")
    if len(keys) >= MOST:
        _refuse("key", f"there are {MOST} fields already")
    row = {"entity": entity, "key": key, "type": values["type"], **_checked(values, str(values["type"]))}
    conn.execute(insert(table).values(id=ident, created_at=now, created_by=actor, **row))
    _index_anew(conn, str(entity), key, now)


def change(
    conn: WriteConn,
    ident: str,
    values: Mapping[str, Any],
    *,
    retire: bool | None,
    now: datetime,
    row_version: int | None,
) -> None:
    """Change what a field is called, offers, asks and is found by; retire it, or take it up again.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` (code `changed`).
        BadRequestError: a value is wrong; `field` names it.
    """
    table = s.field_def
    old = conn.execute(select(table).where(table.c.id == ident).with_for_update()).first()
    if old is None:
        message = "there is no such field"
        raise NotFoundError(message)
    if row_version is not None and row_version != old.row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    new: dict[str, Any] = _checked(values, old.type)
    if retire is not None:
        new["retired_at"] = now if retire else None
    conn.execute(update(table).where(table.c.id == ident).values(**new, row_version=old.row_version + 1))
    if {"searchable", "filterable"} & new.keys() or retire is not None:
        _index_anew(conn, old.entity, old.key, now)


def fields(conn: Connection, entity: str) -> dict[str, Field]:
    """Return key → definition of the fields in use."""
    return {row["key"]: _field(row) for row in listed(conn, entity)}


def checked(conn: WriteConn, entity: str, given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record's own fields hold after a change; keys nobody defined are a source's own, and stay as they come.

    Raises:
        BadRequestError: a value does not fit its field; `field` is `custom.<key>`; or it is too much for one record
            (code `too_large`).
    """
    known = fields(conn.connection, entity) if given else {}
    after = dict(before)
    for key, value in given.items():
        after[key] = value_of(known[key], value, before.get(key)) if key in known else value
    kept = {key: value for key, value in after.items() if value is not None}
    if given:
        bounded(kept)
    return kept


def refuse_missing(conn: WriteConn, entity: str, custom: Mapping[str, Any]) -> None:
    """Let a person save a record only with its required fields.

    Raises:
        BadRequestError: one is missing (code `required`).
    """
    for key, one in fields(conn.connection, entity).items():
        if one.required and custom.get(key) is None:
            message = f"{key} is required"
            raise BadRequestError(message, code="required", field=f"custom.{key}")


def _index_anew(conn: WriteConn, entity: str, key: str, now: datetime) -> None:
    """Let every record that holds the field be indexed again, behind the live work."""
    table, kind = (s.party, due_rows.INDEX_PARTY) if entity == "party" else (s.case_, due_rows.INDEX_CASE)
    holding = cast(table.c.custom, Text).like(f'%"{key}"%')
    rows = select(literal(kind), table.c.id, literal(now, s.due.c.at.type)).where(holding)
    conn.execute(insert(s.due).from_select(["kind", "ref", "at"], rows).on_conflict_do_nothing())


def _checked(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = {name: values[name] for name in _SET if values.get(name) is not None}
    options = found.get("options", [])
    keys = [one.get("key") for one in options if isinstance(one, Mapping)]
    if (
        len(keys) != len(options)
        or len(set(keys)) != len(keys)
        or not all(isinstance(one, str) and one for one in keys)
    ):
        _refuse("options", "each option has a key of its own")
    if options and kind not in ("select", "multi"):
        _refuse("options", "only select and multi have options")
    labels = found.get("labels", {})
    if not all(isinstance(one, str) and len(one) <= 100 for one in labels.values()):  # noqa: PLR2004 - a label
        _refuse("labels", "a label is a text of at most 100 characters")
    return found


def _refuse(field: str, message: str) -> NoReturn:
    raise BadRequestError(message, field=field)


def _field(row: Mapping[str, Any]) -> Field:
    return Field(
        key=row["key"],
        type=row["type"],
        labels=row["labels"],
        options=tuple(one["key"] for one in row["options"] if not one.get("retired")),
        required=row["required"],
        searchable=row["searchable"],
        filterable=row["filterable"],
    )


def _view(row: Any) -> dict[str, Any]:
    shown = ("id", "entity", "key", "type", *_SET, "row_version")
    return {name: getattr(row, name) for name in shown} | {
        "created_at": rfc3339(row.created_at),
        "retired_at": text(row.retired_at),
    }
