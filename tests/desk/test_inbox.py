"""What other processes wrote reaches the router: once, and before the person it is about is turned away."""

from __future__ import annotations

from sqlalchemy import select

from contactd.core.events import AgentConfigured, CheckpointAsked, ConsoleSeen
from contactd.crm_store import agents, inbox_rows, schema
from contactd.crm_store.agents import Abilities
from contactd.crm_store.write_conn import WriteConn
from contactd.desk import facts
from contactd.desk.facts import Seen, Waiting
from contactd.desk.rights import Actor
from tests.desk.bench import Bench


async def added_elsewhere(bench: Bench, name: str) -> Actor:
    """Add an account as the command line does: into the store and the inbox, past this process."""
    now = bench.clock.now()

    def unit(conn: WriteConn) -> None:
        values = {"display_name": name.title(), "role": "agent", "device": None}
        agents.create(conn, name, name, values, Abilities(skills=(), lines=("*",)), actor=None, now=now)
        told = AgentConfigured(agent=name, lines=("*",))
        inbox_rows.tell(conn, told, ident=f"told-{name}", node="elsewhere", now=now)

    await bench.store.write(unit)
    return Actor(id=name, name=name.title(), role="agent")


async def told(bench: Bench) -> list[str]:
    """Return the agents the router was told of by the inbox."""
    query = select(schema.journal.c.payload).where(schema.journal.c.kind == "AgentConfigured")
    return [row.payload["agent"] for row in await bench.store.read(lambda conn: conn.execute(query).all())]


async def test_somebody_added_this_second_can_work_at_once(bench: Bench) -> None:
    ann = await added_elsewhere(bench, "ann")
    begun = await bench.run(
        ann, "interaction.start", channel="email", line="support", to="wang@x.example", purpose="a question"
    )
    assert begun["interaction"]["state"] == "active"
    assert begun["interaction"]["agent"] == "ann"


async def test_two_looks_into_the_inbox_tell_a_fact_once(bench: Bench) -> None:
    await added_elsewhere(bench, "ann")
    poll = bench.office.inbox.poll
    await poll()
    await poll()
    await bench.until(lambda: bench.office.desk.roster.get("ann"))
    await poll()
    await bench.office.desk.dispatcher.submit(ConsoleSeen(agent="ann"))
    assert await told(bench) == ["ann"]


async def test_who_submits_what_the_inbox_told_first_is_answered_all_the_same(bench: Bench) -> None:
    await added_elsewhere(bench, "ann")
    dispatcher = bench.office.desk.dispatcher
    await bench.office.inbox.poll()
    await dispatcher.submit(AgentConfigured(agent="ann", lines=("*",)), inbox_id="told-ann")
    assert await told(bench) == ["ann"]
    assert await dispatcher.submit(AgentConfigured(agent="ann", lines=("*",)), inbox_id="told-ann") == []
    assert await told(bench) == ["ann"]


def test_a_fact_is_remembered_after_its_commit_for_a_while() -> None:
    seen = Seen()
    first = fact("first")
    seen.add(first)
    assert seen["first"] is first
    seen.done(first)
    assert seen["first"] is None
    for n in range(facts.REMEMBERED):
        seen.add(fact(f"{n}"))
        seen.done(fact(f"{n}"))
    assert "first" not in seen
    assert f"{facts.REMEMBERED - 1}" in seen


def test_a_fact_that_could_not_be_committed_may_come_again() -> None:
    seen = Seen()
    seen.add(fact("first"))
    seen.forget(fact("first"))
    assert "first" not in seen


def fact(inbox_id: str) -> Waiting:
    return Waiting(CheckpointAsked(), inbox_id, None)
