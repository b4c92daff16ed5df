"""Rows of the policy: its versions, one draft, and the names of lines and skills that reports need later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update

from contactd.core.events import PolicyPublished
from contactd.core.journal import encode
from contactd.crm_store.schema import fact_inbox, line, policy_version, skill
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

DRAFT = 0
"""The version under which a draft is kept; published versions count from 1."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the policy."""

    version: int
    document: Mapping[str, Any]
    digest: str
    at: datetime
    actor: str | None


def digest(document: Mapping[str, Any]) -> str:
    """Return what two documents have in common only when they say the same."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def published(conn: Connection) -> Version | None:
    """Return the version that rules; None in a store that has none yet."""
    last = select(func.max(policy_version.c.version)).where(policy_version.c.version > DRAFT).scalar_subquery()
    return _version(conn.execute(select(policy_version).where(policy_version.c.version == last)).first())


def draft(conn: Connection) -> Version | None:
    """Return the draft, None when there is none."""
    return _version(conn.execute(select(policy_version).where(policy_version.c.version == DRAFT)).first())


def put_draft(conn: WriteConn, document: Mapping[str, Any], *, actor: str, note: str, now: datetime) -> None:
    """Keep a draft in place of the one before."""
    conn.execute(delete(policy_version).where(policy_version.c.version == DRAFT))
    conn.execute(_row(DRAFT, document, actor, note, now))


def publish(
    conn: WriteConn,
    document: Mapping[str, Any],
    names: Mapping[str, Mapping[str, Mapping[str, str]]],
    *,
    fact_id: str,
    node: str,
    actor: str,
    note: str,
    now: datetime,
) -> int:
    """Let a document rule from now on; return its version, which is the present one when nothing differs.

    Args:
        conn: the unit's transaction.
        document: the whole `[policy]` table, checked.
        names: `line` and `skill` → name → labels, for reports when they are gone.
        fact_id: id of the fact that tells the router.
        node: whose inbox the fact belongs to.
        actor: who does it.
        note: where it comes from.
        now: the present moment.
    """
    current = published(conn.connection)
    if current is not None and current.digest == digest(document):
        return current.version
    version = current.version + 1 if current is not None else 1
    conn.execute(_row(version, document, actor, note, now))
    _keep_names(conn, line, names.get("line", {}), now)
    _keep_names(conn, skill, names.get("skill", {}), now)
    fact = PolicyPublished(version=version, policy=dict(document))
    row = {"id": fact_id, "node": node, "at": now, "kind": type(fact).__name__, "payload": encode(fact)}
    conn.execute(insert(fact_inbox).values(**row))
    return version


def _row(version: int, document: Mapping[str, Any], actor: str, note: str, now: datetime) -> Any:
    return insert(policy_version).values(
        version=version,
        document=dict(document),
        digest=digest(document),
        at=now,
        actor=actor,
        note=note,
    )


def _keep_names(conn: WriteConn, table: Table, labels: Mapping[str, Mapping[str, str]], now: datetime) -> None:
    """Know every name with its label; what is not named any more is retired, not deleted."""
    conn.execute(
        update(table).where(table.c.name.not_in(list(labels)), table.c.retired_at.is_(None)).values(retired_at=now),
    )
    for name, label in labels.items():
        new = insert(table).values(name=name, label=dict(label), created_at=now)
        back = {"label": new.excluded.label, "retired_at": None}
        conn.execute(new.on_conflict_do_update(index_elements=["name"], set_=back))


def _version(row: Row[Any] | None) -> Version | None:
    if row is None:
        return None
    return Version(row.version, row.document or {}, row.digest, row.at, row.actor)
