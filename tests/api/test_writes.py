"""REST writes: contacts brought in, repeated requests, quarantine, files."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contactd.api import files
from contactd.core.errors import BusyError, StoreDownError
from contactd.crm_store import schema
from contactd.crm_store.statements import insert
from tests.api.house import House
from tests.crm_store.town import Town

FORM = {
    "channel": "form",
    "line": "support",
    "from": "li@example.com",
    "to": "www",
    "name": "李雷",
    "subject": "Invoice",
    "text": "Where is it?",
    "priority": 5,
    "skills": [{"skill": "billing", "level": 3}],
    "attachments": [{"name": "a.txt", "media_type": "text/plain", "data": base64.b64encode(b"hi").decode()}],
}


async def test_a_contact_comes_in_by_the_door(house: House) -> None:
    async with await house.with_token("intake") as client:
        answer = await client.post("/api/v1/interactions", json={**FORM, "external_key": "42"})
    assert answer.status_code == 201
    assert answer.json() == {"id": "i1", "receipt": "r1", "duplicate": False, "joined": False}
    ((arrival, content),) = house.door.came
    assert (arrival.channel, arrival.adapter, arrival.line, arrival.sender) == (
        "form",
        "api",
        "support",
        "li@example.com",
    )
    assert arrival.external_key.endswith(":42")
    assert content is not None
    assert content.sender is not None
    assert (content.sender.value, content.skills, content.priority) == ("li@example.com", (("billing", 3),), 5)
    (message,) = content.messages
    assert (message.text, message.sender_name, message.attachments[0].data) == ("Where is it?", "李雷", b"hi")
    assert b"Where is it?" in arrival.raw


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "../x"}, "channel"),
        ({"line": "nowhere"}, "line"),
        ({"priority": 10}, "priority"),
        ({"text": "a\u0000"}, "text"),
        ({"attachments": [{"name": "a", "data": "not base64!"}]}, "attachments.0.data"),
        ({"from": "a\r\nBcc: b"}, "from"),
    ],
)
async def test_what_is_no_contact_is_a_bad_request(house: House, change: dict[str, Any], field: str) -> None:
    async with await house.with_token("intake") as client:
        answer = await client.post("/api/v1/interactions", json={**FORM, **change})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert house.door.came == []


@pytest.mark.parametrize("channel", ["voice", "callback", "chat"])
async def test_a_live_contact_comes_by_its_own_channel_only(house: House, channel: str) -> None:
    async with await house.with_token("intake") as client:
        answer = await client.post("/api/v1/interactions", json={**FORM, "channel": channel})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "live_channel", "channel")
    assert house.door.came == []


@pytest.mark.parametrize(("scopes", "claimed"), [(["intake"], True), (["intake", "vouch"], False)])
async def test_a_program_says_who_sends_it_and_is_believed_only_with_the_scope(
    house: House, scopes: list[str], claimed: bool
) -> None:
    async with await house.with_token(*scopes) as client:
        assert (await client.post("/api/v1/interactions", json=FORM)).status_code == 201
    ((_, content),) = house.door.came
    assert content is not None
    assert content.claimed_sender is claimed


async def test_a_supervisors_word_is_believed(house: House) -> None:
    client = await house.logged_in("sue")
    assert (await client.post("/api/v1/interactions", json=FORM)).status_code == 201
    ((_, content),) = house.door.came
    assert content is not None
    assert not content.claimed_sender


@pytest.mark.parametrize("trouble", [BusyError("later"), StoreDownError("later")])
async def test_what_cannot_be_taken_in_now_may_be_sent_again(house: House, trouble: Exception) -> None:
    house.door.trouble.append(trouble)
    async with await house.with_token("intake") as client:
        headers = {"idempotency-key": "k"}
        first = await client.post("/api/v1/interactions", json=FORM, headers=headers)
        assert first.status_code == 503
        assert "retry-after" in first.headers
        assert (await client.post("/api/v1/interactions", json=FORM, headers=headers)).status_code == 201
    assert len(house.door.came) == 1


async def test_the_same_key_gets_the_same_answer_for_a_day(both: House) -> None:
    async with await both.with_token("intake") as client, await both.with_token("intake", "read") as other:
        headers = {"idempotency-key": "k1"}
        first = await client.post("/api/v1/interactions", json=FORM, headers=headers)
        again = await client.post("/api/v1/interactions", json=FORM, headers=headers)
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        assert again.headers["idempotent-replay"] == "true"
        changed = await client.post("/api/v1/interactions", json={**FORM, "text": "else"}, headers=headers)
        assert (changed.status_code, changed.json()["code"]) == (409, "key_reused")
        assert (await other.post("/api/v1/interactions", json=FORM, headers=headers)).json()["id"] == "i2"
        both.clock.advance(timedelta(hours=24, seconds=1))
        assert (await client.post("/api/v1/interactions", json=FORM, headers=headers)).json()["id"] == "i3"
    assert len(both.door.came) == 3


async def test_a_refusal_is_repeated_too(house: House) -> None:
    client = await house.logged_in("sue")
    for _ in range(2):
        answer = await client.post("/api/v1/interactions/unreadable/replay", headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (409, "unreadable")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_two_at_once_are_carried_out_once(house: House) -> None:
    gate, inside = asyncio.Event(), asyncio.Event()
    accept = house.door.accept

    async def slow(*args: Any) -> Any:
        inside.set()
        await gate.wait()
        return await accept(*args)

    house.door.accept = slow  # type: ignore[method-assign]
    async with await house.with_token("intake") as client:
        headers = {"idempotency-key": "k"}
        first = asyncio.create_task(client.post("/api/v1/interactions", json=FORM, headers=headers))
        await asyncio.wait_for(inside.wait(), 30)
        second = await client.post("/api/v1/interactions", json=FORM, headers=headers)
        assert (second.status_code, second.json()["code"]) == (409, "in_progress")
        gate.set()
        assert (await first).status_code == 201
    assert len(house.door.came) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "ключ"])
async def test_a_key_is_short_and_plain(house: House, key: str) -> None:
    async with await house.with_token("intake") as client:
        headers = {"idempotency-key": key.encode()}
        answer = await client.post("/api/v1/interactions", json=FORM, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 400


async def test_supervisors_empty_the_quarantine(house: House) -> None:
    client = await house.logged_in("sue")
    assert (await client.post("/api/v1/interactions/i1/replay")).status_code == 200
    assert (await client.post("/api/v1/interactions/i2/dismiss", json={"reason": "spam"})).status_code == 200
    assert (await client.post("/api/v1/interactions/i3/dismiss")).status_code == 200
    assert house.aside.done == [("replay", "i1"), ("dismiss", "i2", "id-sue", "spam"), ("dismiss", "i3", "id-sue", "")]


async def with_files(house: House) -> str:
    """Store a message with HTML, a picture of its own, a page and a dangerous attachment; return its id."""
    town = Town(house.store)
    await town.interaction(None, "text")
    message = "message-0002"
    blobs = house.store.blobs
    files = [
        {"id": "svg", "name": "../x\u202egpj.svg", "media_type": "image/svg+xml", "data": b"<svg onload=alert(1)>"},
        {"id": "page", "name": "page-1.png", "media_type": "image/png", "data": b"\x89PNG", "page": 1},
        {"id": "html", "name": "a.html", "media_type": "text/html", "data": b"<script>alert(1)</script>"},
        {
            "id": "logo",
            "name": "logo.png",
            "media_type": "image/png",
            "data": b"\x89PNG-logo",
            "content_id": "<logo@x>",
        },
        {"id": "gone", "name": "gone", "media_type": "image/png", "data": None},
    ]
    rows = [
        {
            "interaction_id": "interaction-0001",
            "message_id": message,
            "n": n,
            "page": None,
            "content_id": None,
            "at": house.clock.now(),
        }
        | {key: value for key, value in file.items() if key != "data"}
        | {"blob": blobs.put(file["data"]) if file["data"] else "0" * 64, "size": len(file["data"] or b"")}
        for n, file in enumerate(files)
    ]
    await house.store.write(lambda conn: conn.execute(insert(schema.attachment).values(rows)))
    await house.store.write(
        lambda conn: conn.execute(schema.message.update().values(body_html_blob=blobs.put(b"<p>hi</p>"))),
    )
    return message


async def test_a_file_is_saved_and_never_shown_except_our_own_pages(house: House) -> None:
    await with_files(house)
    client = await house.logged_in("ann")
    for ident, media, disposition in [
        ("svg", "application/octet-stream", "attachment"),
        ("html", "application/octet-stream", "attachment"),
        ("logo", "image/png", "attachment"),
        ("page", "image/png", "inline"),
    ]:
        answer = await client.get(f"/files/{ident}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media, ident
        assert answer.headers["content-disposition"].startswith(disposition), ident
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers.get_list("content-security-policy") == ["default-src 'none'; sandbox"]
    name = (await client.get("/files/svg")).headers["content-disposition"]
    assert "%E2%80%AE" not in name
    assert "/" not in name.split("''")[1]
    assert (await client.get("/files/gone")).status_code == 404
    assert (await client.get("/files/none")).status_code == 404


@pytest.mark.parametrize("why", ["virus", "type", "unscanned"])
async def test_a_file_that_is_held_is_saved_by_supervisors_only(house: House, why: str) -> None:
    message = await with_files(house)
    await house.store.write(
        lambda conn: conn.execute(schema.attachment.update().values(scan_state=f"held_{why}")),
    )
    agent, supervisor = await house.logged_in("ann"), await house.logged_in("sue")
    refused = await agent.get("/files/logo")
    assert (refused.status_code, refused.json()["code"]) == (403, "held")
    assert (await supervisor.get("/files/logo")).status_code == 200
    assert (await agent.get(f"/api/v1/messages/{message}/html")).text == "<p>9 [] False</p>"
    shown = (await agent.get("/api/v1/interactions/interaction-0001/messages")).json()["items"][0]["attachments"]
    assert {one["held"] for one in shown} == {why}


async def test_a_messages_html_is_rendered_under_a_policy_of_its_own(house: House) -> None:
    message = await with_files(house)
    client = await house.logged_in("ann")
    plain = await client.get(f"/api/v1/messages/{message}/html")
    assert plain.text == "<p>9 ['logo@x'] False</p>"
    policy = plain.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "script" not in policy
    loud = await client.get(f"/api/v1/messages/{message}/html?images=1")
    assert loud.text.endswith("True</p>")
    assert loud.headers["content-security-policy"] == policy
    assert (await client.get("/api/v1/messages/none/html")).status_code == 404


async def test_an_upload_belongs_to_who_brought_it(house: House) -> None:
    client = await house.logged_in("ann")
    files = {"file": ("../../e\u202evil.exe", b"x" * 1000, "text/html; charset=x")}
    answer = await client.post("/api/v1/uploads", files=files)
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"id", "name", "size"}
    assert len(body["id"]) >= 22
    row = await house.store.read(lambda conn: conn.execute(schema.upload.select()).one())
    assert (row.owner, row.size, row.media_type) == ("id-ann", 1000, "text/html")
    assert "/" not in row.name
    assert row.expires_at == house.clock.now() + timedelta(hours=24)
    again = [
        (await client.post("/api/v1/uploads", files=files, headers={"idempotency-key": "k"})).json()["id"]
        for _ in range(2)
    ]
    assert again[0] == again[1]


async def test_an_upload_has_a_size(house: House) -> None:
    client = await house.logged_in("ann")
    large = await client.post("/api/v1/uploads", files={"file": ("a", b"x" * (2 * 1024 * 1024 + 1))})
    huge = await client.post("/api/v1/uploads", files={"file": ("a", b"x" * (5 * 1024 * 1024))})
    assert (large.status_code, huge.status_code) == (413, 413)
    assert (await client.post("/api/v1/uploads")).status_code == 400


async def test_what_one_may_upload_in_an_hour_is_bounded(both: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QUOTA_FILES", 3)
    ann, bob = await both.logged_in("ann"), await both.logged_in("bob")

    async def upload(client: httpx.AsyncClient, data: bytes = b"x") -> httpx.Response:
        return await client.post("/api/v1/uploads", files={"file": ("a.txt", data)})

    done = await asyncio.gather(*(upload(ann) for _ in range(8)))
    assert sorted(one.status_code for one in done) == [201] * 3 + [429] * 5
    assert {one.json()["code"] for one in done if one.status_code == 429} == {"quota"}
    assert (await upload(bob)).status_code == 201
    both.clock.advance(timedelta(hours=1, seconds=1))
    assert (await upload(ann)).status_code == 201


async def test_the_bytes_one_may_upload_in_an_hour_are_bounded(house: House) -> None:
    ann = await house.logged_in("ann")
    codes = [(await ann.post("/api/v1/uploads", files={"file": ("a", b"x" * 1_500_000)})).status_code for _ in range(4)]
    assert codes == [201, 201, 429, 429]
    assert len(list(house.store.blobs.path("0" * 64).parent.parent.glob("??/*"))) == 1
