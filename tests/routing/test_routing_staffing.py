"""Erlang C and Erlang A against published figures, and to 1e-6 against other formulas for the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from contactd.routing.staffing import Figures, Goal, Load, erlang_b, erlang_c, figures, needed


def test_the_example_of_call_centre_maths() -> None:
    """Mitan Ltd., "Call Centre Maths: The Erlang-C Formula": 360 calls in half an hour of 4 minutes, 55 agents, 15 s."""
    found = figures(Load(arrivals=360, interval_s=1800, handle_s=240, within_s=15), 55)
    assert round(found.p_wait, 3) == 0.239
    assert round(found.asa_s, 1) == 8.2
    assert round(found.service_level, 3) == 0.846
    assert round(found.occupancy, 3) == 0.873


def test_the_table_of_garnett_mandelbaum_and_reiman() -> None:
    """O. Garnett, A. Mandelbaum, M. Reiman, "Designing a Call Center with Impatient Customers", M&SOM 4 (2002), table 1.

    50 agents, 48 calls a minute of 1 minute, patience 2 minutes.  M/M/N: wait 20.8 s, queue 17, utilisation 96 %.
    M/M/N+M: 3.1 % give up, wait 3.7 s, queue 3, utilisation 93 %.
    """
    patient = figures(Load(arrivals=48, interval_s=60, handle_s=60), 50)
    assert (round(patient.asa_s, 1), round(patient.occupancy, 2)) == (20.8, 0.96)
    assert round(patient.asa_s / 60 * 48) == 17
    impatient = figures(Load(arrivals=48, interval_s=60, handle_s=60, patience_s=120), 50)
    assert (round(impatient.abandon, 3), round(impatient.asa_s, 1)) == (0.031, 3.7)
    assert (round(impatient.asa_s / 60 * 48), round(impatient.occupancy, 2)) == (3, 0.93)


LOADS = [
    (20, 1800, 180, 20, 5),
    (360, 1800, 240, 15, 55),
    (48, 60, 60, 20, 50),
    (100, 1800, 300, 30, 18),
    (3000, 1800, 200, 20, 350),
    (3, 1800, 600, 10, 2),
    (400, 1800, 240, 20, 50),
]


@pytest.mark.parametrize(("arrivals", "interval", "handle", "within", "agents"), LOADS)
def test_erlang_c_by_sums_of_factorials(
    arrivals: float, interval: float, handle: float, within: float, agents: int
) -> None:
    """The textbook's sum, in logarithms, instead of the recursion."""
    load = Load(arrivals=arrivals, interval_s=interval, handle_s=handle, within_s=within)
    a = load.erlangs
    if a >= agents:
        assert figures(load, agents).service_level == 0
        return
    logs = [k * math.log(a) - math.lgamma(k + 1) for k in range(agents)]
    last = agents * math.log(a) - math.lgamma(agents + 1) + math.log(agents / (agents - a))
    waits = 1 / (1 + sum(math.exp(one - last) for one in logs))
    found = figures(load, agents)
    assert found.p_wait == pytest.approx(waits, rel=1e-9)
    assert erlang_c(agents, a) == pytest.approx(waits, abs=1e-9)
    assert found.asa_s == pytest.approx(waits * handle / (agents - a), rel=1e-6)
    tail = integrate.quad(
        lambda t: waits * (agents - a) / handle * math.exp(-(agents - a) * t / handle), within, math.inf
    )
    assert found.service_level == pytest.approx(1 - tail[0], abs=1e-6)


@pytest.mark.parametrize("patience", [30.0, 120.0, 900.0])
@pytest.mark.parametrize(("arrivals", "interval", "handle", "within", "agents"), LOADS)
def test_erlang_a_by_incomplete_gamma_and_beta_functions(
    arrivals: float, interval: float, handle: float, within: float, agents: int, patience: float
) -> None:
    """Palm's closed form for the delay, and the wait found for each length of the queue as an incomplete beta function."""
    load = Load(arrivals=arrivals, interval_s=interval, handle_s=handle, within_s=within, patience_s=patience)
    lam, n_mu, theta = arrivals / interval, agents / handle, 1 / patience
    x, y = n_mu / theta, lam / theta
    # A(x, y) of Mandelbaum and Zeltyn, "The Palm/Erlang-A Queue" (2005), section 4: 1F1(1, x + 1, y).
    full = special.hyp1f1(1, x + 1, y)
    blocked = 1 / sum(
        math.exp(special.gammaln(agents + 1) - special.gammaln(k + 1) + (k - agents) * math.log(load.erlangs))
        for k in range(agents + 1)
    )
    p_wait = full * blocked / (1 + (full - 1) * blocked)
    found = figures(load, agents)
    assert found.p_wait == pytest.approx(p_wait, rel=1e-6)
    gives_up = (1 / (load.erlangs / agents * full) + 1 - agents / load.erlangs) * p_wait
    assert found.abandon == pytest.approx(gives_up, rel=1e-6, abs=1e-9)
    assert found.asa_s == pytest.approx(gives_up * patience, rel=1e-6, abs=1e-6)
    # State n+j: the wait ahead is the (j+1)th step of a pure death chain; its distribution is an incomplete beta function.
    p_full = p_wait / full
    within_t, weight = 0.0, p_full
    for j in range(4000):
        if j:
            weight *= lam / (n_mu + j * theta)
        within_t += weight * _served_by(within, j, n_mu, theta)
        if weight < 1e-17 * p_full:
            break
    assert found.service_level == pytest.approx(1 - p_wait + within_t, abs=1e-6)


def _served_by(t: float, j: int, n_mu: float, theta: float) -> float:
    """P(served by t) for one who finds j waiting: ∫ e^(-θv) dP(V ≤ v), V a sum of exponentials with rates nμ … nμ+jθ."""
    c = n_mu / theta
    # With e^(-θv) folded in, the law of V is that of another chain, with c + 1 for c, times c / (c + j + 1).
    return float(special.betainc(j + 1, c + 1, -math.expm1(-theta * t)) * c / (c + j + 1))


@given(
    st.floats(0.5, 400), st.floats(20, 900), st.floats(5, 600), st.none() | st.floats(20, 2000), st.floats(0.5, 0.97)
)
@settings(max_examples=60, deadline=None)
def test_the_fewest_agents_are_found(
    arrivals: float, handle: float, within: float, patience: float | None, level: float
) -> None:
    """Fails when the search stops one too high or too low."""
    load = Load(arrivals=arrivals, interval_s=1800, handle_s=handle, within_s=within, patience_s=patience)
    goal = Goal(service_level=level, occupancy=0.9)
    found = needed(load, goal)
    assert found is not None
    assert goal.met(found)
    assert not goal.met(figures(load, found.agents - 1))
    more = figures(load, found.agents + 1)
    assert more.service_level >= found.service_level - 1e-12
    assert more.abandon <= found.abandon + 1e-12


def test_patience_near_for_ever_is_erlang_c() -> None:
    patient = figures(Load(arrivals=100, interval_s=1800, handle_s=300), 20)
    nearly = figures(Load(arrivals=100, interval_s=1800, handle_s=300, patience_s=1e9), 20)
    assert nearly.service_level == pytest.approx(patient.service_level, abs=1e-5)
    assert nearly.p_wait == pytest.approx(patient.p_wait, abs=1e-5)


def test_every_goal_is_asked() -> None:
    load = Load(arrivals=360, interval_s=1800, handle_s=240, within_s=20, patience_s=90)
    fewest = {
        "level": Goal(service_level=0.8),
        "abandon": Goal(service_level=0, abandon=0.01),
        "asa": Goal(service_level=0, asa_s=2),
        "occupancy": Goal(service_level=0, occupancy=0.8),
    }
    told = {name: found.agents for name, goal in fewest.items() if (found := needed(load, goal)) is not None}
    assert told["level"] < told["asa"] < told["abandon"]
    assert figures(load, told["occupancy"]).occupancy <= 0.8 < figures(load, told["occupancy"] - 1).occupancy
    assert Goal(shrinkage=0.3).scheduled(7) == 10
    assert needed(load, Goal(service_level=1.1)) is None


def test_nothing_to_do_needs_nobody_and_nobody_answers_nothing() -> None:
    quiet = needed(Load(arrivals=0, interval_s=1800, handle_s=240), Goal())
    assert quiet == Figures(agents=0, service_level=1.0, asa_s=0.0, p_wait=0.0, abandon=0.0, occupancy=0.0)
    alone = figures(Load(arrivals=10, interval_s=1800, handle_s=240, patience_s=60), 0)
    assert (alone.service_level, alone.occupancy) == (0.0, 0.0)
    assert alone.abandon == pytest.approx(1)
    assert alone.asa_s == pytest.approx(60)
    assert erlang_b(0, 3.0) == 1.0
    assert figures(Load(arrivals=90, interval_s=1800, handle_s=240), 12).as_json()["asa_s"] is None
