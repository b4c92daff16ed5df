"""The audit beside a desk: a sound one passes, live or closed, and every record tampered with is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, update

from contactd.core.events import WorkEnded
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand
from contactd.desk.audit import Report, compare
from contactd.desk.checkpoints import EVERY
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench
from tests.desk.test_flow import _call


async def audited(bench: Bench) -> Report:
    return await compare(Errand(bench.store, bench.clock, bench.office.desk.idents, "test"))


async def busy(bench: Bench) -> None:
    """Let there be work of every kind: in hand, offered, waiting, parked, mirrored, closed."""
    ann, bob = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("bob", device="PJSIP/1002")
    await bench.ready(ann)
    for number in range(4):
        bench.clock.advance(3)
        await bench.mail_in(f"c{number}@example.cn|S|T", f"k{number}")
        offers = await bench.until(lambda: bench.offers_of(ann))
        await bench.run(ann, "offer.accept", offer=offers[0]["offer"], lease=offers[0]["lease"])
        interaction = offers[0]["interaction"]["id"]
        if number == 0:
            await bench.run(ann, "interaction.park", interaction=interaction)
        elif number == 1:
            await bench.run(ann, "interaction.complete", interaction=interaction, disposition="billing")
    await bench.ready(bob)
    call = await _call(bench, "ch-1")
    (ring,) = await bench.until(lambda: bench.offers_of(bob))
    await bench.run(bob, "offer.accept", offer=ring["offer"], lease=ring["lease"])
    await bench.voice.tools.report(WorkEnded(interaction=call.interaction, ended_by="customer"))
    await _call(bench, "pbx-1", routed_by="pbx")
    await bench.mail_in("late@example.cn|S|T", "late")
    offers = await bench.until(lambda: bench.office.desk.dispatcher._ledger._ringing or bench.router.waiting())
    assert offers


async def test_a_live_router_is_asked_for_its_fingerprint(bench: Bench) -> None:
    await busy(bench)
    await bench.store.ping()
    report = await audited(bench)
    assert list(report.lines())[-1] == "the records agree"
    assert report.live is not None
    assert (report.retold.checkpoint, report.retold.checkpoints) == (report.live, 1)


async def test_without_a_server_nobody_is_asked(bench: Bench) -> None:
    await busy(bench)
    report = await audited(bench)
    assert (report.agrees, report.live) == (True, None)


async def test_a_stopped_desk_left_its_fingerprint(bench: Bench) -> None:
    await busy(bench)
    await bench.office.close()
    report = await audited(bench)
    assert (report.agrees, report.retold.checkpoints) == (True, 1)
    assert report.live == report.retold.checkpoint


async def test_fingerprints_are_taken_from_time_to_time(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    for _ in range(3):
        bench.clock.advance(EVERY)
        await bench.mail_in("li@example.cn|S|T", f"k{bench.clock.now()}")
        bench.office.commands.console_seen(ann.id)
        await bench.until(lambda: not bench.office.reading.waiting)
        await bench.run(ann, "agent.set_intent", intent="ready")
    assert (await audited(bench)).retold.checkpoints >= 2


async def test_a_live_router_that_holds_something_else_is_found_out(bench: Bench) -> None:
    await busy(bench)
    next(iter(bench.router._floor.items.values())).vip = 3
    await bench.store.ping()
    assert named(await audited(bench)) == {("journal", "other_fingerprint")}


def named(report: Report) -> set[tuple[str, str]]:
    return {(fault.record, fault.fault) for fault in (*report.faults, *report.records.faults)}


J, N = s.journal, s.interaction
Tampering = tuple[Any, tuple[str, str]]


def _first(column: Any, **equal: Any) -> Any:
    """Return the id of one row as a subquery."""
    table = column.table
    return column.in_(
        table.select().with_only_columns(column).filter_by(**equal).order_by(column).limit(1).scalar_subquery()
    )


TAMPERINGS: dict[str, Callable[[], Tampering]] = {
    "a wish": lambda: (
        update(J).where(_first(J.c.seq, kind="OfferAccepted")).values(wishes=[]),
        ("journal", "decided_otherwise"),
    ),
    "a fact": lambda: (
        update(J).where(_first(J.c.seq, kind="InteractionArrived")).values(payload={"v": 1, "interaction": "x"}),
        ("journal", "unreadable"),
    ),
    "a fact's kind": lambda: (
        update(J).where(_first(J.c.seq, kind="Parked")).values(kind="Nonsense"),
        ("journal", "unreadable"),
    ),
    "a row of the journal": lambda: (
        delete(J).where(_first(J.c.seq, kind="Parked")),
        ("journal", "other_number"),
    ),
    "the start": lambda: (
        update(J).where(_first(J.c.seq, kind="restart")).values(kind="tick"),
        ("journal", "before_any_restart"),
    ),
    "a fingerprint": lambda: (
        update(J).where(_first(J.c.seq, kind="checkpoint")).values(payload={"v": 1, "digest": "0", "policy": 1}),
        ("journal", "other_fingerprint"),
    ),
    "a moment": lambda: (
        update(J).where(_first(J.c.seq, kind="Parked")).values(at=ManualClock().now()),
        ("journal", "goes_back"),
    ),
    "a policy": lambda: (
        update(s.policy_version).values(document={"default_line": "support"}),
        ("journal", "policy_missing"),
    ),
    "an agent's intent": lambda: (
        update(s.agent_routing).where(s.agent_routing.c.agent == "agent-1").values(intent="logged_out"),
        ("routing", "agent_stored_otherwise"),
    ),
    "an agent's idle time": lambda: (
        update(s.agent_routing).where(s.agent_routing.c.agent == "agent-1").values(idle_since=None),
        ("routing", "agent_stored_otherwise"),
    ),
    "an agent's skills": lambda: (
        s.agent_skill.insert().values(agent_id="agent-1", skill="money", level=9),
        ("routing", "agent_stored_otherwise"),
    ),
    "an agent": lambda: (
        update(s.agent).where(s.agent.c.id == "agent-2").values(disabled=True),
        ("routing", "agent_stored_otherwise"),
    ),
    "a priority": lambda: (
        update(N).where(_first(N.c.id, state="parked")).values(priority=9),
        ("routing", "interaction_stored_otherwise"),
    ),
    "a line": lambda: (
        update(N).where(_first(N.c.id, state="active")).values(vip=3),
        ("routing", "interaction_stored_otherwise"),
    ),
    "when a wrap-up ends": lambda: (
        update(N).where(_first(N.c.id, state="wrapup")).values(wrapup_until=None),
        ("routing", "interaction_stored_otherwise"),
    ),
    "a wait": lambda: (
        update(s.interaction_segment).values(wait_ms=s.interaction_segment.c.wait_ms + 1000),
        ("routing", "interaction_stored_otherwise"),
    ),
    "a state": lambda: (
        update(N).where(_first(N.c.id, state="active")).values(state="closed", ended_at=ManualClock().now()),
        ("routing", "interaction_only_in_the_router"),
    ),
    "a receipt": lambda: (delete(s.receipt).where(s.receipt.c.external_key == "k1"), ("interactions", "no_receipt")),
    "raw bytes": lambda: (update(s.raw).values(inline=b"x"), ("raw", "changed")),
}


@pytest.mark.parametrize("what", TAMPERINGS)
async def test_what_was_tampered_with_is_named(bench: Bench, store: Store, what: str) -> None:
    await busy(bench)
    await bench.office.close()
    assert (await audited(bench)).agrees
    statement, (record, fault) = TAMPERINGS[what]()
    await store.write(lambda conn: conn.execute(statement))
    report = await audited(bench)
    assert (record, fault) in named(report)
    assert not report.agrees
    told = list(report.lines())
    assert told[-1] == "THE RECORDS DO NOT AGREE"
    assert any(line.startswith(f"FAULT {record} ") and f"({fault})" in line for line in told)


async def test_a_changed_entry_of_the_audit_log_is_named(bench: Bench) -> None:
    await bench.store.write(lambda conn: conn.execute(update(s.audit_log).values(actor="nobody")))
    assert (await audited(bench)).agrees
