"""Forms of mail that programs make of their own: winmail.dat, invitations, signatures and encryption."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.email import invitation, tnef
from contactd.channels.email.parse import parse
from contactd.channels.email.reader import read


def attribute(number: int, value: bytes, level: int = 2) -> bytes:
    return struct.pack("<BHHI", level, number, 0, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def text16(number: int, text: str) -> bytes:
    data = text.encode("utf_16_le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, number, 1, len(data)) + data + bytes(-len(data) % 4)


def winmail(*files: tuple[str, str, bytes], body: str = "") -> bytes:
    """Write what Outlook writes: an old short name, and the long one among the properties."""
    out = tnef.SIGNATURE + b"\x01\x00" + attribute(0x9007, struct.pack("<II", 936, 0), 1)
    if body:
        out += attribute(0x800C, body.encode("gbk") + b"\0", 1)
    for short, long, data in files:
        properties = struct.pack("<I", 2) + struct.pack("<HHI", 3, 0x3705, 1) + text16(0x3707, long)
        out += attribute(0x9002, bytes(14)) + attribute(0x8010, short.encode() + b"\0")
        out += attribute(0x800F, data) + attribute(0x9005, properties)
    return out


def mail(data: bytes, text: str = "words") -> bytes:
    words = f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n".encode() if text else b""
    head = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    file = b'--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    return head + words + file + data + b"\r\n--b--\r\n"


def test_files_are_taken_out_of_outlooks_form() -> None:
    found = parse(mail(winmail(("BAOJIA~1.XLS", "报价单.xlsx", b"PK data"), ("B.PDF", "b.pdf", b"%PDF"))))
    assert [(one.filename, one.data) for one in found.attachments] == [("报价单.xlsx", b"PK data"), ("b.pdf", b"%PDF")]
    assert (found.text or "").strip() == "words"


def test_a_mail_that_is_nothing_else_is_read() -> None:
    found = parse(mail(winmail(body="您好，发票请查收"), text=""))
    assert found.text == "您好，发票请查收"


def test_a_broken_form_is_a_file() -> None:
    found = parse(mail(tnef.SIGNATURE + b"\x01\x00\xff\xff"))
    assert [one.filename for one in found.attachments] == ["winmail.dat"]
    assert "broken_tnef" in found.defects


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_form_is_read_without_raising(noise: bytes, cut: int) -> None:
    whole = winmail(("A", "a", b"x"), body="x")
    tnef.decode(tnef.SIGNATURE + noise)
    tnef.decode(whole[:cut] + noise + whole[cut:])


EVENT = """BEGIN:VCALENDAR\r
METHOD:{method}\r
BEGIN:VTIMEZONE\r
TZID:China Standard Time\r
BEGIN:STANDARD\r
DTSTART:16010101T000000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
ORGANIZER;CN="Wang, Fang":mailto:wang@customer.example\r
SUMMARY;LANGUAGE=zh-CN:安装\\, 第二\r
 次\r
DTSTART{start}\r
DTEND:20261201T030000Z\r
LOCATION:郑州\\n3 楼\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:another\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (":20261201T020000Z", "2026-12-01T02:00Z"),
        (";TZID=China Standard Time:20261201T100000", "2026-12-01T10:00 China Standard Time"),
        (";VALUE=DATE:20261201", "2026-12-01"),
        (":tomorrow", None),
    ],
)
def test_an_invitation_is_read(start: str, shown: str | None) -> None:
    found = invitation.read(EVENT.format(method="REQUEST", start=start))
    assert found is not None
    assert found.pop("from", None) == shown
    assert found == {
        "method": "request",
        "by": "Wang, Fang <wang@customer.example>",
        "what": "安装, 第二次",
        "to": "2026-12-01T03:00Z",
        "where": "郑州 3 楼",
    }


def test_an_invitation_in_a_mail_is_kept_with_its_message() -> None:
    body = EVENT.format(method="CANCEL", start=":20261201T020000Z").encode()
    raw = b"From: a@b.example\r\nContent-Type: text/calendar; charset=utf-8; method=CANCEL\r\n\r\n" + body
    (message,) = read(raw, {}).messages
    assert '"method": "cancel"' in message.headers["event"]
    assert [one.name for one in message.attachments] == ["attachment-1.ics"]


@given(st.text(max_size=300))
def test_any_calendar_is_read_without_raising(noise: str) -> None:
    invitation.read(noise)
    invitation.read(f"BEGIN:VEVENT\r\nSUMMARY:{noise}\r\n{noise}\r\nEND:VEVENT")


@pytest.mark.parametrize(
    ("kind", "protection"),
    [
        ('multipart/signed; protocol="application/pkcs7-signature"; boundary=b', "smime_signed"),
        ('multipart/signed; protocol="application/pgp-signature"; boundary=b', "pgp_signed"),
        ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', "pgp_encrypted"),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "smime_encrypted"),
        ("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "smime_signed"),
        ("multipart/mixed; boundary=b", None),
    ],
)
def test_signatures_and_encryption_are_named(kind: str, protection: str | None) -> None:
    raw = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n--b\r\n\r\nwords\r\n--b--\r\n"
    assert parse(raw.encode()).protection == protection


@pytest.mark.parametrize(
    "kind", ["application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"]
)
def test_a_signature_is_no_file_of_its_own_where_it_signs_something(kind: str) -> None:
    parts = (
        "--b\r\n\r\nwords\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1\r\n"
        f"--b\r\nContent-Type: {kind}; name=smime.p7s\r\n\r\nxx\r\n--b--\r\n"
    )
    for form, wanted in (("signed", ["a.csv"]), ("mixed", ["a.csv", "smime.p7s"])):
        head = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{form}; boundary=b\r\n\r\n"
        found = parse((head + parts).encode())
        assert [one.filename for one in found.attachments] == wanted
        assert (found.text or "").strip() == "words"


@pytest.mark.parametrize(
    ("text", "protection"),
    [
        ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nwords", "pgp_signed"),
        ("Hi\n-----BEGIN PGP MESSAGE-----\n\nhQEM", "pgp_encrypted"),
        ("> -----BEGIN PGP MESSAGE-----", None),
    ],
)
def test_pgp_in_the_text_is_named(text: str, protection: str | None) -> None:
    found: Any = parse(f"From: a@b.example\n\n{text}\n".encode())
    assert found.protection == protection
