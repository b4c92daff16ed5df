"""How many manager events a second are read and applied, beside a plain splitter of lines and panoramisk's parser, taken in turn.

    python bench/voice.py [--rounds 5] [--passes 20]

The stream is a recorded burst of twenty queue calls (2,174 events of a real PBX), given again and again under new ids, in pieces of
4 KB.  `contactd` reads it and follows every call to its end; `splitter` only makes a dictionary of each block; `panoramisk` (if it
is installed: `pip install panoramisk`) makes its messages of it, and follows nothing.  Every pass must tell exactly the calls of
the recording's truth file: a wrong fact ends the program.  `memory` is what the process has grown by.  Seconds are of the
processor, so that neighbours count less.
"""

from __future__ import annotations

import argparse
import gzip
import platform
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contactd.channels.voice.ami import Session
from contactd.channels.voice.calls import Calls
from contactd.core.channel import Progress

RECORDED = Path(__file__).parents[1] / "tests/channels/voice/fixtures/ami/burst20.ami.gz"
TRUTH = {"waiting": 20, "answered": 17, "ended": 20}
EPOCH = b"17953"
"""How every id in the recording begins."""
PIECE = 4096


def stream(raw: bytes, n: int) -> bytes:
    """Return the recording under ids nobody has seen yet."""
    return raw.replace(EPOCH, b"%05d" % (10_000 + n))


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut as a socket does."""
    return (data[at : at + PIECE] for at in range(0, len(data), PIECE))


class Ours:
    """A session and the calls of a PBX, kept from pass to pass as in a running server."""

    def __init__(self) -> None:
        self.session, self.calls = Session(), Calls("pbx")
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self, data: bytes) -> int:
        """Read and apply; return how many events there were."""
        events = 0
        told: Counter[str] = Counter()
        for piece in pieces(data):
            self.at += timedelta(milliseconds=5)
            for event in self.session.feed(piece, self.at):
                events += 1
                told.update(fact.kind for fact in self.calls.handle(event) if isinstance(fact, Progress))
        found = {kind: told[kind] for kind in TRUTH}
        if found != TRUTH or self.calls.open_keys():
            sys.exit(f"wrong facts: {found}, expected {TRUTH}")
        return events


class Splitter:
    """The least anybody has to do: blocks at blank lines, a dictionary of each."""

    def __init__(self) -> None:
        self.rest = b""

    def __call__(self, data: bytes) -> int:
        """Split; return how many blocks there were."""
        events = 0
        for piece in pieces(data):
            *blocks, self.rest = (self.rest + piece).split(b"\r\n\r\n")
            for block in blocks:
                dict(line.partition(": ")[::2] for line in block.decode("utf-8", "replace").split("\r\n"))
                events += 1
        return events


def panoramisk() -> Callable[[bytes], int] | None:
    """Return panoramisk's way from bytes to messages; None when it is not installed."""
    try:
        from panoramisk.message import Message  # noqa: PLC0415 - only if it is there
        from panoramisk.utils import EOL  # noqa: PLC0415 - only if it is there
    except ImportError:
        return None
    rest = ""

    def read(data: bytes) -> int:
        nonlocal rest
        events = 0
        for piece in pieces(data):
            *blocks, rest = (rest + piece.decode("utf-8", "replace")).split(EOL + EOL)
            for block in blocks:
                Message.from_line(block)
                events += 1
        return events

    return read


def grown() -> int:
    """Return the most memory the process has had, in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=20)
    args = parser.parse_args()
    raw = gzip.decompress(RECORDED.read_bytes()).partition(b"\r\n")[2]
    sides: dict[str, Callable[[bytes], int]] = {"contactd": Ours(), "splitter": Splitter()}
    peer = panoramisk()
    if peer is not None:
        sides["panoramisk"] = peer
    print(f"$ {' '.join(sys.argv)}   Python {platform.python_version()} on {platform.machine()}")
    n = 0
    for side in sides.values():
        side(stream(raw, n))
    n, rates, early = 1, {name: [] for name in sides}, 0
    for _ in range(args.rounds):
        for name, side in sides.items():
            began, events = time.process_time(), 0
            for _ in range(args.passes):
                events += side(stream(raw, n))
                n += 1
            rates[name].append(events / (time.process_time() - began))
        early = early or grown()
    for name, found in rates.items():
        print(f"{name:12} {statistics.median(found):9,.0f} events/s   ({min(found):,.0f} to {max(found):,.0f})")
    ours = statistics.median(rates["contactd"])
    for name in list(rates)[1:]:
        print(f"ratio to {name}: {ours / statistics.median(rates[name]):.2f}")
    print(f"memory: +{grown() - early} KB after {n - 1:,} passes; wrong facts: 0")


if __name__ == "__main__":
    main()
