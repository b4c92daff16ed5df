"""The recorded streams of a real PBX and the truth about them, as the tests read them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contactd.channels.voice.ami import Event, Session

AMI = Path(__file__).parent / "fixtures" / "ami"
ARI = Path(__file__).parent / "fixtures" / "ari"


def read(path: Path) -> bytes:
    """Return a fixture's bytes, unpacked when it is kept packed."""
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()


def chunks(name: str) -> Iterator[tuple[bytes, datetime]]:
    """Yield what each `recv` of the recording returned, and when."""
    data = read(AMI / f"{name}.ami")
    index = [line.split() for line in read(AMI / f"{name}.ami.idx").decode().splitlines()]
    starts = [int(offset) for offset, _ in index]
    for n, (_, seconds) in enumerate(index):
        end = starts[n + 1] if n + 1 < len(starts) else len(data)
        yield data[starts[n] : end], datetime.fromtimestamp(float(seconds), UTC)


def events(name: str) -> list[Event]:
    """Return the events of a recorded stream, each with the time it was received."""
    session = Session()
    return [event for data, at in chunks(name) for event in session.feed(data, at)]


def truth(name: str) -> dict[str, Any]:
    """Return a scenario's truth file: `facts` and the phones' own `timeline`."""
    found: dict[str, Any] = json.loads(read(AMI / f"{name}.truth.json"))
    return found


def ari_events(name: str) -> list[dict[str, Any]]:
    """Return the WebSocket messages of a recorded ARI run."""
    return [json.loads(line) for line in read(ARI / f"{name}.jsonl").decode().splitlines()]


def ari_rest(name: str) -> list[dict[str, Any]]:
    """Return the REST requests of a recorded ARI run."""
    return [json.loads(line) for line in read(ARI / f"{name}.rest.jsonl").decode().splitlines()]
