"""Reading customers over REST is in the audit log: who, what, when; and nobody waits for it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core.errors import StoreDownError
from contactd.crm_store import audit, schema
from contactd.crm_store.store import Store
from contactd.desk import reads
from contactd.desk.changes import InteractionUpsert
from contactd.desk.reads import ReadLog
from contactd.testing.clock import ManualClock
from tests.api.house import House
from tests.api.test_reads import town_of
from tests.api.test_sources import with_source
from tests.api.test_writes import with_files
from tests.crm_store.town import mail


async def noted(house: House) -> list[tuple[str, str, str, str | None, dict[str, Any]]]:
    """Return what stands in the audit log: (actor, action, kind, id, detail)."""
    assert await house.reads.flush()
    rows = await house.store.read(lambda conn: conn.execute(select(schema.audit_log).order_by("seq")).all())
    assert await house.store.read(audit.verify) == []
    return [(row.actor, row.action, row.object_kind, row.object_id, row.detail) for row in rows]


@pytest.fixture
async def wang(both: House) -> dict[str, str]:
    """A customer with a mail, a file and a case."""
    town = town_of(both)
    party = await town.party("Wang", mail("wang@x.example"))
    interaction = await town.interaction(party, "hello")
    rows = await both.store.read(lambda conn: conn.execute(select(schema.message.c.id)).all())
    return {"party": party, "interaction": interaction, "message": rows[0].id}


READS = {
    "/api/v1/interactions": ("interaction.read", "interaction", None),
    "/api/v1/interactions/{interaction}": ("interaction.read", "interaction", ""),
    "/api/v1/interactions/{interaction}/messages": ("interaction.read", "interaction", "messages"),
    "/api/v1/interactions/{interaction}/events": ("interaction.read", "interaction", "events"),
    "/api/v1/parties?q=wang": ("party.read", "party", None),
    "/api/v1/parties/{party}": ("party.read", "party", ""),
    "/api/v1/parties/{party}/timeline": ("party.read", "party", "timeline"),
    "/api/v1/parties/{party}/merges": ("party.read", "party", "merges"),
    "/api/v1/parties/{party}/records": ("party.read", "party", None),
    "/api/v1/lookup?email=wang@x.example": ("party.lookup", "party", None),
    "/api/v1/cases": ("case.read", "case", None),
    "/api/v1/interactions/{interaction}/newer?since=2026-01-01T00:00:00Z": (
        "interaction.read",
        "interaction",
        "messages",
    ),
    "/api/v1/interactions/{interaction}/recordings": ("interaction.read", "interaction", "recordings"),
    "/api/v1/interactions/{interaction}/templates": ("interaction.read", "interaction", ""),
    "/api/v1/queue": ("queue.read", "interaction", None),
}
"""What is asked → action, kind, and which part of one thing; None = a list."""


@pytest.mark.parametrize("path", READS)
async def test_every_read_of_a_customer_is_written_down(both: House, wang: dict[str, str], path: str) -> None:
    client = await both.logged_in("ann")
    answer = await client.get(path.format(**wang))
    assert answer.status_code == 200, answer.text
    action, kind, part = READS[path]
    ((actor, told, told_kind, ident, detail),) = await noted(both)
    assert (actor, told, told_kind) == ("id-ann", action, kind)
    if part is None:
        assert ident is None
        shown = answer.json()
        items = shown["items"] if "items" in shown else [{"id": shown["party_id"]}]
        assert detail["ids"] == [item["id"] for item in items]
    else:
        assert ident == wang[kind]
        assert detail == ({"part": part} if part else {})


async def test_no_route_that_shows_customers_is_left_out(house: House) -> None:
    """Every GET of the interface is tested here, but for those that show no customer."""
    harmless = {"/me", "/policy", "/agents", "/agents/{}/explain", "/interactions/{}/explain", "/session"}
    harmless |= {"/cases/board", "/cases/{}", "/cases/{}/why", "/promises"}  # see tests/api/test_cases.py
    harmless |= {"/imports", "/imports/{}", "/imports/{}/rows", "/imports/{}/result"}  # see tests/api/test_imports.py
    harmless |= {"/connectors", "/connectors/{}/left-out"}  # see tests/api/test_connector_routes.py
    harmless |= {"/writeback-targets", "/writebacks", "/writebacks/{}"}  # see tests/api/test_writebacks.py
    harmless |= {"/changes", "/webhooks"}  # ids only
    harmless |= {"/privacy/requests", "/privacy/requests/{}", "/privacy/holds"}  # see tests/api/test_privacy.py
    harmless |= {"/parties/{}/consents", "/parties/{}/archive", "/privacy/retention", "/teams"}
    harmless |= {"/cases/{}/evidence"}  # see tests/api/test_evidence.py
    harmless |= {"/import-files/{}", "/import-files/{}/preview"}
    harmless |= {
        "/cases/board",
        "/cases/{}",
        "/cases/{}/why",
        "/promises",
        "/tasks",
        "/handovers",
        "/fields",
        "/texts",
        "/texts/{}/versions",
        "/parties/{}/links",
        "/agents/{}/holdings",
        "/segments",  # numbers only
        "/records/{}/figures",
        "/records/{}/members",  # see tests/api/test_campaign_routes.py
    }  # see tests/api/test_cases.py, test_tasks.py
    harmless |= {"/duplicates", "/search"}  # see tests/api/test_merges.py, test_search_box.py
    harmless |= {"/record-kinds", "/records", "/records/{}", "/parties/{}/cards"}  # see tests/api/test_commerce.py
    harmless |= {"/reports/stays", "/reports/agents", "/reports/behind"}  # see tests/api/test_reports.py
    harmless |= {"/scorecards", "/scorecards/{}/versions", "/samplings", "/reports/quality"}  # the house's own words
    harmless |= {"/reviews", "/reviews/{}", "/reviews/{}/calibrations"}  # see tests/api/test_review_routes.py
    harmless |= {"/approvals"}  # see tests/api/test_approvals.py
    harmless |= {"/announcements", "/announcements/{}/readers"}  # the house's own words and people
    harmless |= {"/interactions/{}/identity"}  # what is asked, never what is kept; answers are in the audit log
    harmless |= {"/reports/seals", "/reports/seals/{}"}  # figures alone
    harmless |= {"/surveys", "/satisfaction", "/invitations"}  # see tests/api/test_survey_routes.py
    harmless |= {
        f"/knowledge/{one}" for one in ("articles", "articles/{}", "articles/{}/text", "search", "browse", "categories")
    }
    harmless |= {"/interactions/{}/suggestions"}  # shows articles, nothing of the contact
    harmless |= {"/healthz", "/readyz", "/metrics", "/policy/shadow", "/outside/compare"}
    harmless |= {"/uploads/{}"}  # one's own, not sent yet
    harmless |= {"/prompts", "/prompts/{}/sound", "/menu-ways"}  # the house's own words
    told = {path.partition("?")[0].removeprefix("/api/v1") for path in READS}
    told |= {
        "/files/{}",
        "/messages/{}/html",
        "/outbox",
        "/blocked",
        "/protected",
        "/messages/{}/source",
        "/interactions/{}/original",
        "/messages/{}/headers",
        "/recordings/{}/sound",  # see tests/api/test_recordings.py
    }  # see below
    document = (await (await house.logged_in("adam")).get("/api/v1/openapi.json")).json()
    found = {path.removeprefix("/api/v1") for path, methods in document["paths"].items() if "get" in methods}
    assert found
    assert {_nameless(path) for path in found} - {_nameless(path) for path in told} - harmless == set()


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


async def test_files_and_pages_that_were_read_are_written_down(house: House) -> None:
    message = await with_files(house)
    client = await house.logged_in("ann")
    for path in ("/files/svg", "/files/gone", f"/api/v1/messages/{message}/html"):
        await client.get(path)
    assert await noted(house) == [
        ("id-ann", "file.read", "file", "svg", {}),
        ("id-ann", "interaction.read", "message", message, {"part": "html"}),
    ]


async def test_originals_that_were_read_are_written_down(house: House) -> None:
    message = await with_source(house, blob=False)
    client = await house.logged_in("ann")
    for part in ("source", "headers"):
        await client.get(f"/api/v1/messages/{message}/{part}")
    assert await noted(house) == [
        ("id-ann", "interaction.read", "message", message, {"part": part}) for part in ("source", "headers")
    ]


async def test_what_is_refused_or_not_there_is_not_a_read(both: House, wang: dict[str, str]) -> None:
    stranger = both.client()
    assert (await stranger.get(f"/api/v1/parties/{wang['party']}")).status_code == 401
    ann = await both.logged_in("ann")
    assert (await ann.get("/api/v1/parties/nobody")).status_code == 404
    assert await noted(both) == []


async def test_a_program_and_its_address_are_named(both: House, wang: dict[str, str]) -> None:
    program = await both.with_token("read")
    await program.get(f"/api/v1/parties/{wang['party']}")
    await both.reads.flush()
    read = schema.audit_log.c.object_kind == "party"
    row = await both.store.read(lambda conn: conn.execute(select(schema.audit_log).where(read)).one())
    assert (row.actor.startswith("token:"), row.ip) == (True, "192.0.2.7")
    assert row.at == both.clock.now()


async def test_the_same_read_again_is_counted(both: House, wang: dict[str, str]) -> None:
    ann = await both.logged_in("ann")
    for _ in range(3):
        await ann.get(f"/api/v1/parties/{wang['party']}")
    ((_, _, _, _, detail),) = await noted(both)
    assert detail == {"times": 3}


async def test_nobody_waits_for_it(both: House, wang: dict[str, str]) -> None:
    """The read is answered while no commit is possible."""
    ann = await both.logged_in("ann")
    with both.store.hold_commits():
        assert (await ann.get(f"/api/v1/parties/{wang['party']}")).status_code == 200
    assert len(await noted(both)) == 1


async def test_what_is_shown_of_who_waits_is_noted(house: House) -> None:
    view = {
        "id": "i1",
        "state": "queued",
        "line": "support",
        "channel": "email",
        "queued_at": "2026-11-20T01:00:00.000Z",
    }
    house.views.apply([InteractionUpsert(view=view)], house.clock.now())
    ann = await house.logged_in("ann")
    assert (await ann.get("/api/v1/queue")).status_code == 200
    ((_, action, _, _, detail),) = await noted(house)
    assert (action, detail) == ("queue.read", {"ids": ["i1"]})


async def test_what_cannot_be_written_now_is_written_later(
    small_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ReadLog(small_store, clock)
    write = small_store.write
    down = True

    async def failing(*args: Any, **kwargs: Any) -> Any:
        if down:
            message = "down"
            raise StoreDownError(message)
        return await write(*args, **kwargs)

    monkeypatch.setattr(small_store, "write", failing)
    log.note("ann", "party.read", "party", "p1")
    assert not await log.flush()
    log.note("ann", "party.read", "party", "p1")
    log.note("bob", "party.read", "party", "p2")
    down = False
    assert await log.flush()
    rows = await small_store.read(lambda conn: conn.execute(select(schema.audit_log).order_by("seq")).all())
    assert [(row.actor, row.object_id, row.detail) for row in rows] == [
        ("ann", "p1", {"times": 2}),
        ("bob", "p2", {}),
    ]


async def test_a_flood_of_reads_is_bounded_and_says_so(
    small_store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "WAITING", 250)
    log = ReadLog(small_store, clock)
    for number in range(300):
        log.note("ann", "party.read", "party", f"p{number}")
    assert await log.flush(bulk=True)
    rows = await small_store.read(lambda conn: conn.execute(select(schema.audit_log).order_by("seq")).all())
    assert len(rows) == 251
    (lost,) = [row.detail for row in rows if row.action == "read.not_noted"]
    assert lost == {"times": 50}
    assert await small_store.read(audit.verify) == []


async def test_many_ids_of_one_list_are_bounded(small_store: Store, clock: ManualClock) -> None:
    log = ReadLog(small_store, clock)
    for part in range(3):
        log.note("ann", "party.read", "party", None, ids=[f"p{part}-{n}" for n in range(150)])
    assert await log.flush()
    row = await small_store.read(lambda conn: conn.execute(select(schema.audit_log)).one())
    assert (len(row.detail["ids"]), row.detail["times"]) == (200, 3)


async def test_messages_read_in_the_outbox_are_written_down(house: House) -> None:
    message, now = await with_files(house), house.clock.now()
    said = await house.store.read(
        lambda conn: conn.execute(select(schema.message.c.interaction_id).where(schema.message.c.id == message)).one()
    )
    row = {"id": "out-1", "interaction_id": said.interaction_id, "message_id": message, "channel": "email"}
    row |= {"state": "queued", "next_at": now, "created_at": now, "agent": "id-ann"}
    await house.store.write(lambda conn: conn.execute(schema.outbox.insert().values(**row)))
    (item,) = (await (await house.logged_in("ann")).get("/api/v1/outbox")).json()["items"]
    assert item["message"] == message
    assert await noted(house) == [("id-ann", "outbox.read", "message", None, {"ids": [message]})]
    # An agent does not see everybody's, whatever is asked for.
    assert (await (await house.logged_in("bob")).get("/api/v1/outbox?all=1")).json()["items"] == []
    assert len((await (await house.logged_in("sue")).get("/api/v1/outbox?all=1")).json()["items"]) == 1
