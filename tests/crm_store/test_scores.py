"""What customers are worth and how often they are in touch is counted over all of them, and sorts them; on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from town import Town

from contactd.core.segmenting import Worth
from contactd.crm_store import facet_rows, parties, schema, score_rows, search_docs, search_hits
from contactd.crm_store.score_rows import Sum
from contactd.crm_store.store import Store
from contactd.desk.rules import Rules
from contactd.desk.scoring import Scoring
from contactd.routing.policy import Policy
from contactd.testing.clock import ManualClock

POLICY = {
    "customers": {
        "segments": {
            "gold": {"all": [{"field": "value_class", "is": "A"}, {"field": "vip", "at_most": 2}]},
            "east": {"all": [{"field": "custom.region", "any_of": ["east", "north"]}]},
            "quiet": {"all": [{"field": "quiet_days", "at_least": 90}]},
        },
    },
}


async def order(town: Town, party: str, amount: int, **more: Any) -> None:
    row = {"id": town.new_id("record"), "no": town.new_id("R"), "kind": "order", "stage": "paid", "party_id": party}
    row |= {"amount": amount, "currency": "CNY", "created_at": town.at, "updated_at": town.at, **more}
    await town.unit(lambda conn: conn.execute(insert(schema.record).values(**row)))


async def counted(town: Town) -> dict[str, dict[str, Any]]:
    clock = ManualClock(town.at)
    await Scoring(town.store, clock, Rules(Policy.from_mapping(POLICY), 1)).settle()
    rows = await town.store.read(lambda conn: conn.execute(select(schema.party)).all())
    return {row.id: parties.scores(row.score) or {} for row in rows}


async def listed(store: Store, town: Town, **filters: Any) -> set[str]:
    items, _ = await store.read(lambda conn: parties.listed(conn, filters=filters, now=town.at))
    return {one["name"] for one in items}


def test_those_who_make_up_most_of_all_value_are_a() -> None:
    total = Sum()
    total.add([8_000, 1_500, 300, 100, 100, 0, -5])
    assert total.limits(Worth()) == (8_000, 1_500)
    assert Sum().limits(Worth()) == (0, 0)


async def test_customers_are_sorted_by_value_and_contact(store: Store, town: Town) -> None:
    big, middle, small, nothing = [await town.party(name) for name in ("甲", "乙", "丙", "丁")]
    for party, amount in ((big, 900_000), (middle, 140_000), (small, 9_000)):
        await order(town, party, amount)
    await order(town, small, 10**9, stage="cancelled")
    await order(town, small, 10**9, currency="USD")
    await order(town, small, 10**9, begins_at=town.at - timedelta(days=400))
    for _ in range(6):
        await town.interaction(big, "你好")
    await town.interaction(middle, "你好")
    scores = await counted(town)
    assert [scores[one].get("value_class") for one in (big, middle, small, nothing)] == ["A", "B", "C", None]
    assert (scores[small]["value"], scores[big]["contacts"], scores[big]["contact_class"]) == (9_000, 6, "A")
    assert [scores[one].get("contact_class") for one in (middle, nothing)] == ["C", None]
    assert await listed(store, town, value_class="A") == {"甲"}
    assert await listed(store, town, contact_class="A", segment="gold") == {"甲"}
    standing = await store.read(score_rows.standing)
    assert standing is not None
    assert (standing.at, standing.limits) == (town.at, (900_000, 140_000))


async def test_a_merged_customer_counts_as_one_and_version_and_time_stay(store: Store, town: Town) -> None:
    one, other = await town.party("老李"), await town.party("李四", custom={"region": "east"})
    before = await store.read(lambda conn: parties.get(conn, one))
    for party in (one, other):
        await order(town, party, 50_000)
        await town.interaction(party, "在吗")
    await town.merge(other, one)
    scores = await counted(town)
    assert (scores[one]["value"], scores[one]["contacts"]) == (100_000, 2)
    assert not scores[other]
    after = await store.read(lambda conn: parties.get(conn, one))
    assert (after["row_version"], after["updated_at"]) == (before["row_version"], before["updated_at"])


async def test_segments_follow_a_change_at_once_and_time_at_the_next_count(store: Store, town: Town) -> None:
    party = await town.party("张三", custom={"region": "west"})
    await town.interaction(party, "您好")
    assert (await counted(town))[party]["segments"] == []
    plan = Policy.from_mapping(POLICY).customers

    def move(conn: Any) -> None:
        parties.patch(conn, party, {"custom": {"region": "north"}}, row_version=1, now=town.at, actor="ann")
        search_docs.index_parties(conn, town.at, plan)

    await store.write(move)
    assert await listed(store, town, segment="east") == {"张三"}
    town.at += timedelta(days=91)
    assert (await counted(town))[party]["segments"] == ["east", "quiet"]
    counts = await store.read(score_rows.counted)
    assert counts[facet_rows.SEGMENT] == {"east": 1, "quiet": 1}


async def test_who_did_not_change_is_not_written_again(store: Store, town: Town) -> None:
    party = await town.party("王五")
    await town.interaction(party, "hi")
    first = (await counted(town))[party]["as_of"]
    town.at += timedelta(hours=1)
    assert (await counted(town))[party]["as_of"] == first
    await town.unit(lambda conn: conn.execute(update(schema.party).values(pii_state="erased", score=None)))
    assert not (await counted(town))[party], "nothing is counted of who was erased"


async def test_search_keeps_to_a_segment(store: Store, town: Town) -> None:
    inside, outside = await town.party("张明", custom={"region": "east"}), await town.party("张亮")
    for party in (inside, outside):
        await town.interaction(party, "发票投诉")
    await counted(town)
    while await store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    missing, _ = await store.read(lambda conn: search_docs.unindexed(conn, None))
    await store.write(lambda conn: search_docs.index_messages(conn, missing, town.at))
    seen = facet_rows.within(facet_rows.SEGMENT, "east")
    for words, kind in (("张", "party"), ("投诉", "message")):
        hits = await store.read(partial(search_hits.search, query=words, kinds=[kind], seen=seen))
        assert {one["party_id"] for one in hits} == {inside}, kind


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"segments": {"x": {"all": [{"field": "shoe_size", "is": 43}]}}}, "policy.customers.segments.x.all[0].field"),
        ({"segments": {"x": {"all": [{"field": "vip"}]}}}, "policy.customers.segments.x.all[0]"),
        ({"rules": [{"segment": "gone", "priority": 3}]}, "policy.customers.rules[0].segment"),
        ({"rules": [{"priority": 3}]}, "policy.customers.rules[0]"),
        ({"value": {"a": 0.9, "b": 0.5}}, "policy.customers.value.a"),
    ],
)
def test_a_mistake_in_the_policy_is_named(document: dict[str, Any], path: str) -> None:
    assert path in [where for where, _ in Policy.problems({"customers": document})]
