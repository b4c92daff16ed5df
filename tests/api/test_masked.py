"""An agent who sees numbers masked cannot get one; who reveals one says why, and it stands in the log."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactd.agent_ui.console import Console
from contactd.core.address import phone_point
from contactd.core.case_plan import NO_PLAN
from contactd.core.levels import Levels
from contactd.core.party import Point
from contactd.crm_store import audit, case_rows, customer, match_rows, schema, search_docs
from contactd.crm_store.store import Store
from contactd.desk.changes import InteractionUpsert
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire
from tests.crm_store.town import Town

NUMBER, MIDDLE = "13800138000", re.compile(r"138\W{0,2}0013|0013\W{0,2}8000|13800138000")


@pytest.fixture
async def masked(small_store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """A house whose agents see numbers masked."""
    await hire(small_store, clock)
    return build(small_store, clock, tmp_path / "static", masked_roles=("agent",))


def mobile() -> Point:
    point = phone_point(NUMBER)
    assert point is not None
    return point


async def known(house: House) -> dict[str, str]:
    """A customer whose number stands wherever one can stand."""
    town = Town(house.store)
    party = await town.party("李雷", mobile())
    await town.party("李磊", mobile())
    contact = await town.interaction(
        party, f"call me\n{NUMBER}", raw_from="+8613800138000", subject=f"re {NUMBER}", channel="voice"
    )
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    values = {"subject": f"call {NUMBER}", "party_id": party, "body": f"138 0013 8000 {NUMBER}"}
    await house.store.write(lambda conn: case_rows.create(conn, "case-1", values, **about))
    while await house.store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    await house.store.write(lambda conn: search_docs.index_cases(conn, town.at), bulk=True)
    missing, _ = await house.store.read(lambda conn: search_docs.unindexed(conn, None))
    await house.store.write(lambda conn: search_docs.index_messages(conn, missing, town.at), bulk=True)
    await house.store.write(lambda conn: match_rows.match_some(conn, town.at, lambda: town.new_id("pair")), bulk=True)
    (point,) = await house.store.read(lambda conn: customer.of_point(conn, mobile())["candidates"][0]["points"])
    assert point
    return {"party": party, "interaction": contact}


async def test_no_answer_of_the_interface_shows_a_number(masked: House) -> None:
    """Every GET of the reference is asked, with whatever it may name; and an overseer does see the number."""
    ids = await known(masked)
    async with await masked.logged_in("ann") as agent, await masked.logged_in("sue") as boss:
        document = (await boss.get("/api/v1/openapi.json")).json()
        shown_to_boss, asked = "", 0
        for path, methods in document["paths"].items():
            if "get" not in methods or path == "/metrics":
                continue
            for ident in (ids["party"], ids["interaction"], "case-1"):
                real = re.sub(r"\{\w+\}", ident, path)
                params = {"q": "李", "phone": NUMBER} if path.endswith(("search", "lookup")) else {}
                answer = await agent.get(real, params=params)
                assert not MIDDLE.search(answer.text), (real, answer.text[:300])
                shown_to_boss += (await boss.get(real, params=params)).text
                asked += answer.status_code == 200
        assert asked > 20
        assert MIDDLE.search(shown_to_boss), "the test would see a number"
        assert "138****8000" in (await agent.get(f"/api/v1/parties/{ids['party']}")).text


@pytest.mark.parametrize("typed", ["0013", "138001", "1380013", "13800138", "00138000", "138 0013", "800138"])
async def test_a_number_cannot_be_tried_out_by_searching(masked: House, typed: str) -> None:
    await known(masked)
    async with await masked.logged_in("ann") as agent:
        assert (await agent.get("/api/v1/search", params={"q": typed})).json()["items"] == []
        assert (await agent.get("/api/v1/parties", params={"q": typed})).json()["items"] == []


@pytest.mark.parametrize("typed", ["8000", NUMBER, "李雷"])
async def test_what_one_knows_or_is_told_still_finds_the_customer(masked: House, typed: str) -> None:
    ids = await known(masked)
    async with await masked.logged_in("ann") as agent:
        hits = (await agent.get("/api/v1/search", params={"q": typed})).json()["items"]
        assert ids["party"] in {hit["id"] for hit in hits}


async def test_what_an_agent_writes_is_answered_masked_too(masked: House) -> None:
    ids = await known(masked)
    async with await masked.logged_in("ann") as agent:
        for method, path, body in (
            ("PATCH", f"/api/v1/parties/{ids['party']}", {"vip": 1}),
            ("POST", "/api/v1/cases/case-1/notes", {"text": "x"}),
            ("POST", f"/api/v1/interactions/{ids['interaction']}/party", {"party": ids["party"]}),
        ):
            answer = await agent.request(method, path, json=body, headers={"idempotency-key": path})
            assert answer.status_code == 200
            again = await agent.request(method, path, json=body, headers={"idempotency-key": path})
            assert not MIDDLE.search(answer.text + again.text)


async def test_the_console_socket_is_masked_too(masked: House) -> None:
    view = {"id": "i1", "channel": "voice", "direction": "inbound", "line": "support", "state": "queued", "agent": None}
    view |= {"queued_at": "2026-11-02T08:00:00.000Z", "answered_at": None, "outcome": None, "state_since": None}
    view |= {"from": "+8613800138000", "subject": f"call {NUMBER}", "last_message": f"a\n{NUMBER}"}
    for hidden in (True, False):
        actor = Actor(id="id-sue", name="Sue", role="supervisor", masked=hidden, levels=Levels(numbers=hidden))
        console = Console(actor, masked.views)
        console.greet(masked.views.audience.add(f"key-{hidden}", actor.id, actor.role), "", 0)
        frames = console.take()
        masked.views.apply([InteractionUpsert(view=view)], masked.clock.now())
        masked.clock.advance(1)
        masked.views.apply([], masked.clock.now())
        console.answer('{"type":"result","id":"a","ok":true,"data":{"to":"13800138000"}}')
        frames += console.take()
        assert bool(MIDDLE.search("".join(frames))) is not hidden


async def test_revealing_one_number_needs_a_reason_and_is_on_record(masked: House) -> None:
    ids = await known(masked)
    async with await masked.logged_in("ann") as agent:
        (point,) = (await agent.get(f"/api/v1/parties/{ids['party']}")).json()["points"]
        path = f"/api/v1/points/{point['contact_point']}/reveal"
        assert (await agent.post(path, json={})).status_code == 400
        assert (await agent.post(path, json={"reason": "x"})).status_code == 400
        shown = await agent.post(path, json={"reason": "the line is dead, calling by mobile"})
        assert shown.json()["value"] == "+8613800138000"
        assert (await agent.post("/api/v1/points/none/reveal", json={"reason": "because"})).status_code == 404
    (entry,) = [one for one in await masked.store.read(audit.listed) if one["action"] == "point.reveal"]
    assert (entry["actor"], entry["object_id"]) == ("id-ann", point["contact_point"])
    assert entry["detail"] == {"reason": "the line is dead, calling by mobile"}


NINE_WAYS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "the customer's page": ("GET", "/api/v1/parties/{party}", {}),
    "the timeline": ("GET", "/api/v1/parties/{party}/timeline", {}),
    "what was said": ("GET", "/api/v1/interactions/{interaction}/messages", {}),
    "a search by the middle": ("GET", "/api/v1/search?q=138001", {}),
    "the original, encoded": ("GET", "/api/v1/messages/{message}/source", {}),
    "its header lines, encoded": ("GET", "/api/v1/messages/{message}/headers", {}),
    "all that is kept, as a file": ("GET", "/api/v1/parties/{party}/archive", {}),
    "an export": ("POST", "/api/v1/exports", {"form": "jsonl"}),
    "a table brought to be matched": ("POST", "/api/v1/import-files", {"name": "a.csv", "size": 9}),
}


@pytest.mark.parametrize("way", NINE_WAYS)
async def test_a_masked_agent_gets_no_number_by_any_of_nine_ways(masked: House, way: str) -> None:
    ids = await known(masked)
    encoded = base64.b64encode(NUMBER.encode())
    raw = b"Subject: =?utf-8?B?" + encoded + b"?=\r\nReply-To: " + NUMBER.encode() + b"\r\n\r\n" + encoded
    row = {"receipt_id": "r1", "interaction_id": ids["interaction"], "size": len(raw), "digest": "d", "inline": raw}

    def original(conn: Any) -> str:
        conn.execute(schema.raw.insert().values(**row))
        conn.execute(schema.message.update().values(headers={"receipt": "r1"}, direction="inbound"))
        return str(conn.execute(select(schema.message.c.id)).scalars().first())

    ids["message"] = await masked.store.write(original)
    method, path, body = NINE_WAYS[way]
    async with await masked.logged_in("ann") as agent:
        answer = await agent.request(method, path.format(**ids), json=body or None)
        assert answer.status_code in {200, 403}
        assert not MIDDLE.search(answer.text)
        assert encoded.decode() not in answer.text
