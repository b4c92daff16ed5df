"""The canary: it flies as answers do, is known when it comes back, opens nothing, and is missed when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contactd.channels.email.canary import Canary
from contactd.channels.email.options import Options
from contactd.channels.email.parse import parse
from contactd.channels.email.token import ThreadKey
from contactd.core.channel import Delivery, Outgoing
from contactd.testing.clock import ManualClock
from tests.channels.email.doubles import Tools

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KEY = ThreadKey(b"k" * 32)


class Sky:
    """Canaries that were let fly."""

    def __init__(self, tools: Tools) -> None:
        self.flown: list[Outgoing] = []
        self.status = "sent"
        self.clock = ManualClock(START)
        tools.clock = self.clock  # type: ignore[assignment]
        self.tools = tools
        options = Options.model_validate({"canary": {"to": "canary@example.com", "minutes": 15, "late_minutes": 10}})
        self.canary = Canary(options, tools, KEY, self.send)  # type: ignore[arg-type]

    async def send(self, outgoing: Outgoing) -> Delivery:
        self.flown.append(outgoing)
        return Delivery(status=self.status)

    async def after(self, minutes: float) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        await self.canary.tick()


@pytest.fixture
async def sky(tmp_path: Path) -> Sky:
    return Sky(Tools(tmp_path))


async def test_it_flies_at_its_times_and_says_that_nobody_wrote_it(sky: Sky) -> None:
    for minutes in (0, 5, 9, 1, 14, 1):
        await sky.after(minutes)
    assert len(sky.flown) == 3
    mail = parse(sky.flown[0].payload)
    assert mail.to == (("", "canary@example.com"),)
    assert mail.auto is not None


async def test_it_is_known_when_it_comes_back_also_by_a_server_that_was_started_since(sky: Sky) -> None:
    await sky.after(0)
    raw = b"Received: from far away\r\n" + sky.flown[0].payload
    sky.clock.advance(timedelta(seconds=7))
    assert sky.canary.back(raw)
    assert sky.canary.seconds == 7
    assert Sky(Tools(sky.tools.data_dir)).canary.back(raw)


async def test_nobody_else_can_make_one(sky: Sky) -> None:
    await sky.after(0)
    raw = sky.flown[0].payload
    other = Canary(Options(), sky.tools, ThreadKey(b"x" * 32), sky.send)  # type: ignore[arg-type]
    assert not other.back(raw)
    ident = parse(raw).message_id or ""
    assert not sky.canary.back(raw.replace(ident.encode(), b"<canary+t.uaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com>"))
    assert not sky.canary.back(b"Message-ID: <1@x.example>\r\nSubject: " + ident.encode() + b"\r\n\r\nx")


async def test_one_that_does_not_come_back_raises_one_alarm_until_one_does(sky: Sky) -> None:
    for minutes in (0, 9, 2, 5, 15, 15):
        await sky.after(minutes)
    assert [kind for kind, _ in sky.tools.alarms] == ["mail_late"]
    assert sky.canary.back(sky.flown[-1].payload)
    assert [kind for kind, _ in sky.tools.alarms] == ["mail_late", "mail_back"]


async def test_one_that_cannot_be_sent_is_missed_as_well(sky: Sky) -> None:
    sky.status = "retry"
    for minutes in (0, 11):
        await sky.after(minutes)
    assert [kind for kind, _ in sky.tools.alarms] == ["mail_late"]
