"""Does the parser's time grow with a hostile mail, or with its square?  Worst time per byte, at one size and at twice it.

    python bench/mail_hostile.py [--size 500000] [--rounds 3]

Each row is one way to make a parser slow, generated at a size and at twice it; `growth` is the second time over the first: 2 is
linear.  Time is the processor's, and the best of the rounds counts: what else runs on the machine disturbs least.  Then the
whole corpus of the tests: mails a second, and the most memory one of them takes.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from contactd.channels.email.parse import parse
from contactd.channels.email.reader import read

ROOT = Path(__file__).parents[1]
HEAD = b"From: a@kunde.example\r\nTo: b@example.com\r\nSubject: x\r\n"


def _nested(size: int) -> bytes:
    part = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    return HEAD + b"".join(part % (n, n) for n in range(size // 58))


def _html(inner: bytes) -> Callable[[int], bytes]:
    return lambda size: HEAD + b"Content-Type: text/html\r\n\r\n" + inner * (size // len(inner))


def _field(name: bytes, inner: bytes, tail: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: HEAD + name + b": " + inner * (size // len(inner)) + tail + b"\r\n\r\nbody\r\n"


def _body(head: bytes, inner: bytes) -> Callable[[int], bytes]:
    return lambda size: HEAD + head + b"\r\n\r\n" + inner * (size // len(inner))


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "nested multiparts": _nested,
    "20,000 parts": _body(b"Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n"),
    "boundaries that are none": _body(b"Content-Type: multipart/mixed; boundary=b", b"\r\n--bx"),
    "encoded words": _field(b"X-Y", b"=?utf-8?B?5oql5Lu3?= "),
    "encoded words in Subject": _field(b"Subject", b"=?gb2312?Q?=D2=BB?=\r\n "),
    "parentheses in To": _field(b"To", b"("),
    "quotes in To": _field(b"To", b'"\\'),
    "recipients": _field(b"To", b"a@b.example, "),
    "header fields": lambda size: b"X: y\r\n" * (size // 6) + HEAD + b"\r\nbody\r\n",
    "parameters": _field(b"Content-Type", b";a=b"),
    "RFC 2231 pieces": lambda size: (
        HEAD
        + b"Content-Disposition: attachment"
        + b"".join(b"; filename*%d*=%%41" % n for n in range(size // 20))
        + b"\r\n\r\nx"
    ),
    "references": _field(b"References", b"<a@b.example> "),
    "open tags": _html(b"<div>"),
    "broken tags": _html(b"<a href='"),
    "ampersands": _html(b"&amp"),
    "comments": _html(b"<!-- <!- "),
    "attributes": lambda size: HEAD + b"Content-Type: text/html\r\n\r\n<p " + b"a=b " * (size // 4) + b">x</p>",
    "base64 with strays": _body(b"Content-Transfer-Encoding: base64", b"QU=J!"),
    "quoted-printable": _body(b"Content-Transfer-Encoding: quoted-printable", b"=\r\n=3"),
    "uuencode begins": _body(b"Content-Type: text/plain", b"begin 644 a\r\n"),
    "quote marks": _body(b"Content-Type: text/plain", b"> "),
    "On a a a wrote": _body(b"Content-Type: text/plain", b"On a, "),
    "PGP begins": _body(b"Content-Type: text/plain", b"-----BEGIN PGP SIGNED MESSAGE-----\r\n"),
    "sealed garbage": _body(
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64",
        b"MIAGCSqGSIb3\r\n",
    ),
    "mixed scripts": _body(b"Content-Type: text/plain; charset=gb2312", b"\xd2\xe6\xb1\x80"),
}


def best(task: Callable[[], object], rounds: int) -> float:
    """Return the shortest processor time of a few rounds, in seconds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        task()
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", type=int, default=500_000)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    load = Path("/proc/loadavg").read_text().split()[0] if Path("/proc/loadavg").exists() else "?"
    print(f"{' '.join(sys.argv)}  Python {platform.python_version()} {platform.system()}  load {load}")
    rows = []
    for name, make in HOSTILE.items():
        one, two = make(asked.size), make(2 * asked.size)
        first = best(lambda raw=one: read(raw, {}), asked.rounds)  # type: ignore[misc]
        second = best(lambda raw=two: read(raw, {}), asked.rounds)  # type: ignore[misc]
        rows.append((second / len(two), second / first, name))
        cost, growth = second / len(two) * 1e9, second / first
        print(f"  {name:26} {first * 1e3:8.1f} ms  {second * 1e3:8.1f} ms  growth {growth:5.2f}  {cost:8.0f} ns/byte")
    worst, _, slowest = max(rows)
    print(f"worst time per byte {worst * 1e9:.0f} ns ({slowest}); most growth {max(row[1] for row in rows):.2f}")
    _corpus(asked.rounds)


def corpus() -> list[bytes]:
    """Return the mails of the tests: the shapes of the world's programs, in eight languages."""
    sys.path.insert(0, str(ROOT))
    part = importlib.import_module
    words = part("tests.channels.email.corpus.words").WORDS
    modules = [part(f"tests.channels.email.corpus.{name}") for name in ("desktop", "web", "machines")]
    return [mail.raw for one in words for module in modules for mail in module.mails(one)]


def _corpus(rounds: int) -> None:
    """Read the corpus of the tests."""
    mails = corpus()
    times = [best(lambda: [parse(raw) for raw in mails], 1) for _ in range(rounds)]
    peaks = []
    for raw in mails:
        tracemalloc.start()
        parse(raw)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    rate = len(mails) / statistics.median(times)
    size = sum(map(len, mails)) // len(mails)
    print(f"corpus: {len(mails)} mails of {size} bytes; {rate:.0f} mails/s; peak memory {max(peaks) // 1024} KiB")


if __name__ == "__main__":
    main()
