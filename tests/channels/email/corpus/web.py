"""Mails of web mailers and telephones: Gmail, QQ, 163, Outlook on the web, iPhone, Yahoo, Roundcube, Zimbra."""

from __future__ import annotations

from collections.abc import Iterator

from tests.channels.email.corpus.desktop import told
from tests.channels.email.corpus.wire import (
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


def gmail(words: Words) -> Mail:
    """Gmail: a zero boundary, both forms of each file name, the quotation in its own div."""
    ident = f"<CAB+mYx=7dY1{words.lang}0Q@mail.gmail.com>"
    quote = f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{words.quoted.replace("<", "&lt;")}<br></div></div>'
    text = f"{words.body}\n\n{words.quoted}\n\n> Lorem ipsum\n"
    raw = lines(
        "MIME-Version: 1.0",
        "References: <m0@example.com> <m1@example.com>",
        "In-Reply-To: <m1@example.com>",
        b"From: " + whole(words.name, "utf-8", "UTF-8", 10) + f" <{words.lang}@customer.example>".encode(),
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        f"Message-ID: {ident}",
        b"Subject: " + whole(words.subject, "utf-8", "UTF-8", 13),
        f"To: {TO}",
        'Content-Type: multipart/mixed; boundary="0000000000004f6d1b05f5b6a7c2"',
        "",
        "--0000000000004f6d1b05f5b6a7c2",
        'Content-Type: multipart/alternative; boundary="0000000000004f6d1905f5b6a7c0"',
        "",
        "--0000000000004f6d1905f5b6a7c0",
        'Content-Type: text/plain; charset="UTF-8"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(text, "utf-8")),
        "--0000000000004f6d1905f5b6a7c0",
        'Content-Type: text/html; charset="UTF-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(page(words.body, signature=quote), "utf-8")),
        "--0000000000004f6d1905f5b6a7c0--",
        "--0000000000004f6d1b05f5b6a7c2",
        b'Content-Type: application/pdf; name="' + word(words.file, "utf-8", "UTF-8") + b'"',
        b'Content-Disposition: attachment; filename="' + word(words.file, "utf-8", "UTF-8") + b'"',
        "Content-Transfer-Encoding: base64",
        "Content-ID: <f_lar5x2j10>",
        "X-Attachment-Id: f_lar5x2j10",
        "",
        b64(PDF),
        "--0000000000004f6d1b05f5b6a7c2--",
        "",
    )
    expected = told(
        words,
        ident,
        in_reply_to="<m1@example.com>",
        references=("<m0@example.com>", "<m1@example.com>"),
        text=text,
        kind="text/html",
        files=[(words.file, PDF)],
    )
    return Mail("gmail", raw, expected, (words.body.splitlines()[0],))


def qq(words: Words) -> Mail:
    """QQ: everything in GB18030, encoded words in quotes, HTML that names no page, own fields."""
    ident = f"<tencent_6E2B1C0A5D5F{words.lang}@qq.com>"
    raw = lines(
        "X-QQ-mid: xmsezb17t1700447415t8qk3w0p2",
        f"Message-ID: {ident}",
        "X-QQ-XMAILINFO: NkHqT0sJ3v1w+Wc0J7M7rA==",
        "X-HAS-ATTACH: no",
        b'From: "' + word(words.name, "gb18030") + f'" <{words.lang}@customer.example>'.encode(),
        b'To: "' + word("客户服务", "gb18030") + f'" <{TO}>'.encode(),
        b"Subject: " + word(words.subject, "gb18030"),
        "Mime-Version: 1.0",
        "Content-Type: multipart/mixed;",
        '\tboundary="----=_NextPart_6559F0F7_11D1C5A8_2F5B8E1D"',
        "Content-Transfer-Encoding: 8Bit",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        "X-Priority: 3",
        "X-QQ-MIME: TCMime 1.0 by Tencent",
        "X-Mailer: QQMail 2.x",
        "",
        "This is a multi-part message in MIME format.",
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_2F5B8E1D",
        "Content-Type: multipart/alternative;",
        '\tboundary="----=_NextPart_6559F0F7_11D1C5A8_7A5C1B22";',
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_7A5C1B22",
        "Content-Type: text/plain;",
        '\tcharset="gb18030"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(words.body.encode("gb18030"), 4096),
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_7A5C1B22",
        "Content-Type: text/html;",
        '\tcharset="gb18030"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(f"<div>{words.body.replace(chr(10), '</div><div>')}</div>".encode("gb18030"), 4096),
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_7A5C1B22--",
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_2F5B8E1D",
        "Content-Type: application/octet-stream;",
        b'\tcharset="gb18030";\r\n\tname="' + word(words.file, "gb18030") + b'"',
        b'Content-Disposition: attachment; filename="' + word(words.file, "gb18030") + b'"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(PDF),
        "",
        "------=_NextPart_6559F0F7_11D1C5A8_2F5B8E1D--",
        "",
    )
    expected = told(words, ident, to=[("客户服务", TO)], text=words.body, kind="text/html", files=[(words.file, PDF)])
    return Mail("qq", raw, expected, (words.body.splitlines()[0],))


def coremail(words: Words) -> Mail:
    """163 (Coremail): GBK in Q words and base64, a name without quotes, fields of its own; other languages in UTF-8."""
    charset = "GBK" if words.lang in {"zh", "ru", "en"} else "UTF-8"
    python = "gb18030" if charset == "GBK" else "utf-8"
    ident = f"<2d1f4c55.3a8c.18be9f0c6d1.Coremail.{words.lang}@163.com>"
    shown = words.body.replace("\n", "<br>")
    html = f'<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial">{shown}</div>'
    raw = lines(
        "X-Originating-IP: [192.0.2.7]",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800 (CST)",
        b"From: " + word(words.name, python, charset) + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        b"Subject: " + folded(words.subject, python, charset, "Q", 24),
        "X-Priority: 3",
        "X-Mailer: Coremail Webmail Server Version XT5.0.14 build 20230109(dcb5de15)",
        " Copyright (c) 2002-2026 www.mailtech.cn 163com",
        "Content-Type: multipart/mixed; ",
        '\tboundary="----=_Part_57912_1205394128.1700447415505"',
        "MIME-Version: 1.0",
        f"Message-ID: {ident}",
        "X-Coremail-Locale: zh_CN",
        "",
        "------=_Part_57912_1205394128.1700447415505",
        "Content-Type: multipart/alternative; ",
        '\tboundary="----=_Part_57914_1205394128.1700447415506"',
        "",
        "------=_Part_57914_1205394128.1700447415506",
        f"Content-Type: text/plain; charset={charset}",
        "Content-Transfer-Encoding: base64",
        "",
        b64(words.body.encode(python)),
        "------=_Part_57914_1205394128.1700447415506",
        f"Content-Type: text/html; charset={charset}",
        "Content-Transfer-Encoding: base64",
        "",
        b64(html.encode(python)),
        "------=_Part_57914_1205394128.1700447415506--",
        "",
        "------=_Part_57912_1205394128.1700447415505",
        "Content-Type: application/octet-stream; ",
        b"\tname=" + word(words.file, python, charset, "Q"),
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; ",
        b'\tfilename="' + word(words.file, python, charset, "Q") + b'"',
        "",
        b64(PDF),
        "------=_Part_57912_1205394128.1700447415505--",
        "",
    )
    expected = told(words, ident, text=words.body, kind="text/html", files=[(words.file, PDF)])
    return Mail("163", raw, expected, (words.body.splitlines()[0],))


def exchange(words: Words) -> Mail:
    """Outlook on the web, Exchange: boundaries of underscores, the file's sizes and dates, names in both forms, hundred fields."""
    ident = f"<DB7PR05MB4567A1B2C3D4{words.lang}@DB7PR05MB4567.eurprd05.prod.outlook.com>"
    raw = lines(
        "Received: from DB7PR05MB4567.eurprd05.prod.outlook.com ([fe80::1]) by",
        " DB7PR05MB4567.eurprd05.prod.outlook.com ([fe80::1%7]) with mapi id",
        " 15.20.7025.017; Fri, 20 Nov 2026 02:30:15 +0000",
        b"From: " + whole(words.name, "utf-8", "utf-8", 9) + f" <{words.lang}@customer.example>".encode(),
        f'To: "{TO}" <{TO}>',
        b"Subject: " + whole(words.subject, "utf-8", "utf-8", 12),
        "Thread-Topic: " + "x" * 70,
        "Thread-Index: AdobWJ2Y2Qm0P1cTQ0iHqJ1y2x3z4w==",
        "Date: Fri, 20 Nov 2026 02:30:15 +0000",
        f"Message-ID:\r\n {ident}",
        "Accept-Language: zh-CN, en-US",
        "Content-Language: zh-CN",
        "X-MS-Has-Attach: yes",
        "X-MS-TNEF-Correlator:",
        "x-ms-exchange-senderadcheck: 1",
        'Content-Type: multipart/mixed;\r\n\tboundary="_004_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_"',
        "MIME-Version: 1.0",
        "",
        "--_004_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_",
        'Content-Type: multipart/alternative;\r\n\tboundary="_000_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_"',
        "",
        "--_000_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body + "\n", "utf-8")),
        "",
        "--_000_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_",
        'Content-Type: text/html; charset="utf-8"',
        "Content-ID: <0A1B2C3D4E5F@eurprd05.prod.outlook.com>",
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(page(words.body), "utf-8")),
        "",
        "--_000_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_--",
        "",
        "--_004_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_",
        b'Content-Type: application/pdf; name="' + whole(words.file, size=8) + b'"',
        b"Content-Description: " + whole(words.file, size=8),
        b'Content-Disposition: attachment;\r\n\tfilename="' + whole(words.file, size=8) + b'"; size=180;',
        '\tcreation-date="Fri, 20 Nov 2026 02:29:00 GMT";',
        '\tmodification-date="Fri, 20 Nov 2026 02:30:14 GMT"',
        "Content-Transfer-Encoding: base64",
        "",
        b64(PDF),
        "",
        "--_004_DB7PR05MB4567A1B2C3D4DB7PR05MB4567eurp_--",
    )
    expected = told(words, ident, to=[(TO, TO)], text=words.body, kind="text/html", files=[(words.file, PDF)])
    return Mail("exchange", raw, expected, (words.body.splitlines()[0],))


def iphone(words: Words) -> Mail:
    """An iPhone: a picture between two texts, each text half of an alternative of its own, `Sent from`."""
    ident = f"<B1F2C3D4-0A1B-4C5D-8E9F-{words.lang}00@customer.example>"
    raw = lines(
        "Content-Type: multipart/mixed; boundary=Apple-Mail-7C2E9F14-55B6-4F0A-9D10-0A1B2C3D4E5F",
        "Content-Transfer-Encoding: 7bit",
        b"From: " + word(words.name) + f" <{words.lang}@customer.example>".encode(),
        "Mime-Version: 1.0 (1.0)",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        b"Subject: " + folded(words.subject, way="Q", size=14),
        f"Message-Id: {ident}",
        f"To: {TO}",
        "X-Mailer: iPhone Mail (22B91)",
        "",
        "",
        "--Apple-Mail-7C2E9F14-55B6-4F0A-9D10-0A1B2C3D4E5F",
        "Content-Type: text/plain;\r\n\tcharset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(words.body + "\n\n", "utf-8")),
        "",
        "--Apple-Mail-7C2E9F14-55B6-4F0A-9D10-0A1B2C3D4E5F",
        "Content-Type: image/png;\r\n\tname=IMG_0001.PNG;\r\n\tx-apple-part-url=7C2E9F14",
        "Content-Disposition: inline;\r\n\tfilename=IMG_0001.PNG",
        "Content-Transfer-Encoding: base64",
        "",
        b64(PNG),
        "",
        "--Apple-Mail-7C2E9F14-55B6-4F0A-9D10-0A1B2C3D4E5F",
        "Content-Type: text/plain;\r\n\tcharset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        b64(crlf(f"\n\n{words.phone}\n", "utf-8")),
        "",
        "--Apple-Mail-7C2E9F14-55B6-4F0A-9D10-0A1B2C3D4E5F--",
        "",
    )
    expected = told(words, ident, kind="text/plain", files=[("IMG_0001.PNG", PNG)])
    return Mail("iphone", raw, expected, (words.body.splitlines()[0], words.phone))


def yahoo(words: Words) -> Mail:
    """Yahoo: JavaMail's boundaries, HTML with styles in its head, `Reply-To` beside From, References of one id twice."""
    ident = f"<1205394128.57912.1700447415505.{words.lang}@mail.yahoo.com>"
    html = page(words.body, signature='<style>.ydp{color:#000}</style><div class="ydp">&nbsp;</div>')
    raw = lines(
        "Date: Fri, 20 Nov 2026 02:30:15 +0000 (UTC)",
        b"From: " + word(words.name, "UTF-8") + f" <{words.lang}@customer.example>".encode(),
        b"Reply-To: " + word(words.name, "UTF-8") + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        f"Message-ID: {ident}",
        "In-Reply-To: <m1@example.com>",
        "References: <m1@example.com> <m1@example.com>",
        b"Subject: " + whole(words.subject, "UTF-8", "UTF-8", 15),
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; \r\n\tboundary="----=_Part_57912_1205394128.1700447415505"',
        "X-Mailer: WebService/1.1.21896 YMailNorrin",
        "",
        "------=_Part_57912_1205394128.1700447415505",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(words.body + "\n", "utf-8")),
        "------=_Part_57912_1205394128.1700447415505",
        "Content-Type: text/html; charset=UTF-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        qp(crlf(html, "utf-8")),
        "------=_Part_57912_1205394128.1700447415505--",
        "",
    )
    expected = told(
        words,
        ident,
        in_reply_to="<m1@example.com>",
        references=("<m1@example.com>",),
        reply_to=[(words.name, f"{words.lang}@customer.example")],
        text=words.body,
        kind="text/html",
    )
    return Mail("yahoo", raw, expected, (words.body.splitlines()[0],))


def roundcube(words: Words) -> Mail:
    """Roundcube: text only, the name of the file by RFC 2231 in one piece, CC with several forms of names."""
    ident = f"<f0e1d2c3b4a5{words.lang}@customer.example>"
    raw = lines(
        "MIME-Version: 1.0",
        "Date: Fri, 20 Nov 2026 10:30:15 +0800",
        b"From: " + word(words.name, "UTF-8", way="Q") + f" <{words.lang}@customer.example>".encode(),
        f"To: {TO}",
        b"Cc: plain@customer.example, " + word(words.company, "UTF-8", way="Q") + b" <cc@customer.example>,",
        ' "Last, First" <last@customer.example>',
        b"Subject: " + folded(words.subject, "utf-8", "UTF-8", "Q", 14),
        "User-Agent: Roundcube Webmail/1.6.1",
        f"Message-ID: {ident}",
        'Content-Type: multipart/mixed;\r\n boundary="=_0c1d2e3f405162738495a6b7c8d9e0f1"',
        "",
        "--=_0c1d2e3f405162738495a6b7c8d9e0f1",
        "Content-Transfer-Encoding: 8bit",
        "Content-Type: text/plain; charset=UTF-8",
        "",
        words.body.encode(),
        "--=_0c1d2e3f405162738495a6b7c8d9e0f1",
        b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf;\r\n " + rfc2231(words.file, name="name"),
        b"Content-Disposition: attachment;\r\n " + rfc2231(words.file) + b";\r\n size=180",
        "",
        b64(PDF),
        "--=_0c1d2e3f405162738495a6b7c8d9e0f1--",
        "",
    )
    expected = told(
        words,
        ident,
        cc=[
            ("", "plain@customer.example"),
            (words.company, "cc@customer.example"),
            ("Last, First", "last@customer.example"),
        ],
        text=words.body,
        kind="text/plain",
        files=[(words.file, PDF)],
    )
    return Mail("roundcube", raw, expected, (words.body.splitlines()[0],))


def mails(words: Words) -> Iterator[Mail]:
    """Return a writer's mails from these programs."""
    for shape in (gmail, qq, coremail, exchange, iphone, yahoo, roundcube):
        yield shape(words)
