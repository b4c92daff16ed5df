"""Months that are sealed: what was reported stays, what differs by now is told, and nothing changes it unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contactd.crm_store import audit, schema
from contactd.crm_store.statements import insert
from tests.api.house import House
from tests.api.test_reads import town_of
from tests.crm_store.town import Town

SHANGHAI = {"since": "2026-09-30T16:00:00Z", "until": "2026-10-31T16:00:00Z", "zone": "Asia/Shanghai"}
OCTOBER = {"month": "2026-10", "zone": "Asia/Shanghai"}


async def call(town: Town, at: datetime, **values: Any) -> None:
    """A call that came into the line at a moment and was answered at once."""
    contact = await town.interaction(channel="voice", line="support")
    row = {
        "interaction_id": contact,
        "n": 1,
        "line": "support",
        "reason": "arrival",
        "entered_at": at,
        "answered_at": at,
    }
    await town.store.write(lambda conn: conn.execute(insert(schema.interaction_segment).values(**row, **values)))


@pytest.fixture
async def town(both: House) -> Town:
    return town_of(both)


@pytest.fixture
async def november(both: House, town: Town) -> House:
    """A house in November, with calls at both edges of October in Shanghai and one beyond each."""
    for month, day, hour, agent in (
        (9, 30, 15, "id-ann"),
        (9, 30, 16, "id-ann"),
        (10, 31, 15, "id-bob"),
        (10, 31, 16, "id-ann"),
    ):
        await call(town, datetime(2026, month, day, hour, tzinfo=UTC), agent=agent)
    return both


async def test_a_sealed_month_says_what_it_said_and_tells_what_differs(november: House, town: Town) -> None:
    boss = await november.logged_in("sue")
    made = await boss.post("/api/v1/reports/seals", json=OCTOBER)
    assert (made.status_code, made.json()["total"]["answered"], made.json()["whole"]) == (201, 2, True)
    await call(town, datetime(2026, 10, 12, tzinfo=UTC), agent="id-bob")
    by_agent = (await boss.get("/api/v1/reports/stays", params={"by": "agent"} | SHANGHAI)).json()
    assert [(one["key"], one["answered"]) for one in by_agent["items"]] == [("id-ann", 1), ("id-bob", 1)]
    assert (by_agent["total"]["answered"], by_agent["sealed"]["by"]) == (2, "id-sue")
    compared = (await boss.get("/api/v1/reports/seals/2026-10", params={"zone": "Asia/Shanghai"})).json()
    told = {(one["by"], one["key"], one["figure"]): (one["sealed"], one["now"]) for one in compared["differences"]}
    assert told["total", None, "answered"] == (2, 3)
    assert told["agent", "id-bob", "answered"] == (1, 2)
    assert told["day", "2026-10-12", "answered"] == (None, 1)
    assert ("agent", "id-ann", "answered") not in told
    assert compared["differ"] == len(compared["differences"])
    # Anything that is not the whole of that month is counted as ever.
    for other in ({"line": "support"}, {"zone": "UTC"}, {"until": "2026-10-31T15:59:00Z"}):
        found = await boss.get("/api/v1/reports/stays", params={"by": "line"} | SHANGHAI | other)
        assert "sealed" not in found.json()


async def test_a_month_is_sealed_once_when_it_is_over_and_that_is_on_record(november: House) -> None:
    boss, ann = await november.logged_in("sue"), await november.logged_in("ann")
    for wanted, status, code in (
        ({"month": "2026-11", "zone": "UTC"}, 409, "month_goes_on"),
        ({"month": "2026-13"}, 400, "bad_request"),
        ({"month": "2026-10", "zone": "Mars/Base"}, 400, "bad_request"),
        (OCTOBER, 201, None),
        (OCTOBER, 409, "sealed"),
        ({"month": "2026-10", "zone": "UTC"}, 201, None),
    ):
        sent = await boss.post("/api/v1/reports/seals", json=wanted)
        assert (sent.status_code, sent.json().get("code")) == (status, code), wanted
    assert (await ann.post("/api/v1/reports/seals", json={"month": "2026-09"})).status_code == 403
    listed = (await boss.get("/api/v1/reports/seals")).json()["items"]
    assert [(one["month"], one["zone"]) for one in listed] == [("2026-10", "Asia/Shanghai"), ("2026-10", "UTC")]
    noted = [one for one in await november.store.read(audit.listed) if one["action"] == "report.seal"]
    assert {one["detail"]["digest"] for one in noted} == {one["digest"] for one in listed}
    assert (await boss.get("/api/v1/reports/seals/2026-09")).status_code == 404


async def test_what_was_changed_under_a_seal_is_seen(november: House) -> None:
    boss = await november.logged_in("sue")
    await boss.post("/api/v1/reports/seals", json=OCTOBER)
    forged = schema.report_seal.update().values(figures={"total": {"answered": 99}, "line": []})
    await november.store.write(lambda conn: conn.connection.execute(forged))
    (one,) = (await boss.get("/api/v1/reports/seals")).json()["items"]
    assert one["whole"] is False
