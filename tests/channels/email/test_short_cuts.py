"""The quick ways of reading what nearly every mail looks like say exactly what the thorough ways say.

Each quick way is shut in turn, so that the same bytes go the thorough way, and both results are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contactd.channels.email import addresses, block, charset, headers, intake, mime
from contactd.channels.email.parse import parse
from contactd.channels.email.reader import language
from contactd.channels.email.token import ThreadKey, tagged
from contactd.core import address
from tests.channels.email.test_hostile import MAILS

NEVER = re.compile("(?!)")


@contextmanager
def thorough() -> Iterator[None]:
    """Shut every quick way."""
    with ExitStack() as stack:
        for module, name, shut in (
            (block, "_MAX_PLAIN", 0),
            (headers, "_DATE", NEVER),
            (headers, "_LONE_WORD", NEVER),
            (addresses, "_PLAIN", NEVER),
            (mime, "_LONE_PARAM", NEVER),
            (mime, "_typed_before", mime._typed),
            (charset, "_plain_lines", lambda _data, _name: None),
            (address, "_PLAIN_MAIL", NEVER),
        ):
            stack.enter_context(patch.object(module, name, shut))
        yield


LINE_ENDS = st.sampled_from(
    [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r\n ", b"\r\n\t", b"\n ", b"\r\n \r\n", b"\r", b"\r\r\n"]
)
NAMES = st.sampled_from(
    [
        b"From",
        b"from",
        b"TO",
        b"Subject",
        b"Subject ",
        b"Date",
        b"Message-ID",
        b"Content-Type",
        b"X-Own",
        b"From a",
        b"",
        b" X",
    ]
)
VALUES = st.sampled_from(
    [
        b" Li Ming <li@kunde.example>",
        b" li@kunde.example",
        b' "Li, Ming" <li@kunde.example>, b@kunde.example',
        b" Sun, 22 Nov 2026 16:00:00 +0800 (CST)",
        b" text/plain; charset=utf-8",
        b' text/plain; charset="gb2312"; format=flowed',
        b" =?utf-8?B?5oql5Lu3?=",
        b"",
        b" \t",
        " 报价".encode("gbk"),
        " 报价".encode(),
        b" a:b  c",
    ]
)
BODIES = st.sampled_from(
    [
        b"",
        b"\r\nhello\r\n",
        b"\n\nhello\x00\rthere",
        "\r\n报价\r\n".encode(),
        "\r\n报价".encode("gbk"),
        b'\r\n\x1b$B$"\x1b(B',
    ]
)
LINES = st.builds(lambda name, value, end: name + b":" + value + end, NAMES, VALUES, LINE_ENDS)
WRITTEN = st.builds(lambda lines, body: b"".join(lines) + body, st.lists(LINES, max_size=8), BODIES)


def fields(raw: bytes) -> tuple[dict[str, list[bytes]], list[str], int]:
    found, body = block.split(raw)
    return {name: found.all(name) for name in found._values}, found.defects, body


@settings(max_examples=300, deadline=None)
@given(st.one_of(MAILS, WRITTEN))
@example(b"A: b\n \r\n\r\nbody")
@example(b"A: b\r\n\t\r\n\r\nbody")
@example(b"A: b\r\nNa\r\n me: c\r\n\r\n")
@example(b"Na\r\n : c\r\n\r\n")
@example(b"A:\r\n b\r\n\r\n")
@example(b"Subject\r\n\r\n")
def test_a_mail(raw: bytes) -> None:
    quick = fields(raw), intake.peek(raw), asdict(parse(raw))
    with thorough():
        assert quick == (fields(raw), intake.peek(raw), asdict(parse(raw)))


def test_header_lines_beyond_the_limits() -> None:
    many = b"A: b\r\n" * (block.MAX_FIELDS + 1) + b"\r\n"
    large = b"A: " + b"b" * block.MAX_FIELD + b"c\r\n\r\n"
    for raw, defect in ((many, "too_many_fields"), (large, "field_too_large")):
        assert fields(raw)[1] == [defect]


def test_names_of_fields_chosen_by_strangers_are_not_kept_for_ever() -> None:
    raw = b"".join(b"X-%d: a\r\n" % number for number in range(block.MAX_FIELDS)) + b"\r\n"
    assert len(fields(raw)[0]) == block.MAX_FIELDS
    assert len(block._names) <= block._MAX_NAMES


PIECES = st.sampled_from(
    [
        *"a<>@,;:\"'()\\ .\t\r\uff0c张",
        "Li Ming",
        "li@kunde.example",
        " <li@kunde.example>",
        "=?utf-8?q?b?=",
        "=?gb2312?B?1cXI/Q==?=",
        "=?utf-8?b?5byg?=",
        "=?utf-8?b?5byg5",
        "?=",
        ", ",
        "mailto:",
        "b@c",
        "x" * 130,
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join))
def test_an_address(text: str) -> None:
    value = text.encode()

    def read() -> tuple[object, ...]:
        return addresses.parse(value), addresses.first(value), address.email(text), headers.unstructured(value)

    quick = read()
    with thorough():
        assert quick == read()


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1960, 1, 1), datetime(2210, 1, 1)),  # noqa: DTZ001 - the zone is drawn beside it
    st.integers(-1500, 1500),
    st.sampled_from(
        [
            "%a, %d %b %Y %H:%M:%S %z",
            "%d %b %Y %H:%M:60 %z",
            "%a, %d %b %Y %H:%M:%S GMT",
            "%a, %d %b %Y %H:%M:%S %z (CST)",
        ]
    ),
)
def test_a_date(moment: datetime, minutes: int, form: str) -> None:
    zone = timezone(timedelta(minutes=max(-1439, min(minutes, 1439))))
    value = moment.replace(tzinfo=zone).strftime(form).encode()
    quick = headers.date(value)
    with thorough():
        assert quick == headers.date(value)


@pytest.mark.parametrize("times", [1, 10_000])
def test_line_ends_of_a_short_and_a_long_body(times: int) -> None:
    assert charset.lines(b"a\r\nb\rc\n\r\r\n" * times) == ("a\nb\nc\n\n\n" * times, True)
    assert charset.lines(b"\r\na" * times) == ("\na" * times, True)


def test_a_date_that_cannot_be() -> None:
    assert headers.date(b"Mon, 31 Feb 2026 08:00:00 +0000") is None
    assert headers.date(b"Mon, 22 Nov 1969 08:00:00 +0000") is None
    assert headers.date(b"22 Nov 2026 08:00:00 -0330") == datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.integers(1, 50))
def test_a_clean_line(text: str, limit: int) -> None:
    # A character that goes anyway makes it look at every one.
    assert headers.clean(text, limit) == headers.clean("\x00" + text, limit) or len(text) >= limit * 4


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from([*"ab _-.,1\n", *"订单，。", *"ひカ", *"한국", "é", "𠮷", "\ud800"]), max_size=60))
def test_a_language(text: str) -> None:
    letters = len(re.findall(r"\w", text)) or 1
    expected = None
    for name, script in (
        ("ja", "[\u3040-\u30ff]"),
        ("ko", "[\uac00-\ud7a3]"),
        ("zh", "[\u3400-\u9fff\U00020000-\U0003ffff]"),
    ):
        if expected is None and len(re.findall(script, text)) / letters >= 0.15:
            expected = name
    assert language(text) == expected


def test_the_digest_of_a_mail_stays_the_same_from_release_to_release() -> None:
    raw = b"From: a@b.example\r\nSubject: x\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\nMessage-ID: <1@b.example>\r\n\r\nhello\r\n"
    key = "a1730b768040c0674eb7327aa2fab97645da0418b9f082e94327ca078522c5db"
    assert intake.peek(raw).key == key
    assert intake.peek(b"Received: from mx\r\n" + raw).key == key
    assert intake.peek(raw.replace(b"hello", b"Hello")).key != key


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered-To", "X-Original-To", "References", "In-Reply-To"])
def test_a_token_is_found_however_its_letters_are_cased(tmp_path: Path, field: str) -> None:
    key = ThreadKey.load(tmp_path)
    written = tagged("support@example.com", key.sign("t-1")).upper()
    raw = f"{field}: <{written}>\r\n\r\nx".encode()
    seen: dict[str, Any] = dict(
        intake.arrival("email", "smtp", raw, {}, datetime(2026, 11, 22, tzinfo=UTC), key).envelope
    )
    assert seen == {"thread": "t-1"}
