"""Facts and dimensions for reports: all of them once, then what changed, and nothing personal of customers in any."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from contactd.core.address import phone_point
from contactd.core.errors import BadRequestError
from contactd.crm_store import audit, change_rows, schema, star_views
from contactd.crm_store.store import Store
from contactd.desk.exchange import star
from contactd.desk.exchange.star import Star
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town


@pytest.fixture
async def town(store: Store) -> Town:
    """A town whose customer, contact and case hold what must not leave."""
    town = Town(store)
    point = phone_point("13800138000")
    assert point is not None
    party = await town.party("张三", point, custom={"secret": "Geheimnis"})
    contact = await town.interaction(party, "Geheimnis")
    values = {"id": "case", "no": "C-1", "subject": "Geheimnis", "body": "Geheimnis", "party_id": party}
    times = {"created_at": town.at, "updated_at": town.at}
    segment = {"interaction_id": contact, "n": 1, "reason": "arrived", "entered_at": town.at, "line": "support"}
    await town.unit(
        lambda conn: conn.execute(schema.case_.insert().values(**values, **times)),
        lambda conn: conn.execute(schema.interaction_segment.insert().values(**segment)),
    )
    return town


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of the latest file of a view."""
    latest = max(folder.glob(f"{name}-*"))
    with latest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if latest.suffix == ".csv" else [json.loads(line) for line in file]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_everything_comes_once_and_nothing_personal_with_it(
    town: Town, clock: ManualClock, tmp_path: Path, form: str
) -> None:
    counts = await Star(town.store, clock, "ann").run(tmp_path / "out", form)
    assert counts == {
        **dict.fromkeys(star_views.VIEWS, 0),
        **dict.fromkeys(("bi_party", "bi_contact", "bi_segment", "bi_case"), 1),
    }
    contact, segment, case = (read(tmp_path / "out", name)[0] for name in ("bi_contact", "bi_segment", "bi_case"))
    assert segment["contact_id"] == contact["id"]
    assert contact["party_id"] == case["party_id"] == read(tmp_path / "out", "bi_party")[0]["customer_id"]
    written = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "out").iterdir())
    assert not [word for word in ("张三", "13800138000", "Geheimnis") if word in written]
    acts = [one["action"] for one in await town.store.read(audit.listed)]
    assert acts.count("star.export") == 1


async def test_pages_leave_no_row_out_and_bring_none_twice(town: Town) -> None:
    contacts = [await town.interaction() for _ in range(3)]
    rows = [
        {"interaction_id": one, "n": n, "reason": "arrived", "entered_at": town.at, "line": "support"}
        for one in contacts
        for n in range(1, 12)
    ]
    await town.unit(lambda conn: conn.execute(schema.interaction_segment.insert(), rows))
    seen: list[str] = []
    while page := await town.store.read(
        partial(star_views.after, name="bi_segment", ident=(seen or [""])[-1], limit=4)
    ):
        seen += [row["id"] for row in page]
    assert len(seen) == len(set(seen)) == 1 + 33
    assert {f"{one}/{n}" for one in contacts for n in range(1, 12)} <= set(seen)


async def test_afterwards_only_what_changed_comes(town: Town, clock: ManualClock, tmp_path: Path) -> None:
    exporting = Star(town.store, clock, "ann")
    await exporting.run(tmp_path)
    assert sum((await exporting.run(tmp_path)).values()) == 0
    quiet, changed = await town.party("李四"), await town.party("王五")
    merged = await town.party("王老五")
    await town.merge(merged, changed)
    await town.store.write(lambda conn: change_rows.parties(conn, [changed], clock.now()))
    counts = await exporting.run(tmp_path)
    assert counts["bi_party"] == 2
    assert {row["id"]: row["customer_id"] for row in read(tmp_path, "bi_party")} == {changed: changed, merged: changed}
    assert counts["bi_contact"] == 0
    assert quiet not in {row["id"] for row in read(tmp_path, "bi_party")}


async def test_a_run_that_was_cut_short_is_made_up_for(
    town: Town, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_given: Any) -> None:
        raise OSError

    exporting = Star(town.store, clock, "ann")
    with monkeypatch.context() as broken:
        broken.setattr(star, "_put", breaks)
        with pytest.raises(OSError):  # noqa: PT011 - a disk's own words differ
            await exporting.run(tmp_path)
    assert (await exporting.run(tmp_path))["bi_contact"] == 1


async def test_changes_that_are_kept_no_longer_lead_to_everything_anew(
    town: Town, clock: ManualClock, tmp_path: Path
) -> None:
    exporting = Star(town.store, clock, "ann")
    await exporting.run(tmp_path)
    at = clock.now()
    await town.store.write(lambda conn: [change_rows.parties(conn, ["party-0001"], at) for _ in range(3)] and None)
    await town.store.write(lambda conn: conn.execute(schema.change.delete().where(schema.change.c.seq < 3)) and None)
    assert (await exporting.run(tmp_path))["bi_contact"] == 1


@pytest.mark.parametrize("cursor", ["", "[]", '{"change": "x"}'])
async def test_a_cursor_that_is_none_is_named(town: Town, clock: ManualClock, tmp_path: Path, cursor: str) -> None:
    (tmp_path / "cursor.json").write_text(cursor, encoding="utf-8")
    with pytest.raises(BadRequestError) as caught:
        await Star(town.store, clock, "ann").run(tmp_path)
    assert caught.value.code == "bad_cursor"


async def test_a_name_from_outside_is_no_formula(town: Town, clock: ManualClock, tmp_path: Path) -> None:
    await town.unit(lambda conn: conn.execute(text("UPDATE interaction SET line_text='=1+1'")))
    await Star(town.store, clock, "ann").run(tmp_path)
    assert read(tmp_path, "bi_contact")[0]["line_text"] == "'=1+1"


async def test_the_views_are_those_that_are_told_of(store: Store) -> None:
    def columns(conn: Any) -> dict[str, tuple[str, ...]]:
        there = inspect(conn)
        return {name: tuple(one["name"] for one in there.get_columns(name)) for name in there.get_view_names()}

    assert await store.read(columns) == {name: view.columns for name, view in star_views.VIEWS.items()}
