"""Consoles are told that announcements or approvals stand differently, also when nothing but the time has passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from contactd.core.case_plan import NO_PLAN
from contactd.crm_store import announcement_rows, approval_rows
from contactd.crm_store.schema import party
from contactd.crm_store.statements import insert
from contactd.desk.changes import Changed, Notice
from contactd.desk.notices import Notices
from tests.desk.bench import Bench


class Heard:
    """Remembers what consoles would be told; what the house itself tells them meanwhile is none of it."""

    def __init__(self) -> None:
        self.told: list[Changed] = []

    def publish(self, effects: Sequence[Changed]) -> None:
        self.told += effects


async def test_what_changed_is_told_also_when_only_time_has_passed(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    publisher = Heard()
    notices = Notices(cast("Any", SimpleNamespace(store=bench.store, clock=bench.clock, publisher=publisher)))
    await notices.watch()
    now = bench.clock.now()

    async def heard() -> list[str]:
        """Look once more; return of what was told since."""
        publisher.told.clear()
        await notices.watch()
        return [cast("Notice", one).about for one in publisher.told]

    assert await heard() == []
    values: dict[str, Any] = {"title": "Stocktaking", "body": "", "audience": {}, "must": False}
    soon = values | {"begins_at": now + timedelta(minutes=5), "ends_at": now + timedelta(minutes=9)}
    await bench.store.write(lambda conn: announcement_rows.create(conn, "n1", soon, now=now, actor=bob.id))
    assert await heard() == []
    bench.clock.advance(timedelta(minutes=5))
    assert await heard() == ["announcement"]
    assert await heard() == []
    bench.clock.advance(timedelta(minutes=5))
    assert await heard() == ["announcement"]

    at = bench.clock.now()
    person = {"id": "p1", "canonical_id": "p1", "kind": "person", "created_at": at, "updated_at": at}
    await bench.store.write(lambda conn: conn.execute(insert(party).values(**person)))
    for ident, minutes, by in (("a1", 20, ann.id), ("a2", 30, bob.id)):
        wish = {"kind": "identity", "party": "p1", "level": 2, "reason": "by telephone"}
        wish |= {"case": None, "until": at + timedelta(minutes=minutes)}
        await bench.store.write(
            lambda conn, ident=ident, wish=wish, by=by: approval_rows.ask(  # type: ignore[misc]
                conn, ident, wish, plan=NO_PLAN, now=at, actor=by
            )
        )
        assert await heard() == ["approval"]
    grant: dict[str, Any] = {"in_person": True, "grant": True, "decision": ""}
    await bench.store.write(
        lambda conn: approval_rows.decide(conn, "a1", by=bob.id, plan=NO_PLAN, now=at, **grant),
    )
    assert await heard() == ["approval"]
    bench.clock.advance(timedelta(minutes=31))
    assert await heard() == ["approval"], "nobody decided in time"
    assert await heard() == []


async def test_every_console_hears_it(bench: Bench) -> None:
    people = await bench.agent("ann"), await bench.agent("chen", role="supervisor")
    views = bench.office.views
    streams = [views.audience.add(f"k{one.id}", one.id, one.role) for one in people]
    views.apply([Notice(about="announcement"), Notice(about="approval")], bench.clock.now())
    for stream in streams:
        told = [body for body in stream._bodies if '.news"' in body]
        assert told == ['"event":"announcement.news","data":{}}', '"event":"approval.news","data":{}}']
