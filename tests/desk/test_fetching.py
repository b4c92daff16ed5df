"""The fetcher of what strangers name: never inside, never large, never long, nothing but pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from contactd.desk import fetching
from contactd.desk.fetching import Fetcher, RefusedError, allowed, picture_type

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.9.9", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::",
    "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "2002:7f00:1::1", "2002:0a00:0001::", "2001:0:1::1", "2001:db8::1", "100::1", "no address", "",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "114.114.114.114",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "2400:3200::1",
]
NAMED = [
    "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::]/", "http://0/",
]  # fmt: skip
NO_ADDRESS = [
    "file:///etc/passwd", "ftp://files.example/x", "gopher://x.example/", "data:image/png;base64,AAAA", "//x.example/a",
    "http://user:word@x.example/", "http:///path", "javascript:alert(1)", "",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_is_reached_in_any_spelling(address: str) -> None:
    assert not allowed(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_open_internet_is_reached(address: str) -> None:
    assert allowed(address)


def test_only_the_operator_opens_a_network() -> None:
    assert allowed("10.1.2.3", ["10.1.2.0/24"])
    assert allowed("::ffff:10.1.2.3", ["10.1.2.0/24"])
    assert not allowed("10.1.3.3", ["10.1.2.0/24"])


@pytest.mark.parametrize("address", NAMED)
async def test_a_name_for_this_machine_is_refused(address: str) -> None:
    with pytest.raises((RefusedError, OSError, httpx.InvalidURL)):
        await Fetcher().get(address)


@pytest.mark.parametrize("address", NO_ADDRESS)
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises((RefusedError, httpx.InvalidURL)):
        await Fetcher().get(address)


class Site:
    """A web server of the tests' own, and a DNS in which names lead to it, or elsewhere."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.pages: dict[str, bytes] = {}
        self.names: dict[str, list[list[str]]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        self.asked.append(head)
        answer = self.pages.get(head.split(" ")[1])
        if answer is not None:
            writer.write(answer)
            await writer.drain()
            writer.close()

    async def resolve(self, host: str, port: int) -> list[str]:
        answers = self.names.get(host, [["127.0.0.1"]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def url(self, path: str, host: str = "pictures.example") -> str:
        return f"http://{host}:{self.port}{path}"


def ok(body: bytes, *more: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *more, f"Content-Length: {len(body)}", "", ""]).encode() + body


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


def fetcher(site: Site) -> Fetcher:
    return Fetcher(["127.0.0.1"], resolve=site.resolve)


async def test_a_picture_is_fetched_as_itself_and_remembered(site: Site) -> None:
    site.pages["/a.png"] = ok(PNG, "Content-Type: text/html")
    look = fetcher(site)
    found = await look.pictures([site.url("/a.png"), site.url("/a.png")])
    assert list(found) == [site.url("/a.png")]
    assert found[site.url("/a.png")].startswith("data:image/png;base64,")
    assert await look.pictures([site.url("/a.png")]) == found
    (asked,) = site.asked
    assert f"host: pictures.example:{site.port}\r\n" in asked.lower()
    assert not {"cookie", "referer", "authorization"} & {line.split(":")[0].lower() for line in asked.split("\r\n")}


async def test_what_is_no_picture_too_large_or_not_there_is_left_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    site.pages = {
        "/page": ok(b"<html><script>alert(1)</script>", "Content-Type: image/png"),
        "/svg": ok(b"<svg onload=alert(1)>", "Content-Type: image/svg+xml"),
        "/large": ok(PNG + bytes(2000)),
        "/endless": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"400\r\n" + bytes(1024) + b"\r\n") * 10,
        "/packed": ok(PNG, "Content-Encoding: gzip"),
        "/gone": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "/noise": b"\x00\x01\x02",
    }
    assert await fetcher(site).pictures([site.url(path) for path in site.pages]) == {}
    assert len(site.asked) == len(site.pages)


async def test_a_redirect_is_followed_outside_and_never_inside(site: Site) -> None:
    site.pages = {
        "/to-picture": moved("/a.png"),
        "/a.png": ok(PNG),
        "/to-inside": moved("http://inside.example/secret"),
        "/to-file": moved("file:///etc/passwd"),
        "/round": moved("/round"),
    }
    site.names["inside.example"] = [["10.0.0.1"]]
    found = await fetcher(site).pictures([site.url(path) for path in site.pages])
    assert set(found) == {site.url("/to-picture"), site.url("/a.png")}
    assert len([one for one in site.asked if one.startswith("GET /round")]) == fetching.REDIRECTS + 1


async def test_a_name_with_one_address_inside_is_refused(site: Site) -> None:
    site.names["pictures.example"] = [["127.0.0.1", "10.0.0.1"]]
    with pytest.raises(RefusedError):
        await fetcher(site).get(site.url("/a.png"))
    assert site.asked == []


async def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(site: Site) -> None:
    """DNS rebinding: fails when the address is looked up a second time for the connection."""
    site.pages["/a.png"] = ok(PNG)
    site.names["pictures.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    assert await fetcher(site).get(site.url("/a.png")) == PNG
    with pytest.raises(RefusedError):
        await fetcher(site).get(site.url("/a.png"))


async def test_another_port_is_only_for_networks_of_the_operator(site: Site) -> None:
    async def outside(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34"]

    with pytest.raises(RefusedError, match="port"):
        await Fetcher(resolve=outside).get("http://pictures.example:22/")


async def test_who_does_not_answer_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    assert await fetcher(site).pictures([site.url("/silence")]) == {}
    monkeypatch.setattr(fetching, "SECONDS", 60.0)
    monkeypatch.setattr(fetching, "ALL_SECONDS", 0.2)
    assert await fetcher(site).pictures([site.url("/silence")]) == {}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<svg", None),
        (b"%PDF", None),
        (b"", None),
    ],
)
def test_what_a_picture_is_is_seen_from_itself(data: bytes, kind: str | None) -> None:
    assert picture_type(data) == kind
