"""An erased person is nowhere, the figures stay; who asks does not decide; consent has evidence; an archive has all of it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from contactd.core.address import phone_point
from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import ConflictError
from contactd.crm_store import (
    audit,
    case_rows,
    dismissed_rows,
    erasing,
    records,
    schema,
    search_docs,
    search_hits,
    task_rows,
)
from contactd.crm_store.blobs import Blobs
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store
from contactd.desk import privacy
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from contactd.desk.privacy import Privacy
from contactd.testing.clock import ManualClock
from tests.api.house import House, build
from tests.crm_store.town import Town, mail

NAME, NUMBER, ADDRESS, WORDS = "欧阳乾坤", "13912345678", "qiankun@erase.example", "我要投诉蓝色冰箱"
SECRETS = (NAME, "欧阳", NUMBER, "1391234", NUMBER[-7:], ADDRESS, "qiankun", WORDS, "蓝色冰箱", "QUITTUNG-77")
WHY = {"reason": "asked by letter", "verified_how": "identity card seen"}


async def lived(house: House, tmp_path: Path) -> dict[str, str]:
    """A customer who left traces wherever one can, and another one who stays."""
    town = Town(house.store)
    point = phone_point(NUMBER)
    assert point is not None
    party = await town.party(NAME, point, mail(ADDRESS))
    other = await town.party("李雷", mail("li@example.com"))
    said = {"raw_from": ADDRESS, "from_name": NAME, "subject": f"{NAME} QUITTUNG-77", "summary": WORDS}
    first = await town.interaction(party, WORDS, f"call {NUMBER}", **said)
    second = await town.interaction(party, WORDS, channel="chat", adapter="chat", **said)
    stays = await town.interaction(other, "你好 世界")
    await town.received(first, f"From: {ADDRESS}\n\n{WORDS}".encode())
    await town.received(second, f"{NAME} {WORDS}".encode(), blob=True, adapter="chat")
    await town.received(stays, b"hello")
    file = house.store.blobs.put(f"{NAME} QUITTUNG-77".encode())
    now = house.clock.now()

    def beside(conn: Any) -> None:
        message = (
            conn.execute(select(schema.message.c.id).where(schema.message.c.interaction_id == first)).scalars().first()
        )
        row = {"id": "file-1", "message_id": message, "interaction_id": first, "blob": file, "size": 3, "at": now}
        conn.execute(insert(schema.attachment).values(**row, name=f"{NAME}.pdf", media_type="application/pdf"))
        data = {"note": WORDS, "line": "support", "seconds": 5, "to": f"+86{NUMBER}"}
        conn.execute(
            insert(schema.interaction_event).values(interaction_id=first, seq=1, at=now, type="noted", data=data)
        )
        values = {"subject": WORDS, "body": f"{NAME} {NUMBER}", "party_id": party, "state": "closed"}
        case_rows.create(conn, "case-1", values, plan=NO_PLAN, now=now, actor=None)
        conn.execute(schema.case_.update().values(state="closed"))

    await house.store.write(beside)
    table = tmp_path / "new.csv"
    table.write_text(f"姓名,手机,备注\n{NAME},{NUMBER},{WORDS}\n", encoding="utf-8")
    importing = Importing(house.store, house.clock, Idents(house.clock), "test")
    await importing.run(Wish(path=table), lambda _one: None)
    await indexed(house)
    return {"party": party, "first": first, "other": other}


async def indexed(house: House) -> None:
    now = house.clock.now()
    while await house.store.write(lambda conn: search_docs.index_parties(conn, now), bulk=True):
        pass
    await house.store.write(lambda conn: search_docs.index_cases(conn, now), bulk=True)
    missing, _ = await house.store.read(lambda conn: search_docs.unindexed(conn, None))
    await house.store.write(lambda conn: search_docs.index_messages(conn, missing, now), bulk=True)


async def everything(store: Store) -> str:
    """All that stands in any table, the index of words included, and in any file beside."""

    def read(conn: Any) -> str:
        rows = [str(row) for table in schema.metadata.sorted_tables for row in conn.execute(select(table))]
        rows += [str(row) for row in conn.exec_driver_sql("SELECT tokens FROM search_index")]
        return "\n".join(rows)

    return await store.read(read) + files(store.blobs)


def files(blobs: Blobs) -> str:
    return "\n".join(
        path.read_bytes().decode(errors="replace")
        for path in blobs.path("0" * 64).parent.parent.rglob("*")
        if path.is_file()
    )


def on_disk(tmp_path: Path) -> bytes:
    """The database's own files, and its log of what is not yet in them."""
    return b"".join(path.read_bytes() for path in sorted(tmp_path.glob("contactd.db*")))


async def figures(store: Store) -> list[Any]:
    """What a report counts."""
    table = schema.interaction.c
    shown = (
        table.channel,
        table.line,
        table.state,
        table.outcome,
        func.count(),
        func.sum(table.wait_ms + table.talk_ms),
    )
    query = select(*shown).group_by(*shown[:4]).order_by(*shown[:4])
    return await store.read(lambda conn: [tuple(row) for row in conn.execute(query)])


async def erased(house: House, party: str) -> dict[str, Any]:
    """Have a customer erased: asked by one, approved by another."""
    async with await house.logged_in("sue") as sue, await house.logged_in("adam") as adam:
        asked = await sue.post("/api/v1/privacy/requests", json={"party": party, **WHY})
        assert asked.status_code == 201, asked.text
        path = f"/api/v1/privacy/requests/{asked.json()['id']}"
        approved = await adam.post(f"{path}/approve", json={})
        assert approved.status_code == 200, approved.text
        await Privacy(house.store, house.clock).some()
        found: dict[str, Any] = (await adam.get(path)).json()
    assert found["state"] == "done"
    return found


def traces(left: str) -> list[str]:
    """Return what of the person stands in a text; the last four digits only as a word, for they may be within a digest."""
    found = [secret for secret in SECRETS if secret in left]
    return found + re.findall(rf"(?<![0-9A-Za-z]){NUMBER[-4:]}(?![0-9A-Za-z])", left)


async def test_an_erased_person_is_nowhere_and_the_figures_stay(both: House, tmp_path: Path) -> None:
    ids = await lived(both, tmp_path)
    before = await figures(both.store)
    full = await everything(both.store)
    assert all(secret in full for secret in (NAME, NUMBER, ADDRESS, WORDS, "QUITTUNG-77")), "the test would see them"
    found = await erased(both, ids["party"])
    left = await everything(both.store)
    assert traces(left) == []
    assert await figures(both.store) == before
    if both.store.sqlite:
        disk = on_disk(tmp_path)
        assert [secret for secret in (NAME, NUMBER, ADDRESS, WORDS, "QUITTUNG-77") if secret.encode() in disk] == []
        assert "你好".encode() in disk
    for q in (NAME, NUMBER[-4:], "投诉", "冰箱", "qiankun"):
        hits = await both.store.read(
            lambda conn, q=q: search_hits.search(conn, q, kinds=search_hits.KINDS, acl=("all",))
        )
        assert hits == [], q
    # The books agree all the same, and say what went.
    report = await both.store.read(lambda conn: records.check(conn, both.store.blobs))
    assert [fault for fault in report.faults if fault.record == "raw"] == []
    certificate = found["certificate"]
    assert (certificate["erased"]["contacts"], certificate["erased"]["contact_points"]) == (2, 2)
    (entry,) = [one for one in await both.store.read(audit.listed) if one["action"] == "party.erase"]
    assert entry["detail"]["certificate"] == certificate["sha256"]
    assert await both.store.read(audit.verify) == []
    async with await both.logged_in("ann") as client:
        assert (await client.get("/api/v1/lookup", params={"phone": NUMBER})).json()["party_id"] is None
        (li,) = (await client.get("/api/v1/parties", params={"q": "李"})).json()["items"]
        assert li["id"] == ids["other"]
        await client.get(f"/api/v1/parties/{ids['party']}/timeline")


async def test_what_a_split_moved_and_a_look_at_it_go_too(both: House, tmp_path: Path) -> None:
    """The original of a message that was moved lies under another customer's contact; so does a letter."""
    town = Town(both.store)
    party, other = await town.party(NAME, mail(ADDRESS)), await town.party("李雷")
    theirs = await town.interaction(other, "你好 世界")
    mine = await town.interaction(party, WORDS)
    receipt = await town.received(theirs, f"From: {ADDRESS}\n\n{WORDS}".encode(), blob=True)
    turn = await town.interaction(None, channel="task", adapter="house", subject=f"QUITTUNG-77 {ADDRESS}")
    now = both.clock.now()

    def beside(conn: Any) -> None:
        message = schema.message
        said = message.c.interaction_id == mine
        conn.execute(message.update().where(said).values(headers={"receipt": receipt, "moved": theirs}))
        ident = conn.execute(select(message.c.id).where(said)).scalar()
        letter = {"id": "out-1", "interaction_id": theirs, "message_id": ident, "channel": "email", "state": "sent"}
        letter |= {"payload": f"To: {ADDRESS}".encode(), "created_at": now, "next_at": now, "destination": ADDRESS}
        conn.execute(insert(schema.outbox).values(**letter))
        task = {"kind": "quarantine", "subject": ADDRESS, "about_id": mine, "due_at": now}
        task_rows.put(conn, "look-1", task, now=now, actor=None)
        task_rows.entered(conn, "look-1", turn)

    await both.store.write(beside)
    assert set(traces(await everything(both.store))) >= {ADDRESS, WORDS, "QUITTUNG-77"}
    await erased(both, party)
    assert traces(await everything(both.store)) == []


async def test_an_erasure_that_was_cut_short_goes_on(
    both: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await lived(both, tmp_path)
    stops = iter((True, False))
    shred = both.store.shred

    async def dies() -> None:
        if next(stops, False):
            message = "killed"
            raise RuntimeError(message)
        await shred()

    monkeypatch.setattr(both.store, "shred", dies)
    with pytest.raises(RuntimeError, match="killed"):
        await erased(both, ids["party"])
    await Privacy(both.store, both.clock).some()
    left = await everything(both.store)
    assert traces(left) == []
    assert (await both.store.read(lambda conn: conn.execute(select(schema.privacy_request.c.blobs)).scalar())) == []


async def test_what_was_erased_is_not_brought_back(house: House) -> None:
    town, now = Town(house.store), house.clock.now()
    party = await town.party(NAME, mail(ADDRESS))
    junk = await town.interaction(party, WORDS, outcome="junk")
    event = {"interaction_id": junk, "seq": 1, "at": now, "type": "dismissed", "actor": "id-ann"}
    row = insert(schema.interaction_event).values(**event, data={"reason": "junk"})
    await house.store.write(lambda conn: conn.execute(row))
    found = await house.store.read(lambda conn: dismissed_rows.dismissed(conn, junk, now))
    assert found.reason == "junk"
    await erased(house, party)
    with pytest.raises(ConflictError) as caught:
        await house.store.read(lambda conn: dismissed_rows.dismissed(conn, junk, now))
    assert caught.value.code == "bad_state"


async def test_a_disk_that_refuses_stops_no_erasure(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await lived(house, tmp_path)
    drop, refused = house.store.blobs.drop, False

    def refuses(name: str, before: float) -> bool:
        nonlocal refused
        if not refused:
            refused = True
            raise PermissionError
        return drop(name, before)

    monkeypatch.setattr(house.store.blobs, "drop", refuses)
    with pytest.raises(PermissionError):
        await erased(house, ids["party"])
    refused = False
    monkeypatch.setattr(privacy, "EVERY_S", 0.01)
    going = asyncio.create_task(Privacy(house.store, house.clock).run())
    async with asyncio.timeout(20):
        while await house.store.read(erasing.open_requests) and not going.done():  # noqa: ASYNC110 - a state of the store
            await asyncio.sleep(0.01)
    assert refused
    assert not going.done()
    assert traces(await everything(house.store)) == []
    going.cancel()


async def test_who_writes_while_being_erased_is_heard_first_and_nobody_else_goes_along(house: House) -> None:
    town = Town(house.store)
    party, other = await town.party(NAME, mail(ADDRESS)), await town.party("李雷", mail("li@example.com"))
    async with await house.logged_in("sue") as sue, await house.logged_in("adam") as adam:
        asked = (await sue.post("/api/v1/privacy/requests", json={"party": party, **WHY})).json()["id"]
        await adam.post(f"/api/v1/privacy/requests/{asked}/approve", json={})
        held = await sue.post("/api/v1/privacy/holds", json={"party": party, "reason": "court"})
        merged = await sue.post("/api/v1/merges", json={"survivor": other, "losers": [party]})
        assert [(one.status_code, one.json()["code"]) for one in (held, merged)] == [(409, "erasing")] * 2
        wrote = await town.interaction(party, WORDS, state="queued", ended_at=None)
        await Privacy(house.store, house.clock).some()
        assert (await adam.get(f"/api/v1/privacy/requests/{asked}")).json()["state"] == "running"
        assert WORDS in await everything(house.store), "what was just written is not thrown away unread"
        over = schema.interaction.update().where(schema.interaction.c.id == wrote).values(state="closed")
        await house.store.write(lambda conn: conn.execute(over))
        await Privacy(house.store, house.clock).some()
        assert (await adam.get(f"/api/v1/privacy/requests/{asked}")).json()["state"] == "done"
    left = await everything(house.store)
    assert traces(left) == []
    assert "li@example.com" in left


async def test_who_asks_does_not_decide(house: House) -> None:
    party = await Town(house.store).party(NAME)
    async with await house.logged_in("adam") as adam, await house.logged_in("ann") as ann:
        assert (await ann.post("/api/v1/privacy/requests", json={"party": party, **WHY})).status_code == 403
        asked = await adam.post("/api/v1/privacy/requests", json={"party": party, **WHY})
        path = f"/api/v1/privacy/requests/{asked.json()['id']}"
        assert (await adam.post(f"{path}/approve", json={})).json()["code"] == "four_eyes"
        assert (await adam.post("/api/v1/privacy/requests", json={"party": party, **WHY})).json()["code"] == "asked"
        assert (await adam.post("/api/v1/privacy/requests", json={"party": party})).status_code == 400
        assert (await adam.post("/api/v1/privacy/requests", json={"party": "none", **WHY})).status_code == 404


async def test_nobody_is_two_people_by_a_token(house: House) -> None:
    """Who may make tokens could else ask as a program, or as a colleague, and approve as themselves."""
    town = Town(house.store)
    parties = [await town.party(NAME), await town.party("李雷")]
    scopes = ["write", "admin"]
    async with await house.logged_in("adam") as adam, house.client("192.0.2.7") as program:
        for party, more in zip(parties, ({}, {"agent": "id-sue"}), strict=True):
            made = await adam.post("/api/v1/tokens", json={"name": f"t{party}", "scopes": scopes, **more})
            program.headers["authorization"] = f"Bearer {made.json()['token']}"
            asked = await program.post("/api/v1/privacy/requests", json={"party": party, **WHY})
            assert asked.json()["asked_by"] == "id-adam"
            path = f"/api/v1/privacy/requests/{asked.json()['id']}/approve"
            for client in (adam, program):
                answer = await client.post(path, json={})
                assert (answer.status_code, answer.json()["code"]) == (403, "four_eyes")


async def test_a_legal_hold_and_open_work_stand_against_it(house: House) -> None:
    town = Town(house.store)
    party = await town.party(NAME)
    contact = await town.interaction(party, WORDS, state="active")
    async with await house.logged_in("sue") as sue, await house.logged_in("adam") as adam:
        asked = await sue.post("/api/v1/privacy/requests", json={"party": party, **WHY})
        path = f"/api/v1/privacy/requests/{asked.json()['id']}/approve"
        assert (await adam.post(path, json={})).json()["code"] == "open_work"
        await house.store.write(
            lambda conn: conn.execute(
                schema.interaction.update().where(schema.interaction.c.id == contact).values(state="closed")
            ),
        )
        hold = await sue.post("/api/v1/privacy/holds", json={"party": party, "reason": "a case before the court"})
        assert [one["party_id"] for one in (await sue.get("/api/v1/privacy/holds")).json()["items"]] == [party]
        refused = await adam.post(path, json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "legal_hold")
        await Privacy(house.store, house.clock).some()
        assert WORDS in await everything(house.store)
        assert (await adam.delete(f"/api/v1/privacy/holds/{hold.json()['id']}")).status_code == 204
        assert (await adam.post(path, json={})).json()["state"] == "running"
        assert (await adam.post(path, json={})).json()["code"] == "decided"
        late = await sue.post("/api/v1/privacy/holds", json={"party": party, "reason": "the same court, too late"})
        assert (late.status_code, late.json()["code"]) == (409, "erasing"), "what is erased is not said to be kept"


async def test_a_shared_number_stays_for_the_other_one(house: House) -> None:
    town = Town(house.store)
    point = phone_point(NUMBER)
    assert point is not None
    party = await town.party(NAME, point)
    other = await town.party("李雷", point)
    await erased(house, party)
    async with await house.logged_in("ann") as client:
        assert (await client.get("/api/v1/lookup", params={"phone": NUMBER})).json()["party_id"] == other


GONE_OVER = {
    *(
        "address",
        "attachment",
        "automatic_answer",
        "blocked",
        "case",
        "case_event",
        "connector_dead",
        "consent",
        "contact_claim",
    ),
    *("contact_point", "draft", "draft_version", "dup_candidate", "external_id", "idempotency_key", "import_file"),
    *("import_row", "interaction", "interaction_event", "interaction_participant", "interaction_topic", "match_key"),
    *(
        "merge_op",
        "message",
        "message_fate",
        "outbox",
        "party",
        "party_facet",
        "party_link",
        "party_name",
        "privacy_request",
        "protected",
        "promise",
    ),
    *(
        "approval",
        "writeback",
        "qa_review",
        "raw",
        "campaign_member",
        "record",
        "record_event",
        "recording",
        "search_doc",
        "survey_answer",
        "survey_invite",
        "task",
        "thread",
        "visitor",
    ),
}
"""Tables an erasure empties of a person."""
IMPERSONAL = {
    *(
        "agent",
        "prompt",
        "prompt_switch",
        "report_seal",
        "agent_line",
        "agent_routing",
        "agent_segment",
        "agent_skill",
        "agent_state_log",
        "agent_team",
        "api_token",
        "audit_log",
        "bulk_batch",
        "change",
        "webhook",
        "webhook_dead",
        "connector",
        "connector_run",
    ),
    *("kb_article", "kb_category", "kb_event", "kb_revision", "kb_token", "kb_use"),
    *(
        "bulk_item",
        "case_link",
        "case_watcher",
        "channel_state",
        "due",
        "fact_inbox",
        "field_def",
        "handover",
        "handover_item",
        "import_job",
        "journal",
    ),
    *("interaction_routing", "interaction_segment", "legal_hold", "line", "line_routing", "login_failure", "mark"),
    *("merge_member", "node", "number_seq", "offer", "policy_version", "receipt", "router_lease", "session", "skill"),
    *("qa_draw", "qa_form", "qa_form_version", "qa_rule", "verification", "announcement", "announcement_read"),
    *("sla_timer", "survey", "team", "text_block", "text_version", "upload"),
}
"""Tables of ids, figures and our own people and words only; what was uploaded goes within a day."""


def test_an_erasure_knows_every_table() -> None:
    assert set(schema.metadata.tables) == GONE_OVER | IMPERSONAL
    assert not GONE_OVER & IMPERSONAL


async def said(client: httpx.AsyncClient, party: str, **what: Any) -> httpx.Response:
    return await client.post(f"/api/v1/parties/{party}/consents", json={"purpose": "marketing", **what})


async def test_consent_has_evidence_and_the_last_and_strictest_word_stands(both: House, clock: ManualClock) -> None:
    town = Town(both.store)
    party, twin = await town.party("李雷"), await town.party("李磊")
    async with await both.logged_in("ann") as client:
        assert (await said(client, party, state="granted")).json()["code"] == "evidence"
        given = {"evidence": "form 12, signed", "text_version": "2026-01", "expires_at": "2027-01-01T00:00:00Z"}
        granted = await said(client, party, state="granted", **given)
        assert granted.json()["standing"] == [{"purpose": "marketing", "channel": "", "state": "granted"}]
        clock.advance(1)
        assert (await said(client, twin, state="denied")).status_code == 201
        await town.merge(twin, party)
        found = (await client.get(f"/api/v1/parties/{party}/consents")).json()
        assert [(one["state"], one["evidence"], one["by"]) for one in found["items"]] == [
            ("denied", "", "id-ann"),
            ("granted", "form 12, signed", "id-ann"),
        ]
        assert found["standing"] == [{"purpose": "marketing", "channel": "", "state": "denied"}]
        clock.advance(1)
        await said(client, twin, state="granted", evidence="said so")
        clock.advance(400 * 24 * 3600)
    async with await both.logged_in("ann") as client:
        found = (await client.get(f"/api/v1/parties/{party}/consents")).json()
        assert found["standing"] == [{"purpose": "marketing", "channel": "", "state": "expired"}]
    acts = [one["action"] for one in await both.store.read(audit.listed)]
    assert acts.count("consent.say") == 3


async def test_a_person_gets_all_that_is_kept_in_one_file(both: House, tmp_path: Path) -> None:
    ids = await lived(both, tmp_path)
    async with await both.logged_in("sue") as client:
        answer = await client.get(f"/api/v1/parties/{ids['party']}/archive")
        assert answer.status_code == 200
        missing = await client.get("/api/v1/parties/none/archive")
        assert missing.status_code == 404
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        data = json.loads(archive.read("data.json"))
        contacts = [json.loads(line) for line in archive.read("contacts.jsonl").splitlines()]
        page = archive.read("index.html").decode()
        originals = {name: archive.read(name) for name in archive.namelist() if name.startswith("originals/")}
    assert data["records"][0]["display_name"] == NAME
    assert sorted(point["value"] for point in data["contact_points"]) == [f"+86{NUMBER}", ADDRESS]
    assert [said["text"] for one in contacts for said in one["messages"]] == [WORDS, f"call {NUMBER}", WORDS]
    assert [name for one in contacts for name in one["files"]] == sorted(originals, key=list(originals).index)
    assert any(WORDS.encode() in data for data in originals.values())
    assert WORDS in page
    assert "你好" not in page


async def test_who_sees_numbers_masked_takes_no_archive(both: House, clock: ManualClock, tmp_path: Path) -> None:
    house = build(both.store, clock, tmp_path / "s" / "static", masked_roles=("supervisor",))
    party = await Town(both.store).party(NAME)
    async with await house.logged_in("sue") as client:
        assert (await client.get(f"/api/v1/parties/{party}/archive")).json()["code"] == "masked"
