"""A service contract that covers a case rules its clocks and is counted down; what does not cover it is said; on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select
from town import Town

from contactd.core.coverage import Asked, Contract, Terms, choose
from contactd.crm_store import case_rows, commerce_reads, parties, schema, sla_rows
from contactd.crm_store.store import Store
from contactd.routing.policy import Policy
from contactd.testing.clock import MONDAY

HOUR = timedelta(hours=1)
POLICY = Policy.from_mapping(
    {
        "cases": {
            "contracts": {
                "premium": {
                    "first_response_h": [2, 2, 1, 1],
                    "resolution_h": [8, 8, 4, 2],
                    "types": ["service", "complaint"],
                },
                "basic": {"resolution_h": [30, 30, 30, 30]},
            },
        },
    }
)


async def contract(town: Town, party: str, ident: str, **more: Any) -> None:
    row = {"id": ident, "no": ident, "kind": "service_contract", "stage": "active", "party_id": party, "title": ident}
    row |= {"fields": {"level": "premium"}, "created_at": town.at, "updated_at": town.at, **more}
    await town.unit(lambda conn: conn.execute(insert(schema.record).values(**row)))


async def case(town: Town, ident: str, **values: Any) -> dict[str, Any]:
    values = {"subject": "x", "type": "service", **values}
    make = partial(case_rows.create, ident=ident, values=values, plan=POLICY.cases, now=town.at, actor=None)
    await town.store.write(make)
    told = await town.store.read(partial(sla_rows.why, case=ident, plan=POLICY.cases))
    first, whole = sorted(told, key=lambda one: one["target"])
    return {"spans": (first["span_s"] / 3600, whole["span_s"] / 3600), **whole}


async def test_the_clocks_go_by_the_contract_and_say_so(store: Store, town: Town) -> None:
    party, stranger = await town.party("大厂", kind="org"), await town.party("路人")
    await contract(town, party, "C1")
    covered, other = await case(town, "a", party_id=party), await case(town, "b", party_id=stranger)
    assert (covered["spans"], covered["contract"]["no"]) == ((2, 8), "C1")
    assert (other["spans"][1] > 8, other["contract"]) == (True, None)
    inquiry = await case(town, "c", party_id=party, type="inquiry")
    assert inquiry["contract"] is None
    assert inquiry["not_covered_by"] == [{"id": "C1", "no": "C1", "why": "other_type"}]
    raised = partial(case_rows.patch, ident="a", row_version=None, plan=POLICY.cases, now=town.at, actor="ann")
    await store.write(partial(raised, values={"priority": 3}))
    whole = (await store.read(partial(sla_rows.why, case="a", plan=POLICY.cases)))[-1]
    assert whole["span_s"] == 2 * 3600


async def test_a_contract_is_used_up_and_the_next_one_takes_over(store: Store, town: Town) -> None:
    party = await town.party("大厂", kind="org")
    await contract(town, party, "C1", fields={"level": "premium", "included": 2})
    await contract(town, party, "C2", fields={"level": "basic"}, ends_at=town.at + 500 * HOUR)
    await contract(town, party, "C3", ends_at=town.at - HOUR)
    made = [await case(town, f"case-{n}", party_id=party) for n in range(3)]
    assert [one["contract"]["id"] for one in made] == ["C1", "C1", "C2"]
    assert {(one["id"], one["why"]) for one in made[2]["not_covered_by"]} == {("C1", "exhausted"), ("C3", "expired")}
    shown = (await store.read(lambda conn: commerce_reads.cards(conn, party, town.at)))["contract"]
    assert (shown["id"], shown["standing"], shown["used"], shown["left"]) == ("C2", "holds", 1, None)
    rows = await store.read(
        lambda conn: conn.execute(select(schema.case_event).where(schema.case_event.c.type == "covered")).all()
    )
    assert len(rows) == 3


async def test_who_works_for_a_firm_is_covered_by_its_contract(store: Store, town: Town) -> None:
    firm, person = await town.party("大厂", kind="org"), await town.party("李雷")
    await store.write(lambda conn: parties.link(conn, "l1", person, firm, role="works_for", now=town.at))
    await contract(town, firm, "C1", fields={"level": "premium", "products": ["泵"]})
    pump = await case(town, "a", party_id=person, custom={"product": "泵"})
    valve = await case(town, "b", party_id=person, custom={"product": "阀"})
    assert (pump["contract"]["id"], valve["contract"]) == ("C1", None)
    assert valve["not_covered_by"][0]["why"] == "other_product"


async def test_two_cases_at_a_time_do_not_take_the_last_place(store_url: str, tmp_path: Any) -> None:
    nodes = [Store.open(store_url, tmp_path / f"b{n}", node=f"n{n}") for n in range(2)]
    town = Town(nodes[0])
    party = await town.party("大厂", kind="org")
    await contract(town, party, "C1", fields={"level": "premium", "included": 3})
    units = [
        nodes[n % 2].write(
            partial(
                case_rows.create,
                ident=f"c{n}",
                values={"subject": "x", "type": "service", "party_id": party},
                plan=POLICY.cases,
                now=town.at,
                actor=None,
            )
        )
        for n in range(8)
    ]
    await asyncio.gather(*units)
    rows = await nodes[0].read(lambda conn: conn.execute(select(schema.case_.c.contract_id)).scalars().all())
    assert sorted(map(str, rows)) == ["C1"] * 3 + ["None"] * 5
    for node in nodes:
        await node.close()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"stage": "suspended"}, "suspended"),
        ({"begins_at": MONDAY + HOUR}, "not_begun"),
        ({"ends_at": MONDAY}, "expired"),
        ({"included": 1, "used": 1}, "exhausted"),
        ({"level": "sales"}, "other_line"),
    ],
)
def test_each_reason_is_told(more: dict[str, Any], why: str) -> None:
    plain = {"id": "1", "no": "N1", "level": None, "stage": "active", "begins_at": None, "ends_at": None}
    terms = {"sales": Terms(lines=("sales",))}
    best, others = choose([Contract(**{**plain, **more})], terms, Asked(type="service", line="support"), MONDAY)
    assert (best, others) == (None, [{"id": "1", "no": "N1", "why": why}])
