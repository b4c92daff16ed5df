from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from contactd.channels.email import enclosed, intake
from contactd.channels.email.reader import language, read
from contactd.channels.email.token import ThreadKey, tagged
from contactd.core.party import Point

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
RAW = (
    "From: 李 明 <Li@Kunde.example>\r\nTo: support@example.com\r\nCc: boss@kunde.example\r\nSubject: 询价\r\n"
    "Message-ID: <1@kunde.example>\r\n"
    "In-Reply-To: <b@example.com>\r\nReferences: <a@example.com> <b@example.com>\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n<p>请报价 &amp; 发货</p>\r\n"
).encode()


def test_a_mail_becomes_content() -> None:
    content = read(RAW, {"mail_from": "li@kunde.example", "rcpt": ["support@example.com"]})
    assert content.sender == Point(
        kind="email", value="li@kunde.example", raw="Li@Kunde.example", display="li@kunde.example", shared=False
    )
    assert (content.sender_name, content.subject, content.language) == ("李 明", "询价", "zh")
    assert content.references == ("<a@example.com>", "<b@example.com>")
    assert (content.thread_token, content.auto, content.quarantine) == (None, None, None)
    (message,) = content.messages
    assert message.text == "请报价 & 发货"
    assert message.html == "<p>请报价 &amp; 发货</p>\n"
    assert (message.provider_id, message.sent_at) == ("<1@kunde.example>", AT)
    assert message.headers["references"] == "<a@example.com> <b@example.com>"
    assert message.recipients == (("to", "", "support@example.com"), ("cc", "", "boss@kunde.example"))


def test_a_mail_without_author_is_anonymous_and_with_null_sender_automatic() -> None:
    content = read(b"Subject: x\r\n\r\nx", {"mail_from": ""})
    assert content.sender is None
    assert content.auto == "null sender"


def test_a_bounce_refers_to_what_came_back() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: x\r\n\r\nFinal-Recipient: rfc822; g@kunde.example\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Message-ID: <ours@example.com>\r\n\r\nx\r\n--b--\r\n"
    )
    content = read(raw, {})
    assert content.references == ("<ours@example.com>",)
    assert content.auto == "bounce"
    assert content.messages[0].headers["bounce"] == "g@kunde.example 5.1.1"


def test_a_text_too_long_is_cut_and_said_so() -> None:
    content = read(b"Subject: x\r\n\r\n" + b"a" * 1_100_000, {})
    assert len(content.messages[0].text) == 1024 * 1024
    assert "text_cut" in content.defects


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("请报价 Model X", "zh"),
        ("お見積りをお願いします", "ja"),
        ("견적 부탁드립니다", "ko"),
        ("Hello there 你", None),
        ("", None),
    ],
)
def test_languages(text: str, found: str | None) -> None:
    assert language(text) == found


def test_only_a_token_we_signed_names_a_thread(tmp_path: Path) -> None:
    key = ThreadKey.load(tmp_path)
    token = key.sign("t-1")
    forged = ThreadKey(b"x" * 32).sign("t-1")

    def thread(raw: bytes, *rcpt: str) -> object:
        return intake.arrival("email", "smtp", raw, {"rcpt": list(rcpt)}, AT, key).envelope.get("thread")

    assert thread(RAW, tagged("support@example.com", token)) == "t-1"
    assert thread(b"In-Reply-To: <m.t." + token.encode() + b"@example.com>\r\n\r\nx", "support@example.com") == "t-1"
    assert thread(b"Delivered-To: " + tagged("support@example.com", token).encode() + b"\r\n\r\nx") == "t-1"
    assert thread(RAW, tagged("support@example.com", forged)) is None
    assert thread(RAW.replace("询价".encode(), b"[#t-1]"), "support@example.com") is None
    arrival = intake.arrival(
        "email", "smtp", RAW, {"rcpt": [tagged("support@example.com", token)], "thread": "mine"}, AT, key
    )
    assert arrival.recipient == "support@example.com"
    assert read(RAW, arrival.envelope).thread_token == "t-1"


def enclosing(html: bool) -> bytes:
    """A mail with words, another mail, and two pictures of which its HTML shows one."""
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Kunde <kunde@wien.example>", "Reklamation <77>"
    inner.set_content("Die Tasse kam zerbrochen an.\n")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "info@partner.example", "support@example.com", "Fwd"
    mail.set_content("Bitte übernehmen.\n")
    if html:
        mail.add_alternative('<p>Bitte</p><img src="cid:One%40x">', subtype="html")
    mail.add_attachment(inner)
    for name in ("one", "two"):
        mail.add_attachment(b"\x89PNG", "image", "png", disposition="inline", cid=f"<{name}@x>", filename=f"{name}.png")
    return mail.as_bytes()


def test_the_words_of_an_enclosed_mail_stand_with_it() -> None:
    (plain,) = read(enclosing(html=False), {}).messages
    assert plain.text.startswith("Bitte übernehmen.\n\n— ")
    assert "Kunde <kunde@wien.example>" in plain.text
    assert plain.text.endswith("Die Tasse kam zerbrochen an.")
    (shown,) = read(enclosing(html=True), {}).messages
    assert shown.html is not None
    assert '<img src="cid:One%40x">\n<hr>' in shown.html
    assert "Reklamation &lt;77&gt;" in shown.html
    assert "message/rfc822" in {one.media_type for one in shown.attachments}


def test_a_picture_that_no_text_shows_is_a_file_beside_it() -> None:
    (plain,) = read(enclosing(html=False), {}).messages
    assert [one.name for one in plain.attachments if one.inline] == []
    (shown,) = read(enclosing(html=True), {}).messages
    assert [one.name for one in shown.attachments if one.inline] == ["one.png"]


def test_what_is_enclosed_costs_bounded_time_and_room() -> None:
    mail = EmailMessage()
    mail["From"] = "a@x.example"
    mail.set_content("x")
    for n in range(enclosed.MOST + 2):
        inner = EmailMessage()
        inner["Subject"] = f"number {n}"
        inner.set_content("y" * (enclosed.LONGEST + 100))
        mail.add_attachment(inner)
    (message,) = read(mail.as_bytes(), {}).messages
    assert message.text.count("number ") == enclosed.MOST
    assert len(message.text) < (enclosed.MOST + 1) * (enclosed.LONGEST + 100)
    assert len(message.attachments) == enclosed.MOST + 2


def test_ids_in_encoded_words_lead_to_their_conversation() -> None:
    """As Python's own mail library writes an id that does not fit into a line."""
    key = ThreadKey(b"k" * 32)
    ours = f"<{'a' * 36}.t.{key.sign('0192f1b2-0000-7000-8000-000000000001')}@example.com>"
    mail = EmailMessage()
    mail["From"], mail["In-Reply-To"], mail["References"] = "li@kunde.example", ours, f"<first@x> {ours}"
    mail.set_content("x")
    raw = mail.as_bytes()
    assert ours.encode() not in raw, "else this proves nothing"
    assert read(raw, {}).references == ("<first@x>", ours)
    found = intake.arrival("email", "smtp", raw, {"rcpt": ["support@example.com"]}, AT, key)
    assert found.envelope["thread"] == "0192f1b2-0000-7000-8000-000000000001"
