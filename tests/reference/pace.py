"""How long a displacement takes in uniform wind, from the air's point of view.

In t seconds the craft makes d over ground, so d − t·w through the air, and the air allows at most t·a. The least such
t solves t²(a² − w²) + 2t(d·w) − d² = 0; a cap on the speed over ground allows no less than d / cap. With w < a every
longer time will do too, so the least time is the greater of both. It is a convex gauge of d: its unit ball is the disc
of radius a about w, cut by the disc of the cap.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from tests.reference.city import City


class Pace(NamedTuple):
    """Where the air goes (m/s), how fast the craft is in it, and the cap over ground."""

    east: float
    north: float
    air: float
    cap: float


def pace_of(city: City) -> Pace:
    """The pace of a city's craft in its wind."""
    towards = math.radians(city.wind_from_deg + 180.0)
    drift = city.wind_mps
    return Pace(drift * math.sin(towards), drift * math.cos(towards), city.airspeed_mps, city.speed_limit_mps)


@numba.njit(cache=True)
def leg_s(dx: float, dy: float, pace: Pace) -> float:
    """Seconds for one displacement."""
    square = dx * dx + dy * dy
    with_wind = dx * pace.east + dy * pace.north
    spare = pace.air**2 - pace.east**2 - pace.north**2
    root = math.sqrt(with_wind * with_wind + spare * square)
    # the same root in the form that does not cancel when the wind helps
    through_air = square / (with_wind + root) if with_wind > 0 else (root - with_wind) / spare
    return max(through_air, math.sqrt(square) / pace.cap)


def way_s(points: NDArray[np.float64], pace: Pace) -> float:
    """Seconds along a polyline [n, 2]."""
    return sum(leg_s(float(dx), float(dy), pace) for dx, dy in np.diff(points, axis=0))
