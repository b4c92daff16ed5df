"""Recordings of the past: sound of another system, sealed like our own, with the call it is of."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from contactd.core.newcomer import Problem
from contactd.core.past import ADAPTER, CALL, CONTACT, Past
from contactd.crm_store import past_contacts, past_customers
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import CREATED, ERROR, UNCHANGED, Errand, Outcome
from contactd.crm_store.recording_rows import KEPT, Sealed
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

NEAR = timedelta(minutes=2)
"""So far apart may the clocks be of who wrote down the calls and of who recorded them."""
_i = s.interaction.c
_SHOWN = (_i.id, _i.channel, _i.line, _i.agent, _i.started_at)
_NAMED = hot(select(s.recording.c.id).where(s.recording.c.name == bindparam("name")))
_BY_KEY = hot(select(*_SHOWN).where(_i.adapter == bindparam("adapter"), _i.external_key == bindparam("key")))
_BY_ID = hot(select(*_SHOWN).where(_i.id == bindparam("id"), _i.ended_at.is_not(None)))
_NEAR = hot(
    select(*_SHOWN).where(
        _i.contact_point_id == bindparam("point"),
        _i.channel == CALL,
        _i.started_at >= bindparam("first"),
        _i.started_at <= bindparam("last"),
        _i.ended_at.is_not(None),
    )
)
_NEW = hot(insert(s.recording))


def name_of(row: Past, system: str) -> str:
    """Return by what a recording is known again: its number there, else its file and which call it is of."""
    if row.key:
        return f"{ADAPTER}/{system}/{row.key}"
    said = (row.said("file"), row.said("call"), row.at, *(point.value for point in row.points))
    return f"{ADAPTER}/{system}/#{hashlib.sha256(chr(31).join(map(str, said)).encode()).hexdigest()[:32]}"


def take(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Problem | None:
    """Take one recording over; one that is there already stays as it is.

    `row.values` holds `sealed`, the sound (nothing where rows are only tried out), and `keep_days` of its line.
    """
    name = name_of(row, errand.options.system)
    there = conn.one(_NAMED, name=name)
    if there is not None:
        outcome.status, outcome.object = UNCHANGED, there.id
        return None
    found = _call(conn, row, errand, outcome)
    if isinstance(found, Problem):
        return found
    at, days = row.at or found.started_at, row.values.get("keep_days")
    expires = None if days is None else at + timedelta(days=days)
    if expires is not None and expires <= errand.at:
        return Problem("at", "time_over", at.isoformat()[:19])
    sealed: Sealed | None = row.values.get("sealed")
    ident = errand.new_id()
    if sealed is not None:
        about = {"id": ident, "name": name, "interaction_id": found.id, "channel": found.channel}
        about |= {"line": row.values.get("own_line") or found.line or "", "kept_at": errand.at, "expires_at": expires}
        about |= {"agent": row.values.get("own_agent") or found.agent, "started_at": at}
        _write(conn, about, sealed)
    elif errand.job:
        return Problem("file", "no_file", row.said("file")[:40])
    outcome.status, outcome.object, outcome.version = CREATED, ident, 0
    return None


def _write(conn: WriteConn, about: dict[str, Any], sealed: Sealed) -> None:
    conn.run(
        _NEW,
        segment=1,
        state=KEPT,
        ended_at=about["started_at"] + timedelta(milliseconds=sealed.length_ms),
        notice_at=None,
        consent="",
        gaps=[],
        redactions=[],
        peaks=[list(side) for side in sealed.peaks],
        blob=sealed.blob,
        size=sealed.size,
        length_ms=sealed.length_ms,
        key_id=sealed.wrapped.key_id,
        sealed_key=sealed.wrapped.key,
        hold=None,
        row_version=0,
        **about,
    )


def _call(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Any:
    """Return the call a recording is of: by its number, else by whose it was and when; made where nobody knows of it."""
    found = _known(conn, row, errand)
    if found is not None:
        return found
    if row.at is None:
        return Problem("call", "unknown_contact", row.said("call")[:40])
    told = {name: value for name, value in row.values.items() if name not in {"sealed", "keep_days", "file", "call"}}
    contact = replace(row, kind=CONTACT, key=row.said("call"), values={"channel": CALL, **told})
    made = Outcome(row.number, ERROR)
    problem = past_contacts.take(conn, contact, errand, made)
    if problem is not None:
        return problem
    if made.status == CREATED:
        outcome.made["contact"] = made.object
    return conn.one(_BY_ID, id=made.object)


def _known(conn: WriteConn, row: Past, errand: Errand) -> Any:
    """Find the call; by its number where that is said, else the one of that address that is nearest in time."""
    call = row.said("call")
    if call:
        brought = conn.one(_BY_KEY, adapter=ADAPTER, key=f"{errand.options.system}/{call}")
        return brought or conn.one(_BY_ID, id=call)
    found = past_customers.customer(conn, row, errand)
    if isinstance(found, Problem) or found[0] is None or row.at is None:
        return None
    at = row.at
    near = conn.all(_NEAR, point=found[0], first=at - NEAR, last=at + NEAR)
    nearest = sorted(near, key=lambda one: abs(one.started_at - at))[:2]
    if not nearest or (len(nearest) > 1 and abs(nearest[0].started_at - at) == abs(nearest[1].started_at - at)):
        return None
    return nearest[0]


def in_use(conn: WriteConn, row: Any) -> list[str]:
    """Tell why a recording of the past has to stay: it was changed, or its call is worked with."""
    sound = conn.execute(select(s.recording).where(s.recording.c.id == row.object_id)).one()
    kept = ["changed"] if sound.row_version != row.row_version else []
    made = row.made.get("contact")
    if made is not None:
        alone = select(func.count()).where(s.recording.c.interaction_id == made)
        reasons = past_contacts.in_use(conn, SimpleNamespace(object_id=made, row_version=1))
        kept += [one for one in reasons if one != "recordings" or (conn.execute(alone).scalar() or 0) > 1]
    return list(dict.fromkeys(kept))


def strike(conn: WriteConn, ident: str) -> None:
    """Take a recording of the past out again; with its key no copy of the file can be heard."""
    conn.execute(delete(s.recording).where(s.recording.c.id == ident))
