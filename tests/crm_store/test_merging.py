"""Merging by pointer: what it shows, what it keeps, and that it can be taken back after somebody worked on."""

from __future__ import annotations

from typing import Any

import pytest
from town import Town, mail, phone

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.interaction import ResolveState
from contactd.core.party import resolve
from contactd.crm_store import audit, lookup, merge_journal, merging, parties, timeline, unmerging
from contactd.crm_store import schema as s
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY

LI = "+8613800138000"


async def merge(
    store: Store, town: Town, survivor: str, *losers: str, fields: dict[str, str] | None = None
) -> dict[str, Any]:
    ident = town.new_id("merge")
    return await store.write(
        lambda conn: merging.merge(
            conn, ident, survivor, losers, choices=fields or {}, reason="same person", actor="ann", now=town.at
        ),
    )


async def undo(store: Store, ident: str, *restore: str) -> dict[str, Any]:
    return await store.write(lambda conn: unmerging.undo(conn, ident, restore=restore, actor="ann", now=MONDAY))


async def card(store: Store, party: str) -> dict[str, Any]:
    return await store.read(lambda conn: parties.get(conn, party))


async def names_of(store: Store, point: Any) -> tuple[str, set[str]]:
    claims = await store.read(lambda conn: lookup.claims(conn, point))
    found = resolve(point, claims)
    return str(found.state), {one.party for one in found.candidates}


async def test_a_merge_shows_one_customer_and_moves_no_row(store: Store, town: Town) -> None:
    old = await town.party("李磊", phone(LI))
    new = await town.party("李雷", mail("li@example.com"))
    first = await town.interaction(old, "hello")
    second = await town.interaction(new, "again")
    await merge(store, town, new, old)
    shown = await card(store, old)
    assert (shown["id"], shown["merged_into"], shown["records"]) == (new, new, 2)
    assert {point["display"] for point in shown["points"]} == {LI, "li@example.com"}
    for record in (old, new):
        items, _ = await store.read(lambda conn, record=record: timeline.page(conn, record))
        assert [item["id"] for item in items] == [second, first]
    owner = await store.read(
        lambda conn: conn.execute(s.interaction.select().where(s.interaction.c.id == first)).one().party_id
    )
    assert owner == old


async def test_fields_are_chosen_side_by_side(store: Store, town: Town) -> None:
    old = await town.party("李磊", vip=3, lang="zh")
    new = await town.party("Li", vip=1, lang="en")
    op = await merge(store, town, new, old, fields={"display_name": old, "vip": old, "lang": new})
    shown = await card(store, new)
    assert (shown["name"], shown["vip"], shown["lang"]) == ("李磊", 3, "en")
    assert {one["field"]: (one["before"], one["after"]) for one in op["fields"]} == {
        "display_name": ("Li", "李磊"),
        "vip": (1, 3),
    }


async def test_an_undo_keeps_the_edit_and_says_so(store: Store, town: Town) -> None:
    old = await town.party("李磊", phone(LI), vip=3)
    new = await town.party("Li", vip=1, lifecycle="prospect")
    op = await merge(store, town, new, old, fields={"display_name": old, "vip": old})
    version = (await card(store, new))["row_version"]
    await store.write(
        lambda conn: parties.patch(conn, new, {"vip": 2}, row_version=version, now=MONDAY, actor="bob"),
    )
    undone = await undo(store, op["id"])
    assert undone["kept"] == [{"field": "vip", "before": 1, "merged": 3, "now": 2}]
    back, apart = await card(store, new), await card(store, old)
    assert (back["name"], back["vip"], back["records"]) == ("Li", 2, 1)
    assert (apart["id"], apart["name"], apart["merged_into"]) == (old, "李磊", None)
    assert await names_of(store, phone(LI)) == ("known", {old})


async def test_an_undo_may_put_an_edited_field_back_all_the_same(store: Store, town: Town) -> None:
    old, new = await town.party("李磊", vip=3), await town.party("Li", vip=1)
    op = await merge(store, town, new, old, fields={"vip": old})
    await store.write(lambda conn: parties.patch(conn, new, {"vip": 2}, row_version=2, now=MONDAY, actor="bob"))
    assert (await undo(store, op["id"], "vip"))["kept"] == []
    assert (await card(store, new))["vip"] == 1


async def test_what_came_in_since_stays_with_the_survivor(store: Store, town: Town) -> None:
    old, new = await town.party("李磊"), await town.party("李雷")
    op = await merge(store, town, new, old)
    since = await town.interaction(new, "after the merge")
    await undo(store, op["id"])
    items, _ = await store.read(lambda conn: timeline.page(conn, new))
    assert [item["id"] for item in items] == [since]
    assert (await store.read(lambda conn: timeline.page(conn, old)))[0] == []


async def test_a_merge_of_a_merged_record_is_refused_and_names_the_survivor(store: Store, town: Town) -> None:
    a, b, c = await town.party("A"), await town.party("B"), await town.party("C")
    await merge(store, town, a, b)
    with pytest.raises(ConflictError) as caught:
        await merge(store, town, c, b)
    assert (caught.value.code, caught.value.details) == ("merged", {"party": b, "into": a})
    with pytest.raises(ConflictError) as caught:
        await merge(store, town, b, a)
    assert caught.value.code == "merged", "a cycle"
    with pytest.raises(BadRequestError) as wrong:
        await merge(store, town, a, a)
    assert wrong.value.code == "same"
    with pytest.raises(NotFoundError):
        await merge(store, town, a, "nobody")


async def test_a_chain_of_merges_is_one_customer_and_comes_apart_last_first(store: Store, town: Town) -> None:
    a, b, c = await town.party("A"), await town.party("B", phone(LI)), await town.party("C")
    first = await merge(store, town, b, a)
    second = await merge(store, town, c, b)
    assert (await card(store, a))["id"] == c
    assert await names_of(store, phone(LI)) == ("known", {c})
    with pytest.raises(ConflictError) as caught:
        await undo(store, first["id"])
    assert (caught.value.code, caught.value.details) == ("buried", {"by": second["id"]})
    await undo(store, second["id"])
    assert (await card(store, a))["id"] == b
    await undo(store, first["id"])
    assert [(await card(store, one))["id"] for one in (a, b, c)] == [a, b, c]
    with pytest.raises(ConflictError) as again:
        await undo(store, first["id"])
    assert again.value.code == "undone"


async def test_two_merges_into_one_record_come_apart_in_any_order(store: Store, town: Town) -> None:
    a, b, c = await town.party("A"), await town.party("B"), await town.party("C", vip=2)
    first = await merge(store, town, a, b)
    second = await merge(store, town, a, c, fields={"vip": c})
    await undo(store, first["id"])
    assert [(await card(store, one))["id"] for one in (a, b, c)] == [a, b, a]
    await undo(store, second["id"])
    assert [(await card(store, one))["id"] for one in (a, b, c)] == [a, b, c]


async def test_two_merges_that_changed_the_same_field_come_apart_last_first(store: Store, town: Town) -> None:
    a, b, c = await town.party("A"), await town.party("B"), await town.party("C")
    first = await merge(store, town, a, b, fields={"display_name": b})
    second = await merge(store, town, a, c, fields={"display_name": c})
    with pytest.raises(ConflictError):
        await undo(store, first["id"])
    await undo(store, second["id"])
    await undo(store, first["id"])
    assert (await card(store, a))["name"] == "A"


async def test_one_record_is_split_off_with_the_claims_chosen_and_back(store: Store, town: Town) -> None:
    a = await town.party("A", phone(LI), mail("both@example.com"))
    b, c = await town.party("B"), await town.party("C")
    await merge(store, town, a, b, c)
    number = next(point for point in (await card(store, a))["points"] if point["kind"] == "phone")

    def part(conn: Any) -> dict[str, Any]:
        return unmerging.split(
            conn, "split-1", b, [number["contact_point"]], reason="two people", actor="ann", now=MONDAY
        )

    op = await store.write(part)
    assert (op["kind"], (await card(store, b))["id"], (await card(store, c))["id"]) == ("split", b, a)
    assert await names_of(store, phone(LI)) == ("known", {b})
    assert await names_of(store, mail("both@example.com")) == ("known", {a})
    await undo(store, "split-1")
    assert (await card(store, b))["id"] == a
    assert await names_of(store, phone(LI)) == ("known", {a})


async def test_a_record_that_stands_for_itself_cannot_be_split_off(store: Store, town: Town) -> None:
    a, b = await town.party("A"), await town.party("B")
    await merge(store, town, a, b)
    with pytest.raises(ConflictError) as caught:
        await store.write(
            lambda conn: unmerging.split(conn, "x", a, [], reason="", actor="ann", now=MONDAY),
        )
    assert caught.value.code == "not_merged"
    with pytest.raises(BadRequestError):
        await store.write(
            lambda conn: unmerging.split(conn, "x", b, ["no-point"], reason="", actor="ann", now=MONDAY),
        )
    assert (await card(store, b))["id"] == a, "nothing half done"


async def test_the_journal_and_the_audit_log_tell_it(store: Store, town: Town) -> None:
    a, b = await town.party("A"), await town.party("B")
    op = await merge(store, town, a, b)
    await undo(store, op["id"])
    (entry,) = await store.read(lambda conn: merge_journal.operations(conn, b))
    assert (entry["survivor_name"], entry["by"], entry["undone_by"]) == ("A", "ann", "ann")
    log = await store.read(audit.listed)
    assert [one["action"] for one in log] == ["party.unmerge", "party.merge"]
    assert await store.read(audit.verify) == []


async def test_an_ambiguous_number_is_known_once_its_candidates_are_one(store: Store, town: Town) -> None:
    a = await town.party("A", phone(LI))
    b = await town.party("B", phone(LI))
    assert (await names_of(store, phone(LI)))[0] == str(ResolveState.AMBIGUOUS)
    await merge(store, town, a, b)
    assert await names_of(store, phone(LI)) == ("known", {a})
    (point,) = (await card(store, a))["points"]
    assert point["display"] == LI
