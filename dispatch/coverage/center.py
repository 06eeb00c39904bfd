"""The least worst flight time, by covering decisions over the distinct times."""

import math

import numpy as np

from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice
from dispatch.coverage.problem import InfeasibleError, Travel
from dispatch.coverage.setcover import Rows, feasible, greedy, packing
from dispatch.coverage.telling import Told


def worst_time_s(travel: Travel, demanded: Ints, y: Ints) -> float:
    """The longest flight time from the nearest open site to a demanded point; infinite where there is none."""
    return float(nearest_s(travel, y)[demanded].max(initial=0.0))


def nearest_s(travel: Travel, y: Ints) -> Floats:
    """Seconds from the nearest open site to every demand point; infinite where there is none."""
    times = np.append(np.where(y[travel.sites] > 0, travel.times_s, np.inf), np.inf)
    least = np.minimum.reduceat(times, travel.first[:-1])
    return np.where(np.diff(travel.first) > 0, least, np.inf)


def nth_nearest_s(travel: Travel, y: Ints, times: int) -> Floats:
    """Seconds from the ``times``-th nearest open site to every demand point; infinite where there are not so many."""
    open_ = y[travel.sites] > 0
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(open_)])
    rows = np.repeat(np.arange(len(travel.first) - 1), np.diff(travel.first))
    nth = open_ & (before[1:] - before[travel.first[:-1]][rows] == times)
    seconds = np.full(len(travel.first) - 1, np.inf)
    seconds[rows[nth]] = travel.times_s[nth]
    return seconds


def least_worst(
    travel: Travel, demanded: Ints, choice: Choice, told: Told, start: Ints | None = None
) -> tuple[Ints | None, float, float]:
    """The layout with the least worst time, that time, and the time that none beats. Raises ``InfeasibleError``."""
    alone = nearest_s(travel, choice.high)
    out = demanded[~np.isfinite(alone[demanded])]
    if len(out):
        raise InfeasibleError(f"demand point {out[0]} is out of all reach: no site that may open has a way to it")
    low_s = float(alone[demanded].max(initial=0.0))
    times = np.unique(travel.times_s)
    times = times[times >= low_s]
    y: Ints | None = None
    best = math.inf

    def rows_at(within_s: float) -> Rows:
        first, sites = travel.within(within_s)
        wanted = Rows(first, sites, np.zeros(len(first) - 1, np.int64))
        wanted.needs[demanded] = 1
        return wanted

    def take(found: Ints) -> None:
        nonlocal y, best
        reached_s = worst_time_s(travel, demanded, found)
        if reached_s < best:
            y, best = found, reached_s

    if start is not None:
        take(start)
    with told.until_stopped():
        # greed first, then what a packing rules out, then proofs in between
        low, high = 0, int(np.searchsorted(times, best))
        while low < high:
            middle = (low + high) // 2
            found = greedy(rows_at(float(times[middle])), choice)
            if found is not None:
                take(found)
                high = min(middle, int(np.searchsorted(times, best)))
            else:
                low = middle + 1
            told.ask("first", best, low_s)
        high = int(np.searchsorted(times, best))
        low, end = 0, high
        while low < end:
            middle = (low + end) // 2
            short = rows_at(float(times[middle])).without_needless(choice)
            if float(choice.uses @ choice.low) + packing(short, choice.uses) > choice.most * (1 + 1e-12):
                low = middle + 1
            else:
                end = middle
        while low < high:
            low_s = float(times[low])
            told.ask("proof", best, low_s)
            middle = min((low + high) // 2, high - 1)
            answer = feasible(rows_at(float(times[middle])), choice, told)
            if answer is not None:
                take(answer)
                high = min(middle, int(np.searchsorted(times, best)))
            else:
                low = middle + 1
        if y is None:
            raise InfeasibleError(
                f"{choice.most:g} do not reach every demand point, however late: give more, or let some points go"
            )
        low_s = best
    return y, best, low_s
