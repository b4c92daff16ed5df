"""Who a mail really comes from: what a server in front says, what we find out ourselves, and what wants to be taken for another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.email import dmarc, lookalike, trust
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.block import split
from contactd.channels.email.examining import Examining
from contactd.channels.email.names import gather
from contactd.channels.email.options import Options
from contactd.channels.email.reader import read
from contactd.core.channel import Arrival
from tests.channels.email.signing import PUBLIC, Names, sealed, signed, txt

AT = datetime(2026, 11, 22, tzinfo=UTC)
FROM = "Bank <service@bank.example.org>"
MAIL = (
    f"From: {FROM}\r\nTo: support@example.com\r\nSubject: Your account\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n"
    "Message-ID: <1@bank.example.org>\r\n\r\nWords.\r\n"
).encode()


def told(*values: str, believed: tuple[str, ...] = ("mx.example.com",), author: str = "li@bank.example.org") -> Any:
    head = "".join(f"Authentication-Results: {value}\r\n" for value in values)
    fields, _ = split(f"{head}From: {author}\r\n\r\nx".encode())
    return trust.told(fields, author, believed)


# --- what a server in front says ---


@pytest.mark.parametrize(
    ("value", "verdict", "asks"),
    [
        ("mx.example.com; dmarc=pass header.from=bank.example.org", "pass", ""),
        ("mx.example.com; dmarc=fail (p=NONE sp=QUARANTINE dis=NONE) header.from=bank.example.org", "fail", "none"),
        (
            "mx.example.com; dmarc=fail (p=reject dis=none) header.from=bank.example.org policy.dmarc=reject",
            "fail",
            "reject",
        ),
        (
            "mx.example.com 1; spf=fail smtp.mailfrom=x@evil.example;\tdkim=none; dmarc=fail action=quarantine",
            "fail",
            "quarantine",
        ),
        ("mx.example.com; dmarc=temperror header.from=bank.example.org", "temp", ""),
        ("mx.example.com; dkim=pass header.d=bank.example.org header.s=s1", "pass", ""),
        ("mx.example.com; dkim=pass header.i=@mail.bank.example.org", "pass", ""),
        ("mx.example.com; spf=pass smtp.mailfrom=bounce@bank.example.org; dmarc=none", "pass", ""),
        ("mx.example.com; spf=pass smtp.mailfrom=x@evil.example; dkim=pass header.d=evil.example", "none", ""),
        ("mx.example.com; dmarc=pass header.from=evil.example", "none", ""),
        ("mx.example.com; none", None, None),
        ("MX.Example.Com; dmarc=PASS header.from=bank.example.org", "pass", ""),
        ("mx.example.com; spf=nonsense; dmarc=perhaps", None, None),
    ],
)
def test_what_a_server_we_believe_says(value: str, verdict: str | None, asks: str | None) -> None:
    found = told(value)
    assert (found and found.verdict) == verdict
    if found is not None:
        assert (found.asks, found.by) == (asks, "mx.example.com")


def test_what_anybody_else_says_is_nothing() -> None:
    assert told("mx.evil.example; dmarc=pass header.from=bank.example.org") is None
    assert told("mx.example.com; dmarc=pass header.from=bank.example.org", believed=()) is None


def test_of_each_method_the_first_word_counts() -> None:
    found = told(
        "mx.example.com; dmarc=fail header.from=bank.example.org",
        "mx.example.com; dmarc=pass header.from=bank.example.org; spf=pass smtp.mailfrom=a@bank.example.org",
    )
    assert (found.verdict, found.spf) == ("fail", "pass")


def test_a_provider_that_gives_no_name_is_believed_where_that_is_its_habit() -> None:
    value = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a@bank.example.org; dkim=pass; dmarc=fail action=none;compauth=fail"
    assert told(value) is None
    assert told(value, believed=("",)).verdict == "fail"


@given(st.text(alphabet='mx.example.com;=spfdkimdmarcpass() "\\\n', max_size=200))
def test_any_field_says_something_or_nothing(value: str) -> None:
    told(value.replace("\n", ""))


# --- our own check ---

RECORDS = {
    ("_dmarc.bank.example.org", "TXT"): [],
    ("_dmarc.example.org", "TXT"): txt("v=DMARC1; p=reject; sp=quarantine"),
    ("sel._domainkey.bank.example.org", "TXT"): txt(PUBLIC),
    ("sel._domainkey.evil.example", "TXT"): txt(PUBLIC),
    ("sel._domainkey.list.example", "TXT"): txt(PUBLIC),
    ("bank.example.org", "TXT"): txt("v=spf1 ip4:192.0.2.0/24 -all"),
    ("evil.example", "TXT"): txt("v=spf1 ip4:203.0.113.0/24 -all"),
}
BANK, EVIL = "192.0.2.7", "203.0.113.9"


def check(raw: bytes, names: Names | None = None, **about: Any) -> trust.Trust:
    lookup = names or Names(RECORDS)
    facts = gather(raw, lookup, **({"peer": "", "helo": "mx.example", "mail_from": None} | about))
    return trust.checked(raw, facts["authors"], facts | {"sealers": ["list.example"]})


@pytest.mark.parametrize(
    ("raw", "peer", "mail_from", "verdict", "spf", "dkim"),
    [
        pytest.param(MAIL, BANK, "a@bank.example.org", "pass", "pass", "none", id="by its path"),
        pytest.param(signed(MAIL, "bank.example.org"), EVIL, "a@evil.example", "pass", "pass", "pass", id="by its key"),
        pytest.param(signed(MAIL, "bank.example.org"), "", None, "pass", "none", "pass", id="by its key, in a mailbox"),
        pytest.param(MAIL, EVIL, "a@evil.example", "fail", "pass", "none", id="another's path"),
        pytest.param(MAIL, EVIL, "a@bank.example.org", "fail", "fail", "none", id="a forged path"),
        pytest.param(signed(MAIL, "evil.example"), EVIL, "a@evil.example", "fail", "pass", "pass", id="another's key"),
        pytest.param(
            signed(MAIL, "bank.example.org").replace(b"Words", b"Wards"), EVIL, "", "fail", "none", "fail", id="changed"
        ),
        pytest.param(
            signed(MAIL, "bank.example.org", length=True) + b"more", EVIL, "", "fail", "none", "fail", id="in part"
        ),
        pytest.param(MAIL, "", None, "none", "none", "none", id="nobody can tell"),
        pytest.param(
            MAIL.replace(b"From: ", b"From: x@evil.example\r\nFrom: "), BANK, "", "fail", "none", "none", id="two"
        ),
    ],
)
def test_what_we_find_out_ourselves(
    raw: bytes, peer: str, mail_from: str | None, verdict: str, spf: str, dkim: str
) -> None:
    found = check(raw, peer=peer, mail_from=mail_from)
    assert (found.verdict, found.spf, found.dkim, found.by) == (verdict, spf, dkim, "own")


def test_what_the_organisation_asks_for_holds_for_its_parts() -> None:
    assert check(MAIL, peer=EVIL, mail_from="a@evil.example").asks == "quarantine"


def test_a_domain_that_asks_for_nothing_is_not_held_against_anybody() -> None:
    found = check(MAIL.replace(b"bank.example.org", b"kunde.example"), peer=EVIL, mail_from="a@evil.example")
    assert (found.verdict, found.dmarc) == ("none", "none")


@pytest.mark.parametrize("late", ["sel._domainkey.bank.example.org", "_dmarc.bank.example.org", "bank.example.org"])
def test_what_is_not_answered_is_not_held_against_anybody(late: str) -> None:
    raw = signed(MAIL, "bank.example.org")
    if "_domainkey" not in late:
        raw = MAIL
    found = check(raw, Names(RECORDS, late=(late,)), peer=EVIL, mail_from="a@bank.example.org")
    assert found.verdict in {"temp", "fail"}
    assert (found.verdict == "temp") == (late != "_dmarc.bank.example.org" or found.dmarc == "temperror")


def test_a_forwarder_we_believe_vouches_for_what_it_broke() -> None:
    listed = b"Authentication-Results: mx.list.example; dkim=pass header.d=bank.example.org\r\n"
    changed = listed + signed(MAIL, "bank.example.org").replace(b"Subject: ", b"Subject: [list] ")
    forwarded = sealed(changed, "list.example", "mx.list.example")
    found = check(forwarded, peer=EVIL, mail_from="bounce@evil.example")
    assert (found.verdict, found.arc, found.dkim) == ("none", "pass", "fail")
    broken = forwarded.replace(b"Words.", b"Wards.")
    assert check(broken, peer=EVIL, mail_from="bounce@evil.example").verdict == "fail"
    strange = sealed(changed, "evil.example", "mx.list.example")
    assert check(strange, peer=EVIL, mail_from="bounce@evil.example").verdict == "fail"


def test_hostile_signatures_are_judged_in_bounded_time() -> None:
    blanks = signed(MAIL, "bank.example.org") + b" " * 2_000_000
    assert check(blanks).dkim == "policy"
    many = b"DKIM-Signature: v=1; d=evil.example; s=sel; b=x\r\n" * 1000 + MAIL
    names = Names(RECORDS)
    assert check(many, names).dkim == "fail"
    assert len(names.asked) < 10
    loops = {
        ("evil.example", "TXT"): txt("v=spf1 " + " ".join(f"include:{n}.evil.example" for n in range(50)) + " -all")
    }
    loops |= {(f"{n}.evil.example", "TXT"): txt("v=spf1 include:evil.example -all") for n in range(50)}
    names = Names(loops)
    assert check(MAIL, names, peer=EVIL, mail_from="a@evil.example").spf == "permerror"
    assert len(names.asked) < 40


@given(st.binary(max_size=400))
def test_any_mail_is_checked_without_raising(noise: bytes) -> None:
    check(b"DKIM-Signature: " + noise + b"\r\nARC-Seal: i=1; " + noise + b"\r\n" + MAIL, peer=EVIL, mail_from="a@b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.b.co.uk", "b.co.uk"), ("mail.qq.com", "qq.com"), ("x.com.cn", "x.com.cn"), ("y.x.com.cn", "x.com.cn")],
)
def test_the_organisation_behind_a_domain(name: str, expected: str) -> None:
    assert dmarc.organisation(name) == expected


# --- when we find out, and what follows ---


def coming(raw: bytes = MAIL, adapter: str = "smtp", **envelope: Any) -> Arrival:
    return Arrival(channel="email", adapter=adapter, external_key="k", raw=raw, at=AT, envelope=envelope)


@pytest.mark.parametrize(
    ("check", "arrival", "asks"),
    [
        ("auto", coming(peer=EVIL), True),
        ("auto", coming(peer="127.0.0.1"), False),
        ("auto", coming(adapter="imap.desk"), True),
        ("auto", coming(b"Authentication-Results: mx; spf=pass\r\n" + MAIL, "imap.desk", mailbox="desk"), False),
        ("auto", coming(b"Authentication-Results: evil; spf=pass\r\n" + MAIL, "imap.desk", mailbox="desk"), True),
        ("auto", coming(adapter="spool"), False),
        ("always", coming(adapter="spool"), True),
        ("always", coming(peer="127.0.0.1"), True),
        ("never", coming(peer=EVIL), False),
        ("always", coming(peer=EVIL, own=True), False),
    ],
)
async def test_only_what_nobody_else_checked_is_looked_up(check: str, arrival: Arrival, asks: bool) -> None:
    beliefs = Beliefs(mailboxes=(("desk", ("mx",)),))
    examining = Examining(Options.model_validate({"trust": {"check": check}}), beliefs, lambda: 0.0, Names(RECORDS))
    asking = examining.examine(arrival)
    assert (asking is not None) == asks
    if asking is not None:
        assert "checked" in await asking
    examining.close()


async def test_a_dns_that_does_not_answer_is_left_alone_for_a_while() -> None:
    now = [0.0]
    late = tuple(name for name, _ in RECORDS)
    examining = Examining(Options(), Beliefs(), lambda: now[0], Names(RECORDS, late=late))
    for _ in range(3):
        asking = examining.examine(coming(peer=EVIL, mail_from="a@evil.example"))
        assert asking is not None
        await asking
    assert examining.examine(coming(peer=EVIL)) is None
    now[0] = 61.0
    asking = examining.examine(coming(peer=EVIL))
    assert asking is not None
    asking.close()
    examining.close()


async def test_a_forged_sender_is_doubted_and_a_proved_one_is_not() -> None:
    examining = Examining(Options(), Beliefs(), lambda: 0.0, Names(RECORDS))

    async def content(peer: str, mail_from: str) -> Any:
        arrival = coming(peer=peer, mail_from=mail_from, helo="mx.example")
        asking = examining.examine(arrival)
        assert asking is not None
        return await asyncio.to_thread(read, arrival.raw, {**arrival.envelope, **await asking})

    forged = await content(EVIL, "a@evil.example")
    assert forged.doubted == "dmarc"
    assert "verdict=fail" in forged.messages[0].headers["checks"].split()
    proved = await content(BANK, "a@bank.example.org")
    assert proved.doubted is None
    assert "verdict=pass" in proved.messages[0].headers["checks"].split()
    examining.close()


def test_a_field_that_is_believed_decides_as_well() -> None:
    raw = b"Authentication-Results: mx.example.com; dmarc=fail header.from=bank.example.org\r\n" + MAIL
    assert read(raw, {}).doubted is None
    assert read(raw, {"beliefs": Beliefs(servers=("mx.example.com",))}).doubted == "dmarc"
    in_a_mailbox = Beliefs(mailboxes=(("desk", ("mx.example.com",)),))
    assert read(raw, {"beliefs": in_a_mailbox, "mailbox": "desk"}).doubted == "dmarc"
    assert read(raw, {"beliefs": in_a_mailbox, "mailbox": "other"}).doubted is None


# --- who wants to be taken for somebody else ---

OURS = ("contactd.org", "shop.taobao.com")


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("contactd.org", None),
        ("mail.contactd.org", None),
        ("c0ntactd.org", "contactd.org"),
        ("contactd.net", "contactd.org"),
        ("contact-d.org", "contactd.org"),
        ("contacted.org", "contactd.org"),
        ("ocntactd.org", "contactd.org"),
        ("contactd-support.com", "contactd.org"),
        ("contactd.org.evil.example", "contactd.org"),
        ("taoba0.com", "shop.taobao.com"),
        ("c\u043entactd.org", "contactd.org"),
        ("kunde.example", None),
        ("qq.com", None),
        ("", None),
        ("not a domain", None),
    ],
)
def test_domains_that_look_like_ours(domain: str, like: str | None) -> None:
    assert lookalike.of_ours(domain, OURS) == like


@pytest.mark.parametrize(
    ("domain", "odd"),
    [
        ("\u0430pple.com", True),
        ("xn--80ak6aa92e.com", True),
        ("\u4e2d\u6587.com", False),
        ("fa\u00df.de", False),
        ("\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", False),
        ("plain.example", False),
    ],
)
def test_domains_that_mix_scripts(domain: str, odd: bool) -> None:
    assert (lookalike.mixed(domain) is not None) == odd


@pytest.mark.parametrize(
    ("head", "flag"),
    [
        ("From: boss@bank.example.org <x@evil.example>", "name_shows_address=boss@bank.example.org"),
        ("From: x@evil.example\r\nReply-To: y@other.example", "reply_elsewhere=y@other.example"),
        ("From: x@evil.example\r\nReply-To: y@mail.evil.example", None),
        ("From: x@evil.example\r\nReply-To: y@other.example\r\nPrecedence: bulk", None),
        ("From: =?utf-8?B?4oCuc3NvYg==?= <x@evil.example>", "hidden"),
        ("From: x@evil.example\r\nSubject: =?utf-8?B?YuKAi2Fuaw==?=", "hidden"),
        ("From: \u738b\u82b3 <x@evil.example>\r\nSubject: \u53d1\u7968", None),
        ("From: x@\u0430pple.com", "mixed_script=xn--pple-43d.com"),
        ("From: a@a.example\r\nFrom: b@b.example", "several_authors"),
        (
            'From: x@evil.example\r\nContent-Type: application/x; name="invoice.pdf.exe"\r\nContent-Disposition: attachment',
            "dangerous_file=invoice.pdf.exe",
        ),
        ("From: x@evil.example\r\nContent-Type: application/pdf; name=a.pdf", None),
    ],
)
def test_what_should_make_a_reader_careful(head: str, flag: str | None) -> None:
    message = read(f"{head}\r\n\r\nwords".encode(), {}).messages[0]
    assert message.headers.get("flags") == flag


def test_a_sender_that_looks_like_us_is_pointed_out() -> None:
    options = Options.model_validate({"domains": ["contactd.org"], "trust": {"watch": ["alipay.com"]}})
    for sender, like in (("a@c0ntactd.org", "contactd.org"), ("a@aiipay.com", "alipay.com"), ("a@kunde.example", None)):
        raw = f"From: {sender}\r\n\r\nwords".encode()
        flags = read(raw, {"beliefs": Beliefs.of(options)}).messages[0].headers.get("flags")
        assert flags == (f"lookalike={like}" if like else None)
