"""What lies beside a table, by what its rows are: sound of recordings, pages of articles; of all other rows there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from contactd.core.errors import BadRequestError
from contactd.core.past import RECORDING
from contactd.crm_store.store import Store
from contactd.desk.exchange.audio import Audio
from contactd.desk.exchange.bundle import is_zip, open_bundle
from contactd.desk.exchange.pages import Pages
from contactd.desk.recordings import Recordings


class Beside(Protocol):
    """Completes rows with the files they name."""

    async def complete(self, rows: Sequence[Any], *, keep: bool) -> None:
        """Look at each row's file, and with `keep` put it where it stays; what is wrong with it is the row's mistake."""


class _Nothing:
    async def complete(self, rows: Sequence[Any], *, keep: bool) -> None:
        """Leave rows as they are."""


@contextmanager
def beside(store: Store, recordings: Recordings | None, what: str, files: Path, system: str) -> Iterator[Beside]:
    """Open what rows of a sort name, for as long as they are taken over.

    Args:
        store: where it is kept.
        recordings: seals sound.
        what: one of `core.past.KINDS`, or empty.
        files: a folder or a zip.
        system: whose the rows are.

    Raises:
        BadRequestError: the files are no folder or zip, or this program takes over no recordings.
    """
    if what != RECORDING:
        yield _Nothing()
        return
    if recordings is None:
        message = "recordings are not taken over here"
        raise BadRequestError(message, code="unknown_object", field="object")
    bundle = open_bundle(files)
    try:
        yield Audio(store, recordings, bundle, system)
    finally:
        bundle.close()


@contextmanager
def pages_beside(files: Path, *, publishes: bool) -> Iterator[Beside]:
    """Open the pages articles name; there need not be any.

    Args:
        files: a folder or a zip; a table by itself says everything in its cells.
        publishes: whether what was published there may be published here.

    Raises:
        BadRequestError: as `open_bundle`.
    """
    bundle = open_bundle(files) if files.is_dir() or is_zip(files) else None
    try:
        yield Pages(bundle, publishes=publishes)
    finally:
        if bundle is not None:
            bundle.close()
