"""Who has not read what they must does not become ready, by the console or by the phone."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core.errors import ConflictError
from contactd.crm_store import announcement_rows
from tests.desk.bench import Bench


async def announced(bench: Bench, ident: str, **values: Any) -> None:
    now = bench.clock.now()
    row = {"title": "t", "body": "", "audience": {}, "begins_at": now, "ends_at": None, "must": True} | values
    await bench.store.write(lambda conn: announcement_rows.create(conn, ident, row, now=now, actor="sue"))


async def test_it_keeps_from_being_ready_until_it_is_read(bench: Bench) -> None:
    ann, boss = await bench.agent("ann"), await bench.agent("sue", role="supervisor")
    await announced(bench, "a1", audience={"roles": ["agent"]})
    with pytest.raises(ConflictError) as caught:
        await bench.ready(ann)
    assert caught.value.code == "must_read"
    await bench.run(ann, "agent.set_intent", intent="not_ready")
    await bench.ready(boss)
    await bench.run(boss, "agent.set_intent", agent=ann.id, intent="ready")
    await bench.run(ann, "agent.set_intent", intent="not_ready")
    await bench.store.write(lambda conn: announcement_rows.confirm(conn, "a1", ann.id, bench.clock.now()))
    await bench.ready(ann)
    await announced(bench, "a2", must=False)
    await bench.ready(ann)


async def test_the_phone_s_key_is_no_way_around_it(bench: Bench) -> None:
    ann, tools = await bench.agent("ann", device="PJSIP/1001"), bench.voice.tools
    await bench.ready(ann)
    await tools.paused("PJSIP/1001", on=True, reason="lunch")
    await announced(bench, "a1")
    await tools.paused("PJSIP/1001", on=False)
    member = bench.office.desk.roster.get(ann.id)
    assert member is not None
    assert member.view()["intent"] == "not_ready"
    await bench.store.write(lambda conn: announcement_rows.confirm(conn, "a1", ann.id, bench.clock.now()))
    await tools.paused("PJSIP/1001", on=False)
    assert member.view()["intent"] == "ready"
