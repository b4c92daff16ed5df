"""What somebody wants taken over, and what else is written with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contactd.core.newcomer import TakeOver
from contactd.crm_store.import_rows import Outcome
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.exchange.dressing import Dress
from contactd.desk.exchange.record import Rules
from contactd.desk.exchange.sheet import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported, and how."""

    path: Path
    file_name: str = ""
    form: str = ""
    encoding: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """header → field, where the proposal is not right; `-` leaves a column out."""
    options: TakeOver = field(default_factory=TakeOver)
    rules: Rules = field(default_factory=Rules)
    object: str = ""
    """What the rows are, where they are no customers: one of `core.past.KINDS`."""
    files: Path | None = None
    """Where files lie that rows name: a folder or a zip; None: in the zip that `path` is."""
    own: tuple[str, ...] = ()
    """Of mails: further addresses and domains of the house; what came from them went out."""
    publishes: bool = True
    """Articles that were published there may be published here; else they come as drafts."""
    dress: Dress = field(default_factory=Dress)
    """What its rows do not say themselves."""
    run: str = ""
    """A connector's run: the same bytes may come again, and are taken over again; columns are placed as its settings say."""


@dataclass(frozen=True, slots=True)
class Company:
    """What somebody else writes in the units of an import."""

    rows: Callable[[WriteConn, Sequence[Outcome], Mapping[int, Line]], None]
    """With each unit: what became of its rows, and these rows as they stand in the file, by number."""
    end: Callable[[WriteConn, Mapping[str, int]], None]
    """With the last unit: status → rows."""
