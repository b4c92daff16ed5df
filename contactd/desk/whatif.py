"""What if: a draft policy or other staffing tried on generated or recorded traffic, and compared with how things are."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.events import PolicyPublished
from contactd.core.journal import CHECKPOINT, RESTART, TICK, decode_fact
from contactd.crm_store import policies as versions
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand, at_work
from contactd.desk.check import exists
from contactd.desk.journal import Policies, Span, recorded
from contactd.desk.journal import span as find_span
from contactd.desk.whatif_page import page, table
from contactd.routing.comparing import Comparison, Way, compare
from contactd.routing.policy import Policy
from contactd.routing.recorded import Recording
from contactd.routing.scenario import Scenario, read_scenario
from contactd.routing.shared_staffing import Found
from contactd.routing.shared_staffing import staff as find_staff
from contactd.routing.traffic import Traffic
from contactd.settings import Settings

MAX_BYTES = 8 * 1024 * 1024


def ask(settings: Settings, file: Path, draft: Mapping[str, Any] | None) -> tuple[Scenario, Comparison]:
    """Answer the question a scenario file puts.

    Args:
        settings: the installation, whose published policy rules where the scenario names none.
        file: the scenario, TOML.
        draft: a `[policy]` to try; None = the scenario's, or the ruling one.

    Raises:
        BadRequestError: the file cannot be read.
        ConfigError: something in it is wrong.
    """
    found = read_scenario(_read(file), ruling(settings), draft)
    return found, compare(found.live, found.draft, found.traffic())


def staff(settings: Settings, file: Path, target: float) -> Found:
    """Find how many of each of a scenario's teams keep every line's promise, by trying on virtual days.

    Raises:
        BadRequestError: the file cannot be read.
        ConfigError: something in it is wrong.
    """
    found = read_scenario(_read(file), ruling(settings), None)
    return find_staff(found.live.policy, found.teams, found.traffic(), target)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes()[:MAX_BYTES].decode("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        message = f"{file} cannot be read: {error}"
        raise BadRequestError(message) from error


def ruling(settings: Settings) -> Mapping[str, Any]:
    """Return the policy that rules an installation: the published one, else that of the configuration."""
    if settings.policy_source == "file" or not exists(settings.database_url):
        return settings.policy

    async def job(errand: Errand) -> Mapping[str, Any]:
        found = await errand.store.read(versions.current)
        return settings.policy if found is None else found.document

    return at_work(settings, job)


def replay_with(settings: Settings, since: str | None, until: str | None, draft: Mapping[str, Any]) -> Comparison:
    """Try a draft on a recorded time, and compare it with the policy that ruled at its end.

    Raises:
        BadRequestError, NotFoundError: there is no such time.
        ConfigError: the draft is no right policy.
    """
    proposed = Policy.from_mapping(draft)

    async def job(errand: Errand) -> Comparison:
        where = await find_span(errand.store, since, until)
        traffic, ruled = await recording(errand.store, where)
        return compare(
            Way(name="live", policy=ruled, people=traffic.people),
            Way(name="draft", policy=proposed, people=traffic.people),
            [traffic],
        )

    return at_work(settings, job)


async def recording(store: Store, where: Span, routed_by: str = "contactd") -> tuple[Traffic, Policy]:
    """Return a recorded time as traffic, and the policy that ruled at its end; of contacts routed by us, or by a `pbx`."""
    policy_of = await Policies.of(store)
    seen, ruled = Recording(routed_by), Policy.from_mapping({})
    async for row in recorded(store, where.start, where.last):
        fact = None
        if row.kind == RESTART:
            _, ruled = policy_of(row.payload.get("policy"), row.at)
        elif row.kind not in (TICK, CHECKPOINT):
            fact = decode_fact(row.kind, dict(row.payload))
        if isinstance(fact, PolicyPublished):
            _, ruled = policy_of(fact.version, row.at)
        seen.take(fact, row.at, json.loads(row.wishes), counted=row.seq >= where.first)
    return seen.traffic(), ruled


def report(found: Comparison, title: str, language: str, file: Path | None) -> str:
    """Return a comparison as a table of text; write it as a page to `file`, if one is named.

    Raises:
        BadRequestError: the file cannot be written.
    """
    if file is not None:
        try:
            file.write_text(page(found, language, title), encoding="utf-8")
        except OSError as error:
            message = f"{file} cannot be written: {error}"
            raise BadRequestError(message) from error
    return "\n".join(table(found, language))
