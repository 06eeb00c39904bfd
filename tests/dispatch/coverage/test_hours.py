"""Mobile units by hour, against every roster of small days."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.codec import to_json
from dispatch.coverage import (
    Candidates,
    Expected,
    MaxCover,
    Problem,
    Progress,
    Scenario,
    TimeLimit,
    Travel,
    by_hour,
    place,
)
from tests.dispatch.coverage.brute import layouts, worth
from tests.dispatch.coverage.instances import line_of


@st.composite
def days(draw: st.DrawFn) -> Problem:
    """Two or three hours, each with its own demand and, now and then, its own wind."""
    n, m, hours = draw(st.integers(1, 6)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    times = numbers.integers(0, 12, (n, m)).astype(float)
    scenarios = []
    for k in range(hours):
        if draw(st.booleans()):
            times = numbers.integers(0, 12, (n, m)).astype(float)
        weights = numbers.integers(0, 5, n).astype(float)
        weights[numbers.integers(n)] += 1
        scenarios.append(Scenario(weights=weights, travel=Travel.of_matrix(times), name=f"{k} h", share=1.0 + k))
    standing = [0] if m > 1 and draw(st.booleans()) else []
    sites = Candidates.of(m, docks=numbers.integers(1, 3, m), standing=standing)
    return Problem(candidates=sites, scenarios=tuple(scenarios), p=draw(st.integers(0, 1)) if m > 1 else 0)


def best_roster(problem: Problem, model: MaxCover | Expected, mobile: int, moves: int | None, price: float) -> float:
    """The best value of all rosters, by the definition."""
    drones = isinstance(model, Expected)
    total = sum(s.share for s in problem.scenarios)
    tables = [(s.share / total, s.weights, s.travel.table()) for s in problem.scenarios]
    docks = problem.candidates.docks if drones else np.ones(len(problem.candidates), np.int64)
    best = -math.inf
    for y in layouts(problem, drones=drones):
        free = [range(int(most) - n + 1) for most, n in zip(docks, y, strict=True)]
        places = [z for z in itertools.product(*free) if sum(z) <= mobile]
        worths = [
            [share * worth(model, w, times, tuple(np.add(y, z))) for z in places] for share, w, times in tables
        ]  # fmt: skip
        for roster in itertools.product(range(len(places)), repeat=len(tables)):
            came = [
                sum(max(0, b - a) for a, b in zip(places[roster[k - 1]], places[roster[k]], strict=True))
                for k in range(len(roster))
            ]
            if moves is not None and max(came) > moves:
                continue
            best = max(best, sum(worths[k][z] for k, z in enumerate(roster)) - price * sum(came))
    return best


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    problem=days(),
    model=st.sampled_from([MaxCover(within_s=5), Expected(within_s=6, busy=0.3)]),
    mobile=st.integers(0, 2),
    moves=st.sampled_from([None, 0, 1]),
    price=st.sampled_from([0.0, 0.4]),
)
def test_the_best_of_all_rosters(
    problem: Problem, model: MaxCover | Expected, mobile: int, moves: int | None, price: float
) -> None:
    truth = best_roster(problem, model, mobile, moves, price)
    roster = by_hour(problem, model, mobile, moves=moves, price=price)
    assert roster.status == "optimal"
    assert math.isclose(roster.value, truth, rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(roster.bound, truth, rel_tol=1e-6, abs_tol=1e-5)
    total = sum(s.share for s in problem.scenarios)
    told = sum(s.share / total * hour.value for s, hour in zip(problem.scenarios, roster.hours, strict=True))
    assert math.isclose(told - price * sum(hour.arrivals for hour in roster.hours), roster.value, rel_tol=1e-9)
    assert all(sum(hour.drones) <= mobile for hour in roster.hours)
    assert moves is None or all(hour.arrivals <= moves for hour in roster.hours)


def day_and_night() -> Problem:
    """By day people are in the east, by night in the west; in the middle a few are always."""
    travel = line_of([0, 500, 1000], [0, 500, 1000])
    return Problem(
        candidates=Candidates.of(3),
        scenarios=(
            Scenario(weights=np.array([1.0, 5.0, 9.0]), travel=travel, name="day"),
            Scenario(weights=np.array([9.0, 5.0, 1.0]), travel=travel, name="night"),
        ),
        p=1,
    )


def test_the_unit_follows_the_people() -> None:
    roster = by_hour(day_and_night(), MaxCover(within_s=100), 1)
    assert roster.open_sites == (1,)
    assert [(hour.name, hour.open_sites, hour.arrivals, hour.value) for hour in roster.hours] == [
        ("day", (2,), 1, 14),
        ("night", (0,), 1, 14),
    ]
    assert (roster.value, roster.status) == (14, "optimal")
    assert "arrivals" in to_json(roster)


def test_moves_that_cost_more_than_they_bring_are_not_made() -> None:
    for roster in (
        by_hour(day_and_night(), MaxCover(within_s=100), 1, price=4.0),
        by_hour(day_and_night(), MaxCover(within_s=100), 1, moves=0),
    ):
        assert [hour.arrivals for hour in roster.hours] == [0, 0]
        assert roster.value == place(replace(day_and_night(), p=2), MaxCover(within_s=100)).value


def test_a_stop_leaves_a_roster_and_a_true_bound() -> None:
    numbers = np.random.default_rng(3)
    times = numbers.uniform(0, 300, (150, 30))
    hours = tuple(
        Scenario(weights=numbers.integers(1, 9, 150).astype(float), travel=Travel.of_matrix(times), name=str(k))
        for k in range(6)
    )
    problem = Problem(candidates=Candidates.of(30), scenarios=hours, p=2)
    heard: list[Progress] = []
    clock = itertools.count(0, 0.01).__next__
    roster = by_hour(problem, MaxCover(within_s=60), 2, moves=1, stop=TimeLimit(0.5, clock), tell=heard.append)
    assert roster.status == "stopped"
    assert 0 < roster.value <= roster.bound
    assert [progress.value for progress in heard] == sorted(progress.value for progress in heard)


@pytest.mark.parametrize(
    ("mobile", "moves", "price"), [(-1, None, 0.0), (1, -1, 0.0), (1, None, -0.5), (1, None, math.inf)]
)
def test_numbers_that_cannot_be_meant(mobile: int, moves: int | None, price: float) -> None:
    with pytest.raises(ValueError, match="give 0 or more"):
        by_hour(day_and_night(), MaxCover(within_s=100), mobile, moves=moves, price=price)
