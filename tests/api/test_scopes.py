"""Whose customers, cases and contacts a role sees: in lists, by ids, in search and export; and what a contact in hand adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contactd.core.address import phone_point
from contactd.core.case_plan import NO_PLAN
from contactd.core.party import Point
from contactd.crm_store import audit, case_rows, schema, search_docs
from contactd.crm_store.store import Store
from contactd.desk.seeing import Seeing
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire
from tests.crm_store.town import Town, mail

WHOSE = ("own", "mate", "below", "segment", "nobody")
SEEN = {
    "own": {"own"},
    "team": {"own", "mate"},
    "subtree": {"own", "mate", "below"},
    "segment": {"own", "segment"},
}


def number(text: str) -> Point:
    point = phone_point(text)
    assert point is not None
    return point


async def peopled(store: Store, clock: ManualClock, static: Path, reach: str, role: str = "agent") -> House:
    """A house whose agents see so far; ann and bob are of one team, dan of the one below."""
    await hire(store, clock)
    town = Town(store, clock.now())
    dan = await town.agent("dan")
    people = schema.agent

    def unit(conn: Any) -> None:
        for ident, team in (("id-ann", "north"), ("id-bob", "north"), (dan, "north-east")):
            conn.execute(people.update().where(people.c.id == ident).values(team=team))

    await store.write(unit)
    scopes = {role: {"party": reach, "case": reach, "interaction": reach}}
    house = build(store, clock, static, seeing=Seeing(scopes=scopes))
    async with await house.logged_in("adam") as adam:
        for ident, parent in (("north", None), ("north-east", "north")):
            made = await adam.put(f"/api/v1/teams/{ident}", json={"name": ident, "parent": parent})
            assert made.status_code == 204
        above = await adam.put("/api/v1/teams/north", json={"name": "North", "parent": "north-east"})
        assert above.json()["code"] == "cycle"
        for who in ("id-ann", "id-sue"):
            assert (await adam.put(f"/api/v1/agents/{who}/segments", json={"segments": ["gold"]})).status_code == 204
    return house


async def things(house: House) -> dict[str, dict[str, str]]:
    """A customer, case and contact for each of `WHOSE`, found by the same words."""
    town = Town(house.store, house.clock.now())
    owners: dict[str, dict[str, Any]] = {
        "own": {"owner_id": "id-ann"},
        "mate": {"owner_id": "id-bob"},
        "below": {"team_id": "north-east"},
        "segment": {"segment_id": "gold"},
        "nobody": {},
    }
    made: dict[str, dict[str, str]] = {"parties": {}, "cases": {}, "interactions": {}}
    for n, name in enumerate(WHOSE):
        party = await town.party(f"客户 {name}", number(f"1380013800{n}"), mail(f"{name}@x.example"), **owners[name])
        made["parties"][name] = party
        made["interactions"][name] = await town.interaction(party, "发票 没有 收到", raw_from=f"+861380013800{n}")
        case, values = f"case-{name}", {"subject": "发票 问题", "party_id": party}
        about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
        await house.store.write(
            lambda conn, case=case, values=values, about=about: case_rows.create(conn, case, values, **about)
        )
        made["cases"][name] = case
    while await house.store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    await house.store.write(lambda conn: search_docs.index_cases(conn, town.at), bulk=True)
    missing, _ = await house.store.read(lambda conn: search_docs.unindexed(conn, None))
    await house.store.write(lambda conn: search_docs.index_messages(conn, missing, town.at), bulk=True)
    return made


@pytest.mark.parametrize("reach", SEEN)
async def test_lists_ids_and_search_show_what_the_scope_says(
    store: Store, clock: ManualClock, tmp_path: Path, reach: str
) -> None:
    house = await peopled(store, clock, tmp_path / "static", reach)
    made, seen = await things(house), SEEN[reach]
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        for kind, idents in made.items():
            path = f"/api/v1/{kind}"
            listed = [one["id"] for one in (await ann.get(path)).json()["items"]]
            assert sorted(listed) == sorted(idents[name] for name in seen), kind
            first = (await ann.get(path, params={"limit": 1})).json()
            assert len(first["items"]) == 1, "a page is full although others stand between"
            assert (first["next_cursor"] is None) is (len(seen) == 1), "no page tells of what is not seen"
            assert len((await sue.get(path)).json()["items"]) == len(WHOSE)
            for name, ident in idents.items():
                wanted = 200 if name in seen else 404
                assert (await ann.get(f"{path}/{ident}")).status_code == wanted, (kind, name)
        board = (await ann.get("/api/v1/cases/board")).json()["columns"]
        assert sum(column["count"] for column in board) == len(seen)
        for query, kind, field in (("客户", "party", "id"), ("发票", "case", "id"), ("发票", "message", "interaction")):
            hits = (await ann.get("/api/v1/search", params={"q": query, "kind": kind})).json()["items"]
            there = made[{"party": "parties", "case": "cases", "message": "interactions"}[kind]]
            assert sorted(hit[field] for hit in hits) == sorted(there[name] for name in seen), kind


async def test_what_is_not_seen_cannot_be_changed_or_reached_by_what_belongs_to_it(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own")
    made = await things(house)
    mine, theirs = ({kind: idents[name] for kind, idents in made.items()} for name in ("own", "mate"))
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        whole = (await sue.get(f"/api/v1/parties/{theirs['parties']}")).json()
        message = (await sue.get(f"/api/v1/interactions/{theirs['interactions']}/messages")).json()["items"][0]["id"]
        for method, path, body in (
            ("PATCH", f"parties/{theirs['parties']}", {"vip": 3}),
            ("GET", f"parties/{theirs['parties']}/timeline", None),
            ("GET", f"parties/{theirs['parties']}/records", None),
            ("GET", f"interactions/{theirs['interactions']}/messages", None),
            ("GET", f"messages/{message}/source", None),
            ("GET", f"messages/{message}/html", None),
            ("POST", f"points/{whole['points'][0]['id']}/reveal", {"reason": "just curious about it"}),
            ("POST", f"cases/{theirs['cases']}/notes", {"text": "x"}),
            ("POST", "merges", {"survivor": mine["parties"], "losers": [theirs["parties"]]}),
            ("POST", "cases", {"subject": "x", "party": theirs["parties"]}),
            ("POST", f"parties/{mine['parties']}/links", {"to": theirs["parties"], "role": "family"}),
            ("POST", f"interactions/{mine['interactions']}/party", {"party": theirs["parties"]}),
            ("GET", f"interactions?party={theirs['parties']}", None),
        ):
            answer = await ann.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code == 404, (path, answer.text)
        found = (await ann.get("/api/v1/lookup", params={"phone": "13800138001"})).json()
        assert [(one["name"], one["points"]) for one in found["candidates"]] == [("客户 mate", [])]
        assert found["timeline"] == []
        assert (await ann.patch(f"/api/v1/parties/{mine['parties']}", json={"vip": 1})).status_code == 200


async def test_an_export_takes_who_is_seen(small_store: Store, clock: ManualClock, tmp_path: Path) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "segment", role="supervisor")
    await things(house)
    async with await house.logged_in("sue") as sue:
        file = await sue.post("/api/v1/exports", json={"form": "jsonl"})
    assert [line.count("客户 segment") for line in file.text.splitlines() if line.strip()] == [1]


async def test_the_contact_in_hand_shows_its_customer_until_a_while_after_and_the_log_says_so(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(store, clock, tmp_path / "static", "own")
    made = await things(house)
    party, contact = made["parties"]["nobody"], made["interactions"]["nobody"]
    path = f"/api/v1/parties/{party}"
    table = schema.interaction

    async def stands(**values: Any) -> None:
        await store.write(lambda conn: conn.execute(table.update().where(table.c.id == contact).values(**values)))

    async with await house.logged_in("ann") as ann, await house.logged_in("bob") as bob:
        assert (await ann.get(path)).status_code == 404
        await stands(agent="id-ann", state="active", ended_at=None)
        assert (await ann.get(path)).status_code == 200
        assert (await ann.get(f"{path}/timeline")).json()["items"][0]["id"] == contact
        assert (await ann.get(f"/api/v1/cases/{made['cases']['nobody']}")).status_code == 200
        assert (await ann.patch(path, json={"salutation": "女士"})).status_code == 200
        assert (await bob.get(path)).status_code == 404
        await stands(state="closed", ended_at=clock.now())
        clock.advance(29 * 60)
        assert (await ann.get(path)).status_code == 200
        clock.advance(2 * 60)
        assert (await ann.get(path)).status_code == 404
    await house.reads.flush()
    told = [
        one for one in await store.read(audit.listed) if one["action"] == "party.read" and one["object_id"] == party
    ]
    assert {(one["actor"], one["detail"].get("part")) for one in told} == {("id-ann", "grant"), ("id-ann", "timeline")}


async def test_an_offer_shows_whoever_its_address_may_mean(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own")
    town = Town(small_store, clock.now())
    shared = number("13900139000")
    twins = [await town.party(name, shared) for name in ("李雷", "李磊")]
    claim = schema.contact_claim
    point = await small_store.read(
        lambda conn: conn.execute(claim.select().where(claim.c.party_id == twins[0])).one().contact_point_id
    )
    contact = await town.interaction(state="offered", ended_at=None, contact_point_id=point)
    offer = {"id": "o1", "interaction_id": contact, "agent": "id-ann", "lease": "l1", "channel": "email"}
    offer |= {"offered_at": clock.now(), "expires_at": clock.now()}
    await small_store.write(lambda conn: conn.execute(schema.offer.insert().values(**offer)))
    async with await house.logged_in("ann") as ann, await house.logged_in("bob") as bob:
        for party in twins:
            assert (await ann.get(f"/api/v1/parties/{party}")).status_code == 200
            assert (await bob.get(f"/api/v1/parties/{party}")).status_code == 404
