"""What a clock on the wall showed, and the days that records of calls cover by it."""

from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_S, HOUR_S = 86_400.0, 3_600.0
QUARTER_S = 900.0
"""Clocks are ahead of UTC by a whole number of these, and are changed at one of them."""

HOURS_OF_WEEK = 168


def ahead_s(quarters: NDArray[np.int64], zone: tzinfo) -> Floats:
    """How far the clock was ahead of UTC in each quarter of an hour, counted since 1970 (UTC)."""
    walls = (datetime.fromtimestamp(quarter * QUARTER_S, zone) for quarter in quarters.tolist())
    return np.array([wall.replace(tzinfo=UTC).timestamp() for wall in walls], np.float64) - quarters * QUARTER_S


def local_s(at_s: Floats, zone: tzinfo) -> Floats:
    """What the clock showed at instants in seconds since 1970 (UTC), in seconds since its own 1970 began."""
    quarters, which = np.unique(np.floor(at_s / QUARTER_S).astype(np.int64), return_inverse=True)
    return at_s + ahead_s(quarters, zone)[which]


def hours_of_week(shown_s: Floats) -> NDArray[np.int64]:
    """The hour of the week, 0 to 167 from Monday 00:00 on, of what the clock showed."""
    return (np.floor(shown_s / HOUR_S).astype(np.int64) + 72) % HOURS_OF_WEEK  # 1970 began on a Thursday


def days_covered(shown_s: Floats) -> NDArray[np.int64]:
    """The days, counted since the clock's 1970, that records of calls at ``shown_s`` cover, in order.

    Days without any call are among them, unless a run of them is a hole in the records: where chance would make it
    less often than once in 10⁸ (e⁻²⁰).
    """
    days, counts = np.unique(np.floor(shown_s / DAY_S).astype(np.int64), return_counts=True)
    empty = np.diff(days) - 1
    runs = [np.arange(day + 1, day + 1 + n) for day, n in zip(days, empty, strict=False) if 0 < n * counts.mean() <= 20]
    return np.sort(np.concatenate([days, *runs]))
