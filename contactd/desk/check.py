"""`contactd check`: everything wrong with a configuration, found without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from contactd.channels import scan
from contactd.core.errors import ConfigError, StoreDownError
from contactd.crm_store import migrations
from contactd.crm_store.database import Database
from contactd.desk import policies
from contactd.desk.admin import at_work
from contactd.desk.connect import checking
from contactd.settings import Mistake, Settings, Shapes, load, policy_of, problems

READ_MS = 2000


def shapes() -> Shapes:
    """Return every channel there is with the class of its options."""
    return {name: found.options for name, found in scan().items()}


def check(config: Path | None, env: Mapping[str, str], overrides: Iterable[str], language: str = "en") -> list[Mistake]:
    """Return every mistake of a configuration, with its path and the remedy; empty = none.

    Args:
        config: the TOML file; None = defaults.
        env: the environment.
        overrides: `key=value` each.
        language: of what is said about the policy, `zh` or `en`.
    """
    overrides = list(overrides)
    found = problems(config, env, overrides, shapes())
    found += policies.mistakes(policy_of(config, env, overrides), language)
    if any(not mistake.note for mistake in found):
        return found
    settings = load(config, env, overrides, shapes())
    return found + list(checking.mistakes(settings)) + _by_the_store(settings, language)


def _by_the_store(settings: Settings, language: str) -> list[Mistake]:
    """Return what only a store tells; nothing when there is none yet or it cannot be reached."""
    try:
        if not exists(settings.database_url):
            return []
        return at_work(settings, partial(policies.drift, settings=settings, language=language))
    except StoreDownError:
        return []
    except ConfigError as error:
        return [Mistake(error.field or "database.url", error.text)]


def exists(url: str) -> bool:
    """Tell whether there is a database with tables of ours; an empty one would be migrated by opening it.

    Raises:
        ConfigError: the URL is wrong.
        StoreDownError: it cannot be reached.
    """
    database = Database(url)
    if database.sqlite and not Path(database.url.database or "").is_file():
        return False
    with database.reader(READ_MS) as connection:
        return migrations.current(connection) is not None
