"""The field of arrival times: for every cell of a city, which base sees it first, and after how long."""

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.flights import flown
from geo.route import Airways, Motion, Points
from geo.wind import ground_speed_mps

CELLS_AT_ONCE = 1 << 16

HEADINGS = 720
"""So many courses are asked for the highest ground speed, a bound for them all; see :func:`fastest_mps`."""


def eta_field(
    airways: Airways,
    starts_xy: Points,
    ready_s: NDArray[np.float64],
    airframe: Airframe,
    motion: Motion,
    height_m: float,
    cells_xy: Points,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Seconds until each of ``cells_xy`` [m, 2] is seen from the first of ``starts_xy`` [b, 2], and which that is.

    ``ready_s`` [b] is when a drone of each start is over it at ``height_m``, ready to fly on: its turnout. A cell is
    seen when the camera's footprint covers it (:func:`geo.flight.timed_plan`). A cell that none can reach, over closed
    ground or against the wind, has infinite seconds and base −1. Of equal times the first start's is told.
    """
    seconds, base = np.full(len(cells_xy), np.inf), np.full(len(cells_xy), -1, dtype=np.intp)
    if len(starts_xy):
        for low in range(0, len(cells_xy), CELLS_AT_ONCE):
            block = slice(low, low + CELLS_AT_ONCE)
            given = airways, starts_xy, ready_s, airframe, motion, height_m
            seconds[block], base[block] = _block(*given, cells_xy[block])
    return seconds, base


def _block(
    airways: Airways,
    starts_xy: Points,
    ready_s: NDArray[np.float64],
    airframe: Airframe,
    motion: Motion,
    height_m: float,
    cells_xy: Points,
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    seconds, base = np.full(len(cells_xy), np.inf), np.full(len(cells_xy), len(starts_xy), dtype=np.intp)
    seen_from_m = airframe.footprint_radius_m(height_m)
    away_m = np.hypot(cells_xy[:, :1] - starts_xy[:, 0], cells_xy[:, 1:] - starts_xy[:, 1])
    least_s = ready_s + np.maximum(0.0, away_m - seen_from_m) / fastest_mps(motion)
    open_ = np.arange(len(cells_xy))
    while len(open_):  # the most promising start of every cell first: few of the others can beat it
        candidate = least_s[open_].argmin(axis=1)
        promise_s = least_s[open_, candidate]
        hopeful = (promise_s <= seconds[open_]) & (promise_s < np.inf)
        open_, candidate = open_[hopeful], candidate[hopeful]
        least_s[open_, candidate] = np.inf
        for k in np.unique(candidate).tolist():
            mine = open_[candidate == k]
            total_s = seen_s(airways, starts_xy[k], ready_s[k], airframe, motion, seen_from_m, cells_xy[mine])
            sooner = (total_s < seconds[mine]) | ((total_s == seconds[mine]) & (k < base[mine]))
            sooner &= np.isfinite(total_s)
            seconds[mine[sooner]], base[mine[sooner]] = total_s[sooner], k
    base[np.isinf(seconds)] = -1
    return seconds, base


def seen_s(
    airways: Airways,
    start_xy: Points,
    ready_s: float,
    airframe: Airframe,
    motion: Motion,
    seen_from_m: float,
    places_xy: Points,
) -> NDArray[np.float64]:
    """Seconds until each of ``places_xy`` [n, 2] is seen from ``start_xy`` [2] by a drone that flies on at ``ready_s``.

    Infinite where there is no legal way.
    """
    fan = airways.fan(start_xy, places_xy, motion, towards=False)
    seen_at_s = flown(fan, motion, airframe, seen_from_m).seen_at_s
    total_s: NDArray[np.float64] = ready_s + np.where(seen_at_s > 0, airframe.start_s, 0.0) + seen_at_s
    return total_s + airframe.slew_s


def fastest_mps(motion: Motion) -> float:
    """At least the highest speed over ground of all courses."""
    angles = np.linspace(0.0, 2 * np.pi, HEADINGS, endpoint=False)
    courses = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    speeds = ground_speed_mps(courses, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
    if motion.wing is not None:
        speeds = np.maximum(speeds, ground_speed_mps(courses, motion.wind, motion.wing.airspeed_mps, np.inf))
    # The highest lies between two of the courses, half a step away at the most: a share of 1e-5.
    return max(1e-3, float(speeds.max()) * 1.001)
