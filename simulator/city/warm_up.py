"""When a run has forgotten how it began: with every drone on its dock and nobody waiting, which flatters it.

The rule for a city is a fixed warm-up, :data:`WARM_UP_S`: a day, many times as long as any sortie, and over at the hour
at which the run began, so that hours of the day stay equally frequent. Where load is so high that a line lasts longer,
:func:`mser5` finds from a pilot run what it takes.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.city.rows import Outcomes

WARM_UP_S: Final = 86_400.0
_BATCH: Final = 5


def mser5(values: NDArray[np.floating]) -> int:
    """How many of ``values``, in order of time, are to be left out as warm-up.

    MSER-5 cuts where the mean of what is left is surest: means of five, and the cut d that makes their sum of squares
    about their mean, over (n − d)², least (K. P. White, *An effective truncation heuristic for bias reduction in
    simulation output*, Simulation 69, 1997; K. P. White, M. J. Cobb and S. C. Spratt, *A comparison of five
    steady-state truncation heuristics for simulation*, Winter Simulation Conference 2000). Raises ``ValueError`` where
    the best cut is not in the first half: then the run is too short to tell.
    """
    batches = len(values) // _BATCH
    if batches < 2:
        raise ValueError(f"{len(values)} values are too few to find a warm-up in")
    means = np.asarray(values[: batches * _BATCH], dtype=np.float64).reshape(-1, _BATCH).mean(axis=1)
    # Of what is left after each cut, from the end on; about the mean of all, so that nothing cancels.
    tail = (means - means.mean())[::-1]
    left = np.arange(1, batches + 1)
    squares = np.cumsum(tail**2) - np.cumsum(tail) ** 2 / left
    # The last few are the surest of themselves by chance alone (White, Cobb and Spratt leave out five).
    error = np.maximum(squares, 0)[::-1][: max(1, batches - _BATCH)] / left[::-1][: max(1, batches - _BATCH)] ** 2
    cut = int(np.argmin(error))
    if cut > batches // 2:
        raise ValueError(
            f"{len(values)} values are too few: the best cut is in their second half, after {cut * _BATCH}"
        )
    return cut * _BATCH


def warm_up_s(outcomes: Outcomes, start_s: float) -> float:
    """How long after ``start_s`` a pilot run is to be left alone, by MSER-5 of its times from report to on scene.

    Give it a pilot with a constant rate of calls: the rhythm of a day looks like a warm-up that never ends. Raises
    ``ValueError`` as :func:`mser5`.
    """
    came = outcomes[~np.isnan(outcomes["on_scene_s"])]
    came = came[np.argsort(came["at_s"], kind="stable")]
    cut = mser5(came["on_scene_s"])
    return max(0.0, float(came["at_s"][cut]) - start_s) if cut else 0.0
