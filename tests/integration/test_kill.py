"""kill -9 in the middle of a stream of mails, fifty times: every mail that was answered with 250 is there exactly once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.integration.house import Console, House

pytestmark = pytest.mark.integration
HOUSES = 5
KILLS = 10
"""… of each house: fifty in all."""


class Stream:
    """A sender that goes on and on, and remembers which mails the server took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.taken: list[str] = []
        self._stop = threading.Event()

    def run(self, house: House) -> None:
        """Send until the server is gone or `stop` is called."""
        while not self._stop.is_set():
            self.sent += 1
            key = f"{self.name}.{self.sent}"
            try:
                answer = house.send_mail(key, text=f"Mail {key}")
            except OSError:  # smtplib's errors are ones, too: the server was killed
                return
            if answer.startswith("250"):
                self.taken.append(key)

    def stop(self) -> None:
        self._stop.set()


@pytest.mark.parametrize("number", range(HOUSES))
def test_every_acknowledged_mail_is_there_exactly_once(tmp_path: Path, number: int) -> None:
    house = House(tmp_path / "house", **{"limits.workers": 1, "channels.email.limits.messages_per_minute": 100000})
    dice = Random(20261122 + number)
    streams = [Stream(f"s{n}") for n in range(3)]
    try:
        for _ in range(KILLS):
            house.start()
            threads = [threading.Thread(target=stream.run, args=(house,)) for stream in streams]
            for thread in threads:
                thread.start()
            # Not after a time: on a busy machine nothing would have been taken yet.
            _until_taken(streams, sum(len(stream.taken) for stream in streams) + dice.choice((1, 1, 2, 3, 5, 8)))
            threading.Event().wait(dice.uniform(0.0, 0.1))
            house.kill()
            for thread in threads:
                thread.join(20)
        house.start()
        _until_read(tmp_path / "house" / "data")
        assert house.terminate() == 0
        audit = house.command("audit")
        assert audit.returncode == 0, audit.stdout + audit.stderr
    finally:
        house.close()
    taken = [key for stream in streams for key in stream.taken]
    assert len(taken) > KILLS
    kept = _subjects(tmp_path / "house" / "data")
    assert [key for key in taken if kept[key] != 1] == []
    assert max(kept.values()) == 1


def _until_taken(streams: list[Stream], wanted: int) -> None:
    """Wait until so many mails were acknowledged in all."""
    waiting = threading.Event()
    for _ in range(6000):
        if sum(len(stream.taken) for stream in streams) >= wanted:
            return
        waiting.wait(0.005)
    pytest.fail("no mail was taken")


def _connection(data: Path) -> sqlite3.Connection:
    (file,) = data.glob("*.sqlite")
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def _subjects(data: Path) -> Counter[str]:
    """Count interactions by subject."""
    connection = _connection(data)
    rows = Counter(row[0] for row in connection.execute("SELECT subject FROM interaction"))
    connection.close()
    return rows


def _until_read(data: Path) -> None:
    """Wait until nothing stands in `received`: the start reads what a crash left."""
    waiting = threading.Event()
    for _ in range(600):
        connection = _connection(data)
        (left,) = connection.execute("SELECT count(*) FROM interaction WHERE state = 'received'").fetchone()
        connection.close()
        if not left:
            return
        waiting.wait(0.1)
    pytest.fail("mails were never read")


async def test_a_stop_with_everything_open_loses_nothing(house: House) -> None:
    """An open socket, an open DATA and writes under way: SIGTERM, exit 0, everything acknowledged is there."""
    house.start()
    host, port = house.addresses["smtp"].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    for line in (b"EHLO c.example\r\n", b"MAIL FROM:<a@b.cn>\r\n", b"RCPT TO:<x@example.com>\r\n", b"DATA\r\n"):
        await _answer(reader)
        writer.write(line)
    await _answer(reader)
    writer.write(b"From: a@b.cn\r\nSubject: open\r\n\r\nhalf of a")
    await writer.drain()
    stream = Stream("stop")
    sending = asyncio.create_task(asyncio.to_thread(stream.run, house))
    async with asyncio.timeout(20):
        while len(stream.taken) < 3:  # noqa: ASYNC110 - another thread's list
            await asyncio.sleep(0.05)
    assert await asyncio.to_thread(house.terminate) == 0
    stream.stop()
    await sending
    writer.close()
    audit = await asyncio.to_thread(house.command, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    house.start()
    house.add_user("chen", "supervisor")
    chen = await Console.log_in(house, "chen")
    page = await chen.get("/interactions?limit=200")
    subjects = Counter(item["subject"] for item in page["items"])
    assert [key for key in stream.taken if subjects[key] != 1] == []
    await chen.close()


async def _answer(reader: asyncio.StreamReader) -> str:
    while True:
        line = (await reader.readline()).decode()
        if line[3:4] != "-":
            return line.strip()
