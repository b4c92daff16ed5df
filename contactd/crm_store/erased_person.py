"""The last step of an erasure: the person itself, and all that was kept of them beside their contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, or_, select, update

from contactd.core.erasing import ERASED_NAME
from contactd.crm_store import (
    campaign_rows,
    change_rows,
    commerce_rows,
    connector_dead_rows,
    erasing,
    search_docs,
    task_rows,
    writeback_rows,
)
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn


def erase(conn: WriteConn, party: str, by: str, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Erase a customer's records; return what went, by kind, and the files to be removed."""
    parties = erasing.cluster(conn.connection, party)
    points = erasing.points(conn.connection, parties)
    known = _known_by(conn, parties, points)
    counts = {"records": len(parties), "contact_points": len(points), "answers": _answers(conn, known)}
    counts["left_out_rows"] = connector_dead_rows.forget(conn, parties, points)
    counts["claims"] = conn.execute(delete(s.contact_claim).where(s.contact_claim.c.party_id.in_(parties))).rowcount
    blobs = _imports(conn, parties)
    _points(conn, points)
    _beside(conn, parties)
    search_docs.forget_parties(conn, parties)
    values: dict[str, Any] = dict.fromkeys(("family_name", "given_name", "salutation", "legal_name"), "")
    values |= {"search_name": "", "uscc": None, "tz": None, "lang": None, "name_order": None, "owner_id": None}
    values |= {"tags": [], "custom": {}, "score": None, "roles": [], "vip": 0}
    values |= {"credit_level": None, "credit_flag": None, "preferences": None, "team_id": None}
    values |= {"display_name": ERASED_NAME, "pii_state": "erased", "updated_at": now, "updated_by": by}
    values["row_version"] = s.party.c.row_version + 1
    conn.execute(update(s.party).where(s.party.c.id.in_(parties)).values(**values))
    told: list[Any] = [(change_rows.PARTY_ERASED, ident, {}, None) for ident in parties]
    change_rows.append(conn, told, now)
    counts["contacts"] = _left(conn, parties)
    return counts, blobs


def _known_by(conn: WriteConn, parties: Sequence[str], points: Sequence[str]) -> list[str]:
    """Return names and addresses a kept answer could hold."""
    names = conn.execute(select(s.party.c.display_name).where(s.party.c.id.in_(parties))).scalars()
    values = conn.execute(select(s.contact_point.c.value_norm).where(s.contact_point.c.id.in_(points))).scalars()
    return [*parties, *{text for text in (*names, *values) if len(text) > 1}]


def _answers(conn: WriteConn, known: Sequence[str]) -> int:
    """Forget answers of repeated requests that name them."""
    response = cast(s.idempotency_key.c.response, String)
    return conn.execute(
        delete(s.idempotency_key).where(or_(*(response.contains(text, autoescape=True) for text in known))),
    ).rowcount


def _imports(conn: WriteConn, parties: Sequence[str]) -> list[str]:
    """Forget what imports keep of them, and the files they came in."""
    row, file = s.import_row, s.import_file
    jobs = list(conn.execute(select(row.c.job_id).where(row.c.party_id.in_(parties)).distinct()).scalars())
    conn.execute(update(row).where(row.c.party_id.in_(parties)).values(changed={}, made={}, reasons=[], kept=[]))
    blobs = conn.execute(select(file.c.blob).where(file.c.job_id.in_(jobs), file.c.blob.is_not(None))).scalars().all()
    pieces = conn.execute(select(file.c.pieces).where(file.c.job_id.in_(jobs))).scalars().all()
    conn.execute(delete(file).where(file.c.job_id.in_(jobs)))
    return [*blobs, *(piece for some in pieces for piece in some)]


def _points(conn: WriteConn, points: Sequence[str]) -> None:
    """Empty addresses that were theirs alone: rows stay, as contacts refer to them."""
    if not points:
        return
    point, part = s.contact_point, s.interaction_participant
    rows = conn.execute(select(point.c.id, point.c.kind, point.c.value_norm).where(point.c.id.in_(points))).all()
    for row in rows:
        gone = {"value_norm": f"erased:{row.id}", "ext": "", "value_raw": "", "display": "", "status_note": ""}
        conn.execute(update(point).where(point.c.id == row.id).values(**gone, region=None, carrier=None, namespace=""))
        for table in (s.blocked, s.protected):
            conn.execute(delete(table).where(table.c.kind == row.kind, table.c.value_norm == row.value_norm))
        conn.execute(delete(s.automatic_answer).where(s.automatic_answer.c.address == row.value_norm))
    conn.execute(update(part).where(part.c.contact_point_id.in_(points)).values(name="", address=""))
    visitor = s.visitor
    conn.execute(update(visitor).where(visitor.c.contact_point_id.in_(points)).values(profile={}))


def _beside(conn: WriteConn, parties: Sequence[str]) -> None:
    """Forget what stands beside the records."""
    for table in (s.party_name, s.address, s.match_key, s.party_facet):
        conn.execute(delete(table).where(table.c.party_id.in_(parties)))
    for table, one, other in (
        (s.party_link, s.party_link.c.from_party, s.party_link.c.to_party),
        (s.dup_candidate, s.dup_candidate.c.a, s.dup_candidate.c.b),
    ):
        conn.execute(delete(table).where(or_(one.in_(parties), other.in_(parties))))
    number, part = s.external_id, s.interaction_participant
    conn.execute(delete(number).where(number.c.ref_kind == "party", number.c.ref_id.in_(parties)))
    conn.execute(update(part).where(part.c.party_id.in_(parties)).values(name="", address=""))
    ops = select(s.merge_member.c.op_id).where(s.merge_member.c.party_id.in_(parties))
    conn.execute(update(s.merge_op).where(s.merge_op.c.id.in_(ops)).values(fields={}, claims=[], kept=[], reason=""))
    conn.execute(update(s.promise).where(s.promise.c.party_id.in_(parties)).values(text="", broken_reason=None))
    conn.execute(update(s.approval).where(s.approval.c.party_id.in_(parties)).values(reason="", decision=""))
    commerce_rows.forget(conn, parties)
    writeback_rows.forget(conn, parties)
    task_rows.forget(conn, s.task.c.party_id.in_(parties))
    campaign_rows.forget(conn, parties)
    conn.execute(update(s.consent).where(s.consent.c.party_id.in_(parties)).values(evidence=""))
    request = s.privacy_request
    conn.execute(update(request).where(request.c.party_id.in_(parties)).values(reason="", verified_how="", decision=""))


def _left(conn: WriteConn, parties: Sequence[str]) -> int:
    """Count the skeletons that stay for the figures."""
    return len(conn.execute(select(s.interaction.c.id).where(s.interaction.c.party_id.in_(parties))).all())
