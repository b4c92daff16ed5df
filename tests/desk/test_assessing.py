"""Of every agent the last week is drawn by lot, once, and the draw can be made again from its seed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contactd.core.quality import Candidate, bounds, drawn, week_of
from contactd.crm_store import audit, qa_form_rows, qa_rows, qa_rule_rows
from tests.crm_store.town import Town
from tests.desk.bench import Bench

CARD = [{"title": {"zh": "服务"}, "questions": [{"key": "greet", "text": {"zh": "问候"}}]}]


async def test_the_last_week_is_drawn_once_for_every_agent(bench: Bench) -> None:
    zone, now = ZoneInfo("Asia/Shanghai"), bench.clock.now()
    monday = week_of(now, zone) - timedelta(days=7)
    town = Town(bench.store, at=bounds(monday, zone)[0] + timedelta(hours=1))
    people = [await town.agent(name) for name in ("ann", "bob", "eve")]
    had = {
        agent: [await town.interaction(agent=agent) for _ in range(n)]
        for agent, n in zip(people, (5, 3, 1), strict=True)
    }
    town.at = now
    await town.interaction(agent=people[0])  # of this week
    values: dict[str, Any] = {"name": "Two each", "form_id": "f1", "amount": 2}
    await town.unit(
        lambda conn: qa_form_rows.create(conn, "f1", {"name": "Mail", "sections": CARD}, now=now, actor="sue"),
        lambda conn: qa_rule_rows.create(conn, "r1", values, now=now, actor="sue"),
    )
    await bench.office.tending.settle()
    await bench.office.tending.settle()
    everything: dict[str, Any] = {"filters": {}, "own": None, "limit": 50, "cursor": None}
    items, _ = await bench.store.read(lambda conn: qa_rows.listed(conn, **everything))
    (draw,) = await bench.store.read(qa_rule_rows.draws)
    assert (draw["week"], draw["candidates"], draw["agents"], draw["drawn"]) == (monday.isoformat(), 9, 3, 5)
    there = [Candidate(contact, agent) for agent, mine in had.items() for contact in mine]
    again = {one.interaction for one in drawn(draw["seed"], there, "number", 2)}
    assert {one["interaction"] for one in items} == again
    acts = [one["action"] for one in await bench.store.read(audit.listed)]
    assert acts.count("quality.draw") == 1
    bench.clock.advance(timedelta(days=7))
    await bench.office.tending.settle()
    assert [one["drawn"] for one in await bench.store.read(qa_rule_rows.draws)] == [1, 5]
