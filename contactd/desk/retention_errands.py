"""Retention from the command line: what is due is shown, and let go when that is asked for."""

from __future__ import annotations

from contactd.desk.admin import Errand, at_work
from contactd.desk.retention import Retention
from contactd.settings import Settings


def run(settings: Settings, *, erase: bool) -> list[str]:
    """Return, class by class, what is due; with `erase`, what went."""

    async def job(errand: Errand) -> list[str]:
        retention = Retention(errand.store, errand.clock, settings.privacy.retention.days())
        if erase:
            gone = await retention.erase(errand.by)
            return [f"{name:20} {count:8} erased" for name, count in gone.items()] or ["nothing was due"]
        found = await retention.preview()
        return [
            f"{one['class']:20} {one['days']:6} days {one['due']:8} due {one['held']:8} held  {one['oldest'] or ''}".rstrip()
            for one in found
        ] or ["everything is kept: privacy.retention names no class"]

    return at_work(settings, job)
