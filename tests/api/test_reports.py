"""Reports over REST: figures for supervisors, as JSON and as files that Excel reads; who looked behind a number is on record."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl

from contactd.clock import rfc3339
from contactd.crm_store import audit, schema
from contactd.crm_store.statements import insert
from tests.api.house import House
from tests.api.test_reads import town_of

YEARS = "since=2026-01-01T00:00:00Z&until=2026-12-31T00:00:00Z"


async def answered_call(house: House) -> str:
    """A call of today that ann answered within ten seconds."""
    contact = await town_of(house).interaction(channel="voice", line="support")
    now = house.clock.now()
    row: dict[str, Any] = {"interaction_id": contact, "n": 1, "line": "support", "reason": "arrival", "agent": "id-ann"}
    moments = {"entered_at": now - timedelta(seconds=60), "answered_at": now - timedelta(seconds=50)}
    stay = insert(schema.interaction_segment).values(**row, **moments, talk_ms=30_000)
    await house.store.write(lambda conn: conn.execute(stay))
    return contact


def span(house: House) -> dict[str, str]:
    now = house.clock.now()
    return {"since": rfc3339(now - timedelta(hours=1)), "until": rfc3339(now)}


async def test_figures_are_shown_and_looking_behind_them_is_noted(both: House) -> None:
    boss, contact = await both.logged_in("sue"), await answered_call(both)
    found = (await boss.get("/api/v1/reports/stays", params=span(both) | {"by": "line"})).json()
    assert [(one["key"], one["offered"], one["answered"], one["asa_s"]) for one in found["items"]] == [
        ("support", 1, 1, 10.0)
    ]
    assert found["total"]["service_level"] == 1.0
    (ann,) = (await boss.get("/api/v1/reports/agents", params=span(both))).json()["items"]
    assert (ann["key"], ann["answered"], ann["talk_s"], bool(ann["name"])) == ("id-ann", 1, 30.0, True)
    behind = (await boss.get("/api/v1/reports/behind", params=span(both) | {"number": "answered"})).json()
    assert [one["interaction"] for one in behind["items"]] == [contact]
    await both.reads.flush()
    seen = [one for one in await both.store.read(audit.listed) if one["action"] == "report.read"]
    assert [one["detail"]["ids"] for one in seen] == [[contact]]


async def test_a_report_is_taken_out_as_a_file(both: House) -> None:
    boss = await both.logged_in("sue")
    await answered_call(both)
    csv_file = await boss.get("/api/v1/reports/stays", params=span(both) | {"by": "channel", "form": "csv"})
    assert csv_file.content.startswith(b"\xef\xbb\xbf")
    assert csv_file.headers["content-disposition"].endswith('.csv"')
    (row,) = csv.DictReader(io.StringIO(csv_file.content.decode("utf-8-sig")))
    assert "voice" in row.values()
    assert "10.0" in row.values()
    xlsx_file = await boss.get("/api/v1/reports/agents", params=span(both) | {"form": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_file.content)).worksheets[0]
    assert (sheet.max_row, sheet.cell(2, 2).value) == (2, 1)


async def test_what_cannot_be_shown_is_refused_by_name(both: House) -> None:
    boss = await both.logged_in("sue")
    for query, field in (
        ("by=weather", "by"),
        ("zone=Mars/Phobos", "zone"),
        ("by=hour&since=2020-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
    ):
        refused = await boss.get(f"/api/v1/reports/stays?{query}")
        assert (refused.status_code, refused.json()["field"]) == (400, field), query
    assert (await boss.get(f"/api/v1/reports/behind?number=weather&{YEARS}")).json()["field"] == "number"
    assert (await boss.get("/api/v1/reports/stays?form=pdf")).status_code in {400, 422}
    assert (await (await both.logged_in("ann")).get("/api/v1/reports/stays")).status_code == 403
