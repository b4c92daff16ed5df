"""Virtual days: chance that comes again, the real router in them, figures that agree with theory, and fair comparisons."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactd.clock import from_ms
from contactd.core import effects, events
from contactd.core.errors import ConfigError
from contactd.core.journal import encode_wishes
from contactd.routing.comparing import Way, compare, figure
from contactd.routing.dice import Dice
from contactd.routing.measures import measure
from contactd.routing.policy import Policy
from contactd.routing.recorded import Recording
from contactd.routing.scenario import read_scenario
from contactd.routing.shared_staffing import staff
from contactd.routing.spread import jain, percentile
from contactd.routing.staffing import Load, figures
from contactd.routing.traffic import Contact, Person, Stream, Team, Traffic, generate
from contactd.routing.virtual import VirtualDay, live

START = 1_793_500_200_000
HOUR = 3_600_000
BARE: dict[str, Any] = {"channels": {"voice": {"wrapup": {"mode": "off"}}}}


def day(streams: tuple[Stream, ...], *teams: Team, hours: float = 8, seed: int = 1) -> Traffic:
    people: tuple[Person, ...] = tuple(person for team in teams for person in team.people())
    end = START + round(hours * HOUR)
    return Traffic(contacts=generate(streams, START, seed), people=people, start=START, end=end)


def team(count: int, name: str = "t", **about: Any) -> Team:
    return Team(name=name, count=count, hours=((START, START + 8 * HOUR),), **about)


def test_dice_come_again_and_fall_as_they_should() -> None:
    assert [Dice(3, "a").unit() for _ in range(2)] == [Dice(3, "a").unit()] * 2
    assert Dice(3, "a").unit() != Dice(3, "b").unit() != Dice(4, "b").unit()
    dice = Dice(1)
    n = 20_000
    units = [dice.unit() for _ in range(n)]
    assert 0 < min(units) < max(units) < 1
    assert sum(units) / n == pytest.approx(0.5, abs=0.01)
    assert sum(dice.exponential(7) for _ in range(n)) / n == pytest.approx(7, rel=0.03)
    logs = [dice.log_normal(200, 0.8) for _ in range(n)]
    assert sum(logs) / n == pytest.approx(200, rel=0.03)
    assert (sum((one - 200) ** 2 for one in logs) / n) ** 0.5 == pytest.approx(160, rel=0.1)
    picked = [dice.pick((("a", 3.0), ("b", 1.0))) for _ in range(n)]
    assert picked.count("a") / n == pytest.approx(0.75, abs=0.02)


def test_arrivals_follow_the_profile() -> None:
    stream = Stream(line="support", channel="voice", counts=(0, 300, 100), interval_s=1800)
    found = generate((stream,), START, 5)
    spread = [sum(START + n * 1_800_000 <= one.at < START + (n + 1) * 1_800_000 for one in found) for n in range(3)]
    assert spread[0] == 0
    assert spread[1] == pytest.approx(300, abs=60)
    assert spread[2] == pytest.approx(100, abs=40)
    assert generate((stream,), START, 5) == found
    exact = generate((replace(stream, exact=True),), START, 6)
    assert len(exact) == 400


@pytest.mark.promise
@pytest.mark.parametrize(("agents", "patience"), [(30, 120.0), (34, 60.0)])
def test_a_virtual_day_agrees_with_erlang_a(agents: int, patience: float) -> None:
    """Steady traffic, exponential work, one skill: the mean of some days must come near the formula."""
    stream = Stream(line="support", channel="voice", counts=(200.0,) * 16, handle_s=240, patience_s=patience)
    theory = figures(Load(arrivals=200, interval_s=1800, handle_s=240, patience_s=patience), agents)
    policy = Policy.from_mapping(BARE)
    lost = counted = 0
    for seed in range(4):
        traffic = day((stream,), team(agents), seed=seed)
        dice = Dice(seed, "work")
        contacts = tuple(
            replace(one, handle_ms=round(dice.exponential(240)) * 1000 + 1, pickup_ms=1) for one in traffic.contacts
        )
        fates = live(policy, replace(traffic, contacts=contacts)).fates.values()
        counted += len(fates)
        lost += sum("abandoned" in fate.outcome for fate in fates)
    assert lost / counted == pytest.approx(theory.abandon, abs=0.02)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.integers(0, 6), st.floats(5, 60), st.floats(10, 600))
def test_every_contact_has_one_fate_and_nothing_is_refused(seed: int, agents: int, count: float, handle: float) -> None:
    """Fails when held work is ended twice, or a day stops before the work in hand is done."""
    streams = (
        Stream(line="support", channel="voice", counts=(count,) * 2, handle_s=handle, wrap_s=20, patience_s=90),
        Stream(line="support", channel="email", counts=(count / 2,) * 2, handle_s=handle * 2),
        Stream(line="support", channel="chat", counts=(count / 2,) * 2, handle_s=handle, patience_s=200, wrap_s=5),
    )
    traffic = day(streams, team(agents), hours=1, seed=seed)
    lived = live(Policy.from_mapping({}), traffic)
    assert set(lived.fates) == {one.id for one in traffic.contacts}
    found = measure(lived, START, 1_800_000)
    whole = found.all
    assert whole.offered == whole.answered + whole.abandoned + whole.short + whole.left + whole.other
    assert sum(one.offered for one in found.lines.values()) == whole.offered
    assert sum(one.offered for one in found.intervals.values()) == whole.offered
    assert set(lived.refused) <= {"old_lease", "unknown_offer"}
    for shift in lived.shifts.values():
        assert shift.busy_ms <= shift.ready_ms + 1
    for fate in lived.fates.values():
        assert (fate.outcome == "left") == (fate.wait_ms is None)
    assert json.dumps(found.as_json())


def test_the_same_day_is_lived_the_same_way() -> None:
    stream = Stream(line="support", channel="voice", counts=(40.0,) * 4, patience_s=60, wrap_s=10)
    traffic = day((stream,), team(4), hours=2)
    policy = Policy.from_mapping({})
    told = [measure(live(policy, traffic), START, 1_800_000).as_json() for _ in range(2)]
    assert told[0] == told[1]


def test_interrupted_work_takes_as_long_as_it_takes() -> None:
    """A call comes into an e-mail: the mail is finished when its own time is over, the call's aside."""
    mail = Contact(id="mail", at=START + 1000, channel="email", line="support", handle_ms=100_000, pickup_ms=1)
    call = Contact(id="call", at=START + 31_000, channel="voice", line="support", handle_ms=60_000, pickup_ms=1)
    traffic = Traffic(contacts=(mail, call), people=team(1).people(), start=START, end=START + HOUR)
    ends: dict[str, int] = {}

    def hear(_fact: events.Fact | None, now: int, wishes: list[effects.Wish]) -> None:
        ends.update(
            {wish.interaction: now for wish in wishes if isinstance(wish, effects.Moved) and wish.state == "closed"}
        )

    VirtualDay(Policy.from_mapping(BARE), traffic, hear).run()
    assert ends["call"] == START + 31_000 + 60_001
    assert ends["mail"] == START + 1000 + 100_001 + 60_000


# --- comparing ----------------------------------------------------------------------------------------------------------


def test_more_people_who_speak_the_language_help_those_who_speak_it() -> None:
    policy = Policy.from_mapping({"lines": {"support": {"language": "require"}}})
    stream = Stream(
        line="support",
        channel="voice",
        counts=(30.0,) * 4,
        patience_s=90,
        handle_s=240,
        languages=(("zh", 3), ("en", 1)),
    )
    here = (*team(5, "zh", languages=("zh",)).people(), *team(1, "en", languages=("en",)).people())
    more = (*here, *team(2, "more", languages=("en",)).people())
    days = [day((stream,), hours=2, seed=seed) for seed in range(4)]
    found = compare(Way(name="a", policy=policy, people=here), Way(name="b", policy=policy, people=more), days)
    english, chinese = found.groups["support voice en"], found.groups["support voice zh"]
    assert english.gained > 5 * max(english.lost, 1)
    assert (chinese.gained, chinese.lost) == (0, 0)
    level = found.figures["service_level"]
    assert level.difference is not None
    assert level.sure is not None
    assert level.difference > level.sure > 0
    assert found.figures["agents"].difference == 2
    assert json.dumps(found.as_json())


def test_a_way_compared_with_itself_shows_nothing() -> None:
    way = Way(name="a", policy=Policy.from_mapping({}), people=team(3).people())
    stream = Stream(line="support", channel="voice", counts=(30.0,) * 2, patience_s=90)
    found = compare(way, way, [day((stream,), hours=1, seed=seed) for seed in range(3)])
    assert {one.difference for one in found.figures.values()} <= {0.0, None}
    assert all((group.gained, group.lost) == (0, 0) for group in found.groups.values())


def test_how_sure_a_difference_is() -> None:
    told = figure([(1.0, 2.0), (1.0, 4.0), (1.0, 3.0)])
    assert (told.live, told.draft, told.difference) == (1.0, 3.0, 2.0)
    assert told.sure == pytest.approx(4.303 * 1.0 / 3**0.5)
    assert figure([(1.0, 2.0)]).sure is None
    assert figure([(None, 2.0)]).difference is None
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9) == 9
    assert jain([1, 1, 1]) == 1.0
    assert jain([1, 0, 0, 0]) == 0.25
    assert jain([]) is None


# --- recorded traffic -----------------------------------------------------------------------------------------------------


def test_a_recorded_day_is_the_day_it_was() -> None:
    """A virtual day, written down as the journal would be and read back: the same customers, work and people."""
    streams = (
        Stream(line="support", channel="voice", counts=(40.0,) * 4, patience_s=60, wrap_s=10, handle_s=200),
        Stream(line="support", channel="email", counts=(5.0,) * 4, handle_s=300),
    )
    traffic = day(streams, team(4), hours=2)
    policy = Policy.from_mapping({})
    recording = Recording()

    def hear(fact: events.Fact | None, now: int, wishes: list[effects.Wish]) -> None:
        recording.take(fact, from_ms(now), encode_wishes(wishes))

    lived = VirtualDay(policy, traffic, hear).run()
    again = recording.traffic()
    before = {one.id: one for one in traffic.contacts}
    assert [one.id for one in again.contacts] == [one.id for one in traffic.contacts]
    for one in again.contacts:
        fate = lived.fates[one.id]
        assert (one.at, one.line, one.channel) == (before[one.id].at, before[one.id].line, before[one.id].channel)
        if fate.outcome == "answered":
            assert one.handle_ms == before[one.id].handle_ms
            assert one.pickup_ms == before[one.id].pickup_ms
            assert one.patience_ms is None or one.patience_ms > (fate.wait_ms or 0)
        else:
            assert one.patience_ms == before[one.id].patience_ms
    assert {person.configured.agent for person in again.people} == {
        person.configured.agent for person in traffic.people
    }
    relived = measure(live(policy, again), START, 1_800_000).as_json()
    first = measure(lived, START, 1_800_000).as_json()
    assert relived["service_level"] == first["service_level"]
    assert relived["abandoned"] == first["abandoned"]


# --- scenarios ------------------------------------------------------------------------------------------------------------

SCENARIO: dict[str, Any] = {
    "hours": 2,
    "days": 2,
    "stream": [
        {"line": "support", "channel": "voice", "counts": 20, "patience_s": 90, "languages": {"zh": 1, "none": 1}}
    ],
    "team": [{"name": "day", "count": 3, "hours": ["08:00-10:00"]}],
    "draft": {"team": [{"name": "more", "count": 1, "hours": ["08:30-09:30"], "skills": {"german": 4}}]},
}


def test_a_scenario_is_read() -> None:
    found = read_scenario(SCENARIO, {}, None)
    assert (len(found.live.people), len(found.draft.people)) == (3, 4)
    assert found.streams[0].counts == (20.0,) * 4
    (first, second) = found.traffic()
    assert first.contacts != second.contacts
    more = found.draft.people[-1]
    assert more.configured.skills == (("german", 4),)
    assert more.stays == ((found.start + HOUR // 2, "ready", None), (found.start + 3 * HOUR // 2, "logged_out", None))
    without = {**SCENARIO, "draft": {"remove": ["day"], "policy": {"lines": {"support": {"base": 3}}}}}
    changed = read_scenario(without, {}, None)
    assert changed.draft.people == ()
    assert (changed.live.policy.lines["support"].base, changed.draft.policy.lines["support"].base) == (0, 3)
    handed = read_scenario(SCENARIO, {}, {"lines": {"support": {"base": 5}}})
    assert (handed.live.policy.lines["support"].base, handed.draft.policy.lines["support"].base) == (0, 5)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"start": "soon"}, "scenario.start"),
        ({"strem": []}, "scenario.strem"),
        ({"stream": []}, "scenario.stream"),
        ({"stream": [{"line": "x", "channel": "voice", "counts": 1}]}, "scenario.stream[0].line"),
        ({"stream": [{"channel": "pigeon", "counts": 1}]}, "scenario.stream[0].channel"),
        ({"stream": [{"channel": "voice", "counts": [1, 2]}]}, "scenario.stream[0].counts"),
        ({"stream": [{"channel": "voice", "counts": "many"}]}, "scenario.stream[0].counts"),
        ({"team": [{"name": "a", "hours": ["9 to 5"]}]}, "scenario.team[0].hours"),
        ({"team": [{"name": "a", "lines": "all"}]}, "scenario.team[0].lines"),
        ({"policy": {"lines": {"support": {"basse": 1}}}}, "scenario.policy.lines.support.basse"),
        ({"draft": {"remove": ["night"]}}, "scenario.draft.remove"),
    ],
)
def test_a_mistake_in_a_scenario_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_scenario({**SCENARIO, **change}, {}, None)
    assert error.value.field == path


# --- staffing of shared skills --------------------------------------------------------------------------------------------


def test_teams_that_share_skills_are_staffed_so_that_nobody_can_be_spared() -> None:
    policy = Policy.from_mapping({"lines": {"support": {"language": "require"}}})
    stream = Stream(
        line="support",
        channel="voice",
        counts=(12.0,) * 2,
        patience_s=90,
        handle_s=240,
        languages=(("zh", 3), ("en", 1)),
    )
    days = [day((stream,), hours=1, seed=seed) for seed in range(2)]
    teams = (team(1, "zh", languages=("zh",)), team(0, "both", languages=("zh", "en")))
    heard: list[float] = []
    found = staff(policy, teams, days, 0.8, lambda _counts, lacking: heard.append(lacking))
    assert found.enough
    assert min(found.levels.values()) >= 0.8
    assert found.counts["both"] >= 1
    assert 2 <= sum(found.counts.values()) <= 8
    assert heard
    for place, name in enumerate(("zh", "both")):
        counts = tuple(found.counts.values())
        fewer = (*counts[:place], counts[place] - 1, *counts[place + 1 :])
        if fewer[place] >= 0:
            people = tuple(
                one for kind, count in zip(teams, fewer, strict=True) for one in replace(kind, count=count).people()
            )
            sums = [measure(live(policy, replace(one, people=people)), START, 1_800_000).all for one in days]
            level = sum(one.within for one in sums) / sum(one.answered + one.abandoned + one.left for one in sums)
            assert level < 0.8, name
    assert json.dumps(found.as_json())
