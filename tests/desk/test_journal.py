"""The journal as evidence: a lived day decided again, row by row, on both databases."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from sqlalchemy import update

from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.events import PolicyPublished
from contactd.crm_store import policies
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.journal import prove, span
from contactd.testing.clock import ManualClock
from tests.desk.bench import open_bench
from tests.desk.floor_day import DEEDS, OFTEN, POLICY, Day

UNBROKEN = (*OFTEN, *OFTEN, *(deed for deed in DEEDS if deed != "restart"))


async def live(store: Store, clock: ManualClock, folder: Path, deeds: int, seed: int = 4) -> Day:
    """Live a day at the desk: everything that may happen, restarts included."""
    day = Day(await open_bench(store, clock, folder, POLICY))
    await day.open()
    dice = random.Random(seed)
    for number in range(deeds):
        what = "restart" if number in (deeds // 3, deeds // 2) else dice.choice(UNBROKEN)
        await day.act((what, dice.randrange(250), dice.randrange(250), dice.choice((0.0, 0.5, 3.0, 21.0, 130.0))))
    return day


async def publish(day: Day, document: dict[str, object]) -> None:
    """Let another policy rule, as `contactd policy publish` does."""
    bench = day.bench
    now = bench.clock.now()
    new = await bench.store.write(lambda conn: policies.publish(conn, document, now=now, actor=None))
    await bench.office.desk.dispatcher.submit(PolicyPublished(version=new.version, policy=new.document))


async def test_a_lived_day_is_decided_again_just_the_same(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Fails when a restart is replayed under the policy of now, or a tick is left out."""
    day = await live(store, clock, tmp_path, 60)
    await publish(day, {**POLICY, "deferred_share": 2, "lines": {**POLICY["lines"], "support": {"strict": True}}})
    for number in range(20):
        await day.act((OFTEN[number % len(OFTEN)], number * 7, number * 3, 3.0))
    await day.bench.office.close()
    found = await prove(store, await span(store, "1", None))
    assert found.difference is None, found.difference.lines()
    assert (found.restarts, found.versions) == (3, [1, 2])
    assert found.offers > 8
    assert found.rows > 250
    assert "every decision is identical" in list(found.lines())
    again = await prove(store, await span(store, "1", None))
    assert again.as_json() == found.as_json()


async def test_the_first_decision_that_differs_is_named(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    day = await live(store, clock, tmp_path, 25)
    await day.bench.office.close()
    where = await span(store, "1", None)
    offers = (await prove(store, where)).offers
    assert offers > 3

    def bend(conn: object) -> int:
        journal = s.journal
        rows = conn.execute(journal.select().order_by(journal.c.seq)).all()  # type: ignore[attr-defined]
        row = [row for row in rows if any(wish["kind"] == "Offer" for wish in row.wishes)][1]
        for wish in row.wishes:
            if wish["kind"] == "Offer":
                wish["agent"] = "somebody else"
        conn.execute(update(journal).where(journal.c.seq == row.seq).values(wishes=row.wishes))  # type: ignore[attr-defined]
        return int(row.seq)

    bent = await store.write(bend)
    found = await prove(store, where)
    assert found.difference is not None
    assert found.difference.row.seq == bent
    told = "\n".join(found.lines())
    assert "THE DECISIONS DIFFER" in told
    assert '"agent":"somebody else"' in told
    assert json.dumps(found.as_json())


async def test_a_stretch_is_named_by_numbers_or_times(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await span(store, None, None)
    day = await live(store, clock, tmp_path, 12)
    began = clock.now()
    await day.pass_time(30)
    await day.act(("mail", 1, 1, 0.0))
    await day.bench.office.close()
    whole = await span(store, "1", None)
    later = await span(store, began.isoformat(), None)
    assert whole.start == whole.first == 1
    assert later.first > whole.first
    assert later.start < later.first
    assert (await prove(store, later)).rows == later.last - later.first + 1
    assert (await span(store, "1", "5")).last == 5
    assert (await span(store, None, None)).start > 1
    with pytest.raises(BadRequestError):
        await span(store, "yesterday", None)
