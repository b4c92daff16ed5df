"""Work behind the desk that no contact waits for: files taken over, people erased, changes told to other systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contactd.clock import Clock
from contactd.crm_store.store import Store
from contactd.desk.exchange.handing_out import HandingOut
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from contactd.desk.privacy import Privacy
from contactd.desk.retention import Retention
from contactd.desk.rights import PROGRAM
from contactd.desk.seeing import Seeing
from contactd.desk.webhooks import Poster, Webhooks
from contactd.settings import Privacy as PrivacySettings


@dataclass(frozen=True, slots=True)
class Backroom:
    """What goes on there."""

    wizard: Wizard
    privacy: Privacy
    handing_out: HandingOut
    webhooks: Webhooks
    retention: Retention

    def duties(self) -> tuple[tuple[str, Callable[[], Awaitable[None]]], ...]:
        """Return what is done for ever, by name."""
        return (
            ("imports", self.wizard.run),
            ("privacy", self.privacy.run),
            ("webhooks", self.webhooks.run),
            ("retention", self.retention.run),
        )


def build_backroom(
    store: Store, clock: Clock, data_dir: Path, seen: PrivacySettings, reachable: Iterable[Any] = ()
) -> Backroom:
    """Build its parts; `seen`: how long what is kept, and how far programs see; `reachable`: where inside webhooks may lead."""
    return Backroom(
        Wizard(store, clock, Idents(clock)),
        Privacy(store, clock),
        HandingOut(store, clock, data_dir / "handed_out", data_dir / "keys"),
        Webhooks(store, clock, Poster(reachable), Seeing.of(seen).levels(PROGRAM)),
        Retention(store, clock, seen.retention.days(), (seen.retention.from_hour, seen.retention.to_hour)),
    )
