"""What was kept for as long as its class allows goes, a little at a time, on record; what something holds stays."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import StoreDownError
from contactd.crm_store import audit, case_rows, retention_rows, schema
from tests.api.house import House
from tests.crm_store.town import Town, mail

LONG_AGO = timedelta(days=800)


async def chats(house: House) -> dict[str, str]:
    """Chats of long ago and one of now; a mail of long ago, whose class is kept for longer."""
    town = Town(house.store, house.clock.now() - LONG_AGO)
    parties = {name: await town.party(name) for name in ("free", "held", "twin", "busy")}
    await town.merge(parties["twin"], parties["held"])
    made = {
        "free": await town.interaction(parties["free"], "secret words", channel="chat"),
        "nobody": await town.interaction(None, "secret words", channel="chat"),
        "held": await town.interaction(parties["twin"], "secret words", channel="chat"),
        "busy": await town.interaction(parties["busy"], "secret words", channel="chat", case_id="open-case"),
        "open": await town.interaction(parties["free"], "secret words", channel="chat", state="active", ended_at=None),
        "mail": await town.interaction(parties["free"], "secret words"),
    }
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    await house.store.write(lambda conn: case_rows.create(conn, "open-case", {"subject": "still open"}, **about))
    hold = {"id": "hold", "party_id": parties["held"], "reason": "a court", "at": town.at, "by": "id-sue"}
    await house.store.write(lambda conn: conn.execute(schema.legal_hold.insert().values(**hold)))
    await town.received(made["mail"], b"From: li@example.com")
    town.at = house.clock.now()
    made["young"] = await town.interaction(parties["free"], "secret words", channel="chat")
    return made


async def texts(house: House) -> dict[str, str]:
    rows = await house.store.read(lambda conn: conn.execute(schema.message.select()).all())
    return {row.interaction_id: row.body_text for row in rows}


async def on_record(house: House) -> list[tuple[str, dict[str, int]]]:
    entries = [one for one in await house.store.read(audit.listed) if one["action"] == "retention.erase"]
    return sorted(((one["actor"], one["detail"]) for one in entries), key=str)


async def test_what_is_due_is_counted_goes_and_is_on_record(both: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await chats(both)
    path = "/api/v1/privacy/retention"
    async with (
        await both.logged_in("ann") as ann,
        await both.logged_in("adam") as adam,
        await both.logged_in("sue") as sue,
    ):
        assert (await ann.get(path)).status_code == 403
        assert (await sue.post(path)).status_code == 403
        before = {one["name"]: one for one in (await sue.get(path)).json()["items"]}
        assert (before["contacts.chat"]["due"], before["contacts.chat"]["held"], before["contacts"]["due"]) == (2, 2, 0)
        assert (before["originals"]["due"], before["originals"]["days"]) == (1, 365)
        assert await texts(both) == dict.fromkeys(made.values(), "secret words"), "a preview changes nothing"
        asked = await adam.post(path)
        assert asked.status_code == 202
        assert {one["name"]: one for one in asked.json()["items"]} == before
        assert await texts(both) == dict.fromkeys(made.values(), "secret words"), "the request does not wait for it"
        monkeypatch.setattr(both.retention, "_is_night", lambda: False)
        await both.retention._look()
        assert await both.retention.erase("id-adam") == {}, "done once is done"
        after = {one["name"]: one for one in (await sue.get(path)).json()["items"]}
        assert (after["contacts.chat"]["due"], after["contacts.chat"]["held"]) == (0, 2)
    left = {name for name, ident in made.items() if (await texts(both))[ident]}
    assert left == {"held", "busy", "open", "mail", "young"}
    rows = await both.store.read(lambda conn: conn.execute(schema.interaction.select()).all())
    assert len(rows) == len(made), "figures of past months stay"
    (raw,) = await both.store.read(lambda conn: conn.execute(schema.raw.select()).all())
    assert (raw.inline, raw.blob) == (None, None)
    assert await on_record(both) == [("id-adam", {"contacts.chat": 2}), ("id-adam", {"originals": 1})]


async def test_what_a_case_or_a_hold_reaches_in_other_ways_stays(both: House) -> None:
    town = Town(both.store, both.clock.now() - LONG_AGO)
    held = await town.party("held", mail("held@example.com"))
    free = await town.party("free", mail("free@example.com"))
    claim = schema.contact_claim
    rows = await both.store.read(lambda conn: conn.execute(claim.select()).all())
    point = {row.party_id: row.contact_point_id for row in rows}
    made = {
        "topic": await town.interaction(free, "secret words", channel="chat"),
        "source": await town.interaction(free, "secret words", channel="chat"),
        "org": await town.interaction(free, "secret words", channel="chat", org_party_id=held),
        "address": await town.interaction(None, "secret words", channel="chat", contact_point_id=point[held]),
        "other": await town.interaction(None, "secret words", channel="chat", contact_point_id=point[free]),
        "done": await town.interaction(free, "secret words", channel="chat"),
    }
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    closed = schema.case_.update().where(schema.case_.c.id == "over").values(state="closed")
    topic = {"n": 1, "disposition": "refund", "is_primary": True, "at": town.at}

    def unit(conn: Any) -> None:
        case_rows.create(conn, "open", {"subject": "open", "source_interaction_id": made["source"]}, **about)
        case_rows.create(conn, "over", {"subject": "over", "source_interaction_id": made["done"]}, **about)
        conn.execute(closed)
        for name, case in (("topic", "open"), ("done", "over")):
            values = {"interaction_id": made[name], "case_id": case, **topic}
            conn.execute(schema.interaction_topic.insert().values(**values))
        hold = {"id": "hold", "party_id": held, "reason": "a court", "at": town.at, "by": "id-sue"}
        conn.execute(schema.legal_hold.insert().values(**hold))

    await both.store.write(unit)
    counted = {one["class"]: (one["due"], one["held"]) for one in await both.retention.preview()}
    assert counted["contacts.chat"] == (2, 4)
    assert (await both.retention.erase("system"))["contacts.chat"] == 2
    said = await texts(both)
    assert {name for name, ident in made.items() if said[ident]} == {"topic", "source", "org", "address"}


async def test_drafts_and_log_ins_that_are_over_go(house: House) -> None:
    made, old = await chats(house), house.clock.now() - LONG_AGO
    draft = {"body": {"text": "x"}, "version": 1, "agent": "id-ann", "editor": "w", "editor_agent": "id-ann"}
    draft |= {"editor_until": old, "updated_at": old}
    session = {
        "agent_id": "id-ann",
        "created_at": old,
        "seen_at": old,
        "expires_at": old,
        "id_hash": "h",
        "ip": "192.0.2.1",
    }

    def unit(conn: Any) -> None:
        for name in ("free", "held", "open"):
            conn.execute(schema.draft.insert().values(interaction_id=made[name], **draft))
        conn.execute(schema.session.insert().values(**session))

    await house.store.write(unit)
    gone = await house.retention.erase("system")
    assert gone["logins"] == 1
    kept = await house.store.read(lambda conn: conn.execute(schema.draft.select()).all())
    assert {row.interaction_id for row in kept} == {made["held"], made["open"]}
    assert await house.store.read(lambda conn: conn.execute(schema.session.select()).all()) == []


async def test_what_is_looked_for_is_walked_past_what_stays_and_what_went(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_rows, "PAGE", 2)
    made = await chats(both)
    town = Town(both.store, both.clock.now() - LONG_AGO - timedelta(days=9), made=500)
    parties = [await town.party("free") for _ in range(5)]
    more = [await town.interaction(party, "secret words", channel="chat") for party in parties]
    for ident in more:
        await town.received(ident, b"From: li@example.com")
    asked: list[int] = []
    walk = retention_rows.find_some

    def counted(conn: Any, **given: Any) -> Any:
        found = walk(conn, **given)
        asked.append(len(found[0]))
        return found

    monkeypatch.setattr(retention_rows, "find_some", counted)
    gone = await both.retention.erase("system")
    assert gone["contacts.chat"] == 7
    # Of the contacts' originals nothing is left; the mail's goes by the class of its own.
    assert gone["originals"] == 1
    said = await texts(both)
    assert not any(said[ident] for ident in more)
    assert said[made["held"]] == said[made["busy"]] == "secret words"
    asked.clear()
    assert await both.retention.erase("system") == {}
    assert not any(asked)


async def test_what_a_hold_reaches_between_looking_and_erasing_stays(house: House) -> None:
    made = await chats(house)
    before = house.clock.now() - timedelta(days=730)
    (keys,), _ = await house.store.read(partial(retention_rows.find_some, name="contacts.chat", before=before))
    assert set(keys) == {made["free"], made["nobody"]}
    party = schema.legal_hold.insert().values(id="h2", party_id="party-0001", reason="x", at=house.clock.now(), by="s")
    await house.store.write(lambda conn: conn.execute(party))
    unit = partial(retention_rows.erase, name="contacts.chat", keys=keys, before=before)
    assert await house.store.write(unit) == 1
    assert (await texts(house))[made["free"]]


async def test_a_run_that_is_cut_short_is_on_record_and_ends_with_the_night(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chats(house)
    with monkeypatch.context() as day:
        day.setattr(house.retention, "_is_night", lambda: False)
        assert await house.retention.erase("system", by_night=True) == {}

    erase = retention_rows.erase

    def broken(conn: Any, name: str, *rest: Any, **more: Any) -> int:
        if name == "originals":
            message = "gone"
            raise StoreDownError(message)
        return erase(conn, name, *rest, **more)

    monkeypatch.setattr(retention_rows, "erase", broken)
    with pytest.raises(StoreDownError):
        await house.retention.erase("id-adam")
    assert await on_record(house) == [("id-adam", {"contacts.chat": 2})]


async def test_all_is_looked_through_once_a_night(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[bool] = []
    night = [True]

    async def erase(_actor: str, *, by_night: bool = False) -> dict[str, int]:
        runs.append(by_night)
        return {}

    monkeypatch.setattr(house.retention, "_is_night", lambda: night[0])
    monkeypatch.setattr(house.retention, "erase", erase)
    for _ in range(3):
        await house.retention._look()
    assert runs == [True]
    for hour in (False, False, True, True):
        night[0] = hour
        await house.retention._look()
    assert runs == [True, True]


async def test_what_is_asked_for_wakes_the_duty_and_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    done = asyncio.Event()

    async def erase(actor: str, *, by_night: bool = False) -> dict[str, int]:
        assert not by_night
        told.append(actor)
        if len(told) == 1:
            message = "gone"
            raise StoreDownError(message)
        done.set()
        return {}

    monkeypatch.setattr(house.retention, "_is_night", lambda: False)
    monkeypatch.setattr(house.retention, "erase", erase)
    house.retention.begin("id-adam")
    await house.retention._look()
    assert told == ["id-adam"]
    duty = asyncio.create_task(house.retention.run())
    await asyncio.wait_for(done.wait(), 10)
    assert told == ["id-adam", "id-adam"]
    done.clear()
    house.retention.begin("id-sue")
    await asyncio.wait_for(done.wait(), 10)
    duty.cancel()
    assert told[-1] == "id-sue"
