"""An import of the past taken back: what something of ours hangs on stays and is named, and never stops the others."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from contactd.core import past
from contactd.crm_store import campaign_rows, import_jobs, import_undo, schema, timeline
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from tests.desk.bench import Bench
from tests.desk.exchange.test_past import CALLS, ORDERS, Past, customer, new_case


@pytest.fixture
async def old(bench: Bench, tmp_path: Path) -> Past:
    return Past(bench, tmp_path)


async def here(task: Any, *args: Any) -> Any:
    """Run a worker's task on the spot."""
    return task(*args)


async def test_a_contact_whose_mail_came_back_stays_when_its_import_is_taken_back(old: Past) -> None:
    party = await customer(old)
    job, _ = await old.run(past.CONTACT, CALLS)
    items, _ = await old.store.read(lambda conn: timeline.page(conn, party))
    fate = {"address": "zhang@example.com", "action": "failed", "at": old.bench.clock.now()}

    def bounced(conn: Any) -> None:
        mine = schema.message.c.interaction_id == items[0]["id"]
        message = conn.execute(select(schema.message.c.id).where(mine)).scalar()
        conn.execute(insert(schema.message_fate).values(message_id=message, **fate))

    await old.store.write(bounced)
    assert await old.importing.undo(job) == {"reversed": 2, "kept": 1, "nothing": 2}


async def test_a_campaign_with_members_stays_when_its_import_is_taken_back(old: Past) -> None:
    party = await customer(old)
    job, counts = await old.run(past.RECORD, ORDERS.format(stage="").replace("\n订单,", "\n市场活动,"), "orders.csv")
    assert counts == {"created": 1}, [one.reasons for one in old.shown]
    row = await old.store.read(lambda conn: conn.execute(select(schema.record)).one())
    now = old.bench.clock.now()
    await old.store.write(
        lambda conn: campaign_rows.add(conn, row, [party], granted=False, now=now, actor="sue"),
    )
    assert await old.importing.undo(job) == {"kept": 1}


async def test_an_order_that_covers_a_case_stays_when_its_import_is_taken_back(old: Past) -> None:
    await customer(old)
    job, _ = await old.run(past.RECORD, ORDERS.format(stage="已下单"), "orders.csv")
    row = await old.store.read(lambda conn: conn.execute(select(schema.record)).one())
    await new_case(old, "漏水")
    await old.store.write(lambda conn: conn.execute(update(schema.case_).values(contract_id=row.id)))
    assert await old.importing.undo(job) == {"kept": 1}


async def test_an_import_that_cannot_be_taken_back_keeps_no_other_waiting(
    old: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customer(old)
    jobs = [(await old.run(past.CONTACT, CALLS.replace("C-1", f"C-{n}1")))[0] for n in (1, 2)]
    tables = Tables(old.folder, here)
    wizard = Wizard(old.store, old.bench.clock, Idents(old.bench.clock), tables)
    for job in jobs:
        await wizard.undo(job, "sue")
    undo = import_undo.next_rows

    def next_rows(conn: Any, job: str, by: str, now: datetime) -> int:
        if job == jobs[0]:
            conn.execute(insert(schema.message_fate).values(message_id="none", address="", action="", at=now))
        return undo(conn, job, by, now)

    monkeypatch.setattr(import_undo, "next_rows", next_rows)
    monkeypatch.setattr(import_jobs, "undoing", lambda _conn, node: jobs if node else [])
    await wizard.some()
    states = [(await old.store.read(partial(import_jobs.get, job=job)))["state"] for job in jobs]
    assert states == [import_jobs.UNDOING, import_jobs.UNDONE]
