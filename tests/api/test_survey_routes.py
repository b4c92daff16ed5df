"""Surveys over REST: made, changed and taken away by supervisors; what customers said is shown and on record."""

from __future__ import annotations

from typing import Any

from contactd.core.case_plan import NO_PLAN
from contactd.core.survey import Reply
from contactd.crm_store import audit, invite_rows
from tests.api.house import House
from tests.api.test_reads import town_of

NEW: dict[str, Any] = {
    "name": "After a chat",
    "channel": "chat",
    "low": 2,
    "questions": [
        {"key": "stars", "text": {"zh": "满意吗？"}},
        {"key": "why", "kind": "text", "text": {"zh": "为什么？"}},
    ],
}


async def test_a_survey_is_made_changed_and_taken_away(both: House) -> None:
    boss = await both.logged_in("sue")
    made = await boss.post("/api/v1/surveys", json=NEW)
    assert made.status_code == 201, made.text
    survey = made.json()
    assert (survey["share"], survey["every_days"], survey["questions"][0]["best"]) == (100, 30, 5)
    path = f"/api/v1/surveys/{survey['id']}"
    assert (await boss.patch(path, json={"share": 20, "row_version": 1})).json()["share"] == 20
    assert (await boss.patch(path, json={"share": 30, "row_version": 1})).status_code == 409
    refused = await boss.patch(path, json={"questions": [{"key": "x", "text": {"zh": ""}}]})
    assert (refused.status_code, refused.json()["field"]) == (400, "questions.0.text")
    assert [one["id"] for one in (await boss.get("/api/v1/surveys")).json()["items"]] == [survey["id"]]
    assert (await boss.delete(path)).status_code == 204
    assert (await boss.delete(path)).status_code == 404
    assert (await boss.get("/api/v1/surveys")).json()["items"] == []
    acts = [one["action"] for one in await both.store.read(audit.listed)]
    assert sorted(acts) == ["survey.create", "survey.drop", "survey.edit"]


async def test_what_a_customer_said_is_shown_and_that_it_was_read_is_noted(both: House) -> None:
    boss, town = await both.logged_in("sue"), town_of(both)
    await boss.post("/api/v1/surveys", json=NEW | {"channel": None})
    contact = await town.interaction(await town.party("Li"), agent="id-ann")
    now = both.clock.now()
    found = await both.store.write(lambda conn: invite_rows.invite(conn, "inv", contact, language="zh", now=now))
    assert found is not None
    replies = [Reply(question="stars", score=2), Reply(question="why", text="等太久")]
    await both.store.write(
        lambda conn: invite_rows.end(conn, "inv", "answered", replies, case="c1", plan=NO_PLAN, now=now)
    )
    (item,) = (await boss.get("/api/v1/invitations?low=true&agent=id-ann")).json()["items"]
    assert (item["score"], item["comment"], item["party_name"], item["case_id"]) == (2, "等太久", "Li", "c1")
    assert (await boss.get("/api/v1/invitations?agent=id-bob")).json()["items"] == []
    (mine,) = (await boss.get("/api/v1/satisfaction?until=2100-01-01T00:00:00Z&since=2000-01-01T00:00:00Z")).json()[
        "items"
    ]
    assert (mine["key"], mine["asked"], mine["satisfaction"]) == ("id-ann", 1, 25.0)
    assert (await boss.get("/api/v1/satisfaction?by=weather")).status_code == 400
    await both.reads.flush()
    seen = [one for one in await both.store.read(audit.listed) if one["object_kind"] == "survey_invite"]
    assert [one["detail"]["ids"] for one in seen] == [["inv"]]
