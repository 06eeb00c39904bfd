"""The OR-Library's p-median instances, with the published optima of the p-median and of the p-center."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.placement import pmed_times
from dispatch.coverage import Center, Median, Problem, Travel, place
from tests.dispatch.coverage.instances import optima

QUICK = (1, 3, 5, 7, 9, 13, 15, 17)
"""The others take longer: ``python -m benchmarks placement pmed`` proves all of them."""


@pytest.mark.shared_data("pmed")
@pytest.mark.parametrize("number", QUICK)
def test_published_optima_are_proven(shared: Path, number: int) -> None:
    times, p = pmed_times(shared / f"pmed{number}.txt")
    problem = Problem.of(np.ones(len(times)), Travel.of_matrix(times), p=p)
    median, center = optima(shared)[f"pmed{number}"]
    mean = place(problem, Median())
    assert (round(mean.value * len(times), 6), mean.status) == (median, "optimal")
    assert round(mean.bound * len(times), 6) == median
    worst = place(problem, Center())
    assert (worst.value, worst.bound, worst.status) == (center, center, "optimal")


def test_a_made_up_network_agrees_with_every_layout() -> None:
    """The same promise where the shared data is absent: 40 nodes, 3 bases, all 9,880 layouts looked at."""
    numbers = np.random.default_rng(3)
    places = numbers.uniform(0, 100, (40, 2))
    times = np.round(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)))
    problem = Problem.of(np.ones(40), Travel.of_matrix(times), p=3)
    triples = np.array([(a, b, c) for a in range(40) for b in range(a) for c in range(b)])
    nearest = times[:, triples].min(axis=2)
    mean, worst = place(problem, Median()), place(problem, Center())
    assert (round(mean.value * 40, 6), mean.status) == (nearest.sum(axis=0).min(), "optimal")
    assert (worst.value, worst.status) == (nearest.max(axis=0).min(), "optimal")


def test_a_repeated_edge_overwrites_the_earlier_one(tmp_path: Path) -> None:
    """The format's trap."""
    file = tmp_path / "small.txt"
    file.write_text(" 3 3 1 \n 1 2 5 \n 2 3 4 \n 1 2 9 \n")
    times, p = pmed_times(file)
    assert p == 1
    assert times.tolist() == [[0, 9, 13], [9, 0, 4], [13, 4, 0]]
