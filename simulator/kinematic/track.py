"""A way as it is flown: where a vehicle is at which instant, timed by geo's own profile."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.flight import course_of_time_s
from geo.frame import LocalFrame
from geo.route import Points, Way, legs_of, motion_of
from geo.wind import Wind

Array = NDArray[np.float64]

STEP_M, NEAR_M = 10.0, 40.0
"""The course of time is taken every so many metres; near the ends, where the speed changes, closer."""

ENDS_M = NEAR_M * np.linspace(0.0, 1.0, 13) ** 2
"""So near the ends: distance grows with the square of time there."""

SPEED_OVER_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A polyline [n ≥ 2, 2] in metres, and the instants at which so many metres of it are gone.

    ``gone_m`` and ``at_s`` [k] both grow; ``corners_m`` [n] is how far along each point lies. A way on which the wind
    leaves no headway ends where it begins.
    """

    points: Points
    corners_m: Array
    gone_m: Array
    at_s: Array

    @property
    def begins_at_s(self) -> float:
        """When it is begun."""
        return float(self.at_s[0])

    @property
    def ends_at_s(self) -> float:
        """When the vehicle is at rest over the last point."""
        return float(self.at_s[-1])

    def gone(self, at_s: float) -> float:
        """How many metres are behind it at an instant."""
        return float(np.interp(at_s, self.at_s, self.gone_m))

    def place(self, at_s: float) -> Array:
        """Where it is at an instant. Shape [2]."""
        gone_m = self.gone(at_s)
        return np.array([np.interp(gone_m, self.corners_m, self.points[:, k]) for k in (0, 1)])

    def speed_mps(self, at_s: float) -> float:
        """How fast it is at an instant; 0 before and after."""
        if not self.begins_at_s <= at_s < self.ends_at_s:
            return 0.0
        first_s, last_s = max(self.begins_at_s, at_s - SPEED_OVER_S), min(self.ends_at_s, at_s + SPEED_OVER_S)
        return (self.gone(last_s) - self.gone(first_s)) / (last_s - first_s)

    def leg(self, at_s: float) -> int:
        """The number of the leg that it is on."""
        begun = int(np.searchsorted(self.corners_m, self.gone(at_s), side="right"))
        return min(begun - 1, len(self.points) - 2)

    def course_deg(self, at_s: float) -> float:
        """Where it moves at an instant, clockwise from north."""
        k = self.leg(at_s)
        east_m, north_m = self.points[k + 1] - self.points[k]
        return float(np.degrees(np.arctan2(east_m, north_m)) % 360.0)

    def left(self, at_s: float) -> Points:
        """The points that are still ahead. Shape [m ≥ 1, 2]."""
        return self.points[self.leg(at_s) + 1 :]


def track_of(
    frame: LocalFrame,
    points: Points,
    airframe: Airframe,
    wind: Wind,
    begins_at_s: float,
    start_mps: float = 0.0,
    wings: Sequence[bool] = (),
) -> Track | None:
    """The track along ``points`` [n, 2], begun at ``start_mps`` along the first leg; None of a way without length.

    ``wings`` [n - 1] says which legs a VTOL flies on its wing; none if it is empty.
    """
    moves = np.append(True, np.hypot(*np.diff(points, axis=0).T) > 0.0)
    points, motion = points[moves], motion_of(airframe, wind)
    legs = legs_of(Way(points, 0.0), frame, motion) if len(points) > 1 else ()
    if not legs:
        return None
    if any(wings):
        speeds_mps = motion.wings_mps(np.diff(points, axis=0)) * np.array(wings)[moves[1:]]
        legs = tuple(replace(leg, wing_mps=float(mps)) for leg, mps in zip(legs, speeds_mps, strict=True))
    corners_m = np.append(0.0, np.cumsum([leg.length_m for leg in legs]))
    whole_m = float(corners_m[-1])
    gone_m = np.unique(np.concatenate([np.arange(0.0, whole_m, STEP_M), ENDS_M, whole_m - ENDS_M, corners_m]))
    gone_m = gone_m[(gone_m >= 0.0) & (gone_m <= whole_m)]
    passed_s = course_of_time_s(legs, airframe, gone_m, start_mps)
    if not np.isfinite(passed_s).all():
        return Track(points, corners_m, np.zeros(2), np.array([begins_at_s, begins_at_s]))
    passed_s[0] = 0.0
    return Track(points, corners_m, gone_m, begins_at_s + np.maximum.accumulate(passed_s))
