"""One row of a table of contacts, cases or business records understood; each mistake with the column it stands in.

Pure.  A row with a mistake is not imported at all.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from contactd.clock import parse_rfc3339
from contactd.core import commerce, past
from contactd.core.address import email, phone_point
from contactd.core.commerce_kinds import KINDS
from contactd.core.newcomer import Problem
from contactd.core.past import Past, Told
from contactd.desk.exchange.past_columns import FIELD
from contactd.desk.exchange.record import Rules, day
from contactd.desk.exchange.sheet import Faulty, Line

_TIME = re.compile(r"(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,6})?)?$")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_MONEY = re.compile(r"[-+]?\d[\d,，]*(?:\.\d{1,2})?")
LONGEST = 400
LONGEST_TEXT = 8_000
MOST_TOLD = 200
"""Entries of one case's history."""
LONGEST_SPAN = timedelta(days=31)
OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
_AMOUNT = 100
"""Smallest units of one unit of money."""
_TEXTS = {"name": LONGEST, "line": LONGEST, "subject": 500, "title": 200, "text": LONGEST_TEXT, "body": LONGEST_TEXT}
_TEXTS |= {"remedy": 5_000, "cause": LONGEST, "outside": 500, "no": 40, "url": 2_000, "stage": 40, "file": LONGEST}
_TEXTS |= {"call": LONGEST, "category": LONGEST, "words": LONGEST, "other_title": 200, "other_file": LONGEST}
_TEXTS |= {"other_body": LONGEST_TEXT}


def understand(kind: str, line: Line, headers: Sequence[str], mapping: Mapping[str, str], rules: Rules) -> Past:
    """Read one row by what its columns are."""
    row = Past(line.number, kind)
    for header, cell in zip(headers, line.cells, strict=True):
        meaning = mapping.get(header)
        if isinstance(cell, Faulty):
            if meaning is not None or cell.reason == "damaged":
                row.problems.append(Problem(header, cell.reason, cell.shown))
        elif meaning is not None and cell:
            _take(row, header, meaning, cell, rules)
    _missing(row, {meaning: header for header, meaning in mapping.items()})
    return row


def _take(row: Past, header: str, meaning: str, text: str, rules: Rules) -> None:
    """Take over one cell."""
    if meaning in _KEYS:
        setattr(row, _KEYS[meaning], text[:LONGEST])
    elif meaning in {"phone", "email"}:
        point = email(text) if meaning == "email" else phone_point(text, region=rules.region, area_code=rules.area_code)
        if point is None or point.value.startswith("raw:"):
            row.problems.append(Problem(header, "no_address" if meaning == "email" else "no_number", text[:40]))
        else:
            row.points.append(point)
    elif meaning == "history":
        _history(row, header, text, rules)
    elif meaning.startswith(FIELD):
        row.custom[meaning.removeprefix(FIELD)] = text
    elif meaning in _TEXTS:
        if len(text) > _TEXTS[meaning]:
            row.problems.append(Problem(header, "too_long", text[:40]))
        row.values[meaning] = text
    else:
        _coded(row, header, meaning, text, rules)


def _coded(row: Past, header: str, meaning: str, text: str, rules: Rules) -> None:
    """Take over a cell that must be one of few words, a moment or a number."""
    if meaning in _MOMENTS:
        value: Any = moment(text, rules.zone)
        code = "no_such_day"
    else:
        value, code = (_ARTICLE if row.kind == past.ARTICLE else _READ)[meaning](text), "unknown_value"
    if value is None:
        row.problems.append(Problem(header, code, text[:40]))
    elif meaning == "at":
        row.at = value
    else:
        row.values[meaning] = value


def _history(row: Past, header: str, text: str, rules: Rules) -> None:
    """Take over a case's history: a line each, `moment text` or an object with `at`, `text` and `actor`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_TOLD:
        row.problems.append(Problem(header, "too_many", str(len(lines))))
        return
    for line in lines:
        told = _entry(line, rules.zone)
        if told is None:
            row.problems.append(Problem(header, "no_such_day", line[:40]))
            return
        row.history.append(told)


def _entry(line: str, zone: str) -> Told | None:
    """Read one entry; one that names a moment which does not exist is none."""
    if line.startswith("{"):
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            said = str(found.get("at") or found.get("time") or "")
            at = moment(said, zone) if said else None
            text = str(found.get("text") or found.get("body") or "")
            return (
                None if said and at is None else Told(at, text[:LONGEST_TEXT], str(found.get("actor") or "")[:LONGEST])
            )
    words = line.split(maxsplit=2)
    for count in (2, 1):
        at = moment(" ".join(words[:count]), zone) if len(words) >= count else None
        if at is not None:
            return Told(at, " ".join(words[count:]))
    return Told(None, line)


def _missing(row: Past, headers: Mapping[str, str]) -> None:
    """Name what a row of its kind cannot be without, and what does not fit together."""
    for meaning, there in _NEEDED[row.kind]:
        if not row.problems and not there(row):
            row.problems.append(Problem(headers.get(meaning, meaning), "missing", ""))
    end = row.values.get("ended") or row.values.get("closed") or row.values.get("resolved")
    if row.at is not None and end is not None and not row.at <= end:
        row.problems.append(Problem(headers.get("ended", "ended"), "backwards", end.isoformat()[:19]))
    if row.kind == past.RECORD and not row.problems:
        _fields(row)


def _fields(row: Past) -> None:
    """Bring a business record's further fields to their types."""
    kind = commerce.kind_of(row.values["kind"])
    if row.said("stage"):
        called = {word.casefold(): stage for stage, words in kind.words.items() for word in (stage, *words.values())}
        stage = called.get(row.said("stage").casefold())
        if stage is None:
            row.problems.append(Problem("stage", "unknown_value", row.said("stage")[:40]))
        row.values["stage"] = stage
    known = {one.key: one for one in kind.fields}
    for key, text in list(row.custom.items()):
        one = known.get(key)
        value = _typed(one, text) if one is not None else None
        if value is None:
            row.problems.append(
                Problem(f"{FIELD}{key}", "unknown_field" if one is None else "unknown_value", text[:40])
            )
        else:
            row.custom[key] = value


def _typed(one: Any, text: str) -> Any:
    if one.type == "int":
        return int(text) if re.fullmatch(r"-?\d{1,15}", text) else None
    if one.type == "bool":
        return {
            "1": True,
            "yes": True,
            "true": True,
            "是": True,
            "0": False,
            "no": False,
            "false": False,
            "否": False,
        }.get(text.casefold())
    if one.type == "date":
        return day(text)
    if one.type == "list":
        return [part.strip() for part in re.split(r"[、;；\n]+", text) if part.strip()]
    if one.type == "choice":
        called = {word.casefold(): key for key, words in one.choices.items() for word in (key, *words.values())}
        return called.get(text.casefold())
    return text


def moment(text: str, zone: str) -> datetime | None:
    """Return a moment: RFC 3339, `2026-01-05 13:04`, `2026年1月5日`, seconds or milliseconds since 1970; None: there is none such.

    Args:
        text: as somebody wrote it.
        zone: of a clock that does not say where it hangs.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _moment(plain, zone)
    return found if found is not None and found >= OLDEST else None


def _moment(plain: str, zone: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        if _EPOCH.fullmatch(plain):
            return datetime.fromtimestamp(int(plain) / (1 if len(plain) == 10 else 1000), UTC)  # noqa: PLR2004 - seconds
        clock = _TIME.search(plain)
        date = day(plain[: clock.start()] if clock else plain)
        if date is not None:
            at = _clock(clock) if clock else time()
            return datetime.combine(datetime.fromisoformat(date), at, ZoneInfo(zone)).astimezone(UTC)
        return parse_rfc3339(plain)
    return None


def _clock(found: re.Match[str]) -> time:
    hour, minute, second = (int(part or 0) for part in found.groups())
    return time(hour, minute, second)


def _span(text: str) -> timedelta | None:
    """Read `90`, `1:30` or `0:01:30`."""
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    elif re.fullmatch(r"\d{1,8}(?:\.\d{1,3})?", text):
        found = timedelta(seconds=float(text))
    else:
        return None
    return found if found <= LONGEST_SPAN else None


def _amount(text: str) -> int | None:
    """Read an amount of money into its smallest unit."""
    plain = unicodedata.normalize("NFKC", text).strip("¥￥$€元 ")
    if not _MONEY.fullmatch(plain):
        return None
    with suppress(InvalidOperation):
        return int(Decimal(plain.replace(",", "")) * _AMOUNT)
    return None


def _word(words: Mapping[str, Any]) -> Callable[[str], Any]:
    return lambda text: words.get(unicodedata.normalize("NFKC", text).strip().casefold())


def _record_kind(text: str) -> str | None:
    plain = text.strip().casefold()
    called = {word.casefold(): key for key, one in KINDS.items() for word in (key, *one.label.values())}
    return called.get(plain)


_KEYS = {"external_id": "key", "party": "party", "customer": "customer", "agent": "agent", "case": "case"}
_MOMENTS = frozenset({"at", "ended", "resolved", "closed", "begins", "ends"})
_READ: Mapping[str, Callable[[str], Any]] = {
    "channel": _word(past.CHANNELS),
    "direction": _word(past.DIRECTIONS),
    "outcome": _word(past.OUTCOMES),
    "type": _word(past.CASE_TYPES),
    "state": _word(past.CASE_STATES),
    "priority": _word(past.PRIORITIES),
    "kind": _record_kind,
    "wait": _span,
    "talk": _span,
    "amount": _amount,
    "currency": lambda text: text.upper() if re.fullmatch(r"[A-Za-z]{3}", text) else None,
}
_ARTICLE: Mapping[str, Callable[[str], Any]] = {
    "language": _word(past.LANGUAGES),
    "state": _word(past.ARTICLE_STATES),
    "audience": _word(past.AUDIENCES),
}
_Needed = tuple[tuple[str, Callable[[Past], bool]], ...]
_NEEDED: Mapping[str, _Needed] = {
    past.CONTACT: (("channel", lambda row: "channel" in row.values), ("at", lambda row: row.at is not None)),
    past.CASE: (
        ("subject", lambda row: bool(row.said("subject"))),
        ("at", lambda row: row.at is not None),
        ("no", lambda row: bool(row.key or row.said("no"))),
    ),
    past.RECORD: (
        ("kind", lambda row: "kind" in row.values),
        ("external_id", lambda row: bool(row.key)),
        ("title", lambda row: bool(row.said("title"))),
    ),
    past.RECORDING: (
        ("file", lambda row: bool(row.said("file"))),
        ("at", lambda row: bool(row.said("call")) or row.at is not None),
    ),
    past.ARTICLE: (("title", lambda row: bool(row.said("title") or row.said("file"))),),
}
