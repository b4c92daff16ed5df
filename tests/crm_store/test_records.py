"""The audit of the books: sound books pass, and each record, corrupted in turn, is named with its row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from town import Town

from contactd.crm_store import records, schema
from contactd.crm_store.records import Fault, Report
from contactd.crm_store.store import Store

RAW = b"From: li@example.com\r\n\r\n\xe4\xbd\xa0"


@dataclass
class Books:
    """A store in which everything agrees, and the ids of what is in it."""

    store: Store
    town: Town
    closed: str
    waiting: str
    quarantined: str
    receipts: list[str]
    fax_blob: str

    async def audit(self) -> Report:
        return await self.store.read(lambda conn: records.check(conn, self.store.blobs), limit=timedelta(seconds=30))

    async def do(self, *statements: Any) -> None:
        await self.town.unit(*((lambda conn, one=one: conn.execute(one)) for one in statements))


def journal(seq: int, kind: str, ident: str, town: Town, *states: str) -> Any:
    wishes = [{"kind": "Moved", "interaction": ident, "state": state, "cause": "x"} for state in states]
    payload = {"v": 1, "interaction": ident}
    return insert(schema.journal).values(seq=seq, epoch=1, at=town.at, kind=kind, payload=payload, wishes=wishes)


@pytest.fixture
async def books(store: Store, town: Town) -> Books:
    closed = await town.interaction(None, "hello")
    waiting = await town.interaction(state="queued", ended_at=None)
    bad = await town.interaction(state="quarantined", ended_at=None, quarantine_reason="unreadable")
    await town.interaction(direction="outbound", adapter="desk", state="active", ended_at=None, external_key="out")
    await town.interaction(adapter=records.IMPORTED)
    receipts = [
        await town.received(closed, RAW),
        await town.received(waiting, RAW * 2, blob=True),
        await town.received(bad, b"\x00"),
    ]
    receipts.append(await town.received(waiting, b"again", joined=True, external_key="joined"))
    await town.received(closed, RAW, duplicate_of=receipts[0], external_key="twice")
    made = Books(store, town, closed, waiting, bad, receipts, store.blobs.put(b"II*\x00"))
    outbound = await outbound_of(store)
    await made.do(
        journal(1, "restart", "", town),
        journal(2, "InteractionArrived", closed, town),
        journal(3, "InteractionArrived", waiting, town),
        journal(4, "OfferAccepted", closed, town, "active"),
        journal(5, "WorkEnded", closed, town, "wrapup", "closed"),
        journal(6, "WorkStarted", outbound, town),
        insert(schema.attachment).values(
            id="page-1",
            message_id=await message_of(store),
            interaction_id=closed,
            blob=made.fax_blob,
            size=4,
            at=town.at,
        ),
    )
    return made


async def outbound_of(store: Store) -> str:
    query = schema.interaction.select().where(schema.interaction.c.adapter == "desk")
    return str(await store.read(lambda conn: conn.execute(query).one().id))


async def message_of(store: Store) -> str:
    return str(await store.read(lambda conn: conn.execute(schema.message.select()).one().id))


async def test_sound_books_pass(books: Books) -> None:
    report = await books.audit()
    assert report.faults == ()
    assert report.sound
    assert (report.arrived, report.duplicates, report.joined) == (3, 1, 1)
    assert report.standing == {"closed": 1, "open": 1, "quarantined": 1}


async def test_an_empty_store_is_sound(store: Store) -> None:
    report = await store.read(lambda conn: records.check(conn, store.blobs))
    assert report.sound
    assert report.arrived == 0


async def test_a_fact_not_yet_consumed_is_no_fault(books: Books) -> None:
    fresh = await books.town.interaction(state="queued", ended_at=None)
    await books.town.received(fresh, b"x")
    fact = {"v": 1, "interaction": fresh}
    await books.do(insert(schema.fact_inbox).values(id="f", node="main", at=books.town.at, kind="x", payload=fact))
    assert (await books.audit()).sound


R, N, J, W = schema.receipt, schema.interaction, schema.journal, schema.raw


async def lose_receipt(books: Books) -> tuple[str, str]:
    await books.do(delete(R).where(R.c.id == books.receipts[0]))
    return "interactions", books.closed


async def lose_interaction(books: Books) -> tuple[str, str]:
    await books.do(delete(N).where(N.c.id == books.waiting))
    return "receipts", books.receipts[1]


async def state_changed(books: Books) -> tuple[str, str]:
    await books.do(update(N).where(N.c.id == books.waiting).values(state="active"))
    return "journal", books.waiting


async def state_nonsense(books: Books) -> tuple[str, str]:
    await books.do(update(N).where(N.c.id == books.waiting).values(state="lost"))
    return "interactions", books.waiting


async def end_lost(books: Books) -> tuple[str, str]:
    await books.do(update(N).where(N.c.id == books.closed).values(ended_at=None))
    return "interactions", books.closed


async def key_crossed(books: Books) -> tuple[str, str]:
    await books.do(update(N).where(N.c.id == books.closed).values(external_key="other"))
    return "receipts", books.receipts[0]


async def opened_twice(books: Books) -> tuple[str, str]:
    await books.do(update(R).where(R.c.id == books.receipts[3]).values(joined=False))
    return "receipts", books.receipts[3]


async def duplicate_of_nothing(books: Books) -> tuple[str, str]:
    await books.do(update(R).where(R.c.id == books.receipts[2]).values(duplicate_of="none"))
    return "receipts", books.receipts[2]


async def journal_gap(books: Books) -> tuple[str, str]:
    await books.do(delete(J).where(J.c.seq == 4))
    return "journal", "5"


async def journal_cut(books: Books) -> tuple[str, str]:
    fact = {"v": 1, "interaction": books.closed}
    await books.do(
        insert(schema.fact_inbox).values(
            id="f9", node="main", at=books.town.at, kind="x", payload=fact, consumed_seq=7
        ),
    )
    return "journal", "f9"


async def journal_wish_changed(books: Books) -> tuple[str, str]:
    await books.do(update(J).where(J.c.seq == 5).values(wishes=[]))
    return "journal", books.closed


async def journal_forgot(books: Books) -> tuple[str, str]:
    await books.do(update(J).where(J.c.seq == 3).values(kind="tick"))
    return "journal", books.waiting


async def journal_goes_back(books: Books) -> tuple[str, str]:
    await books.do(update(J).where(J.c.seq == 4).values(at=books.town.at - timedelta(hours=1)))
    return "journal", "4"


async def raw_lost(books: Books) -> tuple[str, str]:
    await books.do(delete(W).where(W.c.receipt_id == books.receipts[3]))
    return "raw", books.receipts[3]


async def raw_changed(books: Books) -> tuple[str, str]:
    await books.do(update(W).where(W.c.receipt_id == books.receipts[0]).values(inline=RAW[:-1] + b"!"))
    return "raw", books.receipts[0]


async def raw_digest_changed(books: Books) -> tuple[str, str]:
    await books.do(update(W).where(W.c.receipt_id == books.receipts[0]).values(digest="0" * 64))
    return "raw", books.receipts[0]


async def blob_lost(books: Books) -> tuple[str, str]:
    blob = await blob_of(books)
    books.store.blobs.path(blob).unlink()
    return "raw", books.receipts[1]


async def blob_changed(books: Books) -> tuple[str, str]:
    blob = await blob_of(books)
    books.store.blobs.path(blob).write_bytes(b"other")
    return "raw", books.receipts[1]


async def page_lost(books: Books) -> tuple[str, str]:
    books.store.blobs.path(books.fax_blob).unlink()
    return "raw", "page-1"


async def blob_of(books: Books) -> str:
    query = W.select().where(W.c.blob.is_not(None))
    return str(await books.store.read(lambda conn: conn.execute(query).one().blob))


CORRUPTIONS = [
    lose_receipt,
    lose_interaction,
    state_changed,
    state_nonsense,
    end_lost,
    key_crossed,
    opened_twice,
    duplicate_of_nothing,
    journal_gap,
    journal_cut,
    journal_wish_changed,
    journal_forgot,
    journal_goes_back,
    raw_lost,
    raw_changed,
    raw_digest_changed,
    blob_lost,
    blob_changed,
    page_lost,
]


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda one: one.__name__)
async def test_each_record_corrupted_in_turn_is_named(
    books: Books, corrupt: Callable[[Books], Awaitable[tuple[str, str]]]
) -> None:
    record, ident = await corrupt(books)
    report = await books.audit()
    assert not report.sound
    assert (record, ident) in {(fault.record, fault.id) for fault in report.faults}


def test_a_report_whose_sum_does_not_come_out_is_not_sound() -> None:
    report = Report(arrived=2, duplicates=0, joined=0, standing={"open": 1}, journal_rows=0, faults=())
    assert not report.sound
    assert not Report(
        arrived=0,
        duplicates=0,
        joined=0,
        standing={},
        journal_rows=0,
        faults=(Fault(record="raw", id="x", fault="missing"),),
    ).sound
