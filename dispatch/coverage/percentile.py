"""The least time within which a share of the demand is reached, by covering decisions over the distinct times."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from dispatch.coverage.answer import Progress
from dispatch.coverage.branch import Enough, maximise, told_to_stop
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels
from dispatch.coverage.problem import InfeasibleError
from dispatch.coverage.telling import Told


def reached_within_s(nearest_s: Floats, weights: Floats, goal: float) -> float:
    """The least time within which so much weight is reached."""
    order = np.argsort(nearest_s, kind="stable")
    at = int(np.searchsorted(np.cumsum(weights[order]), goal))
    return float(nearest_s[order[at]]) if at < len(order) else math.inf


def _in_seconds(told: Told, best_s: float, least_s: float, stage: str, _value: float, _bound: float) -> Progress:
    """The progress of a covering decision, told as the times between which the answer lies."""
    return told.progress(stage, best_s, least_s)


def least_time(
    times_s: Floats,
    covered_at: Callable[[float], Levels],
    reached_s: Callable[[Ints], float],
    goal: float,
    choice: Choice,
    told: Told,
) -> tuple[Ints | None, float, float, int]:
    """The layout that reaches demand of ``goal`` soonest, when, the time below which none does, and nodes.

    ``times_s`` are the distinct times, ``covered_at`` the levels of covering within one of them, ``reached_s`` when a
    layout reaches the goal. Raises ``InfeasibleError``.
    """
    y: Ints | None = None
    best, nodes = math.inf, 0
    low, high = 0, len(times_s)
    try:
        while low < high:
            # the first question is the easiest one, whether it can be done at all
            middle = (low + high) // 2 if y is not None else high - 1
            low_s = float(times_s[low])
            tell = partial(_in_seconds, told, best, low_s)
            found = maximise(covered_at(float(times_s[middle])), choice, told.stop, tell, goal=goal, start=y)
            nodes += found.nodes
            if found.value >= goal:
                y, best = found.y, reached_s(found.y)
                high = min(middle, int(np.searchsorted(times_s, best)))
            elif found.bound < goal:
                low = middle + 1
            else:
                raise Enough
        if y is None:
            raise InfeasibleError("so much demand is out of reach with these means, however late")
        return y, best, best, nodes
    except (Enough, KeyboardInterrupt, SystemError) as end:
        if not told_to_stop(end):
            raise
        return y, best, float(times_s[low]) if low < len(times_s) else best, nodes
