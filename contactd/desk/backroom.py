"""Work behind the desk that no contact waits for: files taken over, people erased, changes told to other systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contactd.clock import Clock
from contactd.crm_store.store import Store
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.tending import Tending
from contactd.desk.exchange.handing_out import HandingOut
from contactd.desk.exchange.letters import Post
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from contactd.desk.privacy import Privacy
from contactd.desk.recordings import Recordings
from contactd.desk.retention import Retention
from contactd.desk.rules import Rules
from contactd.desk.scoring import Scoring
from contactd.desk.seeing import Seeing
from contactd.desk.webhooks import Poster, Webhooks
from contactd.desk.writing_back import WritingBack
from contactd.settings import Settings

CONNECTORS = "connectors"
"""Folder inside `data_dir` of what comes from other systems, until it is taken over."""


class Workers(Protocol):
    """Processes of their own."""

    async def run(self, task: Callable[..., Any], *args: Any) -> Any:
        """Run a function there."""

    async def close(self) -> None:
        """End them."""


@dataclass(frozen=True, slots=True)
class Backroom:
    """What goes on there."""

    wizard: Wizard
    privacy: Privacy
    handing_out: HandingOut
    webhooks: Webhooks
    retention: Retention
    scoring: Scoring
    connectors: Tending
    writing_back: WritingBack
    workers: Workers
    """Unpack tables people bring."""

    def duties(self) -> tuple[tuple[str, Callable[[], Awaitable[None]]], ...]:
        """Return what is done for ever, by name."""
        return (
            ("imports", self.wizard.run),
            ("privacy", self.privacy.run),
            ("webhooks", self.webhooks.run),
            ("retention", self.retention.run),
            ("scoring", self.scoring.run),
            ("connectors", self.connectors.run),
            ("writeback", self.writing_back.run),
        )

    async def close(self) -> None:
        """End its processes; what they were at is begun anew at the next start."""
        await self.workers.close()


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What the back room uses of others."""

    workers: Workers
    """Unpack tables."""
    recordings: Recordings
    """Seal sound that is brought."""
    post: Post | None
    """Reads mails that are brought; None = nothing here reads mails."""
    alert: Callable[[str, str], None]
    """Tells supervisors of a kind of trouble, with a detail."""


def build_backroom(store: Store, clock: Clock, settings: Settings, rules: Rules, borrowed: Borrowed) -> Backroom:
    """Build its parts; customers are counted by `rules`."""
    data_dir, kept = settings.data_dir, settings.privacy.retention
    folder = Path(settings.imports.folder) if settings.imports.folder else None
    tables = Tables(data_dir / "tables", borrowed.workers.run)
    asker = Asker(settings.http.fetch_from)
    connecting = Connecting(store, clock, settings.connectors, data_dir / CONNECTORS, asker, tables)
    return Backroom(
        Wizard(store, clock, Idents(clock), tables, borrowed.recordings, folder, borrowed.post),
        Privacy(store, clock),
        HandingOut(store, clock, data_dir / "handed_out", data_dir / "keys", tables),
        Webhooks(store, clock, Poster(settings.http.fetch_from), Seeing.of(settings.privacy).levels),
        Retention(store, clock, kept.days(), (kept.from_hour, kept.to_hour)),
        Scoring(store, clock, rules),
        Tending(connecting, borrowed.alert),
        WritingBack(store, clock, rules, Poster(settings.http.fetch_from), settings.connectors),
        borrowed.workers,
    )
