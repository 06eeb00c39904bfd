"""How sure a figure is: means over replications with 95 % intervals, and how many more it would take to decide.

Replications are independent runs with different chance, so whatever happens within one (calls that wait for the same
drone, hours that are alike) is in the spread between them, and Student's t holds for their mean where it does not hold
for the calls of one run (A. M. Law, *Simulation Modeling and Analysis*, 5th ed., 2015, section 9.4).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

LEVEL: Final = 0.95
MOST_REPLICATIONS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where the truth lies in 95 % of all such intervals; boundless with fewer than two replications."""

    mean: float
    low: float
    high: float
    replications: int
    """That could tell the figure; nan in the others."""

    def holds(self, value: float) -> bool:
        """Whether ``value`` is inside, its ends included."""
        return self.low <= value <= self.high


def t_interval(values: Sequence[float] | NDArray[np.floating], level: float = LEVEL) -> Interval:
    """The mean of independent ``values`` with Student's t-interval; nan among them are left out."""
    finite = [float(value) for value in values if not math.isnan(value)]
    n = len(finite)
    if not n:
        return Interval(math.nan, -math.inf, math.inf, 0)
    mean = math.fsum(finite) / n
    if n == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    half = half_width(deviation(finite), n, level)
    return Interval(mean, mean - half, mean + half, n)


def deviation(values: Sequence[float]) -> float:
    """The sample's standard deviation, of at least two."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def half_width(deviation: float, replications: int, level: float = LEVEL) -> float:
    """Of the t-interval that so many replications with that deviation have."""
    return float(stdtrit(replications - 1, (1 + level) / 2)) * deviation / math.sqrt(replications)


def needed(deviation: float, distance: float, level: float = LEVEL) -> int | None:
    """How many replications in all would have a half width below ``distance``; None beyond a million.

    An estimate: it takes deviation and distance for what the replications so far say they are (Law 2015, section 9.4).
    """
    if not half_width(deviation, MOST_REPLICATIONS, level) < distance:
        return None
    low, high = 1, MOST_REPLICATIONS  # low does not do (or is too few to tell), high does
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(deviation, middle, level) < distance else (middle, high)
    return high
