"""Work nobody sent comes into the one queue, is offered like any other, and settles what it was for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contactd.core.errors import BadRequestError, ConflictError
from contactd.crm_store import case_reads, case_rows, parties, task_rows
from contactd.crm_store.store import Store
from contactd.desk import tending
from contactd.desk.dismissing import Quarantine
from contactd.desk.rights import Actor
from contactd.routing.policy import Policy
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench

HOUR = 3600
POLICY: dict[str, Any] = {
    "lines": {"support": {}, "back": {}, "heads": {}},
    "cases": {
        "tasks": {"line": "back", "approvals": "heads", "quarantine": "heads"},
        "templates": {
            "repair": {
                "steps": [
                    {"text": "Ask for a photo", "required": True},
                    {"text": "Call the kiln", "after_h": 2, "line": "support"},
                    {"text": "Send the new pot", "after_h": 4},
                ]
            },
            "grief": {"steps": [{"text": "Say sorry", "after_h": 1}]},
        },
        "types": {
            "service": {"template": "repair", "follow_up_h": 24, "resolution_h": [10, 8, 6, 4]},
            "complaint": {},
        },
        "rules": [
            {"words": ["投诉", "furious"], "type": "complaint", "severity": 3, "priority": 2, "template": "grief"},
            {"topic": "service", "type": "service", "priority": 1},
            {"topic": "quality", "type": "complaint", "template": "grief"},
        ],
    },
}


@pytest.fixture
async def desk(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    made = await open_bench(store, clock, tmp_path, POLICY)
    yield made
    await made.office.close()


async def make(desk: Bench, **values: Any) -> str:
    ident = desk.office.desk.idents.new()
    plan = desk.office.desk.rules.policy.cases
    fields = {"subject": "Broken pot", "type": "service", **values}
    await desk.store.write(
        lambda conn: case_rows.create(conn, ident, fields, plan=plan, now=desk.clock.now(), actor="agent-1")
    )
    return ident


async def move(desk: Bench, case: str, state: str, actor: str = "agent-1") -> None:
    plan = desk.office.desk.rules.policy.cases
    await desk.store.write(
        lambda conn: case_rows.move(conn, case, state, text="", plan=plan, now=desk.clock.now(), actor=actor)
    )


async def done(desk: Bench, case: str, *steps: str) -> None:
    plan, now = desk.office.desk.rules.policy.cases, desk.clock.now()
    for step in steps:
        await desk.store.write(lambda conn, step=step: case_rows.tick(conn, case, step, plan=plan, now=now, actor=None))


async def tasks(desk: Bench, **filters: str | None) -> list[dict[str, Any]]:
    found, _ = await desk.store.read(lambda conn: task_rows.listed(conn, filters=filters, limit=50, cursor=None))
    return sorted(found, key=lambda task: (task["due_at"], task["id"]))


async def shown(desk: Bench, case: str) -> dict[str, Any]:
    return await desk.store.read(lambda conn: case_reads.get(conn, case))


async def taken(desk: Bench, actor: Actor) -> str:
    """Accept the next offer; return the interaction."""
    (offer,) = await desk.until(lambda: desk.offers_of(actor), "an offer")
    await desk.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return str(offer["interaction"]["id"])


async def test_a_due_step_is_offered_and_its_end_ticks_the_step(desk: Bench) -> None:
    case = await make(desk)
    await desk.office.tending.settle()
    assert [one["state"] for one in await tasks(desk, case=case)] == ["waiting", "waiting"]
    desk.clock.advance(2 * HOUR)
    await desk.office.tending.settle()
    await desk.office.tending.settle()
    first, second = await tasks(desk, case=case)
    entry = desk.office.desk.entry(first["interaction_id"])
    assert (first["state"], second["state"]) == ("queued", "waiting")
    assert (entry.channel, entry.line, entry.case_id, entry.subject) == ("task", "support", case, "Call the kiln")
    ann = await desk.agent("ann")
    await desk.ready(ann)
    item = await taken(desk, ann)
    assert item == first["interaction_id"]
    await desk.run(ann, "interaction.complete", interaction=item, disposition="solved")
    await desk.office.tending.settle()
    seen = await shown(desk, case)
    assert [step["done"] for step in seen["checklist"]] == [False, True, False]
    assert [event["type"] for event in seen["events"]] == ["created", "step"]
    assert [one["state"] for one in await tasks(desk, case=case)] == ["done", "waiting"]


async def entered(desk: Bench, case: str) -> dict[str, Any]:
    """Wait until a task of a case is in line: the server's own round may have begun to put it there."""
    for _ in range(200):
        await desk.office.tending.settle()
        found = await tasks(desk, case=case, state="queued")
        if found:
            return found[0]
    message = "no task of the case came into line"
    raise AssertionError(message)


async def test_a_step_ticked_in_the_case_leaves_the_queue(desk: Bench) -> None:
    case = await make(desk)
    desk.clock.advance(5 * HOUR)
    await desk.office.tending.settle()
    both = await tasks(desk, case=case)
    assert [desk.state_of(one["interaction_id"]) for one in both] == ["queued", "queued"]
    await done(desk, case, "s2")
    await desk.office.tending.settle()
    assert [desk.state_of(one["interaction_id"]) for one in both] == [None, "queued"]
    await done(desk, case, "s1")
    await move(desk, case, "resolved")
    await desk.office.tending.settle()
    await desk.office.tending.settle()
    assert [one["state"] for one in await tasks(desk, case=case)] == ["done", "dropped"]
    assert len(desk.office.desk.book) == 0
    await move(desk, case, "open")
    again = await entered(desk, case)
    assert again["id"] == both[1]["id"], "the step is due again, as another turn"
    assert again["interaction_id"] != both[1]["interaction_id"]


async def test_required_steps_come_before_the_end(desk: Bench) -> None:
    case = await make(desk)
    with pytest.raises(ConflictError, match="Ask for a photo") as caught:
        await move(desk, case, "resolved")
    assert caught.value.code == "open_steps"
    await done(desk, case, "s1")
    await move(desk, case, "resolved")


async def test_a_task_survives_a_restart_wherever_it_stops(desk: Bench, tmp_path: Path) -> None:
    case = await make(desk)
    desk.clock.advance(2 * HOUR)
    task = (await tasks(desk, case=case))[0]
    await stopped_at_the_door(desk)
    await desk.office.close()
    again = await open_bench(desk.store, desk.clock, tmp_path / "again", POLICY)
    await again.office.tending.settle()
    (queued,) = await tasks(again, case=case, state="queued")
    assert queued["id"] == task["id"]
    assert [entry.id for entry in again.office.desk.book] == [queued["interaction_id"]], "one turn, not two"
    await again.office.close()


async def test_a_task_done_while_nobody_ran_leaves_the_queue(desk: Bench, tmp_path: Path) -> None:
    case = await make(desk)
    desk.clock.advance(2 * HOUR)
    step = (await tasks(desk, case=case))[0]["step"]
    await stopped_at_the_door(desk)
    await done(desk, case, step)
    await desk.office.close()
    again = await open_bench(desk.store, desk.clock, tmp_path / "again", POLICY)
    await again.office.tending.settle()
    await again.until(lambda: not list(again.office.desk.book), "nobody is offered what is done")
    await again.office.close()


async def test_what_is_wrong_with_one_task_keeps_no_other_waiting(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = await make(desk), await make(desk)
    accept = desk.office.desk.intake.accept

    async def refuses(arrival: Any, *given: Any) -> Any:
        if arrival.external_key.startswith(bad):
            text = "not this one"
            raise BadRequestError(text)
        return await accept(arrival, *given)

    async def breaks() -> None:
        raise RuntimeError

    monkeypatch.setattr(desk.office.desk.intake, "accept", refuses)
    # Nor does anything else that is looked after behind the work.
    monkeypatch.setattr(desk.office.tending._casework, "watch", breaks)
    monkeypatch.setattr(tending, "EVERY_S", 0.01)
    desk.clock.advance(2 * HOUR)
    await desk.until(lambda: [one.subject for one in desk.office.desk.book], "the other one's turn")
    assert [one["state"] for one in await tasks(desk, case=good)][:1] == ["queued"]
    assert [one["state"] for one in await tasks(desk, case=bad)][:1] == ["waiting"]


async def stopped_at_the_door(desk: Bench) -> None:
    """Let the server die just after a task came in."""
    intake = desk.office.desk.intake
    accept = intake.accept

    async def dies(*given: Any) -> Any:
        await accept(*given)
        raise ConnectionError

    intake.accept = dies  # type: ignore[method-assign]
    with suppress(ConnectionError):  # it is the office's own look that died, where that was faster
        await desk.office.tending.settle()
    intake.accept = accept  # type: ignore[method-assign]


async def test_somebody_else_is_asked_to_close_a_complaint(desk: Bench) -> None:
    case = await make(desk, type="complaint")
    await move(desk, case, "resolved", actor="agent-1")
    await desk.office.tending.settle()
    (task,) = await tasks(desk, case=case)
    assert (task["kind"], desk.office.desk.entry(task["interaction_id"]).line) == ("approval", "heads")
    await move(desk, case, "closed", actor="agent-2")
    await desk.office.tending.settle()
    assert [one["state"] for one in await tasks(desk, case=case)] == ["done"]
    await desk.office.tending.settle()
    assert desk.state_of(task["interaction_id"]) is None


async def test_a_closed_case_is_asked_after_and_not_when_it_is_open_again(desk: Bench) -> None:
    customer = desk.office.desk.idents.new()
    now = desk.clock.now()
    await desk.store.write(lambda conn: parties.create(conn, customer, {"display_name": "李雷"}, now=now, actor=None))
    case = await make(desk, party_id=customer, checklist=[{"text": "x", "done": True}])
    await move(desk, case, "resolved")
    await move(desk, case, "closed")
    desk.clock.advance(24 * HOUR)
    await desk.office.tending.settle()
    (task,) = await tasks(desk, case=case)
    entry = desk.office.desk.entry(task["interaction_id"])
    assert (task["kind"], entry.line, entry.party, entry.customer_name) == ("follow_up", "back", customer, "李雷")
    await move(desk, case, "open")
    await desk.office.tending.settle()
    assert (await tasks(desk, case=case))[0]["state"] == "dropped"
    assert desk.state_of(task["interaction_id"]) is None


async def test_what_could_not_be_read_is_brought_to_somebody(desk: Bench) -> None:
    broken = (await desk.mail_in("BROKEN", "m1")).interaction
    await desk.until(lambda: desk.office.reading.waiting == 0)
    await desk.office.tending.settle()
    await desk.office.tending.settle()
    (task,) = await tasks(desk, kind="quarantine")
    assert (task["about_id"], desk.state_of(task["interaction_id"])) == (broken, "queued")
    await Quarantine(desk.office.desk, desk.office.reading).dismiss(broken, "agent-1", "junk")
    await desk.office.tending.settle()
    await desk.office.tending.settle()
    assert (await tasks(desk, kind="quarantine"))[0]["state"] == "done"
    assert len(desk.office.desk.book) == 0


async def test_words_open_a_case_with_the_contact(desk: Bench) -> None:
    angry = (await desk.mail_in("li@example.cn|Pot|我要投诉你们", "m1")).interaction
    calm = (await desk.mail_in("wu@example.cn|Pot|Where is it?", "m2")).interaction
    await desk.until(lambda: desk.state_of(angry) == "queued" and desk.state_of(calm) == "queued")
    case = desk.office.desk.entry(angry).case_id
    assert case is not None
    assert desk.office.desk.entry(calm).case_id is None
    seen = await shown(desk, case)
    assert (seen["type"], seen["severity"], seen["priority"], seen["template"]) == ("complaint", 3, 2, "grief")
    assert (seen["party_name"], seen["subject"]) == ("li@example.cn", "Pot")
    assert [one["text"] for one in seen["checklist"]] == ["Say sorry"]


async def test_each_topic_of_a_contact_may_open_a_case(desk: Bench) -> None:
    ann = await desk.agent("ann")
    await desk.ready(ann)
    await desk.mail_in("li@example.cn|Two matters|T", "m1")
    item = await taken(desk, ann)
    topics = [
        {"disposition": "service", "note": "late van"},
        {"disposition": "solved"},
        {"disposition": "quality", "note": "cracked glaze"},
    ]
    await desk.run(ann, "interaction.complete", interaction=item, topics=topics)
    found, _ = await desk.store.read(case_reads.listed)
    by_subject = {one["subject"]: one for one in found}
    assert {name: one["type"] for name, one in by_subject.items()} == {
        "late van": "service",
        "cracked glaze": "complaint",
    }
    for one in found:
        whole = await shown(desk, one["id"])
        assert [contact["id"] for contact in whole["contacts"]] == [item], one["subject"]
        assert whole["assignee"] == ann.id


@pytest.mark.parametrize(
    ("cases", "path"),
    [
        ({"calendar": "moon"}, "policy.cases.calendar"),
        ({"types": {"grief": {}}}, "policy.cases.types.grief"),
        ({"types": {"service": {"resolution_h": [1, 2]}}}, "policy.cases.types.service.resolution_h"),
        ({"types": {"service": {"resolution_h": [1, 2, 0, 4]}}}, "policy.cases.types.service.resolution_h"),
        ({"types": {"service": {"template": "none"}}}, "policy.cases.types.service.template"),
        ({"templates": {"a": {"steps": [{"text": ""}]}}}, "policy.cases.templates.a.steps[0].text"),
        ({"templates": {"a": {"steps": [{"text": "x", "after_h": -1}]}}}, "policy.cases.templates.a.steps[0].after_h"),
        ({"rules": [{"type": "complaint"}]}, "policy.cases.rules[0]"),
        ({"rules": [{"words": [""]}]}, "policy.cases.rules[0].words"),
        ({"rules": [{"line": "none"}]}, "policy.cases.rules[0].line"),
        ({"tasks": {"approvals": "none"}}, "policy.cases.tasks.approvals"),
        ({"nonsense": 1}, "policy.cases.nonsense"),
    ],
)
def test_mistakes_of_the_policy_are_named(cases: dict[str, Any], path: str) -> None:
    assert path in [where for where, _ in Policy.problems({"cases": cases})]


async def test_the_policy_sets_the_clocks(desk: Bench) -> None:
    case = await shown(desk, await make(desk, priority=1))
    spans = {timer["target"]: timer["span_s"] for timer in case["timers"]}
    assert spans["resolution"] == timedelta(hours=8).total_seconds()


async def stop_background(desk: Bench) -> None:
    """Look only when the test says so: two looks at once would try everything twice."""
    (running,) = [task for task in desk.office.duties._tasks if task.get_name() == "tending"]
    running.cancel()
    await asyncio.wait([running])


async def test_tasks_that_cannot_come_in_keep_no_other_from_its_turn(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stop_background(desk)
    ids, now = desk.office.desk.idents, desk.clock.now()
    stuck, well = [ids.new() for _ in range(task_rows.BATCH)], [ids.new() for _ in range(3)]

    def unit(conn: Any) -> None:
        for at, ident in enumerate([*stuck, *well]):
            values = {"kind": "follow_up", "subject": "All well?", "due_at": now + timedelta(seconds=at)}
            task_rows.put(conn, ident, values, now=now, actor=None)

    await desk.store.write(unit)
    accept, tried = desk.office.desk.intake.accept, []

    async def refuse(arrival: Any, *more: Any) -> Any:
        tried.append(arrival.external_key.split("#")[0])
        if tried[-1] == stuck[0]:
            message = "nobody thought of this"
            raise ValueError(message)
        if tried[-1] in stuck:
            message = "this one cannot come in"
            raise BadRequestError(message)
        return await accept(arrival, *more)

    monkeypatch.setattr(desk.office.desk.intake, "accept", refuse)
    desk.clock.advance(HOUR)
    await desk.office.tending.settle()
    assert {one["id"] for one in await tasks(desk, state="queued")} == set(well)
    assert sorted(tried) == sorted([*stuck, *well])
    for pause in (1, 2, 4):
        tried.clear()
        desk.clock.advance(pause - 0.5)
        await desk.office.tending.settle()
        assert tried == []
        desk.clock.advance(0.5)
        await desk.office.tending.settle()
        assert sorted(tried) == sorted(stuck)
    monkeypatch.undo()
    desk.clock.advance(8)
    await desk.office.tending.settle()
    assert {one["id"] for one in await tasks(desk, state="queued")} == {*stuck, *well}
