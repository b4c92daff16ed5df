"""Asterisk's own record of its queues (`queue_log`) and calls (CDR as CSV), read for one day, over rotated files.

Formats: https://docs.asterisk.org/Configuration/Applications/Queue-Logs/ and
https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/CDR-Specification/ .
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from contactd.channels.voice.call import ADAPTER
from contactd.channels.voice.options import Options
from contactd.core.outside import Became, OutsideCall, OutsideDay, Records

MAX_LINE = 4096
"""Bytes of a line; a longer one is no line of a queue log."""
MAX_LINES = 3_000_000
"""Lines read for one day: some hundred thousand calls."""
MAX_FILES = 60
_SLACK = timedelta(hours=12)
"""Calls are followed so long beyond the end of the day."""
_FIELDS = 5
_ENDS = {
    "ABANDON": Became.ABANDONED,
    "EXITWITHTIMEOUT": Became.LEFT,
    "EXITEMPTY": Became.LEFT,
    "EXITWITHKEY": Became.LEFT,
    "SYSCOMPAT": Became.LEFT,
}
_REFUSED = frozenset({"JOINEMPTY", "JOINUNAVAIL", "FULL"})
_CDR_FIELDS = 17
"""Columns up to the unique id, which `loguniqueid = yes` writes."""
_SRC, _CHANNEL, _LASTAPP, _LASTDATA, _START, _ANSWER, _END, _BILLSEC, _ID = 1, 5, 7, 8, 9, 10, 11, 13, 16


@dataclass(slots=True)
class _Seen:
    """One caller, line by line."""

    line: str
    began: datetime
    became: Became = Became.OPEN
    agent: str | None = None
    wait_s: int | None = None
    talk_s: int | None = None
    visits: int = 1


@dataclass(slots=True)
class QueueLog:
    """Reads lines; pure."""

    first: datetime | None = None
    last: datetime | None = None
    unread: int = 0
    _calls: dict[str, _Seen] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Take one line: `epoch|call|queue|agent|event|data…`."""
        parts = line.rstrip("\r\n").split("|")
        moment = _epoch(parts[0])
        if len(parts) < _FIELDS or moment is None:
            self.unread += bool(line.strip())
            return
        self.first = self.first or moment
        self.last = moment
        call, queue, agent, event = parts[1:5]
        if event == "ENTERQUEUE":
            self._enter(call, queue, moment)
            return
        seen = self._calls.get(call)
        if seen is None:
            if event in _REFUSED:
                self._calls[call] = _Seen(queue, moment, Became.LEFT)
        elif event == "CONNECT":
            if seen.became is not Became.ANSWERED:
                seen.wait_s = round((moment - seen.began).total_seconds())
            seen.became, seen.agent = Became.ANSWERED, agent
        elif event in ("COMPLETECALLER", "COMPLETEAGENT"):
            seen.talk_s = _number(parts[6:7])
        elif event in _ENDS and seen.became is not Became.ANSWERED:
            seen.became = _ENDS[event]
            seen.wait_s = round((moment - seen.began).total_seconds())

    def _enter(self, call: str, queue: str, moment: datetime) -> None:
        seen = self._calls.get(call)
        if seen is None:
            self._calls[call] = _Seen(queue, moment)
            return
        seen.visits += 1
        if seen.became is not Became.ANSWERED:
            seen.became = Became.OPEN

    def day(self, start: datetime, end: datetime) -> OutsideDay:
        """Return the callers who came between `start` and `end`."""
        calls = tuple(
            OutsideCall(
                id=name,
                line=seen.line,
                began=seen.began,
                became=seen.became,
                agent=seen.agent,
                wait_s=seen.wait_s,
                talk_s=seen.talk_s,
            )
            for name, seen in self._calls.items()
            if start <= seen.began < end
        )
        return OutsideDay(source="queue_log", calls=calls, first=self.first, last=self.last, unread=self.unread)


def records(options: Options, day: date) -> Records:
    """Read what the PBX wrote down of a day; see `contactd.channels.Found`."""
    ami = options.ami
    start, end = bounds(day, ami.zone)
    days: list[OutsideDay] = []
    missing: list[str] = []
    for name in filter(None, (ami.queue_log, ami.cdr)):
        try:
            path = Path(name)
            days.append(
                read_queue_log(path, start, end) if name == ami.queue_log else read_cdr(path, start, end, ami.zone)
            )
        except (OSError, EOFError, csv.Error, zlib.error) as error:
            missing.append(f"{name}: {error}")
    return Records(adapter=ADAPTER, start=start, end=end, days=tuple(days), missing=tuple(missing))


def bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return when a day begins and ends, in UTC."""
    where, following = ZoneInfo(zone), day + timedelta(days=1)
    first = datetime(day.year, day.month, day.day, tzinfo=where)
    return first.astimezone(UTC), datetime(following.year, following.month, following.day, tzinfo=where).astimezone(UTC)


def read_queue_log(path: Path, start: datetime, end: datetime) -> OutsideDay:
    """Read a day from a queue log and what was rotated out of it (`queue_log.1`, `queue_log-20261122.gz` …).

    Raises:
        OSError: the file is not there, or may not be read.
    """
    log = QueueLog()
    for line in _lines(path, start, end):
        log.take(line)
    return log.day(start, end)


def read_cdr(path: Path, start: datetime, end: datetime, zone: str) -> OutsideDay:
    """Read a day from `Master.csv`: the calls that came to a queue, one for each unique id.

    Args:
        path: the file.
        start: of the day.
        end: of the day.
        zone: of the times in it, which the PBX writes in its own.

    Raises:
        OSError: the file is not there, or may not be read.
    """
    found: dict[str, OutsideCall] = {}
    unread, first, last = 0, None, None
    for row in csv.reader(_lines(path, start, end)):
        call = _cdr(row, ZoneInfo(zone))
        if call is None:
            unread += 1
            continue
        first, last = first or call.began, call.began
        before = found.get(call.id)
        if call.line and start <= call.began < end and (before is None or before.became is not Became.ANSWERED):
            found[call.id] = call
    return OutsideDay(source="cdr", calls=tuple(found.values()), first=first, last=last, unread=unread)


def _cdr(row: list[str], zone: ZoneInfo) -> OutsideCall | None:
    if len(row) < _CDR_FIELDS:
        return None
    began, answered = _local(row[_START], zone), _local(row[_ANSWER], zone)
    if began is None or not row[_ID]:
        return None
    # The dialplan answers before the queue: only a leg that was bridged to (`dstchannel`) is an answer of an agent's.
    spoken = bool(row[_CHANNEL + 1]) and answered is not None
    return OutsideCall(
        id=row[_ID],
        line=row[_LASTDATA].partition(",")[0] if row[_LASTAPP].lower() == "queue" else "",
        began=began,
        became=Became.ANSWERED if spoken else Became.ABANDONED,
        talk_s=_number(row[_BILLSEC : _BILLSEC + 1]),
    )


def _lines(path: Path, start: datetime, end: datetime) -> Iterator[str]:
    """Yield the lines of a log and of what was rotated out of it, oldest file first; only files that may hold the time."""
    total = 0
    for each in _files(path, start):
        with gzip.open(each, "rb") if each.suffix == ".gz" else each.open("rb") as raw:
            for line in _short(io.BufferedReader(raw)):
                total += 1
                if total > MAX_LINES:
                    return
                yield line
                if total % 1000 == 0 and _beyond(line, end):
                    return


def _files(path: Path, start: datetime) -> list[Path]:
    if not path.exists():
        message = f"{path} is not there"
        raise FileNotFoundError(message)
    rotated = [each for each in path.parent.glob(f"{path.name}[.-]*") if each.is_file()]
    since = start.timestamp()
    kept = [each for each in [*rotated, path] if each == path or each.stat().st_mtime >= since]
    return sorted(kept, key=lambda each: (each == path, each.stat().st_mtime))[-MAX_FILES:]


def _short(raw: io.BufferedReader) -> Iterator[str]:
    """Yield lines; what is too long to be one is passed over in pieces."""
    skipping = False
    while piece := raw.readline(MAX_LINE):
        whole = piece.endswith(b"\n")
        if not skipping:
            yield piece.decode("utf-8", "replace") if whole or len(piece) < MAX_LINE else "|"
        skipping = not whole


def _beyond(line: str, end: datetime) -> bool:
    moment = _epoch(line.partition("|")[0])
    return moment is not None and moment > end + _SLACK


def _epoch(text: str) -> datetime | None:
    digits = text.partition(".")[0]
    right = digits.isascii() and digits.isdigit() and len(digits) < 12  # noqa: PLR2004 - three thousand years of seconds
    return datetime.fromtimestamp(int(digits), UTC) if right else None


def _local(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _number(parts: Iterable[str]) -> int | None:
    text = next(iter(parts), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 - 30 years of seconds
