"""One box: the same hits on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from town import Town, mail, phone

from contactd.core.errors import BadRequestError
from contactd.crm_store import merging, parties, search_docs, search_hits, unmerging
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY


async def settle(store: Store, town: Town) -> None:
    while await store.write(lambda conn: search_docs.index_parties(conn, town.at), bulk=True):
        pass
    while await store.write(lambda conn: search_docs.index_cases(conn, town.at), bulk=True):
        pass
    missing, _ = await store.read(lambda conn: search_docs.unindexed(conn, None))
    for ident in missing:
        await store.write(lambda conn, ident=ident: search_docs.index_messages(conn, [ident], town.at), bulk=True)


async def found(store: Store, query: str, **more: Any) -> list[tuple[str, str]]:
    hits = await store.read(lambda conn: search_hits.search(conn, query, **more))
    return [(hit["kind"], hit["id"]) for hit in hits]


async def test_the_five_questions_of_every_day(store: Store, town: Town) -> None:
    zhang = await town.party("张三丰", phone("+8613800138000"), mail("zsf@wudang.cn"))
    await town.party("李雷", phone("+8613900139000"))
    said = await town.interaction(zhang, "我要投诉，发票 INV-2024-001 还没有收到。")
    await town.interaction(zhang, "谢谢")
    await settle(store, town)
    hits = await store.read(lambda conn: search_hits.search(conn, "投诉"))
    (hit,) = hits
    assert (hit["kind"], hit["interaction"], hit["party_name"]) == ("message", said, "张三丰")
    begin, end = hit["snippet_marks"][0]
    assert hit["snippet"][begin:end] == "投诉"
    assert await found(store, "张", kinds=["party"]) == [("party", zhang)]
    assert await found(store, "zsf", kinds=["party"]) == [("party", zhang)]
    assert await found(store, "8000") == [("party", zhang)]
    assert [kind for kind, _ in await found(store, "INV-2024")] == ["message"]


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("三丰", True),
        ("丰", True),
        ("张丰", False),
        ("zhangsan", True),
        ("zhang san", False),
        ("13800138000", True),
        ("138 0013 8000", True),
        ("0138", True),
        ("138000", True),
        ("9999", False),
        ("wudang", True),
        ("zsf@wudang.cn", True),
        ("大象", True),
        ("太极", True),
        ("vip客户", True),
        ("張", False),
        ("", False),
        ("'\"*:()", False),
    ],
)
async def test_a_customer_is_found_by(store: Store, town: Town, query: str, hit: bool) -> None:
    zhang = await town.party("张三丰", phone("+8613800138000"), mail("zsf@wudang.cn"), tags=["VIP客户"])
    firm = await town.party("大象科技有限公司", kind="org")

    def more(conn: Any) -> None:
        parties.link(conn, "link", zhang, firm, role="works_for", now=MONDAY)
        parties.add_name(conn, "name", zhang, "alias", "太极宗师", now=MONDAY)

    await store.write(more)
    await settle(store, town)
    assert (("party", zhang) in await found(store, query)) is hit


async def test_a_landline_is_found_as_people_write_it(store: Store, town: Town) -> None:
    from contactd.core.address import phone_point  # noqa: PLC0415 - only here

    point = phone_point("0371-60135900")
    assert point is not None
    who = await town.party("郑州公司", point, kind="org")
    await settle(store, town)
    for query in ("0371-60135900", "037160135900", "60135900", "5900", "0371"):
        assert await found(store, query) == [("party", who)], query


async def test_a_surname_is_found_by_each_of_its_readings(store: Store, town: Town) -> None:
    shan = await town.party("单田芳")
    rare = await town.party("𠮷田")
    await settle(store, town)
    for query in ("shantianfang", "dantian", "stf"):
        assert await found(store, query) == [("party", shan)]
    assert await found(store, "𠮷") == await found(store, "𠮷田") == [("party", rare)]


async def test_the_exact_name_comes_first_then_beginnings(store: Store, town: Town) -> None:
    exact = await town.party("李雷")
    inside = await town.party("王李雷")
    longer = await town.party("李雷雷")
    await settle(store, town)
    assert [ident for _, ident in await found(store, "李雷")] == [exact, longer, inside]


async def test_a_renamed_customer_is_found_by_the_new_name_only(store: Store, town: Town) -> None:
    li = await town.party("李雷")
    await settle(store, town)
    await store.write(
        lambda conn: parties.patch(conn, li, {"display_name": "韩梅梅"}, row_version=1, now=MONDAY, actor=None)
    )
    await settle(store, town)
    assert await found(store, "李雷") == []
    assert await found(store, "韩梅") == [("party", li)]


async def test_merged_customers_are_one_hit_found_by_either_name(store: Store, town: Town) -> None:
    a, b = await town.party("李雷"), await town.party("Lei Li", phone("+8613800138000"))
    op = await store.write(
        lambda conn: merging.merge(conn, "op", a, [b], choices={}, reason="", actor="ann", now=MONDAY)
    )
    await settle(store, town)
    for query in ("李雷", "lei", "8000"):
        assert await found(store, query) == [("party", a)]
    await store.write(lambda conn: unmerging.undo(conn, op["id"], actor="ann", now=MONDAY))
    await settle(store, town)
    assert await found(store, "8000") == [("party", b)]


async def test_who_may_not_oversee_does_not_find_what_is_set_aside(store: Store, town: Town) -> None:
    await town.interaction(None, "秘密投诉", state="quarantined")
    await settle(store, town)
    assert await found(store, "秘密") == []
    assert len(await found(store, "秘密", acl=("all", "oversee"))) == 1


async def test_a_conversation_is_one_hit_the_latest_message_that_matched(store: Store, town: Town) -> None:
    contact = await town.interaction(None, "投诉 第一次", "投诉 第二次", "别的")
    await settle(store, town)
    (hit,) = await store.read(lambda conn: search_hits.search(conn, "投诉"))
    assert (hit["interaction"], "第二次" in hit["snippet"]) == (contact, True)


async def test_messages_are_indexed_once_and_late_ones_are_not_missed(store: Store, town: Town) -> None:
    await town.interaction(None, "early")
    await settle(store, town)
    await settle(store, town)

    def count(conn: Any) -> int:
        return len(conn.execute(s.search_doc.select()).all())

    assert await store.read(count) == 1
    contact = await town.interaction(None)
    row = {"id": "message-0000", "interaction_id": contact, "seq": 1, "direction": "inbound", "body_text": "late"}
    await store.write(lambda conn: conn.execute(insert(s.message).values(**row, at=MONDAY)))
    await settle(store, town)
    assert len(await found(store, "late")) == 1


async def test_a_very_long_text_and_odd_signs_do_no_harm(store: Store, town: Town) -> None:
    await town.interaction(None, "投诉" * 20_000 + "\x00 '; DROP TABLE party --")
    await settle(store, town)
    assert len(await found(store, "投诉")) == 1
    assert await found(store, "'; DROP TABLE") == []


async def test_a_wrong_question_is_refused(store: Store) -> None:
    for wrong in ({"kinds": ["agents"]}, {"limit": 0}, {"limit": 1000}):
        with pytest.raises(BadRequestError):
            await found(store, "x", **wrong)
