"""Files put into a folder are brought in once, whole, and put away; what is wrong with them is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from contactd.core.errors import BadRequestError, ConflictError, StoreDownError
from contactd.crm_store import connector_rows, import_jobs, import_rows
from contactd.crm_store.store import Store
from contactd.desk.connect import connecting, folder
from contactd.desk.exchange import importing
from contactd.testing.clock import ManualClock
from tests.desk.connect.shop import Side

HEAD = "客户编号,姓名,手机\n"


@pytest.fixture
def side(store: Store, clock: ManualClock, tmp_path: Path) -> Side:
    return Side(store, clock, tmp_path)


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    found = tmp_path / "drop"
    found.mkdir()
    return found


def options(drop: Path, **more: Any) -> dict[str, Any]:
    return {"kind": "folder", "path": drop, "pattern": "*.csv", **more}


def put(drop: Path, side: Side, name: str, text: str, age_s: float = 60) -> Path:
    """Put a file there as if it had been written some time ago."""
    path = drop / name
    path.write_text(text, encoding="utf-8")
    at = side.clock.now().timestamp() - age_s
    os.utime(path, (at, at))
    return path


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_whole_files_are_taken_over_and_put_away_the_others_left_alone(side: Side, drop: Path) -> None:
    put(drop, side, "b.csv", HEAD + "K2,李四,13900139000\n", age_s=50)
    put(drop, side, "a.csv", HEAD + "K1,张三,13800138000\n")
    fresh = put(drop, side, "fresh.csv", HEAD + "K3,王五,13700137000\n", age_s=1)
    put(drop, side, "half.csv.part", HEAD + "K4")
    put(drop, side, "notes.txt", "x")
    tending = side.tending(shop=options(drop))
    done = await tending.connecting.pull("shop", "test")
    assert [(one["source"], one["state"], one["counts"]) for one in done] == [
        ("a.csv", "done", {"created": 1}),
        ("b.csv", "done", {"created": 1}),
    ]
    assert await side.names() == ["张三", "李四"]
    assert inside(drop) == ["done", "fresh.csv", "half.csv.part", "notes.txt"]
    assert inside(drop / "done") == ["a.csv", "b.csv"]
    # The same name, and the same bytes, another day: taken over again, and nothing lost of the first.
    fresh.unlink()
    put(drop, side, "a.csv", HEAD + "K1,张三,13800138000\n", age_s=30)
    (again,) = await tending.connecting.pull("shop", "test")
    assert again["counts"] == {"unchanged": 1}
    assert inside(drop / "done") == ["a-2.csv", "a.csv", "b.csv"]


async def test_a_file_nobody_can_read_is_put_aside_with_its_reason_and_the_next_one_comes_in(
    side: Side, drop: Path
) -> None:
    put(drop, side, "1.csv", "what,ever\nx,y\n")
    put(drop, side, "2.csv", HEAD + "K2,李四,13900139000\n", age_s=50)
    tending = side.tending(shop=options(drop))
    bad, good = await tending.connecting.pull("shop", "test")
    assert (bad["state"], bad["error"].partition(":")[0], good["state"]) == ("failed", "no_mapping", "done")
    assert "no_mapping" in (drop / "failed" / f"1.csv{folder.REASON}").read_text()
    (one,) = await tending.listed()
    # The list of what people have imported is theirs.
    assert await side.store.read(import_jobs.listed) == []
    assert one["error"].startswith("no_mapping")
    assert one["ok_at"] is not None


async def test_a_run_cut_off_between_two_units_is_gone_on_with_at_the_next_row(
    side: Side, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without any key would be doubled if a single one were taken over twice."""
    rows = "".join(f",无名 {n:02},{'' if n % 9 else '12'}\n" for n in range(90))
    put(drop, side, "a.csv", HEAD + rows)
    real = import_rows.take_over
    calls = []

    def breaks(conn: Any, records: Any, errand: Any) -> Any:
        calls.append(len(records))
        if len(calls) == 2:
            raise SystemError
        return real(conn, records, errand)

    monkeypatch.setattr(importing.import_rows, "take_over", breaks)
    with pytest.raises(SystemError):
        await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    some = len(await side.names())
    assert 0 < some < 80
    monkeypatch.setattr(importing.import_rows, "take_over", real)
    tending = side.tending(shop=options(drop))
    assert await tending.connecting.pull("shop", "test") == []
    assert len(await side.names()) == 80
    assert len(await side.left_out("shop")) == 10
    (run,) = await side.runs("shop")
    assert (run["state"], run["counts"]) == ("done", {"created": 80, "error": 10})
    assert inside(drop / "done") == ["a.csv"]


async def test_a_file_that_breaks_twice_makes_way_for_the_next(
    side: Side, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(drop, side, "1.csv", HEAD + ",无名,\n")
    put(drop, side, "2.csv", HEAD + "K2,李四,13900139000\n", age_s=50)
    tending = side.tending(shop=options(drop))
    real = import_rows.take_over

    def breaks(conn: Any, records: Any, errand: Any) -> Any:
        if len(records) == 1 and records[0].fields["display_name"] == "无名":
            raise SystemError
        return real(conn, records, errand)

    monkeypatch.setattr(importing.import_rows, "take_over", breaks)
    with pytest.raises(SystemError):
        await tending.connecting.pull("shop", "test")
    (good,) = await tending.connecting.pull("shop", "test")
    assert (good["source"], good["state"]) == ("2.csv", "done")
    assert "SystemError" in (drop / "failed" / f"1.csv{folder.REASON}").read_text()
    assert inside(drop / "done") == ["2.csv"]


async def test_a_file_taken_over_but_not_moved_any_more_is_only_moved(
    side: Side, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(drop, side, "a.csv", HEAD + ",无名,\n")
    with monkeypatch.context() as patched:
        patched.setattr(connecting.folder, "put_away", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    assert await side.tending(shop=options(drop)).connecting.pull("shop", "test") == []
    assert await side.names() == ["无名"]
    assert inside(drop / "done") == ["a.csv"]


async def test_a_row_left_out_waits_with_its_cells_until_it_fits_or_is_left(side: Side, drop: Path) -> None:
    put(drop, side, "a.csv", HEAD + "K1,张三,12\nK2,李四,12\nK3,王五,13700137000\n")
    tending = side.tending(shop=options(drop))
    await tending.connecting.pull("shop", "test")
    first, second = await side.left_out("shop")
    assert (first["row"], first["reasons"]) == (
        {"客户编号": "K1", "姓名": "张三", "手机": "12"},
        ["手机: no_number: 12"],
    )
    # Nothing has changed: it stays, and the try is counted.
    again = await tending.connecting.retry("shop", [first["id"]], "ann")
    assert again["counts"] == {"error": 1}
    assert [one["tries"] for one in await side.left_out("shop")] == [1, 0]
    # The mapping leaves the column out now.
    repaired = side.tending(shop=options(drop, mapping={"手机": "-"}))
    assert (await repaired.connecting.retry("shop", [first["id"]], "ann"))["counts"] == {"created": 1}
    await repaired.connecting.leave("shop", second["id"], "ann")
    assert await side.left_out("shop") == []
    assert await side.names() == ["张三", "王五"]
    assert await repaired.connecting.retry("shop", [], "ann") == {}


async def test_a_file_of_nothing_but_faults_is_stopped_and_more_wait_until_somebody_has_looked(
    side: Side, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contactd.desk.connect.left_out.MOST", 20)
    monkeypatch.setattr("contactd.desk.connect.connecting.MOST", 15)
    put(drop, side, "a.csv", HEAD + "".join(f"K{n},名 {n},12\n" for n in range(60)))
    tending = side.tending(shop=options(drop))
    (run,) = await tending.connecting.pull("shop", "test")
    assert run["error"].startswith("too_many_left_out")
    waiting = len(await side.left_out("shop"))
    assert waiting <= 20
    for one in await side.left_out("shop"):
        await tending.connecting.leave("shop", one["id"], "ann")
    assert await side.left_out("shop") == []


async def test_two_hands_are_never_at_one_connector_and_a_lease_ends(side: Side, drop: Path) -> None:
    tending = side.tending(shop=options(drop))
    now = side.clock.now()
    assert await side.store.write(lambda conn: connector_rows.claim(conn, "shop", now, connecting.LEASE))
    with pytest.raises(ConflictError) as caught:
        await tending.connecting.pull("shop", "test")
    assert caught.value.code == "at_work"
    side.clock.advance(connecting.LEASE.total_seconds() + 1)
    assert await tending.connecting.pull("shop", "test") == []


async def test_a_folder_that_is_not_there_is_said_and_asked_for_later_and_later(side: Side, tmp_path: Path) -> None:
    tending = side.tending(shop=options(tmp_path / "nowhere"))
    pauses = []
    for _ in range(3):
        with pytest.raises(BadRequestError) as caught:
            await tending.connecting.pull("shop", "test")
        assert caught.value.code == "no_folder"
        pauses.append(((await side.state("shop")).next_at - side.clock.now()).total_seconds())
    assert pauses == [60, 120, 240]
    (one,) = await tending.listed()
    assert (one["failures"], one["error"].partition(":")[0]) == (3, "no_folder")


async def test_links_out_of_the_folder_are_not_followed(side: Side, drop: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text(HEAD + "K1,张三,13800138000\n", encoding="utf-8")
    (drop / "link.csv").symlink_to(outside)
    assert await side.tending(shop=options(drop, settled_seconds=0)).connecting.pull("shop", "test") == []
    assert outside.exists()


async def test_nothing_is_put_away_or_written_through_a_link(side: Side, drop: Path, tmp_path: Path) -> None:
    own, outside = tmp_path / "own.txt", tmp_path / "outside"
    own.write_text("mine", encoding="utf-8")
    outside.mkdir()
    put(drop, side, "a.csv", "what\never\n")
    (drop / "failed").mkdir()
    (drop / "failed" / f"a.csv{folder.REASON}").symlink_to(own)
    (done,) = await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    assert done["state"] == "failed"
    assert own.read_text(encoding="utf-8") == "mine"
    assert "no_mapping" in (drop / "failed" / f"a.csv{folder.REASON}").read_text(encoding="utf-8")
    put(drop, side, "b.csv", HEAD + "K1,张三,13800138000\n")
    (drop / "done").symlink_to(outside)
    with pytest.raises(BadRequestError) as caught:
        await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    assert caught.value.code == "read_only"
    assert (inside(outside), await side.names()) == ([], [])


async def test_a_link_in_the_place_of_a_file_that_was_cut_off_is_not_followed(
    side: Side, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(drop, side, "a.csv", HEAD + "K1,张三,13800138000\n")

    async def cut(*_: Any) -> None:
        message = "cut off"
        raise StoreDownError(message)

    with monkeypatch.context() as patched:
        patched.setattr(connecting.Connecting, "_carry_out", cut)
        with pytest.raises(StoreDownError):
            await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    outside = tmp_path / "secret.csv"
    outside.write_text(HEAD + "K2,李四,13900139000\n", encoding="utf-8")
    file.unlink()
    file.symlink_to(outside)
    await side.tending(shop=options(drop)).connecting.pull("shop", "test")
    assert await side.names() == []
    assert [run["error"].partition(":")[0] for run in await side.runs("shop")] == ["cut_off"]
