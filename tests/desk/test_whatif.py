"""What-if from the command line: a scenario answered, a recorded day under a draft, pages that stand alone, staffing."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contactd.cli import run
from contactd.crm_store.store import Store
from contactd.desk.journal import span
from contactd.desk.whatif import recording
from contactd.desk.whatif_page import SHOWN, change, page, shown
from contactd.desk.whatif_texts import WORDS
from contactd.routing.comparing import Way, compare
from contactd.routing.policy import Policy
from contactd.testing.clock import ManualClock
from tests.desk.test_journal import live

SCENARIO = """
name = "One <more>?"
hours = 1
days = 2
[[stream]]
line = "support"
channel = "voice"
counts = 30
patience_s = 60
handle_s = 200
[[team]]
name = "day"
count = 3
hours = ["08:00-09:00"]
[[draft.team]]
name = "more"
count = 2
hours = ["08:00-09:00"]
"""


class Page(HTMLParser):
    """Notes what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_scenario_is_answered_as_table_json_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    words = ["whatif", str(tmp_path / "s.toml"), "--set", f"data_dir={tmp_path / 'none'}"]
    assert run([*words, "--language", language, "--report", str(tmp_path / "p.html")]) == 0
    table = capsys.readouterr().out
    assert WORDS["service_level"][language] in table
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"]["service_level"]["difference"] > 0
    assert told["days"] == 2
    assert not (tmp_path / "none").exists()
    seen = Page()
    html = (tmp_path / "p.html").read_text(encoding="utf-8")
    seen.feed(html)
    assert seen.tags.count("svg") == 4
    assert seen.links == []
    assert "script" not in seen.tags
    assert "more" not in seen.tags
    assert any("One <more>?" in text for text in seen.words)
    assert WORDS["groups"][language] in seen.words


def test_a_mistake_in_a_scenario_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text("hours = 1\n", encoding="utf-8")
    assert run(["whatif", str(tmp_path / "s.toml"), "--set", f"data_dir={tmp_path}"]) == 2
    assert "scenario.stream" in capsys.readouterr().err
    assert run(["whatif", str(tmp_path / "none.toml"), "--set", f"data_dir={tmp_path}"]) == 1


async def test_a_recorded_day_is_tried_under_a_draft(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    day = await live(store, clock, tmp_path, 60)
    await day.bench.office.close()
    traffic, ruled = await recording(store, await span(store, "1", None))
    assert {one.configured.agent for one in traffic.people} >= {"agent-1", "agent-2", "agent-3"}
    assert len(traffic.contacts) > 10
    assert ruled.deferred_share == 3
    draft = Policy.from_mapping({**ruled.document, "deferred_share": 1})
    people = traffic.people
    found = compare(Way(name="a", policy=ruled, people=people), Way(name="b", policy=draft, people=people), [traffic])
    assert found.contacts == len(traffic.contacts)
    assert "<svg" in page(found, "en", "a day")


def test_figures_are_written_as_people_write_them() -> None:
    assert shown("service_level", 0.8125) == "81.2 %"
    assert shown("asa_s", 12.34) == "12.3 s"
    assert shown("fairness", None) == "–"
    assert change("occupancy", -0.0123, "zh") == "-1.2 个百分点"
    assert change("asa_s", -0.001, "en") == "0.0 s"
    assert {*SHOWN} <= set(WORDS)
    assert all(set(words) == {"zh", "en"} for words in WORDS.values())


def test_staffing_is_worked_out_for_one_interval_or_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["staffing", "--calls", "360", "--handle", "240", "--within", "15", "--target", "0.8457", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["agents"] == 55
    (tmp_path / "f.csv").write_text(
        "start,calls,handle_s,patience_s\n08:00,20,240,\n08:30,200,240,90\n", encoding="utf-8"
    )
    assert run(["staffing", str(tmp_path / "f.csv"), "--shrinkage", "0.3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("08:30")


def test_shared_skills_are_staffed_by_trying(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO.replace("count = 3", "count = 1"), encoding="utf-8")
    words = ["staffing", "--scenario", str(tmp_path / "s.toml"), "--set", f"data_dir={tmp_path / 'none'}"]
    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["teams"]["day"] > 3
    assert told["service_levels"]["support voice"] >= 0.8
    assert run(words) == 0
    assert "support voice:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["staffing"],
        ["staffing", "--calls", "-1"],
        ["staffing", "--calls", "5", "--target", "80"],
        ["staffing", "--calls", "5", "--shrinkage", "1"],
        ["staffing", "nothing.csv"],
    ],
)
def test_a_forecast_that_makes_no_sense_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 1
    assert capsys.readouterr().err
