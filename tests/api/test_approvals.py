"""Approvals: asked with a reason, decided by somebody else in time, and what is granted happens or opens at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contactd.clock import rfc3339
from contactd.core.case_plan import CasePlan, TaskLines
from contactd.core.levels import Closing
from contactd.crm_store import approval_rows, audit, task_rows
from contactd.crm_store.store import Store
from contactd.desk.seeing import Seeing
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire
from tests.api.test_reads import town_of

PATH = "/api/v1/approvals"


@pytest.fixture
async def careful(store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """A house whose agents must know who it is."""
    await hire(store, clock)
    seeing = Seeing(closing=Closing(fields={"credit_level": 2}), closed_to=frozenset({"agent"}))
    return build(store, clock, tmp_path / "static", seeing=seeing)


async def ask(client: httpx.AsyncClient, house: House, **values: Any) -> httpx.Response:
    until = rfc3339(house.clock.now() + timedelta(minutes=30))
    return await client.post(PATH, json={"reason": "lost their card", "until": until, **values})


async def test_somebody_else_opens_what_the_customer_could_not_prove(careful: House) -> None:
    li = await town_of(careful).party("Li", credit_level=3)
    ann, bob, sue = [await careful.logged_in(who) for who in ("ann", "bob", "sue")]
    asked = (await ask(ann, careful, kind="identity", party=li, level=2)).json()
    assert (asked["state"], asked["party_name"]) == ("asked", "Li")
    assert (await ask(ann, careful, kind="identity", party=li, level=2)).json()["code"] == "asked"
    path = f"{PATH}/{asked['id']}"
    assert (await ann.post(f"{path}/grant", json={})).status_code == 403
    assert (await bob.get(PATH)).json()["items"] == []
    assert [one["id"] for one in (await sue.get(f"{PATH}?state=asked")).json()["items"]] == [asked["id"]]
    granted = await sue.post(f"{path}/grant", json={"decision": "I know her"})
    assert (granted.json()["state"], granted.json()["decided_by"]) == ("granted", "id-sue")
    assert (await sue.post(f"{path}/refuse", json={"decision": "no"})).json()["code"] == "decided"
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] == 3
    assert (await bob.get(f"/api/v1/parties/{li}")).json()["credit_level"] is None
    contact = await town_of(careful).interaction(li, agent="id-ann", state="active", ended_at=None, external_key="k")
    assert (await ann.get(f"/api/v1/interactions/{contact}/identity")).json()["granted"] == 2
    careful.clock.advance(timedelta(minutes=31))
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] is None
    acts = [one["action"] for one in await careful.store.read(audit.listed) if one["object_kind"] == "approval"]
    assert {"approval.ask", "approval.grant"} <= set(acts)


async def test_nobody_decides_their_own_nor_too_late_nor_by_a_token(careful: House) -> None:
    li = await town_of(careful).party("Li")
    sue, adam = await careful.logged_in("sue"), await careful.logged_in("adam")
    asked = (await ask(sue, careful, kind="identity", party=li, level=1)).json()
    path = f"{PATH}/{asked['id']}"
    assert (await sue.post(f"{path}/grant", json={})).json()["code"] == "four_eyes"
    async with await careful.with_token("write") as program:
        assert (await program.post(f"{path}/grant", json={})).json()["code"] == "four_eyes"
    assert (await adam.post(f"{path}/refuse", json={})).json()["field"] == "decision"
    careful.clock.advance(timedelta(minutes=31))
    assert (await adam.post(f"{path}/grant", json={})).json()["code"] == "expired"
    assert [one["state"] for one in (await adam.get(PATH)).json()["items"]] == ["expired"]
    for wrong, field in (({"level": None}, "level"), ({"until": "2020-01-01T00:00:00Z"}, "until")):
        refused = await ask(sue, careful, **({"kind": "identity", "party": li, "level": 1} | wrong))
        assert (refused.status_code, refused.json()["field"]) == (400, field)
    assert (await ask(sue, careful, kind="identity", party="none", level=1)).status_code == 404


async def test_a_complaint_is_closed_by_who_grants_it(careful: House) -> None:
    li = await town_of(careful).party("Li")
    ann, sue = await careful.logged_in("ann"), await careful.logged_in("sue")
    made = (await ann.post("/api/v1/cases", json={"type": "complaint", "subject": "broken", "party": li})).json()
    early = await ask(ann, careful, kind="case_close", case=made["id"])
    assert early.json()["code"] == "bad_state"
    for state in ("open", "resolved"):
        await ann.post(f"/api/v1/cases/{made['id']}/state", json={"state": state})
    own = await ann.post(f"/api/v1/cases/{made['id']}/state", json={"state": "closed"})
    assert own.json()["code"] == "four_eyes"
    asked = (await ask(ann, careful, kind="case_close", case=made["id"])).json()
    assert (asked["case_no"], asked["party_id"]) == (made["no"], li)
    assert (await sue.post(f"{PATH}/{asked['id']}/grant", json={"decision": "fine"})).json()["state"] == "granted"
    assert (await ann.get(f"/api/v1/cases/{made['id']}")).json()["state"] == "closed"


async def test_it_comes_into_the_queue_and_leaves_it_decided(both: House) -> None:
    li, now = await town_of(both).party("Li"), both.clock.now()
    plan = CasePlan(tasks=TaskLines(requests="support"))
    given = {"kind": "identity", "party": li, "level": 1, "reason": "why", "until": now + timedelta(hours=1)}
    await both.store.write(lambda conn: approval_rows.ask(conn, "a1", given, plan=plan, now=now, actor="id-ann"))
    everything: dict[str, Any] = {"filters": {"kind": "approval"}, "limit": 5, "cursor": None}
    (task,), _ = await both.store.read(lambda conn: task_rows.listed(conn, **everything))
    assert (task["state"], task["line"], task["about_id"], task["subject"]) == ("waiting", "support", "a1", "Li")
    decided: dict[str, Any] = {"by": "id-sue", "in_person": True, "grant": False, "decision": "no", "plan": plan}
    await both.store.write(lambda conn: approval_rows.decide(conn, "a1", now=now, **decided))
    (task,), _ = await both.store.read(lambda conn: task_rows.listed(conn, **everything))
    assert task["state"] == "done"


async def test_who_sees_not_the_case_neither_reads_nor_decides_its_closing(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(store, clock)
    house = build(store, clock, tmp_path / "static", seeing=Seeing(scopes={"supervisor": {"case": "own"}}))
    ann, sue, adam = [await house.logged_in(who) for who in ("ann", "sue", "adam")]
    idents = []
    for subject, assignee in (("hers", "id-sue"), ("another's", "id-bob")):
        made = (await ann.post("/api/v1/cases", json={"subject": subject, "assignee": assignee})).json()
        for state in ("open", "resolved"):
            await ann.post(f"/api/v1/cases/{made['id']}/state", json={"state": state})
        idents.append((await ask(ann, house, kind="case_close", case=made["id"])).json()["id"])
    hers, other = idents
    assert [one["id"] for one in (await sue.get(PATH)).json()["items"]] == [hers]
    assert len((await adam.get(PATH)).json()["items"]) == 2
    assert (await sue.post(f"{PATH}/{other}/grant", json={})).status_code == 404
    assert (await sue.post(f"{PATH}/{hers}/grant", json={})).json()["state"] == "granted"
