"""FreeSWITCH's event socket: messages in the documented form, cut at every byte; its queues followed; the conversation on a clock.

No server was at hand: the forms are those of its documentation and source.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from house import House
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from contactd.channels.voice import build
from contactd.channels.voice.ami_news import News
from contactd.channels.voice.call import CallStarted, Told
from contactd.channels.voice.callcenter import INFO, CallCenter, table, uuids
from contactd.channels.voice.esl import MAX_BODY, MAX_HEAD, Message, Session, encode
from contactd.channels.voice.esl_client import DOUBT_S, LOGIN_S, LOOK_S, SILENCE_S, EslProtocol
from contactd.channels.voice.options import EslOptions
from contactd.core.channel import Progress

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CALLER, AGENT_LEG = "7f4de4bc-17d7-11dd-b7a0-db4edd065621", "8f4de4bc-17d7-11dd-b7a0-db4edd065622"
CORE = "6b1fd8a6-0000-11dd-b7a0-db4edd065621"


class Wire:
    """Writes what a switch would send."""

    def __init__(self) -> None:
        self.n = 0

    def event(self, name: str, *, form: str = "plain", **fields: str) -> bytes:
        self.n += 1
        base = {"Event-Name": name, "Core-UUID": CORE, "Event-Sequence": str(self.n)}
        whole = base | {key.replace("_", "-"): value for key, value in fields.items()}
        if form == "json":
            body = json.dumps(whole).encode()
        else:
            body = "".join(f"{key}: {quote(value)}\n" for key, value in whole.items()).encode() + b"\n"
        return f"Content-Length: {len(body)}\nContent-Type: text/event-{form}\n\n".encode() + body

    def info(self, action: str, **fields: str) -> bytes:
        known = {
            "Event_Subclass": INFO,
            "CC_Action": action,
            "CC_Queue": "support@default",
            "CC_Member_Session_UUID": CALLER,
        }
        return self.event("CUSTOM", **{**known, **fields})

    def hangup(self, uuid: str, said: str = "recv_bye") -> bytes:
        more = {"variable_sip_hangup_disposition": said, "variable_hangup_cause_q850": "16"}
        block = self.event("CHANNEL_HANGUP_COMPLETE", Unique_ID=uuid)
        head, _, body = block.partition(b"\n\n")
        body = body[:-1] + "".join(f"{key}: {value}\n" for key, value in more.items()).encode() + b"\n"
        assert head
        return f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n".encode() + body

    def joined(self, **more: str) -> bytes:
        who = {
            "CC_Member_CID_Number": "13800138000",
            "CC_Member_CID_Name": "王芳",
            "Caller_Privacy_Hide_Number": "false",
        }
        return self.info("member-queue-start", **{**who, "Caller_Destination_Number": "400800001", **more})

    def answered_call(self) -> list[bytes]:
        """A caller waits, one agent does not answer, the next does, holds and resumes; the caller hangs up."""
        return [
            self.joined(),
            self.info("agent-offering", CC_Agent="1001@default"),
            self.info("bridge-agent-fail", CC_Agent="1001@default", CC_Hangup_Cause="NO_ANSWER"),
            self.info("agent-offering", CC_Agent="1002@default"),
            self.info("bridge-agent-start", CC_Agent="1002@default", CC_Agent_UUID=AGENT_LEG),
            self.event("CHANNEL_HOLD", Unique_ID=AGENT_LEG),
            self.event("CHANNEL_UNHOLD", Unique_ID=AGENT_LEG),
            self.info("bridge-agent-end", CC_Agent="1002@default", CC_Bridge_Terminated_By="MEMBER"),
            self.info("member-queue-end", CC_Cause="Terminated"),
            self.hangup(CALLER),
        ]


def facts(blocks: list[bytes], size: int = 10**9) -> list[Told]:
    session, center, data = Session(), CallCenter("fs"), b"".join(blocks)
    cuts = [data[n : n + size] for n in range(0, len(data), size)]
    return [fact for cut in cuts for message in session.feed(cut, AT) for fact in center.handle(message)]


def told(found: list[Told]) -> list[tuple[str, str | None, str | None]]:
    return [(each.kind, each.agent, each.outcome) for each in found if isinstance(each, Progress)]


ANSWERED = [
    ("waiting", None, None),
    ("ringing", "1001@default", None),
    ("ring_ended", "1001@default", "timed_out"),
    ("ringing", "1002@default", None),
    ("ring_ended", "1002@default", "accepted"),
    ("answered", "1002@default", None),
    ("held", "1002@default", None),
    ("resumed", "1002@default", None),
    ("ended", "1002@default", "answered"),
]


def test_a_call_through_a_queue() -> None:
    found = facts(Wire().answered_call())
    start = found[0]
    assert isinstance(start, CallStarted)
    assert (start.external_key, start.caller, start.caller_name, start.dialled) == (
        f"fs/{CALLER}",
        "13800138000",
        "王芳",
        "400800001",
    )
    assert told(found) == ANSWERED
    end = found[-1]
    assert isinstance(end, Progress)
    assert (end.ended_by, end.line) == ("customer", "support")


@pytest.mark.parametrize("size", [1, 2, 13, 997])
def test_it_is_the_same_however_it_is_cut(size: int) -> None:
    assert told(facts(Wire().answered_call(), size)) == ANSWERED


@settings(max_examples=40)
@given(st.lists(st.integers(0, 9), max_size=6))
def test_events_that_come_twice_are_told_once(again: list[int]) -> None:
    blocks = Wire().answered_call()
    doubled = [block for n, block in enumerate(blocks) for _ in range(2 if n in again else 1)]
    assert told(facts(doubled)) == ANSWERED


@settings(max_examples=40)
@given(st.sets(st.integers(0, 8)))
def test_events_that_are_lost_leave_no_call_open_and_no_state_made_up(lost: set[int]) -> None:
    blocks = [block for n, block in enumerate(Wire().answered_call()) if n not in lost]
    session, center, found = Session(), CallCenter("fs"), []
    for block in blocks:
        found += [fact for message in session.feed(block, AT) for fact in center.handle(message)]
    assert center.open_keys() == set()
    kinds = [kind for kind, _, _ in told(found)]
    assert kinds.count("ended") == (0 in [n for n in range(9) if n not in lost])
    assert "answered" not in kinds or 4 not in lost


@pytest.mark.parametrize(
    ("last", "outcome", "by"),
    [
        ({"CC_Cause": "Cancel", "CC_Cancel_Reason": "NONE"}, "abandoned", "customer"),
        ({"CC_Cause": "Cancel", "CC_Cancel_Reason": "TIMEOUT"}, "overflow", "system"),
        ({"CC_Cause": "Cancel", "CC_Cancel_Reason": "NO_AGENT_TIMEOUT"}, "overflow", "system"),
    ],
)
def test_who_leaves_unserved(last: dict[str, str], outcome: str, by: str) -> None:
    wire = Wire()
    found = facts([wire.joined(), wire.info("member-queue-end", **last), wire.hangup(CALLER, "send_bye")])
    end = found[-1]
    assert isinstance(end, Progress)
    assert (end.outcome, end.ended_by) == (outcome, by)


def test_a_number_that_is_hidden_or_not_said_to_be_shown_is_nowhere() -> None:
    for hide in ("true", ""):
        found = facts([Wire().joined(Caller_Privacy_Hide_Number=hide)])
        assert "13800138000" not in repr(found)


def test_a_line_break_in_a_number_stays_in_the_number() -> None:
    evil = "139\n\nEvent-Name: CHANNEL_HANGUP_COMPLETE\nUnique-ID: " + CALLER
    found = facts([Wire().joined(), Wire().joined(CC_Member_CID_Number=evil, CC_Member_Session_UUID="other")])
    assert [each.kind for each in found if isinstance(each, Progress)].count("ended") == 0


def test_json_events_say_the_same() -> None:
    wire, session = Wire(), Session()
    (message,) = session.feed(wire.event("CUSTOM", form="json", Event_Subclass=INFO, CC_Action="agent-offering"), AT)
    assert (message.name, message.get("CC-Action")) == (INFO, "agent-offering")


# Bad input.


@settings(max_examples=100)
@given(data=st.binary(max_size=600))
def test_no_bytes_break_it_or_pile_up(data: bytes) -> None:
    session = Session()
    session.feed(data)
    session.feed(data)


@pytest.mark.parametrize("size", [MAX_BODY + 1, 50 * MAX_BODY])
def test_a_body_too_long_is_passed_over_without_being_kept(size: int) -> None:
    session, piece = Session(), b"x" * 65536
    session.feed(f"Content-Length: {size}\nContent-Type: api/response\n\n".encode())
    left = size
    while left:
        assert session.feed(piece[: min(left, len(piece))]) == []
        left -= min(left, len(piece))
        assert len(session._buffer) <= len(piece)
    (message,) = session.feed(b"Content-Type: auth/request\n\n")
    assert (message.kind, session.dropped) == ("auth/request", 1)


def test_a_head_without_end_is_bounded() -> None:
    session = Session()
    for _ in range(10):
        session.feed(b"a" * MAX_HEAD)
    assert len(session._buffer) <= MAX_HEAD + 1


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999", "x", "²"])
def test_a_length_that_is_none_drops_the_message(length: str) -> None:
    session = Session()
    assert session.feed(f"Content-Length: {length}\nContent-Type: api/response\n\n".encode()) == []
    assert session.dropped == 1


@pytest.mark.parametrize("evil", ["x\n\napi system reboot", "a\r", "\x00"])
def test_nothing_that_ends_a_command_is_written(evil: str) -> None:
    with pytest.raises(ValueError, match="control"):
        encode(f"api uuid_kill {evil}")


def test_lists() -> None:
    assert uuids('{"row_count":0}') == set()
    assert uuids('{"row_count":1,"rows":[{"uuid":"a"},{"no":"b"}]}') == {"a"}
    for bad in ("[]", "-ERR no such command", "{}"):
        with pytest.raises(ValueError, match=r"list|Expecting|line"):
            uuids(bad)
    assert table("name|strategy\nsupport@default|ring-all\n+OK\n") == [
        {"name": "support@default", "strategy": "ring-all"}
    ]
    assert table("-USAGE: x") == []


# The conversation.


class Ear:
    def __init__(self) -> None:
        self.facts: list[Told | News] = []
        self.pictures: list[set[str]] = []
        self.up = 0
        self.down: list[str] = []

    def told(self, facts: list[Told | News]) -> None:
        self.facts += facts

    def synced(self, keys: set[str]) -> None:
        self.pictures.append(keys)

    def connected(self) -> None:
        self.up += 1

    def disconnected(self, why: str) -> None:
        self.down.append(why)


class Line:
    def __init__(self, center: CallCenter | None = None) -> None:
        self.ear, self.clock, self.transport, self.wire = Ear(), Clock(), StringTransport(), Wire()
        options = EslOptions.model_validate({"host": "fs", "password": "hush"})
        self.center = center or CallCenter("fs")
        self.protocol = EslProtocol(self.center, options, self.ear, self.clock, lambda: AT)
        self.protocol.makeConnection(self.transport)

    def sent(self) -> list[str]:
        data = self.transport.value().decode()
        self.transport.clear()
        return [each for each in data.split("\n\n") if each]

    def hear(self, *blocks: bytes) -> None:
        self.protocol.dataReceived(b"".join(blocks))

    def reply(self, text: str) -> None:
        self.hear(f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode())

    def api(self, body: str) -> None:
        self.hear(f"Content-Type: api/response\nContent-Length: {len(body.encode())}\n\n{body}".encode())

    def log_in(self) -> list[str]:
        self.hear(b"Content-Type: auth/request\n\n")
        assert self.sent() == ["auth hush"]
        self.reply("+OK accepted")
        found = self.sent()
        self.reply("+OK event listener enabled plain")
        return found

    def lists(self, *there: str, members: str = "") -> None:
        self.api(json.dumps({"row_count": len(there), "rows": [{"uuid": each} for each in there]}))
        self.api("name|strategy\nsupport@default|ring-all\n+OK\n")
        assert self.sent()[-2:] == ["api callcenter_config queue list members support@default", "api status"]
        self.api(f"queue|session_uuid|cid_number|cid_name|serving_agent|state\n{members}+OK\n")
        self.api("UP 0 years")


def test_the_conversation_from_log_in_to_the_picture() -> None:
    line = Line()
    asked = line.log_in()
    assert asked[0].startswith("event plain ")
    assert INFO in asked[0]
    assert asked[1:] == ["api show channels as json", "api callcenter_config queue list"]
    line.lists(CALLER, members=f"support@default|{CALLER}|13800138000|Wang|1002@default|Answered\n")
    assert (line.ear.up, line.ear.pictures) == (1, [{f"fs/{CALLER}"}])
    assert told(line.ear.facts)[-1][:2] == ("answered", "1002@default")  # type: ignore[arg-type]
    assert "13800138000" not in repr(line.ear.facts), "a list does not say whether the number may be shown"


def test_who_is_on_no_list_any_more_is_gone() -> None:
    line = Line()
    line.log_in()
    line.hear(line.wire.joined())
    line.lists()
    end = line.ear.facts[-1]
    assert isinstance(end, Progress)
    assert (end.kind, end.data) == ("ended", {"evidence": "not listed"})


def test_a_heartbeat_that_counts_fewer_calls_is_cause_for_a_look() -> None:
    line = Line()
    line.log_in()
    line.lists()
    line.hear(line.wire.joined(), line.wire.event("HEARTBEAT", Session_Count="1"))
    line.clock.advance(DOUBT_S)
    assert line.sent() == []
    line.hear(line.wire.event("HEARTBEAT", Session_Count="0"))
    line.clock.advance(DOUBT_S)
    assert line.sent() == ["api show channels as json", "api callcenter_config queue list"]


def test_the_picture_is_compared_again_and_again_and_a_silent_switch_is_gone() -> None:
    line = Line()
    line.log_in()
    line.lists()
    line.clock.advance(LOOK_S)
    assert line.sent()
    line.clock.advance(SILENCE_S)
    assert "silence" in line.ear.down[0]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: -ERR invalid\n\n", "refused"),
        (b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", "turned away"),
        (b"Content-Type: text/disconnect-notice\nContent-Length: 0\n\n", "goodbye"),
    ],
)
def test_why_there_is_no_connection(said: bytes, why: str) -> None:
    line = Line()
    line.hear(said)
    assert why in line.ear.down[0]


def test_nobody_answers_and_nothing_is_left_behind() -> None:
    line = Line()
    line.clock.advance(LOGIN_S)
    assert line.ear.down == ["log-in not answered"]
    other = Line()
    other.log_in()
    other.protocol.connectionLost(Failure(ConnectionLost()))
    assert not other.clock.getDelayedCalls()


def test_an_unknown_message_changes_nothing() -> None:
    center = CallCenter("fs")
    for name in ("CUSTOM", "CHANNEL_HOLD", "NOTHING"):
        assert center.handle(Message(kind="text/event-plain", fields={"Event-Name": name}, at=AT)) == []


# Through the channel, over a real socket.


@pytest.mark.integration
async def test_a_call_of_a_switch_is_a_contact_and_a_cut_loses_nothing(reactor: Any) -> None:
    wire, house, there = Wire(), House(), {CALLER}
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"Content-Type: auth/request\n\n")
        while command := (await reader.readuntil(b"\n\n")).decode().strip():
            lists = {
                "api show channels as json": json.dumps(
                    {"row_count": len(there), "rows": [{"uuid": u} for u in there]}
                ),
                "api callcenter_config queue list": "name\nsupport@default\n+OK\n",
                "api status": "UP",
            }
            body = lists.get(command, "+OK\n" if command.startswith("api ") else "")
            if body:
                writer.write(f"Content-Type: api/response\nContent-Length: {len(body)}\n\n{body}".encode())
            else:
                writer.write(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    account = {"username": "contactd@default", "password": "hush", "name": "fs"}
    channel = build("voice", {"esl": {"host": host, "port": port, **account}}, house)
    await channel.start()
    await house.until(lambda: channel.health().ok)
    for block in wire.answered_call()[:5]:
        writers[-1].write(block)
    await house.until(lambda: [each.kind for each in house.progressed][-1:] == ["answered"])
    arrival, content = house.arrivals["esl", f"fs/{CALLER}"]
    assert (arrival.routed_by, arrival.line_text, arrival.sender) == ("pbx", "support", "13800138000")
    assert content is not None
    house.open = [{"id": f"i-fs/{CALLER}", "external_key": f"fs/{CALLER}", "state": "active", "adapter": ""}]
    there.clear()
    writers[-1].transport.abort()
    await house.until(lambda: [each.kind for each in house.progressed][-1:] == ["ended"])
    assert house.progressed[-1].ended_by == "system"
    await channel.stop()
    await house.rest()
    server.close()
    assert house.failures == []


@pytest.mark.parametrize("field", ["cid_number", "cid_name"])
def test_no_caller_says_who_serves_them(field: str) -> None:
    names = ["queue", "session_uuid", "cid_number", "cid_name", "serving_agent", "state", "score"]
    true = {"queue": "support", "session_uuid": "u1", "cid_number": "1", "cid_name": "x"}
    true |= {"serving_agent": "", "state": "Waiting", "score": "5"}
    forged = true | {field: "x|1001|Answered|9"}
    (row,) = table("|".join(names) + "\n" + "|".join(forged[name] for name in names) + "\n+OK\n")
    assert row == {k: v for k, v in true.items() if not k.startswith("cid_")}
