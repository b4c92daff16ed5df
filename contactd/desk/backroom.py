"""Work behind the desk that no contact waits for: files taken over, people erased."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from contactd.clock import Clock
from contactd.crm_store.store import Store
from contactd.desk.exchange.handing_out import HandingOut
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from contactd.desk.privacy import Privacy


@dataclass(frozen=True, slots=True)
class Backroom:
    """What goes on there."""

    wizard: Wizard
    privacy: Privacy
    handing_out: HandingOut

    async def run(self) -> None:
        """Do it, for ever."""
        await asyncio.gather(self.wizard.run(), self.privacy.run())


def build_backroom(store: Store, clock: Clock, data_dir: Path) -> Backroom:
    """Build its parts."""
    return Backroom(
        Wizard(store, clock, Idents(clock)),
        Privacy(store, clock),
        HandingOut(store, clock, data_dir / "handed_out"),
    )
