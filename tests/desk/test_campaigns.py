"""Campaigns: members once each, left out who must not be called, brought into the one queue, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from contactd.core import campaigning
from contactd.core.address import phone_point
from contactd.core.campaigning import CallRules
from contactd.core.errors import ConflictError
from contactd.crm_store import (
    archive_rows,
    campaign_reads,
    campaign_rows,
    claims,
    commerce_rows,
    parties,
    privacy_rows,
    schema,
)
from contactd.desk.campaigns import Campaigns
from contactd.testing.clock import MONDAY
from tests.desk.bench import Bench


async def campaign(bench: Bench, ident: str = "camp", **fields: Any) -> Any:
    now, about = bench.clock.now(), {"stage": None, "now": bench.clock.now(), "actor": "sue"}

    def unit(conn: Any) -> Any:
        values = {
            "title": "新茶上市",
            "fields": {"about": "您好，今年的新茶到了", "from": "00:00", "to": "23:59", **fields},
        }
        commerce_rows.create(conn, ident, "campaign", values, **about)
        commerce_rows.move(conn, ident, "running", text="", now=now, actor="sue")
        return campaign_rows.campaign(conn.connection, ident)

    return await bench.store.write(unit)


async def customer(bench: Bench, ident: str, number: str | None, **values: Any) -> str:
    now = bench.clock.now()

    def unit(conn: Any) -> None:
        parties.create(conn, ident, {"display_name": ident, **values}, now=now, actor=None)
        point = phone_point(number) if number else None
        if point is not None:
            contact = claims.point_id(conn, f"p-{ident}", point, now=now)
            claims.claim(conn, f"c-{ident}", contact, ident, level="asserted", source="agent", now=now)

    await bench.store.write(unit)
    return ident


async def add(bench: Bench, row: Any, *idents: str, granted: bool = False) -> dict[str, Any]:
    now = bench.clock.now()
    return await bench.store.write(
        lambda conn: campaign_rows.add(conn, row, idents, granted=granted, now=now, actor="sue")
    )


async def states(bench: Bench) -> Mapping[str, str]:
    query = select(schema.campaign_member.c.party_id, schema.campaign_member.c.state)
    return {row.party_id: row.state for row in await bench.store.read(lambda conn: conn.execute(query).all())}


async def look(bench: Bench) -> None:
    await bench.office.tending.settle()
    await Campaigns(bench.office.desk).look()
    await bench.office.tending.settle()


async def said(bench: Bench, task: str, outcome: str, agent: str) -> None:
    now = bench.clock.now()
    await bench.store.write(
        lambda conn: campaign_rows.say(conn, task, outcome, text="", ident=f"say-{task}", now=now, actor=agent)
    )


async def test_each_is_a_member_once_and_who_must_not_be_called_is_left_out(bench: Bench) -> None:
    row = await campaign(bench)
    await customer(bench, "a", "13800138000")
    await customer(bench, "b", "13800138001", preferences={"do_not_call": True})
    await customer(bench, "c", None)
    await customer(bench, "d", "13800138003")
    await customer(bench, "a2", "13800138009")
    now = bench.clock.now()
    no = {"id": "n", "party_id": "d", "purpose": "marketing", "channel": "", "state": "withdrawn", "by": "ann"}
    await bench.store.write(lambda conn: privacy_rows.say(conn, {**no, "evidence": "x"}, now))
    party = schema.party
    await bench.store.write(lambda conn: conn.execute(update(party).where(party.c.id == "a2").values(canonical_id="a")))
    told = await add(bench, row, "a", "b", "c", "d", "a2", "a")
    assert told == {"added": 1, "already": 0, "left_out": {"do_not_call": 1, "no_number": 1, "consent_refused": 1}}
    assert (await add(bench, row, "a2", "a"))["already"] == 1
    figures = await bench.store.read(lambda conn: campaign_reads.figures(conn, "camp"))
    assert (figures["states"]["open"], figures["states"]["left_out"], figures["members"]) == (1, 3, 4)
    assert (await add(bench, row, "a", granted=True))["left_out"] == {}


async def test_members_come_through_the_one_queue_a_few_at_a_time(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    row = await campaign(bench, at_once=1, attempts=2, pause_h=1)
    for n in range(2):
        await customer(bench, f"m{n}", f"1380013800{n}")
    await add(bench, row, "m0", "m1")
    await look(bench)
    assert sorted((await states(bench)).values()) == ["open", "queued"]
    (offer,) = await bench.until(lambda: bench.offers_of(ann), "the call")
    assert (offer["interaction"]["channel"], offer["interaction"]["subject"]) == ("task", "新茶上市")
    first = offer["interaction"]["id"]
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    task = (await bench.store.read(lambda conn: conn.execute(select(schema.task)).one())).id
    await said(bench, task, "refused", ann.id)
    with pytest.raises(ConflictError):
        await said(bench, task, "reached", ann.id)
    await bench.run(ann, "interaction.complete", interaction=first)
    await bench.until(lambda: bench.state_of(first) in (None, "closed"), "its end")
    await look(bench)
    now = bench.clock.now()
    refused = next(one for one, state in (await states(bench)).items() if state == "refused")
    words = await bench.store.read(lambda conn: privacy_rows.standing(conn, refused, now))
    assert words == [{"purpose": "marketing", "channel": "", "state": "denied"}]
    (offer,) = await bench.until(lambda: bench.offers_of(ann), "the next one")
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.complete", interaction=offer["interaction"]["id"])
    await bench.until(lambda: bench.state_of(offer["interaction"]["id"]) in (None, "closed"), "its end")
    await look(bench)
    assert sorted((await states(bench)).values()) == ["refused", "tried"], "done without a word: nobody was reached"
    bench.clock.advance(2 * 3600)
    await look(bench)
    assert sorted((await states(bench)).values()) == ["queued", "refused"], "after its pause the second attempt"


async def test_no_campaign_waits_behind_many_others(bench: Bench) -> None:
    for n in range(21):
        await campaign(bench, f"idle{n:02d}")
    await customer(bench, "m", "13800138000")
    await add(bench, await campaign(bench, "last"), "m")
    await look(bench)
    assert await states(bench) == {"m": "queued"}


async def test_wishes_that_changed_and_merges_are_seen_before_the_call(bench: Bench) -> None:
    row = await campaign(bench)
    for n in range(3):
        await customer(bench, f"m{n}", f"1380013800{n}")
    await add(bench, row, "m0", "m1", "m2")
    party = schema.party
    await bench.store.write(
        lambda conn: [
            conn.execute(update(party).where(party.c.id == "m0").values(preferences={"do_not_call": True})),
            conn.execute(update(party).where(party.c.id == "m2").values(canonical_id="m1")),
        ]
    )
    await look(bench)
    assert await states(bench) == {"m0": "left_out", "m1": "queued", "m2": "done"}


async def test_nobody_is_called_outside_the_hours_or_after_the_end(bench: Bench) -> None:
    row = await campaign(bench, **{"from": "03:00", "to": "03:01"})
    await customer(bench, "m", "13800138000")
    await add(bench, row, "m")
    await look(bench)
    assert await states(bench) == {"m": "open"}


def test_what_is_not_said_is_as_built_in() -> None:
    how = CallRules.of({"attempts": "many", "from": "25:00", "purpose": "spam", "at_once": -1}, None, None)
    assert how == CallRules()
    night = CallRules.of({"from": "20:00", "to": "06:00"}, None, MONDAY + timedelta(days=1))
    local = MONDAY.replace(hour=15)
    assert night.may_call(local)
    assert not night.may_call(local + timedelta(days=1))


def test_every_state_that_is_not_over_leads_somewhere() -> None:
    assert {after for to in campaigning.MOVES.values() for after in to} <= set(campaigning.MOVES)
    assert CallRules(attempts=2).after("tried", 1) == "tried"
    assert CallRules(attempts=2).after("tried", 2) == "done"


async def test_an_erasure_and_the_archive_know_of_campaigns(bench: Bench) -> None:
    row = await campaign(bench, **{"from": "03:00", "to": "03:05"})  # nobody is called at this hour
    await customer(bench, "m", "13800138000")
    await add(bench, row, "m")
    found = await bench.store.read(lambda conn: archive_rows.person(conn, "m"))
    assert [(one["campaign_id"], one["state"]) for one in found["campaigns"]] == [("camp", "open")]
    await bench.store.write(lambda conn: campaign_rows.forget(conn, ["m"]))
    assert await states(bench) == {"m": "left_out"}
