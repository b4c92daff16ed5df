"""Quality over REST: scorecards and rules, who may judge and see what, and the report of service quality."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from contactd.clock import rfc3339
from contactd.crm_store import audit
from contactd.crm_store.schema import agent
from tests.api.house import CHEAP, PASSWORD, House
from tests.api.test_reads import town_of

CARD: dict[str, Any] = {
    "name": "Letters",
    "sections": [
        {
            "title": {"zh": "服务", "en": "Service"},
            "questions": [
                {"key": "greet", "text": {"zh": "问候"}},
                {"key": "data", "text": {"zh": "泄露信息"}, "fatal": True},
                {"key": "solve", "kind": "scale", "text": {"zh": "解决"}, "weight": 8, "optional": True},
            ],
        }
    ],
}
GOOD = {"answers": {"greet": 1, "data": 1, "solve": 4}, "comment": "稳"}


async def examined(house: House, **answers: Any) -> tuple[httpx.AsyncClient, str, str]:
    """Somebody of quality, a contact of ann's, and the assessment they gave it."""
    quinn = await quality_person(house)
    card = (await quinn.post("/api/v1/scorecards", json=CARD)).json()
    contact = await town_of(house).interaction(agent="id-ann")
    made = await quinn.post("/api/v1/reviews", json={"interaction": contact, "scorecard": card["id"]})
    assert made.status_code == 201, made.text
    path = f"/api/v1/reviews/{made.json()['id']}"
    given = await quinn.post(f"{path}/assess", json=GOOD | answers)
    assert given.status_code == 200, given.text
    return quinn, contact, path


async def quality_person(house: House, name: str = "quinn") -> httpx.AsyncClient:
    now = house.clock.now()
    row = {"id": f"id-{name}", "name": name, "display_name": name.title(), "role": "quality", "languages": ["zh"]}
    row |= {"password_hash": CHEAP.hash(PASSWORD), "created_at": now, "updated_at": now}
    await house.store.write(lambda conn: conn.execute(agent.insert().values(row)))
    return await house.logged_in(name)


async def test_a_scorecard_and_a_rule_are_made_changed_and_taken_away(both: House) -> None:
    boss = await both.logged_in("sue")
    card = (await boss.post("/api/v1/scorecards", json=CARD)).json()
    assert (card["version"], card["sections"][0]["questions"][2]["best"]) == (1, 5)
    path = f"/api/v1/scorecards/{card['id']}"
    wrong = {"sections": [{"title": {"zh": "x"}, "questions": [{"key": "a", "text": {"zh": "x"}, "weight": 0}]}]}
    refused = await boss.patch(path, json=wrong)
    assert (refused.status_code, refused.json()["field"]) == (400, "sections.0.questions.0.weight")
    fewer = CARD["sections"][0] | {"questions": CARD["sections"][0]["questions"][:1]}
    assert (await boss.patch(path, json={"sections": [fewer], "row_version": 1})).json()["version"] == 2
    assert (await boss.patch(path, json={"name": "x", "row_version": 1})).status_code == 409
    versions = (await boss.get(f"{path}/versions")).json()["items"]
    assert [len(one["sections"][0]["questions"]) for one in versions] == [1, 3]
    rule = await boss.post(
        "/api/v1/samplings", json={"name": "Ten of a hundred", "form_id": card["id"], "how": "percent", "amount": 10}
    )
    assert rule.status_code == 201, rule.text
    path_of_rule = f"/api/v1/samplings/{rule.json()['id']}"
    assert (await boss.patch(path_of_rule, json={"amount": 200})).json()["field"] == "amount"
    assert (await boss.patch(path_of_rule, json={"amount": 20})).json()["amount"] == 20
    assert (await boss.post("/api/v1/samplings", json={"name": "x", "form_id": "none"})).status_code == 404
    assert (await boss.delete(path_of_rule)).status_code == 204
    assert (await boss.delete(path)).status_code == 204
    assert (await boss.get("/api/v1/samplings")).json() == {"items": [], "draws": []}
    assert (await (await both.logged_in("ann")).get("/api/v1/scorecards")).status_code == 403


async def test_who_had_the_contact_sees_objects_and_is_answered(both: House) -> None:
    quinn, contact, path = await examined(both)
    ann, bob = await both.logged_in("ann"), await both.logged_in("bob")
    (mine,) = (await ann.get("/api/v1/reviews")).json()["items"]
    assert (mine["interaction"], mine["score"], mine["picked"]) == (contact, 84, True)
    assert (await bob.get("/api/v1/reviews")).json()["items"] == []
    assert (await bob.get(path)).status_code == 404
    assert (await bob.post(f"{path}/object", json={"reason": "for ann"})).status_code == 404
    assert (await ann.get(path)).json()["sections"][0]["questions"][1]["fatal"] is True
    assert (await quinn.get(path)).json()["seen_at"] is not None
    assert (await ann.post(f"{path}/object", json={"reason": " "})).status_code == 400
    assert (await ann.post(f"{path}/object", json={"reason": "是问候了的"})).json()["state"] == "objected"
    assert (await ann.post(f"{path}/object", json={"reason": "again"})).status_code == 409
    assert (await ann.post(f"{path}/settle", json={"reply": "right"})).status_code == 403
    answers = {"greet": 1, "data": 1, "solve": 5}
    alone = await quinn.post(f"{path}/settle", json={"reply": "改为满分", "answers": answers})
    assert (alone.status_code, alone.json()["code"]) == (403, "own")
    rita = await quality_person(both, "rita")
    settled = (await rita.post(f"{path}/settle", json={"reply": "改为满分", "answers": answers})).json()
    assert (settled["state"], settled["score"], settled["first_score"]) == ("settled", 100, 84)
    await both.reads.flush()
    log = await both.store.read(audit.listed)
    acts = [one["action"] for one in log if one["object_kind"] == "review"]
    assert {"quality.ask", "quality.assess", "quality.object", "quality.settle", "quality.read"} == set(acts)


async def test_what_is_fatal_makes_it_nothing_and_what_is_wrong_is_named(both: House) -> None:
    quinn, contact, path = await examined(both, answers={"greet": 1, "data": 0, "solve": None})
    found = (await quinn.get(path)).json()
    assert (found["score"], found["failed"]) == (0, ["data"])
    assert (await quinn.post(f"{path}/assess", json=GOOD)).status_code == 409
    rita = await quality_person(both, "rita")
    refused = await rita.post(f"{path}/settle", json={"reply": "there is none", "answers": {"greet": 9}})
    assert refused.status_code in {400, 409}
    again = await quinn.post("/api/v1/reviews", json={"interaction": contact, "scorecard": found["scorecard"]})
    assert (again.status_code, again.json()["code"]) == (409, "assessed")


async def test_two_assess_the_same_and_the_difference_is_shown(both: House) -> None:
    quinn, _, path = await examined(both)
    rita = await quality_person(both, "rita")
    assert (await quinn.post(f"{path}/calibrate")).status_code == 403
    again = (await rita.post(f"{path}/calibrate")).json()
    assert (await rita.get(path)).json()["score"] is None
    assert (await rita.get(f"{path}/calibrations")).status_code == 403
    other = {"answers": {"greet": 0, "data": 1, "solve": 4}}
    assert (await rita.post(f"/api/v1/reviews/{again['id']}/assess", json=other)).json()["score"] == 74
    both_of_them = (await rita.get(f"{path}/calibrations")).json()["items"]
    assert [one["score"] for one in both_of_them] == [84, 74]
    ann = await both.logged_in("ann")
    assert len((await ann.get("/api/v1/reviews")).json()["items"]) == 1
    assert (await ann.get(f"/api/v1/reviews/{again['id']}")).status_code == 404


async def test_agents_get_their_own_figures_and_others_all(both: House) -> None:
    town = town_of(both)
    for who in ("id-ann", "id-bob"):
        await town.interaction(await town.party(who), agent=who, answered_at=town.at)
    both.clock.advance(10 * 86400)
    boss, ann = await both.logged_in("sue"), await both.logged_in("ann")
    span = {"since": rfc3339(town.at.replace(day=1)), "until": rfc3339(both.clock.now())}
    everybody = (await boss.get("/api/v1/reports/quality", params=span)).json()
    assert {(one["key"], one["resolution"]) for one in everybody["items"]} == {("id-ann", 1.0), ("id-bob", 1.0)}
    assert everybody["total"]["settled"] == 2
    mine = (await ann.get("/api/v1/reports/quality", params=span | {"agent": "id-bob"})).json()
    assert [one["key"] for one in mine["items"]] == ["id-ann"]
    file = await boss.get("/api/v1/reports/quality", params=span | {"form": "csv", "by": "line"})
    (row,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert "支持" in row.values()
    for query, field in (("by=weather", "by"), ("days=0", "days"), ("zone=Mars/Phobos", "zone")):
        assert (await boss.get(f"/api/v1/reports/quality?{query}")).json()["field"] == field
