"""An import taken back, row by row: what nobody has touched since is as before, what somebody has is kept and named."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update

from contactd.core.errors import ConflictError
from contactd.crm_store import audit, due_rows, import_jobs, parties, past_undo
from contactd.crm_store import schema as s
from contactd.crm_store.audit import Entry
from contactd.crm_store.write_conn import WriteConn

REVERSED, KEPT, NOTHING = "reversed", "kept", "nothing"
BATCH = 3
"""Rows of one unit."""


def begin(conn: WriteConn, job: str, by: str, now: datetime) -> None:
    """Begin to take an import back, or go on with it.

    Raises:
        NotFoundError: there is none such.
        ConflictError: it was undone already (code `undone`).
    """
    state = import_jobs.get(conn.connection, job)["state"]
    if state == import_jobs.UNDONE:
        message = "this import was undone already"
        raise ConflictError(message, code="undone")
    if state != import_jobs.UNDOING:
        values = {"state": import_jobs.UNDOING, "undone_by": by}
        conn.execute(update(s.import_job).where(s.import_job.c.id == job).values(values))
        audit.append(conn, Entry(actor=by, action="import.undo", object_kind="import", object_id=job), now)


def next_rows(conn: WriteConn, job: str, by: str, now: datetime) -> int:
    """Take back the last rows that are left; return how many there were."""
    row = s.import_row
    left = (row.c.job_id == job, row.c.undone.is_(None))
    found = conn.execute(select(row).where(*left).order_by(row.c.n.desc()).limit(BATCH)).all()
    for one in found:
        bucket, kept = _undo(conn, one, by, now)
        mine = (row.c.job_id == job, row.c.n == one.n)
        conn.execute(update(row).where(*mine).values(undone=bucket, kept=kept))
    return len(found)


def finish(conn: WriteConn, job: str, now: datetime) -> dict[str, int]:
    """Note that every row was taken back as far as it could be; return bucket → rows."""
    row = s.import_row.c
    query = select(row.undone, func.count().label("n")).where(row.job_id == job).group_by(row.undone)
    buckets = {found.undone: found.n for found in conn.execute(query)}
    conn.execute(
        update(s.import_job)
        .where(s.import_job.c.id == job)
        .values(state=import_jobs.UNDONE, undone_at=now, counts=buckets)
    )
    return buckets


def _undo(conn: WriteConn, row: Any, by: str, now: datetime) -> tuple[str, list[str]]:
    """Take one row back; return its bucket and what is kept."""
    if "kind" in row.made:
        there, kept = past_undo.undo(conn, row, by, now)
        return (KEPT if kept else REVERSED if there else NOTHING), kept
    if row.party_id is None or not (row.changed or row.made or row.status == "created"):
        return NOTHING, []
    party = conn.execute(select(s.party).where(s.party.c.id == row.party_id)).first()
    if party is None or party.deleted_at is not None or party.pii_state == "erased":
        return NOTHING, []
    if row.status == "created":
        kept = _in_use(conn, party, row)
        if kept:
            return KEPT, kept
    else:
        kept = _restore(conn, party, row, by, now)
    _take_back(conn, row, now)
    if row.status == "created":
        _strike(conn, party.id, by, now)
    due_rows.mark_party(conn, party.id, now)
    return (KEPT if kept else REVERSED), kept


def _in_use(conn: WriteConn, party: Any, row: Any) -> list[str]:
    """Tell why a customer that the import made has to stay: changed, merged, or somebody has dealt with them."""
    reasons = []
    if party.row_version != row.row_version:
        reasons.append("changed")
    if party.canonical_id != party.id or _any(conn, (s.party.c.canonical_id == party.id) & (s.party.c.id != party.id)):
        reasons.append("merged")
    if _any(conn, or_(s.interaction.c.party_id == party.id, s.interaction.c.org_party_id == party.id)):
        reasons.append("contacts")
    if _any(conn, or_(s.case_.c.party_id == party.id, s.case_.c.org_party_id == party.id)):
        reasons.append("cases")
    others = s.contact_claim.c.source != "import"
    if _any(conn, (s.contact_claim.c.party_id == party.id) & s.contact_claim.c.valid_to.is_(None) & others):
        reasons.append("contact points")
    links = list(row.made.get("links", ()))
    either = or_(s.party_link.c.from_party == party.id, s.party_link.c.to_party == party.id)
    if _any(conn, either & s.party_link.c.active & s.party_link.c.id.not_in(links)):
        reasons.append("links")
    return reasons


def _any(conn: WriteConn, condition: Any) -> bool:
    return bool(conn.execute(select(exists().where(condition))).scalar())


def _restore(conn: WriteConn, party: Any, row: Any, by: str, now: datetime) -> list[str]:
    """Give fields back what they held before, unless somebody has changed them since; return those that are kept."""
    own = dict(party.custom or {})
    values: dict[str, Any] = {}
    kept = []
    for name, (before, after) in row.changed.items():
        key = name.removeprefix("custom.")
        now_there = own.get(key) if key != name else getattr(party, name)
        if now_there != after:
            kept.append(name)
        elif key == name:
            values[name] = before
        else:
            own = {k: v for k, v in own.items() if k != key} | ({key: before} if before is not None else {})
            values["custom"] = own
    if values:
        parties.patch(conn, party.id, values, row_version=party.row_version, now=now, actor=by)
    return kept


def _take_back(conn: WriteConn, row: Any, now: datetime) -> None:
    """Remove what the row added beside its party."""
    made = row.made
    table = s.contact_claim
    for point in made.get("claims", ()):
        mine = (table.c.contact_point_id == point, table.c.party_id == row.party_id)
        untouched = (table.c.source == "import", table.c.valid_to.is_(None))
        conn.execute(update(table).where(*mine, *untouched).values(valid_to=now))
        due_rows.mark(conn, due_rows.RESOLVE, point, now)
    for name, target in (("names", s.party_name), ("numbers", s.external_id), ("addresses", s.address)):
        if made.get(name):
            conn.execute(delete(target).where(target.c.id.in_(made[name])))
    if made.get("links"):
        conn.execute(update(s.party_link).where(s.party_link.c.id.in_(made["links"])).values(active=False))
    for organisation in made.get("organisations", ()):
        there = conn.execute(select(s.party).where(s.party.c.id == organisation)).first()
        if there is not None and there.row_version == 1 and not _in_use(conn, there, _Fresh(made)):
            _strike(conn, organisation, None, now)


class _Fresh:
    """An organisation that came with a row: untouched it has its first version."""

    row_version = 1

    def __init__(self, made: dict[str, Any]) -> None:
        self.made = made


def _strike(conn: WriteConn, party: str, by: str | None, now: datetime) -> None:
    """Let a customer be gone whom only the import knew."""
    values = {"deleted_at": now, "updated_at": now, "updated_by": by, "row_version": s.party.c.row_version + 1}
    conn.execute(update(s.party).where(s.party.c.id == party).values(values))
    due_rows.mark_party(conn, party, now)
