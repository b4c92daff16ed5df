"""The one port as a whole: headers on every answer, bounds on every body, health, the reference, the console's files."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from structlog.testing import capture_logs

from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire


async def echo(request: Request) -> Response:
    """A channel's route."""
    return PlainTextResponse(f"{request.path_params['token']} {len(await request.body())}")


@pytest.fixture
async def port(small_store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """An application with a built console and a channel's route."""
    await hire(small_store, clock)
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>console")
    (static / "assets" / "app-1234.js").write_text("1")
    (tmp_path / "secret").write_text("secret")
    (static / "link").symlink_to(tmp_path / "secret")
    return build(small_store, clock, static, channels=(("POST", "/hook/{token}", echo),))


async def test_the_console_is_served_under_its_own_policy(port: House) -> None:
    async with port.client() as client:
        for path in ("/console", "/console/", "/console/work/123"):
            page = await client.get(path)
            assert (page.status_code, page.text) == (200, "<!doctype html>console"), path
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
            assert page.headers["cache-control"] == "no-cache"
        asset = await client.get("/console/assets/app-1234.js")
        assert "immutable" in asset.headers["cache-control"]
        assert (await client.get("/console/assets/none.js")).status_code == 404
        home = await client.get("/")
        assert home.headers["location"] == "/console"


async def test_a_script_goes_out_compressed_to_who_takes_it(port: House, tmp_path: Path) -> None:
    script = b"const shop = 'tea';\n" * 500
    assets = tmp_path / "static" / "assets"
    (assets / "big-1.js").write_bytes(script)
    (assets / "big-1.js.gz").write_bytes(gzip.compress(script))
    async with port.client() as client:
        for accepted, encoding in (
            ("br, gzip", "gzip"),
            ("GZIP;q=0.5", "gzip"),
            ("gzip;q=0", None),
            ("br", None),
            ("", None),
        ):
            answer = await client.get("/console/assets/big-1.js", headers={"accept-encoding": accepted})
            assert answer.content == script
            assert answer.headers.get("content-encoding") == encoding, accepted
            assert answer.headers["vary"] == "accept-encoding"
            assert "javascript" in answer.headers["content-type"]
            assert "immutable" in answer.headers["cache-control"]
            assert (int(answer.headers["content-length"]) < len(script)) is (encoding is not None)
        plain = await client.get("/console/assets/app-1234.js", headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path", ["../secret", "..%2fsecret", "assets/../../secret", "link", "%00", "assets", "/etc/passwd", "x" * 5000]
)
async def test_nothing_beside_the_consoles_files_is_served(port: House, path: str) -> None:
    async with port.client() as client:
        answer = await client.get(f"/console/{path}")
    assert "secret" not in answer.text
    assert "root:" not in answer.text


async def test_an_unbuilt_console_says_how_to_build_it(house: House) -> None:
    async with house.client() as client:
        page = await client.get("/console")
    assert page.status_code == 503
    assert "make console" in page.text


async def test_every_answer_keeps_a_browser_from_running_it(port: House) -> None:
    async with port.client() as client:
        for path in ("/healthz", "/api/v1/me", "/nowhere", "/docs", "/console"):
            answer = await client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "strict-transport-security" not in answer.headers


async def test_a_channels_route_keeps_its_own_policy(port: House) -> None:
    async with port.client() as client:
        answer = await client.post("/hook/t", content=b"x" * 2_000_000)
        assert answer.text == "t 2000000"
        assert "content-security-policy" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/hook/t")).status_code == 405


async def stream(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536 + 1):
        yield b" " * 65536


async def test_a_body_is_bounded_announced_or_not(port: House) -> None:
    async with port.client() as client:
        for content in (b" " * 1_100_000, stream(1_100_000)):
            answer = await client.post("/api/v1/session", content=content, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("proof", [{}, {"authorization": "Bearer ctd_wrong"}, {"cookie": "contactd=wrong"}])
async def test_a_strangers_body_is_not_read_where_a_programs_may_be_large(port: House, proof: dict[str, str]) -> None:
    """Bodies are read and parsed before a route asks who sends them."""
    kind = {"content-type": "application/json"}
    async with port.client() as client:
        announced = await client.post("/api/v1/interactions", content=b" " * 1_100_000, headers=proof | kind)
        assert (announced.status_code, announced.json()["code"]) == (401, "unauthorized")
        sent = await client.post("/api/v1/interactions", content=stream(1_100_000), headers=proof | kind)
        assert (sent.status_code, sent.json()["code"]) == (413, "too_large")
    async with await port.with_token("intake") as program:
        known = await program.post("/api/v1/interactions", content=b" " * 1_100_000, headers=kind)
        assert (known.status_code, known.json()["code"]) == (400, "bad_request")


async def test_health_is_alive_and_ready_with_reasons(port: House) -> None:
    async with port.client("192.0.2.1") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        port.unready.append("store: the writer does not answer")
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["store: the writer does not answer"])
        metrics = await client.get("/metrics")
        assert (metrics.text, metrics.headers["content-type"]) == ("up 1\n", "text/plain; version=0.0.4; charset=utf-8")


async def test_the_reference_needs_nothing_from_elsewhere(port: House) -> None:
    async with port.client() as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        page = await client.get("/docs")
        socket = (await client.get("/api/v1/console.schema.json")).json()
    assert document["openapi"].startswith("3.")
    assert all(path in page.text for path in ("/api/v1/interactions", "/api/v1/lookup"))
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "<script" not in page.text
    assert "offer.accept" in socket["commands"]


async def test_who_reads_the_reference_holds_up_nobody(port: House) -> None:
    answered = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path)).status_code == 200
        answered.append(path)

    async with port.client() as client, asyncio.TaskGroup() as group:
        group.create_task(ask(client, "/api/v1/openapi.json"))
        group.create_task(ask(client, "/healthz"))
    assert answered == ["/healthz", "/api/v1/openapi.json"], "it takes a second to make"


async def test_what_is_not_there_is_a_problem_document(port: House) -> None:
    async with port.client() as client:
        for method, path, status in [
            ("GET", "/nowhere", 404),
            ("PUT", "/api/v1/parties", 405),
            ("GET", "/api/v1/", 404),
        ]:
            answer = await client.request(method, path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status


async def test_an_error_nobody_foresaw_says_nothing(port: House) -> None:
    def broken() -> tuple[int, dict[str, str]]:
        message = "secret=hunter2"
        raise RuntimeError(message)

    client = await port.logged_in("ann")
    object.__setattr__(port.app._app.state.parts, "policy", broken)
    with capture_logs() as logged:
        answer = await client.get("/api/v1/policy")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert [(line["event"], line["kind"]) for line in logged if line["log_level"] == "error"] == [
        ("api.failed", "RuntimeError")
    ]
    assert "hunter2" not in answer.text
