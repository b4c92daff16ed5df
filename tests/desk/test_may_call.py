"""Before a call goes out: what a customer said, the hours of the line, the block list; a reason that is on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from contactd.core.address import phone_point
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.party import Point
from contactd.crm_store import privacy_rows
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town
from tests.desk.bench import Bench, open_bench
from tests.desk.test_calling import Phone

MOBILE = "13700001111"
OUTBOUND = {"begin": "08:00", "end": "21:00", "override": "agent"}


@pytest.fixture
async def desk(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    made = await open_bench(store, clock, tmp_path, {"lines": {"support": {"outbound": OUTBOUND}}})
    Phone(made)
    yield made
    await made.office.close()


def point() -> Point:
    found = phone_point(MOBILE)
    assert found is not None
    return found


async def customer_who(bench: Bench, purpose: str, state: str) -> None:
    """A customer with this number, who said something about a purpose."""
    party = await Town(bench.store).party("王", point(), level="verified")
    row = {"id": "s-1", "party_id": party, "purpose": purpose, "channel": "", "state": state}
    said = {**row, "by": "ann", "evidence": "letter", "text_version": ""}
    await bench.store.write(lambda conn: privacy_rows.say(conn, said, bench.clock.now()))


async def caller(bench: Bench, role: str = "agent") -> Actor:
    return await bench.agent("ann", role, device="PJSIP/1001")


def by_day(bench: Bench, hour: int) -> None:
    """Let it be an hour of the day in Shanghai."""
    now = bench.clock.now()
    bench.clock.advance((hour - 8 - now.hour) % 24 * 3600 - now.minute * 60 - now.second)


async def test_a_refused_purpose_is_refused_and_another_is_not(desk: Bench) -> None:
    by_day(desk, 12)
    ann = await caller(desk)
    await customer_who(desk, "marketing", "withdrawn")
    for reason in (None, "they will like it"):
        with pytest.raises(BadRequestError) as refused:
            await desk.run(ann, "call.dial", to=MOBILE, purpose="marketing", reason=reason)
        assert refused.value.code == "consent_refused"
    assert len(desk.office.desk.book) == 0
    made = (await desk.run(ann, "call.dial", to=MOBILE))["interaction"]
    assert made["state"] == "active"


async def test_where_a_reason_is_enough_it_is_asked_for_and_on_record(desk: Bench) -> None:
    by_day(desk, 23)
    ann = await caller(desk)
    with pytest.raises(ConflictError) as warned:
        await desk.run(ann, "call.dial", to=MOBILE, reason="  ")
    assert (warned.value.code, warned.value.field) == ("outside_hours", "reason")
    assert len(desk.office.desk.book) == 0
    made = (await desk.run(ann, "call.dial", to=MOBILE, reason="burst pipe"))["interaction"]
    rows = await desk.store.read(lambda conn: list(conn.execute(select(s.audit_log))))
    (row,) = [row for row in rows if row.action == "call.dial_anyway"]
    assert (row.actor, row.object_id) == (ann.id, made["id"])
    assert row.detail == {"against": ["outside_hours"], "purpose": "service", "reason": "burst pipe"}
    with pytest.raises(BadRequestError) as refused:
        await desk.run(
            await desk.agent("ben", device="PJSIP/1002"), "call.dial", to=MOBILE, purpose="marketing", reason="x"
        )
    assert refused.value.code == "outside_hours"


async def test_several_who_may_be_behind_a_number_are_all_heard(desk: Bench) -> None:
    by_day(desk, 12)
    ann = await caller(desk)
    await customer_who(desk, "service", "denied")

    town = Town(desk.store, made=50)
    other = await town.party("李", point(), level="verified")
    with pytest.raises(ConflictError) as warned:
        await desk.run(ann, "call.dial", to=MOBILE, party=other)
    assert warned.value.code == "refuses_contact"


async def test_who_asked_not_to_be_called_is_called_with_a_reason_only_and_never_sold_to(desk: Bench) -> None:
    by_day(desk, 12)
    ann = await caller(desk)
    town = Town(desk.store)
    merged, kept = await town.party("王", preferences={"do_not_call": True}), await town.party("王小", point())
    await town.merge(merged, kept)
    with pytest.raises(ConflictError) as warned:
        await desk.run(ann, "call.dial", to=MOBILE)
    assert (warned.value.code, warned.value.field) == ("refuses_contact", "reason")
    with pytest.raises(BadRequestError) as refused:
        await desk.run(ann, "call.dial", to=MOBILE, purpose="marketing", reason="they will like it")
    assert refused.value.code == "refuses_contact"
    made = (await desk.run(ann, "call.dial", to=MOBILE, reason="they asked for it"))["interaction"]
    assert made["state"] == "active"
