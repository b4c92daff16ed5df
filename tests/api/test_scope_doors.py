"""No way round a scope: every route that takes an id, every way to write a body, and more names than fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.api.house import House
from tests.api.test_scopes import peopled, things

REFUSED = "There is no such thing."
ROUTES = {
    "/api/v1/parties/": "parties",
    "/api/v1/interactions/": "interactions",
    "/api/v1/cases/": "cases",
    "/api/v1/points/": "points",
    "/api/v1/messages/": "messages",
    "/files/": "files",
    "/api/v1/recordings/": "recordings",
    "/api/v1/records/": "records",
    "/api/v1/tasks/": "tasks",
    "/api/v1/promises/": "promises",
    "/api/v1/merges/": "merges",
    "/api/v1/duplicates/": "duplicates",
    "/api/v1/links/": "links",
    "/api/v1/privacy/requests/": "requests",
    "/api/v1/privacy/holds/": "holds",
}
LIKE_JSON = (
    *("application/json", "Application/JSON", "application/x+json", "APPLICATION/vnd.x+JSON;a=b"),
    *("application/json ; charset=utf-8", " application/json", "text/plain", "application/octet-stream"),
)


async def foreign(house: House, made: dict[str, dict[str, str]]) -> dict[str, str]:
    """One thing of each kind that is bob's; what is between two customers has one that is ann's."""
    at, names = house.clock.now(), {kind: idents["mate"] for kind, idents in made.items()}
    party, contact, own = names["parties"], names["interactions"], made["parties"]["own"]
    one = s.message.select().where(s.message.c.interaction_id == contact)
    message = await house.store.read(lambda conn: conn.execute(one).one().id)
    claim = s.contact_claim.select().where(s.contact_claim.c.party_id == party)
    point = await house.store.read(lambda conn: conn.execute(claim).first().contact_point_id)
    made_at = {"created_at": at, "updated_at": at}
    rows: tuple[tuple[Any, dict[str, Any]], ...] = (
        (s.attachment, {"message_id": message, "interaction_id": contact, "blob": "b", "size": 1, "at": at}),
        (s.recording, {"name": "r", "interaction_id": contact, "segment": 1, "channel": "voice", "agent": "id-ann"}),
        (s.record, {"kind": "order", "no": "O-1", "party_id": party, "stage": "new", **made_at}),
        (s.task, {"kind": "follow_up", "party_id": party, "due_at": at, "created_at": at}),
        (s.promise, {"party_id": party, "due_at": at, "owner": "id-bob", "made_at": at}),
        (s.merge_op, {"survivor": own, "at": at}),
        (s.dup_candidate, {"a": own, "b": party, "score": 1.0, "at": at}),
        (s.privacy_request, {"kind": "erase", "party_id": party, "asked_by": "id-bob", "asked_at": at}),
        (s.legal_hold, {"party_id": party, "at": at, "by": "id-bob"}),
        (s.party_link, {"from_party": own, "to_party": party, "role": "family", "created_at": at}),
    )
    more = {s.recording: {"state": "kept", "started_at": at, "length_ms": 1}, s.attachment: {"n": 1}}

    def unit(conn: Any) -> None:
        for table, values in rows:
            conn.execute(table.insert().values(id=f"x-{table.name}", **values, **more.get(table, {})))
        for member in (own, party):
            conn.execute(s.merge_member.insert().values(op_id="x-merge_op", party_id=member))

    await house.store.write(unit)
    kinds = ("files", "recordings", "records", "tasks", "promises", "merges", "duplicates")
    kinds += ("requests", "holds", "links")
    idents = {kind: f"x-{table.name}" for kind, (table, _) in zip(kinds, rows, strict=True)}
    return names | {"messages": message, "points": point} | idents


def doors(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return (method, path, kind) of every route whose path names a thing of a customer."""
    for path, operations in document["paths"].items():
        for begin, kind in ROUTES.items():
            if path.startswith(begin + "{"):
                yield from ((method.upper(), path, kind) for method in operations)


async def test_every_route_that_takes_an_id_refuses_what_is_not_seen(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own", role="supervisor")
    made = await things(house)
    idents = await foreign(house, made)
    open_, tried = [], set()
    async with await house.logged_in("sue") as sue:
        document = (await sue.get("/api/v1/openapi.json")).json()
        for method, path, kind in doors(document):
            where = path.replace("{ident}", idents[kind], 1).replace("{point}", idents["points"])
            answer = await sue.request(method, where)
            refused = answer.status_code == 404 and answer.json()["detail"] == REFUSED
            if not refused and answer.status_code != 403:
                open_.append((method, path, answer.status_code))
            if refused:
                tried.add(kind)
        lists = [(await sue.get(f"/api/v1/privacy/{kind}")).json()["items"] for kind in ("requests", "holds")]
    assert lists == [[], []]
    assert not open_
    assert tried == set(ROUTES.values())


@pytest.mark.parametrize("kind", LIKE_JSON)
async def test_no_content_type_hides_what_a_body_names(
    small_store: Store, clock: ManualClock, tmp_path: Path, kind: str
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own")
    theirs = (await things(house))["parties"]["mate"]
    async with await house.logged_in("ann") as ann:
        for path, body in (
            ("promises", {"text": "x", "due_at": "2030-01-01T00:00:00Z", "party": theirs}),
            ("follow-ups", {"subject": "x", "parties": [theirs]}),
            ("promises", {"text": "x", "more": [{"deep": {"party": theirs}}]}),
        ):
            sent = await ann.post(f"/api/v1/{path}", content=json.dumps(body).encode(), headers={"content-type": kind})
            assert (sent.status_code, sent.json()["detail"]) == (404, REFUSED), path


async def test_what_stands_behind_many_names_is_looked_at_and_too_many_are_refused(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "own")
    made = (await things(house))["parties"]
    padding = [f"nobody-{n}" for n in range(1200)]
    async with await house.logged_in("ann") as ann:
        for losers, wanted in (([*padding[:60], made["mate"]], 404), (padding, 400)):
            sent = await ann.post("/api/v1/merges", json={"survivor": made["own"], "losers": losers})
            assert sent.status_code == wanted, sent.text
        assert sent.json()["code"] == "too_many"
        twice = await ann.get(f"/api/v1/interactions?party={made['own']}&party={made['mate']}")
        assert twice.status_code == 404
