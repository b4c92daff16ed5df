"""How far a role sees and changes fields: no shape of an answer shows what is masked or hidden, and what is fixed stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.agent_ui.console import Console
from contactd.api.parts import LEVELS, answer
from contactd.core.case_plan import NO_PLAN
from contactd.core.levels import Levels
from contactd.crm_store import case_rows, match_rows, search_docs
from contactd.crm_store.store import Store
from contactd.desk.rights import Actor
from contactd.desk.seeing import Seeing
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire
from tests.crm_store.town import Town, mail, phone

NUMBER, ADDRESS = "13800138000", "li.lei@example.com"
OPEN = re.compile(rf"{NUMBER}|i\.lei@")
FIELDS = {
    "numbers": "mask",
    "addresses": "mask",
    "credit_level": "hide",
    "credit_flag": "mask",
    "vip": "read",
    "custom.salary": "hide",
    "salutation": "edit",
}


@pytest.fixture
async def guarded(small_store: Store, clock: ManualClock, tmp_path: Path) -> House:
    """A house whose agents see not all."""
    await hire(small_store, clock)
    return build(small_store, clock, tmp_path / "static", seeing=Seeing(fields={"agent": FIELDS}))


def examples(schema: Any, shapes: dict[str, Any], depth: int = 0) -> Iterator[Any]:
    """Yield data of a shape, with a number and an address wherever a text, or anything at all, may stand."""
    said = f"{NUMBER} {ADDRESS}"
    if not isinstance(schema, dict) or not schema or depth > 6:
        yield said
    elif "$ref" in schema:
        yield from examples(shapes[schema["$ref"].rpartition("/")[2]], shapes, depth + 1)
    elif options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for option in options:
            yield from examples(option, shapes, depth + 1)
    elif schema.get("type") == "array":
        yield list(examples(schema.get("items", {}), shapes, depth + 1))
    elif schema.get("type") == "object" or "properties" in schema:
        whole = {name: list(examples(one, shapes, depth + 1)) for name, one in schema.get("properties", {}).items()}
        yield {name: found[0] for name, found in whole.items() if found} | {"more": said, said: said}
        yield {name: found[-1] for name, found in whole.items() if found}
    elif schema.get("type") == "string":
        yield said
    elif schema.get("type") in {"integer", "number"}:
        yield int(NUMBER)


async def test_no_shape_of_an_answer_shows_a_number_or_an_address(guarded: House) -> None:
    async with await guarded.logged_in("sue") as sue:
        document = (await sue.get("/api/v1/openapi.json")).json()
    shapes = document["components"]["schemas"]
    levels, walked, told = Levels.of(FIELDS), 0, 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, given_back in operation.get("responses", {}).items():
                for kind, content in given_back.get("content", {}).items():
                    if "json" not in kind:
                        continue
                    for data in examples(content.get("schema", {}), shapes):
                        counted = {"amount", "seq", "size", "cursor"} & set(data if isinstance(data, dict) else ())
                        body = {key: one for key, one in data.items() if key not in counted} if counted else data
                        LEVELS.set(levels)
                        shown = answer(body).body.decode()
                        assert not OPEN.search(_plain(shown)), (path, method, status)
                        LEVELS.set(Levels())
                        told += bool(OPEN.search(answer(body).body.decode()))
                        walked += 1
    assert walked > 200
    assert told > 100, "the walk would see a number"


def _plain(text: str) -> str:
    """Leave out what counts something: places, sizes and amounts are written as numbers by keys of their own."""
    return re.sub(r'"(amount|seq|size|cursor)":\d+', "", text)


async def test_no_frame_of_the_console_shows_them(guarded: House) -> None:
    """Every frame goes through the same function, whatever event or answer it is: so any data do."""
    agent = guarded.views
    levels = Levels.of(FIELDS)
    actor = Actor(id="id-ann", name="Ann", role="agent", masked=True, levels=levels)
    console = Console(actor, agent)
    console.greet(agent.audience.add("key-ann", actor.id, actor.role), "", 0)
    first = console.take()
    assert '"rights"' in first[0]
    whole = {"customer": {"points": [{"display": NUMBER}, {"display": ADDRESS}], "credit_level": 3, "vip": 2}}
    console.answer(json.dumps({"type": "result", "id": "a", "ok": True, "data": whole}))
    (frame,) = console.take()
    assert not OPEN.search(frame)
    assert '"credit_level":null' in frame
    assert '"vip":2' in frame


async def test_hidden_masked_and_fixed_fields_are_so_in_every_answer_and_cannot_be_changed(guarded: House) -> None:
    town = Town(guarded.store, guarded.clock.now())
    party = await town.party(
        "李雷",
        phone(NUMBER),
        mail(ADDRESS),
        credit_level=4,
        credit_flag="stop",
        vip=2,
        custom={"salary": "9000", "x": "y"},
    )
    path = f"/api/v1/parties/{party}"
    async with await guarded.logged_in("ann") as ann, await guarded.logged_in("sue") as sue:
        shown = (await ann.get(path)).json()
        assert (shown["credit_level"], shown["credit_flag"], shown["vip"]) == (None, "****", 2)
        assert shown["custom"] == {"salary": None, "x": "y"}
        assert {point["display"] for point in shown["points"]} >= {"l****@example.com"}
        assert (await ann.get("/api/v1/parties")).json()["items"][0]["credit_level"] is None
        for change in ({"credit_level": 5}, {"credit_flag": "watch"}, {"vip": 3}, {"custom": {"salary": "1"}}):
            answered = await ann.patch(path, json=change)
            assert (answered.status_code, answered.json()["code"]) == (403, "field"), change
        for asked in ({"vip": 2}, {"tag": "x"}):
            assert (await ann.get("/api/v1/parties", params=asked)).status_code == 200
        assert (await ann.get("/api/v1/parties", params={"field": "salary:9000"})).status_code == 403
        changed = await ann.patch(path, json={"salutation": "先生"})
        assert (changed.status_code, changed.json()["credit_level"]) == (200, None)
        whole = (await sue.get(path)).json()
        assert (whole["credit_level"], whole["custom"]["salary"], whole["salutation"]) == (4, "9000", "先生")


async def test_what_is_not_shown_is_not_found_out_by_a_file(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(small_store, clock)
    fields = {"vip": "hide", "owner_id": "mask", "preferences": "hide"}
    house = build(small_store, clock, tmp_path / "static", seeing=Seeing(fields={"supervisor": fields}))
    async with await house.logged_in("sue") as sue:
        for asked in ({"vip": 2}, {"owner": "id-ann"}, {"to_call": True}):
            refused = await sue.post("/api/v1/exports", json=asked)
            assert (refused.status_code, refused.json()["code"]) == (403, "field"), asked
        assert (await sue.post("/api/v1/exports", json={"lifecycle": "lead", "form": "jsonl"})).status_code == 200
        closed = ("/api/v1/imports/x/result", "/api/v1/import-files/x/preview", "/api/v1/connectors/till/left-out")
        for path in closed:
            refused = await sue.get(path)
            assert (refused.status_code, refused.json()["code"]) == (403, "masked"), path


async def test_a_masked_address_is_not_spelled_out(guarded: House) -> None:
    town = Town(guarded.store, guarded.clock.now())
    party = await town.party("赵四", mail("qiu.wu@example.com"))
    while await guarded.store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    async with await guarded.logged_in("ann") as ann, await guarded.logged_in("sue") as sue:
        for path in ("/api/v1/parties", "/api/v1/search"):
            for q, found in (("q", False), ("qi", False), ("qiu.w", False), ("qiu.wu@example.com", True), ("赵", True)):
                for who, expected in ((ann, found), (sue, True)):
                    items = (await who.get(path, params={"q": q})).json()["items"]
                    assert [one["id"] for one in items] == [party] * expected, (path, q, who is sue)


async def indexed(house: House, town: Town) -> None:
    def unit(conn: Any) -> None:
        while search_docs.index_parties(conn, town.at):
            pass
        search_docs.index_cases(conn, town.at)

    await house.store.write(unit, bulk=True)
    missing, _ = await house.store.read(lambda conn: search_docs.unindexed(conn, None))
    await house.store.write(lambda conn: search_docs.index_messages(conn, missing, town.at), bulk=True)


async def test_searching_tells_nothing_that_reading_hides(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await hire(store, clock)
    hidden = {
        "name": "hide",
        "uscc": "hide",
        "remedy": "hide",
        "outside_ref": "mask",
        "text": "hide",
        "addresses": "mask",
    }
    house = build(store, clock, tmp_path / "static", seeing=Seeing(fields={"agent": hidden}))
    town = Town(store, clock.now())
    firm = await town.party("Red Dragon", mail("pay.roll@dragon.example"), kind="org", uscc="91330000MA27XYZ000")
    values = {"subject": "broken cup", "body": "came in shards", "remedy": "goodwill", "outside_ref": "REG-777"}
    values |= {"party_id": firm}
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    await store.write(lambda conn: case_rows.create(conn, "case-1", values, **about))
    await town.interaction(firm, "the teapot is gone, write to pay.roll@dragon.example", subject="lid missing")
    await indexed(house, town)
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        for q, shown in (
            *(("dragon", {"party", "message"}), ("red dragon", {"party"}), ("9133", {"party"})),
            *(
                ("cup", {"case"}),
                ("shards", {"case"}),
                ("goodwill", {"case"}),
                ("777", {"case"}),
                ("cup goodw", {"case"}),
            ),
            *(("teapot", {"message"}), ("lid", {"message"}), ("payroll", set()), ("pay", {"party", "message"})),
            *(("li@example.com", {"message"}), ("pay.roll@dragon.example", {"party", "message"})),
        ):
            left = {"cup": {"case"}, "shards": {"case"}, "lid": {"message"}, "li@example.com": {"message"}}
            left["pay.roll@dragon.example"] = {"party"}
            for who, expected in ((sue, shown), (ann, left.get(q, set()))):
                hits = (await who.get("/api/v1/search", params={"q": q})).json()["items"]
                assert {one["kind"] for one in hits} == expected, (q, who is sue, hits)
                if who is ann:
                    assert not re.search("(?i)dragon|teapot", json.dumps(hits).replace("@dragon", "")), q
        for path, asked in (("parties", "Red"), ("parties", "red dragon")):
            assert [len((await who.get(f"/api/v1/{path}?q={asked}")).json()["items"]) for who in (sue, ann)] == [1, 0]
        while await store.write(lambda conn: match_rows.match_some(conn, town.at, lambda: town.new_id("pair"))):
            pass
        newcomer = {"kind": "org", "name": "Red Dragon"}
        found = [(await who.post("/api/v1/parties/check", json=newcomer)).json()["items"] for who in (sue, ann)]
        assert [len(one) for one in found] == [1, 0]


async def test_a_masked_address_is_not_found_by_a_word_of_it(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await hire(store, clock)
    house = build(store, clock, tmp_path / "static", seeing=Seeing(fields={"agent": {"addresses": "mask"}}))
    town = Town(store, clock.now())
    party = await town.party("赵四", mail("qiu.wu@example.com"))
    await town.interaction(party, "please write to qiu.wu@example.com, Xin")
    await indexed(house, town)
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        for q, whole, left in (
            ("qiu", {"party", "message"}, set()),
            ("wu", {"party", "message"}, set()),
            ("xin", {"message"}, {"message"}),
            ("xin qiu", {"message"}, set()),
            ("qiu.wu@example.com", {"party", "message"}, {"party", "message"}),
        ):
            for who, expected in ((sue, whole), (ann, left)):
                hits = (await who.get("/api/v1/search", params={"q": q})).json()["items"]
                assert {one["kind"] for one in hits} == expected, (q, who is sue)


async def test_an_export_leaves_hidden_columns_out(small_store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await hire(small_store, clock)
    house = build(small_store, clock, tmp_path / "static", seeing=Seeing(fields={"supervisor": FIELDS}))
    town = Town(small_store, clock.now())
    await town.party("李雷", phone(NUMBER), mail(ADDRESS), credit_level=4, custom={"salary": "9000", "x": "y"})
    async with await house.logged_in("sue") as sue:
        file = (await sue.post("/api/v1/exports", json={"form": "jsonl"})).text
    assert not OPEN.search(file)
    assert "9000" not in file
    assert "李雷" in file


@given(
    data=st.recursive(
        st.text() | st.integers() | st.booleans(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_any_data_come_through_and_no_address_is_left(data: Any) -> None:
    shown = Levels.of(FIELDS).shown({"custom": data, "said": [f"write to {ADDRESS}", data]})
    assert "li.lei" not in str(shown)


@pytest.mark.parametrize(
    ("said", "other"), [("owner", "owner_id"), ("lang", "language"), ("team", "team_id"), ("segment_id", "segment")]
)
def test_what_is_said_of_a_field_is_said_of_its_other_name(said: str, other: str) -> None:
    levels = Levels.of({said: "hide", "display_name": "read", "name": "edit"})
    assert levels.shown({said: "x", other: "x", "y": 1}) == {said: None, other: None, "y": 1}
    assert {said, other, "name", "display_name"} <= levels.fixed


async def test_a_merge_tells_no_hidden_field_and_takes_none(guarded: House) -> None:
    town = Town(guarded.store, guarded.clock.now())
    values = [{"credit_level": 4, "salutation": "Dr", "custom": {"salary": "9000"}}, {"credit_level": 2}]
    a, b = [await town.party("李雷", **one) for one in values]
    journal = f"/api/v1/parties/{a}/merges"
    async with await guarded.logged_in("ann") as ann, await guarded.logged_in("sue") as sue:
        for field in ("credit_level", "vip", "custom"):
            body = {"survivor": a, "losers": [b], "fields": {field: b}}
            refused = await ann.post("/api/v1/merges", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "field"), field
        body = {"survivor": a, "losers": [b], "fields": dict.fromkeys(("credit_level", "salutation", "custom"), b)}
        merged = await sue.post("/api/v1/merges", json=body)
        assert merged.status_code == 201, merged.text
        shown = {one["field"]: one for one in (await ann.get(journal)).json()["items"][0]["fields"]}
        assert shown["credit_level"] == {"field": "credit_level", "before": None, "after": None}
        assert shown["custom"]["before"] == {"salary": None}
        assert shown["salutation"]["before"] == "Dr"
        whole = {one["field"]: one for one in (await sue.get(journal)).json()["items"][0]["fields"]}
        assert (whole["credit_level"]["before"], whole["custom"]["before"]) == (4, {"salary": "9000"})
        undo = f"/api/v1/merges/{merged.json()['id']}/undo"
        assert (await ann.post(undo, json={"restore": ["vip"]})).status_code == 403


async def test_a_record_holds_to_the_levels_too(small_store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await hire(small_store, clock)
    fields = {"amount": "read", "owner_id": "hide", "stage": "read"}
    house = build(small_store, clock, tmp_path / "static", seeing=Seeing(fields={"agent": fields}))
    party = await Town(small_store, clock.now()).party("李雷")
    new = {"kind": "opportunity", "title": "x", "party": party}
    async with await house.logged_in("ann") as ann, await house.logged_in("sue") as sue:
        made = await sue.post("/api/v1/records", json=new | {"amount": 100})
        assert made.status_code == 201, made.text
        path = f"/api/v1/records/{made.json()['id']}"
        refusals = [
            await ann.post("/api/v1/records", json=new | {"amount": 5}),
            await ann.patch(path, json={"amount": 5}),
            await ann.patch(path, json={"owner": "id-ann"}),
            await ann.post(f"{path}/stage", json={"stage": "won"}),
            await ann.get("/api/v1/records", params={"owner": "id-sue"}),
        ]
        assert [(one.status_code, one.json()["code"]) for one in refusals] == [(403, "field")] * 5
        assert (await ann.patch(path, json={"title": "y"})).status_code == 200
        assert (await sue.patch(path, json={"amount": 7})).status_code == 200
