"""The channels: one folder each, found by looking; another distribution adds one by the entry point `contactd.channels`.

A channel exports `build(name, options, tools) -> Channel` and `Options`, a pydantic class that describes its section of
the configuration.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from contactd.core.channel import Builder
from contactd.core.finding import Finding
from contactd.core.outside import Records

GROUP = "contactd.channels"


@dataclass(frozen=True, slots=True)
class Found:
    """A channel there is: how to build it, and the class of its options."""

    name: str
    build: Builder
    options: type[Any]
    records: Callable[[Any, date], Records] | None = None
    """Reads what the outside system wrote down of a day; None: it has no record."""
    examine: Callable[[Any], Awaitable[list[Finding]]] | None = None
    """Asks the outside system about itself: rights, versions, what is missing; None: there is nothing to ask."""


def scan() -> dict[str, Found]:
    """Return every channel by name: the folders here, then what other distributions bring; in order of names.

    Raises:
        ImportError: a channel cannot be imported, or exports no `build` and `Options`.
    """
    modules = {item.name: f"{__name__}.{item.name}" for item in pkgutil.iter_modules(__path__) if item.ispkg}
    for entry in entry_points(group=GROUP):
        modules.setdefault(entry.name, entry.value)
    return {name: _found(name, modules[name]) for name in sorted(modules)}


def _found(name: str, path: str) -> Found:
    """Import one channel and take what it exports."""
    module = import_module(path)
    try:
        return Found(
            name, module.build, module.Options, getattr(module, "records", None), getattr(module, "examine", None)
        )
    except AttributeError as error:
        message = f"{path} is no channel: it exports no build and Options"
        raise ImportError(message) from error
