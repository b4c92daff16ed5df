"""Rows of people as administrators write them: an agent with skills and lines, and the fact that tells the router."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from contactd.core.events import AgentConfigured, Skills
from contactd.core.journal import encode
from contactd.crm_store.schema import agent, agent_line, agent_skill, fact_inbox, session
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an administrator says of a person; None = leave as it is (for a new person: the usual)."""

    name: str
    """Log-in name, unique."""
    role: str
    password_hash: str | None = None
    display_name: str | None = None
    skills: Skills | None = None
    lines: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    device: str | None = None
    team: str | None = None


def put_agent(conn: WriteConn, new: Profile, *, ids: tuple[str, str], node: str, by: str, now: datetime) -> str:
    """Write a person in, or change the one of that name; return the agent's id.

    Args:
        conn: the unit's transaction.
        new: what is said of them.
        ids: a new agent's id, and the fact's.
        node: whose inbox the fact belongs to.
        by: who does it.
        now: the present moment.
    """
    values = {"role": new.role, "updated_at": now, "updated_by": by}
    given = {"display_name": new.display_name, "languages": new.languages, "device": new.device, "team": new.team}
    values |= {key: list(value) if key == "languages" else value for key, value in given.items() if value is not None}
    if new.password_hash is not None:
        values |= {"password_hash": new.password_hash, "password_at": now}
    first = {"id": ids[0], "name": new.name, "display_name": new.name, "created_at": now, "created_by": by}
    upsert = insert(agent).values({**first, **values})
    changed = values | {"disabled": False, "row_version": agent.c.row_version + 1}
    conn.execute(upsert.on_conflict_do_update(index_elements=["name"], set_=changed))
    ident: str = conn.execute(select(agent.c.id).where(agent.c.name == new.name)).scalar_one()
    fresh = ident == ids[0]
    if new.password_hash is not None and not fresh:
        live = update(session).where(session.c.agent_id == ident, session.c.ended_at.is_(None))
        conn.execute(live.values(ended_at=now))
    if new.skills is not None:
        _replace_skills(conn, ident, new.skills)
    if new.lines is not None or fresh:
        _replace_lines(conn, ident, new.lines or ("*",))
    _tell(conn, ident, fact_id=ids[1], node=node, now=now)
    return ident


def _replace_skills(conn: WriteConn, ident: str, skills: Skills) -> None:
    conn.execute(delete(agent_skill).where(agent_skill.c.agent_id == ident))
    for skill, level in skills:
        conn.execute(insert(agent_skill).values(agent_id=ident, skill=skill, level=level))


def _replace_lines(conn: WriteConn, ident: str, lines: tuple[str, ...]) -> None:
    conn.execute(delete(agent_line).where(agent_line.c.agent_id == ident))
    for line in dict.fromkeys(lines):
        conn.execute(insert(agent_line).values(agent_id=ident, line=line))


def _tell(conn: WriteConn, ident: str, *, fact_id: str, node: str, now: datetime) -> None:
    """Put the fact of the agent as they now are into the inbox."""
    fact = configured(conn.connection, ident)
    row = {"id": fact_id, "node": node, "at": now, "kind": type(fact).__name__, "payload": encode(fact)}
    conn.execute(insert(fact_inbox).values(**row))


def configured(conn: Connection, ident: str) -> AgentConfigured:
    """Return what the router is told of an agent, from the rows."""
    row = conn.execute(select(agent).where(agent.c.id == ident)).one()
    skills = conn.execute(select(agent_skill.c.skill, agent_skill.c.level).where(agent_skill.c.agent_id == ident))
    lines = conn.execute(select(agent_line.c.line).where(agent_line.c.agent_id == ident))
    capacity: dict[str, int] = row.capacity or {}
    return AgentConfigured(
        agent=ident,
        skills=tuple(sorted((one.skill, one.level) for one in skills)),
        lines=tuple(sorted(one.line for one in lines)),
        languages=tuple(row.languages or ()),
        capacity=tuple(sorted(capacity.items())),
        device=row.device,
        team=row.team,
        removed=bool(row.disabled),
    )


def serving(conn: Connection) -> list[tuple[str, Skills, tuple[str, ...]]]:
    """Return (name, skills, lines) of everybody who may work: for judging a policy."""
    found: list[tuple[str, Skills, tuple[str, ...]]] = []
    people: list[Any] = list(conn.execute(select(agent.c.id, agent.c.name).where(~agent.c.disabled)))
    for one in people:
        fact = configured(conn, one.id)
        found.append((one.name, fact.skills, fact.lines))
    return found
