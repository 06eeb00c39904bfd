"""Uniform wind, and what it leaves of a drone's speed over ground."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Wind:
    """Uniform wind. ``from_deg`` is where it blows *from*, clockwise from north (the meteorologist's way)."""

    speed_mps: float = 0.0
    from_deg: float = 0.0
    gust_mps: float = 0.0
    """The wind's speed in gusts, from the same direction; what is below ``speed_mps`` means none."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.speed_mps) and self.speed_mps >= 0):
            raise ValueError(f"wind speed {self.speed_mps} m/s must be a finite number ≥ 0")
        if not math.isfinite(self.from_deg):
            raise ValueError(f"wind direction {self.from_deg}° must be finite")
        if not (math.isfinite(self.gust_mps) and self.gust_mps >= 0):
            raise ValueError(f"gusts of {self.gust_mps} m/s must be a finite number ≥ 0")

    @property
    def east_mps(self) -> float:
        """Eastward speed of the air."""
        return -self.speed_mps * math.sin(math.radians(self.from_deg))

    @property
    def north_mps(self) -> float:
        """Northward speed of the air."""
        return -self.speed_mps * math.cos(math.radians(self.from_deg))

    @property
    def in_gusts(self) -> "Wind":
        """The steady wind that blows as strongly as the gusts do; itself where there are none."""
        return Wind(self.gust_mps, self.from_deg) if self.gust_mps > self.speed_mps else self


CALM = Wind()

NO_HEADWAY_MPS = 1e-6
"""Slower than this over ground is no headway: what rounding leaves of a headwind as fast as the aircraft."""


def ground_speed_mps(
    courses: ArrayLike, wind: Wind, airspeed_mps: float, speed_limit_mps: float = math.inf
) -> NDArray[np.float64]:
    """Highest speed over ground along each course, 0 where the wind, in gusts too, is too strong to hold it.

    ``courses`` has shape [..., 2]: unit vectors (east, north). The wind triangle gives the speed at full
    ``airspeed_mps``: ``w∥ + sqrt(a² − w⊥²)``; an autopilot that holds a commanded speed *over ground* (PX4
    multirotors, docks with a speed limit) flies no faster than ``speed_limit_mps`` even with the wind behind it; a wind
    that would carry it along faster than that leaves it no speed to hold.

    The set of displacements possible in one second is the disc |d − w| ≤ a cut by the disc |d| ≤ limit: convex, so
    flight time obeys the triangle inequality and a fastest way round polygons is a polyline through corners.
    """
    course = np.asarray(courses, dtype=np.float64)
    along = course[..., 0] * wind.east_mps + course[..., 1] * wind.north_mps
    across = course[..., 0] * wind.north_mps - course[..., 1] * wind.east_mps
    spare = airspeed_mps**2 - across**2
    through_air = np.sqrt(np.maximum(spare, 0.0))
    triangle = along + through_air
    feasible = (spare >= 0.0) & (triangle > NO_HEADWAY_MPS) & (along - through_air <= speed_limit_mps)
    speed: NDArray[np.float64] = np.where(feasible, np.minimum(triangle, speed_limit_mps), 0.0)
    if wind.gust_mps > wind.speed_mps:
        speed = np.where(ground_speed_mps(course, wind.in_gusts, airspeed_mps, speed_limit_mps) > 0, speed, 0.0)
    return speed


def wind_along(wind: Wind, course_deg: float, airspeed_mps: float, ground_mps: float) -> Wind:
    """The wind in which an aircraft at full ``airspeed_mps`` makes ``ground_mps`` along its course: what blows across
    the course is that of ``wind``, what blows along it follows from the wind triangle."""
    east, north = math.sin(math.radians(course_deg)), math.cos(math.radians(course_deg))
    across = east * wind.north_mps - north * wind.east_mps
    along = ground_mps - math.sqrt(max(0.0, airspeed_mps**2 - across**2))
    east_mps, north_mps = along * east - across * north, along * north + across * east
    from_deg = math.degrees(math.atan2(-east_mps, -north_mps)) % 360.0
    return Wind(math.hypot(east_mps, north_mps), from_deg, wind.gust_mps)
