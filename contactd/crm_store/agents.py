"""Agents (every user is one): reading them with skills and lines, making and changing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from contactd.core.agent import Role
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

MAX_LEVEL = 10
_FIELDS = frozenset({"display_name", "role", "languages", "device", "team", "capacity", "disabled", "password_hash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What an agent may be given: (skill, level 1-10) pairs, and lines (`*` = every line)."""

    skills: Sequence[tuple[str, int]] = ()
    lines: Sequence[str] = ()


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return an agent by id, without the password.

    Raises:
        NotFoundError: there is none.
    """
    return _one(conn, s.agent.c.id == ident)


def named(conn: Connection, name: str) -> dict[str, Any]:
    """Return an agent by log-in name, without the password.

    Raises:
        NotFoundError: there is none.
    """
    return _one(conn, s.agent.c.name == name)


def on_device(conn: Connection, device: str) -> str | None:
    """Return the id of the agent who answers on a device (`PJSIP/1001`), or None."""
    query = select(s.agent.c.id).where(s.agent.c.device == device, s.agent.c.disabled.is_(False))
    found: str | None = conn.execute(query.order_by(s.agent.c.id).limit(1)).scalar()
    return found


def listed(conn: Connection, *, with_disabled: bool = False) -> list[dict[str, Any]]:
    """Return every agent, by name."""
    query = select(s.agent).order_by(s.agent.c.name)
    if not with_disabled:
        query = query.where(s.agent.c.disabled.is_(False))
    return _views(conn, list(conn.execute(query)))


def by_username(conn: Connection) -> dict[str, str]:
    """Return log-in name → id of everybody who may log in."""
    query = select(s.agent.c.name, s.agent.c.id).where(s.agent.c.disabled.is_(False))
    return {row.name: row.id for row in conn.execute(query)}


def create(
    conn: WriteConn,
    ident: str,
    name: str,
    values: Mapping[str, Any],
    abilities: Abilities,
    *,
    now: datetime,
    actor: str | None,
) -> str:
    """Make an agent; return the id.

    Args:
        conn: the unit's transaction.
        ident: the new id.
        name: the log-in name.
        values: display_name, role, languages, device, team, capacity, disabled, password_hash.
        abilities: skills and lines.
        now: the moment.
        actor: who does it.

    Raises:
        ConflictError: the name is taken (code `taken`).
        BadRequestError: a field, role or level is wrong.
    """
    checked = _checked(values)
    row = insert(s.agent).values(
        **({"display_name": name} | checked),
        id=ident,
        name=name,
        password_at=now if checked.get("password_hash") else None,
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
    )
    if conn.execute(row.on_conflict_do_nothing(index_elements=["name"])).rowcount == 0:
        message = f"there is an agent {name} already"
        raise ConflictError(message, code="taken", field="name")
    if checked.get("team"):
        _join(conn, ident, checked["team"], now)
    enable(conn, ident, abilities)
    return ident


def change(
    conn: WriteConn,
    ident: str,
    values: Mapping[str, Any],
    abilities: Abilities | None,
    *,
    row_version: int,
    now: datetime,
    actor: str | None,
) -> int:
    """Change an agent, and the abilities unless None; return the new row version.  Disabling ends all log-ins.

    Raises:
        NotFoundError: there is none.
        ConflictError: somebody changed it since `row_version` was read (code `changed`).
        BadRequestError: a field, role or level is wrong.
    """
    checked = _checked(values)
    if "password_hash" in checked:
        checked["password_at"] = now
    done = conn.execute(
        update(s.agent)
        .where(s.agent.c.id == ident, s.agent.c.row_version == row_version)
        .values(**checked, updated_at=now, updated_by=actor, row_version=row_version + 1),
    )
    if done.rowcount != 1:
        if conn.execute(select(s.agent.c.id).where(s.agent.c.id == ident)).first() is None:
            message = "there is no such agent"
            raise NotFoundError(message)
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    if "team" in checked:
        _join(conn, ident, checked["team"], now)
    if checked.get("disabled") or "password_hash" in checked:
        live = s.session.c.ended_at.is_(None)
        conn.execute(update(s.session).where(s.session.c.agent_id == ident, live).values(ended_at=now))
    if abilities is not None:
        enable(conn, ident, abilities)
    return row_version + 1


def enable(conn: WriteConn, ident: str, abilities: Abilities) -> None:
    """Give an agent exactly these skills and lines.

    Raises:
        BadRequestError: a level is not between 1 and 10.
    """
    for skill, level in abilities.skills:
        if not 1 <= level <= MAX_LEVEL:
            message = f"{skill} needs a level from 1 to {MAX_LEVEL}"
            raise BadRequestError(message, field="skills")
    _replace(conn, s.agent_skill, ident, [{"skill": skill, "level": level} for skill, level in abilities.skills])
    _replace(conn, s.agent_line, ident, [{"line": line} for line in dict.fromkeys(abilities.lines)])


def _join(conn: WriteConn, ident: str, team: str | None, now: datetime) -> None:
    """Let an agent be in a team from now on (None: in none); who stays where they are is left alone."""
    table = s.agent_team
    mine = (table.c.agent_id == ident, table.c.until_at.is_(None))
    if conn.execute(select(table.c.team).where(*mine)).scalar() == team:
        return
    conn.execute(update(table).where(*mine).values(until_at=now))
    if team is not None:
        conn.execute(delete(table).where(table.c.agent_id == ident, table.c.from_at == now))
        conn.execute(insert(table).values(agent_id=ident, from_at=now, team=team))


def _replace(conn: WriteConn, table: Table, ident: str, rows: list[dict[str, Any]]) -> None:
    """Let exactly `rows` belong to an agent."""
    conn.execute(delete(table).where(table.c.agent_id == ident))
    if rows:
        conn.execute(insert(table).values([{"agent_id": ident, **row} for row in rows]))


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """See that the fields exist and the role is one."""
    for name in values:
        if name not in _FIELDS:
            message = f"{name} cannot be set"
            raise BadRequestError(message, field=name)
    if "role" in values and values["role"] not in set(Role):
        message = f"role must be one of {', '.join(Role)}"
        raise BadRequestError(message, field="role")
    return dict(values)


def _one(conn: Connection, condition: Any) -> dict[str, Any]:
    """Read one agent."""
    rows = list(conn.execute(select(s.agent).where(condition)))
    if not rows:
        message = "there is no such agent"
        raise NotFoundError(message)
    return _views(conn, rows)[0]


def _views(conn: Connection, rows: list[Any]) -> list[dict[str, Any]]:
    """Shape agents with skills and lines."""
    idents = [row.id for row in rows]
    skills: dict[str, list[dict[str, Any]]] = {}
    lines: dict[str, list[str]] = {}
    skill, line = s.agent_skill, s.agent_line
    for row in conn.execute(select(skill).where(skill.c.agent_id.in_(idents)).order_by(skill.c.skill)):
        skills.setdefault(row.agent_id, []).append({"skill": row.skill, "level": row.level})
    for row in conn.execute(select(line).where(line.c.agent_id.in_(idents)).order_by(line.c.line)):
        lines.setdefault(row.agent_id, []).append(row.line)
    return [
        {
            "id": row.id,
            "name": row.name,
            "display_name": row.display_name,
            "role": row.role,
            "languages": row.languages,
            "device": row.device,
            "team": row.team,
            "capacity": row.capacity,
            "disabled": row.disabled,
            "skills": skills.get(row.id, []),
            "lines": lines.get(row.id, []),
            "row_version": row.row_version,
        }
        for row in rows
    ]
