"""Asterisk's own records, over rotated files, whatever stands in them; built from recorded streams in the documented form."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import events, truth

from contactd.channels.voice.ami import Event
from contactd.channels.voice.options import Options
from contactd.channels.voice.queue_log import MAX_LINE, QueueLog, bounds, read_cdr, read_queue_log, records
from contactd.core.outside import Became

DAY = date(2026, 11, 22)
START, END = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
FORMS = {
    "QueueCallerJoin": ("ENTERQUEUE", ("", "CallerIDNum", "Position")),
    "AgentConnect": ("CONNECT", ("HoldTime", "DestUniqueid", "RingTime")),
    "QueueCallerAbandon": ("ABANDON", ("Position", "OriginalPosition", "HoldTime")),
}


def as_logged(name: str) -> list[str]:
    """Write what the queue log of a recorded run holds: the manager event of each of its lines is sent beside it."""
    found, hung = [], set()
    for event in events(name):
        if event.name == "HangupRequest":
            hung.add(event.get("Uniqueid"))
        form = FORMS.get(event.name)
        if event.name == "AgentComplete":
            kind = "COMPLETECALLER" if event.get("Reason") == "caller" else "COMPLETEAGENT"
            found.append(line(event, kind, ("HoldTime", "TalkTime", "")))
        elif form is not None:
            kind = form[0]
            if kind == "ABANDON" and event.get("Uniqueid") not in hung:
                kind = "EXITWITHTIMEOUT"
            found.append(line(event, kind, form[1]))
    return found


def line(event: Event, kind: str, fields: tuple[str, ...]) -> str:
    assert event.at is not None
    agent = event.get("MemberName") if kind.startswith(("CONNECT", "COMPLETE")) else "NONE"
    data = "|".join(event.get(name) if name else "" for name in fields)
    return f"{int(event.at.timestamp())}|{event.get('Uniqueid')}|{event.get('Queue')}|{agent}|{kind}|{data}"


def test_a_recorded_burst_counts_as_its_truth() -> None:
    log = QueueLog()
    for each in as_logged("burst20"):
        log.take(each)
    facts = truth("burst20")["facts"]
    became = [call.became for call in log.day(START, END).calls]
    assert len(became) == facts["joins"]
    assert became.count(Became.ANSWERED) == facts["connects"]
    assert became.count(Became.ABANDONED) == facts["abandons"]


def test_a_time_out_is_no_abandonment() -> None:
    log = QueueLog()
    for each in as_logged("q_timeout_to_voicemail"):
        log.take(each)
    (call,) = log.day(START, END).calls
    assert (call.became, call.line, call.wait_s) == (Became.LEFT, "vip", 14)


def test_an_answered_call_has_its_times() -> None:
    log = QueueLog()
    for each in as_logged("q_answered_pjsip"):
        log.take(each)
    (call,) = log.day(START, END).calls
    facts = truth("q_answered_pjsip")["facts"]
    assert (call.id, call.line, call.talk_s) == (facts["linkedid"], facts["queue"], int(facts["talktime"]))
    assert call.wait_s is not None
    assert abs(call.wait_s - int(facts["holdtime"])) <= 1


def test_rotated_files_belong_to_the_day_and_older_ones_are_left_alone(tmp_path: Path) -> None:
    at = int(START.timestamp()) + 3600
    new, rotated, old = tmp_path / "queue_log", tmp_path / "queue_log-20261122.gz", tmp_path / "queue_log.7"
    new.write_text(f"{at + 60}|u1|sales|Ann|CONNECT|60|x|2\n{at + 90}|u1|sales|Ann|COMPLETECALLER|60|30|1\n")
    rotated.write_bytes(gzip.compress(f"{at}|u1|sales|NONE|ENTERQUEUE||13800138000|1\n".encode()))
    old.write_text(f"{at}|u2|sales|NONE|ENTERQUEUE||1|1\n")
    os.utime(old, (START.timestamp() - 1, START.timestamp() - 1))
    found = read_queue_log(new, START, END)
    (call,) = found.calls
    assert (call.id, call.became, call.wait_s, call.talk_s) == ("u1", Became.ANSWERED, 60, 30)
    assert found.first == datetime.fromtimestamp(at, UTC)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_no_line_breaks_the_reading(text: str) -> None:
    log = QueueLog()
    for each in (text, f"1|u1|q|NONE|ENTERQUEUE|{text}", f"{text}|u1|q|NONE|CONNECT|1", f"2|u1|q|{text}|CONNECT"):
        log.take(each)
    assert len(log.day(datetime(1970, 1, 1, tzinfo=UTC), END).calls) <= 1


def test_a_line_without_end_is_passed_over_and_the_next_is_read(tmp_path: Path) -> None:
    path, at = tmp_path / "queue_log", int(START.timestamp()) + 1
    path.write_text("9" * (3 * MAX_LINE + 7) + f"\n{at}|u1|sales|NONE|ENTERQUEUE||1|1\n")
    found = read_queue_log(path, START, END)
    assert [call.id for call in found.calls] == ["u1"]
    assert found.unread >= 1


def cdr(began: str, answered: str, channel: str, ident: str, app: str = "Queue") -> str:
    clid = '"""Wang"" <138>"'
    start = f'"","138","400800001","from-trunk",{clid},"PJSIP/telco-1","{channel}","{app}","sales,tk,,,60"'
    return f'{start},"{began}","{answered}","2026-11-22 11:30:02",6,6,"ANSWERED","DOCUMENTATION","{ident}",""\n'


def test_a_cdr_is_read_in_the_pbx_s_own_time(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(
        cdr("2026-11-22 11:29:55", "2026-11-22 11:29:55", "PJSIP/1002-1", "1795318195.426")
        + cdr("2026-11-22 11:40:00", "2026-11-22 11:40:00", "", "1795318800.1")
        + cdr("2026-11-22 11:50:00", "", "", "1795319400.1", app="Hangup")
        + "broken\n",
    )
    start, end = bounds(DAY, "Asia/Shanghai")
    found = read_cdr(path, start, end, "Asia/Shanghai")
    assert [(call.id, call.became, call.line) for call in found.calls] == [
        ("1795318195.426", Became.ANSWERED, "sales"),
        ("1795318800.1", Became.ABANDONED, "sales"),
    ]
    assert found.calls[0].began == datetime(2026, 11, 22, 3, 29, 55, tzinfo=UTC)
    assert found.unread == 1


def test_a_day_has_the_zone_s_own_length() -> None:
    start, end = bounds(date(2026, 3, 29), "Europe/Berlin")
    assert end - start == timedelta(hours=23)


def test_a_record_that_cannot_be_read_is_named_and_the_other_is_read(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text("")
    found = records(Options.model_validate({"ami": {"queue_log": str(log), "cdr": str(tmp_path / "no.csv")}}), DAY)
    assert [day.source for day in found.days] == ["queue_log"]
    assert len(found.missing) == 1
    assert "no.csv" in found.missing[0]


def test_an_unknown_zone_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Options.model_validate({"ami": {"zone": "Asia/Nowhere"}})
