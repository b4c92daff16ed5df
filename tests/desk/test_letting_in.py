"""Rules for customers: a contact is let in by what is known of who sends it, and opens a case by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core.address import email
from contactd.crm_store import claims, interactions, parties, schema, search_docs
from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench

POLICY = {
    "default_line": "support",
    "lines": {"support": {}, "desk_one": {}},
    "customers": {
        "segments": {"key": {"all": [{"field": "tags", "has": "大客户"}]}},
        "rules": [
            {"segment": "key", "line": "desk_one", "priority": 4, "vip": 2, "skills": {"english": 3}},
            {"all": [{"field": "custom.region", "is": "east"}], "priority": 2},
        ],
    },
    "cases": {
        "rules": [
            {"words": ["故障"], "all": [{"field": "custom.region", "is": "east"}], "type": "service", "priority": 3},
            {"segment": "key", "words": ["故障"], "type": "complaint"},
        ],
    },
}


@pytest.fixture
async def bench(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    made = await open_bench(store, clock, tmp_path, POLICY)
    yield made
    await made.office.close()


async def known(bench: Bench, name: str, **values: Any) -> str:
    now, plan = bench.clock.now(), bench.office.desk.rules.policy.customers
    point = email(f"{name}@example.com")
    assert point is not None

    def unit(conn: Any) -> None:
        parties.create(conn, name, {"display_name": name, **values}, now=now, actor=None)
        contact = claims.point_id(conn, f"p-{name}", point, now=now)
        claims.claim(conn, f"c-{name}", contact, name, level="verified", source="agent", now=now)
        while search_docs.index_parties(conn, now, plan):
            pass

    await bench.store.write(unit)
    return name


async def came(bench: Bench, sender: str, text: str = "你好") -> Any:
    receipt = await bench.mail_in(f"{sender}@example.com|subject|{text}", f"key-{sender}-{text}")
    await bench.until(lambda: bench.office.desk.book.get(receipt.interaction), "the contact")
    query = select(schema.interaction).where(schema.interaction.c.id == receipt.interaction)
    return await bench.store.read(lambda conn: conn.execute(query).one())


async def test_a_segment_says_line_priority_level_and_skills(bench: Bench) -> None:
    await known(bench, "big", tags=["大客户"])
    await known(bench, "small")
    row = await came(bench, "big")
    assert (row.line, row.priority, row.vip, row.skills) == ("desk_one", 4, 2, [["english", 3]])
    entry = bench.office.desk.book.get(row.id)
    assert entry is not None
    assert (entry.line, entry.priority, entry.vip) == ("desk_one", 4, 2)
    assert (await came(bench, "small")).line == "support"
    assert (await came(bench, "stranger")).priority == 0


async def test_own_fields_raise_a_contact_and_open_its_case(bench: Bench) -> None:
    await known(bench, "east", custom={"region": "east"})
    await known(bench, "big", tags=["大客户"])
    await known(bench, "west", custom={"region": "west"})
    found = {who: await came(bench, who, "设备故障") for who in ("east", "big", "west", "nobody")}
    assert (found["east"].line, found["east"].priority) == ("support", 2)
    cases = await bench.store.read(lambda conn: conn.execute(select(schema.case_)).all())
    made = {row.source_interaction_id: (row.type, row.priority) for row in cases}
    assert made == {found["east"].id: ("service", 3), found["big"].id: ("complaint", 0)}


async def test_who_becomes_known_while_waiting_is_let_in_like_anybody_known(bench: Bench) -> None:
    """By an address that became theirs, and by a colleague's word: level, priority, skills, language."""
    waiting, other = await came(bench, "big"), await came(bench, "second", "noch etwas")
    assert (waiting.party_id, waiting.priority, waiting.vip) == (None, 0, 0)
    eve = await bench.agent("eve")
    await known(bench, "big", tags=["大客户"], lang="en", owner_id=eve.id)
    await bench.office.tending.settle()
    book = bench.office.desk.book
    await bench.until(lambda: book.get(waiting.id).priority == 4, "the router hears of it")
    sue = await bench.agent("sue", role="supervisor")
    await bench.run(sue, "party.confirm", interaction=other.id, party="big")
    for ident in (waiting.id, other.id):
        item = bench.router._floor.items[ident]
        assert (item.vip, item.priority, item.skills, item.language) == (2, 4, (("english", 3),), "en")
        query = select(schema.interaction).where(schema.interaction.c.id == ident)
        row = await bench.store.read(lambda conn, query=query: conn.execute(query).one())
        assert (row.line, row.party_id, row.vip, row.priority, row.lang) == ("support", "big", 2, 4, "en")
        events = await bench.store.read(lambda conn, ident=ident: interactions.events(conn, ident))
        told = next(one for one in events if one["type"] in {"identified", "confirmed"})
        assert ("english" in str(told), eve.id in str(told)) == (True, True)
