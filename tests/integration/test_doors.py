"""No door lets its acknowledgement out before the commit: the store's commit is held, and nothing may come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from contactd import app
from contactd.channels.email import spool as mail_spool
from contactd.channels.fax import spool as fax_spool
from contactd.crm_store import agents
from contactd.crm_store.agents import Abilities
from contactd.desk.check import shapes
from contactd.settings import load
from contactd.testing.demo.history import fax_page
from contactd.testing.demo.traffic import tiff

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-sixteen-or-more"
PASSWORD = "correct horse battery"


@pytest.fixture
async def server(tmp_path: Path, store_url: str) -> AsyncIterator[app.Server]:
    """A whole server in this process, on each of the two databases."""
    settings = load(
        None,
        {},
        [
            f"data_dir={tmp_path / 'data'}",
            f"database.url={store_url}",
            "http.port=0",
            "channels.email.smtp.port=0",
            "limits.disk_free_mb=0",
            "limits.workers=1",
            f"channels.voice.webhook.token={TOKEN}",
            f"channels.fax.gateways.gate.token={TOKEN}",
        ],
        shapes(),
    )
    made = await app.build(settings)
    await made.start()
    yield made
    await made.stop()


async def smtp(server: app.Server) -> str:
    host, port = server.addresses["smtp"].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    for line in (b"EHLO c.example\r\n", b"MAIL FROM:<a@b.cn>\r\n", b"RCPT TO:<x@example.com>\r\n", b"DATA\r\n"):
        await _answer(reader)
        writer.write(line)
    await _answer(reader)
    writer.write(b"From: a@b.cn\r\nSubject: s\r\n\r\ntext\r\n.\r\n")
    said = await _answer(reader)
    writer.close()
    return said


async def _answer(reader: asyncio.StreamReader) -> str:
    while True:
        line = (await reader.readline()).decode()
        if line[3:4] != "-":
            return line.strip()


async def chat(server: app.Server) -> str:
    async with connect(f"ws://{server.addresses['http']}/ws/chat") as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "site": "demo"}))
        await socket.send(json.dumps({"type": "say", "client_id": "1", "text": "hello"}))
        async for text in socket:
            if json.loads(text)["type"] in {"said", "message"}:
                return str(text)
    return ""


async def rest(server: app.Server, path: str, **how: Any) -> str:
    async with httpx.AsyncClient(base_url=f"http://{server.addresses['http']}", timeout=30) as client:
        answer = await client.post(path, **how)
        return f"{answer.status_code} {answer.text}"


async def call_webhook(server: app.Server) -> str:
    form = {"event": "newCall", "callId": "c1", "from": "13800138000", "to": "400", "direction": "in"}
    return await rest(server, f"/cti/{TOKEN}", data=form)


async def fax_webhook(server: app.Server) -> str:
    return await rest(server, f"/fax/gate/{TOKEN}", files={"file": ("a.tif", tiff(fax_page("t", ("a",))))})


async def program(server: app.Server) -> Callable[[app.Server], Awaitable[str]]:
    """Return the door of a program, whose token is made before the store is held."""
    token = await server.access.add_token("program", ["intake", "read"])
    body = {"channel": "form", "from": "a@b.cn", "subject": "s", "text": "t"}

    async def knock(server: app.Server) -> str:
        return await rest(server, "/api/v1/interactions", json=body, headers={"authorization": f"Bearer {token}"})

    return knock


DOORS: dict[str, tuple[Callable[[app.Server], Awaitable[str]], tuple[str, ...]]] = {
    "smtp": (smtp, ("250",)),
    "chat": (chat, ('{"type":"said"', '{"type": "said"')),
    "cti": (call_webhook, ("200",)),
    "fax": (fax_webhook, ("200",)),
}


@pytest.mark.parametrize("door", [*DOORS, "rest"])
async def test_nothing_is_acknowledged_before_the_commit(server: app.Server, door: str) -> None:
    knock, good = DOORS[door] if door in DOORS else (await program(server), ("20",))
    coming = knock(server)
    with server.store.hold_commits() as hold:
        knocking = asyncio.ensure_future(coming)
        assert await hold.reached(10)
        done, _ = await asyncio.wait({knocking}, timeout=0.3)
        assert not done
    answer = await asyncio.wait_for(knocking, 20)
    assert answer.startswith(good), answer


@pytest.mark.parametrize("channel", ["email", "fax"])
async def test_what_lies_in_the_spool_stays_there_until_the_commit(server: app.Server, channel: str) -> None:
    folder = server.settings.data_dir / "spool" / channel
    with server.store.hold_commits() as hold:
        if channel == "fax":
            fax_spool.put(server.settings.data_dir, tiff(fax_page("t", ("a",))), {"number": "02112345678"})
        else:
            envelope = {"mail_from": "a@b.cn", "rcpt": ["support@example.com"]}
            mail_spool.put(server.settings.data_dir, b"From: a@b.cn\r\nSubject: s\r\n\r\nt\r\n", envelope)
        assert await hold.reached(10)
        assert _files(folder)
    async with asyncio.timeout(20):
        while _files(folder):  # noqa: ASYNC110 - the server is another's
            await asyncio.sleep(0.05)


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


async def test_an_agents_command_is_answered_after_the_commit(server: app.Server) -> None:
    now = server.office.desk.clock.now()
    secret = await server.access._passwords.hash_apart(PASSWORD)
    values = {"role": "agent", "password_hash": secret}
    await server.store.write(
        lambda conn: agents.create(conn, "a-1", "ann", values, Abilities(lines=("*",)), now=now, actor=None),
    )
    member = await server.office.recovery.member("a-1")
    assert member is not None
    roster = server.office.desk.roster
    await server.office.desk.dispatcher.submit(member.configured(), lambda: roster.put(member))
    ticket = await server.access.log_in("ann", PASSWORD, ip="127.0.0.1")
    url = server.addresses["http"]
    async with connect(f"ws://{url}/ws/console", additional_headers={"cookie": f"contactd={ticket.secret}"}) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "resume": None}))
        assert json.loads(await socket.recv())["type"] == "snapshot"
        with server.store.hold_commits() as hold:
            order = {"type": "command", "id": "1", "command": "agent.set_intent", "data": {"intent": "ready"}}
            await socket.send(json.dumps(order))
            assert await hold.reached(10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_result(socket), 0.3)
        assert (await asyncio.wait_for(_result(socket), 20))["ok"]


async def _result(socket: Any) -> dict[str, Any]:
    async for text in socket:
        frame: dict[str, Any] = json.loads(text)
        if frame["type"] == "result":
            return frame
    raise AssertionError
