"""Rows behind log-in: accounts, sessions, tokens and failed tries.

Reading functions take a reader's connection, writing functions a unit's.  Cookies and tokens are never stored, only their
SHA-256; a log-in dies with the password it was made with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, update

from contactd.crm_store.schema import agent, api_token, login_failure, session
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in."""

    id: str
    username: str
    name: str
    role: str
    languages: tuple[str, ...]
    password_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A log-in or token that holds, and whose it is (None: a token of no person)."""

    account: Account | None
    seen_at: datetime | None
    scopes: tuple[str, ...] = ()
    token: str | None = None
    """Id of the token."""
    token_name: str = ""


_ACCOUNT = (
    agent.c.id,
    agent.c.name,
    agent.c.display_name,
    agent.c.role,
    agent.c.languages,
    agent.c.password_hash,
)


def account_named(conn: Connection, username: str) -> Account | None:
    """Return the account of a log-in name that is not disabled."""
    row = conn.execute(select(*_ACCOUNT).where(agent.c.name == username, ~agent.c.disabled)).first()
    return _account(row) if row is not None else None


def session_login(conn: Connection, id_hash: str, now: datetime) -> Login | None:
    """Return the log-in behind a cookie's hash, if it still holds at `now`."""
    row = conn.execute(_live_sessions(now).where(session.c.id_hash == id_hash)).first()
    return Login(account=_account(row), seen_at=row.seen_at) if row is not None else None


def live_sessions(conn: Connection, hashes: Collection[str], now: datetime) -> dict[str, Login]:
    """Return those of the sessions that still hold, by hash."""
    rows = conn.execute(_live_sessions(now).where(session.c.id_hash.in_(hashes)))
    return {row.id_hash: Login(account=_account(row), seen_at=row.seen_at) for row in rows}


def token_login(conn: Connection, token_hash: str, now: datetime) -> Login | None:
    """Return what a token's hash stands for, if it holds at `now`."""
    row = conn.execute(_live_tokens(now).where(api_token.c.token_hash == token_hash)).first()
    return _token(row) if row is not None else None


def live_tokens(conn: Connection, ids: Collection[str], now: datetime) -> dict[str, Login]:
    """Return those of the tokens that still hold, by id."""
    rows = conn.execute(_live_tokens(now).where(api_token.c.id.in_(ids)))
    return {row.token_id: _token(row) for row in rows}


def blocked_until(conn: Connection, subjects: Collection[str], now: datetime) -> datetime | None:
    """Return until when a log-in for any of `subjects` must wait."""
    query = select(func.max(login_failure.c.blocked_until)).where(
        login_failure.c.subject.in_(subjects),
        login_failure.c.blocked_until > now,
    )
    until: datetime | None = conn.execute(query).scalar()
    return until


def has_logged_in_from(conn: Connection, username: str, ip: str) -> bool:
    """Tell whether an account was ever used from an address."""
    query = select(session.c.id_hash).join(agent, agent.c.id == session.c.agent_id)
    return conn.execute(query.where(agent.c.name == username, session.c.ip == ip).limit(1)).first() is not None


def add_session(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Store a new log-in (columns of `session`)."""
    conn.execute(insert(session).values(**row))


def touch_session(conn: WriteConn, id_hash: str, now: datetime, expires_at: datetime) -> None:
    """Note that a session is in use."""
    conn.execute(update(session).where(session.c.id_hash == id_hash).values(seen_at=now, expires_at=expires_at))


def end_session(conn: WriteConn, id_hash: str, now: datetime) -> None:
    """End a log-in."""
    conn.execute(update(session).where(session.c.id_hash == id_hash, session.c.ended_at.is_(None)).values(ended_at=now))


def set_password(conn: WriteConn, account: str, password_hash: str, now: datetime) -> bool:
    """Change a password; every earlier log-in is over.  False = there is no such account."""
    changed = conn.execute(
        update(agent)
        .where(agent.c.id == account)
        .values(
            password_hash=password_hash,
            password_at=now,
            updated_at=now,
            row_version=agent.c.row_version + 1,
        ),
    )
    conn.execute(
        update(session).where(session.c.agent_id == account, session.c.ended_at.is_(None)).values(ended_at=now)
    )
    return changed.rowcount == 1


def rehash_password(conn: WriteConn, account: str, old_hash: str, new_hash: str) -> None:
    """Keep the same password under newer parameters; log-ins stay."""
    conn.execute(
        update(agent).where(agent.c.id == account, agent.c.password_hash == old_hash).values(password_hash=new_hash)
    )


def add_token(conn: WriteConn, row: Mapping[str, Any]) -> None:
    """Store a new token (columns of `api_token`)."""
    conn.execute(insert(api_token).values(**row))


def revoke_token(conn: WriteConn, name: str, now: datetime) -> bool:
    """End a token; False = there is none of that name that holds."""
    live = update(api_token).where(api_token.c.name == name, api_token.c.revoked_at.is_(None))
    return conn.execute(live.values(revoked_at=now)).rowcount == 1


def count_try(conn: WriteConn, subject: str, now: datetime, *, fresh_after: datetime) -> tuple[int, datetime | None]:
    """Count a log-in that begins; return how many there were since the last pause (`fresh_after`), and until when to wait."""
    new = insert(login_failure).values(subject=subject, failures=1, last_at=now, blocked_until=None)
    conn.execute(
        new.on_conflict_do_update(
            index_elements=["subject"],
            set_={"failures": login_failure.c.failures + 1, "last_at": now},
            where=login_failure.c.last_at > fresh_after,
        ),
    )
    conn.execute(
        update(login_failure)
        .where(login_failure.c.subject == subject, login_failure.c.last_at <= fresh_after)
        .values(failures=1, last_at=now, blocked_until=None),
    )
    row = conn.execute(
        select(login_failure.c.failures, login_failure.c.blocked_until).where(login_failure.c.subject == subject)
    ).one()
    return row.failures, row.blocked_until


def block(conn: WriteConn, subject: str, until: datetime) -> None:
    """Let log-ins for `subject` wait."""
    conn.execute(update(login_failure).where(login_failure.c.subject == subject).values(blocked_until=until))


def take_back_try(conn: WriteConn, subject: str, blocked: datetime | None) -> None:
    """Uncount a log-in that was right, with the wait it was `blocked` for; what others have caused since stays."""
    mine = login_failure.c.subject == subject
    conn.execute(update(login_failure).where(mine).values(failures=login_failure.c.failures - 1))
    if blocked is not None:
        conn.execute(
            update(login_failure).where(mine, login_failure.c.blocked_until == blocked).values(blocked_until=None)
        )


def forget_failures(conn: WriteConn, subjects: Collection[str], before: datetime) -> None:
    """Forget the failures of `subjects`, and everything older than `before`."""
    conn.execute(
        delete(login_failure).where(or_(login_failure.c.subject.in_(subjects), login_failure.c.last_at < before))
    )


def _live_sessions(now: datetime) -> Select[Any]:
    """Select sessions that hold: not ended, not expired, person not disabled, password not changed since."""
    return (
        select(session.c.id_hash, session.c.seen_at, *_ACCOUNT)
        .join(agent, agent.c.id == session.c.agent_id)
        .where(
            session.c.ended_at.is_(None),
            session.c.expires_at > now,
            ~agent.c.disabled,
            or_(agent.c.password_at.is_(None), agent.c.password_at <= session.c.created_at),
        )
    )


def _live_tokens(now: datetime) -> Select[Any]:
    return (
        select(
            api_token.c.id.label("token_id"),
            api_token.c.name.label("token_name"),
            api_token.c.scopes,
            api_token.c.used_at,
            *_ACCOUNT,
        )
        .join(agent, agent.c.id == api_token.c.agent_id, isouter=True)
        .where(
            api_token.c.revoked_at.is_(None),
            or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > now),
            or_(api_token.c.agent_id.is_(None), and_(agent.c.id.is_not(None), ~agent.c.disabled)),
        )
    )


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        username=row.name,
        name=row.display_name or row.name,
        role=row.role,
        languages=tuple(row.languages or ()),
        password_hash=row.password_hash,
    )


def _token(row: Any) -> Login:
    return Login(
        account=_account(row) if row.id is not None else None,
        seen_at=row.used_at,
        scopes=tuple(row.scopes or ()),
        token=row.token_id,
        token_name=row.token_name,
    )
