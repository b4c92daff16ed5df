"""What an administrator does from the command line, beside the running server: people, tokens, the database, why.

Everything goes through the store, in one unit with the fact that tells the router; a running server notices by itself.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from contactd.clock import Clock, SystemClock
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.events import AgentConfigured, Skills
from contactd.crm_store import agents, audit, inbox_rows, migrations
from contactd.crm_store.agents import Abilities
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.access import Access
from contactd.desk.idents import Idents
from contactd.desk.passwords import Passwords
from contactd.settings import Settings

T = TypeVar("T")
BLOBS = "blobs"
"""Folder of the blobs inside `data_dir`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What was typed about a person; empty or None = not said."""

    name: str
    role: str
    password: str | None = None
    display_name: str = ""
    skills: tuple[str, ...] = ()
    """Each `skill=level`."""
    lines: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    device: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """What an administrative command works with."""

    store: Store
    clock: Clock
    idents: Idents
    by: str
    """Who does it, for the record."""

    def ids(self) -> tuple[str, str]:
        """Return two new ids: for a row, and for the fact about it."""
        return self.idents.new(), self.idents.new()


def at_work(settings: Settings, job: Callable[[Errand], Awaitable[T]]) -> T:
    """Open the store, do one job, close it.

    Raises:
        ConfigError: the database cannot be used as it is configured.
        StoreDownError: it cannot be reached.
    """
    clock = SystemClock()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store.open(settings.database_url, settings.data_dir / BLOBS, node=settings.node, clock=clock)
    errand = Errand(store, clock, Idents(clock), f"cli:{_me()}")

    async def do() -> T:
        try:
            return await job(errand)
        finally:
            await store.close()

    return asyncio.run(do())


def _me() -> str:
    """Return who sits at this machine's keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return "unknown"


def db_upgrade(settings: Settings) -> str:
    """Bring the database to this version's schema; return a sentence about it.

    Raises:
        ConfigError: the URL is wrong.
        StoreDownError: it cannot be reached.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrations.upgrade(settings.database_url)
    return f"the database has schema {migrations.head()}"


def user_add(settings: Settings, person: Person) -> str:
    """Add a person, or change the one of that name; return a sentence about it.

    Raises:
        BadRequestError: name, password or skills are not as they must be.
    """
    values = values_of(person, Passwords())
    skills = skills_of(person.skills)

    async def job(errand: Errand) -> str:
        unit = partial(_put_person, errand=errand, person=person, values=values, skills=skills, ids=errand.ids())
        ident, fresh = await errand.store.write(unit)
        return f"{person.role} {person.name} {'added' if fresh else 'changed'}: {ident}"

    return at_work(settings, job)


def values_of(person: Person, passwords: Passwords) -> dict[str, Any]:
    """Check what was typed about a person and return the columns it sets.

    Raises:
        BadRequestError: name or password are not as they must be.
    """
    if not person.name or any(char.isspace() or not char.isprintable() for char in person.name):
        message = "a log-in name has no spaces"
        raise BadRequestError(message, field="name")
    said = {
        "role": person.role,
        "password_hash": passwords.hash(person.password) if person.password is not None else None,
        "display_name": person.display_name or None,
        "languages": list(person.languages) or None,
        "device": person.device,
        "team": person.team,
    }
    return {name: value for name, value in said.items() if value is not None}


def skills_of(typed: tuple[str, ...]) -> Skills:
    """Read `skill=level` pairs.

    Raises:
        BadRequestError: one is none.
    """
    found: dict[str, int] = {}
    for pair in typed:
        skill, equals, level = pair.partition("=")
        if not skill or not equals or not level.isdecimal() or not 1 <= int(level) <= agents.MAX_LEVEL:
            message = f"{pair}: a skill is written name=level, level 1 to {agents.MAX_LEVEL}"
            raise BadRequestError(message, field="skill")
        found[skill] = int(level)
    return tuple(sorted(found.items()))


def _put_person(
    conn: WriteConn,
    *,
    errand: Errand,
    person: Person,
    values: Mapping[str, Any],
    skills: Skills,
    ids: tuple[str, str],
) -> tuple[str, bool]:
    """Write a person with the fact and the audit entry; return the id, and whether they are new.  A write unit."""
    now, fresh = errand.clock.now(), False
    try:
        known = agents.named(conn.connection, person.name)
    except NotFoundError:
        given = Abilities(skills=skills, lines=person.lines or ("*",))
        ident, fresh = agents.create(conn, ids[0], person.name, values, given, now=now, actor=errand.by), True
    else:
        ident = known["id"]
        had = tuple((one["skill"], one["level"]) for one in known["skills"])
        given = Abilities(skills=skills or had, lines=person.lines or known["lines"])
        version = known["row_version"]
        changed = {**values, "disabled": False}
        agents.change(conn, ident, changed, given, row_version=version, now=now, actor=errand.by)
    fact = configured(agents.get(conn.connection, ident))
    inbox_rows.tell(conn, fact, ident=ids[1], node=errand.store.node, now=now)
    entry = Entry(actor=errand.by, action="user.add", object_kind="agent", object_id=ident)
    audit.append(conn, entry, now)
    return ident, fresh


def configured(agent: Mapping[str, Any]) -> AgentConfigured:
    """Return what the router is told of an agent, as the store reads one."""
    return AgentConfigured(
        agent=agent["id"],
        skills=tuple(sorted((one["skill"], one["level"]) for one in agent["skills"])),
        lines=tuple(sorted(agent["lines"])),
        languages=tuple(agent["languages"] or ()),
        capacity=tuple(sorted((agent["capacity"] or {}).items())),
        device=agent["device"],
        team=agent["team"],
        removed=bool(agent["disabled"]),
    )


def token_add(settings: Settings, name: str, scopes: list[str]) -> str:
    """Make a token for a program and return it; it cannot be shown again.

    Raises:
        BadRequestError: a scope nobody knows.
        ConflictError: the name is taken.
    """

    async def job(errand: Errand) -> str:
        return await Access(errand.store, errand.clock).add_token(name, scopes, by=errand.by)

    return at_work(settings, job)
