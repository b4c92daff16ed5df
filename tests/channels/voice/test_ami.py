"""The manager stream: whatever the cut, the same events; whatever the caller calls himself, no event of his making."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import AMI, events, read

from contactd.channels.voice.ami import BANNER, EVENT, MAX_BLOCK, RESPONSE, Event, Session

AT = datetime(2026, 11, 22, 3, 14, 52, tzinfo=UTC)
STREAMS = sorted(
    path.name.partition(".ami")[0] for path in AMI.glob("*.ami*") if path.name.endswith((".ami", ".ami.gz"))
)


def fed(data: bytes, size: int) -> list[Event]:
    session = Session()
    return [event for n in range(0, len(data), size) for event in session.feed(data[n : n + size], AT)]


@pytest.mark.parametrize("name", STREAMS)
def test_every_recorded_block_becomes_one_event(name: str) -> None:
    data = read(AMI / f"{name}.ami")
    expected = [
        block.split(b"\r\n")[0].decode().partition(": ")[2]
        for block in data.partition(b"\r\n")[2].split(b"\r\n\r\n")
        if block.strip()
    ]
    found = fed(data, len(data))
    assert found[0].kind == BANNER
    assert found[0].name == "11.0.0"
    assert [event.name for event in found[1:]] == [name.strip() for name in expected]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("ami_errors", (1, 2, 3, 1000)), ("parking", (13, 1000)), ("odd_caller_ids", (17, 1000)), ("user_event", (1, 5))],
)
def test_a_stream_cut_anywhere_gives_the_same_events(name: str, sizes: tuple[int, ...]) -> None:
    data = read(AMI / f"{name}.ami")
    whole = fed(data, len(data))
    for size in sizes:
        assert fed(data, size) == whole


def test_every_single_cut_gives_the_same_events() -> None:
    data = read(AMI / "ami_errors.badlogin.ami")
    whole = fed(data, len(data))
    for cut in range(len(data)):
        session = Session()
        assert session.feed(data[:cut], AT) + session.feed(data[cut:], AT) == whole


def test_an_event_that_answers_an_action_is_an_event() -> None:
    answers = [event for event in events("click_to_dial") if event.name == "OriginateResponse"]
    assert [event.kind for event in answers] == [EVENT] * 3
    assert [event.get("Response") for event in answers] == ["Success", "Failure", "Success"]


def test_command_output_is_joined_and_a_bare_line_feed_ends_no_block() -> None:
    output = [event for event in events("ami_errors") if "Output" in event.fields]
    assert output[0].get("Output").splitlines()[0].startswith("System uptime")
    assert len(output[1].get("Output").splitlines()) >= 6
    parked = [event for event in events("parking") if event.get("ActionID").startswith("park-")]
    assert [(event.kind, event.get("Message")) for event in parked] == [(RESPONSE, "Park successful")] * 2


def test_a_line_break_in_a_callers_number_does_not_tear_the_event() -> None:
    session = Session()
    found = session.feed(read(AMI / "odd_caller_ids.ami"), AT)
    torn = [event for event in found if event.get("CallerIDNum") == "138 0013"]
    assert {event.name for event in torn} >= {"Newchannel", "DialBegin", "DialEnd", "BridgeEnter", "Hangup"}
    assert all(event.get("Uniqueid") and event.get("Linkedid") for event in torn)
    assert session.forged > 0


def newchannel(number: str, uniqueid: str = "1795317292.7") -> bytes:
    """Return a Newchannel as Asterisk prints it: the number raw."""
    block = next(event for event in events("q_answered_pjsip") if event.name == "Newchannel")
    values = {**block.fields, "CallerIDNum": number, "Uniqueid": uniqueid, "Linkedid": uniqueid}
    return "".join(f"{key}: {value}\r\n" for key, value in values.items()).encode() + b"\r\n"


FORGED = [
    "139\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nCause: 16\r\n\r\n",
    "139\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nX: ",
    "139\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\n\r\nEvent: Hangup\r\nChannel: PJSIP/1001-00000001\r\nUniqueid: 1.1\r\n\r\n",
    "139\r\nCallerIDName: me\r\n\r\nEvent: Shutdown\r\nShutdown: Cleanly\r\n\r\nResponse: Success\r\n",
    "139\r\n\r\nEvent: Newchannel\r\nCallerIDNum: 1\r\nCallerIDName: 2\r\n\r\nEvent: CoreShowChannelsComplete\r\n\r\n",
]


@pytest.mark.parametrize("number", FORGED)
def test_events_forged_in_a_callers_number_are_not_believed(number: str) -> None:
    session = Session()
    data = b"Asterisk Call Manager/11.0.0\r\n" + newchannel(number) + newchannel("13900000000", "1795317292.8")
    found = session.feed(data, AT)[1:]
    assert [(event.name, event.get("Uniqueid")) for event in found] == [
        ("Newchannel", "1795317292.7"),
        ("Newchannel", "1795317292.8"),
    ]
    assert found[0].get("CallerIDNum") == "139"
    assert session.forged == 1


@given(st.text(alphabet="\r\n:EventHagupUniqed0123. ", max_size=80))
def test_no_number_makes_an_event_of_its_own(number: str) -> None:
    found = Session().feed(b"Asterisk Call Manager/11.0.0\r\n" + newchannel(number), AT)[1:]
    assert [event.name for event in found] == ["Newchannel"]
    assert found[0].get("Uniqueid") == "1795317292.7"


def test_the_first_value_of_a_key_counts_and_lines_without_colon_are_passed_over() -> None:
    found = Session().feed(b"Event: A\r\nKey: first\r\nno colon here\r\nKey: second\r\n\r\nKey: debris\r\n\r\n", AT)
    assert [dict(event.fields) for event in found] == [{"Event": "A", "Key": "first"}]


def test_a_block_that_is_too_long_is_dropped_and_the_next_one_read() -> None:
    data = b"Event: Big\r\nX: " + b"y" * (MAX_BLOCK + 100) + b"\r\n\r\nEvent: Next\r\n\r\n"
    for size in (len(data), 65536, 4099):
        session = Session()
        found = [event for n in range(0, len(data), size) for event in session.feed(data[n : n + size], AT)]
        assert [event.name for event in found] == ["Next"]
        assert session.dropped == 1
        assert len(session._buffer) <= MAX_BLOCK


def test_an_endless_torn_event_is_given_up() -> None:
    session = Session()
    session.feed(
        b"Event: Newchannel\r\nChannelStateDesc: Ring\r\nCallerIDNum: 1\r\n\r\n" + b"Event: X\r\n\r\n" * 2000, AT
    )
    assert [event.name for event in session.feed(b"Event: Y\r\n\r\n", AT)] == ["Y"]
    assert session.dropped == 1


@given(st.binary(max_size=400), st.integers(1, 40))
def test_any_bytes_are_survived_whatever_the_cut(data: bytes, size: int) -> None:
    assert fed(data, size) == fed(data, max(1, len(data)))


def test_broken_utf8_is_replaced() -> None:
    (event,) = Session().feed(b"Event: X\r\nName: Ren\xe9\r\n\r\n", None)
    assert event.get("Name") == "Ren�"
    assert event.at is None
