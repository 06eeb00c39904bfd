"""Instances: the published optima of real ones, and made-up ones."""

import csv
from pathlib import Path

import numpy as np

from dispatch.coverage import Candidates, Problem, Travel, open_country
from dispatch.coverage.kernels.types import Floats


def optima(folder: Path) -> dict[str, tuple[int, int]]:
    """The published optima: of the p-median, of the p-center."""
    with (folder / "optima.csv").open() as lines:
        return {
            row["instance"]: (int(row["p_median_optimum"]), int(row["p_center_optimum"]))
            for row in csv.DictReader(lines)
        }


def open_square(points: int, sites: int, p: int, reach_m: float, seed: int = 1) -> Problem:
    """Weighted points and sites strewn over 30 by 30 km."""
    numbers = np.random.default_rng(seed)
    places, candidates = numbers.uniform(0, 30_000, (points, 2)), numbers.uniform(0, 30_000, (sites, 2))
    weights: Floats = numbers.integers(1, 100, points).astype(float)
    merged, travel = open_country(places, weights, candidates, reach_m, 180.0)
    return Problem.of(merged, travel, Candidates.of(sites), p=p)


def line_of(points_m: list[float], sites_m: list[float]) -> Travel:
    """Places on a line; a metre takes a second."""
    return Travel.of_matrix(np.abs(np.subtract.outer(np.array(points_m), np.array(sites_m))))
