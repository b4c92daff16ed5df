"""A case's evidence: whole, as it came, and anybody can check that nothing of it was changed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from contactd.core.case_plan import NO_PLAN
from contactd.crm_store import audit, case_rows, schema
from contactd.desk.exchange import evidence
from tests.api.house import House
from tests.crm_store.town import Town

RAW = b"From: li@example.com\r\nSubject: broken\r\n\r\nThe pot is broken.\r\n"


async def complaint(house: House) -> str:
    """A case with a contact that belongs to it, and one that does not."""
    town = Town(house.store, house.clock.now())
    party = await town.party("李雷")
    contact = await town.interaction(party, "The pot is broken.", case_id="case-1")
    await town.received(contact, RAW)
    await town.interaction(party, "Quite another matter.")
    about: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": "id-ann"}
    values = {"subject": "Pot", "party_id": party, "type": "complaint"}
    event = {"interaction_id": contact, "seq": 1, "at": town.at, "type": "queued", "actor": None, "data": {}}

    def unit(conn: Any) -> None:
        case_rows.create(conn, "case-1", values, **about)
        conn.execute(schema.interaction_event.insert().values(**event))

    await house.store.write(unit)
    return contact


async def test_the_package_is_whole_and_proves_itself(both: House) -> None:
    contact = await complaint(both)
    path = "/api/v1/cases/case-1/evidence"
    async with await both.logged_in("ann") as ann, await both.logged_in("sue") as sue:
        assert (await ann.get(path)).status_code == 403
        await sue.post("/api/v1/cases/case-1/notes", json={"text": "asked the shop"})
        await sue.get("/api/v1/cases/case-1")
        await both.reads.flush()
        taken = await sue.get(path)
        assert (await sue.get("/api/v1/cases/none/evidence")).status_code == 404
    with zipfile.ZipFile(io.BytesIO(taken.content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sums = parts.pop(evidence.SUMS)
    listed = dict(reversed(line.split("  ", 1)) for line in sums.decode().splitlines())
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    assert RAW in parts.values()
    assert json.loads(parts["case.json"])["subject"] == "Pot"
    (told,) = [json.loads(line) for line in parts["contacts.jsonl"].splitlines()]
    assert (told["id"], told["messages"][0]["text"], told["events"][0]["type"]) == (
        contact,
        "The pot is broken.",
        "queued",
    )
    seen = [json.loads(line) for line in parts["audit.jsonl"].splitlines()]
    assert ("id-sue", "case.read") in {(one["actor"], one["action"]) for one in seen}
    assert all(one["hash"] for one in seen)
    (entry,) = [one for one in await both.store.read(audit.listed) if one["action"] == "case.evidence"]
    digest = hashlib.sha256(sums).hexdigest()
    assert (entry["actor"], entry["detail"]["sha256"]) == ("id-sue", digest)
    assert taken.headers["x-sha256sums"] == digest
