"""The policy as a document that is exported, kept as a draft, compared and published; and doubts about it.

A document is TOML or JSON, by the file's name; `[policy]` may stand in it as in the configuration, or it is the table itself.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import tomli_w

from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.events import PolicyPublished
from contactd.crm_store import agents, audit, inbox_rows, policies
from contactd.crm_store.audit import Entry
from contactd.crm_store.store import WriteConn
from contactd.desk import roles
from contactd.desk.admin import Errand, at_work, configured
from contactd.routing.finding import Finding, Severity
from contactd.routing.lint import lint
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
        write(file, found.document)
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
    write(_draft_file(settings), document)
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


def write(file: Path, document: Mapping[str, Any]) -> None:
    """Write a policy document, as TOML or JSON by the file's name.

    Raises:
        BadRequestError: the file cannot be written.
    """
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


def mistakes(document: Mapping[str, Any], language: str = "en") -> list[Mistake]:
    """Return what is wrong with, or doubtful about, a policy, as `contactd check` prints it."""
    return [told(finding, language) for finding in lint(document)]


def told(finding: Finding, language: str) -> Mistake:
    """Return a finding as a line of `contactd check`: what is wrong, and the remedy."""
    text = finding.what(language)
    if finding.kind != "unreadable":
        text += ("；" if language == "zh" else "; ") + finding.remedy(language)
    return Mistake(finding.path, text, note=finding.severity is Severity.WARNING)


async def drift(errand: Errand, settings: Settings, language: str = "en") -> list[Mistake]:
    """Return what only the store can tell: what its agents cannot serve, and how the file differs from what is published."""
    found = await errand.store.read(policies.current)
    people = await errand.store.read(agents.listed)
    ruling = settings.policy if settings.policy_source == "file" or found is None else found.document
    working = [replace(configured(one), agent=one["name"]) for one in people if roles.working(one["role"])]
    known = {(finding.path, finding.kind) for finding in lint(ruling)}
    doubts = [told(finding, language) for finding in lint(ruling, working) if (finding.path, finding.kind) not in known]
    if settings.policy_source == "store" and settings.policy and found is not None:
        lines = list(differences(found.document, settings.policy))
        if lines:
            text = f"the file differs from version {found.version}, which rules, in {len(lines)} places: {lines[0]}"
            doubts.append(Mistake("policy", text, note=True))
    return doubts
