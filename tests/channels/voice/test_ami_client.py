"""The connection to the manager interface: log-in, lists, questions, time-outs; bytes on a string, time on a clock."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from recordings import AMI, events, read
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from contactd.channels.voice.ami import Event
from contactd.channels.voice.ami_ask import ANSWER_S as ASK_S
from contactd.channels.voice.ami_ask import Action, PbxRefusedError, PbxSilentError
from contactd.channels.voice.ami_protocol import ANSWER_S, BANNER_S, BOOT_S, LISTS, LOOK_S, AmiProtocol, encode
from contactd.channels.voice.call import CallStarted, Told
from contactd.channels.voice.calls import Calls
from contactd.channels.voice.options import AmiOptions
from contactd.core.errors import ContactdError

AT = datetime(2026, 11, 22, 3, 14, 52, tzinfo=UTC)
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CUSTOMER = "1795317292.0"


class Ear:
    """Keeps what the connection tells."""

    def __init__(self) -> None:
        self.facts: list[Told] = []
        self.pictures: list[set[str]] = []
        self.up = 0
        self.down: list[str] = []

    def told(self, facts: list[Told]) -> None:
        self.facts += facts

    def synced(self, keys: set[str]) -> None:
        self.pictures.append(keys)

    def connected(self) -> None:
        self.up += 1

    def disconnected(self, why: str) -> None:
        self.down.append(why)


class Line:
    """One connection under test."""

    def __init__(self, presentation: str = "ask", calls: Calls | None = None) -> None:
        self.ear, self.clock, self.transport = Ear(), Clock(), StringTransport()
        self.calls = calls or Calls("pbx", ask=presentation == "ask")
        options = AmiOptions.model_validate(
            {"host": "pbx", "username": "contactd", "secret": "hush", "presentation": presentation},
        )
        self.protocol = AmiProtocol(self.calls, options, self.ear, self.clock, lambda: AT)
        self.protocol.makeConnection(self.transport)

    def sent(self) -> list[dict[str, str]]:
        """Return the actions sent since the last time."""
        data = self.transport.value().decode()
        self.transport.clear()
        blocks = [block for block in data.split("\r\n\r\n") if block]
        return [dict(line.split(": ", 1) for line in block.split("\r\n")) for block in blocks]

    def hear(self, **fields: str) -> None:
        block = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in fields.items())
        self.protocol.dataReceived(f"{block}\r\n".encode())

    def log_in(self) -> list[dict[str, str]]:
        """Go through the whole log-in; return the lists that are asked for."""
        self.protocol.dataReceived(BANNER)
        (challenge,) = self.sent()
        self.hear(Response="Success", ActionID=challenge["ActionID"], Challenge="4711")
        (login,) = self.sent()
        self.hear(Response="Success", ActionID=login["ActionID"], Message="Authentication accepted")
        self.hear(Event="FullyBooted", Status="Fully Booted")
        return [action for action in self.sent() if action["Action"] != "ListCommands"]

    def empty_lists(self, asked: list[dict[str, str]]) -> None:
        """Answer every list with nothing on it."""
        for action in asked:
            self.hear(Response="Success", ActionID=action["ActionID"], EventList="start")
            self.hear(Event=f"{action['Action']}Complete", ActionID=action["ActionID"], EventList="Complete")

    def play(self, name: str = "q_answered_pjsip", first: str = "Newchannel") -> None:
        """Play what a recording says from an event on."""
        stream = events(name)
        start = next(n for n, event in enumerate(stream) if event.name == first)
        for event in stream[start:]:
            if "Event" in event.fields:
                self.hear(**dict(event.fields))


def test_the_secret_does_not_cross_the_wire() -> None:
    line = Line()
    line.protocol.dataReceived(BANNER)
    (challenge,) = line.sent()
    assert challenge["Action"] == "Challenge"
    line.hear(Response="Success", ActionID=challenge["ActionID"], Challenge="4711")
    (login,) = line.sent()
    assert login["Key"] == hashlib.md5(b"4711hush", usedforsecurity=False).hexdigest()
    assert "Secret" not in login


def test_the_picture_is_asked_for_only_after_the_pbx_is_booted() -> None:
    line = Line()
    asked = line.log_in()
    assert [action["Action"] for action in asked] == list(LISTS)
    assert line.ear.up == 0
    line.empty_lists(asked)
    assert (line.ear.up, line.ear.pictures) == (1, [set()])


def test_a_refused_list_does_not_hold_the_picture_up() -> None:
    line = Line()
    asked = line.log_in()
    line.empty_lists(asked[:-1])
    line.hear(Response="Error", ActionID=asked[-1]["ActionID"], Message="Permission denied")
    assert line.ear.pictures == [set()]


def test_the_picture_is_compared_again_and_again() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    line.clock.advance(LOOK_S)
    assert [action["Action"] for action in line.sent()] == list(LISTS)


def test_an_account_with_few_rights_is_never_told_that_the_pbx_is_booted() -> None:
    line = Line()
    line.protocol.dataReceived(read(AMI / "ami_errors.readonly.ami").partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    line.sent()
    line.sent()
    line.clock.advance(BOOT_S)
    assert [action["Action"] for action in line.sent()] == list(LISTS)


def test_no_banner_ends_the_connection() -> None:
    line = Line()
    line.clock.advance(BANNER_S)
    assert line.transport.disconnecting or line.transport.disconnected or line.ear.down == ["no banner"]
    assert line.ear.down == ["no banner"]


def test_a_refused_log_in_ends_the_connection() -> None:
    line = Line()
    line.protocol.dataReceived(read(AMI / "ami_errors.badlogin.ami"))
    assert "log-in refused" in line.ear.down


def test_silence_ends_the_connection() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    for _ in range(3):
        line.clock.advance(45)
    assert line.ear.down[0] == "silence"


def test_a_lost_connection_leaves_no_time_out_behind() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    line.protocol.connectionLost(Failure(ConnectionLost()))
    assert not line.clock.getDelayedCalls()
    assert "ConnectionLost" in line.ear.down[0]


def test_a_call_is_told_when_its_number_may_be_shown() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    line.play()
    (question,) = line.sent()
    assert (question["Action"], question["Variable"]) == ("Getvar", "CALLERID(pres)")
    assert question["Channel"] == "PJSIP/trunk-telco-00000000"


def test_the_answer_lets_everything_kept_back_out() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    stream = [event for event in events("q_answered_pjsip") if event.get("Uniqueid")]
    for event in stream[: next(n for n, each in enumerate(stream) if each.name == "AgentConnect") + 1]:
        line.hear(**dict(event.fields))
    assert line.ear.facts == []
    (question,) = line.sent()
    line.hear(
        Response="Success",
        ActionID=question["ActionID"],
        Variable="CALLERID(pres)",
        Value="allowed_not_screened",
    )
    start = line.ear.facts[0]
    assert isinstance(start, CallStarted)
    assert (start.caller, start.external_key) == ("13800138000", f"pbx/{CUSTOMER}")


def test_no_answer_means_withheld() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    stream = [event for event in events("q_answered_pjsip") if event.get("Uniqueid")]
    for event in stream[: next(n for n, each in enumerate(stream) if each.name == "QueueCallerJoin") + 1]:
        line.hear(**dict(event.fields))
    line.clock.advance(ANSWER_S)
    start = line.ear.facts[0]
    assert isinstance(start, CallStarted)
    assert (start.caller, start.presentation) == (None, "withheld")


def test_a_trusted_trunk_is_not_asked() -> None:
    line = Line("trust")
    line.empty_lists(line.log_in())
    line.play()
    assert line.sent() == []
    start = line.ear.facts[0]
    assert isinstance(start, CallStarted)
    assert start.caller == "13800138000"


@pytest.mark.parametrize("size", [1, 977, 10**6])
def test_a_recording_played_to_us_is_understood(size: int) -> None:
    """It answers what another client once asked; nobody can be asked, so nothing is."""
    line = Line()
    data = read(AMI / "q_answered_pjsip.ami")
    for n in range(0, len(data), size):
        line.protocol.dataReceived(data[n : n + size])
    assert [getattr(fact, "kind", "started") for fact in line.ear.facts] == [
        "started",
        "waiting",
        "ringing",
        "ring_ended",
        "answered",
        "ended",
    ]
    assert line.ear.up == 1


def test_only_reading_actions_are_ever_sent() -> None:
    line = Line()
    actions = [action["Action"] for action in line.log_in()]
    line.play("parking")
    actions += [action["Action"] for action in line.sent()]
    assert set(actions) <= {*LISTS, "Getvar"}, "and ListCommands, which says what the account may do"


@pytest.mark.parametrize("evil", ["x\r\nAction: Originate", "x\n", "\x00", "a\x7f"])
def test_nothing_that_ends_a_line_is_ever_written(evil: str) -> None:
    with pytest.raises(ValueError, match="control"):
        encode("Getvar", Channel=evil)


def test_forged_lines_are_cause_for_another_look() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    line.protocol.dataReceived(read(AMI / "odd_caller_ids.ami").partition(b"\r\n")[2])
    line.sent()
    line.clock.advance(5)
    assert [action["Action"] for action in line.sent() if action["Action"] != "Getvar"] == list(LISTS)


def asked(line: Line) -> tuple[list[Event | ContactdError], dict[str, str]]:
    """Ask for a pause; return what is told of it, and the action as it crossed the wire."""
    answers: list[Event | ContactdError] = []
    line.protocol.act(Action("QueuePause", {"Interface": "PJSIP/1001", "Paused": "true"}), answers.append)
    return answers, line.sent()[-1]


def test_an_action_is_answered_under_its_id_and_only_once() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    answers, action = asked(line)
    line.hear(Response="Success", ActionID="somebody-elses")
    assert answers == []
    line.hear(Response="Success", ActionID=action["ActionID"], Message="Interface paused successfully")
    line.hear(Response="Success", ActionID=action["ActionID"])
    (answer,) = answers
    assert isinstance(answer, Event)
    assert answer.get("Message") == "Interface paused successfully"


def test_a_refusal_is_an_error_with_the_pbx_s_own_words() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    answers, action = asked(line)
    line.hear(Response="Error", ActionID=action["ActionID"], Message="Permission denied")
    (answer,) = answers
    assert isinstance(answer, PbxRefusedError)
    assert (answer.code, answer.text) == ("pbx_refused", "Permission denied")


def test_no_answer_and_a_lost_connection_are_errors_too() -> None:
    line = Line()
    line.empty_lists(line.log_in())
    late, _ = asked(line)
    line.clock.advance(ASK_S)
    lost, _ = asked(line)
    line.protocol.connectionLost(Failure(ConnectionLost()))
    assert [type(each) for each in (*late, *lost)] == [PbxSilentError, PbxSilentError]
    assert not line.clock.getDelayedCalls()


def test_nothing_is_asked_before_the_log_in_and_never_a_line_break() -> None:
    line = Line()
    with pytest.raises(PbxSilentError):
        asked(line)
    line.empty_lists(line.log_in())
    with pytest.raises(ValueError, match="control"):
        line.protocol.act(Action("Hangup", {"Channel": "x\r\nAction: Originate"}), lambda _: None)
    assert line.sent() == []


def test_what_the_account_may_do_is_asked_for() -> None:
    line = Line()
    line.protocol.dataReceived(BANNER)
    (challenge,) = line.sent()
    line.hear(Response="Success", ActionID=challenge["ActionID"], Challenge="1")
    (login,) = line.sent()
    line.hear(Response="Success", ActionID=login["ActionID"])
    (question,) = line.sent()
    said = next(each for each in events("ami_errors") if "AbsoluteTimeout" in each.fields)
    line.hear(**{**said.fields, "ActionID": question["ActionID"]})
    assert {"Originate", "QueuePause", "BlindTransfer", "MuteAudio"} <= line.protocol.commands
    assert not {"Response", "ActionID"} & line.protocol.commands
