"""How busy drones are follows from the calls: Erlang's loss formula, and what is made of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.coverage import Candidates, InfeasibleError, Problem, Reliable, Travel, place
from dispatch.coverage.queue import drones_needed, loss_probability, neighbourhood_erlangs
from tests.dispatch.coverage.instances import line_of


@pytest.mark.parametrize(
    ("drones", "erlangs", "lost"),
    [
        (1, 1.0, 0.5),
        (2, 1.0, 0.2),
        (5, 3.0, 0.1101),
        (10, 5.0, 0.0184),
        (20, 12.03, 0.01),
        (0, 4.0, 1.0),
        (3, 0.0, 0.0),
    ],
)
def test_the_published_tables(drones: int, erlangs: float, lost: float) -> None:
    """As in every table of Erlang's B, to the digits that they print."""
    assert loss_probability(drones, erlangs) == pytest.approx(lost, abs=5e-5)


@given(drones=st.integers(1, 30), erlangs=st.floats(0.01, 25))
def test_the_recursion_is_erlangs_sum(drones: int, erlangs: float) -> None:
    terms = [erlangs**k / math.factorial(k) for k in range(drones + 1)]
    assert loss_probability(drones, erlangs) == pytest.approx(terms[-1] / sum(terms), rel=1e-9)
    now, more, most = loss_probability([drones, drones + 1, drones + 2], erlangs).tolist()
    assert now - more >= more - most - 1e-15  # each further drone saves less


def test_a_simulated_queue_loses_as_many_calls() -> None:
    """Three drones, calls at random, each holds a drone for a time that is anything but exponential."""
    numbers = np.random.default_rng(7)
    erlangs, free_at, lost, now = 2.0, np.zeros(3), 0, 0.0
    for _ in range(60_000):
        now += numbers.exponential(1 / erlangs)
        k = int(np.argmin(free_at))
        if free_at[k] > now:
            lost += 1
        else:
            free_at[k] = now + numbers.choice([0.5, 1.5])
    assert lost / 60_000 == pytest.approx(float(loss_probability(3, erlangs)), abs=0.01)


@given(erlangs=st.lists(st.floats(0, 40), min_size=1, max_size=5), reliability=st.floats(0.05, 0.999))
def test_the_fewest_drones_and_no_fewer(erlangs: list[float], reliability: float) -> None:
    loads = np.array(erlangs)
    needed = drones_needed(loads, reliability)
    assert (1 - loss_probability(needed, loads) >= reliability - 1e-12).all()
    fewer = needed > 1
    assert (1 - loss_probability(needed - 1, loads) < reliability + 1e-12)[fewer].all()


def test_the_load_around_a_point() -> None:
    """Site 0 has the first two points within reach, site 1 the last two; the one in the middle has both."""
    travel = line_of([0, 50, 100], [20, 80])
    around = neighbourhood_erlangs(travel, np.array([1.0, 2.0, 4.0]), 60, np.array([True, True]))
    assert around.tolist() == [3.0, 4.5, 6.0]
    shut = neighbourhood_erlangs(travel, np.array([1.0, 2.0, 4.0]), 60, np.array([True, False]))
    assert shut.tolist() == [3.0, 3.0, 0.0]


def test_more_calls_take_more_drones() -> None:
    problem = Problem.of(np.ones(3), line_of([0, 50, 100], [50]), Candidates.of(1, docks=9))
    drones = [
        place(problem, Reliable(within_s=60, reliability=0.9, calls_per_h=calls, busy_s=1800)).value
        for calls in (0.1, 2.0, 6.0)
    ]
    assert drones == [1, 3, 6]  # 0.05, 1 and 3 erlang: B(3, 1) = 0.0625, B(6, 3) = 0.052


def test_what_is_too_much_is_told_with_what_would_do() -> None:
    problem = Problem.of(np.ones(2), Travel.of_matrix([[10.0], [20.0]]), Candidates.of(1, docks=2))
    model = Reliable(within_s=60, reliability=0.95, calls_per_h=2, busy_s=1800)
    says = r"point 0 needs 4 for 1 erlang, and its sites have docks for 2: the reliability 0.8 at most, or more docks"
    with pytest.raises(InfeasibleError, match=says):
        place(problem, model)
    less = Reliable(within_s=60, reliability=0.8, calls_per_h=2, busy_s=1800)
    assert place(problem, less).drones == (2,)
    few = Problem.of(np.ones(2), Travel.of_matrix([[10.0], [20.0]]), Candidates.of(1, docks=9), p=3)
    with pytest.raises(InfeasibleError, match="needs 4 new drones, and p is 3"):
        place(few, model)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reliability": 1.0}, "reliability is 1.0"),
        ({"busy_s": 0}, "busy_s is 0"),
        ({"calls_per_h": -1}, "calls_per_h"),
    ],
)
def test_numbers_that_cannot_be_meant(change: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Reliable(**({"within_s": 60, "reliability": 0.9, "calls_per_h": 1, "busy_s": 60} | change))
