"""Who may be whom: found in the background, shown as a work list, decided by people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from town import Town, mail, phone

from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.matching import MOST, Profile
from contactd.crm_store import match_rows, merging, parties, unmerging
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY

LI = "+8613800138000"


async def settle(store: Store, town: Town) -> None:
    while await store.write(lambda conn: match_rows.match_some(conn, town.at, lambda: town.new_id("pair")), bulk=True):
        pass


async def pairs(store: Store, town: Town, state: str = "open") -> list[dict[str, Any]]:
    items, _ = await store.read(lambda conn: match_rows.proposals(conn, now=town.at, state=state))
    return items


async def test_a_shared_mobile_proposes_a_pair_with_its_reasons(store: Store, town: Town) -> None:
    a = await town.party("李雷", phone(LI))
    b = await town.party("Li", phone(LI))
    await town.party("韩梅梅", phone("+8613900139000"))
    await settle(store, town)
    (pair,) = await pairs(store, town)
    assert ({pair["a"]["party_id"], pair["b"]["party_id"]}, pair["reasons"]) == ({a, b}, ["phone"])
    assert pair["score"] == 0.85


async def test_more_that_agrees_scores_higher(store: Store, town: Town) -> None:
    await town.party("李雷", phone(LI), mail("li@example.com"))
    await town.party("李雷", phone(LI), mail("li@example.com"))
    await settle(store, town)
    (pair,) = await pairs(store, town)
    assert pair["reasons"] == ["mail", "phone", "pinyin_tail"]
    assert pair["score"] > 0.95


async def test_a_switchboard_and_a_role_mailbox_propose_nobody(store: Store, town: Town) -> None:
    board, info = phone("+861012345678", shared=True), mail("info@example.com", shared=True)
    await town.party("李雷", board, info)
    await town.party("韩梅梅", board, info)
    await settle(store, town)
    assert await pairs(store, town) == []


async def test_what_too_many_share_is_no_evidence(store: Store, town: Town) -> None:
    for number in range(MOST + 3):
        await town.party(f"客户{number}", phone(LI))
    await settle(store, town)
    proposed = len(await pairs(store, town))
    assert proposed < MOST * MOST / 2
    assert (
        await store.read(
            lambda conn: match_rows.like(conn, Profile(kind="person", name="x", points=[("phone", LI, "", False)]))
        )
        == []
    )


async def test_a_pair_somebody_rejected_is_never_proposed_again(store: Store, town: Town) -> None:
    a = await town.party("李雷", phone(LI))
    await town.party("李磊", phone(LI))
    await settle(store, town)
    (pair,) = await pairs(store, town)
    await store.write(
        lambda conn: match_rows.decide(conn, pair["id"], "rejected", until=None, actor="ann", now=town.at)
    )
    await store.write(lambda conn: parties.patch(conn, a, {"vip": 1}, row_version=1, now=town.at, actor=None))
    await settle(store, town)
    assert await pairs(store, town) == []
    assert len(await pairs(store, town, "rejected")) == 1


async def test_a_snoozed_pair_comes_back_on_its_day(store: Store, town: Town) -> None:
    await town.party("李雷", phone(LI))
    await town.party("李磊", phone(LI))
    await settle(store, town)
    (pair,) = await pairs(store, town)
    later = town.at + timedelta(days=7)
    await store.write(
        lambda conn: match_rows.decide(conn, pair["id"], "snoozed", until=later, actor="ann", now=town.at)
    )
    assert await pairs(store, town) == []
    town.at = later
    assert [one["id"] for one in await pairs(store, town)] == [pair["id"]]


async def test_what_no_longer_agrees_is_no_longer_proposed(store: Store, town: Town) -> None:
    firm = await town.party("大象科技有限公司", kind="org")
    await town.party("（北京）大象科技股份有限公司", kind="org")
    await settle(store, town)
    assert len(await pairs(store, town)) == 1
    await store.write(
        lambda conn: parties.patch(conn, firm, {"display_name": "小象"}, row_version=1, now=town.at, actor=None)
    )
    await settle(store, town)
    assert await pairs(store, town) == []


async def test_a_merge_settles_its_pair_and_an_undo_opens_it(store: Store, town: Town) -> None:
    a = await town.party("李雷", phone(LI))
    b = await town.party("李磊", phone(LI))
    await settle(store, town)
    op = await store.write(
        lambda conn: merging.merge(conn, "op", a, [b], choices={}, reason="", actor="ann", now=town.at)
    )
    await settle(store, town)
    assert await pairs(store, town) == []
    await store.write(lambda conn: unmerging.undo(conn, op["id"], actor="ann", now=town.at))
    await settle(store, town)
    assert len(await pairs(store, town)) == 1


async def test_a_newcomer_is_checked_across_owners_by_name_and_owner_only(store: Store, town: Town) -> None:
    owner = await town.agent("wang", display_name="王伟")
    a = await town.party("李雷", phone(LI), owner_id=owner)
    await settle(store, town)
    profile = Profile(kind="person", name="李磊", points=[("phone", LI, "", False)])
    (hit,) = await store.read(lambda conn: match_rows.like(conn, profile))
    assert hit == {
        "party_id": a,
        "name": "李雷",
        "owner": "王伟",
        "score": pytest.approx(0.94),
        "reasons": ["phone", "pinyin_tail"],
    }


async def test_a_wrong_decision_is_refused(store: Store, town: Town) -> None:
    with pytest.raises(NotFoundError):
        await store.write(lambda conn: match_rows.decide(conn, "no", "rejected", until=None, actor="ann", now=MONDAY))
    for state, until in (("merged", None), ("snoozed", None), ("snoozed", MONDAY)):
        with pytest.raises(BadRequestError):
            await store.write(
                lambda conn, state=state, until=until: match_rows.decide(
                    conn, "no", state, until=until, actor="ann", now=MONDAY
                )
            )
    with pytest.raises(BadRequestError):
        await store.read(lambda conn: match_rows.proposals(conn, now=town.at, state="wrong"))


async def test_a_firm_and_the_people_behind_its_number_are_no_pairs(store: Store, town: Town) -> None:
    board = phone("+861012345678")
    await town.party("大象科技有限公司", board, kind="org")
    await town.party("李雷", board)
    await town.party("韩梅梅", board)
    await settle(store, town)
    assert await pairs(store, town) == []
