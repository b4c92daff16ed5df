"""Mailboxes elsewhere: NetEase's habits, tokens, refusals, servers that break; every mail once, whatever fails."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contactd.channels.email import mailbox as watching
from contactd.channels.email import standing
from contactd.channels.email.channel import EmailChannel
from contactd.channels.email.cursor import Cursor
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.options import Options
from contactd.core.errors import StoreDownError
from tests.channels.email.doubles import Tools, until
from tests.channels.email.imap_double import CODE, TOKEN, ImapDouble


def mail(number: int, text: str = "words") -> bytes:
    return (
        f"From: li{number}@kunde.example\r\nTo: desk@163.example\r\nSubject: mail {number}\r\n"
        f"Message-ID: <{number}@kunde.example>\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
async def server() -> AsyncIterator[ImapDouble]:
    made = ImapDouble()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0.01, 0.05))
    monkeypatch.setattr(watching, "REFUSED_PAUSES", (0.01, 0.05))


Open = Callable[..., Any]


@pytest.fixture
async def follow(tools: Tools, server: ImapDouble) -> AsyncIterator[Open]:
    """Follow the double's mailbox with given options."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> EmailChannel:
            box = {
                "host": "127.0.0.1",
                "port": server.port,
                "security": "none",
                "username": "desk",
                "password": CODE,
                "poll_seconds": 1,
                "address": "desk@163.example",
                "backfill_days": 9,
            }
            limits = {"disk_free_mb": 0, **options.pop("limits", {})}
            boxes = {"neteasy": {key: value for key, value in (box | options).items() if value is not None}}
            made = Options.model_validate({"smtp": {"port": 0}, "limits": limits, "mailboxes": boxes})
            channel = EmailChannel("email", made, tools)  # type: ignore[arg-type]
            await channel.start()
            stack.push_async_callback(channel.stop)
            return channel

        yield start


def subjects(tools: Tools) -> list[str]:
    return [one.subject for one in tools.arrivals]


async def test_netease_is_told_who_asks_before_a_folder_is_opened_and_is_polled(
    tools: Tools, server: ImapDouble, follow: Open
) -> None:
    server.mails = {7: mail(7), 9: mail(9)}
    await follow(line="support")
    tools.policy_lines = lambda: {"support": {}}
    await until(lambda: len(tools.arrivals) == 2)
    assert server.said.index("LOGIN") < server.said.index("ID") < server.said.index("EXAMINE")
    assert "IDLE" not in server.said
    server.mails[12] = mail(12)
    await until(lambda: len(tools.arrivals) == 3)
    assert subjects(tools) == ["mail 7", "mail 9", "mail 12"]
    (arrival, *_) = tools.arrivals
    assert (arrival.adapter, arrival.recipient, arrival.sender) == (
        "imap.neteasy",
        "desk@163.example",
        "li7@kunde.example",
    )
    assert arrival.envelope["uid"] == 7
    assert tools.figures["mailbox_up", "neteasy"]() == 1


async def test_its_line_is_the_mailboxs_own_and_an_unknown_one_is_left_to_the_policy(
    tools: Tools, server: ImapDouble, follow: Open
) -> None:
    tools.policy_lines = lambda: {"support": {}}
    server.mails = {1: mail(1)}
    channel = await follow(line="support")
    await until(lambda: len(tools.arrivals) == 1)
    assert tools.arrivals[0].line == "support"
    tools.policy_lines = lambda: {"sales": {}}
    server.mails[2] = mail(2)
    await until(lambda: len(tools.arrivals) == 2)
    assert tools.arrivals[1].line is None
    assert channel.is_ours("Desk@163.example")


@pytest.mark.parametrize("tells", [True, False])
async def test_without_back_fill_only_what_comes_is_taken_in(
    tools: Tools, server: ImapDouble, follow: Open, tells: bool
) -> None:
    server.mails, server.tells_uidnext = {5: mail(5)}, tells
    await follow(backfill_days=0)
    await until(lambda: tools.state != {})
    server.mails[6] = mail(6)
    await until(lambda: len(tools.arrivals) == 1)
    assert subjects(tools) == ["mail 6"]


async def test_a_restart_goes_on_where_it_was_left(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.mails = {1: mail(1), 2: mail(2)}
    first = await follow()
    await until(lambda: len(tools.arrivals) == 2)
    await first.stop()
    server.mails[3] = mail(3)
    server.said.clear()
    await follow()
    await until(lambda: len(tools.arrivals) == 3)
    assert subjects(tools) == ["mail 1", "mail 2", "mail 3"]
    assert len([one for one in server.said if one == "UID FETCH"]) == 2


async def test_new_numbers_lose_nothing_and_repeat_nothing(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.mails = {1: mail(1), 2: mail(2)}
    first = await follow()
    await until(lambda: len(tools.arrivals) == 2)
    await first.stop()
    server.uidvalidity, server.mails = 2, {1: mail(2), 2: mail(1), 3: mail(3)}
    await follow()
    await until(lambda: len(tools.arrivals) == 3)
    assert subjects(tools) == ["mail 1", "mail 2", "mail 3"]


@pytest.mark.parametrize("how", ["no", "kill"])
async def test_a_mail_that_cannot_be_fetched_lets_the_others_pass_and_comes_later(
    tools: Tools, server: ImapDouble, follow: Open, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(watching, "STUCK_TRIES_S", 0.0)
    server.mails = {uid: mail(uid) for uid in range(1, 6)}
    server.refused = {3: how}
    channel = await follow()
    await until(lambda: len(tools.arrivals) == 4)
    assert "mail 3" not in subjects(tools)
    await until(lambda: "mail_stuck" in dict(tools.alarms))
    assert tools.figures["mailbox_stuck", "neteasy"]() == 1
    server.refused = {}
    await until(lambda: len(tools.arrivals) == 5)
    assert "mail 3" in subjects(tools)
    await until(lambda: tools.figures["mailbox_stuck", "neteasy"]() == 0)
    assert channel.health().ok


async def test_a_mail_given_in_halves_only_is_put_together(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.mails, server.refused = {1: mail(1)}, {1: "halves"}
    await follow()
    await until(lambda: len(tools.arrivals) == 1)
    assert tools.arrivals[0].raw == mail(1)


async def test_of_a_mail_too_large_the_head_is_taken_and_the_rest_stays(
    tools: Tools, server: ImapDouble, follow: Open
) -> None:
    server.mails = {1: mail(1, "x" * 5000), 2: mail(2)}
    await follow(limits={"message_bytes": 2000}, after="keep")
    await until(lambda: len(tools.arrivals) == 2)
    large = next(one for one in tools.arrivals if one.subject == "mail 1")
    assert b"still in the mailbox" in large.raw
    assert len(large.raw) < 500


async def test_a_store_that_is_down_makes_nothing_skipped(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.mails = {1: mail(1), 2: mail(2)}
    tools.error = StoreDownError("down")
    await follow()
    await until(tools.asked.is_set)
    await asyncio.sleep(0)
    tools.error = None
    await until(lambda: len(tools.arrivals) == 2)
    assert subjects(tools) == ["mail 1", "mail 2"]


async def test_a_refused_log_in_names_the_authorisation_code(
    tools: Tools, server: ImapDouble, follow: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "DOWN_S", 0.0)
    monkeypatch.setattr("contactd.channels.email.mailboxes.DOWN_S", 0.0)
    channel = await follow(preset="163", password="the account's own")
    await until(lambda: bool(tools.alarms))
    ((kind, detail),) = tools.alarms
    assert kind == "channel_down"
    assert "log-in refused" in detail
    assert "授权码" in detail
    assert "the account's own" not in detail
    assert not channel.health().ok
    assert tools.figures["mailbox_up", "neteasy"]() == 0
    assert "UID SEARCH" not in server.said


async def test_a_token_takes_the_passwords_place(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.capabilities, server.wants_id = "IMAP4rev1 AUTH=XOAUTH2", False
    server.mails = {1: mail(1)}
    await follow(password=None, token_command=[sys.executable, "-c", f"print('{TOKEN}')"])
    await until(lambda: len(tools.arrivals) == 1)
    assert "LOGIN" not in server.said


@pytest.mark.parametrize("program", ["print('old')", "print('two words')", "import sys; sys.exit(1)"])
async def test_a_token_that_is_none_or_refused_is_said(
    tools: Tools, server: ImapDouble, follow: Open, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(standing, "DOWN_S", 0.0)
    server.capabilities, server.wants_id = "IMAP4rev1 AUTH=XOAUTH2", False
    await follow(password=None, token_command=[sys.executable, "-c", program])
    await until(lambda: bool(tools.alarms), 10)
    assert "token" in tools.alarms[0][1]


async def test_a_server_that_comes_back_is_found_again(tools: Tools, server: ImapDouble, follow: Open) -> None:
    server.mails = {1: mail(1)}
    await follow()
    await until(lambda: len(tools.arrivals) == 1)
    await server.stop()
    await until(lambda: tools.figures["mailbox_up", "neteasy"]() == 0)
    server.mails[2] = mail(2)
    await server.start()
    await until(lambda: len(tools.arrivals) == 2)
    assert tools.figures["mailbox_up", "neteasy"]() == 1


# --- settings ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"username": "a", "password": "b"}, "needs a host or a preset"),
        ({"username": "a", "preset": "qq"}, "needs a password or a token_command"),
        ({"username": "a", "password": "b", "host": "mail.example", "security": "none"}, "needs security"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Mailbox.model_validate(options)


def test_one_folder_is_followed_once() -> None:
    box = {"preset": "qq", "username": "1@qq.com", "password": "x"}
    with pytest.raises(ValidationError, match=r"mailboxes\.b is the same folder"):
        Options.model_validate({"mailboxes": {"a": box, "b": box}})
    Options.model_validate({"mailboxes": {"a": box, "b": box | {"folder": "Sales"}, "c": box | {"enabled": False}}})


def test_presets_name_servers_and_what_a_refusal_means() -> None:
    box = Mailbox(preset="126", username="a@126.com", password="x")
    assert (box.server, box.server_port, box.own_address) == ("imap.126.com", 993, "a@126.com")
    assert "授权码" in box.login_hint
    assert "OAuth2" in Mailbox(host="Outlook.Office365.com", username="a", password="x").login_hint
    assert "secret" not in repr(Mailbox(preset="qq", username="a", password="secret"))


# --- what is kept ---

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_a_cursor_is_read_as_it_was_kept_and_nonsense_is_none() -> None:
    cursor = Cursor(uidvalidity=3, uid=7)
    cursor.stored(9, AT, fresh=True)
    cursor.stored(12, AT + timedelta(minutes=5), fresh=True)
    cursor.failed(10)
    assert Cursor.read(cursor.kept()) == cursor
    assert Cursor.read({"uid": "x"}) is None
    assert Cursor.read(None) is None


def test_silence_is_told_by_what_is_usual() -> None:
    cursor = Cursor()
    assert cursor.habit.silent(AT, timedelta(hours=1)) is None
    for number in range(22):
        cursor.stored(number, AT + timedelta(hours=number * 3), fresh=True)
    end = AT + timedelta(hours=63)
    assert cursor.habit.silent(end + timedelta(hours=6), None) is None
    assert cursor.habit.silent(end + timedelta(hours=7), None) == timedelta(hours=7)
    assert cursor.habit.silent(end + timedelta(hours=2), timedelta(hours=1)) == timedelta(hours=2)
    cursor.stored(99, end + timedelta(hours=9), fresh=False)
    assert cursor.habit.last == end


async def test_silence_raises_one_alarm(
    tools: Tools, server: ImapDouble, follow: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tmp_path
    server.mails = {1: mail(1)}
    channel = await follow(silence_hours=1)
    await until(lambda: len(tools.arrivals) == 1)
    (watch,) = channel._mailboxes.watches
    monkeypatch.setattr(watch.cursor.habit, "last", datetime.now(UTC) - timedelta(hours=5))
    await until(lambda: bool(tools.alarms))
    assert tools.alarms == [("mail_silent", "mailbox neteasy: no mail for 5 h")]
    server.mails[2] = mail(2)
    await until(lambda: len(tools.arrivals) == 2)
    assert not watch.standing.quiet
