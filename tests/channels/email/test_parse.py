"""What the parser makes of mails as they really come."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from contactd.channels.email.parse import parse


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def test_a_plain_mail() -> None:
    mail = parse(
        b'Return-Path: <li@kunde.example>\r\nFrom: "Li, Ming" <li@kunde.example>\r\n'
        b"To: Support <support@example.com>, x@example.com\r\n"
        b"Cc: (nobody) c@example.com\r\nReply-To: l2@kunde.example\r\nSubject: Question\r\n about folding\r\n"
        b"Date: Sun, 22 Nov 2026 16:00:00 +0800\r\nMessage-ID: <1@kunde.example>\r\nIn-Reply-To: <0@example.com>\r\n"
        b"References: <a@example.com>\r\n <0@example.com>\r\n\r\nHello\r\nyou\r\n"
    )
    assert (mail.from_name, mail.from_address) == ("Li, Ming", "li@kunde.example")
    assert mail.to == (("Support", "support@example.com"), ("", "x@example.com"))
    assert mail.cc == (("nobody", "c@example.com"),)
    assert mail.reply_to == (("", "l2@kunde.example"),)
    assert mail.subject == "Question about folding"
    assert (mail.text, mail.html, mail.kind) == ("Hello\nyou\n", None, "text/plain")
    assert (mail.message_id, mail.in_reply_to) == ("<1@kunde.example>", "<0@example.com>")
    assert mail.references == ("<a@example.com>", "<0@example.com>")
    assert mail.date == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert (mail.auto, mail.bounce, mail.defects, mail.attachments) == (None, None, (), ())


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("gb2312", "gb18030", "朱镕基的发票，请尽快处理"),
        ("GBK", "gb18030", "喆：报价单已收到"),
        ('"gb2312"', "gb18030", "请问什么时候发货？谢谢"),
        ("hz-gb-2312", "hz", "你好"),
        ("big5", "big5hkscs", "請問發票何時寄出？謝謝"),
        ("iso-2022-jp", "iso2022_jp", "お問い合わせありがとうございます"),
        ("Shift_JIS", "cp932", "①お見積り㈱高橋"),
        ("euc-jp", "euc_jp", "資料請求の件"),
        ("ks_c_5601-1987", "cp949", "견적서를 보내 주세요"),
        ("euc-kr", "cp949", "똠방각하 배송 문의"),
        ("windows-1251", "cp1251", "Здравствуйте, где мой заказ?"),
        ("koi8-r", "koi8_r", "Счёт не пришёл"),
        ("windows-1256", "cp1256", "السلام عليكم"),
        ("iso-8859-1", "cp1252", "Grüße – „Zitat“ 5 €"),
        ("iso-8859-15", "iso8859_15", "déjà vu 5 €"),
        ("windows-1253", "cp1253", "Καλημέρα"),
        ("utf-7", "utf_7", "Größe 你好"),
        ("utf-8", "utf_8", "𠮷野家 👍🏽 é"),
        ("", "utf_8", "没有标签的邮件"),
        ("", "gb18030", "没有标签的国标邮件，请注意查收附件"),
        ("us-ascii", "gb18030", "标签写错了，其实是国标的邮件正文"),
        ("iso-8859-1", "gb18030", "标签写成拉丁文，其实是中文"),
        ("utf-8", "gb18030", "标签写成统一码，其实是国标编码的正文内容"),
        ("gb2312", "utf_8", "标签写成国标，其实是统一码的正文内容"),
        ("x-unknown", "utf_8", "标签没人认识"),
        ("rot13", "utf_8", "标签不是字符集 abc"),
        ("punycode", "ascii", "plain-text"),
    ],
)
def test_a_body_is_read_whatever_its_label_says(label: str, encoding: str, text: str) -> None:
    head = f"From: a@b.example\nContent-Type: text/plain; charset={label}\nContent-Transfer-Encoding: 8bit\n\n"
    mail = parse(head.encode() + text.encode(encoding) + b"\n")
    assert mail.text == f"{text}\n"


def test_japanese_vendor_characters_behind_escapes() -> None:
    # ISO-2022-JP as Outlook writes it: row 13 of JIS X 0208, which the standard does not have.
    body = b"\x1b$B-!-j\x1b(B test"
    assert parse(b"Content-Type: text/plain; charset=ISO-2022-JP\n\n" + body).text == "①㈱ test"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        (b"=?utf-8?B?5oql5Lu3?=", "报价"),
        (b"=?utf-8?B?5o?= =?utf-8?B?ql5Lu3?=", "报价"),
        (b"=?utf-8?Q?=E6=8A?=\r\n =?utf-8?Q?=A5=E4=BB=B7?=", "报价"),
        (
            b"=?gb2312?B?"
            + b64("关于朱镕".encode("gbk")[:7])
            + b"?= =?GB2312?B?"
            + b64("关于朱镕".encode("gbk")[7:])
            + b"?=",
            "关于朱镕",
        ),
        ("报价单".encode("gbk"), "报价单"),
        ("报价单".encode(), "报价单"),
        ("一些".encode("gbk") + b"\r\nContent-Type: text/plain; charset=gb2312", "一些"),
        (b"=?gb2312?Q?=D2=BB=D0=A9?=", "一些"),
        ("請問發票何時寄出".encode("big5"), "請問發票何時寄出"),
        (b"M\xfcller GmbH", "Müller GmbH"),
        (b"=?iso-8859-1?q?Gr=FC=DFe_aus?= Berlin", "Grüße aus Berlin"),
        (b"a =?utf-8?q?b?= c =?utf-8?q?d?= =?utf-8?q?e?=", "a b c de"),
        (b"=?utf-8?q?b?==?utf-8?q?c?=", "bc"),
        (b"=?UTF-8*zh?B?5oql5Lu3?=", "报价"),
        (b"=?x-unknown?B?5oql5Lu3?=", "报价"),
        (b"=?utf-8?q?half", "=?utf-8?q?half"),
        (b"=?utf-8?B?5oql5Lu3", "=?utf-8?B?5oql5Lu3"),
        (b"=?=?=?=", "=?=?=?="),
        (b"=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ"),
        (b'\x1b$B$"\x1b(B', "あ"),
        (b"tab\tand\x00 nul \x1b[31m", "tab and nul [31m"),
        ("gpj.\u202eexe\u2066".encode(), "gpj.exe"),
        (b"", ""),
    ],
)
def test_a_subject_is_read(value: bytes, subject: str) -> None:
    assert parse(b"From: a@b.example\r\nSubject: " + value + b"\r\n\r\nx").subject == subject


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        (b"li@kunde.example", "", "li@kunde.example"),
        (b"<li@kunde.example>", "", "li@kunde.example"),
        (b"li@kunde.example (Li Ming)", "Li Ming", "li@kunde.example"),
        (b'"Li \\"Q\\" Ming" <li@kunde.example>', 'Li "Q" Ming', "li@kunde.example"),
        (b"Li, Ming <li@kunde.example>", "Li, Ming", "li@kunde.example"),
        (b"'Li Ming' <li@kunde.example>", "Li Ming", "li@kunde.example"),
        (b'"=?gb2312?B?1cXI/Q==?=" <li@kunde.example>', "张三", "li@kunde.example"),
        (b"=?utf-8?B?" + b64("张三, <x@y>".encode()) + b"?= <li@kunde.example>", "张三, <x@y>", "li@kunde.example"),
        ("张三".encode("gbk") + b" <li@kunde.example>", "张三", "li@kunde.example"),
        (b"<mailto:li@kunde.example>", "", "li@kunde.example"),
        (b"<@relay.example:li@kunde.example>", "", "li@kunde.example"),
        (b'"odd local"@kunde.example', "", '"odd local"@kunde.example'),
        (b"Li Ming < li@kunde.example >", "Li Ming", "li@kunde.example"),
        (b"Li <li@kunde.example", "Li", "li@kunde.example"),
        (b"Li Ming", "Li Ming", "back@kunde.example"),
        (b"", "", "back@kunde.example"),
        ("Li\u202e gniM".encode() + b" <li@kunde.example>", "Li gniM", "li@kunde.example"),
        (b"((((((" * 100, "", "back@kunde.example"),
    ],
)
def test_the_author_is_read(value: bytes, name: str, address: str) -> None:
    mail = parse(b"From: " + value + b"\r\nReply-To: back@kunde.example\r\n\r\nx")
    assert (mail.from_name, mail.from_address) == (name, address)


def test_two_from_lines_and_none() -> None:
    assert parse(b"From: nobody\nFrom: li@kunde.example\n\nx").from_address == "li@kunde.example"
    mail = parse(b"Subject: x\n\nx")
    assert (mail.from_name, mail.from_address) == ("", "")


def multipart(kind: str, *parts: bytes, boundary: str = "b1") -> bytes:
    mark = f"--{boundary}".encode()
    head = f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nwords"
HTML = b'Content-Type: text/html; charset=utf-8\r\n\r\n<p>words</p><img src="cid:pic@1">'
PNG = b"Content-Type: image/png; name=logo.png\r\nContent-ID: <pic@1>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0="
PDF = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF"


def test_alternatives_are_one_body() -> None:
    mail = parse(b"From: a@b.example\r\n" + multipart("alternative", TEXT, HTML))
    assert (mail.text, mail.kind) == ("words", "text/html")
    assert mail.html is not None
    assert mail.attachments == ()


def test_pictures_in_related_and_files_beside() -> None:
    related = multipart("related", HTML, PNG, boundary="b3")
    inner = multipart("alternative", TEXT, related, boundary="b2")
    mail = parse(b"From: a@b.example\r\n" + multipart("mixed", inner, PDF))
    assert (mail.text, mail.kind) == ("words", "text/html")
    picture, paper = mail.attachments
    assert (picture.filename, picture.content_type, picture.content_id, picture.inline, picture.data) == (
        "logo.png",
        "image/png",
        "pic@1",
        True,
        b"\x89PNG\r",
    )
    assert (paper.filename, paper.inline, paper.data) == ("a.pdf", False, b"%PDF")


def test_only_html_only_text_and_nothing() -> None:
    only = parse(b"From: a@b.example\r\n" + HTML)
    assert (only.text, only.kind) == (None, "text/html")
    empty = parse(b"From: a@b.example\r\n\r\n")
    assert (empty.text, empty.html, empty.kind) == ("", None, "text/plain")
    assert parse(b"").text == ""


def test_several_texts_are_all_shown() -> None:
    footer = b"Content-Type: text/plain\r\n\r\n-- footer"
    assert parse(multipart("mixed", TEXT, PDF, footer)).text == "words\n\n-- footer\n"
    mixed = parse(multipart("mixed", HTML, footer))
    assert mixed.kind == "text/html"
    assert "words" in (mixed.html or "")
    assert "-- footer" in (mixed.html or "")


def test_a_forwarded_mail_is_a_file_of_its_own() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nFrom: x@y.example\r\n\r\n" + multipart(
        "mixed", TEXT, PDF, boundary="b9"
    )
    mail = parse(b"Subject: outer\r\n" + multipart("mixed", TEXT, inner))
    assert mail.subject == "outer"
    (file,) = mail.attachments
    assert (file.filename, file.content_type) == ("inner.eml", "message/rfc822")
    assert parse(file.data).subject == "inner"


@pytest.mark.parametrize(
    ("params", "name"),
    [
        (b'attachment; filename="a b.txt"', "a b.txt"),
        (b"attachment; filename=a b.txt", "a b.txt"),
        (b"attachment; filename*=UTF-8''%E6%8A%A5%E4%BB%B7.xlsx", "报价.xlsx"),
        (b"attachment; filename*=gb18030''%B1%A8%BC%DB.xlsx", "报价.xlsx"),
        (b"attachment; filename*0*=UTF-8''%E6%8A; filename*1*=%A5%E4%BB%B7; filename*2=.xlsx", "报价.xlsx"),
        (b"attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        (b'attachment; filename="=?GBK?B?' + b64("报价.xlsx".encode("gbk")) + b'?="', "报价.xlsx"),
        (b'attachment; filename="' + "报价单.xlsx".encode("gbk") + b'"', "报价单.xlsx"),
        (b'attachment; filename="' + "报价单.xlsx".encode() + b'"', "报价单.xlsx"),
        (b"attachment; filename=x.txt; filename*=UTF-8''y.txt", "y.txt"),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (b'attachment; filename="C:\\temp\\a.txt"', "a.txt"),
        (b'attachment; filename="' + "gpj\u202eexe.scr".encode() + b'"', "gpjexe.scr"),
        (b'attachment; filename="a\x00\x07b.txt"', "ab.txt"),
        (b'attachment; filename=".."', "attachment-1.pdf"),
        (b"attachment", "attachment-1.pdf"),
        (b'attachment; filename="' + b"n" * 400 + b'.pdf"', "n" * 196 + ".pdf"),
        (b"attachment; filename=CON", "CON"),
    ],
)
def test_file_names_are_read_and_made_harmless(params: bytes, name: str) -> None:
    part = b"Content-Type: application/pdf\r\nContent-Disposition: " + params + b"\r\n\r\n%PDF"
    (file,) = parse(multipart("mixed", TEXT, part)).attachments
    assert file.filename == name


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b64(b"hello world"), b"hello world"),
        (b64(b"hello world")[:-1], b"hello world"),
        (b64(b"hello world")[:-3], b"hello wor"),
        (b64(b"hello") + b"\r\n" + b64(b" world"), b"hello world"),
        (b64(b"hello") + b"\r\n-- \r\nA list's footer", b"hello"),
        (b"aGVs\r\n\r\nbG8=", b"hello"),
        (b"!aGVs*bG8=", b"hello"),
        (b"", b""),
        (b"====", b""),
        (b"\xff\xfe", b""),
    ],
)
def test_broken_base64_is_read_as_far_as_it_goes(body: bytes, data: bytes) -> None:
    part = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    (file,) = parse(multipart("mixed", TEXT, part)).attachments
    assert file.data == data


def test_broken_quoted_printable() -> None:
    head = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    assert parse(head + b"=E6=8A=A5=E4=BB=B7 soft=\nbreak =XY 100=\n").text == "报价 softbreak =XY 100"


def test_a_uuencoded_file_in_the_text() -> None:
    mail = parse(b"Subject: x\n\nbefore\nbegin 644 test.txt\n%:&5L;&\\\n`\nend\nafter\n")
    assert mail.text == "before\n\nafter\n"
    (file,) = mail.attachments
    assert (file.filename, file.data) == ("test.txt", b"hello")
    assert parse(b"\n\nWe begin 644 things\nbegin 644 nothing here\nend\n").attachments == ()


def test_flowed_text_is_joined() -> None:
    head = b"Content-Type: text/plain; format=flowed\n\n"
    assert (
        parse(head + b"one \ntwo\n> q1 \n> q2\n>> deep\n--\x20\nsig\n").text == "one two\n> q1 q2\n>> deep\n-- \nsig\n"
    )
    assert parse(head.replace(b"flowed", b"flowed; delsp=yes") + "中 \n文".encode()).text == "中文"


@pytest.mark.parametrize(
    ("raw", "text", "defect"),
    [
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello", "hello", "multipart_without_end"),
        (b"Content-Type: multipart/mixed\r\n\r\nhello", "hello", "multipart_without_parts"),
        (
            b"Content-Type: multipart/mixed;\r\n\tbo\r\n\r\nmime\r\n--x/1\r\n\r\nhello\r\n--x/1--\r\n",
            "hello",
            "boundary_guessed",
        ),
        (b"Content-Type: multipart/mixed; boundary=zz\r\n\r\nhello", "hello", "multipart_without_parts"),
        (b"From: a@b.example\r\nbroken line\r\nSubject: x\r\n\r\nhello", "hello", "broken_header_line"),
        (b"From: a@b.example\r\nhello there\r\nmore", "hello there\r\nmore".replace("\r", ""), "header_without_end"),
        (b"Content-Type: text\r\n\r\nhello", "hello", None),
        (b"Content-Type: ;;;\r\n\r\nhello", "hello", None),
        (b"hello, no header\nat all", "hello, no header\nat all", None),
        (b"\r\n\r\nFrom: a@b.example\r\n\r\nhello", "hello", None),
        (b"From a@b Sun Nov 22 08:00:00 2026\nFrom: a@b.example\n\nhello", "hello", None),
        (b"From: a@b.example\rSubject: old mac\r\rhello", "hello", None),
    ],
)
def test_broken_structure_is_read_all_the_same(raw: bytes, text: str, defect: str | None) -> None:
    mail = parse(raw)
    assert mail.text == text
    assert mail.defects == ((defect,) if defect else ())


def test_an_inner_multipart_that_never_ends_swallows_nothing() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n" + TEXT
    mail = parse(multipart("mixed", inner, PDF))
    assert mail.text == "words"
    assert [file.filename for file in mail.attachments] == ["a.pdf"]


@pytest.mark.parametrize(
    ("head", "auto"),
    [
        (b"Auto-Submitted: auto-replied", "auto-submitted: auto-replied"),
        (b"Auto-Submitted: auto-generated; owner=x", "auto-submitted: auto-generated"),
        (b"Auto-Submitted: no", None),
        (b"Precedence: bulk", "precedence: bulk"),
        (b"Precedence: first-class", None),
        (b"List-Id: <a.example>", "list-id"),
        (b"List-Unsubscribe: <mailto:x@y>", "list-unsubscribe"),
        (b"X-Auto-Response-Suppress: DR, OOF, AutoReply", "x-auto-response-suppress"),
        (b"X-Auto-Response-Suppress: DR, RN", None),
        (b"Return-Path: <>", "null sender"),
        (b"Return-Path: <a@b.example>", None),
        (b"X-Autoreply: yes", "x-autoreply"),
        ("Subject: 自动回复: 您的邮件已收到".encode(), "out of office"),
        ("Subject: 回复: 自动回复: x".encode(), "out of office"),
        ("Subject: 关于自动回复功能的问题".encode(), None),
        (b"Subject: Out of Office: away", "out of office"),
        (b"Subject: Automatic reply: x", "out of office"),
        (b"Subject: Abwesenheitsnotiz", "out of office"),
        (b"Subject: Office out of paper", None),
        (b"\r\n".join([b"Received: from x"] * 26), "mail loop"),
    ],
)
def test_automatic_mail_is_told_from_peoples(head: bytes, auto: str | None) -> None:
    assert parse(b"From: a@b.example\r\n" + head + b"\r\n\r\nx").auto == auto


DSN = multipart(
    "report; report-type=delivery-status",
    b"Content-Type: text/plain\r\n\r\nNot delivered to gone@kunde.example",
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; gone@kunde.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"Final-Recipient: rfc822; full@kunde.example\r\nAction: delayed\r\nStatus: 4.2.2\r\n\r\n"
    b"Final-Recipient: rfc822; fine@kunde.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
    b"Content-Type: text/rfc822-headers\r\n\r\nFrom: support@example.com\r\nMessage-ID: <ours@example.com>\r\n",
)


def test_a_standard_bounce() -> None:
    mail = parse(b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\n" + DSN)
    assert mail.bounce is not None
    assert [(one.address, one.status, one.permanent) for one in mail.bounce] == [
        ("gone@kunde.example", "5.1.1", True),
        ("full@kunde.example", "4.2.2", False),
    ]
    assert (mail.auto, mail.returned_id) == ("bounce", "<ours@example.com>")


@pytest.mark.parametrize(
    ("raw", "address", "permanent"),
    [
        (
            b"From: Mailer-Daemon@exim.example\nX-Failed-Recipients: gone@kunde.example\nSubject: Mail delivery failed\n\n550 no",
            "gone@kunde.example",
            True,
        ),
        (
            b"From: MAILER-DAEMON@q.example\nSubject: failure notice\n\n<gone@kunde.example>:\nmailbox full\n",
            "gone@kunde.example",
            False,
        ),
        (
            "From: postmaster@qq.example\nSubject: 系统退信\n\n收件人邮件地址（gone@kunde.example）不存在。\n".encode(),
            "gone@kunde.example",
            True,
        ),
        (
            (
                b"From: MAILER-DAEMON@p.example\nSubject: Undelivered Mail Returned to Sender\nTo: support@example.com\n\n"
                b"<gone@kunde.example>: host mx said: 550 5.1.1 unknown\n--- message follows ---\nFrom: other@kunde.example\n"
            ),
            "gone@kunde.example",
            True,
        ),
    ],
)
def test_bounces_in_the_wild(raw: bytes, address: str, permanent: bool) -> None:
    mail = parse(raw)
    assert mail.bounce is not None
    assert [(one.address, one.permanent) for one in mail.bounce] == [(address, permanent)]


def test_a_person_who_writes_about_a_bounce_is_a_person() -> None:
    mail = parse(b"From: li@kunde.example\nSubject: failure notice\n\nI got this for gone@kunde.example: 550\n")
    assert (mail.bounce, mail.auto) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Sun, 22 Nov 2026 08:00:00 GMT", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        (b"22 Nov 26 08:00 +0000", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        (b"Sun, 22 Nov 2026 08:00:60 +0000", datetime(2026, 11, 22, 8, 0, 59, tzinfo=UTC)),
        (b"Sun, 22 Nov 2026 08:00:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        (b"Sun, 99 Nov 2026 08:00:00 +0000", None),
        (b"Sun, 22 Nov 2026 08:00:00 +9999", None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_dates(value: bytes, expected: datetime | None) -> None:
    assert parse(b"Date: " + value + b"\n\nx").date == expected


def test_the_json_form_holds_everything() -> None:
    shown = parse(
        b"From: a@b.example\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\n" + multipart("mixed", TEXT, PDF)
    ).as_json()
    again = json.loads(json.dumps(shown))
    assert again["date"] == "2026-11-22T08:00:00.000Z"
    assert again["attachments"][0]["size"] == 4
    assert base64.b64decode(again["attachments"][0]["data"]) == b"%PDF"
