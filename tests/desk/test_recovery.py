"""A router rebuilt from the store is the one that lived, whatever happened at the desk."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand
from contactd.desk.audit import compare
from contactd.desk.book import Book, Entry
from contactd.desk.recovery import Recovery
from contactd.desk.roster import Roster
from contactd.desk.views import Views
from contactd.routing.router import Router
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench
from tests.desk.floor_day import DEEDS, OFTEN, POLICY, Day, Deed, days

QUICK = "/dev/shm"  # noqa: S108 - a folder of its own in memory, where there is such a thing
DAYS = int(os.environ.get("CONTACTD_TEST_DAYS", "60")) // 6
LONG = max(DAYS, 10) * 20
"""Deeds of a long day."""
PAUSES = (0.0, 0.0, 0.5, 3.0, 3.0, 21.0, 47.0)
many = settings(
    max_examples=DAYS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a day of real commits takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


async def rebuilt(bench: Bench) -> tuple[Router, Book]:
    """Return what another start would make of the store at this moment, without touching the bench."""
    book = Book()
    recovery = Recovery(
        store=bench.store,
        clock=bench.clock,
        book=book,
        roster=Roster(),
        rules=bench.office.desk.rules,
        views=Views(),
        epoch=lambda: 9,
    )
    found = await recovery.rebuild()
    router = found.router
    assert isinstance(router, Router)
    for fact in found.facts:
        assert router.handle(fact, bench.clock.now()) is not None
    return router, book


def shown(entry: Entry) -> dict[str, Any]:
    """Return what people see of an open contact, without what is of this minute: what rings."""
    return {name: value for name, value in entry.view().items() if name != "offered_to"}


async def agrees(bench: Bench) -> None:
    router, book = await rebuilt(bench)
    lived, made = bench.router.lasting(), router.lasting()
    assert [
        (name, lived.get(name), made.get(name)) for name in {*lived, *made} if lived.get(name) != made.get(name)
    ] == []
    assert router.digest(lasting=True) == bench.router.digest(lasting=True)
    assert {entry.id: shown(entry) for entry in book} == {entry.id: shown(entry) for entry in bench.office.desk.book}


@many
@given(days, st.integers(5, 15))
async def test_a_router_rebuilt_from_the_store_is_the_one_that_lived(
    sqlite_template: Path, day: list[Deed], often: int
) -> None:
    """Fails when `Standing` leaves out the skips, or the ledger the moment a wrap-up ends."""
    folder = Path(tempfile.mkdtemp(dir=QUICK if os.access(QUICK, os.W_OK) else None))
    shutil.copy(sqlite_template, folder / "contactd.db")
    clock = ManualClock()
    store = Store.open(f"sqlite:///{folder / 'contactd.db'}", folder / "blobs", clock=clock)
    bench = await open_bench(store, clock, folder, POLICY)
    lived = Day(bench)
    try:
        await lived.open()
        for number, deed in enumerate(day, start=1):
            await lived.act(deed)
            if number % often == 0:
                await agrees(lived.bench)
        await agrees(lived.bench)
        errand = Errand(store, clock, lived.bench.office.desk.idents, "test")
        assert list((await compare(errand)).lines())[3:] == ["the records agree"]
    finally:
        await lived.bench.office.close()
        await store.close()
        shutil.rmtree(folder)


@pytest.mark.promise
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_long_day_is_rebuilt_at_every_hour(sqlite_template: Path, seed: int) -> None:
    """Fails when callbacks lose what suspends them, courses their path, or lines their end."""
    dice = random.Random(seed)
    folder = Path(tempfile.mkdtemp(dir=QUICK if os.access(QUICK, os.W_OK) else None))
    shutil.copy(sqlite_template, folder / "contactd.db")
    clock = ManualClock()
    store = Store.open(f"sqlite:///{folder / 'contactd.db'}", folder / "blobs", clock=clock)
    lived = Day(await open_bench(store, clock, folder, POLICY))
    try:
        await lived.open()
        for number in range(1, LONG + 1):
            what = dice.choice((*OFTEN, *OFTEN, *DEEDS, "back", "vain", "line"))
            await lived.act((what, dice.randrange(251), dice.randrange(251), dice.choice(PAUSES)))
            if number % 25 == 0:
                await agrees(lived.bench)
        seen = await store.read(lambda conn: {row.kind for row in conn.execute(select(s.journal.c.kind).distinct())})
        assert seen >= {"CallbackTaken", "AttemptFailed", "LineSet", "SupervisorSet", "LineRestored"}
        channels = await store.read(
            lambda conn: conn.execute(select(s.interaction.c.channel).distinct()).scalars().all()
        )
        assert "callback" in channels
    finally:
        await lived.bench.office.close()
        await store.close()
        shutil.rmtree(folder)
