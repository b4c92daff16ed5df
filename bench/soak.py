"""A server that takes in mail for minutes (an hour with --hour): does its memory stay flat, and is every mail there once?

    python bench/soak.py [--minutes 3 | --hour] [--rate 20]

`contactd serve` with its defaults; the mails of the tests' corpus come by SMTP at a steady rate, each under a Message-ID of its
own.  Memory is the resident set of the server and its workers, every ten seconds.  The first third warms up (workers begin with
the first mails); `growth` is the median of the last fifth over that of the fifth after it.  At the end every mail that was
accepted has its receipt, and none is unread.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import signal
import smtplib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
EVERY_S = 10.0
SETTLE_S = 120.0
GROWN = 1.10
"""More than this is not flat."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


def start(folder: Path) -> tuple[subprocess.Popen[bytes], tuple[str, int]]:
    """Start a server; return it and its SMTP door."""
    settings = {"data_dir": folder, "http.port": 0, "channels.email.smtp.port": 0, "limits.disk_free_mb": 0}
    settings |= {"channels.email.limits.messages_per_minute": 1_000_000, "channels.email.limits.disk_free_mb": 0}
    words = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    server = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "contactd", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("wb"),
        cwd=ROOT,
    )
    assert server.stdout is not None
    line = server.stdout.readline().decode()
    host, _, port = json.loads(line.removeprefix("ready "))["smtp"].rpartition(":")
    return server, (host, int(port))


def memory(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    found, total = [pid], 0
    while found:
        one = found.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):
            continue
    return total


def corpus() -> list[bytes]:
    """Return the mails of the tests."""
    sys.path.insert(0, str(ROOT))
    part = importlib.import_module
    words = part("tests.channels.email.corpus.words").WORDS
    modules = [part(f"tests.channels.email.corpus.{name}") for name in ("desktop", "web", "machines")]
    return [mail.raw for one in words for module in modules for mail in module.mails(one)]


def mails() -> list[bytes]:
    """Return the corpus without Message-IDs, each ready for one of its own."""
    kept = []
    for raw in corpus():
        lines = raw.replace(b"\r\n", b"\n").split(b"\n")
        kept.append(b"\r\n".join(line for line in lines if not line.lower().startswith(b"message-id:")))
    return kept


def send(door: tuple[str, int], stock: list[bytes], rate: float, seconds: float, pid: int) -> tuple[int, list[int]]:
    """Send at a steady rate; return how many were accepted, and the memory every ten seconds."""
    accepted, seen, began = 0, [memory(pid)], time.monotonic()
    with smtplib.SMTP(*door, timeout=60) as client:
        client.ehlo("soak.example")
        while (now := time.monotonic() - began) < seconds:
            if now > EVERY_S * len(seen):
                seen.append(memory(pid))
            if accepted > rate * now:
                time.sleep(0.005)
                continue
            client.mail(f"kunde{accepted % 500}@kunde.example")
            client.rcpt("support@example.com")
            code, _ = client.data(
                f"Message-ID: <soak-{accepted}@kunde.example>\r\n".encode() + stock[accepted % len(stock)]
            )
            accepted += code == 250
    return accepted, seen


def settled(folder: Path) -> tuple[int, int]:
    """Wait until nothing is unread; return receipts and interactions that are still unread."""
    end = time.monotonic() + SETTLE_S
    while True:
        with sqlite3.connect(f"file:{next(folder.glob('*.sqlite'))}?mode=ro", uri=True) as store:
            (receipts,) = store.execute("select count(*) from receipt").fetchone()
            (unread,) = store.execute("select count(*) from interaction where state = 'received'").fetchone()
        if not unread or time.monotonic() > end:
            return receipts, unread
        time.sleep(0.5)


def main() -> None:
    """Soak and print; exit 1 where memory grew or a mail is missing."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=3)
    arguments.add_argument("--hour", action="store_true")
    arguments.add_argument("--rate", type=float, default=20)
    asked = arguments.parse_args()
    seconds = 3600.0 if asked.hour else asked.minutes * 60
    print(f"{' '.join(sys.argv)}  Python {platform.python_version()} {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="contactd-soak-") as made:
        folder = Path(made)
        server, door = start(folder)
        try:
            accepted, seen = send(door, mails(), asked.rate, seconds, server.pid)
            receipts, unread = settled(folder)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    warm, fifth = len(seen) // 3, max(len(seen) // 5, 1)
    early, late = statistics.median(seen[warm : warm + fifth]), statistics.median(seen[-fifth:])
    growth = late / early
    print(f"{accepted} mails in {seconds:.0f} s; receipts {receipts}; unread {unread}")
    print(f"memory MB: {' '.join(str(one // 2**20) for one in seen)}")
    print(f"growth {growth:.3f} ({early / 2**20:.0f} -> {late / 2**20:.0f} MB)")
    if growth > GROWN or unread or receipts != accepted:
        sys.exit(1)


if __name__ == "__main__":
    main()
