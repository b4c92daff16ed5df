"""Announcements: who is meant, from when until when, who has read them, and who sees that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from contactd.clock import rfc3339
from contactd.crm_store import audit, schema, team_rows
from tests.api.house import House

PATH = "/api/v1/announcements"


async def announce(client: httpx.AsyncClient, title: str, **values: Any) -> str:
    made = await client.post(PATH, json={"title": title, "body": "…", **values})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def titles(client: httpx.AsyncClient) -> list[str]:
    return [one["title"] for one in (await client.get(PATH)).json()["items"]]


async def placed(house: House, who: str, *, lines: tuple[str, ...] = (), team: str | None = None) -> None:
    rows = [{"agent_id": f"id-{who}", "line": line} for line in lines]

    def unit(conn: Any) -> None:
        conn.execute(schema.agent.update().where(schema.agent.c.id == f"id-{who}").values(team=team))
        for row in rows:
            conn.execute(schema.agent_line.insert().values(row))

    await house.store.write(unit)


async def test_it_reaches_those_it_means(both: House) -> None:
    now = both.clock.now()
    await both.store.write(lambda conn: team_rows.put(conn, "north", name="North", parent=None, now=now))
    await both.store.write(lambda conn: team_rows.put(conn, "north-1", name="North 1", parent="north", now=now))
    await placed(both, "ann", lines=("support",), team="north-1")
    await placed(both, "bob", lines=("*",))
    sue, ann, bob = await both.logged_in("sue"), await both.logged_in("ann"), await both.logged_in("bob")
    await announce(sue, "everybody")
    await announce(sue, "agents", audience={"roles": ["agent"]})
    await announce(sue, "sales", audience={"lines": ["sales"]})
    await announce(sue, "north", audience={"teams": ["north"]})
    await announce(
        sue, "north agents of support", audience={"teams": ["north"], "roles": ["agent"], "lines": ["support"]}
    )
    await announce(sue, "supervisors of north", audience={"teams": ["north"], "roles": ["supervisor"]})
    assert set(await titles(ann)) == {"everybody", "agents", "north", "north agents of support"}
    assert set(await titles(bob)) == {"everybody", "agents", "sales"}
    assert await titles(sue) == ["everybody"]


async def test_it_holds_for_its_time_and_until_it_is_withdrawn(both: House) -> None:
    now = both.clock.now()
    sue, ann = await both.logged_in("sue"), await both.logged_in("ann")
    span = {"begins_at": rfc3339(now + timedelta(minutes=1)), "ends_at": rfc3339(now + timedelta(minutes=3))}
    ident = await announce(sue, "for two minutes", **span)
    assert await titles(ann) == []
    assert (await ann.post(f"{PATH}/{ident}/read")).status_code == 404, "nobody has read what is not there yet"
    both.clock.advance(120)
    assert await titles(ann) == ["for two minutes"]
    both.clock.advance(120)
    assert await titles(ann) == []
    wrong = await sue.post(PATH, json={"title": "x", "begins_at": span["ends_at"], "ends_at": span["begins_at"]})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "ends_at")
    other = await announce(sue, "wrong")
    assert (await ann.post(f"{PATH}/{other}/withdraw")).status_code == 403
    assert (await sue.post(f"{PATH}/{other}/withdraw")).status_code == 204
    assert (await sue.post(f"{PATH}/{other}/withdraw")).status_code == 404
    assert await titles(ann) == []


async def test_who_has_read_it_is_known(both: House) -> None:
    sue, ann = await both.logged_in("sue"), await both.logged_in("ann")
    ident = await announce(sue, "new prices", audience={"roles": ["agent"]}, must=True)
    assert (await ann.post(f"{PATH}/{ident}/read")).status_code == 204
    first = (await ann.get(PATH)).json()["items"][0]["read_at"]
    both.clock.advance(60)
    assert (await ann.post(f"{PATH}/{ident}/read")).status_code == 204
    assert (await ann.get(PATH)).json()["items"][0]["read_at"] == first, "the first time counts"
    assert (await sue.post(f"{PATH}/{ident}/read")).status_code == 404, "they are not meant"
    readers = (await sue.get(f"{PATH}/{ident}/readers")).json()["items"]
    assert [(one["agent"], one["read_at"] is not None) for one in readers] == [("id-bob", False), ("id-ann", True)]
    (item,) = (await sue.get(f"{PATH}?all=1")).json()["items"]
    assert (item["meant"], item["read"], item["must"]) == (2, 1, True)
    assert (await ann.get(f"{PATH}?all=1")).status_code == 403
    assert (await ann.get(f"{PATH}/{ident}/readers")).status_code == 403
    acts = [one["action"] for one in await both.store.read(audit.listed)]
    assert acts == ["announcement.create"]
