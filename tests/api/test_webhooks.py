"""What changed is told in order, signed, again until it is taken; nobody's data is in it, and it leads nowhere inside."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest

from contactd.core.address import phone_point
from contactd.crm_store import change_rows, due_rows, schema, search_docs
from contactd.desk import webhooks
from contactd.desk.fetching import RefusedError
from contactd.desk.seeing import Seeing
from contactd.desk.webhooks import TRIES, Poster, Webhooks
from tests.api.house import House
from tests.crm_store.town import Town

NUMBER = "13800138000"


class Receiver:
    """Takes what is sent, or does not."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        self.answers: list[int | Exception] = []

    async def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        if answer < 300:
            self.got.append((headers, body))
        return answer

    def heard(self) -> list[tuple[str, str]]:
        return [(one["kind"], one["ref"]) for _, body in self.got for one in json.loads(body)["changes"]]


async def tended(house: House) -> None:
    """Do what is done behind the live work."""
    now = house.clock.now()
    for unit in (search_docs.index_parties, search_docs.index_cases, change_rows.closed):
        while await house.store.write(partial(unit, now=now), bulk=True):
            pass


async def feed(client: Any, cursor: str = "0", **more: Any) -> tuple[list[tuple[str, str]], str]:
    answer = (await client.get("/api/v1/changes", params={"cursor": cursor, **more})).json()
    return [(one["kind"], one["ref"]) for one in answer["items"]], answer["cursor"]


async def test_the_feed_tells_what_changed_in_order(both: House) -> None:
    town = Town(both.store, at=both.clock.now())
    point = phone_point(NUMBER)
    assert point is not None
    await tended(both)
    li, lei = await town.party("李雷", point), await town.party("李磊")
    async with await both.with_token("read") as client:
        await tended(both)
        heard, cursor = await feed(client)
        assert sorted(heard) == [("party.changed", li), ("party.changed", lei)]
        contact = await town.interaction(li, "hello", outcome="handled")
        await both.store.write(partial(due_rows.mark_party, party=lei, now=town.at))
        await town.merge(lei, li)
        await tended(both)
        await tended(both)
        heard, cursor = await feed(client, cursor)
        assert sorted(heard) == [("interaction.closed", contact), ("party.merged", lei)]
        assert await feed(client, cursor) == ([], cursor)
        assert (await feed(client, kind="interaction.closed"))[0] == [("interaction.closed", contact)]
        (page,) = [(await client.get("/api/v1/changes", params={"limit": 2})).json()]
        assert (len(page["items"]), page["next_cursor"]) == (2, page["cursor"])
        # One that was opened again and ended again is told again; nothing else twice.
        ended = {"ended_at": town.at + timedelta(hours=1)}
        table = schema.interaction
        await both.store.write(lambda conn: conn.execute(table.update().where(table.c.id == contact).values(**ended)))
        await tended(both)
        assert (await feed(client, cursor))[0] == [("interaction.closed", contact)]


async def made(house: House, **given: Any) -> tuple[str, str]:
    """Add a webhook; return its id and secret."""
    async with await house.logged_in("adam") as client:
        answer = await client.post("/api/v1/webhooks", json={"url": "https://erp.example/hook", **given})
        assert answer.status_code == 201, answer.text
        listed = await client.get("/api/v1/webhooks")
        assert answer.json()["secret"] not in listed.text
        return answer.json()["id"], answer.json()["secret"]


async def state(house: House, ident: str) -> dict[str, Any]:
    async with await house.logged_in("adam") as client:
        items = (await client.get("/api/v1/webhooks")).json()["items"]
    return next(one for one in items if one["id"] == ident)


async def test_what_comes_between_two_looks_is_told_the_next_time(both: House, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver()
    sender = Webhooks(both.store, both.clock, receiver)  # type: ignore[arg-type]  # a double at the outer edge
    await made(both, kinds=["case.changed"])
    now = both.clock.now()

    async def happens(kind: str, ref: str) -> None:
        await both.store.write(lambda conn: change_rows.append(conn, [(kind, ref, {}, None)], now))

    await happens("party.changed", "p-1")
    read, looks = both.store.read, 0

    async def between(query: Any) -> Any:
        nonlocal looks
        found, looks = await read(query), looks + 1
        if looks == 1:
            await happens("case.changed", "c-1")
        return found

    monkeypatch.setattr(both.store, "read", between)
    for _ in range(2):
        await sender.some()
    assert receiver.heard() == [("case.changed", "c-1")]


async def test_a_webhook_hears_what_the_role_of_who_made_it_is_shown(both: House) -> None:
    receiver = Receiver()
    shown = Seeing(fields={"admin": {"outcome": "hide"}, "program": {"line": "hide"}})
    sender: Any = Webhooks(both.store, both.clock, cast("Any", receiver), shown.levels)
    await made(both)
    told = ("interaction.closed", "c-1", {"line": "support", "outcome": "handled"}, None)
    await both.store.write(lambda conn: change_rows.append(conn, [told], both.clock.now()))
    await sender.some()
    (change,) = json.loads(receiver.got[0][1])["changes"]
    assert change["data"] == {"line": "support", "outcome": None}


async def test_changes_are_told_signed_once_and_without_anybodys_data(both: House) -> None:
    town, receiver = Town(both.store, at=both.clock.now()), Receiver()
    sender = Webhooks(both.store, both.clock, receiver)  # type: ignore[arg-type]  # a double at the outer edge
    ident, secret = await made(both)
    only, _ = await made(both, kinds=["interaction.closed"])
    point = phone_point(NUMBER)
    assert point is not None
    li = await town.party("李雷", point)
    await tended(both)
    for _ in range(2):
        await sender.some()
    assert receiver.heard() == [("party.changed", li)]
    headers, body = receiver.got[0]
    assert NUMBER not in body.decode()
    assert "李雷" not in json.dumps(json.loads(body), ensure_ascii=False)
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    version, _, signed = headers["webhook-signature"].partition(",")
    assert (version, b64decode(signed)) == ("v1", hmac.digest(key, said, hashlib.sha256))
    for one in (ident, only):
        assert (await state(both, one))["behind"] == 0


async def test_what_is_not_taken_comes_again_later_and_in_order(both: House) -> None:
    town, receiver = Town(both.store, at=both.clock.now()), Receiver()
    sender = Webhooks(both.store, both.clock, receiver)  # type: ignore[arg-type]  # as above
    ident, _ = await made(both)
    first = await town.party("李雷")
    await tended(both)
    receiver.answers = [500, OSError("no route")]
    await sender.some()
    assert (await state(both, ident))["last_error"] == "status 500"
    await sender.some()
    assert len(receiver.answers) == 1, "not before its time"
    both.clock.advance(11)
    await sender.some()
    second = await town.party("李磊")
    await tended(both)
    both.clock.advance(21)
    await sender.some()
    assert receiver.heard() == [("party.changed", first), ("party.changed", second)]
    assert (await state(both, ident))["failures"] == 0


async def test_what_is_never_taken_is_kept_and_told_on_demand(both: House) -> None:
    town, receiver = Town(both.store, at=both.clock.now()), Receiver()
    sender = Webhooks(both.store, both.clock, receiver)  # type: ignore[arg-type]  # as above
    ident, _ = await made(both)
    lost = await town.party("李雷")
    await tended(both)
    receiver.answers = [503] * TRIES
    for _ in range(TRIES):
        await sender.some()
        both.clock.advance(3601)
    found = await town.party("李磊")
    await tended(both)
    await sender.some()
    assert receiver.heard() == [("party.changed", found)]
    assert (await state(both, ident))["dead"] == 1
    async with await both.logged_in("adam") as client:
        path = f"/api/v1/webhooks/{ident}/replay"
        assert (await client.post(path, json={})).status_code == 200
        await sender.some()
        assert receiver.heard()[1:] == [("party.changed", lost), ("party.changed", found)]
        assert (await state(both, ident))["dead"] == 0
        assert (await client.post(path, json={})).json()["code"] == "nothing_dead"
        assert (await client.post(path, json={"after": 0})).status_code == 200
        assert (await client.delete(f"/api/v1/webhooks/{ident}")).status_code == 204
        assert (await client.post(path, json={})).status_code == 404


async def test_one_that_wants_no_more_is_left_alone(house: House) -> None:
    town, receiver = Town(house.store, at=house.clock.now()), Receiver()
    sender = Webhooks(house.store, house.clock, receiver)  # type: ignore[arg-type]  # as above
    ident, _ = await made(house)
    await town.party("李雷")
    await tended(house)
    receiver.answers = [410]
    await sender.some()
    house.clock.advance(7200)
    await sender.some()
    assert (receiver.got, (await state(house, ident))["active"]) == ([], False)


async def test_two_nodes_tell_a_webhook_one_after_the_other(both: House) -> None:
    town, receiver = Town(both.store, at=both.clock.now()), Receiver()
    await made(both)
    for name in ("李雷", "李磊", "韩梅"):
        await town.party(name)
    await tended(both)
    senders = [Webhooks(both.store, both.clock, receiver) for _ in range(3)]  # type: ignore[arg-type]  # as above
    await asyncio.gather(*(sender.some() for sender in senders))
    assert len(receiver.heard()) == len(set(receiver.heard())) == 3


@pytest.mark.parametrize(
    ("address", "found", "why"),
    [
        ("https://inside.example/", ["10.0.0.1"], "an address inside"),
        ("https://both.example/", ["1.1.1.1", "127.0.0.1"], "an address inside"),
        ("http://open.example/", ["1.1.1.1"], "not by https"),
        ("https://user:word@x.example/", ["1.1.1.1"], "no address to send to"),
        ("ftp://x.example/", ["1.1.1.1"], "no address to send to"),
        ("https://nowhere.example/", [], "an address inside"),
    ],
)
async def test_nothing_is_sent_inside(address: str, found: list[str], why: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return found

    with pytest.raises(RefusedError, match=why):
        await Poster(resolve=resolve).post(address, b"{}", {})


async def test_a_name_that_is_never_found_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(webhooks, "SECONDS", 0.01)
    with pytest.raises(TimeoutError):
        await Poster(resolve=silent).post("https://hook.example/x", b"{}", {})


async def test_a_network_the_operator_names_is_reached_by_http() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        status = await Poster(["127.0.0.0/8"]).post(f"http://127.0.0.1:{port}/h", b"{}", {"webhook-id": "a"})
    assert status == 204
    assert heard[0].startswith(b"POST /h ")
    assert b"webhook-id: a" in heard[0].lower()


@pytest.mark.parametrize(
    "body", [{"url": "ftp://x.example/"}, {"url": "https://x.example/", "kinds": ["nonsense"]}, {}]
)
async def test_a_webhook_that_is_none_is_refused(house: House, body: dict[str, Any]) -> None:
    async with await house.logged_in("adam") as client:
        assert (await client.post("/api/v1/webhooks", json=body)).status_code == 400


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the standard's own libraries.
    signed = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
