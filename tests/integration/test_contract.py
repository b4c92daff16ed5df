"""The names others rely on, one by one, from outside: commands, HTTP, sockets and Python as they were promised."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from contactd.channels.email.parse import parse
from contactd.channels.voice.ami import Session
from contactd.channels.voice.calls import Calls
from contactd.core import effects, events
from contactd.core.address import phone
from contactd.routing.policy import Policy
from contactd.routing.router import Router
from tests.api.test_reads import REST
from tests.integration.house import PASSWORD, PATIENCE_S, Console, House

pytestmark = pytest.mark.integration
HOOK = "a-token-of-sixteen-or-more"
OFFER = ["agent", "outcome", "offered_at", "ring_s"]
SEGMENT = ["line", "reason", "entered_at", "answered_at", "ended_at", "agent", "outcome"]
ON_THE_SOCKET = [
    "id",
    "channel",
    "direction",
    "line",
    "state",
    "priority",
    "skills",
    "subject",
    "queued_at",
    "party_id",
    "resolve_state",
]
MAIL = [
    "from_name",
    "from_address",
    "reply_to",
    "to",
    "cc",
    "subject",
    "text",
    "html",
    "kind",
    "attachments",
    "message_id",
    "in_reply_to",
    "references",
    "date",
    "auto",
    "bounce",
    "defects",
]
FACTS = [
    "InteractionArrived",
    "InteractionGone",
    "OfferAccepted",
    "OfferRejected",
    "DeliveryFailed",
    "IntentSet",
    "ConsoleSeen",
    "ConsoleLost",
    "WorkEnded",
    "WrapupDone",
    "Held",
    "Resumed",
    "Parked",
    "Unparked",
    "Transferred",
    "AgentConfigured",
    "PolicyPublished",
    "ExternalWork",
    "SupervisorSet",
]
WISHES = ["Offer", "Withdraw", "Assign", "Connect", "Requeue", "Overflow", "AgentState", "Refuse"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server with nothing configured but a webhook's token, and one person of each role."""
    folder = tmp_path_factory.mktemp("contract")
    made = House(folder / "house", **{"channels.voice.webhook.token": HOOK})
    made.start()
    made.add_user("ann", "agent", "--skill", "billing=7", "--line", "support")
    made.add_user("sue", "supervisor")
    made.add_user("adam", "admin")
    yield made
    made.close()


@pytest.fixture
async def ann(running: House) -> AsyncIterator[Console]:
    made = await Console.log_in(running, "ann")
    await made.connect()
    yield made
    await made.run("agent.set_intent", intent="logged_out")
    await made.close()


@pytest.fixture(scope="module")
def token(running: House) -> str:
    words = [word for scope in ("read", "write", "lookup", "intake") for word in ("--scope", scope)]
    return running.command("token", "add", "erp", *words).stdout.strip()


@pytest.fixture
async def program(running: House, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program with a token for everything it may have."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


def test_every_command_is_there(running: House, tmp_path: Path) -> None:
    mail, table, kept = tmp_path / "mail.eml", tmp_path / "customers.csv", tmp_path / "kept"
    mail.write_bytes(b"From: Li <li@example.cn>\nSubject: hello\n\ntext\n")
    told = running.command("mail", "parse", str(mail))
    assert set(MAIL) <= set(json.loads(told.stdout))
    table.write_text("name,phone\nWang Fang,13900139000\n")
    for words in (
        ["check"],
        ["db", "upgrade"],
        ["import", str(table)],
        ["export", str(tmp_path / "out.csv")],
        ["policy", "export", str(tmp_path / "policy.toml")],
        ["policy", "diff", str(tmp_path / "policy.toml")],
        ["policy", "import", str(tmp_path / "policy.toml")],
        ["policy", "publish", str(tmp_path / "policy.toml")],
        ["doctor"],
        ["mail", "replay"],
        ["replay"],
        ["backup", str(kept)],
        ["audit"],
    ):
        done = running.command(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert "Wang Fang" in (tmp_path / "out.csv").read_text("utf-8-sig")
    bad = running.command("check", "--set", "channels.email.smtp.prot=1")
    assert (bad.returncode, "channels.email.smtp.prot" in bad.stdout + bad.stderr) == (2, True)
    since = running.command("replay", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z")
    assert (since.returncode, "identical" in since.stdout) == (0, True)


def test_mail_and_fax_are_handed_over_through_the_spool(running: House, tmp_path: Path) -> None:
    handed = running.command("mail", "receive", "support@example.com", stdin="From: a@b.cn\nSubject: by pipe\n\ntext\n")
    assert handed.returncode == 0, handed.stderr
    assert running.command("fax", "receive", str(tmp_path / "none.tif")).returncode != 0


async def test_pages_and_health_need_nobody(running: House) -> None:
    async with httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/console", "/chat/widget.js", "/chat/demo", "/docs"):
            assert (await client.get(path)).status_code == 200, path
        paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
        for path in (
            *("/interactions", "/interactions/{id}", "/interactions/{id}/explain", "/interactions/{id}/messages"),
            *("/interactions/{id}/events", "/parties", "/parties/{id}", "/parties/{id}/timeline", "/lookup", "/cases"),
            *("/queue", "/agents", "/session"),
        ):
            assert any(path.split("{")[0] in known for known in paths), path
        nobody = await client.get("/api/v1/interactions")
        assert (nobody.status_code, nobody.headers["content-type"]) == (401, "application/problem+json")


async def test_a_session_is_begun_from_ones_own_page_only(running: House) -> None:
    who = {"username": "ann", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client:
        for headers, code in (
            ({"origin": "null"}, 403),
            ({"origin": "http://elsewhere.example"}, 403),
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"origin": running.url}, 204),
            ({}, 204),
        ):
            client.cookies.clear()
            assert (await client.post("/api/v1/session", json=who, headers=headers)).status_code == code, headers
        assert "contactd" in client.cookies
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/api/v1/queue")).status_code == 401


async def test_a_contact_by_every_name_from_arrival_to_end(
    running: House, ann: Console, program: httpx.AsyncClient
) -> None:
    assert {"me", "work", "offers", "floor"} <= set(ann.state)
    await ann.run("agent.set_intent", intent="ready")
    assert (await asyncio.to_thread(running.send_mail, "Invoice")).startswith("250")
    offer = await ann.take_offer(lambda data: data["interaction"]["subject"] == "Invoice")
    assert {"offer", "lease", "expires_at", "reasons", "interaction", "customer"} <= set(offer)
    assert set(ON_THE_SOCKET) <= set(offer["interaction"])
    assert {"candidates", "timeline"} <= set(offer["customer"])
    ident = offer["interaction"]["id"]
    await ann.run("interaction.note", interaction=ident, text="a note")
    await ann.run("interaction.hold", interaction=ident)
    await ann.run("interaction.resume", interaction=ident)
    await ann.run("interaction.park", interaction=ident)
    await ann.run("interaction.resume", interaction=ident)
    topics = [{"disposition": "order", "note": "one"}]
    await ann.run("interaction.complete", interaction=ident, disposition="order", topics=topics, end=False)
    await ann.run("interaction.send", interaction=ident, text="Here it is.")
    await ann.run("interaction.complete", interaction=ident, disposition="order", topics=topics, note="done")
    found = await ann.get(f"/interactions/{ident}")
    assert set(REST) <= set(found)
    assert (found["state"], found["outcome"], found["subject"], found["line"]) == (
        "closed",
        "handled",
        "Invoice",
        "support",
    )
    assert set(OFFER) <= set(found["offers"][0])
    assert set(SEGMENT) <= set(found["segments"][0])
    assert found["answered_at"] == found["segments"][0]["answered_at"] is not None
    why = await program.get(f"/api/v1/interactions/{ident}/explain")
    assert (why.status_code, bool(why.json()["offers"])) == (200, True)
    texts = [one["text"].strip() for one in (await ann.get(f"/interactions/{ident}/messages"))["items"]]
    assert texts == ["Hello", "a note", "Here it is.", "done"]
    assert (await ann.get(f"/interactions/{ident}/events"))["items"]
    told = await asyncio.to_thread(running.command, "explain", ident)
    assert told.returncode == 0


async def test_a_command_that_does_not_fit_is_refused_with_code_text_and_field(ann: Console) -> None:
    for command, data in (("no.such", {}), ("offer.accept", {}), ("agent.set_intent", {"intent": "asleep"})):
        answer = await ann.ask(command, **data)
        assert answer["ok"] is False
        assert {"code", "text", "field"} <= set(answer["error"])


async def test_a_new_contact_is_begun_and_a_call_refused_without_a_phone(ann: Console) -> None:
    begun = await ann.run(
        "interaction.start", channel="email", line="support", to="wu@example.cn", purpose="a question"
    )
    assert begun["interaction"]["direction"] == "outbound"
    await ann.run("interaction.complete", interaction=begun["interaction"]["id"], disposition="order")
    for command in (
        "call.dial",
        "call.hangup",
        "call.mute",
        "call.dtmf",
        "call.consult",
        "call.conference",
        "call.record",
    ):
        answer = await ann.ask(command, interaction="none", to="13800138000")
        assert (answer["ok"], answer["error"]["code"] == "unknown_command") == (False, False), command


async def test_a_call_by_the_generic_webhook(running: House, program: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as pbx:
        said = {"callId": "c1", "from": "13800138000", "to": "4008001234", "direction": "in"}
        for body in (
            {"event": "newCall", **said},
            {"event": "answer", **said, "answeringNumber": "1001", "user": "ann"},
            {"event": "hangup", **said, "cause": "normalClearing"},
        ):
            assert (await pbx.post(f"/cti/{HOOK}", data=body)).status_code == 200
            assert (await pbx.post(f"/cti/{HOOK}", json=body)).status_code == 200, "told twice"
        assert (await pbx.post("/cti/another", data=said)).status_code == 404
    (call,) = (await program.get("/api/v1/interactions", params={"channel": "voice"})).json()["items"]
    assert (call["from"], call["to"], call["direction"]) == ("13800138000", "4008001234", "inbound")
    assert (call["state"], call["outcome"], call["ended_by"]) == ("closed", "answered", "customer")
    assert (call["line"], call["agent"]) == ("4008001234", "1001"), "the PBX's own names: nobody mapped them"


async def test_programs_page_filter_look_up_and_hand_in(program: httpx.AsyncClient) -> None:
    form = {"channel": "form", "line": "support", "from": "13700137000", "subject": "by form", "text": "Please call"}
    once = await program.post("/api/v1/interactions", json=form, headers={"idempotency-key": "one"})
    again = await program.post("/api/v1/interactions", json=form, headers={"idempotency-key": "one"})
    assert once.status_code < 300, once.text
    assert again.json() == once.json()
    other = await program.post("/api/v1/interactions", json=form | {"text": "x"}, headers={"idempotency-key": "one"})
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")
    for filters in ({"channel": "form"}, {"line": "support"}, {"since": "2020-01-01T00:00:00Z"}, {"state": "queued"}):
        page = (await program.get("/api/v1/interactions", params=filters | {"limit": 1})).json()
        assert {"items", "next_cursor"} == set(page)
        assert len(page["items"]) == 1, filters
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await program.get("/api/v1/interactions", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) > 1
    for path in ("/lookup?phone=13700137000", "/lookup?email=li@example.cn", "/parties", "/cases", "/queue", "/agents"):
        assert (await program.get(f"/api/v1{path}")).status_code == 200, path


async def _frame(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        async for text in socket:
            frame: dict[str, Any] = json.loads(text)
            if frame["type"] == kind:
                return frame
    message = f"the socket ended without {kind}"
    raise AssertionError(message)


async def test_a_chat_by_its_frames_and_resumed(running: House) -> None:
    url = running.url.replace("http", "ws") + "/ws/chat"
    async with connect(url, origin=running.url) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "site": "demo"}))
        welcome = await _frame(socket, "welcome")
        assert {"visitor", "session", "state", "position", "wait_p50_s", "wait_p90_s", "open"} <= set(welcome)
        await socket.send(json.dumps({"type": "say", "client_id": "a", "text": "hello"}))
        said = await _frame(socket, "said")
        assert {"client_id", "id", "at"} <= set(said)
    async with connect(url, origin=running.url) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "site": "demo", "visitor": welcome["visitor"]}))
        assert (await _frame(socket, "welcome"))["session"], "what was begun goes on"
        await socket.send(json.dumps({"type": "say", "client_id": "a", "text": "hello"}))
        assert (await _frame(socket, "said"))["id"] == said["id"], "said twice is said once"


def test_the_names_in_python() -> None:
    mail = parse(b"From: Li <li@example.cn>\r\nSubject: hi\r\n\r\ntext")
    assert set(MAIL) <= {one.name for one in fields(mail)}
    number = phone("0371-60135900-801", region="CN")
    assert number is not None
    assert (number.e164, number.extension, number.kind, number.raw) == (
        "+8637160135900",
        "801",
        "fixed",
        "0371-60135900-801",
    )
    assert all(is_dataclass(getattr(events, name)) for name in FACTS)
    assert all(is_dataclass(getattr(effects, name)) for name in WISHES)
    router = Router(Policy.from_mapping({}))
    assert callable(router.handle)
    assert callable(router.tick)
    assert router.next_deadline() is None
    assert isinstance(Session().feed(b"Asterisk Call Manager/9.0.0\r\n"), list)
    assert callable(Calls().handle)
