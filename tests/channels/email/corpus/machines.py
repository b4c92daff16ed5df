"""Mails of programs nobody sits before, or with odd habits: shops, scripts, old gateways, invitations, signatures."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from tests.channels.email.corpus.desktop import told
from tests.channels.email.corpus.wire import PDF, TO, Mail, b64, crlf, folded, lines, page, qp, whole, word
from tests.channels.email.corpus.words import Words


def php(words: Words) -> Mail:
    """A web form by PHP's mail(): raw bytes of the country in every field, bare line feeds, no MIME-Version."""
    ident = f"<20261120103015.{words.lang}@web01.customer.example>"
    raw = lines(
        "To: " + TO,
        b"Subject: " + words.subject.encode(words.legacy),
        "X-PHP-Originating-Script: 33:contact.php",
        b"From: " + words.name.replace(",", "").encode(words.legacy) + f" <{words.lang}@customer.example>".encode(),
        f"Content-type: text/plain; charset={words.label}",
        f"Message-Id: {ident}",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800 (CST)",
        "",
        words.body.encode(words.legacy),
        end=b"\n",
    )
    expected = told(words, ident, from_name=words.name.replace(",", ""), text=words.body, kind="text/plain")
    return Mail("php", raw, expected, (words.body.splitlines()[0],))


def unlabelled(words: Words) -> Mail:
    """A script that names no charset anywhere and writes UTF-8, its file name too."""
    ident = f"<unlabelled.{words.lang}@script.customer.example>"
    raw = lines(
        b'From: "' + words.name.encode() + f'" <{words.lang}@customer.example>'.encode(),
        f"To: <{TO}>",
        b"Subject: " + words.subject.encode(),
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        f"Message-Id: {ident}",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=simple boundary",
        "",
        "--simple boundary",
        "",
        words.body.encode(),
        "--simple boundary",
        b'Content-Type: application/pdf; name="' + words.file.encode() + b'"',
        b'Content-Disposition: attachment; filename="' + words.file.encode() + b'"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(PDF),
        "--simple boundary--",
    )
    expected = told(words, ident, text=words.body, kind="text/plain", files=[(words.file, PDF)])
    return Mail("unlabelled", raw, expected, (words.body.splitlines()[0],))


def java(words: Words) -> Mail:
    """A shop by JavaMail: HTML alone, the subject cut inside characters, `text/html;charset=` without a blank."""
    ident = f"<1205394128.3.1700447415505.{words.lang}@shop-7f9c>"
    raw = lines(
        "Date: Fri, 20 Nov 2026 10:30:15 +0800 (CST)",
        b"From: " + word(words.name, "UTF-8") + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        f"Message-ID: {ident}",
        b"Subject: " + folded(words.subject, "utf-8", "UTF-8", size=31),
        "MIME-Version: 1.0",
        "Content-Type: text/html;charset=UTF-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(page(words.body), "utf-8")),
    )
    return Mail("java", raw, told(words, ident, text=None, kind="text/html"), (words.body.splitlines()[0],))


def dotnet(words: Words) -> Mail:
    """A line-of-business program by System.Net.Mail: lower-case labels, names of files in folded words without quotes."""
    ident = f"<dotnet.{words.lang}@erp.customer.example>"
    raw = lines(
        "MIME-Version: 1.0",
        b'From: "' + word(words.name, "utf-8") + f'" <{words.lang}@customer.example>'.encode(),
        f"To: {TO}",
        "Date: 20 Nov 2026 10:30:15 +0800",
        b"Subject: " + whole(words.subject, size=11),
        f"Message-ID: {ident}",
        "Content-Type: multipart/mixed;",
        " boundary=--boundary_3_6f1c7a52-0f6b-4f0e-8e1e-2d0c4e0e7a11",
        "",
        "",
        "----boundary_3_6f1c7a52-0f6b-4f0e-8e1e-2d0c4e0e7a11",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body, "utf-8")),
        "----boundary_3_6f1c7a52-0f6b-4f0e-8e1e-2d0c4e0e7a11",
        b'Content-Type: application/octet-stream; name="' + whole(words.file, size=7) + b'"',
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment",
        "",
        b64(PDF),
        "----boundary_3_6f1c7a52-0f6b-4f0e-8e1e-2d0c4e0e7a11--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/plain", files=[(words.file, PDF)])
    return Mail("dotnet", raw, expected, (words.body.splitlines()[0],))


def uuencoded(words: Words) -> Mail:
    """An old gateway: a uuencoded file in the text, the charset in a label of the body only, an address before its comment."""
    ident = f"<9611201030.AA{words.lang}@gateway.customer.example>"
    coded = b"".join(binascii.b2a_uu(PDF[at : at + 45]) for at in range(0, len(PDF), 45))
    raw = lines(
        f"From: {words.lang}@customer.example (Sales Dept)",
        f"To: {TO}",
        b"Subject: " + folded(words.subject, words.legacy, words.label, size=33),
        "Date: Fri, 20 Nov 26 10:30:15 +0800",
        f"Message-Id: {ident}",
        f"Content-Type: text/plain; charset={words.label}",
        "Content-Transfer-Encoding: 8bit",
        "",
        crlf(words.body + "\n", words.legacy),
        "begin 644 order.pdf",
        coded + b"`",
        "end",
        "",
    )
    expected = told(
        words, ident, from_name="Sales Dept", text=words.body, kind="text/plain", files=[("order.pdf", PDF)]
    )
    return Mail("uuencoded", raw, expected, (words.body.splitlines()[0],))


def invitation(words: Words) -> Mail:
    """An Exchange invitation: text, HTML and text/calendar as three forms of the same."""
    ident = f"<invite.{words.lang}@customer.example>"
    event = (
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nPRODID:Microsoft Exchange Server 2010\nVERSION:2.0\nBEGIN:VEVENT\n"
        f"ORGANIZER;CN={words.lang}:mailto:{words.lang}@customer.example\nUID:1\nSUMMARY;LANGUAGE=zh-CN:{words.company}\n"
        "DTSTART:20261201T020000Z\nDTEND:20261201T030000Z\nDTSTAMP:20261120T023015Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    raw = lines(
        b"From: " + whole(words.name, size=9) + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        b"Subject: " + whole(words.subject, size=12),
        "Date: Fri, 20 Nov 2026 02:30:15 +0000",
        f"Message-ID: {ident}",
        'Content-Type: multipart/alternative; boundary="_000_invite_"',
        "MIME-Version: 1.0",
        "",
        "--_000_invite_",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body, "utf-8")),
        "--_000_invite_",
        'Content-Type: text/html; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(page(words.body), "utf-8")),
        "--_000_invite_",
        'Content-Type: text/calendar; charset="utf-8"; method=REQUEST',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(event, "utf-8")),
        "--_000_invite_--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/html")
    del expected["files"]
    return Mail("invitation", raw, expected, (words.body.splitlines()[0],))


def signed(words: Words) -> Mail:
    """A mail with an S/MIME signature beside it, as Outlook sends it."""
    ident = f"<smime.{words.lang}@customer.example>"
    raw = lines(
        b"From: " + whole(words.name, size=9) + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        b"Subject: " + whole(words.subject, size=12),
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        f"Message-ID: {ident}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg=SHA1;',
        '\tboundary="----=_NextPart_000_0001_01DC5A2B.0A0B0C0D"',
        "",
        "This is a multipart message in MIME format.",
        "",
        "------=_NextPart_000_0001_01DC5A2B.0A0B0C0D",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(words.body, "utf-8")),
        "",
        "------=_NextPart_000_0001_01DC5A2B.0A0B0C0D",
        'Content-Type: application/pkcs7-signature;\r\n\tname="smime.p7s"',
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment;\r\n\tfilename="smime.p7s"',
        "",
        b64(b"0\x80\x06\t*\x86H\x86\xf7\r\x01\x07\x02" + bytes(40)),
        "",
        "------=_NextPart_000_0001_01DC5A2B.0A0B0C0D--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/plain")
    del expected["files"]
    return Mail("signed", raw, expected, (words.body.splitlines()[0],))


def mails(words: Words) -> Iterator[Mail]:
    """Return a writer's mails from these programs."""
    for shape in (php, unlabelled, java, dotnet, uuencoded, invitation, signed):
        yield shape(words)
