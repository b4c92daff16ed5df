"""Identity check: what stays closed until the customer proved to be who they are, and that no way around it opens anything."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.identity import Plan, asked_of, bare
from contactd.core.levels import Closing, Levels
from contactd.crm_store import audit, commerce_rows, due_rows, match_rows, parties, schema, search_docs
from contactd.crm_store.store import Store
from contactd.desk.seeing import Seeing
from contactd.settings import Privacy
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire
from tests.api.test_reads import town_of
from tests.crm_store.town import Town, phone

SECRET, BORN = "ID-4711-9988", "1990-03-07"
PLAN = Plan(questions=("custom.id:4", "custom.born", "uscc"), right=(1, 2), wrong=2, start={"phone": 1})
CLOSING = Closing(
    fields={"custom.id": 2, "custom.born": 1, "uscc": 1, "credit_level": 1},
    cards={"contract": 2},
    acts={"point.reveal": 1},
)


@pytest.fixture
async def careful(store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """A house whose agents must know who it is."""
    await hire(store, clock)
    seeing = Seeing(closing=CLOSING, closed_to=frozenset({"agent"}))
    return build(store, clock, tmp_path / "static", seeing=seeing, identity=PLAN)


async def someone(town: Town, name: str = "Li", **custom: str) -> str:
    own = {"id": SECRET, "born": BORN} | custom
    return await town.party(name, phone("13800138000"), custom=own, credit_level=3)


async def in_hand(town: Town, party: str | None, **values: Any) -> str:
    return await town.interaction(party, agent="id-ann", state="active", ended_at=None, **values)


async def say(client: httpx.AsyncClient, contact: str, question: str, answer: str) -> httpx.Response:
    return await client.post(f"/api/v1/interactions/{contact}/identity", json={"question": question, "answer": answer})


async def card(house: House, party: str) -> None:
    values = {"title": "Tea for a year", "party_id": party, "fields": {"number": "FW-1"}}
    now = house.clock.now()
    await house.store.write(
        lambda conn: commerce_rows.mirror(conn, f"rec-{party}", "contract", "erp", f"k-{party}", values, now)
    )


async def test_right_answers_open_what_their_level_opens_and_only_for_that_customer(careful: House) -> None:
    town = town_of(careful)
    li, wu = await someone(town), await someone(town, "Wuu")
    await card(careful, li)
    contact = await in_hand(town, li)
    ann, sue = await careful.logged_in("ann"), await careful.logged_in("sue")
    closed = (await ann.get(f"/api/v1/parties/{li}")).json()
    assert (closed["custom"]["id"], closed["custom"]["born"], closed["credit_level"]) == (None, None, None)
    assert (await sue.get(f"/api/v1/parties/{li}")).json()["custom"]["id"] == SECRET
    (item,) = (await ann.get(f"/api/v1/records?party={li}")).json()["items"]
    assert item == {"id": f"rec-{li}", "kind": "contract", "party_id": li, "closed": 2}
    asked = (await ann.get(f"/api/v1/interactions/{contact}/identity")).json()
    assert [one["question"] for one in asked["questions"]] == ["custom.id:4", "custom.born"]
    assert SECRET not in json.dumps(asked)
    assert BORN not in json.dumps(asked)
    right = (await say(ann, contact, "custom.born", "1990/03/07")).json()
    assert (right["right"], right["level"]) == (True, 1)
    opened = (await ann.get(f"/api/v1/parties/{li}")).json()
    assert (opened["custom"]["id"], opened["custom"]["born"], opened["credit_level"]) == (None, BORN, 3)
    assert (await say(ann, contact, "custom.id:4", "9988")).json()["level"] == 2
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["custom"]["id"] == SECRET
    (item,) = (await ann.get(f"/api/v1/records?party={li}")).json()["items"]
    assert item["title"] == "Tea for a year"
    assert (await ann.get(f"/api/v1/parties/{wu}")).json()["custom"]["id"] is None
    both = {one["id"]: one for one in (await ann.get("/api/v1/parties")).json()["items"]}
    assert [both[one].get("credit_level") for one in (li, wu)] == [3, None]
    bob = await careful.logged_in("bob")
    assert (await bob.get(f"/api/v1/parties/{li}")).json()["credit_level"] is None


async def test_it_ends_with_the_contact(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town)
    contact = await in_hand(town, li)
    ann = await careful.logged_in("ann")
    await say(ann, contact, "custom.born", BORN)
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] == 3
    over = schema.interaction.update().where(schema.interaction.c.id == contact).values(state="closed")
    await careful.store.write(lambda conn: conn.execute(over))
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] is None
    assert (await say(ann, contact, "custom.id:4", "9988")).status_code == 403


async def test_the_console_opens_and_closes_with_the_customer_too(careful: House) -> None:
    town = town_of(careful)
    li, wu = await someone(town), await someone(town, "Wuu")
    contact = await in_hand(town, li)
    ann = await careful.logged_in("ann")
    cookie = {"cookie": f"contactd={ann.cookies['contactd']}"}
    console = careful.hub.join(await careful.access.identify(cookie, "127.0.0.1", unsafe=False))

    async def told(party: str) -> Any:
        await careful.server.look_who_is_known()
        console.answer(json.dumps({"customer": {"id": party, "credit_level": 3}}))
        (frame,) = console.take()
        return json.loads(frame)["customer"]["credit_level"]

    assert await told(li) is None
    await say(ann, contact, "custom.born", BORN)
    assert [await told(one) for one in (li, wu)] == [3, None]
    over = schema.interaction.update().where(schema.interaction.c.id == contact).values(state="closed")
    await careful.store.write(lambda conn: conn.execute(over))
    assert await told(li) is None


async def test_nobody_guesses(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town)
    contact = await in_hand(town, li)
    ann = await careful.logged_in("ann")
    first = (await say(ann, contact, "custom.born", "1991-01-01")).json()
    assert (first["right"], first["level"], first["wrong_left"]) == (False, 0, 1)
    assert (await say(ann, contact, "custom.born", BORN)).json()["code"] == "asked"
    assert (await say(ann, contact, "custom.id:4", "0000")).json()["wrong_left"] == 0
    for _ in range(2):
        contact = await in_hand(town, li)
        await say(ann, contact, "custom.born", "1")
        assert (await say(ann, contact, "custom.id:4", "2")).json()["wrong_left"] == 0
    contact = await in_hand(town, li)
    locked = await say(ann, contact, "custom.born", BORN)
    assert (locked.status_code, locked.json()["code"]) == (409, "locked_out")
    careful.clock.advance(timedelta(days=1, minutes=1))
    ann = await careful.logged_in("ann")
    assert (await say(ann, contact, "custom.born", BORN)).json()["level"] == 1
    log = await careful.store.read(audit.listed)
    told = [one["detail"] for one in log if one["action"] == "identity.answer"]
    assert len(told) == 7
    assert not any(BORN in json.dumps(one) or "1991" in json.dumps(one) for one in told)


async def test_only_who_has_the_contact_asks_and_only_what_is_asked(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town)
    contact = await in_hand(town, li)
    ann, bob = await careful.logged_in("ann"), await careful.logged_in("bob")
    assert (await say(bob, contact, "custom.born", BORN)).status_code == 403
    assert (await bob.get(f"/api/v1/interactions/{contact}/identity")).status_code == 403
    for question in ("uscc", "custom.salary", "credit_level"):
        refused = await say(ann, contact, question, "A")
        assert (refused.status_code, refused.json()["field"]) == (400, "question"), question
    nobody = await in_hand(town, None)
    assert (await say(ann, nobody, "custom.born", BORN)).json()["code"] == "unknown_party"
    assert (await ann.get("/api/v1/interactions/none/identity")).status_code == 404


async def test_what_is_closed_is_neither_changed_nor_done_nor_asked_by(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town)
    contact = await in_hand(town, li)
    ann = await careful.logged_in("ann")
    path = f"/api/v1/parties/{li}"
    assert (await ann.patch(path, json={"credit_level": 2})).json()["field"] == "credit_level"
    assert (await ann.get(f"/api/v1/parties?field=born:{BORN}")).json()["code"] == "field"
    point = await careful.store.read(lambda conn: conn.execute(schema.contact_point.select()).first())
    reveal = f"/api/v1/points/{point.id}/reveal"
    refused = await ann.post(reveal, json={"reason": "to call back"})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (403, "identity", "1")
    await say(ann, contact, "custom.born", BORN)
    assert (await ann.patch(path, json={"credit_level": 2})).status_code == 200
    assert (await ann.post(reveal, json={"reason": "to call back"})).status_code == 200


async def test_a_link_is_ended_only_where_it_is_known_whose_it_is(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(store, clock)
    seeing = Seeing(closing=Closing(acts={"party.edit": 1}), closed_to=frozenset({"agent"}))
    house = build(store, clock, tmp_path / "static", seeing=seeing, identity=PLAN)
    town = town_of(house)
    li, firm = await someone(town), await town.party("Firm", kind="org")
    now = clock.now()
    await store.write(lambda conn: parties.link(conn, "link-1", li, firm, role="works_for", now=now))
    ann, sue = await house.logged_in("ann"), await house.logged_in("sue")
    refused = await ann.delete("/api/v1/links/link-1")
    assert (refused.status_code, refused.json()["code"]) == (403, "identity")
    assert (await sue.delete("/api/v1/links/link-1")).status_code == 204


async def test_a_closed_customer_is_not_merged_into_one_whose_answers_are_known(careful: House) -> None:
    town = town_of(careful)
    li, wu = await someone(town), await someone(town, "Wuu", born="1971-01-01")
    await card(careful, wu)
    contact = await in_hand(town, li)
    ann, bob, sue = [await careful.logged_in(who) for who in ("ann", "bob", "sue")]
    for survivor, loser in ((li, wu), (wu, li)):
        refused = await ann.post("/api/v1/merges", json={"survivor": survivor, "losers": [loser]})
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (403, "identity", "2")
    for question, answer in (("custom.born", BORN), ("custom.id:4", "9988")):
        await say(ann, contact, question, answer)
    refused = await ann.post("/api/v1/merges", json={"survivor": li, "losers": [wu]})
    assert refused.status_code == 403, "of the other it is still not known"
    (closed,) = (await ann.get(f"/api/v1/records?party={wu}")).json()["items"]
    assert "title" not in closed
    # It goes to the work list of who may, stays there when records are compared, and is done there.
    for client in (ann, bob):
        assert (await client.post("/api/v1/duplicates", json={"a": li, "b": wu})).status_code == 204
    while await careful.store.write(lambda conn: match_rows.match_some(conn, town.at, lambda: town.new_id("pair"))):
        pass
    (pair,) = (await sue.get("/api/v1/duplicates")).json()["items"]
    assert "asked" in pair["reasons"]
    assert {pair["a"]["party_id"], pair["b"]["party_id"]} == {li, wu}
    assert (await sue.post("/api/v1/merges", json={"survivor": li, "losers": [wu]})).status_code == 201
    assert (await ann.post("/api/v1/duplicates", json={"a": li, "b": li})).json()["code"] == "same"
    assert (await ann.post("/api/v1/duplicates", json={"a": li, "b": wu})).status_code == 404


async def test_nobody_asks_by_what_stands_in_a_closed_record(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town)
    await card(careful, li)
    contact = await in_hand(town, li)
    ann, sue = await careful.logged_in("ann"), await careful.logged_in("sue")
    path = "/api/v1/records"
    for query, field in (
        ("stage=draft", "stage"),
        ("kind=contract&stage=draft", "stage"),
        (f"kind=contract&party={li}&owner=id-bob", "owner"),
        ("parent=rec-1", "parent"),
    ):
        refused = await ann.get(f"{path}?{query}")
        assert (refused.status_code, refused.json().get("field")) == (403, field), query
        assert (await sue.get(f"{path}?{query}")).status_code == 200, query
    for query in ("kind=order&stage=open", "owner=me", "kind=contract"):
        assert (await ann.get(f"{path}?{query}")).status_code == 200, query
    for question, answer in (("custom.born", BORN), ("custom.id:4", "9988")):
        await say(ann, contact, question, answer)
    assert (await ann.get(f"{path}?kind=contract&stage=draft&party={li}")).status_code == 200
    assert (await ann.get(f"{path}?kind=contract&stage=draft")).status_code == 403


async def test_the_search_box_does_not_answer_for_the_customer(careful: House) -> None:
    town = town_of(careful)
    li = await someone(town, "Li", motto="green tea")
    green = await town.party("Green Leaf", uscc="91330000MA27XYZ000", credit_level=1)
    ann, sue = await careful.logged_in("ann"), await careful.logged_in("sue")
    for key in ("id", "born", "motto"):
        field = {"key": key, "type": "text", "labels": {"en": key}, "searchable": True}
        assert (await sue.post("/api/v1/fields", json=field)).status_code == 201
    await careful.store.write(lambda conn: [due_rows.mark_party(conn, one, town.at) for one in (li, green)])
    while await careful.store.write(lambda conn: search_docs.index_parties(conn, town.at)):
        pass

    async def hits(client: httpx.AsyncClient, q: str) -> set[str]:
        found = await client.get("/api/v1/search", params={"q": q, "kind": "party"})
        return {one["id"] for one in found.json()["items"]}

    for q, whole, left in (
        ("4711", {li}, set()),
        ("li 1990", {li}, set()),
        ("li id", {li}, set()),
        ("9133", {green}, set()),
        ("green", {li, green}, {li, green}),
        ("li 138001", {li}, {li}),
        ("gr leaf", {green}, {green}),
    ):
        assert (await hits(sue, q), await hits(ann, q)) == (whole, left), q


async def test_who_comes_by_what_is_verified_as_theirs_begins_higher(careful: House) -> None:
    town = town_of(careful)
    li = await town.party("Li", phone("13800138000"), level="verified", credit_level=3)
    point = (await careful.store.read(lambda conn: conn.execute(schema.contact_point.select()).one())).id
    ann = await careful.logged_in("ann")
    doubted = await in_hand(town, li, contact_point_id=point, unverified=True)
    assert (await ann.get(f"/api/v1/interactions/{doubted}/identity")).json()["level"] == 0
    begun = await in_hand(town, li, contact_point_id=point, direction="outbound")
    assert (await ann.get(f"/api/v1/interactions/{begun}/identity")).json()["level"] == 0, "nobody came by it"
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] is None
    contact = await in_hand(town, li, contact_point_id=point)
    assert (await ann.get(f"/api/v1/interactions/{contact}/identity")).json()["level"] == 1
    assert (await ann.get(f"/api/v1/parties/{li}")).json()["credit_level"] == 3


def test_what_is_asked_is_never_shown_before() -> None:
    privacy = Privacy.model_validate({"identity": {"questions": ["custom.id:4"], "fields": {"credit_level": 2}}})
    levels = Seeing.of(privacy).levels("agent")
    assert levels.closed == {"custom.id": 1, "credit_level": 2}
    assert not Seeing.of(privacy).levels("supervisor").asks
    assert Levels.of({"custom": "hide"}).unseen("custom.id"), "with all of the house's own fields each is hidden"


def test_answers_are_held_against_what_nobody_says_aloud() -> None:
    assert bare(" 1990-03/07 ab ") == "19900307ab"
    assert asked_of("custom.id:4", {"custom": {"id": SECRET}}) == "9988"
    assert asked_of("custom.id:9", {"custom": {"id": "12"}}) is None
    assert asked_of("uscc", {"uscc": None}) is None


trees = st.recursive(
    st.just(SECRET),
    lambda inner: (
        st.dictionaries(st.sampled_from(["items", "custom", "id", "links", "x"]), inner, max_size=3)
        | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)


@given(trees)
def test_a_closed_field_is_shown_nowhere_below_another_customer(tree: Any) -> None:
    levels = Levels.of({}, closing=Closing(fields={"secret": 1}))
    opened = Levels(closed=levels.closed, opened={"li": 3})
    data = {
        "id": "li",
        "party": {"id": "wu", "secret": SECRET},
        "list": [{"party_id": "wu", "secret": SECRET}],
        "more": tree,
    }
    shown = opened.shown(data)
    assert shown["party"]["secret"] is None
    assert shown["list"][0]["secret"] is None
