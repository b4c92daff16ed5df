"""The whole mail path against an SMTP server that does nothing, in one run.

    python bench/mail.py [--rounds 7] [--mails 1500] [--sessions 10] [--kind mixed|text|html] [--set KEY=VALUE …]

Ours: `contactd serve` with its defaults; the clock starts with the first MAIL and stops when every mail was accepted, committed,
parsed in a worker and stands `queued` in the store (the file is asked).  "decided" is the moment the router's journal has them all,
too.  The peer: aiosmtpd on asyncio with its defaults and a handler without methods; its clock stops with the last 250.

Both servers run all the time as processes of their own.  One client process serves both: the same mails of about 5 KB, the same
sessions on kept connections, no pipelining.  The two are measured in turn, after a round that does not count.  CPU is user + system
of the server and its workers, the figure that other work on the machine disturbs least; "with words": until every mail can be found
in the search box, too, which waits for the end of a rush and is done before the peer's turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import aiosmtpd
import uvloop
from aiosmtpd.smtp import SMTP

ROOT = Path(__file__).parents[1]
WORDS = [
    *("order", "invoice", "delivery", "question", "thanks", "price", "support", "please", "regards", "account"),
    *("订单", "发票", "您好", "请问", "谢谢", "技术支持", "报价"),
]
SENDERS = 500
PATIENCE_S = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


# --- what is sent ---


def template(kind: str, size: int, dice: Random) -> bytes:
    """Make one mail of about `size` bytes, with marks where each copy differs."""
    mail = EmailMessage(WIRE)
    mail["From"] = "Zhang San <kunde.SENDERSENDER@kunde.example>"
    mail["To"] = "Support <support@example.com>"
    mail["Subject"] = "Question about order NUMBERNUMBER"
    mail["Date"] = "Sun, 22 Nov 2026 08:00:00 +0800"
    mail["Message-ID"] = "<NUMBERNUMBER@kunde.example>"
    mail["X-Mailer"] = "Some Mailer 16.0"
    for hop in range(3):
        mail[f"X-Received-{hop}"] = (
            f"from mx{hop}.kunde.example (198.51.100.{hop}) by relay with ESMTPS id NUMBERNUMBER"
        )
    text = "\n".join(" ".join(dice.choices(WORDS, k=9)) for _ in range(200))
    share = size - 900 if kind == "text" else (size - 1400) // 3
    body = text.encode()[:share].decode("utf-8", "ignore")
    mail.set_content(body, cte="8bit")
    if kind == "html":
        marked = "".join(f"<p style='margin:0 0 8px'>{line}</p>\n" for line in body.splitlines())
        mail.add_alternative(f"<html><body>{marked}</body></html>", subtype="html", cte="8bit")
    return mail.as_bytes()


def corpus(kind: str, size: int, count: int, tag: str) -> list[bytes]:
    """Make `count` different mails, dot-stuffed, with the end of data."""
    dice = Random(7)
    kinds = ("text", "html") if kind == "mixed" else (kind,)
    templates = [template(kinds[n % len(kinds)], size, dice) for n in range(20)]
    mails = []
    for n in range(count):
        one = templates[n % len(templates)].replace(b"NUMBERNUMBER", f"{tag}-{n}".encode())
        one = one.replace(b"SENDERSENDER", str(n % SENDERS).encode())
        mails.append(one.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    return mails


# --- the client ---


class Session(asyncio.Protocol):
    """One kept connection that sends mail after mail from a common stock."""

    def __init__(self, stock: Iterator[bytes], latencies: list[float]) -> None:
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stock = stock
        self._latencies = latencies
        self._transport: Any = None
        self._buffer = b""
        self._state = "greeting"
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the server speaks first."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take each whole answer."""
        self._buffer += data
        while b"\r\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\r\n", 1)
            if line[3:4] != b"-":
                self._answered(line)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail whoever waits."""
        for future in (self.greeted, self.done):
            if not future.done():
                future.set_exception(error or ConnectionError("closed"))

    def begin(self) -> None:
        """Send the first mail."""
        self._state = "mail"
        self._say(b"MAIL FROM:<bench@kunde.example>\r\n")

    def _answered(self, line: bytes) -> None:
        if line[:1] not in b"23":
            self.connection_lost(ConnectionError(line.decode()))
            return
        match self._state:
            case "greeting":
                self._state = "hello"
                self._say(b"EHLO bench.example\r\n")
            case "hello":
                self.greeted.set_result(None)
            case "mail":
                self._state = "rcpt"
                self._say(b"RCPT TO:<support@example.com>\r\n")
            case "rcpt":
                mail = next(self._stock, None)
                if mail is None:
                    self.done.set_result(None)
                    self._transport.close()
                    return
                self._mail = mail
                self._state = "data"
                self._say(b"DATA\r\n")
            case "data":
                self._state = "dot"
                self._sent = time.monotonic()
                self._say(self._mail)
            case _:
                self._latencies.append(time.monotonic() - self._sent)
                self.begin()

    def _say(self, data: bytes) -> None:
        self._transport.write(data)


async def send(port: int, mails: list[bytes], sessions: int) -> tuple[float, float, list[float]]:
    """Send all mails; return when the first was begun, when the last was answered, and each final dot's latency in seconds."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    stock = iter(mails)
    made = [
        (await loop.create_connection(lambda: Session(stock, latencies), "127.0.0.1", port))[1] for _ in range(sessions)
    ]
    await asyncio.gather(*(one.greeted for one in made))
    began = time.monotonic()
    for one in made:
        one.begin()
    await asyncio.gather(*(one.done for one in made))
    return began, time.monotonic(), latencies


def client(pipe: Connection) -> None:
    """Serve orders: (port, kind, size, count, tag, sessions) → what `send` returns, with the mails' mean size."""
    while (order := pipe.recv()) is not None:
        port, kind, size, count, tag, sessions = order
        mails = corpus(kind, size, count, tag)
        result = uvloop.run(send(port, mails, sessions))
        pipe.send((*result, sum(map(len, mails)) // count))


# --- the peer ---


def peer(pipe: Connection) -> None:
    """Serve SMTP with aiosmtpd's defaults and a handler that does nothing."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(object(), hostname="bench.example", loop=loop), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


# --- ours ---


class House:
    """A running contactd, and its store's file."""

    def __init__(self, folder: Path, settings: list[str]) -> None:
        chosen = ["http.port=0", "channels.email.smtp.port=0", f"data_dir={folder}", "log.level=warning", *settings]
        began = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "contactd", "serve", *(word for one in chosen for word in ("--set", one))],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if not line.startswith("ready "):
            sys.exit(f"contactd does not start: {line!r}")
        self.start_s = time.monotonic() - began
        self.port = int(json.loads(line.removeprefix("ready "))["smtp"].rpartition(":")[2])
        (file,) = folder.glob("*.sqlite")
        self._db = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    def count(self, question: str) -> int:
        """Ask the store for a number."""
        return int(self._db.execute(question).fetchone()[0])

    def until(self, question: str, every_s: float = 0.005) -> float:
        """Wait until the store counts none of what is asked for; return when."""
        deadline = time.monotonic() + PATIENCE_S
        while self.count(question):
            if time.monotonic() > deadline:
                sys.exit(f"never done: {question}")
            time.sleep(every_s)
        return time.monotonic()

    def stop(self) -> None:
        """Stop it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)


UNREAD = "SELECT count(*) FROM interaction WHERE state = 'received'"
UNDECIDED = "SELECT count(*) FROM fact_inbox WHERE consumed_seq IS NULL"
UNFOUND = "SELECT (SELECT count(*) FROM message) - (SELECT count(*) FROM search_doc WHERE kind = 'message')"
TAKEN = "SELECT count(*) FROM interaction WHERE queued_at IS NOT NULL"


@dataclass
class Round:
    """One measured round of one server."""

    seconds: float
    accepted_s: float
    decided_s: float
    cpu_s: float
    whole_cpu_s: float
    """With what is done later: for us, the words of every mail in the search box."""
    latencies: list[float]
    size: int


def cpu(pid: int) -> float:
    """Return user + system seconds of a process and all its descendants, the ended ones, too."""
    total = 0.0
    parents: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            times[int(entry.name)] = sum(map(int, fields[11:15])) / _TICKS
    todo = [pid]
    while todo:
        one = todo.pop()
        total += times.get(one, 0.0)
        todo += parents.get(one, [])
    return total


def measure_ours(house: House, pipe: Connection, order: tuple[Any, ...]) -> Round:
    """Let the client send to contactd, and wait until every mail is queued."""
    before, used = house.count(TAKEN), cpu(house.process.pid)
    pipe.send((house.port, *order))
    began, answered, latencies, size = pipe.recv()
    queued = house.until(UNREAD)
    decided = house.until(UNDECIDED)
    if house.count(TAKEN) - before != order[2]:
        sys.exit("not every mail was queued")
    spent = cpu(house.process.pid) - used
    # Else it would run while the peer is measured.
    house.until(UNFOUND, 0.1)
    whole = cpu(house.process.pid) - used
    return Round(queued - began, answered - began, decided - began, spent, whole, latencies, size)


def measure_peer(pid: int, port: int, pipe: Connection, order: tuple[Any, ...]) -> Round:
    """Let the client send to the peer."""
    used = cpu(pid)
    pipe.send((port, *order))
    began, answered, latencies, size = pipe.recv()
    took = answered - began
    spent = cpu(pid) - used
    return Round(took, took, took, spent, spent, latencies, size)


# --- figures ---


def percentile(values: list[float], part: float) -> float:
    """Return a percentile of values."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def report(figures: dict[str, list[Round]], count: int) -> None:
    """Print medians, spread and ratios."""
    print(
        f"{'':<10} {'mails/s':>8} {'lowest':>7} {'highest':>7} {'accepted/s':>10} {'decided/s':>9} {'CPU ms/mail':>11} "
        f"{'with words':>10} {'dot p50 ms':>10} {'p99 ms':>7}"
    )
    for name, rounds in figures.items():
        rates = [count / one.seconds for one in rounds]
        dots = [latency * 1000 for one in rounds for latency in one.latencies]
        print(
            f"{name:<10} {statistics.median(rates):>8.0f} {min(rates):>7.0f} {max(rates):>7.0f} "
            f"{statistics.median(count / one.accepted_s for one in rounds):>10.0f} "
            f"{statistics.median(count / one.decided_s for one in rounds):>9.0f} "
            f"{statistics.median(one.cpu_s / count * 1000 for one in rounds):>11.2f} "
            f"{statistics.median(one.whole_cpu_s / count * 1000 for one in rounds):>10.2f} "
            f"{percentile(dots, 0.5):>10.1f} {percentile(dots, 0.99):>7.1f}"
        )
    pairs = list(zip(figures["contactd"], figures["aiosmtpd"], strict=True))
    ratios = [theirs.seconds / ours.seconds for ours, theirs in pairs]
    work = [ours.cpu_s / theirs.cpu_s for ours, theirs in pairs]
    whole = [ours.whole_cpu_s / theirs.cpu_s for ours, theirs in pairs]
    print(
        f"contactd / aiosmtpd: {statistics.median(ratios):.2f} (rounds {min(ratios):.2f}-{max(ratios):.2f}), "
        f"at {statistics.median(work):.2f} times its CPU, {statistics.median(whole):.2f} with the words for the search box"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds, after one warm-up")
    parser.add_argument("--mails", type=int, default=1500, help="mails a round, to each server")
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--size", type=int, default=5000, help="bytes of a mail, about")
    parser.add_argument(
        "--kind", choices=("mixed", "text", "html"), default="mixed", help="mixed: half text, half with HTML beside"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of contactd")
    asked = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    ours_end, clients_end = spawn.Pipe()
    sender = spawn.Process(target=client, args=(clients_end,), daemon=True)
    sender.start()
    peer_end, peers_end = spawn.Pipe()
    other = spawn.Process(target=peer, args=(peers_end,), daemon=True)
    other.start()
    port = peer_end.recv()
    figures: dict[str, list[Round]] = {"contactd": [], "aiosmtpd": []}
    with tempfile.TemporaryDirectory(prefix="contactd-bench-") as name:
        house = House(Path(name), asked.set)
        try:
            for number in range(asked.rounds + 1):
                order = (asked.kind, asked.size, asked.mails, f"r{number}", asked.sessions)
                ours = measure_ours(house, ours_end, order)
                theirs = measure_peer(other.pid or 0, port, ours_end, order)
                if number:
                    figures["contactd"].append(ours)
                    figures["aiosmtpd"].append(theirs)
        finally:
            house.stop()
    ours_end.send(None)
    other.terminate()
    print(
        f"Python {platform.python_version()}, aiosmtpd {aiosmtpd.__version__}, uvloop {version('uvloop')}, "
        f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: {' '.join(sys.argv)}"
    )
    print(
        f"mails of {figures['contactd'][0].size} bytes, {asked.sessions} sessions, {asked.mails} mails a round, "
        f"{asked.rounds} rounds; ready after {house.start_s:.1f} s"
    )
    report(figures, asked.mails)


if __name__ == "__main__":
    main()
