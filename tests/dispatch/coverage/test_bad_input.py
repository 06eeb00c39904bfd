"""What cannot be meant, and promises that cannot be kept, are named with the place and the least change."""

from collections.abc import Callable

import numpy as np
import pytest

from dispatch.coverage import (
    Candidates,
    Center,
    Cover,
    Gap,
    InfeasibleError,
    MaxCover,
    Median,
    Percentile,
    Problem,
    TimeLimit,
    Travel,
    WorstFirst,
    open_country,
    place,
)
from tests.dispatch.coverage.instances import line_of

LINE = line_of([0, 100, 500], [0, 100])

MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "no candidate": (lambda: Candidates.of(0), "no candidate site"),
    "no demand": (lambda: Problem.of([], Travel.of_matrix(np.empty((0, 2)))), "no demand"),
    "no weight": (lambda: Problem.of([0, 0, 0], LINE), "no demand point has any weight"),
    "NaN weight": (lambda: Problem.of([1, np.nan, 1], LINE), "demand point 1 has the weight nan"),
    "negative weight": (lambda: Problem.of([1, 1, -2], LINE), "demand point 2 has the weight -2"),
    "too few weights": (lambda: Problem.of([1, 1], LINE), "2 weights for flight times to 3"),
    "NaN time": (lambda: Travel.of_matrix([[1.0, np.nan]]), "from site 1 to demand point 0 is nan"),
    "two times": (
        lambda: Travel.of_pairs([0, 0], [1, 1], [2.0, 3.0], demand_count=1, site_count=2),
        "site 1 has two flight times to demand point 0",
    ),
    "p too large": (lambda: Problem.of([1, 1, 1], LINE, p=3), "p is 3, but only 2"),
    "p and budget": (lambda: Problem.of([1, 1, 1], LINE, p=1, budget=3.0), "not both"),
    "forced beyond p": (
        lambda: Problem.of([1, 1, 1], LINE, Candidates.of(2, forced=[0, 1]), p=1),
        "p must be 2 at least",
    ),
    "forced and forbidden": (lambda: Candidates.of(2, forced=[1], forbidden=[1]), "site 1 is forbidden, and also"),
    "no dock": (lambda: Candidates.of(2, names=["Hill", "Vale"], docks=[1, 0]), "Vale has 0 docks"),
    "negative cost": (lambda: Candidates.of(2, costs=[1, -1]), "cost of site 1 is -1"),
    "unknown site": (lambda: Candidates.of(2, standing=[2]), "standing site 2: there are 2"),
    "no time": (lambda: MaxCover(within_s=0), "within_s is 0"),
    "no share": (lambda: Percentile(share=1.2), "share of demand is 1.2"),
    "no districts": (
        lambda: place(Problem.of([1, 1, 1], LINE, p=1), WorstFirst(of=MaxCover(within_s=9), over="districts")),
        "names no districts",
    ),
    "no way": (
        lambda: place(Problem.of([1], Travel.of_matrix([[3, np.inf]]), p=1), Median()),
        "demand point 0 has no way from 1 of the sites",
    ),
    "negative limit": (lambda: TimeLimit(-1, lambda: 0.0), "time limit of -1"),
    "negative gap": (lambda: Gap(-0.1), "gap of -0.1"),
    "points": (lambda: open_country([[0, np.inf]], [1], [[0, 0]], 9, 9), r"points\[0\] is"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str) -> None:
    make, text = MISTAKES[name]
    with pytest.raises(ValueError, match=text):
        make()


def test_demand_out_of_reach_is_named_with_the_least_time_that_would_do() -> None:
    with pytest.raises(InfeasibleError, match="point 2 has 0 sites that may open in reach: T must be 400 s at least"):
        place(Problem.of([1, 1, 1], LINE), Cover(within_s=150))
    assert place(Problem.of([1, 1, 1], LINE), Cover(within_s=400)).value == 1


def test_too_much_backup_is_named_with_the_times_that_can_be_had() -> None:
    with pytest.raises(InfeasibleError, match="T must be 500 s at least, or times 1 at most"):
        place(Problem.of([1, 1, 1], LINE), Cover(within_s=400, times=2))
    assert place(Problem.of([1, 1, 1], LINE), Cover(within_s=500, times=2)).value == 2


def test_too_few_bases_are_named_with_the_number_that_would_do() -> None:
    travel = line_of([0, 1000, 2000], [0, 1000, 2000])
    with pytest.raises(InfeasibleError, match="needs 3 new bases, and p is 2"):
        place(Problem.of([1, 1, 1], travel, p=2), Cover(within_s=10))
    assert place(Problem.of([1, 1, 1], travel, p=3), Cover(within_s=10)).value == 3


def test_a_point_without_any_way_is_named() -> None:
    travel = Travel.of_matrix([[1, 2], [np.inf, np.inf]])
    with pytest.raises(InfeasibleError, match="demand point 1 is out of all reach"):
        place(Problem.of([1, 1], travel, p=1), Center())
    with pytest.raises(InfeasibleError, match=r"0\.9 of the demand is asked for, but only 0.5"):
        place(Problem.of([1, 1], travel, p=1), Percentile())
