"""Ways out of the house: reports asked for, providers' limits kept, signatures that others can check, several smarthosts."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dkim
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactd.channels.email import EmailChannel, build
from contactd.channels.email.options import Options
from contactd.channels.email.pace import Pace
from contactd.core.channel import Delivery, Draft, Outgoing
from contactd.core.errors import BadRequestError, ConfigError
from contactd.core.message import NewAttachment
from contactd.core.party import Point
from tests.channels.email.doubles import Tools

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
Ports = Callable[["Scripted"], Awaitable[int]]


@dataclass
class Scripted:
    """A smarthost that says what it offers and writes down what it is told."""

    offers: tuple[str, ...] = ()
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    drop_after_dot: int = 0
    """So many times the connection is closed when the whole mail is there, and nothing is answered."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 scripted\r\n")
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            verb = line[:4].upper()
            if verb == "EHLO":
                words = ("scripted", *self.offers)
                writer.write(
                    "".join(f"250{'-' if n < len(words) else ' '}{one}\r\n" for n, one in enumerate(words, 1)).encode()
                )
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                if self.drop_after_dot:
                    self.drop_after_dot -= 1
                    break
                writer.write(b"250 2.0.0 taken\r\n")
            else:
                writer.write(b"250 2.1.0 OK\r\n")
            if verb == "QUIT":
                break
        writer.close()


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    async with AsyncExitStack() as stack:

        async def start(host: Scripted) -> int:
            server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
            stack.callback(server.close)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start


def letter(to: str = "li@kunde.example", **changes: Any) -> Draft:
    values: dict[str, Any] = {
        "interaction": "i1",
        "thread": "01890a5d-ac96-774b-bcce-b302099a8057",
        "message": "01890a5d-0000-774b-bcce-b302099a8057",
        "line": "support",
        "agent": "a1",
        "agent_name": "王 芳",
        "at": START,
        "text": "您好",
        "html": None,
        "attachments": (),
        "to": (Point(kind="email", value=to, raw=to),),
        "subject": "询价",
        "references": (),
    }
    return Draft(**(values | changes))


def outgoing(channel: EmailChannel, draft: Draft) -> Outgoing:
    composed = channel.compose(draft)
    assert composed is not None
    return Outgoing(id="out-1", interaction="i1", message="m1", attempt=1, payload=composed.payload, meta=composed.meta)


async def send(channel: EmailChannel, draft: Draft | None = None) -> Delivery:
    return await channel.deliver(outgoing(channel, draft or letter()))


def channel(tools: Tools, port: int, **more: Any) -> EmailChannel:
    outbound = {"host": "127.0.0.1", "port": port, "seconds": 5, "security": "none", **more.pop("outbound", {})}
    return build("email", {"smtp": {"port": 0}, "outbound": outbound, **more}, tools)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "notify"), [("failure", "NOTIFY=FAILURE,DELAY"), ("all", "NOTIFY=SUCCESS,FAILURE,DELAY"), ("off", "")]
)
async def test_reports_are_asked_for_where_they_are_offered(
    tools: Tools, ports: Ports, asked: str, notify: str
) -> None:
    host = Scripted(offers=("DSN",))
    assert (await send(channel(tools, await ports(host), outbound={"dsn": asked}))).status == "sent"
    mail, rcpt = host.said[1:3]
    assert ("RET=HDRS ENVID=out-1" in mail, rcpt) == (
        bool(notify),
        f"RCPT TO:<li@kunde.example> {notify}".strip(),
    )


async def test_no_report_is_asked_for_where_none_is_offered(tools: Tools, ports: Ports) -> None:
    host = Scripted()
    assert (await send(channel(tools, await ports(host)))).status == "sent"
    assert not any("NOTIFY" in line or "RET=" in line for line in host.said)


async def test_what_nobody_wrote_asks_for_no_report(tools: Tools, ports: Ports) -> None:
    host = Scripted(offers=("DSN",))
    draft = letter(options={"automatic": "auto-replied"})
    assert (await send(channel(tools, await ports(host)), draft)).status == "sent"
    assert host.said[2].endswith("NOTIFY=NEVER")


async def test_a_connection_lost_after_the_final_dot_is_a_maybe_and_the_second_copy_has_the_same_id(
    tools: Tools, ports: Ports
) -> None:
    host = Scripted(drop_after_dot=1)
    sender = channel(tools, await ports(host))
    mail = outgoing(sender, letter())
    assert (await sender.deliver(mail)).status == "maybe"
    assert (await sender.deliver(mail)).status == "sent"
    first, second = host.mails
    assert first == second


@given(
    st.integers(0, 5),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(1, 4), st.floats(0, 7200)), max_size=60),
)
def test_no_window_ever_holds_more_than_its_limit(
    per_minute: int, per_day: int, asked: list[tuple[int, float]]
) -> None:
    pace, now, sent = Pace(per_minute, per_day), START, []
    for number, pause in asked:
        now += timedelta(seconds=pause)
        while (wait := pace.until(number, now)) is not None:
            assert wait[0] > now
            now = wait[0]
        pace.note(number, now)
        sent.append((now, number))
        for window, limit in ((timedelta(minutes=1), per_minute), (timedelta(days=1), per_day)):
            within = [each for at, each in sent if at > now - window]
            # More than a whole limit at once goes alone.
            assert not limit or sum(within) <= limit or len(within) == 1


async def test_a_providers_limit_puts_off_and_is_not_forgotten_by_a_restart(tools: Tools, ports: Ports) -> None:
    host = Scripted()
    port = await ports(host)
    first = channel(tools, port, outbound={"per_day": 2})
    await first.start()
    assert [(await send(first)).status for _ in range(3)] == ["sent", "sent", "wait"]
    await first.stop()
    second = channel(tools, port, outbound={"per_day": 2})
    await second.start()
    delivery = await send(second)
    assert (delivery.status, "2 a day" in delivery.detail) == ("wait", True)
    assert delivery.after is not None
    assert delivery.after > tools.clock.now()
    (limit,) = second.limits()
    assert (limit["window"], limit["limit"], limit["used"]) == ("day", 2, 2)
    assert len(host.mails) == 2
    await second.stop()


def test_what_is_known_of_a_provider_holds_unless_the_operator_says_otherwise(tools: Tools) -> None:
    known = build("email", {"outbound": {"host": "smtp.163.com"}}, tools)  # type: ignore[arg-type]
    assert [(one["window"], one["limit"]) for one in known.limits()] == [("day", 200)]
    free = build("email", {"outbound": {"host": "smtp.163.com", "per_day": 0}}, tools)  # type: ignore[arg-type]
    assert free.limits() == []


async def test_each_sender_leaves_by_its_own_smarthost(tools: Tools, ports: Ports) -> None:
    common, other, whole = Scripted(), Scripted(), Scripted()
    ways = {
        "one": {"host": "127.0.0.1", "port": await ports(other), "security": "none", "senders": ["Desk@163.example"]},
        "all": {"host": "127.0.0.1", "port": await ports(whole), "security": "none", "senders": ["@other.example"]},
    }
    senders = {"support": "desk@163.example", "billing": "a@other.example"}
    sender = channel(tools, await ports(common), smarthosts=ways, senders=senders)
    for line in ("support", "billing", "sales"):
        assert (await send(sender, letter(line=line))).status == "sent"
    assert [len(one.mails) for one in (common, other, whole)] == [1, 1, 1]
    assert "MAIL FROM:<desk@163.example>" in other.said[1]


def test_two_smarthosts_for_one_sender_are_a_mistake() -> None:
    way = {"host": "a.example", "senders": ["@x.example"]}
    with pytest.raises(ValueError, match="same sender"):
        Options.model_validate({"smarthosts": {"a": way, "b": way}})


HOSTILE = st.text(st.sampled_from('abc <>@:,;"\\\r\n\x00é王=?._-+'), max_size=30)
OURS = {
    "dkim-signature",
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subject=HOSTILE,
    name=HOSTILE,
    cc=st.lists(HOSTILE | st.just("c@d.example"), max_size=2),
    bcc=st.lists(HOSTILE | st.just("secret@d.example"), max_size=2),
    references=st.lists(HOSTILE | st.just("<a@b.example>"), max_size=3),
    words=HOSTILE,
    file=HOSTILE,
)
def test_no_draft_makes_a_header_of_its_own(
    tools: Tools,
    subject: str,
    name: str,
    cc: list[str],
    bcc: list[str],
    references: list[str],
    words: str,
    file: str,
) -> None:
    """Whatever an agent or a customer put into it: a draft is refused, or its mail has our headers, each once."""
    sender = build("email", {"smtp": {"port": 0}, "domains": ["example.com"]}, tools)  # type: ignore[arg-type]
    draft = letter(
        subject=subject,
        agent_name=name,
        references=tuple(references),
        text=words,
        html=f"<p>{words}</p>",
        attachments=(NewAttachment(name=file, media_type="text/plain", data=b"x"),),
        options={"cc": cc, "bcc": bcc, "quote": words, "quote_head": words, "forwarded": words},
    )
    try:
        composed = sender.compose(draft)
    except BadRequestError:
        return
    assert composed is not None
    head = composed.payload.partition(b"\r\n\r\n")[0].decode("ascii")
    names = [line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert len(names) == len(set(names))
    assert set(names) <= OURS
    assert b"secret@d.example" not in composed.payload
    assert b"\n" not in composed.payload.replace(b"\r\n", b"")
    assert b"\r" not in composed.payload.replace(b"\r\n", b"")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Make an RSA key; return its file and what stands in the DNS."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(path), "2048"], check=True, capture_output=True)  # noqa: S603, S607 - our own arguments
    command = ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - our own arguments
    return path, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def verified(mail: bytes, record: bytes) -> bool:
    asked: list[bytes] = []

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    good = dkim.verify(mail, dnsfunc=look_up)
    assert asked in ([], [b"contactd._domainkey.example.com."])
    return bool(good)


async def test_a_signed_mail_can_be_checked_as_it_arrives_and_not_be_changed(
    tools: Tools, ports: Ports, keys: tuple[Path, bytes]
) -> None:
    path, record = keys
    host = Scripted()
    signing = {"example.com": {"selector": "contactd", "key": str(path)}}
    sender = channel(tools, await ports(host), dkim=signing, domains=["example.com"])
    text = "您好，\n.leading dot\n" + "long line " * 200
    assert (await send(sender, letter(text=text))).status == "sent"
    arrived = host.mails[0].removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
    assert arrived.startswith(b"DKIM-Signature: ")
    assert verified(arrived, record)
    assert not verified(arrived.replace(b"Subject: ", b"Subject: x"), record)
    assert not verified(b"Subject: a second one\r\n" + arrived, record)


async def test_mail_of_a_domain_without_a_key_is_not_signed(
    tools: Tools, ports: Ports, keys: tuple[Path, bytes]
) -> None:
    host = Scripted()
    signing = {"other.example": {"selector": "contactd", "key": str(keys[0])}}
    assert (await send(channel(tools, await ports(host), dkim=signing))).status == "sent"
    assert b"DKIM-Signature" not in host.mails[0]


def test_a_key_that_is_none_stops_the_start(tools: Tools, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nonsense")
    for path in (bad, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError) as refused:
            channel(tools, 25, dkim={"example.com": {"selector": "s", "key": str(path)}})
        assert refused.value.field == "channels.email.dkim.example.com.key"
