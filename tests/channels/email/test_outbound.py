"""Answers: how they are composed, and what becomes of them at a smarthost - a real aiosmtpd, or a scripted liar."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from contactd.channels.email import EmailChannel, build
from contactd.channels.email.parse import parse
from contactd.core.channel import Delivery, Draft, Outgoing
from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment
from contactd.core.party import Point
from tests.channels.email.doubles import Tools

THREAD = "01890a5d-ac96-774b-bcce-b302099a8057"
CUSTOMER = Point(kind="email", value="li@kunde.example", raw="Li@kunde.example")


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "interaction": "i1",
        "thread": THREAD,
        "message": "01890a5d-0000-774b-bcce-b302099a8057",
        "line": "support",
        "agent": "a1",
        "agent_name": "王 芳",
        "at": datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        "text": "您好，\n.\n报价单见附件。",
        "html": None,
        "attachments": (),
        "to": (CUSTOMER,),
        "subject": "询价",
        "references": ("<root@kunde.example>", "<last@kunde.example>"),
        **changes,
    }
    return Draft(**values)


def channel(tools: Tools, **outbound: Any) -> EmailChannel:
    return build("email", {"smtp": {"port": 0}, "outbound": {"seconds": 5, **outbound}}, tools)  # type: ignore[arg-type]


async def send(sender: EmailChannel, attempt: int = 1, **changes: Any) -> Delivery:
    composed = sender.compose(draft(**changes))
    assert composed is not None
    outgoing = Outgoing(
        id="o1", interaction="i1", message="m1", attempt=attempt, payload=composed.payload, meta=composed.meta
    )
    return await sender.deliver(outgoing)


async def test_an_answer_names_what_it_answers_and_carries_the_token(tools: Tools) -> None:
    sender = channel(tools)
    composed = sender.compose(draft())
    assert composed is not None
    mail = parse(composed.payload)
    assert (mail.subject, mail.from_name, mail.from_address) == ("Re: 询价", "王 芳", "support@example.com")
    assert mail.to == (("", "Li@kunde.example"),)
    assert mail.in_reply_to == "<last@kunde.example>"
    assert mail.references == ("<root@kunde.example>", "<last@kunde.example>")
    assert mail.message_id == composed.provider_id
    assert mail.text == "您好，\n.\n报价单见附件。\n"
    assert "报价单见附件" in (mail.html or "")
    assert mail.auto is None
    assert sender._key.find([mail.reply_to[0][1]]) == THREAD
    assert sender._key.find([mail.message_id or ""]) == THREAD
    assert composed.recipients == (("to", "", "Li@kunde.example"),)
    assert b"\n" not in composed.payload.replace(b"\r\n", b"")


async def test_composing_twice_gives_the_same_mail(tools: Tools) -> None:
    assert channel(tools).compose(draft()) == channel(tools).compose(draft())


@pytest.mark.parametrize("subject", ["Re: 询价", "回复：询价", "RE: x", "AW: x"])
async def test_an_answer_says_so_once(tools: Tools, subject: str) -> None:
    composed = channel(tools).compose(draft(subject=subject))
    assert composed is not None
    assert composed.subject == subject


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": ()}, "to"),
        ({"to": (Point(kind="phone", value="+8613800138000", raw="138"),)}, "to"),
        ({"subject": "x\r\nBcc: all@example.com"}, "subject"),
        ({"subject": "x\ny"}, "subject"),
        ({"options": {"cc": ["a@b.example\r\nX: y"]}}, "cc"),
        ({"options": {"cc": "a@b.example"}}, "cc"),
        ({"options": {"from": "boss@elsewhere.example"}}, "from"),
        ({"attachments": (NewAttachment(name="a\r\nb", media_type="text/plain", data=b""),)}, "attachments"),
        ({"attachments": (NewAttachment(name="a", media_type="text/plain\r\nX: y", data=b""),)}, "attachments"),
    ],
)
async def test_a_draft_that_cannot_be_sent_is_refused_and_says_where(
    tools: Tools, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRequestError) as refusal:
        channel(tools).compose(draft(**changes))
    assert refusal.value.field == field


async def test_a_long_line_name_leaves_the_token_to_the_message_id(tools: Tools) -> None:
    sender = channel(tools)
    composed = sender.compose(draft(line="international-customer-service"))
    assert composed is not None
    mail = parse(composed.payload)
    assert mail.reply_to == ()
    assert sender._key.find([mail.message_id or ""]) == THREAD


class Sink:
    """What a smarthost's handler keeps, and the answers a test wants from it."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.data_answer = "250 2.0.0 OK as 7"
        self.refused: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by name
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.data_answer.startswith("2"):
            self.mails.append((envelope.mail_from or "", envelope.rcpt_tos, envelope.content))
        return self.data_answer


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Start a real aiosmtpd, or any protocol; returns its port."""
    async with AsyncExitStack() as stack:

        async def start(factory: Callable[[], asyncio.Protocol], **options: Any) -> int:
            server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, **options)
            stack.callback(server.close)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start


async def sink_port(serve: Any, sink: Sink, **options: Any) -> int:
    loop = asyncio.get_running_loop()
    return int(await serve(lambda: SMTP(sink, hostname="sink.example", loop=loop, **options)))


async def test_a_real_smarthost_gets_the_mail_as_composed(tools: Tools, serve: Any) -> None:
    sink = Sink()
    sender = channel(tools, host="127.0.0.1", port=await sink_port(serve, sink))
    delivery = await send(sender)
    assert delivery.status == "sent"
    assert "OK as 7" in delivery.detail
    ((mail_from, recipients, content),) = sink.mails
    assert (mail_from, recipients) == ("support@example.com", ["Li@kunde.example"])
    composed = sender.compose(draft())
    assert composed is not None
    assert content == composed.payload


@pytest.mark.parametrize(
    ("answer", "status"), [("550 5.7.1 spam", "failed"), ("451 4.3.0 later", "retry"), ("554 no", "failed")]
)
async def test_a_refusal_for_ever_and_one_for_now_are_told_apart(
    tools: Tools, serve: Any, answer: str, status: str
) -> None:
    sink = Sink()
    sink.data_answer = answer
    delivery = await send(channel(tools, host="127.0.0.1", port=await sink_port(serve, sink)))
    assert delivery.status == status
    assert answer[:3] in delivery.detail


async def test_a_recipient_refused_for_ever_fails_alone(tools: Tools, serve: Any) -> None:
    sink = Sink()
    sink.refused = {"Li@kunde.example": "550 5.1.1 unknown"}
    sender = channel(tools, host="127.0.0.1", port=await sink_port(serve, sink))
    assert (await send(sender)).status == "failed"
    delivery = await send(sender, options={"cc": ["b@kunde.example"]})
    assert delivery.status == "sent"
    assert "Li@kunde.example: 550" in delivery.detail
    assert sink.mails[0][1] == ["b@kunde.example"]


async def test_a_recipient_put_off_holds_the_others_up_only_so_long(tools: Tools, serve: Any) -> None:
    sink = Sink()
    sink.refused = {"Li@kunde.example": "450 4.2.0 greylisted"}
    sender = channel(tools, host="127.0.0.1", port=await sink_port(serve, sink))
    cc = {"cc": ["b@kunde.example"]}
    assert (await send(sender, attempt=1, options=cc)).status == "retry"
    assert sink.mails == []
    assert (await send(sender, attempt=4, options=cc)).status == "sent"


class Liar(asyncio.Protocol):
    """A smarthost that follows a script: what to answer to which command; None = hang up."""

    def __init__(self, script: dict[bytes, bytes | None], seen: bytearray) -> None:
        self._script = script
        self._seen = seen
        self._buffer = b""
        self._data = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._answer(b"", b"220 liar")

    def data_received(self, data: bytes) -> None:
        self._seen += data
        self._buffer += data
        while b"\r\n" in self._buffer:
            if self._data:
                if b"\r\n.\r\n" not in self._buffer:
                    return
                self._buffer = self._buffer.partition(b"\r\n.\r\n")[2]
                self._data = False
                self._answer(b".", b"250 OK")
                continue
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            verb = line[:4].upper()
            self._data = verb == b"DATA" and verb not in self._script
            self._answer(verb, b"354 go" if verb == b"DATA" else b"250 OK")

    def _answer(self, verb: bytes, usual: bytes) -> None:
        answer = self._script.get(verb, usual)
        if answer is None:
            self._transport.close()
        else:
            self._transport.write(answer + b"\r\n")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ({b".": None}, "maybe"),
        ({b"RCPT": None}, "retry"),
        ({b"MAIL": None}, "retry"),
        ({b"": None}, "retry"),
        ({b"": b"554 go away"}, "retry"),
        ({b"MAIL": b"553 sender"}, "failed"),
        ({b"MAIL": b"421 later"}, "retry"),
        ({b"DATA": b"554 no valid"}, "failed"),
        ({b".": b"nonsense"}, "maybe"),
        ({b"QUIT": None}, "sent"),
    ],
)
async def test_what_a_broken_smarthost_means(
    tools: Tools, serve: Any, script: dict[bytes, bytes | None], status: str
) -> None:
    port = await serve(lambda: Liar(script, bytearray()))
    assert (await send(channel(tools, host="127.0.0.1", port=port))).status == status


async def test_nothing_is_lost_without_a_smarthost(tools: Tools) -> None:
    assert (await send(channel(tools))).status == "retry"
    assert (await send(channel(tools, host="127.0.0.1", port=1))).status == "retry"


@pytest.mark.parametrize("security", ["auto", "starttls"])
async def test_no_password_is_said_to_a_smarthost_that_hides_starttls(tools: Tools, serve: Any, security: str) -> None:
    seen = bytearray()
    script = {b"EHLO": b"250-liar\r\n250 AUTH PLAIN LOGIN"}
    port = await serve(lambda: Liar(script, seen))
    sender = channel(tools, host="127.0.0.1", port=port, security=security, username="desk", password="hunter2")
    delivery = await send(sender)
    assert delivery.status == "retry"
    assert b"AUTH" not in seen
    assert b"MAIL" not in seen


def test_a_password_without_tls_is_refused() -> None:
    from contactd.channels.email.options import Options  # noqa: PLC0415

    with pytest.raises(ValueError, match="password needs"):
        Options.model_validate({"outbound": {"host": "mail.example", "password": "x", "security": "none"}})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
    return chain, key


@asynccontextmanager
async def listening(channel: EmailChannel) -> AsyncIterator[int]:
    await channel.start()
    try:
        yield int(channel.addresses()["smtp"].rpartition(":")[2])
    finally:
        await channel.stop()


@pytest.mark.parametrize("required", [False, True])
async def test_our_own_door_takes_mail_over_starttls(
    tools: Tools, certificate: tuple[Path, Path], required: bool
) -> None:
    chain, key = certificate
    smtp = {"port": 0, "certificate": chain, "key": key, "require_tls": required}
    door = build("email", {"smtp": smtp, "limits": {"disk_free_mb": 0}}, tools)  # type: ignore[arg-type]
    async with listening(door) as port:
        sender = channel(tools, host="localhost", port=port, security="starttls", ca_file=chain)
        delivery = await send(sender, to=(Point(kind="email", value="sales@example.com", raw="sales@example.com"),))
        assert delivery.status == "sent", delivery.detail
        plain = await send(channel(tools, host="localhost", port=port, security="none"), to=(CUSTOMER,))
        assert plain.status == "failed"
    (arrival,) = tools.arrivals
    assert arrival.envelope["tls"] is True


async def test_what_is_said_before_tls_stands_is_not_believed_afterwards(
    tools: Tools, certificate: tuple[Path, Path]
) -> None:
    """Commands put behind STARTTLS by somebody on the way (CVE-2024-34083)."""
    chain, key = certificate
    smtp = {"port": 0, "certificate": chain, "key": key}
    door = build("email", {"smtp": smtp, "limits": {"disk_free_mb": 0}}, tools)  # type: ignore[arg-type]
    trust = ssl.create_default_context(cafile=str(chain))
    async with listening(door) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"EHLO client.example\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
        injected = b"EHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<sales@example.com>\r\n"
        writer.write(b"STARTTLS\r\n" + injected)
        with suppress(ssl.SSLError, ConnectionError, TimeoutError):
            assert (await reader.readline()).startswith(b"220 ")
            async with asyncio.timeout(5):
                await writer.start_tls(trust, server_hostname="localhost")
                writer.write(b"DATA\r\n")
                answer = await reader.readline()
            # Neither a greeting nor an envelope from before is known.
            assert answer.startswith(b"503 ")
        writer.close()
    assert tools.arrivals == []


async def test_a_certificate_nobody_vouches_for_is_refused(
    tools: Tools, serve: Any, certificate: tuple[Path, Path]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    sink = Sink()
    loop = asyncio.get_running_loop()
    port = await serve(lambda: SMTP(sink, hostname="sink.example", loop=loop), ssl=context)
    assert (await send(channel(tools, host="localhost", port=port, security="tls"))).status == "retry"
    assert sink.mails == []
    assert (
        await send(channel(tools, host="localhost", port=port, security="tls", ca_file=certificate[0]))
    ).status == "sent"


async def test_a_line_whose_customers_read_nothing_else_writes_gb18030(tools: Tools) -> None:
    options = {"smtp": {"port": 0}, "charsets": {"support": "gb18030"}}
    composed = build("email", options, tools).compose(draft(text="朱镕基路，喆收"))  # type: ignore[arg-type]
    assert composed is not None
    assert b'charset="gb18030"' in composed.payload.lower() or b"charset=gb18030" in composed.payload.lower()
    assert b"utf-8" not in composed.payload.split(b"\r\n\r\n", 1)[1].lower()
    assert parse(composed.payload).text == "朱镕基路，喆收\n"
