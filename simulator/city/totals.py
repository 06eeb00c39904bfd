"""What a run counts while it runs: integrals over time, seconds of drones, events. A year's are as small as an hour's.

All is of the measured time alone, between the end of the warm-up and the end of the run: who was in the system before
is in it from the first measured second on, and who is still in it at the end until the last.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Count(IntEnum):
    """What is counted, as a place in :attr:`Totals.counts`: a compiled loop writes ``counts[Count.LAUNCHES] += 1``."""

    DECISIONS = 0  # how often it was asked who goes: reports, reliefs, incidents that were robbed or had waited
    LAUNCHES = 1  # a drone left a dock
    REFUSED_LAUNCHES = 2  # a drone was sent and did not leave its dock
    FAILURES = 3  # a drone was lost in the air
    DIVERTED = 4  # a drone in the air was given an incident
    PREEMPTED = 5  # of these, it was taken from a less urgent one
    RELIEFS = 6  # one drone took over from another
    MOVED_UP = 7  # an idle drone was sent to another base


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Totals:
    """The sums of one run. Raises ``ValueError`` for arrays of a wrong shape or seconds that cannot be.

    ``in_system_s`` and ``sojourn_s`` are the two sides of Little's law and are to be summed in two ways that know
    nothing of each other, for :func:`little` to compare.
    """

    measured_s: float
    """How long was measured."""
    in_system_s: float
    """∫ N(t) dt, N being the incidents that are reported and neither cleared nor lost: summed from event to event."""
    sojourn_s: float
    """The same time by incidents: of each its measured seconds from report until it was cleared or lost."""
    waiting_s: float
    """∫ of the number of incidents to which no drone is on its way and over which there is none."""
    covered_s: NDArray[np.float64]
    """[3] ∫ of the share of demand within the promise of at least 0, 1, 2 idle drones; nan where it is not followed."""
    busy_s: NDArray[np.float64]
    """[drones] given to an incident: from the decision that sends it until it leaves that."""
    away_s: NDArray[np.float64]
    """[drones] not on its dock."""
    counts: NDArray[np.int64]
    """[len(Count)] by :class:`Count`."""

    def __post_init__(self) -> None:
        for name, shape in (("covered_s", (3,)), ("counts", (len(Count),)), ("away_s", self.busy_s.shape)):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has the shape {getattr(self, name).shape}, not {shape}")
        if not self.measured_s > 0:
            raise ValueError(f"measured_s is {self.measured_s}: nothing was measured")
        for name in ("busy_s", "away_s"):
            seconds = getattr(self, name)
            if len(seconds) and not (seconds.min() >= 0 and seconds.max() <= self.measured_s * (1 + 1e-9) + 1e-6):
                raise ValueError(f"{name} is not all between 0 and the {self.measured_s} s measured")


class LittleError(ArithmeticError):
    """A run in which Little's law does not hold: something was lost, or counted twice."""


def little(totals: Totals) -> float:
    """By how much the two sides of Little's law differ, as a share of them: rounding, some 1e-9.

    L = λW (J. D. C. Little, Operations Research 9, 1961) with L = ``in_system_s / measured_s`` and λW =
    ``sojourn_s / measured_s``. What overlaps an end of the measured time is counted on both sides with its measured
    part, so the law is no limit here but an identity. Raises :class:`LittleError` beyond a millionth (and 1 ms).
    """
    larger_s = max(totals.in_system_s, totals.sojourn_s)
    off_s = abs(totals.in_system_s - totals.sojourn_s)
    if not (math.isfinite(off_s) and off_s <= 1e-6 * larger_s + 1e-3):
        raise LittleError(
            f"Little's law does not hold: ∫N(t)dt is {totals.in_system_s:.6f} s, the incidents' stays sum to "
            f"{totals.sojourn_s:.6f} s"
        )
    return off_s / larger_s if larger_s > 0 else 0.0
