"""Parties, their addresses, and who may be behind one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import Town, mail, phone

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.interaction import ResolveState
from contactd.core.party import Point, resolve
from contactd.crm_store import claims, lookup, parties
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY

LI = "+8613800138000"
OFFICE = "+861012345678"


async def who(store: Store, point: Point) -> tuple[ResolveState, str | None, set[str]]:
    known = await store.read(lambda conn: lookup.claims(conn, point))
    found = resolve(point, known)
    return found.state, found.party, {candidate.party for candidate in found.candidates}


async def test_a_claimed_number_names_its_party(store: Store, town: Town) -> None:
    li = await town.party("李雷", phone(LI))
    assert await who(store, phone(LI)) == (ResolveState.KNOWN, li, {li})
    assert await who(store, phone("+8613800138001")) == (ResolveState.UNKNOWN, None, set())


async def test_a_fax_of_the_same_number_is_another_point(store: Store, town: Town) -> None:
    await town.party("李雷", phone(LI))
    fax = Point(kind="fax", value=LI, raw=LI)
    assert (await who(store, fax))[0] == ResolveState.UNKNOWN


async def test_an_extension_is_found_with_the_claims_on_the_whole_number(store: Store, town: Town) -> None:
    han = await town.party("韩梅梅", phone(OFFICE, "801"))
    firm = await town.party("大象公司", phone(OFFICE, shared=True), kind="org")
    other = await town.party("林涛", phone(OFFICE, "802"))
    assert await who(store, phone(OFFICE, "801")) == (ResolveState.KNOWN, han, {han, firm})
    assert other not in (await who(store, phone(OFFICE, "801")))[2]


async def test_a_merged_partys_claims_lead_to_the_survivor(store: Store, town: Town) -> None:
    old = await town.party("李磊", phone(LI))
    new = await town.party("李雷", mail("li@example.com"))
    await town.merge(old, new)
    assert await who(store, phone(LI)) == (ResolveState.KNOWN, new, {new})


async def test_an_ended_claim_names_nobody_and_may_come_back(store: Store, town: Town) -> None:
    li = await town.party("李雷", phone(LI))
    point = await store.write(lambda conn: claims.point_id(conn, "unused", phone(LI), now=MONDAY))
    assert await store.write(lambda conn: claims.unclaim(conn, point, li, now=MONDAY))
    assert not await store.write(lambda conn: claims.unclaim(conn, point, li, now=MONDAY))
    assert (await who(store, phone(LI)))[0] == ResolveState.UNKNOWN
    await store.write(
        lambda conn: claims.claim(conn, "c9", point, li, level="inferred", source="text_mining", now=MONDAY),
    )
    assert (await who(store, phone(LI)))[0] == ResolveState.MAYBE


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(levels=st.lists(st.sampled_from(["verified", "asserted", "inferred"]), min_size=1, max_size=5))
async def test_a_claim_is_only_ever_raised(store: Store, town: Town, levels: list[str]) -> None:
    point = phone(f"+86139{town.made:08}")
    party = await town.party("X", point, level=levels[0])
    ident = await store.write(lambda conn: claims.point_id(conn, "unused", point, now=MONDAY))
    for level in levels[1:]:
        await store.write(
            lambda conn, level=level: claims.claim(
                conn, town.new_id("claim"), ident, party, level=level, source="agent", now=MONDAY
            ),
        )
    rank = {"inferred": 0, "asserted": 1, "verified": 2}
    known = await store.read(lambda conn: lookup.claims(conn, point))
    assert [claim.level for claim in known] == [max(levels, key=lambda level: rank[level])]


async def test_an_unknown_level_is_refused(store: Store, town: Town) -> None:
    li = await town.party("李雷", phone(LI))
    point = await store.write(lambda conn: claims.point_id(conn, "unused", phone(LI), now=MONDAY))
    with pytest.raises(BadRequestError):
        await store.write(lambda conn: claims.claim(conn, "c", point, li, level="sure", source="agent", now=MONDAY))


async def test_faces_show_names_and_points(store: Store, town: Town) -> None:
    li = await town.party("李雷", phone(LI), mail("li@example.com"), vip=2)
    old = await town.party("李磊", phone(LI), phone("+8613900139000"))
    await town.merge(old, li)
    face = (await store.read(lambda conn: lookup.faces(conn, [li])))[li]
    assert (face.name, face.vip, face.kind) == ("李雷", 2, "person")
    assert set(face.points) == {("phone", LI), ("email", "li@example.com"), ("phone", "+8613900139000")}
    assert await store.read(lambda conn: lookup.faces(conn, [])) == {}


async def test_a_merged_party_answers_with_its_survivor(store: Store, town: Town) -> None:
    old = await town.party("李磊")
    new = await town.party("李雷", phone(LI))
    await town.merge(old, new)
    got = await store.read(lambda conn: parties.get(conn, old))
    assert (got["id"], got["merged_into"], got["name"]) == (new, new, "李雷")
    assert [point["display"] for point in got["points"]] == [LI]
    assert (await store.read(lambda conn: parties.get(conn, new)))["merged_into"] is None


async def test_an_unknown_party_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.read(lambda conn: parties.get(conn, "none"))


async def test_changing_a_party_needs_the_version_that_was_read(store: Store, town: Town) -> None:
    li = await town.party("李雷")

    def patch(version: int, party: str = li, **values: object) -> Callable[..., int]:
        return lambda conn: parties.patch(conn, party, values, row_version=version, now=MONDAY, actor="anna")

    assert await store.write(patch(1, display_name="李蕾", tags=["vip"])) == 2
    with pytest.raises(ConflictError) as caught:
        await store.write(patch(1, display_name="李累"))
    assert caught.value.code == "changed"
    with pytest.raises(NotFoundError):
        await store.write(patch(1, party="none", display_name="x"))
    got = await store.read(lambda conn: parties.get(conn, li))
    assert (got["name"], got["tags"], got["row_version"]) == ("李蕾", ["vip"], 2)
    assert [one["id"] for one in (await store.read(lambda conn: parties.listed(conn, q="李蕾")))[0]] == [li]


@pytest.mark.parametrize(
    "values",
    [
        {"id": "x"},
        {"canonical_id": "x"},
        {"vip": 4},
        {"vip": True},
        {"tags": "a"},
        {"roles": [1]},
        {"kind": "robot"},
        {"custom": []},
        {"display_name": None},
    ],
)
async def test_a_field_that_may_not_be_set_or_does_not_fit_is_refused(
    store: Store, town: Town, values: dict[str, object]
) -> None:
    li = await town.party("李雷")
    with pytest.raises(BadRequestError) as caught:
        await store.write(lambda conn: parties.patch(conn, li, values, row_version=1, now=MONDAY, actor=None))
    assert caught.value.field == next(iter(values))


@pytest.mark.parametrize(
    "q",
    [
        "李雷",
        "李",
        "lei",
        "LEI LI",
        "\uff2c\uff45\uff49",
        "li@exam",
        "LI@example.com",
        "13800138000",
        "+86 138 0013",
        "138-0013-8000",
    ],
)
async def test_a_party_is_found_by_the_beginning_of_a_name_an_address_or_a_number(
    store: Store, town: Town, q: str
) -> None:
    li = await town.party("李雷", phone(LI), mail("li@example.com"))
    await store.write(lambda conn: parties.add_name(conn, "n1", li, "en", "Lei Li", now=MONDAY))
    await town.party("韩梅梅", phone("+8613900139000"), mail("han@example.com"))
    found, _ = await store.read(lambda conn: parties.listed(conn, q=q))
    assert [one["id"] for one in found] == [li]


@pytest.mark.parametrize("q", ["%", "_", "'; drop table party; --", "\x00", "雷", "�", "0", "+", "😀"])
async def test_odd_words_find_nobody_and_break_nothing(store: Store, town: Town, q: str) -> None:
    await town.party("李雷", phone(LI))
    try:
        found, _ = await store.read(lambda conn: parties.listed(conn, q=q))
    except BadRequestError:
        return
    assert found == [] or q in "0+"


async def test_the_list_pages_through_everybody_once_latest_first(store: Store, town: Town) -> None:
    made = [await town.party(f"客户{n}") for n in range(7)]
    await town.merge(made[3], made[4])
    seen: list[str] = []
    cursor = None
    while True:
        found, cursor = await store.read(lambda conn, c=cursor: parties.listed(conn, limit=2, cursor=c))
        seen += [one["id"] for one in found]
        if cursor is None:
            break
    assert seen == [party for party in reversed(made) if party != made[3]]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "=", "汉", "LTEgeA", "OTk5OTk5OTk5OTk5OTk5OTk5OSB4"])
async def test_a_cursor_that_is_none_of_ours_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        await store.read(lambda conn: parties.listed(conn, cursor=cursor))
    assert caught.value.field == "cursor"


async def test_a_person_shows_the_organisations_they_work_for(store: Store, town: Town) -> None:
    li = await town.party("李雷")
    firm = await town.party("大象公司", kind="org")
    await store.write(
        lambda conn: parties.link(conn, "l1", li, firm, role="works_for", title="采购", now=MONDAY),
    )
    got = await store.read(lambda conn: parties.get(conn, li))
    assert got["organisations"] == [{"party_id": firm, "name": "大象公司", "role": "works_for", "title": "采购"}]
