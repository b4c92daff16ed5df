"""The same rows and the same question give the same hits in the same order on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactd.core.address import email, phone_point
from contactd.crm_store import claims, parties, search_docs, search_hits
from contactd.crm_store import schema as s
from contactd.crm_store.database import Database
from contactd.crm_store.write_conn import WriteConn
from contactd.testing.clock import MONDAY

WORDS = (
    "投诉",
    "发票",
    "发票抬头",
    "张",
    "张三",
    "单",
    "曾国",
    "zsf",
    "INV-2024-001",
    "8000",
    "38000",
    "a@x.example",
    "Müller",
)
WORDS += (
    "MÜLLER",
    "straße",
    "𠮷野家",
    "ﬁn",
    "Ⅻ",
    "（北京）",
    "café",
    "it's",
    "a_b",
    "*",
    '"',
    "-",
    ":",
    "!",
    "&",
    "|",
    "%",
)
NAMES = ("张三丰", "曾国藩", "单雄信", "查良镛", "郑州一厂", "Li Lei", "Zoë Müller", "𠮷野家", "O'Neil")
POINTS = ("13800138000", "010-12345678", "a@x.example", "zsf@wudang.cn", "95588")
LETTERS = "张三丰投诉发票单曾查郑州一厂abcZSF0123 8000-_.@'\"*:()&|!<>\\%é𠮷，。"

texts = st.lists(st.one_of(st.sampled_from(WORDS), st.text(LETTERS, max_size=6)), max_size=6).map(" ".join)
people = st.tuples(st.one_of(st.sampled_from(NAMES), st.text(LETTERS, min_size=1, max_size=8)), st.sampled_from(POINTS))
questions = st.one_of(st.sampled_from(WORDS), st.text(LETTERS, max_size=8), texts)


@pytest.fixture
def both(sqlite_url: str, swept_postgres_url: str) -> Iterator[list[WriteConn]]:
    opened = []
    for url in (sqlite_url, swept_postgres_url):
        database = Database(url)
        opened.append(WriteConn(database.writer(), database.words))
    yield opened
    for conn in opened:
        conn.close()


def town(conn: WriteConn, named: list[tuple[str, str]], said: list[str]) -> None:
    """Make customers, a contact and its messages, and index them."""
    for n, (name, reached) in enumerate(named):
        parties.create(conn, f"party-{n}", {"display_name": name, "kind": "person"}, now=MONDAY, actor=None)
        point = phone_point(reached) or email(reached)
        assert point is not None
        known = claims.point_id(conn, f"point-{n}", point, now=MONDAY)
        claims.claim(conn, f"claim-{n}", known, f"party-{n}", level="asserted", source="agent", now=MONDAY)
    times = dict.fromkeys(("state_since", "started_at", "created_at", "updated_at"), MONDAY)
    row = {"id": "contact", "channel": "email", "direction": "inbound", "adapter": "x", "external_key": "x"}
    conn.execute(s.interaction.insert().values(**row, state="closed", party_id="party-0", **times))
    idents = [f"message-{n}" for n in range(len(said))]
    for n, text in enumerate(said):
        kept = {"id": idents[n], "interaction_id": "contact", "seq": n, "direction": "inbound", "body_text": text}
        conn.execute(s.message.insert().values(**kept, at=MONDAY + timedelta(minutes=n)))
    while search_docs.index_parties(conn, MONDAY):
        pass
    search_docs.index_messages(conn, idents, MONDAY)


def hits(conn: WriteConn, asked: list[str]) -> list[list[tuple[Any, ...]]]:
    return [
        [
            (hit["kind"], hit["id"], hit["snippet"], hit["snippet_marks"])
            for hit in search_hits.search(conn.connection, question)
        ]
        for question in asked
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(people, min_size=1, max_size=4),
    st.lists(texts, max_size=4),
    st.lists(questions, min_size=1, max_size=6),
)
def test_both_databases_give_the_same_hits(
    both: list[WriteConn], named: list[tuple[str, str]], said: list[str], asked: list[str]
) -> None:
    found = []
    for conn in both:
        conn.begin()
        try:
            town(conn, named, said)
            found.append(hits(conn, asked))
        finally:
            conn.rollback()
    assert found[0] == found[1]


def test_words_of_the_rows_are_found_at_all(both: list[WriteConn]) -> None:
    for conn in both:
        conn.begin()
        try:
            town(conn, [("张三丰", "13800138000")], ["我要投诉，发票 INV-2024-001 还没有收到。"])
            found = hits(conn, ["投诉", "zsf", "8000", "INV-2024", "𠮷"])
        finally:
            conn.rollback()
        assert [[hit[:2] for hit in some] for some in found] == [
            [("message", "message-0")],
            [("party", "party-0")],
            [("party", "party-0")],
            [("message", "message-0")],
            [],
        ]
