"""The field of arrival times: for every cell of a city, which base sees it first, and after how long."""

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.flight import timed_plan
from geo.route import Airways, Motion, Points, legs_of
from geo.wind import ground_speed_mps

HEADINGS = 720
"""So many courses are asked for the highest ground speed, a bound for them all; see :func:`_fastest_mps`."""


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
    if not len(starts_xy) or not len(cells_xy):
        return seconds, base
    away_m = np.hypot(*np.moveaxis(cells_xy[:, None, :] - starts_xy[None, :, :], 2, 0))
    seen_from_m = airframe.footprint_radius_m(height_m)
    least_s = ready_s + np.maximum(0.0, away_m - seen_from_m) / _fastest_mps(motion)
    nearest_first = np.argsort(least_s, axis=1, kind="stable")
    for rank in range(len(starts_xy)):  # the most promising start of every cell first: few of the others can beat it
        candidate = nearest_first[:, rank]
        hopeful = least_s[np.arange(len(cells_xy)), candidate] <= seconds
        for k in np.unique(candidate[hopeful]).tolist():
            mine = np.flatnonzero(hopeful & (candidate == k))
            for cell, way in zip(mine.tolist(), airways.ways_from(starts_xy[k], cells_xy[mine], motion), strict=True):
                if way is None:
                    continue
                legs = legs_of(way, airways.frame, motion)
                plan = timed_plan(legs, airframe, height_m=height_m, climb_from_m=None)
                total_s = float(ready_s[k]) + plan.time.total_s
                if (total_s, k) < (seconds[cell], base[cell]):
                    seconds[cell], base[cell] = total_s, k
    return seconds, base


def _fastest_mps(motion: Motion) -> float:
    """At least the highest speed over ground of all courses."""
    angles = np.linspace(0.0, 2 * np.pi, HEADINGS, endpoint=False)
    courses = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    speeds = ground_speed_mps(courses, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
    # The highest lies between two of the courses, half a step away at the most: a share of 1e-5.
    return max(1e-3, float(speeds.max()) * 1.001)
