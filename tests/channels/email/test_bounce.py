"""Reports about mail of ours, as standards want them and as mail systems send them."""

from __future__ import annotations

import base64

import pytest

from contactd.channels.email.auto import kind
from contactd.channels.email.parse import parse


def report(head: str, *parts: str) -> bytes:
    body = "".join(f"--rr\r\n{part}\r\n" for part in parts) + "--rr--\r\n"
    return f"{head}\r\nMIME-Version: 1.0\r\n".encode() + f"Content-Type: multipart/report; {BOUND}{body}".encode()


BOUND = 'boundary="rr"\r\n\r\n'
TEXT = "Content-Type: text/plain\r\n\r\nsee below"
BACK = "Content-Type: message/rfc822\r\n\r\nFrom: support@example.com\r\nMessage-ID: <ours@example.com>\r\n\r\nwords"


def status(groups: str) -> str:
    return f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{groups}"


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (
            (
                "Final-Recipient: rfc822; Gone@kunde.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                "Diagnostic-Code: smtp; 550 5.1.1 <gone@kunde.example> unknown"
            ),
            ("Gone@kunde.example", "failed", "5.1.1", True, "550 5.1.1 <gone@kunde.example> unknown"),
        ),
        (
            (
                "Original-Recipient: rfc822;li@kunde.example\r\nFinal-Recipient: rfc822;box7@inner.example\r\n"
                "Action: failed\r\nStatus: 4.2.2"
            ),
            ("li@kunde.example", "failed", "4.2.2", False, "4.2.2"),
        ),
        (
            "Final-Recipient: rfc822; a@kunde.example\r\nAction: failure\r\nStatus: 553 too large",
            ("a@kunde.example", "failed", "5.0.0", True, "553 too large"),
        ),
        (
            "Final-Recipient: rfc822; a@kunde.example\r\nAction: error (no such box)\r\nStatus: 5.0.0",
            ("a@kunde.example", "failed", "5.0.0", True, "5.0.0"),
        ),
        (
            "Final-Recipient: <a@kunde.example>\r\nAction: delayed\r\nStatus: 4.4.7\r\nDiagnostic-Code: X-Postfix; timed out",
            ("a@kunde.example", "delayed", "4.4.7", False, "timed out"),
        ),
        (
            "Final-Recipient: rfc822; a@kunde.example\r\nAction: relayed\r\nStatus: 2.0.0",
            ("a@kunde.example", "delivered", "2.0.0", False, "2.0.0"),
        ),
    ],
)
def test_what_a_standard_report_says(group: str, expected: tuple[object, ...]) -> None:
    mail = parse(report("From: MAILER-DAEMON@mx.example", TEXT, status(group), BACK))
    (fate,) = mail.fates
    assert (fate.address, fate.action, fate.status, fate.permanent, fate.detail) == expected
    assert mail.returned_id == "<ours@example.com>"
    assert mail.bounce == (None if fate.action == "delivered" else mail.fates)
    assert mail.auto == ("delivery report" if fate.action == "delivered" else "bounce")


def test_a_complaint_names_who_complained_and_about_what() -> None:
    part = (
        "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: loop/1\r\nVersion: 1\r\n"
        "Original-Rcpt-To: <li@kunde.example>"
    )
    mail = parse(report("From: fbl@provider.example", TEXT, part, BACK))
    (fate,) = mail.fates
    assert (fate.address, fate.action, mail.returned_id) == ("li@kunde.example", "complained", "<ours@example.com>")
    assert (mail.auto, mail.bounce) == ("abuse report", None)


def test_a_read_receipt_is_one() -> None:
    part = (
        "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;li@kunde.example\r\n"
        "Original-Message-ID: <ours@example.com>\r\nDisposition: manual-action/MDN-sent-manually; displayed"
    )
    mail = parse(report("From: li@kunde.example", TEXT, part))
    assert (mail.auto, mail.returned_id, mail.fates[0].action) == ("read receipt", "<ours@example.com>", "read")


def b64(text: str, charset: str) -> str:
    return base64.encodebytes(text.encode(charset)).decode()


POSTFIX = """From: MAILER-DAEMON@mail.kunde.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: support@example.com

This is the mail system at host mail.kunde.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<gone@kunde.example>: host mx.kunde.example[192.0.2.7] said: 550 5.1.1
    <gone@kunde.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)
"""
EXIM = """From: Mail Delivery System <Mailer-Daemon@exim.example>
X-Failed-Recipients: gone@kunde.example
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  gone@kunde.example
    host mx.kunde.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<gone@kunde.example>:
    550 unrouteable address

------ This is a copy of the message, including all the headers. ------

Message-ID: <ours@example.com>
From: support@example.com
"""
EXIM_DELAY = """From: Mail Delivery System <Mailer-Daemon@exim.example>
Auto-Submitted: auto-replied
Subject: Warning: message 1mXyZ-0001 delayed 24 hours

This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on exim.example.

The address to which the message has not yet been delivered is:

  slow@kunde.example
    Delay reason: Connection timed out
"""
QMAIL = """From: MAILER-DAEMON@q.example
Subject: failure notice

Hi. This is the qmail-send program at q.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<gone@kunde.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: <ours@example.com>
"""
GMAIL = """From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
X-Failed-Recipients: gone@kunde.example
Subject: Delivery Status Notification (Failure)

** Address not found **

Your message wasn't delivered to gone@kunde.example because the address couldn't be found.
The response was: 550 5.1.1 The email account that you tried to reach does not exist.
"""
EXCHANGE = """From: postmaster@corp.example
Return-Path: <>
Subject: Undeliverable: Offer 4711

Your message did not reach some or all of the intended recipients.

      Subject:  Offer 4711

The following recipient(s) cannot be reached:

      gone@kunde.example on 22.11.2026 10:00
            The e-mail account does not exist at the organization this message was sent to.
            <mx.corp.example #5.1.1>
"""
DOMINO = """From: postmaster@notes.example
Subject: DELIVERY FAILURE: User gone (gone@kunde.example) not listed in Domino Directory

Your message

  Subject: Offer

was not delivered to:

  gone@kunde.example

because:

  User gone (gone@kunde.example) not listed in Domino Directory
"""
QQ = f"""From: "=?gb18030?B?{base64.b64encode("QQ邮箱管理员".encode("gb18030")).decode()}?=" <PostMaster@qq.example>
Subject: =?gb18030?B?{base64.b64encode("系统退信/Systems bounce".encode("gb18030")).decode()}?=
Content-Type: text/html; charset="gb18030"
Content-Transfer-Encoding: base64

""" + b64(
    "<p>很抱歉您发送的邮件被退回，以下是该邮件的相关信息：</p><p>无法发送到 gone@kunde.example</p>"
    "<p>退信原因：收件人邮件地址（gone@kunde.example）不存在，邮件无法送达。</p>",
    "gb18030",
)
NETEASE = (
    """From: Postmaster@163.example
Subject: =?GBK?B?"""
    + base64.b64encode("系统退信".encode("gbk")).decode()
    + """?=
Content-Type: text/plain; charset=GBK
Content-Transfer-Encoding: base64

"""
    + b64(
        "抱歉，您的邮件被退回来了……\n收件人： full@kunde.example\n退信原因： 收件人邮箱已满，请稍后重试 552 Mailbox full\n",
        "gbk",
    )
)
ALIYUN = (
    """From: MAILER-DAEMON@aliyun.example
Subject: =?UTF-8?B?"""
    + base64.b64encode("来自aliyun的退信".encode()).decode()
    + """?=
Content-Type: text/plain; charset=utf-8

您的邮件未能送达以下收件人：

gone@kunde.example

原因：550 收件人不存在 user not exist
"""
)


@pytest.mark.parametrize(
    ("raw", "address", "action", "status"),
    [
        pytest.param(POSTFIX, "gone@kunde.example", "failed", "5.1.1", id="postfix"),
        pytest.param(EXIM, "gone@kunde.example", "failed", "5.0.0", id="exim"),
        pytest.param(EXIM_DELAY, "slow@kunde.example", "delayed", "4.0.0", id="exim-delay"),
        pytest.param(QMAIL, "gone@kunde.example", "failed", "5.1.1", id="qmail"),
        pytest.param(GMAIL, "gone@kunde.example", "failed", "5.1.1", id="gmail"),
        pytest.param(EXCHANGE, "gone@kunde.example", "failed", "5.1.1", id="exchange"),
        pytest.param(DOMINO, "gone@kunde.example", "failed", "5.0.0", id="domino"),
        pytest.param(QQ, "gone@kunde.example", "failed", "5.0.0", id="qq"),
        pytest.param(NETEASE, "full@kunde.example", "failed", "5.2.2", id="netease"),
        pytest.param(ALIYUN, "gone@kunde.example", "failed", "5.0.0", id="aliyun"),
    ],
)
def test_bounces_as_mail_systems_word_them(raw: str, address: str, action: str, status: str) -> None:
    mail = parse(raw.replace("\n", "\r\n").encode())
    assert [(one.address, one.action, one.status) for one in mail.fates] == [(address, action, status)]
    assert mail.auto == "bounce"


@pytest.mark.parametrize("raw", [EXIM, QMAIL])
def test_the_mail_that_came_back_is_known_by_its_id(raw: str) -> None:
    assert parse(raw.encode()).returned_id == "<ours@example.com>"


@pytest.mark.parametrize(
    "head",
    [
        "From: li@kunde.example\r\nSubject: Undeliverable: Offer",
        "From: li@kunde.example\r\nSubject: Re: failure notice",
        "From: postmaster@kunde.example\r\nSubject: Our MX record changes on Monday",
        "From: news@shop.example\r\nPrecedence: bulk\r\nSubject: Free delivery",
    ],
)
def test_a_mail_about_addresses_is_no_bounce(head: str) -> None:
    mail = parse(f"{head}\r\n\r\nI could not reach gone@kunde.example: 550 user unknown\r\n".encode())
    assert (mail.fates, mail.bounce) == ((), None)


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        ("bounce", "bounce"),
        ("delivery report", "bounce"),
        ("abuse report", "complaint"),
        ("read receipt", "receipt"),
        ("mail loop", "loop"),
        ("our own mail", "loop"),
        ("out of office", "reply"),
        ("auto-submitted: auto-replied (vacation)", "reply"),
        ("auto-submitted: auto-generated", "generated"),
        ("precedence: bulk", "bulk"),
        ("list-id", "bulk"),
        ("null sender", "generated"),
        ("x-auto-response-suppress", "generated"),
    ],
)
def test_what_is_done_with_automatic_mail_follows_from_why_it_is(why: str, expected: str) -> None:
    assert kind(why) == expected


def test_a_hostile_bounce_is_read_within_bounds() -> None:
    head = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n"
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))
    many = b"<gone@kunde.example>: 550 no\r\n" * 20000
    for raw in (head + nested, head + b"\r\n" + many, head + b"\r\n" + b"<" * 500_000):
        mail = parse(raw)
        assert len(mail.fates) <= 100
        assert "unreadable" not in mail.defects
