"""Menus and the store: what is open under a number a caller entered, and the ways callers came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from contactd.core.commerce_kinds import KINDS
from contactd.core.menus import EVENT
from contactd.crm_store import schema as s
from contactd.crm_store.case_reads import OPEN

MOST = 20_000
"""Contacts whose ways are counted at once, the newest."""
CASE = "case"
LONGEST = 32
"""Digits of a number."""


def is_open(conn: Connection, kind: str, number: str) -> bool:
    """Tell whether a case, or a record of a kind, has this number and is not over.

    Callers have digits only: of our own numbers those behind the letters are enough, with or without zeros in front.  A record
    that is mirrored has the number of its own system, too.
    """
    if not (number.isascii() and number.isdecimal() and len(number) <= LONGEST):
        return False
    own = f"{int(number):06d}"
    if kind == CASE:
        case = s.case_.c
        query = select(case.id).where(
            case.no.in_([number, f"C-{own}"]), case.deleted_at.is_(None), case.state.in_(OPEN)
        )
        return conn.execute(query.limit(1)).first() is not None
    record, stages = s.record.c, KINDS[kind].open_stages if kind in KINDS else frozenset()
    named = or_(record.no.in_([number, f"R-{own}"]), record.external_key == number)
    query = select(record.id).where(named, record.kind == kind, record.deleted_at.is_(None), record.stage.in_(stages))
    return conn.execute(query.limit(1)).first() is not None


def ways(conn: Connection, since: datetime, until: datetime) -> tuple[list[Sequence[Mapping[str, Any]]], bool]:
    """Return the ways of callers who came between two moments, and whether there are more than were read."""
    event, contact = s.interaction_event, s.interaction
    query = (
        select(event.c.data)
        .join(contact, contact.c.id == event.c.interaction_id)
        .where(contact.c.started_at >= since, contact.c.started_at < until, event.c.type == EVENT)
        .order_by(contact.c.started_at.desc())
        .limit(MOST + 1)
    )
    found = [data.get("steps", []) for data in conn.execute(query).scalars()]
    return found[:MOST], len(found) > MOST
