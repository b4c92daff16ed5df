"""A dialplan asks who calls: the conversation at every cut, the budget, and who may ask; then over a real socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from house import House
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from contactd.channels.voice import build
from contactd.channels.voice.agi import MAX_BYTES, Question, Session, Turn
from contactd.channels.voice.agi_server import IDLE_S, AgiProtocol, Directory, _Doors
from contactd.channels.voice.options import AgiOptions
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Known
from contactd.core.interaction import ResolveState
from contactd.core.party import Candidate

ASKED = (
    "agi_network: yes\nagi_network_script: who\nagi_request: agi://127.0.0.1:4573/who\nagi_channel: PJSIP/telco-00000001\n"
    "agi_language: en\nagi_type: PJSIP\nagi_uniqueid: 1795317292.0\nagi_version: 22.10.1\nagi_callerid: 13800138000\n"
    "agi_calleridname: Wang\nagi_dnid: 400800001\nagi_rdnis: unknown\nagi_context: from-trunk\nagi_extension: 400800001\n"
    "agi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \nagi_threadid: 140\nagi_arg_1: allowed_not_screened\n\n"
)
KNOWN = Known(state="known", party="p1", candidates=(), names={"p1": "Wang"}, vip=2)


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_question_is_whole_however_it_is_cut(size: int) -> None:
    session, data, found = Session(), ASKED.encode(), []
    for n in range(0, len(data), size):
        question, out = session.feed(data[n : n + size])
        found += [question] if question else []
        assert out == b""
    (question,) = found
    assert (question.caller, question.dialled, question.uniqueid) == ("13800138000", "400800001", "1795317292.0")
    assert question.shown


@pytest.mark.parametrize("said", ["prohib", "", "prohib_passed_screen", "unavailable"])
def test_a_withheld_number_is_not_looked_up(said: str) -> None:
    question, _ = Session().feed(ASKED.replace("allowed_not_screened", said).encode())
    assert question is not None
    assert not question.shown


def test_variables_are_set_one_after_another() -> None:
    session = Session()
    session.feed(ASKED.encode())
    assert session.answer({"CONTACTD_FOUND": "yes", "CONTACTD_VIP": "2"}) == b'SET VARIABLE CONTACTD_FOUND "yes"\n'
    assert session.feed(b"200 result=1\n")[1] == b'SET VARIABLE CONTACTD_VIP "2"\n'
    assert session.turn is Turn.ANSWERING
    assert session.feed(b"510 Invalid or unknown command\n")[1] == b""
    assert (session.turn, session.refused) == (Turn.OVER, 1)


def test_keys_forged_in_a_number_change_nothing() -> None:
    evil = "13900000000\nagi_arg_1: allowed\nagi_uniqueid: 1.1\nevil line\nSET VARIABLE X 1"
    asked = ASKED.replace("agi_arg_1: allowed_not_screened", "agi_arg_1: prohib").replace("13800138000", evil)
    question, out = Session().feed(asked.encode())
    assert question is not None
    assert out == b""
    assert question.uniqueid == "1795317292.0", "the true one stands before the number"
    assert not question.shown, "the true one stands after the number"


@given(value=st.text(max_size=200))
def test_nothing_that_is_set_leaves_its_quotes(value: str) -> None:
    session = Session()
    session.feed(ASKED.encode())
    sent = session.answer({"CONTACTD_PARTY": value})
    assert re.fullmatch(rb'SET VARIABLE CONTACTD_PARTY "[^"\r\n\\]{0,80}"\n', sent)


@settings(max_examples=60)
@given(data=st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    session = Session()
    session.feed(data)
    session.feed(b"\n\n" + ASKED.encode())
    session.answer({"A": "b"})
    session.feed(data)


def test_what_one_connection_may_send_is_bounded() -> None:
    session = Session()
    assert session.feed(b"agi_x: " + b"y" * MAX_BYTES)[0] is None
    assert session.turn is Turn.OVER
    assert session.feed(ASKED.encode()) == (None, b"")


# Looking up.


def directory(house: House, **options: Any) -> Directory:
    return Directory(house, Numbers(), AgiOptions(**options))


def asked(**more: str) -> Question:
    given = {
        "caller": "13800138000",
        "dialled": "400800001",
        "uniqueid": "1",
        "channel": "c",
        "presentation": "allowed",
    }
    return Question(**(given | more))


async def test_who_is_known_is_told_with_line_and_importance() -> None:
    house = House()
    house.known["+8613800138000"] = KNOWN
    house.lines["400800001"] = "sales"
    assert await directory(house).ask(asked()) == {
        "CONTACTD_FOUND": "yes",
        "CONTACTD_PARTY": "p1",
        "CONTACTD_VIP": "2",
        "CONTACTD_LINE": "sales",
    }


async def test_several_who_may_call_are_said_to_be_several() -> None:
    house = House()
    several = (Candidate(party="p1", level="shared", why=()), Candidate(party="p2", level="shared", why=()))
    house.known["+8613800138000"] = Known(state=ResolveState.AMBIGUOUS, party=None, candidates=several, names={})
    found = await directory(house).ask(asked())
    assert (found["CONTACTD_FOUND"], found["CONTACTD_PARTY"]) == ("several", "")


@pytest.mark.parametrize("more", [{"caller": "unknown"}, {"presentation": "prohib"}, {"caller": "anonymous"}])
async def test_who_shows_no_number_is_nobody(more: dict[str, str]) -> None:
    house = House()
    house.known["+8613800138000"] = KNOWN
    assert (await directory(house).ask(asked(**more)))["CONTACTD_FOUND"] == "no"


async def test_what_takes_too_long_is_not_found_and_the_line_is_told_all_the_same() -> None:
    house = House()
    house.gate.clear()
    looking = directory(house, budget_ms=10)
    assert await looking.ask(asked()) == {"CONTACTD_FOUND": "no", "CONTACTD_LINE": "support"}
    assert looking.late == 1


# The port.


def test_strangers_are_turned_away() -> None:
    doors = _Doors(AgiOptions(allow=("10.0.0.0/8",)), lambda _left: AgiProtocol(never, Clock(), drop, lambda: None))
    assert doors.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1)) is None
    assert doors.buildProtocol(IPv4Address("TCP", "10.1.2.3", 1)) is not None
    with pytest.raises(ValueError, match="network"):
        AgiOptions(allow=("everybody",))


async def never(_question: Question) -> dict[str, str]:
    raise AssertionError


def drop(work: Coroutine[Any, Any, None], _name: str) -> None:
    work.close()


def test_who_says_nothing_is_cut_off() -> None:
    clock, left = Clock(), []
    protocol, transport = AgiProtocol(never, clock, drop, lambda: left.append(1)), StringTransport()
    protocol.makeConnection(transport)
    clock.advance(IDLE_S)
    assert transport.disconnecting or transport.disconnected


@pytest.fixture
async def port(reactor: Any) -> AsyncIterator[tuple[House, str, int]]:
    house = House()
    house.known["+8613800138000"] = KNOWN
    channel = build("voice", {"agi": {"port": 0}}, house)
    await channel.start()
    host, _, number = channel.addresses()["fastagi"].partition(":")
    yield house, host, int(number)
    await channel.stop()
    await house.rest()


@pytest.mark.integration
async def test_a_dialplan_gets_its_answer(port: tuple[House, str, int]) -> None:
    _, host, number = port
    reader, writer = await asyncio.open_connection(host, number)
    writer.write(ASKED.encode())
    told = {}
    async with asyncio.timeout(30):
        while line := await reader.readline():
            _, _, name, value = line.decode().split(" ")
            told[name] = value.strip().strip('"')
            writer.write(b"200 result=1\n")
    assert told == {"CONTACTD_FOUND": "yes", "CONTACTD_PARTY": "p1", "CONTACTD_VIP": "2", "CONTACTD_LINE": "support"}
    writer.close()
