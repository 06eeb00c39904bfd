"""Covering at size, and what must hold whatever the numbers."""

import itertools

import numpy as np
import pytest

from dispatch.coverage import (
    Candidates,
    Cover,
    Expected,
    Gap,
    MaxCover,
    Median,
    Problem,
    Progress,
    Scenario,
    TimeLimit,
    Travel,
    WorstFirst,
    open_country,
    place,
)
from dispatch.coverage.kernels.types import Floats
from tests.dispatch.coverage.instances import line_of, open_square


def test_two_thousand_points_are_proven() -> None:
    problem = open_square(2_000, 120, 8, 3_500)
    answer = place(problem, MaxCover(within_s=180))
    assert answer.status == "optimal"
    assert answer.bound == answer.value
    assert len(answer.open_sites) == 8
    weights, travel = problem.scenarios[0].weights, problem.scenarios[0].travel
    covered = (travel.table()[:, list(answer.open_sites)] <= 180).any(axis=1)
    assert weights[covered].sum() == answer.value


def test_one_base_more_never_covers_less_and_the_bound_holds_for_all() -> None:
    values = [place(open_square(800, 40, p, 4_000), MaxCover(within_s=180)).value for p in range(1, 8)]
    assert values == sorted(values)
    gains = np.diff(values)
    assert (gains >= 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_merged_points_are_the_same_question(seed: int) -> None:
    """Raw points, one row each, and what open_country makes of them."""
    numbers = np.random.default_rng(seed)
    points, sites = numbers.uniform(0, 9000, (600, 2)), numbers.uniform(0, 9000, (25, 2))
    weights = numbers.integers(1, 9, 600).astype(float)
    metres = np.hypot(*(points[:, None] - sites[None]).transpose(2, 0, 1))
    raw = Problem.of(weights, Travel.of_matrix(np.where(metres <= 2000, 180.0, np.inf)), p=4)
    merged_weights, travel = open_country(points, weights, sites, 2000, 180)
    assert len(merged_weights) < 600
    assert merged_weights.sum() == weights.sum()
    merged = Problem.of(merged_weights, travel, p=4)
    assert place(merged, MaxCover(within_s=180)).value == place(raw, MaxCover(within_s=180)).value


def test_an_lscp_is_the_least_p_of_a_full_mclp() -> None:
    problem = open_square(300, 40, 39, 9_000)
    weights, travel = problem.scenarios[0].weights, problem.scenarios[0].travel
    fewest = place(Problem.of(weights, travel), Cover(within_s=180))
    assert fewest.status == "optimal"
    for p, all_of_it in ((int(fewest.value), True), (int(fewest.value) - 1, False)):
        covered = place(Problem.of(weights, travel, p=p), MaxCover(within_s=180)).value
        assert bool(covered == weights.sum()) is all_of_it


def test_drones_of_one_base_back_each_other_up() -> None:
    """Two points, one base each; three drones: the second at the greater point counts a quarter of what it has."""
    problem = Problem.of([10, 4], line_of([0, 1000], [0, 1000]), Candidates.of(2, docks=2), p=3)
    answer = place(problem, Expected(within_s=100, busy=0.25))
    assert (answer.open_sites, answer.drones) == ((0, 1), (2, 1))
    assert answer.value == pytest.approx(10 * 0.75 * 1.25 + 4 * 0.75)


def test_a_second_wind_may_move_the_base() -> None:
    """Calm air asks for the one site, the wind for the other; together the middle one is best."""
    still, windy = line_of([0, 0, 0], [0, 60, 99]), line_of([100, 100, 100], [0, 60, 99])
    weights: Floats = np.ones(3)
    scenarios = (
        Scenario(weights=weights, travel=still, name="calm"),
        Scenario(weights=weights, travel=windy, name="wind"),
    )
    problem = Problem(candidates=Candidates.of(3), scenarios=scenarios, p=1)
    both = place(problem, WorstFirst(of=MaxCover(within_s=60), over="scenarios"))
    assert (both.open_sites, both.value, both.status) == ((1,), 1.0, "optimal")
    assert place(problem, MaxCover(within_s=60)).value == 3.0


def test_the_worst_district_comes_first() -> None:
    """Most demand lives in the north; one base for each district serves the worst better than two in the north."""
    travel = line_of([0, 300, 1000], [0, 300, 1000])
    problem = Problem.of([50, 40, 5], travel, p=2, districts=["north", "north", "south"])
    assert place(problem, MaxCover(within_s=50)).open_sites == (0, 1)
    fair = place(problem, WorstFirst(of=MaxCover(within_s=50), over="districts"))
    assert fair.open_sites == (0, 2)
    assert fair.value == pytest.approx(50 / 90)


def test_progress_is_told_and_never_goes_back() -> None:
    heard: list[Progress] = []
    answer = place(open_square(2_000, 150, 12, 3_500), MaxCover(within_s=180), tell=heard.append)
    assert len(heard) > 2
    for before, after in itertools.pairwise(heard):
        assert after.value >= before.value
        assert after.bound <= before.bound
    assert heard[-1].value == answer.value
    assert answer.status == "optimal"


def test_a_stop_leaves_the_best_so_far_with_a_true_bound() -> None:
    problem = open_square(3_000, 200, 15, 3_500)
    best = place(problem, MaxCover(within_s=180))
    assert best.status == "optimal"
    early = place(problem, MaxCover(within_s=180), stop=Gap(0.1))
    assert early.gap <= 0.1
    assert early.value <= best.value <= early.bound
    now = iter(range(1000))
    timed = place(problem, MaxCover(within_s=180), stop=TimeLimit(2, lambda: float(next(now))))
    assert timed.status == "stopped"
    assert 0 < timed.value <= best.value <= timed.bound


def test_ctrl_c_keeps_the_best_so_far() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.stage != "first":
            raise KeyboardInterrupt

    answer = place(open_square(3_000, 200, 15, 3_500), MaxCover(within_s=180), tell=interrupt)
    assert answer.status == "stopped"
    assert len(answer.open_sites) == 15
    assert 0 < answer.value < answer.bound


def test_the_same_question_has_the_same_answer() -> None:
    problem = open_square(2_000, 150, 10, 4_000)
    assert place(problem, MaxCover(within_s=180)) == place(problem, MaxCover(within_s=180))


def test_a_solution_within_scips_tolerance_of_what_is_asked_for() -> None:
    """MathOpt could not read SCIP's answer here: a median no better than the one in hand, but for rounding."""
    numbers = np.random.default_rng(2)
    points, places = numbers.uniform(0, 60, (200, 2)), numbers.uniform(0, 60, (40, 2))
    times = np.hypot(*(points[:, None] - places[None]).transpose(2, 0, 1))
    costs, weights = numbers.uniform(1, 3, 40), numbers.uniform(0, 1, 200)
    sites = Candidates.of(40, docks=2, costs=costs, standing=[3], forbidden=[5])
    answer = place(Problem.of(weights, Travel.of_matrix(times), sites, budget=9.0), Median())
    assert answer.status == "optimal"
    assert answer.bound == pytest.approx(answer.value, rel=1e-6)
