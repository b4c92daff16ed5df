"""Log-in over HTTP: cookies, origins, delays, and what a log-in is worth afterwards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contactd.crm_store import audit
from contactd.crm_store.store import Store
from contactd.testing.clock import ManualClock
from tests.api.house import BASE, PASSWORD, House, build, hire


async def test_log_in_sets_a_cookie_no_script_can_read(house: House) -> None:
    async with house.client() as client:
        answer = await client.post("/api/v1/session", json={"username": "ann", "password": PASSWORD})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("contactd=")
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        me = (await client.get("/api/v1/me")).json()
        assert (me["agent"], me["username"], me["role"], me["scopes"]) == ("id-ann", "ann", "agent", None)
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_another_log_in_ends_the_one_before(house: House) -> None:
    async with house.client() as client:
        body = {"username": "ann", "password": PASSWORD}
        await client.post("/api/v1/session", json=body)
        first = client.cookies["contactd"]
        await client.post("/api/v1/session", json=body | {"username": "bob"})
        assert (await client.get("/api/v1/me")).json()["username"] == "bob"
    async with house.client(cookies={"contactd": first}) as client:
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_behind_https_the_cookie_is_for_this_host_and_https_only(
    small_store: Store,
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    await hire(small_store, clock)
    house = build(small_store, clock, tmp_path, public_url="https://desk.example.com")
    async with house.client("192.0.2.9", headers={"origin": "https://desk.example.com"}) as client:
        answer = await client.post("/api/v1/session", json={"username": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-contactd=")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "strict-transport-security" in answer.headers


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(house: House) -> None:
    async with house.client() as client:
        wrong = await client.post("/api/v1/session", json={"username": "ann", "password": "wrong"})
        nobody = await client.post("/api/v1/session", json={"username": "nobody", "password": "wrong"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()
    assert wrong.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"username":"ann"}',
        b'{"username":1,"password":"x"}',
        b'{"username":"a\\u0000","password":"x"}',
    ],
)
async def test_what_is_no_log_in_is_a_bad_request(house: House, body: bytes) -> None:
    async with house.client() as client:
        answer = await client.post("/api/v1/session", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


async def test_many_failures_must_wait(house: House) -> None:
    async with house.client() as client:
        body = {"username": "ann", "password": "wrong"}
        codes = [(await client.post("/api/v1/session", json=body)).status_code for _ in range(6)]
        last = await client.post("/api/v1/session", json=body | {"password": PASSWORD})
        assert codes[:5] == [401] * 5
        assert last.status_code == 429
        house.clock.advance(timedelta(seconds=int(last.headers["retry-after"])))
        assert (await client.post("/api/v1/session", json=body | {"password": PASSWORD})).status_code == 204


@pytest.mark.parametrize(
    ("headers", "host", "expected"),
    [
        ({"origin": BASE}, "127.0.0.1", 204),
        ({"origin": BASE}, "192.0.2.9", 204),
        ({}, "127.0.0.1", 204),
        ({}, "192.0.2.9", 403),
        ({"sec-fetch-site": "cross-site"}, "127.0.0.1", 403),
        ({"origin": "null"}, "127.0.0.1", 403),
        ({"origin": "https://evil.example"}, "127.0.0.1", 403),
    ],
)
async def test_a_cookie_changes_something_only_from_our_own_page(
    house: House,
    headers: dict[str, str],
    host: str,
    expected: int,
) -> None:
    ticket = await house.access.log_in("ann", PASSWORD, ip="127.0.0.1")
    async with house.client(host, cookies={"contactd": ticket.secret}, headers=headers) as client:
        answer = await client.delete("/api/v1/session")
    assert answer.status_code == expected


async def test_a_foreign_page_cannot_log_somebody_in(house: House) -> None:
    async with house.client(headers={"origin": "https://evil.example"}) as client:
        answer = await client.post("/api/v1/session", json={"username": "ann", "password": PASSWORD})
    assert answer.status_code == 403


async def test_a_changed_password_ends_every_session(house: House) -> None:
    mine, other = await house.logged_in("ann"), await house.logged_in("ann")
    house.clock.advance(timedelta(seconds=1))
    wrong = await mine.post("/api/v1/me/password", json={"old": "no", "new": "battery staple"})
    short = await mine.post("/api/v1/me/password", json={"old": PASSWORD, "new": "short"})
    right = await mine.post("/api/v1/me/password", json={"old": PASSWORD, "new": "battery staple"})
    assert (wrong.status_code, short.status_code, right.status_code) == (401, 400, 204)
    assert (await mine.get("/api/v1/me")).status_code == 401
    assert (await other.get("/api/v1/me")).status_code == 401


async def test_an_administrator_makes_and_ends_tokens(house: House) -> None:
    admin = await house.logged_in("adam")
    made = await admin.post("/api/v1/tokens", json={"name": "forms", "scopes": ["intake"]})
    assert made.status_code == 201
    bearer = {"authorization": f"Bearer {made.json()['token']}"}
    async with house.client("192.0.2.9", headers=bearer) as client:
        assert (await client.get("/api/v1/me")).json()["scopes"] == ["intake"]
        assert (await client.get("/api/v1/parties")).status_code == 403
        assert (await admin.delete("/api/v1/tokens/forms")).status_code == 204
        house.clock.advance(timedelta(seconds=4))
        assert (await client.get("/api/v1/me")).status_code == 401
    assert (await admin.delete("/api/v1/tokens/forms")).status_code == 404
    told = [one for one in await house.store.read(audit.listed) if one["object_kind"] == "token"]
    assert sorted((one["actor"], one["action"]) for one in told) == [("id-adam", "token.add"), ("id-adam", "token.end")]


async def test_a_log_out_lets_the_browser_forget(house: House) -> None:
    client = await house.logged_in("ann")
    for _ in range(2):
        answer = await client.delete("/api/v1/session", headers={"origin": BASE})
        assert (answer.status_code, answer.headers["clear-site-data"]) == (204, '"cache"')


@pytest.mark.parametrize(
    "header",
    [
        "x-remote-user",
        "remote-user",
        "x-forwarded-user",
        "x-auth-request-user",
        "x-authenticated-user",
        "x-webauth-user",
    ],
)
async def test_no_header_of_a_proxy_says_who_somebody_is(house: House, header: str) -> None:
    async with house.client() as client:
        for value in ("ann", "id-ann", "adam"):
            assert (await client.get("/api/v1/me", headers={header: value})).status_code == 401
