"""Business records over REST: kept here or mirrored, with stages, as a customer's cards with source and as-of time."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core import commerce
from contactd.core.commerce_kinds import KINDS
from contactd.core.errors import BadRequestError, ConflictError
from contactd.crm_store import audit
from tests.api.house import House
from tests.api.test_reads import town_of

ORDER: dict[str, Any] = {
    "kind": "order",
    "external_key": "SO-1",
    "title": "Tea gift boxes",
    "stage": "paid",
    "amount": 128800,
}
ORDER |= {"currency": "CNY", "fields": {"number": "SO-2026-1", "items": ["200 boxes"]}}


async def test_a_lead_becomes_an_opportunity(both: House) -> None:
    ann, party = await both.logged_in("ann"), await town_of(both).party("Li")
    made = await ann.post("/api/v1/records", json={"kind": "lead", "title": "200 boxes", "fields": {"source": "fair"}})
    assert made.status_code == 201, made.text
    path = f"/api/v1/records/{made.json()['id']}"
    assert (await ann.post(f"{path}/convert")).status_code == 400, "of nobody yet"
    assert (await ann.patch(path, json={"party": party, "row_version": 1})).status_code == 200
    assert (await ann.patch(path, json={"title": "x", "row_version": 1})).json()["code"] == "changed"
    assert (await ann.post(f"{path}/stage", json={"stage": "converted"})).json()["code"] == "bad_state"
    for stage in ("contacted", "qualified"):
        assert (await ann.post(f"{path}/stage", json={"stage": stage})).status_code == 200
    opened = (await ann.post(f"{path}/convert")).json()
    assert (opened["kind"], opened["stage"], opened["party_id"], opened["parent"]) == (
        "opportunity", "open", party, made.json()["id"],
    )  # fmt: skip
    lead = (await ann.get(path)).json()
    assert (lead["stage"], [one["type"] for one in lead["events"]]) == (
        "converted",
        ["created", "changed", "stage", "stage", "stage"],
    )


async def test_what_another_system_keeps_is_shown_and_not_changed_here(both: House) -> None:
    town, ann = town_of(both), await both.logged_in("ann")
    old, party = await town.party("Li (old)"), await town.party("Li")
    await town.merge(old, party)
    async with await both.with_token("write", "read") as erp:
        batch = {"source": "erp", "records": [ORDER | {"party": old, "as_of": "2026-11-01T00:00:00Z"}]}
        (first,) = (await erp.post("/api/v1/records/mirrored", json=batch)).json()["items"]
        later = ORDER | {"party": old, "stage": "shipped", "as_of": "2026-11-03T00:00:00Z"}
        earlier = ORDER | {"party": old, "stage": "placed", "as_of": "2026-11-02T00:00:00Z"}
        for record in (later, earlier):
            (again,) = (await erp.post("/api/v1/records/mirrored", json=batch | {"records": [record]})).json()["items"]
            assert again["id"] == first["id"]
        wrong = batch | {"records": [ORDER | {"party": old, "external_key": "SO-2"}, ORDER | {"stage": "eaten"}]}
        assert (await erp.post("/api/v1/records/mirrored", json=wrong)).status_code == 400
        assert len((await erp.get("/api/v1/records?kind=order")).json()["items"]) == 1, "nothing half done"
    assert (await ann.post("/api/v1/records/mirrored", json=batch)).status_code == 403
    for method, path, body in (
        ("PATCH", f"/api/v1/records/{first['id']}", {"title": "mine"}),
        ("POST", f"/api/v1/records/{first['id']}/stage", {"stage": "delivered"}),
    ):
        refused = await ann.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "mirrored")
        assert "erp" in refused.json()["detail"]
    assert (await ann.post("/api/v1/records", json={"kind": "product", "title": "Pot"})).json()["code"] == "mirrored"
    (group,) = (await ann.get(f"/api/v1/parties/{party}/cards")).json()["items"]
    (card,) = group["records"]
    assert (card["stage"], card["amount"], card["source"], card["as_of"]) == (
        "shipped", 128800, "erp", "2026-11-03T00:00:00.000Z",
    )  # fmt: skip
    await both.reads.flush()
    assert "record" in {one["object_kind"] for one in await both.store.read(audit.listed)}


async def test_a_card_says_until_when_there_is_a_contract(both: House) -> None:
    ann, party = await both.logged_in("ann"), await town_of(both).party("Li")
    spans = {
        "Past": ("2020-01-01", "2021-01-01"),
        "Short": ("2026-01-01", "2027-01-01"),
        "Long": ("2026-01-01", "2029-06-30"),
    }
    for title, (begin, end) in spans.items():
        body: dict[str, Any] = {
            "kind": "service_contract",
            "title": title,
            "party": party,
            "begins_at": f"{begin}T00:00:00Z",
        }
        body |= {"ends_at": f"{end}T00:00:00Z", "fields": {"level": "premium", "entitlements": ["on site in 4 h"]}}
        made = await ann.post("/api/v1/records", json=body)
        assert made.status_code == 201, made.text
    cards = (await ann.get(f"/api/v1/parties/{party}/cards")).json()
    assert (cards["contract"]["title"], cards["contract"]["until"]) == ("Long", "2029-06-30T00:00:00.000Z")
    assert cards["contract"]["entitlements"] == ["on site in 4 h"]
    await ann.post(f"/api/v1/records/{made.json()['id']}/stage", json={"stage": "ended"})
    assert (await ann.get(f"/api/v1/parties/{party}/cards")).json()["contract"]["title"] == "Short"
    assert (await ann.get("/api/v1/parties/nobody/cards")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "spaceship"},
        {"kind": "order"},
        {"title": ""},
        {"fields": {"color": "red"}},
        {"fields": {"level": "golden"}},
        {"fields": {"entitlements": "all"}},
        {"amount": 10**16},
        {"currency": "yuan"},
        {"stage": "eaten"},
        {"url": "javascript:x"},
        {"begins_at": "2026-02-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
        {"parent": "nothing", "party": None},
    ],
)
async def test_a_record_with_a_mistake_is_refused(house: House, wrong: dict[str, Any]) -> None:
    ann, party = await house.logged_in("ann"), await town_of(house).party("Li")
    body: dict[str, Any] = {"kind": "service_contract", "title": "Care", "party": party} | wrong
    if wrong == {"kind": "order"}:
        body["party"] = None
    assert (await ann.post("/api/v1/records", json=body)).status_code in {400, 404}
    assert (await ann.get("/api/v1/records")).json()["items"] == []


async def test_forms_are_made_of_the_table_of_kinds(house: House) -> None:
    ann = await house.logged_in("ann")
    kinds = (await ann.get("/api/v1/record-kinds")).json()["items"]
    assert {one["kind"] for one in kinds} == set(KINDS)
    for one in kinds:
        assert all(stage["label"]["zh"] and stage["label"]["en"] for stage in one["stages"])
        assert {after for stage in one["stages"] for after in stage["next"]} <= {
            stage["stage"] for stage in one["stages"]
        }


def test_stages_follow_the_table() -> None:
    for name, kind in KINDS.items():
        for before, following in kind.stages.items():
            for after in kind.stages:
                if after in following:
                    assert commerce.move(name, before, after) == after
                else:
                    with pytest.raises(ConflictError):
                        commerce.move(name, before, after)
        with pytest.raises(BadRequestError):
            commerce.move(name, kind.first, "nowhere")
