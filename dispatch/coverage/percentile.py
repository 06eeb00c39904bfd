"""The least time within which a share of the demand is reached, by covering decisions over the distinct times."""

import math
from collections.abc import Callable

import numpy as np

from dispatch.coverage.branch import Warm, maximise
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels
from dispatch.coverage.problem import InfeasibleError
from dispatch.coverage.telling import Enough, Told


def reached_within_s(nearest_s: Floats, weights: Floats, goal: float) -> float:
    """The least time within which so much weight is reached."""
    order = np.argsort(nearest_s, kind="stable")
    at = int(np.searchsorted(np.cumsum(weights[order]), goal))
    return float(nearest_s[order[at]]) if at < len(order) else math.inf


def least_time(
    times_s: Floats,
    covered_at: Callable[[float], Levels],
    reached_s: Callable[[Ints], float],
    goal: float,
    choice: Choice,
    told: Told,
    start: Ints | None = None,
) -> tuple[Ints | None, float, float, int]:
    """The layout that reaches demand of ``goal`` soonest, when, the time below which none does, and nodes.

    ``times_s`` are the distinct times, ``covered_at`` the levels of covering within one of them, ``reached_s`` when a
    layout reaches the goal. Raises ``InfeasibleError``.
    """
    y, best = (None, math.inf) if start is None else (start, reached_s(start))
    low, high = 0, int(np.searchsorted(times_s, best))
    nodes = 0

    def bounds(_value: float, _bound: float) -> tuple[float, float]:  # of a covering decision only these are told
        return best, float(times_s[low])

    told.shown = bounds
    with told.until_stopped():
        while low < high:
            # the first question is the easiest one, whether it can be done at all
            middle = (low + high) // 2 if math.isfinite(best) else high - 1
            warm = None if y is None else Warm(y)
            found = maximise(covered_at(float(times_s[middle])), choice, told, goal=goal, warm=warm)
            nodes += found.nodes
            if found.value >= goal:
                y, best = found.y, reached_s(found.y)
                high = min(middle, int(np.searchsorted(times_s, best)))
            elif found.bound < goal:
                low = middle + 1
            else:
                raise Enough
        if not math.isfinite(best):
            raise InfeasibleError("so much demand is out of reach with these means, however late")
        return y, best, best, nodes
    return y, best, float(times_s[low]) if low < len(times_s) else best, nodes
