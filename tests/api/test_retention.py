"""What was kept for as long as its class allows goes, a little at a time, on record; what something holds stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contactd.core.case_plan import NO_PLAN
from contactd.crm_store import audit, case_rows, schema
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


async def test_what_is_due_is_counted_goes_and_is_on_record(both: House) -> None:
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
        gone = (await adam.post(path)).json()["gone"]
        assert gone == {"contacts.chat": 2, "originals": 1}
        assert (await adam.post(path)).json()["gone"] == {}, "done once is done"
        after = {one["name"]: one for one in (await sue.get(path)).json()["items"]}
        assert (after["contacts.chat"]["due"], after["contacts.chat"]["held"]) == (0, 2)
    left = {name for name, ident in made.items() if (await texts(both))[ident]}
    assert left == {"held", "busy", "open", "mail", "young"}
    rows = await both.store.read(lambda conn: conn.execute(schema.interaction.select()).all())
    assert len(rows) == len(made), "figures of past months stay"
    (raw,) = await both.store.read(lambda conn: conn.execute(schema.raw.select()).all())
    assert (raw.inline, raw.blob) == (None, None)
    (entry,) = [one for one in await both.store.read(audit.listed) if one["action"] == "retention.erase"]
    assert (entry["actor"], entry["detail"]) == ("id-adam", gone)


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
