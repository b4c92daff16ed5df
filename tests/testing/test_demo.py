"""What the demo's shop begins with, beside its customers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from contactd.crm_store import agents, announcement_rows
from contactd.demo import seed
from contactd.desk import admin
from contactd.desk.admin import Errand
from contactd.desk.check import shapes
from contactd.settings import load
from contactd.testing.demo.people import COLLEAGUES, customers
from tests.integration.house import ROOT


async def test_the_shop_has_something_to_announce_and_somebody_who_decides(tmp_path: Path) -> None:
    settings = load(ROOT / "config" / "demo.toml", {}, [f"data_dir={tmp_path}"], shapes())
    assert await asyncio.to_thread(seed, settings, list(customers(2, 1)))

    async def job(errand: Errand) -> list[str]:
        people = await errand.store.read(agents.by_username)
        told = await errand.store.read(lambda conn: announcement_rows.of(conn, people["zhangwei"], errand.clock.now()))
        return [one["title"] for one in told if one["read_at"] is None and not one["must"]]

    assert len(await asyncio.to_thread(admin.at_work, settings, job)) == 1


def test_what_is_asked_to_be_allowed_reaches_supervisors_only() -> None:
    policy = load(ROOT / "config" / "demo.toml", {}, [], shapes()).policy
    line = policy["cases"]["tasks"]["requests"]
    needed = policy["lines"][line]["required"]
    able = [
        one for one in COLLEAGUES if all(dict(one.skills).get(skill, 0) >= level for skill, level in needed.items())
    ]
    assert [one.role for one in able] == ["supervisor"]
