"""Whoever changes customers' data stands in the audit log: every route is carried out, or named as changing nothing of theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from contactd.clock import rfc3339
from contactd.crm_store import schema
from tests.api.house import House
from tests.api.test_reads import town_of
from tests.crm_store.town import phone

ELSEWHERE = {
    "exports": "tests/api/test_imports.py",
    "import-files": "tests/api/test_imports.py",
    "imports": "tests/api/test_imports.py",
    "interactions": "the contact's own events say who; see tests/desk/test_casework.py, tests/desk/test_identifying.py",
    "recordings": "tests/api/test_recordings.py",
    "approvals": "tests/api/test_approvals.py",
    "reviews": "tests/crm_store/test_quality_figures.py",
    "handovers": "tests/desk/test_leaving.py",
    "privacy": "tests/api/test_privacy.py",
    "uploads": "nobody's until they are sent",
    "connectors": "tests/api/test_connector_routes.py, tests/desk/connect/test_connect_tending.py",
    "writebacks": "tests/desk/test_writing_back.py",
    "segments": "counts, and changes nothing of a customer that is not counted again",
}
"""Begin of routes whose entries are shown by tests of their own, or that change nothing of a customer."""
HOUSE = {
    "announcements",
    "fields",
    "knowledge",
    "prompts",
    "prompt-switches",
    "scorecards",
    "samplings",
    "surveys",
    "teams",
}
HOUSE |= {"agents", "texts", "tokens", "webhooks", "session", "me", "reports"}
"""Begin of routes that change the house's own things."""
NOTHING = {"POST /parties/check", "POST /cases/{}/watch", "POST /cases/{}/seen", "POST /points/{}/reveal"}
"""These change nothing; what is revealed is on record, too (`test_masked.py`)."""
NOTHING |= {"POST /tasks/{}/outcome", "POST /records/mirrored"}
"""On record, too: `test_campaign_routes.py`, `test_commerce.py`."""


def acts(ids: dict[str, str], soon: str) -> list[tuple[str, str, dict[str, Any] | None, str]]:
    """Return (method, path, body, action that is on record) of each change, in an order in which each can be done."""
    li, wu, mei, point = ids["li"], ids["wu"], ids["mei"], ids["point"]
    return [
        ("POST", "parties", {"name": "New"}, "party.create"),
        ("PATCH", f"parties/{li}", {"salutation": "Dr"}, "party.edit"),
        ("POST", f"parties/{li}/links", {"to": wu, "role": "family"}, "party.link"),
        ("DELETE", "links/{link}", None, "party.unlink"),
        ("PATCH", f"points/{point}", {"shared": True}, "point.describe"),
        ("DELETE", f"parties/{li}/points/{point}", None, "party.unclaim"),
        ("POST", f"parties/{li}/consents", {"purpose": "marketing", "state": "denied"}, "consent.say"),
        ("POST", "duplicates", {"a": wu, "b": mei}, "duplicate.propose"),
        ("POST", "duplicates/{pair}", {"state": "rejected"}, "duplicate.decide"),
        ("POST", "merges", {"survivor": li, "losers": [wu]}, "party.merge"),
        ("POST", "merges/{merge}/undo", {}, "party.unmerge"),
        ("POST", "merges", {"survivor": li, "losers": [wu]}, "party.merge"),
        ("POST", f"parties/{wu}/split", {}, "party.split"),
        ("POST", "cases", {"subject": "x", "party": li}, "case.create"),
        ("PATCH", "cases/{case}", {"priority": 3}, "case.edit"),
        ("POST", "cases/{case}/notes", {"text": "x"}, "case.edit"),
        ("POST", "cases/{case}/state", {"state": "waiting_internal"}, "case.edit"),
        ("POST", "cases/{case}/escalate", {"text": "x"}, "case.edit"),
        ("POST", "cases/{case}/links", {"case": ids["case"], "kind": "duplicate_of"}, "case.edit"),
        ("POST", "promises", {"text": "call", "due_at": soon, "party": li}, "promise.make"),
        ("POST", "promises/{promise}", {"broken": "forgot"}, "promise.settle"),
        ("POST", "follow-ups", {"subject": "how was it", "parties": [li]}, "task.make"),
        ("POST", "tasks/{task}/drop", None, "task.drop"),
        ("POST", "records", {"kind": "lead", "title": "x", "party": li}, "record.create"),
        ("PATCH", "records/{record}", {"title": "y"}, "record.edit"),
        ("POST", "records/{record}/stage", {"stage": "contacted"}, "record.edit"),
        ("POST", "records/{record}/stage", {"stage": "qualified"}, "record.edit"),
        ("POST", "records/{record}/convert", None, "record.edit"),
        ("POST", "records/{campaign}/members", {"parties": [li]}, "campaign.add"),
        ("POST", f"interactions/{ids['contact']}/party", {"party": wu}, "interaction.identify"),
        ("POST", f"interactions/{ids['contact']}/party", {"party": wu, "deny": True}, "interaction.deny"),
    ]


async def newest(house: House, table: Any) -> str:
    """The latest row of a table, by the moment in its id."""
    query = table.select().order_by(table.c.id.desc()).limit(1)
    return str((await house.store.read(lambda conn: conn.execute(query).first())).id)


async def test_every_change_of_a_customer_says_in_the_log_who_made_it(house: House) -> None:
    town = town_of(house)
    people = {
        "li": await town.party("Li", phone("13800138000")),
        "wu": await town.party("Wu"),
        "mei": await town.party("Mei"),
    }
    ids = people | {
        "contact": await town.interaction(people["li"], "hello"),
        "point": await newest(house, schema.contact_point),
    }
    kinds = {"link": schema.party_link, "pair": schema.dup_candidate, "merge": schema.merge_op, "case": schema.case_}
    kinds |= {"promise": schema.promise, "task": schema.task, "record": schema.record}
    done = set()
    async with await house.logged_in("sue") as sue:
        ids["case"] = (await sue.post("/api/v1/cases", json={"subject": "first"})).json()["id"]
        campaign = await sue.post("/api/v1/records", json={"kind": "campaign", "title": "tea"})
        ids["campaign"] = campaign.json()["id"]
        for method, route, body, action in acts(ids, rfc3339(house.clock.now() + timedelta(days=1))):
            house.clock.advance(timedelta(seconds=1))
            path = route.replace("{campaign}", ids["campaign"])
            for kind, table in kinds.items():
                if f"{{{kind}}}" in path:
                    path = path.replace(f"{{{kind}}}", await newest(house, table))
            before = await log_of(house)
            answer = await sue.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code < 300, (method, path, answer.text)
            new = (await log_of(house))[len(before) :]
            assert ("id-sue", action) in [(row.actor, row.action) for row in new], (method, path, new)
            assert len(new) == 1, (method, path, new)
            done.add(f"{method} /{path}")
        document = (await sue.get("/api/v1/openapi.json")).json()
    left = [one for one in changing(document) if one not in NOTHING and not any(_like(one, made) for made in done)]
    assert not left, "each route that changes something is carried out above, or is said to change nothing of customers"


async def log_of(house: House) -> list[Any]:
    await house.reads.flush()
    table = schema.audit_log
    query = table.select().where(~table.c.action.like("%.read"), table.c.action != "search").order_by(table.c.seq)
    return list(await house.store.read(lambda conn: conn.execute(query).all()))


def changing(document: dict[str, Any]) -> list[str]:
    """Return the routes that may change something of a customer, as `METHOD /path` with {} for what is named."""
    found = []
    for path, operations in document["paths"].items():
        short = re.sub(r"\{[^}]*\}", "{}", path.removeprefix("/api/v1"))
        first = short.split("/")[1]
        if first in ELSEWHERE or first in HOUSE:
            continue
        found += [f"{method.upper()} {short}" for method in operations if method != "get"]
    return found


def _like(route: str, made: str) -> bool:
    return re.fullmatch(re.escape(route).replace(r"\{\}", "[^/]+"), made) is not None
