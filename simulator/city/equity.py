"""How evenly a city is served: who is served worst, and how unequal response times are.

Measures of equity in location are many (M. T. Marsh and D. A. Schilling, *Equity measurement in facility location
analysis: a review and framework*, European Journal of Operational Research 74, 1994). Two are kept here: one that says
what those have who are served worst, and one for the whole, Gini's.
"""

import math

import numpy as np
from numpy.typing import NDArray

DECILE = 0.1


def worst_share(met: NDArray[np.integer], of: NDArray[np.integer], part: float = DECILE) -> float:
    """The share that is met in the worst ``part`` of all, areas taken whole from the worst on and the last in part.

    ``met`` [areas] of ``of`` [areas]. With one area it is that area's share; nan where there is nothing. Where areas
    have few incidents the worst of them are so partly by chance, and this is too low.
    """
    some = of > 0
    if not some.any():
        return math.nan
    shares, weights = met[some] / of[some], of[some].astype(np.float64)
    order = np.argsort(shares, kind="stable")
    room = part * weights.sum()
    # Of each area, in order, what still fits into the part.
    taken = np.minimum(weights[order], np.maximum(room - (np.cumsum(weights[order]) - weights[order]), 0.0))
    return float(shares[order] @ taken / room)


def gini(values: NDArray[np.floating], weights: NDArray[np.integer]) -> float:
    """Gini's coefficient: 0 where all have the same, towards 1 where few have nearly all.

    Half the mean difference between two who are drawn by ``weights`` [areas], over the mean of ``values`` [areas]
    (C. Gini, 1912; for response times Z. Drezner, T. Drezner and J. Guyse, *Equitable service by a facility: minimizing
    the Gini coefficient*, Computers & Operations Research 36, 2009). Areas without weight or value (nan) are left out;
    nan where none is left or the mean is 0.
    """
    some = (weights > 0) & ~np.isnan(values)
    order = np.argsort(values[some], kind="stable")
    value, weight = values[some][order], weights[some][order].astype(np.float64)
    total = float(value @ weight)
    if not total > 0:
        return math.nan
    # Lorenz's curve: what the lowest so many have together; twice the area between it and the diagonal.
    lorenz = np.concatenate([[0.0], np.cumsum(value * weight)]) / total
    return float(1 - (lorenz[1:] + lorenz[:-1]) @ weight / weight.sum())
