"""Cases by REST: made, moved, noted, escalated, linked, with clocks that say why; and promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contactd.clock import rfc3339
from contactd.core.case_plan import NO_PLAN
from contactd.crm_store import audit, case_rows, follow_up_rows, sla_rows, task_rows
from tests.api.house import House
from tests.crm_store.town import Town, mail


async def made(client: Any, subject: str = "Broken pot", **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/cases", json={"subject": subject, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def moved(client: Any, case: str, state: str, **more: Any) -> Any:
    return await client.post(f"/api/v1/cases/{case}/state", json={"state": state, **more})


async def test_a_case_lives_from_new_to_closed_and_back(both: House) -> None:
    async with await both.logged_in("ann") as client:
        case = await made(client, type="service", priority=1)
        assert (case["no"], case["state"], [one["state"] for one in case["timers"]]) == (
            "C-000001",
            "new",
            ["running", "running"],
        )
        noted = await client.post(f"/api/v1/cases/{case['id']}/notes", json={"text": "sorry", "public": True})
        assert (noted.json()["state"], noted.json()["timers"][0]["state"]) == ("open", "met")
        assert (await moved(client, case["id"], "waiting_customer")).json()["timers"][1]["state"] == "paused"
        both.clock.advance(7200)
        assert (await moved(client, case["id"], "open")).json()["timers"][1]["state"] == "running"
        done = (await moved(client, case["id"], "resolved", text="new pot sent")).json()
        assert [one["state"] for one in done["timers"]] == ["met", "met"]
        assert (await moved(client, case["id"], "closed")).json()["closed_at"] is not None
        again = (await moved(client, case["id"], "open")).json()
        assert (again["reopened_n"], again["closed_at"], again["timers"][1]["state"]) == (1, None, "running")
        wrong = await moved(client, case["id"], "new")
        assert (wrong.status_code, wrong.json()["code"]) == (409, "bad_state")
        by_number = (await client.get(f"/api/v1/cases/{case['no']}")).json()
        assert [event["type"] for event in by_number["events"]] == [
            "created", "answered", "moved", "moved", "moved", "moved", "reopened",
        ]  # fmt: skip


async def test_a_clock_says_why_it_ends_when_it_ends(house: House) -> None:
    async with await house.logged_in("ann") as client:
        case = await made(client, type="inquiry")
        await moved(client, case["id"], "waiting_customer")
        house.clock.advance(3600)
        await moved(client, case["id"], "open")
        first, resolution = (await client.get(f"/api/v1/cases/{case['id']}/why")).json()["items"]
        assert (first["target"], first["pauses"]) == ("first_response", [])
        (pause,) = resolution["pauses"]
        assert (pause["reason"], pause["to"] > pause["from"]) == ("waiting_customer", True)
        assert resolution["stretches"][-1]["to"] == resolution["due_at"]
        assert (await client.get("/api/v1/cases/none/why")).status_code == 404


async def test_what_is_late_is_noted_once(house: House) -> None:
    async with await house.logged_in("ann") as client:
        case = await made(client, type="callback", priority=3)
        house.clock.advance(5 * 3600)

        def late(conn: Any) -> list[Any]:
            return sla_rows.breached(conn, house.clock.now())

        assert {one[2] for one in await house.store.write(late)} == {"first_response", "resolution"}
        assert await house.store.write(late) == []
        assert (await client.get(f"/api/v1/cases/{case['id']}")).json()["timers"][1]["state"] == "breached"
        assert (await moved(client, case["id"], "resolved")).json()["timers"][1]["state"] == "late"


async def test_a_complaint_has_stages_severity_and_four_eyes(house: House) -> None:
    async with await house.logged_in("ann") as ann, await house.logged_in("bob") as bob:
        case = await made(ann, type="complaint", harm=3, reach=2)
        assert (case["stage"], case["severity"]) == ("received", 3)
        staged = await ann.post(f"/api/v1/cases/{case['id']}/state", json={"stage": "investigating"})
        assert staged.json()["stage"] == "investigating"
        leap = await ann.post(f"/api/v1/cases/{case['id']}/state", json={"stage": "appealed"})
        assert (leap.status_code, leap.json()["code"]) == (409, "bad_state")
        up = await ann.post(f"/api/v1/cases/{case['id']}/escalate", json={"text": "press", "to": "id-sue"})
        assert (up.json()["escalation"], up.json()["assignee_name"]) == (1, "Sue")
        await moved(ann, case["id"], "resolved")
        own = await moved(ann, case["id"], "closed")
        assert (own.status_code, own.json()["code"]) == (409, "four_eyes")
        assert (await moved(bob, case["id"], "closed")).status_code == 200
        plain = await made(ann)
        refused = await ann.post(f"/api/v1/cases/{plain['id']}/state", json={"stage": "answered"})
        assert (refused.status_code, refused.json()["field"]) == (400, "stage")


async def test_a_case_waits_for_its_parts(house: House) -> None:
    async with await house.logged_in("ann") as client:
        whole = await made(client)
        part = await made(client, "Ask the kiln", parent=whole["id"])
        held = await moved(client, whole["id"], "resolved")
        assert (held.status_code, held.json()["code"]) == (409, "open_parts")
        await moved(client, part["id"], "resolved")
        shown = (await moved(client, whole["id"], "resolved")).json()
        assert [one["no"] for one in shown["parts"]] == [part["no"]]
        assert (await client.post("/api/v1/cases", json={"subject": "x", "parent": "none"})).status_code == 404


async def test_a_case_is_made_from_a_contact_whoever_it_was(house: House) -> None:
    town = Town(house.store)
    li = await town.party("李雷", mail("li@example.com"))
    known = await town.interaction(li, "hello")
    unknown = await town.interaction(None, "hi", raw_from="who@example.com")
    async with await house.logged_in("ann") as client:
        case = await made(client, interaction=known)
        assert (case["party_name"], [one["id"] for one in case["contacts"]]) == ("李雷", [known])
        assert (await client.get(f"/api/v1/interactions/{known}")).json()["case_id"] == case["id"]
        other = await made(client, interaction=unknown)
        assert other["party_id"] is None
        assert (await client.get("/api/v1/cases", params={"party": li})).json()["items"][0]["id"] == case["id"]
        assert (await client.get(f"/api/v1/parties/{li}")).json()["open_cases"] == 1
        gone = await client.post("/api/v1/cases", json={"subject": "x", "interaction": "none"})
        assert gone.status_code == 404


async def test_cases_are_changed_linked_watched_listed_and_on_the_board(house: House) -> None:
    async with await house.logged_in("ann") as client:
        a, b = await made(client), await made(client, "Same again")
        changed = await client.patch(
            f"/api/v1/cases/{a['id']}", json={"assignee": "id-ann", "priority": 3, "row_version": 1}
        )
        assert (changed.json()["assignee_name"], changed.json()["priority"]) == ("Ann", 3)
        assert changed.json()["timers"][1]["due_at"] < a["timers"][1]["due_at"]
        stale = await client.patch(f"/api/v1/cases/{a['id']}", json={"priority": 0, "row_version": 1})
        assert (stale.status_code, stale.json()["code"]) == (409, "changed")
        linked = await client.post(f"/api/v1/cases/{b['id']}/links", json={"case": a["id"], "kind": "duplicate_of"})
        assert [(one["no"], one["way"]) for one in linked.json()["links"]] == [(a["no"], "to")]
        selfish = await client.post(f"/api/v1/cases/{a['id']}/links", json={"case": a["id"], "kind": "caused_by"})
        assert selfish.status_code == 400
        assert (await client.post(f"/api/v1/cases/{b['id']}/watch", json={})).json()["watchers"] == ["id-ann"]
        mine = (await client.get("/api/v1/cases", params={"assignee": "me", "state": "active"})).json()["items"]
        assert [one["id"] for one in mine] == [a["id"]]
        followed = (await client.get("/api/v1/cases", params={"watcher": "me"})).json()["items"]
        assert [one["id"] for one in followed] == [b["id"]]
        nobodys = (await client.get("/api/v1/cases", params={"assignee": "none"})).json()["items"]
        assert [one["id"] for one in nobodys] == [b["id"]]
        columns = (await client.get("/api/v1/cases/board")).json()["columns"]
        assert [(one["state"], one["count"]) for one in columns][:2] == [("new", 2), ("open", 0)]
        assert [one["id"] for one in columns[0]["items"]] == [a["id"], b["id"]], "what is due first stands first"
        for field, value in (("type", "odd"), ("priority", 9), ("checklist", [{"text": 1}])):
            assert (await client.patch(f"/api/v1/cases/{a['id']}", json={field: value})).status_code == 400
    assert await house.reads.flush()
    assert "case.read" in {entry["action"] for entry in await house.store.read(audit.listed)}


async def test_a_promise_is_due_before_it_breaks_and_settled_once(house: House) -> None:
    town = Town(house.store)
    li = await town.party("李雷")
    async with await house.logged_in("ann") as client:
        due = house.clock.now() + timedelta(hours=2)
        body = {"text": "call back by three", "party": li, "due_at": rfc3339(due)}
        ident = (await client.post("/api/v1/promises", json=body)).json()["id"]
        (shown,) = (await client.get("/api/v1/promises", params={"party": li})).json()["items"]
        assert (shown["id"], shown["owner"]) == (ident, "id-ann")
        past = await client.post("/api/v1/promises", json=body | {"due_at": rfc3339(house.clock.now())})
        assert (past.status_code, past.json()["field"]) == (400, "due_at")
        assert (await client.post("/api/v1/promises", json={"text": "x", "due_at": rfc3339(due)})).status_code == 400
        assert (await client.post(f"/api/v1/promises/{ident}", json={"broken": "line was busy"})).status_code == 204
        assert (await client.post(f"/api/v1/promises/{ident}", json={})).status_code == 409
        assert (await client.get("/api/v1/promises", params={"owner": "me"})).json()["items"] == []


async def test_numbers_run_on_whoever_counts(both: House) -> None:
    town = Town(both.store)

    def one(conn: Any) -> str:
        about: dict[str, Any] = {"plan": NO_PLAN, "now": both.clock.now(), "actor": None}
        return case_rows.create(conn, town.new_id("case"), {"subject": "x"}, **about)

    assert [await both.store.write(one) for _ in range(3)] == ["C-000001", "C-000002", "C-000003"]


async def test_a_follow_up_list_asks_each_customer_once(house: House) -> None:
    town = Town(house.store)
    li, wu = await town.party("李雷", mail("li@example.com")), await town.party("吴昊")
    async with await house.logged_in("ann") as client:
        start = rfc3339(house.clock.now())
        for subject in ("Pot", "Lid"):
            case = await made(client, subject, party=li)
            await moved(client, case["id"], "resolved")
            await moved(client, case["id"], "closed")
            house.clock.advance(60)
        body = {"subject": "All well?", "apart_s": 600, "parties": [wu], "cases": {"closed_after": start}}
        answer = await client.post("/api/v1/follow-ups", json=body, headers={"Idempotency-Key": "once"})
        again = await client.post("/api/v1/follow-ups", json=body, headers={"Idempotency-Key": "once"})
        assert (answer.status_code, again.json()) == (201, answer.json())
        tasks = (await client.get("/api/v1/tasks", params={"kind": "follow_up", "state": "open"})).json()["items"]
        assert {one["party_name"]: one["case_no"] for one in tasks} == {"李雷": "C-000002", "吴昊": None}
        assert len({one["due_at"] for one in tasks}) == 2, "one after another"
        dropped = await client.post(f"/api/v1/tasks/{tasks[0]['id']}/drop")
        assert dropped.json()["state"] == "dropped"
        assert (await client.post("/api/v1/follow-ups", json={"subject": "x"})).json()["field"] == "parties"
        nobody = await client.post("/api/v1/follow-ups", json={"subject": "x", "parties": [li, "none"]})
        assert (nobody.status_code, nobody.json()["field"]) == (404, "parties.1")
        assert (await client.post("/api/v1/follow-ups", json={**body, "line": "no"})).json()["field"] == "line"


async def test_lists_fill_no_queue_without_measure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(house.store)
    people = [await town.party(f"客户{n}") for n in range(3)]
    monkeypatch.setattr(follow_up_rows, "MOST_WAITING", 4)
    async with await house.logged_in("ann") as client:
        body: dict[str, Any] = {"subject": "All well?", "parties": people}
        assert (await client.post("/api/v1/follow-ups", json=body | {"priority": 9})).status_code == 400
        assert (await client.post("/api/v1/follow-ups", json=body)).status_code == 201
        refused = await client.post("/api/v1/follow-ups", json=body)
        assert (refused.json()["code"], refused.json()["field"]) == ("quota", "parties")
        assert len((await client.get("/api/v1/tasks", params={"state": "open"})).json()["items"]) == 3


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("cases", {"subject": "x", "type": "inquiry", "custom": {"a": "x" * 30_000}}, "custom.a"),
        ("cases", {"subject": "x", "type": "inquiry", "custom": {"k" * 200: 1}}, f"custom.{'k' * 100}"),
        ("cases", {"subject": "x", "type": "inquiry", "custom": {f"k{n}": "x" * 19_000 for n in range(20)}}, "custom"),
        ("parties", {"name": "x", "custom": {"a": [["x" * 30_000]]}}, "custom.a"),
        ("parties", {"name": "x", "preferences": {"hours": "x" * 300}}, "preferences"),
    ],
)
async def test_no_field_of_its_own_is_without_measure(
    house: House, kind: str, wrong: dict[str, Any], field: str
) -> None:
    async with await house.logged_in("ann") as client:
        refused = await client.post(f"/api/v1/{kind}", json=wrong)
        assert refused.status_code in {400, 413}
        assert refused.json()["field"] == field


async def test_an_end_of_time_is_refused(house: House) -> None:
    party = await Town(house.store).party("吴昊")
    body = {"subject": "x", "parties": [party], "due_at": "9999-12-31T23:59:59Z", "apart_s": 86_400}
    async with await house.logged_in("ann") as client:
        refused = await client.post("/api/v1/follow-ups", json=body)
        assert (refused.status_code, refused.json()["field"]) == (400, "due_at")


@pytest.mark.parametrize("kind", ["approval", "quarantine"])
async def test_nobody_lets_their_own_work_not_be_looked_over(house: House, kind: str) -> None:
    now = house.clock.now()
    values = {"kind": kind, "subject": "to be closed", "due_at": now}
    await house.store.write(lambda conn: task_rows.put(conn, "t1", values, now=now, actor=None))
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        assert (await ann.post("/api/v1/tasks/t1/drop")).status_code == 403
        assert (await ann.get("/api/v1/tasks")).json()["items"][0]["state"] == "waiting"
        assert (await sue.post("/api/v1/tasks/t1/drop")).json()["state"] == "dropped"


async def test_steps_have_times_and_bad_ones_are_named(house: House) -> None:
    async with await house.logged_in("ann") as client:
        due = rfc3339(house.clock.now() + timedelta(hours=1))
        steps = [{"text": "Ask", "due_at": due, "required": True}, {"text": "Send"}]
        case = await made(client, checklist=steps)
        assert [one["id"] for one in case["checklist"]] == ["s1", "s2"]
        assert [one["subject"] for one in case["tasks"]] == ["Ask"]
        held = await moved(client, case["id"], "resolved")
        assert (held.status_code, held.json()["code"]) == (409, "open_steps")
        ticked = [{**one, "done": True} for one in case["checklist"]]
        changed = await client.patch(f"/api/v1/cases/{case['id']}", json={"checklist": ticked})
        assert changed.json()["tasks"] == []
        wrong = await client.patch(
            f"/api/v1/cases/{case['id']}", json={"checklist": [{"text": "x", "due_at": "2026-02-30"}]}
        )
        assert (wrong.status_code, wrong.json()["field"]) == (400, "checklist.0.due_at")
        unknown = await client.post("/api/v1/cases", json={"subject": "x", "template": "none"})
        assert (unknown.status_code, unknown.json()["field"]) == (400, "template")
