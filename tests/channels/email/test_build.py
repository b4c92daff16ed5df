"""The header builder: what is built is read back the same, and nothing can add a header."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.channels.email.build import OutMail, bounded, build
from contactd.channels.email.files import safe_name
from contactd.channels.email.headers import clean
from contactd.channels.email.parse import parse
from contactd.channels.email.token import ThreadKey, tagged, untagged
from contactd.core.errors import BadRequestError, ConfigError
from contactd.core.message import NewAttachment

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
LINE = ANY.map(lambda text: clean(text, 200)).filter(lambda text: "\ufdd0" not in text)
NAME = LINE.filter(lambda text: not text or text[0] not in "'\"" or text[0] != text[-1])
LOCAL = st.text("abcXYZ019!#$%&*+/=?^_`{|}~-", min_size=1, max_size=20)
ADDRESS = st.builds(lambda local: f"{local}@kunde.example", LOCAL)
BOX = st.tuples(NAME, ADDRESS)
BODY = ANY.map(lambda text: text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").rstrip("\n"))
FILE = st.builds(
    NewAttachment,
    name=ANY.map(lambda text: safe_name(text, "", 1)),
    media_type=st.sampled_from(["application/pdf", "text/plain", "image/png"]),
    data=st.binary(max_size=200),
)
ID = st.text("abcz09.", min_size=1, max_size=20).map(lambda text: f"<{text}@x.example>")
MAIL = st.builds(
    OutMail,
    sender=BOX,
    to=st.lists(BOX, min_size=1, max_size=4).map(tuple),
    cc=st.lists(BOX, max_size=2).map(tuple),
    reply_to=st.lists(BOX, max_size=1).map(tuple),
    subject=LINE,
    text=BODY,
    html=st.none() | BODY,
    attachments=st.lists(FILE, max_size=3).map(tuple),
    message_id=ID,
    date=st.just(AT),
    in_reply_to=st.none() | ID,
    references=st.lists(ID, max_size=5, unique=True).map(tuple),
    charset=st.sampled_from(["utf-8", "gb18030"]),
)


@settings(max_examples=300, deadline=None)
@given(MAIL)
def test_what_is_built_is_read_back_the_same(mail: OutMail) -> None:
    raw = build(mail)
    read = parse(raw)
    assert (read.from_name, read.from_address) == mail.sender
    assert (read.to, read.cc, read.reply_to) == (mail.to, mail.cc, mail.reply_to)
    assert read.subject == mail.subject
    assert (read.text or "").rstrip("\n") == mail.text
    assert (read.html is None) == (mail.html is None)
    assert (read.html or "").rstrip("\n") == (mail.html or "")
    assert [(file.filename, file.content_type, file.data) for file in read.attachments] == [
        (file.name, file.media_type, file.data) for file in mail.attachments
    ]
    assert (read.message_id, read.in_reply_to, read.references, read.date) == (
        mail.message_id,
        mail.in_reply_to,
        mail.references,
        AT,
    )
    assert read.defects == ()


def names(raw: bytes) -> list[str]:
    head = raw.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in re.split(rb"\r\n(?![ \t])", head)]


@settings(max_examples=300, deadline=None)
@given(MAIL)
def test_the_headers_are_ours_ascii_and_short(mail: OutMail) -> None:
    raw = build(mail)
    wanted = [
        "From",
        "To",
        *(["Cc"] if mail.cc else []),
        *(["Reply-To"] if mail.reply_to else []),
        "Subject",
        "Date",
        "Message-ID",
    ]
    wanted += [
        *(["In-Reply-To"] if mail.in_reply_to else []),
        *(["References"] if mail.references else []),
        "MIME-Version",
        "Content-Type",
    ]
    seen = names(raw)
    assert [name for name in seen if name != "Content-Transfer-Encoding"] == wanted
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


PLAIN = {"sender": ("", "a@b.example"), "to": (("", "c@d.example"),), "message_id": "<1@b.example>", "date": AT}


@settings(max_examples=200, deadline=None)
@given(before=LINE, after=LINE, breaker=st.sampled_from(["\r", "\n", "\r\n", "\x00"]), where=st.integers(0, 6))
def test_a_line_break_is_refused_everywhere(before: str, after: str, breaker: str, where: int) -> None:
    bad = f"{before}{breaker}{after}"
    changes = [
        {"subject": bad},
        {"sender": (bad, "a@b.example")},
        {"to": ((bad, "a@b.example"),)},
        {"to": (("", f"a{breaker}@b.example"),)},
        {"message_id": f"<1{breaker}@b.example>"},
        {"attachments": (NewAttachment(name=bad, media_type="text/plain", data=b""),)},
        {"extra": (("X-A", bad),)},
    ][where]
    with pytest.raises(BadRequestError):
        build(OutMail(**{**PLAIN, **changes}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"to": (("", "no address"),)},
        {"to": (("", "a@b@c"),)},
        {"to": (("", "a b@c.example"),)},
        {"to": (("", "a@b.example, c@d.example"),)},
        {"to": (("", "ä@b.example"),)},
        {"to": (("", "a@-"),)},
        {"references": ("<a> <b>",)},
        {"in_reply_to": "<a b>"},
        {"extra": (("X A", "b"),)},
        {"extra": (("X-A: b\r\nY", "b"),)},
        {"attachments": (NewAttachment(name="a", media_type="text", data=b""),)},
    ],
)
def test_what_is_no_address_id_or_type_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadRequestError):
        build(OutMail(**{**PLAIN, **changes}))  # type: ignore[arg-type]


def test_an_international_domain_goes_out_in_ascii() -> None:
    read = parse(build(OutMail(**{**PLAIN, "to": (("", "a@例子.中国"),)})))  # type: ignore[arg-type]
    assert read.to == (("", "a@xn--fsqu00a.xn--fiqs8s"),)


def test_a_boundary_that_occurs_in_the_text_is_not_used() -> None:
    first = build(OutMail(**PLAIN, text="x", html="y"))  # type: ignore[arg-type]
    found = re.search(rb'boundary="([^"]+)"', first)
    assert found is not None
    mark = f"--{found[1].decode()}"
    read = parse(build(OutMail(**PLAIN, text=f"{mark}\n", html="y")))  # type: ignore[arg-type]
    assert (read.text, read.html) == (f"{mark}\n", "y\n")


def test_references_keep_the_root_and_the_latest() -> None:
    ids = tuple(f"<{number}@x>" for number in range(50))
    kept = bounded(ids)
    assert len(kept) == 20
    assert (kept[0], kept[1], kept[-1]) == ("<0@x>", "<31@x>", "<49@x>")


@given(st.uuids().map(str) | st.text("abcXYZ-_0189", min_size=1, max_size=60))
def test_a_token_stands_for_its_thread_and_survives_folded_case(thread: str) -> None:
    key = ThreadKey(b"k" * 32)
    token = key.sign(thread)
    assert key.thread(token) == thread
    assert key.find([f"Name <{tagged('support@example.com', token.upper())}>"]) == thread
    assert key.find([f"<1.t.{token}@example.com>"]) == thread
    assert untagged(tagged("support@example.com", token)) == "support@example.com"
    assert ThreadKey(b"j" * 32).thread(token) is None


@given(st.uuids().map(str), st.integers(0, 42), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_token_is_nobodys(thread: str, place: int, letter: str) -> None:
    key = ThreadKey(b"k" * 32)
    token = key.sign(thread)
    changed = token[:place] + letter + token[place + 1 :]
    assert key.thread(changed) == (thread if changed == token else None)


@given(st.text(max_size=80))
def test_no_text_is_a_token(text: str) -> None:
    key = ThreadKey(b"k" * 32)
    assert key.thread(text) is None
    assert key.find([text, f"+t.{text}@x"]) is None


def test_the_key_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    token = ThreadKey.load(tmp_path).sign("t1")
    assert ThreadKey.load(tmp_path).thread(token) == "t1"
    (path,) = (tmp_path / "keys").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"")
    with pytest.raises(ConfigError):
        ThreadKey.load(tmp_path)


@pytest.mark.parametrize("length", [1, 13, 14, 15, 60, 150])
@pytest.mark.parametrize("char", ["x", "é", "报", "𠮷", "👍🏽"])
def test_long_subjects_names_and_file_names_come_back_whole(char: str, length: int) -> None:
    text = char * length
    file = NewAttachment(name=f"{text[:150]}.pdf", media_type="application/pdf", data=b"x")
    read = parse(build(OutMail(**{**PLAIN, "subject": text, "to": ((text, "c@d.example"),), "attachments": (file,)})))  # type: ignore[arg-type]
    assert read.subject == text
    assert read.to == ((text, "c@d.example"),)
    assert read.attachments[0].filename == f"{text[:150]}.pdf"


def test_pictures_of_the_html_stand_beside_it_and_files_apart() -> None:
    picture = NewAttachment(name="a.png", media_type="image/png", data=b"\x89PNG", content_id="u1@inline", inline=True)
    file = NewAttachment(name="b.pdf", media_type="application/pdf", data=b"%PDF")
    mail = OutMail(
        sender=("", "a@kunde.example"),
        to=(("", "b@kunde.example"),),
        text="x",
        html='<img src="cid:u1@inline">',
        attachments=(picture, file),
        message_id="<m@kunde.example>",
        date=AT,
    )
    tree = message_from_bytes(build(mail))
    shape = [part.get_content_type() for part in tree.walk()]
    related = ["multipart/related", "text/html", "image/png"]
    assert shape == ["multipart/mixed", "multipart/alternative", "text/plain", *related, "application/pdf"]
    read = parse(build(mail))
    assert [(one.filename, one.inline, one.content_id) for one in read.attachments] == [
        ("a.png", True, "u1@inline"),
        ("b.pdf", False, None),
    ]
