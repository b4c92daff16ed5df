"""Who is asked first for a known customer: the case's assignee, the owner, who served them last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Content
from contactd.core.events import ConsoleSeen
from contactd.crm_store import claims, parties
from contactd.crm_store import schema as s
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

NUMBER = "13800138000"


@pytest.fixture
async def house(store: Any, clock: Any, tmp_path: Any) -> Any:
    made = await open_bench(store, clock, tmp_path, {"lines": {"support": {"channels": {"chat": {"sla_s": 60}}}}})

    def known(conn: Any) -> None:
        point = phone_point(NUMBER)
        assert point is not None
        now = clock.now()
        parties.create(conn, "li", {"kind": "person", "display_name": "Li"}, actor=None, now=now)
        ident = claims.point_id(conn, "point", point, now=now)
        claims.claim(conn, "claim", ident, "li", level="verified", source="import", now=now, actor=None)

    await made.store.write(known)
    yield made
    await made.office.close()


async def asked_first(house: Bench, key: str = "c9") -> str | None:
    """Let the customer write by chat; return the agent that the router was told to try first."""
    point = phone_point(NUMBER)
    at = house.clock.now()
    arrival = Arrival(channel="chat", adapter="chat", external_key=key, raw=b"{}", at=at, sender=NUMBER)
    receipt = await house.chat.tools.accept(arrival, Content(sender=point))
    await house.until(lambda: receipt.interaction in house.router._floor.items, "the router to know it")
    item = house.router._floor.items[receipt.interaction]
    assert item.party == "li"
    return item.prefer or item.held_for or (item.offer.agent.id if item.offer else None)


async def served(house: Bench, actor: Actor) -> None:
    """Let an agent serve the customer, and finish."""
    await house.ready(actor)
    assert await asked_first(house, "c1") == actor.id
    offer = (await house.until(lambda: house.offers_of(actor), "the offer"))[0]
    name = offer["interaction"]["id"]
    await house.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await house.run(actor, "interaction.complete", interaction=name, end=True)
    await house.run(actor, "agent.set_intent", intent="not_ready", reason="break")


async def test_nobody_stands_out_for_a_new_customer(house: Bench) -> None:
    await house.agent("ann")
    assert await asked_first(house) is None


async def test_who_served_them_last_is_asked_first_for_three_days(house: Bench) -> None:
    ann = await house.agent("ann")
    await served(house, ann)
    assert await asked_first(house, "c2") == ann.id
    house.clock.advance(timedelta(hours=80).total_seconds())
    assert await asked_first(house, "c3") is None


async def test_the_owner_goes_before_the_last_and_the_case_before_the_owner(house: Bench) -> None:
    ann, bob, cat = [await house.agent(name) for name in ("ann", "bob", "cat")]
    await served(house, ann)
    for actor in (bob, cat):
        await house.ready(actor)
        await house.run(actor, "agent.set_intent", intent="not_ready", reason="break")
    await house.store.write(
        lambda conn: conn.execute(update(s.party).where(s.party.c.id == "li").values(owner_id=bob.id))
    )
    assert await asked_first(house, "c2") == bob.id
    now = house.clock.now()
    case = {"id": "k1", "no": "K1", "party_id": "li", "assignee": cat.id, "created_at": now, "updated_at": now}
    await house.store.write(lambda conn: conn.execute(insert(s.case_).values(**case)))
    assert await asked_first(house, "c3") == cat.id


async def test_who_comes_again_within_three_days_is_told_to_the_router_and_still_known_after_a_start(
    house: Bench,
) -> None:
    ann = await house.agent("ann")
    await served(house, ann)
    await asked_first(house, "c2")
    again = [item for item in house.router._floor.items.values() if item.channel == "chat"]
    assert [item.repeat for item in again] == [1]
    await house.office.desk.dispatcher.submit(ConsoleSeen(agent=ann.id))  # what came before it is committed with it
    rebuilt = await house.office.recovery.rebuild()
    router = rebuilt.router
    for fact in rebuilt.facts:
        router.handle(fact, house.clock.now())
    assert [item.repeat for item in router._floor.items.values()] == [1]
    house.clock.advance(timedelta(hours=80).total_seconds())
    await asked_first(house, "c3")
    assert sorted(item.repeat for item in house.router._floor.items.values()) == [0, 1]
