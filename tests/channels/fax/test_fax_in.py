"""The doors a fax comes in by: the spool, the webhook, a gateway's mail.  None lets go of it before the commit."""

from __future__ import annotations

import base64
import json
import os
import stat
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from fax_doubles import MemoryDesk, tiff
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from contactd.channels.fax import Options, build, from_mail, is_gateway_mail, spool
from contactd.channels.fax.channel import FaxChannel
from contactd.core.errors import BusyError, StoreDownError

FAX = tiff(2, height=200)
TOKEN = "0123456789abcdef0123"
OPTIONS = {"gateways": {"gw": {"token": TOKEN, "line": "orders"}, "closed": {}}, "area_code": "0371", "max_mb": 1}
CALL = ["ttyS0", "000000042", "", "037160135900", "ACME", "4006180987"]


@pytest.fixture
def desk(tmp_path: Path) -> MemoryDesk:
    return MemoryDesk(tmp_path)


@pytest.fixture
async def channel(desk: MemoryDesk) -> FaxChannel:
    fax = build("fax", OPTIONS, desk)
    await fax.start()
    return fax


@pytest.fixture
def received(tmp_path: Path) -> Path:
    file = tmp_path / "fax000000042.tif"
    file.write_bytes(FAX)
    return file


def in_spool(desk: MemoryDesk) -> list[str]:
    return names(desk.data_dir / "spool" / "fax")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_fax_handed_over_by_hylafax_arrives_with_all_it_said(
    channel: FaxChannel, desk: MemoryDesk, received: Path
) -> None:
    key = spool.receive(desk.data_dir, received, CALL)
    await channel.empty_spool()
    [arrival] = desk.arrivals
    assert (arrival.channel, arrival.adapter, arrival.external_key, arrival.raw) == ("fax", "spool", key, FAX)
    assert (arrival.sender, arrival.recipient, arrival.line) == ("037160135900", "4006180987", None)
    assert arrival.envelope == {
        "qfile": "fax000000042.tif",
        "device": "ttyS0",
        "comm": "000000042",
        "number": "037160135900",
        "name": "ACME",
        "to": "4006180987",
        "region": "CN",
        "area_code": "0371",
    }
    assert channel.reader is not None
    assert channel.reader(arrival.raw, arrival.envelope).subject == "Fax, 2 pages"
    assert in_spool(desk) == []


async def test_a_fax_handed_over_while_the_server_was_down_is_found_at_start(desk: MemoryDesk, received: Path) -> None:
    spool.receive(desk.data_dir, received)
    fax = build("fax", {}, desk)
    await fax.start()
    await fax.empty_spool()
    assert [arrival.raw for arrival in desk.arrivals] == [FAX]


async def test_the_configured_folder_is_used(desk: MemoryDesk, received: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    fax = build("fax", {"spool": str(elsewhere)}, desk)
    await fax.start()
    spool.receive(desk.data_dir, received, configured=str(elsewhere))
    await fax.empty_spool()
    assert len(desk.arrivals) == 1


async def test_the_file_goes_only_after_the_commit(channel: FaxChannel, desk: MemoryDesk, received: Path) -> None:
    spool.receive(desk.data_dir, received, CALL)
    there: list[int] = []
    desk.before_commit = lambda: there.append(len(in_spool(desk)))
    for trouble in (BusyError("full"), StoreDownError("down")):
        desk.trouble = trouble
        await channel.empty_spool()
        assert not channel.health().ok
        assert len(in_spool(desk)) == 1
    desk.trouble = None
    await channel.empty_spool()
    assert there == [1, 1, 1]
    assert in_spool(desk) == []
    assert channel.health().ok
    assert len(desk.arrivals) == 1


async def test_a_fax_handed_over_twice_is_one(channel: FaxChannel, desk: MemoryDesk, received: Path) -> None:
    first = spool.receive(desk.data_dir, received, CALL)
    assert spool.receive(desk.data_dir, received, CALL) == first
    await channel.empty_spool()
    spool.receive(desk.data_dir, received, CALL)
    await channel.empty_spool()
    assert len(desk.arrivals) == 1
    spool.receive(desk.data_dir, received, ["ttyS0", "000000043", *CALL[2:]])
    await channel.empty_spool()
    assert len(desk.arrivals) == 2


async def test_a_stopping_channel_leaves_the_rest_in_the_spool(
    channel: FaxChannel, desk: MemoryDesk, received: Path
) -> None:
    await channel.stop_intake()
    spool.receive(desk.data_dir, received)
    await channel.empty_spool()
    assert desk.arrivals == []
    assert len(in_spool(desk)) == 1


async def test_what_is_no_spooled_fax_is_set_aside_and_blocks_nothing(
    channel: FaxChannel, desk: MemoryDesk, received: Path, tmp_path: Path
) -> None:
    place = desk.data_dir / "spool" / "fax"
    (place / "a.fax").write_bytes(b"no header at all")
    (place / "b.fax").write_bytes(b"[1]\nfax")
    (place / "c.fax").write_bytes(b'{"a":' * 4000 + b"\nfax")
    (place / "d.fax").symlink_to("/etc/passwd")
    os.mkfifo(place / "e.fax")
    (place / "f.fax").mkdir()
    (place / ".half.123").write_bytes(b"{}\nhalf writ")
    spool.receive(desk.data_dir, received)
    await channel.empty_spool()
    assert [arrival.raw for arrival in desk.arrivals] == [FAX]
    assert names(place / "bad") == ["a.fax", "b.fax", "c.fax", "d.fax", "e.fax", "f.fax"]
    assert in_spool(desk) == [".half.123", "bad"]
    assert channel.health().ok


def test_a_spooled_fax_is_complete_and_private(tmp_path: Path, received: Path) -> None:
    key = spool.receive(tmp_path, received, CALL)
    [path] = spool.waiting(spool.folder(tmp_path))
    assert path.name == f"{key}.fax"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = spool.load(path)
    assert (found.key, found.data, found.envelope["comm"]) == (key, FAX, "000000042")


@pytest.mark.parametrize("make", ["missing", "empty", "link", "folder", "pipe", "large"])
def test_what_cannot_be_handed_over_is_an_error_and_leaves_nothing(tmp_path: Path, make: str) -> None:
    file = tmp_path / "in.tif"
    if make == "empty":
        file.touch()
    elif make == "link":
        file.symlink_to("/etc/passwd")
    elif make == "folder":
        file.mkdir()
    elif make == "pipe":
        os.mkfifo(file)
    elif make == "large":
        with file.open("wb") as out:
            out.truncate(spool.MAX_BYTES + 1)
    with pytest.raises(spool.SpoolError):
        spool.receive(tmp_path, file)
    assert spool.waiting(spool.folder(tmp_path)) == []


def test_a_fax_that_cannot_be_written_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        spool.put(tmp_path, FAX, {})
    assert names(spool.folder(tmp_path)) == []


@given(st.binary(min_size=1, max_size=300), st.dictionaries(st.text(max_size=9), st.text(max_size=50), max_size=5))
def test_what_is_put_is_found(tmp_path_factory: pytest.TempPathFactory, data: bytes, envelope: dict[str, str]) -> None:
    data_dir = tmp_path_factory.mktemp("data")
    key = spool.put(data_dir, data, envelope)
    [found] = [spool.load(path) for path in spool.waiting(spool.folder(data_dir))]
    assert (found.key, found.data, found.envelope) == (key, data, envelope)


# The webhook.


@pytest.fixture
def http(channel: FaxChannel, desk: MemoryDesk) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=desk.routes))
    return httpx.AsyncClient(transport=transport, base_url="http://here")


def as_json(**more: object) -> dict[str, object]:
    return {"file": base64.b64encode(FAX).decode(), "from": "037160135900", "to": "400", "id": "job-1", **more}


async def test_a_gateways_json_is_answered_after_the_commit(http: httpx.AsyncClient, desk: MemoryDesk) -> None:
    first = await http.post(f"/fax/gw/{TOKEN}", json=as_json())
    assert (first.status_code, first.json()) == (200, {"receipt": "r0", "duplicate": False})
    again = await http.post(f"/fax/gw/{TOKEN}", json=as_json())
    assert (again.status_code, again.json()) == (200, {"receipt": "r0", "duplicate": True})
    [arrival] = desk.arrivals
    assert (arrival.adapter, arrival.raw, arrival.line) == ("webhook", FAX, "orders")
    assert arrival.external_key.startswith("gw:job-1:")
    assert (arrival.sender, arrival.recipient) == ("037160135900", "400")


async def test_a_gateways_form_says_the_same(http: httpx.AsyncClient, desk: MemoryDesk) -> None:
    fields = {"from": "037160135900", "to": "400", "id": "job-1"}
    answer = await http.post(f"/fax/gw/{TOKEN}", data=fields, files={"fax": ("../../x.tif", FAX, "image/tiff")})
    assert answer.status_code == 200
    again = await http.post(f"/fax/gw/{TOKEN}", json=as_json())
    assert again.json()["duplicate"] is True
    assert desk.arrivals[0].raw == FAX


async def test_an_id_given_to_another_fax_loses_neither(http: httpx.AsyncClient, desk: MemoryDesk) -> None:
    for pages in (FAX, FAX + b"other", FAX):
        answer = await http.post(f"/fax/gw/{TOKEN}", json=as_json(file=base64.b64encode(pages).decode()))
        assert answer.status_code == 200
    assert [one.raw for one in desk.arrivals] == [FAX, FAX + b"other"]


async def test_without_an_id_the_same_fax_is_known_by_all_that_was_said(
    http: httpx.AsyncClient, desk: MemoryDesk
) -> None:
    for number in ("1", "1", "2"):
        await http.post(f"/fax/gw/{TOKEN}", json={"file": base64.b64encode(FAX).decode(), "from": number})
    assert len(desk.arrivals) == 2


@pytest.mark.parametrize(
    "path", ["/fax/gw/wrong", f"/fax/other/{TOKEN}", "/fax/closed/", "/fax/closed/x", "/fax/gw/" + "x" * 20]
)
async def test_who_does_not_know_the_token_learns_nothing(http: httpx.AsyncClient, desk: MemoryDesk, path: str) -> None:
    assert (await http.post(path, json=as_json())).status_code == 404
    assert desk.arrivals == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b'{"file": 7}', "application/json"),
        (b'{"file": "***"}', "application/json"),
        (b'{"file": ""}', "application/json"),
        (b"[" * 5000, "application/json"),
        (b"", "multipart/form-data"),
        (b"rubbish", "multipart/form-data; boundary=x"),
        (b"--x\r\nrubbish", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="from"\r\n\r\n1\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (FAX, "image/tiff"),
    ],
)
async def test_a_request_without_a_fax_is_refused(
    http: httpx.AsyncClient, desk: MemoryDesk, body: bytes, kind: str
) -> None:
    answer = await http.post(f"/fax/gw/{TOKEN}", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.arrivals == []


async def test_what_is_too_large_is_refused_unread(http: httpx.AsyncClient) -> None:
    big = {"content-length": str(2 * 1024 * 1024), "content-type": "application/json"}
    assert (await http.post(f"/fax/gw/{TOKEN}", content=b"{}", headers=big)).status_code == 413


async def test_a_body_of_unknown_length_is_refused(http: httpx.AsyncClient) -> None:
    async def chunks() -> object:
        yield b"{}"

    assert (await http.post(f"/fax/gw/{TOKEN}", content=chunks())).status_code == 411  # type: ignore[arg-type]


@pytest.mark.parametrize("trouble", [BusyError("full"), StoreDownError("down")])
async def test_what_cannot_be_stored_now_is_to_be_sent_again(
    http: httpx.AsyncClient, desk: MemoryDesk, trouble: BusyError | StoreDownError
) -> None:
    desk.trouble = trouble
    answer = await http.post(f"/fax/gw/{TOKEN}", json=as_json())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


# A gateway's mail.


def gateway_mail(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("A fax has come in.")
    mail.add_attachment(FAX, maintype="image", subtype="tiff", filename="../fax.tif")
    return mail


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "037160135900@fax.example.com"},
        {"From": "Fax <robot@fax.example.com>", "Subject": "Fax from 0371-60135900, 2 pages"},
        {"From": "robot@fax.example.com", "X_Fax_From": "+86 371 6013 5900"},
    ],
)
def test_a_gateways_mail_is_a_fax(headers: dict[str, str]) -> None:
    content = from_mail(gateway_mail(**headers).as_bytes(), {})
    assert content.quarantine is None
    assert content.subject == "Fax, 2 pages"
    assert content.sender is not None
    assert (content.sender.kind, content.sender.value) == ("fax", "+8637160135900")
    assert content.messages[0].attachments[-1].data == FAX


def test_a_pdf_is_kept_as_it_is() -> None:
    mail = EmailMessage()
    mail.set_content("see attachment")
    mail.add_attachment(b"%PDF-1.4 rubbish", maintype="application", subtype="pdf", filename="fax.pdf")
    content = from_mail(mail.as_bytes(), {"number": "037160135900"})
    assert content.quarantine is None
    assert content.messages[0].attachments[-1].media_type == "application/pdf"


@pytest.mark.parametrize("raw", [b"", b"Subject: hello\n\nno fax", b"\xff" * 300, b"Content-Type: multipart/mixed\n\n"])
def test_a_mail_without_a_fax_is_quarantined(raw: bytes) -> None:
    assert from_mail(raw, {}).quarantine


@given(st.binary(max_size=600))
def test_any_bytes_are_a_mail_or_quarantine(raw: bytes) -> None:
    nested = b'Content-Type: multipart/mixed; boundary="x"\n\n--x\n' + raw + b"\n--x\n" + raw + b"\n--x--\n"
    for data in (raw, nested):
        assert from_mail(data, {}).messages[0].direction == "inbound"


@pytest.mark.parametrize(
    ("mail_from", "gateway"),
    [
        ("robot@fax.example.com", "one"),
        ("<Robot@FAX.example.com>", "one"),
        ("0371@prov.example", "two"),
        ("robot@other.example", None),
        ("", None),
        ("robot@fax.example.com.evil.example", None),
    ],
)
def test_only_configured_senders_are_gateways(mail_from: str, gateway: str | None) -> None:
    options = Options.model_validate(
        {
            "gateways": {
                "one": {"mail_from": "robot@fax.example.com"},
                "two": {"mail_from": "@prov.example"},
                "three": {},
            }
        }
    )
    assert is_gateway_mail(options, mail_from) == gateway


@pytest.mark.parametrize(
    ("peer", "gateway"),
    [("192.0.2.9", "gw"), ("::ffff:192.0.2.9", "gw"), ("2001:db8::7", "gw"), ("198.51.100.1", None), ("", None)],
)
def test_a_forged_sender_is_no_gateway_where_its_networks_are_known(peer: str, gateway: str | None) -> None:
    known = {"mail_from": "@fax.example", "mail_peers": ["192.0.2.0/24", "2001:db8::/64"]}
    options = Options.model_validate({"gateways": {"gw": known}})
    assert is_gateway_mail(options, "robot@fax.example", peer) == gateway


@pytest.mark.parametrize(
    "gateway", [{"token": "short"}, {"token": "a/b" * 9}, {"mail_to": "nobody@x"}, {"mial_to": "x"}]
)
def test_a_wrong_option_is_an_error(gateway: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"gateways\.gw"):
        Options.model_validate_json(json.dumps({"gateways": {"gw": gateway}}))
