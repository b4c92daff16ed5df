"""A case with one key from the contact in hand; what is late is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from contactd.core.case_plan import NO_PLAN
from contactd.crm_store import case_reads, case_rows, follow_up_rows, parties, promise_rows, schema, watch_rows
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


async def test_who_follows_a_case_is_told_of_what_others_do(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    now = bench.clock.now()

    def unit(conn: Any) -> None:
        case_rows.create(conn, "c1", {"subject": "x"}, plan=NO_PLAN, now=now, actor=bob.id)
        watch_rows.watch(conn, "c1", ann.id, on=True)
        watch_rows.watch(conn, "c1", bob.id, on=True)

    await bench.store.write(unit)
    await bench.office.tending.settle()
    streams = {one.id: bench.office.views.audience.add(f"k{one.id}", one.id, one.role) for one in (ann, bob)}
    await bench.store.write(lambda conn: case_rows.add_event(conn, "c1", now, "note", bob.id, "secret words"))
    await bench.office.tending.settle()

    def told(agent: str) -> list[str]:
        return [body for body in streams[agent]._bodies if "case.news" in body]

    (news,) = await bench.until(lambda: told(ann.id), "the news")
    assert '"unseen":1' in news.replace(" ", "")
    assert "secret" not in news
    assert not told(bob.id), "nobody is told of what they did themselves"
    listed = await bench.store.read(lambda conn: case_reads.listed(conn, watcher=ann.id, news=True)[0])
    assert [(one["id"], one["unseen"]) for one in listed] == [("c1", 1)]
    await bench.store.write(lambda conn: watch_rows.saw(conn, "c1", ann.id))
    assert (await bench.store.read(lambda conn: case_reads.listed(conn, watcher=ann.id, news=True)))[0] == []


async def test_who_does_not_want_to_be_called_is_on_no_follow_up_list(bench: Bench) -> None:
    now = bench.clock.now()
    asking = follow_up_rows.Asking(subject="ok?", body="", due_at=now, apart_s=0, line=None, owner=None, priority=0)

    def unit(conn: Any) -> Any:
        for ident, more in (("a", {}), ("b", {"preferences": {"do_not_call": True}}), ("c", {})):
            parties.create(conn, ident, {"display_name": ident, **more}, now=now, actor=None)
        for n, (party, purpose) in enumerate((("c", "service"), ("a", "marketing"))):
            row = {"id": f"s{n}", "party_id": party, "purpose": purpose, "channel": "", "state": "denied"}
            conn.execute(insert(schema.consent).values(**row, evidence="said so", at=now, by="ann"))
        return follow_up_rows.make(conn, "list", asking, [(one, None) for one in "abc"], now=now, actor="ann")

    tasks, left_out = await bench.store.write(unit)
    assert tasks == ["list:0"]
    assert {(one["party_id"], one["reason"]) for one in left_out} == {("b", "do_not_call"), ("c", "consent_refused")}
