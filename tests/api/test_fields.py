"""Fields a house adds, links between customers, and lists narrowed by what is known of them."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import BadRequestError
from contactd.core.fields import Field, facets, value_of
from contactd.crm_store import case_rows, schema, search_docs
from contactd.crm_store.write_conn import WriteConn
from tests.api.house import House
from tests.crm_store.town import Town

SELECT = Field(key="rank", type="select", options=("a", "b"))


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("text", " 张 ", "张"),
        ("int", "12", 12),
        ("int", 3.0, 3),
        ("decimal", "1,234.50", "1234.50"),
        ("money", "￥12.5", "12.50"),
        ("bool", "是", True),
        ("bool", "No", False),
        ("date", "2026-02-28", "2026-02-28"),
        ("url", "https://example.com", "https://example.com"),
        ("long", "", None),
    ],
)
def test_values_come_into_one_form(kind: str, given: Any, stored: Any) -> None:
    assert value_of(Field(key="x", type=kind), given) == stored


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", 5),
        ("text", "x" * 501),
        ("int", "1.5"),
        ("int", True),
        ("int", 10**16),
        ("decimal", "NaN"),
        ("decimal", "1e-3000000000"),
        ("money", "1e-3000000000"),
        ("decimal", "0e3000000000"),
        ("money", "lots"),
        ("bool", "perhaps"),
        ("date", "2026-02-30"),
        ("url", "javascript:alert(1)"),
        ("select", "z"),
        ("multi", ["z"]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: str, given: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        value_of(Field(key="x", type=kind, options=("a",)), given)
    assert refused.value.field == "custom.x"


def test_a_retired_option_may_stay_where_it_is() -> None:
    assert value_of(SELECT, "old", before="old") == "old"
    with pytest.raises(BadRequestError):
        value_of(SELECT, "old", before="a")
    assert facets(["a", "b"]) == ["a", "b"]


async def define(client: Any, key: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/fields", json={"key": key, "type": "text", "labels": {"zh": key}, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def tended(house: House) -> None:
    """Do what is due behind the live work."""
    while await house.store.write(lambda conn: search_docs.index_parties(conn, house.clock.now())):
        pass


async def names(client: Any, **params: Any) -> set[str]:
    answer = await client.get("/api/v1/parties", params=params)
    assert answer.status_code == 200, answer.text
    return {one["name"] for one in answer.json()["items"]}


async def test_a_field_is_asked_checked_found_and_filtered_by(both: House) -> None:
    options = [{"key": "east", "label": {"zh": "华东"}}, {"key": "west", "label": {"zh": "西部"}}]
    async with await both.logged_in("sue") as sue, await both.logged_in("ann") as ann:
        early = await ann.post("/api/v1/parties", json={"name": "早来", "custom": {"region": "east"}})
        assert early.status_code == 201, "a source's own key, while nobody defined it"
        region = await define(sue, "region", type="select", options=options, filterable=True)
        await define(sue, "motto", searchable=True)
        twice = await sue.post("/api/v1/fields", json={"key": "motto", "type": "text"})
        assert (twice.status_code, twice.json()["code"]) == (409, "taken")
        assert (await ann.post("/api/v1/fields", json={"key": "x", "type": "text"})).status_code == 403
        wrong = await ann.post("/api/v1/parties", json={"name": "李雷", "custom": {"region": "moon"}})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "custom.region")
        made = await ann.post(
            "/api/v1/parties", json={"name": "李雷", "custom": {"region": "west", "motto": "慢工细活"}}
        )
        await tended(both)
        assert await names(ann, field="region:east") == {"早来"}
        assert await names(ann, field="region:west") == {"李雷"}
        found = (await ann.get("/api/v1/search", params={"q": "细活"})).json()["items"]
        assert [one["id"] for one in found] == [made.json()["id"]]
        party = f"/api/v1/parties/{made.json()['id']}"
        changed = await ann.patch(party, json={"custom": {"region": "east"}})
        assert changed.json()["custom"] == {"region": "east", "motto": "慢工细活"}, "other fields stay"
        await tended(both)
        assert await names(ann, field="region:east") == {"早来", "李雷"}
        await sue.patch(f"/api/v1/fields/{region['id']}", json={"retired": True})
        await tended(both)
        assert await names(ann, field="region:east") == set()
        assert (await ann.get(party)).json()["custom"]["region"] == "east", "what was typed stays"
        await sue.patch(f"/api/v1/fields/{region['id']}", json={"retired": False, "required": True})
        missing = await ann.post("/api/v1/parties", json={"name": "韩梅梅"})
        assert (missing.status_code, missing.json()["code"], missing.json()["field"]) == (
            400,
            "required",
            "custom.region",
        )


async def test_what_one_record_keeps_is_bounded(house: House) -> None:
    async with await house.logged_in("ann") as ann:
        made = await ann.post("/api/v1/parties", json={"name": "李雷"})
        party = f"/api/v1/parties/{made.json()['id']}"
        answers = [
            await ann.patch(party, json={"custom": {f"k{n}_{part}": n for n in range(200)}}) for part in range(3)
        ]
        assert [one.status_code for one in answers] == [200, 200, 413]
        assert (answers[2].json()["code"], answers[2].json()["field"]) == ("too_large", "custom")
        assert (await ann.patch(party, json={"custom": {"k0_0": "x" * 300_000}})).status_code == 413
        assert (await ann.patch(party, json={"custom": {"k0_0": None}})).status_code == 200


async def test_customers_are_listed_by_what_is_known_of_them(both: House) -> None:
    async with await both.logged_in("ann") as ann:
        bodies = [
            {
                "name": "甲",
                "tags": ["大客户"],
                "roles": ["customer"],
                "vip": 2,
                "owner": "id-ann",
                "credit_flag": "watch",
            },
            {"name": "乙", "roles": ["supplier"], "preferences": {"do_not_call": True}, "lifecycle": "former"},
        ]
        idents = {body["name"]: (await ann.post("/api/v1/parties", json=body)).json()["id"] for body in bodies}
        town = Town(both.store)
        await town.interaction(idents["甲"], "hello")
        complaint = {"subject": "漏水", "type": "complaint", "party_id": idents["乙"]}
        now = both.clock.now()
        await both.store.write(lambda conn: case_rows.create(conn, "c1", complaint, plan=NO_PLAN, now=now, actor=None))
        await tended(both)
        assert await names(ann, tag="大客户") == {"甲"}
        assert await names(ann, role="supplier") == {"乙"}
        assert await names(ann, vip=1) == {"甲"}
        assert await names(ann, owner="me") == {"甲"}
        assert await names(ann, lifecycle="former") == {"乙"}
        assert await names(ann, complaints="true") == {"乙"}
        assert await names(ann, quiet_days=36_500) == {"乙"}
        shown = (await ann.get("/api/v1/parties", params={"q": "乙"})).json()["items"]
        assert [(one["open_complaints"], one["last_contact_at"]) for one in shown] == [(1, None)]
        wrong = await ann.get("/api/v1/parties", params={"field": "region"})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "field")
        for body, field in (({"credit_flag": "bad"}, "credit_flag"), ({"preferences": {"x": 1}}, "preferences")):
            refused = await ann.patch(f"/api/v1/parties/{idents['甲']}", json=body)
            assert (refused.status_code, refused.json()["field"]) == (400, field)


async def test_links_make_a_picture_that_follows_merges(house: House) -> None:
    async with await house.logged_in("ann") as ann:
        made = {
            name: (await ann.post("/api/v1/parties", json={"name": name, "kind": kind})).json()["id"]
            for name, kind in (("李雷", "person"), ("李 雷", "person"), ("一厂", "org"), ("集团", "org"))
        }
        path = f"/api/v1/parties/{made['李雷']}/links"
        linked = await ann.post(path, json={"to": made["一厂"], "role": "works_for", "title": "采购"})
        assert linked.status_code == 201, linked.text
        await ann.post(f"/api/v1/parties/{made['一厂']}/links", json={"to": made["集团"], "role": "subsidiary_of"})
        picture = (await ann.get(path)).json()
        assert {node["name"]: node["hop"] for node in picture["nodes"]} == {"李雷": 0, "一厂": 1, "集团": 2}
        again = await ann.post(path, json={"to": made["一厂"], "role": "works_for"})
        assert (again.status_code, again.json()["code"]) == (409, "taken")
        assert (await ann.post(path, json={"to": made["李雷"], "role": "works_for"})).status_code == 400
        assert (await ann.post(path, json={"to": made["一厂"], "role": "friend"})).json()["field"] == "role"
        assert (await ann.post(path, json={"to": "none", "role": "family"})).status_code == 404
        merge = {"survivor": made["李 雷"], "losers": [made["李雷"]]}
        assert (await ann.post("/api/v1/merges", json=merge)).status_code == 201
        kept = (await ann.get(f"/api/v1/parties/{made['李 雷']}/links")).json()
        assert {node["name"] for node in kept["nodes"]} == {"李 雷", "一厂", "集团"}
        works = next(link for link in kept["links"] if link["role"] == "works_for")
        assert works["from"] == made["李 雷"]
        assert (await ann.delete(f"/api/v1/links/{works['id']}")).status_code == 204
        assert (await ann.delete(f"/api/v1/links/{works['id']}")).status_code == 404
        assert len((await ann.get(path)).json()["nodes"]) == 1


async def test_a_filter_and_a_look_agree(house: House) -> None:
    """What the index of a field finds is what stands in the records, whatever was changed in between."""
    dice = random.Random(6)
    async with await house.logged_in("sue") as sue:
        await define(sue, "shelf", type="int", filterable=True)
        held: dict[str, int | None] = {}
        for n in range(12):
            held[
                (await sue.post("/api/v1/parties", json={"name": f"n{n}", "custom": {"shelf": n % 3}})).json()["id"]
            ] = n % 3
        for _ in range(12):
            ident = dice.choice(sorted(held))
            held[ident] = dice.choice([None, 0, 1, 2])
            await sue.patch(f"/api/v1/parties/{ident}", json={"custom": {"shelf": held[ident]}})
        await tended(house)
        for shelf in (0, 1, 2):
            found = (await sue.get("/api/v1/parties", params={"field": f"shelf:{shelf}"})).json()["items"]
            assert {one["id"] for one in found} == {ident for ident, value in held.items() if value == shelf}


async def test_customers_are_found_whose_contract_ends(both: House) -> None:
    town = Town(both.store)
    now = both.clock.now()
    ends = {"soon": [5], "late": [90], "goes on": [5, 400], "over": [-1], "for ever": [5, None], "merged": [8]}

    def contract(conn: WriteConn, party: str, n: int, days: int | None) -> None:
        until = None if days is None else now + timedelta(days=days)
        kept = {
            "kind": "service_contract",
            "no": f"{party}-{n}",
            "stage": "active",
            "party_id": party,
            "ends_at": until,
        }
        conn.execute(schema.record.insert().values(id=f"{party}-{n}", **kept, created_at=now, updated_at=now))

    for name, some in ends.items():
        party = await town.party(name)
        for n, days in enumerate(some):
            await town.unit(lambda conn, party=party, n=n, days=days: contract(conn, party, n, days))
        if name == "merged":
            await town.merge(party, await town.party("survivor"))
    async with await both.logged_in("ann") as ann:
        found = (await ann.get("/api/v1/parties", params={"contract_days": 30})).json()["items"]
        assert {one["name"] for one in found} == {"soon", "survivor"}
        assert (await ann.get("/api/v1/parties", params={"contract_days": 0})).status_code == 400
