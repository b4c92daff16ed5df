"""Any bytes: the parser returns, within its limits, what can be stored and shown.

Nothing here asserts a time; a parser that is not linear makes these tests hang.
"""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactd.channels.email import addresses, block, charset, headers, intake, mime
from contactd.channels.email.parse import ParsedMail, parse
from contactd.channels.email.reader import read

pytestmark = pytest.mark.promise

PIECES = st.sampled_from(
    [
        *(
            b"From: ",
            b"To: ",
            b"Subject: ",
            b"Content-Type: ",
            b"Date: ",
            b"References: ",
            b"multipart/mixed; boundary=b",
            b"text/html",
        ),
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b"--b\r\n",
            b"--b--\r\n",
            b"charset=gb2312",
            b"; name*0*=utf-8''%E6",
            b"=?utf-8?B?5oql?=",
        ),
        *(
            b"=?gb2312?Q?=D2?=",
            b"Content-Transfer-Encoding: base64\r\n",
            b"QUJD=",
            b'"',
            b"(",
            b")",
            b"<",
            b">",
            b"@",
            b",",
            b";",
            b":",
            b"\\",
        ),
        *(
            b"begin 644 x\n",
            b"end\n",
            b"message/delivery-status",
            b"multipart/report; boundary=b",
            b"\x1b$B",
            b"\xb1\xa8",
            b"\xff",
            b"\x00",
            b" ",
        ),
        *(
            b"utf-7",
            b"+2AA-",
            b"Content-Disposition: attachment; filename=",
            b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n",
        ),
    ]
)
MAILS = st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=40).map(b"".join))


def whole(mail: ParsedMail) -> str:
    """Return all text of a mail; it must be JSON and UTF-8."""
    shown = json.dumps(mail.as_json(), ensure_ascii=False)
    shown.encode()
    return shown


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MAILS)
def test_any_bytes_become_a_mail(raw: bytes) -> None:
    mail = parse(raw)
    assert "unreadable" not in mail.defects
    whole(mail)
    for name in (mail.from_name, mail.subject, *(file.filename for file in mail.attachments)):
        assert name == headers.clean(name)
    assert all(file.filename not in {"", ".", ".."} and "/" not in file.filename for file in mail.attachments)


@settings(max_examples=60, deadline=None)
@given(MAILS, st.dictionaries(st.sampled_from(["mail_from", "rcpt", "thread"]), st.text(max_size=20)))
def test_any_bytes_become_content(raw: bytes, envelope: dict[str, str]) -> None:
    content = read(raw, envelope)
    assert len(content.messages) == 1
    assert content.quarantine is None


@settings(max_examples=60, deadline=None)
@given(MAILS)
def test_the_glance_at_the_door_sees_what_the_reader_sees(raw: bytes) -> None:
    seen = intake.peek(raw)
    assert seen == intake.peek(raw)
    mail = parse(raw)
    if mail.from_address and seen.sender and b"From:" in raw[:5] and raw.count(b"From:") == 1 and raw.isascii():
        assert seen.sender == mail.from_address or "@" not in seen.sender


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=30), st.text(max_size=30))
def test_any_label_decodes_any_bytes(data: bytes, label: str, hint: str) -> None:
    charset.decode(data, label, hint)[0].encode()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_unicode_text_survives_its_own_encoding(text: str) -> None:
    for name in ("utf-8", "gb18030"):
        data = text.encode(name, "replace")
        if (
            data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
            or b"\x1b" in data
            or (name == "gb18030" and _is_utf8(data))
        ):
            continue
        assert charset.decode(data, name)[0] == data.decode(name)


def _is_utf8(data: bytes) -> bool:
    try:
        return not data.isascii() and bool(data.decode())
    except UnicodeError:
        return False


def nested(depth: int) -> bytes:
    out = bytearray()
    for number in range(depth):
        out += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
    return bytes(out) + b"\n\nhi"


HOSTILE = {
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 80_000 + b"\n\nx",
    "half words": b"Subject: " + b"=?x?q?" * 200_000 + b"\n\nx",
    "comments": b"To: " + b"(" * 500_000 + b"\n\nx",
    "quotes": b"To: " + b'"\\' * 300_000 + b"\n\nx",
    "commas": b"To: " + b"a," * 300_000 + b"\n\nx",
    "angles": b"From: " + b"<" * 500_000 + b"\n\nx",
    "nested": nested(3000),
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000,
    "boundaries": b"Content-Type: multipart/mixed; boundary=-\n\n" + b"-" * 1_000_000,
    "fields": b"A: b\n" * 300_000 + b"\nx",
    "field": b"Subject: " + b"b" * 1_000_000 + b"\n\nx",
    "folds": b"Subject: x\n" + b" \n" * 300_000 + b"\nx",
    "broken lines": b"From: x@y.example\n" + b"broken\n" * 100_000 + b"From: x\n\nx",
    "blank lines": b"\n" * 3_000_000,
    "returns": b"From: x@y.example\n\n" + b"\r" * 3_000_000,
    "parameters": b"Content-Type: text/plain; " + b"a" * 60_000 + b"\n\nx",
    "more parameters": b"Content-Type: text/plain; " + b'a=";' * 15_000 + b"\n\nx",
    "pieces": b"Content-Type: text/plain" + b"".join(b"; a*%d*=b" % number for number in range(6000)) + b"\n\nx",
    "base64": b"Content-Transfer-Encoding: base64\n\n" + b"A=!" * 1_000_000,
    "more base64": b"Content-Transfer-Encoding: base64\n\n" + b"!A" * 1_000_000,
    "quoted": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 3_000_000,
    "uuencode": b"\n\n" + b"begin 644 x\n" * 200_000,
    "references": b"References: " + b"<" * 60_000 + b"\n\nx",
    "more references": b"References: " + b"a@" * 30_000 + b"\n\nx",
    "dates": b"Date: " + b"1 " * 30_000 + b"\n\nx",
    "bounce": b"From: mailer-daemon@x.example\nSubject: failure notice\n\n" + b"a@" * 200_000,
    "more bounce": b"From: mailer-daemon@x.example\nSubject: failure notice\n\n" + b"- " * 300_000,
    "report": b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
    + b"A: b\n\n" * 200_000,
    "cids": b"Content-Type: text/html\n\n" + b"cid:" * 500_000,
    "meta": b"Content-Type: text/html\n\n" + b"<meta " * 300_000,
    "flowed": b"Content-Type: text/plain; format=flowed\n\n" + b"> \n" * 300_000,
    "subject": b"Subject: " + "回复:".encode() * 10_000 + b"\n\nx",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bomb_is_read_within_bounds(name: str) -> None:
    raw = HOSTILE[name]
    tracemalloc.start()
    try:
        mail = parse(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "unreadable" not in mail.defects
    assert len(mail.subject) <= headers.MAX_SUBJECT
    assert len(mail.attachments) <= mime.MAX_PARTS
    assert len(mail.to) <= addresses.MAX_ADDRESSES
    assert peak < 40 * len(raw) + 4_000_000


def test_the_limits_are_named_when_they_are_met() -> None:
    assert "too_deep" in parse(nested(60)).defects
    assert "too_deep" not in parse(nested(mime.MAX_DEPTH)).defects
    parts = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * (
        mime.MAX_PARTS - 1
    )
    assert "too_many_parts" not in parse(parts + b"--b--").defects
    assert "too_many_parts" in parse(parts + b"--b\n\nx\n--b--").defects
    fill = b"X-Fill: " + b"a" * 90 + b"\n"
    assert parse(b"From: a@b.example\n" + fill * 1000 + b"\nx").defects == ()
    over = parse(b"From: a@b.example\n" + b"X: " + b"a" * (block.MAX_FIELD + 1) + b"\nSubject: after\n\nx")
    assert over.defects == ("field_too_large",)
    assert over.subject == "after"
    cut = parse(b"From: a@b.example\n" + (b"X: " + b"a" * 60_000 + b"\n") * 5 + b"\nbody")
    assert cut.defects == ("header_too_large",)
    assert cut.text == "body"
