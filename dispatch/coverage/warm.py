"""Every compiled loop compiled, or read from disk: ``python -m dispatch.coverage.warm``, as ``make build`` does.

Compiling takes some twenty seconds, once; what is kept on disk is renewed when a kernel's file changes.
"""

from functools import cache

import numpy as np

from dispatch.coverage.country import open_country
from dispatch.coverage.hours import by_hour
from dispatch.coverage.interrupt import listening
from dispatch.coverage.models import Center, Cover, Expected, MaxCover, Median, Model, Percentile, WorstFirst
from dispatch.coverage.place import place
from dispatch.coverage.problem import Problem, Travel


@cache
def warm() -> None:
    """Small problems of every kind that has a loop of its own; once in a process. Ctrl-C is raised when they end."""
    with listening() as interrupt:
        _each_loop()
    if interrupt.heard:
        raise KeyboardInterrupt


def _each_loop() -> None:
    numbers = np.random.default_rng(1)
    points, sites = numbers.uniform(0, 9_000, (300, 2)), numbers.uniform(0, 9_000, (30, 2))
    weights = numbers.integers(1, 9, 300).astype(float)
    merged, travel = open_country(points, weights, sites, 2_500.0, 60.0)
    place(Problem.of(merged, travel, p=5), MaxCover(within_s=60.0))
    metres = np.hypot(*(points[:, None] - sites[None]).transpose(2, 0, 1))
    districts = ["east" if x > 4_500 else "west" for x in points[:, 0]]
    problem = Problem.of(weights, Travel.of_matrix(metres / 50), p=4, districts=districts)
    near = MaxCover(within_s=60.0)
    models: tuple[Model, ...] = (
        near, Expected(within_s=60.0, busy=0.2), Median(), Center(), Percentile(),
        WorstFirst(of=near, over="districts"),
    )  # fmt: skip
    for model in models:
        place(problem, model)
    place(Problem.of(weights, Travel.of_matrix(metres / 50)), Cover(within_s=120.0))
    by_hour(problem, near, 1)


if __name__ == "__main__":
    warm()
