"""Pages of a REST interface come in once each, only what changed, from where it may be asked, with its secret sent nowhere else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.errors import BadRequestError, ConflictError, StoreDownError
from contactd.crm_store import connector_rows
from contactd.crm_store.store import Store
from contactd.desk.connect import rest as pages
from contactd.desk.connect.table import flattened
from contactd.testing.clock import ManualClock
from tests.desk.connect.shop import Shop, Side, rest

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def side(store: Store, clock: ManualClock, tmp_path: Path) -> Side:
    return Side(store, clock, tmp_path)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with Shop().open() as opened:
        yield opened


def person(number: int, changed: str = "2026-01-05T08:00:00Z", **more: Any) -> dict[str, Any]:
    about = {"id": f"K{number}", "name": f"客户 {number}", "phone": f"1380013{number:04}", "changed": changed}
    return about | {"group": {"name": "x"}, **more}


MAPPING = {"id": "external_id", "changed": "-", "group.name": "tags"}


async def test_pages_are_read_to_the_end_and_the_next_look_asks_for_what_changed(side: Side, shop: Shop) -> None:
    shop.rows = [person(n, f"2026-01-05T08:0{n}:00Z") for n in range(5)]
    tending = side.tending(shop=rest(shop, mapping=MAPPING, overlap_seconds=60))
    (run,) = await tending.connecting.pull("shop", "test")
    assert run["counts"] == {"created": 5}
    assert [query for query, _ in shop.asked] == [{}, {"cursor": "2"}, {"cursor": "4"}]
    assert all(headers["authorization"] == "Bearer s3cret" for _, headers in shop.asked)
    shop.asked.clear()
    shop.rows += [person(7, "2026-01-05T09:00:00Z")]
    (run,) = await tending.connecting.pull("shop", "test")
    # The overlap asks for the newest ones again, which changes nothing.
    assert run["counts"] == {"unchanged": 2, "created": 1}
    assert shop.asked[0][0] == {"since": "2026-01-05T08:03:00Z"}
    assert len(await side.names()) == 6
    spool = side.folder / "spool"
    assert list(spool.iterdir()) == []


async def test_what_is_as_it_was_is_not_sent_again(side: Side, shop: Shop) -> None:
    shop.rows = [person(n) for n in range(3)]
    tending = side.tending(shop=rest(shop, mapping=MAPPING, since_parameter="", since_field=""))
    await tending.connecting.pull("shop", "test")
    shop.asked.clear()
    assert await tending.connecting.pull("shop", "test") == []
    assert [headers.get("if-none-match") for _, headers in shop.asked] == ['"3"']
    shop.rows.append(person(8))
    (run,) = await tending.connecting.pull("shop", "test")
    assert run["counts"] == {"created": 1, "unchanged": 3}


async def test_a_look_cut_off_in_the_middle_goes_on_at_its_page(
    side: Side, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CHUNK", 2)
    shop.rows = [person(n) for n in range(6)]
    whole = shop._pages

    def away(query: dict[str, str]) -> tuple[int, bytes]:
        return (503, b"") if query.get("cursor") == "4" else whole(query)

    shop.say = away
    tending = side.tending(shop=rest(shop, mapping=MAPPING))
    with pytest.raises(BadRequestError) as caught:
        await tending.connecting.pull("shop", "test")
    assert caught.value.code == "away"
    assert len(await side.names()) == 4
    state = await side.state("shop")
    assert (state.failures, state.ok_at) == (1, None)
    shop.say, shop.asked = None, []
    (run,) = await tending.connecting.pull("shop", "test")
    assert (run["counts"], [query for query, _ in shop.asked]) == ({"created": 2}, [{"cursor": "4"}])
    assert (await side.state("shop")).failures == 0


async def test_a_page_that_is_gone_begins_the_look_anew(
    side: Side, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CHUNK", 2)
    shop.rows = [person(n) for n in range(6)]
    whole = shop._pages
    shop.say = lambda query: (410, b"") if query.get("cursor") == "4" else whole(query)
    tending = side.tending(shop=rest(shop, mapping=MAPPING))
    with pytest.raises(BadRequestError):
        await tending.connecting.pull("shop", "test")
    shop.say, shop.asked = None, []
    found = await tending.connecting.pull("shop", "test")
    assert shop.asked[0][0] == {}
    assert [one["counts"] for one in found] == [{"unchanged": 2}, {"unchanged": 2}, {"created": 2}]


async def test_rows_and_cursor_stand_or_fall_together(side: Side, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit that ends a run fails: the rows are there, the cursor is not; the next start ends it without asking again."""
    shop.rows = [{"name": "无名"}, {"name": "无姓"}]
    tending = side.tending(shop=rest(shop, since_parameter="", since_field=""))
    real = connector_rows.end

    def breaks(conn: Any, ident: str, values: Any) -> None:
        if values["state"] == connector_rows.DONE:
            raise StoreDownError(ident)
        real(conn, ident, values)

    with monkeypatch.context() as patched:
        patched.setattr(connector_rows, "end", breaks)
        with pytest.raises(StoreDownError):
            await tending.connecting.pull("shop", "test")
    assert (await side.state("shop")).cursor == {}
    assert await side.names() == ["无名", "无姓"]
    await side.tending(shop=rest(shop, since_parameter="", since_field="")).connecting.pull("shop", "test")
    assert await side.names() == ["无名", "无姓"]
    (run,) = await side.runs("shop")
    assert (run["state"], run["counts"]) == ("done", {"created": 2})
    assert (await side.state("shop")).cursor["etag"] == '"2"'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>", "no_json"),
        (b"[" * 100_000, "no_json"),
        (b'{"data": {"rows": "x"}}', "no_items"),
        (b'{"data": {"rows": [1]}}', "no_items"),
        (b'{"data": {"rows": [{"a": 1}], "x": 1}, "next": "http://elsewhere.example/steal"}', "elsewhere"),
        (json.dumps({"data": {"rows": [{"a": 1}]}, "next": "x" * 100_000}).encode(), "bad_address"),
        (json.dumps({"data": {"rows": [{f"c{n}": 1 for n in range(300)}]}}).encode(), "too_large"),
        (json.dumps({"data": {"rows": [{"what": "ever"}]}}).encode(), "no_mapping"),
    ],
)
async def test_an_answer_that_is_none_is_named_and_changes_nothing(
    side: Side, shop: Shop, body: bytes, code: str
) -> None:
    shop.say = lambda _query: (200, body)
    tending = side.tending(shop=rest(shop))
    with pytest.raises(BadRequestError) as caught:
        await tending.connecting.pull("shop", "test")
    assert caught.value.code == code
    assert await side.names() == []
    assert (await side.state("shop")).error.startswith(code)


async def test_pages_that_lead_in_a_circle_come_to_an_end(side: Side, shop: Shop) -> None:
    shop.say = lambda _query: (200, b'{"data": {"rows": [{"id": "K1", "name": "x"}]}, "next": "same"}')
    tending = side.tending(shop=rest(shop, mapping={"id": "external_id"}))
    (run,) = await tending.connecting.pull("shop", "test")
    assert sum(run["counts"].values()) == 2
    assert len(shop.asked) == 2


async def test_an_address_inside_is_asked_only_where_the_operator_allows_it(side: Side, shop: Shop) -> None:
    side.allow = ()
    with pytest.raises(BadRequestError) as caught:
        await side.tending(shop=rest(shop)).connecting.pull("shop", "test")
    assert caught.value.code == "inside"
    assert shop.asked == []


async def test_a_secret_may_stand_in_a_file_and_in_no_log(
    side: Side, shop: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "token"
    secret.write_text("Bearer from-a-file\n", encoding="utf-8")
    shop.say = lambda _query: (401, b"who are you? Bearer from-a-file")
    tending = side.tending(shop=rest(shop, token="", token_file=secret))
    with pytest.raises(BadRequestError) as caught:
        await tending.connecting.pull("shop", "test")
    assert shop.asked[0][1]["authorization"] == "Bearer from-a-file"
    told = "".join(capfd.readouterr()) + str(caught.value) + (await side.state("shop")).error
    assert "from-a-file" not in told
    secret.unlink()
    with pytest.raises(BadRequestError) as caught:
        await tending.connecting.pull("shop", "test")
    assert caught.value.code == "no_secret"


async def test_a_system_that_sends_its_rows_gets_an_answer_for_each(side: Side) -> None:
    tending = side.tending(till={"kind": "push", "mapping": {"kd": "external_id"}})
    rows = [{"kd": "K1", "name": "张三", "phone": "13800138000"}, {"kd": "K2", "name": "李四", "phone": "12"}]
    done = await tending.connecting.push("till", rows, "token:till")
    assert [(one["row"], one["status"]) for one in done["rows"]] == [(1, "created"), (2, "error")]
    assert (await tending.connecting.push("till", rows[:1], "token:till"))["counts"] == {"unchanged": 1}
    assert len(await side.left_out("till")) == 1
    with pytest.raises(BadRequestError) as caught:
        await tending.connecting.push("till", [{"what": "ever"}], "token:till")
    assert caught.value.code == "no_mapping"
    with pytest.raises(ConflictError):
        await tending.connecting.pull("till", "test")


async def test_no_row_that_is_sent_strikes_out_or_hides_one_that_was_left_out(side: Side) -> None:
    tending = side.tending(till={"kind": "push"}, shop={"kind": "push"})
    await tending.connecting.push("till", [{"name": "李四", "phone": "12"}], "token:till")
    (waits,) = await side.left_out("till")
    # It names the other one's row as if it was that one, tried once more.
    sent = [{"name": "王五", "#left_out": waits["id"]}, {"name": "赵六", "phone": "1", "#left_out": "none"}]
    done = await tending.connecting.push("shop", sent, "token:shop")
    assert done["counts"] == {"created": 1, "error": 1}
    assert await side.left_out("till") == [waits]
    assert [one["row"]["name"] for one in await side.left_out("shop")] == ["赵六"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z"),
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00+08:00", "2026-01-05T08:00:00Z"),
        ("2026-01-05 08:00:00", "2026-01-05 08:00:01", "2026-01-05 08:00:01"),
        ("2026-01-05T08:00:00Z", "9999-12-31T00:00:00Z", "2026-01-05T08:00:00Z"),
        ("99", 100, "100"),
        ("9", None, "9"),
        ("b", "a", "b"),
        ("b", "c" * 101, "b"),
        ("b", "c\0", "b"),
        ("b", "\ud800", "b"),
    ],
)
def test_the_newest_mark_is_the_latest_one_that_can_be(one: str, other: Any, expected: str) -> None:
    assert pages.later(one, other, NOW) == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-01-05T08:00:00Z", "2026-01-05T07:59:00Z"),
        ("2026-01-05 08:00:00", "2026-01-05 07:59:00"),
        ("2026-01-05T08:00:00+08:00", "2026-01-05T07:59:00+08:00"),
        ("12345", "12345"),
        ("2026-01-05", "2026-01-05"),
    ],
)
def test_a_look_begins_a_little_earlier_in_the_same_spelling(since: str, expected: str) -> None:
    assert pages.earlier(since, 60) == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_any_row_becomes_one_of_plain_cells(row: dict[str, Any]) -> None:
    flat = flattened(row)
    json.dumps(flat)
    assert all(not isinstance(value, dict) or not value or name.count(".") >= 3 for name, value in flat.items())
