from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactd.channels.email import spool
from contactd.core.errors import StoreDownError
from tests.channels.email.doubles import Tools, until

MAIL = b"From: a@b.example\r\nSubject: x\r\n\r\n\x00\xff\n"
ENVELOPE = {"mail_from": "a@b.example", "rcpt": ["support@example.com"]}


async def test_what_lies_there_at_start_and_what_comes_later_is_taken_and_deleted(
    open_channel: Callable[..., Any], tools: Tools
) -> None:
    spool.put(tools.data_dir, MAIL, ENVELOPE)
    channel = await open_channel()
    await until(lambda: not list(spool.waiting(tools.data_dir)))
    spool.put(tools.data_dir, MAIL + b"2", ENVELOPE)
    channel.nudge()
    await until(lambda: len(tools.arrivals) == 2 and not list(spool.waiting(tools.data_dir)))
    assert [arrival.raw for arrival in tools.arrivals] == [MAIL, MAIL + b"2"]
    assert tools.arrivals[0].adapter == "spool"
    assert tools.arrivals[0].recipient == "support@example.com"


async def test_a_mail_stays_until_the_store_has_it(open_channel: Callable[..., Any], tools: Tools) -> None:
    tools.error = StoreDownError("down")
    path = spool.put(tools.data_dir, MAIL, ENVELOPE)
    channel = await open_channel()
    await until(lambda: not channel.health().ok)
    assert path.exists()
    tools.error = None
    channel.nudge()
    await until(lambda: not path.exists() and channel.health().ok)
    assert len(tools.arrivals) == 1


async def test_one_that_cannot_be_taken_does_not_hold_up_the_others(
    open_channel: Callable[..., Any], tools: Tools
) -> None:
    bad = spool.put(tools.data_dir, MAIL, ENVELOPE)
    refused = tools.accept

    async def accept(arrival: Any, content: Any = None) -> Any:
        if arrival.raw == MAIL:
            raise RuntimeError
        return await refused(arrival, content)

    tools.accept = accept  # type: ignore[method-assign]
    good = spool.put(tools.data_dir, MAIL + b"good", ENVELOPE)
    channel = await open_channel()
    await until(lambda: not good.exists() and not channel.health().ok)
    assert bad.exists()


def test_handing_over_twice_is_one_file(tmp_path: Path) -> None:
    assert spool.put(tmp_path, MAIL, ENVELOPE) == spool.put(tmp_path, MAIL, ENVELOPE)
    (path,) = spool.waiting(tmp_path)
    found = spool.take(path)
    assert found is not None
    assert (found.raw, found.envelope) == (MAIL, ENVELOPE)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("raw", [b"", b"x" * (spool.MAX_BYTES + 1)])
def test_nothing_and_too_much_are_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ValueError, match="the mail is"):
        spool.put(tmp_path, raw, ENVELOPE)


@pytest.mark.parametrize("content", [b"", b"no json\nx", b"[]\nx", b'{"rcpt": 5}\nx', b"[" * 60000 + b"\nx", b"\xff"])
def test_a_damaged_file_is_still_a_mail(tmp_path: Path, content: bytes) -> None:
    folder = spool.folder(tmp_path)
    folder.mkdir(parents=True)
    path = folder / "a.mail"
    path.write_bytes(content)
    found = spool.take(path)
    assert found is not None
    assert found.envelope["rcpt"] == []
    assert content.endswith(found.raw)


def test_links_pipes_and_unfinished_files_are_left_alone(tmp_path: Path) -> None:
    folder = spool.folder(tmp_path)
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"{}\nsecret")
    (folder / "link.mail").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.mail")
    (folder / ".half.mail").write_bytes(b"{}\nhalf")
    assert list(spool.waiting(tmp_path)) == []
    assert spool.take(folder / "link.mail") is None
    assert spool.take(folder / "pipe.mail") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {}),
        ({"mail_from": "a@b.example"}, {"mail_from": "a@b.example"}),
        ({"mail_from": ""}, {"mail_from": ""}),
        ({"mail_from": "<>"}, {"mail_from": ""}),
        ({"mail_from": "MAILER-DAEMON"}, {"mail_from": ""}),
    ],
)
def test_a_sender_that_is_not_told_is_not_one_that_is_none(
    tmp_path: Path, given: dict[str, str], kept: dict[str, str]
) -> None:
    path = spool.put(tmp_path, MAIL, given | {"rcpt": ["support@example.com"]})  # type: ignore[operator]
    found = spool.take(path)
    assert found is not None
    assert found.envelope == kept | {"rcpt": ["support@example.com"]}
