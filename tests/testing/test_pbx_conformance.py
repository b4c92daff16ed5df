"""The scripted PBX says what a real one said: every template is in a recording, every recorded client gets the recorded answers."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from contactd.testing.pbx import Caller, ScriptedPbx, templates

pytestmark = pytest.mark.integration

RECORDED = Path(__file__).parents[1] / "channels" / "voice" / "fixtures"
DOCUMENTED = "documented"
Block = list[tuple[str, str]]

NOT_PLAYED = {
    "core_restart.part2": "its first QueueStatus was sent to a PBX that was still starting",
    "ami_errors": "it sends broken lines on purpose; answered here only where they are actions",
}
ANSWERS_DEPEND = frozenset({"Timestamp", "ActionID", "Challenge"})
"""Fields whose values are of the moment."""


def read(path: Path) -> str:
    packed = path.with_name(path.name + ".gz")
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    return data.decode("utf-8", "replace")


def blocks(text: str) -> Iterator[Block]:
    for block in text.split("\r\n\r\n"):
        fields = [line.partition(":") for line in block.strip("\r\n").split("\r\n") if ":" in line]
        if fields:
            yield [(key, value.removeprefix(" ")) for key, _, value in fields]


def streams() -> Iterator[tuple[str, list[Block]]]:
    for path in sorted((RECORDED / "ami").iterdir()):
        name = path.name.removesuffix(".gz")
        if name.endswith(".ami"):
            yield name, list(blocks(read(RECORDED / "ami" / name).partition("\r\n")[2]))


SAID: dict[str, list[Block]] = dict(streams())
CLIENTS = sorted(name.removesuffix(".ami") for name in SAID if (RECORDED / "ami" / f"{name}.client").exists())


# Every template stands in a recording.


@pytest.mark.parametrize("name", sorted(templates._load("ami.json")["events"]))
def test_an_event_is_cut_from_a_recording(name: str) -> None:
    template = templates._load("ami.json")["events"][name]
    if template["from"].startswith(DOCUMENTED):
        assert name == "QueueEntry", "every other event was heard from a real PBX"
        return
    assert [tuple(field) for field in template["fields"]] in SAID[template["from"]]


@pytest.mark.parametrize("name", sorted(templates._load("ami.json")["replies"]))
def test_a_reply_is_cut_from_a_recording(name: str) -> None:
    for template in templates._load("ami.json")["replies"][name]:
        if template["from"].startswith(DOCUMENTED):
            assert name in ("Challenge", "Getvar")
            continue
        assert [tuple(field) for field in template["fields"]] in SAID[template["from"]]


def ari_said() -> list[Any]:
    return [
        json.loads(line)
        for path in (RECORDED / "ari").iterdir()
        if ".jsonl" in path.name and ".rest." not in path.name
        for line in read(RECORDED / "ari" / path.name.removesuffix(".gz")).splitlines()
    ]


def test_every_ari_message_is_cut_from_a_recording() -> None:
    said = ari_said()
    for name, template in templates._load("ari.json")["events"].items():
        assert template["message"] in said or (name, template["from"][:10]) == ("ApplicationReplaced", DOCUMENTED)


# A recorded client gets the recorded answers.


@pytest.fixture
async def pbx() -> AsyncIterator[ScriptedPbx]:
    made = ScriptedPbx(queues={"sales": ["PJSIP/1001"], "support": []}, secret="contactd-secret")
    await made.start()
    yield made
    await made.stop()


def actions(name: str) -> list[Block]:
    client = read(RECORDED / "ami" / f"{name}.ami.client")
    return [block for block in blocks(client) if block[0][0] == "Action" and "ActionID" in dict(block)]


def answers(said: list[Block]) -> dict[str, Block]:
    found: dict[str, Block] = {}
    for block in said:
        action = dict(block).get("ActionID", "")
        if block[0][0] == "Response" and action:
            found.setdefault(action, masked(block))
    return found


def masked(block: Block) -> Block:
    return [(key, "*" if key in ANSWERS_DEPEND else value) for key, value in block]


@pytest.mark.parametrize("name", [name for name in CLIENTS if name not in NOT_PLAYED])
async def test_a_recorded_client_gets_the_recorded_answers(pbx: ScriptedPbx, name: str) -> None:
    account = "readonly" if "readonly" in name else "contactd"
    reader, writer = await asyncio.open_connection(pbx.host, pbx.ami_port)
    sent = [action for action in actions(name) if account == "contactd" or action[0][1] != "Originate"]
    for action in sent:
        fields = [(key, "contactd") if key == "Username" else (key, value) for key, value in action]
        fields = [
            (key, "contactd-secret") if key == "Secret" and value != "wrong" else (key, value) for key, value in fields
        ]
        writer.write("".join(f"{key}: {value}\r\n" for key, value in fields).encode() + b"\r\n")
    if dict(sent[-1])["Action"] != "Logoff":
        writer.write_eof()
    async with asyncio.timeout(30):
        heard = (await reader.read(-1)).decode()
    writer.close()
    found, expected = answers(list(blocks(heard.partition("\r\n")[2]))), answers(SAID[f"{name}.ami"])
    for action in sent:
        action_id = dict(action)["ActionID"]
        if action_id in expected:
            assert found[action_id] == expected[action_id], action


# Whole calls go as recorded ones went.


def outline(said: list[Block], *, skip: frozenset[str]) -> list[tuple[str, ...]]:
    """Return each event's name with its keys, from the first Newchannel to the last Hangup."""
    events = [block for block in said if block[0][0] == "Event" and block[0][1] not in skip]
    first = next(n for n, block in enumerate(events) if block[0][1] == "Newchannel")
    last = max(n for n, block in enumerate(events) if block[0][1] == "Hangup")
    return [(block[0][1], *(key for key, _ in block)) for block in events[first : last + 1]]


BESIDE = frozenset(
    {
        *("VarSet", "Newexten", "NewCallerid", "NewConnectedLine", "ExtensionStatus", "DeviceStateChange", "RTCPSent"),
        *("QueueMemberStatus", "MusicOnHoldStart", "MusicOnHoldStop", "RTCPReceived"),
    },
)
"""Events beside the call's own course, which the scripted PBX does not send."""


async def play(pbx: ScriptedPbx, script: str) -> list[Block]:
    """Log in as a client, let a call happen, and return what was said."""
    reader, writer = await asyncio.open_connection(pbx.host, pbx.ami_port)
    writer.write(b"Action: Login\r\nActionID: 1\r\nUsername: contactd\r\nSecret: contactd-secret\r\n\r\n")
    await pbx.until(lambda: pbx.ami.listeners)
    phone = pbx.phone("PJSIP/1001", answer_after=0.02 if script == "answered" else None)
    call = await pbx.call("13800138000", "400800001", name="Wang Xiaoming", mode="queue", queue="sales")
    await pbx.until(lambda: phone.rings if script == "abandoned" else call.hears - {"music"})
    call.hangup()
    await pbx.until(lambda: not pbx.switch.channels)
    writer.write(b"Action: Logoff\r\nActionID: 2\r\n\r\n")
    async with asyncio.timeout(30):
        heard = (await reader.read(-1)).decode()
    writer.close()
    return list(blocks(heard.partition("\r\n")[2]))


@pytest.mark.parametrize(("script", "name"), [("answered", "q_answered_pjsip"), ("abandoned", "q_abandon_during_ring")])
async def test_a_queue_call_goes_as_the_recorded_one(pbx: ScriptedPbx, script: str, name: str) -> None:
    found = outline(await play(pbx, script), skip=BESIDE)
    expected = outline(SAID[f"{name}.ami"], skip=BESIDE)
    assert [event[0] for event in found] == [event[0] for event in expected]
    assert found == expected, "the same fields, in the same order"


async def ari_client(pbx: ScriptedPbx) -> tuple[httpx.AsyncClient, str]:
    auth = (pbx.username, pbx.secret)
    url = f"{pbx.ari_url.replace('http', 'ws')}/ari/events?app=contactd&api_key={auth[0]}:{auth[1]}"
    return httpx.AsyncClient(base_url=f"{pbx.ari_url}/ari", auth=auth), url


ROUTED = {"ari_routed_answer": "1795319925.106", "ari_bridge_record": "1795320024.145"}
"""Recorded run → id of its caller.  In the second the bridge is recorded, paused, goes on and is stopped.

What is in no recording of ours follows Asterisk's description of ARI: a snoop channel that is recorded, asking for one live or
stored recording, fetching its file, removing it, `RecordingFailed`, and playing to a bridge."""


def keys_of(value: Any) -> Any:
    """Return the shape of a JSON value: keys, without what is of the moment."""
    if isinstance(value, dict):
        return {key: keys_of(each) for key, each in value.items()}
    return type(value).__name__ if not isinstance(value, list) else [keys_of(each) for each in value[:1]]


@pytest.mark.parametrize("name", ROUTED)
async def test_the_recorded_routing_gets_the_recorded_answers_and_events(pbx: ScriptedPbx, name: str) -> None:
    """Plays every request of a recorded run, with our ids in the places of the recorded ones."""
    requests = [json.loads(line) for line in read(RECORDED / "ari" / f"{name}.rest.jsonl").splitlines()]
    said = [json.loads(line) for line in read(RECORDED / "ari" / f"{name}.jsonl").splitlines()]
    phone = pbx.phone("PJSIP/1001", answer_after=0.05)
    client, url = await ari_client(pbx)
    async with client, connect(url, proxy=None) as socket:
        await pbx.until(lambda: pbx.ari.connected)
        call = await pbx.call("13800138000", "400800006", name="王小明")
        theirs = re.compile(rf"(?<![-0-9]){re.escape(ROUTED[name])}(?![-0-9])")

        def ours(text: str) -> str:
            return theirs.sub(call.id, text)

        for request in requests:
            await before(request, pbx, call, phone)
            params = {
                key: ours(str(value)) if not isinstance(value, list) else ",".join(map(ours, value))
                for key, value in request["params"].items()
            }
            answer = await client.request(request["method"], ours(request["path"]), params=params, json=request["body"])
            assert answer.status_code == request["status"], request["path"]
            body = answer.json() if answer.content else None
            assert keys_of(body) == keys_of(request["response"]), request["path"]
        heard = []
        while True:
            try:
                async with asyncio.timeout(0.2):
                    heard.append(json.loads(await socket.recv()))
            except TimeoutError:
                break
    skip = {"ChannelVarset", "ChannelDialplan", "ChannelConnectedLine", "ChannelCreated", "BridgeCreated"}
    expected = [event for event in said if event["type"] not in skip]
    assert sorted(event["type"] for event in heard) == sorted(event["type"] for event in expected)
    assert [event["type"] for event in heard[:8]] == [event["type"] for event in expected[:8]]
    shapes = {event["type"]: keys_of(event) for event in expected}
    for event in heard:
        if event["type"] not in ("ChannelHangupRequest", "ChannelDestroyed"):
            assert keys_of(event).keys() == shapes[event["type"]].keys()


async def before(request: dict[str, Any], pbx: ScriptedPbx, call: Caller, phone: Any) -> None:
    """Let happen what happened before a request was made."""
    if request["method"] == "DELETE" and request["path"].endswith("/moh"):
        await pbx.until(lambda: phone.leg is not None and phone.leg.in_stasis)
    if request["method"] == "DELETE" and "/channels/agent" in request["path"] and "moh" not in request["path"]:
        call.hangup()


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_ari_asks_for_the_password(pbx: ScriptedPbx, password: str) -> None:
    async with httpx.AsyncClient(base_url=pbx.ari_url, auth=("contactd", password)) as client:
        assert (await client.get("/ari/channels")).status_code == 401
