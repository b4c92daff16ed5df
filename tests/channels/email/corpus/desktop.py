"""Mails of programs on desks: Outlook, Outlook Express, Foxmail, Thunderbird, Apple Mail, Notes, Mutt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tests.channels.email.corpus.wire import (
    AT,
    PDF,
    PNG,
    TO,
    Mail,
    b64,
    crlf,
    folded,
    lines,
    page,
    qp,
    rfc2231,
    whole,
    word,
)
from tests.channels.email.corpus.words import Words


def told(words: Words, ident: str, **more: object) -> dict[str, object]:
    """Return what every mail of a writer says."""
    return {
        "from_name": words.name,
        "from_address": f"{words.lang}@customer.example",
        "to": [("", TO)],
        "subject": words.subject,
        "message_id": ident,
        "date": AT,
        "auto": None,
        "files": [],
        **more,
    }


def outlook(words: Words) -> Mail:
    """Outlook 16: related around alternative, picture in the text, Word's HTML, an answer with its block of From and Sent."""
    ident = f"<00a101dc59e8$8b2ac5d0$a1805170${words.lang}@customer.example>"
    subject = words.reply + words.subject.removeprefix("Re: ")
    html = page(
        words.body, style=" class=MsoNormal", signature='<img width=1 src="cid:image001.png@01DC59E8.8B2AC5D0">'
    )
    raw = lines(
        b"From: " + whole(words.name) + f" <{words.lang}@customer.example>".encode(),
        f'To: "{TO}" <{TO}>',
        "References: <m1@example.com>",
        "In-Reply-To: <m1@example.com>",
        b"Subject: " + whole(subject, size=14),
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        f"Message-ID: {ident}",
        "MIME-Version: 1.0",
        "Content-Type: multipart/related;",
        '\tboundary="----=_NextPart_000_00A2_01DC5A2B.994E05D0"',
        "X-Mailer: Microsoft Outlook 16.0",
        "Thread-Index: AQJrdw5d2F2QYh0kV4Q8b8t7n1o0ZQ==",
        "Content-Language: zh-cn",
        "",
        "This is a multipart message in MIME format.",
        "",
        "------=_NextPart_000_00A2_01DC5A2B.994E05D0",
        "Content-Type: multipart/alternative;",
        '\tboundary="----=_NextPart_001_00A3_01DC5A2B.994E05D0"',
        "",
        "",
        "------=_NextPart_001_00A3_01DC5A2B.994E05D0",
        "Content-Type: text/plain;",
        f'\tcharset="{words.label}"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body, words.legacy)),
        "",
        "------=_NextPart_001_00A3_01DC5A2B.994E05D0",
        "Content-Type: text/html;",
        f'\tcharset="{words.label}"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(html, words.legacy)),
        "",
        "------=_NextPart_001_00A3_01DC5A2B.994E05D0--",
        "",
        "------=_NextPart_000_00A2_01DC5A2B.994E05D0",
        "Content-Type: image/png;",
        '\tname="image001.png"',
        "Content-Transfer-Encoding: base64",
        "Content-ID: <image001.png@01DC59E8.8B2AC5D0>",
        "",
        b64(PNG),
        "",
        "------=_NextPart_000_00A2_01DC5A2B.994E05D0--",
        "",
    )
    expected = told(
        words,
        ident,
        to=[(TO, TO)],
        subject=subject,
        in_reply_to="<m1@example.com>",
        text=words.body,
        kind="text/html",
        files=[("image001.png", PNG)],
    )
    return Mail("outlook", raw, expected, (words.body.splitlines()[0],))


def outlook_express(words: Words) -> Mail:
    """Outlook Express 6: raw bytes of the country's charset in the body, long encoded words, a file named in its label."""
    ident = f"<001201d1$0a01a8c0${words.lang}@oe>"
    raw = lines(
        f"Message-ID: {ident}",
        b'From: "' + word(words.name, words.legacy, words.label) + f'" <{words.lang}@customer.example>'.encode(),
        f"To: <{TO}>",
        b"Subject: " + folded(words.subject, words.legacy, words.label, size=39),
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed;",
        '\tboundary="----=_NextPart_000_000E_01D1B2C3.0A01A8C0"',
        "X-Priority: 3",
        "X-MSMail-Priority: Normal",
        "X-Mailer: Microsoft Outlook Express 6.00.2900.5931",
        "X-MimeOLE: Produced By Microsoft MimeOLE V6.00.2900.6157",
        "",
        "This is a multi-part message in MIME format.",
        "",
        "------=_NextPart_000_000E_01D1B2C3.0A01A8C0",
        "Content-Type: text/plain;",
        "\tformat=flowed;",
        f'\tcharset="{words.label}";',
        "\treply-type=original",
        "Content-Transfer-Encoding: 8bit",
        "",
        crlf(words.body.replace("\n>", "\n >"), words.legacy),
        "------=_NextPart_000_000E_01D1B2C3.0A01A8C0",
        "Content-Type: application/octet-stream;",
        b'\tname="' + word(words.file, words.legacy, words.label) + b'"',
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;",
        b'\tfilename="' + word(words.file, words.legacy, words.label) + b'"',
        "",
        b64(PDF),
        "",
        "------=_NextPart_000_000E_01D1B2C3.0A01A8C0--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/plain", files=[(words.file, PDF)])
    return Mail("outlook express", raw, expected, (words.body.splitlines()[0],))


def foxmail(words: Words) -> Mail:
    """Foxmail 7: alternative in base64, words cut inside characters, quoted names, an Original message block."""
    ident = f"<2026112010301517{words.lang}@customer.example>"
    html = page(words.body, style=" style='margin:0'")
    raw = lines(
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        b'From: "' + word(words.name, words.legacy, words.label) + f'" <{words.lang}@customer.example>'.encode(),
        f'To: "support" <{TO}>',
        b"Subject: " + folded(words.subject, words.legacy, words.label, size=45),
        "X-Priority: 3",
        "X-GUID: 1B5AB3E1-2C77-4F5C-9F2D-0F6C5DBD7E21",
        "X-Has-Attach: yes",
        "X-Mailer: Foxmail 7.2.25.213[cn]",
        "Mime-Version: 1.0",
        f"Message-ID: {ident}",
        "Content-Type: multipart/mixed;",
        '\tboundary="----=_001_NextPart226855213867_=----"',
        "",
        "This is a multi-part message in MIME format.",
        "",
        "------=_001_NextPart226855213867_=----",
        "Content-Type: multipart/alternative;",
        '\tboundary="----=_002_NextPart481186221515_=----"',
        "",
        "",
        "------=_002_NextPart481186221515_=----",
        "Content-Type: text/plain;",
        f'\tcharset="{words.label.upper()}"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body + "\n\n" + words.company + "\n", words.legacy)),
        "",
        "------=_002_NextPart481186221515_=----",
        "Content-Type: text/html;",
        f'\tcharset="{words.label.upper()}"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(html, words.legacy)),
        "------=_002_NextPart481186221515_=------",
        "",
        "------=_001_NextPart226855213867_=----",
        "Content-Type: application/octet-stream;",
        b'\tname="' + folded(words.file, words.legacy, words.label, size=20).replace(b"\r\n ", b"\r\n\t") + b'"',
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;",
        b'\tfilename="' + folded(words.file, words.legacy, words.label, size=20).replace(b"\r\n ", b"\r\n\t") + b'"',
        "",
        b64(PDF),
        "",
        "------=_001_NextPart226855213867_=------",
        "",
    )
    expected = told(
        words,
        ident,
        to=[("support", TO)],
        text=f"{words.body}\n\n{words.company}",
        kind="text/html",
        files=[(words.file, PDF)],
    )
    return Mail("foxmail", raw, expected, (words.body.splitlines()[0],))


def thunderbird(words: Words) -> Mail:
    """Thunderbird: flowed UTF-8, parameters of RFC 2231 in pieces, the quotation below its line."""
    ident = f"<2f1c6a0e-7a2b-4b2e-9a52-{words.lang}00000000@customer.example>"
    text = f"{words.body}\n\n{words.quoted}\n> Lorem ipsum\n>> older\n\n-- \n{words.company}\n"
    raw = lines(
        f"Message-ID: {ident}",
        "Date: Fri, 20 Nov 2026 02:30:15 +0000",
        "MIME-Version: 1.0",
        "User-Agent: Mozilla Thunderbird",
        f"To: {TO}",
        b"From: " + whole(words.name, "utf-8", "UTF-8", 10) + f" <{words.lang}@customer.example>".encode(),
        b"Subject: " + whole(words.subject, "utf-8", "UTF-8", 11),
        'Content-Type: multipart/mixed; boundary="------------0vCf1MqGgRkGwHqR2J0QW5Zr"',
        "Content-Language: en-US",
        "",
        "This is a multi-part message in MIME format.",
        "--------------0vCf1MqGgRkGwHqR2J0QW5Zr",
        "Content-Type: text/plain; charset=UTF-8; format=flowed",
        "Content-Transfer-Encoding: 8bit",
        "",
        crlf(text.replace("\n>From", "\n >From"), "utf-8"),
        "--------------0vCf1MqGgRkGwHqR2J0QW5Zr",
        b'Content-Type: application/pdf; name="' + whole(words.file, size=9) + b'"',
        "Content-Disposition: attachment;",
        b" " + rfc2231(words.file, size=58),
        "Content-Transfer-Encoding: base64",
        "",
        b64(PDF),
        "",
        "--------------0vCf1MqGgRkGwHqR2J0QW5Zr--",
        "",
    )
    expected = told(words, ident, text=text, kind="text/plain", files=[(words.file, PDF)])
    return Mail("thunderbird", raw, expected, (words.company,))


def apple_mail(words: Words) -> Mail:
    """Apple Mail: alternative whose HTML half holds the file, names decomposed, no charset where ASCII is enough."""
    ident = f"<5C2F3E1A-96F4-4B0B-8A1A-{words.lang}@customer.example>"
    decomposed = unicodedata.normalize("NFD", words.file)
    html = page(words.body, style=' class=""')
    raw = lines(
        b"From: " + word(words.name, way="Q") + f" <{words.lang}@customer.example>".encode(),
        "Content-Type: multipart/alternative;",
        '\tboundary="Apple-Mail=_3F0A6C55-7D6B-4B5F-8C0E-4F1A0C0B0A11"',
        "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.100.8\\))",
        b"Subject: " + folded(words.subject, way="Q", size=15),
        f"Message-Id: {ident}",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        f"To: {TO}",
        "X-Mailer: Apple Mail (2.3826.100.8)",
        "",
        "",
        "--Apple-Mail=_3F0A6C55-7D6B-4B5F-8C0E-4F1A0C0B0A11",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Type: text/plain;",
        "\tcharset=utf-8",
        "",
        qp(crlf(words.body + "\n\n", "utf-8")),
        "--Apple-Mail=_3F0A6C55-7D6B-4B5F-8C0E-4F1A0C0B0A11",
        "Content-Type: multipart/mixed;",
        '\tboundary="Apple-Mail=_8E1C3B6D-0B69-4B57-8C55-1D1A0C0B0A22"',
        "",
        "",
        "--Apple-Mail=_8E1C3B6D-0B69-4B57-8C55-1D1A0C0B0A22",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Type: text/html;",
        "\tcharset=utf-8",
        "",
        qp(crlf(html, "utf-8")),
        "--Apple-Mail=_8E1C3B6D-0B69-4B57-8C55-1D1A0C0B0A22",
        "Content-Disposition: attachment;",
        b"\t" + rfc2231(decomposed, "utf-8"),
        "Content-Type: application/pdf;",
        "\tx-unix-mode=0644;",
        b'\tname="' + word(decomposed) + b'"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(PDF),
        "--Apple-Mail=_8E1C3B6D-0B69-4B57-8C55-1D1A0C0B0A22--",
        "",
        "--Apple-Mail=_3F0A6C55-7D6B-4B5F-8C0E-4F1A0C0B0A11--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/html", files=[(words.file, PDF)])
    return Mail("apple mail", raw, expected, (words.body.splitlines()[0],))


def notes(words: Words) -> Mail:
    """Lotus Notes: headers in its own order, a name of directories, `=_alternative`, charset in upper case and quotes."""
    ident = f"<OF8A3C2E11.0D5B7F{words.lang}-ON48258B9F@customer.example>"
    raw = lines(
        b"Subject: " + folded(words.subject, words.legacy, words.label.upper(), size=30),
        f"To: {TO}",
        "MIME-Version: 1.0",
        "X-KeepSent: 8A3C2E11:0D5B7F00-48258B9F:000D0E3B;",
        " type=4; name=$KeepSent",
        "X-Mailer: Lotus Notes Release 8.5.3 September 15, 2011",
        f"Message-ID: {ident}",
        f'From: "Sales/HQ/ACME" <{words.lang}@customer.example>',
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        "X-MIMETrack: Serialize by Router on Domino01/ACME(Release 8.5.3FP6|November 21, 2013) at",
        " 2026-11-20 10:30:16 AM,",
        "\tSerialize complete at 2026-11-20 10:30:16 AM",
        'Content-Type: multipart/alternative; boundary="=_alternative 000D0E4848258B9F_="',
        "",
        "This is a multipart message in MIME format.",
        "--=_alternative 000D0E4848258B9F_=",
        f'Content-Type: text/plain; charset="{words.label.upper()}"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body, words.legacy)),
        "--=_alternative 000D0E4848258B9F_=",
        f'Content-Type: text/html; charset="{words.label.upper()}"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(page(words.body), words.legacy)),
        "--=_alternative 000D0E4848258B9F_=--",
    )
    expected = told(words, ident, from_name="Sales/HQ/ACME", text=words.body, kind="text/html")
    return Mail("lotus notes", raw, expected, (words.body.splitlines()[0],))


def mutt(words: Words) -> Mail:
    """Mutt: inline text in UTF-8, address before the name in a comment, In-Reply-To with words beside the id."""
    ident = f"<aR5y4xR7vK9m2L{words.lang}@host>"
    raw = lines(
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        b"From: " + whole(words.name, size=8) + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        b"Subject: " + whole(words.subject, size=10),
        f"Message-ID: {ident}",
        "References: <m1@example.com>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Disposition: inline",
        "Content-Transfer-Encoding: 8bit",
        "In-Reply-To: <m1@example.com>",
        "User-Agent: Mutt/2.2.12 (2023-09-09)",
        "",
        f"{words.body}\n\n-- \n{words.company}\n".encode(),
    )
    expected = told(
        words,
        ident,
        in_reply_to="<m1@example.com>",
        text=f"{words.body}\n\n-- \n{words.company}",
        kind="text/plain",
    )
    return Mail("mutt", raw, expected, (words.company,))


def mails(words: Words) -> Iterator[Mail]:
    """Return a writer's mails from these programs."""
    for shape in (outlook, outlook_express, foxmail, thunderbird, apple_mail, notes, mutt):
        yield shape(words)
