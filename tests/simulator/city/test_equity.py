"""Who is served worst, and how unequally, by hand and by brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.city.equity import gini, worst_share


def test_the_worst_tenth_is_taken_from_the_worst_area_on() -> None:
    met, of = np.array([90, 10, 40, 0]), np.array([100, 50, 50, 0])
    assert worst_share(met, of) == pytest.approx(10 / 50)  # 20 of 200, all in the second
    assert worst_share(met, of, part=0.4) == pytest.approx((10 + 30 * 0.8) / 80)  # all 50 of it and 30 of the third
    assert worst_share(met, of, part=1.0) == pytest.approx(140 / 200)
    assert math.isnan(worst_share(np.zeros(2, dtype=int), np.zeros(2, dtype=int)))


@given(
    areas=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12),
    part=st.floats(0.01, 1),
)
def test_the_worst_part_is_never_better_than_the_whole(areas: list[tuple[int, int]], part: float) -> None:
    met = np.array([min(pair) for pair in areas])
    of = np.array([max(pair) for pair in areas])
    if of.sum():
        assert worst_share(met, of, part) <= met.sum() / of.sum() + 1e-12


@given(st.lists(st.tuples(st.floats(0.1, 1000), st.integers(0, 9)), min_size=1, max_size=10))
def test_gini_is_half_the_mean_difference_over_the_mean(areas: list[tuple[float, int]]) -> None:
    everyone = [value for value, weight in areas for _ in range(weight)]
    values, weights = np.array([value for value, _ in areas]), np.array([weight for _, weight in areas])
    if not everyone:
        assert math.isnan(gini(values, weights))
        return
    differences = [abs(a - b) for a in everyone for b in everyone]
    assert gini(values, weights) == pytest.approx(np.mean(differences) / 2 / np.mean(everyone), abs=1e-9)


def test_gini_leaves_out_what_nobody_knows() -> None:
    assert gini(np.array([100.0, np.nan, 100.0]), np.array([1, 5, 2])) == pytest.approx(0.0)
