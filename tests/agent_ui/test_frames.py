"""What frames mean: every text gives one act, known keys only, and nothing is done twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.agent_ui.session import (
    FRAME_LIMIT,
    LARGE_LIMIT,
    REMEMBERED,
    REMEMBERED_SIZE,
    Answer,
    Beat,
    Command,
    Greeting,
    Results,
    read,
)
from contactd.agent_ui.wire import COMMANDS, check, schema
from contactd.core.errors import BadRequestError

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LONG_ID = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = {"type", "id", "ok", "error"}


def is_error(frame: str) -> None:
    """See that a frame is one of the two error shapes and nothing else."""
    body = json.loads(frame)
    frame.encode()
    assert set(body) <= KEYS
    assert body["type"] in {"result", "error"}
    assert set(body["error"]) == {"code", "text", "field"}
    if body["type"] == "result":
        assert body["ok"] is False
        assert isinstance(body["id"], str)


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_one_act(text: str) -> None:
    act = read(text)
    assert isinstance(act, Greeting | Command | Beat | Answer)
    if isinstance(act, Answer):
        is_error(act.frame)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["command", "hello", "heartbeat"]) | JSON},
        optional={
            "id": JSON,
            "command": st.sampled_from(sorted(COMMANDS)) | JSON,
            "data": JSON,
            "protocol": JSON,
            "resume": JSON,
        },
    )
)
def test_any_frame_is_one_act(frame: dict[str, Any]) -> None:
    act = read(json.dumps(frame))
    if isinstance(act, Answer):
        is_error(act.frame)
    elif isinstance(act, Command):
        assert set(act.data) <= set(COMMANDS[act.name].model_fields)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "bad_frame"),
        ("", "bad_frame"),
        ("[]", "bad_frame"),
        ("NaN", "bad_frame"),
        ('{"type":"command","id":"a","command":"call.dtmf","data":{"digits":NaN}}', "bad_frame"),
        ("[" * 100_000, "bad_frame"),
        ('{"a":' * 100_000, "bad_frame"),
        ('{"type":"command","x":' + "9" * 5000 + "}", "bad_frame"),
        ("{}", "unknown_frame"),
        ('{"type":["command"]}', "unknown_frame"),
        ('{"type":"hello"}', "bad_request"),
        ('{"type":"hello","protocol":2}', "bad_request"),
        ('{"type":"hello","protocol":1,"resume":{"epoch":"x","seq":-1}}', "bad_request"),
        ('{"type":"command","command":"agent.set_intent","data":{}}', "bad_request"),
        ('{"type":"command","id":"a","command":"__class__"}', "unknown_command"),
        ('{"type":"command","id":"a","command":"agent.set_intent","data":{"intent":"gone"}}', "bad_request"),
        ('{"type":"command","id":"a","command":"agent.set_intent","data":[]}', "bad_request"),
        ('{"type":"command","id":"a\\ud800","command":"agent.set_intent","data":{"intent":"ready"}}', "bad_request"),
        (
            '{"type":"command","id":"a","command":"interaction.note","data":{"interaction":"i","text":"\\u0000"}}',
            "bad_request",
        ),
        (
            '{"type":"command","id":"a","command":"interaction.note","data":{"interaction":"i","text":"\\ud800"}}',
            "bad_request",
        ),
        ('{"type":"command","id":"a","command":"offer.accept","data":{"offer":1,"lease":"l"}}', "bad_request"),
        (
            '{"type":"command","id":"a","command":"call.dtmf","data":{"digits":"1\\r\\nAction: Originate"}}',
            "bad_request",
        ),
    ],
)
def test_what_is_wrong_has_a_code(text: str | None, code: str) -> None:
    act = read(text)
    assert isinstance(act, Answer)
    is_error(act.frame)
    assert json.loads(act.frame)["error"]["code"] == code


def test_an_error_names_the_field_and_does_not_repeat_what_came() -> None:
    frame = {
        "type": "command",
        "id": "a",
        "command": "interaction.complete",
        "data": {"interaction": "i", "topics": [{}]},
    }
    act = read(json.dumps(frame))
    assert isinstance(act, Answer)
    body = json.loads(act.frame)
    assert (body["id"], body["error"]["field"]) == ("a", "topics.0.disposition")
    secret = {"type": "command", "id": "a", "command": "offer.accept", "data": {"offer": ["tell nobody"], "lease": "l"}}
    answer = read(json.dumps(secret))
    assert isinstance(answer, Answer)
    assert "tell nobody" not in answer.frame


def frame_of(command: str, size: int) -> str:
    head = f'{{"type":"command","id":"a","command":"{command}","data":{{"interaction":"i","text":"'
    return head + "x" * (size - len(head) - 3) + '"}}'


def test_only_a_message_may_be_large() -> None:
    note = read(frame_of("interaction.note", FRAME_LIMIT + 1))
    assert isinstance(note, Answer)
    assert json.loads(note.frame)["error"]["code"] == "too_large"
    assert isinstance(read(frame_of("interaction.send", FRAME_LIMIT + 1)), Command)
    large = read(frame_of("interaction.send", LARGE_LIMIT + 1))
    assert isinstance(large, Answer)
    assert json.loads(large.frame)["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("command", "data", "field"),
    [
        ("interaction.transfer", {"interaction": "i"}, None),
        ("interaction.transfer", {"interaction": "i", "to_line": "a", "to_agent": "b"}, None),
        ("interaction.park", {"interaction": "i", "until": "tomorrow"}, "until"),
        ("interaction.park", {"interaction": "i", "until": "2026-11-02T08:00:00"}, "until"),
        ("call.dial", {}, None),
        ("call.record", {"on": "yes"}, "on"),
        ("interaction.send", {"interaction": "i", "text": "x", "attachments": ["u"] * 51}, "attachments"),
    ],
)
def test_data_must_fit(command: str, data: dict[str, Any], field: str | None) -> None:
    with pytest.raises(BadRequestError) as caught:
        check(command, data)
    assert caught.value.field == field


def test_data_is_brought_into_shape() -> None:
    park = check("interaction.park", {"interaction": "i", "until": "2026-11-02T16:00:00+08:00", "evil": 1})
    assert park == {"interaction": "i", "until": "2026-11-02T08:00:00.000Z"}
    assert check("interaction.complete", {"interaction": "i"}) == {"interaction": "i", "end": True}


def test_every_command_of_the_contract_is_there() -> None:
    contract = {
        "agent.set_intent",
        "offer.accept",
        "offer.reject",
        "interaction.send",
        "interaction.note",
        "interaction.hold",
        "interaction.resume",
        "interaction.park",
        "interaction.transfer",
        "interaction.start",
        "interaction.complete",
        "party.confirm",
        "call.dial",
        "call.hangup",
        "call.mute",
        "call.dtmf",
        "call.consult",
        "call.conference",
        "call.record",
    }
    assert contract <= set(COMMANDS)
    assert set(schema()["commands"]) == set(COMMANDS)


def command(ident: str, name: str = "interaction.hold", interaction: str = "i") -> Command:
    act = read(json.dumps({"type": "command", "id": ident, "command": name, "data": {"interaction": interaction}}))
    assert isinstance(act, Command)
    return act


def test_a_repeated_id_gets_the_same_result() -> None:
    results = Results()
    assert results.begin("c1", command("a"), NOW) is None
    assert results.begin("c1", command("a"), NOW) == ""
    results.finish("c1", command("a"), "frame", NOW)
    assert results.begin("c1", command("a"), NOW) == "frame"


def test_short_ids_mean_something_within_a_console_and_long_ones_beyond() -> None:
    results = Results()
    for ident in ("a", LONG_ID):
        results.begin("c1", command(ident), NOW)
        results.finish("c1", command(ident), ident, NOW)
    assert results.begin("c2", command("a"), NOW) is None
    assert results.begin("c2", command(LONG_ID), NOW) == LONG_ID


def test_an_id_cannot_stand_for_two_commands() -> None:
    results = Results()
    results.begin("c1", command("a"), NOW)
    with pytest.raises(BadRequestError) as caught:
        results.begin("c1", command("a", interaction="other"), NOW)
    assert caught.value.code == "id_reused"


def test_what_was_not_done_may_be_tried_again() -> None:
    results = Results()
    results.begin("c1", command("a"), NOW)
    results.finish("c1", command("a"), None, NOW)
    assert results.begin("c1", command("a"), NOW) is None


def test_results_are_forgotten_by_number_and_age() -> None:
    results = Results()
    for n in range(REMEMBERED + 10):
        results.begin("c1", command(f"a{n}"), NOW)
        results.finish("c1", command(f"a{n}"), f"f{n}", NOW)
    assert results.begin("c1", command("a0"), NOW) is None
    assert results.begin("c1", command("a100"), NOW) == "f100"
    assert results.begin("c1", command("a100"), NOW + timedelta(minutes=11)) is None


def test_long_results_are_forgotten_sooner() -> None:
    results = Results()
    for n in range(4):
        results.begin("c1", command(f"a{n}"), NOW)
        results.finish("c1", command(f"a{n}"), "x" * (REMEMBERED_SIZE // 2), NOW)
    assert results.begin("c1", command("a0"), NOW) is None
    assert results.begin("c1", command("a3"), NOW)
