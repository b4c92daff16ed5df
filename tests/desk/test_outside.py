"""The parallel run: a PBX's own record held against ours, each difference named; and what our own router would have done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contactd.clock import rfc3339
from contactd.core.channel import Arrival, Content, Progress
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.outside import Became, OutsideCall, OutsideDay
from contactd.crm_store import channel_rows
from contactd.desk import outside, outside_day
from contactd.settings import Settings
from tests.desk.bench import Bench


def call(ident: str, minute: int, became: Became = Became.ANSWERED, **more: Any) -> OutsideCall:
    began = datetime.fromisoformat("2026-11-22T03:00:00+00:00") + timedelta(minutes=minute)
    return OutsideCall(id=ident, line="sales", began=began, became=became, **more)


def day(source: str, *calls: OutsideCall, **more: Any) -> OutsideDay:
    edges = {"first": call("", -60).began, "last": call("", 600).began}
    return OutsideDay(source=source, calls=calls, **{**edges, **more})


@pytest.mark.parametrize(
    ("ours", "theirs", "what", "reason"),
    [
        ([], [call("1", 5)], "only_theirs", "lost"),
        ([], [call("1", -90)], "only_theirs", "before_we_came"),
        ([], [call("1", 65)], "only_theirs", "not_heard"),
        ([call("1", 5)], [], "only_ours", "not_logged"),
        ([call("1", 700)], [], "only_ours", "log_not_so_far"),
        ([call("1", 5)], [call("1", 5, Became.LEFT)], "became", "answered_after_the_queue"),
        ([call("1", 5, Became.ABANDONED)], [call("1", 5, Became.LEFT)], "became", "counted_otherwise"),
        ([call("1", 5, Became.OPEN)], [call("1", 5)], "became", "still_on"),
        ([call("1", 5, Became.ABANDONED, evidence="found_out")], [call("1", 5)], "became", "found_out"),
        ([call("1", 59, wait_s=90)], [call("1", 59, wait_s=10)], "wait", "not_heard"),
        ([call("1", 5, wait_s=90)], [call("1", 5, wait_s=10)], "wait", "several_queues"),
    ],
)
def test_each_difference_is_named(ours: list[OutsideCall], theirs: list[OutsideCall], what: str, reason: str) -> None:
    gap = (call("", 60).began, call("", 70).began)
    found = outside_day.compare(day("ours", *ours, gaps=(gap,)), day("queue_log", *theirs))
    assert [(each.what, each.reason) for each in found.differences] == [(what, reason)]
    assert not found.agrees


def test_what_agrees_is_counted_and_not_named() -> None:
    calls = [call("1", 1, wait_s=5), call("2", 2, Became.ABANDONED, wait_s=9), call("3", 3, Became.LEFT)]
    found = outside_day.compare(day("ours", *calls), day("queue_log", *calls)).as_json()
    assert found["agrees"]
    assert found["lines"] == [{"line": "sales", "ours": found["ours"], "theirs": found["theirs"]}]
    assert (found["ours"]["total"], found["ours"]["answered"], found["ours"]["abandoned"]) == (3, 1, 1)


async def mirrored(bench: Bench, ident: str, *, answered: bool) -> int:
    """Let a call go through the PBX's queue; return when it came."""
    at, tools = bench.clock.now(), bench.voice.tools
    arrival = Arrival(
        channel="voice",
        adapter="ami",
        external_key=f"pbx/{ident}",
        raw=b"{}",
        at=at,
        sender="138",
        line_text="sales",
        routed_by="pbx",
    )
    await tools.accept(arrival, Content())

    async def told(kind: str, **more: Any) -> None:
        moment = bench.clock.now()
        await tools.progress(Progress(adapter="ami", external_key=f"pbx/{ident}", at=moment, kind=kind, **more))

    await told("waiting", line="sales")
    bench.clock.advance(10)
    if answered:
        await told("answered", agent="PJSIP/1001")
        bench.clock.advance(30)
    await told("ended", outcome="answered" if answered else "abandoned", ended_by="customer")
    bench.clock.advance(5)
    return int(at.timestamp())


async def test_a_day_is_compared_and_our_own_router_would_have_served_it(bench: Bench, tmp_path: Path) -> None:
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    today = bench.clock.now()
    one = await mirrored(bench, "1.1", answered=True)
    two = await mirrored(bench, "2.2", answered=False)
    log = tmp_path / "queue_log"
    log.write_text(
        f"{one}|1.1|sales|NONE|ENTERQUEUE||138|1\n{one + 10}|1.1|sales|Ann|CONNECT|10|x|2\n"
        f"{one + 40}|1.1|sales|Ann|COMPLETECALLER|10|30|1\n"
        f"{two}|2.2|sales|NONE|ENTERQUEUE||138|1\n{two + 10}|2.2|sales|NONE|ABANDON|1|1|10\n"
        f"{two + 20}|3.3|sales|NONE|ENTERQUEUE||138|1\n{two + 30}|3.3|sales|NONE|ABANDON|1|1|10\n",
    )
    here = Settings(channels={"voice": {"ami": {"queue_log": str(log), "zone": "UTC"}}})
    heard = {"since": rfc3339(today), "heard_at": rfc3339(today), "gaps": []}
    now = bench.clock.now()
    await bench.store.write(lambda conn: channel_rows.keep(conn, "voice", "heard", heard, now))
    found = await outside.of_day(bench.store, here, today.date(), now)
    (record,) = found["records"]
    assert (record["ours"]["total"], record["theirs"]["total"]) == (2, 3)
    (difference,) = record["differences"]
    assert (difference["id"], difference["what"], difference["reason"]) == ("3.3", "only_theirs", "lost")
    assert found["router"]["contacts"] == 2
    assert found["router"]["answered"] >= 1
    told = outside_day.lines(today.date(), found)
    assert any("3.3" in line and "lost" in line for line in told)
    assert any("our router would have answered" in line for line in told)


async def test_without_a_record_there_is_nothing_to_compare(bench: Bench) -> None:
    now = bench.clock.now()
    with pytest.raises(NotFoundError):
        await outside.of_day(bench.store, Settings(), now.date(), now)
    with pytest.raises(BadRequestError):
        await outside.of_day(bench.store, Settings(), date(1999, 1, 1), now)
    with pytest.raises(BadRequestError):
        outside_day.read_date("yesterday")
