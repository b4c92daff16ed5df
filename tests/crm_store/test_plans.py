"""What is asked all day is answered from an index, never by reading a whole table that grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from town import mail, phone

from contactd.crm_store import (
    interactions,
    lookup,
    messages,
    outbox_rows,
    parties,
    reading_rows,
    recovery_rows,
    timeline,
)
from contactd.crm_store.database import Database
from contactd.crm_store.interactions import Filter
from contactd.crm_store.write_conn import WriteConn

GROWING = {
    "interaction",
    "message",
    "party",
    "contact_point",
    "contact_claim",
    "receipt",
    "raw",
    "outbox",
    "fact_inbox",
}
NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)

READS: dict[str, Callable[[Connection], Any]] = {
    "one": lambda conn: _quiet(interactions.get, conn, "x"),
    "newest": lambda conn: interactions.listed(conn, Filter()),
    "of a party": lambda conn: interactions.listed(conn, Filter(party="x")),
    "open": lambda conn: interactions.listed(conn, Filter(state="open")),
    "messages": lambda conn: messages.of_interaction(conn, "x"),
    "thread": lambda conn: messages.of_thread(conn, "x"),
    "timeline": lambda conn: timeline.page(conn, "p"),
    "lookup": lambda conn: lookup.claims(conn, phone("+861")),
    "search": lambda conn: parties.listed(conn, q="li@"),
    "parties": parties.listed,
    "open work": recovery_rows.open_work,
    "unread": reading_rows.unread_receipts,
    "unconsumed": recovery_rows.unconsumed,
    "lookup by mail": lambda conn: lookup.claims(conn, mail("a@b")),
}


def _quiet(read: Callable[..., Any], *args: Any) -> None:
    try:
        read(*args)
    except LookupError:
        return
    except Exception as error:  # noqa: BLE001 - only its kind matters here
        assert type(error).__name__ == "NotFoundError"  # noqa: PT017


@pytest.fixture
def asked(sqlite_url: str) -> Any:
    """Run a function and return what SQLite would scan for its statements."""
    database = Database(sqlite_url)
    with database.writer() as connection:
        connection.exec_driver_sql(
            "INSERT INTO party (id, kind, canonical_id, display_name, family_name, given_name,"
            " salutation, legal_name, lifecycle, roles, vip, tags, custom, pii_state, search_name, created_at, updated_at,"
            " row_version) VALUES ('p','person','p','','','','','','unknown','[]',0,'[]','{}','normal','',0,0,1)"
        )

        def run(fn: Callable[[Any], Any], conn: Any) -> list[str]:
            seen: list[tuple[str, Any]] = []
            listen = lambda *args: seen.append((args[2], args[3]))  # noqa: E731
            event.listen(database.engine, "before_cursor_execute", listen)
            fn(conn)
            event.remove(database.engine, "before_cursor_execute", listen)
            plans: list[str] = []
            for statement, values in seen:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans += [row[3] for row in plan]
            assert plans
            return [
                step for step in plans if step.startswith("SCAN") and step.split()[1] in GROWING and "INDEX" not in step
            ]

        yield run, connection, database


@pytest.mark.parametrize("name", READS)
def test_reads_use_indexes(asked: Any, name: str) -> None:
    run, connection, _ = asked
    assert run(READS[name], connection) == []


def test_the_check_sees_a_scan(asked: Any) -> None:
    run, connection, _ = asked
    assert run(lambda conn: conn.exec_driver_sql("SELECT * FROM message WHERE body_text = 'x'"), connection) != []


def test_the_outbox_finds_what_is_due_by_index(asked: Any) -> None:
    _, connection, database = asked
    conn = WriteConn(connection, database.words)
    for statement in (outbox_rows._DUE, outbox_rows._EXPIRED):
        ready = statement.prepared(connection.dialect)
        given = {"now": NOW + timedelta(), "b_now": NOW + timedelta(), "most": 20}
        values = ready.bind({name: value for name, value in given.items() if name in ready.names})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {ready.sql}", values)
        steps = [row[3] for row in plan]
        assert steps
        assert not any(step.startswith(("SCAN outbox", "SCAN ahead")) and "INDEX" not in step for step in steps)
    assert conn.written == 0
