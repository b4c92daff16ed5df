"""The policy as a document that is exported, kept as a draft, compared and published; and doubts about it.

A document is TOML or JSON, by the file's name; `[policy]` may stand in it as in the configuration, or it is the table itself.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import tomli_w

from contactd.core.agent import Role
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.events import PolicyPublished
from contactd.crm_store import agents, audit, inbox_rows, policies
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import WriteConn
from contactd.desk.admin import Errand, at_work
from contactd.routing.line import Intake, Line, glob
from contactd.routing.policy import Policy
from contactd.settings import Mistake, Settings

MAX_BYTES = 8 * 1024 * 1024


def export(settings: Settings, file: Path) -> str:
    """Write the published policy to `file`; return a sentence about it.

    Raises:
        NotFoundError: nothing is published yet.
        BadRequestError: the file cannot be written.
    """

    async def job(errand: Errand) -> str:
        found = await errand.store.read(policies.current)
        if found is None:
            message = "nothing is published yet: the first start publishes [policy] of the configuration"
            raise NotFoundError(message)
        _write(file, found.document)
        return f"version {found.version} is in {file}"

    return at_work(settings, job)


def draft(settings: Settings, file: Path) -> str:
    """Keep `file` as the draft; return a sentence about it.

    Raises:
        ConfigError: it is no right policy.
        BadRequestError: the file cannot be read.
    """
    document = read(file)
    Policy.from_mapping(document)
    _write(_draft_file(settings), document)
    return f"{file} is kept as the draft: `contactd policy publish` lets it rule"


def _draft_file(settings: Settings) -> Path:
    """Return where the draft lies."""
    return settings.data_dir / "policy-draft.json"


def diff(settings: Settings, file: Path) -> list[str]:
    """Return what `file` says otherwise than the published policy, a line per key; empty = the same.

    Raises:
        ConfigError: it is no right policy.
        BadRequestError: the file cannot be read.
    """
    document = read(file)
    Policy.from_mapping(document)

    async def job(errand: Errand) -> list[str]:
        found = await errand.store.read(policies.current)
        return list(differences(found.document if found else {}, document))

    return at_work(settings, job)


def publish(settings: Settings, file: Path | None) -> str:
    """Let `file`, or the draft, rule from now on; return a sentence about it.

    Raises:
        ConfigError: it is no right policy.
        NotFoundError: there is no draft.
        BadRequestError: the file cannot be read.
    """
    if file is None and not _draft_file(settings).exists():
        message = "there is no draft: name a file, or `contactd policy import` one"
        raise NotFoundError(message)
    document = read(file or _draft_file(settings))

    async def job(errand: Errand) -> str:
        version = await put_policy(errand, document, note=file.name if file else "draft")
        return f"version {version} rules"

    return at_work(settings, job)


async def put_policy(errand: Errand, document: Mapping[str, Any], *, note: str) -> int:
    """Publish a document and tell the router; return its version, the present one when it says the same.

    Raises:
        ConfigError: it is no right policy.
    """
    Policy.from_mapping(document)
    fact, now = errand.idents.new(), errand.clock.now()

    def unit(conn: WriteConn) -> int:
        before = policies.current(conn.connection)
        new = policies.publish(conn, document, now=now, actor=errand.by, note=note)
        if before is None or before.version != new.version:
            published = PolicyPublished(version=new.version, policy=new.document)
            inbox_rows.tell(conn, published, ident=fact, node=errand.store.node, now=now)
            entry = Entry(actor=errand.by, action="policy.publish", object_kind="policy", object_id=str(new.version))
            audit.append(conn, entry, now)
        return new.version

    return await errand.store.write(unit)


def read(file: Path) -> dict[str, Any]:
    """Read a policy document.

    Raises:
        BadRequestError: the file cannot be read, or is neither TOML nor JSON.
    """
    try:
        raw = file.read_bytes()
        text = raw[:MAX_BYTES].decode("utf-8")
        document = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read: {error}"
        raise BadRequestError(message) from error
    if isinstance(document, dict) and isinstance(document.get("policy"), dict):
        document = {key: value for key, value in document["policy"].items() if key != "source"}
    if not isinstance(document, dict):
        message = f"{file} holds no table"
        raise BadRequestError(message)
    return {str(key): _plain(value) for key, value in document.items()}


def _plain(value: Any) -> Any:
    """Turn TOML's dates into text: the store keeps JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


def _write(file: Path, document: Mapping[str, Any]) -> None:
    if file.suffix == ".json":
        text = json.dumps({"policy": document}, ensure_ascii=False, indent=2) + "\n"
    else:
        text = tomli_w.dumps({"policy": dict(document)}, multiline_strings=True)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{file} cannot be written: {error}"
        raise BadRequestError(message) from error


def differences(old: Any, new: Any, path: str = "policy") -> Iterator[str]:
    """Yield a line for each key that two documents say differently."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}")
    elif old != new:
        yield f"{path}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def mistakes(document: Mapping[str, Any]) -> list[Mistake]:
    """Return what is wrong with, or doubtful about, a policy, as `contactd check` prints it."""
    wrong = [Mistake(path, text) for path, text in Policy.problems(document)]
    return wrong or list(_rules_in_vain(Policy.from_mapping(document)))


async def drift(errand: Errand, settings: Settings) -> list[Mistake]:
    """Return what only the store can tell: lines nobody can serve, and how the file differs from what is published."""
    found = await errand.store.read(policies.current)
    people = await errand.store.read(agents.listed)
    ruling = settings.policy if settings.policy_source == "file" or found is None else found.document
    doubts = list(_unserved(Policy.from_mapping(ruling), people)) if people else []
    if settings.policy_source == "store" and settings.policy and found is not None:
        lines = list(differences(found.document, settings.policy))
        if lines:
            text = f"the file differs from version {found.version}, which rules, in {len(lines)} places: {lines[0]}"
            doubts.append(Mistake("policy", text, note=True))
    return doubts


def _rules_in_vain(policy: Policy) -> Iterator[Mistake]:
    """Yield intake rules that an earlier rule always forestalls."""
    for place, rule in enumerate(policy.intake):
        earlier = next((n for n, other in enumerate(policy.intake[:place]) if _covers(other, rule)), None)
        if earlier is not None:
            yield Mistake(f"policy.intake[{place}]", f"can never match: policy.intake[{earlier}] comes first")


def _covers(first: Intake, second: Intake) -> bool:
    """Tell whether everything the second rule matches is matched by the first."""
    if first.channel is not None and first.channel != second.channel:
        return False
    return first.to is None or (second.to is not None and glob(first.to, second.to))


def _unserved(policy: Policy, people: Iterable[Mapping[str, Any]]) -> Iterator[Mistake]:
    """Yield lines that nobody has the lines and required skills for."""
    known = [
        ({one["skill"]: one["level"] for one in person["skills"]}, set(person["lines"]))
        for person in people
        if person["role"] == Role.AGENT
    ]
    for name, line in policy.lines.items():
        if not any(_serves(line, skills, lines) for skills, lines in known):
            yield Mistake(f"policy.lines.{name}", "nobody can serve it: no agent is in it with the required skills")


def _serves(line: Line, skills: Mapping[str, int], lines: set[str]) -> bool:
    if not lines & {"*", line.name}:
        return False
    return all(skills.get(skill, 0) >= level for skill, level in line.required)
