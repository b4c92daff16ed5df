"""Published policies: numbered versions of the one document, never changed; the names of lines and skills that ever were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from contactd.clock import rfc3339
from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A published policy."""

    version: int
    document: dict[str, Any]
    digest: str


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON: equal for equal documents."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def current(conn: Connection) -> Version | None:
    """Return the published policy that rules, None in an empty store."""
    row = conn.execute(select(s.policy_version).order_by(s.policy_version.c.version.desc()).limit(1)).first()
    return None if row is None else _version(row)


def get(conn: Connection, version: int) -> Version:
    """Return one version.

    Raises:
        NotFoundError: there is none of that number.
    """
    row = conn.execute(select(s.policy_version).where(s.policy_version.c.version == version)).first()
    if row is None:
        message = f"there is no policy version {version}"
        raise NotFoundError(message)
    return _version(row)


def in_force(conn: Connection, since: datetime, until: datetime) -> list[tuple[datetime, dict[str, Any]]]:
    """Return (from when on, document) of what was in force in that time, oldest first; the first may lie before it."""
    table = s.policy_version
    older = select(table.c.version).where(table.c.at <= since).order_by(table.c.version.desc()).limit(1)
    first = conn.execute(older).scalar()
    query = select(table).where(table.c.version >= (first or 0), table.c.at < until).order_by(table.c.version)
    found = [(row.at, _version(row).document) for row in conn.execute(query)]
    if found or first is not None:
        return found
    # The time lies before anything was published: measured by the first that was.
    row = conn.execute(select(table).order_by(table.c.version).limit(1)).first()
    return [] if row is None else [(row.at, _version(row).document)]


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Return `version, at, actor, note, digest` of every version, newest first."""
    table = s.policy_version
    rows = conn.execute(
        select(table.c.version, table.c.at, table.c.actor, table.c.note, table.c.digest).order_by(
            table.c.version.desc()
        ),
    )
    return [row._asdict() | {"at": rfc3339(row.at)} for row in rows]


def publish(
    conn: WriteConn,
    document: Mapping[str, Any],
    *,
    now: datetime,
    actor: str | None,
    note: str = "",
    based_on: int | None = None,
) -> Version:
    """Make a document the policy that rules; one equal to the present one is not published again.

    Args:
        conn: the unit's transaction.
        document: the whole `[policy]`, already checked.
        now: the moment.
        actor: who publishes.
        note: why, for the list.
        based_on: the version the author started from; None = whatever is there.

    Raises:
        ConflictError: another version was published since `based_on` (code `changed`).
    """
    before = current(conn.connection)
    number = before.version if before else 0
    if based_on is not None and based_on != number:
        message = f"version {number} was published meanwhile"
        raise ConflictError(message, code="changed")
    new = digest(document)
    if before is not None and before.digest == new:
        return before
    row = {"version": number + 1, "document": dict(document), "digest": new, "at": now, "actor": actor, "note": note}
    conn.execute(insert(s.policy_version).values(**row))
    _keep_names(conn, s.line, _labels(document, "lines"), now)
    _keep_names(conn, s.skill, _labels(document, "skills"), now)
    return Version(version=number + 1, document=dict(document), digest=new)


def _labels(document: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return name → label of the lines or skills of a document, whether it lists them by name or as tables."""
    entries = document.get(section, {})
    if not isinstance(entries, Mapping):
        entries = {str(entry.get("name", entry)) if isinstance(entry, Mapping) else str(entry): {} for entry in entries}
    return {
        name: entry.get("label", {}) if isinstance(entry, Mapping) else {} for name, entry in sorted(entries.items())
    }


def _keep_names(conn: WriteConn, table: Table, labels: Mapping[str, Any], now: datetime) -> None:
    """Write down the names in use, and retire those that are not."""
    conn.execute(
        update(table).where(table.c.name.not_in(list(labels)), table.c.retired_at.is_(None)).values(retired_at=now)
    )
    for name, label in labels.items():
        new = insert(table).values(name=name, label=label, created_at=now)
        conn.execute(new.on_conflict_do_update(index_elements=["name"], set_={"label": label, "retired_at": None}))


def _version(row: Any) -> Version:
    """Shape a row."""
    return Version(version=row.version, document=row.document, digest=row.digest)
