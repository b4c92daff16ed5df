"""Lists that are no lists of customers hold to the scope, too; and who sees a customer by hand makes nobody theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contactd.clock import rfc3339
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.desk.changes import InteractionUpsert
from contactd.testing.clock import ManualClock
from tests.api.test_scopes import peopled, things


async def test_what_stands_behind_figures_in_the_queue_and_on_work_lists_is_what_is_seen(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(store, clock, tmp_path / "static", "own", role="supervisor")
    made, at = await things(house), clock.now()
    parties, contacts = made["parties"], made["interactions"]

    def unit(conn: Any) -> None:
        conn.execute(s.party.update().where(s.party.c.id == parties["own"]).values(owner_id="id-sue"))
        for name, ident in contacts.items():
            entered = {"interaction_id": ident, "n": 1, "line": "support", "reason": "arrival", "entered_at": at}
            conn.execute(s.interaction_segment.insert().values(**entered, outcome="handled"))
            conn.execute(s.case_.update().where(s.case_.c.id == made["cases"][name]).values(closed_at=at))
        pair = {"score": 1.0, "at": at}
        conn.execute(s.dup_candidate.insert().values(id="d", a=parties["own"], b=parties["mate"], **pair))

    await store.write(unit)
    view = {"channel": "email", "line": "support", "state": "queued", "agent": None, "queued_at": rfc3339(at)}
    upserts = [InteractionUpsert(view=view | {"id": ident, "live": False}) for ident in contacts.values()]
    house.views.apply(upserts, at)
    clock.advance(60)
    async with await house.logged_in("sue") as sue, await house.logged_in("adam") as adam:
        for client, wanted in ((sue, [contacts["own"]]), (adam, sorted(contacts.values()))):
            behind = (await client.get("/api/v1/reports/behind")).json()["items"]
            assert sorted(one["interaction"] for one in behind) == wanted
            queue = (await client.get("/api/v1/queue")).json()["items"]
            assert sorted(one["id"] for one in queue) == wanted
            pairs = (await client.get("/api/v1/duplicates")).json()["items"]
            assert [one["id"] for one in pairs] == (["d"] if client is adam else [])
            body = {"subject": "x", "cases": {"closed_after": rfc3339(at)}}
            listed = await client.post("/api/v1/follow-ups", json=body)
            assert len(listed.json()["tasks"]) == len(wanted), listed.text


async def test_a_customer_in_hand_is_nobodys_to_take(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    house = await peopled(store, clock, tmp_path / "static", "own", role="supervisor")
    made = await things(house)
    theirs, contact, table = made["parties"]["mate"], made["interactions"]["mate"], s.interaction
    held = table.update().where(table.c.id == contact).values(agent="id-sue", state="active", ended_at=None)
    owned = s.party.update().where(s.party.c.id == made["parties"]["own"]).values(owner_id="id-sue")
    await store.write(lambda conn: [conn.execute(one) for one in (held, owned)])
    async with await house.logged_in("sue") as sue:
        path = f"/api/v1/parties/{theirs}"
        for change in ({"owner": "id-sue"}, {"team": "north"}, {"segment": "gold"}):
            refused = await sue.patch(path, json=change)
            assert (refused.status_code, refused.json()["code"]) == (403, "by_hand"), change
        merge = {"survivor": made["parties"]["own"], "losers": [theirs]}
        assert (await sue.post("/api/v1/merges", json=merge)).json()["code"] == "by_hand"
        assert (await sue.patch(path, json={"salutation": "女士"})).status_code == 200
        owned_path = f"/api/v1/parties/{made['parties']['own']}"
        assert (await sue.patch(owned_path, json={"owner": "id-bob"})).status_code == 200


async def test_an_old_contact_of_ones_own_tells_no_more_of_its_customer_than_the_name(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own")
    contact, table = (await things(house))["interactions"]["mate"], s.interaction
    mine = table.update().where(table.c.id == contact).values(agent="id-ann")
    await small_store.write(lambda conn: conn.execute(mine))
    clock.advance(3600)
    async with await house.logged_in("ann") as ann, await house.logged_in("adam") as adam:
        path = f"/api/v1/interactions/{contact}"
        assert (await adam.get(path)).json()["customer"]["timeline"] != []
        assert (await ann.get(path)).json()["customer"]["timeline"] == []


async def test_a_campaigns_figures_count_the_members_one_sees(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    house = await peopled(store, clock, tmp_path / "static", "own")
    people = (await things(house))["parties"]
    async with await house.logged_in("adam") as adam, await house.logged_in("ann") as ann:
        fields = {"about": "hello", "from": "00:00", "to": "23:59", "purpose": "service"}
        made = await adam.post("/api/v1/records", json={"kind": "campaign", "title": "Autumn", "fields": fields})
        path = f"/api/v1/records/{made.json()['id']}"
        assert (await adam.post(f"{path}/members", json={"parties": list(people.values())})).json()["added"] == 5
        for client, wanted in ((adam, 5), (ann, 1)):
            assert len((await client.get(f"{path}/members")).json()["items"]) == wanted
            assert (await client.get(f"{path}/figures")).json()["members"] == wanted
