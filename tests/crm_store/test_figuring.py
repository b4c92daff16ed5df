"""Reports: counted from what is in the store, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contactd.core.errors import BadRequestError
from contactd.crm_store import agents, policies
from contactd.crm_store import schema as s
from contactd.crm_store.report_reads import Chosen
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.figuring import Figuring
from contactd.routing.policy import Policy
from tests.crm_store.town import Town

UTC_ZONE = ZoneInfo("UTC")
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
DAY = Chosen(MONDAY, MONDAY + timedelta(days=1))
OFFICE = {"zone": "UTC", "week": {"mon-fri": ["09:00-17:00"]}}
POLICY = Policy.from_mapping(
    {
        "calendars": {"office": OFFICE},
        "lines": {
            "support": {
                "sla_calendar": "office",
                "channels": {"voice": {"sla_s": 20}, "email": {"sla_s": 3600}},
            },
            "sales": {"channels": {"voice": {"sla_s": 20}}},
        },
    }
)


class Clock:
    """A clock that stands at noon."""

    def now(self) -> datetime:
        return MONDAY + timedelta(hours=3)


def figuring(store: Store) -> Figuring:
    return Figuring(store, Clock(), lambda: POLICY)  # type: ignore[arg-type]


async def stay(town: Town, at: float, line: str = "support", channel: str = "voice", **values: Any) -> str:
    """A contact that came into a line `at` seconds after nine, with what became of it there (moments as seconds after that)."""
    contact = await town.interaction(channel=channel, line=line, direction=values.pop("direction", "inbound"))
    entered = MONDAY + timedelta(seconds=at)
    moments = {
        name: entered + timedelta(seconds=values.pop(name)) for name in ("answered_at", "ended_at") if name in values
    }
    row = {"interaction_id": contact, "n": 1, "line": line, "reason": "arrival", "entered_at": entered, **moments}
    await write(town.store, s.interaction_segment, row | values)
    return contact


async def write(store: Store, table: Any, row: Mapping[str, Any]) -> None:
    def unit(conn: WriteConn) -> None:
        conn.execute(insert(table).values(**row))

    await store.write(unit)


async def test_calls_are_counted_where_and_when_they_came_in(town: Town) -> None:
    await stay(town, 0, answered_at=10, ended_at=70, outcome="answered", agent="ann", talk_ms=60_000, wrap_ms=5_000)
    await stay(town, 10, answered_at=40, ended_at=90, outcome="answered", agent="bob", talk_ms=50_000)
    await stay(town, 3700, ended_at=60, outcome="abandoned")
    await stay(town, 3701, ended_at=3, outcome="short_abandoned")
    await stay(town, 3702, line="sales")
    await stay(town, 3703, outcome="closed_hours", ended_at=0)
    await stay(town, 3704, direction="outbound", answered_at=0)
    await stay(town, -1, answered_at=1)
    found = await figuring(town.store).stays(DAY, "hour", UTC_ZONE)
    nine, ten = found["items"]
    assert (nine["key"], nine["offered"], nine["answered"], nine["service_level"]) == (
        "2026-11-16T09:00+00:00",
        2,
        2,
        0.5,
    )
    assert (nine["asa_s"], nine["longest_s"], nine["aht_s"]) == (25.0, 40.0, 57.5)
    assert (ten["offered"], ten["abandoned"], ten["short"], ten["open"], ten["given_up_s"]) == (3, 1, 1, 1, 60.0)
    assert (found["total"]["offered"], found["total"]["service_level"], found["definition"]) == (5, 0.3333, 1)


@pytest.mark.parametrize(
    ("outcome", "rule", "after", "counted"),
    [
        ("voicemail", "overflow[0].closed", 0.2, 0),
        ("callback", "overflow[0].closed", 0.2, 0),
        ("abandoned", "overflow[1].closed", 0.2, 0),
        ("abandoned", "after_close", 0.2, 1),
        ("voicemail", "overflow[0].nobody", 0.2, 1),
        ("voicemail", "overflow[0].closed", 240, 1),
    ],
)
async def test_who_came_in_closed_hours_is_outside_whatever_became_of_them(
    town: Town, outcome: str, rule: str, after: float, counted: int
) -> None:
    """Whoever was in line when it closed had come into an open one."""
    contact = await stay(town, 0, outcome=outcome, ended_at=300)
    data = {"line": None, "action": "callback", "rule": rule}
    at = MONDAY + timedelta(seconds=after)
    event = {"interaction_id": contact, "seq": 9, "at": at, "type": "overflow", "data": data}
    await write(town.store, s.interaction_event, event)
    await stay(town, 60, answered_at=10, ended_at=70, outcome="answered")
    found = await figuring(town.store).stays(DAY, "day", UTC_ZONE)
    assert found["total"]["offered"] == 1 + counted


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("line", ["sales", "support"]),
        ("channel", ["email", "voice"]),
        ("agent", [None, "ann"]),
        ("day", ["2026-11-16"]),
        ("week", ["2026-11-16"]),
        ("month", ["2026-11-01"]),
        ("weekday_hour", ["1 09"]),
        ("quarter", ["2026-11-16T09:00+00:00", "2026-11-16T09:15+00:00"]),
    ],
)
async def test_the_same_stays_are_shown_by_whatever_is_asked(town: Town, by: str, keys: list[str | None]) -> None:
    await stay(town, 0, answered_at=10, ended_at=70, outcome="answered", agent="ann")
    await stay(town, 1000, line="sales", channel="email")
    found = await figuring(town.store).stays(DAY, by, UTC_ZONE)
    assert [item["key"] for item in found["items"]] == keys
    assert sum(item["offered"] for item in found["items"]) == found["total"]["offered"] == 2
    only = await figuring(town.store).stays(DAY._replace(line="sales", channel="email"), by, UTC_ZONE)
    assert only["total"]["offered"] == 1
    assert (await figuring(town.store).stays(DAY._replace(agent="ann"), by, UTC_ZONE))["total"]["answered"] == 1


async def test_a_letter_of_the_evening_that_is_answered_in_the_morning_is_in_time(town: Town) -> None:
    evening, week = 8 * 3600 - 600, Chosen(MONDAY, MONDAY + timedelta(days=7))
    await stay(town, evening, channel="email", answered_at=16 * 3600 + 1200, agent="ann")  # 30 minutes of office hours
    await stay(town, evening, channel="email", answered_at=16 * 3600 + 7200, agent="ann")  # 130 minutes
    await stay(town, evening, channel="voice", answered_at=16 * 3600 + 1200, agent="ann")  # nobody waits over night
    found = await figuring(town.store).stays(week, "channel", UTC_ZONE)
    letters, calls = found["items"]
    assert (letters["answered"], letters["within"], letters["service_level"]) == (2, 1, 0.5)
    assert (calls["answered"], calls["within"]) == (1, 0)


async def test_a_long_time_is_added_up_from_its_parts(town: Town) -> None:
    for day in (0, 13, 14, 15, 40):
        await stay(town, day * 86_400, answered_at=10 + day, agent="ann")
    told = figuring(town.store)
    whole = Chosen(MONDAY, MONDAY + timedelta(days=60))
    (months, days) = [await told.stays(whole, by, UTC_ZONE) for by in ("month", "day")]
    assert [item["offered"] for item in months["items"]] == [3, 2]
    assert [item["offered"] for item in days["items"]] == [1] * 5
    assert months["total"] == days["total"]
    assert (months["total"]["offered"], months["total"]["longest_s"]) == (5, 50.0)


def measured(sla_s: int, *, label: str = "S") -> dict[str, Any]:
    return {"lines": {"support": {"label": {"en": label}, "channels": {"voice": {"sla_s": sla_s}}}}}


async def test_a_stay_is_held_against_the_target_of_its_time(town: Town) -> None:
    """What counted as in time is not changed by what is asked of people later; a policy that cannot be read changes nothing."""
    published = (
        (-90_000, measured(20)),
        (1000, measured(20, label="T")),
        (2000, measured(60)),
        (4000, {"overflow": 7}),
    )
    for after, document in published:
        at = MONDAY + timedelta(seconds=after)
        await town.store.write(
            lambda conn, document=document, at=at: policies.publish(conn, document, now=at, actor=None)
        )
    for at in (100, 1500, 2500, 5000):
        await stay(town, at, answered_at=40, outcome="answered")
    by_quarter = (await figuring(town.store).stays(DAY, "quarter", UTC_ZONE))["items"]
    assert [(one["answered"], one["within"]) for one in by_quarter] == [(1, 0), (1, 0), (1, 1), (1, 1)]
    before = Chosen(MONDAY - timedelta(days=3), MONDAY + timedelta(seconds=1000))
    assert (await figuring(town.store).stays(before, "line", UTC_ZONE))["total"]["within"] == 0
    agents = (await figuring(town.store).agents(DAY.since, DAY.until))["items"]
    assert agents == []


async def test_a_team_is_counted_for_who_was_in_it_then(town: Town) -> None:
    """Who moves takes nothing along; who is in no team stands under none."""
    ann = await town.agent("ann")

    async def moves(team: str | None, after: float) -> None:
        at = MONDAY + timedelta(seconds=after)
        version = (await town.store.read(lambda conn: agents.get(conn, ann)))["row_version"]
        change = partial(agents.change, ident=ann, values={"team": team}, abilities=None, row_version=version)
        await town.store.write(lambda conn: change(conn, now=at, actor=None))

    for team, after in (("north", -100), ("north", 10), ("south", 100), ("west", 100), (None, 200), ("north", 300)):
        await moves(team, after)
    for at in (50, 150, 250, 350):
        await stay(town, at, answered_at=1, outcome="answered", agent=ann)
    await stay(town, 400)
    await stay(town, 40, line="support", channel="email", answered_at=4000, outcome="answered", agent=ann)
    found = (await figuring(town.store).stays(DAY, "team", UTC_ZONE))["items"]
    assert [(one["key"], one["offered"], one["within"]) for one in found] == [
        (None, 2, 1),
        ("north", 3, 2),
        ("west", 1, 1),
    ]


async def test_what_agents_did_adds_up(town: Town) -> None:
    store = town.store
    log = [("logged_out", -3600, 0, None), ("ready", 0, 600, None), ("offered", 600, 620, None)]
    log += [("talking", 620, 920, None), ("wrapup", 920, 950, None), ("offered", 950, 970, None)]
    log += [("ready", 970, 1000, None), ("not_ready", 1000, None, "lunch")]
    for seq, (state, begin, end, reason) in enumerate(log, start=1):
        row = {"agent": "ann", "seq": seq, "intent": "ready", "health": "ok", "state": state, "cause": "x"}
        to_at = None if end is None else MONDAY + timedelta(seconds=end)
        await write(
            store,
            s.agent_state_log,
            row | {"from_at": MONDAY + timedelta(seconds=begin), "to_at": to_at, "reason": reason},
        )
    contact = await stay(town, 590, answered_at=30, ended_at=330, outcome="answered", agent="ann", talk_ms=300_000)
    for ident, outcome, at in (("o1", "accepted", 600), ("o2", "timed_out", 950), ("o3", "accepted", -5)):
        moments = {"offered_at": MONDAY + timedelta(seconds=at), "expires_at": MONDAY + timedelta(seconds=at + 20)}
        offer = {"id": ident, "lease": ident, "interaction_id": contact, "agent": "ann", "channel": "voice"}
        await write(store, s.offer, offer | moments | {"outcome": outcome, "ring_ms": 20_000, "decision": {}})
    (ann,) = (await figuring(store).agents(DAY.since, DAY.until))["items"]
    assert ann["states"] == {"not_ready": 9800.0, "offered": 40.0, "ready": 630.0, "talking": 300.0, "wrapup": 30.0}
    assert (ann["reasons"], ann["signed_in_s"]) == ({"lunch": 9800.0}, 10_800.0)
    assert ann["offers"] == {"accepted": 1, "timed_out": 1}
    assert (ann["answered"], ann["aht_s"]) == (1, 300.0)
    # The offer that nobody took rang, and was no work.
    assert ann["occupancy"] == round(350 / (350 + 630), 4)


async def test_the_contacts_behind_a_number_are_those_it_counts(town: Town) -> None:
    answered = await stay(town, 0, answered_at=10, ended_at=70, outcome="answered", agent="ann")
    lost = [await stay(town, 100 + n, ended_at=60, outcome="abandoned") for n in range(3)]
    left = await stay(town, 500, line="sales", ended_at=60, outcome="voicemail")
    told = figuring(town.store)
    for number, expected in (("answered", [answered]), ("overflowed", [left]), ("short", []), ("open", [])):
        items, following = await told.behind(DAY, number, limit=50, cursor=None)
        assert ([item["interaction"] for item in items], following) == (expected, None)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        items, cursor = await told.behind(DAY, "abandoned", limit=2, cursor=cursor)
        seen += [item["interaction"] for item in items]
        if cursor is None:
            break
    assert seen == lost[::-1]
    everything, _ = await told.behind(DAY._replace(line="support"), "offered", limit=50, cursor=None)
    assert len(everything) == (await told.stays(DAY, "line", UTC_ZONE))["items"][1]["offered"] == 4


@pytest.mark.parametrize(
    ("chosen", "by", "field"),
    [
        (DAY, "weather", "by"),
        (DAY._replace(until=MONDAY), "line", "until"),
        (DAY._replace(until=MONDAY + timedelta(days=401)), "line", "until"),
        (DAY._replace(until=MONDAY + timedelta(days=63)), "quarter", "until"),
    ],
)
async def test_what_cannot_be_counted_is_refused(town: Town, chosen: Chosen, by: str, field: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        await figuring(town.store).stays(chosen, by, UTC_ZONE)
    assert refused.value.field == field
    with pytest.raises(BadRequestError):
        await figuring(town.store).behind(DAY, "weather", limit=1, cursor=None)
