"""A fax that leaves: checked when it is queued, drawn as a real G4 TIFF, handed over without a shell."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from fax_doubles import MemoryDesk, StillClock, page, tiff
from PIL import Image

from contactd.channels.fax import build, gateway, outgoing
from contactd.channels.fax import channel as fax_channel
from contactd.channels.fax.channel import FaxChannel
from contactd.channels.fax.options import Gateway, Smtp
from contactd.core.address import phone_point
from contactd.core.channel import Composed, Delivery, Draft, Outgoing
from contactd.core.errors import BadRequestError, WorkerDiedError
from contactd.core.message import NewAttachment
from contactd.core.party import Point

pytestmark = pytest.mark.promise

FAX_POINT = phone_point("0371-60135900", "fax")
SEND = """
import shutil, sys
shutil.copy(sys.argv[1], sys.argv[2])
print("request id is 4711 (group id 4711) for host localhost (1 file)")
"""


def draft(
    text: str = "Dear ACME,\nwe confirm order 4711.", *files: bytes, to: Point | None = FAX_POINT, line: str = "support"
) -> Draft:
    attachments = tuple(NewAttachment(name=f"f{n}", media_type="x/y", data=data) for n, data in enumerate(files))
    return Draft(
        interaction="i1",
        thread="t1",
        message="m1",
        line=line,
        agent="a7",
        agent_name="Lin",
        at=StillClock().now(),
        text=text,
        html=None,
        attachments=attachments,
        to=(to,) if to else (),
        subject="Re: Fax",
        references=(),
    )


def sending(composed: Composed | None, **more: Any) -> Outgoing:
    assert composed is not None
    fields = {"id": "job-1", "interaction": "i1", "message": "m1", "attempt": 1, "payload": composed.payload} | more
    return Outgoing(meta=composed.meta, **fields)


Build = Callable[..., FaxChannel]


@pytest.fixture
def fax(tmp_path: Path) -> Build:
    return lambda **gateways: build("fax", {"gateways": gateways}, MemoryDesk(tmp_path))


def png(**size: int) -> bytes:
    out = io.BytesIO()
    page(**size).save(out, "PNG")
    return out.getvalue()


def frames(raw: bytes) -> list[Image.Image]:
    image = Image.open(io.BytesIO(raw))
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append(image.copy())
        assert image.info["compression"] == "group4"
        assert image.width == 1728
    return found


def ink(image: Image.Image) -> float:
    histogram = image.convert("L").histogram()
    return histogram[0] / sum(histogram)


def test_a_text_becomes_a_page_with_something_on_it() -> None:
    [only] = frames(outgoing.render(outgoing.pack("Dear ACME,\nwe confirm order 4711 — “as agreed”.", ())))
    assert (only.size, only.mode) == ((1728, 2292), "1")
    assert 0.001 < ink(only) < 0.1
    assert only.info["dpi"] == (204, 196)


def test_a_long_text_takes_as_many_pages_as_it_needs_and_no_line_leaves_the_page() -> None:
    drawn = frames(outgoing.render(outgoing.pack("word " * 3000 + "endless" * 500, ())))
    assert len(drawn) > 2
    for image in drawn:
        assert ink(image.crop((1728 - 100, 0, 1728, 2292))) == 0
        assert ink(image.crop((0, 2292 - 60, 1728, 2292))) == 0


@pytest.mark.skipif(outgoing.letters_font() is None, reason="no font with Chinese letters on this machine")
def test_chinese_is_drawn_with_its_letters() -> None:
    one, other = (outgoing.render(outgoing.pack(text, ())) for text in ("您好，订单已确认。", "您好，订单已取消。"))
    assert one != other
    assert 0.0005 < ink(frames(one)[0]) < 0.1


@pytest.mark.parametrize("text", ["您好", "Привет", "Grüße"])
def test_letters_no_font_here_has_are_refused_with_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(outgoing, "FONTS", ())
    with pytest.raises(BadRequestError, match="fonts-noto-cjk") as refused:
        outgoing.pack(text, ())
    assert (refused.value.code, refused.value.field) == ("no_font", "text")


def test_files_follow_the_text_page_by_page() -> None:
    files = tuple(NewAttachment(name="x", media_type="?", data=data) for data in (tiff(2), png()))
    drawn = frames(outgoing.render(outgoing.pack("see the following pages", files)))
    assert len(drawn) == 4
    assert all(ink(image) > 0.0005 for image in drawn)


def test_an_oblong_fax_keeps_its_shape_when_it_is_sent_on() -> None:
    [only] = frames(outgoing.render(outgoing.pack("", (NewAttachment(name="x", media_type="?", data=tiff(1)),))))
    assert only.height == pytest.approx(2287, abs=6)


def test_the_same_payload_is_always_drawn_the_same() -> None:
    payload = outgoing.pack("twice", (NewAttachment(name="x", media_type="?", data=png()),))
    assert outgoing.render(payload) == outgoing.render(payload)


@pytest.mark.parametrize(
    ("text", "files", "field"),
    [
        ("", (), "text"),
        ("  \n", (), "text"),
        ("x" * 20_001, (), "text"),
        ("x", (b"GIF89a",), "attachments"),
        ("x", (b"",), "attachments"),
    ],
)
def test_what_cannot_be_faxed_is_refused_when_it_is_queued(
    fax: Build, text: str, files: tuple[bytes, ...], field: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        fax(gw={"send_command": ["send"]}).compose(draft(text, *files))
    assert refused.value.field == field


def test_pdf_is_refused_where_it_cannot_be_drawn(fax: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing.pdf, "can_draw", lambda: False)
    with pytest.raises(BadRequestError, match="poppler-utils"):
        fax(gw={"send_command": ["send"]}).compose(draft("x", b"%PDF-1.4"))


@pytest.mark.parametrize("value", ["raw:", "+86;rm -rf", "-o file", "1" * 33, "+8613\n", "123,456"])
def test_only_numbers_are_dialled(fax: Build, value: str) -> None:
    with pytest.raises(BadRequestError, match="number"):
        fax(gw={"send_command": ["send"]}).compose(draft(to=Point(kind="fax", value=value, raw=value)))


@pytest.mark.parametrize("to", [None, Point(kind="email", value="a@b.cn", raw="a@b.cn")])
def test_a_fax_needs_a_number(fax: Build, to: Point | None) -> None:
    with pytest.raises(BadRequestError, match="number"):
        fax(gw={"send_command": ["send"]}).compose(draft(to=to))


def test_without_a_gateway_nothing_is_queued(fax: Build) -> None:
    with pytest.raises(BadRequestError, match=r"channels\.fax\.gateways"):
        fax(receives_only={"token": "0123456789abcdef"}).compose(draft())


def test_a_line_sends_by_its_own_gateway(fax: Build) -> None:
    channel = fax(first={"send_command": ["send"]}, orders={"mail_to": "{digits}@fax.example", "line": "orders"})
    support, orders = channel.compose(draft()), channel.compose(draft(line="orders"))
    assert support is not None
    assert orders is not None
    assert (support.meta["gateway"], orders.meta["gateway"]) == ("first", "orders")
    assert support.recipients == (("to", "", "0371-60135900"),)


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("+8637160135900", "CN", ("+8637160135900", "8637160135900", "037160135900")),
        ("+8613800138000", "CN", ("+8613800138000", "8613800138000", "13800138000")),
        ("+16502530000", "CN", ("+16502530000", "16502530000", "0016502530000")),
        ("+16502530000", "US", ("+16502530000", "16502530000", "6502530000")),
        ("801", "CN", ("801", "801", "801")),
    ],
)
def test_a_number_in_a_gateways_spelling(number: str, region: str, expected: tuple[str, str, str]) -> None:
    assert tuple(gateway.spellings(number, region).values()) == expected


async def test_a_gateways_program_gets_number_and_pages_as_plain_arguments(fax: Build, tmp_path: Path) -> None:
    script, sent = tmp_path / "send.py", tmp_path / "sent {number}; touch x.tif"
    script.write_text(SEND)
    channel = fax(
        gw={"send_command": [sys.executable, str(script), "{file}", str(sent).replace("{number}", "{national}")]}
    )
    delivery = await channel.deliver(sending(channel.compose(draft())))
    assert (delivery.status, delivery.provider_id) == (
        "sent",
        "request id is 4711 (group id 4711) for host localhost (1 file)"[:64],
    )
    arrived = tmp_path / "sent 037160135900; touch x.tif"
    assert len(frames(arrived.read_bytes())) == 1


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["-c", "raise SystemExit(0)"], "sent"),
        (["-c", "raise SystemExit(1)"], "retry"),
        (["-c", "raise SystemExit(75)"], "retry"),
        (["-c", "raise SystemExit(65)"], "failed"),
        (["-c", "print('x' * 3_000_000)"], "sent"),
    ],
)
async def test_the_programs_exit_decides(fax: Build, command: list[str], status: str) -> None:
    channel = fax(gw={"send_command": [sys.executable, *command]})
    delivery = await channel.deliver(sending(channel.compose(draft())))
    assert delivery.status == status
    assert len(delivery.detail) < 300


async def test_a_program_that_is_not_there_is_tried_again(fax: Build) -> None:
    channel = fax(gw={"send_command": ["/nonexistent/sendfax"]})
    assert (await channel.deliver(sending(channel.compose(draft())))).status == "retry"


async def test_a_program_that_hangs_is_ended_and_may_have_sent(fax: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_COMMAND_S", 0.2)
    channel = fax(gw={"send_command": [sys.executable, "-c", "import time; time.sleep(60)"]})
    assert (await channel.deliver(sending(channel.compose(draft())))).status == "maybe"


async def test_a_file_that_can_never_be_drawn_fails_for_good(fax: Build) -> None:
    channel = fax(gw={"send_command": ["send"]})
    broken = channel.compose(draft("x", png()[:200]))
    delivery = await channel.deliver(sending(broken))
    assert (delivery.status, delivery.detail) == ("failed", "a picture cannot be read")


async def test_a_worker_that_dies_is_no_failure_of_the_fax(fax: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = fax(gw={"send_command": ["send"]})

    async def die(*_: object) -> None:
        text = "the worker died"
        raise WorkerDiedError(text)

    monkeypatch.setattr(channel._tools, "work", die)
    assert (await channel.deliver(sending(channel.compose(draft())))).status == "retry"


@pytest.mark.parametrize("more", [{"id": "../job"}, {"id": "a b"}])
async def test_a_job_is_never_more_than_a_name(fax: Build, more: dict[str, str]) -> None:
    channel = fax(gw={"send_command": ["send"]})
    assert (await channel.deliver(sending(channel.compose(draft()), **more))).status == "failed"


def test_drawing_runs_in_a_worker_and_says_why_not() -> None:
    payload = json.dumps({"v": 1, "text": "", "files": ["aGVsbG8="]}).encode()
    assert fax_channel.render_fax(payload) == "a picture cannot be read"


class Sink:
    """A mail server that keeps what it gets, or refuses."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.answer = "250 ok"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's names
        if not self.answer.startswith("250"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's names
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 ok"


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, int]]:
    kept = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(kept), "127.0.0.1", 0)
    yield kept, server.sockets[0].getsockname()[1]
    server.close()


async def by_mail(port: int, job: str = "job-1") -> Delivery:
    values = {**gateway.spellings("+8637160135900", "CN"), "{job}": job}
    smtp = Smtp(port=port, sender="fax@here.example")
    return await gateway.by_mail(Gateway(mail_to="{digits}@fax.example"), smtp, values, tiff(), StillClock())


async def test_a_fax_leaves_by_mail_under_the_same_id_at_every_attempt(sink: tuple[Sink, int]) -> None:
    kept, port = sink
    deliveries = [await by_mail(port), await by_mail(port)]
    assert [delivery.status for delivery in deliveries] == ["sent", "sent"]
    sender, recipients, content = kept.mails[0]
    assert (sender, recipients) == ("fax@here.example", ["8637160135900@fax.example"])
    mail = message_from_bytes(content)
    assert mail["Message-ID"] == deliveries[0].provider_id == message_from_bytes(kept.mails[1][2])["Message-ID"]
    attached = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "image/tiff"]
    assert attached == [tiff()]


@pytest.mark.parametrize(("answer", "status"), [("550 no", "failed"), ("451 later", "retry")])
async def test_the_mail_servers_answer_decides(sink: tuple[Sink, int], answer: str, status: str) -> None:
    kept, port = sink
    kept.answer = answer
    assert (await by_mail(port)).status == status


async def test_a_mail_server_that_is_down_is_tried_again(sink: tuple[Sink, int]) -> None:
    assert (await by_mail(1)).status == "retry"
