"""REST reads on both databases: lists by cursor, one of everything, who may read what, and nothing a stranger can break."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contactd.api import shapes
from contactd.api.answers import Page, Shape
from contactd.crm_store import schema
from contactd.crm_store.statements import insert
from contactd.desk.changes import AgentChanged, InteractionUpsert, LineSettings, PolicyChanged
from contactd.desk.rights import RULES, SCOPES
from tests.api.house import House
from tests.crm_store.town import Town, mail, phone

REST = [
    "id",
    "channel",
    "direction",
    "line",
    "state",
    "outcome",
    "ended_by",
    "from",
    "to",
    "subject",
    "priority",
    "skills",
    "agent",
    "party_id",
    "resolve_state",
    "case_id",
    "queued_at",
    "answered_at",
    "ended_at",
    "wait_s",
    "talk_s",
    "hold_s",
    "wrap_s",
    "offers",
    "segments",
    "thread",
    "parent_id",
    "topics",
    "external_key",
]


def town_of(house: House) -> Town:
    return Town(house.store, at=house.clock.now() - timedelta(days=1))


SHAPES: dict[str, type[Shape]] = {
    "/api/v1/interactions": Page[shapes.ListedInteraction],
    "/api/v1/parties": Page[shapes.Party],
    "/api/v1/cases": Page[shapes.Case],
    "/api/v1/agents": Page[shapes.Agent],
    "messages": Page[shapes.Message],
    "events": Page[shapes.Event],
    "timeline": Page[shapes.TimelineItem],
}
"""Path or its last word → what the reference says of the answer."""


async def pages(client: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    """Read a list to its end, three at a time."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(path, params={"limit": 3, **params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert len(body["items"]) <= 3
        shape = SHAPES.get(path) or SHAPES.get(path.rpartition("/")[2])
        if shape is not None:
            shape.model_validate(body)
        found += body["items"]
        cursor = body["next_cursor"]
        if cursor is None:
            return found


async def add_offer(house: House, interaction: str) -> None:
    now = house.clock.now()
    row = {"id": "o1", "lease": "l", "interaction_id": interaction, "agent": "id-ann", "channel": "email"}
    row |= {"offered_at": now, "expires_at": now, "ring_ms": 1500, "outcome": "accepted", "decision": {"score": 3}}
    await house.store.write(lambda conn: conn.execute(insert(schema.offer).values(**row)))


async def test_interactions_are_listed_newest_first_and_filtered(both: House) -> None:
    town = town_of(both)
    li = await town.party("李雷", mail("li@example.com"))
    idents = [await town.interaction(li, "早", "好", state="closed") for _ in range(4)]
    other = await town.interaction(None, channel="chat", line="sales", state="queued")
    await add_offer(both, idents[0])
    client = await both.logged_in("ann")

    everything = await pages(client, "/api/v1/interactions")
    assert [one["id"] for one in everything] == [other, *reversed(idents)]
    assert set(REST) <= set(everything[0])
    assert everything[-1]["offers"] == [
        {
            "agent": "id-ann",
            "outcome": "accepted",
            "offered_at": everything[-1]["offers"][0]["offered_at"],
            "ring_s": 1.5,
        },
    ]
    assert everything[-1]["last_message"] == "好"
    for params, expected in [
        ({"channel": "chat"}, [other]),
        ({"line": "sales"}, [other]),
        ({"state": "open"}, [other]),
        ({"state": "closed", "party": li}, idents[::-1]),
        ({"since": everything[1]["started_at"]}, [other, idents[3]]),
        ({"party": "nobody"}, []),
    ]:
        assert [one["id"] for one in await pages(client, "/api/v1/interactions", **params)] == expected, params


async def test_one_interaction_comes_with_its_customer_messages_and_events(both: House) -> None:
    town = town_of(both)
    li = await town.party("李雷", mail("li@example.com"))
    ident = await town.interaction(li, *[f"line {n}" for n in range(5)], state="active", agent="id-ann")
    await both.store.write(
        lambda conn: conn.execute(
            insert(schema.interaction_event).values(
                [
                    {"interaction_id": ident, "seq": n, "at": both.clock.now(), "type": "queued", "data": {}}
                    for n in range(1, 5)
                ],
            ),
        ),
    )
    view = {
        "id": ident,
        "channel": "email",
        "direction": "inbound",
        "line": "support",
        "state": "active",
        "agent": "id-ann",
    }
    view |= {"queued_at": None, "answered_at": None, "outcome": None, "unread": 7, "live": False}
    both.views.apply([InteractionUpsert(view=view)], both.clock.now())
    client = await both.logged_in("ann")

    one = (await client.get(f"/api/v1/interactions/{ident}")).json()
    assert set(REST) <= set(one)
    assert one["unread"] == 7
    shapes.WholeInteraction.model_validate(one)
    assert one["customer"]["party_id"] == li
    assert one["customer"]["candidates"][0]["name"] == "李雷"
    assert [item["id"] for item in one["customer"]["timeline"]] == [ident]
    said = await pages(client, f"/api/v1/interactions/{ident}/messages")
    assert [message["text"] for message in said] == [f"line {n}" for n in range(5)]
    assert said[0]["attachments"] == []
    events = await pages(client, f"/api/v1/interactions/{ident}/events")
    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert {event["kind"] for event in events} == {"queued"}
    explained = await (await both.logged_in("sue")).get(f"/api/v1/interactions/{ident}/explain")
    shapes.Explanation.model_validate(explained.json())


async def test_customers_are_found_made_and_changed(both: House) -> None:
    town = town_of(both)
    for n in range(4):
        await town.party(f"Wang {n}")
    client = await both.logged_in("ann")
    made = await client.post(
        "/api/v1/parties",
        json={
            "name": "李雷",
            "vip": 2,
            "points": [{"kind": "phone", "value": "138 0013 8000"}, {"kind": "email", "value": "Li@Example.com"}],
        },
    )
    assert made.status_code == 201, made.text
    party = made.json()
    assert (party["name"], party["vip"], party["kind"]) == ("李雷", 2, "person")
    assert sorted(point["value"] for point in party["points"]) == ["+8613800138000", "li@example.com"]
    assert [one["name"] for one in await pages(client, "/api/v1/parties", q="wang")] == [
        "Wang 3",
        "Wang 2",
        "Wang 1",
        "Wang 0",
    ]
    for q in ("李", "138001", "li@exam"):
        assert [one["id"] for one in await pages(client, "/api/v1/parties", q=q)] == [party["id"]], q

    changed = await client.patch(
        f"/api/v1/parties/{party['id']}", json={"name": "李雷雷", "row_version": party["row_version"]}
    )
    assert (changed.status_code, changed.json()["name"], changed.json()["vip"]) == (200, "李雷雷", 2)
    stale = await client.patch(
        f"/api/v1/parties/{party['id']}", json={"name": "x", "row_version": party["row_version"]}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "changed")
    unversioned = await client.patch(f"/api/v1/parties/{party['id']}", json={"language": "zh"})
    assert unversioned.json()["language"] == "zh"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x\u0000"},
        {"name": "x", "vip": 4},
        {"name": "x", "kind": "robot"},
        {"name": "x", "points": [{"kind": "email", "value": "no address"}]},
        {"name": "x", "points": [{"kind": "phone", "value": "a@b.example"}]},
        {"name": "x", "custom": 7},
    ],
)
async def test_what_is_no_customer_is_a_bad_request(house: House, body: dict[str, Any]) -> None:
    client = await house.logged_in("ann")
    answer = await client.post("/api/v1/parties", json=body)
    assert answer.status_code == 400
    assert answer.json()["field"]


async def test_a_timeline_is_paged_and_narrowed_to_a_channel(both: House) -> None:
    town = town_of(both)
    li = await town.party("李雷")
    idents = [await town.interaction(li, channel="chat" if n % 2 else "email") for n in range(8)]
    client = await both.logged_in("ann")
    path = f"/api/v1/parties/{li}/timeline"
    assert [one["id"] for one in await pages(client, path)] == idents[::-1]
    assert [one["id"] for one in await pages(client, path, channel="chat")] == idents[::-1][::2]
    assert (await client.get("/api/v1/parties/nobody/timeline")).status_code == 404


async def test_lookup_says_who_it_may_be(both: House) -> None:
    town = town_of(both)
    li = await town.party("李雷", phone("+8613800138000"), mail("li@example.com"))
    twin = await town.party("韩梅梅", mail("home@example.com"))
    await town.party("Jim", mail("home@example.com"))
    client = await both.logged_in("ann")
    known = (await client.get("/api/v1/lookup", params={"phone": "13800138000"})).json()
    shapes.CustomerHead.model_validate(known)
    assert (known["resolve_state"], known["party_id"]) == ("known", li)
    assert known["point"]["kind"] == "phone"
    unsure = (await client.get("/api/v1/lookup", params={"email": "HOME@example.com"})).json()
    assert (unsure["resolve_state"], unsure["party_id"]) == ("ambiguous", None)
    assert twin in {one["party_id"] for one in unsure["candidates"]}
    assert len(unsure["candidates"]) == 2
    assert (await client.get("/api/v1/lookup", params={"phone": "anonymous"})).json()["resolve_state"] == "anonymous"
    assert (await client.get("/api/v1/lookup")).status_code == 400
    assert (await client.get("/api/v1/lookup", params={"phone": "1", "email": "a@b.example"})).status_code == 400


async def test_cases_are_listed(both: House) -> None:
    town = town_of(both)
    li = await town.party("李雷")
    now = both.clock.now()
    rows = [
        {"id": f"c{n}", "no": f"{n}", "subject": "s", "party_id": li, "state": "open" if n else "closed"}
        | {"created_at": now + timedelta(seconds=n), "updated_at": now}
        for n in range(5)
    ]
    await both.store.write(lambda conn: conn.execute(insert(schema.case_).values(rows)))
    client = await both.logged_in("ann")
    assert [one["id"] for one in await pages(client, "/api/v1/cases", party=li)] == ["c4", "c3", "c2", "c1", "c0"]
    assert [one["id"] for one in await pages(client, "/api/v1/cases", state="closed")] == ["c0"]


async def test_the_queue_and_the_agents_as_they_are_now(house: House) -> None:
    def waits(n: int) -> dict[str, Any]:
        return {
            "id": f"i{n}",
            "channel": "chat" if n % 2 else "email",
            "direction": "inbound",
            "line": "support",
            "state": "queued",
            "queued_at": f"2026-11-02T08:0{n}:00.000Z",
            "answered_at": None,
            "agent": None,
            "outcome": None,
        }

    people = [
        {
            "agent": f"id-{who}",
            "name": who,
            "role": "agent",
            "state": "ready",
            "since": None,
            "lines": ["*"],
            "slots": [],
            "skills": [],
        }
        for who in ("ann", "bob")
    ]
    house.views.apply(
        [
            PolicyChanged(version=3, lines=(LineSettings(line="support"),)),
            *(InteractionUpsert(view=waits(n)) for n in (3, 1, 2, 0, 4)),
            *(AgentChanged(view=one) for one in people),
        ],
        house.clock.now(),
    )
    agent, supervisor = await house.logged_in("ann"), await house.logged_in("sue")
    assert [one["id"] for one in await pages(supervisor, "/api/v1/queue")] == ["i0", "i1", "i2", "i3", "i4"]
    assert [one["id"] for one in await pages(supervisor, "/api/v1/queue", channel="chat")] == ["i1", "i3"]
    lines = (await supervisor.get("/api/v1/queue")).json()["lines"]
    shapes.Line.model_validate(lines[0])
    assert (lines[0]["waiting"], lines[0]["ready"]) == (5, 2)
    assert "slots" in (await pages(supervisor, "/api/v1/agents"))[0]
    assert "slots" not in (await pages(agent, "/api/v1/agents"))[0]
    assert await pages(agent, "/api/v1/agents", state="talking") == []


async def test_screens_get_of_the_policy_what_they_need(house: House) -> None:
    client = await house.logged_in("ann")
    body = (await client.get("/api/v1/policy")).json()
    assert set(body) == {"version", "default_line", "lines", "dispositions", "reasons", "skills", "templates"}
    line = body["lines"]["support"]
    assert line["label"] == {"en": "Support", "zh": "支持"}
    assert body["dispositions"][line["dispositions"]]
    assert all(set(rule["wrapup"]) == {"mode", "seconds"} for rule in line["channels"].values())


GETS = {
    "/api/v1/me": "me.read",
    "/api/v1/policy": "policy.read",
    "/api/v1/policy/shadow": "interaction.explain",
    "/api/v1/outside/compare": "outside.compare",
    "/api/v1/interactions": "interaction.read",
    "/api/v1/interactions/none": "interaction.read",
    "/api/v1/interactions/none/messages": "interaction.read",
    "/api/v1/interactions/none/events": "interaction.read",
    "/api/v1/interactions/none/explain": "interaction.explain",
    "/api/v1/parties": "party.read",
    "/api/v1/parties/none": "party.read",
    "/api/v1/parties/none/timeline": "party.read",
    "/api/v1/parties/none/merges": "party.read",
    "/api/v1/parties/none/records": "party.read",
    "/api/v1/parties/none/links": "party.read",
    "/api/v1/fields": "policy.read",
    "/api/v1/segments": "segment.read",
    "/api/v1/duplicates": "duplicate.read",
    "/api/v1/search?q=x": "search",
    "/api/v1/imports": "import.read",
    "/api/v1/connectors": "import.read",
    "/api/v1/connectors/none/left-out": "import.read",
    "/api/v1/changes": "change.read",
    "/api/v1/webhooks": "webhook.manage",
    "/api/v1/parties/none/consents": "party.read",
    "/api/v1/parties/none/archive": "party.archive",
    "/api/v1/privacy/requests": "privacy.read",
    "/api/v1/privacy/requests/none": "privacy.read",
    "/api/v1/privacy/holds": "privacy.read",
    "/api/v1/privacy/retention": "retention.read",
    "/api/v1/cases/none/evidence": "case.evidence",
    "/api/v1/teams": "agent.list",
    "/api/v1/imports/none": "import.read",
    "/api/v1/imports/none/rows": "import.read",
    "/api/v1/imports/none/result": "import.read",
    "/api/v1/import-files/none": "import.read",
    "/api/v1/import-files/none/preview": "import.read",
    "/api/v1/lookup?phone=1": "party.lookup",
    "/api/v1/cases": "case.read",
    "/api/v1/cases/board": "case.read",
    "/api/v1/cases/none": "case.read",
    "/api/v1/cases/none/why": "case.read",
    "/api/v1/promises": "case.read",
    "/api/v1/tasks": "case.read",
    "/api/v1/queue": "queue.read",
    "/api/v1/agents": "agent.list",
    "/api/v1/agents/me/explain": "agent.explain",
    "/api/v1/outbox": "outbox.read",
    "/api/v1/handovers": "user.leave",
    "/api/v1/agents/none/holdings": "user.leave",
    "/api/v1/blocked": "sender.read",
    "/api/v1/protected": "sender.read",
    "/api/v1/texts": "text.read",
    "/api/v1/texts/none/versions": "text.read",
    "/api/v1/interactions/none/newer": "interaction.read",
    "/api/v1/interactions/none/templates": "interaction.read",
    "/api/v1/interactions/none/recordings": "interaction.read",
    "/api/v1/prompts": "prompt.read",
    "/api/v1/menu-ways": "prompt.read",
    "/api/v1/prompts/none/sound": "prompt.read",
    "/api/v1/recordings/none/sound": "recording.listen",
    "/files/none": "file.read",
    "/api/v1/messages/none/html": "interaction.read",
    "/api/v1/messages/none/source": "interaction.read",
    "/api/v1/interactions/none/original": "interaction.replay",
    "/api/v1/messages/none/headers": "interaction.read",
    "/api/v1/uploads/none": "file.read",
    "/api/v1/surveys": "survey.read",
    "/api/v1/record-kinds": "record.read",
    "/api/v1/records": "record.read",
    "/api/v1/records/none": "record.read",
    "/api/v1/records/none/members": "record.read",
    "/api/v1/records/none/figures": "record.read",
    "/api/v1/parties/none/cards": "record.read",
    "/api/v1/knowledge/articles": "kb.read",
    "/api/v1/knowledge/articles/none": "kb.read",
    "/api/v1/knowledge/articles/none/text": "kb.read",
    "/api/v1/knowledge/search?q=x": "kb.read",
    "/api/v1/knowledge/browse": "kb.read",
    "/api/v1/knowledge/categories": "kb.read",
    "/api/v1/interactions/none/suggestions": "kb.read",
    "/api/v1/invitations": "survey.read",
    "/api/v1/satisfaction": "survey.read",
    "/api/v1/reports/stays": "report.read",
    "/api/v1/reports/agents": "report.read",
    "/api/v1/reports/behind": "report.read",
    "/api/v1/reports/seals": "report.read",
    "/api/v1/reports/seals/{month}": "report.read",
    "/api/v1/reports/quality": "quality.read",
    "/api/v1/interactions/none/identity": "identity.check",
    "/api/v1/approvals": "approval.read",
    "/api/v1/writeback-targets": "writeback.read",
    "/api/v1/writebacks": "writeback.read",
    "/api/v1/writebacks/none": "writeback.read",
    "/api/v1/announcements": "announcement.read",
    "/api/v1/announcements/none/readers": "announcement.write",
    "/api/v1/scorecards": "quality.assess",
    "/api/v1/scorecards/none/versions": "quality.assess",
    "/api/v1/samplings": "quality.assess",
    "/api/v1/reviews": "quality.read",
    "/api/v1/reviews/none": "quality.read",
    "/api/v1/reviews/none/calibrations": "quality.assess",
}
POSTS = {
    "/api/v1/interactions": "interaction.create",
    "/api/v1/interactions/i1/replay": "interaction.replay",
    "/api/v1/interactions/i1/dismiss": "interaction.dismiss",
    "/api/v1/interactions/i1/bring-back": "interaction.bring_back",
    "/api/v1/parties": "party.create",
    "/api/v1/parties/check": "duplicate.read",
    "/api/v1/parties/i1/split": "party.unmerge",
    "/api/v1/interactions/i1/party": "party.move",
    "/api/v1/points/i1/reveal": "point.reveal",
    "/api/v1/merges": "party.merge",
    "/api/v1/cases": "case.create",
    "/api/v1/cases/i1/state": "case.edit",
    "/api/v1/cases/i1/notes": "case.edit",
    "/api/v1/cases/i1/escalate": "case.edit",
    "/api/v1/cases/i1/links": "case.edit",
    "/api/v1/cases/i1/watch": "case.edit",
    "/api/v1/cases/i1/seen": "case.edit",
    "/api/v1/promises": "case.edit",
    "/api/v1/promises/i1": "case.edit",
    "/api/v1/follow-ups": "case.edit",
    "/api/v1/tasks/i1/drop": "case.edit",
    "/api/v1/merges/i1/undo": "party.unmerge",
    "/api/v1/duplicates": "duplicate.propose",
    "/api/v1/duplicates/i1": "duplicate.decide",
    "/api/v1/recordings/i1/redact": "recording.redact",
    "/api/v1/recordings/i1/hold": "recording.hold",
    "/api/v1/prompts": "prompt.edit",
    "/api/v1/prompt-switches": "prompt.edit",
    "/api/v1/tokens": "token.manage",
    "/api/v1/surveys": "survey.edit",
    "/api/v1/interactions/i1/identity": "identity.check",
    "/api/v1/approvals": "approval.ask",
    "/api/v1/writebacks": "writeback.write",
    "/api/v1/writebacks/i1/act": "writeback.write",
    "/api/v1/approvals/i1/grant": "approval.decide",
    "/api/v1/approvals/i1/refuse": "approval.decide",
    "/api/v1/announcements": "announcement.write",
    "/api/v1/announcements/i1/withdraw": "announcement.write",
    "/api/v1/announcements/i1/read": "announcement.confirm",
    "/api/v1/scorecards": "quality.edit",
    "/api/v1/samplings": "quality.edit",
    "/api/v1/reviews": "quality.assess",
    "/api/v1/reviews/i1/assess": "quality.assess",
    "/api/v1/reviews/i1/calibrate": "quality.assess",
    "/api/v1/reviews/i1/object": "quality.object",
    "/api/v1/reviews/i1/settle": "quality.assess",
    "/api/v1/records": "record.edit",
    "/api/v1/records/i1/stage": "record.edit",
    "/api/v1/records/i1/convert": "record.edit",
    "/api/v1/records/i1/members": "campaign.manage",
    "/api/v1/tasks/i1/outcome": "record.edit",
    "/api/v1/records/mirrored": "record.mirror",
    "/api/v1/import-files": "import.run",
    "/api/v1/import-files/i1/trial": "import.run",
    "/api/v1/import-files/i1/run": "import.run",
    "/api/v1/imports/i1/undo": "import.run",
    "/api/v1/connectors/i1/run": "import.run",
    "/api/v1/connectors/i1/drift": "import.run",
    "/api/v1/connectors/i1/rows": "import.run",
    "/api/v1/connectors/i1/left-out/retry": "import.run",
    "/api/v1/exports": "party.export",
    "/api/v1/webhooks": "webhook.manage",
    "/api/v1/webhooks/i1/replay": "webhook.manage",
    "/api/v1/privacy/requests": "privacy.ask",
    "/api/v1/privacy/holds": "privacy.ask",
    "/api/v1/privacy/retention": "retention.run",
    "/api/v1/privacy/requests/i1/approve": "privacy.decide",
    "/api/v1/privacy/requests/i1/refuse": "privacy.decide",
    "/api/v1/parties/i1/consents": "consent.say",
    "/api/v1/knowledge/articles": "kb.write",
    "/api/v1/knowledge/articles/i1/text": "kb.write",
    "/api/v1/knowledge/articles/i1/act": "kb.write",
    "/api/v1/knowledge/articles/i1/uses": "kb.read",
    "/api/v1/knowledge/categories": "kb.publish",
    "/api/v1/handovers": "user.leave",
    "/api/v1/handovers/i1/undo": "user.leave",
    "/api/v1/fields": "field.manage",
    "/api/v1/segments/preview": "segment.try",
    "/api/v1/segments/refresh": "segment.try",
    "/api/v1/texts": "text.write",
    "/api/v1/parties/i1/links": "party.edit",
}


async def test_every_route_asks_who_and_whether(house: House) -> None:
    """The matrix role × route: 401 for nobody, 403 exactly where the table says no, never 5xx."""
    clients = {
        role: await house.logged_in(who) for role, who in {"agent": "ann", "supervisor": "sue", "admin": "adam"}.items()
    }
    async with house.client() as nobody:
        for method, routes in (("GET", GETS), ("POST", POSTS)):
            for path, action in routes.items():
                assert (await nobody.request(method, path, json={} if method == "POST" else None)).status_code == 401, (
                    path
                )
                for role, client in clients.items():
                    answer = await client.request(method, path, json={} if method == "POST" else None)
                    refused = getattr(RULES[action], role) == "no"
                    assert (answer.status_code == 403) is refused, (role, path, answer.status_code)
                    assert answer.status_code < 500, (role, path)


async def test_every_route_asks_a_token_for_its_scope(house: House) -> None:
    for scope in sorted(SCOPES):
        async with await house.with_token(scope) as client:
            for method, routes in (("GET", GETS), ("POST", POSTS)):
                for path, action in routes.items():
                    answer = await client.request(method, path, json={} if method == "POST" else None)
                    allowed = RULES[action].scope in {"", scope}
                    assert (answer.status_code != 403) is allowed, (scope, path, answer.status_code)


def test_no_route_is_forgotten(house: House) -> None:
    """Every operation of the interface stands in the matrix above, or is open on purpose."""
    open_to_all = {"/healthz", "/readyz", "/metrics", "/api/v1/session"}
    tested = {
        path.split("?")[0].replace("none", "{ident}").replace("i1", "{ident}").replace("/me/", "/{ident}/")
        for path in (*GETS, *POSTS)
    }
    others = {"/api/v1/me/password", "/api/v1/tokens/{name}", "/api/v1/uploads"}
    others |= {"/api/v1/import-files/{ident}/pieces/{number}", "/api/v1/privacy/holds/{ident}"}
    others |= {"/api/v1/connectors/{ident}/left-out/{row}"}
    others |= {"/api/v1/webhooks/{ident}", "/api/v1/teams/{ident}", "/api/v1/agents/{ident}/segments"}
    others |= {"/api/v1/parties/{ident}/points/{point}", "/api/v1/points/{point}"}
    others |= {"/api/v1/prompts/{ident}", "/api/v1/scorecards/{ident}", "/api/v1/samplings/{ident}"}
    others |= {"/api/v1/surveys/{ident}", "/api/v1/knowledge/categories/{ident}"}
    others |= {"/api/v1/surveys/{ident}", "/api/v1/links/{ident}", "/api/v1/fields/{ident}", "/api/v1/texts/{ident}"}
    others |= {"/api/v1/segments/{ident}"}
    app = house.app._app
    assert set(app.openapi()["paths"]) == tested | open_to_all | others


@pytest.mark.parametrize(
    "text", ["%00", "%ff", "a%0d%0ab", "'; DROP TABLE party; --", "x" * 3000, "%F0%9F%98%80", "%ED%A0%80"]
)
async def test_no_text_in_a_question_breaks_the_server(both: House, text: str) -> None:
    client = await both.logged_in("sue")
    for path in (
        f"/api/v1/interactions/{text}",
        f"/api/v1/interactions?channel={text}",
        f"/api/v1/interactions?cursor={text}",
        f"/api/v1/interactions?since={text}",
        f"/api/v1/parties?q={text}",
        f"/api/v1/parties/{text}/timeline",
        f"/api/v1/lookup?phone={text}",
        f"/api/v1/lookup?email={text}",
        f"/api/v1/queue?cursor={text}",
        f"/api/v1/agents?cursor={text}",
        f"/files/{text}",
    ):
        answer = await client.get(path)
        assert answer.status_code in {200, 400, 404}, (path, answer.text)
    party = await client.post(
        "/api/v1/parties", content=b'{"name":"' + text.encode() + b'"}', headers={"content-type": "application/json"}
    )
    assert party.status_code in {201, 400}


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "x"}, {"since": "yesterday"}]
)
async def test_a_bad_question_says_what_is_wrong(house: House, params: dict[str, Any]) -> None:
    client = await house.logged_in("ann")
    answer = await client.get("/api/v1/interactions", params=params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == next(iter(params))
