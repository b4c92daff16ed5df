"""Reading quarantined things again from the command line, after a fix: each is placed, or stays where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from contactd.core.channel import Reader
from contactd.core.errors import ContactdError, WorkerDiedError
from contactd.crm_store import interactions, policies
from contactd.crm_store.interactions import Filter
from contactd.desk.admin import Errand, at_work
from contactd.desk.book import Book
from contactd.desk.intake import Intake
from contactd.desk.reading import Reading
from contactd.desk.rules import Rules
from contactd.routing.policy import Policy
from contactd.settings import Settings

MOST = 200
"""Interactions looked up at a time."""


class Pool(Protocol):
    """Worker processes, as the command line hands them in."""

    async def run(self, task: Callable[..., Any], *args: Any) -> Any:
        """Run a top-level function in a worker."""
        ...

    async def close(self) -> None:
        """End the processes."""
        ...


class _Nobody:
    """Stands where the running server has its dispatcher: the fact stays in the inbox, and the server takes it from there."""

    def feed(self, *_facts: object) -> None:
        """Leave the fact where it is."""


def replay(settings: Settings, pool: Pool, channel: str, reader: Reader, ids: Sequence[str]) -> list[str]:
    """Read quarantined interactions of a channel again; return a line about each.

    Args:
        settings: the installation.
        pool: where the reading is done.
        channel: whose interactions.
        reader: makes content of their raw bytes.
        ids: which; empty = all of the channel's.
    """

    async def job(errand: Errand) -> list[str]:
        async with _reading(errand, settings, pool) as reading:
            reading.readers[channel] = reader
            wanted = list(ids) or [one async for one in _quarantined(errand, channel)]
            return [f"{one}: {await _again(reading, one)}" for one in wanted]

    return at_work(settings, job)


async def _again(reading: Reading, interaction: str) -> str:
    """Read one again; return what became of it."""
    try:
        await reading.replay(interaction)
    except ContactdError as error:
        return error.text
    return "placed"


async def _quarantined(errand: Errand, channel: str) -> AsyncIterator[str]:
    """Yield the ids of a channel's quarantined interactions."""
    wanted = Filter(channel=channel, state="quarantined")
    cursor: str | None = None
    while True:
        rows, cursor = await errand.store.read(partial(interactions.listed, wanted=wanted, limit=MOST, cursor=cursor))
        for row in rows:
            yield row["id"]
        if cursor is None:
            return


@asynccontextmanager
async def _reading(errand: Errand, settings: Settings, pool: Pool) -> AsyncIterator[Reading]:
    """Make what reads and places, without a server around it."""
    version = await errand.store.read(policies.current)
    document = version.document if version and settings.policy_source == "store" else settings.policy
    nobody: Any = _Nobody()
    intake = Intake(
        store=errand.store,
        blobs=errand.store.blobs,
        clock=errand.clock,
        idents=errand.idents,
        dispatcher=nobody,
        book=Book(),
        publish=lambda _effects: None,
        rules=Rules(Policy.from_mapping(document), version.version if version else 0),
        node=errand.store.node,
    )
    work: Callable[..., Awaitable[Any]] = pool.run
    try:
        yield Reading(store=errand.store, blobs=errand.store.blobs, intake=intake, work=work, died=(WorkerDiedError,))
    finally:
        await pool.close()
