"""Reading work back: one interaction, lists, messages, and a customer's one timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import Town

from contactd.clock import rfc3339
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store import interactions, messages, schema, timeline
from contactd.crm_store.interactions import Filter
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store


async def ids(store: Store, wanted: Filter) -> list[str]:
    found, _ = await store.read(lambda conn: interactions.listed(conn, wanted))
    return [one["id"] for one in found]


async def test_one_interaction_comes_with_all_that_belongs_to_it(store: Store, town: Town) -> None:
    li = await town.party("李雷", vip=1)
    one = await town.interaction(li, "你好", "还在吗", wait_ms=1500, agent="anna", skills=[["billing", 3]])
    at = town.at
    await town.unit(
        lambda conn: conn.execute(
            insert(schema.interaction_segment).values(
                interaction_id=one, n=1, line="support", reason="arrival", entered_at=at, ring_ms=2000
            ),
        ),
        lambda conn: conn.execute(
            insert(schema.offer).values(
                id="o1",
                lease="l",
                interaction_id=one,
                agent="anna",
                channel="email",
                offered_at=at,
                expires_at=at,
                ring_ms=500,
                decision={"score": 1.5},
            ),
        ),
        lambda conn: conn.execute(
            insert(schema.interaction_topic).values(
                interaction_id=one, n=1, disposition="billing/invoice", is_primary=True, at=at
            ),
        ),
        lambda conn: conn.execute(
            insert(schema.interaction_event).values(interaction_id=one, seq=1, at=at, type="placed", data={"a": 1}),
        ),
    )
    got = await store.read(lambda conn: interactions.get(conn, one))
    assert (got["customer_name"], got["party_id"], got["wait_s"], got["agent"]) == ("李雷", li, 1.5, "anna")
    assert got["skills"] == [{"skill": "billing", "level": 3}]
    assert got["last_message"] == "还在吗"
    assert got["queued_at"] == rfc3339(at)
    assert [(one["line"], one["ring_s"]) for one in got["segments"]] == [("support", 2.0)]
    assert [(one["agent"], one["ring_s"], one["decision"]) for one in got["offers"]] == [("anna", 0.5, {"score": 1.5})]
    assert [one["disposition"] for one in got["topics"]] == ["billing/invoice"]
    events = await store.read(lambda conn: interactions.events(conn, one))
    assert [(event["type"], event["data"]) for event in events] == [("placed", {"a": 1})]


async def test_an_unknown_one_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.read(lambda conn: interactions.get(conn, "none"))


async def test_a_mirrored_call_shows_the_outside_names(store: Store, town: Town) -> None:
    one = await town.interaction(
        channel="voice", routed_by="pbx", line="other", line_text="sales-queue", agent_text="PJSIP/1001"
    )
    got = await store.read(lambda conn: interactions.get(conn, one))
    assert (got["line"], got["agent"], got["customer_name"]) == ("sales-queue", "PJSIP/1001", "")


async def test_a_list_is_narrowed_by_each_field(store: Store, town: Town) -> None:
    li = await town.party("李雷")
    chat = await town.interaction(li, channel="chat", line="sales", state="active", agent="anna", ended_at=None)
    mail = await town.interaction(None, thread_id="t1", case_id="c1")
    assert await ids(store, Filter()) == [mail, chat]
    assert await ids(store, Filter(channel="chat")) == [chat]
    assert await ids(store, Filter(line="sales")) == [chat]
    assert await ids(store, Filter(state="open")) == [chat]
    assert await ids(store, Filter(state="closed")) == [mail]
    assert await ids(store, Filter(agent="anna")) == [chat]
    assert await ids(store, Filter(party=li)) == [chat]
    assert await ids(store, Filter(party="none")) == []
    assert await ids(store, Filter(thread="t1")) == [mail]
    assert await ids(store, Filter(case="c1")) == [mail]
    assert await ids(store, Filter(since=town.at)) == [mail]
    assert await ids(store, Filter(channel="'; drop table interaction; --")) == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 8), same=st.lists(st.booleans(), min_size=9, max_size=9))
async def test_pages_show_everything_once_newest_first_also_at_equal_times(
    store: Store, town: Town, size: int, same: list[bool]
) -> None:
    line = town.new_id("line")
    made: list[tuple[str, str]] = []
    for equal in same:
        if equal:
            town.at -= timedelta(minutes=1)
        ident = await town.interaction(line=line)
        made.append((rfc3339(town.at), ident))
    seen: list[str] = []
    cursor = None
    while True:
        found, cursor = await store.read(
            lambda conn, c=cursor: interactions.listed(conn, Filter(line=line), limit=size, cursor=c),
        )
        seen += [one["id"] for one in found]
        assert len(found) <= size
        if cursor is None:
            break
    assert seen == [ident for _, ident in sorted(made, reverse=True)]


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_of_an_odd_size_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(BadRequestError) as caught:
        await store.read(lambda conn: interactions.listed(conn, Filter(), limit=limit))
    assert caught.value.field == "limit"


async def test_by_ids_keeps_the_order_of_the_line(store: Store, town: Town) -> None:
    first, second = await town.interaction(), await town.interaction()
    found = await store.read(lambda conn: interactions.by_ids(conn, [second, "none", first]))
    assert [one["id"] for one in found] == [first, second]


async def test_messages_come_in_order_with_their_files(store: Store, town: Town) -> None:
    one = await town.interaction(None, "a", "b", "c", thread_id="t1")
    said = await store.read(lambda conn: messages.of_interaction(conn, one))
    await town.unit(
        *(
            lambda conn, n=n: conn.execute(
                insert(schema.attachment).values(
                    id=f"f{n}",
                    message_id=said[1]["id"],
                    interaction_id=one,
                    n=n,
                    blob="b",
                    name=f"{n}.pdf",
                    size=1,
                    at=town.at,
                ),
            )
            for n in (2, 1)
        ),
    )
    got = await store.read(lambda conn: messages.of_interaction(conn, one, after_seq=1))
    assert [(m["text"], m["seq"]) for m in got] == [("b", 2), ("c", 3)]
    assert [(file["name"], file["url"]) for file in got[0]["attachments"]] == [
        ("1.pdf", "/files/f1"),
        ("2.pdf", "/files/f2"),
    ]
    assert (await store.read(lambda conn: messages.attachment(conn, "f1")))["blob"] == "b"
    assert await store.read(lambda conn: messages.html(conn, said[0]["id"])) == (None, None)
    with pytest.raises(NotFoundError):
        await store.read(lambda conn: messages.get(conn, "none"))
    with pytest.raises(NotFoundError):
        await store.read(lambda conn: messages.attachment(conn, "none"))


async def test_a_conversation_reads_over_all_its_turns(store: Store, town: Town) -> None:
    first = await town.interaction(None, "a", thread_id="t1")
    second = await town.interaction(None, "b", "c", thread_id="t1")
    await town.interaction(None, "x", thread_id="t2")
    got = await store.read(lambda conn: messages.of_thread(conn, "t1"))
    assert [m["text"] for m in got] == ["a", "b", "c"]
    assert [m["text"] for m in await store.read(lambda conn: messages.of_thread(conn, "t1", limit=2))] == ["b", "c"]
    refs = await store.read(lambda conn: messages.provider_ids(conn, "t1"))
    assert refs == [f"<{first}-1@example.com>", f"<{second}-1@example.com>", f"<{second}-2@example.com>"]


async def test_one_timeline_over_all_channels_and_all_merged_records(store: Store, town: Town) -> None:
    li = await town.party("李雷")
    old = await town.party("李磊")
    firm = await town.party("大象公司", kind="org")
    anna = await town.agent("anna", display_name="Anna")
    call = await town.interaction(old, channel="voice", talk_ms=60_000, hold_ms=5000, agent=anna)
    mail = await town.interaction(li, "发票", "发票呢", org_party_id=firm)
    fax = await town.interaction(li, channel="fax", summary="两页")
    await town.interaction(None, "somebody else")
    await town.merge(old, li)
    found, following = await store.read(lambda conn: timeline.page(conn, li))
    assert [item["id"] for item in found] == [fax, mail, call]
    assert following is None
    assert [item["snippet"] for item in found] == ["两页", "发票呢", ""]
    assert (found[2]["actor"], found[2]["duration_s"], found[1]["duration_s"]) == ("Anna", 65.0, 90.0)
    assert {item["class"] for item in found} == {"conversation"}
    assert await store.read(lambda conn: timeline.page(conn, old)) == (found, None)
    ours, _ = await store.read(lambda conn: timeline.page(conn, firm))
    assert [item["id"] for item in ours] == [mail]
    assert await store.read(lambda conn: timeline.page(conn, "none")) == ([], None)
    head, cursor = await store.read(lambda conn: timeline.page(conn, li, limit=2))
    rest, _ = await store.read(lambda conn: timeline.page(conn, li, limit=2, cursor=cursor))
    assert head + rest == found
