"""Views for reports by other programs: facts and dimensions with fixed names, and nothing personal of customers in them.

They are made by a migration, the same on both databases, and read by `contactd export --star` and by whoever is given the right
to read them.  Moments are milliseconds since 1970 UTC, durations milliseconds.  Columns are added, never renamed or removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Select, Text, column, or_, select, table

from contactd.crm_store import change_rows
from contactd.crm_store import schema as s
from contactd.crm_store.schema import Ordered

PAGE = 1000


@dataclass(frozen=True, slots=True)
class View:
    """A fact or a dimension."""

    columns: tuple[str, ...]
    """`id` first: of several rows with one id the last written is the right one."""
    told_by: str | None
    """The kind of change after which rows are written anew; None: all of them each time."""
    of: str
    """The column with what such a change names."""


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


VIEWS: Mapping[str, View] = {
    "bi_agent": View(_columns("id name display_name role team disabled"), None, "id"),
    "bi_party": View(
        _columns("id customer_id kind lifecycle vip owner team credit_level credit_flag erased created_at deleted_at"),
        change_rows.PARTY_CHANGED,
        "id",
    ),
    "bi_contact": View(
        _columns("id channel direction line line_text agent agent_text state outcome ended_by priority lang vip")
        + _columns("party_id organisation_id case_id thread_id parent_id disposition routed_by policy_version")
        + _columns("started_at queued_at answered_at ended_at wait_ms talk_ms hold_ms wrap_ms"),
        change_rows.INTERACTION_CLOSED,
        "id",
    ),
    "bi_segment": View(
        _columns("id contact_id n line reason agent outcome disposition entered_at offered_at answered_at ended_at")
        + _columns("ring_ms wait_ms talk_ms hold_ms consult_ms wrap_ms"),
        change_rows.INTERACTION_CLOSED,
        "contact_id",
    ),
    "bi_offer": View(
        _columns("id contact_id agent line channel outcome reason offered_at ended_at ring_ms policy_version"),
        change_rows.INTERACTION_CLOSED,
        "contact_id",
    ),
    "bi_topic": View(
        _columns("id contact_id n case_id disposition is_primary agent at"),
        change_rows.INTERACTION_CLOSED,
        "contact_id",
    ),
    "bi_case": View(
        _columns(
            "id no type state stage priority severity escalation party_id organisation_id assignee team cause_code"
        )
        + _columns("contact_id reopened_n created_at resolved_at closed_at deleted_at"),
        change_rows.CASE_CHANGED,
        "id",
    ),
}
"""Dimensions first: who loads the files in this order knows every party and agent a fact names."""


def after(conn: Connection, name: str, ident: str, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return rows of a view in an order of its own, those behind the one of an id."""
    query, view = _select(name), VIEWS[name]
    columns = query.selected_columns
    if "n" not in columns:
        return _rows(conn, query.where(columns["id"] > ident).order_by("id").limit(limit), view)
    # The id is put together of two columns; in their order an index leads from page to page.
    contact, _, n = ident.rpartition("/")
    behind = (columns["contact_id"] >= contact, or_(columns["contact_id"] > contact, columns["n"] > int(n or 0)))
    return _rows(conn, query.where(*behind).order_by("contact_id", "n").limit(limit), view)


def about(conn: Connection, name: str, refs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a view that changes name."""
    query, view = _select(name), VIEWS[name]
    return _rows(conn, query.where(query.selected_columns[view.of].in_(refs)).order_by("id"), view)


def with_merged(conn: Connection, refs: Sequence[str]) -> list[str]:
    """Return these parties with all records that stand for the same customers: they changed with them."""
    own, asked = s.party.alias("own"), s.party.alias("asked")
    query = select(own.c.id).join(asked, own.c.canonical_id == asked.c.canonical_id).where(asked.c.id.in_(refs))
    return sorted({*refs, *conn.execute(query).scalars()})


def _select(name: str) -> Select[Any]:
    kinds = {"id": Ordered, **dict.fromkeys(("n", "is_primary", "disabled", "erased"), Integer)}
    view = table(name, *(column(one, kinds.get(one, Text)) for one in VIEWS[name].columns))
    return select(view)


def _rows(conn: Connection, query: Select[Any], view: View) -> list[dict[str, Any]]:
    flags = {"is_primary", "disabled", "erased"} & set(view.columns)
    return [{**row, **{flag: bool(row[flag]) for flag in flags}} for row in conn.execute(query).mappings()]
