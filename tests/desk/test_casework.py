"""A case with one key from the contact in hand; what is late is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contactd.crm_store import case_reads, promise_rows
from tests.desk.bench import Bench


async def test_one_key_makes_a_case_for_a_customer_nobody_knows_yet(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    first = (await bench.mail_in("li@example.cn|Broken pot|T", "m1")).interaction
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    made = await bench.run(ann, "case.open", interaction=first, type="complaint", priority=2)
    assert (made["case"]["no"], made["interaction"]["case_id"]) == ("C-000001", made["case"]["id"])
    case = await bench.store.read(lambda conn: case_reads.get(conn, made["case"]["id"]))
    assert (case["subject"], case["assignee"], case["party_name"], case["stage"]) == (
        "Broken pot", ann.id, "li@example.cn", "received",
    )  # fmt: skip
    again = await bench.run(ann, "case.open", interaction=first, subject="Another matter")
    back = await bench.run(ann, "case.attach", interaction=first, case=made["case"]["id"])
    assert (again["case"]["no"], back["interaction"]["case_id"]) == ("C-000002", made["case"]["id"])


async def test_supervisors_hear_what_is_late_and_what_is_promised(bench: Bench) -> None:
    ann = await bench.agent("ann")
    boss = await bench.agent("sue", role="supervisor")
    await bench.ready(ann)
    first = (await bench.mail_in("li@example.cn|Broken pot|T", "m1")).interaction
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    made = await bench.run(ann, "case.open", interaction=first, type="callback", priority=3)
    values: dict[str, Any] = {"text": "call back", "owner": ann.id, "case_id": made["case"]["id"]}
    due = {"due_at": bench.clock.now() + timedelta(minutes=10)}
    await bench.store.write(
        lambda conn: promise_rows.make(conn, "p", values | due, now=bench.clock.now(), actor=ann.id)
    )
    bench.clock.advance(40 * 24 * 3600)
    await bench.office.tending.settle()
    stream = bench.office.views.audience.add("k", boss.id, boss.role)
    kinds = [alert["kind"] for alert in bench.office.views.snapshot(stream)["floor"]["alerts"]]
    assert sorted(kind for kind in kinds if kind in {"case_late", "promise_due"}) == [
        "case_late",
        "case_late",
        "promise_due",
    ]
