"""Announcements over REST on a real store: brought, checked, heard at their time, switched per line, missed by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from contactd.clock import rfc3339
from contactd.core.prompt import Use
from contactd.crm_store import blob_rows, schema
from contactd.testing.pbx.tapes import tone
from tests.api.house import House


async def bring(client: httpx.AsyncClient, data: bytes, **more: str) -> httpx.Response:
    fields = {"name": "welcome", "language": "zh", **more}
    return await client.post("/api/v1/prompts", files={"file": ("w.wav", data, "audio/wav")}, data=fields)


async def library(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/v1/prompts")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def heard(house: House, language: str = "zh", name: str = "welcome", line: str = "support") -> str | None:
    book, now = house.prompts.book(), house.clock.now()
    take = book.pick(book.heard(name, line, now), language, now)
    return take.id if take else None


async def test_an_announcement_is_brought_heard_and_retired_on_record(both: House) -> None:
    sue = await both.logged_in("sue")
    made = await bring(sue, tone(1, 400), words="欢迎致电")
    assert made.status_code == 201, made.text
    take = made.json()
    assert (take["name"], take["language"], take["words"], take["seconds"]) == ("welcome", "zh", "欢迎致电", 1.0)
    assert heard(both) == heard(both, "zh-HK") == take["id"]
    assert heard(both, "en") is None
    sound = await sue.get(f"/api/v1/prompts/{take['id']}/sound")
    assert sound.headers["content-type"] == "audio/wav"
    assert sound.content[:4] == b"RIFF"
    assert (await sue.delete(f"/api/v1/prompts/{take['id']}")).status_code == 204
    assert heard(both) is None
    assert (await sue.get(f"/api/v1/prompts/{take['id']}/sound")).status_code == 404
    assert (await library(sue))["items"] == []
    acts = await both.store.read(lambda conn: conn.execute(select(schema.audit_log.c.action)).scalars().all())
    assert [act for act in acts if act.startswith("prompt.")] == ["prompt.add", "prompt.retire"]


async def test_a_take_is_heard_in_its_time_only(both: House) -> None:
    sue, now = await both.logged_in("sue"), both.clock.now()
    first = (await bring(sue, tone(1, 400))).json()["id"]
    begin, end = rfc3339(now + timedelta(days=1)), rfc3339(now + timedelta(days=3))
    holiday = (await bring(sue, tone(1, 500), valid_from=begin, valid_until=end)).json()["id"]
    found = []
    for _ in range(4):
        found.append(heard(both))
        both.clock.advance(timedelta(days=1))
    assert found == [first, holiday, holiday, first]
    late = await bring(await both.logged_in("sue"), tone(1, 400), valid_until=rfc3339(now))
    assert (late.status_code, late.json()["code"]) == (400, "past")


@pytest.mark.parametrize(
    ("data", "fields", "code"),
    [
        (b"no sound at all", {}, "no_wav"),
        (tone(1, 400)[:30], {}, "no_wav"),
        (tone(1, 400), {"name": "../x"}, "bad_name"),
        (tone(1, 400), {"language": "Deutsch"}, "bad_name"),
    ],
)
async def test_what_cannot_be_played_is_refused_by_name(
    both: House, data: bytes, fields: dict[str, str], code: str
) -> None:
    answer = await bring(await both.logged_in("sue"), data, **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert both.prompts.book().prompts == {}


async def test_a_line_hears_another_one_until_its_time_or_until_it_is_switched_back(both: House) -> None:
    sue = await both.logged_in("sue")
    welcome = (await bring(sue, tone(1, 400))).json()["id"]
    outage = (await bring(sue, tone(1, 500), name="outage")).json()["id"]
    other = {"line": "support", "name": "welcome", "reason": "storm"}
    until = rfc3339(both.clock.now() + timedelta(hours=2))
    assert (
        await sue.post("/api/v1/prompt-switches", json={**other, "plays": "outage", "until": until})
    ).status_code == 200
    assert heard(both) == outage
    assert heard(both, line="sales") == welcome
    (shown,) = (await library(sue))["switches"]
    assert (shown["plays"], shown["reason"], shown["by"]) == ("outage", "storm", "id-sue")
    both.clock.advance(timedelta(hours=3))
    assert heard(both) == welcome
    assert (await sue.post("/api/v1/prompt-switches", json={**other, "plays": ""})).status_code == 200
    assert heard(both) is None
    assert (await sue.post("/api/v1/prompt-switches", json={**other, "plays": None})).status_code == 200
    assert heard(both) == welcome
    for wrong, code in (({"plays": "nobody"}, "unknown_prompt"), ({"plays": "outage", "line": "x"}, "unknown_line")):
        answer = await sue.post("/api/v1/prompt-switches", json={**other, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_what_is_named_and_missing_in_a_language_is_said(both: House) -> None:
    sue = await both.logged_in("sue")
    both.prompts.uses.append(lambda: [Use(where="menus.main", name="welcome", languages=("zh", "en"))])
    assert {(one["where"], one["language"]) for one in (await library(sue))["missing"]} == {
        ("menus.main", "zh"),
        ("menus.main", "en"),
    }
    await bring(sue, tone(1, 400))
    assert [one["language"] for one in (await library(sue))["missing"]] == ["en"]
    assert (await library(sue))["named"] == ["welcome"]


async def test_its_sound_is_named_as_long_as_it_is_heard(both: House) -> None:
    sue = await both.logged_in("sue")
    take = (await bring(sue, tone(1, 400))).json()["id"]
    place = next(n for n, (key, _) in enumerate(blob_rows.NAMING) if key.table is schema.prompt)
    named, _ = await both.store.read(lambda conn: blob_rows.named(conn, place, ""))
    assert len(named) == 1
    await sue.delete(f"/api/v1/prompts/{take}")
    assert await both.store.read(lambda conn: blob_rows.named(conn, place, "")) == (set(), None)
