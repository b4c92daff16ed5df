"""`contactd doctor` against the scripted PBX: rights, modules, the way out without us, clock, codecs; nothing is ever changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contactd.channels.voice import Options, examine
from contactd.channels.voice.ami import Event
from contactd.channels.voice.doctor import MODULES, clock, codec, fallback, rights
from contactd.core.finding import BAD, OK, UNKNOWN, WARN, Finding
from contactd.testing.pbx import ScriptedPbx

GOOD = [
    ("from-trunk", "_X.", 1, "Stasis", "contactd,inbound,${EXTEN}"),
    ("from-trunk", "_X.", 2, "GotoIf", '$["${STASISSTATUS}" = "FAILED"]?fallback'),
    ("from-trunk", "_X.", 3, "Hangup", ""),
    ("from-trunk", "_X.", 4, "Queue", "sales,tk,,,120"),
]
READS = {"Login", "ListCommands", "Ping", "ShowDialPlan", "PJSIPShowEndpoints", "PJSIPShowEndpoint"}


@pytest.fixture
async def pbx() -> AsyncIterator[ScriptedPbx]:
    made = ScriptedPbx(queues={"sales": ["PJSIP/1001"]})
    await made.start()
    made.ami.dialplan = list(GOOD)
    yield made
    await made.stop()


def options(pbx: ScriptedPbx, **ami: Any) -> Options:
    account = {"username": pbx.username, "secret": pbx.secret}
    return Options.model_validate(
        {
            "ami": {"host": pbx.host, "port": pbx.ami_port, **account, **ami},
            "ari": {"url": pbx.ari_url, "username": pbx.username, "password": pbx.secret},
        },
    )


def level(found: list[Finding], topic: str) -> list[str]:
    return [each.level for each in found if each.topic == topic]


@pytest.mark.integration
async def test_an_account_that_may_everything_may_too_much(pbx: ScriptedPbx) -> None:
    found = await examine(options(pbx))
    named = " ".join(each.text for each in found if each.topic == "ami.rights" and each.level == BAD)
    assert "Command" in named
    assert "UpdateConfig" in named
    assert level(found, "clock") == [OK]
    assert level(found, "dialplan") == [OK]
    assert level(found, "modules") == [OK]
    assert {each["Action"] for each in pbx.ami.actions} <= READS, "it only reads"


@pytest.mark.integration
async def test_what_is_missing_or_wrong_is_named(pbx: ScriptedPbx) -> None:
    pbx.ami.forbidden |= {
        "Command",
        "UpdateConfig",
        "CreateConfig",
        "AGI",
        "DBPut",
        "ModuleLoad",
        "Originate",
        "QueuePause",
    }
    pbx.ami.clock_ahead_s = 30
    pbx.ami.dialplan = GOOD[:3]
    pbx.ari.missing = {MODULES[0]}
    found = await examine(options(pbx, context="from-contactd", pause=True))
    told = [each.text for each in found if each.level == BAD]
    assert any("may not Originate" in text for text in told)
    assert any("may not QueuePause" in text for text in told)
    assert any("no fallback after Stasis() in _X.@from-trunk" in text for text in told)
    assert any(MODULES[0] in text for text in told)
    assert not any("too much" in text for text in told)
    assert level(found, "clock") == [WARN]


@pytest.mark.integration
async def test_a_pbx_that_lets_nobody_in_or_is_away_is_said(pbx: ScriptedPbx) -> None:
    found = await examine(options(pbx, secret="wrong"))
    assert level(found, "ami.login") == [BAD]
    here = options(pbx)
    await pbx.stop()
    found = await examine(here)
    assert (level(found, "ami.connection"), level(found, "ari.connection")) == ([BAD], [BAD])


async def test_with_nothing_configured_all_is_well() -> None:
    assert [each.level for each in await examine(Options())] == [OK]


def test_a_right_that_nothing_needs_is_pointed_out() -> None:
    found = rights(frozenset({"CoreShowChannels", "QueueStatus", "Originate", "QueuePause"}), Options())
    assert [each.level for each in found] == [WARN, WARN, OK]
    lean = rights(frozenset({"CoreShowChannels", "QueueStatus"}), Options())
    assert [(each.level, "only reads" in each.text) for each in lean] == [(OK, True)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [("1795317292.000", OK), ("1795317295.5", WARN), ("", UNKNOWN), ("x" * 99, UNKNOWN), ("1e400", UNKNOWN)],
)
def test_the_clock(said: str, expected: str) -> None:
    assert clock(said, datetime.fromtimestamp(1795317292, UTC)).level == expected


def test_the_dialplan() -> None:
    def row(*step: Any) -> Event:
        names = ("Context", "Extension", "Priority", "Application", "AppData")
        return Event(name="ListDialplan", fields=dict(zip(names, map(str, step), strict=True)), at=None)

    yes = Event(name="Success", fields={}, at=None)
    assert fallback(yes, map(row, *zip(*GOOD, strict=True)), "contactd").level == OK
    assert fallback(yes, map(row, *zip(*GOOD, strict=True)), "other").level == BAD
    no = Event(name="Error", fields={"Message": "Permission denied"}, at=None)
    assert fallback(no, [], "contactd").level == UNKNOWN


def test_the_codecs() -> None:
    assert codec({"telco": frozenset({"alaw"}), "1001": frozenset({"alaw", "opus"})}).level == OK
    assert codec({"telco": frozenset({"g729"}), "1001": frozenset({"opus"})}).level == WARN
    assert codec({}).level == UNKNOWN
