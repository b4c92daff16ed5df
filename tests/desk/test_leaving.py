"""Somebody leaves: everything they hold goes to a colleague in one operation, and comes back when it is undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contactd.clock import rfc3339
from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError
from contactd.crm_store import (
    agents,
    audit,
    case_rows,
    commerce_rows,
    handover_rows,
    parties,
    promise_rows,
    schema,
    task_rows,
)
from contactd.desk.leaving import Leaving, Returning
from contactd.desk.rights import Actor
from tests.desk.bench import Bench


def leaving(bench: Bench, leaver: str, heir: str, *, chief: bool = True) -> Leaving:
    desk = bench.office.desk
    return Leaving(
        leaver=leaver,
        heir=heir,
        reason="moves to the sea",
        actor="boss",
        node=bench.store.node,
        now=bench.clock.now(),
        ident=desk.idents.new(),
        idents=desk.idents,
        chief=chief,
    )


async def come_back(bench: Bench, handover: str, *, chief: bool = True) -> dict[str, Any]:
    desk = bench.office.desk
    now, node = bench.clock.now(), bench.store.node
    back = Returning(handover=handover, actor="boss", node=node, now=now, idents=desk.idents, chief=chief)
    return await bench.store.write(back.unit)


async def held(bench: Bench, agent: str) -> dict[str, int]:
    found = await bench.store.read(lambda conn: handover_rows.holdings(conn, agent))
    return {one["kind"]: one["count"] for one in found if one["count"]}


async def belongings(bench: Bench, ann: Actor) -> dict[str, Any]:
    """Give somebody one thing of each kind; return ids by kind."""
    now, ids = bench.clock.now(), [bench.office.desk.idents.new() for _ in range(5)]
    about: dict[str, Any] = {"now": now, "actor": ann.id}

    def unit(conn: Any) -> None:
        parties.create(conn, ids[0], {"display_name": "李雷", "owner_id": ann.id}, **about)
        parties.create(conn, ids[1], {"display_name": "吴昊", "owner_id": ann.id}, **about)
        case_rows.create(
            conn, ids[2], {"subject": "Pot", "assignee": ann.id, "party_id": ids[0]}, plan=NO_PLAN, **about
        )
        promise = {"text": "call back", "due_at": now + timedelta(hours=3), "owner": ann.id, "party_id": ids[0]}
        promise_rows.make(conn, ids[3], promise, **about)
        task = {"kind": "follow_up", "subject": "All well?", "due_at": now + timedelta(days=3), "owner": ann.id}
        task_rows.put(conn, ids[4], task, **about)

    await bench.store.write(unit)
    await bench.ready(ann)
    parked = (await bench.mail_in("li@example.cn|Later|T", "m1")).interaction
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    later = rfc3339(bench.clock.now() + timedelta(hours=2))
    await bench.run(ann, "interaction.send", interaction=parked, text="see you", send_at=later)
    await bench.run(ann, "draft.save", interaction=parked, editor="w1", version=0, body={"text": "Dear Li"})
    await bench.run(ann, "interaction.park", interaction=parked)
    return {"customers": ids[:2], "case": ids[2], "promise": ids[3], "task": ids[4], "contact": parked}


async def test_all_of_it_goes_to_the_heir_and_comes_back(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    mine = await belongings(bench, ann)
    before = await held(bench, ann.id)
    assert before.keys() >= {"customer", "case", "promise", "task", "draft", "letter", "contact"}
    await bench.ready(bob)
    done = await bench.store.write(leaving(bench, ann.id, bob.id).unit)
    assert done["counts"] == before
    await bench.office.inbox.poll()
    (offer,) = await bench.until(lambda: bench.offers_of(bob), "the parked contact before the heir")
    assert offer["interaction"]["id"] == mine["contact"]
    assert await held(bench, ann.id) == {}
    kept = await held(bench, bob.id)
    assert {kind: kept.get(kind) for kind in ("customer", "case", "promise", "task", "draft", "letter")} == {
        kind: before[kind] for kind in ("customer", "case", "promise", "task", "draft", "letter")
    }
    person = await bench.store.read(lambda conn: agents.get(conn, ann.id))
    assert person["disabled"]
    bench.clock.advance(60)
    now = bench.clock.now()
    first = mine["customers"][0]
    version = (await bench.store.read(lambda conn: parties.get(conn, first)))["row_version"]
    await bench.store.write(
        lambda conn: parties.patch(conn, first, {"owner_id": "agent-9"}, row_version=version, now=now, actor=bob.id)
    )
    back = await come_back(bench, done["id"])
    assert [(one["kind"], one["id"]) for one in back["kept"]] == [("customer", first), ("contact", mine["contact"])]
    assert (await held(bench, ann.id))["customer"] == before["customer"] - 1
    assert (await held(bench, ann.id))["case"] == 1
    person = await bench.store.read(lambda conn: agents.get(conn, ann.id))
    assert not person["disabled"]
    with pytest.raises(ConflictError):
        await come_back(bench, done["id"])
    told = await bench.store.read(lambda conn: [one["action"] for one in audit.listed(conn)])
    assert {"user.leave", "user.leave_undone"} <= set(told)


async def test_only_an_admin_lets_an_admin_go_or_come_back(bench: Bench) -> None:
    root, bob = await bench.agent("root", role="admin"), await bench.agent("bob")
    with pytest.raises(ForbiddenError):
        await bench.store.write(leaving(bench, root.id, bob.id, chief=False).unit)
    assert not (await bench.store.read(lambda conn: agents.get(conn, root.id)))["disabled"]
    done = await bench.store.write(leaving(bench, root.id, bob.id).unit)
    with pytest.raises(ForbiddenError):
        await come_back(bench, done["id"], chief=False)
    assert (await bench.store.read(lambda conn: agents.get(conn, root.id)))["disabled"]


async def test_nothing_is_handed_to_who_leaves_or_has_left(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    carl = await bench.agent("carl")
    with pytest.raises(BadRequestError):
        await bench.store.write(leaving(bench, ann.id, ann.id).unit)
    await bench.store.write(leaving(bench, bob.id, carl.id).unit)
    with pytest.raises(BadRequestError):
        await bench.store.write(leaving(bench, ann.id, bob.id).unit)
    assert not (await bench.store.read(lambda conn: agents.get(conn, ann.id)))["disabled"], "nothing half done"


async def test_business_and_held_letters_go_along(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    await belongings(bench, ann)
    now = bench.clock.now()

    def unit(conn: Any) -> None:
        sale = {"title": "Pots", "owner": ann.id}
        commerce_rows.create(conn, "lead-1", "lead", sale, stage=None, now=now, actor=ann.id)
        values = {"title": "theirs", "owner": ann.id, "stage": "new"}
        commerce_rows.mirror(conn, "lead-2", "lead", "erp", "L-2", values, now)
        conn.execute(schema.outbox.update().values(state="held"))

    await bench.store.write(unit)
    done = await bench.store.write(leaving(bench, ann.id, bob.id).unit)
    assert {kind: done["counts"].get(kind) for kind in ("record", "letter")} == {"record": 1, "letter": 1}

    def owners(conn: Any) -> dict[str, str]:
        return {row.id: row.owner for row in conn.execute(select(schema.record.c.id, schema.record.c.owner))}

    assert await bench.store.read(owners) == {"lead-1": bob.id, "lead-2": ann.id}, "what is mirrored is changed there"
    await come_back(bench, done["id"])
    assert (await bench.store.read(owners))["lead-1"] == ann.id


async def test_an_account_that_had_ended_before_stays_so(bench: Bench) -> None:
    ann, bob, carl = await bench.agent("ann"), await bench.agent("bob"), await bench.agent("carl")
    first = await bench.store.write(leaving(bench, ann.id, bob.id).unit)
    second = await bench.store.write(leaving(bench, ann.id, carl.id).unit)

    async def gone() -> bool:
        return bool((await bench.store.read(lambda conn: agents.get(conn, ann.id)))["disabled"])

    await come_back(bench, second["id"])
    assert await gone(), "it was no handover of this that ended it"
    third = await bench.store.write(leaving(bench, ann.id, carl.id).unit)
    await come_back(bench, first["id"])
    assert await gone(), "they left by another, too"
    await come_back(bench, third["id"])
    assert await gone()


async def test_what_waits_for_who_leaves_waits_for_the_heir_and_the_router_knows(bench: Bench) -> None:
    ann, carl = await bench.agent("ann"), await bench.agent("carl")
    dave, bob = await bench.agent("dave"), await bench.agent("bob")
    await bench.ready(ann)
    given = (await bench.mail_in("li@example.cn|For Carl|T", "m1")).interaction
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.run(ann, "interaction.transfer", interaction=given, to_agent=carl.id)
    await bench.run(ann, "agent.set_intent", intent="not_ready", reason="lunch")
    await bench.ready(dave)
    bench.clock.advance(5)
    await bench.ready(bob)
    assert (await held(bench, carl.id))["contact"] == 1
    done = await bench.store.write(leaving(bench, carl.id, bob.id).unit)
    assert done["counts"]["contact"] == 1
    await bench.office.inbox.poll()
    (offer,) = await bench.until(lambda: bench.offers_of(bob), "it is offered to the heir")
    assert offer["interaction"]["id"] == given
    assert bench.offers_of(dave) == [], "who has been free for longer, and was not named"
    assert await held(bench, carl.id) == {}
